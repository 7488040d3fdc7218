#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Which functions each era calls, in which order, as recorded by vgpu-trace.
. "$VGPU_SOURCE_DIR/tests/e2e/ollama_lib.sh"
unset VGPU_TRACE_DIR

record() { # ERA
	"$trace" run --shim sim --no-link -o "$1.vgt" -- "$ollama" serve --era "$1" >log.txt 2>&1 || {
		cat log.txt >&2
		fail "era $1 found no GPU under vgpu-trace"
	}
	"$trace" dump "$1.vgt" >"$1.txt"
}

# calls FILE N: what the N-th process of the file called itself; attributes by name.
calls() {
	awk -v n="$2" '/^[^ ].* *──|^[a-z-]+\([0-9]+\)  / { seen++ } seen == n' "$1" |
		sed -nE 's/^  [a-z-]+(\([0-9]+\))?(\/[0-9]+)?  ((cu|nvml)[A-Za-z0-9_]+)\(([^,]*, ([A-Z_]+), dev)?.*/\3 \6/p' |
		sed 's/ $//'
}

expect() { # WHAT EXPECTED ACTUAL
	diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") >&2 || fail "$1: not the calls that FACTS has (< expected, > got)"
}

record a
expect "era A" "cuInit
cuDriverGetVersion
cuDeviceGetCount
cuDeviceGet
cuDeviceGetAttribute COMPUTE_CAPABILITY_MAJOR
cuDeviceGetAttribute COMPUTE_CAPABILITY_MINOR
cuDeviceGetUuid
cuDeviceGetName
cuCtxCreate_v3
cuMemGetInfo_v2
cuCtxDestroy" "$(calls a.txt 1)"

runner="cudaGetDeviceCount
cuDeviceGet
cuDeviceGetAttribute VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED
cuMemGetAllocationGranularity
cudaGetDeviceProperties
cudaGetDeviceProperties
cudaDriverGetVersion
cudaGetDevice
nvmlInit_v2
nvmlDeviceGetHandleByUUID
nvmlDeviceGetMemoryInfo
nvmlShutdown"
record b
expect "era B, first pass" "$runner" "$(calls b.txt 1)"
expect "era B, second pass" "$runner" "$(calls b.txt 2)"

backend="cudaGetDeviceCount
cudaGetDeviceProperties
cuDeviceGet
cuDeviceGetAttribute VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED
cuMemGetAllocationGranularity
cudaGetDeviceProperties
cudaDeviceGetAttribute
cudaGetDeviceProperties
cudaDeviceGetPCIBusId"
memory="cudaGetDevice
cudaMemGetInfo
cudaGetDeviceProperties"
driver="cuInit
cuDriverGetVersion
nvmlInit_v2
nvmlSystemGetDriverVersion
nvmlShutdown
cuDeviceGetCount
cuDeviceGet
cuDeviceGetAttribute COMPUTE_CAPABILITY_MAJOR
cuDeviceGetAttribute COMPUTE_CAPABILITY_MINOR
cuDeviceGetAttribute INTEGRATED
cuDeviceGetName
cuDeviceTotalMem_v2
cuDeviceGetPCIBusId"
record c
for first in 1 4; do
	expect "era C, llama-server" "$backend" "$(calls c.txt $first)"
	expect "era C, --list-devices" "$backend
$memory" "$(calls c.txt $((first + 1)))"
	expect "era C, gpu-discover" "$backend
$memory
$driver" "$(calls c.txt $((first + 2)))"
done
