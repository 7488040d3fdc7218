/* SPDX-License-Identifier: Apache-2.0 */
/* Strings that grow, lists of them, and how Go prints them. Out of memory ends the program. */
#ifndef VGPU_EXAMPLES_OLLAMA_TEXT_H
#define VGPU_EXAMPLES_OLLAMA_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Owned by the caller. */
char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* All zero is an empty list; after the last string there is a NULL as soon as one was added. */
struct strings {
	char **at;
	size_t count;
};

void strings_add(struct strings *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void strings_copy(struct strings *list, const struct strings *from); /* list must be empty */
/* The parts between separators, empty ones too; NULL adds nothing. */
void strings_split(struct strings *list, const char *text, char separator);
bool strings_have(const struct strings *list, const char *text);
const char *strings_last(const struct strings *list); /* "" when empty */
void strings_sort(struct strings *list);
void strings_free(struct strings *list);

/* Owned by the caller. */
char *strings_join(const struct strings *list, const char *between);
char *strings_go(const struct strings *list); /* [a b] */

/* A size as Ollama's log has it, into a buffer that is good until the eighth call after it. */
const char *text_bytes(uint64_t bytes);

#endif
