/* SPDX-License-Identifier: Apache-2.0 */
/* Fat binaries: which of their codes is this device's, and the tables that are made of it. */
#include "shim/backend/sim/cuda/image.h"

#include <string.h>

#include "shim/backend/sim/cuda/heap.h"

#define WRAPPER_MAGIC 0x466243b1u
#define FATBIN_MAGIC 0xba55ed50u
#define ELF_MAGIC 0x464c457fu

#define INFLATED_MAX (UINT64_C(1) << 32)

/* What nvcc puts beside the code: where the code is. */
struct wrapper {
	uint32_t magic;
	uint32_t version;
	const void *data;
	const void *more;
};

struct fatbin {
	uint32_t magic;
	uint16_t version;
	uint16_t header_size;
	uint64_t size; /* of what follows the header */
};

enum { ENTRY_PTX = 1, ENTRY_CUBIN = 2 };
enum { ENTRY_LZ4 = 0x2000, ENTRY_ZSTD = 0x8000 };

struct entry {
	uint16_t kind;
	uint16_t version;
	uint32_t header_size;
	uint64_t size; /* of what follows the header, padded */
	uint32_t compressed_size;
	uint32_t options;
	uint16_t minor;
	uint16_t major;
	uint32_t arch;
	uint32_t name_offset;
	uint32_t name_size;
	uint64_t flags;
	uint64_t reserved;
	uint64_t inflated_size;
};
_Static_assert(sizeof(struct entry) == 64, "as nvcc writes it");

/* Code that was found, and not yet copied. */
struct choice {
	const char *data;
	uint64_t size;
	uint64_t inflated_size; /* 0: it is not compressed */
	uint64_t flags;
	uint32_t version;
	bool text;
	bool found;
};

/* A driver runs binaries of its own major version and PTX of any version that is not newer. */
static bool runs(bool text, uint32_t code, uint32_t device)
{
	return text ? code <= device : code / 10 == device / 10 && code <= device;
}

static bool better(const struct choice *old, bool text, uint32_t version)
{
	if (!old->found || old->text != text)
		return !old->found || !text;
	return version > old->version;
}

static enum image_result choose_entry(struct choice *choice, const void *at, uint64_t size,
				      uint32_t version)
{
	struct fatbin head;
	uint64_t offset, end;

	if (size < sizeof(head))
		return IMAGE_INVALID;
	memcpy(&head, at, sizeof(head));
	if (head.header_size < sizeof(head) ||
	    __builtin_add_overflow(head.size, head.header_size, &end) || end > size)
		return IMAGE_INVALID;
	for (offset = head.header_size; end - offset >= sizeof(struct entry);) {
		const char *place = (const char *)at + offset;
		struct entry entry;
		bool text;

		memcpy(&entry, place, sizeof(entry));
		if (entry.header_size < sizeof(entry) || entry.header_size > end - offset ||
		    entry.size > end - offset - entry.header_size)
			return IMAGE_INVALID;
		text = entry.kind == ENTRY_PTX;
		if ((text || entry.kind == ENTRY_CUBIN) && runs(text, entry.arch, version) &&
		    better(choice, text, entry.arch)) {
			bool packed = entry.flags & (ENTRY_LZ4 | ENTRY_ZSTD);

			*choice = (struct choice){
				.data = place + entry.header_size,
				.size = packed && entry.compressed_size &&
						entry.compressed_size <= entry.size
					    ? entry.compressed_size
					    : entry.size,
				.inflated_size = packed ? entry.inflated_size : 0,
				.flags = entry.flags,
				.version = entry.arch,
				.text = text,
				.found = true,
			};
		}
		offset += entry.header_size + entry.size;
	}
	return choice->found ? IMAGE_GOOD : IMAGE_NO_MATCH;
}

static bool printable(const void *at, uint64_t size)
{
	const unsigned char *text = at;

	for (uint64_t i = 0; i < 4; i++)
		if (i >= size || text[i] < 0x09 || text[i] > 0x7e)
			return false;
	return true;
}

static enum image_result choose(struct choice *choice, const void *at, uint64_t size,
				uint32_t version)
{
	uint32_t magic;

	if (size < sizeof(magic))
		return IMAGE_INVALID;
	memcpy(&magic, at, sizeof(magic));
	if (magic == WRAPPER_MAGIC) {
		struct wrapper wrapper;

		if (size < sizeof(wrapper))
			return IMAGE_INVALID;
		memcpy(&wrapper, at, sizeof(wrapper));
		if (!wrapper.data)
			return IMAGE_INVALID;
		at = wrapper.data;
		size = UINT64_MAX;
		memcpy(&magic, at, sizeof(magic));
		if (magic == WRAPPER_MAGIC)
			return IMAGE_INVALID;
	}
	if (magic == FATBIN_MAGIC)
		return choose_entry(choice, at, size, version);
	*choice = (struct choice){ .data = at, .found = true };
	if (magic == ELF_MAGIC) {
		choice->size = image_cubin_bytes(at, size);
		if (!choice->size)
			return IMAGE_INVALID;
		choice->version = image_cubin_version(at);
	} else if (printable(at, size)) {
		choice->text = true;
		choice->size = strnlen(at, size);
		choice->version = image_ptx_version(at, choice->size);
		if (!choice->version)
			return IMAGE_INVALID;
	} else {
		return IMAGE_INVALID;
	}
	return runs(choice->text, choice->version, version) ? IMAGE_GOOD : IMAGE_NO_MATCH;
}

enum image_result image_check(const void *at, uint64_t size, uint32_t version)
{
	struct choice choice = { .found = false };

	return choose(&choice, at, size, version);
}

static enum image_result fill(struct image *image, const struct choice *choice)
{
	bool done;

	image->size = choice->inflated_size ? choice->inflated_size : choice->size;
	if (image->size > INFLATED_MAX)
		return IMAGE_INVALID;
	image->data = heap_get(image->size + 1); /* text ends with a NUL */
	if (!image->data)
		return IMAGE_NO_MEMORY;
	if (!choice->inflated_size) {
		memcpy(image->data, choice->data, choice->size);
	} else {
		done =
		    choice->flags & ENTRY_ZSTD
			? image_inflate_zstd(choice->data, choice->size, image->data, image->size)
			: image_inflate_lz4(choice->data, choice->size, image->data, image->size);
		if (!done)
			return IMAGE_UNREAD;
	}
	image->text = choice->text;
	image->version = choice->version;
	return image->text ? image_parse_ptx(image) : image_parse_cubin(image);
}

enum image_result image_read(struct image **out, const void *at, uint64_t size, uint32_t version)
{
	struct choice choice = { .found = false };
	enum image_result result = choose(&choice, at, size, version);
	struct image *image;

	if (result != IMAGE_GOOD)
		return result;
	image = heap_get(sizeof(*image));
	if (!image)
		return IMAGE_NO_MEMORY;
	result = fill(image, &choice);
	if (result == IMAGE_GOOD)
		*out = image;
	else
		image_free(image);
	return result;
}

void image_free(struct image *image)
{
	if (!image)
		return;
	for (uint32_t i = 0; i < image->kernel_count; i++)
		heap_free(image->kernels[i].params);
	for (uint32_t i = 0; image->text && i < image->global_count; i++)
		heap_free((void *)(uintptr_t)image->globals[i].init);
	heap_free(image->kernels);
	heap_free(image->globals);
	heap_free(image->data);
	heap_free(image);
}

/* Tables grow by doubling: their room is the next power of two. */
static void *one_more(void *table, uint32_t count, size_t size)
{
	if (count & (count - 1) || count == 1)
		return table;
	return heap_resize(table, (count ? (size_t)count * 2 : 2) * size);
}

struct image_kernel *image_add_kernel(struct image *image, const char *name)
{
	struct image_kernel *table =
	    one_more(image->kernels, image->kernel_count, sizeof(*image->kernels));

	if (!table)
		return NULL;
	image->kernels = table;
	table += image->kernel_count++;
	table->name = name;
	return table;
}

struct image_global *image_add_global(struct image *image, const char *name)
{
	struct image_global *table =
	    one_more(image->globals, image->global_count, sizeof(*image->globals));

	if (!table)
		return NULL;
	image->globals = table;
	table += image->global_count++;
	table->name = name;
	return table;
}

bool image_set_param(struct image_kernel *kernel, uint32_t index, uint32_t offset, uint32_t size)
{
	struct image_param *params;

	if (index >= 4096)
		return false;
	params = heap_resize(kernel->params, (index + 1) * sizeof(*params));
	if (!params)
		return false;
	kernel->params = params;
	params[index] = (struct image_param){ offset, size };
	if (index >= kernel->param_count)
		kernel->param_count = index + 1;
	return true;
}

const struct image_kernel *image_kernel(const struct image *image, const char *name)
{
	for (uint32_t i = 0; i < image->kernel_count; i++)
		if (!strcmp(image->kernels[i].name, name))
			return &image->kernels[i];
	return NULL;
}

const struct image_global *image_global(const struct image *image, const char *name)
{
	for (uint32_t i = 0; i < image->global_count; i++)
		if (!strcmp(image->globals[i].name, name))
			return &image->globals[i];
	return NULL;
}
