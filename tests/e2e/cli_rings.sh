#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Where rings lie, and finding them: by process, by name, of the dead, of other users.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"

# A directory that cannot be used: said once at the end, and nothing in the program's output.
for dir in /proc/nonexistent "$VGPU_SOURCE_DIR/README.md"; do
	code 0 "$trace" run --shim sim --ring-dir "$dir" --no-record -- sh -c "'$app' discover 2>own; '$app' discover 2>>own"
	same 1 "$(grep -c '^vgpu-trace: ' err)" "messages about $dir"
	want err "the ring directory '$dir' could not be written: .*: 2 processes wrote to "
	want err '^26 calls of 8 functions'
	same "" "$(cat own)" "what the program's stderr got"
done

# A directory of the user's: used, and left as it was.
mkdir rings
code 0 "$trace" run --shim sim --ring-dir rings --no-record -- "$app" discover
want err '^GPU FOUND'
same "" "$(ls rings)" "what is left in the user's directory"

# A running process, by pid and by name, while it is under no recording.
mkfifo gate
name=cli_$$_app
cp "$app" "$name"
export VGPU_TRACE_DIR=$PWD/rings
LD_LIBRARY_PATH=$VGPU_BUILD_DIR/lib/names "./$name" discover block gate >out &
pid=$!
wait_for out 'GPU NVIDIA'
# It goes on into a call that waits for us; that is seen by its ring alone.
until "$trace" ps >list && grep -q "$pid .*cuLaunchHostFunc" list; do
	kill -0 $pid || fail "the program is gone"
done
"$trace" dump $pid >dump.txt
want dump.txt "$name\($pid\)  discover block gate"
want dump.txt 'cuDeviceGetCount\(count → 1\) '
want dump.txt 'cuLaunchHostFunc\(.*\) … running for'
"$trace" dump "$name" >dump.txt
want dump.txt 'cuLaunchHostFunc\(.*\) … running for'
"$trace" dump --json "$name" >dump.json
want dump.json '"event":"pending"'

# Whoever started it has no ring: what its children did is meant as well.
LD_LIBRARY_PATH=$VGPU_BUILD_DIR/lib/names sh -c "'./$name' discover >/dev/null; '$app' discover block gate >out2; :" >/dev/null 2>&1 &
parent=$!
wait_for out2 'GPU NVIDIA'
"$trace" dump --json $parent >dump.json
same 2 "$(grep -c '"event":"ring"' dump.json)" "rings of the children, of the ended one, too"
# Once by the one that ended, twice by the one that waits.
same 3 "$(grep -o '"name":"cuInit"' dump.json | wc -l)" "calls of the children"
code 0 "$trace" stat --json $parent
want out '"cuInit"'
code 0 "$trace" explain $parent
want out 'GPU FOUND'
pkill -KILL -P $parent
wait $parent || true

# SIGKILLed: its ring stays, with the call it died in.
kill -KILL $pid
wait $pid 2>/dev/null || true
"$trace" dump "$name" >dump.txt
want dump.txt 'cuLaunchHostFunc\(.*never returned: the process ended inside'
want dump.txt 'but it ended inside cuLaunchHostFunc, which never returned'
"$trace" dump $pid >dump.txt
want dump.txt 'never returned'
# One that has none, nor has a child of it.
sleep 60 >/dev/null 2>&1 &
code 1 "$trace" dump $!
want err "^vgpu-trace: process $! has no record: neither it nor a child of it"
kill $!
rm -f rings/*.ring
unset VGPU_TRACE_DIR

# Root finds those of other users.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && setpriv --reuid 65534 --clear-groups "$app" 2>/dev/null; then
	chmod 755 "$VGPU_WORK_DIR"
	LD_LIBRARY_PATH=$VGPU_BUILD_DIR/lib/names setpriv --reuid 65534 --clear-groups "./$name" discover >out
	"$trace" dump "$name" >dump.txt
	want dump.txt 'GPU FOUND \(SIMULATED\)  by '
	rm -f /dev/shm/vgpu-trace-65534/vgpu-*.ring
fi
