#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run --stderr=notify: what a grandchild writes to a stderr that leads to /dev/null is in the trace; the program has the
# output and the exit code that it has without us, also when we are gone, and where seccomp is not permitted.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
need python3
writer=$VGPU_BUILD_DIR/tests/e2e/stderr_writer
rm -rf "${VGPU_WORK_DIR:?}"/*
export XDG_RUNTIME_DIR=$VGPU_WORK_DIR/runtime VGPU_TRACE_KERNEL=off
mkdir -m 700 "$XDG_RUNTIME_DIR"

# code EXPECTED COMMAND…: its exit code; output to out and err.
code() {
	local expected=$1 status=0
	shift
	"$@" >out 2>err || status=$?
	same "$expected" "$status" "exit code of $*"
}

code 5 "$writer" say
mv out out.bare
mv err err.bare
want out.bare '^17 15 100000 0 14 errno 77$'

code 5 "$trace" run --stderr=notify -q -o a.vgt -- "$writer" say
cmp out out.bare || fail "its output differs"
cmp err err.bare || fail "what it writes to stderr differs"
if "$trace" dump a.vgt | grep -q 'stderr is not recorded'; then
	skip "no notifications of seccomp here"
fi

# Of a grandchild whose stderr leads nowhere.
code 3 "$trace" run --stderr=notify -q -o a.vgt -- sh -c "sh -c '$writer say 2>/dev/null; exit 4'; exit 3"
"$writer" say >out.null 2>/dev/null || true
cmp out out.null || fail "the grandchild's output differs"
"$trace" dump --json a.vgt >all.json
python3 - <<'END' || fail "what was written is not on record"
import json
events = [json.loads(line) for line in open("all.json")]
starts = {e["process"]: e for e in events if e["event"] in ("start", "exec")}
out = [e for e in events if e["event"] == "output"]
assert all(e["descriptor"] == 2 and e["target"] == "/dev/null" and e["observer"] == 8 for e in out), out
assert {starts[e["process"]]["argv"][-1] for e in out} == {"say"}, starts
texts = [(bytes.fromhex(e["bytes"]), e["full_size"]) for e in out]
assert texts[0] == (b"words for nobody\n", 17) and texts[1] == (b"in three parts\n", 15), texts[:2]
assert texts[2] == (b"x" * 16384, 100000), texts[2]
assert (b"from a thread\n", 14) in texts and (b"", 10) in texts, texts
thread = [e for e in out if e["bytes"] == b"from a thread\n".hex()][0]
assert thread["tid"] != out[0]["tid"] and thread["process"] == out[0]["process"]
for e in out:
    assert e["number"] < [x for x in events if x["event"] == "exit" and x["process"] == e["process"]][0]["number"]
END
"$trace" dump a.vgt >dump.txt
want dump.txt 'stderr +\(to /dev/null\) words for nobody'

# Off by default.
code 5 "$trace" run -q -o a.vgt -- "$writer" say
"$trace" dump --json a.vgt >all.json
refuse all.json '"event":"output"'

# What outlives the recording, and a tracer that is killed: the program never notices.
mkfifo gate
code 0 "$trace" run --stderr=notify -q -o a.vgt -- sh -c "{ $writer wait gate >late.out 2>late.err; echo \$? >late.code; } & exit 0"
: >gate
until [ -s late.code ]; do :; done
same 5 "$(cat late.code)" "exit code of one that outlives the recording"
cmp late.out out.bare || fail "one that outlives the recording differs"
cmp late.err err.bare || fail "one that outlives the recording differs in what it writes to stderr"
rm late.*
"$trace" run --stderr=notify -q -o a.vgt -- sh -c "echo \$PPID >tracer; $writer wait gate >late.out 2>late.err; echo \$? >late.code" &
job=$!
exec 3>gate
kill -KILL "$(cat tracer)"
wait $job 2>/dev/null || true
exec 3>&-
until [ -s late.code ]; do :; done
same 5 "$(cat late.code)" "exit code of one whose tracer was killed"
cmp late.out out.bare || fail "one whose tracer was killed differs"
cmp late.err err.bare || fail "one whose tracer was killed differs in what it writes to stderr"

# Where it is not permitted: said, and nothing else is different.
code 5 "$writer" deny "$trace" run --stderr=notify -q -o a.vgt -- "$writer" say
cmp out out.bare || fail "its output differs where seccomp is refused"
want err 'stderr is not recorded: no notifications of seccomp here: Operation not permitted'
"$trace" dump a.vgt >dump.txt
want dump.txt 'stderr is not recorded'

# The processes that answered are gone once nobody is left to be answered.
answering() { grep -lsx vgpu-overhear /proc/[0-9]*/comm | sed 's/comm$/environ/' | xargs -r grep -ls "XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR" 2>/dev/null; }
while [ -n "$(answering || true)" ]; do :; done
