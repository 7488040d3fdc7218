#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --shim forward: what another library answers arrives unchanged, and the record of it is whole.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"
client=$VGPU_BUILD_DIR/tests/e2e/forward_client
mkdir copy
cp "$VGPU_BUILD_DIR/lib/libvgpu-cuda.so" copy/libcuda.so.1
cp "$VGPU_BUILD_DIR/lib/libvgpu-nvml.so" copy/libnvidia-ml.so.1

# Call for call the same as the simulated device by itself: what is left of a dump without its own head and foot.
calls() {
	"$trace" dump "$1" | grep ' = ' | grep -v '  link  ' | mask
}
for program in "$app discover" "$client"; do
	# shellcheck disable=SC2086 # a command and its argument
	code 0 "$trace" run --shim sim -o sim.vgt -- $program
	mv out sim.txt
	# shellcheck disable=SC2086
	code 0 "$trace" run --shim forward:copy -o forward.vgt -- $program
	diff sim.txt out || fail "the program's own output differs"
	want err '^mode forward: .* copy \(SIMULATED: a copy of ours\)'
	want err 'libcuda\.so\.1 is answered by /.*/copy/libcuda\.so\.1, which lacks 0 of'
	want err 'GPU FOUND'
	refuse err "backend's own"
	calls sim.vgt >sim.calls
	calls forward.vgt >forward.calls
	[ "$(wc -l <sim.calls)" -ge 13 ] || fail "too few calls: $(wc -l <sim.calls)"
	diff sim.calls forward.calls || fail "the dumps differ"
done

# Naming the file instead of the directory is the same.
code 0 "$trace" run --shim forward:copy/libcuda.so.1 -o file.vgt -- "$client"
calls file.vgt | diff forward.calls - || fail "a path of libcuda gives another dump than its directory"

# What cannot stand behind ours is refused before anything runs.
code 125 "$trace" run --shim "forward:$VGPU_BUILD_DIR/lib/names" -- touch ran
want err 'that is our own library'
code 125 "$trace" run --shim forward:. -- touch ran
want err 'no libcuda\.so\.1 and no libnvidia-ml\.so\.1 there'
mkdir broken
echo text >broken/libcuda.so.1
code 125 "$trace" run --shim forward:broken -- touch ran
want err "cannot forward to 'broken'"
[ ! -e ran ] || fail "the command ran all the same"
