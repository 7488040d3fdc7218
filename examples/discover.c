/* SPDX-License-Identifier: Apache-2.0 */
/* Discovers GPUs as Ollama does: in a child whose stderr is /dev/null, through a CUDA backend and NVML. */
#include <dlfcn.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "examples/discover.h"

/*
 * usage: discover
 *
 * Prints one line for each device that would be used for inference, else that it is the CPU. As in
 * the program that it imitates, whatever goes wrong on the way leaves no trace in its output: to see
 * that is what vgpu-trace is for. Exit status: 0 a GPU was found, 1 none, 2 could not even try.
 */

struct nvml_memory {
	unsigned long long total, free, used;
};

/* NVML by name only, with the two places and the six symbols that Ollama's runner asks for. */
static int nvml_memory(const char *uuid, struct nvml_memory *memory)
{
	int (*init)(void), (*stop)(void);
	int (*find)(const char *uuid, void **device);
	int (*ask)(void *device, struct nvml_memory *memory);
	void *device, *handle;
	int status = -1;

	handle = dlopen("/usr/lib/wsl/lib/libnvidia-ml.so.1", RTLD_LAZY);
	if (!handle)
		handle = dlopen("libnvidia-ml.so.1", RTLD_LAZY);
	if (!handle)
		return -1;
	*(void **)&init = dlsym(handle, "nvmlInit_v2");
	*(void **)&stop = dlsym(handle, "nvmlShutdown");
	*(void **)&find = dlsym(handle, "nvmlDeviceGetHandleByUUID");
	*(void **)&ask = dlsym(handle, "nvmlDeviceGetMemoryInfo");
	if (!init || !stop || !find || !ask || !dlsym(handle, "nvmlDeviceGetName") ||
	    !dlsym(handle, "nvmlErrorString"))
		return -1;
	if (init())
		return -1;
	if (!find(uuid, &device) && !ask(device, memory))
		status = 0;
	stop();
	return status;
}

/* The real file: a wrapper script of that name would be bypassed, as it is by Ollama. */
static int own_path(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (n < 0)
		return -1;
	path[n] = '\0';
	return 0;
}

static int backend_path(char path[PATH_MAX])
{
	char self[PATH_MAX];

	if (own_path(self))
		return -1;
	return snprintf(path, PATH_MAX, "%s/libdiscover-cuda.so", dirname(self)) < PATH_MAX ? 0 : -1;
}

/* The child. Its stdout is a pipe to the parent, its stderr /dev/null: nobody will read the reasons. */
static int runner(void)
{
	int (*init)(struct discover_device *devices, const char **error);
	int (*memory)(size_t *free_bytes, size_t *total_bytes);
	struct discover_device devices[DISCOVER_DEVICES];
	const char *error = "";
	char path[PATH_MAX];
	void *backend;
	int count;

	if (backend_path(path))
		return 1;
	backend = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!backend) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	*(void **)&init = dlsym(backend, "discover_init");
	*(void **)&memory = dlsym(backend, "discover_memory");
	if (!init || !memory)
		return 1;
	count = init(devices, &error);
	if (count < 0) {
		fprintf(stderr, "no devices: %s\n", error);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		struct discover_device *device = &devices[i];
		struct nvml_memory nvml;

		if (!nvml_memory(device->uuid, &nvml)) {
			device->free_bytes = nvml.free;
			device->total_bytes = nvml.total;
		} else {
			memory(&device->free_bytes, &device->total_bytes);
		}
		printf("inference compute id=%s library=CUDA compute=%d.%d description=\"%s\" vmm=%s "
		       "total=\"%.1f GiB\" available=\"%.1f GiB\"\n",
		       device->uuid, device->major, device->minor, device->name,
		       device->vmm ? "yes" : "no", (double)device->total_bytes / (1 << 30),
		       (double)device->free_bytes / (1 << 30));
	}
	return 0;
}

static int serve(void)
{
	char *argv[] = { (char *)"discover", (char *)"runner", NULL };
	posix_spawn_file_actions_t actions;
	int pipe_fd[2], status, found = 0;
	char line[1024], self[PATH_MAX];
	FILE *from;
	pid_t pid;

	if (own_path(self) || pipe2(pipe_fd, O_CLOEXEC) || posix_spawn_file_actions_init(&actions) ||
	    posix_spawn_file_actions_adddup2(&actions, pipe_fd[1], STDOUT_FILENO) ||
	    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) ||
	    posix_spawn(&pid, self, &actions, NULL, argv, environ)) {
		perror("discover: cannot start the runner");
		return 2;
	}
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fd[1]);
	from = fdopen(pipe_fd[0], "r");
	while (from && fgets(line, sizeof(line), from)) {
		fputs(line, stdout);
		found++;
	}
	if (from)
		fclose(from);
	waitpid(pid, &status, 0);
	if (!found)
		puts("inference compute id=cpu library=cpu");
	return found ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "runner"))
		return runner();
	if (argc > 1) {
		fputs("usage: discover\n", stderr);
		return 2;
	}
	return serve();
}
