#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --shim forward to libraries that are not whole, and that call themselves in every way: each call is whose it is.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"
client=$VGPU_BUILD_DIR/tests/e2e/forward_strange
for kind in plt default byname interpose; do
	mkdir $kind
	cp "$VGPU_BUILD_DIR/tests/e2e/forward_target_$kind.so" $kind/libcuda.so.1
	code 0 "$trace" run --shim forward:$kind -o $kind.vgt -- "$client"
	mv out $kind.txt
	mv err $kind.err
	# What it lacks is not found, and marked; what it has goes on.
	want $kind.err 'which lacks 631 of our 637 entry points: '
	want $kind.err 'cuMemAlloc_v2.* = CUDA_ERROR_NOT_FOUND \(500\) .*\[the library behind has no such function\]'
	# By name: an export is ours; so is a function that it does not export but that name and version tell; others go untouched.
	want $kind.err 'cuGetProcAddress_v2\(symbol="cuInit", pfn → cuInit,'
	want $kind.err '  cuInit\(Flags=1\) += CUDA_ERROR_INVALID_VALUE'
	want $kind.err 'cuDeviceTotalMem_v2\(bytes → 4711 B'
	refuse $kind.err 'cuUnheardOf\('
	refuse $kind.err 'libnvidia-ml\.so\.1 ←'
	# Looking for what it lacks leaves nothing in the record that looks like the program's own search.
	refuse $kind.err 'dlsym\(cu.*refused'
done
tail="allocate 500, cuInit again 1, total 4711, unheard of 4712, cuMemMap NULL"
# Its own export it reaches past us; what it asks the program for is ours, nested, and known to be no call of the program's.
same "init 0 count 0 of 2, $tail" "$(cat plt.txt)" "a library that calls its own export"
same 2 "$(grep -c ' cuInit(' plt.err)" "calls of cuInit"
same "init 0 count 0 of 2, $tail" "$(cat default.txt)" "a library that looks its export up"
same 2 "$(grep -c ' cuInit(' default.err)" "calls of cuInit"
same "init 0 count 0 of 2, $tail" "$(cat byname.txt)" "a library that opens the driver by name"
want byname.err "  +cuInit\(Flags=0\) += CUDA_SUCCESS .*\[made by the backend itself\]"
same 3 "$(grep -c ' cuInit(' byname.err)" "calls of cuInit"
refuse plt.err 'made by the backend itself'
# libc's functions in it are not in force here, and that is said.
same "init 0 count 0 of 1, $tail" "$(cat interpose.txt)" "a library that has a dlopen of its own"
want interpose.err "also exports dlopen: in the program's own use these would have taken the place of libc's"
refuse plt.err 'also exports'

# One that opens the driver by its name in the very function that it was called for: it ends, and the record says why.
mkdir chain
cp "$VGPU_BUILD_DIR/tests/e2e/forward_target_chain.so" chain/libcuda.so.1
code 0 "$trace" run --shim forward:chain -o chain.vgt -- "$client"
want out '^init 500 '
want err "error +the library behind libcuda\.so\.1 calls cuInit of whatever driver goes by that name, which is ours"
