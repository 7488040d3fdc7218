// SPDX-License-Identifier: Apache-2.0
/* The description of an exported CTF trace. */
#include "tracer/export/ctf_metadata.h"

#include <inttypes.h>
#include <string.h>

#include "tracer/export/field_name.h"

/* Readers drop one underscore at the head of a name; with it no name is a word of the language. */
static void add_field(struct vgpu_text *out, const struct vgpu_field *field, const char *name)
{
	static const char *const types[] = {
		[VGPU_FIELD_U8] = "u8",	  [VGPU_FIELD_U16] = "u16", [VGPU_FIELD_U32] = "u32", [VGPU_FIELD_I32] = "i32",
		[VGPU_FIELD_U64] = "u64", [VGPU_FIELD_I64] = "i64",
	};

	switch (field->type) {
	case VGPU_FIELD_ID16:
		vgpu_text_printf(out, "\t\tx8 _%s[16];\n", name);
		return;
	case VGPU_FIELD_STRING:
		vgpu_text_printf(out, "\t\tstring { encoding = UTF8; } _%s;\n", name);
		return;
	case VGPU_FIELD_STRINGS:
		vgpu_text_printf(out, "\t\tu32 __%s_length;\n\t\tstring { encoding = UTF8; } _%s[__%s_length];\n",
				 name, name, name);
		return;
	case VGPU_FIELD_DATA:
		vgpu_text_printf(out, "\t\tu32 __%s_length;\n\t\tx8 _%s[__%s_length];\n", name, name,
				 name);
		return;
	case VGPU_FIELD_WORDS:
		vgpu_text_printf(out, "\t\tu32 __%s_length;\n\t\t%s _%s[__%s_length];\n", name,
				 field->hex ? "x64" : "u64", name, name);
		return;
	default:
		vgpu_text_printf(out, "\t\t%s%s _%s;\n", field->hex ? "x" : "", types[field->type] + !!field->hex,
				 name);
	}
}

bool vgpu_ctf_has_common(const struct vgpu_field *field)
{
	return field->offset != offsetof(struct vgpu_event, time_ns);
}

static void add_types(struct vgpu_text *out)
{
	for (unsigned size = 8; size <= 64; size *= 2) {
		vgpu_text_printf(out, "typealias integer { size = %u; align = 8; signed = false; } := u%u;\n", size, size);
		vgpu_text_printf(out, "typealias integer { size = %u; align = 8; signed = false; base = 16; } := x%u;\n",
				 size, size);
	}
	vgpu_text_puts(out, "typealias integer { size = 32; align = 8; signed = true; } := i32;\n"
			    "typealias integer { size = 64; align = 8; signed = true; } := i64;\n"
			    "typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; }"
			    " := stamp;\n\n");
}

static void add_kind(struct vgpu_text *out, uint32_t kind)
{
	const struct vgpu_kind *k = vgpu_event_kind(kind);
	char name[VGPU_FIELD_NAME_MAX];

	vgpu_text_printf(out, "event {\n\tname = \"%s\";\n\tid = %u;\n\tstream_id = 0;\n\tfields := struct {\n", k->name,
			 kind);
	for (uint32_t i = 0; i < vgpu_event_common.count; i++)
		if (vgpu_ctf_has_common(&vgpu_event_common.fields[i]))
			add_field(out, &vgpu_event_common.fields[i], vgpu_event_common.fields[i].name);
	/* Bit i: the kind's field i, a text, was not there and reads "(none)"; was empty and reads "(empty)". */
	vgpu_text_puts(out, "\t\tx64 _absent;\n\t\tx64 _empty;\n");
	if (kind == VGPU_EVENT_CALL || kind == VGPU_EVENT_PENDING)
		vgpu_text_puts(out, "\t\tstring { encoding = UTF8; } _function_name;\n"
				    "\t\tstring { encoding = UTF8; } _library_name;\n"
				    "\t\tstring { encoding = UTF8; } _status;\n"
				    "\t\tstring { encoding = UTF8; } _printed;\n");
	for (uint32_t i = 0; i < k->count; i++) {
		vgpu_field_name(kind, &k->fields[i], name);
		add_field(out, &k->fields[i], name);
	}
	vgpu_text_puts(out, "\t};\n};\n\n");
}

void vgpu_ctf_metadata(struct vgpu_text *out, int64_t realtime_offset_ns)
{
	int64_t seconds = realtime_offset_ns / 1000000000, rest = realtime_offset_ns % 1000000000;

	if (rest < 0) {
		rest += 1000000000;
		seconds--;
	}
	vgpu_text_puts(out, "/* CTF 1.8 */\n\n");
	vgpu_text_printf(out,
			 "clock {\n\tname = \"monotonic\";\n\tdescription = \"CLOCK_MONOTONIC\";\n\tfreq = 1000000000;\n"
			 "\toffset_s = %" PRId64 ";\n\toffset = %" PRId64 ";\n};\n\n",
			 seconds, rest);
	add_types(out);
	vgpu_text_printf(out,
			 "trace {\n\tmajor = 1;\n\tminor = 8;\n\tbyte_order = %s;\n\tpacket.header := struct {\n"
			 "\t\tu32 magic;\n\t\tu32 stream_id;\n\t};\n};\n\n",
			 __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "le" : "be");
	vgpu_text_puts(out, "env {\n\ttracer_name = \"vgpu-trace\";\n\ttracer_version = \"" VGPU_VERSION "\";\n};\n\n");
	vgpu_text_puts(out, "stream {\n\tid = 0;\n\tevent.header := struct {\n\t\tu16 id;\n\t\tstamp timestamp;\n\t};\n"
			    "\tpacket.context := struct {\n\t\tstamp timestamp_begin;\n\t\tstamp timestamp_end;\n"
			    "\t\tu64 content_size;\n\t\tu64 packet_size;\n\t\tu64 packet_seq_num;\n\t};\n};\n\n");
	for (uint32_t kind = 0; kind < VGPU_EVENT_KINDS; kind++)
		if (vgpu_event_kind(kind))
			add_kind(out, kind);
}
