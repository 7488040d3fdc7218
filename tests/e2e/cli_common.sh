# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For the tests of the program: . this after common.sh.
# shellcheck disable=SC2034,SC2154  # for, and from, the scripts that read this file
app=$VGPU_BUILD_DIR/tests/e2e/cli_app
rm -rf "${VGPU_WORK_DIR:?}"/*
# Directories of recordings of this test alone.
export XDG_RUNTIME_DIR=$VGPU_WORK_DIR/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"

# code WANT COMMAND…: its output goes to out and err.
code() {
	local want=$1 got=0
	shift
	"$@" >out 2>err || got=$?
	[ "$got" = "$want" ] || {
		head -n 50 err >&2
		fail "exit code $got instead of $want: $*"
	}
}

# wait_for FILE PATTERN: until a line of it matches; the file may not be there yet.
wait_for() {
	timeout 60 grep -Eqm1 -- "$2" <(exec tail -n +1 -F "$1" 2>/dev/null) || {
		[ ! -e "$1" ] || head -n 100 "$1" >&2
		fail "no line of $1 came to match: $2"
	}
}

# seen FILE [WHICH]: until the recording says of a process whether our libraries are in it (1 in, 2 not); then opens the gate.
seen() {
	until "$trace" dump --json "$1" 2>/dev/null >seen.json || grep -q "\"presence\":${2:-[12]}" seen.json; do
		kill -0 "$job" || fail "the recording ended early"
	done
	: >gate
}

# What differs from run to run: pids, lengths of time, build ids, paths, pointers.
mask() {
	sed -E -e 's/[0-9]+(\.[0-9]+)? (µs|us|ms|s)( |$)/TIME\3/g; s/[0-9]+(\.[0-9]+)? (µs|us|ms|s):/TIME:/g' \
		-e 's/event [0-9]+/event N/g; s/cli_app\([0-9]+\)/cli_app(PID)/g' \
		-e 's/build id [0-9a-f]+/build id ID/g' \
		-e "s#$VGPU_BUILD_DIR#BUILD#g; s#$VGPU_WORK_DIR#WORK#g" \
		-e 's/0x[0-9a-f]{6,}/POINTER/g' -e 's/ +$//' -e 's/ +TIME/  TIME/g' "$@"
}

# golden NAME FILE: FILE, masked, is what it was when somebody looked at it.
golden() {
	local kept=$VGPU_SOURCE_DIR/tests/golden/$1
	mask "$2" >"$1.masked"
	if [ -n "${VGPU_UPDATE_GOLDEN:-}" ]; then
		cp "$1.masked" "$kept"
	fi
	diff -u "$kept" "$1.masked" || fail "$1 is not what it was; if that is as it should be: VGPU_UPDATE_GOLDEN=1"
}

# Directories of recordings that are there now.
left_behind() {
	local found=0 dir
	for dir in "$XDG_RUNTIME_DIR"/vgpu-trace/session-*; do
		[ ! -e "$dir" ] || found=$((found + 1))
	done
	echo "$found"
}
