# SPDX-License-Identifier: Apache-2.0
# Counting and exporting: build/tests/bench/bench_stat [EVENTS [stat]].
if(NOT VGPU_SANITIZE)
	vgpu_add_program(bench_stat bench_stat.c bench.c OPTIONS -O2 LIBS vgpu_tracer m)
endif()
