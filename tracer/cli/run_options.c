// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace run: its options; those of how a command is started are top's, too. */
#include <stdlib.h>
#include <string.h>

#include "tracer/cli/args.h"
#include "tracer/cli/command.h"
#include "tracer/cli/run.h"
#include "tracer/cli/say.h"

enum {
	OPTION_NO_RECORD = VGPU_OPTION, OPTION_PRINT_ENV, OPTION_SYSTEMD, OPTION_FULL, OPTION_TIME, OPTION_KERNEL,
};

const struct vgpu_option vgpu_options_run[] = {
	{ "output", 'o', "FILE", "record to FILE (default " VGPU_RUN_FILE "; an earlier one\nbecomes " VGPU_RUN_FILE ".old)" },
	{ "append", VGPU_OPTION_APPEND, NULL, "go on behind what was recorded to FILE before, as another part of it" },
	VGPU_RECORD_OPTIONS("first: the oldest (default); the command goes on, and so does the verdict"),
	{ "no-record", OPTION_NO_RECORD, NULL, "write no file" },
	VGPU_RUN_SHARED_OPTIONS,
	{ "kernel", OPTION_KERNEL, "auto|on|off", "observe from outside, by the kernel, too (needs CAP_BPF and CAP_PERFMON);\n"
	  "auto: where nothing is put in, and it is permitted" },
	{ "print-env", OPTION_PRINT_ENV, NULL, "print the environment that does the same, for a shell, and run nothing" },
	{ "systemd", OPTION_SYSTEMD, NULL, "the same as a drop-in for a systemd service" },
	{ "quiet", 'q', NULL, "print nothing of our own" },
	{ "full", OPTION_FULL, NULL, "print values whole" },
	{ "time", OPTION_TIME, NULL, "begin each line with the seconds since the start" },
	{ .name = NULL },
};

static int shim(struct vgpu_run_options *options, const struct vgpu_args *args)
{
	static const char *const modes[] = { "none", "sim", NULL }; /* by enum vgpu_shim_mode */
	int i;

	if (!strncmp(args->value, "forward:", 8) && args->value[8]) {
		options->mode = VGPU_SHIM_FORWARD;
		options->forward = args->value + 8;
		return 1;
	}
	if (!strncmp(args->value, "replay:", 7) && args->value[7]) {
		options->mode = VGPU_SHIM_REPLAY;
		options->replay = args->value + 7;
		return 1;
	}
	i = vgpu_args_word(args, "--shim", modes);
	if (i < 0)
		return VGPU_ARGS_ERROR;
	options->mode = i;
	return 1;
}

static int inject(struct vgpu_run_options *options, const struct vgpu_args *args)
{
	static const char *const words[] = { "path", "preload", "both", "audit", NULL };
	static const unsigned bits[] = { VGPU_INJECT_PATH, VGPU_INJECT_PRELOAD, VGPU_INJECT_PATH | VGPU_INJECT_PRELOAD,
					 VGPU_INJECT_AUDIT };
	int i = vgpu_args_word(args, "--inject", words);

	if (i < 0)
		return VGPU_ARGS_ERROR;
	options->inject = bits[i];
	options->inject_name = words[i];
	options->needs_shim = true;
	return 1;
}

void vgpu_run_defaults(struct vgpu_run_options *options)
{
	options->inject = VGPU_INJECT_PATH | VGPU_INJECT_PRELOAD;
	options->inject_name = "both";
}

int vgpu_run_option(struct vgpu_run_options *options, const struct vgpu_args *args, int key)
{
	static const char *const stderrs[] = { "off", "notify", NULL };
	long n;
	int i;

	i = vgpu_record_option(&options->record, args, key);
	if (i)
		return i < 0 ? VGPU_ARGS_ERROR : i;
	switch (key) {
	case VGPU_RUN_SHIM:
		return shim(options, args);
	case VGPU_RUN_INJECT:
		return inject(options, args);
	case VGPU_RUN_STDERR:
		i = vgpu_args_word(args, "--stderr", stderrs);
		if (i < 0)
			return VGPU_ARGS_ERROR;
		options->notify = i;
		return 1;
	case VGPU_RUN_DEVICE:
		options->device = args->value;
		options->needs_shim = true;
		return 1;
	case VGPU_RUN_RING_DIR:
		options->ring_dir = args->value;
		return 1;
	case VGPU_RUN_STACKS:
		if (!vgpu_args_number(args, "--stacks", 0, 64, &n))
			return VGPU_ARGS_ERROR;
		options->stacks = n;
		return 1;
	case VGPU_RUN_NO_LINK:
		options->no_link = true;
		return 1;
	}
	return 0;
}

int vgpu_run_check(const struct vgpu_run_options *options, const char *command)
{
	const char *wrong = NULL, *more = NULL;

	if (options->record.append && options->no_record)
		wrong = "either --append or --no-record";
	else if (options->record.max_size && options->no_record)
		wrong = "either --max-size or --no-record";
	else if (options->needs_shim && !vgpu_run_puts_in(options))
		wrong = "--device and --inject are of the simulated device: add --shim sim";
	else if (options->mode == VGPU_SHIM_REPLAY && options->print_env)
		wrong = "--print-env is not of --shim replay", more = "What answers is made for one run, and goes with it.";
	else if (options->mode == VGPU_SHIM_REPLAY && options->device)
		wrong = "--device is not of --shim replay";
	else if (options->mode == VGPU_SHIM_FORWARD && options->inject & VGPU_INJECT_AUDIT)
		wrong = "--inject audit is of --shim sim";
	else if (options->no_link && options->inject & VGPU_INJECT_AUDIT)
		wrong = "--inject audit needs the link observer: leave out --no-link";
	if (!wrong)
		return vgpu_record_check(&options->record, command) ? 0 : VGPU_ARGS_ERROR;
	vgpu_say_error("%s: %s", command, wrong);
	if (more)
		vgpu_say_more("%s", more);
	return VGPU_ARGS_ERROR;
}

int vgpu_run_parse(const struct vgpu_command *command, int argc, char **argv, struct vgpu_run_options *options)
{
	static const char *const kernels[] = { "auto", "on", "off", NULL }; /* by enum vgpu_run_kernel */
	struct vgpu_args args = { .command = command, .argc = argc, .argv = argv };
	const char *kernel = getenv("VGPU_TRACE_KERNEL");
	int option, i;

	vgpu_run_defaults(options);
	if (kernel && !strcmp(kernel, "off"))
		options->kernel = VGPU_RUN_KERNEL_OFF;
	while ((option = vgpu_args_next(&args)) >= 0) {
		i = vgpu_run_option(options, &args, option);
		if (i < 0)
			return i;
		switch (option) {
		case OPTION_NO_RECORD:
			options->no_record = true;
			break;
		case OPTION_KERNEL:
			i = vgpu_args_word(&args, "--kernel", kernels);
			if (i < 0)
				return VGPU_ARGS_ERROR;
			options->kernel = i;
			break;
		case OPTION_PRINT_ENV:
			options->print_env = true;
			break;
		case OPTION_SYSTEMD:
			options->print_env = options->systemd = true;
			break;
		case 'q':
			options->quiet = true;
			break;
		case OPTION_FULL:
			options->full = true;
			break;
		case OPTION_TIME:
			options->times = true;
			break;
		}
	}
	if (option != VGPU_ARGS_END)
		return option;
	options->command = argv + args.at;
	options->words = argc - args.at;
	if (vgpu_run_check(options, "run"))
		return VGPU_ARGS_ERROR;
	if (options->words <= 0 && !options->print_env) {
		vgpu_say_error("run: no command to run");
		vgpu_say_more("usage: vgpu-trace run [OPTION…] -- COMMAND [ARGUMENT…]");
		return VGPU_ARGS_ERROR;
	}
	return 0;
}
