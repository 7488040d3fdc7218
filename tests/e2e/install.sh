#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts somewhere works there, and works when it is moved elsewhere.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
rm -rf first second ./*.txt ./*.vgt

cmake --install "$VGPU_BUILD_DIR" --prefix "$PWD/first" >install.txt
# A name with a blank: neither a path list nor LD_PRELOAD may trip over it.
mkdir second
mv first "second/moved here"
# Nothing else of the build may be reached: the program finds its libraries by where it lies.
program="$PWD/second/moved here/bin/vgpu-trace"
"$program" run --shim sim -o x.vgt -- "$VGPU_BUILD_DIR/examples/discover" >out.txt 2>err.txt ||
	fail "exit status $?: $(cat err.txt)"
want out.txt '^inference compute id=GPU-'
want err.txt '^GPU FOUND \(SIMULATED\)'
want err.txt '^answered: libcuda\.so\.1 ← .*/second/moved here/lib/.*libvgpu-cuda\.so'
refuse err.txt "$VGPU_BUILD_DIR/lib/"
"$program" dump x.vgt >dump.txt
want dump.txt '^GPU FOUND \(SIMULATED\)'
