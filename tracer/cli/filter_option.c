// SPDX-License-Identifier: Apache-2.0
/* The option -e EXPRESSION of every command that reads a trace. */
#include "tracer/cli/filter_option.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/cli/say.h"

int vgpu_filter_option(struct vgpu_filter **filter, const char *text)
{
	struct vgpu_filter_error error;
	int err;

	vgpu_filter_free(*filter);
	*filter = NULL;
	err = vgpu_filter_parse(filter, text, &error);
	if (err == -EINVAL) {
		vgpu_say_error("cannot use the filter: column %u: %s", error.column, error.message);
		vgpu_say_more("  %s", text);
		vgpu_say_more("  %*s", (int)error.column, "^");
	} else if (err) {
		vgpu_say_error("cannot use the filter: %s", strerror(-err));
	}
	return err;
}

int vgpu_filter_clause(char **expression, const struct vgpu_clause *clause, const char *value)
{
	const char *format = clause->number && isdigit((unsigned char)value[0]) ? clause->number : clause->word;
	const char *at = format ? strstr(format, "%s") : NULL;
	struct vgpu_filter *filter = NULL;
	struct vgpu_filter_error error;
	char *text = NULL, *whole = NULL;
	int err = -EINVAL;

	if (at && *value && !strpbrk(value, "\"\\")) {
		if (asprintf(&text, "%.*s%s%s", (int)(at - format), format, value, at + 2) < 0)
			return -ENOMEM;
		err = vgpu_filter_parse(&filter, text, &error);
		vgpu_filter_free(filter);
	}
	if (err == -EINVAL)
		vgpu_say_error("%s takes %s, not '%s'", clause->option, clause->wanted, value);
	if (!err && asprintf(&whole, "%s%s%s", *expression ? *expression : "", *expression ? " && " : "", text) < 0)
		err = -ENOMEM;
	free(text);
	if (err)
		return err;
	free(*expression);
	*expression = whole;
	return 0;
}
