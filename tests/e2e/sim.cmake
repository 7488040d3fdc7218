# SPDX-License-Identifier: Apache-2.0
# The simulated devices: real clients of our libraries, each test a process of its own.
vgpu_add_unit(sim_cuda sim_cuda.c sim_cuda_array.c sim_cuda_capture.c sim_cuda_copy.c sim_cuda_graph.c
	sim_cuda_module.c sim_cuda_pool.c sim_cuda_settings.c sim_cuda_stream.c sim_count.c LIBS vgpu_simdev vgpu_sim_functions vgpu_schema)
vgpu_add_unit(sim_nvml sim_nvml.c)
vgpu_add_unit(sim_cudart12 sim_cudart.c OPTIONS -DSIM_CUDART=12)
vgpu_add_unit(sim_cudart13 sim_cudart.c OPTIONS -DSIM_CUDART=13)
if(VGPU_HAVE_CHECK)
	foreach(lib cuda nvml cudart12 cudart13)
		add_dependencies(sim_${lib} vgpu_gen_files vgpu-${lib} vgpu-cuda)
	endforeach()
endif()
