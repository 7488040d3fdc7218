#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The dashboard on a running program, driven as a person does; live numbers are masked where screens are compared.
. "$VGPU_SOURCE_DIR/tests/e2e/top_lib.sh"
need tmux

mkfifo in
VGPU_BACKEND=sim LD_LIBRARY_PATH=$VGPU_BUILD_DIR/lib/names "$VGPU_BUILD_DIR/tests/e2e/top_target" <in >said &
pid=$!
exec 5>in
wait_for said '^ready'

# do WORD…: the program does it, and has done it when this returns.
do_it() {
	printf '%s\n' "$*" >&5
	wait_for said "^$*$"
}

# Widths follow the numbers in them, so runs of spaces are one.
live() {
	sed -E -e 's/[0-9.]+ (ns|µs|us|ms|s|min)\b/TIME/g' -e 's/[0-9,]+ events\/s/N events\/s/' \
		-e 's/[0-9.]+%/N%/g' -e "s/\\b$pid\\b/PID/g" -e 's/[▁▂▃▄▅▆▇█]+/GRAPH/g' -e 's/^( +)[0-9]+\.[0-9]{6}/\1T/' \
		-e "s#$VGPU_BUILD_DIR#BUILD#g" -e 's/  +/ /g' -e 's/ +$//'
}

do_it discover
open_terminal 80 24 "$trace" top --view functions $pid
shows '^ vgpu-trace top [0-9]+ live' '^ ring on ' '^ cuInit +1 +0 CUDA_SUCCESS'
do_it calls 500
shows '^ cuDriverGetVersion +500 +0 CUDA_SUCCESS'
do_it fail 7
shows '^ cuDeviceGet +8 +7 INVALID_DEVICE \(101\)'
is_screen top_live_functions.txt live

# Sorted by errors, that one comes first.
keys s
shows 'Errors▼'
[ "$(sed -n 5p screen.txt | cut -c 1-12)" = ' cuDeviceGet' ] || fail "not sorted by errors: $(sed -n 5p screen.txt)"

# Held: the picture stands still, the count goes on.
keys Space
shows HELD
do_it calls 11
shows HELD '^ cuDriverGetVersion +500 '
keys Space
shows '^ cuDriverGetVersion +511 '

# Mark and diff.
keys m
shows 'marked: d shows'
keys d
shows 'since the mark .* ago'
refuse screen.txt cuInit
do_it calls 3
shows '^ cuDriverGetVersion +\+3 '
refuse screen.txt cuInit
keys d
shows '^ cuInit '

# Calls: follows; an error is found, its detail opens.
keys 2
shows ', following'
do_it fail 1
shows 'cuDeviceGet\(device → .* = INVALID_DEVICE'
keys x Enter
shows 'cuDeviceGet, event [0-9]+' 'CUDA_ERROR_INVALID_DEVICE \(101\) in' 'CUresult cuDeviceGet\(CUdevice \*device, int ordinal\)'
keys Escape / cuctxcreate Enter
shows 'cuCtxCreate_v2\(pctx'
keys G
shows ', following'

# A filter counts what is on record and what comes.
keys f 'fn == cuDeviceGet' Enter
shows '9 calls pass of 52[0-9]' 'filter fn == cuDeviceGet'
do_it fail 1
shows '10 calls pass of '
keys F
shows 'no filter'

# Memory, processes, libraries, verdict.
do_it alloc 64
do_it info
keys 6
shows '^ top_target +64 MiB +64 MiB +1 +0 +0 +[0-9.]+ GiB'
do_it free
shows '^ top_target +0 B +64 MiB +1 +1 '
do_it child 3
keys 4
shows '^ top_target +[0-9]+ .* runs ' '^ └─ top_target\([0-9]+\) +[0-9]+ .* ended '
keys 5
shows '^ libcuda.so.1 +top_target +opened'
keys 1
shows 'GPU FOUND \(SIMULATED\)|calls of [0-9]+ functions'

# Calls by the hundred thousand: what is like what was listed is counted only, what the ring overwrote is lost, and
# nothing else is missing.
do_it calls 300000
keys 3
everything() {
	local counted lost
	screen >screen.txt
	counted=$(sed -n 's/^ cuDriverGetVersion  *\([0-9,]*\) .*/\1/p' screen.txt | tr -d ,)
	lost=$(sed -n 's/^ ring .* lost \([0-9,]*\) .*/\1/p' screen.txt | tr -d ,)
	[ "${counted:-0}" -gt 1000 ] && [ $((counted + lost)) = $((300000 + 3 + 511)) ]
}
for _ in $(seq 1 200); do
	everything && break
	a_moment
done
everything || fail "of 300,514 calls there are, counted and lost: $(cat screen.txt)"
keys 2
keys / counted, Enter
shows '[0-9]+ calls like those above: counted, not listed'

# Any size, at any moment.
resize 200 60
keys 3
shows '^ Function .*Rate/s .*History'
resize 80 24
shows '^ Function .*p50 +Time$'
resize 200 60
shows '^ Function .*Rate/s .*History'

# It dies, and stays to be seen.
printf 'crash\n' >&5
wait "$pid" 2>/dev/null || true
keys 4
shows '^ top_target +[0-9]+ .* ended '
shows ENDED
keys q
shows '^EXIT 0' '^icanon' '^echo'

# By name: what comes later is taken in.
exec 5>&-
name=top_$$
mkdir bin
cp "$VGPU_BUILD_DIR/tests/e2e/top_target" "bin/$name"
mkfifo again
VGPU_BACKEND=sim LD_LIBRARY_PATH=$VGPU_BUILD_DIR/lib/names "bin/$name" <again >said.1 &
exec 6>again
wait_for said.1 '^ready'
open_terminal 80 24 "$trace" top --view processes "$name"
shows "^ $name .* 0 +0 "
printf 'discover\n' >&6
shows "^ $name .* runs +4 +0 "
exec 6>&-
shows "^ $name .* ended +4 +0 "
LD_LIBRARY_PATH=$VGPU_BUILD_DIR/lib/names VGPU_BACKEND=sim "bin/$name" <<<'fail 2' >said.2
shows "^ $name.* ended +4 +0 " "^ $name.* ended +2 +2"
keys q
shows '^EXIT 0'
