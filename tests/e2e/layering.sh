#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Dependencies point one way: which folder may include what of this project, from the include lines.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
cd "$VGPU_SOURCE_DIR"

# FOLDER: regular expression of what files below it may include. The longest folder that fits counts.
declare -A may=(
	[shim/api]='shim/api/|shim/entry/(library|call)\.h|gen/'
	[shim/api/gen]='shim/api/|shim/entry/library\.h|shim/ring/layout\.h'
	[shim/ring]='shim/ring/|shim/entry/(library\.h|arch/)'
	[shim/entry]='shim/(entry|ring|api|backend)/|gen/'
	[shim/backend]='shim/(backend|api)/|shim/entry/(library|call|core)\.h|gen/'
	[shim/audit]='shim/(audit|ring|api)/|shim/entry/library\.h|gen/'
	[bpf]='bpf/'
	[tracer]='tracer/|bpf/|shim/(ring|api)/|shim/(entry/library|audit/layout)\.h|gen/'
	[tracer/model]='tracer/model/|bpf/|shim/(ring|api)/|shim/entry/library\.h|gen/'
	# The device file is read by the code that will read it in the traced process.
	[tracer/cli]='tracer/|tui/top\.h|bpf/|shim/(ring|api)/|shim/entry/library\.h|shim/backend/sim/(device|functions)\.h|gen/'
	[tui]='tui/|tracer/model/|shim/api/'
	[examples]='examples/|gen/'
	[tests]='.*'
)
# Only code in the traced process writes a ring; only commands know of commands.
declare -A never=(
	[tracer]='shim/ring/(ring|identity)\.h'
	[tracer/source]='tracer/(cli|export|explain|report)/'
	[tracer/file]='tracer/(cli|export|explain|report)/'
	[tracer/export]='tracer/cli/'
	[tracer/explain]='tracer/cli/'
	[tracer/report]='tracer/cli/'
)
# Commands that read traces open and go through them as other programs do: by the public header alone.
for command in dump stat diff explain export target filter_option progress; do
	never[tracer/cli/$command.c]='tracer/(file|source)/|tracer/lib/trace\.h|shim/ring/'
	never[tracer/cli/$command.h]=${never[tracer/cli/$command.c]}
done
# Its other half observes what runs.
never[tracer/cli/top.c]='tracer/file/|tracer/lib/trace\.h|shim/ring/|tracer/source/(file|ring|find)\.h'

bad=0 lines=0
complain() {
	echo "$1"
	bad=1
}

# check FILE:LINE TARGET
check() {
	local folder=$1 rule='' file=${1%:*}

	if [ -n "${never[$file]:-}" ] && [[ $2 =~ ^(${never[$file]}) ]]; then
		complain "$1: must not include $2: what reads a trace uses tracer/lib/vgpu-trace.h"
	fi
	while folder=${folder%/*}; do
		if [ -z "$rule" ] && [ -n "${may[$folder]:-}" ]; then
			rule=$folder
			[[ $2 =~ ^(${may[$folder]}) ]] || complain "$1: $folder/ must not include $2"
		fi
		if [ -n "${never[$folder]:-}" ] && [[ $2 =~ ^(${never[$folder]}) ]]; then
			complain "$1: $folder/ must not include $2"
		fi
		case $folder in */*) ;; *) break ;; esac
	done
	[ -n "$rule" ] || complain "$1: no rule says what this folder may include"
}

while IFS=: read -r file line text; do
	[[ $text =~ \"([^\"]+)\" ]] || continue
	target=${BASH_REMATCH[1]}
	lines=$((lines + 1))
	check "$file:$line" "$target"
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' --include='*.[chS]' \
	shim bpf tracer tui examples tests)
for command in target top diff; do
	grep -q '"tracer/lib/vgpu-trace\.h"' tracer/cli/$command.[ch] || grep -q '"tracer/cli/target\.h"' tracer/cli/$command.c ||
		complain "tracer/cli/$command.c does not use the library"
done
[ "$lines" -gt 20 ] || fail "only $lines include lines were found"

curses=$(grep -rlE '#[[:space:]]*include[[:space:]]*[<"](n?curses|ncursesw?/[a-z]*)\.h' --include='*.[ch]' \
	shim bpf tracer tui examples tests || true)
if [ "$(grep -c . <<<"$curses" || true)" -gt 1 ]; then
	complain "more than one file includes curses: ${curses//$'\n'/ }"
fi
if grep -rnE '#[[:space:]]*include[[:space:]]*[<"](cuda|cuda_runtime[a-z_]*|nvml|driver_types)\.h' \
	--include='*.[chS]' shim bpf tracer tui examples; then
	complain "the build must not need NVIDIA's headers"
fi
[ $bad = 0 ] || fail "see the lines above"
echo "$lines include lines are in order"
