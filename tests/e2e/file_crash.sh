#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The recorder is killed: what it saw until a moment before is in the file, whole, and can be gone on with.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"

mkfifo gate
"$trace" run --shim sim -q -o a.vgt -- "$app" discover block gate >/dev/null &
job=$!
# The call that hangs is reported after half a second, and in the file a tenth of a second later.
until "$trace" dump a.vgt 2>/dev/null >dump.txt || grep -q 'cuLaunchHostFunc.* running for' dump.txt; do
	kill -0 $job || fail "the recording ended early"
done
calls() { "$trace" dump --json a.vgt 2>/dev/null | grep -c '"event":"call"' || true; }
before=$(calls)
kill -KILL $job
wait $job || true
exec 3>gate 3>&-
code 1 "$trace" dump a.vgt
want err "^vgpu-trace: 'a.vgt' has no end: its recording was cut off after event [0-9]+; what is above is whole"
want out 'cuDeviceGetCount\(count → 1\) +='
want out 'cuLaunchHostFunc.* running for'
same "$before" "$(calls)" "calls after the kill"
[ "$before" -ge 13 ] || fail "only $before calls"
echo "what was seen before the kill is there"
