#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The description against an installed CUDA 13 toolkit: prototypes, layouts, constants, exported names.
# shellcheck source=tests/e2e/common.sh
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"

toolkit=${CUDA_PATH:-/usr/local/cuda}
[ -f "$toolkit/include/cuda.h" ] || skip "there is no CUDA toolkit at $toolkit"
version=$(sed -n 's/^#define CUDA_VERSION \([0-9]*\)$/\1/p' "$toolkit/include/cuda.h")
[ "$((version / 1000))" = 13 ] || skip "the toolkit at $toolkit is $version, not 13"
need c++ nm

# compare LIB: what a newer 13 added is not in the description, so this holds for any 13.
compare() {
	c++ -std=c++17 -fsyntax-only -I "$VGPU_SOURCE_DIR" -I "$toolkit/include" \
		-DVGPU_CHECK_HEADER="\"tests/e2e/symbols_$1.h\"" "$VGPU_BUILD_DIR/gen/$1_check.cc" 2> "$1.errors" ||
		fail "the description of $1 differs from the headers of $version: $(grep -m 20 error "$1.errors")"
	# The comparison must be able to fail: one number changed is one error.
	sed '0,/static_assert(sizeof(\([A-Za-z_0-9]*\)) == \([0-9]*\)/s//static_assert(sizeof(\1) == 1\2/' \
		"$VGPU_BUILD_DIR/gen/$1_check.cc" > "$1_wrong.cc"
	if c++ -std=c++17 -fsyntax-only -I "$VGPU_SOURCE_DIR" -I "$toolkit/include" \
		-DVGPU_CHECK_HEADER="\"tests/e2e/symbols_$1.h\"" "$1_wrong.cc" 2> "$1.errors"; then
		fail "a wrong size of $1 was not noticed"
	fi
	echo "$1: $(grep -c '^SAME(' "$VGPU_BUILD_DIR/gen/$1_check.cc") prototypes, $(grep -c offsetof \
		"$VGPU_BUILD_DIR/gen/$1_check.cc") offsets agree with $version"
}

compare cuda
compare cudart13

runtime=$(find -L "$toolkit/lib64" "$toolkit/lib" -maxdepth 1 -name libcudart.so.13 2>/dev/null | head -n 1)
[ -n "$runtime" ] || skip "the toolkit has no libcudart.so.13 (its headers agree)"
nm -D --defined-only "$runtime" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | LC_ALL=C sort > theirs
nm -D --defined-only "$VGPU_BUILD_DIR/lib/libvgpu-cudart13.so" |
	awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | LC_ALL=C sort > ours
if [ "$version" = 13000 ]; then
	diff theirs ours > names.diff || fail "other names than $runtime: $(head -n 20 names.diff)"
else
	# A later 13 may have more; what we export must all be there.
	[ -z "$(LC_ALL=C comm -13 theirs ours)" ] || fail "not in $runtime: $(LC_ALL=C comm -13 theirs ours)"
fi
echo "libcudart.so.13: $(wc -l < ours) names agree"
