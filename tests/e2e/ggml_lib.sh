# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# llama.cpp's published CUDA backends: what the scripts that use them need. Sourced after common.sh.

version=3.22.1
# Fetched once for all builds of a tree.
packages=$VGPU_SOURCE_DIR/build/npm
[ -d "$packages" ] || packages=$VGPU_BUILD_DIR/npm

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

# ggml_libraries 12|13: makes ./lib with the backend for that CUDA; $ggml_cublas: a folder with a cuBLAS for it.
ggml_libraries() {
	local cuda=$1 base extra dir
	need npm nm
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
	# shellcheck disable=SC2034  # for who calls this
	ggml_cublas=$libraries
}
