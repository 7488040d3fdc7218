// SPDX-License-Identifier: Apache-2.0
/* Usage and help, made from the table of commands. */
#include "tracer/cli/help.h"

#include <stdbool.h>
#include <string.h>

#include "tracer/cli/args.h"
#include "tracer/cli/manual.h"
#include "tracer/cli/say.h"

enum { OPTION_MAN = VGPU_OPTION, OPTION_COMPLETION };

const struct vgpu_option vgpu_options_help[] = {
	{ "man", OPTION_MAN, NULL, "print the manual page: vgpu-trace help --man | man -l -" },
	{ "completion", OPTION_COMPLETION, NULL, "print what bash needs to complete commands and options; eval it" },
	{ .name = NULL },
};

void vgpu_help_all(FILE *out)
{
	fputs("vgpu-trace: which GPU functions did a program's discovery call, and why did it end on the CPU?\n\n"
	      "usage: vgpu-trace COMMAND …\n\n", out);
	for (const struct vgpu_command *command = vgpu_commands; command->name; command++)
		fprintf(out, "  %-10s %s\n", command->name, command->summary);
	fputs("\n`vgpu-trace help COMMAND` says more. `vgpu-trace --version` names the version.\n", out);
}

void vgpu_help_command(const struct vgpu_command *command)
{
	printf("usage: vgpu-trace %s%s%s%s\n\n%s\n", command->name, command->options ? " [OPTION…]" : "",
	       command->arguments ? " " : "", command->arguments ? command->arguments : "", command->summary);
	if (command->options)
		puts("\noptions:");
	for (const struct vgpu_option *option = command->options; option && option->name; option++) {
		char left[64];
		const char *help = option->help;

		bool letter = option->key < VGPU_OPTION;

		snprintf(left, sizeof(left), "%c%c%s--%s%s%s", letter ? '-' : ' ',
			 letter ? option->key : ' ', letter ? ", " : "  ", option->name,
			 option->argument ? " " : "", option->argument ? option->argument : "");
		/* Lines of the help text begin beneath one another. */
		printf(strlen(left) > 28 ? "  %s\n  %-28s " : "  %-28s%s ", left, "");
		for (;;) {
			int n = strcspn(help, "\n");

			printf("%.*s\n", n, help);
			if (!help[n])
				break;
			help += n + 1;
			printf("  %-28s ", "");
		}
	}
	if (command->details)
		printf("\n%s\n", command->details);
	if (command->more)
		command->more();
}

int vgpu_cmd_help(const struct vgpu_command *command, int argc, char **argv)
{
	struct vgpu_args args = { .command = command, .argc = argc, .argv = argv };
	const struct vgpu_command *about;
	int option;

	while ((option = vgpu_args_next(&args)) >= 0) {
		if (option == OPTION_MAN)
			vgpu_manual_print();
		else
			vgpu_completion_print();
		return VGPU_EXIT_DONE;
	}
	if (option != VGPU_ARGS_END)
		return option == VGPU_ARGS_HELP ? VGPU_EXIT_DONE : VGPU_EXIT_USAGE;
	if (!args.count) {
		vgpu_help_all(stdout);
		return VGPU_EXIT_DONE;
	}
	about = vgpu_command_find(args.positional[0]);
	if (!about) {
		vgpu_say_error("there is no command '%s'", args.positional[0]);
		vgpu_say_more("`vgpu-trace help` lists them.");
		return VGPU_EXIT_USAGE;
	}
	vgpu_help_command(about);
	return VGPU_EXIT_DONE;
}
