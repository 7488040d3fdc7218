# SPDX-License-Identifier: Apache-2.0
# The reader on hostile arenas: always with sanitizers, whatever the build; with clang also for libFuzzer.
add_executable(fuzz_ring ${CMAKE_CURRENT_LIST_DIR}/fuzz_ring.c ${CMAKE_SOURCE_DIR}/tests/unit/arena_builder.c)
foreach(part reader reader_light reader_order reader_places reader_segment reader_thread reader_time)
	target_sources(fuzz_ring PRIVATE ${CMAKE_SOURCE_DIR}/shim/ring/${part}.c)
endforeach()
if(NOT VGPU_SANITIZE)
	target_compile_options(fuzz_ring PRIVATE -fsanitize=address,undefined -fno-omit-frame-pointer)
	target_link_options(fuzz_ring PRIVATE -fsanitize=address,undefined)
endif()
set_target_properties(fuzz_ring PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/fuzz)
foreach(seed 1 2)
	add_test(NAME fuzz_ring_${seed} COMMAND ${vgpu_test_launcher} $<TARGET_FILE:fuzz_ring> ${seed} 3000)
	vgpu_test_properties(fuzz_ring_${seed} 300 "fuzz;asan")
endforeach()

# Not a test: build/tests/fuzz/fuzz_ring_libfuzzer CORPUS-DIRECTORY runs until it is stopped.
if(CMAKE_C_COMPILER_ID MATCHES Clang)
	get_target_property(sources fuzz_ring SOURCES)
	add_executable(fuzz_ring_libfuzzer EXCLUDE_FROM_ALL ${sources})
	target_compile_definitions(fuzz_ring_libfuzzer PRIVATE VGPU_LIBFUZZER)
	target_compile_options(fuzz_ring_libfuzzer PRIVATE -fsanitize=fuzzer,address,undefined)
	target_link_options(fuzz_ring_libfuzzer PRIVATE -fsanitize=fuzzer,address,undefined)
	set_target_properties(fuzz_ring_libfuzzer PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/fuzz)
endif()
