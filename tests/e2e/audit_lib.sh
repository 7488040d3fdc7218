# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the auditor's tests share: how to run under it, and small libraries. Sourced after common.sh.

audit=$VGPU_BUILD_DIR/lib/libvgpu-audit.so
dump=$VGPU_BUILD_DIR/tests/e2e/audit_dump
rings=$VGPU_WORK_DIR/rings
[ -e "$audit" ] || skip "no auditor on this machine"
: "${CC:=cc}"
unset LD_AUDIT VGPU_TRACE_DIR VGPU_TRACE_HOST VGPU_TRACE_SESSION VGPU_AUDIT_REDIRECT GLIBC_TUNABLES
rm -rf "$rings"
mkdir -p "$rings"

# audited COMMAND…: its rings go to $rings, where none are before.
audited() {
	rm -f "$rings"/*
	VGPU_TRACE_DIR=$rings LD_AUDIT=$audit "$@"
}

# both NAME COMMAND…: the same output and status with and without the auditor; output in NAME.txt.
both() {
	local name=$1 bare=0 status=0
	shift
	"$@" >"$name.bare" 2>&1 </dev/null || bare=$?
	audited "$@" >"$name.txt" 2>&1 </dev/null || status=$?
	same "$bare" "$status" "exit status of $*"
	cmp "$name.bare" "$name.txt" || {
		diff "$name.bare" "$name.txt" | head -n 20 >&2
		fail "$*: the output differs under the auditor"
	}
}

# rings_of FILE: all rings as text.
rings_of() {
	"$dump" "$rings"/*.ring >"$1" || fail "a ring is damaged: $(grep DAMAGED "$1")"
}

# library FILE 'C code' [option…]
library() {
	local file=$1 code=$2
	shift 2
	"$CC" -shared -fPIC -x c - -x none -o "$file" "$@" <<<"$code"
}
