#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The dashboard on a program that it starts: shown live, its output kept off the screen, left in every way there is.
. "$VGPU_SOURCE_DIR/tests/e2e/top_lib.sh"
need tmux
target=$VGPU_BUILD_DIR/tests/e2e/top_target
export TMPDIR=$VGPU_WORK_DIR/tmp
mkdir "$TMPDIR"

# The only file of what a program wrote, and no more than one.
log() {
	set -- "$TMPDIR"/vgpu-top-*.log
	if [ $# != 1 ] || [ ! -e "$1" ]; then
		fail "not one file of what it wrote: $*"
	fi
	printf '%s' "$1"
}

# start COMMAND-LINE: below the dashboard; it does what is written to descriptor 5.
start() {
	rm -f in "$TMPDIR"/*.log
	mkfifo in
	open_terminal 100 24 "$trace" top --shim sim "$@"
	exec 5>in
}
do_it() {
	printf '%s\n' "$*" >&5
	wait_for "$(log)" "^$*$"
}
ended() { # EXIT-CODE
	shows "^EXIT $1" '^icanon' '^echo'
	exec 5>&-
	same 0 "$(left_behind)" "recordings left behind"
}

# Live, with what the link observer sees; what it writes, to a terminal of its own even, is not on the screen.
start --view functions -- sh -c "echo spilled; echo spilled >&2; echo spilled >/dev/tty; $target <in; exit 3"
shows '^ vgpu-trace top sh -c ' '^ ring on +link on '
wait_for "$(log)" '^ready'
do_it discover
do_it calls 500
shows '^ cuDriverGetVersion +500 +0 CUDA_SUCCESS' '^ cuInit +1 '
keys 1
shows 'GPU FOUND|calls of'
keys 5
shows '^ libcuda.so.1 +top_target +opened'
refuse screen.txt '^ ?spilled'
keys o
shows "Output, in $TMPDIR/vgpu-top-" '^ spilled$' '^ ready$' '^ calls 500$'
keys Escape
# It ends: the screen stays, and says how.
exec 5>&-
shows ' exited with 3 '
keys 4
shows '^ sh +[0-9]+ .* exit 3 ' '^ └─ top_target +[0-9]+ .* exit 0 '
keys q
shows '^vgpu-trace: sh\([0-9]+\) exited with 3' 'What it writes is in '
ended 3
same 2 "$(grep -c '^spilled$' "$(log)")" "lines of output: there is no terminal to write to"

# Left while it runs: asked; not after all; yes, and it decides itself how it ends.
# One that it started takes longer to end than it does itself.
start -- sh -c "trap 'exit 9' TERM; $target <in & (trap 'sleep 0.3; exit' TERM; sleep 60 & wait) & wait"
wait_for "$(log)" '^ready'
shows '^F1Help'
keys q
shows ' sh\([0-9]+\) runs: q ends it \(SIGTERM\), d leaves it running, Esc stays here'
keys Escape
shows '^F1Help'
do_it calls 7
keys 3
shows '^ cuDriverGetVersion +7 '
keys q q
shows '^vgpu-trace: sh\([0-9]+\) exited with 9'
ended 9

# One that does not care is waited for, and killed when somebody insists.
start -- sh -c "trap '' TERM; echo \$\$; while :; do read -r line <in; done"
wait_for "$(log)" '^[0-9]+$'
shows '^F1Help'
keys q q
shows '^vgpu-trace: waiting for sh\([0-9]+\) to end; Ctrl-C kills it'
keys C-c
shows 'vgpu-trace: sh\([0-9]+\) killed by SIGKILL'
ended 137

# Left running: it goes on, is told where it can be seen, and its libraries stay where they are.
start -- sh -c "exec $target <in"
wait_for "$(log)" '^ready'
shows '^F1Help'
pid=$(pgrep -f -x "$target")
keys q d
shows "^vgpu-trace: sh\\($pid\\) goes on; .vgpu-trace top $pid. looks at it again" '^EXIT 0'
do_it discover
do_it calls 12
code 0 "$trace" top --once --view functions "$pid"
want out '^ cuDriverGetVersion +12 '
exec 5>&-
until ! kill -0 "$pid" 2>/dev/null; do a_moment; done

# A signal that ends the dashboard is the program's, too.
start -- sh -c "trap 'echo asked; exit 5' HUP; echo begun; while :; do read -r line <in; done"
wait_for "$(log)" '^begun'
shows '^F1Help'
kill -HUP "$(pgrep -P "$(terminal list-panes -F '#{pane_pid}')" -x vgpu-trace)"
ended 5
want "$(log)" '^asked'

# Recorded beside, to a file of one's own for what it writes; nothing written, nothing left.
start -o both.vgt --log said -- sh -c "exec $target <in"
wait_for said '^ready'
printf 'discover\n' >&5
wait_for said '^discover'
exec 5>&-
shows ' exited with 0 '
keys q
shows 'What it writes is in said' 'Recorded to both.vgt'
ended 0
code 0 "$trace" stat both.vgt
want out '^cuInit +1 '
open_terminal 80 24 "$trace" top -- true
shows ' exited with 0 '
keys o
shows 'it wrote nothing so far'
keys q
shows '^vgpu-trace: true\([0-9]+\) exited with 0' '^EXIT 0'
refuse screen.txt 'What it writes'

# What cannot be: said, with the exit codes that `run` has.
rm -f "$TMPDIR"/*
open_terminal 80 24 "$trace" top -- no-such-command
shows "cannot run 'no-such-command'" '^EXIT 127'
open_terminal 80 24 env TERM=dumb "$trace" top -- true
shows "the terminal 'dumb' cannot place a cursor" '^EXIT 125'
code 125 "$trace" top -- touch started </dev/null
want err 'no terminal'
[ ! -e started ] || fail "it was started where nobody could see it"
code 2 "$trace" top --shim sim story.vgt
want err '--shim is of a command that is started'
code 2 "$trace" top story.vgt -- true
code 2 "$trace" top --append -- true
code 2 "$trace" top --device h100 -- true
want err 'add --shim sim'
code 125 "$trace" top --once --log no-such-directory/said -- true
want err "cannot open 'no-such-directory/said'"
same 0 "$(find "$TMPDIR" -name 'vgpu-top*' | wc -l)" "files left"

# As text: of its end; what it writes does not come between.
code 4 "$trace" top --once --view functions --width 100 --shim sim -- \
	sh -c "echo spilled; printf 'discover\nfail 2\n' | $target; exit 4"
want out '^ cuDeviceGet +3 +2 '
want out 'exited with 4'
refuse out '^spilled'
want err '^spilled'
same 0 "$(left_behind)" "recordings left behind"
