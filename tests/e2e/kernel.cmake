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
				run_sim run_none)
			vgpu_add_script(kernel_attach_${case}_${method} kernel_attach.sh ARGS ${case} ${method})
		endforeach()
		foreach(lib cuda nvml cudart13 cudart12)
			vgpu_add_script(kernel_equal_${lib}_${method} kernel.sh ARGS equal ${method} ${lib})
		endforeach()
	endforeach()
	# Any other observer that starts meanwhile takes them away as well.
	vgpu_add_script(kernel_leftovers kernel.sh ARGS leftovers multi SERIAL)
	vgpu_add_program(kernel_loads kernel_loads.c LIBS vgpu_kernel)
	vgpu_add_script(kernel_loads kernel.sh ARGS loads multi)
	vgpu_add_script(kernel_attach_refused kernel_attach.sh ARGS refused multi)
	# A trace event needs more than the two capabilities: this one is of uprobe_multi alone.
	vgpu_add_script(kernel_unprivileged_multi kernel.sh ARGS unprivileged multi)
endif()
