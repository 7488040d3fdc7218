// SPDX-License-Identifier: Apache-2.0
/* Short names for opaque handles. */
#include "tracer/model/handles.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Past this many a trace is not read by name any more; hexadecimal from there on. */
#define HANDLES_MAX 65536u
#define SORT_MAX    24

struct handle {
	struct handle *next;
	uint64_t value;
	uint32_t process;
	uint32_t number;
	char sort[SORT_MAX];
	char alias[32];
};

struct sort {
	struct sort *next;
	uint32_t process;
	uint32_t count;
	char sort[SORT_MAX];
};

struct vgpu_handles {
	struct handle *bucket[1024];
	struct sort *sorts;
	uint32_t count;
};

int vgpu_handles_open(struct vgpu_handles **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void vgpu_handles_close(struct vgpu_handles *handles)
{
	if (!handles)
		return;
	for (unsigned i = 0; i < sizeof(handles->bucket) / sizeof(handles->bucket[0]); i++)
		for (struct handle *h = handles->bucket[i], *next; h; h = next) {
			next = h->next;
			free(h);
		}
	for (struct sort *s = handles->sorts, *next; s; s = next) {
		next = s->next;
		free(s);
	}
	free(handles);
}

int vgpu_handles_copy(struct vgpu_handles **out, const struct vgpu_handles *from)
{
	struct vgpu_handles *to = calloc(1, sizeof(*to));
	struct sort **last_sort;

	*out = to;
	if (!to)
		return -ENOMEM;
	to->count = from->count;
	for (unsigned i = 0; i < sizeof(from->bucket) / sizeof(from->bucket[0]); i++) {
		struct handle **last = &to->bucket[i];

		for (const struct handle *h = from->bucket[i]; h; h = h->next, last = &(*last)->next) {
			*last = malloc(sizeof(*h));
			if (!*last)
				goto failed;
			**last = *h;
			(*last)->next = NULL;
		}
	}
	last_sort = &to->sorts;
	for (const struct sort *s = from->sorts; s; s = s->next, last_sort = &(*last_sort)->next) {
		*last_sort = malloc(sizeof(*s));
		if (!*last_sort)
			goto failed;
		**last_sort = *s;
		(*last_sort)->next = NULL;
	}
	return 0;
failed:
	vgpu_handles_close(to);
	*out = NULL;
	return -ENOMEM;
}

/* "CUgraphExec", "cudaGraphExec_t" -> "graphExec"; "" for what is an address or has no name. */
static void sort_of(const char *type, char *sort)
{
	static const char *const prefixes[] = { "struct ", "cuda", "CU", "cu", "nvml" };
	size_t n;

	sort[0] = '\0';
	if (!type || !strncmp(type, "CUdeviceptr", 11))
		return;
	for (unsigned i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(type, prefixes[i], strlen(prefixes[i])))
			type += strlen(prefixes[i]);
	for (n = 0; n < SORT_MAX - 1 && (isalnum((unsigned char)type[n]) || type[n] == '_'); n++)
		sort[n] = type[n];
	sort[n] = '\0';
	if (n > 2 && !strcmp(sort + n - 2, "_t"))
		sort[n - 2] = '\0';
	sort[0] = tolower((unsigned char)sort[0]);
}

static unsigned bucket_of(uint32_t process, uint64_t value)
{
	uint64_t h = (value ^ (uint64_t)process << 32) * UINT64_C(0x9e3779b97f4a7c15);

	return h >> 54;
}

static uint32_t sort_next(struct vgpu_handles *handles, uint32_t process, const char *sort)
{
	struct sort *s;

	for (s = handles->sorts; s; s = s->next)
		if (s->process == process && !strcmp(s->sort, sort))
			return ++s->count;
	s = calloc(1, sizeof(*s));
	if (!s)
		return 0;
	s->process = process;
	s->count = 1;
	memcpy(s->sort, sort, SORT_MAX);
	s->next = handles->sorts;
	handles->sorts = s;
	return 1;
}

static struct handle *handle_get(struct vgpu_handles *handles, uint32_t process, const char *sort, uint64_t value)
{
	struct handle **bucket = &handles->bucket[bucket_of(process, value)];
	struct handle *h;

	for (h = *bucket; h; h = h->next)
		if (h->value == value && h->process == process && !strcmp(h->sort, sort))
			return h;
	if (handles->count >= HANDLES_MAX)
		return NULL;
	h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	h->value = value;
	h->process = process;
	memcpy(h->sort, sort, SORT_MAX);
	h->next = *bucket;
	*bucket = h;
	handles->count++;
	return h;
}

void vgpu_handles_name(struct vgpu_handles *handles, uint32_t process, const char *type, uint64_t value,
		       struct vgpu_text *out)
{
	struct handle *h = NULL;
	char sort[SORT_MAX] = "";

	if (!value) {
		vgpu_text_puts(out, type && !strncmp(type, "CUdeviceptr", 11) ? "0" : "NULL");
		return;
	}
	sort_of(type, sort);
	/* The interface's own two streams that are no objects. */
	if (!strcmp(sort, "stream") && value <= 2) {
		vgpu_text_puts(out, value == 1 ? "legacy" : "per-thread");
		return;
	}
	if (handles && sort[0])
		h = handle_get(handles, process, sort, value);
	if (h && !h->alias[0] && !h->number)
		h->number = sort_next(handles, process, sort);
	if (h && h->alias[0])
		vgpu_text_puts(out, h->alias);
	else if (h && h->number)
		vgpu_text_printf(out, "%s#%u", h->sort, h->number);
	else
		vgpu_text_printf(out, "0x%" PRIx64, value);
}

void vgpu_handles_alias(struct vgpu_handles *handles, uint32_t process, const char *type, uint64_t value,
			const char *name)
{
	char sort[SORT_MAX] = "";
	struct handle *h;

	sort_of(type, sort);
	if (!handles || !value || !sort[0])
		return;
	h = handle_get(handles, process, sort, value);
	if (h)
		strncpy(h->alias, name, sizeof(h->alias) - 1);
}
