#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The link observer beside LD_DEBUG and strace -f, in one run: bench_audit.sh [BUILD_DIR [ROUNDS]].
set -euo pipefail
build=$(realpath "${1:-build}")
rounds=${2:-1000}
bench=$build/tests/bench/bench_audit
audit=$build/lib/libvgpu-audit.so
dir=$(mktemp -d -p /dev/shm vgpu-bench.XXXXXX)
trap 'rm -rf "$dir"' EXIT

more=()
command -v strace >/dev/null || more=(--no-strace)
"$bench" "$audit" "$dir" "$rounds" "${more[@]}"

printf '\n%-12s' "bare:"
"$bench" lookups
printf '%-12s' "auditor:"
VGPU_TRACE_DIR=$dir LD_AUDIT=$audit "$bench" lookups
