# SPDX-License-Identifier: Apache-2.0
# The cost of the kernel observer: build/tests/bench/bench_kernel build/lib
# And over a long attach: build/tests/bench/bench_kernel slope SECONDS [INTERVAL [calm]]
if(VGPU_HAVE_KERNEL AND NOT VGPU_SANITIZE)
	vgpu_add_program(bench_kernel bench_kernel.c bench_hit.c bench_slope.c bench_slope_target.c bench.c OPTIONS -O2
		LIBS vgpu_kernel vgpu_tracer ${CMAKE_DL_LIBS} m)
	add_dependencies(bench_kernel vgpu-trace vgpu-cuda vgpu-nvml)
endif()
