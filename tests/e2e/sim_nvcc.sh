#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Programs built by nvcc: with the shared runtime they run to the end, with NVIDIA's own they end with its error.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"

nvcc=
for candidate in "$(command -v nvcc || true)" "${CUDA_PATH:-/usr/local/cuda}/bin/nvcc"; do
	if [ -z "$nvcc" ] && [ -x "$candidate" ]; then
		nvcc=$candidate
	fi
done
[ -n "$nvcc" ] || skip "nvcc is missing"
toolkit=$(dirname "$(dirname "$(readlink -f "$nvcc")")")
major=$("$nvcc" --version | sed -n 's/.*release \([0-9]*\)\..*/\1/p')
ours=$VGPU_BUILD_DIR/lib/libvgpu-cudart$major.so
[ -e "$ours" ] || skip "there is no simulated runtime for CUDA $major"

source=$VGPU_SOURCE_DIR/tests/e2e/sim_nvcc_app.cu
# build NAME OPTION…: compiled once and kept while the source is older.
build() {
	local name=$1
	shift
	if [ ! -e "$name" ] || [ "$source" -nt "$name" ]; then
		"$nvcc" "$@" -o "$name" "$source" 2>"$name.log" || {
			cat "$name.log" >&2
			fail "nvcc cannot build $name"
		}
	fi
}

# Binary code for the default device and for none that is here; and compressed, and PTX alone.
build shared -cudart shared -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90
build packed -cudart shared -Xfatbin -compress-all -gencode arch=compute_90,code=sm_90
build static -cudart static -arch=sm_90

# finished NAME DEVICE WHAT
finished() {
	local status=0
	VGPU_DEVICE=$2 simulated -o "$1.vgt" -- "./$1" >"$1.out" 2>"$1.err" || status=$?
	if [ "$status" != 0 ]; then
		cat "$1.out" >&2
		fail "$3 ended with $status"
	fi
	want "$1.out" '^failures: 0$'
	"$trace" dump "$1.vgt" >"$1.dump"
}

finished shared h100-80gb "the program with the shared runtime"
# Launches are on record with their kernel, grid and block.
want shared.dump 'cuLaunchKernel\(f=.*gridDimX=4, gridDimY=1, gridDimZ=1, blockDimX=256'
want shared.dump 'cuLibraryGetKernel\(.*name="add\(float const\*, float const\*, float\*, int\)"\) += CUDA_SUCCESS'
want shared.dump 'cuGraphLaunch\(.*= CUDA_SUCCESS'
refuse shared.dump 'not supported'
finished packed h200 "the program with compressed code"

# A device that the code is not for: the runtime's own error, at the first launch.
status=0
VGPU_DEVICE=t4 simulated -o t4.vgt -- ./packed alone >t4.out 2>&1 || status=$?
[ "$status" = 3 ] || fail "code of another generation ended with $status"
want t4.out '^error 209 cudaErrorNoKernelImageForDevice$'

# NVIDIA's runtime asks its driver for private tables. There are none here, and never will be: the program ends
# with the runtime's own error (103 where the runtime doubts the driver, 500 where it only misses a table), and
# the record ends with the table that was asked for and not given.
refused() {
	local status=0
	simulated -o "$1.vgt" -- "${@:2}" >"$1.out" 2>"$1.err" || status=$?
	[ "$status" = 3 ] || {
		cat "$1.out" "$1.err" >&2
		fail "$1: ended with $status, not with its own error"
	}
	want "$1.out" '^error (103|500)( |$)'
	"$trace" dump "$1.vgt" >"$1.dump"
	refuse "$1.dump" 'cuGetExportTable\(.*\) += CUDA_SUCCESS'
	# nothing of a device was asked for before, and nothing came after
	refuse "$1.dump" '^  [^ ]+ +cu(MemAlloc|DevicePrimaryCtxRetain|CtxCreate)[A-Za-z0-9_]*\('
	grep -E ' cu[A-Z][A-Za-z0-9_]*\(' "$1.dump" | tail -n 1 >last
	want last 'cuGetExportTable\(.*\) += CUDA_ERROR_NOT_FOUND'
	refuse "$1.dump" 'answered: libcudart'
}

refused static ./static alone
# which is said in plain words
"$trace" explain static.vgt >static.txt
want static.txt "^CPU MODE \(SIMULATED\): NVIDIA's own runtime asked the driver for a table that only NVIDIA's driver has"
want static.txt '✗ init succeeded .*cuGetExportTable returned CUDA_ERROR_NOT_FOUND'
want static.txt '^  Rule +INIT-EXPORT-TABLE'
nvidia=$(find -L "$toolkit/" -name "libcudart.so.$major" | head -n 1)
if [ -n "$nvidia" ]; then
	# By its path: by its name, ours would be in its place.
	cat >own.c <<'C'
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
	void *runtime = dlopen(argv[argc - 1], RTLD_NOW), *pointer;
	int (*allocate)(void **, unsigned long) =
		runtime ? (int (*)(void **, unsigned long))dlsym(runtime, "cudaMalloc") : NULL;
	int error;

	if (!allocate)
		return puts(dlerror()), 1;
	error = allocate(&pointer, 64);
	printf("error %d\n", error);
	return error ? 3 : 0;
}
C
	"$CC" -o own own.c -ldl
	refused own ./own "$nvidia"
else
	echo "libcudart.so.$major is not in $toolkit: only the static runtime was tried"
fi
