/* SPDX-License-Identifier: Apache-2.0 */
/* Private to redaction: what stands for what, and text without what is private. */
#ifndef VGPU_EXPORT_REDACT_WORDS_H
#define VGPU_EXPORT_REDACT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/model/text.h"

enum redact_sort {
	REDACT_UUID, /* 16 bytes */
	REDACT_SERIAL,
	REDACT_BUS, /* a number as text */
	REDACT_DOMAIN,
	REDACT_DIRECTORY,
	REDACT_WORD, /* users, hosts and the like: these are replaced wherever they stand as a word */
	REDACT_ADDRESS,
	REDACT_BOARD,
	REDACT_SORTS
};

struct redact_seen {
	char *bytes;
	size_t size;
};

struct redact_words {
	struct redact_seen *seen[REDACT_SORTS];
	uint32_t count[REDACT_SORTS];
	bool failed; /* no memory: what was written is not to be used */
};

/* The number, from 1, of these bytes among those of their sort. */
uint32_t redact_number(struct redact_words *words, enum redact_sort sort, const void *bytes,
		       size_t size);
/* The same of a small number, from 0, and 0 is always 0 of a domain. */
uint32_t redact_small(struct redact_words *words, enum redact_sort sort, uint32_t value);
/* In place; the version and the variant stay. All zero stays. */
void redact_uuid(struct redact_words *words, uint8_t bytes[16]);
/* A user's or a host's name: gone from whatever text comes after. */
void redact_learn(struct redact_words *words, const char *name, size_t size);
/* Whom this program runs as, and where: nothing of it is to be in what is given away. */
void redact_learn_here(struct redact_words *words);

enum redact_how {
	REDACT_TEXT,    /* anything */
	REDACT_PROGRAM, /* a path whose last part is a program's name, which stays */
	REDACT_FOLDER,  /* a path that may be relative, no part of which need stay */
};

/* Appends text of size bytes, and a NUL after them, without what is private in it. What has a shape keeps it, and so its length. */
void redact_text(struct redact_words *words, struct vgpu_text *out, const char *bytes, size_t size,
		 enum redact_how how);
/* Appends a NAME=value: the value only of a variable that a GPU library reads. */
void redact_variable(struct redact_words *words, struct vgpu_text *out, const char *variable);
/* Appends the program's nth argument. */
void redact_argument(struct redact_words *words, struct vgpu_text *out, const char *argument,
		     unsigned n);
/* Appends a kernel's release: its numbers, and a distribution's own words. */
void redact_release(struct vgpu_text *out, const char *release);
void redact_words_free(struct redact_words *words);

#define REDACT_GONE "[redacted]"

#endif
