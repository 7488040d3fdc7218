#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A recorded trace answers in the machine's place: the same output, the same trace; and what cannot be answered is said.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"
need python3
answers=$VGPU_BUILD_DIR/tests/gpu/gpu_answers
golden=$VGPU_SOURCE_DIR/tests/golden/gpu

# What a program said of what it found: its output, and of an Ollama's log the line that counts.
told() {
	cat out
	grep -o 'msg="inference compute".*' err || true
}

# Recorded on the simulated device, replayed without one. pointers: what is asked of an address is not recorded.
while read -r name status differs command; do
	command=${command//BUILD/$VGPU_BUILD_DIR}
	# shellcheck disable=SC2086 # a command and its arguments
	code "$status" "$trace" run -q --no-link --shim sim -o "$name.vgt" -- $command
	told >"$name.sim"
	# shellcheck disable=SC2086
	code "$status" "$trace" replay "$name.vgt" -q --no-link -o "$name.replay.vgt" -- $command
	told >"$name.replay"
	[ -s "$name.sim" ] || fail "$name: no output"
	diff <(grep -vE "$differs" "$name.sim") <(grep -vE "$differs" "$name.replay") || fail "$name: the program's own output differs"
	[ "$differs" != NOTHING ] || {
		code 0 "$trace" diff "$name.vgt" "$name.replay.vgt"
		want out '^no difference'
	}
	[ "$("$trace" dump "$name.vgt" | grep -c ' = ')" -ge 10 ] || fail "$name: too few calls"
done <<PROGRAMS
app 0 NOTHING $app discover
nvml 0 NOTHING $answers nvml
driver 0 ^pointer|pool.s.threshold $answers driver
runtime 0 ^runtime.cudaMemcpy.to.the.host $answers runtime
discover 0 NOTHING BUILD/examples/discover
era-a 0 NOTHING BUILD/examples/ollama-like serve --era a
era-b 0 NOTHING BUILD/examples/ollama-like serve --era b
era-c 0 NOTHING BUILD/examples/ollama-like serve --era c
PROGRAMS

# It is said whose answers these are.
code 0 "$trace" run --shim replay:discover.vgt -o said.vgt -- "$VGPU_BUILD_DIR/examples/discover"
want err '^mode replay: REPLAYED from discover\.vgt \([0-9]+ calls of 1 process\)'
want err 'GPU FOUND \(REPLAYED\)'
code 0 "$trace" explain said.vgt
want out '^GPU FOUND \(REPLAYED\)'
want out '^mode replay: every answer is REPLAYED from discover\.vgt'
refuse out 'SIMULATED'

# What was not recorded is not supported, and flagged.
code 0 "$trace" replay app.vgt -q -o other.vgt -- "$answers" driver
"$trace" dump other.vgt >other.txt
want other.txt 'cuDeviceGetLuid.*NOT_SUPPORTED.*not supported by replay'
want other.txt 'cuInit\(.*= CUDA_SUCCESS'
# The last answer again, for as long as somebody asks.
cat >ask.py <<'PYTHON'
import ctypes
cuda = ctypes.CDLL("libcuda.so.1")
value = ctypes.c_int(-1)
assert cuda.cuInit(0) == 0
for _ in range(50):
    assert cuda.cuDeviceGetCount(ctypes.byref(value)) == 0 and value.value == 1
# Nobody proves here that he is NVIDIA's driver, whatever was recorded.
table = ctypes.c_void_p(0)
import sys
for number in range(1, 16):
    for first in range(16):
        for second in (0x00, 0x40, 0x80, 0xc0):
            name = bytes([0] * 6 + [first << 4, 0, second] + [0] * 6 + [number])
            assert cuda.cuGetExportTable(ctypes.byref(table), name) != 0 and not table.value
print("asked")
PYTHON
code 0 "$trace" replay "$golden/h100-discover.vgt" -q -o ask.vgt -- python3 ask.py
want out '^asked$'
"$trace" dump --full "$golden/h100-discover.vgt" >genuine.txt
want genuine.txt 'cuGetExportTable.*CUDA_SUCCESS'

# A genuine card's answers on a machine without one.
for section in driver nvml; do
	code 0 "$trace" replay "$golden/h100-$section.vgt" -q -o "genuine-$section.vgt" -- "$answers" $section
	mv out $section.answers
done
python3 - "$golden/h100-answers.tsv" driver.answers nvml.answers <<'PYTHON'
import sys


def table(path):
    lines = (line.rstrip("\n").split("\t") for line in open(path, errors="replace") if line[0] != "#")
    return {tuple(x.strip() for x in f[:2]): " ".join(f[2:]).strip() for f in lines if len(f) > 1}


genuine = table(sys.argv[1])
replayed = {**table(sys.argv[2]), **table(sys.argv[3])}
compared = bad = 0
for key, answer in genuine.items():
    # These were pseudonyms, moved between two runs, or are not recorded: docs/replay.md.
    if key not in replayed or key[0] not in ("driver", "device", "attribute", "peer", "limit", "nvml"):
        continue
    if key[0] == "nvml" and replayed[key] != answer or "uuid" in key[1] or "PCI_BUS_ID" in key[1]:
        continue
    compared += 1
    if replayed[key] != answer:
        bad += 1
        print(*key, "genuine", answer, "replayed", replayed[key])
print(compared, "answers of a genuine card, replayed")
sys.exit(bad > 0 or compared < 400)
PYTHON

# What cannot be replayed.
echo text >text.vgt
code 125 "$trace" replay text.vgt -- touch ran
want err "cannot read 'text\.vgt': it is neither a trace nor a ring"
code 125 "$trace" replay none.vgt -- touch ran
want err "there is no file 'none\.vgt'"
head -c -60 discover.vgt >cut.vgt
code 125 "$trace" replay cut.vgt -- touch ran
want err 'What is missing cannot be answered: nothing was run\.'
python3 -c '
import sys, struct, zlib
d = bytearray(open("discover.vgt", "rb").read())
d[8:12] = struct.pack("<I", 99)
d[28:32] = struct.pack("<I", zlib.crc32(bytes(d[:28])))
open("other-version.vgt", "wb").write(d)'
code 125 "$trace" replay other-version.vgt -- touch ran
want err 'it was written by another version of vgpu-trace'
code 0 "$trace" run -q -o nothing.vgt -- true
code 125 "$trace" replay nothing.vgt -- touch ran
want err 'there is no call of the driver or of NVML in it'
code 125 "$trace" run --shim replay:discover.vgt --device h200 -- touch ran
code 125 "$trace" run --shim replay:discover.vgt --print-env
code 125 "$trace" replay
want err '^vgpu-trace: replay: what\?'
code 125 "$trace" replay -o x.vgt -- true
code 0 "$trace" replay -q -o order.vgt discover.vgt -- true
[ -s order.vgt ] || fail "options before the file: nothing was recorded"
code 0 "$trace" replay --help
want out 'usage: vgpu-trace replay \[OPTION…\] FILE -- COMMAND'
[ ! -e ran ] || fail "the command ran all the same"

# The file of answers is looked at before anything is taken from it.
# shellcheck disable=SC2016 # the program's own variable
code 0 "$trace" replay app.vgt -q --no-record -- sh -c 'cp "$VGPU_REPLAY" answers'
mkdir -p rings
answered() {
	rm -rf rings/*
	VGPU_BACKEND=replay VGPU_REPLAY=$PWD/$1 VGPU_TRACE_DIR=$PWD/rings LD_LIBRARY_PATH=$VGPU_BUILD_DIR/lib/names "$app" discover \
		>answered.out 2>&1 || true
	"$trace" dump rings/*.ring >answered.txt
}
answered answers
want answered.txt 'cuInit\(.*CUDA_SUCCESS'
answered text.vgt
want answered.txt "'.*/text\.vgt' cannot be answered from: it is no file of answers"
want answered.txt 'cuInit\(.*CUDA_ERROR_NOT_SUPPORTED'
head -c -8 answers >answers-cut
answered answers-cut
want answered.txt 'cannot be answered from: it is damaged or cut off'
python3 -c '
d = bytearray(open("answers", "rb").read())
d[8] = 77
open("answers-version", "wb").write(d)
d[8] = 1
for i in range(64, len(d), 7):
    d[i] ^= 0xa5
open("answers-bent", "wb").write(d)'
answered answers-version
want answered.txt 'cannot be answered from: it was made by another version'
answered answers-bent
want answered.txt 'cannot be answered from: it is damaged or cut off'
answered nowhere
want answered.txt 'cannot be answered from: No such file or directory'
