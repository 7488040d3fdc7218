#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# llama.cpp's own CUDA backend, as published for node-llama-cpp, finds the simulated device: ggml.sh 12|13.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/ggml_lib.sh"

cuda=$1
ggml_libraries "$cuda"
libraries=$ggml_cublas

libdir=$PWD/lib
out=$PWD/out.txt err=$PWD/err.txt vgt=$PWD/x.vgt dump=$PWD/dump.txt
# The backend searches the current directory too (an empty entry of its RUNPATH).
cd /
export LD_LIBRARY_PATH=$libraries
status=0
simulated -o "$vgt" -- "$VGPU_BUILD_DIR/examples/ggml-devices" "$libdir" \
	>"$out" 2>"$err" || status=$?
if [ "$status" != 0 ]; then
	cat "$out" "$err" >&2
	fail "ggml-devices ended with $status"
fi
unset LD_LIBRARY_PATH

want "$out" '^ *Device 0: NVIDIA H100 80GB HBM3, compute capability 9\.0, VMM: yes'
want "$out" '^CUDA0: NVIDIA H100 80GB HBM3 \([0-9]+ MiB, [0-9]+ MiB free\)$'
want "$err" '^GPU FOUND \(SIMULATED\)'
want "$err" "^answered: libcudart\.so\.$cuda .*libvgpu-cudart$cuda\.so +ours"

"$trace" dump "$vgt" >"$dump"
# The runtime's calls begin after the process's name and two blanks, nested driver calls two further in.
want "$dump" '^  [^ ]+  cudaGetDeviceCount\(count → 1\) += cudaSuccess '
want "$dump" '^  [^ ]+    cuInit\(Flags=0\) += CUDA_SUCCESS '
want "$dump" '^  [^ ]+    cuDeviceGetCount\(count → 1\) += CUDA_SUCCESS '
want "$dump" '^  [^ ]+  cuDeviceGetAttribute\(pi → 1, VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, dev=0\) += CUDA_SUCCESS '
want "$dump" '^  [^ ]+  cudaGetDeviceProperties(_v2)?\(prop → \{name "NVIDIA H100 80GB HBM3", major 9, minor 0, .*\}, device=0\) += cudaSuccess '
want "$dump" '^  [^ ]+    cuDeviceGetName\(name → "NVIDIA H100 80GB HBM3", '
want "$dump" '^GPU FOUND \(SIMULATED\)'
want "$dump" ' 0 calls lost$'
refuse "$dump" 'not supported'

# What llama.cpp itself does is a healthy program of its profile: no rule holds, with any one observer taken away.
if [ -e "$VGPU_BUILD_DIR/tests/scenarios/judge" ]; then
	"$VGPU_BUILD_DIR/tests/scenarios/judge" "$vgt" FOUND || fail "a rule holds of a healthy program"
	"$trace" explain --json "$vgt" >"$dump.json"
	want "$dump.json" '"profile":"ggml"'
fi

# In order: the count before the driver's part of it, and both before the properties.
order=$(grep -nEo '^  [^ ]+ +(cudaGetDeviceCount|cuInit|cudaGetDeviceProperties)' "$dump" |
	sed 's/.* //' | awk '!seen[$0]++' | tr '\n' ' ')
same "cudaGetDeviceCount cuInit cudaGetDeviceProperties " "$order" "order of the calls"
