#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The traces of a genuine H100: each tells that a GPU was found, the simulated card's differ from them in what is listed alone, and replayed they are the same.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
rm -rf "${VGPU_WORK_DIR:?}"/*
export XDG_RUNTIME_DIR=$VGPU_WORK_DIR/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
golden=$VGPU_SOURCE_DIR/tests/golden/gpu

for file in "$golden"/h100-*.vgt; do
	name=$(basename "$file" .vgt)
	case $name in
	# Programs that ask everything, and much that fails.
	h100-driver | h100-nvml) ;;
	*)
		"$trace" explain --check "$file" >"$name.txt" || fail "$name: $(head -n 1 "$name.txt")"
		want "$name.txt" '^GPU FOUND  by'
		;;
	esac
	# In nobody's repository: whose card, which machine.
	"$trace" dump --full "$file" >"$name.dump"
	refuse "$name.dump" 'GPU-[0-9a-f]{0,7}[1-9a-f][0-9a-f]{0,7}-'
	refuse "$name.dump" '/tmp/tmp\.'
done

# compare NAME: fails for differences that are not listed, and for those listed that are none
compare() {
	local name=$1 which pattern why other others ignore=()
	"$trace" export --redact --format vgt -o "$name.given.vgt" "$name.vgt" >/dev/null
	while IFS=$'\t' read -r which pattern why; do
		case $which in '#'*) continue ;; esac
		# shellcheck disable=SC2053 # a pattern
		[[ $name == $which ]] || continue
		[ -n "$why" ] || fail "$pattern: no reason"
		ignore+=("$pattern")
	done <"$golden/h100-trace-differences.tsv"
	"$trace" diff --ignore "$(commas "${ignore[@]}")" "$golden/h100-$name.vgt" "$name.given.vgt" >"$name.diff" ||
		fail "$name: the simulated card's trace differs: $(head -n 20 "$name.diff")"
	for pattern in "${ignore[@]}"; do
		others=
		for other in "${ignore[@]}"; do
			[ "$other" = "$pattern" ] || others+=,$other
		done
		! "$trace" diff --ignore "none$others" "$golden/h100-$name.vgt" "$name.given.vgt" >/dev/null ||
			fail "$name: listed, and no difference any more: $pattern"
	done
}
commas() {
	local IFS=,
	echo "$*"
}
simulate() {
	"$trace" run -q --no-link --shim sim --device "$VGPU_SOURCE_DIR/tests/gpu/h100.conf" -o "$1.vgt" -- "${@:2}" >"$1.out" 2>"$1.err" ||
		fail "$1: $(tail -n 1 "$1.err")"
	compare "$1"
}
simulate driver "$VGPU_BUILD_DIR/tests/gpu/gpu_answers" driver
simulate ollama "$VGPU_BUILD_DIR/examples/ollama-like" serve --era a

# The genuine discovery of an Ollama, here: not one call differs.
"$trace" replay "$golden/h100-ollama.vgt" -q --no-link -o replayed.vgt -- "$VGPU_BUILD_DIR/examples/ollama-like" serve --era a 2>replayed.err
want replayed.err 'inference compute.*library=cuda.*compute=9\.0.*NVIDIA H100 80GB HBM3'
"$trace" diff "$golden/h100-ollama.vgt" replayed.vgt >replayed.diff || fail "replayed it differs: $(cat replayed.diff)"
want replayed.diff '^no difference'
