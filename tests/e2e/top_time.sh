#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A long recording, gone back in: what is shown at a moment is what reading up to it shows, to the last line.
. "$VGPU_SOURCE_DIR/tests/e2e/top_lib.sh"
need tmux

# Enough for several of the moments that are kept, and for the log to forget what lies between first and last lines.
{
	printf 'discover\nalloc 64\n'
	for _ in $(seq 1 90); do
		printf 'calls 6000\nfail 2\nalloc 1\nchild 0\n'
	done
} >orders
code 0 "$trace" run -q --shim sim -o long.vgt -- "$VGPU_BUILD_DIR/tests/e2e/top_target" <orders
events=$("$trace" top --once --view functions long.vgt | sed -n '1s/.* \([0-9,]*\) events in .*/\1/p' | tr -d ,)
[ "${events:-0}" -gt 150000 ] || fail "only ${events:-0} events are on record"

open_terminal 160 50 "$trace" top --view functions long.vgt
shows 'recorded .* events in '
go=0
for at in $((events - 3)) 1000 $((events / 2)) 70001 $((events * 9 / 10)); do
	keys : "#$at" Enter
	shows " $(printf '%d' "$at" | sed -E ':a; s/([0-9])([0-9]{3})(,|$)/\1,\2\3/; ta') of .* events\$"
	for view in 1:verdict 2:calls 3:functions 4:processes 5:libraries 6:memory; do
		go=$((go + 1))
		keys "${view%%:*}" e C-u "seen.$go" Enter
		shows "written to seen.$go"
		code 0 "$trace" top --once --width 160 --view "${view#*:}" --at "#$at" long.vgt
		cmp -s out "seen.$go" || {
			diff out "seen.$go" | head -n 20 >&2
			fail "after #$at, ${view#*:} is not what reading up to there shows"
		}
	done
done
keys '}'
shows 'events in '
keys q
shows '^EXIT 0'

# In words; and what is none.
code 0 "$trace" top --once --at 50% long.vgt
want out ' at [0-9.]+ of [0-9.]+ s '
code 0 "$trace" top --once --at 1h long.vgt
want out ' events in '
code 2 "$trace" top --once --at soon long.vgt
want err "'soon' is no time"
code 2 "$trace" top --once --at 1s 1
want err 'is of a recording'
