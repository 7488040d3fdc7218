#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Faults on demand: each kind happens to the call that was named, is marked in the record, and to no other.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"
client=$VGPU_BUILD_DIR/tests/e2e/fault_client
mark='\[a fault that the device file asked for\]'

# with TEXT: a device file
with() {
	printf '[device]\n%s\n' "$1" >faults.conf
}
# run ARGUMENT…: the client under the simulated device
run() {
	code 0 "$trace" run --shim sim --device faults.conf -o fault.vgt -- "$client" "$@"
}

# Which calls: the second, from the second on, the first two; by number and by name.
with $'[fault]\nfunction = cuInit\ncall = 2\nresult = CUDA_ERROR_UNKNOWN'
run init 4
same "0 999 0 0" "$(cat out)" "only the second call"
same 1 "$(grep -c "$mark" err)" "marked calls"
want err "cuInit.* = CUDA_ERROR_UNKNOWN \(999\) .*$mark"
with $'[fault]\nfunction = cuInit\ncall = 2+\nresult = 100'
run init 4
same "0 100 100 100" "$(cat out)" "from the second call on"
with $'[fault]\nfunction = cuI*\ncall = 1-2\nresult = 3'
run init 4
same "3 3 0 0" "$(cat out)" "the first two, by pattern"

# A thread: the second that calls.
with $'[fault]\nfunction = cuInit\nthread = 2\nresult = 802'
run threads 3
same "0 802 0" "$(cat out)" "only the second thread"

# Conditions and wrong values; what is not meant stays true.
with $'[fault]\nfunction = cuDeviceGetAttribute\nwhen.attrib = 75\nset.pi = 3\n[fault]\nfunction = cuDeviceGetName\nset.name = "A card that lies"\n[fault]\nfunction = cuDeviceTotalMem_v2\nresult = 0\nset.bytes = 4096'
run device
same "3.0 'A card that lies' 4096 'A card' 7" "$(cat out)" "wrong values"
# A member of a struct, and a text that is shorter than its room.
with $'[fault]\nfunction = cudaGetDeviceProperties\nset.prop.major = 2\nset.prop.name = "Old"\n[fault]\nfunction = nvmlDeviceGetMemoryInfo\nset.memory.free = 1'
run structs
same "Old 2.0, 132 multiprocessors; free 1 of 85520809984" "$(cat out)" "wrong members"

# Arguments beyond the registers arrive, and so does what the function writes there.
with $'[fault]\nfunction = cuLaunchKernel\nwhen.sharedMemBytes = 77\nresult = 701\n[fault]\nfunction = cuMemAlloc_v2\ncall = 9\nresult = 2'
run launch
same "77: 701, 78: 0" "$(cat out)" "an argument on the stack"

# Floats and structs that are passed by value, and what comes after them.
with $'[fault]\nfunction = cuParamSetf\nwhen.value = 2.5\nresult = 77\n[fault]\nfunction = cudaLaunchKernel\nwhen.gridDim.y = 7\nresult = 701\n[fault]\nfunction = cudaLaunchKernel\nwhen.blockDim.y = 7\nwhen.sharedMem = 99\nresult = 702'
run value
same "400 77; 98 701 702" "$(cat out)" "floats and structs by value"

# Lookups.
with $'[fault]\nfunction = cuMemCreate\nlookup = missing\n[fault]\nfunction = cuMemMap\nlookup = null'
run lookup
same "cuMemCreate 0 no status 1, cuMemMap 0 no status 0, cuMemUnmap 0 yes status 0" "$(cat out)" "lookups"

# Another process's fault is nobody else's.
with $'[fault]\nfunction = cuInit\nprocess = somebody*\nresult = 3'
run init 2
same "0 0" "$(cat out)" "another process's fault"
refuse err "$mark"
with $'[fault]\nfunction = cuInit\nprocess = fault_c*\nresult = 3'
run init 2
same "3 3" "$(cat out)" "this process's fault"

# A forked child counts from one again.
with $'[fault]\nfunction = cuInit\ncall = 1\nresult = 3'
run fork
same "3 0 3 0" "$(cat out)" "parent twice, child twice"

# A crash is the call's, and the call is seen in flight.
with $'[fault]\nfunction = cuInit\ncrash = on'
code 139 "$trace" run --shim sim --device faults.conf -o fault.vgt -- "$client" init 1
want err 'cuInit.*(never returned|ended inside)'

# So is one that hangs, until somebody ends it; and one that only takes its time returns what it should.
with $'[fault]\nfunction = cuInit\nhang = on'
"$trace" run --shim sim --device faults.conf -o fault.vgt -- "$client" init 1 >out 2>hang.err &
job=$!
wait_for hang.err 'cuInit.*running for'
kill -KILL "$(pgrep -P "$job" -x fault_client)"
wait "$job" || true
want hang.err 'cuInit.*(never returned|ended inside)'
with $'[fault]\nfunction = cuInit\nhang = 30 ms'
run init 1
same 0 "$(cat out)" "after a pause"

# With another library behind ours it is the same.
mkdir copy
cp "$VGPU_BUILD_DIR/lib/libvgpu-cuda.so" copy/libcuda.so.1
cp "$VGPU_BUILD_DIR/lib/libvgpu-nvml.so" copy/libnvidia-ml.so.1
with $'[fault]\nfunction = cuInit\ncall = 2\nresult = 999\n[fault]\nfunction = cuMemCreate\nlookup = missing\n[fault]\nfunction = cuMemMap\nlookup = null'
code 0 "$trace" run --shim forward:copy --device faults.conf -o fault.vgt -- "$client" init 3
same "0 999 0" "$(cat out)" "the second call, under forward"
same 1 "$(grep -c "$mark" err)" "marked calls, under forward"
code 0 "$trace" run --shim forward:copy --device faults.conf -o fault.vgt -- "$client" lookup
same "cuMemCreate 0 no status 1, cuMemMap 0 no status 0, cuMemUnmap 0 yes status 0" "$(cat out)" "lookups, under forward"

# What names nothing is refused before anything runs, and says what.
bad() {
	with "$1"
	code 125 "$trace" run --shim sim --device faults.conf -- touch ran
	want err "$2"
}
bad $'[fault]\nfunction = cuNothing\nresult = 3' "no entry point is called 'cuNothing'"
bad $'[fault]\nfunction = cuInit\nresult = CUDA_ERROR_NOBODY' "cuInit has no result 'CUDA_ERROR_NOBODY'"
bad $'[fault]\nfunction = cuDeviceGetCount\nset.number = 3' "cuDeviceGetCount has no parameter or member 'number'"
bad $'[fault]\nfunction = cuDeviceGetAttribute\nset.attrib = 3' "has no parameter or member 'attrib' that can be set"
bad $'[fault]\nfunction = cuDeviceGetAttribute\nwhen.pi = 3\nresult = 3' "has no parameter or member 'pi' that can be a condition"
bad $'[fault]\nfunction = cudaLaunchKernel\nwhen.gridDim = 3\nresult = 3' "has no parameter or member 'gridDim' that can be a condition"
bad $'[fault]\nresult = 3' "faults.conf:2:2: a fault needs a 'function'"
bad $'[fault]\nfunction = cuInit' "faults.conf:2:2: a fault needs one of"
bad $'[fault]\nfunction = cuInit\ncall = 0' "faults.conf:4:8: 'call' is '3', '2\+' or '1-3'"
bad $'[fault]\nfunction = cuInit\nlookup = missing\nresult = 3' "a fault with 'lookup' has nothing beside it"
bad $'[fault]\nfunction = cuInit\nnonsense = 3' "unknown key 'nonsense' in a fault"
[ ! -e ran ] || fail "the command ran all the same"
