# SPDX-License-Identifier: Apache-2.0
# The ring: its reader on arenas built by hand, its writer with the reader.
foreach(check ring_reader ring_damage)
	vgpu_add_unit(check_${check} check_${check}.c built_ring.c arena_builder.c LIBS vgpu_ring_reader)
endforeach()
foreach(check ring_light ring_time ring_places)
	vgpu_add_unit(check_${check} check_${check}.c arena_builder.c LIBS vgpu_ring_reader)
endforeach()

# The writer and the whole entry layer, in one program with a library of three functions: so it runs under the sanitizers.
set(checks ring_writer ring_beside ring_storm ring_processes ring_signals)
if(NOT VGPU_SANITIZE) # whose own instructions are none of the call path's
	list(APPEND checks ring_instants)
endif()
foreach(check ${checks})
	vgpu_add_unit(check_${check} check_${check}.c ring_check.c tiny_library.c tiny_target.c
		$<TARGET_OBJECTS:vgpu_entry_obj>
		LIBS vgpu_ring_reader ${CMAKE_DL_LIBS} TIMEOUT 600)
endforeach()
