#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The example program: on the CPU by itself, on the simulated device with --shim sim, and all of it on record.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
discover=$VGPU_BUILD_DIR/examples/discover
rm -f ./*.txt ./*.vgt

# A machine with a driver of its own may well find a GPU.
if ldd "$VGPU_BUILD_DIR/examples/libdiscover-cuda.so" | grep -q 'libcuda\.so\.1 => not found'; then
	status=0
	"$discover" >cpu.txt || status=$?
	same 1 "$status" "exit status without a GPU"
	want cpu.txt '^inference compute id=cpu library=cpu$'
fi

"$trace" run --shim sim -o x.vgt -- "$discover" >gpu.txt 2>run.txt || fail "exit status $? with --shim sim"
same 1 "$(grep -c '^inference compute' gpu.txt)" "devices found"
want gpu.txt '^inference compute id=GPU-[0-9a-f-]{36} library=CUDA compute=9\.0 description="NVIDIA H100 80GB HBM3" vmm=yes'
