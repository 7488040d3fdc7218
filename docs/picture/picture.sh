#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes docs/picture/top.svg: the dashboard on a trace of examples/ollama-like, recorded now. Needs tmux and python3.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build} work=$(mktemp -d)
terminal() {
	tmux -u -S "$work/tmux" -f /dev/null "$@"
}
trap 'terminal kill-server 2>/dev/null || true; rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8 XDG_CONFIG_HOME=$work XDG_RUNTIME_DIR=$work
"$build/bin/vgpu-trace" run --shim sim -q -o "$work/discovery.vgt" -- "$build/examples/ollama-like" serve --era b \
	>"$work/out" 2>&1
program=$(realpath "$build/bin/vgpu-trace")
terminal new-session -d -x 112 -y 26 "cd '$work' && TERM=tmux-256color '$program' top --view functions discovery.vgt"
until terminal capture-pane -p | grep -c '^ cuDeviceGetAttribute' >/dev/null; do :; done
terminal send-keys Down Down
until terminal capture-pane -p -e | grep -c $'^\033\\[7m.*cuDeviceGet\033' >/dev/null; do :; done
terminal capture-pane -p -e | python3 docs/picture/svg.py 112 >"$work/top.svg"
mv "$work/top.svg" docs/picture/top.svg
echo "docs/picture/top.svg"
