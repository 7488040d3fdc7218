// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace dump: prints a trace, or what processes have on record. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/cli/args.h"
#include "tracer/cli/command.h"
#include "tracer/cli/filter_option.h"
#include "tracer/cli/say.h"
#include "tracer/cli/target.h"
#include "tracer/explain/verdict.h"
#include "tracer/export/backtrace.h"
#include "tracer/export/json.h"
#include "tracer/export/text.h"
#include "tracer/model/filter.h"
#include "tracer/model/sieve.h"

enum {
	OPTION_JSON = VGPU_OPTION, OPTION_RAW, OPTION_FULL, OPTION_ERRORS, OPTION_TIME, OPTION_FOLLOW, OPTION_BACKTRACE,
	OPTION_DEBUG, OPTION_PROCESS, OPTION_THREAD, OPTION_LIBRARY, OPTION_RESULT, OPTION_LONGER, OPTION_FROM, OPTION_TO,
};

const struct vgpu_option vgpu_options_dump[] = {
	{ "json", OPTION_JSON, NULL, "one JSON object an event, with all its fields" },
	{ "raw", OPTION_RAW, NULL, "words, addresses and numbers as they were recorded" },
	{ "full", OPTION_FULL, NULL, "print values whole" },
	{ "follow", OPTION_FOLLOW, NULL, "go on with what comes, until the recording or the processes end" },
	{ "backtrace", OPTION_BACKTRACE, NULL, "beneath each call who called it: function, source line, file" },
	{ "debug", OPTION_DEBUG, "DIR[:DIR]", "where separate debug files are (default /usr/lib/debug)" },
	{ "process", OPTION_PROCESS, "PID|NAME", "only what these processes did" },
	{ "thread", OPTION_THREAD, "TID|NAME", "only calls of these threads" },
	{ "library", OPTION_LIBRARY, "NAME", "only calls of a library: cuda, nvml, cudart13, cudart12" },
	{ "function", 'f', "PATTERN", "only calls of functions that match (shell patterns, with commas between)" },
	{ "result", OPTION_RESULT, "NAME|NUMBER", "only calls that returned this" },
	{ "longer", OPTION_LONGER, "DURATION", "only calls that took at least as long: 1ms" },
	{ "from", OPTION_FROM, "TIME", "only from this time on, counted from the recording's begin: 1.5s" },
	{ "to", OPTION_TO, "TIME", "only up to this time" },
	{ "filter", 'e', "EXPRESSION", "only calls for which it holds: 'fn ~ \"cuMem*\" && dur > 1ms'" },
	{ "errors", OPTION_ERRORS, NULL, "only calls that failed, did not return, or are not supported" },
	{ "time", OPTION_TIME, NULL, "begin each line with the seconds since the start" },
	{ .name = NULL },
};

/* place: it also says which events that are no calls are meant. */
static const struct {
	int option;
	bool place;
	struct vgpu_clause clause;
} clauses[] = {
	{ OPTION_PROCESS, true, { "--process", "pid == %s", "proc ~ \"%s\"", "a process's number or name" } },
	{ OPTION_THREAD, false, { "--thread", "tid == %s", "thread ~ \"%s\"", "a thread's number or name" } },
	{ OPTION_LIBRARY, false, { "--library", NULL, "lib ~ \"%s\"", "a library: cuda, nvml, cudart13, cudart12" } },
	{ OPTION_RESULT, false, { "--result", "ret == %s", "ret ~ \"%s\"", "a result's number or name" } },
	{ OPTION_LONGER, false, { "--longer", "dur >= %s", NULL, "a duration, as 1ms or 20us" } },
	{ OPTION_FROM, true, { "--from", "time >= %s", NULL, "a time since the recording's begin, as 1.5s or 20ms" } },
	{ OPTION_TO, true, { "--to", "time <= %s", NULL, "a time since the recording's begin, as 1.5s or 20ms" } },
};

struct dump_options {
	const char *word;
	const char *functions;
	const char *debug;
	const char *expression;     /* of --filter */
	char *chosen, *chosen_place; /* by the options above */
	struct vgpu_filter *filter, *place;
	bool json, raw, full, errors, times, follow, backtrace;
};

static int option_value(struct dump_options *options, const struct vgpu_args *args, int option)
{
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
	case OPTION_FOLLOW:
		options->follow = true;
		break;
	case OPTION_BACKTRACE:
		options->backtrace = true;
		break;
	case OPTION_DEBUG:
		options->debug = args->value;
		options->backtrace = true;
		break;
	case 'f':
		options->functions = args->value;
		break;
	case 'e':
		options->expression = args->value;
		return vgpu_filter_option(&options->filter, args->value);
	case OPTION_ERRORS:
		options->errors = true;
		break;
	case OPTION_TIME:
		options->times = true;
		break;
	}
	for (size_t i = 0; i < sizeof(clauses) / sizeof(clauses[0]); i++) {
		if (clauses[i].option != option)
			continue;
		if (vgpu_filter_clause(&options->chosen, &clauses[i].clause, args->value))
			return -EINVAL;
		return clauses[i].place ? vgpu_filter_clause(&options->chosen_place, &clauses[i].clause, args->value) : 0;
	}
	return 0;
}

/* Everything that was asked for, as one expression. */
static int join_filters(struct dump_options *options)
{
	char *whole = NULL;
	int err;

	if (!options->chosen)
		return 0;
	if (options->chosen_place && vgpu_filter_option(&options->place, options->chosen_place))
		return -EINVAL;
	if (options->expression && asprintf(&whole, "%s && (%s)", options->chosen, options->expression) < 0)
		return -ENOMEM;
	err = vgpu_filter_option(&options->filter, whole ? whole : options->chosen);
	free(whole);
	return err;
}

static int parse(const struct vgpu_command *command, int argc, char **argv, struct dump_options *options)
{
	struct vgpu_args args = { .command = command, .argc = argc, .argv = argv };
	int option;

	while ((option = vgpu_args_next(&args)) >= 0)
		if (option_value(options, &args, option))
			return VGPU_ARGS_ERROR;
	if (option != VGPU_ARGS_END)
		return option;
	options->word = vgpu_args_only(&args, "trace");
	if (!options->word)
		return VGPU_ARGS_ERROR;
	return join_filters(options) ? VGPU_ARGS_ERROR : 0;
}

static void free_options(struct dump_options *options)
{
	vgpu_filter_free(options->filter);
	vgpu_filter_free(options->place);
	free(options->chosen);
	free(options->chosen_place);
}

/* What there is so far can be read while more is waited for. */
static void idle(void *data)
{
	(void)data;
	vgpu_say_flush();
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
	struct vgpu_backtrace *backtrace = NULL;
	struct vgpu_model *model = NULL;
	struct vgpu_sieve sieve;
	int err = vgpu_model_open(&model);

	vgpu_look_for(STDOUT_FILENO, &text_options.look);
	text_options.look.full = options->full;
	text_options.look.raw = options->raw;
	text_options.model = model;
	if (!options->json) {
		err = vgpu_backtrace_open(&backtrace, options->debug, &text_options.look);
		if (err == -ENOTSUP && !options->backtrace)
			err = 0;
		if (err) {
			vgpu_say_error("cannot name addresses: %s",
				       err == -ENOTSUP ? "this vgpu-trace was built without libdw" : strerror(-err));
			goto out;
		}
		text_options.backtrace = options->backtrace;
		if (backtrace) {
			text_options.frame = vgpu_backtrace_frame;
			text_options.frame_data = backtrace;
			vgpu_stream_add(&stream, vgpu_backtrace_sink(backtrace));
		}
	}
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
	sieve.place = options->place;
	vgpu_stream_add(&stream, &sieve.sink);
	vgpu_stream_add(&stream, vgpu_verdict_sink(verdict));
	vgpu_target_narrow(target, options->filter);
	if (options->follow)
		vgpu_target_follow(target, idle, NULL);
	err = vgpu_target_read(target, &stream);
	/* A selection of calls is no ground for a verdict. */
	if (text && model->events && !options->functions && !options->filter && !options->errors && (!err || err == -EBADMSG))
		print_verdict(verdict, &text_options.look);
out:
	vgpu_json_export_close(json);
	vgpu_text_export_close(text);
	vgpu_verdict_close(verdict);
	vgpu_backtrace_close(backtrace);
	vgpu_model_close(model);
	return err;
}

int vgpu_cmd_dump(const struct vgpu_command *command, int argc, char **argv)
{
	struct dump_options options = { 0 };
	struct vgpu_target *target;
	int err = parse(command, argc, argv, &options);

	if (err) {
		free_options(&options);
		return err == VGPU_ARGS_HELP ? VGPU_EXIT_DONE : command->usage_code;
	}
	if (vgpu_target_open(&target, options.word)) {
		free_options(&options);
		return VGPU_EXIT_FAILED;
	}
	err = dump(&options, target);
	vgpu_target_close(target);
	free_options(&options);
	return err ? VGPU_EXIT_FAILED : VGPU_EXIT_DONE;
}
