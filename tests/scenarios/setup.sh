# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What both passes over the scenarios need, sourced by scenarios.sh and attached.sh after common.sh.
# shellcheck disable=SC2034,SC2154  # for them; what common.sh has set
here=$VGPU_SOURCE_DIR/tests/scenarios
judge=$VGPU_BUILD_DIR/tests/scenarios/judge
client=$VGPU_BUILD_DIR/tests/scenarios/scenario_client
ollama=$(realpath "$VGPU_BUILD_DIR/examples/ollama-like")
[ -e "$VGPU_BUILD_DIR/lib/libvgpu-audit.so" ] || skip "no auditor on this machine"
: "${CC:=cc}"
rm -rf "${VGPU_WORK_DIR:?}"/*
export XDG_RUNTIME_DIR=$VGPU_WORK_DIR/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
unset FOREIGN CUDA_VISIBLE_DEVICES LD_LIBRARY_PATH OLLAMA_DEBUG OLLAMA_HOST VGPU_DEVICE
