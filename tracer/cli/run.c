// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace run: prepares a recording, starts the command, passes its exit code on. */
#include "tracer/cli/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/backend/sim/device.h"
#include "tracer/cli/args.h"
#include "tracer/cli/command.h"
#include "tracer/cli/faults.h"
#include "tracer/cli/record.h"
#include "tracer/cli/run_kernel.h"
#include "tracer/cli/say.h"
#include "tracer/source/facts.h"
#include "tracer/source/host.h"

/* Refuses what the libraries would refuse, while there is still somebody to tell. */
static bool check_device(struct vgpu_run_options *options)
{
	static struct vgpu_simdev simdev;
	static char title[sizeof(simdev.device[0].name) + 32], absolute[4096];
	struct vgpu_simdev_error error;
	struct vgpu_text why = { 0 };
	const char *inherited = getenv("VGPU_DEVICE");
	char text[512];

	if (!options->device && inherited && *inherited)
		options->device = inherited;
	if (!vgpu_run_puts_in(options) || (options->mode != VGPU_SHIM_SIM && !options->device))
		return true;
	if (vgpu_simdev_load(&simdev, options->device, &error)) {
		vgpu_simdev_describe(&error, options->device ? options->device : "", text, sizeof(text));
		vgpu_say_error("cannot use the device %s", text);
		return false;
	}
	if (!vgpu_faults_check(&simdev, &why)) {
		vgpu_say_error("cannot use the device %s: a fault in it: %s", options->device, vgpu_text_string(&why));
		vgpu_say_more("`vgpu-trace functions --signature NAME` shows the names that there are.");
		vgpu_text_free(&why);
		return false;
	}
	if (simdev.count > 1)
		snprintf(title, sizeof(title), "%u devices, first %s", simdev.count, simdev.device[0].name);
	else
		snprintf(title, sizeof(title), "%s", simdev.count ? simdev.device[0].name : "no device");
	options->device_title = title;
	/* The processes may run in other directories. */
	if (options->device && strchr(options->device, '/') && options->device[0] != '/' &&
	    realpath(options->device, absolute))
		options->device = absolute;
	else if (options->device && !access(options->device, R_OK) && realpath(options->device, absolute))
		options->device = absolute;
	return true;
}

static bool find_target(struct vgpu_run *run)
{
	const char *path = run->options->forward;
	int bits = vgpu_forward_find(&run->forward, path, run->libdir);

	if (bits > 0) {
		run->libraries = bits;
		snprintf(run->forward_title, sizeof(run->forward_title), "%.900s%s", path,
			 run->forward.ours ? " (SIMULATED: a copy of ours)" : "");
		return true;
	}
	if (bits == -ELOOP) {
		vgpu_say_error("cannot forward to '%s': that is our own library; it would answer itself", path);
		vgpu_say_more("To try it without a GPU, copy the libraries to another directory under their real names.");
	} else if (bits == -ENOENT) {
		vgpu_say_error("cannot forward to '%s': no libcuda.so.1 and no libnvidia-ml.so.1 there", path);
		vgpu_say_more("`vgpu-trace doctor` says where this machine has them.");
	} else {
		vgpu_say_error("cannot forward to '%s': %s", path,
			       bits == -ENOEXEC ? "no library for this machine" : strerror(-bits));
	}
	return false;
}

/* What is put in must be had; the link observer is gone without. */
static bool find_libraries(struct vgpu_run *run)
{
	const struct vgpu_run_options *options = run->options;
	struct vgpu_text missing = { 0 };
	int err, audit_err;

	run->libraries = VGPU_INJECT_ALL;
	err = vgpu_inject_libdir(run->libdir, sizeof(run->libdir), &missing);
	audit_err = options->no_link ? -ECANCELED : err ? err : vgpu_inject_auditor(run->libdir, run->auditor, sizeof(run->auditor));
	if (audit_err) {
		run->auditor[0] = '\0';
		run->no_auditor = options->no_link	   ? "--no-link"
				  : audit_err == -EINVAL ? "there is a colon in the path of libvgpu-audit.so, which LD_AUDIT cannot name"
							 : "libvgpu-audit.so is not there";
	}
	if (!err && audit_err && options->inject & VGPU_INJECT_AUDIT) {
		vgpu_say_error("cannot use --inject audit: %s", run->no_auditor);
		vgpu_text_free(&missing);
		return false;
	}
	if (!vgpu_run_puts_in(options)) {
		vgpu_text_free(&missing);
		return true;
	}
	if (err) {
		vgpu_say_error("cannot find our libraries (libvgpu-cuda.so and its like)%s: looked in %s",
			       err == -ENOEXEC ? ": what is there is not ours" : "", vgpu_text_string(&missing));
		vgpu_say_more("Set VGPU_TRACE_LIBDIR to the directory that has them.");
	}
	vgpu_text_free(&missing);
	if (!err && run->options->mode == VGPU_SHIM_FORWARD)
		return find_target(run);
	if (!err && run->options->mode == VGPU_SHIM_REPLAY)
		return vgpu_run_replay_read(run);
	return !err;
}

static void ending(void *data, struct vgpu_known *known)
{
	struct vgpu_run *run = data;
	char path[512];

	vgpu_rings_scan(run->rings, run->session.rings, known->ns_pid, known->start_time, true, &run->stream);
	for (unsigned i = 0; vgpu_rings_place(i, geteuid(), path, sizeof(path)); i++)
		if (path[0])
			vgpu_rings_scan(run->rings, path, known->ns_pid, known->start_time, true, &run->stream);
	vgpu_rings_finish(run->rings, known->number, &run->stream);
	if (run->overhear)
		vgpu_overhear_poll(run->overhear, &run->stream);
	vgpu_run_kernel_poll(run, 0, true);
}

static void unknown(void *data)
{
	struct vgpu_run *run = data;

	/* It was forked before it made its ring: whoever is behind has its word waiting. */
	if (!run->following) {
		run->following = true;
		vgpu_follow_poll(run->follow, &run->stream);
		run->following = false;
	}
}

static void mapped(void *data, struct vgpu_known *known)
{
	struct vgpu_run *run = data;

	/* A ring that has no file is found here only. */
	vgpu_rings_add_process(run->rings, known->pid, &run->stream);
}

static int open_environment(struct vgpu_run *run)
{
	const struct vgpu_run_options *options = run->options;
	int err = vgpu_session_open(&run->session, options->ring_dir);
	struct vgpu_inject_options inject;

	if (!err && run->replay)
		err = vgpu_run_replay_write(run);
	inject = vgpu_run_inject(run);
	inject.links = run->session.links;
	inject.ring_dir = run->session.rings;
	inject.session = run->session.id;
	inject.preload = getenv("LD_PRELOAD");
	inject.library_path = getenv("LD_LIBRARY_PATH");
	inject.auditor = run->auditor[0] ? run->auditor : NULL;
	inject.audit = getenv("LD_AUDIT");
	if (!err && inject.how)
		err = vgpu_inject_links(run->libdir, run->session.links, run->libraries);
	if (!err) {
		run->variables = vgpu_inject_environment(&inject, run->environment);
		err = run->variables < 0 ? run->variables : 0;
	}
	if (err)
		vgpu_say_error("cannot make a directory for the recording: %s", strerror(-err));
	return err;
}

static const char *variable(const struct vgpu_run *run, const char *name)
{
	for (int i = 0; i < run->variables; i++)
		if (!strcmp(run->environment[i].name, name))
			return run->environment[i].value;
	return NULL;
}

/* In the child, as it is about to execute: apart from a terminal that shows something else, it says what it says to a file. */
static void prepare(void *data)
{
	struct vgpu_run *run = data;
	int nothing;

	if (run->apart) {
		setsid();
		nothing = open("/dev/null", O_RDONLY);
		if (nothing > STDIN_FILENO) {
			dup2(nothing, STDIN_FILENO);
			close(nothing);
		}
	}
	if (run->says >= 0) {
		dup2(run->says, STDOUT_FILENO);
		dup2(run->says, STDERR_FILENO);
	}
	if (run->overhear)
		vgpu_overhear_prepare(run->overhear);
}

/* A file that was asked for must be had; the default one is a convenience. */
static int open_file(struct vgpu_run *run)
{
	const struct vgpu_record_options *options = &run->options->record;
	bool asked = options->file || options->append || options->max_size;
	struct vgpu_vgt_reader *earlier;
	int err;

	run->file = options->file ? options->file : VGPU_RUN_FILE;
	if (run->options->no_record)
		return 0;
	if (!options->file && !options->append && !vgpu_vgt_open(&earlier, VGPU_RUN_FILE)) {
		vgpu_vgt_reader_close(earlier);
		rename(VGPU_RUN_FILE, VGPU_RUN_FILE ".old");
	}
	err = vgpu_record_open(&run->writer, run->file, options, &run->begin);
	if (!asked) {
		run->file_error = err;
		return 0;
	}
	if (err)
		vgpu_record_say(run->file, options, err);
	return err;
}

/* Opens sources and sinks, in the order in which they are to get events. */
static int open_parts(struct vgpu_run *run)
{
	const struct vgpu_run_options *options = run->options;
	struct vgpu_rings_options rings = { .session = run->session.id, .pending_ns = 500000000, .patient = true,
					    .unknown = unknown, .data = run, .remove = true };
	struct vgpu_follow_options follow = {
		.look = vgpu_run_puts_in(options),
		.poll_only = getenv("VGPU_TRACE_FOLLOW") && !strcmp(getenv("VGPU_TRACE_FOLLOW"), "poll"),
		.preload = options->inject & VGPU_INJECT_PRELOAD ? run->session.links : NULL,
		.library_path = options->inject & VGPU_INJECT_PATH ? run->session.links : NULL,
		.redirect = options->inject & VGPU_INJECT_AUDIT ? run->auditor : NULL,
		.audit = run->auditor[0] ? run->auditor : NULL,
		.link_dir = run->session.rings,
		.ending = ending,
		.mapped = mapped,
		.data = run,
	};
	struct vgpu_text_options text = { .times = options->times, .line = vgpu_say_line,
					  .data = (void *)(intptr_t)STDERR_FILENO };
	int err = vgpu_model_open(&run->model);
	struct vgpu_stream *out = NULL;
	struct vgpu_proc own;

	if (!vgpu_proc_stat(getpid(), &own))
		rings.since = own.start_time;
	vgpu_look_for(STDERR_FILENO, &run->look);
	run->look.full = options->full;
	text.look = run->look;
	text.model = run->model;
	if (!err)
		out = vgpu_record_through(&run->gate, &options->record, run->model, &run->stream);
	if (!err)
		err = out ? vgpu_stream_add(out, &run->model->sink) : -ENOSPC;
	if (!err && run->writer)
		err = vgpu_stream_add(out, vgpu_vgt_sink(run->writer));
	if (!err && !options->quiet)
		err = vgpu_text_export_open(&run->text, &text);
	if (!err && run->text)
		err = vgpu_stream_add(out, vgpu_text_export_sink(run->text));
	/* Nobody reads it: at a million calls a second it would be half of the work. */
	if (!err && !options->quiet)
		err = vgpu_verdict_open(&run->verdict, run->model);
	if (!err && run->verdict)
		err = vgpu_stream_add(out, vgpu_verdict_sink(run->verdict));
	if (!err)
		err = vgpu_image_files_open(&run->images, run->model);
	if (!err)
		err = vgpu_stream_add(out, vgpu_image_files_sink(run->images));
	if (!err)
		err = vgpu_roster_open(&run->roster);
	if (!err)
		vgpu_roster_start(run->roster, run->begin.processes, run->begin.threads);
	run->stream.number = run->begin.events;
	if (!err && vgpu_run_kernel_open(run))
		return -EIO;
	if (!err)
		vgpu_image_files_to(run->images, run->merge ? &run->out : &run->stream);
	/* Where the kernel observer is on, it records what is written there, too. */
	if (!err && options->notify && !run->kwatch)
		err = vgpu_overhear_open(&run->overhear, run->roster);
	run->spawn.prepare = prepare;
	run->spawn.prepare_data = run;
	follow.execs_told = run->kwatch != NULL;
	rings.roster = follow.roster = run->roster;
	if (!err)
		err = vgpu_rings_open(&run->rings, &rings);
	if (!err)
		err = vgpu_follow_open(&run->follow, &follow);
	if (err)
		vgpu_say_error("cannot start recording: %s", strerror(-err));
	return err;
}

static void emit_session(struct vgpu_run *run)
{
	const struct vgpu_run_options *options = run->options;
	const char *preload = variable(run, "LD_PRELOAD"), *library_path = variable(run, "LD_LIBRARY_PATH");
	struct vgpu_text words = { 0 };
	char directory[4096];
	struct vgpu_event event = {
		.kind = VGPU_EVENT_SESSION,
		.observer = VGPU_OBSERVER_TRACER,
		.session = {
			.id = run->session.id,
			.directory = getcwd(directory, sizeof(directory)),
			.mode = options->mode,
			.inject = vgpu_run_puts_in(options) ? options->inject_name : NULL,
			.device = options->mode == VGPU_SHIM_SIM ? options->device_title : run->forward_title,
			.stacks = options->stacks,
			.ring_dir = run->session.rings,
		},
	};

	for (int i = 0; i < options->words && words.size < 65536; i++)
		vgpu_text_add(&words, options->command[i], strlen(options->command[i]) + 1);
	event.session.command = (struct vgpu_strings){ words.bytes, words.size };
	event.session.filter = options->record.expression;
	vgpu_host_emit(&run->stream);
	vgpu_facts_emit(&run->stream);
	vgpu_stream_emit(&run->stream, &event);
	vgpu_answer_emit(&run->stream, "libcuda.so.1", preload ? preload : getenv("LD_PRELOAD"),
			 library_path ? library_path : getenv("LD_LIBRARY_PATH"));
	vgpu_answer_emit(&run->stream, "libnvidia-ml.so.1", preload ? preload : getenv("LD_PRELOAD"),
			 library_path ? library_path : getenv("LD_LIBRARY_PATH"));
	if (vgpu_run_puts_in(options))
		vgpu_coverage_emit(&run->stream, VGPU_OBSERVER_RING, 1, vgpu_now_ns(), NULL);
	else
		vgpu_coverage_emit(&run->stream, VGPU_OBSERVER_RING, 0, 0,
				   "--shim none puts no library of ours in");
	if (run->auditor[0])
		vgpu_coverage_emit(&run->stream, VGPU_OBSERVER_LINK, 1, vgpu_now_ns(), NULL);
	else
		vgpu_coverage_emit(&run->stream, VGPU_OBSERVER_LINK, 0, 0, run->no_auditor);
	vgpu_text_free(&words);
}

void vgpu_run_init(struct vgpu_run *run, struct vgpu_run_options *options)
{
	*run = (struct vgpu_run){ .options = options, .session.lock = -1, .says = -1,
				  .spawn = { .signals = -1, .go = -1, .error = -1 } };
}

int vgpu_run_open(struct vgpu_run *run)
{
	if (!check_device(run->options) || !find_libraries(run))
		return -EINVAL;
	if (run->options->print_env)
		return 0;
	return open_file(run) || open_environment(run) || open_parts(run) ? -EIO : 0;
}

int vgpu_run_start(struct vgpu_run *run)
{
	int err = vgpu_spawn_hold(&run->spawn, run->options->command, run->environment, run->variables);
	uint64_t time_ns;

	if (err) {
		vgpu_say_error("cannot start '%s': %s", run->options->command[0], strerror(-err));
		return VGPU_EXIT_OWN;
	}
	emit_session(run);
	err = vgpu_follow_start(run->follow, run->spawn.pid, &run->stream);
	if (!err)
		vgpu_run_kernel_start(run);
	time_ns = vgpu_now_ns();
	if (!err)
		err = vgpu_spawn_go(&run->spawn);
	if (!err) {
		vgpu_follow_executes(run->follow, run->options->command, time_ns, &run->stream);
		return 0;
	}
	waitpid(run->spawn.pid, NULL, 0);
	vgpu_say_error("cannot run '%s': %s", run->options->command[0], strerror(-err));
	if (err == -ENOENT && !strchr(run->options->command[0], '/'))
		vgpu_say_more("It is in no directory of PATH.");
	return err == -ENOENT ? VGPU_EXIT_NO_FILE : VGPU_EXIT_NO_EXEC;
}

int vgpu_run_add_sink(struct vgpu_run *run, struct vgpu_sink *sink)
{
	return vgpu_stream_add(run->merge ? &run->out : &run->stream, sink);
}

void vgpu_run_drop_sinks(struct vgpu_run *run, unsigned count)
{
	struct vgpu_stream *stream = run->merge ? &run->out : &run->stream;

	stream->count -= count < stream->count ? count : stream->count;
}

int vgpu_run_code(const struct vgpu_run *run)
{
	return WIFSIGNALED(run->status) ? 128 + WTERMSIG(run->status) : WEXITSTATUS(run->status);
}

void vgpu_run_close(struct vgpu_run *run, bool running)
{
	vgpu_spawn_close(&run->spawn);
	vgpu_run_kernel_close(run);
	vgpu_overhear_close(run->overhear);
	vgpu_follow_close(run->follow);
	vgpu_rings_close(run->rings);
	vgpu_roster_close(run->roster);
	vgpu_image_files_close(run->images);
	vgpu_verdict_close(run->verdict);
	vgpu_text_export_close(run->text);
	vgpu_vgt_close(run->writer);
	vgpu_model_close(run->model);
	vgpu_environment_free(run->environment, run->variables > 0 ? run->variables : 0);
	vgpu_run_replay_close(run);
	vgpu_session_close(&run->session, running);
}

int vgpu_cmd_run(const struct vgpu_command *command, int argc, char **argv)
{
	struct vgpu_run_options options = { 0 };
	struct vgpu_run run;
	int code = VGPU_EXIT_OWN, err = vgpu_run_parse(command, argc, argv, &options);
	unsigned running = 0;

	if (err) {
		vgpu_record_options_free(&options.record);
		return err == VGPU_ARGS_HELP ? VGPU_EXIT_DONE : command->usage_code;
	}
	vgpu_run_init(&run, &options);
	err = vgpu_run_open(&run);
	if (!err && options.print_env)
		code = vgpu_run_print_env(&run);
	else if (!err)
		code = vgpu_run_start(&run);
	if (!err && !options.print_env && !code) {
		vgpu_run_loop(&run);
		running = vgpu_run_finish(&run);
		code = vgpu_run_code(&run);
	}
	vgpu_run_close(&run, running > 0);
	vgpu_record_options_free(&options.record);
	return code;
}
