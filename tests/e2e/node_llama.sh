#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# node-llama-cpp, as npm has it, finds the simulated device: by itself, and in what it tells its user.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/ggml_lib.sh"

need npm node
ggml_libraries 13
# shellcheck disable=SC2154  # version and packages are ggml_lib.sh's
prefix=$packages/node-llama-cpp-$version
mkdir -p "$prefix"
(
	flock 9
	[ -e "$prefix/complete" ] && exit 0
	# Of its many prebuilt backends, the one with CUDA 13 and the one that it falls back to.
	npm install --no-save --no-package-lock --ignore-scripts --omit=optional --prefix "$prefix" \
		"node-llama-cpp@$version" "@node-llama-cpp/linux-x64@$version" \
		"@node-llama-cpp/linux-x64-cuda@$version" >"$prefix/npm.log" 2>&1 || exit 1
	: >"$prefix/complete"
) 9>"$prefix/lock" || {
	cat "$prefix/npm.log" >&2
	skip "npm cannot fetch node-llama-cpp@$version"
}

cat >devices.conf <<'CONF'
[device h100-80gb]
name = "Card of this test"
memory = 24 GiB
CONF
cat >"$prefix/vgpu-test.mjs" <<'JS'
import {getLlama} from "node-llama-cpp";
const llama = await getLlama({gpu: "cuda", build: "never", progressLogs: false});
console.log("gpu:", llama.gpu);
console.log("names:", JSON.stringify(await llama.getGpuDeviceNames()));
console.log("total:", (await llama.getVramState()).total);
await llama.dispose();
JS

here=$PWD
# traced NAME COMMAND…: under the simulated device, from the folder that has the packages.
traced() {
	local name=$1 status=0
	shift
	(
		cd "$prefix"
		# node leaks by itself, and is not told of: what is ours is looked for below.
		export ASAN_OPTIONS="${ASAN_OPTIONS:-}:abort_on_error=0:exitcode=0"
		LD_LIBRARY_PATH=$ggml_cublas VGPU_DEVICE=$here/devices.conf HOME=$here NO_COLOR=1 \
			simulated -o "$here/$name.vgt" -- "$@" >"$here/$name.out" 2>"$here/$name.err"
	) || status=$?
	if [ "$status" != 0 ]; then
		tail -n 30 "$name.out" "$name.err" >&2
		fail "$name ended with $status"
	fi
	refuse "$name.err" 'ERROR: AddressSanitizer|runtime error:|^ +#[0-9]+ .*libvgpu-'
	want "$name.err" '^GPU FOUND \(SIMULATED\).*Card of this test'
}

traced app node vgpu-test.mjs
want app.out '^gpu: cuda$'
want app.out '^names: \["Card of this test"\]$'
want app.out '^total: 25769803776$'
"$trace" dump app.vgt >app.dump
want app.dump ' cudaGetDeviceCount\(count → 1\) += cudaSuccess'
want app.dump ' cuDeviceGetName\(name → "Card of this test"'
want app.dump ' cudaMemGetInfo\(free → .*, total → 24 GiB\) += cudaSuccess'

traced inspect npx --no-install node-llama-cpp inspect gpu
want inspect.out '^CUDA: available'
want inspect.out '^CUDA device: Card of this test'
want inspect.out '^CUDA (used|free) VRAM: .*/24GB\)'
