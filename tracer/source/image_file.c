// SPDX-License-Identifier: Apache-2.0
/* Device code that calls load by a file's name: the file as the process would open it. */
#include <sys/types.h>

#include "tracer/source/image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/api/schema.h"
#include "tracer/source/image.h"

/* Calls wait meanwhile: a hash of more would lose some. */
#define IMAGE_BYTES (UINT64_C(4) << 20)
#define TOTAL_BYTES (UINT64_C(256) << 20)
#define TEXT_BYTES 8192u

static const struct {
	const char *name;
	uint8_t param; /* the path */
} loads[] = {
	{ "cuModuleLoad", 1 },     { "cuLibraryLoadFromFile", 1 },   { "cuLinkAddFile", 2 },
	{ "cuLinkAddFile_v2", 2 }, { "cudaLibraryLoadFromFile", 1 },
};

#define LOADS (sizeof(loads) / sizeof(loads[0]))

struct vgpu_image_files {
	struct vgpu_sink sink;
	const struct vgpu_model *model;
	struct vgpu_stream *stream;
	uint64_t hashed;
	uint32_t count;
	struct {
		uint32_t function;
		uint8_t param;
	} known[LOADS * VGPU_LIBRARIES];
};

static int open_regular(const char *path)
{
	struct stat st;
	int fd;

	/* Looked at first: to open a device may do something. */
	if (stat(path, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

/* By the process's own root and directory; where it is gone, by ours if that can be the same. */
static int open_as(const struct vgpu_model_process *process, const char *path)
{
	char place[4200];
	int fd = -ESRCH;

	if (process && process->pid > 0 && !process->ended) {
		snprintf(place, sizeof(place), "/proc/%d/%s%s%s", (int)process->pid,
			 path[0] == '/' ? "root" : "cwd", path[0] == '/' ? "" : "/", path);
		fd = open_regular(place);
	}
	return fd < 0 && path[0] == '/' ? open_regular(path) : fd;
}

static ssize_t read_file(void *data, uint64_t offset, void *to, size_t size)
{
	return pread(*(const int *)data, to, size, (off_t)offset);
}

/* A fat binary's header and those of its codes, one after the other; or how the file begins. */
static size_t read_headers(int fd, uint8_t *room, size_t size, uint32_t *entries)
{
	struct {
		uint32_t magic;
		uint16_t version, header_size;
		uint64_t size;
	} fat;
	ssize_t n = pread(fd, room, size, 0);
	uint64_t at;

	*entries = 0;
	if (n < (ssize_t)sizeof(fat))
		return n > 0 ? (size_t)n : 0;
	memcpy(&fat, room, sizeof(fat));
	if (fat.magic != VGPU_IMAGE_FAT)
		return (size_t)n;
	at = fat.header_size;
	n = sizeof(fat);
	while ((size_t)n + VGPU_IMAGE_ENTRY <= size) {
		uint32_t header;
		uint64_t body;

		if (pread(fd, room + n, VGPU_IMAGE_ENTRY, (off_t)at) != VGPU_IMAGE_ENTRY)
			break;
		memcpy(&header, room + n + 4, sizeof(header));
		memcpy(&body, room + n + 8, sizeof(body));
		if (header < VGPU_IMAGE_ENTRY || __builtin_add_overflow(at + header, body, &at) ||
		    at > INT64_MAX)
			break;
		n += VGPU_IMAGE_ENTRY;
		++*entries;
		if (at >= fat.size + fat.header_size)
			break;
	}
	return (size_t)n;
}

static void describe(struct vgpu_image_files *files, int fd, struct vgpu_event_image *out,
		     struct vgpu_image *image, uint8_t sha[32])
{
	uint8_t *room = malloc(TEXT_BYTES);
	uint32_t entries = 0;
	size_t size = room ? read_headers(fd, room, TEXT_BYTES, &entries) : 0;
	struct stat st;

	vgpu_image_describe(image, room, size, entries);
	free(room);
	out->format = image->format;
	out->cubin = (struct vgpu_strings){ image->cubin, image->cubin_size };
	out->ptx = (struct vgpu_strings){ image->ptx, image->ptx_size };
	if (fstat(fd, &st) || st.st_size <= 0)
		return;
	out->size = (uint64_t)st.st_size;
	if (files->hashed >= TOTAL_BYTES)
		return;
	out->hashed = vgpu_image_hash(read_file, &fd, out->size, IMAGE_BYTES, sha);
	files->hashed += out->hashed;
	if (out->hashed)
		out->hash = (struct vgpu_data){ sha, 32 };
}

static void emit(struct vgpu_image_files *files, const struct vgpu_event *call, const char *path)
{
	struct vgpu_event event = {
		.kind = VGPU_EVENT_IMAGE,
		.observer = VGPU_OBSERVER_TRACER,
		.process = call->process,
		.tid = call->tid,
		.time_ns = call->time_ns,
		.image = { .function = call->call.function, .format = "unreadable", .path = path },
	};
	int fd = open_as(vgpu_model_process(files->model, call->process), path);
	struct vgpu_image image;
	uint8_t sha[32];

	if (fd >= 0) {
		describe(files, fd, &event.image, &image, sha);
		close(fd);
	}
	vgpu_stream_emit(files->stream, &event);
}

static int image_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_image_files *files = (struct vgpu_image_files *)sink;
	const struct vgpu_blob *blob = NULL;
	char path[VGPU_BLOB_MAX + 1];

	if (event->kind != VGPU_EVENT_CALL || !files->stream)
		return 0;
	for (uint32_t i = 0; i < files->count && !blob; i++)
		if (files->known[i].function == event->call.function)
			blob =
			    vgpu_event_find_blob(&event->call, files->known[i].param, VGPU_BLOB_IN);
	if (!blob || !blob->size || blob->flags & (VGPU_BLOB_ABSENT | VGPU_BLOB_TRUNCATED))
		return 0;
	memcpy(path, blob + 1, blob->size);
	path[blob->size] = '\0';
	emit(files, event, path);
	return 0;
}

static const struct vgpu_sink_ops image_ops = { .event = image_event };

int vgpu_image_files_open(struct vgpu_image_files **out, const struct vgpu_model *model)
{
	struct vgpu_image_files *files = calloc(1, sizeof(*files));

	*out = files;
	if (!files)
		return -ENOMEM;
	files->sink.ops = &image_ops;
	files->model = model;
	for (unsigned a = 0; vgpu_apis[a]; a++)
		for (size_t i = 0; i < LOADS; i++) {
			const struct vgpu_function *function =
			    vgpu_function_by_name(vgpu_apis[a]->library, loads[i].name);

			if (!function)
				continue;
			files->known[files->count].function = function->id;
			files->known[files->count++].param = loads[i].param;
		}
	return 0;
}

void vgpu_image_files_close(struct vgpu_image_files *files)
{
	free(files);
}

struct vgpu_sink *vgpu_image_files_sink(struct vgpu_image_files *files)
{
	return &files->sink;
}

void vgpu_image_files_to(struct vgpu_image_files *files, struct vgpu_stream *stream)
{
	files->stream = stream;
}
