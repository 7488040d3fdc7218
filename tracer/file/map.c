// SPDX-License-Identifier: Apache-2.0
/* A file's functions as this program's: by name, where both describe the same thing. */
#include <errno.h>

#include "tracer/file/decode.h"

/* Pairs of types that were found, or are being found, to be the same. */
struct pairs {
	struct {
		const struct vgpu_type *a, *b;
	} pair[512];
	unsigned count;
};

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static bool same_enum(const struct vgpu_enum *a, const struct vgpu_enum *b)
{
	if (a == b || !a || !b)
		return a == b;
	if (!same_text(a->name, b->name) || a->is_flags != b->is_flags || a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (a->constants[i].value != b->constants[i].value ||
		    strcmp(a->constants[i].name, b->constants[i].name))
			return false;
	return true;
}

static bool same_type(struct pairs *pairs, const struct vgpu_type *a, const struct vgpu_type *b)
{
	if (a == b || !a || !b)
		return a == b;
	for (unsigned i = 0; i < pairs->count; i++)
		if (pairs->pair[i].a == a && pairs->pair[i].b == b)
			return true;
	if (pairs->count == sizeof(pairs->pair) / sizeof(pairs->pair[0]))
		return false;
	pairs->pair[pairs->count].a = a;
	pairs->pair[pairs->count++].b = b;
	if (a->kind != b->kind || a->size != b->size || a->count != b->count || !same_text(a->name, b->name) ||
	    !same_enum(a->enumeration, b->enumeration) || !same_type(pairs, a->element, b->element))
		return false;
	if (a->kind != VGPU_TYPE_STRUCT && a->kind != VGPU_TYPE_UNION)
		return true;
	for (uint32_t i = 0; i < a->count; i++) {
		const struct vgpu_member *x = &a->members[i], *y = &b->members[i];

		if (!same_text(x->name, y->name) || x->offset != y->offset || x->bit_offset != y->bit_offset ||
		    x->bit_size != y->bit_size || !same_type(pairs, x->type, y->type))
			return false;
	}
	return true;
}

static bool same_function(struct pairs *pairs, const struct vgpu_function *a, const struct vgpu_function *b)
{
	if (a->flags != b->flags || a->nparams != b->nparams || !same_type(pairs, a->result, b->result))
		return false;
	for (uint32_t i = 0; i < a->nparams; i++) {
		const struct vgpu_param *x = &a->params[i], *y = &b->params[i];

		if (!same_text(x->name, y->name) || x->direction != y->direction || x->capture != y->capture ||
		    x->always != y->always || x->count_param != y->count_param || x->limit_param != y->limit_param ||
		    x->versioned != y->versioned || x->fixed_count != y->fixed_count ||
		    !same_type(pairs, x->type, y->type))
			return false;
	}
	return true;
}

static int map_one(struct vgpu_decoder *d, struct vgpu_function *f)
{
	uint32_t id = f->id, library = VGPU_FUNCTION_LIBRARY(id), number = VGPU_FUNCTION_NUMBER(id);
	uint32_t ours = d->apis[library].known ? d->apis[library].library : library, mapped;
	const struct vgpu_function *own = vgpu_function_by_name(ours, f->name);
	struct pairs pairs = { .count = 0 };

	if (!d->map[library]) {
		d->map[library] = calloc(65536, sizeof(uint32_t));
		if (!d->map[library])
			return -ENOMEM;
	}
	if (own && same_function(&pairs, own, f)) {
		mapped = own->id;
	} else {
		uint32_t *grown = realloc(d->added, (d->added_count + 1) * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		d->added = grown;
		mapped = vgpu_function_add(ours, f);
		if (!mapped)
			return -ENOMEM;
		d->added[d->added_count++] = mapped;
	}
	d->map[library][number] = mapped;
	d->translates |= mapped != id;
	return 0;
}

int vgpu_decoder_map(struct vgpu_decoder *d)
{
	int err = 0;

	for (; !err && d->function_mapped < d->function_count; d->function_mapped++)
		err = map_one(d, d->functions[d->function_mapped]);
	return err;
}
