#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# stat: what it counts is what dump shows; it fits 80 columns; it says "never" only where somebody watched.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"
need python3

code 0 "$trace" run --shim sim -q -o s.vgt -- "$app" discover many 500 threads 3 fork
"$trace" dump --json s.vgt >dump.jsonl
code 0 "$trace" stat --wide s.vgt
want out '^cuDriverGetVersion +800 +- '
want out '^    2 × CUDA_ERROR_INVALID_DEVICE \(101\)$'
want out '^826 calls, 9 rows, 4 errors$'

# Every number, again, by somebody else's arithmetic, for each grouping.
for by in function process thread caller; do
	code 0 "$trace" stat --json --by $by s.vgt
	python3 - $by out dump.jsonl <<'PY' || fail "stat --by $by does not count what dump shows"
import json, math, sys
by, stat, dump = sys.argv[1:]
calls = [e for e in map(json.loads, open(dump)) if e["event"] == "call"]
key = {"function": lambda e: "", "process": lambda e: e["process"], "thread": lambda e: (e["process"], e["thread"]),
       "caller": lambda e: (e["process"], e["caller"])}[by]
want = {}
for e in calls:
    want.setdefault((key(e), e["name"]), []).append(e)
def row(name, es):
    d = sorted(e["duration_ns"] for e in es)
    codes = {}
    for e in es:
        if e["result"]:
            codes[e["status"]] = codes.get(e["status"], 0) + 1
    return (name, len(es), sum(codes.values()), sum(d), d[-1], min(e["time_ns"] for e in es),
            max(e["time_ns"] for e in es), tuple(sorted(codes.items()))), [d[math.ceil(len(d) * p / 100) - 1] for p in (50, 90, 99)]
want = sorted(row(k[1], v) for k, v in want.items())
s = json.load(open(stat))
got = sorted((((r["function"], r["calls"], r["errors"], r["total_ns"], r["max_ns"], r["first_ns"], r["last_ns"],
                tuple(sorted(r["results"].items()))), [r["p50_ns"], r["p90_ns"], r["p99_ns"]])
              for g in s["groups"] for r in g["rows"]))
assert [w[0] for w in want] == [g[0] for g in got], (want, got)
for w, g in zip(want, got):
    for a, b in zip(w[1], g[1]):
        assert abs(a - b) <= a * s["percentile_error"], (w, g)
assert sum(g["calls"] for g in s["groups"]) == len(calls)
PY
done

# A person's terminal.
for by in function process thread caller; do
	code 0 "$trace" stat --by $by s.vgt
	same "" "$(grep -E '^.{81}' out || true)" "lines longer than 80 columns, by $by"
done

# Values for a spreadsheet.
code 0 "$trace" stat --csv --by process s.vgt
python3 - out <<'PY' || fail "--csv is not what a reader of csv expects"
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
assert sum(int(r["calls"]) for r in rows) == 826, rows
assert {r["results"] for r in rows if r["function"] == "cuDeviceGet"} == {"CUDA_ERROR_INVALID_DEVICE=1"}, rows
PY

# Filters, orders, limits.
code 0 "$trace" stat -e 'fn ~ "cuDevice*" && ret != 0' s.vgt
want out '^4 calls that passed the filter, 2 rows, 4 errors$'
code 0 "$trace" stat --sort name -n 2 s.vgt
same "cuDeviceGet cuDeviceGetAttribute" "$(awk '/^cu/ {print $1}' out | xargs)" "the first two by name"
want out '^… 7 more functions$'
code 2 "$trace" stat --sort nmae s.vgt
want err "did you mean 'name'"
code 2 "$trace" stat --never -e 'ret != 0' s.vgt
code 2 "$trace" stat
code 1 "$trace" stat no-such-file.vgt

# Never called: of the library that was watched all others, of those that were in no process nothing.
code 0 "$trace" run --shim sim --inject path -q -o path.vgt -- "$app" discover
code 0 "$trace" stat --never --json path.vgt
python3 - out <<'PY' || fail "--never claims what was not observed"
import json, sys
s = json.load(open(sys.argv[1]))
never = {n["library"]: n for n in s["never"]}
called = {r["function"] for g in s["groups"] for r in g["rows"]}
assert never["cuda"]["watched"] == "everywhere", never["cuda"]["watched"]
assert len(never["cuda"]["not_called"]) == 637 - len(called)
assert not called & set(never["cuda"]["not_called"])
assert never["cudart13"]["watched"] == "nowhere" and never["cudart13"]["not_called"] is None
PY
# Where calls were lost, they may have been among them. Nobody reads the ring while it wraps.
mkdir rings
VGPU_TRACE_DIR=$PWD/rings VGPU_BACKEND=sim LD_LIBRARY_PATH=$VGPU_BUILD_DIR/lib/names "$app" discover many 300000 >out
want out '^GPU'
code 0 "$trace" stat --never rings/*.ring
want out '^libcuda.so.1 .* calls were lost: they may have been called$'
want out 'calls were lost and are not in here$'

# A program that ours were not in: nothing is known, and nothing is listed.
code 0 "$trace" run -q -o none.vgt -- true
code 0 "$trace" stat --never none.vgt
want out '^no calls are on record$'
same 4 "$(grep -c 'not known: ours was not seen in any process' out)" "libraries of which nothing is known"
