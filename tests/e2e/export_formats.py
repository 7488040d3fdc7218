#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks of exports that are about what they mean: nesting, flows, memory, parents, sums."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import export_check as check  # noqa: E402

ns = check.ns


def spans_by_name(spans):
    out = {}
    for s, _ in spans:
        out.setdefault(s["name"], []).append(s)
    return out


def nested_chrome(path):
    trace, slices, flows = check.chrome(path)
    events = [e for e in trace["traceEvents"] if e["ph"] in "XB" and e["cat"] in ("cuda", "cudart13", "cudart12")]
    at = {e["name"]: e for e in events}
    base = 1000000
    want = {"cudaGetDeviceCount": (100, 100), "cuDriverGetVersion": (110, 60), "cuInit": (120, 10),
            "cuDeviceGetCount": (130, 30), "cuDeviceGet": (180, 10), "cudaFree": (101, 50),
            # clamped into the call that it was made in
            "cuMemFree_v2": (105, 46), "cuMemAlloc_v2": (310, 40)}
    for name, (start, duration) in want.items():
        got = ns(at[name]["ts"]) - base, ns(at[name]["dur"])
        assert got == (start, duration), (name, got)
        assert at[name]["args"]["name"] == name
    ends = [ns(e["ts"]) - base for e in trace["traceEvents"] if e["ph"] == "E"]
    # In flight and returned at 400; in flight when its process ended, seen last at 477.
    assert at["cudaMalloc"]["ph"] == "B" and sorted(ends) == [400, 477], ends
    pids = {e["pid"] for e in trace["traceEvents"] if e["ph"] == "i" and e["name"] == "start"}
    assert len(pids) == 2 and 100 in pids, "two processes of the same pid are one"


def nested_otlp(path):
    spans = check.otlp(path)
    by = spans_by_name(spans)
    (outer,), (mid,), (inner,), (count,) = (by[n] for n in ("cudaGetDeviceCount", "cuDriverGetVersion", "cuInit",
                                                             "cuDeviceGetCount"))
    (parent,), (child,) = by["parent"], by["child"]
    assert inner["parentSpanId"] == mid["spanId"] and mid["parentSpanId"] == outer["spanId"]
    assert outer["parentSpanId"] == parent["spanId"] and child["parentSpanId"] == parent["spanId"]
    assert "parentSpanId" not in parent and child["traceId"] == parent["traceId"] == inner["traceId"]
    assert inner["status"] == {"code": 1} and count["status"] == {"code": 2, "message": "CUDA_ERROR_NO_DEVICE"}
    assert inner["startTimeUnixNano"] == str(1700000000000000000 + 120), inner
    assert inner["endTimeUnixNano"] == str(1700000000000000000 + 130), inner
    (alloc,), (runtime,) = by["cuMemAlloc_v2"], by["cudaMalloc"]
    assert alloc["parentSpanId"] == runtime["spanId"] and runtime["status"]["code"] == 2
    assert int(runtime["endTimeUnixNano"]) - int(runtime["startTimeUnixNano"]) == 100
    (never,) = by["cuCtxCreate_v2"]
    assert never["status"] == {"code": 0}


def nested_folded(path):
    got = dict(line.rsplit(" ", 1) for line in open(path).read().splitlines())
    want = {"parent;cudaGetDeviceCount": 100 - 60 - 10, "parent;cudaGetDeviceCount;cuDriverGetVersion": 60 - 10 - 30,
            "parent;cudaGetDeviceCount;cuDriverGetVersion;cuInit": 10,
            "parent;cudaGetDeviceCount;cuDriverGetVersion;cuDeviceGetCount": 30,
            "parent;cudaGetDeviceCount;cuDeviceGet": 10, "parent;cudaFree": 4, "parent;cudaFree;cuMemFree_v2": 46,
            "parent;cudaMalloc": 60, "parent;cudaMalloc;cuMemAlloc_v2": 40, "parent;cuCtxCreate_v2": 77}
    assert {k: int(v) for k, v in got.items()} == want, got


def nested_sqlite(path):
    import sqlite3
    db = sqlite3.connect(path)
    got = db.execute("SELECT c.function, p.function FROM calls c LEFT JOIN calls p ON p.number=c.parent"
                     " ORDER BY c.time_ns").fetchall()
    assert ("cuInit", "cuDriverGetVersion") in got and ("cuDriverGetVersion", "cudaGetDeviceCount") in got, got
    assert ("cudaGetDeviceCount", None) in got and ("cuMemFree_v2", "cudaFree") in got, got
    inside = db.execute("SELECT f.name FROM calls c JOIN pending q ON q.number=c.parent JOIN function f ON"
                        " f.id=q.function WHERE c.function='cuMemAlloc_v2'").fetchall()
    assert inside == [("cudaMalloc",)], inside
    assert db.execute("SELECT status, failed FROM calls WHERE function='cuDeviceGetCount'").fetchall() == \
        [("CUDA_ERROR_NO_DEVICE", 1)]


def real_chrome(path, dump):
    trace, slices, flows = check.chrome(path)
    events = trace["traceEvents"]
    calls = [e for e in map(json.loads, open(dump)) if e["event"] == "call"]
    x = {e["args"]["number"]: e for e in events if e["ph"] == "X" and "number" in e["args"]}
    assert set(x) == {c["number"] for c in calls}, "calls are missing"
    for c in calls:
        assert abs(ns(x[c["number"]]["ts"]) - c["time_ns"]) <= c["duration_ns"] and x[c["number"]]["name"] == c["name"]
    # Every launch that succeeded is a flow from the runtime by the driver to the stream.
    good = [c for c in calls if c["name"] == "cudaLaunchKernel" and c["result"] == 0]
    assert len(flows) == len(good) == 9, (len(flows), len(good))
    names = {}
    for list_ in flows.values():
        assert "".join(e["ph"] for _, _, e in sorted(list_, key=lambda f: f[:2])) == "stf", list_
        time, _, end = list_[-1]
        marks = [e for e in events if e["ph"] == "X" and e["cat"] == "launch" and e["tid"] == end["tid"] and
                 ns(e["ts"]) == time]
        assert len(marks) == 1, marks
        name = marks[0]["name"], marks[0]["args"]["symbol"]
        names[name] = names.get(name, 0) + 1
    assert names == {("add(float*)", "_Z3addPf"): 5, ("multiply(float*)", "_Z8multiplyPf"): 4}, names
    assert len({e["tid"] for e in events if e["ph"] == "f"}) == 2, "two streams"
    bytes_ = [e["args"]["bytes"] for e in sorted((e for e in events if e["ph"] == "C"), key=lambda e: ns(e["ts"]))]
    MiB = 1 << 20
    assert [int(b) for b in bytes_] == [1 * MiB, 3 * MiB, 7 * MiB, 6 * MiB, 4 * MiB, 0], bytes_


def real_otlp(path, again, dump):
    spans = check.otlp(path)
    calls = {e["number"]: e for e in map(json.loads, open(dump)) if e["event"] == "call"}
    assert open(path).read() == open(again).read(), "ids are not stable"
    numbered = {}
    for s, resource in spans:
        values = {a["key"]: next(iter(a["value"].values()), None) for a in s["attributes"]}
        if "vgpu.event.number" in values:
            numbered[int(values["vgpu.event.number"])] = (s, values)
    for n, c in calls.items():
        s, values = numbered[n]
        assert s["name"] == c["name"] and int(s["endTimeUnixNano"]) - int(s["startTimeUnixNano"]) == c["duration_ns"]
        assert s["status"]["code"] == (0 if c.get("status") is None else 2 if c["result"] else 1), (s, c)
        assert int(values.get("vgpu.ordinal", 0)) == c["ordinal"]
    by = spans_by_name(spans)
    runtime = {s["spanId"] for s in by["cudaMalloc"]}
    assert all(s["parentSpanId"] in runtime for s in by["cuMemAlloc_v2"])


def real_folded(path, dump):
    calls = [e for e in map(json.loads, open(dump)) if e["event"] == "call"]
    total = sum(int(line.rsplit(" ", 1)[1]) for line in open(path))
    outer = sum(c["duration_ns"] for c in calls if c["depth"] == 0)
    assert total == outer, "the sum of all frames is %d, of the outermost calls %d" % (total, outer)
    assert any("cudaMalloc;cuMemAlloc_v2 " in line for line in open(path))


def real_sqlite(path, stat):
    import sqlite3
    db = sqlite3.connect(path)
    want = {(r["library"], r["function"]): (r["calls"], r["errors"], r["total_ns"], r["max_ns"], r["first_ns"], r["last_ns"])
            for g in json.load(open(stat))["groups"] for r in g["rows"]}
    got = {(r[0], r[1]): r[2:] for r in db.execute(
        "SELECT library, function, calls, failed, total_ns, max_ns, first_ns, last_ns FROM function_totals")}
    assert got == want, (got, want)
    sizes = [int(r[0]) for r in db.execute("SELECT in_value FROM arguments WHERE function='cudaMalloc' AND name='size'"
                                           " ORDER BY number")]
    assert sizes == [1 << 20, 1 << 21, 1 << 22], sizes
    assert db.execute("SELECT comm, exit_how, exit_status FROM processes").fetchall() == [("export_app", 1, 0)]
    plan = " ".join(r[3] for r in db.execute("EXPLAIN QUERY PLAN SELECT * FROM call WHERE function=1"))
    assert "call_by_function" in plan, plan


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
