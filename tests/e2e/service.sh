#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What docs/services.md promises: a service with a user and a /tmp of its own, and root who reads its ring.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"

[ "$(id -u)" = 0 ] || skip "needs root, to be two users"
need unshare setpriv mkfifo
unshare --mount true 2>/dev/null || skip "cannot make a mount namespace here"
rm -f ./*.txt ./*.fifo

# Where another user can read; the build may lie in a home directory.
place=$(mktemp -d /var/tmp/vgpu-test-XXXXXX)
user=65533
service=
cleanup() {
	[ -z "$service" ] || kill -9 "$service" 2>/dev/null || true
	rm -rf "$place" "/dev/shm/vgpu-trace-$user"
}
trap cleanup EXIT
chmod 755 "$place"
# No longer than 15 characters: the kernel keeps no more of a name.
name=vgpu-svc-$$
cp "$VGPU_BUILD_DIR/tests/e2e/holder" "$place/$name"
mkdir "$place/bin" "$place/lib" "$place/runtime"
cp -P "$trace" "$place/bin/"
cp "$VGPU_BUILD_DIR"/lib/libvgpu-*.so "$place/lib/"
cp -rP "$VGPU_BUILD_DIR/lib/names" "$place/lib/"
chown $user "$place/runtime"
chmod 700 "$place/runtime"

# The drop-in for the simulated device, as a user would paste it; "Environment=" lines become assignments.
"$place/bin/vgpu-trace" run --shim sim --systemd >unit.txt
want unit.txt '^\[Service\]$'
want unit.txt '^RuntimeDirectory=vgpu-trace$'
want unit.txt '^Environment="VGPU_TRACE_DIR=/run/vgpu-trace"$'
environment=()
while IFS= read -r line; do
	environment+=("$line")
done < <(sed -n 's/^Environment="\(.*\)"$/\1/p' unit.txt | grep -v '^VGPU_TRACE_DIR=')
[ ${#environment[@]} -ge 2 ] || fail "too little in unit.txt"

# start ASSIGNMENT…: the service in the background; its input stays open until stop.
start() {
	mkfifo in.fifo out.fifo
	exec 8<>in.fifo
	# shellcheck disable=SC2016
	unshare --mount --propagation private sh -c '
		mount -t tmpfs tmpfs /tmp && chmod 1777 /tmp && mkdir -m 777 /tmp/rings && user=$1 && shift &&
		eval "$BEFORE" && cd / &&
		exec setpriv --reuid "$user" --regid "$user" --clear-groups env -i "$@"' \
		sh $user "${environment[@]}" "$@" "$place/$name" <in.fifo >out.fifo 8>&- &
	service=$!
	read -r ready <out.fifo || fail "the service did not start"
	same "ready 1" "$ready" "the service's devices"
	rm in.fifo out.fifo
}

stop() {
	exec 8>&-
	wait "$service" || fail "the service ended with $?"
	service=
	# A name also finds what ended processes left.
	rm -rf "/dev/shm/vgpu-trace-$user"
}

# seen FILE
seen() {
	want "$1" '^ +[^ ]+ +cuInit\(Flags=0\) += CUDA_SUCCESS '
	want "$1" '^ +[^ ]+ +cuDeviceGetCount\(count → 1\) += CUDA_SUCCESS '
}

# Runs in the service's namespace before the service.
export BEFORE=:
echo "== its own runtime directory"
start VGPU_TRACE_DIR="$place/runtime"
"$trace" dump "$name" >live.txt
seen live.txt
stop
ring=$(find "$place/runtime" -name 'vgpu-*.ring')
[ -f "$ring" ] || fail "no ring in the runtime directory: '$ring'"
same $user "$(stat -c %u "$ring")" "the ring's owner"
"$trace" dump "$ring" >dead.txt
seen dead.txt

echo "== nothing said: /dev/shm"
start
find /dev/shm/vgpu-trace-$user -name 'vgpu-*.ring' | grep -q . || fail "no ring in /dev/shm/vgpu-trace-$user"
"$trace" dump "$name" >shm.txt
seen shm.txt
stop

echo "== in its private /tmp: only while it lives"
start VGPU_TRACE_DIR=/tmp/rings
"$trace" dump "$name" >private.txt
seen private.txt
stop

echo "== no place for a file: in memory, and said so"
BEFORE='mount -t tmpfs -o ro tmpfs /dev/shm'
start VGPU_TRACE_DIR=/nonexistent
"$trace" dump "$name" >memory.txt
seen memory.txt
want memory.txt 'memory'
stop
