// SPDX-License-Identifier: Apache-2.0
/* Device code: for which architectures it is, by its headers. */
#include <sys/types.h>

#include "tracer/source/image.h"

#include <ctype.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/model/sha256.h"

#define MACHINE_CUDA 190
#define READ_BYTES 65536u

enum { ENTRY_PTX = 1, ENTRY_CUBIN = 2 };

struct fat {
	uint32_t magic;
	uint16_t version, header_size;
	uint64_t size; /* of what follows the header */
};

struct entry {
	uint16_t kind, version;
	uint32_t header_size;
	uint64_t size; /* of what follows the header, padded */
	uint32_t compressed_size, options;
	uint16_t minor, major;
	uint32_t arch;
	uint8_t rest[32];
};
_Static_assert(sizeof(struct entry) == VGPU_IMAGE_ENTRY, "as nvcc writes it");

static void add(char *names, uint32_t *size, const char *prefix, uint32_t version)
{
	char name[32];
	uint32_t n = (uint32_t)snprintf(name, sizeof(name), "%s_%u", prefix, version) + 1;

	for (uint32_t at = 0; at < *size; at += (uint32_t)strlen(names + at) + 1)
		if (!strcmp(names + at, name))
			return;
	if (*size + n > VGPU_IMAGE_NAMES)
		return;
	memcpy(names + *size, name, n);
	*size += n;
}

static void describe_fat(struct vgpu_image *image, const uint8_t *bytes, size_t size,
			 uint32_t entries)
{
	struct entry entry;
	struct fat fat;

	memcpy(&fat, bytes, sizeof(fat));
	image->format = "fatbin";
	if (__builtin_add_overflow(fat.size, fat.header_size, &image->size))
		image->size = 0;
	for (uint32_t i = 0; i < entries && sizeof(fat) + (i + 1) * sizeof(entry) <= size; i++) {
		memcpy(&entry, bytes + sizeof(fat) + i * sizeof(entry), sizeof(entry));
		if (entry.kind == ENTRY_CUBIN)
			add(image->cubin, &image->cubin_size, "sm", entry.arch);
		else if (entry.kind == ENTRY_PTX)
			add(image->ptx, &image->ptx_size, "compute", entry.arch);
	}
}

static void describe_cubin(struct vgpu_image *image, const Elf64_Ehdr *head)
{
	uint64_t sections, segments;

	image->format = "cubin";
	/* Where the version stands moved with the 8th ABI. */
	add(image->cubin, &image->cubin_size, "sm",
	    head->e_ident[EI_ABIVERSION] >= 8 ? head->e_flags >> 8 & 0xff : head->e_flags & 0xff);
	if (__builtin_add_overflow(head->e_shoff, (uint64_t)head->e_shnum * head->e_shentsize,
				   &sections) ||
	    __builtin_add_overflow(head->e_phoff, (uint64_t)head->e_phnum * head->e_phentsize,
				   &segments))
		return;
	image->size = sections > segments ? sections : segments;
}

/* A directive that begins a line. */
static const char *directive(const char *text, size_t size, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = text; (at = memmem(at, size - (size_t)(at - text), name, n)); at += n)
		if ((at == text || at[-1] == '\n') && at + n < text + size &&
		    isspace((unsigned char)at[n]))
			return at + n;
	return NULL;
}

static bool describe_ptx(struct vgpu_image *image, const char *text, size_t size)
{
	const char *target = directive(text, size, ".target"), *sm;
	char number[16] = "";

	if (!target)
		return false;
	image->format = "ptx";
	sm = memmem(target, size - (size_t)(target - text), "sm_", 3);
	if (!sm)
		return true;
	for (size_t i = 0; i + 1 < sizeof(number) && sm + 3 + i < text + size &&
			   isdigit((unsigned char)sm[3 + i]);
	     i++)
		number[i] = sm[3 + i];
	if (number[0])
		add(image->ptx, &image->ptx_size, "compute", (uint32_t)atoi(number));
	return true;
}

void vgpu_image_describe(struct vgpu_image *image, const uint8_t *bytes, size_t size,
			 uint32_t entries)
{
	Elf64_Ehdr head;
	uint32_t magic = 0;

	memset(image, 0, sizeof(*image));
	image->format = "unknown";
	if (size >= sizeof(struct fat))
		memcpy(&magic, bytes, sizeof(magic));
	if (magic == VGPU_IMAGE_FAT) {
		describe_fat(image, bytes, size, entries);
		return;
	}
	if (size >= sizeof(head)) {
		memcpy(&head, bytes, sizeof(head));
		if (!memcmp(head.e_ident, ELFMAG, SELFMAG) &&
		    head.e_ident[EI_CLASS] == ELFCLASS64 && head.e_machine == MACHINE_CUDA) {
			describe_cubin(image, &head);
			return;
		}
	}
	describe_ptx(image, (const char *)bytes, strnlen((const char *)bytes, size));
}

uint64_t vgpu_image_hash(vgpu_image_read read, void *data, uint64_t size, uint64_t limit,
			 uint8_t hash[32])
{
	uint8_t *room = malloc(READ_BYTES);
	struct vgpu_sha256 sha;
	uint64_t at = 0;

	vgpu_sha256_begin(&sha);
	if (size && size < limit)
		limit = size;
	while (room && at < limit) {
		uint64_t left = limit - at;
		ssize_t n = read(data, at, room, left < READ_BYTES ? left : READ_BYTES);
		size_t kept;

		if (n <= 0)
			break;
		kept = size ? (size_t)n : strnlen((const char *)room, (size_t)n);
		vgpu_sha256_add(&sha, room, kept);
		at += kept;
		if (kept < (size_t)n)
			break;
	}
	free(room);
	vgpu_sha256_end(&sha, hash);
	return at;
}
