/* SPDX-License-Identifier: Apache-2.0 */
/* The program lib/ollama/llama-server of era C, up to where it would load a model. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "examples/ollama-like/ggml.h"
#include "examples/ollama-like/hold.h"
#include "examples/ollama-like/http.h"

/*
 * One line with what each backend was built for; serve waits for it, and reads the architectures
 * in it.
 */
static void print_system_info(void)
{
	long threads = sysconf(_SC_NPROCESSORS_ONLN);

	fprintf(stderr, "system_info: n_threads = %ld (n_threads_batch = %ld) / %ld", threads,
		threads, threads);
	for (size_t i = 0; i < ggml_backend_reg_count(); i++) {
		struct ggml_reg *reg = ggml_backend_reg_get(i);
		struct ggml_feature *(*features)(struct ggml_reg * reg);

		*(void **)&features =
		    ggml_backend_reg_get_proc_address(reg, "ggml_backend_get_features");
		if (!features)
			continue;
		fprintf(stderr, " | %s : ", ggml_backend_reg_name(reg));
		for (struct ggml_feature *at = features(reg); at && at->name; at++)
			fprintf(stderr, "%s%s = %s", at == features(reg) ? "" : " | ", at->name,
				at->value);
	}
	fputs(" | \n", stderr);
}

static void list_devices(void)
{
	puts("Available devices:");
	for (size_t r = 0; r < ggml_backend_reg_count(); r++) {
		struct ggml_reg *reg = ggml_backend_reg_get(r);

		for (size_t i = 0; i < ggml_backend_reg_dev_count(reg); i++) {
			struct ggml_device *device = ggml_backend_reg_dev_get(reg, i);
			size_t free_bytes = 0, total_bytes = 0;

			if (ggml_backend_dev_type(device) == GGML_CPU)
				continue;
			ggml_backend_dev_memory(device, &free_bytes, &total_bytes);
			printf("  %s: %s (%zu MiB, %zu MiB free)\n", ggml_backend_dev_name(device),
			       ggml_backend_dev_description(device), total_bytes >> 20,
			       free_bytes >> 20);
		}
	}
	fflush(stdout);
}

static int answer(const char *path, char **body)
{
	(void)path;
	(void)body;
	return 404;
}

int main(int argc, char **argv)
{
	const char *role = "llama-server";
	bool list = false;
	int port = 8080, listener;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--list-devices"))
			list = true;
		else if (!strcmp(argv[i], "--port") && i + 1 < argc)
			port = atoi(argv[++i]);
	}
	if (list)
		role = "llama-server-list";
	hold_at("start", role);
	ggml_backend_load_all();
	if (list) {
		hold_at("answer", role);
		list_devices();
		return 0;
	}
	hold_at("answer", role);
	print_system_info();
	listener = http_listen(&port);
	if (listener < 0) {
		fprintf(stderr,
			"main: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: %d\n",
			port);
		return 1;
	}
	fprintf(stderr, "main: server is listening on http://127.0.0.1:%d\n", port);
	http_serve(listener, answer);
}
