#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ollama-like with llama.cpp's own CUDA backend, as published for node-llama-cpp, in place of the bundled one.
. "$VGPU_SOURCE_DIR/tests/e2e/ollama_lib.sh"
need npm
[ "$(uname -m)" = x86_64 ] || skip "the package is for x86-64"

name=linux-x64-cuda version=3.22.1
prefix=$VGPU_BUILD_DIR/npm/$name-$version
mkdir -p "$prefix"
(
	# The same place, lock and mark as ggml.sh has.
	flock 9
	[ -e "$prefix/complete" ] || {
		npm install --no-save --no-package-lock --ignore-scripts --prefix "$prefix" \
			"@node-llama-cpp/$name@$version" >"$prefix/npm.log" 2>&1 && : >"$prefix/complete"
	}
) 9>"$prefix/lock" || skip "npm cannot fetch @node-llama-cpp/$name@$version"
real=$(dirname "$(find "$prefix/node_modules" -name libggml-cuda.so -type f)")

libraries=
for directory in ${CUDA_PATH:+"$CUDA_PATH/lib64"} /usr/local/cuda/lib64 /usr/local/cuda-13/lib64; do
	[ -n "$libraries" ] || [ ! -e "$directory/libcublas.so.13" ] || libraries=$directory
done
[ -n "$libraries" ] || skip "libcublas.so.13 is missing"

folder=$PWD/real/lib/ollama
rm -rf real
mkdir -p "$folder/cuda_v13"
ln -s "$real/libggml-base.so" "$folder/"
ln -s "$real/libggml-cuda.so" "$folder/cuda_v13/"
cd /
log=$VGPU_WORK_DIR/b.txt
OLLAMA_DEBUG=2 LD_PRELOAD=$preload LD_LIBRARY_PATH=$libraries serve 0 "$log" --era b --lib-dir "$folder"
want "$log" "^load_backend: loaded CUDA backend from $folder/cuda_v13/libggml-cuda\.so$"
want "$log" 'compute capability 9\.0, VMM: yes'
want "$log" 'msg="inference compute" id=GPU-[0-9a-f-]{36} .*compute=9\.0 name=CUDA0 description="NVIDIA H100 80GB HBM3" libdirs=ollama,cuda_v13 driver=13\.0 pci_id=0000:01:00\.0 '
same 2 "$(grep -c 'msg="starting runner"' "$log")" "runners"
