// SPDX-License-Identifier: Apache-2.0
/* gpu_answers: asks whatever libcuda, libnvidia-ml and libcudart there are, and prints their answers as a table. */
#include "tests/gpu/answers.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/model/value.h"

#define SECONDS_EACH 60

struct vgpu_cuda_calls cu;
struct vgpu_nvml_calls nv;
void *cuda_handle, *nvml_handle;

void row(const char *section, const char *subject, const char *result, const char *format, ...)
{
	va_list args;

	printf("%s\t%s\t%s\t", section, subject, result);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

const char *status_name(uint32_t library, int64_t result)
{
	const struct vgpu_api *api = vgpu_api_find(library);
	const char *name = vgpu_enum_name(api->status, result);
	static char text[32];

	if (name)
		return name;
	snprintf(text, sizeof(text), "%lld", (long long)result);
	return text;
}

/* Letters become a, digits 9: what is left is the form. */
static void form(char *text)
{
	for (; *text; text++)
		if (*text >= '0' && *text <= '9')
			*text = '9';
		else if ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z'))
			*text = 'a';
}

const char *show(const struct vgpu_type *type, const char *name, const void *bytes, size_t size, uint8_t redact)
{
	static const struct vgpu_look look = { .utf8 = false, .full = true };
	const struct vgpu_value_place place = { .look = &look };
	static struct vgpu_text text;

	vgpu_text_clear(&text);
	vgpu_value_format(&text, &place, type, name, bytes, size, size);
	if (redact && text.bytes)
		form(text.bytes);
	return vgpu_text_string(&text);
}

static void *load(uint32_t library, void **table, const char *const *names)
{
	const struct vgpu_api *api = vgpu_api_find(library);
	void *handle = NULL;

	for (; *names && !handle; names++)
		handle = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
	for (uint32_t i = 0; handle && i < api->count; i++)
		table[VGPU_FUNCTION_NUMBER(api->functions[i].id)] = dlsym(handle, api->functions[i].name);
	return handle;
}

bool load_cuda(void)
{
	static const char *const names[] = { "libcuda.so.1", "libcuda.so", NULL };

	if (!cuda_handle)
		cuda_handle = load(VGPU_LIBRARY_CUDA, (void **)&cu, names);
	return cuda_handle != NULL;
}

bool load_nvml(void)
{
	static const char *const names[] = { "libnvidia-ml.so.1", "libnvidia-ml.so", NULL };

	if (!nvml_handle)
		nvml_handle = load(VGPU_LIBRARY_NVML, (void **)&nv, names);
	return nvml_handle != NULL;
}

struct shared {
	unsigned next;
	bool done;
};

static void child(struct shared *shared, void (*begin)(void), bool (*ask)(unsigned i))
{
	alarm(SECONDS_EACH);
	if (begin)
		begin();
	while (ask(shared->next)) {
		shared->next++;
		alarm(SECONDS_EACH);
	}
	shared->done = true;
	_exit(0);
}

void in_children(const char *section, void (*begin)(void), bool (*ask)(unsigned i))
{
	struct shared *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned crashes = 0;
	char subject[32];
	int status = 0;

	if (shared == MAP_FAILED)
		return;
	while (!shared->done && crashes < 40) {
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (!pid)
			child(shared, begin, ask);
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			break;
		if (shared->done)
			break;
		snprintf(subject, sizeof(subject), "item %u", shared->next);
		row(section, subject, "ENDED", WIFSIGNALED(status) ? "signal %d" : "exit status %d",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		shared->next++;
		crashes++;
	}
	munmap(shared, 4096);
}

static const struct {
	const char *name;
	int (*run)(void);
} sections[] = {
	{ "driver", answers_driver },   { "nvml", answers_nvml },       { "runtime", answers_runtime },
	{ "exports", answers_exports }, { "lookups", answers_lookups }, { "misuse", answers_misuse },
};

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

int main(int argc, char **argv)
{
	int status = 0;

	/* usage: gpu_answers [SECTION…]; all of them without one. Exit status 77: the library asked is not there. */
	for (size_t i = 0; i < SECTIONS; i++) {
		bool wanted = argc < 2;
		pid_t pid;
		int one = 0;

		for (int k = 1; k < argc; k++)
			wanted |= !strcmp(argv[k], sections[i].name);
		if (!wanted)
			continue;
		/* Each in a process of its own: a driver is not for children of a process that has used it. */
		fflush(stdout);
		pid = fork();
		if (!pid)
			exit(sections[i].run());
		if (pid < 0 || waitpid(pid, &one, 0) != pid)
			return 1;
		if (WIFSIGNALED(one))
			row(sections[i].name, "the section", "ENDED", "signal %d", WTERMSIG(one));
		if (one)
			status = WIFEXITED(one) ? WEXITSTATUS(one) : 1;
	}
	return status;
}
