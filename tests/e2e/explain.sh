#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# explain: its forms and exit codes, the document made from the table, and a log as a weak witness.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"
need python3

# The document is what the table says, and the list has them all.
code 0 "$trace" explain --rules-document
diff -u "$VGPU_SOURCE_DIR/docs/rules.md" out || fail "docs/rules.md is stale: vgpu-trace explain --rules-document >docs/rules.md"
code 0 "$trace" explain --list-rules
[ "$(wc -l <out)" -ge 45 ] || fail "only $(wc -l <out) rules"
same "$(wc -l <out)" "$(grep -c '^### ' "$VGPU_SOURCE_DIR/docs/rules.md")" "rules in the document"
same "" "$(cut -d' ' -f1 out | sort | uniq -d)" "rules of one name"

# Found: no rule, and --check is content.
code 0 "$trace" run --shim sim -q -o found.vgt -- "$app" discover
code 0 "$trace" explain --check found.vgt
want out '^GPU FOUND \(SIMULATED\)'
want out '✓ devices counted +1 device$'
refuse out 'Rule'
code 0 "$trace" explain --json found.vgt
python3 - <<'PYTHON'
import json
e = json.load(open("out"))
assert e["verdict"] == "found" and e["rule"] is None, e
steps = {s["step"]: s["state"] for s in e["processes"][-1]["chain"]}
assert all(state == "yes" for state in steps.values()), steps
PYTHON

# Broken: the rule, the event that shows it, and 3 with --check only.
code 1 "$trace" run -q -o absent.vgt -- "$app" discover
code 3 "$trace" explain --check absent.vgt
want out "✗ opened .*libcuda.so.1, was not found.* event [0-9]+$"
want out '· symbols resolved +not reached$'
code 0 "$trace" explain --json absent.vgt
python3 - <<'PYTHON'
import json
e = json.load(open("out"))
assert e["verdict"] == "cpu" and e["rule"]["id"] == "LINK-DRIVER-ABSENT" and e["rule"]["step"] == "opened", e
assert e["rule"]["events"], e
PYTHON
code 0 "$trace" explain --all-rules absent.vgt
same 1 "$(grep -c 'this is the cause' out)" "causes"
want out '^LINK-DRIVER-ABSENT +holds: this is the cause$'
same "$("$trace" explain --list-rules | wc -l)" "$(wc -l <out)" "lines of --all-rules"

# A log supports a verdict, and makes none: neither out of nothing, nor against what was seen.
printf 'level=INFO msg="inference compute" id=cpu library=cpu\nno compatible GPUs were discovered\n' >service.log
code 0 "$trace" explain --log service.log absent.vgt
want out '^CPU MODE: '
want out 'In its log +line 1: .*library=cpu'
code 0 "$trace" explain --log service.log --json found.vgt
want out '"verdict":"found"'
code 0 "$trace" run --no-link -q --no-record -- true
code 1 "$trace" run --no-link -q -o blind.vgt -- "$app" discover
code 0 "$trace" explain --log service.log --json blind.vgt
want out '"verdict":"not-known"'

code 1 "$trace" explain nothing.vgt
code 1 "$trace" explain --log nothing.log found.vgt
code 2 "$trace" explain
