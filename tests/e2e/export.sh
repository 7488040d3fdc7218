#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# export: a real program's trace in every format, read back by others; what is there stays; no half files.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"
need python3
check() { python3 "$VGPU_SOURCE_DIR/tests/e2e/export_formats.py" "$@" || fail "$*"; }

code 0 "$trace" run --shim sim -q -o t.vgt -- "$VGPU_BUILD_DIR/tests/e2e/export_app"
"$trace" dump --json t.vgt >dump.jsonl
"$trace" stat --json t.vgt >stat.json
formats=$("$trace" help export | sed -n '/^formats:/,$ { /(not built in)/d; s/^  \([a-z]*\) .*/\1/p }')
[ "$(wc -w <<<"$formats")" -ge 6 ] || fail "only these formats: $formats"
for format in $formats; do
	code 0 "$trace" export --format "$format" -o "x.$format" t.vgt
	want out "^x.$format: $(wc -l <dump.jsonl) events read, written as $format$"
done
check real_chrome x.chrome dump.jsonl
"$trace" export --format otlp -o - t.vgt >again.otlp
check real_otlp x.otlp again.otlp dump.jsonl
check real_folded x.folded dump.jsonl
if [ -e x.sqlite ]; then
	check real_sqlite x.sqlite stat.json
	# The document names every table, view and index, and every column that is not simply an event's field.
	python3 - x.sqlite "$VGPU_SOURCE_DIR/docs/sqlite-schema.md" <<'PY' || fail "docs/sqlite-schema.md"
import re, sqlite3, sys
db, text = sqlite3.connect(sys.argv[1]), open(sys.argv[2]).read()
kinds = {r[0].replace(" ", "_") for r in db.execute("SELECT name FROM kind")}
for type_, name in db.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall():
    assert "`%s`" % name in text, "%s %s is not in the document" % (type_, name)
    if type_ == "index" or name in kinds:
        continue
    line = next((l for l in text.split("\n") if re.match(r"\| (`\w+`, )*`%s`" % name, l)), text)
    for column in [r[1] for r in db.execute("PRAGMA table_info(%s)" % name)]:
        assert re.search(r"\b%s\b" % column, line) or "as `calls`" in line, "%s.%s is not in the document" % (name, column)
PY
fi
if command -v babeltrace2 >/dev/null; then
	same "$(wc -l <dump.jsonl)" "$(babeltrace2 x.ctf | wc -l)" "events in x.ctf"
	# The clock's offset is right: the recording is some seconds old.
	begun=$(babeltrace2 --clock-seconds x.ctf | sed -n '1s/^\[\([0-9]*\).*/\1/p')
	now=$(date +%s)
	if [ $((now - begun)) -lt 0 ] || [ $((now - begun)) -ge 300 ]; then
		fail "x.ctf began at $begun, and it is $now"
	fi
fi

# Recorded stacks, with names from the program's file where the build can read them.
code 0 "$trace" run --shim sim --stacks 16 -q -o stacks.vgt -- "$VGPU_BUILD_DIR/tests/e2e/export_app"
if "$trace" dump --json stacks.vgt | grep -q '"stack":\["0x'; then
	code 0 "$trace" export --format folded -o stacks.folded stacks.vgt
	want stacks.folded '^export_app;(.*;)?(main|export_app\+0x[0-9a-f]+);cudaMalloc [0-9]+$'
fi

# A filter, and standard output.
same 3 "$("$trace" export --format jsonl -e 'fn == cudaMalloc' -o - t.vgt | grep -c '"event":"call"')" "calls"
"$trace" export --format chrome -e 'fn == cuMemAlloc_v2' -o - t.vgt >filtered.json
# Memory in use is what it was, whatever the filter shows.
same 6 "$(grep -c '"ph":"C"' filtered.json)" "counter values"

# What is there stays.
echo "my thesis" >thesis
code 1 "$trace" export --format csv -o thesis t.vgt
want err "cannot write 'thesis': there is something of that name"
same "my thesis" "$(cat thesis)" "what was there"
code 1 "$trace" export --format jsonl -o t.vgt t.vgt
code 0 "$trace" dump t.vgt
code 1 "$trace" export --format ctf --force -o x.ctf t.vgt
[ -e x.ctf/metadata ] || fail "a directory was removed"
code 0 "$trace" export --format csv --force -o thesis t.vgt
mkdir empty
code 0 "$trace" export --format ctf --force -o empty/ t.vgt
[ -e empty/metadata ] || fail "nothing in the empty directory"

# Mistakes are said, and leave nothing.
code 2 "$trace" export -o y t.vgt
want err 'in which format'
code 2 "$trace" export --format jsnol -o y t.vgt
want err "did you mean 'jsonl'"
code 2 "$trace" export --format csv t.vgt
want err 'where to'
code 1 "$trace" export --format ctf -o - t.vgt
want err 'cannot write ctf to standard output'
code 1 "$trace" export --format csv -o no/such/directory t.vgt
want err "cannot write 'no/such/directory': No such file or directory"
code 1 "$trace" export --format csv -o y no-such-trace.vgt
[ -z "$(find . -name 'y*' -o -name 'x.*.??????')" ] || fail "something was left: $(find . -name 'y*' -o -name 'x.*.??????')"

# A disk that is full (here: a limit on the size of files): an error, and nothing of that name.
code 0 "$trace" run --shim sim -q -o big.vgt -- "$app" discover many 3000
for format in $formats; do
	[ "$format" != folded ] || continue
	# shellcheck disable=SC2016
	code 1 bash -c 'ulimit -f 4 && exec "$@"' bash "$trace" export --format "$format" -o "full.$format" big.vgt
	want err "cannot write 'full.$format': (File too large|No space left on device|database or disk is full); nothing is left of it"
done
[ -z "$(find . -name 'full*')" ] || fail "a half file was left: $(find . -name 'full*')"

# A trace that was cut off: what is readable is exported, and that it is not all is said.
head -c -50 big.vgt >cut.vgt
code 1 "$trace" export --format jsonl -o cut.jsonl cut.vgt
[ "$(wc -l <cut.jsonl)" -gt 0 ] || fail "nothing of what was readable was exported"

# A running process.
mkfifo gate
VGPU_TRACE_DIR=$PWD "$trace" run --shim sim -q --no-record -- "$app" discover idle gate >app.out &
job=$!
wait_for app.out '^GPU'
code 0 "$trace" export --format jsonl -o live.jsonl cli_app
[ "$(grep -c '"event":"call"' live.jsonl)" -ge 10 ] || fail "calls of a running process"
: >gate
wait $job

# Stopped by a signal: no file, and it ended by that signal.
mkfifo slow
"$trace" export --format jsonl -o - big.vgt >slow &
job=$!
exec 9<slow
read -r -N 1000 _ <&9
kill -TERM $job
exec 9<&-
got=0
wait $job || got=$?
same 143 $got "exit code after SIGTERM"
