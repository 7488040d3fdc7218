// SPDX-License-Identifier: Apache-2.0
/* What the program says to the person at the terminal. */
#include "tracer/cli/say.h"

#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct vgpu_text kept;
static bool holding;

void vgpu_say_hold(bool hold)
{
	holding = hold;
	if (hold)
		return;
	vgpu_say_write(STDERR_FILENO, vgpu_text_string(&kept), kept.size);
	vgpu_text_free(&kept);
	kept = (struct vgpu_text){ 0 };
}

static void __attribute__((format(printf, 2, 0))) say(const char *prefix, const char *format, va_list ap)
{
	struct vgpu_text text = { 0 }, line = { 0 };
	struct vgpu_look look;

	vgpu_look_for(STDERR_FILENO, &look);
	vgpu_text_vprintf(&text, format, ap);
	vgpu_text_puts(&line, prefix);
	/* Our own line breaks stay; each goes on under the first. */
	for (const char *at = vgpu_text_string(&text);;) {
		size_t n = strcspn(at, "\n");

		vgpu_text_escape(&line, &look, at, n, false);
		vgpu_text_puts(&line, "\n");
		if (!at[n])
			break;
		at += n + 1;
		vgpu_text_puts(&line, "            ");
	}
	if (holding)
		vgpu_text_add(&kept, vgpu_text_string(&line), line.size);
	else
		vgpu_say_write(STDERR_FILENO, vgpu_text_string(&line), line.size);
	vgpu_text_free(&text);
	vgpu_text_free(&line);
}

void vgpu_say_error(const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	va_start(ap, format);
	say("vgpu-trace: ", format, ap);
	va_end(ap);
}

void vgpu_say_more(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("            ", format, ap);
	va_end(ap);
}

void vgpu_look_for(int fd, struct vgpu_look *look)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	memset(look, 0, sizeof(*look));
	look->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	look->colour = isatty(fd) && !(no_colour && *no_colour) && term && strcmp(term, "dumb");
}

void vgpu_say_write(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			/* The traced program may have made our common terminal non-blocking. */
			struct pollfd ready = { .fd = fd, .events = POLLOUT };

			poll(&ready, 1, 1000);
			continue;
		}
		if (n <= 0)
			return;
		bytes += n;
		size -= n;
	}
}

void vgpu_say_line(void *data, const char *bytes, size_t size)
{
	int fd = (intptr_t)data;

	if (fd == STDOUT_FILENO)
		fwrite(bytes, 1, size, stdout);
	else
		vgpu_say_write(fd, bytes, size);
}

bool vgpu_say_flush(void)
{
	bool failed = fflush(stdout) || ferror(stdout);

	/* A pipe closed by its reader (head, less) is the reader's wish. */
	if (failed && errno != EPIPE)
		vgpu_say_error("cannot write the output: %s", strerror(errno));
	return !failed || errno == EPIPE;
}
