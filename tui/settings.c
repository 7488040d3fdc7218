// SPDX-License-Identifier: Apache-2.0
/* What the user chose, kept in $XDG_CONFIG_HOME/vgpu-trace/top.conf: lines of NAME = VALUE. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tui/app.h"

bool tui_settings_path(char *path, size_t size)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && config[0] == '/')
		return (size_t)snprintf(path, size, "%s/vgpu-trace/top.conf", config) < size;
	if (home && home[0] == '/')
		return (size_t)snprintf(path, size, "%s/.config/vgpu-trace/top.conf", home) < size;
	return false;
}

/* "calls", "-calls" for the other way round; a column by its title. */
static void read_sort(struct tui_app *app, unsigned view, const char *value)
{
	bool reverse = value[0] == '-';

	for (unsigned i = 0; i < tui_views[view]->column_count; i++)
		if (!strcasecmp(tui_views[view]->columns[i].title, value + reverse)) {
			app->list[view].sort = i;
			app->list[view].reverse = reverse;
		}
}

int tui_settings_read(struct tui_app *app)
{
	char path[1024], line[256], name[64], value[128];
	FILE *file;

	if (!tui_settings_path(path, sizeof(path)))
		return -ENOENT;
	file = fopen(path, "re");
	if (!file)
		return -errno;
	/* A line that says nothing to this version is passed over. */
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %63[a-z.] = %127[^\n]", name, value) != 2)
			continue;
		for (unsigned i = 0; tui_views[i]; i++) {
			if (!strcmp(name, "view") && !strcmp(value, tui_views[i]->name))
				app->view = i;
			if (!strncmp(name, "sort.", 5) && !strcmp(name + 5, tui_views[i]->name))
				read_sort(app, i, value);
		}
	}
	fclose(file);
	return 0;
}

int tui_settings_write(struct tui_app *app)
{
	char path[1024], fresh[1040], *slash;
	FILE *file;
	int err = 0;

	if (!tui_settings_path(path, sizeof(path)))
		return -ENOENT;
	for (slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	snprintf(fresh, sizeof(fresh), "%s.%d", path, getpid());
	file = fopen(fresh, "we");
	if (!file)
		return -errno;
	fprintf(file, "# Written by `vgpu-trace top` when it is left.\nview = %s\n", tui_views[app->view]->name);
	for (unsigned i = 0; tui_views[i]; i++)
		if (tui_views[i]->columns)
			fprintf(file, "sort.%s = %s%s\n", tui_views[i]->name, app->list[i].reverse ? "-" : "",
				tui_views[i]->columns[app->list[i].sort].title);
	if (ferror(file))
		err = -EIO;
	if (fclose(file) && !err)
		err = -errno;
	if (!err && rename(fresh, path))
		err = -errno;
	if (err)
		unlink(fresh);
	return err;
}
