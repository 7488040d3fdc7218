# SPDX-License-Identifier: Apache-2.0
# The kernel observer, on both rungs of its ladder.
vgpu_add_program(kernel_probe kernel_probe.c LIBS vgpu_kernel)
vgpu_add_program(kernel_equal kernel_equal.c LIBS vgpu_kernel vgpu_schema vgpu_ring_reader)
vgpu_add_program(kernel_target kernel_target.c LIBS ${CMAKE_DL_LIBS})
# Not ours: known by its name alone. Without -z defs: one of them is to fail to load.
add_library(kernel_foreign SHARED ${CMAKE_CURRENT_LIST_DIR}/kernel_foreign.c)
set_target_properties(kernel_foreign PROPERTIES PREFIX "" OUTPUT_NAME libcuda-foreign SUFFIX .so
	LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/e2e)
add_library(kernel_broken SHARED ${CMAKE_CURRENT_LIST_DIR}/kernel_broken.c)
target_link_options(kernel_broken PRIVATE -Wl,-z,undefs)
set_target_properties(kernel_broken PROPERTIES PREFIX "" OUTPUT_NAME libkernel-broken SUFFIX .so
	LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/e2e)
add_library(kernel_crash SHARED ${CMAKE_CURRENT_LIST_DIR}/kernel_crash.c)
set_target_properties(kernel_crash PROPERTIES PREFIX "" OUTPUT_NAME libkernel-crash SUFFIX .so
	LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/e2e)
vgpu_add_program(kernel_bytes kernel_bytes.c LIBS ${CMAKE_DL_LIBS})

vgpu_add_program(kernel_agree kernel_agree.c LIBS ${CMAKE_DL_LIBS})
if(VGPU_SANITIZE)
	# A sanitizer's own look-ups would be seen among the program's, and its slowness would be the target's.
	foreach(program kernel_agree kernel_target kernel_foreign)
		target_compile_options(${program} PRIVATE -fno-sanitize=all)
		target_link_options(${program} PRIVATE -fno-sanitize=all)
	endforeach()
endif()

if(VGPU_HAVE_DW)
	vgpu_add_program(kernel_stacks kernel_stacks.c LIBS ${CMAKE_DL_LIBS} unwind_1 OPTIONS -fno-optimize-sibling-calls)
endif()

if(VGPU_HAVE_KERNEL)
	if(TARGET vgpu-audit)
		vgpu_add_script(kernel_agree kernel_agree.sh)
	endif()
	foreach(method multi tracefs)
		foreach(case shapes bad swallow grandchild crash untouched jumps forks forks_inside overload killed killed_attach two answers
				python go_program equal_structs equal_threads)
			vgpu_add_script(kernel_${case}_${method} kernel.sh ARGS ${case} ${method})
		endforeach()
		foreach(case foreign running grandchild swallow crash stuck files writes container probes images image_files throws lookups startup unforeseen all slope witnesses
				run_sim run_none limit_first limit_last limit_killed filter filter_ring)
			vgpu_add_script(kernel_attach_${case}_${method} kernel_attach.sh ARGS ${case} ${method})
		endforeach()
		if(VGPU_HAVE_DW)
			foreach(case equal crash)
				vgpu_add_script(kernel_stacks_${case}_${method} kernel_stacks.sh ARGS ${case} ${method})
			endforeach()
		endif()
		foreach(lib cuda nvml cudart13 cudart12)
			vgpu_add_script(kernel_equal_${lib}_${method} kernel.sh ARGS equal ${method} ${lib})
		endforeach()
	endforeach()
	# Any other observer that starts meanwhile takes them away as well.
	vgpu_add_script(kernel_leftovers kernel.sh ARGS leftovers multi SERIAL)
	vgpu_add_program(kernel_loads kernel_loads.c LIBS vgpu_kernel)
	vgpu_add_script(kernel_loads kernel.sh ARGS loads multi)
	foreach(case shapes bad swallow jumps forks overload killed two answers bystander)
		vgpu_add_script(kernel_${case}_apart kernel.sh ARGS ${case} apart)
	endforeach()
	vgpu_add_script(kernel_bystander_multi kernel.sh ARGS bystander multi)
	vgpu_add_script(kernel_bystander_tracefs kernel.sh ARGS bystander tracefs)
	vgpu_add_script(kernel_attach_refused kernel_attach.sh ARGS refused multi)
	vgpu_add_script(kernel_busy kernel_busy.sh)
	# A trace event needs more than the two capabilities: this one is of uprobe_multi alone.
	vgpu_add_script(kernel_unprivileged_multi kernel.sh ARGS unprivileged multi)
	# With the sanitizers, too: the side of the observer that drains, follows and tells.
	foreach(test agree attach_foreign_multi attach_running_multi attach_grandchild_multi attach_all_multi)
		if(TEST kernel_${test})
			set_property(TEST kernel_${test} APPEND PROPERTY LABELS asan)
		endif()
	endforeach()
endif()
