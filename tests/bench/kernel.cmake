# SPDX-License-Identifier: Apache-2.0
# The cost of the kernel observer: build/tests/bench/bench_kernel build/lib
if(VGPU_HAVE_KERNEL AND NOT VGPU_SANITIZE)
	vgpu_add_program(bench_kernel bench_kernel.c OPTIONS -O2 LIBS vgpu_kernel ${CMAKE_DL_LIBS})
endif()
