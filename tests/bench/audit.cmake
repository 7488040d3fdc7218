# SPDX-License-Identifier: Apache-2.0
# The cost of the link observer: build/tests/bench/bench_audit, run by bench_audit.sh.
if(TARGET vgpu-audit AND NOT VGPU_SANITIZE)
	vgpu_add_program(bench_audit bench_audit.c OPTIONS -O2 LIBS ${CMAKE_DL_LIBS})
	add_dependencies(bench_audit vgpu-audit)
endif()
