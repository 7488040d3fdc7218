#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Structs by value, floats and returned structs through the wrappers.
# shellcheck source=tests/e2e/common.sh
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"

export VGPU_TRACE_DIR=$VGPU_WORK_DIR VGPU_BACKEND=unsupported
rm -f -- "$VGPU_WORK_DIR"/*
"$VGPU_BUILD_DIR/tests/e2e/calls_structs" "$VGPU_BUILD_DIR/lib/libvgpu-cuda.so" "$VGPU_BUILD_DIR/lib/libvgpu-cudart13.so"
