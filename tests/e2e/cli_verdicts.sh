#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The verdict: found, refused, not known; and whose library it was.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"

# Observed only: nothing is claimed.
code 1 "$trace" run --no-record -- "$app" discover
want out 'no GPU library'
want err '^mode none: nothing is replaced'
# The dynamic linker's refusal is seen without putting anything in; without its observer nothing is.
want err "^CPU MODE: the GPU driver's library, libcuda.so.1, was not found"
want err 'Rule +LINK-DRIVER-ABSENT '
code 1 "$trace" run --no-link --no-record -- "$app" discover
want err '^NOT KNOWN: nothing was put into the program'
want err 'run --shim sim'
refuse err 'CPU MODE|GPU FOUND'

# A machine without a device.
echo 'driver = 580.95.05' >none.conf
code 0 "$trace" run --shim sim --device none.conf --no-record -- "$app" discover
same CPU "$(cat out)" "what the program made of it"
want err '^CPU MODE \(SIMULATED\): cuInit returned CUDA_ERROR_NO_DEVICE \(100\): the driver is there, and sees no GPU'
want err '✗ init succeeded .* event [0-9]+$'

# Two other devices.
code 0 "$trace" run --shim sim --device t4,l4 --no-record -- "$app" discover
want err '^GPU FOUND \(SIMULATED\)  by cli_app\([0-9]+\) in .*: 2 devices, Tesla T4, compute 7.5, '

# It loads the library, and calls nothing: that is known, since the library is ours.
mkfifo gate
"$trace" run --shim sim -o idle.vgt -- "$app" idle gate 2>err &
job=$!
seen idle.vgt
wait $job
want err '^CPU MODE: .*/libcuda.so.1 was loaded, and no GPU function was ever called'
want err 'Rule +INIT-NEVER-CALLED '

# Ours by its note, whatever its name; foreign, whatever its name.
mkdir named foreign
cp "$VGPU_BUILD_DIR/lib/libvgpu-cuda.so" named/libcuda.so.1
need "${CC:-cc}"
echo 'int cuInit(unsigned f); int cuInit(unsigned f) { return f ? 1 : 100; }' >foreign.c
"${CC:-cc}" -shared -fPIC -Wl,-soname,libcuda.so.1 -Wl,--build-id=0x1234567890abcdef -o foreign/libvgpu-cuda.so foreign.c
ln -s libvgpu-cuda.so foreign/libcuda.so.1
LD_LIBRARY_PATH=$PWD/named "$trace" run --no-record -- true 2>err
want err "libcuda.so.1 +← $PWD/named/libcuda.so.1  ours, build id [0-9a-f]+, 637 functions \(by LD_LIBRARY_PATH\)"
LD_LIBRARY_PATH=$PWD/foreign "$trace" run --no-record -- true 2>err
want err "libcuda.so.1 +← $PWD/foreign/libvgpu-cuda.so  foreign, build id 1234567890abcdef, 1 function \(by LD_LIBRARY_PATH\)"

# A library of ours that the program loads by itself is recorded in mode none, too.
VGPU_BACKEND=sim LD_LIBRARY_PATH=$PWD/named "$trace" run --no-record -- "$app" discover >out 2>err
want err 'cuDeviceGetCount\(count → 1\)'
want err '^GPU FOUND \(SIMULATED\)'
want err '^mode none: nothing of the program'
