#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `export --redact` writes has nothing left of user, host, directories, arguments, variables, card or bus; and explains the same.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
need python3
rm -rf "${VGPU_WORK_DIR:?}"/*

cat >card.conf <<'CONF'
[device h100-80gb]
uuid = GPU-5ec7e7aa-77aa-4aaa-8aaa-5ec7e75ec7e7
serial = "7777123456789"
pci = 4242:c7:00.0
CONF
mkdir -p home/wilhelmina/geheim rings "home/wilhelmina/My Project"
here=$PWD
for program in gpu_answers cli_app discover libdiscover-cuda.so; do
	cp "$(find "$VGPU_BUILD_DIR/tests/gpu" "$VGPU_BUILD_DIR/tests/e2e" "$VGPU_BUILD_DIR/examples" -maxdepth 1 -name $program)" \
		home/wilhelmina/geheim/
done
export OLLAMA_API_KEY=sk-5ec7e7key LD_DEBUG_OUTPUT=$here/home/wilhelmina/debug USER=wilhelmina LOGNAME=wilhelmina
export CUDA_VISIBLE_DEVICES=GPU-5ec7e7aa-77aa-4aaa-8aaa-5ec7e75ec7e7

# recorded and redacted: for name, program and arguments
give() {
	local name=$1 status=0
	shift
	(cd home/wilhelmina/geheim && "$trace" run -q --shim sim --device "$here/card.conf" -o "$here/$name.vgt" -- "$@") \
		>"$name.out" 2>"$name.err" || status=$?
	[ -s "$name.vgt" ] || fail "no trace of $name: exit status $status, $(tail -n 1 "$name.err")"
	"$trace" export --format vgt --redact -o "$name.given.vgt" "$name.vgt" >/dev/null
}
give driver ./gpu_answers driver
give nvml ./gpu_answers nvml
give discover ./discover
give app ./cli_app 'my prompt is 5ec7e7' --token=5ec7e7token --ip 10.77.8.9 me@wilhelmina.example

cat >words <<'WORDS'
wilhelmina
geheim
5ec7e7
7777123456789
4242:C7
10.77.8.9
sk-5ec
My Project
WORDS
cat >raw.py <<'PYTHON'
"""Unpacked blocks of a trace, by what docs/trace-format.md says."""
import ctypes
import ctypes.util
import struct
import sys

zstd = ctypes.CDLL("libzstd.so.1")
zstd.ZSTD_decompress.restype = ctypes.c_size_t
data = open(sys.argv[1], "rb").read()
at, out = 32, [data]
while at + 72 <= len(data):
    magic, _, _, kind, packing, stored, plain = struct.unpack_from("<IIIHHII", data, at)
    assert magic == 0x4B424756, at
    content = data[at + 72:at + 72 + stored]
    if packing:
        room = ctypes.create_string_buffer(plain)
        assert zstd.ZSTD_decompress(room, plain, content, len(content)) == plain
        content = room.raw
    out.append(content)
    at += 72 + stored
everything = b"".join(out)
words = [w.encode() for w in open("words").read().splitlines()]
words.append(bytes.fromhex("5ec7e7aa77aa4aaa8aaa5ec7e75ec7e7"))
words.append(bytes.fromhex("42420000c7000000"))
found = [w for w in words if w.lower() in everything.lower()]
print(*found)
sys.exit(bool(found))
PYTHON
for name in driver nvml discover app; do
	# They were there, and are not any more.
	python3 raw.py $name.vgt >before.txt && fail "$name: nothing private was in it"
	python3 raw.py $name.given.vgt >after.txt || fail "$name: left in what is given away: $(cat after.txt)"
	"$trace" dump --full $name.given.vgt >$name.given.txt
	same "$("$trace" dump --full $name.vgt | grep -c ' = ')" "$(grep -c ' = ' $name.given.txt)" "$name: calls"
	status=0
	"$trace" explain --check $name.vgt >$name.explain || status=$?
	given=0
	"$trace" explain --check $name.given.vgt >$name.given.explain || given=$?
	same $status $given "$name: exit status of explain --check"
	same "$(head -n 1 $name.explain | sed 's,/[^ ]*/,,')" "$(head -n 1 $name.given.explain | sed 's,/[^ ]*/,,')" "$name: verdict"
done
# The same shape, and the same wherever it comes.
want driver.given.txt 'cuDeviceGetUuid\(uuid . GPU-00000000-0000-4000-8000-[0-9a-f]{12}'
same 1 "$(cat nvml.given.txt driver.given.txt | grep -o 'GPU-00000000-0000-4000-8000-[0-9a-f]*' | sort -u | wc -l)" "UUIDs of one card"
want driver.given.txt 'pciBusId . "[0-9A-F]{4}:0[0-9]:00\.0"'
want nvml.given.txt 'nvmlDeviceGetSerial.*"0000000000001"'
want nvml.given.txt 'nvmlDeviceGetName.*"NVIDIA H100 80GB HBM3"'
want driver.given.txt 'cuDeviceGetAttribute\(pi . 1, PCI_BUS_ID'
want driver.given.txt 'cuDeviceGetAttribute\(pi . 1, PCI_DOMAIN_ID'
# Every exporter takes the same events.
"$trace" export --format jsonl --redact -o - app.vgt >app.jsonl
refuse app.jsonl 'wilhelmina|geheim|5ec7e7'
want app.jsonl '\[redacted\]'
# Redacted again it stays what it is, and a part of it is a trace.
"$trace" export --format vgt --redact -o again.vgt driver.given.vgt >/dev/null
"$trace" diff driver.given.vgt again.vgt >diff.txt || fail "redacted again it differs: $(head -n 5 diff.txt)"
"$trace" export --format vgt -e 'fn ~ "cuDeviceGet*"' -o part.vgt driver.vgt >/dev/null
"$trace" dump part.vgt >part.txt
want part.txt 'cuDeviceGetUuid'
refuse part.txt 'cuCtxCreate|cuInit'
