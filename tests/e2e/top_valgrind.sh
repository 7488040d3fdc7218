#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The program itself under valgrind: every key on every view, on a trace and on a running program.
. "$VGPU_SOURCE_DIR/tests/e2e/top_lib.sh"
need tmux valgrind

# Probes that somebody has in the dynamic linker just then stop any program under valgrind at its start: again, later.
checked() { # COMMAND…
	local _
	for _ in $(seq 1 60); do
		open_terminal 100 30 valgrind --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
			--log-file="$PWD/valgrind.log" "$@"
		shows '^F1Help|^EXIT '
		grep -q '^EXIT 133' screen.txt && grep -qE '_dl_catch_error|_dl_start_final' valgrind.log || return 0
		read -r -t 1 <> <(:) || true
	done
	skip "valgrind cannot run anything here"
}

clean() {
	shows '^EXIT [0-9]+'
	grep -q '^EXIT 0' screen.txt || {
		cat valgrind.log >&2
		fail "valgrind has something to say"
	}
	want valgrind.log 'ERROR SUMMARY: 0 errors'
}

every_key() {
	local view key
	for view in 1 2 3 4 5 6; do
		keys Escape Escape $view
		for key in Down Up Right Left NPage PPage End Home j k l h G g x X s S r m d Space Space Enter Escape ',' . '<' '>' \
			F1 n N Escape / i n i t Enter Escape f 'ret != 0' Enter F F6 F7 F8 Tab BTab C-l; do
			keys "$key"
		done
	done
	keys Escape Escape 4
	shows '^ Process .*PID'
}

checked "$trace" top story.vgt
shows '^F1Help'
every_key
resize 40 12
resize 150 50
every_key
keys q
clean

mkfifo in
VGPU_BACKEND=sim LD_LIBRARY_PATH=$VGPU_BUILD_DIR/lib/names "$VGPU_BUILD_DIR/tests/e2e/top_target" <in >said &
pid=$!
exec 5>in
wait_for said '^ready'
printf '%s\n' discover 'calls 3000' 'fail 3' 'malloc 64' 'child 3' >&5
wait_for said '^child'
checked "$trace" top $pid
shows '^F1Help'
every_key
printf '%s\n' 'calls 3000' info >&5
every_key
exec 5>&-
shows ENDED
keys q
clean
