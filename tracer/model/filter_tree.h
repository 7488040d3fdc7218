/* SPDX-License-Identifier: Apache-2.0 */
/* A parsed filter, as its parser makes it and its evaluation walks it. */
#ifndef VGPU_MODEL_FILTER_TREE_H
#define VGPU_MODEL_FILTER_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vgpu_filter_kind { VGPU_FILTER_OR, VGPU_FILTER_AND, VGPU_FILTER_NOT, VGPU_FILTER_COMPARE };

enum vgpu_filter_op {
	VGPU_FILTER_SET, /* no operator: not 0, not empty */
	VGPU_FILTER_EQ,
	VGPU_FILTER_NE,
	VGPU_FILTER_LT,
	VGPU_FILTER_LE,
	VGPU_FILTER_GT,
	VGPU_FILTER_GE,
	VGPU_FILTER_LIKE,
	VGPU_FILTER_UNLIKE,
};

struct vgpu_filter_node {
	enum vgpu_filter_kind kind;
	struct vgpu_filter_node *left, *right; /* NOT has only left */
	/* COMPARE */
	int field;
	enum vgpu_filter_op op;
	bool is_number;
	int64_t number;
	char *rest; /* what follows a field that is a prefix: "" otherwise */
	char *text; /* the value as it was written, without quotes */
};

struct vgpu_filter {
	struct vgpu_filter_node *root;
};

/* The field of that name (not NUL-terminated), -1: none. */
int vgpu_filter_field_find(const char *name, size_t length);
/* Length of the field's own name when another name follows it, else 0. */
size_t vgpu_filter_field_prefix(int field);

#endif
