// SPDX-License-Identifier: Apache-2.0
/* An event as bytes. */
#include "tracer/file/codec.h"

#include <errno.h>
#include <string.h>

uint32_t vgpu_crc32(uint32_t crc, const void *bytes, size_t size)
{
	static uint32_t table[256];
	const uint8_t *b = bytes;

	/* Entry 128 is the polynomial itself: never 0 in a filled table. */
	if (!table[128])
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t c = i;

			for (unsigned bit = 0; bit < 8; bit++)
				c = c & 1 ? c >> 1 ^ UINT32_C(0xedb88320) : c >> 1;
			table[i] = c;
		}
	crc = ~crc;
	for (size_t i = 0; i < size; i++)
		crc = table[(crc ^ b[i]) & 0xff] ^ crc >> 8;
	return ~crc;
}

/* Where a field's bytes lie in memory and how many they are; 0 for what is left out. */
static size_t field_bytes(const struct vgpu_event *event, const struct vgpu_field *field, const void **bytes)
{
	static const uint8_t zero[16];
	const void *at = (const uint8_t *)event + field->offset;

	switch (field->type) {
	case VGPU_FIELD_STRING: {
		const char *string = *(const char *const *)at;

		*bytes = string;
		return string ? strlen(string) + 1 : 0;
	}
	case VGPU_FIELD_STRINGS: {
		const struct vgpu_strings *strings = at;

		*bytes = strings->bytes;
		return strings->bytes ? strings->size : 0;
	}
	case VGPU_FIELD_DATA: {
		const struct vgpu_data *data = at;

		*bytes = data->bytes;
		return data->bytes ? data->size : 0;
	}
	case VGPU_FIELD_WORDS: {
		const struct vgpu_words *words = at;

		*bytes = words->words;
		return words->words ? words->count * sizeof(uint64_t) : 0;
	}
	}
	*bytes = at;
	return memcmp(at, zero, vgpu_field_size(field->type)) ? vgpu_field_size(field->type) : 0;
}

static void encode_fields(const struct vgpu_event *event, const struct vgpu_kind *kind, struct vgpu_text *out)
{
	static const char padding[8];

	for (uint32_t i = 0; i < kind->count; i++) {
		const struct vgpu_field *field = &kind->fields[i];
		struct vgpu_vgt_field head = { .number = field->number, .type = field->type };
		const void *bytes;

		head.size = field_bytes(event, field, &bytes);
		if (!head.size)
			continue;
		vgpu_text_add(out, (const char *)&head, sizeof(head));
		vgpu_text_add(out, bytes, head.size);
		vgpu_text_add(out, padding, -head.size & 7);
	}
}

int vgpu_event_encode(const struct vgpu_event *event, struct vgpu_text *out)
{
	const struct vgpu_kind *kind = vgpu_event_kind(event->kind);

	if (!kind)
		return -EINVAL;
	encode_fields(event, &vgpu_event_common, out);
	encode_fields(event, kind, out);
	return out->failed ? -ENOMEM : 0;
}

static const struct vgpu_field *find_field(const struct vgpu_kind *kind, uint16_t number)
{
	for (uint32_t i = 0; kind && i < kind->count; i++)
		if (kind->fields[i].number == number)
			return &kind->fields[i];
	return NULL;
}

static int decode_field(struct vgpu_event *event, const struct vgpu_field *field, const struct vgpu_vgt_field *head,
			const uint8_t *bytes)
{
	void *at = (uint8_t *)event + field->offset;

	if (field->type != head->type || !head->size)
		return -EBADMSG;
	switch (field->type) {
	case VGPU_FIELD_STRING:
		if (bytes[head->size - 1] || memchr(bytes, '\0', head->size - 1))
			return -EBADMSG;
		*(const char **)at = (const char *)bytes;
		return 0;
	case VGPU_FIELD_STRINGS:
		if (bytes[head->size - 1])
			return -EBADMSG;
		*(struct vgpu_strings *)at = (struct vgpu_strings){ (const char *)bytes, head->size };
		return 0;
	case VGPU_FIELD_DATA:
		*(struct vgpu_data *)at = (struct vgpu_data){ bytes, head->size };
		return 0;
	case VGPU_FIELD_WORDS:
		if (head->size % sizeof(uint64_t))
			return -EBADMSG;
		*(struct vgpu_words *)at = (struct vgpu_words){ (const uint64_t *)bytes, head->size / 8 };
		return 0;
	}
	if (head->size != vgpu_field_size(field->type))
		return -EBADMSG;
	memcpy(at, bytes, head->size);
	return 0;
}

int vgpu_event_decode(uint32_t kind, const uint8_t *bytes, size_t size, struct vgpu_event *event)
{
	const struct vgpu_kind *own = vgpu_event_kind(kind);

	memset(event, 0, sizeof(*event));
	event->kind = kind;
	while (size) {
		const struct vgpu_vgt_field *head = (const void *)bytes;
		const struct vgpu_field *field;
		size_t padded;
		int err;

		if (size < sizeof(*head))
			return -EBADMSG;
		padded = sizeof(*head) + (((size_t)head->size + 7) & ~(size_t)7);
		if (padded > size)
			return -EBADMSG;
		field = find_field(&vgpu_event_common, head->number);
		if (!field)
			field = find_field(own, head->number);
		err = field ? decode_field(event, field, head, bytes + sizeof(*head)) : 0;
		if (err)
			return err;
		bytes += padded;
		size -= padded;
	}
	return 0;
}
