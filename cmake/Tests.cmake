# SPDX-License-Identifier: Apache-2.0
# How tests are registered: unit tests, scripts, and the small programs that scripts run.
#
# Relative sources and scripts are found beside the file that calls. Programs are built into
# ${CMAKE_BINARY_DIR}/tests/<the folder of that file>/.
#
# Labels choose what runs where (tests/run.sh, CMakePresets.json):
#   unit  in every build: gcc, clang, asan, tsan
#   asan  tsan  scripts that also run in that sanitizer's build
#   slow  minutes; left out by `tests/run.sh --quick`

set(vgpu_test_environment
	VGPU_BUILD_DIR=${CMAKE_BINARY_DIR}
	VGPU_SOURCE_DIR=${CMAKE_SOURCE_DIR}
	VGPU_SANITIZE=${VGPU_SANITIZE}
	CC=${CMAKE_C_COMPILER}
	LC_ALL=C.UTF-8
	VGPU_TRACE_KERNEL=off
	ASAN_OPTIONS=detect_stack_use_after_return=1:abort_on_error=1:handle_segv=1
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
	TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1)

# What a developer's shell may have set, and would change results.
set(vgpu_test_unset VGPU_TRACE_DIR=unset: VGPU_TRACE_SESSION=unset: VGPU_BACKEND=unset: VGPU_DEVICE=unset:
	CUDA_VISIBLE_DEVICES=unset: LD_PRELOAD=unset: LD_LIBRARY_PATH=unset:)

# Thread sanitizers of gcc 12 and clang 14 cannot start where the kernel gives addresses 32 random bits.
set(vgpu_test_launcher "")
if(VGPU_SANITIZE MATCHES "thread")
	set(vgpu_test_launcher setarch -R)
endif()

function(vgpu_absolute out)
	set(paths "")
	foreach(path ${ARGN})
		if(NOT IS_ABSOLUTE ${path} AND NOT path MATCHES "^\\$<")
			set(path ${CMAKE_CURRENT_LIST_DIR}/${path})
		endif()
		list(APPEND paths ${path})
	endforeach()
	set(${out} ${paths} PARENT_SCOPE)
endfunction()

function(vgpu_test_properties name timeout labels)
	set(work ${CMAKE_BINARY_DIR}/tests/work/${name})
	file(MAKE_DIRECTORY ${work})
	set_tests_properties(${name} PROPERTIES
		ENVIRONMENT "${vgpu_test_environment};VGPU_WORK_DIR=${work}"
		ENVIRONMENT_MODIFICATION "${vgpu_test_unset}"
		WORKING_DIRECTORY ${work}
		SKIP_RETURN_CODE 77
		TIMEOUT ${timeout}
		LABELS "${labels}")
endfunction()

# vgpu_add_program(name source… [LIBS library…] [OPTIONS compile-option…])
# A program that a test runs. An OUTPUT_NAME equal to name, no test of its own.
function(vgpu_add_program name)
	cmake_parse_arguments(arg "" "" "LIBS;OPTIONS" ${ARGN})
	vgpu_absolute(sources ${arg_UNPARSED_ARGUMENTS})
	get_filename_component(folder ${CMAKE_CURRENT_LIST_DIR} NAME)
	add_executable(${name} ${sources})
	target_compile_options(${name} PRIVATE ${arg_OPTIONS})
	target_link_libraries(${name} PRIVATE ${arg_LIBS} Threads::Threads)
	set_target_properties(${name} PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/${folder})
endfunction()

# vgpu_add_unit(name source… [LIBS library…] [OPTIONS compile-option…] [LABELS label…] [TIMEOUT s])
# A Check test program. LABELS are added to "unit".
function(vgpu_add_unit name)
	cmake_parse_arguments(arg "" "TIMEOUT" "LIBS;OPTIONS;LABELS" ${ARGN})
	if(NOT VGPU_HAVE_CHECK)
		return()
	endif()
	if(NOT arg_TIMEOUT)
		set(arg_TIMEOUT 300)
	endif()
	vgpu_add_program(${name} ${arg_UNPARSED_ARGUMENTS} ${CMAKE_SOURCE_DIR}/tests/unit/unit.c
		LIBS ${arg_LIBS} PkgConfig::CHECK OPTIONS ${arg_OPTIONS})
	add_test(NAME ${name} COMMAND ${vgpu_test_launcher} $<TARGET_FILE:${name}>)
	vgpu_test_properties(${name} ${arg_TIMEOUT} "unit;${arg_LABELS}")
endfunction()

# vgpu_add_script(name script [ARGS argument…] [LABELS label…] [TIMEOUT s] [SERIAL])
# An executable script. It runs in a directory of its own, $VGPU_WORK_DIR, which is kept between
# runs; SERIAL: while no other test runs. LABELS are added to "e2e".
function(vgpu_add_script name script)
	cmake_parse_arguments(arg "SERIAL" "TIMEOUT" "ARGS;LABELS" ${ARGN})
	if(NOT arg_TIMEOUT)
		set(arg_TIMEOUT 300)
	endif()
	vgpu_absolute(script ${script})
	add_test(NAME ${name} COMMAND ${vgpu_test_launcher} ${script} ${arg_ARGS})
	vgpu_test_properties(${name} ${arg_TIMEOUT} "e2e;${arg_LABELS}")
	if(arg_SERIAL)
		set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
	endif()
endfunction()
