// SPDX-License-Identifier: Apache-2.0
/* The option -e EXPRESSION of every command that reads a trace. */
#include "tracer/cli/filter_option.h"

#include <errno.h>
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
