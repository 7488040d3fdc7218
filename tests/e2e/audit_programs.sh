#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every program of /usr/bin says the same of its version with and without the auditor, two at a time.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/audit_lib.sh"
need timeout xargs cmp

# As root, some might do more than they are asked to: nothing outside of here can be written.
if [ -z "${VGPU_INSIDE:-}" ] && [ "$(id -u)" = 0 ] && unshare --mount --pid --fork true 2>/dev/null; then
	# shellcheck disable=SC2016
	VGPU_INSIDE=1 exec unshare --mount --pid --fork --kill-child --mount-proc --propagation private sh -c '
		mount --bind "$VGPU_WORK_DIR" "$VGPU_WORK_DIR" && cd "$VGPU_WORK_DIR" &&
			mount -o remount,bind,ro / && exec "$1"' sh "$0"
fi

export audit rings
rm -rf out home
mkdir out home

# said PROGRAM RUN: what it says without the auditor.
said() {
	local status=0
	timeout -k 1 20 "$1" --version </dev/null >"out/${1##*/}.$2" 2>&1 || status=$?
	echo "exit status $status" >>"out/${1##*/}.$2"
}

# audited_said PROGRAM: with it. Longer than the others have: a machine that is slow right now is not a difference.
audited_said() {
	local status=0
	VGPU_TRACE_DIR=$PWD/out/${1##*/}.rings LD_AUDIT=$audit timeout -k 1 120 "$1" --version \
		</dev/null >"out/${1##*/}.audited" 2>&1 || status=$?
	echo "exit status $status" >>"out/${1##*/}.audited"
}

# One program: twice without, since some say something else every time.
one() {
	local program=$1 name=${1##*/} run
	export HOME=$PWD/home TERM=dumb DISPLAY=
	unset VGPU_INSIDE
	mkdir "out/$name.rings"
	said "$program" first
	said "$program" second
	# 124 and 137: it waits for something, or the machine is slow: that says nothing.
	if grep -qE '^exit status (124|137)$' "out/$name.first" "out/$name.second"; then
		echo "slow $name"
	elif ! cmp -s "out/$name.first" "out/$name.second"; then
		echo "changing $name"
	elif audited_said "$program" && cmp -s "out/$name.first" "out/$name.audited"; then
		if ls "out/$name.rings"/*.ring >/dev/null 2>&1; then
			echo "same $name"
		else
			echo "static $name"
		fi
	else
		# Some change seldom (two processes that write at once): each try compares anew.
		for run in 1 2 3 4 5 6 7 8; do
			cp "out/$name.audited" "out/$name.different"
			said "$program" second
			audited_said "$program"
			if cmp -s "out/$name.second" "out/$name.different" ||
				cmp -s "out/$name.second" "out/$name.audited" ||
				cmp -s "out/$name.first" "out/$name.audited"; then
				echo "changing $name"
				run=
				break
			fi
		done
		if [ -n "$run" ]; then
			echo "DIFFERENT $name"
			diff "out/$name.first" "out/$name.audited" | head -n 5 | sed 's/^/    /'
		fi
	fi 2>/dev/null
	rm -rf "out/$name.first" "out/$name.second" "out/$name.different" "out/$name.rings"
}
export -f said audited_said
export -f one

# shellcheck disable=SC2016  # the inner shell's
find /usr/bin -maxdepth 1 \( -type f -o -type l \) -perm -u+x -print0 | sort -z |
	xargs -0 -n 1 -P 2 bash -c 'one "$1"' _ >result.txt
for word in same static changing slow DIFFERENT; do
	echo "$word: $(grep -c "^$word " result.txt || true)"
done
same 0 "$(grep -c '^DIFFERENT' result.txt || true)" "programs that differ: $(grep -A 5 '^DIFFERENT' result.txt | head -n 60)"
[ "$(grep -c '^same' result.txt)" -gt 50 ] || fail "hardly a program was observed"
