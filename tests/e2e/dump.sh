#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# dump: its filters, following a recording that goes on, who called.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"

code 0 "$trace" run --shim sim -q -o a.vgt -- sh -c "'$app' discover >/dev/null; exec '$app' discover"
calls() { "$trace" dump --json "$@" a.vgt | grep -c '"event":"call"' || true; }
all=$(calls)
[ "$all" -gt 20 ] || fail "only $all calls"

# Each option is a part of an expression: the same calls pass.
as() { same "$(calls -e "$1")" "$(calls "${@:2}")" "calls of ${*:2}"; }
as 'lib == "cuda"' --library cuda
same 0 "$(calls --library nvml)" "calls of another library"
as 'ret == 101' --result 101
as 'ret == CUDA_ERROR_INVALID_DEVICE' --result CUDA_ERROR_INVALID_DEVICE
[ "$(calls --result 101)" = 2 ] || fail "two calls failed with 101"
as 'dur >= 1us' --longer 1us
as 'fn == "cuInit" && lib == "cuda" && ret == 0' --library cuda --result 0 -e 'fn == "cuInit"'
as 'fn == "cuInit" || fn == "cuDeviceGet"' --library cuda -e 'fn == "cuInit" || fn == "cuDeviceGet"'
pids=$("$trace" dump --json a.vgt | sed -n 's/.*"event":"start".*"pid":\([0-9]*\).*/\1/p' | sort -u)
total=0
for pid in $pids; do
	part=$(calls --process "$pid")
	same "$part" "$(calls --thread "$pid")" "calls of $pid's only thread"
	total=$((total + part))
done
same "$all" "$total" "calls of all processes"
same "$all" "$(calls --process cli_app)" "calls by the name"
same 0 "$(calls --process nobody)" "calls of nobody"
same "$all" "$(($(calls --to 5ms) + $(calls -e 'time > 5ms')))" "calls before and after"
same "$(calls -e 'time > 5ms')" "$(calls --from 5.000001ms)" "calls after"
# What is no call goes by process and time as well.
code 0 "$trace" dump --json --process nobody a.vgt
refuse out '"event":"library"'
want out '"event":"session"'

bad() {
	code 2 "$trace" dump "${@:2}" a.vgt
	want err "$1"
}
bad "^vgpu-trace: --longer takes a duration, as 1ms or 20us, not '3parsec'" --longer 3parsec
bad "^vgpu-trace: --from takes a time" --from yesterday
bad '^vgpu-trace: --process takes' --process 'a" || pid != 0 || proc ~ "'
bad '^vgpu-trace: cannot use the filter: column 7: ' --library cuda -e 'fn && dorf'

# Followed while it is recorded, until its end.
mkfifo gate
"$trace" run --shim sim -q -o b.vgt -- "$app" discover block gate >/dev/null &
job=$!
until [ -s b.vgt ]; do kill -0 $job || fail "the recording ended early"; done
"$trace" dump --follow b.vgt >follow.txt &
follow=$!
wait_for follow.txt 'cuDeviceTotalMem_v2'
kill -0 $follow || fail "it did not wait for the end"
refuse follow.txt '^GPU FOUND'
exec 3>gate 3>&-
wait $job
wait $follow || fail "following failed"
"$trace" dump b.vgt >whole.txt
cmp follow.txt whole.txt

# One whose recording was cut off ends when we are told to.
head -c $(($(stat -c %s a.vgt) - 20)) a.vgt >cut.vgt
"$trace" dump --follow cut.vgt >cut.txt &
follow=$!
wait_for cut.txt 'exited with'
kill -INT $follow
wait $follow || fail "an interrupt is no failure"

# A process, followed until it ends.
"$trace" run --shim sim -q -o c.vgt -- "$app" discover block gate >/dev/null &
job=$!
until pid=$(pgrep -P $job cli_app) && "$trace" dump "$pid" >/dev/null 2>&1; do
	kill -0 $job || fail "the recording ended early"
done
"$trace" dump --follow "$pid" >process.txt &
follow=$!
wait_for process.txt 'cuDeviceTotalMem_v2'
exec 3>gate 3>&-
wait $job
wait $follow || fail "following a process failed"
want process.txt 'cuDeviceGetCount'

# Who called: at least that it is not known.
code 0 "$trace" dump --backtrace -f cuInit a.vgt
want out '    #0 +(0x|[a-z_]+\+0x)'
echo "dump shows what was asked for"
