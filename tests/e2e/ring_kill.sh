#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# 200 times: SIGKILL at a random moment; the ring says how many calls there were, and which was under way.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"

rm -rf rings
"$VGPU_BUILD_DIR/tests/e2e/ring_kill" "$VGPU_BUILD_DIR/lib/libvgpu-cuda.so" "$PWD/rings" "${VGPU_SEED:-1}" 200
