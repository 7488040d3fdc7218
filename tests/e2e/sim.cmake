# SPDX-License-Identifier: Apache-2.0
# The simulated devices: real clients of our libraries, each test a process of its own; and by the same
# programs the proof that the tests notice what each entry point does (sim_watch.h).
set(watch sim_watch.c ${CMAKE_SOURCE_DIR}/shim/entry/arch/fault.S)
vgpu_add_unit(sim_cuda sim_cuda.c sim_cuda_array.c sim_cuda_capture.c sim_cuda_copy.c sim_cuda_device.c sim_cuda_endurance.c
	sim_cuda_graph.c sim_cuda_memory.c sim_cuda_module.c sim_cuda_pool.c sim_cuda_settings.c sim_cuda_stream.c
	${watch} LIBS vgpu_simdev vgpu_sim_functions vgpu_schema)
vgpu_add_unit(sim_nvml sim_nvml.c sim_nvml_clock.c sim_nvml_session.c sim_nvml_state.c
	sim_nvml_system.c sim_nvml_values.c ${watch} LIBS vgpu_sim_functions vgpu_schema)
vgpu_add_script(sim_nvcc sim_nvcc.sh LABELS asan)
vgpu_add_program(ggml_compute ggml_compute.c LIBS ${CMAKE_DL_LIBS})
vgpu_add_script(ggml_compute_13 ggml_compute.sh ARGS 13 LABELS asan)
vgpu_add_script(ggml_compute_12 ggml_compute.sh ARGS 12 LABELS asan)
if(VGPU_HAVE_CHECK)
	foreach(lib cuda nvml)
		add_dependencies(sim_${lib} vgpu_gen_files vgpu-${lib} vgpu-cuda)
		vgpu_add_script(sim_proofs_${lib} $<TARGET_FILE:sim_${lib}> ARGS --mutants)
	endforeach()
endif()
vgpu_add_script(node_llama node_llama.sh)
vgpu_add_script(sim_functions sim_functions.sh)
