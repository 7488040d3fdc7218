#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The dashboard on ollama-like while it runs, in each era, healthy and with faults: what it says is what is so.
. "$VGPU_SOURCE_DIR/tests/e2e/ollama_lib.sh"
cd "$VGPU_WORK_DIR"
. "$VGPU_SOURCE_DIR/tests/e2e/top_lib.sh"
need tmux
export VGPU_BACKEND=sim VGPU_TRACE_DIR=$PWD/rings
mkdir -p rings links
ln -sf "$lib/libvgpu-cuda.so" links/libcuda.so.1
printf 'cuda = 11.0\n[device]\n' >old-driver.conf

# The headline that another command finds in the same rings.
headline() {
	"$trace" top --once --view verdict --width 400 "$1" | grep -Em1 '^ (GPU FOUND|CPU MODE|NOT KNOWN)'
}

# era FAULT PATTERN: serves with it, and the Verdict view comes to say so.
shown() {
	local era=$1 fault=$2 pattern=$3 said
	rm -f rings/*
	case $fault in
	healthy) set -- ;;
	hidden) set -- CUDA_VISIBLE_DEVICES= ;;
	old-driver) set -- VGPU_DEVICE="$PWD/old-driver.conf" ;;
	bad-file) set -- VGPU_DEVICE=/nonexistent.conf ;;
	esac
	env LD_PRELOAD="$preload" LD_LIBRARY_PATH="$PWD/links" "$@" "$ollama" serve --era "$era" --stay >log.txt 2>&1 &
	server=$!
	# It looks for a GPU at its start; then it answers, and stays.
	until grep -Eq 'inference compute|vram-based|no compatible' log.txt; do
		kill -0 $server 2>/dev/null || fail "serve --era $era with $fault ended: $(tail -n 3 log.txt)"
	done
	trap 'kill $server 2>/dev/null || true; close_terminal' EXIT
	open_terminal 120 30 "$trace" top --kernel off --view verdict $server
	trap 'kill $server 2>/dev/null || true; close_terminal' EXIT
	shows "$pattern" '^F1Help'
	said=$(headline $server)
	grep -qF -- "$(cut -c 1-40 <<<"$said")" screen.txt || fail "era $era, $fault: '$said' is said elsewhere, and here: $(cat screen.txt)"
	keys 4
	shows '^ ollama-like.* runs '
	keys q
	shows '^EXIT 0'
	kill $server
	wait $server 2>/dev/null || true
}

for era in a b c; do
	shown $era healthy '^ GPU FOUND \(SIMULATED\)  by '
	shown $era hidden '^ CPU MODE'
	shown $era bad-file '^ CPU MODE'
done
# The oldest era asks the driver alone, and only warns.
shown a old-driver '^ GPU FOUND'
shown b old-driver '^ CPU MODE.*older than this runtime needs'
shown c old-driver '^ CPU MODE.*older than this runtime needs'
