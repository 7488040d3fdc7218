# SPDX-License-Identifier: Apache-2.0
# The cost of the dashboard: build/tests/bench/bench_top [SECONDS].
if(VGPU_HAVE_CURSES AND NOT VGPU_SANITIZE)
	vgpu_add_program(bench_top bench_top.c OPTIONS -O2)
	add_dependencies(bench_top top_target vgpu-trace)
	# Of a recording: build/tests/bench/bench_top_time FILE.
	vgpu_add_program(bench_top_time bench_top_time.c OPTIONS -O2)
	add_dependencies(bench_top_time vgpu-trace)
endif()
