# SPDX-License-Identifier: Apache-2.0
# What reads traces: the lines of the observers, names of addresses.
vgpu_add_unit(check_notes check_notes.c make_event.c LIBS vgpu_tracer)
if(VGPU_HAVE_DW)
	vgpu_add_unit(check_symbols check_symbols.c LIBS vgpu_tracer OPTIONS -g)
endif()
