#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Small CUDA programs, built here by nvcc against the shared runtime, on the simulated device to their end: their
# calls on record, the driver's inside the runtime's. Device code is read as PTX (H100) and as a cubin (A100).
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
[ -x "$nvcc" ] || skip "nvcc is missing"
cuda=$VGPU_SOURCE_DIR/tests/e2e/cuda
case $("$nvcc" --version) in
*"release 12."* | *"release 13."*) ;;
*) skip "$nvcc is of another version than 12 and 13" ;;
esac

# build_cuda NAME…: what is older than its source, two at a time. The code is for 8.0, as a cubin and as PTX.
build_cuda() {
	local name
	for name; do
		[ "$name" -nt "$cuda/$name.cu" ] && [ "$name" -nt "$cuda/check.h" ] || printf '%s\n' "$name"
	done | xargs -r -P 2 -I NAME "$nvcc" -arch=sm_80 -cudart shared -o NAME "$cuda/NAME.cu" ||
		fail "nvcc cannot build them"
}

programs=(vectoradd symbols streams graphs managed occupancy errors)
build_cuda "${programs[@]}"

for device in h100-80gb a100-80gb; do
	for program in "${programs[@]}"; do
		rm -f x.vgt
		simulated --device "$device" -o x.vgt -- "./$program" >"$program.txt" 2>run.txt ||
			{ cat "$program.txt"; tail -n 5 run.txt; fail "$program on $device: exit status $?"; }
		same "done" "$(tail -n 1 "$program.txt")" "last line of $program on $device"
		"$trace" dump x.vgt >"$program.$device.dump"
		want "$program.$device.dump" 'exited with 0'
		refuse "$program.$device.dump" '[1-9][0-9]* calls lost'
	done
done

# the device is the file's; the kernel did nothing
want vectoradd.txt 'device 0 of 1: NVIDIA A100'
want vectoradd.txt '^sum\[7\] = 0$'

# what each is about is on record, with the driver's part of it
on_record() {
	local file=$1.h100-80gb.dump pattern
	shift
	for pattern; do
		want "$file" "$pattern"
	done
}
on_record vectoradd '__cudaLaunchKernel\(.*= cudaSuccess' 'cuLaunchKernel\(.*gridDimX=391,.*blockDimX=256,.*= CUDA_SUCCESS' \
	'cudaMemcpy\(.*HostToDevice\) *= cudaSuccess' 'cuMemcpyHtoD_v2\('
on_record symbols 'cudaMemcpyToSymbol\(.*= cudaSuccess' 'cudaMemcpyFromSymbol\(.*= cudaSuccess' 'cuLibraryGetGlobal\(.*"table"' \
	'cudaMemcpyToSymbol\(.*= cudaErrorInvalidSymbol'
on_record streams 'cudaStreamWaitEvent\(.*= cudaSuccess' 'cuEventElapsedTime_v2\(.*= CUDA_SUCCESS' 'cuMemAllocAsync\('
on_record graphs 'cudaGraphGetNodes\(.*nodes=NULL, numNodes=\? → [0-9]+\)' 'cudaStreamEndCapture\(.*= cudaSuccess' 'cudaGraphExecUpdate\(.*= cudaSuccess' 'cuGraphLaunch\(.*= CUDA_SUCCESS'
on_record managed '__cudaInitModule\(' 'cuLibraryGetManaged\(.*"counters"' 'cudaMallocManaged\(.*= cudaSuccess'
on_record occupancy 'cudaOccupancyMaxActiveBlocksPerMultiprocessor' 'cuLaunchCooperativeKernel\(.*CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE'
on_record errors 'cudaSetDevice\(device=64\).*= cudaErrorInvalidDevice' 'cudaMalloc\(.*= cudaErrorMemoryAllocation' \
	'cudaEventRecord\(.*= cudaErrorInvalidResourceHandle'
