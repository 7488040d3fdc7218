/* SPDX-License-Identifier: Apache-2.0 */
/* A structure's members as the members of a JSON object, both ways, by a table. */
#ifndef VGPU_EXAMPLES_OLLAMA_KEYS_H
#define VGPU_EXAMPLES_OLLAMA_KEYS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

enum key_kind { TEXT, INT, SIZE, SWITCH, PATHS };

struct key {
	const char *name; /* NULL: the table's end */
	enum key_kind kind;
	size_t offset, size;
	bool always; /* also where it is empty or zero */
};
#define KEY(type, name, kind, member, always)                                                      \
	{                                                                                          \
		name, kind, offsetof(type, member), sizeof(((type *)0)->member), always            \
	}

json_object *keys_to_json(const struct key *keys, const void *from);
/* What the object lacks stays as it is. */
void keys_from_json(const struct key *keys, json_object *object, void *to);

#endif
