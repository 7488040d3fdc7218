# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of the dashboard share: a trace whose every moment is given, a terminal to drive it in.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"

export VGPU_TRACE_KERNEL=off LC_ALL=C.UTF-8 XDG_CONFIG_HOME=$VGPU_WORK_DIR/config HOME=$VGPU_WORK_DIR
# On TERM=linux curses loads libgpm, which leaks ten bytes: not ours, and there is no such mouse here.
export NCURSES_GPM_TERMS=
unset NO_COLOR COLUMNS LINES TMUX
"$VGPU_BUILD_DIR/tests/e2e/top_trace" story.vgt >made || fail "cannot write the trace"

# ---- a terminal: tmux, which is asked what it shows ----

tmux_socket=$VGPU_WORK_DIR/tmux
terminal() {
	tmux -u -S "$tmux_socket" -f /dev/null "$@"
}

# open_terminal COLUMNS ROWS COMMAND…: runs it there; then says its exit code and how the terminal was left, and stays.
open_terminal() {
	local columns=$1 rows=$2
	shift 2
	need tmux
	close_terminal
	printf '#!/bin/sh\ntrap : INT\n%s\nprintf "EXIT %%s\\n" $?\nstty -a | grep -ow -e -icanon -e icanon -e -echo -e echo\nexec cat\n' \
		"$(printf '%q ' "$@")" >in-terminal
	chmod +x in-terminal
	trap close_terminal EXIT
	# Nothing that the test holds open is held by the terminal.
	terminal new-session -d -x "$columns" -y "$rows" "$PWD/in-terminal" 5>&- 6>&-
}

close_terminal() {
	terminal kill-server 2>/dev/null || true
	until ! terminal list-sessions 2>/dev/null; do :; done
}

keys() {
	terminal send-keys "$@"
}

resize() { # COLUMNS ROWS
	terminal resize-window -x "$1" -y "$2"
}

screen() {
	terminal capture-pane -p | sed 's/ *$//'
}

a_moment() {
	read -r -t 0.05 <> <(:) || true
}

# shows PATTERN…: until the screen has a line for each of the patterns, all in one picture (in screen.txt).
shows() {
	local deadline=$((SECONDS + 30)) pattern
	while [ "$SECONDS" -lt "$deadline" ]; do
		screen >screen.txt
		for pattern; do
			grep -Eq -- "$pattern" screen.txt || {
				a_moment
				continue 2
			}
		done
		return
	done
	cat screen.txt >&2
	fail "the screen does not come to show: $pattern"
}

# is_screen NAME [FILTER…]: the screen, through a command, comes to be what it was when somebody looked at it, and
# stays so: some pictures later it is the same.
is_screen() {
	local kept=$VGPU_SOURCE_DIR/tests/golden/$1 deadline=$((SECONDS + 20)) before=
	local through=("${@:2}") stays=0
	[ ${#through[@]} -gt 0 ] || through=(cat)
	if [ -n "${VGPU_UPDATE_GOLDEN:-}" ]; then
		# Until it stands still.
		until screen >screen.txt && [ "$before" = "$(cat screen.txt)" ]; do
			before=$(cat screen.txt)
			read -r -t 0.5 <> <(:) || true
		done
		"${through[@]}" <screen.txt >"$kept"
	fi
	while [ "$SECONDS" -lt "$deadline" ]; do
		screen >screen.txt
		"${through[@]}" <screen.txt >"$1.screen"
		if cmp -s "$kept" "$1.screen"; then
			stays=$((stays + 1))
			[ $stays -lt 5 ] || return 0
		elif [ $stays -gt 0 ]; then
			diff -u "$kept" "$1.screen" >&2 || true
			fail "$1 was what it is to be, and then became another"
		fi
		a_moment
	done
	diff -u "$kept" "$1.screen" >&2 || true
	fail "$1 is not what it was; if that is as it should be: VGPU_UPDATE_GOLDEN=1"
}
