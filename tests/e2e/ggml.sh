#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# llama.cpp's own CUDA backend, as published for node-llama-cpp, finds the simulated device: ggml.sh 12|13.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"

cuda=$1
version=3.22.1
packages=$VGPU_BUILD_DIR/npm

need npm nm

# fetch NAME: the package's folder, kept between runs.
fetch() {
	local prefix=$packages/$1-$version
	local folder=$prefix/node_modules/@node-llama-cpp/$1

	mkdir -p "$prefix"
	(
		flock 9
		[ -e "$prefix/complete" ] && exit 0
		npm install --no-save --no-package-lock --ignore-scripts --prefix "$prefix" \
			"@node-llama-cpp/$1@$version" >"$prefix/npm.log" 2>&1 || exit 1
		: >"$prefix/complete"
	) 9>"$prefix/lock" || {
		cat "$prefix/npm.log" >&2
		skip "npm cannot fetch @node-llama-cpp/$1@$version"
	}
	echo "$folder"
}

# only FOLDER FILE: the one file of that name.
only() {
	local found
	found=$(find "$1" -name "$2" -type f)
	[ -f "$found" ] || fail "not exactly one $2 under $1: $found"
	echo "$found"
}

# stub LIBRARY FOR: a library with what FOR wants of LIBRARY, each function returning 1.
stub() {
	local soname=$1 source=stub/$1.S
	local symbols
	symbols=$(nm -D --undefined-only "$2" | sed -n "s/.* U \(.*\)@$soname\$/\1/p")
	[ -n "$symbols" ] || fail "$2 wants nothing of $soname"
	mkdir -p stub
	{
		echo ".text"
		for symbol in $symbols; do
			printf '.globl %s\n.type %s, @function\n%s:\n' "$symbol" "$symbol" "$symbol"
		done
		# shellcheck disable=SC2016  # the dollar is the assembler's
		printf '\tmovl $1, %%eax\n\tret\n.section .note.GNU-stack,"",@progbits\n'
	} >"$source"
	printf '%s { global: *; };\n' "$soname" >"stub/$soname.map"
	"$CC" -shared -nostdlib -Wl,-soname,"$soname" -Wl,--version-script="stub/$soname.map" \
		-o "stub/$soname" "$source"
}

[ "$(uname -m)" = x86_64 ] || skip "the packages are for x86-64"
rm -rf lib stub ./*.vgt
mkdir lib

base=$(fetch linux-x64-cuda)
ln -s "$(only "$base" libggml-base.so)" lib/
if [ "$cuda" = 13 ]; then
	ln -s "$(only "$base" libggml-cuda.so)" lib/
else
	extra=$(fetch linux-x64-cuda-ext)
	ln -s "$(only "$extra" libggml-cuda.so)" lib/
fi
want <(readelf -dW lib/libggml-cuda.so) "NEEDED.*libcudart\.so\.$cuda"

# An installed toolkit has NVIDIA's runtime beside its cuBLAS: ours must come first all the same.
libraries=
for dir in ${CUDA_PATH:+"$CUDA_PATH/lib64"} /usr/local/cuda/lib64 "/usr/local/cuda-$cuda/lib64"; do
	if [ -z "$libraries" ] && [ -e "$dir/libcublas.so.$cuda" ]; then
		libraries=$dir
	fi
done
if [ -z "$libraries" ]; then
	stub "libcublas.so.$cuda" lib/libggml-cuda.so
	libraries=$PWD/stub
fi
echo "libcublas.so.$cuda from $libraries"

libdir=$PWD/lib
out=$PWD/out.txt err=$PWD/err.txt vgt=$PWD/x.vgt dump=$PWD/dump.txt
# The backend searches the current directory too (an empty entry of its RUNPATH).
cd /
export LD_LIBRARY_PATH=$libraries
status=0
"$trace" run --shim sim -o "$vgt" -- "$VGPU_BUILD_DIR/examples/ggml-devices" "$libdir" \
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

# In order: the count before the driver's part of it, and both before the properties.
order=$(grep -nEo '^  [^ ]+ +(cudaGetDeviceCount|cuInit|cudaGetDeviceProperties)' "$dump" |
	sed 's/.* //' | awk '!seen[$0]++' | tr '\n' ' ')
same "cudaGetDeviceCount cuInit cudaGetDeviceProperties " "$order" "order of the calls"
