/* SPDX-License-Identifier: Apache-2.0 */
/* A device as discovery knows it, lists of them, and their JSON. */
#include "examples/ollama-like/device.h"

#include <errno.h>
#include <json-c/json.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void devices_add(struct devices *list, const struct device *from)
{
	list->at = realloc(list->at, (list->count + 1) * sizeof(*list->at));
	if (!list->at)
		abort();
	list->at[list->count++] = *from;
}

void devices_append(struct devices *list, struct devices *from)
{
	for (size_t i = 0; i < from->count; i++)
		devices_add(list, &from->at[i]);
	free(from->at);
	*from = (struct devices){ 0 };
}

void devices_remove(struct devices *list, size_t index)
{
	strings_free(&list->at[index].library_path);
	list->count--;
	memmove(&list->at[index], &list->at[index + 1], (list->count - index) * sizeof(*list->at));
}

void devices_free(struct devices *list)
{
	for (size_t i = 0; i < list->count; i++)
		strings_free(&list->at[i].library_path);
	free(list->at);
	*list = (struct devices){ 0 };
}

enum kind { TEXT, INT, SIZE, SWITCH, PATHS };

/* The names that Ollama's own JSON has. */
static const struct {
	const char *name;
	enum kind kind;
	size_t offset, size;
} keys[] = {
#define KEY(name, kind, member)                                                                    \
	{                                                                                          \
		name, kind, offsetof(struct device, member), sizeof(((struct device *)0)->member)  \
	}
	KEY("id", TEXT, id),
	KEY("backend", TEXT, library),
	KEY("name", TEXT, name),
	KEY("description", TEXT, description),
	KEY("filter_id", TEXT, filter_id),
	KEY("integration", SWITCH, integrated),
	KEY("pci_id", TEXT, pci_id),
	KEY("total_memory", SIZE, total_bytes),
	KEY("free_memory", SIZE, free_bytes),
	KEY("ComputeMajor", INT, compute_major),
	KEY("ComputeMinor", INT, compute_minor),
	KEY("driver_major", INT, driver_major),
	KEY("driver_minor", INT, driver_minor),
	KEY("LibraryPath", PATHS, library_path),
#undef KEY
};

static json_object *value_of(const struct device *device, size_t key)
{
	const char *at = (const char *)device + keys[key].offset;
	const struct strings *paths;
	json_object *list;

	switch (keys[key].kind) {
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

char *devices_to_json(const struct devices *list)
{
	json_object *all = json_object_new_array();
	char *text;

	for (size_t i = 0; i < list->count; i++) {
		json_object *one = json_object_new_object();

		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			json_object_object_add(one, keys[k].name, value_of(&list->at[i], k));
		json_object_array_add(all, one);
	}
	text = text_of("%s\n", json_object_to_json_string_ext(all, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(all);
	return text;
}

static void take(struct device *device, size_t key, json_object *value)
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
		return;
	case PATHS:
		if (!json_object_is_type(value, json_type_array))
			return;
		for (size_t i = 0; i < json_object_array_length(value); i++)
			strings_add((struct strings *)at, "%s",
				    json_object_get_string(json_object_array_get_idx(value, i)));
	}
}

int devices_from_json(const char *text, struct devices *out)
{
	json_object *all = json_tokener_parse(text), *value;

	if (!json_object_is_type(all, json_type_array)) {
		json_object_put(all);
		return -EBADMSG;
	}
	for (size_t i = 0; i < json_object_array_length(all); i++) {
		struct device device = { 0 };

		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			if (json_object_object_get_ex(json_object_array_get_idx(all, i),
						      keys[k].name, &value) &&
			    value)
				take(&device, k, value);
		devices_add(out, &device);
	}
	json_object_put(all);
	return 0;
}
