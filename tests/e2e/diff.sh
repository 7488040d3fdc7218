#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# diff: two runs of one program are the same; an injected fault is one difference, and what follows is marked so.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"

program=(sh -c "'$app' discover >/dev/null; exec '$app' discover threads 3")
code 0 "$trace" run --shim sim -q -o a.vgt -- "${program[@]}"
code 0 "$trace" run --shim sim -q -o b.vgt -- "${program[@]}"
code 0 "$trace" diff a.vgt b.vgt
want out '^no difference$'
code 0 "$trace" diff --json a.vgt b.vgt
same 0 "$(wc -l <out)" "lines"

# One value of a device: one difference in each process that asks for it, and nothing follows.
printf '[device]\nmemory = 40 GiB\n' >small.conf
code 0 "$trace" run --shim sim --device small.conf -q -o small.vgt -- "$app" discover
code 0 "$trace" run --shim sim -q -o one.vgt -- "$app" discover
code 3 "$trace" diff one.vgt small.vgt
want out '^  - cuDeviceTotalMem_v2\(bytes → 79\.18 GiB, dev=0\) .*event'
want out '^  \+ cuDeviceTotalMem_v2\(bytes → 40 GiB, dev=0\) '
want out '^1 difference$'
code 0 "$trace" diff --ignore 'cuDeviceTotalMem*.bytes' one.vgt small.vgt

# A driver that is too old: the device count fails, the program prints no card, and the cause is the driver.
printf 'cuda = 12.2\n[device]\n' >old.conf
code 0 "$trace" run --shim sim -q -o new.vgt -- "$app" runtime
code 0 "$trace" run --shim sim --device old.conf -q -o old.vgt -- "$app" runtime
code 3 "$trace" diff new.vgt old.vgt
want out '^1 difference, and [0-9]+ following'
same 2 "$(grep -cE '^  [-+~] ' out)" "lines that stand by themselves"
want out '^  -   cuDriverGetVersion\(driverVersion → 13000\)'
want out '^    following:$'
want out '^      \+ cudaGetDeviceCount\(count → \?\) .*cudaErrorInsufficientDriver \(35\)'
code 3 "$trace" diff --json new.vgt old.vgt
same 1 "$(grep -c '"follows":false' out)" "objects that stand by themselves"
if command -v python3 >/dev/null; then
	python3 -c '
import json, sys
found = [json.loads(line) for line in sys.stdin]
own = [d for d in found if not d["follows"]]
assert own[0]["a"]["event"]["name"] == own[0]["b"]["event"]["name"] == "cuDriverGetVersion"
assert own[0]["b"]["event"]["out"]["driverVersion"] == 12020' <out || fail "the JSON does not say it"
fi

# What is only in one, and how it ended.
code 3 "$trace" diff a.vgt one.vgt
want out 'is in A only'
code 7 "$trace" run --shim sim -q -o seven.vgt -- "$app" discover exit 7
code 3 "$trace" diff one.vgt seven.vgt
want out '^  ~ A exited with 0, B exited with 7$'

# Of a part it cannot be said that it is the same.
head -c $(($(stat -c %s a.vgt) - 20)) a.vgt >cut.vgt
code 1 "$trace" diff cut.vgt b.vgt
want out '^no difference as far as they go$'
code 2 "$trace" diff a.vgt
code 1 "$trace" diff a.vgt missing.vgt
echo "the same is the same, and what differs is named"
