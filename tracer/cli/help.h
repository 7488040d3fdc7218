/* SPDX-License-Identifier: Apache-2.0 */
/* Usage and help, made from the table of commands. */
#ifndef VGPU_CLI_HELP_H
#define VGPU_CLI_HELP_H

#include <stdio.h>

#include "tracer/cli/command.h"

void vgpu_help_all(FILE *out);
void vgpu_help_command(const struct vgpu_command *command);

#endif
