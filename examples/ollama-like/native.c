/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON between gpu-discover and serve. */
#include "examples/ollama-like/native.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "examples/ollama-like/keys.h"
#include "examples/ollama-like/text.h"

static const struct key keys[] = {
	KEY(struct native_device, "library", TEXT, library, true),
	KEY(struct native_device, "index", INT, index, true),
	KEY(struct native_device, "index_matches_backend", SWITCH, index_matches, false),
	KEY(struct native_device, "name", TEXT, name, false),
	KEY(struct native_device, "description", TEXT, description, false),
	KEY(struct native_device, "device_id", TEXT, device_id, false),
	KEY(struct native_device, "integrated", SWITCH, integrated, false),
	KEY(struct native_device, "integrated_known", SWITCH, integrated_known, true),
	KEY(struct native_device, "total_memory", SIZE, total_bytes, false),
	KEY(struct native_device, "free_memory", SIZE, free_bytes, false),
	KEY(struct native_device, "compute_major", INT, compute_major, false),
	KEY(struct native_device, "compute_minor", INT, compute_minor, false),
	KEY(struct native_device, "cuda_driver_major", INT, driver_major, false),
	KEY(struct native_device, "cuda_driver_minor", INT, driver_minor, false),
	KEY(struct native_device, "nvidia_driver_major", INT, nvidia_driver_major, false),
	{ .name = NULL },
};

char *native_to_json(const struct native_devices *list)
{
	json_object *root = json_object_new_object(), *all = json_object_new_array();
	char *text;

	for (size_t i = 0; i < list->count; i++)
		json_object_array_add(all, keys_to_json(keys, &list->at[i]));
	json_object_object_add(root, "devices", all);
	text =
	    text_of("%s\n", json_object_to_json_string_ext(root, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
	return text;
}

int native_from_json(const char *text, struct native_devices *out)
{
	json_object *root = json_tokener_parse(text), *all = NULL;
	int status = -EBADMSG;

	if (json_object_is_type(root, json_type_object) &&
	    json_object_object_get_ex(root, "devices", &all) &&
	    json_object_is_type(all, json_type_array))
		status = 0;
	for (size_t i = 0; !status && i < json_object_array_length(all) && i < 64; i++) {
		struct native_device *device = &out->at[out->count++];

		memset(device, 0, sizeof(*device));
		keys_from_json(keys, json_object_array_get_idx(all, i), device);
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
