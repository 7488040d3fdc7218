#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds vgpu-trace and shows what it does: a discovery on a simulated GPU, every call of it, the verdict.
#
# usage: examples/quickstart.sh
# Installs the packages that the build lacks (asks for root only for that). No GPU, no CUDA toolkit.
set -euo pipefail
cd "$(dirname "$0")/.."
. cmake/packages.sh

if ! vgpu_install "${vgpu_packages_build[@]}"; then
	# Elsewhere than on Debian and its like the configuration below names what is missing.
	if command -v apt-get >/dev/null; then
		exit 1
	fi
fi

build=build
generator=()
[ -e $build/CMakeCache.txt ] || generator=(-G Ninja)
cmake -S . -B $build "${generator[@]}" -DVGPU_WERROR=OFF >/dev/null
cmake --build $build --parallel --target vgpu-trace vgpu-cuda vgpu-nvml vgpu-cudart13 vgpu-cudart12 \
	discover ggml-devices

trace=$build/bin/vgpu-trace
file=$build/discovery.vgt

show() {
	printf '\n$ %s\n' "$*"
	"$@"
}

# The program alone says only that it ended on the CPU.
show $build/examples/discover || true
show $trace run --shim sim -o $file -- $build/examples/discover
# The same again from the file, in selection.
show $trace dump --function 'cudaGet*,cuInit,cuDeviceGetCount,nvml*' $file

cat <<END

Next: $trace run -- PROGRAM         your own program, with whatever libcuda it loads
      $trace run --shim sim -- …    the same on the simulated device
      $trace functions              the functions that are traced
END
