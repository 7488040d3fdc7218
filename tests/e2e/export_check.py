#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what an independent reader gets out of an export with what went in (export_events expect)."""
import csv
import json
import re
import sqlite3
import subprocess
import sys


def expected(path):
    """[(kind, {common: value}, {own: value})]: int, bytes, None, [bytes], or a tuple of ints"""
    events = []
    for line in open(path):
        kind, *cells = line.rstrip("\n").split("\t")
        parts = [{}, {}]
        part = 0
        for cell in cells:
            if cell == "|":
                part = 1
                continue
            name, value = cell.split("=", 1)
            sort, value = value[0], value[1:]
            parts[part][name] = {
                "i": lambda: int(value), "d": lambda: bytes.fromhex(value), "s": lambda: Text(bytes.fromhex(value)),
                "n": lambda: None, "l": lambda: [bytes.fromhex(v) for v in value.split(",")[1:]],
                "w": lambda: tuple(int(v) for v in value.split(",")[1:])}[sort]()
        events.append((kind, *parts))
    return events


class Text(bytes):
    """bytes that are text, not data"""


def number(text):
    return int(text, 16) if isinstance(text, str) and text.startswith("0x") else int(text)


def fail(what, *more):
    sys.exit("%s: %s" % (what, " ".join(map(repr, more))))


def check_value(where, want, got):
    """got: as JSON has it"""
    if want is None:
        ok = got is None
    elif isinstance(want, Text):
        ok = got is not None and want == got.encode()
    elif isinstance(want, bytes):
        ok = want.hex() == got
    elif isinstance(want, list):
        ok = want == [g.encode() for g in got]
    elif isinstance(want, tuple):
        ok = want == tuple(number(g) for g in got)
    else:
        ok = want == number(got)
    if not ok:
        fail(where, want, got)


def jsonl(events, path):
    lines = [json.loads(line) for line in open(path)]
    if len(lines) != len(events):
        fail("events", len(events), len(lines))
    fields = 0
    for (kind, common, own), got in zip(events, lines):
        if got["event"] != kind:
            fail("kind", kind, got["event"])
        for name, want in common.items():
            check_value((kind, name), want, got["event_" + name] if name in own else got[name])
            fields += 1
        for name, want in own.items():
            # Of a call of a known function it is that function's.
            if want is not None or (kind, name) not in (("call", "name"), ("pending", "name")):
                check_value((kind, name), want, got[name])
            fields += 1
    return fields


def csv_(events, path):
    raw = open(path, "rb").read()
    if not raw.endswith(b"\r\n"):
        fail("no CRLF at the end")
    rows = list(csv.DictReader(open(path, newline="", encoding="utf-8"), strict=True))
    if len(rows) != len(events):
        fail("events", len(events), len(rows))
    fields = 0
    for (kind, common, own), got in zip(events, rows):
        if got["event"] != kind or None in got:
            fail("row", kind, got)
        for where, part in (("", common), (kind + "_", own)):
            for name, want in part.items():
                cell = got[where + name if where and name in common else name]
                # An absent text and an empty one are told apart by quotes only, which this reader does not tell of.
                if want is None:
                    want = Text(b"")
                if isinstance(want, (list, tuple)):
                    cell = json.loads(cell)
                check_value((kind, name), want, cell)
                fields += 1
        named = set(common) | {kind + "_" + n if n in common else n for n in own}
        named |= {"event", "function_name", "library_name", "status", "in", "out"}
        for column, cell in got.items():
            if cell and column not in named:
                fail("a cell that should be empty", kind, column, cell)
    return fields


def signed(value):
    return value - (1 << 64) if value >= 1 << 63 else value


def sqlite(events, path):
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    if db.execute("PRAGMA integrity_check").fetchone()[0] != "ok" or db.execute("PRAGMA foreign_key_check").fetchall():
        # Functions that no description has are no row of `function`: only those may point nowhere.
        for row in db.execute("PRAGMA foreign_key_check"):
            fail("foreign key", tuple(row))
    if db.execute("SELECT count(*) FROM event").fetchone()[0] != len(events):
        fail("events")
    fields = 0
    for kind, common, own in events:
        n = common["number"]
        event = db.execute("SELECT e.*, k.name FROM event e JOIN kind k ON k.id=e.kind WHERE number=?", (n,)).fetchone()
        if event["name"] != kind:
            fail("kind", kind, event["name"])
        row = db.execute('SELECT * FROM "%s" WHERE number=?' % kind.replace(" ", "_"), (n,)).fetchone()
        for part, values, read in ((common, common, event), (own, own, row)):
            for name, want in values.items():
                fields += 1
                if isinstance(want, list) or (isinstance(want, tuple) and name not in ("args", "stack")) or \
                        (isinstance(want, tuple) and kind not in ("call", "pending")):
                    got = [r[0] for r in db.execute(
                        "SELECT value FROM item WHERE number=? AND field=? ORDER BY position", (n, name))]
                    want = [w.decode() if isinstance(w, bytes) else signed(w) for w in want]
                elif isinstance(want, tuple) and name == "args":
                    got = [r[0] for r in db.execute("SELECT word FROM argument WHERE number=? AND word IS NOT NULL ORDER BY position", (n,))]
                    want = [signed(w) for w in want]
                elif isinstance(want, tuple):
                    got = [r[0] for r in db.execute("SELECT address FROM frame WHERE stack=? ORDER BY position",
                                                    (read[name],))]
                    want = [signed(w) for w in want]
                else:
                    got = read[name]
                    if kind in ("call", "pending") and (want is None or isinstance(want, Text)) and got is not None:
                        got = db.execute("SELECT value FROM string WHERE id=?", (got,)).fetchone()[0]
                    if isinstance(want, Text):
                        want = want.decode()
                    elif want == b"":
                        want = None
                    elif isinstance(want, int):
                        want = signed(want)
                if want != got:
                    fail((kind, name), want, got)
    for view, in db.execute("SELECT name FROM sqlite_master WHERE type='view'").fetchall():
        db.execute("SELECT * FROM %s" % view).fetchall()
    return fields


def details(text):
    """Messages of babeltrace2's sink.text.details: [(name, cycles, {field: value})]"""
    messages, stack = [], None
    for line in text.split("\n"):
        m = re.match(r"^Event `(.*)` \(Class ID (\d+)\):$", line)
        if m:
            messages.append((m.group(1), clock, {}))
            stack = [(0, messages[-1][2])]
            continue
        m = re.match(r"^\[([0-9,]+) cycles, ([0-9,-]+) ns from origin\]$", line)
        if m:
            clock = (int(m.group(1).replace(",", "")), int(m.group(2).replace(",", "")))
            stack = None
            continue
        if not stack or not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        m = re.match(r"^\s*(?:\[(\d+)\]|([A-Za-z_0-9]+))(?: \([^)]*\))?:(?: (.*))?$", line)
        if not m:
            # A text with a line's end in it goes on as it is.
            holder, name = last
            holder[name] += "\n" + line
            continue
        while stack[-1][0] >= indent:
            stack.pop()
        name, value = m.group(1) or m.group(2), m.group(3)
        if value is None or value == "Empty" or re.match(r"^Length \d+:$", value):
            child = {}
            stack[-1][1][name] = child
            stack.append((indent, child))
        else:
            stack[-1][1][name] = value
            last = (stack[-1][1], name)
    return messages


def ctf(events, path):
    run = subprocess.run(["babeltrace2", "convert", path, "--component", "sink.text.details", "--params",
                          "with-metadata=false"], capture_output=True, text=True, encoding="utf-8")
    if run.returncode or run.stderr.strip():
        fail("babeltrace2", run.returncode, run.stderr[-2000:])
    messages = details(run.stdout)
    if len(messages) != len(events):
        fail("events", len(events), len(messages))
    times = [m[1][0] for m in messages]
    if times != sorted(times):
        fail("not in the order of time")
    offset = [e[2]["realtime_ns"] - e[2]["monotonic_ns"] for e in events if e[0] == "host"][0]
    byNumber = {}
    for name, clock, body in messages:
        payload = body["Payload"]
        byNumber[number(payload["number"].replace(",", ""))] = (name, clock, payload)
    fields = 0

    def integer(text):
        return number(text.replace(",", "").replace(":", ""))

    for kind, common, own in events:
        name, clock, got = byNumber[common["number"]]
        if name != kind or clock[0] != common["time_ns"] or clock[1] != common["time_ns"] + offset:
            fail("event", kind, name, clock, common)
        absent, empty = integer(got["absent"]), integer(got["empty"])
        for i, (field, want) in enumerate(own.items()):
            cell = got[kind + "_" + field if field in common else field]
            fields += 1
            if want is None or isinstance(want, Text):
                if bool(absent >> i & 1) != (want is None) or bool(empty >> i & 1) != (want == b""):
                    fail("absent or empty", kind, field, absent, empty)
                if text_of(cell) != (b"(none)" if want is None else want or b"(empty)"):
                    fail((kind, field), want, cell)
            elif isinstance(want, list):
                if [text_of(c) for c in cell.values()] != want:
                    fail((kind, field), want, cell)
            elif isinstance(want, bytes):
                if bytes(integer(c) for c in cell.values()) != want:
                    fail((kind, field), want, cell)
            elif isinstance(want, tuple):
                if tuple(integer(c) for c in cell.values()) != want:
                    fail((kind, field), want, cell)
            elif integer(cell) != want:
                fail((kind, field), want, cell)
        for field, want in common.items():
            fields += 1
            if field != "time_ns" and integer(got[field]) != want:
                fail((kind, field), want, got[field])
    return fields


def text_of(cell):
    return cell.encode() if isinstance(cell, str) else b""


def ns(value):
    whole, _, part = str(value).partition(".")
    return int(whole) * 1000 + int((part + "000")[:3])


def chrome(path):
    """The rules that Perfetto has for slices and flows, and what a person looks for. Returns the trace."""
    trace = json.load(open(path), parse_float=str)
    events = trace["traceEvents"]
    tracks, flows, slices = {}, {}, 0
    names = {(e["pid"], e["tid"]) for e in events if e["ph"] == "M" and e["name"] == "thread_name"}
    processes = {e["pid"] for e in events if e["ph"] == "M" and e["name"] == "process_name"}
    for index, e in enumerate(events):
        for key in ("ph", "pid", "tid", "name", "ts"):
            if key not in e:
                fail("no " + key, e)
        if e["ph"] in "XBE":
            tracks.setdefault((e["pid"], e["tid"]), []).append((ns(e["ts"]), index, e))
        if e["ph"] in "stf":
            flows.setdefault(e["id"], []).append((ns(e["ts"]), index, e))
    for track, list_ in tracks.items():
        if track not in names:
            fail("a track without a name", track)
        stack = []
        # A reader sorts by time, and leaves what has the same time in the order of the file.
        for start, _, e in sorted(list_, key=lambda x: x[:2]):
            while stack and stack[-1][0] is not None and stack[-1][0] <= start:
                stack.pop()
            if e["ph"] == "E":
                if not stack or stack[-1][0] is not None:
                    fail("an end without a beginning", e)
                stack.pop()
                continue
            end = start + ns(e["dur"]) if e["ph"] == "X" else None
            if stack and stack[-1][0] is not None and (end is None or end > stack[-1][0]):
                fail("not within the slice that it begins in", e, stack[-1])
            stack.append((end, e))
            slices += 1
        if any(end is None for end, _ in stack):
            fail("a slice without an end", track)
    for id_, list_ in flows.items():
        list_.sort(key=lambda x: x[:2])
        phases = "".join(e["ph"] for _, _, e in list_)
        if not re.match("^st*f$", phases):
            fail("flow", id_, phases)
        for time, _, e in list_:
            inside = [s for start, _, s in tracks.get((e["pid"], e["tid"]), [])
                      if s["ph"] == "X" and start <= time <= start + ns(s["dur"])]
            if not inside:
                fail("a flow that touches no slice", e)
    for e in events:
        if e["pid"] not in processes and e["ph"] != "M":
            fail("a process without a name", e["pid"])
    return trace, slices, flows


def otlp(path):
    """Field names, types and rules of OTLP/JSON as published. Returns the spans with their resources."""
    allowed = {"traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano", "attributes",
               "status"}
    values = {"stringValue": str, "boolValue": bool, "intValue": str, "doubleValue": (int, float), "arrayValue": dict}

    def value(v):
        if len(v) > 1 or set(v) - set(values):
            fail("value", v)
        for key, inner in v.items():
            if not isinstance(inner, values[key]):
                fail("type of value", v)
            if key == "intValue" and not -2**63 <= int(inner) < 2**63:
                fail("range of value", v)
            if key == "arrayValue":
                if set(inner) != {"values"}:
                    fail("array", inner)
                for one in inner["values"]:
                    value(one)

    def attributes(list_):
        if len({a["key"] for a in list_}) != len(list_):
            fail("keys are not unique", [a["key"] for a in list_])
        for a in list_:
            if set(a) != {"key", "value"} or not isinstance(a["key"], str) or not a["key"]:
                fail("attribute", a)
            value(a["value"])

    spans = []
    for line in open(path):
        data = json.loads(line)
        if set(data) != {"resourceSpans"}:
            fail("keys of a line", set(data))
        for rs in data["resourceSpans"]:
            if set(rs) != {"resource", "scopeSpans"}:
                fail("resourceSpans", set(rs))
            attributes(rs["resource"]["attributes"])
            keys = {a["key"] for a in rs["resource"]["attributes"]}
            if "service.name" not in keys:
                fail("no service.name", keys)
            for ss in rs["scopeSpans"]:
                if set(ss) != {"scope", "spans"} or ss["scope"]["name"] != "vgpu-trace":
                    fail("scopeSpans", set(ss))
                for s in ss["spans"]:
                    if set(s) - allowed or not allowed - {"parentSpanId"} <= set(s):
                        fail("fields of a span", set(s) ^ allowed)
                    if not re.match("^[0-9a-f]{32}$", s["traceId"]) or not re.match("^[0-9a-f]{16}$", s["spanId"]):
                        fail("ids", s)
                    if not re.match("^[0-9]+$", s["startTimeUnixNano"]) or \
                            int(s["startTimeUnixNano"]) > int(s["endTimeUnixNano"]):
                        fail("times", s)
                    if s["kind"] not in range(6) or s["status"]["code"] not in (0, 1, 2) or \
                            set(s["status"]) - {"code", "message"}:
                        fail("kind or status", s)
                    attributes(s["attributes"])
                    spans.append((s, rs["resource"]["attributes"]))
    ids = {s["spanId"] for s, _ in spans}
    if len(ids) != len(spans):
        fail("span ids are not unique", len(ids), len(spans))
    for s, _ in spans:
        if "parentSpanId" in s and s["parentSpanId"] not in ids:
            fail("a parent that is not there", s)
    return spans


if __name__ == "__main__":
    format_, expect, path = sys.argv[1:]
    events = expected(expect)
    fields = {"jsonl": jsonl, "csv": csv_, "sqlite": sqlite, "ctf": ctf}[format_](events, path)
    print("%s: %d events, %d fields" % (format_, len(events), fields))
