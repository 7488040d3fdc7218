#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every process is followed, by the kernel's connector and by polling; and of each it is said whether our libraries got in.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"
need python3 "${CC:-cc}"

mkfifo gate
echo '#include <unistd.h>
#include <fcntl.h>
int main(int c, char **v) { char b; return c > 1 ? read(open(v[1], O_RDONLY), &b, 1) : 7; }' >static.c
static=
"${CC:-cc}" -o idle static.c
"${CC:-cc}" -static -o static static.c 2>/dev/null && static=yes

for how in connector poll; do
	export VGPU_TRACE_FOLLOW=$how

	# A tree: shell, child, its fork, exec.
	code 4 "$trace" run --shim sim -o tree.vgt -- sh -c "'$app' fork; exec '$app' discover exit 4"
	same 2 "$(grep -c 'GPU NVIDIA' out)" "discoveries"
	"$trace" dump --json tree.vgt >tree.json
	python3 - <<'PYTHON'
import json
events = [json.loads(line) for line in open("tree.json")]
starts = {e["process"]: e for e in events if e["event"] == "start"}
calls = {}
for e in events:
    if e["event"] == "call":
        calls[e["process"]] = calls.get(e["process"], 0) + 1
# The shell's own process became the last program; the fork of the first child called. Whoever calls is seen.
assert sorted(calls.values()) == [13, 13], calls
exits = {e["process"]: e for e in events if e["event"] == "exit"}
assert set(exits) == set(starts), (exits, starts)
assert exits[1]["status"] == 4, exits
if starts[1]["witness"] == "process connector":
    # None is missed: the first child, too, which lives for a moment and calls nothing.
    assert len(starts) == 3, starts
    assert [e["parent"] for e in starts.values()].count(0) == 1, starts
    assert exits[3]["status"] == 3, exits
PYTHON

	# Where they cannot get in, and why.
	if [ -n "$static" ]; then
		"$trace" run --shim sim -o static.vgt -- ./static gate >out 2>err &
		job=$!
		seen static.vgt 2
		wait $job || true
		want err 'our libraries were in 0 of 1 process: not in static\([0-9]+\): a static program: no dynamic linker runs in it'
		rm static.vgt
	fi
	"$trace" run --shim sim -o env.vgt -- env -i "$VGPU_WORK_DIR/idle" gate >out 2>err &
	job=$!
	# env(1) itself has them: the look that counts is the one after it became the other program.
	seen env.vgt 2
	wait $job || true
	want err 'not in idle\([0-9]+\): its environment lacks our variables'
	rm env.vgt

	# One that outlives the command: it is said, and its directory stays for as long as it needs it.
	before=$(left_behind)
	"$trace" run --shim sim --no-record -- sh -c "'$app' wait gate >/dev/null 2>&1 & '$app' discover" >out 2>err
	want err '^1 process still runs; what it does now is not recorded any more'
	same $((before + 1)) "$(left_behind)" "directories while it runs"
	exec 3>gate 3>&-
	unset VGPU_TRACE_FOLLOW
done

# Hundreds of short ones: every call of every process.
code 0 "$trace" run --shim sim -o many.vgt -- sh -c "i=0; while [ \$i -lt 200 ]; do '$app' discover & i=\$((i+1)); done; wait"
same 200 "$(grep -c '^GPU NVIDIA' out)" "programs that found it"
want err '^2,600 calls of 8 functions'
want err ' 0 calls lost$'
want err '^our libraries were in 20[01] of 201 processes'
