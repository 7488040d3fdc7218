// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace stat: counts a trace's calls. */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tracer/cli/args.h"
#include "tracer/cli/command.h"
#include "tracer/cli/filter_option.h"
#include "tracer/cli/say.h"
#include "tracer/cli/target.h"
#include "tracer/export/stat.h"
#include "tracer/export/witness.h"
#include "tracer/model/sieve.h"

enum { OPTION_JSON = VGPU_OPTION, OPTION_CSV, OPTION_BY, OPTION_SORT, OPTION_REVERSE, OPTION_NEVER, OPTION_WIDE, OPTION_WITNESSES };

const struct vgpu_option vgpu_options_stat[] = {
	{ "by", OPTION_BY, "GROUP", "a table for each process, thread, caller or kernel (of launches)" },
	{ "sort", OPTION_SORT, "COLUMN", "name, calls, errors, total, mean, p50, p90, p99, max, first or last;\n"
					 "without it total" },
	{ "reverse", OPTION_REVERSE, NULL, "the other way round" },
	{ "top", 'n', "NUMBER", "only so many functions of each group" },
	{ "filter", 'e', "EXPRESSION", "only calls for which it holds: 'fn ~ \"cuMem*\" && dur > 1ms'" },
	{ "never", OPTION_NEVER, NULL, "also name the functions that were not called, as far as that is known" },
	{ "witnesses", OPTION_WITNESSES, NULL, "compare what the ring and the kernel observer saw, function by function;\n"
					       "exit code 3 where one of them is wrong" },
	{ "wide", OPTION_WIDE, NULL, "all columns, whatever the terminal's width" },
	{ "json", OPTION_JSON, NULL, "one JSON object, times in ns" },
	{ "csv", OPTION_CSV, NULL, "comma-separated values, times in ns" },
	{ .name = NULL },
};

static const char *const groups[] = { "function", "process", "thread", "caller", "kernel", NULL };

struct stat_options {
	const char *word;
	struct vgpu_filter *filter;
	int by, sort;
	long top;
	bool json, csv, reverse, never, wide, witnesses;
};

static int option_value(struct stat_options *options, const struct vgpu_args *args, int option)
{
	switch (option) {
	case OPTION_JSON:
		options->json = true;
		break;
	case OPTION_CSV:
		options->csv = true;
		break;
	case OPTION_REVERSE:
		options->reverse = true;
		break;
	case OPTION_NEVER:
		options->never = true;
		break;
	case OPTION_WIDE:
		options->wide = true;
		break;
	case OPTION_WITNESSES:
		options->witnesses = true;
		break;
	case OPTION_BY:
		options->by = vgpu_args_word(args, "--by", groups);
		return options->by < 0 ? -EINVAL : 0;
	case OPTION_SORT:
		options->sort = vgpu_args_word(args, "--sort", vgpu_stat_column_names);
		return options->sort < 0 ? -EINVAL : 0;
	case 'n':
		return vgpu_args_number(args, "--top", 1, INT_MAX, &options->top) ? 0 : -EINVAL;
	case 'e':
		return vgpu_filter_option(&options->filter, args->value);
	}
	return 0;
}

static int parse(const struct vgpu_command *command, int argc, char **argv, struct stat_options *options)
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
	if (options->json && options->csv) {
		vgpu_say_error("stat: either --json or --csv");
		return VGPU_ARGS_ERROR;
	}
	/* What a filter leaves out was called all the same; and a table of values has no place for names alone. */
	if (options->never && (options->filter || options->csv)) {
		vgpu_say_error("stat: --never goes neither with --filter nor with --csv");
		return VGPU_ARGS_ERROR;
	}
	if (options->witnesses && (options->json || options->csv || options->never || options->filter || options->by)) {
		vgpu_say_error("stat: --witnesses compares all calls, in a table of its own");
		return VGPU_ARGS_ERROR;
	}
	return 0;
}

static unsigned width_of(const struct stat_options *options)
{
	struct winsize size = { 0 };

	if (options->wide)
		return 0;
	if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return 80;
}

static int print(const struct stat_options *options, struct vgpu_stat *stat, const struct vgpu_model *model)
{
	struct vgpu_stat_print print = { .stat = stat, .model = model, .limit = options->top,
					 .width = width_of(options), .never = options->never,
					 .filtered = options->filter, .what = groups[options->by],
					 .line = vgpu_say_line, .data = (void *)(intptr_t)STDOUT_FILENO };
	int err = vgpu_stat_finish(stat, options->sort, options->reverse);

	vgpu_look_for(STDOUT_FILENO, &print.look);
	if (!err && options->json)
		err = vgpu_stat_print_json(&print);
	else if (!err && options->csv)
		err = vgpu_stat_print_csv(&print);
	else if (!err)
		err = vgpu_stat_print_table(&print);
	return err;
}

static int count(const struct stat_options *options, struct vgpu_target *target)
{
	struct vgpu_stream stream = { 0 };
	struct vgpu_model *model = NULL;
	struct vgpu_stat *stat = NULL;
	struct vgpu_sieve sieve;
	int err = vgpu_model_open(&model), failed = 0;

	if (!err)
		err = vgpu_stat_open(&stat, options->by, model);
	if (err)
		goto out;
	vgpu_stream_add(&stream, &model->sink);
	vgpu_stream_add(&stream, vgpu_stat_learner(stat));
	vgpu_sieve_init(&sieve, options->filter, model, vgpu_stat_sink(stat));
	vgpu_stream_add(&stream, &sieve.sink);
	/* Kernels have their names from calls made before. */
	if (options->by != VGPU_STAT_BY_KERNEL)
		vgpu_target_narrow(target, options->filter);
	failed = vgpu_target_read(target, &stream);
	err = sieve.sink.error ? sieve.sink.error : vgpu_stat_learner(stat)->error;
	/* What could be read of a damaged file is counted all the same; that it is not all was said. */
	if (!err && (!failed || failed == -EBADMSG))
		err = print(options, stat, model);
out:
	if (err)
		vgpu_say_error("cannot count: %s", strerror(-err));
	vgpu_stat_close(stat);
	vgpu_model_close(model);
	return err ? err : failed;
}

/* Returns the exit code. */
static int compare(struct vgpu_target *target)
{
	enum vgpu_witness_verdict verdict = VGPU_WITNESS_ALONE;
	const struct vgpu_witness_row *rows;
	struct vgpu_witness *witness = NULL;
	struct vgpu_stream stream = { 0 };
	struct vgpu_text text = { 0 };
	struct vgpu_witness_sums sums;
	int err = vgpu_witness_open(&witness), failed = 0;
	uint32_t count;

	if (!err)
		err = vgpu_stream_add(&stream, vgpu_witness_sink(witness));
	if (!err) {
		failed = vgpu_target_read(target, &stream);
		err = vgpu_witness_sink(witness)->error;
	}
	if (!err) {
		verdict = vgpu_witness_finish(witness, &sums, &rows, &count);
		vgpu_witness_format(verdict, &sums, rows, count, &text);
		vgpu_say_line((void *)(intptr_t)STDOUT_FILENO, vgpu_text_string(&text), text.size);
	}
	if (err)
		vgpu_say_error("cannot compare: %s", strerror(-err));
	else if (verdict == VGPU_WITNESS_ALONE)
		vgpu_say_error("nothing to compare: no call into a library of ours was under the eyes of ring and kernel observer both");
	else if (verdict == VGPU_WITNESS_WRONG)
		vgpu_say_error("ring and kernel observer contradict each other: one of them is wrong; please report it with this trace");
	vgpu_text_free(&text);
	vgpu_witness_close(witness);
	if (err || failed || verdict == VGPU_WITNESS_ALONE)
		return VGPU_EXIT_FAILED;
	return verdict == VGPU_WITNESS_WRONG ? VGPU_EXIT_DIFFERS : VGPU_EXIT_DONE;
}

int vgpu_cmd_stat(const struct vgpu_command *command, int argc, char **argv)
{
	struct stat_options options = { .sort = VGPU_STAT_TOTAL };
	struct vgpu_target *target;
	int err = parse(command, argc, argv, &options);

	if (err) {
		vgpu_filter_free(options.filter);
		return err == VGPU_ARGS_HELP ? VGPU_EXIT_DONE : command->usage_code;
	}
	err = vgpu_target_open(&target, options.word) ? VGPU_EXIT_FAILED : VGPU_EXIT_DONE;
	if (!err) {
		if (options.witnesses)
			err = compare(target);
		else
			err = count(&options, target) ? VGPU_EXIT_FAILED : VGPU_EXIT_DONE;
		vgpu_target_close(target);
	}
	vgpu_filter_free(options.filter);
	return err;
}
