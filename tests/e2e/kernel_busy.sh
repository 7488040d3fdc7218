#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ctrl-C ends attach also where calls come faster than its output is read: the targets go on.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"
foreign=$VGPU_WORK_DIR/libcuda-foreign.so
cp "$VGPU_BUILD_DIR/tests/e2e/libcuda-foreign.so" "$foreign"
cp "$VGPU_BUILD_DIR/tests/e2e/kernel_target" kt_busy
trap 'jobs -p | xargs -r kill 2>/dev/null || true' EXIT

pids=()
for i in 1 2 3; do
	./kt_busy wait "$foreign" >"said.$i" 3>/dev/null &
	pids+=($!)
	wait_for "said.$i" '^pid'
done
mkfifo pipe
# Some 10,000 lines a second: a terminal far away. Notes when many were read.
awk '{ for (i = 0; i < 1000; i++) n += i } NR == 2000 { print "many" >"read"; close("read") } END { print NR }' <pipe >lines &
reader=$!
"$trace" attach --buffer 1 "${pids[@]}" >pipe 2>err &
job=$!
until [ -e read ]; do
	kill -0 $job 2>/dev/null || {
		grep -q 'CAP_BPF\|without the kernel observer\|no way to attach\|has no links' err && skip "$(cat err)"
		fail "attach ended: $(cat err)"
	}
done
kill -INT $job
timeout 100 tail -f /dev/null --pid=$job || fail "attach goes on for as long as there are calls"
wait $job || fail "attach: exit code $?: $(cat err)"
for pid in "${pids[@]}"; do
	kill -0 "$pid" || fail "a target is gone"
done
wait $reader
echo "$(cat lines) lines were read"
