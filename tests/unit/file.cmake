# SPDX-License-Identifier: Apache-2.0
# What reads traces: the lines of the observers.
foreach(check notes)
	vgpu_add_unit(check_${check} check_${check}.c make_event.c LIBS vgpu_tracer)
endforeach()
