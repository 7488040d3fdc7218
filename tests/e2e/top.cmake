# SPDX-License-Identifier: Apache-2.0
# The dashboard in a terminal, as a person drives it.
vgpu_add_program(top_target top_target.c LIBS ${CMAKE_DL_LIBS})
if(VGPU_HAVE_CHECK)
	vgpu_add_program(top_trace top_trace.c ${CMAKE_SOURCE_DIR}/tests/unit/top_feed.c
		${CMAKE_SOURCE_DIR}/tests/unit/make_event.c LIBS vgpu_tui PkgConfig::CHECK)
	foreach(test once screens live terminal ollama kernel start time)
		vgpu_add_script(top_${test} top_${test}.sh)
	endforeach()
	# Alone: probes that other tests have in the dynamic linker stop any program under valgrind.
	vgpu_add_script(top_valgrind top_valgrind.sh SERIAL)
endif()
