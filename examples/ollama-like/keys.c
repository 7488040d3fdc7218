/* SPDX-License-Identifier: Apache-2.0 */
/* A structure's members as the members of a JSON object. */
#include "examples/ollama-like/keys.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "examples/ollama-like/text.h"

static json_object *value_of(const struct key *key, const char *at)
{
	static const char nothing[sizeof(uint64_t)];
	const struct strings *paths;
	json_object *list;

	if (!key->always && (key->kind == TEXT ? !*at : !memcmp(at, nothing, key->size)))
		return NULL;
	switch (key->kind) {
	case TEXT:
		return json_object_new_string(at);
	case INT:
		return json_object_new_int(*(const int *)at);
	case SIZE:
		return json_object_new_uint64(*(const uint64_t *)at);
	case SWITCH:
		return json_object_new_boolean(*(const bool *)at);
	case PATHS:
		break;
	}
	paths = (const struct strings *)at;
	list = json_object_new_array();
	for (size_t i = 0; i < paths->count; i++)
		json_object_array_add(list, json_object_new_string(paths->at[i]));
	return list;
}

json_object *keys_to_json(const struct key *keys, const void *from)
{
	json_object *object = json_object_new_object();

	for (const struct key *key = keys; key->name; key++) {
		json_object *value = value_of(key, (const char *)from + key->offset);

		if (value)
			json_object_object_add(object, key->name, value);
	}
	return object;
}

static void take(const struct key *key, char *at, json_object *value)
{
	switch (key->kind) {
	case TEXT:
		snprintf(at, key->size, "%s", json_object_get_string(value));
		return;
	case INT:
		*(int *)at = json_object_get_int(value);
		return;
	case SIZE:
		*(uint64_t *)at = json_object_get_uint64(value);
		return;
	case SWITCH:
		*(bool *)at = json_object_get_boolean(value);
		return;
	case PATHS:
		if (!json_object_is_type(value, json_type_array))
			return;
		for (size_t i = 0; i < json_object_array_length(value); i++)
			strings_add((struct strings *)at, "%s",
				    json_object_get_string(json_object_array_get_idx(value, i)));
	}
}

void keys_from_json(const struct key *keys, json_object *object, void *to)
{
	json_object *value;

	for (const struct key *key = keys; key->name; key++)
		if (json_object_object_get_ex(object, key->name, &value) && value)
			take(key, (char *)to + key->offset, value);
}
