# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of the dashboard share: a trace whose every moment is given, a terminal to drive it in.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"

export LC_ALL=C.UTF-8 XDG_CONFIG_HOME=$VGPU_WORK_DIR/config HOME=$VGPU_WORK_DIR
unset NO_COLOR COLUMNS LINES TMUX
"$VGPU_BUILD_DIR/tests/e2e/top_trace" story.vgt >made || fail "cannot write the trace"

# ---- a terminal: tmux, which is asked what it shows ----

tmux_socket=$VGPU_WORK_DIR/tmux
terminal() {
	tmux -u -S "$tmux_socket" -f /dev/null "$@"
}

# open_terminal COLUMNS ROWS COMMAND…: runs it there, and then says its exit code and waits.
open_terminal() {
	local columns=$1 rows=$2
	shift 2
	need tmux
	terminal kill-server 2>/dev/null || true
	terminal new-session -d -x "$columns" -y "$rows" \
		"$(printf '%q ' "$@"); printf '\nEXIT %s\n' \$?; stty -a | grep -o ' -\\?\\(icanon\\|echo\\)\\b'; exec cat"
	trap 'terminal kill-server 2>/dev/null || true' EXIT
}

keys() {
	terminal send-keys "$@"
}

screen() {
	terminal capture-pane -p | sed 's/ *$//'
}

# shows PATTERN…: until the screen has a line for each of the patterns, all in one picture.
shows() {
	local deadline=$((SECONDS + 60)) pattern
	while :; do
		screen >screen.txt
		for pattern; do
			grep -Eq -- "$pattern" screen.txt || continue 2
		done && return
	done &
	local looking=$!
	while kill -0 "$looking" 2>/dev/null; do
		[ "$SECONDS" -lt "$deadline" ] || {
			kill "$looking"
			wait "$looking" 2>/dev/null || true
			cat screen.txt >&2
			fail "the screen does not come to show: $*"
		}
		read -r -t 0.05 <> <(:) || true
	done
	wait "$looking"
}

# is_screen NAME: what the screen shows is what it was when somebody looked at it.
is_screen() {
	local kept=$VGPU_SOURCE_DIR/tests/golden/$1 try
	for try in 1 2 3 4 5 6 7 8 9 10; do
		screen >"$1.screen"
		[ -z "${VGPU_UPDATE_GOLDEN:-}" ] || cp "$1.screen" "$kept"
		cmp -s "$kept" "$1.screen" && return
		read -r -t 0.1 <> <(:) || true
	done
	diff -u "$kept" "$1.screen" >&2
	fail "$1 is not what it was (look $try); if that is as it should be: VGPU_UPDATE_GOLDEN=1"
}
