// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace dump: prints a trace, or what processes have on record. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tracer/cli/args.h"
#include "tracer/cli/command.h"
#include "tracer/cli/filter_option.h"
#include "tracer/cli/say.h"
#include "tracer/cli/target.h"
#include "tracer/explain/verdict.h"
#include "tracer/export/json.h"
#include "tracer/export/text.h"
#include "tracer/model/filter.h"
#include "tracer/model/sieve.h"

enum { OPTION_JSON = VGPU_OPTION, OPTION_RAW, OPTION_FULL, OPTION_ERRORS, OPTION_TIME };

const struct vgpu_option vgpu_options_dump[] = {
	{ "json", OPTION_JSON, NULL, "one JSON object an event, with all its fields" },
	{ "raw", OPTION_RAW, NULL, "words, addresses and numbers as they were recorded" },
	{ "full", OPTION_FULL, NULL, "print values whole" },
	{ "function", 'f', "PATTERN", "only calls of functions that match (shell patterns, with commas between)" },
	{ "filter", 'e', "EXPRESSION", "only calls for which it holds: 'fn ~ \"cuMem*\" && dur > 1ms'" },
	{ "errors", OPTION_ERRORS, NULL, "only calls that failed, did not return, or are not supported" },
	{ "time", OPTION_TIME, NULL, "begin each line with the seconds since the start" },
	{ .name = NULL },
};

struct dump_options {
	const char *word;
	const char *functions;
	struct vgpu_filter *filter;
	bool json, raw, full, errors, times;
};

static int parse(const struct vgpu_command *command, int argc, char **argv, struct dump_options *options)
{
	struct vgpu_args args = { .command = command, .argc = argc, .argv = argv };
	int option;

	while ((option = vgpu_args_next(&args)) >= 0) {
		switch (option) {
		case OPTION_JSON:
			options->json = true;
			break;
		case OPTION_RAW:
			options->raw = true;
			break;
		case OPTION_FULL:
			options->full = true;
			break;
		case 'f':
			options->functions = args.value;
			break;
		case 'e':
			if (vgpu_filter_option(&options->filter, args.value))
				return VGPU_ARGS_ERROR;
			break;
		case OPTION_ERRORS:
			options->errors = true;
			break;
		case OPTION_TIME:
			options->times = true;
			break;
		}
	}
	if (option != VGPU_ARGS_END)
		return option;
	if (args.count != 1) {
		vgpu_say_error(args.count ? "dump: one trace at a time" : "dump: of what?");
		vgpu_say_more("usage: vgpu-trace dump [OPTION…] FILE|PID|NAME");
		return VGPU_ARGS_ERROR;
	}
	options->word = args.positional[0];
	return 0;
}

static void print_verdict(const struct vgpu_verdict *verdict, const struct vgpu_look *look)
{
	struct vgpu_text text = { 0 };

	vgpu_text_puts(&text, "\n");
	vgpu_verdict_format(verdict, look, &text);
	vgpu_say_line((void *)(intptr_t)STDOUT_FILENO, vgpu_text_string(&text), text.size);
	vgpu_text_free(&text);
}

static int dump(const struct dump_options *options, struct vgpu_target *target)
{
	struct vgpu_text_options text_options = { .times = options->times, .functions = options->functions,
						  .errors = options->errors, .line = vgpu_say_line,
						  .data = (void *)(intptr_t)STDOUT_FILENO };
	struct vgpu_json_options json_options = { .functions = options->functions, .errors = options->errors,
						  .line = vgpu_say_line, .data = (void *)(intptr_t)STDOUT_FILENO };
	struct vgpu_text_export *text = NULL;
	struct vgpu_json_export *json = NULL;
	struct vgpu_verdict *verdict = NULL;
	struct vgpu_stream stream = { 0 };
	struct vgpu_model *model = NULL;
	struct vgpu_sieve sieve;
	int err = vgpu_model_open(&model);

	vgpu_look_for(STDOUT_FILENO, &text_options.look);
	text_options.look.full = options->full;
	text_options.look.raw = options->raw;
	text_options.model = model;
	if (!err)
		err = vgpu_verdict_open(&verdict, model);
	if (!err)
		err = options->json ? vgpu_json_export_open(&json, &json_options)
				    : vgpu_text_export_open(&text, &text_options);
	if (err) {
		vgpu_say_error("cannot print: %s", strerror(-err));
		goto out;
	}
	vgpu_stream_add(&stream, &model->sink);
	vgpu_sieve_init(&sieve, options->filter, model,
			json ? vgpu_json_export_sink(json) : vgpu_text_export_sink(text));
	vgpu_stream_add(&stream, &sieve.sink);
	vgpu_stream_add(&stream, vgpu_verdict_sink(verdict));
	err = vgpu_target_read(target, &stream);
	/* A selection of calls is no ground for a verdict. */
	if (text && model->events && !options->functions && !options->filter && !options->errors && (!err || err == -EBADMSG))
		print_verdict(verdict, &text_options.look);
out:
	vgpu_json_export_close(json);
	vgpu_text_export_close(text);
	vgpu_verdict_close(verdict);
	vgpu_model_close(model);
	return err;
}

int vgpu_cmd_dump(const struct vgpu_command *command, int argc, char **argv)
{
	struct dump_options options = { 0 };
	struct vgpu_target *target;
	int err = parse(command, argc, argv, &options);

	if (err) {
		vgpu_filter_free(options.filter);
		return err == VGPU_ARGS_HELP ? VGPU_EXIT_DONE : command->usage_code;
	}
	if (vgpu_target_open(&target, options.word)) {
		vgpu_filter_free(options.filter);
		return VGPU_EXIT_FAILED;
	}
	err = dump(&options, target);
	vgpu_target_close(target);
	vgpu_filter_free(options.filter);
	return err ? VGPU_EXIT_FAILED : VGPU_EXIT_DONE;
}
