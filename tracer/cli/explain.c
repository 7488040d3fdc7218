// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace explain: why a recorded discovery ended as it did. */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/cli/args.h"
#include "tracer/cli/command.h"
#include "tracer/cli/say.h"
#include "tracer/cli/target.h"
#include "tracer/explain/rules.h"
#include "tracer/explain/verdict.h"
#include "tracer/export/backtrace.h"

enum { OPTION_JSON = VGPU_OPTION, OPTION_CHECK, OPTION_ALL, OPTION_LIST, OPTION_LOG, OPTION_DOCUMENT };

/* Discovery failed, with --check. */
#define EXIT_NO_GPU 3
/* Lines of a log that are kept; a service's grows for ever. */
#define LOG_LINES 100000u

const struct vgpu_option vgpu_options_explain[] = {
	{ "json", OPTION_JSON, NULL, "one JSON object: the verdict, the chain of each process, the rule" },
	{ "check", OPTION_CHECK, NULL, "exit with 3 unless a GPU was found" },
	{ "log", OPTION_LOG, "FILE", "a log of the program: it supports what was seen, and decides nothing" },
	{ "all-rules", OPTION_ALL, NULL, "every rule, and why it holds or does not" },
	{ "list-rules", OPTION_LIST, NULL, "the rules by name, one a line" },
	{ "rules-document", OPTION_DOCUMENT, NULL, "print docs/rules.md" },
	{ .name = NULL },
};

struct explain_options {
	const char *word, *log;
	struct vgpu_verdict_options verdict;
	bool check;
};

static void list_rules(void)
{
	const struct vgpu_rule *rule;

	for (unsigned i = 0; (rule = vgpu_rule_at(i)); i++)
		printf("%-26s %s\n", rule->id, rule->title);
}

static void print_document(void)
{
	struct vgpu_text text = { 0 };

	vgpu_rules_document(&text);
	fputs(vgpu_text_string(&text), stdout);
	vgpu_text_free(&text);
}

/* 1: done already. */
static int parse(const struct vgpu_command *command, int argc, char **argv, struct explain_options *options)
{
	struct vgpu_args args = { .command = command, .argc = argc, .argv = argv };
	int option;

	while ((option = vgpu_args_next(&args)) >= 0) {
		switch (option) {
		case OPTION_JSON:
			options->verdict.json = true;
			break;
		case OPTION_CHECK:
			options->check = true;
			break;
		case OPTION_LOG:
			options->log = args.value;
			break;
		case OPTION_ALL:
			options->verdict.all_rules = true;
			break;
		case OPTION_LIST:
			list_rules();
			return 1;
		case OPTION_DOCUMENT:
			print_document();
			return 1;
		}
	}
	if (option != VGPU_ARGS_END)
		return option;
	options->word = vgpu_args_only(&args, "trace");
	if (!options->word)
		return VGPU_ARGS_ERROR;
	return 0;
}

static int read_log(const char *path, struct vgpu_stream *stream)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	uint64_t number = 0;
	ssize_t n;
	int err = 0;

	if (!file) {
		err = -errno;
		vgpu_say_error("cannot read the log '%s': %s", path, strerror(-err));
		return err;
	}
	while (number < LOG_LINES && (n = getline(&line, &room, file)) > 0) {
		struct vgpu_event event = { .kind = VGPU_EVENT_LOG, .observer = VGPU_OBSERVER_TRACER, .time_ns = 1 };

		number++;
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		event.log = (struct vgpu_event_log){ .unit = path, .line = line, .line_number = number };
		vgpu_stream_emit(stream, &event);
	}
	free(line);
	fclose(file);
	return 0;
}

static int explain(const struct explain_options *options, struct vgpu_target *target, enum vgpu_verdict_kind *kind)
{
	struct vgpu_verdict_options verdict_options = options->verdict;
	struct vgpu_backtrace *backtrace = NULL;
	struct vgpu_verdict *verdict = NULL;
	struct vgpu_stream stream = { 0 };
	struct vgpu_model *model = NULL;
	struct vgpu_text text = { 0 };
	struct vgpu_look look;
	int err = vgpu_model_open(&model), failed = 0;

	vgpu_look_for(STDOUT_FILENO, &look);
	if (!err)
		err = vgpu_verdict_open(&verdict, model);
	if (!err)
		err = vgpu_backtrace_open(&backtrace, NULL, &look);
	if (err == -ENOTSUP)
		err = 0;
	if (err) {
		vgpu_say_error("cannot explain: %s", strerror(-err));
		goto out;
	}
	vgpu_stream_add(&stream, &model->sink);
	vgpu_stream_add(&stream, vgpu_verdict_sink(verdict));
	if (backtrace) {
		verdict_options.frame = vgpu_backtrace_frame;
		verdict_options.frame_data = backtrace;
		vgpu_stream_add(&stream, vgpu_backtrace_sink(backtrace));
	}
	if (options->log)
		err = read_log(options->log, &stream);
	if (err)
		goto out;
	stream.number = 0;
	failed = vgpu_target_read(target, &stream);
	if (failed && failed != -EBADMSG) {
		err = failed;
		goto out;
	}
	*kind = vgpu_verdict_kind(verdict);
	err = vgpu_verdict_explain(verdict, &look, &verdict_options, &text);
	if (err)
		vgpu_say_error("cannot explain: %s", strerror(-err));
	else
		vgpu_say_line((void *)(intptr_t)STDOUT_FILENO, vgpu_text_string(&text), text.size);
	if (!err)
		err = failed;
out:
	vgpu_text_free(&text);
	vgpu_verdict_close(verdict);
	vgpu_backtrace_close(backtrace);
	vgpu_model_close(model);
	return err;
}

int vgpu_cmd_explain(const struct vgpu_command *command, int argc, char **argv)
{
	enum vgpu_verdict_kind kind = VGPU_VERDICT_NOT_KNOWN;
	struct explain_options options = { 0 };
	struct vgpu_target *target;
	int err = parse(command, argc, argv, &options);

	if (err)
		return err == VGPU_ARGS_HELP || err == 1 ? VGPU_EXIT_DONE : command->usage_code;
	if (vgpu_target_open(&target, options.word))
		return VGPU_EXIT_FAILED;
	err = explain(&options, target, &kind);
	vgpu_target_close(target);
	if (err)
		return VGPU_EXIT_FAILED;
	return options.check && kind != VGPU_VERDICT_FOUND ? EXIT_NO_GPU : VGPU_EXIT_DONE;
}
