#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Our four libraries, all preloaded, leave the dynamic linker room for libc's TLS under an auditor.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
need readelf

total=0
for name in cuda nvml cudart13 cudart12; do
	size=$(readelf -lW "$VGPU_BUILD_DIR/lib/libvgpu-$name.so" | awk '$1 == "TLS" { print $6 }')
	echo "$name: $((size)) bytes"
	[ $((size)) -le 64 ] || fail "libvgpu-$name.so has $((size)) bytes of TLS, more than 64"
	total=$((total + (size + 7) / 8 * 8))
done
# 288 bytes in all (shim/audit/tls.c), of which libc takes up to 144.
[ $total -le 144 ] || fail "$total bytes in all: every program would be executed twice under the link observer"
