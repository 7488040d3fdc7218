# SPDX-License-Identifier: Apache-2.0
# Every rule of the explanation, proven by a fault that is really made.
if(TARGET vgpu-audit)
	vgpu_add_program(judge judge.c LIBS vgpu_tracer)
	vgpu_add_program(scenario_client client.c LIBS ${CMAKE_DL_LIBS})
	vgpu_add_script(scenarios scenarios.sh TIMEOUT 600)
	if(VGPU_HAVE_KERNEL)
		vgpu_add_script(kernel_scenarios attached.sh TIMEOUT 300)
	endif()
endif()
