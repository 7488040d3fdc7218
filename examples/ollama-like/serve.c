/* SPDX-License-Identifier: Apache-2.0 */
/* The role of the server: what `ollama serve` does and logs until it would answer requests. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "examples/ollama-like/eras.h"
#include "examples/ollama-like/hold.h"
#include "examples/ollama-like/http.h"
#include "examples/ollama-like/log.h"
#include "examples/ollama-like/nvml_memory.h"
#include "examples/ollama-like/paths.h"
#include "examples/ollama-like/roles.h"

#define GIB (UINT64_C(1) << 30)

static const struct option long_options[] = {
	{ "era", required_argument, NULL, 'e' },
	{ "lib-dir", required_argument, NULL, 'l' },
	{ "timeout", required_argument, NULL, 't' },
	{ "hold", required_argument, NULL, 'o' },
	{ "refresh", no_argument, NULL, 'r' },
	{ "stay", no_argument, NULL, 's' },
	{ "keep-going", no_argument, NULL, 'k' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static int usage(FILE *to, int status)
{
	fputs("usage: ollama-like serve [option…]\n"
	      "Looks for GPUs as Ollama does, with its log on standard error, and ends.\n"
	      "  --era ERA        which Ollama (default b):\n",
	      to);
	for (unsigned i = 0; i < eras_count; i++)
		fprintf(to, "                     %-8s %s\n", eras[i].name, eras[i].summary);
	fputs("  --lib-dir DIR    in place of lib/ollama; the runners skip a path without "
	      "lib/ollama in it\n"
	      "  --timeout SEC    in place of each of Ollama's time limits (30 s, 15 s, 3 s)\n"
	      "  --refresh        afterwards look for the free memory again, as before a model is "
	      "loaded\n"
	      "  --stay           do not end (SIGINT and SIGTERM end it)\n"
	      "  --keep-going     exit status 0 also where no GPU was found\n"
	      "  --hold DIR[:POINT]  each child waits at POINT (start or answer) until told: see "
	      "hold.h\n"
	      "Read as Ollama does: OLLAMA_DEBUG (1, 2), OLLAMA_LLM_LIBRARY, OLLAMA_IGPU_ENABLE, "
	      "OLLAMA_HOST\n"
	      "(127.0.0.1:PORT only; default any port), *_VISIBLE_DEVICES, LD_LIBRARY_PATH.\n"
	      "Exit status: 0 a GPU was found, 1 it ended on the CPU, 2 usage.\n",
	      to);
	return status;
}

/* 0, or the exit status plus one. */
static int parse(int argc, char **argv, struct options *options)
{
	char *end;
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		switch (option) {
		case 'e':
			options->era = era_find(optarg);
			if (options->era)
				break;
			fprintf(stderr, "ollama-like: no era '%s'\n", optarg);
			return usage(stderr, 2) + 1;
		case 'l':
			options->lib_dir = optarg;
			break;
		case 't':
			options->limit_s = strtod(optarg, &end);
			if (end != optarg && !*end && options->limit_s > 0)
				break;
			fprintf(stderr, "ollama-like: not a number of seconds: '%s'\n", optarg);
			return usage(stderr, 2) + 1;
		case 'o':
			setenv(HOLD_VARIABLE, optarg, 1);
			break;
		case 'r':
			options->refresh = true;
			break;
		case 's':
			options->stay = true;
			break;
		case 'k':
			options->keep_going = true;
			break;
		case 'h':
			return usage(stdout, 0) + 1;
		default:
			return usage(stderr, 2) + 1;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "ollama-like: what is '%s'?\n", argv[optind]);
		return usage(stderr, 2) + 1;
	}
	return 0;
}

static void log_config(void)
{
	static const char *const names[] = {
		"CUDA_VISIBLE_DEVICES", "GGML_VK_VISIBLE_DEVICES",  "GPU_DEVICE_ORDINAL",
		"HIP_VISIBLE_DEVICES",  "HSA_OVERRIDE_GFX_VERSION", "OLLAMA_DEBUG",
		"OLLAMA_HOST",          "OLLAMA_LLM_LIBRARY",       "ROCR_VISIBLE_DEVICES"
	};
	struct strings parts = { 0 };
	char *inside, *map;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		strings_add(&parts, "%s:%s", names[i], value ? value : "");
	}
	inside = strings_join(&parts, " ");
	map = text_of("map[%s]", inside);
	log_fields(LOG_INFO, "routes.go:1663", "server config", "env=%s", map);
	free(map);
	free(inside);
	strings_free(&parts);
}

/* The socket, or -errno; says so itself. */
static int listen_at(const char *host, const char *version)
{
	const char *colon = host ? strrchr(host, ':') : NULL;
	int port = colon ? atoi(colon + 1) : 0, fd;
	char *line;

	if (colon && strncmp(host, "127.0.0.1:", 10) && strncmp(host, "localhost:", 10)) {
		fprintf(stderr, "Error: OLLAMA_HOST=%s: this program listens on 127.0.0.1 only\n",
			host);
		return -EADDRNOTAVAIL;
	}
	fd = http_listen(&port);
	if (fd < 0) {
		fprintf(stderr, "Error: listen tcp 127.0.0.1:%d: bind: %s\n", port, strerror(-fd));
		return fd;
	}
	line = text_of("Listening on 127.0.0.1:%d (version %s)", port, version);
	log_line(LOG_INFO, "routes.go:1718", line);
	free(line);
	return fd;
}

static int by_scheduling(const void *left, const void *right)
{
	const struct device *one = left, *other = right;

	if (one->integrated != other->integrated)
		return one->integrated ? 1 : -1;
	return one->free_bytes < other->free_bytes   ? 1
	       : one->free_bytes > other->free_bytes ? -1
						     : 0;
}

static void log_device(const struct era *era, const struct device *device)
{
	struct strings names = { 0 };
	char *libdirs;

	if (era->names_variant) {
		log_fields(LOG_INFO, "types.go:131", "inference compute",
			   "id=%s library=%s variant=%s compute=%d.%d driver=%d.%d name=%s "
			   "total=%s available=%s",
			   device->id, device->library, device->variant, device->compute_major,
			   device->compute_minor, device->driver_major, device->driver_minor,
			   device->name, text_bytes(device->total_bytes),
			   text_bytes(device->free_bytes));
		return;
	}
	for (size_t i = 0; i < device->library_path.count; i++)
		if (strstr(device->library_path.at[i], "lib/ollama"))
			strings_add(&names, "%s", path_base(device->library_path.at[i]));
	libdirs = strings_join(&names, ",");
	log_fields(LOG_INFO, "types.go:42", "inference compute",
		   "id=%s filter_id=%s library=%s compute=%d.%d name=%s description=%s libdirs=%s "
		   "driver=%d.%d "
		   "pci_id=%s type=%s total=%s available=%s",
		   device->id, device->filter_id, device->library, device->compute_major,
		   device->compute_minor, device->name, device->description, libdirs,
		   device->driver_major, device->driver_minor, device->pci_id,
		   device->integrated ? "iGPU" : "discrete", text_bytes(device->total_bytes),
		   text_bytes(device->free_bytes));
	free(libdirs);
	strings_free(&names);
}

static void log_cpu(const struct era *era)
{
	size_t free_bytes, total_bytes;

	machine_memory(&free_bytes, &total_bytes);
	if (era->names_variant)
		log_fields(
		    LOG_INFO, "types.go:131", "inference compute",
		    "id=0 library=cpu variant= compute= driver=0.0 name= total=%s available=%s",
		    text_bytes(total_bytes), text_bytes(free_bytes));
	else
		log_fields(LOG_INFO, "types.go:60", "inference compute",
			   "id=cpu library=cpu compute= name=cpu description=cpu libdirs=ollama "
			   "driver= pci_id= type= "
			   "total=%s available=%s",
			   text_bytes(total_bytes), text_bytes(free_bytes));
}

static void log_details(const struct era *era, struct devices *devices)
{
	size_t free_bytes, machine_bytes;
	uint64_t total_bytes = 0;

	if (devices->count && !era->names_variant)
		qsort(devices->at, devices->count, sizeof(*devices->at), by_scheduling);
	for (size_t i = 0; i < devices->count; i++) {
		log_device(era, &devices->at[i]);
		total_bytes += devices->at[i].total_bytes;
	}
	if (!devices->count) {
		log_cpu(era);
		machine_memory(&free_bytes, &machine_bytes);
		total_bytes = era->names_variant ? machine_bytes : 0;
	}
	if (era->after == AFTER_DEFAULT_CONTEXT)
		log_fields(LOG_INFO, "routes.go:1768", "vram-based default context",
			   "total_vram=%s default_num_ctx=%d", text_bytes(total_bytes),
			   total_bytes >= 47 * GIB   ? 262144
			   : total_bytes >= 23 * GIB ? 32768
						     : 4096);
	else if (total_bytes < 20 * GIB)
		log_fields(LOG_INFO, "routes.go:1569", "entering low vram mode",
			   "\"total vram\"=%s threshold=%s", text_bytes(total_bytes),
			   text_bytes(20 * GIB));
}

static void end(int number)
{
	(void)number;
	_exit(0);
}

static int answer(const char *path, char **body)
{
	if (strcmp(path, "/"))
		return 404;
	*body = text_of("Ollama is running");
	return 200;
}

int role_serve(int argc, char **argv)
{
	struct options options = { .era = era_find("b") };
	struct discovery discovery = { .options = &options };
	int listener, status;

	status = parse(argc, argv, &options);
	if (status)
		return status - 1;
	log_config();
	if (options.era->says_cloud)
		log_line(LOG_INFO, "routes.go:1665", "Ollama cloud disabled: false");
	listener = listen_at(getenv("OLLAMA_HOST"), options.era->version);
	if (listener < 0)
		return 1;
	signal(SIGINT, end);
	signal(SIGTERM, end);

	discovery.folder = paths_library_folder(options.lib_dir, options.era->places);
	options.era->discover(&discovery);
	log_details(options.era, &discovery.devices);
	if (options.refresh)
		options.era->refresh(&discovery);
	status = discovery.devices.count || options.keep_going ? 0 : 1;
	if (options.stay)
		http_serve(listener, answer);
	close(listener);
	devices_free(&discovery.devices);
	strings_free(&discovery.folders);
	free(discovery.folder);
	return status;
}
