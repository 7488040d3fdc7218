// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace export: writes a trace in the format of another program. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/cli/args.h"
#include "tracer/cli/command.h"
#include "tracer/cli/filter_option.h"
#include "tracer/cli/progress.h"
#include "tracer/cli/say.h"
#include "tracer/cli/target.h"
#include "tracer/export/export.h"
#include "tracer/export/place.h"

enum { OPTION_FORMAT = VGPU_OPTION, OPTION_FORCE, OPTION_REDACT };

const struct vgpu_option vgpu_options_export[] = {
	{ "format", OPTION_FORMAT, "FORMAT", "one of those below" },
	{ "output", 'o', "OUT", "where to; - is standard output, for formats that are one stream" },
	{ "filter", 'e', "EXPRESSION", "only calls for which it holds: 'fn ~ \"cuMem*\" && dur > 1ms'" },
	{ "redact", OPTION_REDACT, NULL, "without what names the machine, its user, its cards or its data" },
	{ "force", OPTION_FORCE, NULL, "replace a file (or an empty directory) that is there" },
	{ .name = NULL },
};

struct export_options {
	const struct vgpu_exporter *exporter;
	const char *word, *output;
	struct vgpu_filter *filter;
	bool force, redact;
};

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
	stopped = signal_number;
}

void vgpu_export_help(void)
{
	puts("\nformats:");
	for (unsigned i = 0; vgpu_exporters[i]; i++)
		printf("  %-8s %s%s\n", vgpu_exporters[i]->name, vgpu_exporters[i]->help,
		       vgpu_exporters[i]->missing ? " (not built in)" : "");
}

static int choose(const struct vgpu_args *args, struct export_options *options)
{
	const char *names[16] = { NULL };
	int index;

	for (unsigned i = 0; vgpu_exporters[i]; i++)
		names[i] = vgpu_exporters[i]->name;
	index = vgpu_args_word(args, "--format", names);
	if (index < 0)
		return -EINVAL;
	options->exporter = vgpu_exporters[index];
	return 0;
}

static int parse(const struct vgpu_command *command, int argc, char **argv, struct export_options *options)
{
	struct vgpu_args args = { .command = command, .argc = argc, .argv = argv };
	int option;

	while ((option = vgpu_args_next(&args)) >= 0) {
		if (option == OPTION_FORMAT && choose(&args, options))
			return VGPU_ARGS_ERROR;
		if (option == 'e' && vgpu_filter_option(&options->filter, args.value))
			return VGPU_ARGS_ERROR;
		if (option == 'o')
			options->output = args.value;
		options->force |= option == OPTION_FORCE;
		options->redact |= option == OPTION_REDACT;
	}
	if (option != VGPU_ARGS_END)
		return option;
	if (args.count == 1 && options->exporter && options->output) {
		options->word = args.positional[0];
		return 0;
	}
	if (args.count > 1)
		vgpu_say_error("export: one trace at a time");
	else if (!args.count)
		vgpu_say_error("export: what?");
	else
		vgpu_say_error(options->exporter ? "export: where to? -o OUT" : "export: in which format? --format FORMAT");
	vgpu_say_more("usage: vgpu-trace export --format FORMAT -o OUT FILE|PID|NAME");
	if (!options->exporter)
		vgpu_say_more("`vgpu-trace help export` lists the formats.");
	return VGPU_ARGS_ERROR;
}

/* Whether the exporter can write to where it is to write at all; says so if not. */
static int check(const struct export_options *options)
{
	const struct vgpu_exporter *exporter = options->exporter;

	if (exporter->missing) {
		vgpu_say_error("cannot export to %s: this program was built without %s", exporter->name,
			       exporter->missing);
		vgpu_say_more("Install it and build again: apt-get install %s", exporter->missing);
		return -ENOSYS;
	}
	if (strcmp(options->output, "-"))
		return 0;
	if (exporter->makes == VGPU_EXPORT_STREAM)
		return 0;
	vgpu_say_error("cannot write %s to standard output: it is a %s", exporter->name,
		       exporter->makes == VGPU_EXPORT_DIRECTORY ? "directory" : "file that is written to and fro in");
	return -EINVAL;
}

static void say_cannot_write(const struct export_options *options, int err)
{
	switch (err) {
	case -EEXIST:
		vgpu_say_error("cannot write '%s': there is something of that name", options->output);
		vgpu_say_more(options->exporter->makes == VGPU_EXPORT_DIRECTORY
				      ? "Remove it, or choose another name; --force replaces an empty directory."
				      : "Choose another name; --force replaces an ordinary file.");
		break;
	case -EINTR:
		vgpu_say_error("stopped: '%s' was not written", options->output);
		break;
	default:
		vgpu_say_error("cannot write '%s': %s; nothing is left of it", options->output, strerror(-err));
	}
}

static int tick(void *data, uint64_t events)
{
	if (!(events & 1023))
		vgpu_progress_show(data, events);
	return stopped ? -EINTR : 0;
}

/* Reads and writes. What went wrong with reading is said already; *written is about writing. */
static int convert(const struct export_options *options, struct vgpu_target *target, int fd, const char *path,
		   uint64_t *events, int *written)
{
	struct vgpu_progress progress;
	struct vgpu_stream stream = { 0 };
	struct vgpu_export *export = NULL;
	int err = 0;

	*written = vgpu_export_open(&export, options->exporter, options->filter, fd, path);
	if (!*written && options->redact)
		*written = vgpu_export_redact(export);
	if (*written) {
		vgpu_export_close(export);
		return 0;
	}
	vgpu_progress_begin(&progress, vgpu_target_events(target));
	vgpu_export_watch(export, tick, &progress);
	vgpu_stream_add(&stream, vgpu_export_sink(export));
	err = vgpu_target_read(target, &stream);
	/* What could be read of a damaged file is exported all the same; that it is not all was said. */
	if (!err || err == -EBADMSG)
		*written = vgpu_export_finish(export);
	vgpu_progress_end(&progress);
	*events = vgpu_export_events(export);
	vgpu_export_close(export);
	return err;
}

static int to_stdout(const struct export_options *options, struct vgpu_target *target)
{
	uint64_t events;
	int written, err = convert(options, target, STDOUT_FILENO, NULL, &events, &written);

	/* A pipe closed by its reader (head, less) is the reader's wish. */
	if (written && written != -EPIPE)
		vgpu_say_error("cannot write the output: %s", strerror(-written));
	return err ? err : written == -EPIPE ? 0 : written;
}

static int to_place(const struct export_options *options, struct vgpu_target *target)
{
	const struct vgpu_exporter *exporter = options->exporter;
	struct vgpu_export_place *place;
	struct vgpu_text text = { 0 };
	uint64_t events = 0;
	int fd = -1, err = 0, written;

	written = vgpu_export_place_open(&place, options->output, exporter->makes == VGPU_EXPORT_DIRECTORY, options->force);
	if (written) {
		say_cannot_write(options, written);
		return written;
	}
	if (exporter->makes == VGPU_EXPORT_STREAM) {
		fd = open(vgpu_export_place_path(place), O_WRONLY | O_CLOEXEC);
		written = fd < 0 ? -errno : 0;
	}
	if (!written)
		err = convert(options, target, fd, vgpu_export_place_path(place), &events, &written);
	/* Some file systems tell of a full disk only now. */
	if (fd >= 0 && close(fd) && !written)
		written = -errno;
	if (!written && (!err || err == -EBADMSG))
		written = vgpu_export_place_commit(place);
	vgpu_export_place_close(place);
	if (written) {
		say_cannot_write(options, written);
	} else if (!err || err == -EBADMSG) {
		vgpu_text_printf(&text, "%s: ", options->output);
		vgpu_text_count(&text, events);
		vgpu_text_printf(&text, " events read, written as %s\n", exporter->name);
		if (exporter->use)
			vgpu_text_printf(&text, "%s\n", exporter->use);
		vgpu_say_line((void *)(intptr_t)STDOUT_FILENO, vgpu_text_string(&text), text.size);
	}
	vgpu_text_free(&text);
	return err ? err : written;
}

int vgpu_cmd_export(const struct vgpu_command *command, int argc, char **argv)
{
	struct sigaction action = { .sa_handler = stop };
	struct export_options options = { 0 };
	struct vgpu_target *target;
	int err = parse(command, argc, argv, &options);

	if (err) {
		vgpu_filter_free(options.filter);
		return err == VGPU_ARGS_HELP ? VGPU_EXIT_DONE : command->usage_code;
	}
	err = check(&options);
	if (!err)
		err = vgpu_target_open(&target, options.word);
	if (!err) {
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		sigaction(SIGHUP, &action, NULL);
		/* A full disk and a limit on the size of files are to be the same error. */
		signal(SIGXFSZ, SIG_IGN);
		signal(SIGPIPE, SIG_IGN);
		err = strcmp(options.output, "-") ? to_place(&options, target) : to_stdout(&options, target);
		vgpu_target_close(target);
	}
	vgpu_filter_free(options.filter);
	/* Whoever sent the signal is to see that it was one. */
	if (stopped) {
		signal(stopped, SIG_DFL);
		raise(stopped);
	}
	return err ? VGPU_EXIT_FAILED : VGPU_EXIT_DONE;
}
