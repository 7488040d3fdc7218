#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The dashboard on a recorded trace, driven in a terminal: screens that are the same for ever.
. "$VGPU_SOURCE_DIR/tests/e2e/top_lib.sh"

open_terminal 80 24 "$trace" top --view functions story.vgt
shows '^ Function .*Calls' '^F1Help'
is_screen top_80_functions.txt
for view in 2:calls 4:processes 5:libraries 6:memory; do
	keys "${view%%:*}"
	is_screen "top_80_${view#*:}.txt"
done

# The ladder of the process that decides.
keys 1
shows '^ GPU FOUND \(SIMULATED\)  by runner-v13\(4703\)' '✓ init called' '✓ devices counted +1 device'

# The detail of the second error of the log, and back.
keys 2 x x x Enter
is_screen top_80_detail.txt
keys Escape
shows 'Time  Process'

# A filter, and one that is none.
keys f 'ret != 0' Enter
is_screen top_80_filter.txt
keys f C-u 'nonsense >' Enter
shows 'column 1: ' '^filter: nonsense >'
keys Escape F
shows 'no filter' '32 calls'

# Search, sideways, end and start.
keys g / OUT_OF Enter
shows "cuMemAlloc_v2\\(dptr → \?"
keys l l l l l l
shows ' = CUDA_ERROR_OUT_OF_MEMORY \(2\) 12.0 µs'
keys h h h h h h
shows "cuMemAlloc_v2\\(dptr → \?" 'Time  Process'

# Back and forth in time.
keys 4 '<' '<' '<' '<'
is_screen top_80_earlier.txt
# It stays there, also when the dashboard looks for what else there is to do.
keys Down Up
is_screen top_80_earlier.txt
keys : 'soon' Enter
shows 'a time is 1.5s, 200ms' '^go to time: soon'
keys C-u '#30' Enter
shows 'at 0.0000.. of 0.000051 s  30 of 52 events$'
keys '{'
shows ' 1 of 52 events$'
keys : '50%' Enter
shows 'at 0.00002. of 0.000051 s'
keys '}'
shows '52 events in' 'SIGKILL'
keys '<' '>' '>' '>' '>' '>' '>'
shows '52 events in' 'SIGKILL'

# Wide, narrow, and wide again: nothing is left of what was there.
resize 200 60
keys 3
is_screen top_200_functions.txt
resize 80 24
is_screen top_80_functions_again.txt
cmp "$VGPU_SOURCE_DIR/tests/golden/top_80_functions.txt" "$VGPU_SOURCE_DIR/tests/golden/top_80_functions_again.txt"
resize 200 60
is_screen top_200_functions.txt
resize 40 10
shows '^ Function'
resize 3 2
resize 80 24
is_screen top_80_functions_again.txt

keys '?'
is_screen top_80_help.txt
keys q q
shows '^EXIT 0' '^icanon' '^echo'

# What was chosen is there the next time.
open_terminal 80 24 "$trace" top story.vgt
shows '^ Function .*Calls▼'
keys s q
shows '^EXIT 0'
open_terminal 80 24 "$trace" top story.vgt
shows '^ Function .*Errors▼'
keys q
shows '^EXIT 0'
