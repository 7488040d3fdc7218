#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each library exports exactly the names of what it stands for, at its version node, all traceable.
# shellcheck source=tests/e2e/common.sh
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"

need nm readelf

# check LIB COUNT SONAME NODE
check() {
	local file=$VGPU_BUILD_DIR/lib/libvgpu-$1.so list=$VGPU_SOURCE_DIR/tests/facts/$1-symbols.txt
	local node=${4:-}

	grep -v '^#' "$list" | LC_ALL=C sort > "$1.expected"
	same "$2" "$(wc -l < "$1.expected")" "names listed for $1"

	# A version node is an absolute symbol of its own name, and no function.
	nm -D --defined-only --with-symbol-versions "$file" | awk '$2 != "A" { print $3 }' |
		LC_ALL=C sort > "$1.versioned"
	sed 's/@.*//' "$1.versioned" | LC_ALL=C sort > "$1.actual"
	diff "$1.expected" "$1.actual" > "$1.diff" ||
		fail "libvgpu-$1.so exports other names (< missing, > too many): $(head -n 20 "$1.diff")"
	if [ -n "$node" ]; then
		sed "s/\$/@@$node/" "$1.expected" | LC_ALL=C sort | diff - "$1.versioned" > "$1.diff" ||
			fail "libvgpu-$1.so: other versions than $node: $(head -n 20 "$1.diff")"
	else
		diff "$1.expected" "$1.versioned" > "$1.diff" ||
			fail "libvgpu-$1.so has versions, the original has none: $(head -n 20 "$1.diff")"
	fi
	same "[$3]" "$(readelf -dW "$file" | awk '/SONAME/ { print $NF }')" "SONAME of libvgpu-$1.so"

	"$VGPU_BUILD_DIR/tests/e2e/symbols_bytes" "$file" > "$1.functions" ||
		fail "libvgpu-$1.so has entry points that observers cannot attach to"
	LC_ALL=C sort "$1.functions" | diff "$1.expected" - > /dev/null ||
		fail "libvgpu-$1.so: not every exported name is a function"

	readelf -nW "$file" | grep -q 'vgpu-trace' || fail "libvgpu-$1.so carries no note of ours"
	readelf -lW "$file" | awk '/NOTE/ { seen = 1 } END { exit !seen }' || fail "libvgpu-$1.so has no PT_NOTE"
	echo "libvgpu-$1.so: $2 of $2 names${node:+ at $node}"
}

check cuda 637 libcuda.so.1
check nvml 413 libnvidia-ml.so.1
check cudart13 422 libcudart.so.13 libcudart.so.13
check cudart12 405 libcudart.so.12 libcudart.so.12
