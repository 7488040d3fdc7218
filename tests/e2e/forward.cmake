# SPDX-License-Identifier: Apache-2.0
# The backend "forward": over a copy of our own shim, and over libraries that misbehave.
vgpu_add_program(forward_client forward_client.c LIBS ${CMAKE_DL_LIBS})
add_dependencies(forward_client vgpu_gen_files vgpu-cuda vgpu-nvml)
vgpu_add_script(forward forward.sh)
# Faults on demand, with either backend.
vgpu_add_program(fault_client fault_client.c LIBS ${CMAKE_DL_LIBS})
add_dependencies(fault_client vgpu_gen_files vgpu-cuda vgpu-nvml vgpu-cudart13)
vgpu_add_script(fault fault.sh)
