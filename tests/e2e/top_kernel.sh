#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The dashboard on a running program whose driver is somebody else's: the kernel observer is its only witness.
. "$VGPU_SOURCE_DIR/tests/e2e/top_lib.sh"
need tmux cc
mkdir driver bin
cc -O1 -shared -fPIC -x c - -Wl,-soname,libcuda.so.1,-Bsymbolic -o driver/libcuda.so.1 <<'C'
int cuInit(unsigned flags) { return flags ? 1 : 0; }
int cuDeviceGetCount(int *count) { *count = 1; return 0; }
int cuDriverGetVersion(int *version) { *version = 12080; return 0; }
int cuDeviceGet(int *device, int ordinal) { *device = ordinal; return ordinal ? 101 : 0; }
int cuCtxCreate_v2(void **context, unsigned flags, int device) { *context = context; return flags || device; }
int cuMemAlloc_v2(unsigned long *at, unsigned long size) { *at = size; return 0; }
int cuMemFree_v2(unsigned long at) { return !at; }
int cuMemGetInfo_v2(unsigned long *left, unsigned long *all) { *left = *all = 1ul << 33; return 0; }
C

# start NAME FOLDER: the target by that name, its driver from there; told what to do through descriptor 5.
start() {
	cp "$VGPU_BUILD_DIR/tests/e2e/top_target" "bin/$1"
	[ -p in ] || mkfifo in
	VGPU_BACKEND=sim LD_LIBRARY_PATH=$2:$VGPU_BUILD_DIR/lib/names "bin/$1" <in >"said.$1" &
	pid=$!
	exec 5>in
	wait_for "said.$1" '^ready'
}
do_it() {
	printf '%s\n' "$*" >&5
	wait_for "said.$name" "^$*$"
}
stop() {
	exec 5>&-
	wait "$pid" || true
	keys q
	shows '^EXIT 0'
}
# A pid at a time may have this name.
name=ours_$$

# Ours: the ring has every call, and no probe slows it; each is counted once all the same.
start $name "$VGPU_BUILD_DIR/lib/names"
open_terminal 120 24 "$trace" top --kernel auto --view functions $pid
shows '^ ring (on|off) ' '^F1Help'
if grep -q 'kernel off' screen.txt; then
	keys q
	exec 5>&-
	skip "the kernel observer is not permitted, or not possible, here"
fi
do_it calls 500
shows 'kernel on  .*lost 0 ' '^ cuDriverGetVersion +500 +0 CUDA_SUCCESS'
keys 2
shows 'cuDriverGetVersion'
keys / cudriver Enter
shows 'cuDriverGetVersion'
keys Enter
shows 'cuDriverGetVersion, event' '^ +seen by ring$'
keys Escape
stop

# From the kernel as well, when that is asked for: two witnesses of one call.
start $name "$VGPU_BUILD_DIR/lib/names"
open_terminal 120 24 "$trace" top --kernel on --view functions $pid
shows 'kernel on ' '^F1Help'
do_it calls 300
shows '^ cuDriverGetVersion +300 +0 CUDA_SUCCESS'
keys 2
shows 'cuDriverGetVersion'
keys / cudriver Enter
shows 'cuDriverGetVersion'
keys Enter
shows 'cuDriverGetVersion, event' '^ +seen by ring, kernel$'
keys Escape
stop

# Somebody else's: seen live, from the moment of attaching; what came before is not claimed.
name=theirs_$$
start $name driver
do_it discover
open_terminal 120 24 "$trace" top --kernel auto --view functions $pid
shows 'ring on  link off  kernel on '
do_it calls 200
do_it fail 7
shows '^ cuDriverGetVersion +200 +0 CUDA_SUCCESS' '^ cuDeviceGet +7 +7 CUDA_ERROR_INVALID_DEVICE'
refuse screen.txt cuInit
keys 5
shows '^ libcuda\.so\.1 .* probed +8 '
keys 4
do_it child 3
shows "^ $name +$pid .* runs +207 +7 " "^ └─ $name\([0-9]+\) .* exit 3 +4 "
stop

# Without it: nothing is seen, and the header says so.
start $name driver
open_terminal 120 24 "$trace" top --kernel off --view functions $pid
shows 'ring on  link off  kernel off '
do_it discover
do_it calls 5
keys 1
shows '^ NOT KNOWN'
keys q
shows '^EXIT 0'
exec 5>&-
wait "$pid" || true

# By name: the discovery of one that starts later, from its first call.
start $name driver
open_terminal 120 30 "$trace" top --kernel auto --view verdict "$name"
shows 'kernel on '
exec 5>&-
wait "$pid" || true
start $name driver
do_it discover
shows "^ GPU FOUND  by $name\($pid\)"
stop
