# SPDX-License-Identifier: Apache-2.0
# The ring of a process that is killed.
vgpu_add_program(ring_kill ring_kill.c LIBS vgpu_ring_reader ${CMAKE_DL_LIBS})
add_dependencies(ring_kill vgpu_gen_files vgpu-cuda)
vgpu_add_script(ring_kill ring_kill.sh TIMEOUT 600)
