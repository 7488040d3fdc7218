# SPDX-License-Identifier: Apache-2.0
# The link observer: exact texts, no harm to any program, no loss.
if(TARGET vgpu-audit)
	vgpu_add_program(audit_dump audit_dump.c)
	vgpu_add_program(audit_failures audit_failures.c LIBS ${CMAKE_DL_LIBS})
	vgpu_add_program(audit_probe audit_probe.c LIBS ${CMAKE_DL_LIBS})
	add_dependencies(audit_dump vgpu-audit)
	vgpu_add_script(audit_failures audit_failures.sh)
	vgpu_add_script(link link.sh)
	# Alone: probes that other tests have in the dynamic linker stop any program under valgrind.
	vgpu_add_script(link_valgrind link_valgrind.sh SERIAL)
	vgpu_add_script(shim_tls shim_tls.sh)
	vgpu_add_script(audit_harmless audit_harmless.sh)
	vgpu_add_script(audit_tls audit_tls.sh TIMEOUT 900)
	vgpu_add_script(audit_room audit_room.sh)
	vgpu_add_script(audit_programs audit_programs.sh LABELS slow TIMEOUT 3600)
endif()
