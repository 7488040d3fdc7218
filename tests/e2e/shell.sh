#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every script of the tree, as shellcheck would have it.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
need git shellcheck
cd "$VGPU_SOURCE_DIR"
git rev-parse --git-dir >/dev/null 2>&1 || skip "not a git checkout"

mapfile -d '' files < <(git ls-files -z --cached --others --exclude-standard -- '*.sh' .ci)
[ ${#files[@]} -gt 80 ] || fail "only ${#files[@]} scripts are in the tree"
# Together: what one reads from another, the other is looked at for.
shellcheck -x -P SCRIPTDIR "${files[@]}" || fail "see the lines above"
echo "${#files[@]} scripts are as they should be"
