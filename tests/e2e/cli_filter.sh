#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# dump -e: the expression picks calls; a wrong one is pointed at by its column.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"

code 0 "$trace" run --shim sim -q -o filter.vgt -- "$app" discover
calls() { "$trace" dump --json -e "$1" filter.vgt | grep -c '"event":"call"' || true; }
all=$(calls 'fn ~ "*"')
[ "$all" -gt 5 ] || fail "too few calls to try filters on: $all"
same "$all" "$(calls 'fn ~ "*" && dur < 1min')" "every call"
same 0 "$(calls 'lib == nosuch')" "calls of no library"
same "$all" "$(($(calls 'ret == 0') + $(calls 'ret != 0')))" "both halves"
same "$all" "$(($(calls 'fn ~ "cuDevice*"') + $(calls '!(fn ~ "cuDevice*")')))" "a pattern and its opposite"
same "$(calls 'ret == 0 && lib == cuda')" "$(calls 'ret == CUDA_SUCCESS')" "a result by its name"
same 1 "$(calls 'fn == cuDeviceGetCount && arg.count == 1 && depth == 0 || fn == cuDeviceGetCount && arg.count > 7')" "an out-value"

code 2 "$trace" dump -e 'fn == "x" && dorf > 3' filter.vgt
want err 'column 14: there is no field .dorf'
code 2 "$trace" dump -e 'dur > 3parsec' filter.vgt
want err 'column 7: .3parsec. is not a number'
code 2 "$trace" dump -e '(fn == x' filter.vgt
want err 'column 1: this \( is not closed'
