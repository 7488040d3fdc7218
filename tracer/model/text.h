/* SPDX-License-Identifier: Apache-2.0 */
/* A growing line of text, and how it is to look: characters, colour, depth of detail. */
#ifndef VGPU_MODEL_TEXT_H
#define VGPU_MODEL_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decided once by the command, from the terminal, the locale and the options. */
struct vgpu_look {
	bool utf8;   /* arrows and the micro sign; otherwise -> and us */
	bool colour; /* escape sequences */
	bool full;   /* every member, every byte */
	bool raw;    /* raw words, numbers and addresses, nothing abbreviated or named */
};

/* Starts zeroed; bytes is NUL-terminated whenever it is not NULL. */
struct vgpu_text {
	char *bytes;
	size_t size;
	size_t room;
	bool failed; /* out of memory: what is there is incomplete */
};

enum vgpu_colour {
	VGPU_COLOUR_PLAIN,
	VGPU_COLOUR_NAME,  /* function names */
	VGPU_COLOUR_GOOD,
	VGPU_COLOUR_BAD,
	VGPU_COLOUR_WARN,
	VGPU_COLOUR_DIM,
	VGPU_COLOUR_HEAD,
};

void vgpu_text_free(struct vgpu_text *text);
void vgpu_text_clear(struct vgpu_text *text);
/* Never NULL. */
const char *vgpu_text_string(const struct vgpu_text *text);
void vgpu_text_add(struct vgpu_text *text, const char *bytes, size_t size);
void vgpu_text_puts(struct vgpu_text *text, const char *string);
void vgpu_text_printf(struct vgpu_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void vgpu_text_vprintf(struct vgpu_text *text, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));
/* Spaces up to `column` columns, counted in characters from byte `from`, without escape sequences. */
void vgpu_text_pad(struct vgpu_text *text, size_t from, unsigned column);
/* Columns from byte `from` to the end; escape sequences have none, a UTF-8 character has one. */
unsigned vgpu_text_columns(const struct vgpu_text *text, size_t from);

/* Switches to a colour, or back with PLAIN; nothing when the look has none. */
void vgpu_text_colour(struct vgpu_text *text, const struct vgpu_look *look, enum vgpu_colour colour);
void vgpu_text_arrow(struct vgpu_text *text, const struct vgpu_look *look);      /* → or -> */
void vgpu_text_back_arrow(struct vgpu_text *text, const struct vgpu_look *look); /* ← or <- */
void vgpu_text_ellipsis(struct vgpu_text *text, const struct vgpu_look *look);   /* … or ... */
void vgpu_text_dot(struct vgpu_text *text, const struct vgpu_look *look);        /* · or | */

/*
 * Foreign bytes: whatever could act on a terminal or mislead the eye (control bytes, invalid
 * UTF-8, bidirectional overrides) comes out as \n, \x1b, \u202e. Without quotes nothing else is
 * escaped; with quotes also " and \.
 */
void vgpu_text_escape(struct vgpu_text *text, const struct vgpu_look *look, const char *bytes, size_t size,
		      bool quoted);
/* A word of a command line: as it is where harmless, otherwise quoted for the shell and escaped. */
void vgpu_text_shell_word(struct vgpu_text *text, const struct vgpu_look *look, const char *word);

void vgpu_text_duration(struct vgpu_text *text, const struct vgpu_look *look, uint64_t ns); /* 0.4 µs, 1.9 ms, 3 h */
void vgpu_text_bytes(struct vgpu_text *text, uint64_t bytes); /* 256 MiB, 79.5 GiB, 1000 B */
void vgpu_text_count(struct vgpu_text *text, uint64_t n);     /* 1,452 */

/* Bytes of the UTF-8 character at s (at most size), 0 where it is not valid; *code is its number. */
unsigned vgpu_utf8_decode(const char *s, size_t size, uint32_t *code);

#endif
