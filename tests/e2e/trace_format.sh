#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs/trace-format.md has every kind, field, flag and constant that a trace file may hold, as the headers have them.
# VGPU_UPDATE_GOLDEN=1 writes them into it.
# shellcheck source=tests/e2e/common.sh
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
cd "$VGPU_SOURCE_DIR"

document=docs/trace-format.md
new=$VGPU_WORK_DIR/trace-format.md
# Those of event.h, all of them; and of other headers those whose values get into traces.
mapfile -t own < <(sed -n 's/^enum \([a-z_]*\) {$/\1/p' tracer/model/event.h)
others=(vgpu_observer vgpu_call_flags vgpu_blob_flags vgpu_bpf_blob_flags vgpu_counter vgpu_place vgpu_library_id
	vgpu_link_vendor vgpu_link_reason vgpu_type_kind vgpu_direction vgpu_capture vgpu_redact vgpu_function_flags
	vgpu_plan_coding vgpu_vgt_block_kind vgpu_vgt_packing)
headers=(tracer/model/event.h shim/ring/layout.h shim/entry/library.h shim/api/schema.h shim/audit/layout.h bpf/record.h
	tracer/file/plan.h tracer/file/vgt.h)

sed '/^<!-- from here on made /q' "$document" >"$new"
want "$new" '^<!-- from here on made '
awk -v wanted="${own[*]} ${others[*]}" -f tests/e2e/trace_format.awk tracer/model/event.c "${headers[@]}" >>"$new" ||
	fail "the tables cannot be made"

# What makes them is not to forget any: all names of these enumerations, found in another way.
for enumeration in "${own[@]}" "${others[@]}"; do
	names=$(sed -n "/^enum $enumeration {/,/^}/p" "${headers[@]}" | grep -oE '^	[A-Z][A-Z0-9_]+' | tr -d '	' | grep -Ev '_(KINDS|CODES)$')
	[ -n "$names" ] || fail "$enumeration has no constants"
	for name in $names; do
		grep -qF "| \`$name\` |" "$new" || fail "$name is not in the tables"
	done
done
while read -r field; do
	grep -qE "[0-9] $field (u8|u16|u32|i32|u64|i64|id16|strings?|data|words)\b" "$new" || fail "the field '$field' is not in the tables"
done < <(grep -oE 'F(IELD)?\([0-9]+, [A-Z0-9]+, [a-z_0-9, ]+, [01]\)' tracer/model/event.c | sed 's/, [01])$//; s/.*, //' | sort -u)

[ -z "${VGPU_UPDATE_GOLDEN:-}" ] || cp "$new" "$document"
diff -u "$document" "$new" || fail "$document is stale; if that is as it should be: VGPU_UPDATE_GOLDEN=1"
