#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# libvgpu-trace as another program uses it: installed, found by pkg-config, one header, nothing else visible.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"
need pkg-config cc nm

cmake --install "$VGPU_BUILD_DIR" --prefix "$PWD/installed" >install.txt
pc=$(dirname "$(find installed -name vgpu-trace.pc)")
read -ra flags < <(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs vgpu-trace)
cc -std=c99 -pedantic -Wall -Wextra -Werror "$VGPU_SOURCE_DIR/examples/failed-calls.c" "${flags[@]}" -o failed-calls
lib=$(dirname "$(find installed -name 'libvgpu-trace.so')")
export LD_LIBRARY_PATH=$PWD/$lib
# What a program can bind to is what the header names, all of it.
nm -D --defined-only "$lib/libvgpu-trace.so" | awk '{ print $3 }' | sort >has.txt
grep -oE '\bvgpu_trace_[a-z_]+\(' "$VGPU_SOURCE_DIR/tracer/lib/vgpu-trace.h" | tr -d '(' | sort -u >named.txt
diff named.txt has.txt || fail "the header and the library do not agree"
if command -v c++ >/dev/null; then
	echo '#include <vgpu-trace.h>' >header.cc
	c++ -Wall -Wextra -pedantic -Werror -c "${flags[0]}" header.cc
fi

unset LD_LIBRARY_PATH
code 0 "$trace" run --shim sim -q -o a.vgt -- "$app" discover
export LD_LIBRARY_PATH=$PWD/$lib
code 0 ./failed-calls a.vgt
calls=$("$trace" dump --json a.vgt | grep -c '"event":"call"')
failed=$("$trace" dump --json --errors a.vgt | grep -c '"event":"call"')
want out "^$failed of $calls calls failed$"
want out '^cli_app: cuDeviceGet\(device → \?, ordinal=7\) = CUDA_ERROR_INVALID_DEVICE \(101\)$'
code 1 ./failed-calls /nonexistent.vgt
want err 'No such file'
head -c $(($(stat -c %s a.vgt) - 20)) a.vgt >cut.vgt
code 1 ./failed-calls ./cut.vgt
want out "^$failed of $calls calls failed$"
want err 'what is above is good'

# A process that runs.
unset LD_LIBRARY_PATH
mkfifo gate
"$trace" run --shim sim -q -o b.vgt -- "$app" discover block gate >/dev/null &
job=$!
until pid=$(pgrep -P $job cli_app) && "$trace" dump "$pid" >/dev/null 2>&1; do
	kill -0 $job || fail "the recording ended early"
done
until LD_LIBRARY_PATH=$PWD/$lib ./failed-calls "$pid" >live.txt && grep -q 'ordinal=7' live.txt; do
	kill -0 $job || fail "the recording ended early"
done
# Followed to its end, and what followed the recording saw the same.
LD_LIBRARY_PATH=$PWD/$lib ./failed-calls --follow "$pid" >process.txt &
process=$!
LD_LIBRARY_PATH=$PWD/$lib ./failed-calls --follow b.vgt >file.txt &
file=$!
wait_for process.txt 'ordinal=7'
wait_for file.txt 'ordinal=7'
exec 3>gate 3>&-
wait $job
wait $process || fail "following a process failed"
wait $file || fail "following a recording failed"
want process.txt ' calls failed$'
cmp <(sed 's/ of .*//' process.txt) <(sed 's/ of .*//' file.txt)
want live.txt '^cli_app.*CUDA_ERROR_INVALID_DEVICE'
echo "another program reads traces"
