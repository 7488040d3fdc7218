#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How long after a link of the discovery broke the dashboard shows it: ollama-like, each era, each of its faults.
# usage: bench_top_verdict.sh [ROUNDS]
set -eu
VGPU_SOURCE_DIR=$(realpath "$(dirname "$0")/../..")
VGPU_WORK_DIR=$(mktemp -d)
export VGPU_SOURCE_DIR VGPU_WORK_DIR VGPU_BUILD_DIR=${VGPU_BUILD_DIR:-$VGPU_SOURCE_DIR/build}
. "$VGPU_SOURCE_DIR/tests/e2e/top_faults.sh"
: >took
for _ in $(seq 1 "${1:-3}"); do
	for row in "${faults[@]}"; do
		eval "set -- $row"
		breaks "$@"
		stop_ollama
		echo "$took" >>took
		printf '%-4s %-11s %-21s %5d ms\n' "$1" "$2" "$3" "$took"
	done
done
sort -n took | awk '{ at[NR] = $1; over += $1 > 1000 }
	END { printf "\n%d faults shown: median %d ms, worst %d ms, %d later than 1 s\n", NR, at[int((NR + 1) / 2)], at[NR], over }'
close_terminal
cd /
rm -rf "$VGPU_WORK_DIR"
