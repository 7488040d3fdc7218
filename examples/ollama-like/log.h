/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines on standard error in the form of Go's slog, as Ollama writes them. */
#ifndef VGPU_EXAMPLES_OLLAMA_LOG_H
#define VGPU_EXAMPLES_OLLAMA_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "examples/ollama-like/text.h"

/* As OLLAMA_DEBUG chooses: unset INFO, 1 DEBUG, 2 TRACE. */
enum log_level { LOG_TRACE = -8, LOG_DEBUG = -4, LOG_INFO = 0, LOG_WARN = 4, LOG_ERROR = 8 };

bool log_enabled(enum log_level level);

/*
 * `source` is the file and line that the message has in Ollama. Each line is one write; any
 * thread.
 */
void log_line(enum log_level level, const char *source, const char *message);

/*
 * The same with fields: `format` is KEY=VALUE pairs with one space between, values made by %s, %d,
 * %u and %zu. A value is quoted as a whole where slog would, whatever a %s brings along.
 */
void log_fields(enum log_level level, const char *source, const char *message, const char *format,
		...) __attribute__((format(printf, 4, 5)));

/* The same with one field, whose name is not known before. */
void log_field(enum log_level level, const char *source, const char *message, const char *key,
	       const char *value);

/* Of these variables (NAME=VALUE), those that Ollama thinks worth a line, as fields. */
void log_environment(enum log_level level, const char *source, const char *message,
		     const struct strings *environment);

/* Somebody else's text, as it is. */
void log_raw(const char *text, size_t size);

/* A time span as Go prints it, owned by the caller. */
char *log_duration(uint64_t span_ns);

#endif
