/* SPDX-License-Identifier: Apache-2.0 */
/* A command of the program: one row of the table that dispatch, usage and help are made from. */
#ifndef VGPU_CLI_COMMAND_H
#define VGPU_CLI_COMMAND_H

#include <stdbool.h>

enum vgpu_exit_code {
	VGPU_EXIT_DONE = 0,
	VGPU_EXIT_FAILED = 1,
	VGPU_EXIT_USAGE = 2,
	VGPU_EXIT_DIFFERS = 3, /* diff: they do not tell the same story; stat --witnesses */
	VGPU_EXIT_OWN = 125,  /* run: its own failure; the rest is the command's */
	VGPU_EXIT_NO_EXEC = 126,
	VGPU_EXIT_NO_FILE = 127,
};

/* Numbers of options without a letter begin here: above any letter. */
#define VGPU_OPTION 256

struct vgpu_option {
	const char *name;     /* without the dashes */
	int key;              /* its letter, or one of the command's own numbers from VGPU_OPTION on: it has no letter */
	const char *argument; /* what the help calls its value; NULL: it has none */
	const char *help;
};

struct vgpu_command {
	const char *name;
	const char *arguments; /* "FILE|PID|NAME" */
	const char *summary;   /* one line */
	const char *details;   /* for `help NAME`, may be NULL */
	void (*more)(void);    /* prints what follows the details: a list that is a table elsewhere; may be NULL */
	const struct vgpu_option *options; /* ends with a row without a name; NULL: none */
	bool to_command;       /* everything after its own options is another program's command line */
	int usage_code;        /* exit code of a usage error */
	int (*run)(const struct vgpu_command *command, int argc, char **argv); /* argv[0] is the command */
};

/* Ends with a row without a name. */
extern const struct vgpu_command vgpu_commands[];
const struct vgpu_command *vgpu_command_find(const char *name);

int vgpu_cmd_run(const struct vgpu_command *command, int argc, char **argv);
int vgpu_cmd_replay(const struct vgpu_command *command, int argc, char **argv);
int vgpu_cmd_attach(const struct vgpu_command *command, int argc, char **argv);
int vgpu_cmd_dump(const struct vgpu_command *command, int argc, char **argv);
int vgpu_cmd_export(const struct vgpu_command *command, int argc, char **argv);
int vgpu_cmd_stat(const struct vgpu_command *command, int argc, char **argv);
int vgpu_cmd_diff(const struct vgpu_command *command, int argc, char **argv);
int vgpu_cmd_explain(const struct vgpu_command *command, int argc, char **argv);
int vgpu_cmd_functions(const struct vgpu_command *command, int argc, char **argv);
int vgpu_cmd_ps(const struct vgpu_command *command, int argc, char **argv);
int vgpu_cmd_doctor(const struct vgpu_command *command, int argc, char **argv);
int vgpu_cmd_top(const struct vgpu_command *command, int argc, char **argv);
int vgpu_cmd_help(const struct vgpu_command *command, int argc, char **argv);

void vgpu_export_help(void);

extern const struct vgpu_option vgpu_options_attach[];
extern const struct vgpu_option vgpu_options_explain[];
extern const struct vgpu_option vgpu_options_run[], vgpu_options_dump[], vgpu_options_functions[];
extern const struct vgpu_option vgpu_options_stat[], vgpu_options_diff[];
extern const struct vgpu_option vgpu_options_export[];
extern const struct vgpu_option vgpu_options_top[];
extern const struct vgpu_option vgpu_options_help[];

#endif
