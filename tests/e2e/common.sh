# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every script test needs: `. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"` (set -eu is on after it).
set -euo pipefail

: "${VGPU_SOURCE_DIR:?is not set: run through ctest}" "${VGPU_BUILD_DIR:?}" "${VGPU_WORK_DIR:?}"
# shellcheck disable=SC2034  # for the scripts that read this file
trace=$VGPU_BUILD_DIR/bin/vgpu-trace

# The machine lacks something that this test needs.
skip() {
	echo "SKIPPED: $*"
	exit 77
}

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# need COMMAND…: skips where one is missing.
need() {
	local command
	for command; do
		command -v "$command" >/dev/null || skip "$command is missing"
	done
}

# want FILE PATTERN: an extended regular expression that must match a line of FILE.
want() {
	grep -Eq -- "$2" "$1" && return
	echo "--- $1" >&2
	tail -n 40 -- "$1" | cut -c 1-200 >&2
	fail "$1 has no line that matches: $2"
}

# refuse FILE PATTERN: the opposite.
refuse() {
	grep -E -- "$2" "$1" || return 0
	fail "$1 has a line that matches: $2"
}

# same EXPECTED ACTUAL WHAT
same() {
	[ "$1" = "$2" ] || fail "$3: expected '$1', got '$2'"
}

# simulated COMMAND…: a run on the simulated device, of a program that may have been built without this build's
# sanitizers: their libraries come before everything else, ours by the search path.
simulated() {
	local path=()
	if [ -n "${VGPU_SANITIZE:-}" ]; then
		path=(--inject path)
		local -x LD_PRELOAD
		LD_PRELOAD=$("$CC" -print-file-name=libasan.so):$("$CC" -print-file-name=libubsan.so)
	fi
	"$trace" run --shim sim "${path[@]}" "$@"
}
