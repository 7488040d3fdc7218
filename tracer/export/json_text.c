// SPDX-License-Identifier: Apache-2.0
/* Text, bytes and words as JSON. */
#include "tracer/export/json_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tracer/model/text.h"

/* JSON is UTF-8: what is not becomes U+FFFD. */
struct json_object *vgpu_json_text(const char *bytes, size_t size)
{
	struct json_object *object;
	struct vgpu_text text = { 0 };

	for (size_t i = 0; i < size;) {
		uint32_t code;
		unsigned n = vgpu_utf8_decode(bytes + i, size - i, &code);

		vgpu_text_add(&text, n ? bytes + i : "\xef\xbf\xbd", n ? n : 3);
		i += n ? n : 1;
	}
	object = json_object_new_string_len(vgpu_text_string(&text), text.size);
	vgpu_text_free(&text);
	return object;
}

struct json_object *vgpu_json_hex(const uint8_t *bytes, size_t size)
{
	struct json_object *object;
	struct vgpu_text text = { 0 };

	for (size_t i = 0; i < size; i++)
		vgpu_text_printf(&text, "%02x", bytes[i]);
	object = json_object_new_string(vgpu_text_string(&text));
	vgpu_text_free(&text);
	return object;
}

/* Addresses and hashes go beyond what many readers of JSON can hold as a number. */
struct json_object *vgpu_json_word(uint64_t word, bool hex)
{
	char text[24];

	if (!hex)
		return json_object_new_uint64(word);
	snprintf(text, sizeof(text), "0x%" PRIx64, word);
	return json_object_new_string(text);
}

struct json_object *vgpu_json_string(const char *string)
{
	return string ? vgpu_json_text(string, strlen(string)) : NULL;
}
