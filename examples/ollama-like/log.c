/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines in the form of Go's slog. */
#include "examples/ollama-like/log.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int threshold(void)
{
	static const char *const truths[] = { "1", "t", "T", "true", "TRUE", "True" };
	const char *wish = getenv("OLLAMA_DEBUG");

	if (!wish || !*wish)
		return LOG_INFO;
	for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++)
		if (!strcmp(wish, truths[i]))
			return LOG_DEBUG;
	return atoi(wish) * -4;
}

bool log_enabled(enum log_level level)
{
	return (int)level >= threshold();
}

static bool needs_quotes(const char *text)
{
	if (!*text)
		return true;
	for (; *text; text++)
		if (*text == ' ' || *text == '=' || *text == '"' || iscntrl((unsigned char)*text))
			return true;
	return false;
}

static void put_value(FILE *out, const char *text)
{
	if (!needs_quotes(text)) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\t')
			fputs("\\t", out);
		else if (iscntrl((unsigned char)*text))
			fprintf(out, "\\x%02x", (unsigned char)*text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

void log_raw(const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(STDERR_FILENO, text, size);

		/* There is nobody to tell where standard error itself cannot be written. */
		if (n <= 0)
			return;
		text += n;
		size -= (size_t)n;
	}
}

struct line {
	char *text;
	size_t size;
	FILE *out;
};

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_TRACE:
		return "TRACE";
	case LOG_DEBUG:
		return "DEBUG";
	case LOG_WARN:
		return "WARN";
	case LOG_ERROR:
		return "ERROR";
	case LOG_INFO:
		break;
	}
	return "INFO";
}

static void begin(struct line *line, enum log_level level, const char *source, const char *message)
{
	char date[32], zone[8];
	struct timespec now;
	struct tm parts;

	line->text = NULL;
	line->out = open_memstream(&line->text, &line->size);
	if (!line->out)
		abort();
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &parts);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
	strftime(zone, sizeof(zone), "%z", &parts);
	fprintf(line->out, "time=%s.%03d", date, (int)(now.tv_nsec / 1000000));
	if (parts.tm_gmtoff)
		fprintf(line->out, "%.3s:%s", zone, zone + 3);
	else
		fputc('Z', line->out);
	fprintf(line->out, " level=%s source=%s msg=", level_name(level), source);
	put_value(line->out, message);
}

static void finish(struct line *line)
{
	fputc('\n', line->out);
	if (fclose(line->out))
		abort();
	log_raw(line->text, line->size);
	free(line->text);
}

void log_line(enum log_level level, const char *source, const char *message)
{
	struct line line;

	if (!log_enabled(level))
		return;
	begin(&line, level, source, message);
	finish(&line);
}

/* One conversion of *format, which stands behind its %; steps over it. */
static void put_conversion(FILE *out, const char **format, va_list *values)
{
	const char *text;

	switch (*(*format)++) {
	case 's':
		text = va_arg(*values, const char *);
		fputs(text ? text : "<nil>", out);
		return;
	case 'd':
		fprintf(out, "%d", va_arg(*values, int));
		return;
	case 'u':
		fprintf(out, "%u", va_arg(*values, unsigned));
		return;
	case 'z':
		if (*(*format)++ == 'u') {
			fprintf(out, "%zu", va_arg(*values, size_t));
			return;
		}
	}
	abort();
}

void log_fields(enum log_level level, const char *source, const char *message, const char *format,
		...)
{
	struct line line, value;
	va_list values;

	if (!log_enabled(level))
		return;
	begin(&line, level, source, message);
	va_start(values, format);
	while (*format) {
		const char *equals = strchr(format, '=');

		fprintf(line.out, " %.*s=", (int)(equals - format), format);
		value.out = open_memstream(&value.text, &value.size);
		if (!value.out)
			abort();
		for (format = equals + 1; *format && *format != ' ';) {
			if (*format == '%') {
				format++;
				put_conversion(value.out, &format, &values);
			} else {
				fputc(*format++, value.out);
			}
		}
		if (fclose(value.out))
			abort();
		put_value(line.out, value.text);
		free(value.text);
		format += *format == ' ';
	}
	va_end(values);
	finish(&line);
}

void log_field(enum log_level level, const char *source, const char *message, const char *key,
	       const char *value)
{
	struct line line;

	if (!log_enabled(level))
		return;
	begin(&line, level, source, message);
	fprintf(line.out, " %s=", key);
	put_value(line.out, value);
	finish(&line);
}

/* Prefixes of names, or with $ at the end whole names. */
static const char *const shown[] = { "OLLAMA_", "CUDA_", "ROCR_", "ROCM_", "HIP_",
				     "GPU_",    "HSA_",  "GGML_", "PATH$", "LD_LIBRARY_PATH$" };

static bool is_shown(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		size_t size = strlen(shown[i]);

		if (shown[i][size - 1] == '$'
			? length == size - 1 && !strncmp(name, shown[i], length)
			: !strncmp(name, shown[i], size))
			return true;
	}
	return false;
}

void log_environment(enum log_level level, const char *source, const char *message,
		     const struct strings *environment)
{
	struct line line;

	if (!log_enabled(level))
		return;
	begin(&line, level, source, message);
	for (size_t i = 0; i < environment->count; i++) {
		const char *equals = strchr(environment->at[i], '=');

		if (!equals || !is_shown(environment->at[i], (size_t)(equals - environment->at[i])))
			continue;
		fprintf(line.out, " %.*s=", (int)(equals - environment->at[i]), environment->at[i]);
		put_value(line.out, equals + 1);
	}
	finish(&line);
}

char *log_duration(uint64_t span_ns)
{
	if (span_ns >= 1000000000)
		return text_of("%.9gs", (double)span_ns / 1e9);
	if (span_ns >= 1000000)
		return text_of("%.9gms", (double)span_ns / 1e6);
	return text_of("%.9g\302\265s", (double)span_ns / 1e3);
}
