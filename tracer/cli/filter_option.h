/* SPDX-License-Identifier: Apache-2.0 */
/* The option -e EXPRESSION of every command that reads a trace. */
#ifndef VGPU_CLI_FILTER_OPTION_H
#define VGPU_CLI_FILTER_OPTION_H

#include "tracer/model/filter.h"

/* Parses the expression in place of what *filter was; reports what is wrong, with its column. 0 or -errno. */
int vgpu_filter_option(struct vgpu_filter **filter, const char *text);


/* Options that say a part of an expression for short: --process NAME for 'proc ~ "NAME"'. */
struct vgpu_clause {
	const char *option; /* as it is typed: "--process" */
	const char *number; /* format of the clause for a value that begins with a digit, with one %s; NULL: as the other */
	const char *word;
	const char *wanted; /* what is said when it is nothing of the sort: "a duration, as 1ms" */
};

/*
 * Adds the clause for `value` to *expression (allocated; NULL: none so far). What is wrong is
 * reported. 0 or -errno.
 */
int vgpu_filter_clause(char **expression, const struct vgpu_clause *clause, const char *value);

#endif
