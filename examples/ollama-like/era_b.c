/* SPDX-License-Identifier: Apache-2.0 */
/* Era B: a runner without a model is started, asked over HTTP, and killed. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "examples/ollama-like/environment.h"
#include "examples/ollama-like/eras.h"
#include "examples/ollama-like/http.h"
#include "examples/ollama-like/log.h"
#include "examples/ollama-like/passes.h"
#include "examples/ollama-like/process.h"

#define TICK_NS 10000000

/*
 * Where a child's output goes if not to /dev/null: read as long as it writes, then shown or
 * dropped.
 */
struct drain {
	int fd;
	bool show;
};

static void *drain(void *arg)
{
	struct drain *drain = arg;
	char part[4096];
	ssize_t n;

	while ((n = read(drain->fd, part, sizeof(part))) > 0)
		if (drain->show)
			log_raw(part, (size_t)n);
	close(drain->fd);
	free(drain);
	return NULL;
}

/* The end of a pipe to write to; its other end is read by a thread. -1 where there is none. */
static int start_drain(bool show)
{
	struct drain *how = malloc(sizeof(*how));
	pthread_attr_t detached;
	pthread_t thread;
	int ends[2];

	if (!how || pipe2(ends, O_CLOEXEC)) {
		free(how);
		return -1;
	}
	*how = (struct drain){ ends[0], show };
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &detached, drain, how)) {
		close(ends[0]);
		close(ends[1]);
		free(how);
		return -1;
	}
	return ends[1];
}

/* A port that was free a moment ago. */
static int free_port(void)
{
	int port = 0, fd = http_listen(&port);

	if (fd < 0) {
		log_line(LOG_DEBUG, "server.go:341", "ResolveTCPAddr failed, using random port");
		return (int)(49152 + clock_ns() % (65535 - 49152));
	}
	close(fd);
	return port;
}

static int start_runner(const struct discovery *discovery, const struct strings *folders,
			const struct strings *settings, struct process *runner, int *port)
{
	bool show = log_enabled(LOG_TRACE),
	     piped = show || discovery->options->era->pipes_to_nowhere;
	struct strings argv = { 0 }, all = { 0 }, environment = { 0 };
	const char *inherited = getenv("LD_LIBRARY_PATH");
	struct process_files files = { -1, -1, -1 };
	char *own = strings_join(folders, ":"), *joined, *line;
	int error;

	*port = free_port();
	strings_add(&argv, "%s", process_self());
	strings_split(&argv, "runner,--ollama-engine,--port", ',');
	strings_add(&argv, "%d", *port);

	/* Ollama's own folders first: what the user had in front comes behind them. */
	joined = inherited ? text_of("%s:%s", own, inherited) : text_of("%s", own);
	settings_set(&all, "LD_LIBRARY_PATH", joined);
	settings_set(&all, "OLLAMA_LIBRARY_PATH", own);
	strings_copy(&all, settings);
	environment_with(&environment, &all);

	if (piped) {
		files.out = start_drain(show);
		files.err = start_drain(show);
	}
	line = strings_join(&argv, " ");
	log_fields(LOG_INFO, "server.go:431", "starting runner", "cmd=%s", line);
	log_environment(LOG_DEBUG, "server.go:432", "subprocess", &environment);
	error = process_start(runner, &argv, &environment, &files);
	if (files.out >= 0)
		close(files.out);
	if (files.err >= 0)
		close(files.err);
	free(line);
	free(joined);
	free(own);
	strings_free(&argv);
	strings_free(&all);
	strings_free(&environment);
	return error;
}

/* Asks every 10 ms until there is an answer. NULL, or why there is none, owned by the caller. */
static char *poll_runner(struct process *runner, int port, uint64_t deadline_ns,
			 struct devices *out)
{
	uint64_t next_ns = clock_ns();

	for (;;) {
		char *body = NULL, *error = NULL;
		struct timespec until;
		int status;

		next_ns += TICK_NS;
		if (next_ns > deadline_ns)
			next_ns = deadline_ns;
		until = (struct timespec){ (time_t)(next_ns / 1000000000),
					   (long)(next_ns % 1000000000) };
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
			;
		if (clock_ns() >= deadline_ns)
			return text_of("failed to finish discovery before timeout");

		status = http_get(port, "/info", deadline_ns, &body);
		if (status < 0) {
			if (process_ended(runner))
				return text_of("runner crashed");
			/* A tick that was missed is not made up for. */
			if (clock_ns() > next_ns)
				next_ns = clock_ns();
			continue;
		}
		if (status == 404)
			error = text_of("llamarunner free vram reporting not supported");
		else if (status != 200)
			error = text_of("runner error: %s", body);
		else if (devices_from_json(body, out)) {
			log_line(LOG_WARN, "device.go:717", "unmarshal encode response");
			free(body);
			continue;
		}
		free(body);
		return error;
	}
}

static void ask(const struct discovery *discovery, const struct strings *folders,
		const struct strings *settings, uint64_t deadline_ns, struct devices *out)
{
	char *paths = strings_go(folders), *extra = settings_go(settings), *error, *took;
	uint64_t start_ns = clock_ns();
	struct process runner;
	int status, port;

	log_fields(LOG_TRACE, "runner.go:440", "starting runner for device discovery",
		   "libDirs=%s extraEnvs=%s", paths, extra);
	status = start_runner(discovery, folders, settings, &runner, &port);
	if (status) {
		log_fields(LOG_DEBUG, "runner.go:449", "failed to start runner to discovery GPUs",
			   "error=%s", strerror(-status));
		goto out;
	}
	error = poll_runner(&runner, port, deadline_ns, out);
	if (error && process_ended(&runner) && process_exit_code(&runner) >= 0)
		log_fields(LOG_TRACE, "runner.go:462", "runner exited",
			   "OLLAMA_LIBRARY_PATH=%s extra_envs=%s code=%d", paths, extra,
			   process_exit_code(&runner));
	else if (error)
		log_fields(LOG_INFO, "runner.go:464", "failure during GPU discovery",
			   "OLLAMA_LIBRARY_PATH=%s extra_envs=%s error=%s", paths, extra, error);
	log_fields(LOG_TRACE, "runner.go:467", "runner enumerated devices",
		   "OLLAMA_LIBRARY_PATH=%s devices=%zu", paths, out->count);
	process_kill(&runner);
	free(error);
out:
	took = log_duration(clock_ns() - start_ns);
	log_fields(LOG_DEBUG, "runner.go:437", "bootstrap discovery took",
		   "duration=%s OLLAMA_LIBRARY_PATH=%s extra_envs=%s", took, paths, extra);
	free(took);
	free(paths);
	free(extra);
}

static const struct passes passes = { .ask = ask };

void era_b_discover(struct discovery *discovery)
{
	passes_discover(discovery, &passes);
}

void era_b_refresh(struct discovery *discovery)
{
	passes_refresh(discovery, &passes);
}
