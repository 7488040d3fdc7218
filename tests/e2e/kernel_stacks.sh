#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Stacks that the kernel observer copies, unwound: the frames that the program's own unwinder finds, and those of a crash.
# usage: kernel_stacks.sh equal|crash multi|tracefs
# shellcheck source=tests/e2e/common.sh
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
# shellcheck source=tests/e2e/cli_common.sh
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"

export VGPU_TRACE_ATTACH_METHOD=${2:-multi}
target=$VGPU_WORK_DIR/ks_$1_${VGPU_TRACE_ATTACH_METHOD:0:2}
cp "$VGPU_BUILD_DIR/tests/e2e/kernel_stacks" "$target"
cd "$VGPU_WORK_DIR"

# record FILE ARGUMENT…
record() {
	local file=$1
	shift
	"$trace" run -q -o "$file" "$@" 2>err && return
	grep -q 'CAP_BPF\|without the kernel observer\|no way to attach\|has no links' err && skip "$(head -n 1 err)"
	fail "run: $(cat err)"
}

# The same program twice: once its own unwinder says who called, once the kernel observer.
equal() {
	need python3
	record ring.vgt --shim sim --stacks 64 --kernel=off -- "$target"
	record kernel.vgt --shim sim --kernel=on -- "$target"
	# Both at once: under return probes the program itself sees no caller, and the kernel's stacks stand.
	record both.vgt --shim sim --stacks 64 --kernel=on -- "$target"
	for name in ring kernel both; do
		"$trace" dump --backtrace $name.vgt >$name.txt
		refuse $name.txt 'and (maybe )?further|not unwound|was not observed'
	done
	python3 - <<'END' || fail "the stacks differ"
import re

def calls(name):
    """Each call's function and depth, and its frames."""
    out = []
    for line in open(name + ".txt"):
        call = re.match(r"  ks_\S+  ( *)(cu(?:da)?[A-Z]\w*)\(", line)
        frame = re.match(r"      #\d+ +(.*)$", line)
        if call:
            out.append((call.group(1) + call.group(2), []))
        elif frame:
            out[-1][1].append(frame.group(1))
    return out

ring, kernel, both = calls("ring"), calls("kernel"), calls("both")
assert [c[0] for c in ring] == [c[0] for c in kernel] == [c[0] for c in both], "not the same calls"
assert len(ring) > 100, len(ring)
whole = 0
for one, other in ((ring, kernel), (ring, both)):
    for (name, a), (_, b) in zip(one, other):
        if len(b) > 1:
            whole += 1
            assert a == b, "%s:\n%s\n-----\n%s" % (name, "\n".join(a), "\n".join(b))
        else:
            # It has returned the same to the same place before.
            assert a[0] == b[0], (name, a[0], b)
stacks = [c for c in kernel if len(c[1]) > 1]
# Each place that calls has one, and each function that fails.
places = {(c[0], c[1][0]) for c in ring}
assert {(c[0], c[1][0]) for c in stacks} == places, (len(stacks), len(places))
for place in ("start+", "refused+", "runtime+"):
    assert any(f.startswith(place) for c in stacks for f in c[1]), place
for number in (1, 2, 3):
    assert all(any(f.endswith("  libunwind_%d.so" % number) for f in c[1]) for c in stacks), number
# Calls within calls: return probes are in flight above them.
nested = [c for c in stacks if c[0].startswith(" ")]
assert len(nested) >= 5 and all(c[1][-1].startswith("_start+") for c in nested), len(nested)
print(len(stacks), "stacks,", len(nested), "of them under return probes,", whole, "compared, all frames equal")
END
}

# SIGSEGV inside a library that is not ours: the way there, in dump and in explain.
crash() {
	local foreign=$VGPU_WORK_DIR/libcuda-foreign.so
	cp "$VGPU_BUILD_DIR/tests/e2e/libcuda-foreign.so" "$foreign"
	ulimit -c 0
	"$trace" attach --attach-method "$VGPU_TRACE_ATTACH_METHOD" -q -o a.vgt --lib "$foreign" --wait "${target##*/}" >out 2>err &
	job=$!
	trap 'kill $job 2>/dev/null || true' EXIT
	until grep -q '^waiting for ' out; do
		kill -0 $job 2>/dev/null || {
			grep -q 'CAP_BPF\|without the kernel observer\|no way to attach\|has no links' err && skip "$(cat err)"
			fail "attach ended: $(cat err)"
		}
	done
	"$target" "$foreign" >said 2>&1 || true
	wait $job || fail "attach: $? $(cat err)"
	"$trace" dump a.vgt >dump.txt
	"$trace" explain a.vgt >explain.txt
	for file in dump.txt explain.txt; do
		grep -A 20 'SIGSEGV' $file | grep -o '#[0-9].*' | sed 's/ (.*)//' >frames
		want frames '^#0  cuModuleLoad\+0x[0-9a-f]+  libcuda-foreign.so$'
		want frames '^#1  crash\+0x[0-9a-f]+  ks_crash'
		want frames '^#2  inner\+0x[0-9a-f]+  libunwind_3.so$'
		want frames '^#[0-9]+ +unwind_library_1\+0x[0-9a-f]+  libunwind_1.so$'
		want frames '^#[0-9]+ +main\+0x[0-9a-f]+  ks_crash'
		want frames '^#[0-9]+ +_start\+0x[0-9a-f]+  ks_crash'
	done
}

"$1"
