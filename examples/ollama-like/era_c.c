/* SPDX-License-Identifier: Apache-2.0 */
/* Era C: llama-server until it names its backends, llama-server for its list, and gpu-discover. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "examples/ollama-like/environment.h"
#include "examples/ollama-like/era_c_parse.h"
#include "examples/ollama-like/eras.h"
#include "examples/ollama-like/log.h"
#include "examples/ollama-like/passes.h"
#include "examples/ollama-like/paths.h"
#include "examples/ollama-like/process.h"

/* One look at the devices. */
struct look {
	const struct discovery *discovery;
	const struct strings *folders;
	struct strings environment;
	char *llama_server, *paths; /* paths: the folders as Go prints them */
	uint64_t deadline_ns;
	char *startup, *list, *probe; /* what the three children said */
	struct native_devices native;
	char *error; /* NULL: all went well */
};

/* The library folder's, else the one beside the program. Owned by the caller; NULL: none. */
static char *find_llama_server(const struct discovery *discovery)
{
	char *program = path_directory(process_self());
	const char *const *place = discovery->options->era->places;
	char *path = text_of("%s/llama-server", discovery->folder);

	while (path && !path_exists(path)) {
		free(path);
		path = NULL;
		if (*place) {
			char *folder = text_of("%s/%s/llama-server", program, *place++);

			path = path_absolute(folder);
			free(folder);
		}
	}
	free(program);
	return path;
}

static void add_once(struct strings *list, const char *path)
{
	if (*path && !strings_have(list, path))
		strings_add(list, "%s", path);
}

/* The first library of a backend other than the CPU's. NULL: none; owned by the caller. */
static char *find_backend(const char *folder)
{
	char *pattern = text_of("%s/libggml-*.so*", folder), *found = NULL;
	struct strings files = { 0 };

	paths_glob(&files, pattern);
	for (size_t i = 0; i < files.count && !found; i++)
		if (strncasecmp(path_base(files.at[i]), "libggml-base", 12) &&
		    strncasecmp(path_base(files.at[i]), "libggml-cpu", 11))
			found = text_of("%s", files.at[i]);
	strings_free(&files);
	free(pattern);
	return found;
}

static void make_environment(struct look *look, const struct strings *settings)
{
	char *own = path_directory(look->llama_server), *joined;
	struct strings paths = { 0 }, inherited = { 0 }, all = { 0 };

	strings_copy(&all, settings);
	add_once(&paths, own);
	for (size_t i = 0; i < look->folders->count; i++) {
		const char *folder = look->folders->at[i];
		char *backend;

		if (!strcmp(folder, look->discovery->folder) || !strcmp(folder, own))
			continue;
		backend = settings_get(&all, "GGML_BACKEND_PATH") ? NULL : find_backend(folder);
		if (backend)
			settings_set(&all, "GGML_BACKEND_PATH", backend);
		free(backend);
		add_once(&paths, folder);
	}
	strings_split(&inherited, getenv("LD_LIBRARY_PATH"), ':');
	for (size_t i = 0; i < inherited.count; i++)
		add_once(&paths, inherited.at[i]);
	joined = strings_join(&paths, ":");
	settings_set(&all, "LD_LIBRARY_PATH", joined);
	environment_with(&look->environment, &all);
	free(joined);
	free(own);
	strings_free(&paths);
	strings_free(&inherited);
	strings_free(&all);
}

/* Output of a child, as it comes. */
struct capture {
	int fd; /* -1: closed */
	char *text;
	size_t size;
	FILE *into;
};

static int capture_open(struct capture *capture, int *write_end)
{
	int ends[2];

	*capture = (struct capture){ .fd = -1 };
	capture->into = open_memstream(&capture->text, &capture->size);
	/* The text is there from the first flush on. */
	if (!capture->into || fflush(capture->into))
		abort();
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	capture->fd = ends[0];
	*write_end = ends[1];
	return 0;
}

/* All that was said, owned by the caller. */
static char *capture_close(struct capture *capture)
{
	if (capture->fd >= 0)
		close(capture->fd);
	if (fclose(capture->into))
		abort();
	return capture->text;
}

static void capture_some(struct capture *capture)
{
	char part[4096];
	ssize_t n = read(capture->fd, part, sizeof(part));

	if (n > 0) {
		fwrite(part, 1, (size_t)n, capture->into);
		fflush(capture->into);
		if (log_enabled(LOG_TRACE))
			log_raw(part, (size_t)n);
	} else if (n == 0 || errno != EINTR) {
		close(capture->fd);
		capture->fd = -1;
	}
}

/*
 * Reads until both have ended, the deadline, or `until` has come up in the first one: says which.
 */
static bool capture_until(struct capture *one, struct capture *other, const char *until,
			  uint64_t deadline_ns)
{
	while (one->fd >= 0 || other->fd >= 0) {
		struct pollfd ends[2] = { { .fd = one->fd, .events = POLLIN },
					  { .fd = other->fd, .events = POLLIN } };
		const char *found = until ? strstr(one->text, until) : NULL;
		int left_ms = clock_left_ms(deadline_ns);

		if (found && strchr(found, '\n'))
			return true;
		if (!left_ms || (until && one->fd < 0))
			return false;
		if (poll(ends, 2, left_ms) < 0 && errno != EINTR)
			return false;
		if (ends[0].revents)
			capture_some(one);
		if (ends[1].revents)
			capture_some(other);
	}
	return false;
}

/*
 * Starts a child whose standard error, and standard output, are captured: in one if `other` is
 * NULL.
 */
static int start(const struct look *look, const struct strings *argv, struct process *child,
		 struct capture *one, struct capture *other)
{
	int err = -1, out = -1, status;

	status = capture_open(one, &err);
	if (!status && other)
		status = capture_open(other, &out);
	if (!status)
		status = process_start(child, argv, &look->environment,
				       &(struct process_files){ -1, other ? out : err, err });
	if (err >= 0)
		close(err);
	if (out >= 0)
		close(out);
	return status;
}

static size_t lines_in(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void run_startup(struct look *look)
{
	struct capture errors, output;
	struct strings argv = { 0 };
	struct process child;
	bool told = false;
	char *end;
	int status;

	strings_add(&argv, "%s", look->llama_server);
	strings_add(&argv, "--port");
	strings_add(&argv, "%d", (int)(49152 + clock_ns() % 16383));
	strings_split(&argv, "--host,127.0.0.1,--no-webui,--offline,--verbose", ',');
	status = start(look, &argv, &child, &errors, &output);
	if (status) {
		look->error = text_of("fork/exec %s: %s", look->llama_server, strerror(-status));
		log_fields(LOG_DEBUG, "llama_server.go:85",
			   "llama-server discovery: failed to start", "error=%s", look->error);
	} else {
		told = capture_until(&errors, &output, "system_info:", look->deadline_ns);
		if (process_kill(&child))
			log_fields(
			    LOG_DEBUG, "llama_server.go:121",
			    "llama-server discovery: stopped subprocess after collecting GPU info",
			    "exit=%s libDirs=%s", "unknown", look->paths);
		else if (process_exit_code(&child)) {
			end = process_error(&child);
			log_fields(LOG_DEBUG, "llama_server.go:124",
				   "llama-server discovery: server startup exited",
				   "error=%s exit=%d libDirs=%s", end, process_exit_code(&child),
				   look->paths);
			free(end);
		}
	}
	free(capture_close(&output));
	look->startup = capture_close(&errors);
	if (!status && !told && !clock_left_ms(look->deadline_ns)) {
		log_fields(LOG_WARN, "llama_server.go:130",
			   "llama-server discovery: timed out waiting for server startup",
			   "error=%s libDirs=%s lines_captured=%zu", "context deadline exceeded",
			   look->paths, lines_in(look->startup));
		look->error = text_of("context deadline exceeded");
	} else if (!status && !told) {
		log_fields(LOG_WARN, "llama_server.go:135",
			   "llama-server discovery: system_info line not found in output - CUDA "
			   "architecture filtering "
			   "will be disabled. If GPU inference fails, this may indicate an "
			   "incompatible llama-server "
			   "version.",
			   "libDirs=%s lines_captured=%zu", look->paths, lines_in(look->startup));
	}
	strings_free(&argv);
}

/*
 * Waits for the end of a child that is killed at the deadline. NULL, or what went wrong, owned by
 * the caller.
 */
static char *finish(struct process *child, uint64_t deadline_ns)
{
	if (!process_wait(child, deadline_ns))
		process_kill(child);
	return child->status ? process_error(child) : NULL;
}

static void run_list(struct look *look)
{
	struct capture nothing = { .fd = -1 }, all;
	struct strings argv = { 0 };
	struct process child;
	char *error;
	int status;

	strings_add(&argv, "%s", look->llama_server);
	strings_split(&argv, "--list-devices,--offline,--verbose", ',');
	status = start(look, &argv, &child, &all, NULL);
	if (status) {
		error = text_of("fork/exec %s: %s", look->llama_server, strerror(-status));
	} else {
		capture_until(&all, &nothing, NULL, look->deadline_ns);
		error = finish(&child, look->deadline_ns);
	}
	look->list = capture_close(&all);
	if (error) {
		log_fields(LOG_DEBUG, "llama_server.go:150", "llama-server --list-devices failed",
			   "error=%s", error);
		look->error = text_of("llama-server --list-devices failed: %s", error);
		free(error);
	}
	strings_free(&argv);
}

static void run_probe(struct look *look)
{
	uint64_t limit_ns = deadline_in(look->discovery->options, 15);
	struct capture errors, output;
	struct strings argv = { 0 };
	struct process child;
	char *error, *json;
	int status;

	if (limit_ns > look->deadline_ns)
		limit_ns = look->deadline_ns;
	strings_add(&argv, "%s", process_self());
	strings_add(&argv, "gpu-discover");
	for (size_t i = 0; i < look->folders->count; i++) {
		strings_add(&argv, "--lib-dir");
		strings_add(&argv, "%s", look->folders->at[i]);
	}
	status = start(look, &argv, &child, &errors, &output);
	if (status) {
		error = text_of("fork/exec %s: %s", process_self(), strerror(-status));
	} else {
		capture_until(&errors, &output, NULL, limit_ns);
		error = finish(&child, limit_ns);
	}
	if (error && !clock_left_ms(limit_ns)) {
		free(error);
		error = text_of("context deadline exceeded");
	}
	json = capture_close(&output);
	look->probe = capture_close(&errors);
	if (!error && native_from_json(json, &look->native))
		error = text_of("invalid character in JSON");
	if (error && *look->probe)
		log_fields(LOG_DEBUG, "native_probe.go:266", "native GPU discovery failed",
			   "error=%s stderr=%s libDirs=%s", error, look->probe, look->paths);
	else if (error)
		log_fields(LOG_DEBUG, "native_probe.go:269", "native GPU discovery failed",
			   "error=%s libDirs=%s", error, look->paths);
	free(error);
	free(json);
	strings_free(&argv);
}

/* The last line that looks like an error; owned by the caller. */
static char *detail_of(const struct look *look)
{
	static const char *const signs[] = { "CUDA error", "error:", "Error:", "GGML_ASSERT",
					     "cudaMalloc failed" };
	const char *const said[] = { look->startup, look->list, look->probe };
	char *detail = text_of("%s", "");

	for (size_t s = 0; s < sizeof(said) / sizeof(said[0]); s++) {
		struct strings lines = { 0 };

		strings_split(&lines, said[s], '\n');
		for (size_t i = 0; i < lines.count; i++)
			for (size_t k = 0; k < sizeof(signs) / sizeof(signs[0]); k++) {
				const char *at = strstr(lines.at[i], signs[k]);

				if (!at)
					continue;
				free(detail);
				detail = text_of("%s", at);
				break;
			}
		strings_free(&lines);
	}
	return detail;
}

static void log_failure(const struct look *look, const char *extra)
{
	char *detail = detail_of(look);

	if (!strcmp(look->error, "context deadline exceeded"))
		log_fields(LOG_WARN, "runner.go:584",
			   "llama-server GPU discovery watchdog timed out",
			   "OLLAMA_LIBRARY_PATH=%s extra_envs=%s error=%s", look->paths, extra,
			   look->error);
	log_fields(LOG_INFO, "runner.go:522", "failure during llama-server GPU discovery",
		   "OLLAMA_LIBRARY_PATH=%s extra_envs=%s error=%s detail=%s", look->paths, extra,
		   look->error, detail);
	free(detail);
}

static void ask(const struct discovery *discovery, const struct strings *folders,
		const struct strings *settings, uint64_t deadline_ns, struct devices *out)
{
	struct look *look = calloc(1, sizeof(*look));
	uint64_t start_ns = clock_ns();
	char *extra = settings_go(settings), *both, *took;

	if (!look)
		abort();
	look->discovery = discovery;
	look->folders = folders;
	look->deadline_ns = deadline_ns;
	look->paths = strings_go(folders);
	look->llama_server = find_llama_server(discovery);
	if (look->llama_server) {
		make_environment(look, settings);
		run_startup(look);
		if (!look->error)
			run_list(look);
		if (!look->error)
			run_probe(look);
	} else {
		look->error = text_of("llama-server binary not found (checked: %s/llama-server)",
				      discovery->folder);
		log_fields(LOG_DEBUG, "llama_server.go:46",
			   "llama-server not available for device discovery", "error=%s",
			   look->error);
	}
	if (look->error) {
		log_failure(look, extra);
	} else {
		both = text_of("%s\n%s", look->list, look->startup);
		parse_devices(both, look->probe, folders, &look->native, out);
		free(both);
	}
	took = log_duration(clock_ns() - start_ns);
	log_fields(LOG_DEBUG, "runner.go:494", "bootstrap discovery took",
		   "duration=%s OLLAMA_LIBRARY_PATH=%s extra_envs=%s", took, look->paths, extra);
	free(took);
	free(extra);
	free(look->llama_server);
	free(look->paths);
	free(look->startup);
	free(look->list);
	free(look->probe);
	free(look->error);
	strings_free(&look->environment);
	free(look);
}

/*
 * CUDA 12 libraries need a driver that can read them: from 12.4 on 550, for old cards from 12.8 on
 * 570.
 */
static void drop_old_drivers(const char *folder, struct devices *found)
{
	int driver = 0, major, minor;

	if (strcmp(path_base(folder), "cuda_v12") || !found->count)
		return;
	for (size_t i = 0; i < found->count && !driver; i++)
		driver = found->at[i].nvidia_driver_major;
	if (!driver) {
		log_line(LOG_WARN, "cuda_compat.go:39",
			 "could not verify NVIDIA driver compatibility for CUDA");
		return;
	}
	if (driver >= 570 || !runtime_version(&found->at[0].library_path, &major, &minor) ||
	    major != 12)
		return;
	for (size_t i = found->count; i--;) {
		const struct device *device = &found->at[i];
		const char *required = minor >= 4 && driver < 550                ? "550 or newer"
				       : minor >= 8 && device->compute_major < 7 ? "570 or newer"
										 : NULL;

		if (!required || strcmp(device->library, "CUDA"))
			continue;
		log_fields(LOG_WARN, "cuda_compat.go:65", "NVIDIA driver too old",
			   "device=%s compute=%d.%d driver=%d required_driver=%s",
			   device->description, device->compute_major, device->compute_minor,
			   driver, required);
		devices_remove(found, i);
	}
}

/* Those of CUDA stay unless the user says otherwise. */
static void drop_integrated(struct devices *found)
{
	const char *wish = getenv("OLLAMA_IGPU_ENABLE");
	bool allowed = !wish || !*wish ||
		       (strcmp(wish, "0") && strcasecmp(wish, "false") && strcasecmp(wish, "f"));

	for (size_t i = found->count; i--;) {
		const struct device *device = &found->at[i];

		if (!device->integrated || (allowed && (wish || !strcmp(device->library, "CUDA"))))
			continue;
		log_fields(LOG_INFO, "runner.go:405",
			   "dropping integrated GPU; to enable, set OLLAMA_IGPU_ENABLE=1",
			   "id=%s library=%s compute=%d.%d name=%s description=%s pci_id=%s",
			   device->id, device->library, device->compute_major,
			   device->compute_minor, device->name, device->description,
			   device->pci_id);
		devices_remove(found, i);
	}
}

static const struct passes passes = {
	.ask = ask,
	.accept_folder = drop_old_drivers,
	.accept_all = drop_integrated,
	.refresh_filters_cuda = true,
};

/*
 * The children count from 0 within what the user made visible: what that was, by the user's own
 * names.
 */
static void name_by_user(struct devices *devices)
{
	const char *visible = getenv("CUDA_VISIBLE_DEVICES");
	struct strings names = { 0 };

	strings_split(&names, visible && *visible ? visible : NULL, ',');
	for (size_t i = 0; i < devices->count; i++) {
		struct device *device = &devices->at[i];
		size_t index = (size_t)atoi(*device->filter_id ? device->filter_id : device->id);

		if (!strcmp(device->library, "CUDA") && index < names.count)
			snprintf(device->filter_id, sizeof(device->filter_id), "%s",
				 names.at[index]);
	}
	strings_free(&names);
}

void era_c_discover(struct discovery *discovery)
{
	passes_discover(discovery, &passes);
	name_by_user(&discovery->devices);
}

void era_c_refresh(struct discovery *discovery)
{
	passes_refresh(discovery, &passes);
}
