# SPDX-License-Identifier: Apache-2.0
# What reads traces: the lines of the observers, names of addresses.
foreach(check notes diff limit left_out)
	vgpu_add_unit(check_${check} check_${check}.c make_event.c LIBS vgpu_tracer)
endforeach()
if(VGPU_HAVE_DW)
	vgpu_add_unit(check_symbols check_symbols.c LIBS vgpu_tracer OPTIONS -g)
	vgpu_add_unit(check_absent check_absent.c LIBS vgpu_tracer OPTIONS -g)
endif()
