#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `top --once` prints each view of a trace, the same for ever; and what it says where it cannot.
. "$VGPU_SOURCE_DIR/tests/e2e/top_lib.sh"

exact() {
	local kept=$VGPU_SOURCE_DIR/tests/golden/$1
	[ -z "${VGPU_UPDATE_GOLDEN:-}" ] || cp "$2" "$kept"
	diff -u "$kept" "$2" || fail "$1 is not what it was; if that is as it should be: VGPU_UPDATE_GOLDEN=1"
}

for view in calls functions processes libraries memory; do
	code 0 "$trace" top --once --view $view --width 120 story.vgt
	exact top_once_$view.txt out
	same "" "$(cat err)" "messages of $view"
done

# The verdict is what the explanation says, word for word, beneath the lines that every view has.
code 0 "$trace" top --once --view verdict story.vgt
want out '^ ring on  link on  kernel off  processes on  lost 0  no filter$'
want out '^ GPU FOUND \(SIMULATED\)  by runner-v13'
sed -e 1,3d -e 's/^ //' out >verdict.txt
"$trace" explain story.vgt | sed "s/ *\$//" >explained.txt
diff -u explained.txt verdict.txt || fail "the view and the explanation differ"

# A filter counts only what passes.
code 0 "$trace" top --once --view functions -e 'ret != 0' story.vgt
want out 'filter ret != 0$'
want out '^ cuDeviceGet +1 +1 CUDA_ERROR_INVALID_DEVICE \(101\)'
refuse out cuDriverGetVersion
code 2 "$trace" top --once -e 'nonsense' story.vgt
want err 'cannot use the filter: column 1'

# Only ASCII where that is asked for, or the locale has no more.
for ascii in "--ascii" "LC_ALL=C"; do
	case $ascii in
	--*) code 0 "$trace" top --once --view processes --ascii story.vgt ;;
	*) code 0 env "$ascii" "$trace" top --once --view processes story.vgt ;;
	esac
	LC_ALL=C refuse out '[^ -~]'
done

# A trace that was cut off shows what there is, and says so, first and last.
head -c 3000 story.vgt >cut.vgt
code 1 "$trace" top --once --view calls cut.vgt
want out 'after event [0-9]+; what is shown is whole'
want err "'cut.vgt': "

code 2 "$trace" top
code 2 "$trace" top a b
code 2 "$trace" top --once --view call story.vgt
want err "did you mean 'calls'"
code 1 "$trace" top --once /nowhere/at/all.vgt
code 1 "$trace" top --once 999999999
# No terminal: said, with what to do.
code 1 "$trace" top story.vgt
want err 'no terminal'
want err 'top --once story.vgt'

# A running process, by its number and by its name; its ring needs no rights.
name=top_$$
cp "$VGPU_BUILD_DIR/tests/e2e/top_target" "$name"
mkfifo in
VGPU_BACKEND=sim LD_LIBRARY_PATH=$VGPU_BUILD_DIR/lib/names "./$name" <in >said &
pid=$!
exec 5>in
printf '%s\n' discover 'calls 1000' 'fail 3' 'alloc 64' 'info' >&5
wait_for said '^info'
for target in $pid $name; do
	code 0 "$trace" top --once --view functions "$target"
	want out "vgpu-trace top $target live "
	want out '^ ring on  '
	want out '^ cuDriverGetVersion +1,000 +0 CUDA_SUCCESS'
	want out '^ cuDeviceGet +4 +3 CUDA_ERROR_INVALID_DEVICE'
done
code 0 "$trace" top --once --view memory $pid
want out " 64 MiB +64 MiB +1 +0 +0 +[0-9.]+ GiB"
code 0 "$trace" top --once --view processes $pid
want out "^ $name +$pid .* runs +1,0"
exec 5>&-
wait $pid
