#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The dashboard and its terminal: many sorts of them, stopped and continued, ended, crashed, gone.
. "$VGPU_SOURCE_DIR/tests/e2e/top_lib.sh"
need tmux

top_pid() {
	terminal list-panes -F '#{pane_pid}' | while read -r pane; do
		pgrep -P "$pane" -x vgpu-trace || pgrep -x vgpu-trace -P "$(pgrep -d, -P "$pane")"
	done
}

# The terminal is as it was: its modes, and none of the dashboard on the screen.
given_back() { # EXIT-CODE
	shows "^EXIT $1" '^icanon' '^echo'
	refuse screen.txt 'F1Help'
}

# Every sort of terminal that can place a cursor; colours or none; characters outside ASCII or none.
for term in vt100 xterm-256color screen linux tmux-256color xterm; do
	open_terminal 80 24 env TERM=$term "$trace" top --view functions story.vgt
	shows '^ Function .*Calls' '^ cuMemAlloc_v2 +3 +1 OUT_OF_MEMORY' '^F1Help'
	keys Down Tab
	shows '^ ├─ runner-v12'
	keys q
	given_back 0
done
open_terminal 80 24 env NO_COLOR=1 "$trace" top --view functions story.vgt
shows '^F1Help'
if terminal capture-pane -p -e | grep -q $'\033\[[0-9;]*[34][0-7]m'; then
	fail "colours in spite of NO_COLOR"
fi
keys q
given_back 0
open_terminal 80 24 "$trace" top --view functions story.vgt
shows '^F1Help'
terminal capture-pane -p -e | grep -q $'\033\[[0-9;]*[34][0-7]m' || fail "no colours"
keys q
given_back 0
open_terminal 80 24 env LC_ALL=C "$trace" top --view processes story.vgt
shows '^ \|- runner-v12'
LC_ALL=C refuse screen.txt '[^ -~]'
keys q
given_back 0

# Sixteen colours, as many terminals have them: used, and no more than those. tmux shows what it was sent.
infocmp -1 xterm-256color | sed -e '1,/^[^#[:space:]]/s/^xterm-256color.*/sixteen|with 16 colours,/' -e 's/colors#0x100/colors#16/' \
	-e 's/pairs#0x10000/pairs#256/' -e 's/setaf=.*/setaf=\\E[%?%p1%{8}%<%t3%p1%d%e9%p1%{8}%-%d%;m,/' \
	-e 's/setab=.*/setab=\\E[%?%p1%{8}%<%t4%p1%d%e10%p1%{8}%-%d%;m,/' >sixteen.ti
tic -x -o terminfo sixteen.ti
same 16 "$(TERMINFO=$PWD/terminfo tput -T sixteen colors)" "colours of the terminal"
open_terminal 80 24 env TERM=sixteen TERMINFO="$PWD/terminfo" "$trace" top --view functions story.vgt
shows '^ Function .*Calls' '^ cuMemAlloc_v2 +3 +1 OUT_OF_MEMORY' '^F1Help'
terminal capture-pane -p -e >colours
grep -q $'\033\[[0-9;]*\(3[0-7]\|4[0-7]\|9[0-7]\|10[0-7]\)m' colours || fail "no colours of sixteen"
if grep -q '[34]8;[25];' colours; then
	fail "a colour that such a terminal lacks"
fi
for view in 1 2 3 4 5 6; do
	keys $view Down Enter Escape
done
shows '^F1Help'
keys q
given_back 0

# One that cannot place a cursor: said, with what to do.
open_terminal 80 24 env TERM=dumb "$trace" top story.vgt
shows "the terminal 'dumb' cannot place a cursor" 'top --once story.vgt' '^EXIT 1'
open_terminal 80 24 env TERM=no-such-terminal "$trace" top story.vgt
shows "cannot place a cursor" '^EXIT 1'

# Signals that ask, and signals that kill: the terminal is given back either way.
for signal in TERM:143 HUP:129 INT:130 SEGV:139 ABRT:134 BUS:135 QUIT:131; do
	# shellcheck disable=SC2016  # the inner shell fills them in
	open_terminal 80 24 sh -c 'ulimit -c 0; exec "$0" "$@"' "$trace" top story.vgt
	shows '^F1Help'
	kill -"${signal%:*}" "$(top_pid)"
	given_back "${signal#*:}"
done
open_terminal 80 24 "$trace" top story.vgt
shows '^F1Help'
keys C-c
given_back 130

# Stopped and continued, from a shell with job control; the size changed meanwhile.
open_terminal 80 24 bash --norc --noprofile -i
keys "PS1='ready> '" Enter
shows '^ready>$'
keys "'$trace' top --view functions '$PWD/story.vgt'" Enter
shows '^ Function .*p50 +Time$' '^F1Help'
keys C-z
shows 'Stopped' '^ready>$'
keys "stty -a | grep -o -e -icanon -e icanon" Enter
shows '^icanon'
resize 160 30
keys 'fg' Enter
shows '^ Function .*Rate/s .*History' '^F1Help'
keys 4
shows '^ ├─ runner-v12'
keys q
shows 'ready>$'
keys 'exit' Enter
shows '^EXIT'

# The terminal vanishes: so does the dashboard, and it does not turn round in circles before.
open_terminal 80 24 "$trace" top story.vgt
shows '^F1Help'
pid=$(top_pid)
close_terminal
for try in $(seq 1 200); do
	kill -0 "$pid" 2>/dev/null || break
	a_moment
done
[ "$try" -lt 200 ] || fail "it lives on without a terminal"

# Every key on every view, in a terminal.
open_terminal 80 24 "$trace" top story.vgt
shows '^F1Help'
for view in 1 2 3 4 5 6; do
	for key in Up Down Left Right PPage NPage Home End k j h l g G n N x X s S r I m d ',' . '<' '>' Space F \
		F1 Escape F2 Escape F3 Escape F4 Escape F5 F6 F7 F8 F9 Escape Enter Escape '?' Escape / Escape f Escape \
		e Escape C-l C-b C-f C-d C-u; do
		keys Escape Escape $view "$key"
	done
	keys Escape Escape $view
done
keys Escape Escape 4
shows '^ Process .*PID' '^F1Help'
keys q
given_back 0
