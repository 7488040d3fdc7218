// SPDX-License-Identifier: Apache-2.0
/* What the program that was started wrote, over the view. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tui/app.h"

/* The last of it; all of it is in the file. */
#define SHOWN_MAX 262144

/* Its own line breaks; whatever else acts on a terminal does not. A line that is drawn over itself shows its last. */
static void add_line(struct tui_app *app, const char *line, size_t size)
{
	const char *last = size ? memrchr(line, '\r', size - 1) : NULL;
	struct vgpu_text text = { 0 };

	if (size && line[size - 1] == '\r')
		size--;
	if (last) {
		size -= (size_t)(last + 1 - line);
		line = last + 1;
	}
	vgpu_text_escape(&text, &app->look, line, size, false);
	tui_pager_line(app, "%s", vgpu_text_string(&text));
	vgpu_text_free(&text);
}

void tui_output(struct tui_app *app)
{
	const char *path = app->options.output;
	struct vgpu_text title = { 0 };
	char *bytes;
	struct stat st;
	ssize_t size;
	off_t from;
	int fd;

	if (!path) {
		tui_app_say(app, true, "what it writes goes where it always did: only of `top -- COMMAND` it comes here");
		return;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bytes = malloc(SHOWN_MAX);
	if (fd < 0 || !bytes || fstat(fd, &st)) {
		tui_app_say(app, true, "cannot read %s: %s", path, strerror(errno));
		goto out;
	}
	from = st.st_size > SHOWN_MAX ? st.st_size - SHOWN_MAX : 0;
	size = pread(fd, bytes, SHOWN_MAX, from);
	if (size <= 0) {
		tui_app_say(app, false, "it wrote nothing so far (it would be in %s)", path);
		goto out;
	}
	vgpu_text_printf(&title, "Output%s, in ", from ? ", the last of it" : "");
	tui_escape(app, path, &title);
	tui_pager_open(app, vgpu_text_string(&title));
	for (const char *at = bytes, *end = bytes + size; at < end;) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		stop = stop ? stop : end;
		add_line(app, at, (size_t)(stop - at));
		at = stop + 1;
	}
	/* What it said last. */
	app->pager.top = 1 << 28;
out:
	if (fd >= 0)
		close(fd);
	free(bytes);
	vgpu_text_free(&title);
}
