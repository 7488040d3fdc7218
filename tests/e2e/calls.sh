#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every wrapper of a library: what it records, and that it reads nothing that may not be there.
# shellcheck source=tests/e2e/common.sh
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"

export VGPU_TRACE_DIR=$VGPU_WORK_DIR VGPU_BACKEND=unsupported
rm -f -- "$VGPU_WORK_DIR"/*
"$VGPU_BUILD_DIR/tests/e2e/calls" "$VGPU_BUILD_DIR/lib/libvgpu-$1.so" "$1"
