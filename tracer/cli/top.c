// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace top: the dashboard, on running processes or on what was recorded. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tracer/cli/args.h"
#include "tracer/cli/command.h"
#include "tracer/cli/filter_option.h"
#include "tracer/cli/say.h"
#include "tracer/cli/target.h"
#include "tracer/cli/top_parts.h"
#include "tracer/cli/top_start.h"
#include "tracer/export/backtrace.h"

enum { OPTION_ONCE = VGPU_OPTION, OPTION_VIEW, OPTION_WIDTH, OPTION_ASCII, OPTION_KERNEL, OPTION_AT, OPTION_LOG };

const struct vgpu_option vgpu_options_top[] = {
	{ "once", OPTION_ONCE, NULL, "print the view as text and end" },
	{ "view", OPTION_VIEW, "VIEW", "verdict, calls, functions, processes, libraries or memory" },
	{ "at", OPTION_AT, "TIME", "of a FILE: as it was at 1.5s, 200ms, 50% of its time, or after #1200 events" },
	{ "filter", 'e', "EXPRESSION", "begin with this filter, as dump has it" },
	{ "width", OPTION_WIDTH, "COLUMNS", "with --once: so wide (the terminal's, else $COLUMNS, else 120)" },
	{ "kernel", OPTION_KERNEL, "auto|on|off", "observe running processes from the kernel, too: auto, where that is permitted,\n"
						"and only what has no ring; on, every call (needs root; slows each by 0.4 to 14 µs)" },
	{ "ascii", OPTION_ASCII, NULL, "use no character outside ASCII" },
	{ "log", OPTION_LOG, "FILE", "of -- COMMAND: where what it writes to stdout and stderr goes, since the screen is\n"
				    "taken (default: a file in $TMPDIR, which is named at the end; o shows it)" },
	{ "output", 'o', "FILE", "of -- COMMAND: record to FILE, too (default: nothing is recorded)" },
	{ "append", VGPU_OPTION_APPEND, NULL, "go on behind what was recorded to FILE before" },
	VGPU_RUN_SHARED_OPTIONS,
	{ .name = NULL },
};

struct top_options {
	struct vgpu_top_shown shown;
	const char *view, *filter, *at;
	long width;
	bool ascii;
	const char *log;
	const char *started;         /* an option of what is started was given: its name */
	struct vgpu_run_options run; /* of -- COMMAND; words 0: there is none */
};

/* From here on, what is at the addresses of stacks is learnt. */
static bool name_places(struct top_options *options, struct vgpu_top_options *top)
{
	const struct vgpu_look look = { .utf8 = top->utf8 };

	if (vgpu_backtrace_open(&options->shown.places, NULL, &look))
		return false;
	top->frame = vgpu_backtrace_frame;
	top->frame_data = options->shown.places;
	return true;
}

/* What lies behind `--` is started. */
static int find_command(int argc, char **argv, struct top_options *options)
{
	int at = 1;

	while (at < argc && strcmp(argv[at], "--"))
		at++;
	if (at + 1 < argc) {
		options->run.command = argv + at + 1;
		options->run.words = argc - at - 1;
	}
	return at;
}

static int parse_option(struct top_options *options, const struct vgpu_args *args, int option, bool *kernel)
{
	static const char *const kernel_words[] = { "off", "auto", "on", NULL };
	const char *views[16] = { NULL };
	int found;

	for (unsigned i = 0; i < 15 && vgpu_top_view(i); i++)
		views[i] = vgpu_top_view(i);
	switch (option) {
	case OPTION_ONCE:
		options->shown.once = true;
		return 0;
	case OPTION_VIEW:
		found = vgpu_args_word(args, "--view", views);
		options->view = found < 0 ? NULL : views[found];
		return found < 0 ? VGPU_ARGS_ERROR : 0;
	case 'e':
		options->filter = args->value;
		return 0;
	case OPTION_WIDTH:
		return vgpu_args_number(args, "--width", 40, 1000, &options->width) ? 0 : VGPU_ARGS_ERROR;
	case OPTION_ASCII:
		options->ascii = true;
		return 0;
	case OPTION_KERNEL:
		found = vgpu_args_word(args, "--kernel", kernel_words);
		if (found < 0)
			return VGPU_ARGS_ERROR;
		options->shown.kernel = (enum vgpu_watch_kernel)found;
		*kernel = true;
		return 0;
	case OPTION_AT:
		options->at = args->value;
		return 0;
	case OPTION_LOG:
		options->log = args->value;
		options->started = "--log";
		return 0;
	}
	for (const struct vgpu_option *row = vgpu_options_top; row->name; row++)
		if (row->key == option)
			options->started = row->name;
	found = vgpu_run_option(&options->run, args, option);
	return found < 0 ? found : 0;
}

/* A command that is started, and what of its options is ours to decide. */
static int check_command(struct top_options *options, bool kernel)
{
	static const enum vgpu_run_kernel kernels[] = {
		[VGPU_WATCH_KERNEL_OFF] = VGPU_RUN_KERNEL_OFF, [VGPU_WATCH_KERNEL_AUTO] = VGPU_RUN_KERNEL_AUTO,
		[VGPU_WATCH_KERNEL_ON] = VGPU_RUN_KERNEL_ON,
	};
	const char *variable = getenv("VGPU_TRACE_KERNEL");

	options->run.quiet = true;
	options->run.no_record = !options->run.record.file;
	options->run.kernel = kernels[options->shown.kernel];
	if (!kernel && variable && !strcmp(variable, "off"))
		options->run.kernel = VGPU_RUN_KERNEL_OFF;
	if (options->run.record.append && !options->run.record.file) {
		vgpu_say_error("top: --append is of --output FILE");
		return VGPU_ARGS_ERROR;
	}
	return vgpu_run_check(&options->run, "top");
}

static int parse(const struct vgpu_command *command, int argc, char **argv, struct top_options *options)
{
	struct vgpu_args args = { .command = command, .argc = find_command(argc, argv, options), .argv = argv };
	const char *kernel = getenv("VGPU_TRACE_KERNEL");
	bool asked = false;
	int option, err;

	vgpu_run_defaults(&options->run);
	while ((option = vgpu_args_next(&args)) >= 0) {
		err = parse_option(options, &args, option, &asked);
		if (err)
			return err;
	}
	if (option != VGPU_ARGS_END)
		return option;
	if (args.count != !options->run.words) {
		vgpu_say_error(options->run.words ? "top: either something that is there, or -- COMMAND"
			       : args.count	  ? "top: one target at a time"
						  : "top: of what?");
		vgpu_say_more("usage: vgpu-trace top [OPTION…] FILE|PID|NAME");
		vgpu_say_more("       vgpu-trace top [OPTION…] -- COMMAND [ARGUMENT…]");
		return VGPU_ARGS_ERROR;
	}
	if (options->run.words)
		return check_command(options, asked);
	if (options->started) {
		vgpu_say_error("top: --%s is of a command that is started: `vgpu-trace top … -- COMMAND`",
			       options->started + (options->started[0] == '-' ? 2 : 0));
		return VGPU_ARGS_ERROR;
	}
	options->shown.word = args.positional[0];
	/* A picture of now does not wait for what probes would see. */
	if (!asked && (options->shown.once || (kernel && !strcmp(kernel, "off"))))
		options->shown.kernel = VGPU_WATCH_KERNEL_OFF;
	return 0;
}

/* Whatever is wrong with the filter is said before anything else happens. */
static int check_filter(const char *text)
{
	struct vgpu_filter *filter = NULL;
	int err = text ? vgpu_filter_option(&filter, text) : 0;

	vgpu_filter_free(filter);
	return err;
}

/* Is there anybody to look at? */
static int check_processes(const char *word)
{
	struct vgpu_watch_options options = { .pid = vgpu_target_pid(word), .name = word };
	struct vgpu_stream nobody = { 0 };
	struct vgpu_find find = { 0 };
	struct vgpu_watch *watch;
	int err = vgpu_watch_open(&watch, &options, &nobody, &find);

	if (err) {
		vgpu_say_error("cannot look for '%s': %s", word, strerror(-err));
		return err;
	}
	vgpu_watch_close(watch);
	/* One that has no ring yet may get one: that is worth waiting for. */
	return find.rings || find.matched > find.denied ? 0 : vgpu_target_say_no_process(word);
}

static int once(const struct vgpu_top_options *top, long width)
{
	struct vgpu_text text = { 0 };
	struct vgpu_look look;
	struct winsize size;
	char trouble[256];
	int err;

	if (!width && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		width = size.ws_col;
	if (!width && getenv("COLUMNS"))
		width = atoi(getenv("COLUMNS"));
	if (width < 40 || width > 1000)
		width = 120;
	vgpu_look_for(STDOUT_FILENO, &look);
	look.utf8 &= top->utf8;
	err = vgpu_top_once(top, (int)width, &look, &text, trouble, sizeof(trouble));
	vgpu_say_write(STDOUT_FILENO, vgpu_text_string(&text), text.size);
	vgpu_text_free(&text);
	if (err)
		vgpu_say_error("'%s': %s", top->target, trouble[0] ? trouble : strerror(-err));
	return err ? VGPU_EXIT_FAILED : VGPU_EXIT_DONE;
}

/* Why nothing could be shown, and what could be done instead. */
static void say_no_screen(const struct vgpu_top_options *top, int err)
{
	switch (err) {
	case -ENOTTY:
		vgpu_say_error("top: standard input and output are no terminal");
		break;
	case -ENOTSUP:
		vgpu_say_error("top: the terminal '%s' cannot place a cursor (TERM says what it is)",
			       getenv("TERM") ? getenv("TERM") : "");
		break;
	case -ENOSYS:
		vgpu_say_error("top: this program was built without curses (apt-get install libncurses-dev, and build again)");
		break;
	default:
		vgpu_say_error("top: %s", strerror(-err));
		return;
	}
	vgpu_say_more("`vgpu-trace top --once %s` prints a view as text.", top->target);
}

static int interactive(struct vgpu_top_options *top, int *signal)
{
	int err = vgpu_top_run(top, signal);

	if (err == -EINTR)
		return 128 + *signal;
	/* A terminal that vanished: nobody is there to be told. */
	if (err && err != -EPIPE)
		say_no_screen(top, err);
	return err ? VGPU_EXIT_FAILED : VGPU_EXIT_DONE;
}

/* Before anything is started: whoever cannot be shown anything is told so. */
static bool terminal_there(const struct vgpu_top_options *top)
{
	const char *term = getenv("TERM");

	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb"))
		return true;
	say_no_screen(top, isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? -ENOTSUP : -ENOTTY);
	return false;
}

static int start_command(struct vgpu_top_options *top, struct top_options *options)
{
	struct vgpu_top_start *start;
	int code, signal = 0;

	top->target = "-- COMMAND";
	if (!options->shown.once && !terminal_there(top))
		return VGPU_EXIT_OWN;
	code = vgpu_top_start(&start, &options->run, options->log, options->shown.once);
	if (code)
		return code;
	top->live = true;
	top->target = vgpu_top_start_title(start);
	top->output = vgpu_top_start_log(start);
	top->open = vgpu_top_start_open;
	top->data = start;
	if (!options->shown.once && name_places(options, top))
		vgpu_top_start_also(start, vgpu_backtrace_sink(options->shown.places));
	vgpu_say_hold(!options->shown.once);
	code = options->shown.once ? once(top, options->width) : interactive(top, &signal);
	vgpu_say_hold(false);
	/* What failed is ours; what it exits with is the command's. */
	signal = vgpu_top_start_end(start, signal);
	vgpu_backtrace_close(options->shown.places);
	return code == VGPU_EXIT_FAILED ? VGPU_EXIT_OWN : signal;
}

int vgpu_cmd_top(const struct vgpu_command *command, int argc, char **argv)
{
	struct top_options options = { .shown.kernel = VGPU_WATCH_KERNEL_AUTO };
	struct vgpu_top_options top = { .data = &options.shown };
	struct vgpu_look look;
	int source, signal, err = parse(command, argc, argv, &options);

	if (err)
		return err == VGPU_ARGS_HELP ? VGPU_EXIT_DONE : command->usage_code;
	if (check_filter(options.filter))
		return command->usage_code;
	if (options.at && !vgpu_top_time(options.at)) {
		vgpu_say_error("top: '%s' is no time: 1.5s, 200ms, 50%% or #1200 (events) is one", options.at);
		return command->usage_code;
	}
	vgpu_look_for(STDOUT_FILENO, &look);
	vgpu_top_words(&top);
	top.view = options.view;
	top.filter = options.filter;
	top.at = options.at;
	top.utf8 = look.utf8 && !options.ascii;
	top.colour = look.colour;
	top.settings = !options.shown.once;
	if (options.run.words && options.at) {
		vgpu_say_error("top: --at is of a recording");
		return command->usage_code;
	}
	if (options.run.words)
		return start_command(&top, &options);
	source = vgpu_trace_source(options.shown.word);
	if (source < 0)
		vgpu_target_say_cannot_read(options.shown.word, source);
	if (options.at && source == VGPU_TRACE_PROCESSES) {
		vgpu_say_error("top: --at is of a recording; '%s' is a process", options.shown.word);
		return command->usage_code;
	}
	if (source < 0 || (source == VGPU_TRACE_PROCESSES && check_processes(options.shown.word)))
		return VGPU_EXIT_FAILED;
	top.target = options.shown.word;
	top.live = source == VGPU_TRACE_PROCESSES;
	top.open = top.live ? vgpu_top_processes_open : vgpu_top_recording_open;
	if (options.shown.once)
		return once(&top, options.width);
	name_places(&options, &top);
	err = interactive(&top, &signal);
	vgpu_backtrace_close(options.shown.places);
	return err;
}
