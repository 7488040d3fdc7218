/* SPDX-License-Identifier: Apache-2.0 */
/* The option -e EXPRESSION of every command that reads a trace. */
#ifndef VGPU_CLI_FILTER_OPTION_H
#define VGPU_CLI_FILTER_OPTION_H

#include "tracer/model/filter.h"

/* Parses the expression in place of what *filter was; reports what is wrong, with its column. 0 or -errno. */
int vgpu_filter_option(struct vgpu_filter **filter, const char *text);

#endif
