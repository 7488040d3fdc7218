# SPDX-License-Identifier: Apache-2.0
# The description: what the libraries export, and how it compares with a toolkit.
vgpu_add_program(symbols_bytes symbols_bytes.c)
vgpu_add_script(symbols symbols.sh)
vgpu_add_script(symbols_toolkit symbols_toolkit.sh)

vgpu_add_program(calls calls.c calls_guard.c LIBS vgpu_schema vgpu_ring_reader ${CMAKE_DL_LIBS})
foreach(lib cuda nvml cudart13 cudart12)
	vgpu_add_script(calls_${lib} calls.sh ARGS ${lib} LABELS asan)
endforeach()
vgpu_add_program(calls_structs calls_structs.c LIBS vgpu_schema vgpu_ring_reader ${CMAKE_DL_LIBS})
add_dependencies(calls_structs vgpu_gen_files)
vgpu_add_script(calls_structs calls_structs.sh LABELS asan)
