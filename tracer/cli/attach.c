// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace attach: which processes, by which observers, into which sinks. */
#include "tracer/cli/attach.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tracer/cli/args.h"
#include "tracer/cli/command.h"
#include "tracer/cli/say.h"
#include "tracer/source/kernel/kernel.h"

/* A call that runs for so long is reported as running. */
#define PENDING_NS UINT64_C(500000000)

enum {
	OPTION_WAIT = VGPU_OPTION, OPTION_ALL, OPTION_RING, OPTION_METHOD, OPTION_LIB, OPTION_PROBE,
	OPTION_RETURNS, OPTION_DESCRIPTORS, OPTION_NO_STOP, OPTION_BUFFER, OPTION_NO_FILES, OPTION_FULL, OPTION_TIME,
};

const struct vgpu_option vgpu_options_attach[] = {
	{ "output", 'o', "FILE", "record to FILE (.vgt) as well" },
	{ "append", VGPU_OPTION_APPEND, NULL, "with -o: go on behind what was recorded to FILE before" },
	VGPU_RECORD_OPTIONS("first: the oldest (default); attach ends then, the processes go on"),
	{ "wait", OPTION_WAIT, NULL, "wait until a program of that name starts, and follow it from its first moment" },
	{ "all", OPTION_ALL, NULL, "every process that maps or calls a GPU library from now on" },
	{ "ring", OPTION_RING, NULL, "only what the shim recorded: needs no rights" },
	{ "lib", OPTION_LIB, "GLOB", "observe every exported function of such libraries, too (may be repeated)" },
	{ "probe", OPTION_PROBE, "PROBE", "observe one function: 'LIB:FUNCTION(int,ptr,str)->int'; also one that is not\n"
					  "exported. Types: int, uint, long, ulong, bool, ptr, str (may be repeated)" },
	{ "returns", OPTION_RETURNS, NULL, "--lib, --probe: also what C++ functions return. A program whose exception passes\n"
					   "through one of them is ended by that" },
	{ "descriptors", OPTION_DESCRIPTORS, "LIST", "record what is written to these: '2' (default), '1,2', 'none'" },
	{ "no-files", OPTION_NO_FILES, NULL, "do not record which files about GPUs are opened (that and --descriptors cost, where\n"
					     "`doctor` does not have 'functions', every system call of the machine some 100 ns)" },
	{ "attach-method", OPTION_METHOD, "multi|tracefs", "how the probes are attached (default: what this kernel has)" },
	{ "buffer", OPTION_BUFFER, "MIB", "memory a processor for what was not read yet (default 16; 1 to 1024)" },
	{ "no-stop", OPTION_NO_STOP, NULL, "do not stop its threads for a moment to see which calls they are in" },
	{ "quiet", 'q', NULL, "print only the verdict" },
	{ "full", OPTION_FULL, NULL, "print values whole" },
	{ "time", OPTION_TIME, NULL, "begin each line with the seconds since the start" },
	{ .name = NULL },
};

static bool parse_descriptors(const char *list, uint32_t *bits)
{
	char *end;

	*bits = 0;
	if (!strcmp(list, "none"))
		return true;
	for (const char *at = list; *at; at = end + (*end == ',')) {
		long n = strtol(at, &end, 10);

		if (end == at || n < 0 || n > 31 || (*end && *end != ',')) {
			vgpu_say_error("attach: --descriptors wants numbers from 0 to 31 with commas between, or 'none', not '%s'",
				       list);
			return false;
		}
		*bits |= 1u << n;
	}
	return true;
}

static bool append(const char **list, int *count, const char *word, const char *what)
{
	if (*count == VGPU_ATTACH_LIST) {
		vgpu_say_error("attach: at most %d %s", VGPU_ATTACH_LIST, what);
		return false;
	}
	list[(*count)++] = word;
	return true;
}

static int parse(const struct vgpu_command *command, int argc, char **argv, struct vgpu_attach_options *options)
{
	static const char *const methods[] = { "auto", "multi", "tracefs", NULL };
	struct vgpu_args args = { .command = command, .argc = argc, .argv = argv };
	int option, i;
	long n;

	options->descriptors = 1u << STDERR_FILENO;
	while ((option = vgpu_args_next(&args)) >= 0) {
		i = vgpu_record_option(&options->record, &args, option);
		if (i < 0)
			return VGPU_ARGS_ERROR;
		if (i > 0)
			continue;
		switch (option) {
		case OPTION_WAIT:
			options->wait = true;
			break;
		case OPTION_ALL:
			options->all = true;
			break;
		case OPTION_RING:
			options->ring_only = true;
			break;
		case OPTION_METHOD:
			i = vgpu_args_word(&args, "--attach-method", methods);
			if (i < 0)
				return VGPU_ARGS_ERROR;
			options->method = i;
			break;
		case OPTION_LIB:
			if (!append(options->libraries, &options->library_count, args.value, "libraries"))
				return VGPU_ARGS_ERROR;
			break;
		case OPTION_PROBE:
			if (!append(options->probes, &options->probe_count, args.value, "probes"))
				return VGPU_ARGS_ERROR;
			break;
		case OPTION_RETURNS:
			options->returns = true;
			break;
		case OPTION_DESCRIPTORS:
			if (!parse_descriptors(args.value, &options->descriptors))
				return VGPU_ARGS_ERROR;
			break;
		case OPTION_NO_STOP:
			options->no_stop = true;
			break;
		case OPTION_BUFFER:
			if (!vgpu_args_number(&args, "--buffer", 1, 1024, &n))
				return VGPU_ARGS_ERROR;
			options->buffer_bytes = (uint32_t)n << 20;
			break;
		case OPTION_NO_FILES:
			options->no_files = true;
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
	for (i = 0; i < args.count; i++)
		if (!append(options->words, &options->word_count, args.positional[i], "processes"))
			return VGPU_ARGS_ERROR;
	if (options->word_count ? options->all : !options->all) {
		vgpu_say_error(options->all ? "attach: --all is every process: name none" : "attach: to what?");
		vgpu_say_more("usage: vgpu-trace attach [OPTION…] PID|NAME");
		return VGPU_ARGS_ERROR;
	}
	if ((options->record.append || options->record.max_size) && !options->record.file) {
		vgpu_say_error("attach: %s what? -o FILE names it", options->record.append ? "--append to" : "--max-size of");
		return VGPU_ARGS_ERROR;
	}
	if (!vgpu_record_check(&options->record, "attach"))
		return VGPU_ARGS_ERROR;
	if (options->wait && (options->word_count != 1 || strspn(options->words[0], "0123456789") == strlen(options->words[0]))) {
		vgpu_say_error("attach: --wait wants the name of one program");
		return VGPU_ARGS_ERROR;
	}
	if (options->ring_only && (options->wait || options->all)) {
		vgpu_say_error("attach: --ring reads what running processes recorded: name one");
		return VGPU_ARGS_ERROR;
	}
	return 0;
}

/* ---- processes ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

struct search {
	struct vgpu_attach *attach;
	const char *word;
	pid_t pid;
	bool failed;
};

static int look_at(pid_t pid, void *data)
{
	struct search *search = data;
	struct vgpu_proc proc;
	bool fits;
	pid_t *grown;

	if (search->pid ? pid != search->pid : pid == getpid())
		return 0;
	if (vgpu_proc_read(pid, &proc))
		return 0;
	fits = search->pid || !strcmp(proc.comm, search->word) || !strcmp(base_name(proc.exe), search->word) ||
	       (proc.argv_size && !strcmp(base_name(proc.argv), search->word));
	fits &= proc.state != 'Z' && proc.state != 'X';
	vgpu_proc_free(&proc);
	if (!fits)
		return 0;
	grown = realloc(search->attach->pids, (search->attach->pid_count + 1) * sizeof(*grown));
	if (!grown) {
		search->failed = true;
		return 1;
	}
	search->attach->pids = grown;
	grown[search->attach->pid_count++] = pid;
	return 0;
}

static int find_processes(struct vgpu_attach *attach)
{
	for (int i = 0; i < attach->options->word_count; i++) {
		const char *word = attach->options->words[i];
		struct search search = { .attach = attach, .word = word };
		unsigned before = attach->pid_count;

		if (strspn(word, "0123456789") == strlen(word) && strlen(word) < 10)
			search.pid = atoi(word);
		vgpu_proc_each(look_at, &search);
		if (search.failed)
			return -ENOMEM;
		if (attach->pid_count > before || attach->options->wait)
			continue;
		if (search.pid)
			vgpu_say_error("cannot attach to %s: there is no such process", word);
		else {
			vgpu_say_error("cannot attach to '%s': no process of that name is running", word);
			vgpu_say_more("`vgpu-trace attach --wait %s` waits for it to start.", word);
		}
		return -ESRCH;
	}
	return 0;
}

/* ---- what is missing ---- */

static int refuse(const struct vgpu_attach_options *options, int err, const char *why)
{
	static const char *const names[] = { "", "CAP_BPF", "CAP_PERFMON", "CAP_BPF and CAP_PERFMON" };
	const char *word = options->word_count ? options->words[0] : "all processes";
	unsigned lacks = vgpu_kernel_lacks();

	if (err == -EPERM && lacks) {
		vgpu_say_error("cannot attach to %s: uprobes need CAP_BPF and CAP_PERFMON; you have %s.", word,
			       lacks == (VGPU_KERNEL_NEEDS_BPF | VGPU_KERNEL_NEEDS_PERFMON)
				       ? "neither"
				       : names[~lacks & (VGPU_KERNEL_NEEDS_BPF | VGPU_KERNEL_NEEDS_PERFMON)]);
		if (options->word_count)
			vgpu_say_more("Without them: `vgpu-trace attach --ring %s` shows what the shim recorded.", word);
		vgpu_say_more("With sudo, or once: sudo setcap cap_bpf,cap_perfmon+ep $(command -v vgpu-trace)");
		return err;
	}
	vgpu_say_error("cannot attach to %s: %s", word, why[0] ? why : strerror(-err));
	if (err != -EINVAL && options->word_count)
		vgpu_say_more("Without the kernel observer: `vgpu-trace attach --ring %s` shows what the shim recorded.", word);
	return err;
}

/* ---- parts ---- */

static int open_observers(struct vgpu_attach *attach)
{
	const struct vgpu_attach_options *options = attach->options;
	char why[512] = "";
	struct vgpu_kwatch_options watch = {
		.method = options->method,
		.ring_bytes = options->buffer_bytes,
		.descriptors = options->descriptors,
		.wait = options->wait ? options->words[0] : NULL,
		.everyone = options->all,
		.objects = true,
		.returns = options->returns,
		.libraries = options->libraries,
		.probes = options->probes,
		.stop = !options->no_stop,
		.no_files = options->no_files,
		.filter = options->record.filter,
		.why = why,
		.why_size = sizeof(why),
	};
	int err = vgpu_observers_open(&attach->on, options->ring_only ? NULL : &watch, PENDING_NS, &attach->out);

	if (!err)
		return 0;
	if (options->ring_only)
		vgpu_say_error("cannot start: %s", strerror(-err));
	return options->ring_only ? err : refuse(options, err, why);
}

static int open_file(struct vgpu_attach *attach, struct vgpu_stream *out)
{
	const struct vgpu_record_options *options = &attach->options->record;
	const char *file = options->file;
	int err;

	if (!file)
		return 0;
	err = vgpu_record_open(&attach->writer, file, options, &attach->begin);
	if (err)
		vgpu_record_say(file, options, err);
	attach->out.number = attach->begin.events;
	vgpu_roster_start(attach->on.roster, attach->begin.processes, attach->begin.threads);
	return err ? err : vgpu_stream_add(out, vgpu_vgt_sink(attach->writer));
}

static int open_parts(struct vgpu_attach *attach)
{
	const struct vgpu_attach_options *options = attach->options;
	struct vgpu_text_options text = { .times = options->times, .line = vgpu_say_line,
					  .data = (void *)(intptr_t)STDOUT_FILENO };
	int err = vgpu_model_open(&attach->model);
	struct vgpu_stream *out = NULL;

	vgpu_look_for(STDOUT_FILENO, &attach->look);
	attach->look.full = options->full;
	text.look = attach->look;
	text.model = attach->model;
	if (!err)
		out = vgpu_record_through(&attach->gate, &options->record, attach->model, &attach->out);
	if (!err)
		err = out ? vgpu_stream_add(out, &attach->model->sink) : -ENOSPC;
	if (!err && open_file(attach, out))
		return -EIO;
	if (!err && !options->quiet)
		err = vgpu_text_export_open(&attach->text, &text);
	if (!err && attach->text)
		err = vgpu_stream_add(out, vgpu_text_export_sink(attach->text));
	if (!err)
		err = vgpu_verdict_open(&attach->verdict, attach->model);
	if (!err)
		err = vgpu_stream_add(out, vgpu_verdict_sink(attach->verdict));
	if (!err)
		err = vgpu_image_files_open(&attach->images, attach->model);
	if (!err)
		err = vgpu_stream_add(out, vgpu_image_files_sink(attach->images));
	if (!err)
		vgpu_image_files_to(attach->images, &attach->out);
	if (err)
		vgpu_say_error("cannot start: %s", strerror(-err));
	return err;
}

static int open_signals(struct vgpu_attach *attach)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	attach->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return attach->signals < 0 ? -errno : 0;
}

int vgpu_cmd_attach(const struct vgpu_command *command, int argc, char **argv)
{
	struct vgpu_attach_options options = { 0 };
	struct vgpu_attach attach = { .options = &options, .signals = -1 };
	int code = VGPU_EXIT_FAILED, err = parse(command, argc, argv, &options);

	if (err) {
		vgpu_record_options_free(&options.record);
		return err == VGPU_ARGS_HELP ? VGPU_EXIT_DONE : command->usage_code;
	}
	if (!find_processes(&attach) && !open_signals(&attach) && !open_observers(&attach) && !open_parts(&attach))
		code = vgpu_attach_run(&attach);
	vgpu_observers_close(&attach.on);
	vgpu_image_files_close(attach.images);
	vgpu_verdict_close(attach.verdict);
	vgpu_text_export_close(attach.text);
	vgpu_vgt_close(attach.writer);
	vgpu_model_close(attach.model);
	if (attach.signals >= 0)
		close(attach.signals);
	free(attach.pids);
	vgpu_record_options_free(&options.record);
	return code;
}
