// SPDX-License-Identifier: Apache-2.0
/* The program: one table of commands. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/cli/args.h"
#include "tracer/cli/command.h"
#include "tracer/cli/help.h"
#include "tracer/cli/say.h"

const struct vgpu_command vgpu_commands[] = {
	{
		.name = "run",
		.arguments = "-- COMMAND [ARGUMENT…]",
		.summary = "run a command, print its GPU calls as they happen and the verdict at the end",
		.details = "Nothing of the program's is replaced unless asked for: `--shim sim` puts a simulated\n"
			   "device in place of its libcuda, libnvidia-ml and libcudart. Needs no rights.\n"
			   "Exits as the command did (128 + the signal's number when one killed it); 125 when\n"
			   "vgpu-trace itself failed, 126 or 127 when the command could not be started.",
		.options = vgpu_options_run,
		.to_command = true,
		.usage_code = VGPU_EXIT_OWN,
		.run = vgpu_cmd_run,
	},
	{
		.name = "replay",
		.arguments = "FILE -- COMMAND [ARGUMENT…]",
		.summary = "run a command on a recorded trace's answers, without the machine they are from",
		.details = "The same as `run --shim replay:FILE`. Driver and NVML answer as they did to a call with the same\n"
			   "arguments, in the order of recording, and the last answer again from then on; a call that was\n"
			   "not recorded is answered 'not supported' and flagged. docs/replay.md says what cannot be had again.",
		.options = vgpu_options_run,
		.to_command = true,
		.usage_code = VGPU_EXIT_OWN,
		.run = vgpu_cmd_replay,
	},
	{
		.name = "attach",
		.arguments = "PID|NAME",
		.summary = "observe running processes from outside: any GPU library's calls, live",
		.details = "Nothing is put into the process. It is observed by the kernel (needs CAP_BPF and CAP_PERFMON)\n"
			   "and, where libraries of ours are in it, by their ring, whose history is shown first. Children\n"
			   "are followed. Ends with the last of the processes, or with Ctrl-C; they go on as they were.",
		.options = vgpu_options_attach,
		.usage_code = VGPU_EXIT_USAGE,
		.run = vgpu_cmd_attach,
	},
	{
		.name = "dump",
		.arguments = "FILE|PID|NAME",
		.summary = "print a recorded trace, or what a process has on record, as run did",
		.details = "FILE is a trace (.vgt) or a ring that a process left; PID and NAME are of processes,\n"
			   "running ones and ended ones whose rings are still there, and of all that descends from\n"
			   "them. Root sees those of all users. With --from and --to a file's other parts are not read.",
		.options = vgpu_options_dump,
		.usage_code = VGPU_EXIT_USAGE,
		.run = vgpu_cmd_dump,
	},
	{
		.name = "stat",
		.arguments = "FILE|PID|NAME",
		.summary = "count a trace's calls: how often, how long, which errors",
		.details = "Times include the calls made inside. Percentiles come from a histogram of bounded size and\n"
			   "are within 0.8 %; calls, errors, total, mean and max are exact. The table is as wide as the\n"
			   "terminal, and leaves out columns where there is no room: --wide, --json and --csv have all.\n"
			   "Functions that were not called are named only where an observer was watching.",
		.options = vgpu_options_stat,
		.usage_code = VGPU_EXIT_USAGE,
		.run = vgpu_cmd_stat,
	},
	{
		.name = "top",
		.arguments = "FILE|PID|NAME, or -- COMMAND [ARGUMENT…]",
		.summary = "look around in a trace, or in what processes do now: the dashboard",
		.details = "Processes are read by their rings, which needs no rights and does not slow them; those that\n"
			   "start later, and descend from them or have the name, are taken in. ? lists the keys. What was\n"
			   "chosen is kept in $XDG_CONFIG_HOME/vgpu-trace/top.conf.\n\n"
			   "-- COMMAND is started as `run` does, in a session of its own, without a terminal and with nothing\n"
			   "to read. When it has ended the screen stays, and shows how. Leaving while it runs asks: it gets\n"
			   "SIGTERM and its end is waited for, or it goes on. A signal that ends top is passed on to it.\n"
			   "Exits as the command did (128 + the signal's number), with 0 when it was left running, with 125\n"
			   "when vgpu-trace itself failed, with 126 or 127 when the command could not be started. With\n"
			   "--once it keeps its terminal, its stdout goes to stderr, and the view follows its end.\n"
			   "What was attached to goes on when top ends.",
		.options = vgpu_options_top,
		.usage_code = VGPU_EXIT_USAGE,
		.run = vgpu_cmd_top,
	},
	{
		.name = "diff",
		.arguments = "A B",
		.summary = "compare two traces: what was called, with what, what came back",
		.details = "Each of A and B is a FILE, PID or NAME. Processes are lined up by what they are in the tree,\n"
			   "threads by name, calls by their order; handles by who they are, not by their numbers. Times\n"
			   "and addresses are not compared. What comes after the first difference of a process is marked\n"
			   "as following. Exits with 0 when both tell the same, 3 when not.",
		.options = vgpu_options_diff,
		.usage_code = VGPU_EXIT_USAGE,
		.run = vgpu_cmd_diff,
	},
	{
		.name = "explain",
		.arguments = "FILE|PID|NAME",
		.summary = "say why a discovery ended as it did: the chain, the first broken link, what to do",
		.details = "Every process's discovery is a chain: started, library searched, opened, symbols resolved,\n"
			   "init called, init succeeded, devices counted, properties plausible, memory known, accepted.\n"
			   "A link is broken only where that was seen, and not reached only where somebody watched.",
		.options = vgpu_options_explain,
		.usage_code = VGPU_EXIT_USAGE,
		.run = vgpu_cmd_explain,
	},
	{
		.name = "export",
		.arguments = "FILE|PID|NAME",
		.summary = "write a trace in the format of another program",
		.details = "The file or directory gets its name when it is whole; what is there already stays,\n"
			   "unless --force is given. docs/export.md says what each format has of a trace.",
		.more = vgpu_export_help,
		.options = vgpu_options_export,
		.usage_code = VGPU_EXIT_USAGE,
		.run = vgpu_cmd_export,
	},
	{
		.name = "functions",
		.arguments = "[PATTERN]",
		.summary = "list the functions that are recorded, of all libraries or one",
		.details = "PATTERN is a name or a shell pattern (quote it): 'cuMem*'.",
		.options = vgpu_options_functions,
		.usage_code = VGPU_EXIT_USAGE,
		.run = vgpu_cmd_functions,
	},
	{
		.name = "ps",
		.summary = "list the processes that have a record now",
		.usage_code = VGPU_EXIT_USAGE,
		.run = vgpu_cmd_ps,
	},
	{
		.name = "doctor",
		.summary = "say what works on this machine, and what would answer a GPU program",
		.usage_code = VGPU_EXIT_USAGE,
		.run = vgpu_cmd_doctor,
	},
	{
		.name = "help",
		.arguments = "[COMMAND]",
		.summary = "say how a command is used",
		.options = vgpu_options_help,
		.usage_code = VGPU_EXIT_USAGE,
		.run = vgpu_cmd_help,
	},
	{ .name = NULL },
};

const struct vgpu_command *vgpu_command_find(const char *name)
{
	for (const struct vgpu_command *command = vgpu_commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

static const char *command_name(const void *list, size_t index)
{
	return ((const struct vgpu_command *)list)[index].name;
}

int main(int argc, char **argv)
{
	const struct vgpu_command *command;
	const char *suggestion;
	int code;

	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		vgpu_help_all(stderr);
		return VGPU_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("vgpu-trace " VGPU_VERSION);
		return vgpu_say_flush() ? VGPU_EXIT_DONE : VGPU_EXIT_FAILED;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		argv[1] = "help";
	command = vgpu_command_find(argv[1]);
	if (!command) {
		suggestion = vgpu_suggest(argv[1], command_name, vgpu_commands);
		if (argv[1][0] == '-')
			vgpu_say_error("unknown option '%s'", argv[1]);
		else if (suggestion)
			vgpu_say_error("unknown command '%s'; did you mean '%s'?", argv[1], suggestion);
		else
			vgpu_say_error("unknown command '%s'", argv[1]);
		vgpu_say_more("`vgpu-trace help` lists the commands.");
		return VGPU_EXIT_USAGE;
	}
	code = command->run(command, argc - 1, argv + 1);
	if (!vgpu_say_flush() && code == VGPU_EXIT_DONE)
		code = VGPU_EXIT_FAILED;
	return code;
}
