#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Manual page, completion and documents name the options that the commands have: all of them, and no other.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
need groff
rm -rf ./*

"$trace" help --man >page.1
cmp page.1 "$VGPU_BUILD_DIR/tracer/vgpu-trace.1" || fail "what is installed is not what the program says"
LC_ALL=C.UTF-8 groff -man -Tutf8 -ww -rLL=200n -P-cbou page.1 >page.txt 2>warnings.txt
same "" "$(cat warnings.txt)" "groff's warnings"
if command -v mandoc >/dev/null; then
	mandoc -Tlint -Wwarning page.1 >lint.txt || grep -v 'missing date' lint.txt && fail "mandoc has warnings"
fi
for section in NAME SYNOPSIS COMMANDS 'EXIT STATUS' ENVIRONMENT; do
	want page.txt "^$section$"
done

# options COMMAND: as its help lists them.
options() { "$trace" help "$1" | sed -nE '/^options:$/,/^$/ s/^ +(-[a-z], +)?(--[a-z-]+).*/\2/p'; }

commands=$("$trace" help | sed -nE 's/^  ([a-z]+) +[a-z].*/\1/p')
[ "$(wc -w <<<"$commands")" -ge 13 ] || fail "only these commands: $commands"
for command in $commands; do
	options "$command" >has.txt
	# replay's are said to be run's.
	[ "$command" != replay ] || continue
	sed -n "/^   $command\$/,/^\(   \)\{0,1\}[A-Za-z]/ { /^   $command\$/d; p }" page.txt |
		sed -nE 's/^       (-[a-z], )?(--[a-z-]+).*/\2/p' >page-has.txt
	diff has.txt page-has.txt || fail "the page has other options of $command than its help"
done

"$trace" help --completion >completion.bash
cmp completion.bash "$VGPU_BUILD_DIR/tracer/vgpu-trace.bash" || fail "what is installed is not what the program says"
if command -v shellcheck >/dev/null; then
	shellcheck -s bash completion.bash
fi
# shellcheck source=/dev/null
. ./completion.bash
# complete WORD…: what is offered in place of the last one.
complete_to() {
	COMP_WORDS=(vgpu-trace "$@")
	COMP_CWORD=$#
	_vgpu_trace || true
	echo "${COMPREPLY[*]}"
}
same "dump doctor" "$(complete_to d | sed 's/ diff//')" "commands with d"
same "${commands//$'\n'/ }" "$(complete_to '')" "all commands"
same "--help --version" "$(complete_to -)" "options without a command"
same "explain export" "$(complete_to help ex)" "commands to say more of"
same "none sim forward: replay:" "$(complete_to run --shim '')" "values of --shim"
same "sim" "$(complete_to run --shim = s)" "values of --shim="
same "" "$(complete_to run -- --sh)" "another program's options"
same "" "$(complete_to dump x)" "files, which are bash's"
for command in $commands; do
	same "$(options "$command" | paste -sd' ' | sed 's/$/ /;s/^ $//')--help" "$(complete_to "$command" --)" "options of $command"
done

# known COMMAND OPTION
known() { options "$1" | grep -qx -e "$2"; }
for command in $commands; do
	options "$command"
done >all.txt
cd "$VGPU_SOURCE_DIR"
bad=0 named=0
while IFS=: read -r file line text; do
	command=$(sed -E 's/^vgpu-trace ([a-z]+).*/\1/' <<<"$text")
	# Behind -- and pipes are other programs.
	while read -r option; do
		named=$((named + 1))
		known "$command" "$option" || {
			echo "$file:$line: $command has no $option"
			bad=1
		}
	done < <(sed -E 's/ -- .*//; s/ \|[^|].*//; s/  .*//' <<<"$text" | grep -oE -e '--[a-z][a-z-]+')
done < <(grep -noE 'vgpu-trace ('"$(paste -sd'|' <<<"$commands")"')\b[^`"]*' README.md docs/*.md | grep -e ' --[a-z]')
[ "$named" -gt 20 ] || fail "only $named options were found in the documents"
# By themselves; those of cmake and docker, and those that are said not to be there.
others='--build --install --preset --gpus --max-size --keep'
while read -r option; do
	case " $others " in *" $option "*) continue ;; esac
	grep -qx -e "$option" "$VGPU_WORK_DIR/all.txt" || {
		echo "no command has $option, and $(grep -rlF -e "$option" README.md docs | paste -sd' ') names it"
		bad=1
	}
done < <(grep -hoE -e '(^|[ `(])--[a-z][a-z-]+' README.md docs/*.md | tr -d ' `(' | sort -u)
[ $bad = 0 ] || fail "see the lines above"
echo "$(wc -l <"$VGPU_WORK_DIR/all.txt") options, $named times in the documents"
