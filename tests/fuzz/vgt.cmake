# SPDX-License-Identifier: Apache-2.0
# Trace files, broken by accident and on purpose: always with sanitizers; with clang also for libFuzzer.
file(GLOB parts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tracer/file/*.c ${CMAKE_SOURCE_DIR}/tracer/model/*.c)
# The printer comes from the library, all that it calls to read values from here.
add_executable(fuzz_vgt ${CMAKE_CURRENT_LIST_DIR}/fuzz_vgt.c ${parts} ${CMAKE_SOURCE_DIR}/shim/api/schema.c)
target_link_libraries(fuzz_vgt PRIVATE vgpu_tracer PkgConfig::ZSTD Threads::Threads)
if(NOT VGPU_SANITIZE)
	target_compile_options(fuzz_vgt PRIVATE -fsanitize=address,undefined -fno-omit-frame-pointer)
	target_link_options(fuzz_vgt PRIVATE -fsanitize=address,undefined)
endif()
set_target_properties(fuzz_vgt PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/fuzz)
foreach(seed 1 2)
	add_test(NAME fuzz_vgt_${seed} COMMAND ${vgpu_test_launcher} $<TARGET_FILE:fuzz_vgt> ${seed} 2500)
	vgpu_test_properties(fuzz_vgt_${seed} 300 "fuzz;asan")
endforeach()

# Not a test: build/tests/fuzz/fuzz_vgt_libfuzzer CORPUS-DIRECTORY runs until it is stopped.
if(CMAKE_C_COMPILER_ID MATCHES Clang)
	get_target_property(sources fuzz_vgt SOURCES)
	add_executable(fuzz_vgt_libfuzzer EXCLUDE_FROM_ALL ${sources})
	target_link_libraries(fuzz_vgt_libfuzzer PRIVATE vgpu_tracer PkgConfig::ZSTD Threads::Threads)
	target_compile_definitions(fuzz_vgt_libfuzzer PRIVATE VGPU_LIBFUZZER)
	target_compile_options(fuzz_vgt_libfuzzer PRIVATE -fsanitize=fuzzer,address,undefined)
	target_link_options(fuzz_vgt_libfuzzer PRIVATE -fsanitize=fuzzer,address,undefined)
	set_target_properties(fuzz_vgt_libfuzzer PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/fuzz)
endif()
