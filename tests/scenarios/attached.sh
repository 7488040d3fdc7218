#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The same faults seen from outside: one `attach --wait` before all of them. Of each the verdict is its rule, or honestly
# "not known"; never another cause. Where the kernel sees enough, it is the rule.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/scenarios/setup.sh"
# shellcheck disable=SC2034  # for faults.sh
pass=attach

# What attach waits for: starts what follows, in its own place. The first one lasts as long as all of it.
scene=$VGPU_WORK_DIR/vgpu-scene
"$CC" -o "$scene" -x c - <<'END'
#include <unistd.h>
int main(int argc, char **argv) { return argc > 1 ? execvp(argv[1], argv + 1) : 1; }
END

# observe 'FAULTS' COMMAND…
observe() {
	local faults=$1
	shift
	FOREIGN=$faults "$scene" "$@" >out 2>err </dev/null &
	started=$!
	wait $started 2>/dev/null || true
}
none() { observe '' "$@"; }
forward() {
	local faults=$1
	shift
	LD_LIBRARY_PATH=$PWD/driver observe "$faults" "$@"
}
simulated() { # DEVICE-FILE-TEXT COMMAND…
	printf '%b' "$1" >device.conf
	shift
	LD_LIBRARY_PATH=$VGPU_BUILD_DIR/lib/names${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} VGPU_DEVICE=$PWD/device.conf observe '' "$@"
}
profile() { :; }
# What is mapped beside what was asked for only the link observer sees; and that nothing was looked for or called.
unseen=" LINK-STUB LINK-TWO-COPIES LINK-DIED-LOADING LINK-BACKEND-ABSENT INIT-NEVER-CALLED UNKNOWN "
verdict() {
	local how=known
	[[ $unseen != *" $1 "* ]] || how=
	echo "$started $1 $how" >>verdicts
}

begin() {
	mkfifo end
	: >said
	LD_LIBRARY_PATH=$PWD/driver:$PWD/wrong "$trace" attach --wait "${scene##*/}" -q -o t.vgt >said 2>&1 &
	attached=$!
	until grep -q '^waiting for ' said; do
		kill -0 $attached 2>/dev/null || skip "$(cat said)"
	done
	"$scene" cat end >/dev/null &
	keeper=$!
}
. "$here/faults.sh"

echo >end
wait "$keeper" "$attached" || fail "attach: $(cat said)"
"$judge" --trees t.vgt verdicts

# It hangs already when somebody attaches, and is killed in the end.
FOREIGN=cuInit=hang LD_LIBRARY_PATH=$PWD/driver "$client" driver >out 2>err </dev/null &
started=$!
exec 3<hanging
: >said
"$trace" attach -q -o before.vgt $started >said 2>&1 &
attached=$!
until grep -q '^attached to ' said; do
	kill -0 $attached 2>/dev/null || fail "attach: $(cat said)"
done
kill -KILL $started
wait $attached || fail "attach: $(cat said)"
"$judge" before.vgt CALL-BEFORE-ATTACH || fail "CALL-BEFORE-ATTACH"
