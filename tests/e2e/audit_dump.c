// SPDX-License-Identifier: Apache-2.0
/* Prints a ring of the link observer, a line a record; checks on the way that every one of them is whole. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/audit/layout.h"

#define OBJECTS_MAX 4096

static struct {
	uint64_t object;
	char name[256];
} objects[OBJECTS_MAX];
static unsigned objects_count;
static const uint8_t *bytes;
static size_t size;

static void die(const char *what, uint64_t at)
{
	printf("DAMAGED %s at %llu\n", what, (unsigned long long)at);
	exit(1);
}

/* Handles that dlsym takes have a meaning besides that of an object. */
static const char *object_name(uint64_t object)
{
	static char text[32];

	if (object == 0)
		return "-";
	if (object == UINT64_MAX)
		return "NEXT";
	for (unsigned i = objects_count; i--;)
		if (objects[i].object == object)
			return objects[i].name;
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)object);
	return text;
}

static void put_flags(unsigned flags)
{
	static const char *const names[] = { "cut", "gpu", "redirected", "statted", "started",
					     "main", "linker", "by-export", "ours", "dlsym",
					     "no-fork", "coarse", "again" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (flags & 1u << i)
			printf(" %s", names[i]);
}

static void put_strings(const void *record)
{
	const struct vgpu_link_record *head = record;

	for (unsigned i = 0; i < head->texts; i++)
		printf(" \"%s\"", vgpu_link_string(record, i));
	putchar('\n');
}

static void put_opened(const struct vgpu_link_opened *r)
{
	const char *path = vgpu_link_string(r, 0);

	if (objects_count < OBJECTS_MAX) {
		objects[objects_count].object = r->object;
		snprintf(objects[objects_count++].name, sizeof(objects->name), "%s",
			 r->head.flags & VGPU_LINK_MAIN ? "MAIN" : path);
	}
	printf(" ns=%lld size=%llu error=%d tls=%u/%u ours=%u span=%llu id=", (long long)r->name_space,
	       (unsigned long long)r->size, r->error, r->tls_size, r->tls_align, r->ours,
	       (unsigned long long)(r->to - r->from));
	for (unsigned i = 0; i < r->build_id_size && i < sizeof(r->build_id); i++)
		printf("%02x", r->build_id[i]);
}

static void put_call(const struct vgpu_link_call *r)
{
	static const char *const ops[] = { "other", "dlopen", "dlmopen", "dlsym", "dlvsym", "dlclose" };
	char text[8192];

	printf(" op=%s code=%d handle=%s mode=0x%x ns=%lld", r->op < 6 ? ops[r->op] : "?", r->code,
	       object_name(r->handle), r->mode, (long long)r->name_space);
	put_strings(r);
	if (r->head.word.kind != VGPU_LINK_FAILED)
		return;
	vgpu_link_dlerror(r, text, sizeof(text));
	printf("DLERROR %s%s%s\n", text, r->code ? ": " : "", r->code ? strerror(r->code) : "");
}

static void put(const struct vgpu_link_record *head)
{
	static const char *const kinds[] = { "START", "TEXT", "SEARCHED", "OPENED", "CLOSED",
					     "CONSISTENT", "BOUND", "FAILED", "LOADED", "NOTE",
					     "WITHDRAWN", "REEXEC", "FORKED" };
	static const size_t fixed[] = { sizeof(struct vgpu_link_start), sizeof(struct vgpu_link_text),
					sizeof(struct vgpu_link_searched), sizeof(struct vgpu_link_opened),
					sizeof(struct vgpu_link_closed), sizeof(struct vgpu_link_consistent),
					sizeof(struct vgpu_link_bound), sizeof(struct vgpu_link_call),
					sizeof(struct vgpu_link_call), sizeof(struct vgpu_link_note),
					sizeof(struct vgpu_link_note), sizeof(struct vgpu_link_note),
					sizeof(struct vgpu_link_forked) };
	unsigned kind = head->word.kind;
	uint64_t at = (uint64_t)((const uint8_t *)head - bytes);

	if (kind < VGPU_LINK_START || kind > VGPU_LINK_FORKED)
		die("kind", at);
	if (head->text_at != fixed[kind - VGPU_LINK_START] || vgpu_link_size(head) < head->text_at)
		die("size", at);
	printf("%s fork=%u tid=%u", kinds[kind - VGPU_LINK_START], head->fork, head->tid);
	put_flags(head->flags);
	switch (kind) {
	case VGPU_LINK_START:
		printf(" version=%u forks=%u", ((const struct vgpu_link_start *)head)->audit_version,
		       ((const struct vgpu_link_start *)head)->forks);
		break;
	case VGPU_LINK_TEXT: {
		static const char *const whats[] = { "?", "argv", "env", "stderr", "execfn", "comm" };

		const struct vgpu_link_text *r = (const void *)head;

		printf(" %s error=%d bytes=%llu", r->what < 6 ? whats[r->what] : "?", r->error,
		       (unsigned long long)r->full_bytes);
		break;
	}
	case VGPU_LINK_SEARCHED: {
		const struct vgpu_link_searched *r = (const void *)head;

		printf(" origin=0x%x error=%d mode=%o size=%llu inode=%llu by=%s", r->origin, r->error,
		       r->mode, (unsigned long long)r->size, (unsigned long long)r->inode,
		       object_name(r->object));
		break;
	}
	case VGPU_LINK_OPENED:
		put_opened((const void *)head);
		break;
	case VGPU_LINK_CLOSED:
		printf(" object=%s", object_name(((const struct vgpu_link_closed *)head)->object));
		break;
	case VGPU_LINK_CONSISTENT:
		printf(" opened=%u activity=%u", ((const struct vgpu_link_consistent *)head)->opened,
		       ((const struct vgpu_link_consistent *)head)->activity);
		break;
	case VGPU_LINK_BOUND: {
		const struct vgpu_link_bound *r = (const void *)head;

		printf(" address=%d from=%s", r->address != 0, object_name(r->from));
		printf(" to=%s", object_name(r->to));
		break;
	}
	case VGPU_LINK_FAILED:
	case VGPU_LINK_LOADED:
		put_call((const void *)head);
		return;
	case VGPU_LINK_NOTE:
	case VGPU_LINK_WITHDRAWN:
	case VGPU_LINK_REEXEC: {
		const struct vgpu_link_note *r = (const void *)head;

		printf(" reason=%u code=%d value=%llu limit=%llu given=%llu", r->reason, r->code,
		       (unsigned long long)r->value, (unsigned long long)r->limit,
		       (unsigned long long)r->given);
		break;
	}
	case VGPU_LINK_FORKED:
		printf(" number=%u", ((const struct vgpu_link_forked *)head)->number);
		break;
	default:
		break;
	}
	put_strings(head);
}

static void put_ring(const char *path)
{
	const struct vgpu_arena *arena;
	uint8_t *data;
	struct stat st;
	unsigned open_records = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st)) {
		perror(path);
		exit(1);
	}
	size = (size_t)st.st_size;
	data = calloc(1, size + 1);
	if (!data || pread(fd, data, size, 0) != (ssize_t)size)
		die("file", 0);
	close(fd);
	bytes = data;
	objects_count = 0;
	arena = (const void *)bytes;
	if (size < sizeof(*arena) || arena->magic != VGPU_ARENA_MAGIC || arena->chunk.magic != VGPU_CHUNK_MAGIC ||
	    arena->observer != VGPU_OBSERVER_LINK || arena->log_limit > size ||
	    arena->log_offset > arena->log_limit || size != (size_t)arena->chunks * VGPU_CHUNK_BYTES)
		die("header", 0);
	printf("RING pid=%d ppid=%d start=%llu instance=%u counter=%u place=%u used=%u limit=%u dropped=%llu "
	       "anchors=%llu grow=%d session=\"%s\" comm=\"%s\" exe=\"%s\"\n",
	       arena->process.pid, arena->process.ppid, (unsigned long long)arena->process.start_time,
	       arena->process.instance, arena->counter, arena->place, arena->log_offset,
	       arena->log_limit, (unsigned long long)arena->log_dropped,
	       (unsigned long long)arena->anchor_count, arena->grow_errno, arena->session,
	       arena->process.comm, arena->process.exe);
	for (uint64_t at = arena->log_start; at + sizeof(struct vgpu_word) <= arena->log_offset;) {
		const struct vgpu_link_record *head = (const void *)(bytes + at);
		size_t record = vgpu_link_size(head);

		if (record < sizeof(*head) || at + record > arena->log_offset)
			die("record", at);
		if ((head->word.state & 0xf) == VGPU_STATE_COMMITTED)
			put(head);
		else
			open_records++;
		at += record;
	}
	printf("END uncommitted=%u\n", open_records);
	free(data);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		put_ring(argv[i]);
	return 0;
}
