// SPDX-License-Identifier: Apache-2.0
/* What watching the linker costs: starts of /bin/true in turn under each way; lookups in this very process. */
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define VARIANTS   6
#define ENV_MAX    4
#define ROUNDS_MAX 10000

struct variant {
	const char *name;
	const char *env[ENV_MAX];
	const char *argv[8];
	int every; /* slow ones run in every nth round only */
	double *us;
	int runs;
};

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static double start(const struct variant *variant)
{
	char *env[ENV_MAX + 2] = { (char *)"PATH=/usr/bin:/bin" };
	posix_spawn_file_actions_t actions;
	double begin;
	int n = 1, status;
	pid_t pid;

	for (int i = 0; i < ENV_MAX && variant->env[i]; i++)
		env[n++] = (char *)variant->env[i];
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	begin = now_us();
	if (posix_spawnp(&pid, variant->argv[0], &actions, NULL, (char *const *)variant->argv, env) ||
	    waitpid(pid, &status, 0) != pid || status) {
		fprintf(stderr, "%s: did not run\n", variant->name);
		exit(1);
	}
	begin = now_us() - begin;
	posix_spawn_file_actions_destroy(&actions);
	return begin;
}

/* As `run` gives it, on a machine whose clock is the counter. */
static void host_read(char *to, size_t size)
{
	char id[64] = "";
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (file && fgets(id, sizeof(id), file))
		id[strcspn(id, "\n")] = '\0';
	if (file)
		fclose(file);
	snprintf(to, size, "VGPU_TRACE_HOST=%s:1", id);
}

/* Rings would fill the memory; taking them away is not part of the cost. */
static void sweep(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "link-", 5) || !strncmp(entry->d_name, "vgpu-", 5))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

#define LOOKUPS 1000
#define BATCHES 30

static void *self;

static int hit(void)
{
	return dlsym(self, "malloc") != NULL;
}

static int miss(void)
{
	return !dlsym(self, "not_there");
}

static int reopen(void)
{
	return dlopen("libc.so.6", RTLD_NOW) != NULL;
}

/* The best of some batches, in ns. */
static double best(int (*look)(void), int each)
{
	double least = 1e9;

	for (int batch = 0; batch < BATCHES; batch++) {
		double begin = now_us();

		for (int i = 0; i < each; i++)
			if (!look())
				exit(1);
		begin = (now_us() - begin) * 1e3 / each;
		dlerror();
		if (begin < least)
			least = begin;
	}
	return least;
}

/* What a program asks the linker, in this very process. Misses are few: each is a record. */
static int lookups(void)
{
	self = dlopen(NULL, RTLD_NOW);
	printf("dlsym %.0f ns, one that misses %.0f ns, dlopen of what is loaded %.0f ns\n",
	       best(hit, LOOKUPS), best(miss, 2), best(reopen, LOOKUPS));
	return 0;
}

int main(int argc, char **argv)
{
	char audit[512], trace[512], host[64], mute[512], debug[512], out[512];
	struct variant variants[VARIANTS] = {
		{ .name = "bare", .argv = { "/bin/true" }, .every = 1 },
		{ .name = "auditor", .env = { audit, trace, host }, .argv = { "/bin/true" }, .every = 1 },
		{ .name = "auditor, no VGPU_TRACE_HOST", .env = { audit, trace }, .argv = { "/bin/true" }, .every = 1 },
		{ .name = "auditor, no VGPU_TRACE_DIR", .env = { mute }, .argv = { "/bin/true" }, .every = 1 },
		{ .name = "LD_DEBUG=libs,files,versions",
		  .env = { "LD_DEBUG=libs,files,versions", debug },
		  .argv = { "/bin/true" },
		  .every = 1 },
		{ .name = "strace -f", .argv = { "strace", "-f", "-o", out, "/bin/true" }, .every = 20 },
	};
	int rounds = argc > 3 ? atoi(argv[3]) : 0;
	double bare;

	if (argc == 2 && !strcmp(argv[1], "lookups"))
		return lookups();
	if (argc < 4 || rounds < 20 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: bench_audit AUDITOR DIRECTORY ROUNDS [--no-strace] | lookups\n");
		return 2;
	}
	snprintf(audit, sizeof(audit), "LD_AUDIT=%s", argv[1]);
	host_read(host, sizeof(host));
	snprintf(mute, sizeof(mute), "LD_AUDIT=%s", argv[1]);
	snprintf(trace, sizeof(trace), "VGPU_TRACE_DIR=%s", argv[2]);
	snprintf(debug, sizeof(debug), "LD_DEBUG_OUTPUT=%s/debug", argv[2]);
	snprintf(out, sizeof(out), "%s/strace", argv[2]);
	if (argc > 4)
		variants[5].name = NULL;
	for (int v = 0; v < VARIANTS; v++)
		variants[v].us = calloc((size_t)rounds, sizeof(double));
	for (int round = -5; round < rounds; round++) {
		for (int v = 0; v < VARIANTS; v++) {
			struct variant *variant = &variants[v];

			if (!variant->name || (round + 5) % variant->every)
				continue;
			if (round < 0)
				start(variant);
			else
				variant->us[variant->runs++] = start(variant);
		}
		if (round % 50 == 0)
			sweep(argv[2]);
	}
	sweep(argv[2]);
	printf("start and end of /bin/true, median of interleaved runs, µs:\n");
	for (int v = 0; v < VARIANTS; v++) {
		struct variant *variant = &variants[v];
		double median;

		if (!variant->name)
			continue;
		qsort(variant->us, (size_t)variant->runs, sizeof(double), order);
		median = variant->us[variant->runs / 2];
		if (!v)
			bare = median;
		printf("%-30s %9.1f  %+9.1f  (best %.1f, %d runs)\n", variant->name, median, median - bare,
		       variant->us[0], variant->runs);
	}
	return 0;
}
