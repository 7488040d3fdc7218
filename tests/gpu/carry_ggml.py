# SPDX-License-Identifier: Apache-2.0
"""Packs llama.cpp's CUDA backend for a card of one compute capability: device code for others becomes zeros, which pack to nothing.

usage: carry_ggml.py LIBGGML-CUDA.SO CAPABILITY OUT.xz
"""
import lzma
import struct
import sys

data = bytearray(open(sys.argv[1], "rb").read())
wanted, kept, dropped, at = int(sys.argv[2]), 0, 0, 0
while True:
    # A fat binary: its head (16 bytes: magic, version, own size, bytes that follow), then entries of the same sort.
    at = data.find(b"\x50\xed\x55\xba", at)
    if at < 0:
        break
    head, size = struct.unpack_from("<HQ", data, at + 6)
    entry, end = at + head, at + head + size
    if head != 16 or end > len(data):
        at += 4
        continue
    while entry + 64 <= end:
        kind, _, own, payload = struct.unpack_from("<HHIQ", data, entry)
        capability = struct.unpack_from("<I", data, entry + 28)[0]
        if kind not in (1, 2) or entry + own + payload > end:
            break
        if capability == wanted:
            kept += payload
        else:
            data[entry + own:entry + own + payload] = bytes(payload)
            dropped += payload
        entry += own + payload
    at = end
if not kept:
    sys.exit("carry_ggml: no device code for %d in %s" % (wanted, sys.argv[1]))
with lzma.open(sys.argv[3], "wb", preset=1) as out:
    out.write(data)
print("libggml-cuda.so: %d MiB of device code kept, %d left out" % (kept >> 20, dropped >> 20))
