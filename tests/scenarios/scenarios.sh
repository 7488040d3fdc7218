#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every rule, proven by a fault that is really made: that rule is the verdict, no other claims to be the cause, and with
# observers taken away one by one the verdict may become "not known", never another cause. And healthy runs of every profile.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/scenarios/setup.sh"
failed=0 count=0 lacking=
declare -A proven

# shellcheck disable=SC2034  # for faults.sh
pass=run

# run ARGUMENT…: records to t.vgt; what comes out does not matter.
run() {
	rm -f t.vgt
	"$trace" run -q -o t.vgt "$@" >out 2>err </dev/null || true
}
# forward 'FAULTS' COMMAND…: somebody's driver that answers through ours.
forward() {
	local faults=$1
	shift
	FOREIGN=$faults run --shim forward:"$PWD/driver" -- "$@"
}
simulated() { # DEVICE-FILE-TEXT COMMAND…
	printf '%b' "$1" >device.conf
	shift
	run --shim sim --device device.conf -- "$@"
}
begin() { :; }
none() { run --shim none -- "$@"; }

# verdict RULE: of t.vgt.
verdict() {
	count=$((count + 1))
	proven[$1]=1
	if ! "$judge" t.vgt "$1" >judged; then
		failed=$((failed + 1))
		echo "--- $1:"
		cat judged
		"$trace" explain t.vgt 2>&1 | head -n 25 | cut -c 1-180
		[ ! -e t.vgt ] || cp t.vgt "bad-$1.vgt"
	fi
}

# profile NAME: some process of it is recognised so.
profile() {
	"$trace" explain --json t.vgt >profile.txt
	want profile.txt "\"profile\":\"$1\""
}

. "$here/faults.sh"
. "$here/putin.sh"

# ---- the machine: nodes and files are really there, in a mount namespace of their own ----
. "$here/machine.sh"

# ---- every rule has been proven, here or in attached.sh, where there is something to attach to ----
proven[CALL-BEFORE-ATTACH]=1
"$trace" explain --list-rules | cut -d' ' -f1 | while read -r rule; do
	[ -n "${proven[$rule]:-}" ] || grep -q " $rule\b" <<<" $lacking" || echo "$rule"
done >unproven
[ ! -s unproven ] || {
	echo "rules without a scenario: $(paste -sd' ' unproven)"
	failed=$((failed + 1))
}
echo "$count scenarios, $failed failed"
[ "$failed" = 0 ] || fail "$failed of $count"
[ -z "$lacking" ] || skip "this machine cannot make:$lacking"
