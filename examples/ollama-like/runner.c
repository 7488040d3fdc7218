/* SPDX-License-Identifier: Apache-2.0 */
/* The role of a runner without a model, era B: loads nothing until it is asked for its devices. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "examples/ollama-like/ggml.h"
#include "examples/ollama-like/hold.h"
#include "examples/ollama-like/http.h"
#include "examples/ollama-like/log.h"
#include "examples/ollama-like/paths.h"
#include "examples/ollama-like/process.h"
#include "examples/ollama-like/roles.h"
#include "examples/ollama-like/runner_devices.h"

static struct strings library_path;

static void log_system(void)
{
	for (size_t i = 0; i < ggml_backend_reg_count(); i++) {
		struct ggml_reg *reg = ggml_backend_reg_get(i);
		struct ggml_feature *(*features)(struct ggml_reg * reg);

		*(void **)&features =
		    ggml_backend_reg_get_proc_address(reg, "ggml_backend_get_features");
		for (struct ggml_feature *at = features ? features(reg) : NULL; at && at->name;
		     at++)
			if (!strcmp(at->name, "ARCHS")) {
				log_fields(LOG_INFO, "ggml.go:104", "system",
					   "CUDA.0.ARCHS=%s compiler=%s", at->value, "cgo(gcc)");
				return;
			}
	}
	log_fields(LOG_INFO, "ggml.go:104", "system", "compiler=%s", "cgo(gcc)");
}

static void load_backends(void)
{
	char *program = path_directory(process_self());
	const char *paths = getenv("OLLAMA_LIBRARY_PATH");
	struct strings seen = { 0 };
	char *standard = text_of("%s/../lib/ollama", program);

	if (!paths)
		log_fields(LOG_DEBUG, "ggml.go:74",
			   "OLLAMA_LIBRARY_PATH not set, falling back to default", "search=%s",
			   standard);
	strings_split(&library_path, paths ? paths : standard, ':');
	for (size_t i = 0; i < library_path.count; i++) {
		char *path = path_absolute(library_path.at[i]);

		if (strcmp(path, program) && !strstr(path, "lib/ollama")) {
			log_fields(LOG_DEBUG, "ggml.go:88",
				   "skipping path which is not part of ollama", "path=%s", path);
		} else if (!strings_have(&seen, path)) {
			log_fields(LOG_DEBUG, "ggml.go:94", "ggml backend load all from path",
				   "path=%s", path);
			ggml_backend_load_all_from_path(path);
			strings_add(&seen, "%s", path);
		}
		free(path);
	}
	log_system();
	strings_free(&seen);
	free(standard);
	free(program);
}

/* Without a model the backends are wired up by loading an empty one, from a file in $TMPDIR. */
static int load_dummy_model(char **error)
{
	static const unsigned char empty_model[] = "GGUF\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	const char *directory = getenv("TMPDIR");
	char path[PATH_MAX];
	int fd = -1;

	if (snprintf(path, sizeof(path), "%s/XXXXXX.bin",
		     directory && *directory ? directory : "/tmp") < PATH_MAX)
		fd = mkstemps(path, 4);
	if (fd < 0 || write(fd, empty_model, sizeof(empty_model)) != sizeof(empty_model)) {
		*error =
		    text_of("failed to initialize backend: open %s: %s\n", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return 500;
	}
	load_backends();
	close(fd);
	unlink(path);
	return 200;
}

static int answer(const char *path, char **body)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static bool loaded;
	struct devices devices = { 0 };
	int status = 200;

	if (strcmp(path, "/info"))
		return 404;
	pthread_mutex_lock(&lock);
	if (!loaded)
		status = load_dummy_model(body);
	if (status == 200) {
		loaded = true;
		runner_devices(&devices, &library_path);
		*body = devices_to_json(&devices);
		devices_free(&devices);
	}
	pthread_mutex_unlock(&lock);
	hold_at("answer", "runner");
	return status;
}

int role_runner(int argc, char **argv)
{
	char *message;
	int port = 8080, listener;

	hold_at("start", "runner");
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--port") && i + 1 < argc)
			port = atoi(argv[++i]);
	log_line(LOG_INFO, "runner.go:1411", "starting ollama engine");
	listener = http_listen(&port);
	if (listener < 0) {
		printf("Listen error: listen tcp 127.0.0.1:%d: bind: %s\n", port,
		       strerror(-listener));
		return 1;
	}
	message = text_of("Server listening on 127.0.0.1:%d", port);
	log_line(LOG_INFO, "runner.go:1446", message);
	free(message);
	http_serve(listener, answer);
}
