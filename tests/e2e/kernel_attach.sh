#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# vgpu-trace attach: one case (a function below) by one way of attaching.
# usage: kernel_attach.sh CASE multi|tracefs
# shellcheck source=tests/e2e/common.sh
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
# shellcheck source=tests/e2e/cli_common.sh
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"

method=${2:-multi}
bin=$VGPU_BUILD_DIR/tests/e2e
# Files and a name of its own: probes belong to files, and other tests run at the same time.
foreign=$VGPU_WORK_DIR/libcuda-foreign.so
target=$VGPU_WORK_DIR/kt_$1_${method:0:2}
cp "$bin/libcuda-foreign.so" "$foreign"
cp "$bin/kernel_target" "$target"
trap 'jobs -p | xargs -r kill 2>/dev/null || true' EXIT
cd "$VGPU_WORK_DIR"

# attach ARGUMENT…: in the background, output to out and err; until it is attached or waits. $job is its number.
attach() {
	# Not the words of an attachment before: the shell empties the file only when the job starts.
	: >out
	"$trace" attach --attach-method "$method" -o a.vgt "$@" >out 2>err &
	job=$!
	until grep -Eq '^(attached to|waiting for) ' out; do
		kill -0 $job 2>/dev/null || {
			grep -q 'CAP_BPF\|without the kernel observer\|no way to attach\|has no links' err && skip "$(cat err)"
			fail "attach ended: $(cat err)"
		}
	done
}

# observe COMMAND…: waits for the target, runs the command, and for the end of the observation.
observe() {
	attach --wait "${target##*/}" "${more[@]}"
	"$@" >said 2>&1 || true
	wait $job || fail "attach: $? $(cat err)"
	nothing_lost
}
more=(--lib "$foreign")

# json KIND: the events of that kind, a line each
json() {
	[ -e all.json ] || "$trace" dump --json a.vgt >all.json
	grep "^{\"event\":\"$1\"" all.json || true
}

# count KIND PATTERN: how many of them match
count() {
	json "$1" | grep -Ec -- "$2" || true
}

nothing_lost() {
	same 0 "$(json "kernel loss" | grep -vc '"dropped":0,.*"stateless":0,.*"other_dropped":0,')" "processors that lost records"
}

# A library that is not ours, traced from outside: every kind of argument, a static function by name.
foreign() {
	more+=(--probe '*foreign.so:foreign_static(long)->long')
	observe "$target" shapes "$foreign"
	want out 'cuDeviceGetName\(name → "A device that is foreign", len=32, dev=0\) = CUDA_SUCCESS'
	want out 'cuDeviceGetName\(name → \?, len=32, dev=9\) *= CUDA_ERROR_INVALID_DEVICE \(101\)'
	want out 'cuDeviceGetUuid\(uuid → GPU-02030405-0607-0809-0a0b-0c0d0e0f1011, dev=2\)'
	want out 'cuLaunchKernel\(.*gridDimX=1, gridDimY=2, .*sharedMemBytes=7, '
	want out 'foreign_sum\(0x1, 0x2, 0x3, 0x4, 0x5, 0x6\) *= 0x15'
	# Inside the exported function that calls it.
	want out '    foreign_static\(10\) *= 30'
	want out '^GPU FOUND  by kt_'
	same 14 "$(count call .)" "calls"
	same 2 "$(count call '"name":"cuDeviceGetCount"')" "counts, one by a jump"
}

# A process that runs already: its calls from now on; it goes on when the observer leaves.
running() {
	"$target" wait "$foreign" >pid 3>beats &
	local pid=$! before
	read -r _ < <(tail -n +1 -F pid 2>/dev/null)
	"$bin/kernel_bytes" "$pid" "$foreign" cuDeviceGetCount >before
	attach "$pid"
	wait_for out 'cuDeviceGetCount\(count → 3\)'
	kill -INT $job
	wait $job || fail "attach: $?"
	want out '^GPU FOUND  by kt_'
	want out '^1 process still runs; '
	"$bin/kernel_bytes" "$pid" "$foreign" cuDeviceGetCount | cmp - before || fail "a probe was left behind"
	before=$(stat -c %s beats)
	until [ "$(stat -c %s beats)" -gt "$before" ]; do
		kill -0 $pid || fail "the target is gone"
	done
	# It is listed among those that can be attached to.
	code 0 "$trace" ps
	want out "^ *$pid .* -  not recorded: libcuda-foreig +.*$target wait "
	# By its name, and by one that nobody has.
	attach -q "${target##*/}"
	kill -INT $job
	wait $job || fail "attach by name: $(cat err)"
	kill $pid
	code 1 "$trace" attach no_such_name
	want err "cannot attach to 'no_such_name': no process of that name is running"
}

# A child's child that lives for milliseconds, with stderr on /dev/null, killed in a call.
grandchild() {
	observe "$target" grandchild "$foreign"
	same 1 "$(count exec '"argv":\["kernel_target","victim"')" "its program"
	same 1 "$(count dl '"op":1,.*libcuda-foreign.so')" "its library"
	same 1 "$(count output '"descriptor":2,.*"bytes":"776f72647320666f72206e6f626f64790a"')" "what it said"
	same 1 "$(count pending '"ended":1')" "calls that did not return"
	want out 'cuCtxSynchronize\(\) *never returned: the process ended inside'
	want out 'killed by SIGKILL'
}

# What a library swallows.
swallow() {
	observe "$target" swallow "$bin/libkernel-broken.so"
	same 1 "$(count dl '"failed":1,.*"error":"undefined symbol: kernel_symbol_that_nobody_has"')" "the swallowed reason"
	same 1 "$(count dl '"failed":1,"name":"libno-such-library.so.7",.*cannot open shared object file')" "the missing file"
}

# A handler makes an exit code of a crash.
crash() {
	observe "$target" segv "$foreign"
	same 1 "$(count crash '"signal":11,"code":1,"address":"0x40",.*"handled":1,.*"function_name":"cuModuleLoad"')" "crash"
	same 1 "$(count crash '"object":"[^"]*/?libcuda-foreign.so",.*"symbol":("cuModuleLoad|null)')" "the place of the crash"
	same 1 "$(count exit '"how":1,"status":2,')" "exit with 2"
	# Nobody handles it: the process is gone before anybody can look into it.
	rm -f all.json
	ulimit -c 0
	observe "$target" segv "$foreign" plain
	same 1 "$(count crash '"signal":11,.*"handled":0,"object":"[^"]*libcuda-foreign.so","offset":"0x[0-9a-f]*[1-9a-f]')" "crash"
	same 1 "$(count exit '"how":2,"status":11,')" "end by SIGSEGV"
	# In the start of a library that dlopen was asked for.
	rm -f all.json
	observe "$target" load "$bin/libkernel-crash.so"
	same 1 "$(count crash '"object":"[^"]*libkernel-crash.so",.*"initialising":"[^"]*libkernel-crash.so"')" "crash in a constructor"
}

# odd_library PATH: three functions of the driver's names, none of which is hard to probe
odd_library() {
	mkdir -p "${1%/*}"
	printf '%s\n' 'int cuInit(unsigned f) { return f != 0; }' 'int cuDeviceGetCount(int *n) { *n = 3; return 0; }' \
		'int cuDeviceGetName(char *s, int n, int d) { *s = 0; return n && d > 2 ? 101 : 0; }' |
		cc -shared -fPIC -x c -o "$1" -
}

# A library from a place that nobody foresaw: its first calls are seen too, or the trace says that they may be missing.
unforeseen() {
	need cc
	odd_library odd/libcuda-odd.so
	more=()
	observe "$target" threads "$PWD/odd/libcuda-odd.so" 4000 4
	[ "$(count call .)" = 4000 ] || want out 'was mapped before it was probed: .*libcuda-odd.so'
	# Gone long before anybody looked into /proc, and known all the same.
	same 1 "$(count object '"path":"'"$PWD"'/odd/libcuda-odd.so","soname":null')" "the library"
	same 1 "$(count object '"path":"'"$target"'".*"flags":2')" "the program"
	# Without a hold they are missing, and it is said.
	rm -f all.json odd/libcuda-odd.so
	cp "$foreign" odd/libcuda-odd.so
	more=(--no-stop)
	observe "$target" threads "$PWD/odd/libcuda-odd.so" 4000 4
	[ "$(count call .)" = 4000 ] || want out 'was mapped before it was probed: .*libcuda-odd.so'
}

# Every process that maps such a library from now on: two programs, neither named, from a place that nobody foresaw.
all() {
	need cc
	attach --all --no-files
	for i in 1 2; do
		odd_library "odd/libcuda-all$i.so"
		cp "$target" "kt_every$i"
		"./kt_every$i" threads "$PWD/odd/libcuda-all$i.so" 400 2
		wait_for out "probes .*/libcuda-all$i.so"
		"./kt_every$i" threads "$PWD/odd/libcuda-all$i.so" 400 2
	done
	kill -INT $job
	wait $job || fail "attach: $?"
	for i in 1 2; do
		# At the second time its library is probed already: nothing may be missing of that.
		[ "$(count call '"object":"[^"]*/libcuda-all'$i'.so"')" -ge 400 ] || fail "calls of program $i are missing"
		same 2 "$(count object '"path":"[^"]*/libcuda-all'$i'.so"')" "times that its library was mapped"
		[ "$(count call '"object":"[^"]*/libcuda-all'$i'.so"')" = 800 ] ||
			want out "was mapped before it was probed: .*libcuda-all$i.so"
	done
}

# C++ exceptions pass through observed functions; --returns is for those that throw none.
throws() {
	need g++
	g++ -O1 -g0 -fPIC -shared -DLIBRARY -o libthrow.so "$VGPU_SOURCE_DIR/tests/e2e/kernel_throw.cpp"
	g++ -O1 -g0 -o "$target" "$VGPU_SOURCE_DIR/tests/e2e/kernel_throw.cpp" -L. -lthrow -Wl,-rpath,"$PWD"
	more=(--lib "$PWD/libthrow.so" --probe '*libthrow.so:throw_through(int,str)->int')
	observe "$target"
	same "caught 50, sum 2750" "$(cat said)" "what it said"
	want out 'exited with 0'
	want out 'probes .*/libthrow.so .*, when they are entered: a return probe would stop'
	# 50 of 100 calls threw: each of both functions was seen.
	same 100 "$(count call '"name":"throw_it"')" "calls of throw_it"
	same 100 "$(count call '"name":"throw_through"')" "calls of throw_through"
	want out 'throw_through\(99, .*\) *= \?'
	same 1 "$(count probes 'libthrow.so.*"entries":1')" "entries only"
	# What throws nothing keeps its results.
	rm -f all.json
	more+=(--returns)
	attach --wait "${target##*/}" "${more[@]}"
	kill -INT $job
	wait $job || fail "attach: $?"
	same 1 "$(count probes 'libthrow.so.*"entries":0')" "returns as well"
}

# What depends on where a call comes from: RTLD_NEXT, and a search by the caller's own RUNPATH.
lookups() {
	need cc
	mkdir -p own
	echo 'int vgpu_hidden(void) { return 7; }' | cc -shared -fPIC -x c -o own/libkt_hidden.so -
	cat >lookup.c <<-'END'
		#define _GNU_SOURCE
		#include <dlfcn.h>
		#include <stdio.h>
		#include <unistd.h>
		pid_t getpid(void) { return 4; }
		int main(void)
		{
			pid_t (*next)(void) = (pid_t (*)(void))dlsym(RTLD_NEXT, "getpid");
			void *library = dlopen("libkt_hidden.so", RTLD_NOW);
			int (*hidden)(void) = library ? (int (*)(void))dlsym(library, "vgpu_hidden") : 0;
			printf("%d %d %d %d\n", getpid(), next && next() > 4, library != 0, hidden ? hidden() : 0);
			printf("%d\n", dlvsym(RTLD_NEXT, "getpid", "GLIBC_2.2.5") != 0);
			return 0;
		}
	END
	# shellcheck disable=SC2016 # the linker's, not the shell's
	cc -O1 -o "$target" lookup.c -Wl,--enable-new-dtags,-rpath,'$ORIGIN/own'
	"$target" >plain
	same "4 1 1 7" "$(head -n 1 plain)" "the answers without observation"
	more=(--lib "$PWD/own/libkt_hidden.so")
	observe "$target"
	cmp plain said || fail "other answers under observation: $(cat said)"
	same 1 "$(count dl '"failed":0,"name":"libkt_hidden.so"')" "the library by its RUNPATH"
	same 1 "$(count call '"name":"vgpu_hidden"')" "calls"
}

# A program that the dynamic linker ends before it begins: its words are on record, though nobody sees them.
startup() {
	need cc
	echo 'int cuOnlyThere(void) { return 0; }' | cc -shared -fPIC -x c -o libcuda-start.so -
	echo 'extern int cuOnlyThere(void); int main(void) { return cuOnlyThere(); }' |
		cc -x c -o "$target" - -L. -lcuda-start -Wl,-z,now,-rpath,"$PWD"
	echo 'int cuSomethingElse(void) { return 0; }' | cc -shared -fPIC -x c -o libcuda-start.so -
	more=(--descriptors none)
	observe sh -c "exec '$target' 2>/dev/null"
	same 1 "$(count dl '"op":6,"failed":1,.*"error":"undefined symbol: cuOnlyThere"')" "the missing symbol"
	same 1 "$(count exit '"how":1,"status":127,')" "exit with 127"
	want out '^CPU MODE|^NOT KNOWN'
	want out 'cuOnlyThere'
	rm -f all.json libcuda-start.so
	observe sh -c "exec '$target' 2>/dev/null"
	same 1 "$(count dl '"op":6,"failed":1,.*"error":"cannot open shared object file')" "the missing library"
	want out 'libcuda-start.so'
}

# A thread that was in a call before anybody attached; one that enters it afterwards and stays.
stuck() {
	local pid
	for how in before after; do
		rm -f all.json five
		if [ $how = before ]; then
			"$target" victim "$foreign" 5>five 2>said &
			pid=$!
			until [ -s five ]; do
				kill -0 $pid || fail "the target is gone"
			done
			attach $pid
			want out 'cuCtxSynchronize\(\) *… in it since before the attach'
		else
			attach --wait "${target##*/}" "${more[@]}"
			"$target" victim "$foreign" 5>five 2>said &
			pid=$!
			wait_for out 'cuCtxSynchronize\(\) *… running for '
		fi
		kill -INT $job
		wait $job || fail "attach: $?"
		[ $how = after ] || want out '^NOT KNOWN: kt_stuck_[a-z]*\([0-9]+\) is still inside cuCtxSynchronize'
		same 1 "$(count pending '"ended":0,')" "calls in flight"
		kill -0 $pid || fail "the target did not survive"
		kill $pid
		wait $pid 2>/dev/null || true
	done
	same 0 "$(count pending '"before":1')" "calls from before, of one that came after"
}

# What an observer keeps open, and in memory, by its slope over the life of hundreds of processes.
# The fewest of some looks: it opens files of /proc for moments.
descriptors() {
	local least=9999 now

	for _ in {1..20}; do
		now=$(find "/proc/$1/fd" -mindepth 1 | wc -l)
		[ "$now" -ge "$least" ] || least=$now
	done
	echo "$least"
}

slope() {
	local stays forks fds rss more_fds more_rss
	mkfifo gate
	"$target" victim "$foreign" 5>five 2>said &
	stays=$!
	{ read -r _ <gate && exec "$target" forks "$foreign" 400; } >said.forks &
	forks=$!
	until [ -s five ]; do
		kill -0 $stays || fail "the target is gone"
	done
	attach -q $stays $forks
	fds=$(descriptors $job)
	rss=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$job/status)
	echo go >gate
	wait $forks || fail "the target: $(cat said.forks)"
	want said.forks '^400 forks, 0 bad$'
	more_fds=$(descriptors $job)
	more_rss=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$job/status)
	kill -INT $job
	wait $job || fail "attach: $(cat err)"
	same 400 "$(count start '"witness":"fork"')" "children"
	echo "descriptors $fds, then $more_fds; resident $rss KiB, then $more_rss"
	same "$fds" "$more_fds" "descriptors"
	[ $((more_rss - rss)) -lt 65536 ] || fail "it grew from $rss to $more_rss KiB in 400 processes"
	kill $stays
}

# 100,000 calls from 8 threads, twice seen: by the ring and by the kernel.
witnesses() {
	export VGPU_TRACE_DIR=$VGPU_WORK_DIR/rings
	mkdir -p "$VGPU_TRACE_DIR"
	cp "$VGPU_BUILD_DIR/lib/libvgpu-cuda.so" .
	more=(--lib "$VGPU_WORK_DIR/libvgpu-cuda.so" -q --buffer 64)
	observe "$target" paced "$VGPU_WORK_DIR/libvgpu-cuda.so" 100000 8
	want out '^100,000 calls of 3 functions, 25,000 errors '
	# What the ring lacks is what it overwrote before it was read: the sums must be exact.
	local both alone overwritten
	both=$(sed -n 's/,//g; s/^witnesses: \([0-9]*\) calls seen by ring and kernel 0 by the ring only [0-9]* by the kernel only$/\1/p' out)
	alone=$(sed -n 's/,//g; s/^witnesses: .* only \([0-9]*\) by the kernel only$/\1/p' out)
	overwritten=$(json loss | sed -n 's/.*"overwritten":\([0-9]*\).*/\1/p' | tail -n 1)
	same 100000 $((both + alone)) "calls seen twice and once"
	same "$overwritten" "$alone" "calls that only the kernel saw, and those that the ring overwrote"
	[ "$both" -gt 1000 ] || fail "only $both calls have two witnesses"
	# Function by function.
	code 0 "$trace" stat --witnesses a.vgt
	want out '^ +100000 +[0-9]+  all 3 functions$|^equal: ring and kernel saw the same calls$|^equal but for what was counted as lost$'
	want out '^ +[0-9]+ +25000 +[0-9]+  cuInit'
	same 25000 "$(count call '"name":"cuInit"')" "calls of cuInit"
	same 50000 "$(count call '"name":"cuDeviceGetName"')" "calls of cuDeviceGetName"
}

# bytes: of the trace and of what is to take its place
bytes() {
	stat -c %s a.vgt a.vgt.next 2>/dev/null | awk '{ all += $1 } END { print all + 0 }'
}

# within: not more than a MiB of them
within() {
	[ "$(bytes)" -le 1048576 ] || fail "the trace has $(bytes) bytes"
}

# calls_of_all: those in the trace and those in its gap
calls_of_all() {
	echo $(($(count call .) + $(json gap | sed -n 's/.*"calls":\([0-9]*\).*/\1/p' | tail -n 1)))
}

# The file is full: attach ends, and the program does not.
limit_first() {
	local many
	"$target" paced "$foreign" 2000000 16 >said 2>&1 &
	many=$!
	attach -q --max-size 1M $many
	wait $job || fail "attach: $? $(cat err)"
	kill -0 $many || fail "attach went on until the program ended, or ended it"
	within
	want err "^vgpu-trace: 'a.vgt' is full \\(--max-size 1M\\): what comes now is not in it"
	want out '^not in the file: .*: the file was full \(--max-size 1 MiB\)'
	code 0 "$trace" dump -e 'failed && !failed' a.vgt
	want out '^ *(attach  )?gap      not kept: .*the file was full'
	[ "$(count call .)" -gt 10000 ] || fail "only $(count call .) calls are kept"
	code 0 "$trace" explain a.vgt
	want out '^not kept: '
	refuse out '^CPU MODE'
	wait $many || fail "the program did not survive: $(cat said)"
}

# The newest is kept; at any moment there is no more than there may be.
limit_last() {
	attach --wait "${target##*/}" -q --max-size 1M --keep last --buffer 64 "${more[@]}"
	"$target" paced "$foreign" 1000000 16 >said 2>&1 &
	while kill -0 $job 2>/dev/null; do
		within
	done
	wait $job || fail "attach: $? $(cat err)"
	within
	[ ! -e a.vgt.next ] || fail "a.vgt.next was left behind"
	same 1000000 $(($(calls_of_all) + $(json "kernel loss" |
		sed -n 's/.*"dropped":\([0-9]*\),"deep":\([0-9]*\),"stateless":\([0-9]*\),.*/\1+\2+\3/p' | paste -sd+))) \
		"calls in the trace, in its gap, and lost"
	[ "$(count call .)" -gt 30000 ] || fail "only $(count call .) calls are kept"
	for kind in start exec exit probes session; do
		[ "$(count $kind .)" -gt 0 ] || fail "nothing of kind $kind is kept"
	done
	[ "$(count object libcuda-foreign)" -gt 0 ] || fail "the library is not on record"
	code 0 "$trace" explain a.vgt
	want out '^GPU FOUND'
	want out '^not kept: .*: newer ones took their place \(--max-size 1 MiB\)'
}

# Attached for long, and killed: the program goes on, the trace can be read.
limit_killed() {
	local pid inode
	"$target" paced "$foreign" 4000000 16 >said 2>&1 &
	pid=$!
	attach -q --max-size 1M --keep last --buffer 64 "$pid"
	inode=$(stat -c %i a.vgt)
	while [ "$(stat -c %i a.vgt)" = "$inode" ]; do
		kill -0 $job || fail "attach ended: $(cat err)"
	done
	kill -KILL $job
	wait $job 2>/dev/null || true
	kill -0 $pid || fail "the program did not survive"
	within
	"$trace" dump --json a.vgt >all.json 2>err || true
	want err 'has no end|to its end'
	same 1 "$(count gap '"reason":2,')" "gaps"
	[ "$(count call .)" -gt 10000 ] || fail "only $(count call .) calls are kept"
	[ "$(count object libcuda-foreign)" -gt 0 ] || fail "the library is not on record"
	kill $pid
	wait $pid 2>/dev/null || true
}

# A filter at the source: functions that cannot pass are not probed, calls that did not fail are not copied.
filter() {
	local probed wanted
	observe "$target" threads "$foreign" 4000 4
	probed=$(json probes | grep libcuda-foreign | sed -n 's/.*"functions":\([0-9]*\).*/\1/p')
	wanted=$(json call | grep '"name":"cuDeviceGetName"' | grep -c '"result":101,')
	[ "$wanted" -gt 100 ] || fail "only $wanted calls of it fail"
	rm all.json
	more+=(-e 'fn ~ "cuDeviceGetName" && failed')
	observe "$target" threads "$foreign" 4000 4
	same "$wanted" "$(count call .)" "calls on record"
	same "$wanted" "$(json call | grep '"name":"cuDeviceGetName"' | grep -c '"result":101,')" "calls that pass"
	# What was left out is counted where it was seen at all.
	same $((2000 - wanted)) "$(json "kernel loss" | sed -n 's/.*"filtered":\([0-9]*\).*/\1/p' | awk '{ all += $1 } END { print all }')" \
		"calls of it that did not fail"
	local less
	less=$(json probes | grep libcuda-foreign | sed -n 's/.*"functions":\([0-9]*\).*/\1/p')
	[ "$less" -lt "$probed" ] || fail "$less functions are probed instead of $probed"
	[ "$less" -le 9 ] || fail "$less functions are probed for the sake of one"
	want out '^filtered: recorded with -e '
	code 0 "$trace" explain a.vgt
	want out '^NOT KNOWN'
	code 0 "$trace" stat --never a.vgt
	want out '^filtered: recorded with -e '
	# Nothing takes an hour.
	rm all.json
	more=(--lib "$foreign" -e 'dur > 3600s')
	observe "$target" threads "$foreign" 4000 4
	same 0 "$(count call .)" "calls on record"
	same 4000 "$(json "kernel loss" | sed -n 's/.*"filtered":\([0-9]*\).*/\1/p' | awk '{ all += $1 } END { print all }')" \
		"calls that were shorter"
}

# The same where the ring is a second witness: every call that passes has both.
filter_ring() {
	export VGPU_TRACE_DIR=$VGPU_WORK_DIR/rings
	mkdir -p "$VGPU_TRACE_DIR"
	cp "$VGPU_BUILD_DIR/lib/libvgpu-cuda.so" .
	more=(--lib "$VGPU_WORK_DIR/libvgpu-cuda.so" -e 'fn ~ "cuDeviceGetName" && failed')
	observe "$target" paced "$VGPU_WORK_DIR/libvgpu-cuda.so" 4000 4
	same 1000 "$(count call .)" "calls on record"
	same 1000 "$(json call | grep '"name":"cuDeviceGetName"' | grep -c '"observer":5,.*"result":101,')" "calls with two witnesses"
}

# record ARGUMENT… -- COMMAND…: run with the kernel observer
record() {
	VGPU_TRACE_ATTACH_METHOD=$method "$trace" run -o a.vgt "$@" >out 2>err || fail "run: $? $(cat err)"
}

# Three observers of one program: its calls have two witnesses each, its exec is told once.
run_sim() {
	record --kernel=on --shim sim -- "$bin/cli_app" discover
	want err '^witnesses: 13 calls seen by ring and kernel, 0 by the ring only, 0 by the kernel only$'
	want err 'observers: ring, link, kernel \('"$method"' probes'
	same 13 "$(count call '"observer":5,')" "calls with two witnesses"
	same 1 "$(count exec .)" "execs"
	same 1 "$(count exit '"how":1,"status":0')" "exits"
	nothing_lost
	rm -f all.json
	record --kernel=on --shim sim -q -- "$target" paced libcuda.so.1 20000 8
	same 20000 "$(count call .)" "calls"
	same 0 "$(count call '"observer":1,')" "calls that only the ring saw"
	nothing_lost
	rm -f all.json
	# Of itself it stays away where the ring is.
	record --kernel=auto --shim sim -- "$bin/cli_app" discover
	want err '^not observed: kernel: the ring sees the same calls'
	same 13 "$(count call '"observer":1,')" "calls"
}

# Nothing is put in: the program's own library is observed all the same.
run_none() {
	mkdir -p own
	cp "$foreign" own/libcuda.so.1
	LD_LIBRARY_PATH=$VGPU_WORK_DIR/own record --kernel=auto -- "$target" threads libcuda.so.1 4000 4
	want err '^GPU FOUND  by kt_run_none'
	same 4000 "$(count call '"observer":4,')" "calls"
	# Ours was put in by nobody, and nobody may say so.
	refuse err 'SIMULATED'
	nothing_lost
	# What is mapped is told once: by the link observer, else by this one.
	same 1 "$(count object '/own/libcuda.so.1"')" "times that the library was mapped"
	same 0 "$(count object '"event_observer":4|"observer":4')" "objects by the kernel observer"
	rm -f all.json
	LD_LIBRARY_PATH=$VGPU_WORK_DIR/own record --kernel=auto --no-link -- "$target" threads libcuda.so.1 4000 4
	same 1 "$(count object '"observer":4,.*/own/libcuda.so.1"')" "the library without the link observer"
}

# Without the rights: which are missing, and what is seen without them.
refused() {
	need setpriv
	[ "$(id -u)" = 0 ] || skip "needs root to give rights away"
	local open drop=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	open=$(mktemp -d)
	chmod 755 "$open"
	cp "$trace" "$open/vgpu-trace"
	code 1 "${drop[@]}" --inh-caps -all --bounding-set -all "$open/vgpu-trace" attach 1
	want err 'cannot attach to 1: uprobes need CAP_BPF and CAP_PERFMON; you have neither\.'
	want err 'attach --ring 1` shows what the shim recorded'
	want err 'sudo setcap cap_bpf,cap_perfmon\+ep'
	code 1 "${drop[@]}" --inh-caps -all,+bpf --ambient-caps -all,+bpf --bounding-set -all,+bpf "$open/vgpu-trace" attach 1
	want err 'you have CAP_BPF\.'
	rm -rf "$open"
	code 2 "$trace" attach
	code 2 "$trace" attach --wait 17
	code 1 "$trace" attach --probe 'libx:f(double)' 1
	want err 'floating-point values are not to be seen by a probe'
	code 1 "$trace" attach --probe 'libx' 1
	want err 'it is to be LIBRARY:FUNCTION'
}

# shellcheck source=tests/e2e/kernel_attach_beside.sh
. "$VGPU_SOURCE_DIR/tests/e2e/kernel_attach_beside.sh"
[ "$(type -t "$1")" = function ] || fail "no such case: $1"
"$1"
