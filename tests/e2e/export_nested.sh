#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Calls in calls, in flight, cut off: what chrome, otlp, folded and sqlite make of them.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
need python3
rm -rf "${VGPU_WORK_DIR:?}"/*
for format in chrome otlp folded sqlite; do
	code=0
	"$VGPU_BUILD_DIR/tests/e2e/export_events" $format nested out.$format || code=$?
	[ $code != 77 ] || continue
	same 0 $code "exit code of exporting $format"
	python3 "$VGPU_SOURCE_DIR/tests/e2e/export_formats.py" nested_$format out.$format || fail "$format"
	# Every kind, with values that make no sense, must not lead astray.
	"$VGPU_BUILD_DIR/tests/e2e/export_events" $format all all.$format
done
python3 - "$VGPU_SOURCE_DIR/tests/e2e" all.chrome all.otlp <<'PY' || fail "every kind"
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import export_check as check
trace = check.chrome(sys.argv[2])[0]["traceEvents"]
# Each kind of event is there, as a slice or as an instant.
numbers = {e["args"]["number"] for e in trace if "number" in e.get("args", {})}
assert {int(n) for n in numbers} == set(range(1, 97)), sorted(numbers)
spans = check.otlp(sys.argv[3])
numbers = {int(v["intValue"]) for s, _ in spans for a in s["attributes"] if a["key"] == "vgpu.event.number" for v in [a["value"]]}
assert numbers == set(range(1, 97)), sorted(numbers)
PY
