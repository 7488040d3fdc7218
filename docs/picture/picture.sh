#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes docs/picture/top.svg: the dashboard on a discovery that fails, recorded now. Needs tmux and python3.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build} work=/tmp/vgpu-trace
# In a place of a short name, which the picture shows.
mkdir "$work"
terminal() {
	tmux -u -S "$work/tmux" -f /dev/null "$@"
}
trap 'terminal kill-server 2>/dev/null || true; rm -rf "$work"' EXIT
cp -a "$build/bin" "$build/lib" "$build/examples" "$work/"
export LC_ALL=C.UTF-8 XDG_CONFIG_HOME=$work XDG_RUNTIME_DIR=$work

# A driver that is older than the runtime needs, as Ollama meets it.
printf 'cuda = 11.0\n[device]\n' >"$work/old-driver.conf"
"$work/bin/vgpu-trace" run --shim sim --device "$work/old-driver.conf" -q -o "$work/discovery.vgt" -- \
	"$work/examples/ollama-like" serve --era b >"$work/out" 2>&1 || true
terminal new-session -d -x 112 -y 28 \
	"cd '$work' && TERM=tmux-256color '$work/bin/vgpu-trace' top --view verdict discovery.vgt"
until terminal capture-pane -p | grep -c 'What to do' >/dev/null; do :; done
terminal send-keys x
until terminal capture-pane -p -e | grep -c $'^\033\\[7m.*init succeeded' >/dev/null; do :; done
terminal capture-pane -p -e | python3 docs/picture/svg.py 112 >"$work/top.svg"
mv "$work/top.svg" docs/picture/top.svg
echo "docs/picture/top.svg"
