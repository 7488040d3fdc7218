// SPDX-License-Identifier: Apache-2.0
/* Events as JSON objects. */
#include "tracer/export/json_event.h"

#include <stdio.h>
#include <string.h>

#include "tracer/export/json_text.h"
#include "tracer/model/call.h"

struct json_object *vgpu_json_field(const struct vgpu_event *event, const struct vgpu_field *field)
{
	const void *at = (const uint8_t *)event + field->offset;
	struct json_object *array;
	const char *string;

	switch (field->type) {
	case VGPU_FIELD_U8:
		return vgpu_json_word(*(const uint8_t *)at, field->hex);
	case VGPU_FIELD_U16:
		return vgpu_json_word(*(const uint16_t *)at, field->hex);
	case VGPU_FIELD_U32:
		return vgpu_json_word(*(const uint32_t *)at, field->hex);
	case VGPU_FIELD_U64:
		return vgpu_json_word(*(const uint64_t *)at, field->hex);
	case VGPU_FIELD_I32:
		return json_object_new_int(*(const int32_t *)at);
	case VGPU_FIELD_I64:
		return json_object_new_int64(*(const int64_t *)at);
	case VGPU_FIELD_ID16:
		return vgpu_json_hex(at, 16);
	case VGPU_FIELD_STRING:
		string = *(const char *const *)at;
		return string ? vgpu_json_text(string, strlen(string)) : NULL;
	case VGPU_FIELD_DATA:
		return vgpu_json_hex(((const struct vgpu_data *)at)->bytes, ((const struct vgpu_data *)at)->size);
	}
	array = json_object_new_array();
	if (field->type == VGPU_FIELD_WORDS) {
		const struct vgpu_words *words = at;

		for (uint32_t i = 0; i < words->count; i++)
			json_object_array_add(array, vgpu_json_word(words->words[i], field->hex));
	} else {
		string = NULL;
		while ((string = vgpu_strings_next(at, string)))
			json_object_array_add(array, vgpu_json_text(string, strlen(string)));
	}
	return array;
}

static void add_fields(struct json_object *object, const struct vgpu_event *event, const struct vgpu_kind *kind,
		       bool raw)
{
	for (uint32_t i = 0; i < kind->count; i++)
		/* The raw blobs are shown as the values they hold. */
		if (raw || strcmp(kind->fields[i].name, "blobs"))
			json_object_object_add(object, kind->fields[i].name, vgpu_json_field(event, &kind->fields[i]));
}

/* ---- values ---- */

static struct json_object *json_value(const struct vgpu_type *type, const uint8_t *bytes, size_t size,
				      unsigned depth);

static struct json_object *json_struct(const struct vgpu_type *type, const uint8_t *bytes, size_t size,
				       unsigned depth)
{
	struct json_object *object = json_object_new_object();

	for (uint32_t i = 0; i < type->count; i++) {
		const struct vgpu_member *m = &type->members[i];
		struct json_object *value = NULL;

		if (m->bit_size && m->offset <= size && size - m->offset >= m->type->size) {
			uint64_t word = 0;

			memcpy(&word, bytes + m->offset, m->type->size < 8 ? m->type->size : 8);
			word >>= m->bit_offset;
			value = json_object_new_uint64(m->bit_size < 64 ? word & ((UINT64_C(1) << m->bit_size) - 1)
									: word);
		} else if (m->offset <= size && size - m->offset >= m->type->size) {
			value = json_value(m->type, bytes + m->offset, m->type->size, depth + 1);
		}
		json_object_object_add(object, m->name[0] ? m->name : "_", value);
	}
	return object;
}

static struct json_object *json_array(const struct vgpu_type *element, const uint8_t *bytes, size_t size,
				      unsigned depth)
{
	struct json_object *array;

	if (element->kind == VGPU_TYPE_CHAR)
		return vgpu_json_text((const char *)bytes, strnlen((const char *)bytes, size));
	if (!element->size || element->size == 1)
		return vgpu_json_hex(bytes, size);
	array = json_object_new_array();
	for (size_t i = 0; i + element->size <= size; i += element->size)
		json_object_array_add(array, json_value(element, bytes + i, element->size, depth + 1));
	return array;
}

static struct json_object *json_value(const struct vgpu_type *type, const uint8_t *bytes, size_t size,
				      unsigned depth)
{
	uint64_t word;

	if (depth > 8)
		return NULL;
	switch (type->kind) {
	case VGPU_TYPE_STRUCT:
	case VGPU_TYPE_UNION:
		return json_struct(type, bytes, size, depth);
	case VGPU_TYPE_ARRAY:
		return json_array(type->element, bytes, size, depth);
	case VGPU_TYPE_BYTES:
		return vgpu_json_hex(bytes, size);
	}
	if (size < type->size || !type->size)
		return NULL;
	word = vgpu_value_integer(type, bytes, size);
	switch (type->kind) {
	case VGPU_TYPE_UUID: {
		static const struct vgpu_look plain;
		struct vgpu_value_place place = { .look = &plain };
		struct json_object *object;
		struct vgpu_text text = { 0 };

		vgpu_value_format(&text, &place, type, NULL, bytes, size, size);
		object = json_object_new_string(vgpu_text_string(&text));
		vgpu_text_free(&text);
		return object;
	}
	case VGPU_TYPE_BOOL:
		return json_object_new_boolean(word != 0);
	case VGPU_TYPE_FLOAT:
		if (type->size == 4) {
			float f;

			memcpy(&f, bytes, 4);
			return json_object_new_double(f);
		} else {
			double d;

			memcpy(&d, bytes, 8);
			return json_object_new_double(d);
		}
	case VGPU_TYPE_ENUM: {
		const char *name = type->enumeration ? vgpu_enum_name(type->enumeration, word) : NULL;

		return name ? json_object_new_string(name) : json_object_new_int64(word);
	}
	case VGPU_TYPE_INT:
		return json_object_new_int64(word);
	case VGPU_TYPE_HANDLE:
	case VGPU_TYPE_POINTER:
	case VGPU_TYPE_FUNCTION:
		return vgpu_json_word(word, true);
	}
	return json_object_new_uint64(word);
}

static struct json_object *json_blob(const struct vgpu_param *param, const struct vgpu_blob *blob)
{
	const struct vgpu_type *type = param->type;
	const uint8_t *bytes = (const uint8_t *)(blob + 1);

	if (blob->flags & VGPU_BLOB_ABSENT)
		return NULL;
	if (param->capture == VGPU_CAPTURE_STRING)
		return vgpu_json_text((const char *)bytes, strnlen((const char *)bytes, blob->size));
	if (type->kind == VGPU_TYPE_POINTER && type->element)
		type = type->element;
	if (type->kind == VGPU_TYPE_VOID)
		return vgpu_json_hex(bytes, blob->size);
	if (param->capture == VGPU_CAPTURE_ARRAY || param->capture == VGPU_CAPTURE_BYTES)
		return json_array(type, bytes, blob->size, 0);
	return json_value(type, bytes, blob->size, 0);
}

void vgpu_json_call(struct json_object *object, const struct vgpu_event_call *call, bool pending)
{
	const struct vgpu_function *function = vgpu_function_find(call->function);
	const struct vgpu_api *api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(call->function));
	struct json_object *values = json_object_new_object();
	const struct vgpu_blob *blob;
	size_t at = 0;
	uint32_t id;

	/* Of a function that the description lacks, the observer's own name for it stays. */
	if (function)
		json_object_object_add(object, "name", json_object_new_string(function->name));
	json_object_object_add(object, "library", api ? json_object_new_string(api->name) : NULL);
	if (function && function->flags & VGPU_FUNCTION_STATUS && !pending && api && api->status) {
		const char *name = vgpu_enum_name(api->status, (int32_t)call->result);

		json_object_object_add(object, "status", name ? json_object_new_string(name) : NULL);
	}
	json_object_object_add(object, "in", values);
	for (uint32_t i = 0; function && i < function->nparams && i < call->args.count; i++) {
		const struct vgpu_param *param = &function->params[i];

		if (param->capture == VGPU_CAPTURE_WORD && param->type->size <= 8)
			json_object_object_add(values, param->name,
					       json_value(param->type, (const uint8_t *)&call->args.words[i], 8, 0));
	}
	while (function && (blob = vgpu_event_blob(call, &at)))
		if (blob->flags & VGPU_BLOB_IN && blob->param < function->nparams)
			json_object_object_add(values, function->params[blob->param].name,
					       json_blob(&function->params[blob->param], blob));
	if (pending)
		return;
	values = json_object_new_object();
	json_object_object_add(object, "out", values);
	at = 0;
	while (function && (blob = vgpu_event_blob(call, &at))) {
		if (blob->flags & VGPU_BLOB_OUT && blob->param < function->nparams)
			json_object_object_add(values, function->params[blob->param].name,
					       json_blob(&function->params[blob->param], blob));
		if (blob->param == VGPU_BLOB_RESOLVED && blob->size == sizeof(id)) {
			memcpy(&id, blob + 1, sizeof(id));
			json_object_object_add(object, "resolved",
					       vgpu_function_find(id)
						   ? json_object_new_string(vgpu_function_find(id)->name)
						   : NULL);
		}
	}
}

/* A kind may have a field of its own by the name of one that all have: COVERAGE, of what it is about. */
static void keep_common(struct json_object *object, const struct vgpu_event *event, const struct vgpu_kind *kind)
{
	char name[64];

	for (uint32_t i = 0; i < kind->count; i++)
		for (uint32_t k = 0; k < vgpu_event_common.count; k++)
			if (!strcmp(kind->fields[i].name, vgpu_event_common.fields[k].name)) {
				snprintf(name, sizeof(name), "event_%s", kind->fields[i].name);
				json_object_object_add(object, name,
						       vgpu_json_field(event, &vgpu_event_common.fields[k]));
			}
}

struct json_object *vgpu_json_event(const struct vgpu_event *event, bool raw)
{
	const struct vgpu_kind *kind = vgpu_event_kind(event->kind);
	struct json_object *object = kind ? json_object_new_object() : NULL;

	if (!object)
		return NULL;
	json_object_object_add(object, "event", json_object_new_string(kind->name));
	add_fields(object, event, &vgpu_event_common, raw);
	add_fields(object, event, kind, raw);
	keep_common(object, event, kind);
	if (event->kind == VGPU_EVENT_CALL || event->kind == VGPU_EVENT_PENDING)
		vgpu_json_call(object, &event->call, event->kind == VGPU_EVENT_PENDING);
	return object;
}
