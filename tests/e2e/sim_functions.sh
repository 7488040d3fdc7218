#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# functions --backend sim: what the simulation does of each entry point, from what was built.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"

"$trace" functions --backend sim >all.txt
want all.txt '^cuda +works +cuMemAlloc_v2$'
want all.txt '^cuda +partly +cuLaunchKernel  \(the kernel does not run\)$'
want all.txt '^cuda +not supported +cuGreenCtxCreate$'
want all.txt '^nvml +works +nvmlDeviceGetCount_v2$'
for library in cuda nvml cudart13 cudart12; do
	want all.txt "^$library +[0-9]+ work, [0-9]+ partly, [0-9]+ are not supported\$"
	listed=$(grep -cE "^$library +(works|partly|not supported) " all.txt)
	all=$("$trace" functions -l "$library" | wc -l)
	same "$all" "$listed" "entry points of $library"
done
# The least that is promised: of the driver 300, of each runtime 200.
for pair in cuda:300 cudart13:200 cudart12:200; do
	done=$(grep -cE "^${pair%:*} +(works|partly) " all.txt)
	[ "$done" -ge "${pair#*:}" ] || fail "${pair%:*}: only $done entry points are simulated"
done
"$trace" functions --backend sim --json 'cuLaunchKernel' >one.json
want one.json '"sim": ?"partly"'
status=0
"$trace" functions --backend nothing >/dev/null 2>bad.txt || status=$?
same 2 "$status" "exit code for a backend that is not there"
