#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A call that hangs is seen while it hangs; when it returns, and when it never does.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"

mkfifo gate
"$trace" run --shim sim -o a.vgt -- "$app" discover block gate >out 2>err &
job=$!
wait_for err 'cuLaunchHostFunc\(hStream=NULL, .*\) … running for'
exec 3>gate 3>&-
wait $job
want err '^  cli_app  … cuLaunchHostFunc\(.*\) += CUDA_SUCCESS'
# What it called meanwhile lies between.
same "… running|  cuDeviceGetCount|… cuLaunch" \
	"$(sed -n '/running for/,$p' err | grep -Eo '… running|    cuDeviceGetCount|… cuLaunch' | sed 's/^    /  /' | head -3 | paste -sd'|')" \
	"the order of lines"
code 0 "$trace" dump a.vgt


"$trace" run --shim sim -o b.vgt -- "$app" discover block gate >out 2>err &
job=$!
wait_for err 'cuLaunchHostFunc\(hStream=NULL, .*\) … running for'
pid=$(sed -n 's/^cli_app(\([0-9]*\)).*/\1/p' err | head -n 1)
kill -KILL "$pid"
got=0
wait $job || got=$?
same 137 "$got" "exit code"
want err 'cuLaunchHostFunc\(.*\) .*never returned: the process ended inside'
want err 'killed by SIGKILL'
want err '^  but it ended inside cuLaunchHostFunc, which never returned \(event [0-9]+\)$'
