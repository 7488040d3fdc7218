#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh works where there is no GPU: it says so, and asks a copy of our own libraries as it would ask a driver.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
need awk tar strip find
rm -rf "${VGPU_WORK_DIR:?}"/*
mkdir copy
cp "$VGPU_BUILD_DIR/lib/libvgpu-cuda.so" copy/libcuda.so.1
cp "$VGPU_BUILD_DIR/lib/libvgpu-nvml.so" copy/libnvidia-ml.so.1

"$VGPU_SOURCE_DIR/tests/gpu/bundle.sh" "$VGPU_BUILD_DIR" bundle >bundle.txt
if ! compgen -G '/dev/nvidia*' >/dev/null; then
	status=0
	OUT=none bundle/run.sh >none.txt || status=$?
	same 77 "$status" "exit status without a GPU"
	want none.txt '^no NVIDIA GPU on this machine'
fi

LAUNCHES=2 OUT=out FORWARD=$PWD/copy bundle/run.sh >run.txt || { cat run.txt; fail "run.sh: exit status $?"; }
for part in driver lookups misuse nvml; do
	want run.txt "^ok +$part: the same output by itself and traced"
done
refuse run.txt '^FAILED'
want run.txt "launches of 2 processes, ours to direct: median [0-9.]+"
# Every attribute, and every misuse: an answer each.
[ "$(grep -c '^attribute' out/answers.tsv)" -ge 148 ] || fail "attributes are missing"
[ "$(grep -c '^misuse' out/answers.tsv)" -ge 50 ] || fail "misuses are missing"
want out/answers.tsv $'^attribute\t75 CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR\tCUDA_SUCCESS\t9$'
want out/answers.tsv $'^nvml\tnvmlDeviceGetName\tNVML_SUCCESS\tname="NVIDIA H100 80GB HBM3"'
want out/answers.tsv $'^misuse\tget_too_high\tCUDA_ERROR_INVALID_DEVICE\t'
# Nothing that names the machine.
refuse out/answers.tsv 'GPU-[0-9a-f]{8}-'
tar -tzf out/results.tar.gz >kept.txt
want kept.txt '/driver\.vgt$'
tar -xzf out/fixtures.tar.gz
for name in driver nvml misuse ollama; do
	"$trace" dump fixtures/$name.vgt >$name.given.txt || fail "the redacted trace of $name cannot be read"
	want $name.given.txt '= (CUDA|NVML)_SUCCESS'
done
