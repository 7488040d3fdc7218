#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run --max-size, --keep, -e: a file that is held to a size, a recording with a filter, and what is said of both.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"
target=$VGPU_BUILD_DIR/tests/e2e/kernel_target
limit=1048576

# many ARGUMENT…: a million calls, some three bytes each, none lost; quiet
many() { "$trace" run --shim sim "$@" -- "$target" paced libcuda.so.1 1000000 16; }
number() { sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" | tail -n 1; }
# Without the lines of calls: there are hundreds of thousands.
short() { grep -v '^ *kernel_target/' "$1" >short.txt && mv short.txt "$1"; }
bytes() { # of the file and of what may be beside it
	local all=0 size
	for file in "$1" "$1.next"; do
		size=$(stat -c %s "$file" 2>/dev/null) || size=0
		all=$((all + size))
	done
	echo $all
}
within() { [ "$(bytes "$1")" -le $limit ] || fail "$1 has $(bytes "$1") bytes: more than $limit"; }
# counted FILE NAME…: of the file's events: last (number of the last that is no gap), events and calls that are there, missing
# and missed_calls by its gap, disorder (numbers that do not come after the one before), and any kind of event.
counted() {
	local file=$1
	shift
	[ "events.txt" -nt "$file" ] || { "$trace" dump --json "$file" 2>/dev/null || true; } | LC_ALL=C awk -F '[:,]' '
		function field(name) { return match($0, "\"" name "\":[0-9]+") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3) : 0 }
		{ kind[substr($2, 2, length($2) - 2)]++; disorder += $4 <= before; before = $4 }
		$2 == "\"gap\"" { missing = field("events"); missed_calls = field("calls"); next }
		{ last = $4; events++ }
		END {
			print "last", last; print "events", events; print "missing", missing + 0
			print "missed_calls", missed_calls + 0; print "disorder", disorder + 0
			for (k in kind) print k, kind[k]
		}' >events.txt
	for name; do
		awk -v name="$name" '$1 == name { found = $2 } END { print found + 0 }' events.txt
	done
}
# Every event has a number of its own, in order; what is not there is counted to the event.
complete() {
	rm -f events.txt
	same 0 "$(counted "$1" disorder)" "events of $1 out of order"
	same "$(counted "$1" last)" $(($(counted "$1" events) + $(counted "$1" missing))) "events in $1 and in its gap"
}
has() { # FILE KIND…
	local file=$1
	shift
	for kind; do
		[ "$(counted "$file" "$kind")" -gt 0 ] || fail "$file has no event of kind $kind"
	done
}

bad_input() {
	refused() { # CODE MESSAGE ARGUMENT…
		local want=$1 message=$2
		shift 2
		code "$want" "$trace" "$@"
		want err "$message"
	}
	for size in 3x '' x -1M 10K 1048575 1Mi 99999999999T 1.5G; do
		refused 125 "run: --max-size wants a size of at least 1M, as 500M or 4G, not '$size'" run --max-size "$size" -- true
	done
	refused 125 "'--keep' has no value 'middle'; it can be first, last" run --max-size 2M --keep middle -- true
	refused 125 'run: --keep of how much\? --max-size says it' run --keep last -- true
	refused 125 'leave out --append, or choose --keep first' run --append --max-size 2M --keep last -- true
	refused 125 'run: either --max-size or --no-record' run --max-size 2M --no-record -- true
	refused 2 'attach: --max-size of what\? -o FILE names it' attach --max-size 2M $$
	refused 2 'cannot use the filter: column 4: a value is missing here' attach -e 'fn~' $$
	refused 125 'cannot use the filter: column 1' run -e 'colour == red' -- true
	mkdir beside.vgt.next
	refused 125 "cannot record to 'beside.vgt' and beside it to that name with '.next': Is a directory" \
		run -o beside.vgt --max-size 2M --keep last -- true
	echo "no trace" >text.vgt.next
	refused 125 "cannot record to 'text.vgt': there is something else .*that is no trace" \
		run -o text.vgt --max-size 2M --keep last -- true
	same "no trace" "$(cat text.vgt.next)" "what was there"
	for size in 1M 1m 1024K 1048576 1MiB 1MB; do
		code 0 "$trace" run --shim sim -q -o sizes.vgt --max-size $size -- "$app" discover
	done
	code 0 "$trace" help attach
	want out '^ +--max-size SIZE +hold FILE'
	want out '^ +--keep first\|last'
	want out '^  -e, --filter EXPRESSION'
}

first() {
	many --max-size 1M -o first.vgt 2>err || fail "the recording failed"
	short err
	within first.vgt
	want err "^vgpu-trace: 'first.vgt' is full \(--max-size 1M\): what comes now is not in it"
	# The command went on, and so did the verdict.
	want err '^[0-9,]+ calls of 3 functions'
	want err '^not in the file: [0-9,]+ events within .* of them calls: the file was full \(--max-size 1 MiB\)'
	complete first.vgt
	has first.vgt exit start library
	code 0 "$trace" dump first.vgt
	short out
	want out '^  gap      not kept: what came from here on: the file was full'
	want out '^not kept: [0-9,]+ events .*: the file was full \(--max-size 1 MiB\)$'
	# The rules have nothing to say, and the counts say that they are not whole.
	code 0 "$trace" stat --never first.vgt
	want out '^not kept: '
	want out 'functions not on record, but calls were lost: they may have been called'
	code 0 "$trace" stat --json first.vgt
	want out '"calls_not_kept": ?[1-9]'
	code 0 "$trace" explain first.vgt
	want out '^GPU FOUND'
	want out '^not kept: '
	# It is a file like any other: gone on with where there is room for more.
	code 125 "$trace" run --shim sim -q --append --max-size 1M -o first.vgt -- "$app" discover
	want err "cannot append to 'first.vgt': it is larger than --max-size 1M leaves room for"
	code 0 "$trace" run --shim sim -q --append --max-size 4M -o first.vgt -- "$app" discover
	rm events.txt
	same 0 "$(counted first.vgt disorder)" "numbers that were used before"
	same 2 "$(counted first.vgt session)" "recordings in the file"
}

last() {
	many --max-size 1M --keep last -q -o last.vgt &
	job=$!
	while kill -0 $job 2>/dev/null; do
		within last.vgt
	done
	wait $job || fail "the recording failed"
	within last.vgt
	[ ! -e last.vgt.next ] || fail "last.vgt.next was left behind"
	complete last.vgt
	# What a ring overwrote before it was read is no matter of the file.
	same 1000000 $(($(counted last.vgt call) + $(counted last.vgt missed_calls) +
		$("$trace" stat --json last.vgt | number lost_calls))) "calls"
	[ "$(counted last.vgt call)" -gt 50000 ] || fail "only $(counted last.vgt call) calls are kept"
	# What they refer to is there: the process, its library, its end.
	has last.vgt host session start exec object library exit
	code 0 "$trace" dump last.vgt
	short out
	want out '^kernel_target\([0-9]+\)  paced libcuda.so.1'
	want out '^  gap      not kept: [0-9,]+ events within .*: newer ones took their place'
	code 0 "$trace" explain last.vgt
	want out '^GPU FOUND'
	# The first on record is not the first: no time that it took.
	refuse out '^GPU FOUND.* in [0-9.]+ m?s:'
	want out 'memory known +not observed: part of the recording was not kept \(--max-size\)'
	code 0 "$trace" top --once last.vgt
	want out 'not kept [0-9,]+'
	code 0 "$trace" diff last.vgt last.vgt
	want out '^   not kept: '
	want out '^   What it lacks may be due to that alone\.$'
}

# Killed: what is there can be read and is within the limit. The next recording takes away what was left beside it.
killed() {
	for _ in 1 2 3; do
		rm -f killed.vgt killed.vgt.next
		"$trace" run --shim sim --max-size 1M --keep last -q -o killed.vgt -- "$target" paced libcuda.so.1 1000000 16 &
		job=$!
		# Until another file took the place of the first.
		until inode=$(stat -c %i killed.vgt 2>/dev/null); do
			kill -0 $job || fail "the recording ended early"
		done
		while [ "$(stat -c %i killed.vgt)" = "$inode" ]; do
			kill -0 $job || fail "the recording ended early"
		done
		kill -KILL $job
		wait $job || true
		within killed.vgt
		complete killed.vgt
		has killed.vgt gap start object library
		code 1 "$trace" dump killed.vgt
		want err "after event $(counted killed.vgt last); what is above is whole"
	done
	code 0 "$trace" run --shim sim -q --max-size 1M --keep last -o killed.vgt -- "$app" discover
	[ ! -e killed.vgt.next ] || fail "killed.vgt.next was left behind"
	complete killed.vgt
}

# A disk that is full while the next file is written: what is there goes on as long as it can, and it is said why it ends.
full() {
	unshare -rm true 2>/dev/null || skip "cannot mount a file system of its own"
	mkdir disk
	cat >within.sh <<-'END'
		mount -t tmpfs -o size=700k none disk || exit 77
		"$1" run --shim sim --max-size 1M --keep last -o disk/a.vgt -- "$2" paced libcuda.so.1 1000000 16 2>err
		echo $? >code
		ls disk >list
		cp disk/a.vgt a.vgt
	END
	unshare -rm bash within.sh "$trace" "$target" || skip "cannot mount a file system of its own"
	same 0 "$(cat code)" "exit code"
	short err
	want err "stopped recording to 'disk/a.vgt': (no room for what is newest: .*)?No space left on device"
	want err '^[0-9,]+ calls of 3 functions'
	refuse list 'next'
	[ "$(counted a.vgt call)" -gt 10000 ] || fail "only $(counted a.vgt call) calls"
	code 1 "$trace" explain a.vgt
	want out "^GPU FOUND|^NOT KNOWN"
}

filter() {
	code 0 "$trace" run --shim sim -e 'failed && fn ~ "cuDeviceGetName"' -o filter.vgt -- "$target" paced libcuda.so.1 4000 4
	# Live as in the file.
	want err '^1,000 calls of 1 function, 1,000 errors'
	want err '^filtered: recorded with -e .failed && fn ~ "cuDeviceGetName".; of calls that do not pass it nothing is known'
	"$trace" dump --json filter.vgt >events.json
	same 1000 "$(grep -c '"event":"call"' events.json)" "calls"
	same 0 "$(grep '"event":"call"' events.json | grep -vc '"result":101,')" "calls that did not fail so"
	want events.json '"event":"session".*"filter":"failed && fn ~ \\"cuDeviceGetName\\""'
	want events.json '"event":"exit"'
	code 0 "$trace" explain filter.vgt
	want out '^NOT KNOWN'
	refuse out 'CPU MODE|GPU FOUND'
	want out 'init called +not observed: only calls that pass the recording.s filter are on record'
	code 0 "$trace" explain --json filter.vgt
	want out '"verdict":"not-known".*"recorded_filter":"failed'
	code 0 "$trace" stat --never filter.vgt
	want out '^filtered: recorded with -e '
	want out '636 of 637 functions not on record, which has only what passes its filter'
	code 0 "$trace" top --once filter.vgt
	want out 'recorded -e failed'
	code 0 "$trace" dump filter.vgt
	want out '^filtered: recorded with -e '
	# One of them has what the other lacks, and that may be why.
	code 0 "$trace" run --shim sim -q -o all.vgt -- "$target" paced libcuda.so.1 4000 4
	code 3 "$trace" diff filter.vgt all.vgt
	want out '^   filtered: recorded with -e '
	want out '^   What it lacks may be due to that alone\.$'
	# A filter that lets all of discovery through: what is not there is known not to have been.
	code 0 "$trace" run --shim sim -q -e 'fn ~ "cuInit,*GetCount*,nvml*"' -o discovery.vgt -- "$app" discover
	code 0 "$trace" explain discovery.vgt
	want out '^GPU FOUND'
}

"$1"
