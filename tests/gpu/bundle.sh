#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Collects what run.sh needs on a bare machine into one folder: programs, our libraries, and what these need beside libc.
# usage: tests/gpu/bundle.sh BUILD-DIRECTORY FOLDER [GGML-DIRECTORY [CAPABILITY]]
# With the directory of llama.cpp's libggml-cuda.so and libggml-base.so these come along, 21 MiB, for cards of one
# compute capability (90). NVIDIA's libcudart and libcublas (some 600 MiB) have to be there.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: $0 BUILD-DIRECTORY FOLDER [GGML-DIRECTORY [CAPABILITY]]" >&2; exit 2; }
source=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
rm -rf "$2"
mkdir -p "$2"
folder=$(cd "$2" && pwd)
limit=$((64 << 20))

mkdir -p "$folder"/{bin,lib,deps,examples,tests/gpu,tests/e2e}
cp "$build/bin/vgpu-trace" "$folder/bin/"
cp "$build"/lib/libvgpu-{cuda,nvml,cudart12,cudart13}.so "$folder/lib/"
for file in examples/discover examples/libdiscover-cuda.so examples/ollama-like examples/ggml-devices tests/e2e/ggml_compute tests/gpu/gpu_answers tests/gpu/gpu_overhead \
	tests/e2e/kernel_probe tests/e2e/cli_app; do
	if [ -e "$build/$file" ]; then cp "$build/$file" "$folder/$file"; else echo "not built, left out: $file"; fi
done
cp "$source"/{run.sh,torch_check.py,torch_discover.py} "$folder/tests/gpu/"
if [ $# -gt 2 ]; then
	mkdir "$folder/ggml"
	cp "$3/libggml-base.so" "$folder/ggml/"
	python3 "$source/carry_ggml.py" "$3/libggml-cuda.so" "${4:-90}" "$folder/ggml/libggml-cuda.so.xz"
fi
ln -sf tests/gpu/run.sh "$folder/run.sh"

# Everything that the programs need, but for libc and what belongs to a driver.
find "$folder"/{bin,lib,examples,tests} -type f -perm -u+x ! -name '*.sh' ! -name '*.py' -print0 |
	xargs -0 -n 1 ldd 2>/dev/null | awk '$2 == "=>" && $3 ~ "^/" { print $1, $3 }' | sort -u |
	while read -r name path; do
		case $name in
		libc.so* | libm.so* | libdl.so* | libpthread.so* | librt.so* | ld-linux* | libgcc_s.so* | \
			libcuda.so* | libcudart.so* | libnvidia-ml.so*) ;;
		*) cp -L "$path" "$folder/deps/$name" ;;
		esac
	done
find "$folder"/{bin,lib,deps} -type f -exec strip --strip-unneeded {} + 2>/dev/null || true
size=$(du -sb "$folder" | cut -f 1)
echo "$folder: $((size >> 10)) KiB; run $folder/tests/gpu/run.sh there"
[ "$size" -lt $limit ] || { echo "larger than 64 MiB" >&2; exit 1; }
