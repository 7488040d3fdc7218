/* SPDX-License-Identifier: Apache-2.0 */
/* A device as discovery knows it, lists of them, and their JSON. */
#include "examples/ollama-like/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "examples/ollama-like/keys.h"

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

/* The names that Ollama's own JSON has. */
static const struct key keys[] = {
	KEY(struct device, "id", TEXT, id, true),
	KEY(struct device, "backend", TEXT, library, true),
	KEY(struct device, "name", TEXT, name, true),
	KEY(struct device, "description", TEXT, description, true),
	KEY(struct device, "filter_id", TEXT, filter_id, true),
	KEY(struct device, "integration", SWITCH, integrated, true),
	KEY(struct device, "pci_id", TEXT, pci_id, true),
	KEY(struct device, "total_memory", SIZE, total_bytes, true),
	KEY(struct device, "free_memory", SIZE, free_bytes, true),
	KEY(struct device, "ComputeMajor", INT, compute_major, true),
	KEY(struct device, "ComputeMinor", INT, compute_minor, true),
	KEY(struct device, "driver_major", INT, driver_major, true),
	KEY(struct device, "driver_minor", INT, driver_minor, true),
	KEY(struct device, "LibraryPath", PATHS, library_path, true),
	{ .name = NULL },
};

char *devices_to_json(const struct devices *list)
{
	json_object *all = json_object_new_array();
	char *text;

	for (size_t i = 0; i < list->count; i++)
		json_object_array_add(all, keys_to_json(keys, &list->at[i]));
	text = text_of("%s\n", json_object_to_json_string_ext(all, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(all);
	return text;
}

int devices_from_json(const char *text, struct devices *out)
{
	json_object *all = json_tokener_parse(text);

	if (!json_object_is_type(all, json_type_array)) {
		json_object_put(all);
		return -EBADMSG;
	}
	for (size_t i = 0; i < json_object_array_length(all); i++) {
		struct device device = { 0 };

		keys_from_json(keys, json_object_array_get_idx(all, i), &device);
		devices_add(out, &device);
	}
	json_object_put(all);
	return 0;
}
