// SPDX-License-Identifier: Apache-2.0
/* Prints one value by its type. */
#include "tracer/model/value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/model/demangle.h"
#include "tracer/model/names.h"

/* How much of a value a line has room for; --full has room for all. */
#define SHORT_STRING  80u
#define SHORT_BYTES   16u
#define SHORT_ARRAY   8u
#define SHORT_COLUMNS 96u
#define DEPTH_MAX     8u

/* What to show of large structs first: the members that discovery decides by. */
static const struct {
	const char *type;
	const char *members; /* in this order */
} favourites[] = {
	{ "*cudaDeviceProp*", "name,major,minor,totalGlobalMem,multiProcessorCount,uuid,pciDomainID,pciBusID,pciDeviceID" },
	{ "nvmlMemory*", "total,free,used,reserved" },
	{ "nvmlPciInfo*", "busId,pciDeviceId" },
	{ "nvmlUtilization*", "gpu,memory" },
};

uint64_t vgpu_value_integer(const struct vgpu_type *type, const void *bytes, size_t size)
{
	uint64_t value = 0;
	uint32_t width = type->size;

	if (!width || width > 8 || size < width)
		return 0;
	memcpy(&value, bytes, width);
	if ((type->kind == VGPU_TYPE_INT || type->kind == VGPU_TYPE_ENUM) && width < 8 &&
	    value >> (width * 8 - 1))
		value |= ~UINT64_C(0) << (width * 8);
	return value;
}

static void format_cut(struct vgpu_text *out, const struct vgpu_value_place *place, size_t size, size_t full)
{
	if (full <= size)
		return;
	vgpu_text_ellipsis(out, place->look);
	vgpu_text_printf(out, "(%zu of %zu bytes)", size, full);
}

/* How much of it a line has room for, in whole characters. */
static size_t shown_of(const struct vgpu_look *look, const char *text, size_t length)
{
	size_t shown = length;

	if (!look->full && shown > SHORT_STRING) {
		shown = SHORT_STRING;
		while (shown && ((const unsigned char *)text)[shown] >> 6 == 2)
			shown--;
	}
	return shown;
}

/* A kernel's name as its source has it, where it is one. */
static bool format_demangled(struct vgpu_text *out, const struct vgpu_look *look, const char *bytes, size_t size)
{
	char *name = size > 2 && !memcmp(bytes, "_Z", 2) ? strndup(bytes, size) : NULL;
	char *plain = name ? vgpu_demangle(name) : NULL;
	size_t length = plain ? strlen(plain) : 0, shown;

	free(name);
	if (!plain)
		return false;
	shown = shown_of(look, plain, length);
	vgpu_text_puts(out, "\"");
	vgpu_text_escape(out, look, plain, shown, true);
	vgpu_text_puts(out, "\"");
	if (shown < length)
		vgpu_text_ellipsis(out, look);
	free(plain);
	return true;
}

void vgpu_value_format_string(struct vgpu_text *out, const struct vgpu_value_place *place, const void *bytes,
			      size_t size, size_t full)
{
	const struct vgpu_look *look = place->look;
	size_t length = strnlen(bytes, size);
	size_t shown = shown_of(look, bytes, length);

	/* A string that was cut lacks its end; where the end is there, what follows it is nobody's. */
	if (length < size)
		full = size;
	if (!look->raw && full <= size && format_demangled(out, look, bytes, length))
		return;
	vgpu_text_puts(out, "\"");
	vgpu_text_escape(out, look, bytes, shown, true);
	vgpu_text_puts(out, "\"");
	if (shown < length)
		vgpu_text_ellipsis(out, look);
	else
		format_cut(out, place, size, full);
}

void vgpu_value_format_bytes(struct vgpu_text *out, const struct vgpu_value_place *place, const void *bytes,
			     size_t size, size_t full)
{
	const uint8_t *b = bytes;
	size_t shown = place->look->full || size <= SHORT_BYTES ? size : SHORT_BYTES;

	vgpu_text_printf(out, "<%zu bytes", full > size ? full : size);
	for (size_t i = 0; i < shown; i++)
		vgpu_text_printf(out, "%s%02x", i ? " " : ": ", b[i]);
	if (shown < size || full > size)
		vgpu_text_ellipsis(out, place->look);
	vgpu_text_puts(out, ">");
}

static void format_uuid(struct vgpu_text *out, const uint8_t *b)
{
	vgpu_text_puts(out, "GPU-");
	for (unsigned i = 0; i < 16; i++)
		vgpu_text_printf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
}

static void format_integer(struct vgpu_text *out, const struct vgpu_value_place *place, const struct vgpu_type *type,
			   const char *name, uint64_t value)
{
	if (place->look->raw)
		vgpu_text_printf(out, "0x%" PRIx64, value);
	else if (vgpu_name_is_bytes(type, name, place->function)) {
		vgpu_text_bytes(out, value);
		if (place->look->full && value >= 1024)
			vgpu_text_printf(out, " (%" PRIu64 ")", value);
	} else if (type->kind == VGPU_TYPE_INT)
		vgpu_text_printf(out, "%" PRId64, (int64_t)value);
	else if (name && vgpu_name_matches("pciDeviceId,pciSubSystemId", name) && value)
		/* As lspci writes it: the vendor is the low half. */
		vgpu_text_printf(out, "%04x:%04x", (unsigned)value & 0xffff, (unsigned)(value >> 16) & 0xffff);
	else
		vgpu_text_printf(out, "%" PRIu64, value);
}

static void format_float(struct vgpu_text *out, const struct vgpu_type *type, const void *bytes)
{
	double d = 0;
	float f = 0;

	if (type->size == 4) {
		memcpy(&f, bytes, sizeof(f));
		vgpu_text_printf(out, "%g", (double)f);
	} else {
		memcpy(&d, bytes, sizeof(d));
		vgpu_text_printf(out, "%g", d);
	}
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

static void format_depth(struct vgpu_text *out, const struct vgpu_value_place *place, const struct vgpu_type *type,
			 const char *name, const void *bytes, size_t size, size_t full, unsigned depth);

static void format_member(struct vgpu_text *out, const struct vgpu_value_place *place,
			  const struct vgpu_member *member, const uint8_t *bytes, size_t size, unsigned depth)
{
	const struct vgpu_type *type = member->type;

	if (member->name[0])
		vgpu_text_printf(out, "%s ", member->name);
	if (member->offset > size || size - member->offset < type->size) {
		vgpu_text_puts(out, "?");
		return;
	}
	bytes += member->offset;
	if (member->bit_size) {
		uint64_t value = 0;

		memcpy(&value, bytes, type->size < 8 ? type->size : 8);
		value >>= member->bit_offset;
		if (member->bit_size < 64)
			value &= (UINT64_C(1) << member->bit_size) - 1;
		vgpu_text_printf(out, "%" PRIu64, value);
		return;
	}
	format_depth(out, place, type, member->name, bytes, type->size, type->size, depth + 1);
}

static const char *favourites_of(const struct vgpu_type *type)
{
	for (unsigned i = 0; i < sizeof(favourites) / sizeof(favourites[0]); i++)
		if (type->name && vgpu_name_matches(favourites[i].type, type->name))
			return favourites[i].members;
	return NULL;
}

/* The members in the order to be shown: favourites, then the others; NULL past the last. */
static const struct vgpu_member *member_at(const struct vgpu_type *type, const char *favourite, uint32_t index,
					   bool *is_favourite)
{
	const char *at = favourite;
	uint32_t seen = 0;

	*is_favourite = true;
	while (at && *at) {
		size_t n = strcspn(at, ",");

		for (uint32_t i = 0; i < type->count; i++) {
			const struct vgpu_member *m = &type->members[i];

			if (strlen(m->name) == n && !strncmp(m->name, at, n) && seen++ == index)
				return m;
		}
		at += n + (at[n] == ',');
	}
	*is_favourite = false;
	for (uint32_t i = 0; i < type->count; i++) {
		const struct vgpu_member *m = &type->members[i];

		if (favourite && m->name[0] && vgpu_name_matches(favourite, m->name))
			continue;
		if (seen++ == index)
			return m;
	}
	return NULL;
}

/* Short: favourites, then members that are not zero, as far as the line reaches. */
static void format_struct(struct vgpu_text *out, const struct vgpu_value_place *place, const struct vgpu_type *type,
			  const void *bytes, size_t size, size_t full, unsigned depth)
{
	bool shorten = !place->look->full, left_out = false, any = false, favourite;
	const char *order = shorten ? favourites_of(type) : NULL;
	const struct vgpu_member *member;
	size_t start = out->size;

	vgpu_text_puts(out, "{");
	for (uint32_t i = 0; (member = member_at(type, order, i, &favourite)); i++) {
		size_t before = out->size;

		if (shorten && !favourite && type->count > 4 && member->offset <= size &&
		    member->type->size <= size - member->offset &&
		    all_zero((const uint8_t *)bytes + member->offset, member->type->size)) {
			left_out = true;
			continue;
		}
		if (any)
			vgpu_text_puts(out, ", ");
		format_member(out, place, member, bytes, size, depth);
		/* The first one is shown whatever its length. */
		if (shorten && any && vgpu_text_columns(out, start) > SHORT_COLUMNS) {
			out->size = before;
			out->bytes[before] = '\0';
			left_out = true;
			break;
		}
		any = true;
		if (shorten && type->kind == VGPU_TYPE_UNION) {
			left_out = type->count > 1;
			break;
		}
	}
	if (left_out) {
		vgpu_text_puts(out, any ? ", " : "");
		vgpu_text_ellipsis(out, place->look);
	}
	vgpu_text_puts(out, "}");
	format_cut(out, place, size, full);
}

static void format_array_depth(struct vgpu_text *out, const struct vgpu_value_place *place,
			       const struct vgpu_type *element, const char *name, const void *bytes, size_t size,
			       size_t full, unsigned depth)
{
	size_t count = element->size ? size / element->size : 0;
	size_t shown = place->look->full || count <= SHORT_ARRAY ? count : SHORT_ARRAY;

	if (element->kind == VGPU_TYPE_CHAR) {
		vgpu_value_format_string(out, place, bytes, size, full);
		return;
	}
	if (!count || (element->size == 1 && element->kind != VGPU_TYPE_BOOL)) {
		vgpu_value_format_bytes(out, place, bytes, size, full);
		return;
	}
	vgpu_text_puts(out, "[");
	for (size_t i = 0; i < shown; i++) {
		if (i)
			vgpu_text_puts(out, ", ");
		format_depth(out, place, element, name, (const uint8_t *)bytes + i * element->size, element->size,
			     element->size, depth + 1);
	}
	if (shown < count) {
		vgpu_text_puts(out, ", ");
		vgpu_text_ellipsis(out, place->look);
		vgpu_text_printf(out, " %zu in all", full / element->size);
	}
	vgpu_text_puts(out, "]");
	if (shown == count)
		format_cut(out, place, size, full);
}

void vgpu_value_format_array(struct vgpu_text *out, const struct vgpu_value_place *place,
			     const struct vgpu_type *element, const char *name, const void *bytes, size_t size,
			     size_t full)
{
	format_array_depth(out, place, element, name, bytes, size, full, 0);
}

static void format_depth(struct vgpu_text *out, const struct vgpu_value_place *place, const struct vgpu_type *type,
			 const char *name, const void *bytes, size_t size, size_t full, unsigned depth)
{
	uint64_t value;

	if (depth > DEPTH_MAX) {
		vgpu_text_ellipsis(out, place->look);
		return;
	}
	switch (type->kind) {
	case VGPU_TYPE_STRUCT:
	case VGPU_TYPE_UNION:
		format_struct(out, place, type, bytes, size, full, depth);
		return;
	case VGPU_TYPE_ARRAY:
		format_array_depth(out, place, type->element, name, bytes, size, full, depth);
		return;
	case VGPU_TYPE_BYTES:
		vgpu_value_format_bytes(out, place, bytes, size, full);
		return;
	}
	/* What follows is one scalar: all of it, or nothing. */
	if (size < type->size || (!type->size && type->kind != VGPU_TYPE_VOID)) {
		vgpu_text_puts(out, "?");
		return;
	}
	value = vgpu_value_integer(type, bytes, size);
	switch (type->kind) {
	case VGPU_TYPE_UUID:
		if (type->size == 16)
			format_uuid(out, bytes);
		else
			vgpu_value_format_bytes(out, place, bytes, size, full);
		break;
	case VGPU_TYPE_BOOL:
		vgpu_text_puts(out, value ? "true" : "false");
		break;
	case VGPU_TYPE_CHAR:
		vgpu_text_puts(out, "'");
		vgpu_text_escape(out, place->look, bytes, 1, false);
		vgpu_text_puts(out, "'");
		break;
	case VGPU_TYPE_FLOAT:
		format_float(out, type, bytes);
		break;
	case VGPU_TYPE_ENUM:
		if (place->look->raw)
			vgpu_text_printf(out, "%" PRId64, (int64_t)value);
		else
			vgpu_enum_format(out, type->enumeration, value);
		break;
	case VGPU_TYPE_HANDLE:
		vgpu_handles_name(place->look->raw ? NULL : place->handles, place->process, type->name, value, out);
		break;
	case VGPU_TYPE_POINTER:
	case VGPU_TYPE_FUNCTION:
		if (value)
			vgpu_text_printf(out, "0x%" PRIx64, value);
		else
			vgpu_text_puts(out, "NULL");
		break;
	case VGPU_TYPE_INT:
	case VGPU_TYPE_UINT:
		format_integer(out, place, type, name, value);
		break;
	default:
		vgpu_text_puts(out, "?");
	}
}

void vgpu_value_format(struct vgpu_text *out, const struct vgpu_value_place *place, const struct vgpu_type *type,
		       const char *name, const void *bytes, size_t size, size_t full)
{
	format_depth(out, place, type, name, bytes, size, full, 0);
}

long vgpu_type_member(const struct vgpu_type *type, const char *name, const struct vgpu_type **member)
{
	for (uint32_t i = 0; i < type->count && type->members; i++) {
		const struct vgpu_member *m = &type->members[i];
		long inner;

		if (!strcmp(m->name, name) && !m->bit_size) {
			*member = m->type;
			return m->offset;
		}
		if (!m->name[0] && (m->type->kind == VGPU_TYPE_STRUCT || m->type->kind == VGPU_TYPE_UNION)) {
			inner = vgpu_type_member(m->type, name, member);
			if (inner >= 0)
				return m->offset + inner;
		}
	}
	return -1;
}
