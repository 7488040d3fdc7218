#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The kernel observer: one case (a function below) by one way of attaching.
# usage: kernel.sh CASE multi|apart|tracefs
# apart: multi with links for entries and for returns, as on kernels before 6.13.
# shellcheck source=tests/e2e/common.sh
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"

bin=$VGPU_BUILD_DIR/tests/e2e
target=$bin/kernel_target
method=${2:-multi}
apart=()
if [ "$method" = apart ]; then
	method=multi
	apart=(-c)
fi
out=$VGPU_WORK_DIR/out
# A file of its own: probes belong to files, and other tests run at the same time.
foreign=$VGPU_WORK_DIR/libcuda-foreign.so
rm -f "$foreign"
cp "$bin/libcuda-foreign.so" "$foreign"
# What a case that fails leaves running would hold the test's output open.
trap 'jobs -p | xargs -r kill 2>/dev/null || true' EXIT
cd /

# probe ARGUMENT…: output to $out; skips where BPF is not permitted.
probe() {
	local status=0

	"$bin/kernel_probe" -m "$method" "${apart[@]}" "$@" >"$out" 2>"$out.err" || status=$?
	[ $status != 77 ] || skip "$(cat "$out.err")"
	if grep -q 'no way to attach\|has no links' "$out.err"; then
		skip "$(cat "$out.err")"
	fi
	[ $status = 0 ] || fail "kernel_probe: $status: $(cat "$out.err")"
	want "$out" "^method $method "
	[ ${#apart[@]} = 0 ] || want "$out" "^method .* session=0"
}

# field NAME: of the line of totals
field() {
	sed -n "s/^total .*\\<$1=\\([0-9]*\\).*/\\1/p" "$out"
}

# Every call was seen, and nothing else was counted.
nothing_lost() {
	same 0 "$(field dropped)" "dropped"
	same 0 "$(field other_dropped)" "other records dropped"
	same 0 "$(field stateless)" "calls without memory for them"
	same "$(field entries)" "$(field emitted)" "calls and records"
	same "$(field emitted)" "$(field calls)" "records made and read"
}

# Arguments of every class, and functions that are hard to probe.
shapes() {
	probe -s -l "$foreign" -- "$target" shapes "$foreign"
	want "$out" 'call cuInit 5 = 1$'
	want "$out" 'call cuDeviceGetCount [0-9a-f]+ = 0 out0/2="\\x03\\x00\\x00\\x00"'
	want "$out" 'call cuDeviceGetName [0-9a-f]+ 20 0 = 0 out0/2="A device that is foreign"'
	want "$out" 'call cuDeviceGetName [0-9a-f]+ 20 9 = 65 out0/a=""'
	want "$out" 'call cuDeviceGetUuid [0-9a-f]+ 2 = 0 out0/2="\\x02\\x03\\x04'
	want "$out" 'call cuLaunchKernel 77 1 2 3 4 5 6 7 88 [0-9a-f]+ 0 = 0$'
	want "$out" 'call foreign_sum 1 2 3 4 5 6 = 15$'
	want "$out" 'call foreign_nop a .* = 11$'
	want "$out" 'call foreign_branch a .* = 13$'
	want "$out" 'call foreign_static a .* = 1e$'
	want "$out" '^attached .* moved=[1-9].* refused=1 error=-524'
	# A jump from one probed function to another: both are seen, and both return.
	want "$out" 'count foreign_tail entries=1 returns=1 records=1'
	want "$out" 'count cuDeviceGetCount entries=2 returns=2 records=2'
	nothing_lost
}

# One instruction that cannot be probed, in a file that is mapped: the others are probed all the same.
bad() {
	local pid beats

	mkfifo -m 600 "$out.fifo" 2>/dev/null || true
	"$target" wait "$foreign" >"$out.fifo" 3>"$out.beats" &
	pid=$!
	read -r _ <"$out.fifo"
	# What an earlier run said. It ends when the process that it watches does.
	: >"$out"
	"$bin/kernel_probe" -m "$method" "${apart[@]}" -q -l "$foreign" -p $pid >"$out" 2>"$out.err" &
	local watcher=$!
	until grep -q '^ready' "$out"; do
		kill -0 $watcher 2>/dev/null || { kill $pid; skip "$(cat "$out.err")"; }
	done
	# It has called since: a beat is a thousand calls.
	beats=$(stat -c %s "$out.beats")
	until [ "$(stat -c %s "$out.beats")" -gt "$beats" ]; do
		kill -0 $pid || fail "the target ended"
	done
	kill $pid
	wait $watcher || fail "kernel_probe: $(cat "$out.err")"
	want "$out" '^attached .* functions=17 .* refused=2 error=-524'
	want "$out" '^count cuDeviceGetCount entries=[1-9]'
	nothing_lost
}

# What a library swallows: the dynamic linker's words are on record.
swallow() {
	probe -k -- "$target" swallow "$bin/libkernel-broken.so"
	want "$out" 'link dlopen .* result=0 name="libno-such-library.so.7" error="cannot open shared object file" object="libno-such'
	want "$out" 'link dlopen .* result=0 name=".*libkernel-broken.so" error="undefined symbol: kernel_symbol_that_nobody_has"'
	want "$out" 'link dlsym handle=[1-9a-f].* result=0 name="no_such_symbol" error="undefined symbol: no_such_symbol"'
	want "$out" 'link dlvsym .* name="getpid" error="undefined symbol: getpid, version GLIBC_9.9"'
	want "$out" 'link dlopen .* result=[1-9a-f][0-9a-f]+ name="libm.so.6" error=""'
	want "$out" 'link dlsym handle=[1-9a-f].* result=[1-9a-f][0-9a-f]+ name="cos" error=""'
	want "$out" 'link dlclose handle=[1-9a-f]'
}

# A child's child with stderr on /dev/null, killed in a call.
grandchild() {
	probe -k -d 4 -l "$foreign" -- "$target" grandchild "$foreign"
	same 2 "$(grep -c ' fork ' "$out")" "forks"
	want "$out" ' exec .* path="/proc/self/exe" argv="kernel_target\\x00victim\\x00'
	want "$out" ' write 2 17 text="words for nobody\\x0a"'
	want "$out" 'link dlopen .* name=".*/libcuda-foreign.so" error=""'
	want "$out" 'call cuInit 0 = 0'
	want "$out" 'call cuCtxSynchronize pending'
	want "$out" ' exit .* status=9$'
	same 1 "$(field pending)" "calls that did not return"
	nothing_lost
}

# A handler makes an exit code of a crash.
crash() {
	probe -f -l "$foreign" -- "$target" segv "$foreign"
	want "$out" 'signal 11 code=1 address=40 handled=1 stack=[1-9][0-9]* in=cuModuleLoad'
	want "$out" 'call cuModuleLoad .* pending in1/21="x-module"'
	want "$out" ' exit .* status=200$'
}

# Strings on pages that nobody touched.
untouched() {
	probe -l "$foreign" -- "$target" untouched "$foreign" 100
	if grep -q 'sleeps=1' "$out"; then
		same 100 "$(grep -c 'call cuModuleGetFunction .* in2/1="a_name_on_a_page_of_its_own"' "$out")" "strings"
		same 0 "$(field unreadable)" "not readable"
	fi
	nothing_lost
	# Where probes cannot sleep they are "not readable" (flag 10), never an empty string.
	probe -n -l "$foreign" -- "$target" untouched "$foreign" 100
	same 100 "$(grep -c 'call cuModuleGetFunction .* in2/19=""' "$out")" "strings that are not readable"
	same 100 "$(field unreadable)" "not readable"
	nothing_lost
}

jumps() {
	probe -l "$foreign" -- "$target" jumps "$foreign" 50
	same 50 "$(field unwound)" "calls left by longjmp"
	same 100 "$(field entries)" "calls"
	nothing_lost
}

# Forks while another thread calls; the children call at once.
forks() {
	probe -q -l "$foreign" -- "$target" forks "$foreign" 1000
	want "$out" '^1000 forks, 0 bad$'
	want "$out" '^count cuInit entries=2000 returns=2000 records=2000$'
	all_seen
	want "$out" '^ended 0$'
	nothing_lost
}

# Forks within an observed call: it is entered once and returns twice, and is one call.
forks_inside() {
	probe -q -l "$foreign" -- "$target" forks_inside "$foreign" 1000
	want "$out" '^1000 forks, 0 bad$'
	want "$out" '^count cuLaunchHostFunc entries=1000 returns=1000 records=1000$'
	want "$out" '^count cuDeviceGetCount entries=1000 returns=1000 records=1000$'
	want "$out" '^ended 0$'
	nothing_lost
}

# More than the ring holds, and nobody reads: every call is a record or counted as dropped.
overload() {
	probe -q -z -r 1048576 -l "$foreign" -- "$target" spin "$foreign" 200000
	same 200000 "$(field entries)" "calls"
	same 200000 $(($(field emitted) + $(field dropped))) "emitted and dropped"
	same "$(field emitted)" "$(field calls)" "records made and read"
	[ "$(field dropped)" -gt 0 ] || fail "nothing was dropped"
	# With a reader at work as well.
	probe -q -r 65536 -l "$foreign" -- "$target" spin "$foreign" 200000
	same 200000 $(($(field emitted) + $(field dropped))) "emitted and dropped"
	same "$(field emitted)" "$(field calls)" "records made and read"
}

# watch_all COUNT PATTERN COMMAND…: starts it so often at once; $watchers are their numbers. Waits for
# each to print PATTERN; without one, for a part of the time that takes: they are caught anywhere in their start.
watch_all() {
	local count=$1 pattern=$2 fd fds=() line i
	shift 2
	watchers=()
	for ((i = 0; i < count; i++)); do
		exec {fd}< <(exec "${@//NTH/$i}" 2>&1)
		watchers+=($!)
		fds+=("$fd")
	done
	for fd in "${fds[@]}"; do
		if [ "$pattern" ]; then
			line=
			until [[ $line =~ $pattern ]]; do
				read -r -u "$fd" line || fail "it ended: $line"
			done
		else
			read -r -t "0.$((RANDOM % 4))" -u "$fd" line || true
		fi
		exec {fd}<&-
	done
}

# Observers are killed under load, five at a time: the target goes on, and its code is as it was.
kill_rounds() { # PATTERN COMMAND…, with PID for the target's number and NTH for the observer's
	local pattern=$1 pid round beats watchers each kills=25
	shift
	probe -q -- /bin/true
	mkfifo -m 600 "$out.fifo" 2>/dev/null || true
	"$target" wait "$foreign" >"$out.fifo" 3>"$VGPU_WORK_DIR/beats" &
	pid=$!
	read -r _ <"$out.fifo"
	"$bin/kernel_bytes" "$pid" "$foreign" cuDeviceGetCount >"$out.before" || fail "cannot read its code"
	rm -f "$out.killed"
	for ((round = 0; round < ${VGPU_KILLS:-$kills} / 5; round++)); do
		if [ $((round % 2)) = 0 ]; then
			watch_all 5 "$pattern" "${@//PID/$pid}"
		else
			watch_all 5 "" "${@//PID/$pid}"
		fi
		if [ $round = 0 ]; then
			"$bin/kernel_bytes" "$pid" "$foreign" cuDeviceGetCount >"$out.during"
			! cmp -s "$out.before" "$out.during" || fail "it was not probed"
		fi
		for each in "${watchers[@]}"; do
			kill -KILL "$each" || fail "an observer had ended"
			echo "$each" >>"$out.killed"
		done
		wait "${watchers[@]}" 2>/dev/null || true
		kill -0 $pid || fail "the target did not survive round $round"
	done
	# Trace events outlast their owner, until the next observer starts.
	probe -q -- /bin/true
	"$bin/kernel_bytes" "$pid" "$foreign" cuDeviceGetCount >"$out.after"
	cmp "$out.before" "$out.after" || fail "a probe was left behind"
	if unshare -m sh -c "mount -t tracefs tracefs '$VGPU_WORK_DIR' && cat '$VGPU_WORK_DIR/uprobe_events'" >"$out.events" 2>/dev/null; then
		while read -r each; do
			refuse "$out.events" ":vgpu_trace_$each/"
		done <"$out.killed"
	fi
	beats=$(stat -c %s "$VGPU_WORK_DIR/beats")
	until [ "$(stat -c %s "$VGPU_WORK_DIR/beats")" -gt "$beats" ]; do
		kill -0 $pid || fail "the target is gone"
	done
	kill $pid
}

killed() {
	kill_rounds '^ready' "$bin/kernel_probe" -m "$method" "${apart[@]}" -q -l "$foreign" -p PID
}

# The same of the program itself, each with a file, which can be read to where it was killed.
killed_attach() {
	local each
	rm -f "$VGPU_WORK_DIR"/?.vgt
	kill_rounds '^attached' "$VGPU_BUILD_DIR/bin/vgpu-trace" attach --attach-method "$method" -q --lib "$foreign" \
		-o "$VGPU_WORK_DIR/NTH.vgt" PID
	for each in "$VGPU_WORK_DIR"/?.vgt; do
		"$VGPU_BUILD_DIR/bin/vgpu-trace" stat "$each" >"$out" 2>"$out.err" || true
		[ ! -s "$each" ] || want "$out.err" 'has no end: its recording was cut off after event [0-9]+; what is above is whole'
	done
}

# What a killed observer defined on tracefs is told of by doctor, and taken away by one that needs no tracefs.
leftovers() {
	local first

	"$bin/kernel_probe" -m tracefs -q -e -S -l "$foreign" >"$out.first" 2>&1 &
	first=$!
	until grep -q '^ready' "$out.first"; do
		kill -0 $first 2>/dev/null || skip "$(cat "$out.first")"
	done
	"$trace" doctor >"$out"
	refuse "$out" "left behind by .*\\b$first\\b"
	kill -KILL $first
	wait $first 2>/dev/null || true
	"$trace" doctor >"$out"
	want "$out" "^ +left behind by .*\\b$first\\b.*: [0-9]+ definitions of trace events"
	probe -q -- /bin/true
	"$trace" doctor >"$out"
	refuse "$out" "left behind by .*\\b$first\\b"
}

# Two observers of one library, each with all it should see.
two() {
	local first

	"$bin/kernel_probe" -m "$method" "${apart[@]}" -q -e -S -l "$foreign" >"$out.first" 2>&1 &
	first=$!
	until grep -q '^ready' "$out.first"; do
		kill -0 $first 2>/dev/null || skip "$(cat "$out.first")"
	done
	probe -q -l "$foreign" -- "$target" threads "$foreign" 8000 4
	nothing_lost
	same 8000 "$(field entries)" "calls of the second"
	kill -INT $first
	wait $first || fail "$(cat "$out.first")"
	cp "$out.first" "$out"
	nothing_lost
	same 8000 "$(field entries)" "calls of the first"
}

# A process that is not followed: nothing of it is counted, and where the kernel has sessions no return probe gets in its way.
bystander() {
	local first returns=3

	"$bin/kernel_probe" -m "$method" "${apart[@]}" -q -S -l "$foreign" >"$out.first" 2>&1 &
	first=$!
	until grep -q '^ready' "$out.first"; do
		kill -0 $first 2>/dev/null || skip "$(cat "$out.first")"
	done
	"$target" bystander "$foreign" >"$out.bystander"
	kill -INT $first
	wait $first || fail "$(cat "$out.first")"
	want "$out.first" '^total entries=0 returns=0 .* records=0 '
	! grep -q 'session=1' "$out.first" || returns=0
	same "trampolines $returns of 3" "$(cat "$out.bystander")" "return probes in the way of one that is not followed"
	probe -q -l "$foreign" -- "$target" bystander "$foreign"
	want "$out" '^trampolines 3 of 3$'
	want "$out" '^count cuLaunchHostFunc entries=3 returns=3 records=3$'
}

# What depends on where a call comes from is the same under observation.
answers() {
	"$target" answers >"$out.plain"
	probe -k -q -l "$foreign" -- "$target" answers
	grep -E '^(next|in|error)=' "$out" | cmp - "$out.plain" || fail "other answers"
}

# Programs that other kernels use, and this one at least takes.
loads() {
	local status=0
	"$bin/kernel_loads" >"$out" 2>&1 || status=$?
	cat "$out"
	[ $status != 77 ] || skip "$(sed -n 's/^SKIPPED: //p' "$out")"
	same 0 $status "programs that were refused"
	want "$out" '^functions=0 sleeps=0 method=tracefs: taken$'
}

# With the two capabilities alone.
unprivileged() {
	local status=0

	[ "$(id -u)" = 0 ] || skip "needs root to give rights away"
	need setpriv
	run() {
		setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps "$1" --ambient-caps "$1" \
			--bounding-set "$1" "${@:2}"
	}
	run -all,+bpf,+perfmon /bin/true 2>/dev/null || skip "setpriv does not know these capabilities"
	# The build's folder may be out of reach for others.
	rm -rf "$VGPU_WORK_DIR/open"
	mkdir -m 755 "$VGPU_WORK_DIR/open"
	local open
	open=$(mktemp -d)
	chmod 755 "$open"
	cp "$bin/kernel_probe" "$target" "$foreign" "$open"
	run -all,+bpf,+perfmon "$open/kernel_probe" -q -l "$open/libcuda-foreign.so" -- \
		"$open/kernel_target" threads "$open/libcuda-foreign.so" 400 2 >"$out" 2>&1 || status=$?
	[ $status = 0 ] || { rm -rf "$open"; fail "$(cat "$out")"; }
	nothing_lost
	same 400 "$(field entries)" "calls"
	run -all,+bpf "$open/kernel_probe" -q -- /bin/true >"$out" 2>&1 && fail "without CAP_PERFMON it says nothing"
	want "$out" 'lacks CAP_PERFMON;'
	run -all "$open/kernel_probe" -q -- /bin/true >"$out" 2>&1 && fail "without capabilities it says nothing"
	want "$out" 'lacks CAP_BPF and CAP_PERFMON;'
	rm -rf "$open"
}

# all_seen: as many calls of cuDeviceGetCount as the target itself says that it made
all_seen() {
	local calls
	calls=$(sed -n 's/^calls \([0-9]*\)$/\1/p' "$out")
	[ "$calls" -gt 1000 ] || fail "only $calls calls, too few to go wrong"
	want "$out" "^count cuDeviceGetCount entries=$calls returns=$calls records=$calls\$"
}

# Python forks while another thread calls, and its linker and libc are probed; its children load libraries.
python() {
	need python3
	cat >"$VGPU_WORK_DIR/forks.py" <<-'END'
		import ctypes, os, sys, threading
		library = ctypes.CDLL(sys.argv[1])
		count = ctypes.c_int()
		bad = calls = 0
		end = False
		def call_on():
		    global calls
		    own = ctypes.c_int()
		    while not end:
		        library.cuDeviceGetCount(ctypes.byref(own))
		        calls += 1
		library.cuDeviceGetCount(ctypes.byref(count))
		caller = threading.Thread(target=call_on)
		caller.start()
		for i in range(int(sys.argv[2])):
		    pid = os.fork()
		    if not pid:
		        library.cuInit(0)
		        ctypes.CDLL("libm.so.6")
		        os._exit(7 if count.value == 3 else 1)
		    bad += os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 7
		end = True
		caller.join()
		print("bad", bad)
		print("calls", calls + 1)
	END
	probe -k -q -l "$foreign" -- python3 "$VGPU_WORK_DIR/forks.py" "$foreign" 1000
	want "$out" '^bad 0$'
	want "$out" '^count cuInit entries=1000 returns=1000 records=1000$'
	all_seen
	nothing_lost
}

# A Go program that calls by cgo and starts others.
go_program() {
	need go
	mkdir -p "$VGPU_WORK_DIR/go"
	cat >"$VGPU_WORK_DIR/go/main.go" <<-'END'
		package main

		// #cgo LDFLAGS: -ldl
		// #include <dlfcn.h>
		// static int count(void *f) { int n = 0; ((int (*)(int *))f)(&n); return n; }
		import "C"

		import (
			"fmt"
			"os"
			"os/exec"
			"sync"
		)

		func main() {
			library := C.dlopen(C.CString(os.Args[1]), C.RTLD_NOW)
			function := C.dlsym(library, C.CString("cuDeviceGetCount"))
			if len(os.Args) > 2 {
				os.Exit(4 + int(C.count(function)))
			}
			bad := 0
			var wait sync.WaitGroup
			var lock sync.Mutex
			for t := 0; t < 4; t++ {
				wait.Add(1)
				go func() {
					defer wait.Done()
					for i := 0; i < 250; i++ {
						C.count(function)
						child := exec.Command("/proc/self/exe", os.Args[1], "child")
						child.Run()
						lock.Lock()
						if child.ProcessState.ExitCode() != 7 {
							bad++
						}
						lock.Unlock()
					}
				}()
			}
			wait.Wait()
			fmt.Println("bad", bad)
		}
	END
	(cd "$VGPU_WORK_DIR/go" && GOCACHE=$VGPU_WORK_DIR/cache GOPATH=$VGPU_WORK_DIR/path GO111MODULE=off GOFLAGS='' \
		go build -o program main.go) >"$out" 2>&1 || skip "go cannot build with cgo: $(tail -n 1 "$out")"
	probe -k -q -l "$foreign" -- "$VGPU_WORK_DIR/go/program" "$foreign"
	want "$out" '^bad 0$'
	want "$out" '^count cuDeviceGetCount entries=2000 returns=2000 records=2000$'
	nothing_lost
}

# Ring and kernel of all entry points, in the least memory that callers must provide.
equal() {
	local library=$3 status=0

	export VGPU_TRACE_DIR=$VGPU_WORK_DIR/rings VGPU_BACKEND=unsupported
	rm -rf "$VGPU_TRACE_DIR"
	mkdir "$VGPU_TRACE_DIR"
	"$bin/kernel_equal" -m "$method" -l "$VGPU_BUILD_DIR/lib/libvgpu-$library.so" -- \
		"$bin/calls" "$VGPU_BUILD_DIR/lib/libvgpu-$library.so" "$library" >"$out" 2>&1 || status=$?
	tail -n 30 "$out"
	[ $status != 77 ] || skip "$(sed -n 's/^SKIPPED: //p' "$out")"
	return $status
}

# Structs by value, floats, returned structs; two libraries.
equal_structs() {
	export VGPU_TRACE_DIR=$VGPU_WORK_DIR/rings VGPU_BACKEND=unsupported
	rm -rf "$VGPU_TRACE_DIR"
	mkdir "$VGPU_TRACE_DIR"
	local cuda=$VGPU_BUILD_DIR/lib/libvgpu-cuda.so cudart=$VGPU_BUILD_DIR/lib/libvgpu-cudart13.so status=0
	"$bin/kernel_equal" -m "$method" -l "$cuda" -l "$cudart" -- "$bin/calls_structs" "$cuda" "$cudart" \
		>"$out" 2>&1 || status=$?
	cat "$out"
	[ $status != 77 ] || skip "$(sed -n 's/^SKIPPED: //p' "$out")"
	return $status
}

# 100,000 calls from 8 threads.
equal_threads() {
	local cuda=$VGPU_BUILD_DIR/lib/libvgpu-cuda.so status=0

	export VGPU_TRACE_DIR=$VGPU_WORK_DIR/rings
	rm -rf "$VGPU_TRACE_DIR"
	mkdir "$VGPU_TRACE_DIR"
	"$bin/kernel_equal" -m "$method" -l "$cuda" -- "$target" threads "$cuda" 100000 8 >"$out" 2>&1 || status=$?
	cat "$out"
	[ $status != 77 ] || skip "$(sed -n 's/^SKIPPED: //p' "$out")"
	want "$out" 'kernel: 100000 calls, 100000 on record, 0 dropped'
	return $status
}

[ "$(type -t "$1")" = function ] || fail "no such case: $1"
"$1" "$@"
