#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The dashboard on ollama-like while it runs, in each era, healthy and with five faults: it shows the link that broke.
. "$VGPU_SOURCE_DIR/tests/e2e/top_faults.sh"

for era in a b c; do
	start_ollama $era healthy
	watch_ollama
	let_go
	shows '^ GPU FOUND \(SIMULATED\)  by ' '^ +✓ accepted by client'
	refuse screen.txt '^ *✗ '
	keys q
	shows '^EXIT 0'
	stop_ollama
done

declare -A count
for row in "${faults[@]}"; do
	eval "set -- $row"
	breaks "$@"
	echo "era $1, $2: broken at '$3', on the screen $took ms after it happened"
	keys 4
	shows '^ Process .*PID' '^ [a-z-]+ +[0-9]+ .* runs '
	keys q
	shows '^EXIT 0'
	stop_ollama
	count[$1]=$((${count[$1]:-0} + 1))
done
same '5 5 5' "${count[a]} ${count[b]} ${count[c]}" "faults of each era"

# Attached when all is over and the children are gone: their rings still tell.
start_ollama b uncounted
let_go
wait_for log.txt 'no compatible|vram-based'
watch_ollama
shows '^ +✗ devices counted ' '^ CPU MODE'
keys q
shows '^EXIT 0'
stop_ollama
