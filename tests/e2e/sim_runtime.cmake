# SPDX-License-Identifier: Apache-2.0
# The simulated runtime: each entry point by what it does, and small programs of nvcc's (skipped where it is missing).
foreach(version 12 13)
	vgpu_add_unit(sim_runtime${version} sim_cudart.c sim_cudart_graph.c sim_cudart_memory.c sim_cudart_rest.c
		sim_runtime.c sim_runtime_array.c sim_runtime_code.c sim_runtime_device.c sim_runtime_error.c
		sim_runtime_graph.c sim_runtime_memory.c sim_runtime_node.c sim_runtime_pool.c sim_runtime_stream.c
		${watch}
		LIBS vgpu_simdev vgpu_sim_functions vgpu_schema OPTIONS -DSIM_CUDART=${version})
	if(VGPU_HAVE_CHECK)
		add_dependencies(sim_runtime${version} vgpu_gen_files vgpu-cudart${version} vgpu-cuda)
		vgpu_add_script(sim_proofs_cudart${version} $<TARGET_FILE:sim_runtime${version}> ARGS --mutants)
	endif()
endforeach()
vgpu_add_script(cuda_programs cuda_programs.sh LABELS asan)
