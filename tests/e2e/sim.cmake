# SPDX-License-Identifier: Apache-2.0
# The simulated devices: real clients of our libraries, each test a process of its own.
vgpu_add_unit(sim_cuda sim_cuda.c sim_cuda_array.c sim_cuda_capture.c sim_cuda_copy.c sim_cuda_graph.c
	sim_cuda_module.c sim_cuda_pool.c sim_cuda_settings.c sim_cuda_stream.c sim_count.c LIBS vgpu_simdev vgpu_sim_functions vgpu_schema)
vgpu_add_unit(sim_nvml sim_nvml.c)
vgpu_add_unit(sim_nvml_state sim_nvml_state.c)
foreach(version 12 13)
	vgpu_add_unit(sim_cudart${version} sim_cudart.c sim_cudart_graph.c sim_cudart_memory.c sim_cudart_rest.c
		sim_count.c LIBS vgpu_sim_functions vgpu_schema OPTIONS -DSIM_CUDART=${version})
endforeach()
vgpu_add_script(sim_nvcc sim_nvcc.sh)
vgpu_add_program(ggml_compute ggml_compute.c LIBS ${CMAKE_DL_LIBS})
vgpu_add_script(ggml_compute_13 ggml_compute.sh ARGS 13)
vgpu_add_script(ggml_compute_12 ggml_compute.sh ARGS 12)
if(VGPU_HAVE_CHECK)
	foreach(lib cuda nvml cudart12 cudart13)
		add_dependencies(sim_${lib} vgpu_gen_files vgpu-${lib} vgpu-cuda)
	endforeach()
	add_dependencies(sim_nvml_state vgpu_gen_files vgpu-nvml vgpu-cuda)
endif()
vgpu_add_script(node_llama node_llama.sh)
vgpu_add_script(sim_functions sim_functions.sh)
