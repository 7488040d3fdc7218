#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Under valgrind a program has another stack than the kernel gave it: nothing is recorded, and it runs.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"
need valgrind
valgrind -q true 2>bare.txt || skip "valgrind cannot run anything here, where somebody has probes in the dynamic linker"

code 3 "$trace" run --kernel=off -q -o a.vgt -- valgrind -q sh -c 'exit 3'
same 0 "$(left_behind)" "directories left behind"
