/* SPDX-License-Identifier: Apache-2.0 */
/* A command's options and arguments, by its row of the table. */
#ifndef VGPU_CLI_ARGS_H
#define VGPU_CLI_ARGS_H

#include <stddef.h>

#include "tracer/cli/command.h"

#define VGPU_ARGS_MAX_POSITIONAL 16

/* Starts with command, argc and argv (argv[0] being the command); all else zero. */
struct vgpu_args {
	const struct vgpu_command *command;
	int argc;
	char **argv;
	int at;            /* last word looked at */
	const char *value; /* of the option just returned */
	const char *letters; /* rest of a word of short options */
	bool ended;        /* `--` was seen */
	const char *positional[VGPU_ARGS_MAX_POSITIONAL];
	int count;
};

enum {
	VGPU_ARGS_END = -1,   /* no more options; positionals are complete; argv + at is what to_command takes */
	VGPU_ARGS_ERROR = -2, /* was reported: return command->usage_code */
	VGPU_ARGS_HELP = -3,  /* --help was asked for and was printed: return 0 */
};

/* The key of the next option, or one of the above. */
int vgpu_args_next(struct vgpu_args *args);

/* The one argument of a command that takes one `what` ("trace"); on none or several reports it and returns NULL. */
const char *vgpu_args_only(const struct vgpu_args *args, const char *what);

/* A number in [least, most]; on anything else reports it and returns false. */
bool vgpu_args_number(const struct vgpu_args *args, const char *option, long least, long most, long *out);
/* Index in a NULL-terminated list of words; on anything else reports it with a suggestion and returns -1. */
int vgpu_args_word(const struct vgpu_args *args, const char *option, const char *const *words);

/* The word most like `word` among those `next` hands out (NULL ends them), NULL: none is alike. */
const char *vgpu_suggest(const char *word, const char *(*next)(const void *list, size_t index), const void *list);

#endif
