/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON between gpu-discover and serve. */
#include "examples/ollama-like/native.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "examples/ollama-like/text.h"

enum kind { TEXT, INT, SIZE, SWITCH };

static const struct {
	const char *name;
	enum kind kind;
	size_t offset, size;
	bool always; /* also where it is empty or zero */
} keys[] = {
#define KEY(name, kind, member, always)                                                            \
	{                                                                                          \
		name, kind, offsetof(struct native_device, member),                                \
		    sizeof(((struct native_device *)0)->member), always                            \
	}
	KEY("library", TEXT, library, true),
	KEY("index", INT, index, true),
	KEY("index_matches_backend", SWITCH, index_matches, false),
	KEY("name", TEXT, name, false),
	KEY("description", TEXT, description, false),
	KEY("device_id", TEXT, device_id, false),
	KEY("integrated", SWITCH, integrated, false),
	KEY("integrated_known", SWITCH, integrated_known, true),
	KEY("total_memory", SIZE, total_bytes, false),
	KEY("free_memory", SIZE, free_bytes, false),
	KEY("compute_major", INT, compute_major, false),
	KEY("compute_minor", INT, compute_minor, false),
	KEY("cuda_driver_major", INT, driver_major, false),
	KEY("cuda_driver_minor", INT, driver_minor, false),
	KEY("nvidia_driver_major", INT, nvidia_driver_major, false),
#undef KEY
};

static json_object *value_of(const struct native_device *device, size_t key)
{
	static const char nothing[sizeof(uint64_t)];
	const char *at = (const char *)device + keys[key].offset;

	if (!keys[key].always &&
	    (keys[key].kind == TEXT ? !*at : !memcmp(at, nothing, keys[key].size)))
		return NULL;
	switch (keys[key].kind) {
	case TEXT:
		return json_object_new_string(at);
	case INT:
		return json_object_new_int(*(const int *)at);
	case SIZE:
		return json_object_new_uint64(*(const uint64_t *)at);
	case SWITCH:
		break;
	}
	return json_object_new_boolean(*(const bool *)at);
}

char *native_to_json(const struct native_devices *list)
{
	json_object *root = json_object_new_object(), *all = json_object_new_array();
	char *text;

	for (size_t i = 0; i < list->count; i++) {
		json_object *one = json_object_new_object(), *value;

		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
			value = value_of(&list->at[i], k);
			if (value)
				json_object_object_add(one, keys[k].name, value);
		}
		json_object_array_add(all, one);
	}
	json_object_object_add(root, "devices", all);
	text =
	    text_of("%s\n", json_object_to_json_string_ext(root, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
	return text;
}

static void take(struct native_device *device, size_t key, json_object *value)
{
	char *at = (char *)device + keys[key].offset;

	switch (keys[key].kind) {
	case TEXT:
		snprintf(at, keys[key].size, "%s", json_object_get_string(value));
		return;
	case INT:
		*(int *)at = json_object_get_int(value);
		return;
	case SIZE:
		*(uint64_t *)at = json_object_get_uint64(value);
		return;
	case SWITCH:
		*(bool *)at = json_object_get_boolean(value);
	}
}

int native_from_json(const char *text, struct native_devices *out)
{
	json_object *root = json_tokener_parse(text), *all = NULL, *value;
	int status = -EBADMSG;

	if (json_object_is_type(root, json_type_object) &&
	    json_object_object_get_ex(root, "devices", &all) &&
	    json_object_is_type(all, json_type_array))
		status = 0;
	for (size_t i = 0; !status && i < json_object_array_length(all) && i < 64; i++) {
		struct native_device *device = &out->at[out->count++];

		memset(device, 0, sizeof(*device));
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			if (json_object_object_get_ex(json_object_array_get_idx(all, i),
						      keys[k].name, &value) &&
			    value)
				take(device, k, value);
	}
	json_object_put(root);
	return status;
}

const struct native_device *native_find(const struct native_devices *list, const char *library,
					int index)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->at[i].index_matches && list->at[i].index == index &&
		    !strcasecmp(list->at[i].library, library))
			return &list->at[i];
	return NULL;
}
