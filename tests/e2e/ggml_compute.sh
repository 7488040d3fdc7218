#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# llama.cpp's own CUDA backend uses two simulated devices: memory, tensors, its pool: ggml_compute.sh 12|13.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/ggml_lib.sh"

ggml_libraries "$1"
cat >devices.conf <<'CONF'
[device h100-80gb]
name = "First card"
memory = 24 GiB
[device l4]
name = "Second card"
memory = 10 GiB
CONF
here=$PWD
cd /
status=0
LD_LIBRARY_PATH=$ggml_cublas VGPU_DEVICE=$here/devices.conf simulated -o "$here/x.vgt" \
	-- "$VGPU_BUILD_DIR/tests/e2e/ggml_compute" "$here/lib" >"$here/out.txt" 2>"$here/err.txt" || status=$?
cd "$here"
if [ "$status" != 0 ]; then
	tail -n 60 out.txt err.txt >&2
	fail "ggml_compute ended with $status"
fi
want out.txt '^device 0: First card$'
want out.txt '^device 1: Second card$'
same 2 "$(grep -c '^buffer of 1 GiB: 1024 MiB taken, 0 bytes not given back$' out.txt)" "1 GiB on each device"
same 2 "$(grep -c 'written and read back identical$' out.txt)" "tensors read back"
same 2 "$(grep -c '^after all: 0 bytes less than at first$' out.txt)" "memory given back in the end"
want out.txt '^devices: 2, all as it should be$'

"$trace" dump x.vgt >dump.txt
# The pool: reserved addresses, memory mapped into them and released at once, access set, all of it undone.
for call in cuMemAddressReserve cuMemCreate cuMemMap cuMemRelease cuMemSetAccess cuMemUnmap cuMemAddressFree; do
	want dump.txt " $call\(.*= CUDA_SUCCESS"
done
want dump.txt 'cudaMemGetInfo\(free → .*, total → 24 GiB\)'
want dump.txt 'cudaMemGetInfo\(free → .*, total → 10 GiB\)'
want dump.txt 'cu(LaunchKernel|LaunchKernelEx|GraphLaunch)\(.*= CUDA_SUCCESS'
refuse dump.txt 'not supported'
