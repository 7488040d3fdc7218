# SPDX-License-Identifier: Apache-2.0
# The tests of the tree itself and of the two set-up commands; the real backends from npm.
vgpu_add_script(layering layering.sh)
vgpu_add_script(tree tree.sh)
vgpu_add_script(trace_format trace_format.sh)
vgpu_add_script(shell shell.sh)
vgpu_add_script(ggml_13 ggml.sh ARGS 13 LABELS asan)
vgpu_add_script(ggml_12 ggml.sh ARGS 12 LABELS asan)
vgpu_add_script(discover discover.sh)
vgpu_add_script(install install.sh)
vgpu_add_program(holder holder.c LIBS ${CMAKE_DL_LIBS})
vgpu_add_script(service service.sh)
vgpu_add_script(fresh_debian_12 fresh_debian.sh ARGS bookworm LABELS slow TIMEOUT 1500)
vgpu_add_script(fresh_debian_13 fresh_debian.sh ARGS trixie LABELS slow TIMEOUT 1500)
