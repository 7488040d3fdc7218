#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Disk full while recording: the recording stops and says so, the command goes on, what was written stays readable.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"

check() {
	want err "^vgpu-trace: stopped recording to '$1': $2"
	want err 'The command goes on. The first [0-9]+ events are in the file'
	want err '^GPU FOUND'
	same "GPU NVIDIA H100 80GB HBM3" "$(cat out)" "the program's output"
	events=$(sed -n 's/.*The first \([0-9]*\) events.*/\1/p' err)
	code 1 "$trace" dump --json "$1"
	want err "has no end: its recording was cut off after event $events;"
	same "$events" "$(wc -l <out)" "events in the file"
}

# A limit on the size of files stands for the disk, where no file system can be made. What is printed
# goes through a pipe, and the commands' own limit is lifted again: their rings are files, too.
mkfifo pipe
cat pipe >printed &
# shellcheck disable=SC2016  # the inner shells fill them in
code 5 bash -c 'ulimit -S -f 24 && exec "$@" 2>pipe' bash "$trace" run --shim sim -o limited.vgt -- bash -c '
	ulimit -S -f unlimited
	for i in {1..250}; do "$1" discover >/dev/null; done
	exec "$1" discover exit 5' bash "$app"
wait
mv printed err
check limited.vgt 'File too large'
[ "$events" -gt 100 ] || fail "only $events events got into 24 KiB"
