// SPDX-License-Identifier: Apache-2.0
/* Completion for bash, made from the table of commands. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tracer/cli/command.h"
#include "tracer/cli/manual.h"

/* Values that a help text lists as none|sim|forward:PATH: what stands in capitals is the user's to name. */
static void values(const char *command, const struct vgpu_option *option)
{
	const char *at = option->argument;

	if (!at || !islower((unsigned char)at[0]))
		return;
	printf("\t%s:--%s) words='", command, option->name);
	for (;; at++) {
		size_t n = strcspn(at, "|"), shown = 0;

		while (shown < n && !isupper((unsigned char)at[shown]))
			shown++;
		printf("%.*s", (int)shown, at);
		at += n;
		if (!*at)
			break;
		putchar(' ');
	}
	puts("' ;;");
}

static void names(const struct vgpu_command *command)
{
	for (; command->name; command++)
		printf("%s%s", command->name, command[1].name ? " " : "");
}

void vgpu_completion_print(void)
{
	puts("# bash completion for vgpu-trace; made by `vgpu-trace help --completion`.\n"
	     "_vgpu_trace() {\n"
	     "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} "
	     "command=${COMP_WORDS[1]} words='' i\n"
	     "\tCOMPREPLY=()\n"
	     "\t# Behind a -- is another program's command line.\n"
	     "\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
	     "\t\t[ \"${COMP_WORDS[i]}\" != -- ] || return\n"
	     "\tdone\n"
	     "\t# --option=value is three words.\n"
	     "\tif [ \"$word\" = = ]; then\n"
	     "\t\tword=''\n"
	     "\telif [ \"$before\" = = ]; then\n"
	     "\t\tbefore=${COMP_WORDS[COMP_CWORD - 2]}\n"
	     "\tfi\n"
	     "\tif [ \"$COMP_CWORD\" = 1 ] || [[ $command = help && $word != -* ]]; then\n"
	     "\t\tcommand='' before=''\n"
	     "\tfi\n"
	     "\tcase $command:$before in");
	fputs("\t:)\n\t\twords='", stdout);
	names(vgpu_commands);
	puts("'\n\t\t[[ $word != -* ]] || words='--help --version'\n\t\t;;");
	for (const struct vgpu_command *command = vgpu_commands; command->name; command++)
		for (const struct vgpu_option *option = command->options; option && option->name;
		     option++)
			values(command->name, option);
	puts("\t*)\n\t\t[[ $word == -* ]] || return\n\t\tcase $command in");
	for (const struct vgpu_command *command = vgpu_commands; command->name; command++) {
		printf("\t\t%s) words='", command->name);
		for (const struct vgpu_option *option = command->options; option && option->name;
		     option++)
			printf("--%s ", option->name);
		puts("--help' ;;");
	}
	puts("\t\tesac\n\t\t;;\n\tesac\n"
	     "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
	     "}\n"
	     "complete -o default -F _vgpu_trace vgpu-trace");
}
