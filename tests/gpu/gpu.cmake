# SPDX-License-Identifier: Apache-2.0
# Programs that tests/gpu/run.sh runs on a machine with a GPU; here they run on the simulated device.
vgpu_add_program(gpu_answers answers.c answers_driver.c answers_misuse.c answers_nvml.c answers_runtime.c
	LIBS vgpu_tracer ${CMAKE_DL_LIBS})
# Of the tracer it takes the printing of values alone: none of the libraries behind it.
target_link_options(gpu_answers PRIVATE -Wl,--as-needed)
vgpu_add_program(gpu_overhead overhead.c LIBS m ${CMAKE_DL_LIBS})
foreach(program gpu_answers gpu_overhead)
	add_dependencies(${program} vgpu_gen_files)
endforeach()
vgpu_add_script(gpu_script script.sh TIMEOUT 120)
vgpu_add_script(gpu_answers_h100 answers.sh TIMEOUT 120)
vgpu_add_script(gpu_genuine genuine.sh TIMEOUT 120)
