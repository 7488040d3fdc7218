# SPDX-License-Identifier: Apache-2.0
# The backend "forward": over a copy of our own shim, and over libraries that misbehave.
vgpu_add_program(forward_client forward_client.c LIBS ${CMAKE_DL_LIBS})
add_dependencies(forward_client vgpu_gen_files vgpu-cuda vgpu-nvml)
vgpu_add_script(forward forward.sh)
# Faults on demand, with either backend.
vgpu_add_program(fault_client fault_client.c LIBS ${CMAKE_DL_LIBS})
add_dependencies(fault_client vgpu_gen_files vgpu-cuda vgpu-nvml vgpu-cudart13)
vgpu_add_script(fault fault.sh)
# Libraries behind ours that are not whole, and call themselves.
vgpu_add_program(forward_strange forward_strange.c LIBS ${CMAKE_DL_LIBS})
foreach(kind PLT DEFAULT BYNAME INTERPOSE CHAIN)
	string(TOLOWER ${kind} lower)
	add_library(forward_target_${lower} SHARED ${CMAKE_CURRENT_LIST_DIR}/forward_target.c)
	target_compile_definitions(forward_target_${lower} PRIVATE TARGET_${kind})
	target_link_options(forward_target_${lower} PRIVATE -Wl,-soname,libcuda.so.1)
	target_link_libraries(forward_target_${lower} PRIVATE ${CMAKE_DL_LIBS})
	set_target_properties(forward_target_${lower} PROPERTIES PREFIX "" NO_SONAME TRUE
		LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/e2e)
endforeach()
vgpu_add_script(forward_strange forward_strange.sh)
vgpu_add_script(replay replay.sh TIMEOUT 120)
