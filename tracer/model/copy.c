// SPDX-License-Identifier: Apache-2.0
/* Copies and compares events by the tables of their fields. */
#include "tracer/model/copy.h"

#include <stdlib.h>
#include <string.h>

/* The pointer in a field, where it has one, and how many bytes lie there. */
static const void **pointer_of(const struct vgpu_event *event, const struct vgpu_field *field, size_t *size)
{
	void *at = (uint8_t *)event + field->offset;

	switch (field->type) {
	case VGPU_FIELD_STRING:
		*size = *(const char **)at ? strlen(*(const char **)at) + 1 : 0;
		return at;
	case VGPU_FIELD_STRINGS:
		*size = ((struct vgpu_strings *)at)->size;
		return (const void **)&((struct vgpu_strings *)at)->bytes;
	case VGPU_FIELD_DATA:
		*size = ((struct vgpu_data *)at)->size;
		return (const void **)&((struct vgpu_data *)at)->bytes;
	case VGPU_FIELD_WORDS:
		*size = ((struct vgpu_words *)at)->count * sizeof(uint64_t);
		return (const void **)&((struct vgpu_words *)at)->words;
	}
	*size = 0;
	return NULL;
}

size_t vgpu_event_size(const struct vgpu_event *event)
{
	const struct vgpu_kind *kind = vgpu_event_kind(event->kind);
	size_t total = sizeof(*event), size;

	for (uint32_t i = 0; kind && i < kind->count; i++) {
		pointer_of(event, &kind->fields[i], &size);
		total += (size + 7) & ~(size_t)7;
	}
	return total;
}

struct vgpu_event *vgpu_event_copy(const struct vgpu_event *event)
{
	const struct vgpu_kind *kind = vgpu_event_kind(event->kind);
	struct vgpu_event *copy = malloc(vgpu_event_size(event));
	size_t size;
	uint8_t *at;

	if (!copy)
		return NULL;
	*copy = *event;
	at = (uint8_t *)(copy + 1);
	for (uint32_t i = 0; kind && i < kind->count; i++) {
		const void **pointer = pointer_of(copy, &kind->fields[i], &size);

		if (!pointer || !*pointer || !size)
			continue;
		memcpy(at, *pointer, size);
		*pointer = at;
		at += (size + 7) & ~(size_t)7;
	}
	return copy;
}

static int field_equal(const struct vgpu_event *a, const struct vgpu_event *b, const struct vgpu_field *field)
{
	size_t a_size, b_size;
	const void **a_at = pointer_of(a, field, &a_size), **b_at = pointer_of(b, field, &b_size);

	if (!a_at)
		return !memcmp((const uint8_t *)a + field->offset, (const uint8_t *)b + field->offset,
			       vgpu_field_size(field->type));
	return a_size == b_size && (!a_size || !memcmp(*a_at, *b_at, a_size));
}

int vgpu_event_equal(const struct vgpu_event *a, const struct vgpu_event *b, const char **field)
{
	const struct vgpu_kind *kinds[] = { &vgpu_event_common, vgpu_event_kind(a->kind) };

	if (field)
		*field = "kind";
	if (a->kind != b->kind)
		return 0;
	for (unsigned k = 0; k < 2; k++)
		for (uint32_t i = 0; kinds[k] && i < kinds[k]->count; i++)
			if (!field_equal(a, b, &kinds[k]->fields[i])) {
				if (field)
					*field = kinds[k]->fields[i].name;
				return 0;
			}
	return 1;
}
