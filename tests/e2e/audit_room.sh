#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# No room for a ring, or not for all of it: the program goes on, and what is missing is counted.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/audit_lib.sh"
probe=$VGPU_BUILD_DIR/tests/e2e/audit_probe

if [ -z "${VGPU_INSIDE:-}" ]; then
	need unshare mount
	maps=()
	[ "$(id -u)" = 0 ] || maps=(--user --map-root-user)
	unshare "${maps[@]}" --mount true 2>/dev/null || skip "cannot make namespaces here"
	VGPU_INSIDE=1 exec unshare "${maps[@]}" --mount --propagation private "$0"
fi

# on_tmpfs SIZE [FILL]: $rings is a tmpfs of that size, FILL of it taken.
on_tmpfs() {
	umount "$rings" 2>/dev/null || true
	mount -t tmpfs -o "size=$1" tmpfs "$rings" || skip "cannot mount a tmpfs here"
	[ $# = 1 ] || head -c "$2" /dev/zero >"$rings/.fill"
}

"$probe" misses 300 >bare.txt

# Not even the start fits.
on_tmpfs 64k 64k
audited "$probe" misses 300 >out.txt
cmp bare.txt out.txt || fail "a full disk changes what the program does"
ls "$rings" >names.txt
want names.txt '^link-[0-9]+-[0-9]+-0\.declined-28$'
refuse names.txt '\.ring$'

# It fits, and fills up: no signal, and the losses are counted.
on_tmpfs 128k
audited "$probe" misses 300 >out.txt
cmp bare.txt out.txt || fail "a disk that becomes full changes what the program does"
rings_of log.txt
want log.txt '^RING .* limit=(16384|65536|131072) dropped=[1-9][0-9]* .* grow=28 '
want log.txt '^END uncommitted=0$'
same 0 "$(df --output=avail -B1 "$rings" | tail -n 1 | awk '{ print ($1 > 65536) }')" "room left"

# Disk enough, but more to say than is kept: what is about GPUs has half of it for itself.
on_tmpfs 8m
audited "$probe" misses 12000 >out.txt
rings_of log.txt
want log.txt '^RING .* limit=1048576 dropped=[1-9][0-9]* .* grow=0'
same 1 "$(grep -c '^NOTE .* reason=3 ' log.txt)" "notes that plain records are dropped"

# Limits of the process itself: a file past its limit would be a signal.
on_tmpfs 8m
for limit in 0 1 64 100; do
	(
		ulimit -f $limit
		audited "$probe" misses 300
	) | cat >out.txt || fail "file size limit $limit: exit status $?"
	cmp bare.txt out.txt
done
rings_of log.txt
want log.txt '^RING .* limit=65536 dropped=[1-9]'
(
	ulimit -v 200000
	audited "$probe" misses 300
) >out.txt
cmp bare.txt out.txt

# No such directory, not a directory, one that may not be written to, a name that is too long.
for place in /nonexistent "$probe" /proc "" "$(printf '/%.0s%0600d' 1 0)"; do
	VGPU_TRACE_DIR=$place LD_AUDIT=$audit "$probe" misses 300 >out.txt 2>&1 || fail "exit status with $place"
	cmp bare.txt out.txt
done
umount "$rings"
