#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run and dump: what is printed, what is passed on, what is left alone.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"

# The healthy case, whole, as it was when somebody looked at it.
# The link observer has a test of its own (link.sh); what it says differs with the libc.
code 0 "$trace" run --shim sim --no-link -o a.vgt -- "$app" discover
same "GPU NVIDIA H100 80GB HBM3" "$(cat out)" "the program's own output"
grep -v '^recorded to' err >run.txt
golden cli_run.txt run.txt

# dump prints the same lines again.
code 0 "$trace" dump a.vgt
diff run.txt out || fail "dump prints other lines than run did"

# ASCII where the locale has no UTF-8, and no escape sequences where there is no terminal.
LC_ALL=C "$trace" dump a.vgt >ascii.txt
if LC_ALL=C grep -n '[^ -~]' ascii.txt; then fail "dump printed more than ASCII in locale C"; fi
want ascii.txt 'pi -> 9, COMPUTE_CAPABILITY_MAJOR'

# On a terminal colours, but not with NO_COLOR.
if command -v script >/dev/null; then
	script -qec "$trace dump a.vgt" /dev/null </dev/null >tty.txt
	want tty.txt $'\033\\[32m.*CUDA_SUCCESS'
	NO_COLOR=1 script -qec "$trace dump a.vgt" /dev/null </dev/null >tty.txt
	refuse tty.txt $'\033'
fi

# Filters and forms.
code 0 "$trace" dump --errors a.vgt
same 2 "$(grep -c ' = CUDA_ERROR' out)" "failing calls"
refuse out 'CUDA_SUCCESS|GPU FOUND'
code 0 "$trace" dump --function 'cuDeviceGetN*,cuInit' a.vgt
same 2 "$(grep -c ' = ' out)" "calls that match"
code 0 "$trace" dump --raw a.vgt
want out 'cuInit\(Flags=0x0\) += 0 .*#[0-9]+ ordinal 0 depth 0 sp 0x'
code 0 "$trace" dump --time a.vgt
want out '^    0\.[0-9]{6}   cli_app  cuInit'
code 0 "$trace" dump --json a.vgt
need python3
python3 - <<'PYTHON'
import json
events = [json.loads(line) for line in open("out")]
assert [e["number"] for e in events] == list(range(1, len(events) + 1))
calls = [e for e in events if e["event"] == "call"]
assert len(calls) == 13, len(calls)
assert calls[0]["name"] == "cuInit" and calls[0]["status"] == "CUDA_SUCCESS" and calls[0]["in"]["Flags"] == 0
attribute = [c for c in calls if c["name"] == "cuDeviceGetAttribute"][2]
assert attribute["in"]["attrib"] == "CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED", attribute
assert attribute["out"]["pi"] == 1
lookups = [c for c in calls if c["name"] == "cuGetProcAddress_v2"]
assert lookups[0]["resolved"] == "cuMemAlloc_v2" and lookups[1]["result"] == 0 and lookups[1]["out"]["symbolStatus"] == "CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND", lookups
kinds = {e["event"] for e in events}
assert {"host", "session", "answer", "coverage", "start", "exec", "exit", "presence", "ring", "library", "loss"} <= kinds, kinds
exit_ = [e for e in events if e["event"] == "exit"][0]
assert exit_["how"] == 1 and exit_["status"] == 0
PYTHON

# The exit code is the command's; what it reads and writes is its own.
code 3 "$trace" run --shim sim -q --no-record -- "$app" discover exit 3
same "" "$(cat err)" "our output with -q"
[ ! -e discovery.vgt ] || fail "--no-record wrote a file"
code 143 "$trace" run --shim sim -q --no-record -- "$app" discover kill 15
printf 'a\0b' | "$trace" run --shim sim -q --no-record -- "$app" echo >out
same "$(printf 'a\0b' | cksum)" "$(cksum <out)" "standard input passed on"
code 127 "$trace" run --no-record -- ./no-such-program
want err "cannot run './no-such-program': No such file or directory"
code 126 "$trace" run --no-record -- "$VGPU_SOURCE_DIR/README.md"

# Without -o a file of a fixed name, and the one before it is kept.
code 0 "$trace" run --shim sim -- "$app" discover
want err 'recorded to discovery.vgt'
code 0 "$trace" run --shim sim -- "$app"
[ -e discovery.vgt.old ] || fail "the earlier recording was not kept"
(cd / && "$trace" dump "$VGPU_WORK_DIR/discovery.vgt.old" >"$VGPU_WORK_DIR/out")
want out 'GPU FOUND'

# By either way alone.
for how in path preload; do
	code 0 "$trace" run --shim sim --inject $how --no-record -- "$app" discover
	want err 'GPU FOUND \(SIMULATED\)'
done

# Present values of the variables stay behind ours.
LD_LIBRARY_PATH=/nonexistent/a code 0 "$trace" run --shim sim -q --no-record -- sh -c "echo \$LD_LIBRARY_PATH"
want out '/lib:/nonexistent/a$'

# What is printed for others to use does the same.
code 0 "$trace" run --shim sim --ring-dir "$VGPU_WORK_DIR" --print-env
# shellcheck disable=SC1091  # made just now
(set +u && . ./out && "$app" discover >printed && echo "$VGPU_TRACE_DIR" >>printed)
want printed 'GPU NVIDIA H100'
want printed "^$VGPU_WORK_DIR\$"
ls vgpu-*.ring >/dev/null || fail "no ring in the directory that --print-env named"
code 0 "$trace" dump vgpu-*.ring
want out 'GPU FOUND \(SIMULATED\)  by cli_app'
want out 'cli_app  ended'
code 0 "$trace" run --shim sim --systemd
want out '^\[Service\]$'
want out '^RuntimeDirectory=vgpu-trace$'
want out '^Environment="VGPU_TRACE_DIR=/run/vgpu-trace"$'

# The lists.
code 0 "$trace" functions 'cuMemAlloc*'
want out '^cuda +cuMemAlloc_v2$'
code 0 "$trace" functions --signature -l nvml nvmlInit_v2
same "nvml      nvmlReturn_t nvmlInit_v2()" "$(cat out)" "a signature"
code 0 "$trace" functions --json
python3 -c 'import json; assert len(json.load(open("out"))) > 1800'
code 0 "$trace" doctor
want out 'libcuda.so.1 +/.*libvgpu-cuda.so'
code 0 "$trace" help run
want out '^  -o, --output FILE'
code 0 "$trace" --version
want out '^vgpu-trace [0-9]'

# Device code by a file's name is looked into, whoever saw the call: here the ring alone.
printf '.version 8.0\n.target sm_75\n' >code.ptx
code 0 simulated -o images.vgt -- "$VGPU_BUILD_DIR/tests/e2e/kernel_target" image_files libcuda.so.1 "$PWD/code.ptx" /no/such/file </dev/null
want err 'code     ptx of 27 B for compute_75 from code.ptx to cuLibraryLoadFromFile'
code 0 "$trace" dump --json images.vgt
same 1 "$(grep -c '"event":"image",.*"size":27,.*"ptx":\["compute_75"\],.*"path":"'"$PWD"'/code.ptx"' out)" "the image"
same 1 "$(grep -c '"event":"image",.*"format":"unreadable","path":"/no/such/file"' out)" "what is not there"

# The device that the environment names is the one that the run speaks of, and a wrong one is refused.
VGPU_DEVICE=t4 code 0 "$trace" run --shim sim -o t4.vgt -- true
want err '^mode sim: a SIMULATED GPU \(Tesla T4\)'
VGPU_DEVICE=t5 code 125 "$trace" run --shim sim -o t4.vgt -- true
want err 'cannot use the device t5: no preset'
