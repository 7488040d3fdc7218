# SPDX-License-Identifier: Apache-2.0
# The ring: its reader on arenas built by hand, its writer with the reader.
foreach(check ring_reader ring_light ring_time ring_places)
	vgpu_add_unit(check_${check} check_${check}.c arena_builder.c LIBS vgpu_ring_reader)
endforeach()

# The writer and the whole entry layer, in one program with a library of three functions: so it runs under the sanitizers.
foreach(check ring_writer ring_storm)
	vgpu_add_unit(check_${check} check_${check}.c tiny_library.c tiny_target.c
		$<TARGET_OBJECTS:vgpu_entry_obj>
		LIBS vgpu_ring_reader ${CMAKE_DL_LIBS} TIMEOUT 600)
endforeach()
