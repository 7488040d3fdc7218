// SPDX-License-Identifier: Apache-2.0
/* Names of numbers: enumeration constants, flags, results. */
#include "tracer/model/names.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* A name may be cut after an underscore, or before a capital that follows a small letter. */
static bool cut_allowed(const char *name, unsigned at)
{
	unsigned char before = name[at - 1], here = name[at];

	if (!isalpha(here))
		return false;
	return before == '_' || (islower(before) && isupper(here));
}

static unsigned find_prefix(const struct vgpu_enum *enumeration)
{
	const char *first;
	unsigned common;

	first = enumeration->constants[0].name;
	common = strlen(first);
	for (uint32_t i = 1; i < enumeration->count; i++) {
		const char *name = enumeration->constants[i].name;
		unsigned n = 0;

		while (n < common && name[n] == first[n])
			n++;
		common = n;
	}
	for (; common; common--) {
		uint32_t i = 0;

		while (i < enumeration->count && cut_allowed(enumeration->constants[i].name, common))
			i++;
		if (i == enumeration->count)
			break;
	}
	return common;
}

unsigned vgpu_enum_prefix(const struct vgpu_enum *enumeration)
{
	/* Asked for with every value that is printed. What a file described may be gone with it. */
	static _Thread_local struct {
		const struct vgpu_enum *enumeration;
		uint32_t generation;
		unsigned prefix;
	} known[128];
	size_t at = ((uintptr_t)enumeration >> 4 ^ (uintptr_t)enumeration >> 11) % (sizeof(known) / sizeof(known[0]));

	if (!enumeration || enumeration->count < 2)
		return 0;
	if (known[at].enumeration != enumeration || known[at].generation != vgpu_function_generation()) {
		known[at].enumeration = enumeration;
		known[at].generation = vgpu_function_generation();
		known[at].prefix = find_prefix(enumeration);
	}
	return known[at].prefix;
}

/* Result codes are known by their whole names, and are searched for by them. */
static bool is_status(const struct vgpu_enum *enumeration)
{
	for (unsigned i = 0; vgpu_apis[i]; i++)
		if (vgpu_apis[i]->status == enumeration)
			return true;
	return false;
}

bool vgpu_enum_format(struct vgpu_text *out, const struct vgpu_enum *enumeration, int64_t value)
{
	const char *name = enumeration ? vgpu_enum_name(enumeration, value) : NULL;
	unsigned prefix = enumeration && !is_status(enumeration) ? vgpu_enum_prefix(enumeration) : 0;
	uint64_t left = value;
	bool any = false;

	if (name) {
		vgpu_text_puts(out, name + prefix);
		return true;
	}
	if (!enumeration || !enumeration->is_flags || !value) {
		vgpu_text_printf(out, "%" PRId64, value);
		return false;
	}
	for (uint32_t i = 0; i < enumeration->count; i++) {
		uint64_t bits = enumeration->constants[i].value;

		if (!bits || (left & bits) != bits)
			continue;
		vgpu_text_printf(out, "%s%s", any ? "|" : "", enumeration->constants[i].name + prefix);
		left &= ~bits;
		any = true;
	}
	if (left)
		vgpu_text_printf(out, "%s0x%" PRIx64, any ? "|" : "", left);
	return !left;
}

void vgpu_result_format(struct vgpu_text *out, const struct vgpu_enum *status, int64_t value)
{
	const char *name = status ? vgpu_enum_name(status, value) : NULL;

	if (!name)
		vgpu_text_printf(out, value ? "error %" PRId64 : "%" PRId64, value);
	else if (value)
		vgpu_text_printf(out, "%s (%" PRId64 ")", name, value);
	else
		vgpu_text_puts(out, name);
}

/* Whether a character is in a set: past the [ up to the ]. *after: behind it; NULL: it is no set. */
static bool in_set(const char *set, const char *end, char c, const char **after)
{
	bool inverse = set < end && (*set == '!' || *set == '^'), found = false;
	const char *at = set + inverse;

	for (bool first = true; at < end && (first || *at != ']'); first = false, at++) {
		if (end - at > 2 && at[1] == '-' && at[2] != ']') {
			found |= c >= at[0] && c <= at[2];
			at += 2;
		} else {
			found |= c == *at;
		}
	}
	*after = at < end ? at + 1 : NULL;
	return found != inverse;
}

/* One pattern, [pattern, end): without the C library's regard to locale, which costs a hundred times as much. */
static bool matches_one(const char *pattern, const char *end, const char *name)
{
	const char *star = NULL, *again = NULL;

	while (*name) {
		const char *after = NULL;
		bool one;

		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			again = name;
			continue;
		}
		if (pattern == end)
			one = false;
		else if (*pattern == '?')
			one = true;
		else if (*pattern == '[')
			one = in_set(pattern + 1, end, *name, &after);
		else
			one = *pattern == *name;
		if (pattern < end && *pattern == '[' && !after)
			one = *name == '[';
		if (one) {
			pattern = after ? after : pattern + 1;
			name++;
		} else if (star) {
			pattern = star;
			name = ++again;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

bool vgpu_name_matches(const char *patterns, const char *name)
{
	while (*patterns) {
		const char *end = strchrnul(patterns, ',');

		if (end > patterns && matches_one(patterns, end, name))
			return true;
		patterns = end + (*end == ',');
	}
	return false;
}

static bool find_is_bytes(const struct vgpu_type *type, const char *name, const char *function)
{
	/* Type, names of parameters and members. Counts of elements and dimensions are not among them. */
	static const struct {
		const char *type;
		const char *names;
	} rules[] = {
		{ "size_t", "*[bB]ytes,*ByteCount,*bytesize,*[sS]ize,*Size_*,*Mem,*MemPer*,*Mem[A-Z]*,free,total,count,*[pP]itch,"
			    "*[gG]ranularity,*InBytes*,memPitch,maxSize,low,high" },
		{ "unsigned long long,nvmlBusAddr", "total,free,used,reserved,*Memory,*[sS]ize,*MemoryMB,bar1*,memory*" },
		{ "cuuint64_t,unsigned long,uint64_t", "*[bB]ytes,*[sS]ize" },
	};

	/* The one family where `count` counts copies. */
	if (!strcmp(name, "count") && function && strstr(function, "Batch"))
		return false;
	if (vgpu_name_matches("*MB,*Num*,num*", name))
		return false;
	for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (vgpu_name_matches(rules[i].type, type->name))
			return vgpu_name_matches(rules[i].names, name);
	return false;
}

bool vgpu_name_is_bytes(const struct vgpu_type *type, const char *name, const char *function)
{
	/* As with prefixes: names are those of a description, and stay where they are while it lasts. */
	static _Thread_local struct {
		const struct vgpu_type *type;
		const char *name, *function;
		uint32_t generation;
		bool is_bytes;
	} known[256];
	size_t at;

	if (!name || type->kind != VGPU_TYPE_UINT || type->size != 8)
		return false;
	at = ((uintptr_t)name ^ (uintptr_t)function >> 3 ^ (uintptr_t)type >> 5) % (sizeof(known) / sizeof(known[0]));
	if (known[at].type != type || known[at].name != name || known[at].function != function ||
	    known[at].generation != vgpu_function_generation()) {
		known[at].type = type;
		known[at].name = name;
		known[at].function = function;
		known[at].generation = vgpu_function_generation();
		known[at].is_bytes = find_is_bytes(type, name, function);
	}
	return known[at].is_bytes;
}
