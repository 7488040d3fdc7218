#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run --append, attach --append: a recording that goes on in the file of an earlier one, and files that refuse.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"

# record ARGUMENT…: runs the program on the simulated device.
record() { code 0 "$trace" run --shim sim -q "$@" -- "$app" discover; }
count() { grep -c "\"event\":\"$1\"" events.json || true; }
# Every event has the next number, and every process was started under a number of its own.
look() {
	"$trace" dump --json "$1" >events.json
	same "" "$(sed -n 's/.*"number":\([0-9]*\),"observer.*/\1/p' events.json | awk '$1 != NR')" "events out of their place"
	same "" "$(sed -n 's/.*"event":"start".*"process":\([0-9]*\),.*/\1/p' events.json | sort | uniq -d)" "processes with one number"
}

# Where there is no file, it begins one.
record --append -o a.vgt
look a.vgt
one=$(count call)
[ "$one" -gt 5 ] || fail "only $one calls"
size=$(stat -c %s a.vgt)
record --append -o a.vgt
look a.vgt
same 2 "$(count session)" "recordings in the file"
same $((2 * one)) "$(count call)" "calls of both"
same 2 "$(sed -n 's/.*"event":"call".*"thread":\([0-9]*\),.*/\1/p' events.json | sort -u | wc -l)" "threads of both"
# Names and signatures are there already.
[ "$(stat -c %s a.vgt)" -lt $((2 * size)) ] || fail "what both tell is in the file twice: $size, then $(stat -c %s a.vgt)"
code 0 "$trace" explain a.vgt
want out '^GPU FOUND'
code 0 "$trace" stat --json a.vgt
want out '"cuInit"'
code 0 "$trace" export --format sqlite --force -o a.db a.vgt

# What runs already, from outside.
mkfifo gate
VGPU_TRACE_DIR=$PWD LD_LIBRARY_PATH=$VGPU_BUILD_DIR/lib/names "$app" discover block gate >said 2>&1 &
pid=$!
wait_for said 'GPU NVIDIA'
VGPU_TRACE_DIR=$PWD "$trace" attach --ring --append -o a.vgt $pid >attach.txt 2>&1 &
job=$!
wait_for attach.txt 'cuInit'
exec 3>gate 3>&-
wait $pid
wait $job || fail "attaching failed: $(cat attach.txt)"
look a.vgt
same 3 "$(count session)" "recordings in the file"
[ "$(count call)" -gt $((2 * one)) ] || fail "the attached process's calls are not there"

# refused FILE MESSAGE: it is not touched.
refused() {
	cp "$1" before
	code 125 "$trace" run --shim sim -q --append -o "$1" -- "$app" discover
	want err "$2"
	cmp before "$1"
	code 1 "$trace" attach --ring --append -o "$1" $$
	cmp before "$1"
}
head -c $(($(stat -c %s a.vgt) - 20)) a.vgt >cut.vgt
refused cut.vgt "^vgpu-trace: cannot append to 'cut.vgt': it has no end"
cp a.vgt other.vgt
printf '\143' | dd of=other.vgt bs=1 seek=8 conv=notrunc 2>/dev/null
refused other.vgt "^vgpu-trace: cannot append to 'other.vgt': it was written by another version"
cp a.vgt head.vgt
printf '\143' | dd of=head.vgt bs=1 seek=20 conv=notrunc 2>/dev/null
refused head.vgt "^vgpu-trace: cannot append to 'head.vgt': .* its head is damaged"
echo "no trace" >text
refused text "^vgpu-trace: cannot record to 'text': there is something else"
code 125 "$trace" run --append --no-record -- true
want err 'either --append or --no-record'
code 2 "$trace" attach --append $$
want err '^vgpu-trace: attach: --append to what'
echo "a recording goes on where another ended"
