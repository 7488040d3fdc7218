# SPDX-License-Identifier: Apache-2.0
# Counting and exporting traces.
vgpu_add_script(stat stat.sh)
vgpu_add_program(export_app export_app.c LIBS ${CMAKE_DL_LIBS})
if(VGPU_HAVE_CHECK)
	vgpu_add_program(export_events export_events.c ../unit/make_event.c LIBS vgpu_tracer PkgConfig::CHECK)
	foreach(format jsonl csv sqlite ctf)
		vgpu_add_script(export_fields_${format} export_fields.sh ARGS ${format} LABELS asan)
	endforeach()
	vgpu_add_script(export_nested export_nested.sh LABELS asan)
endif()
vgpu_add_script(export export.sh)
vgpu_add_script(redact redact.sh)
