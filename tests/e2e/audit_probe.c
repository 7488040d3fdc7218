// SPDX-License-Identifier: Apache-2.0
/* Does one thing that an auditor could disturb, and prints what came of it: audit_probe WHAT [argument…]. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void *open_or_die(const char *file, int mode)
{
	void *handle = dlopen(file, mode);

	if (!handle) {
		printf("%s\n", dlerror());
		exit(1);
	}
	return handle;
}

static int print_object(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size, (void)data;
	printf("object %s %d\n", strstr(info->dlpi_name, "vdso") ? "vdso" : info->dlpi_name,
	       info->dlpi_phnum);
	return 0;
}

static void *stack_left(void *data)
{
	pthread_attr_t attr;
	void *address;
	size_t size;

	(void)data;
	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &address, &size);
	printf("%ld\n", (long)((char *)__builtin_frame_address(0) - (char *)address));
	return NULL;
}

/* What a thread has of its stack, below its descriptor and its static TLS. */
static int stack(int argc, char **argv)
{
	pthread_attr_t attr;
	pthread_t thread;

	(void)argc, (void)argv;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	return pthread_create(&thread, &attr, stack_left, NULL) || pthread_join(thread, NULL);
}

/* All that a program can see of itself. */
static int view(int argc, char **argv)
{
	char text[256];
	struct dirent *entry;
	DIR *dir;
	int fd;

	for (int i = 0; i < argc; i++)
		printf("argv %s\n", argv[i]);
	for (char **p = environ; *p; p++)
		if (strncmp(*p, "LD_AUDIT=", 9) && strncmp(*p, "VGPU_TRACE_", 11))
			printf("env %s\n", *p);
	prctl(PR_GET_NAME, text);
	printf("comm %s invocation %s %s\n", text, program_invocation_name, program_invocation_short_name);
	dir = opendir("/proc/self/fd");
	while (dir && (entry = readdir(dir)))
		printf("fd %s\n", entry->d_name);
	if (dir)
		closedir(dir);
	/* The next descriptor is the lowest free one. */
	fd = open("/dev/null", O_RDONLY);
	printf("next fd %d\n", fd);
	dl_iterate_phdr(print_object, NULL);
	return 0;
}

/* How many libraries with static TLS can still be opened: tls FILE… */
static int tls(int argc, char **argv)
{
	int i = 0;

	while (i < argc && dlopen(argv[i], RTLD_NOW))
		i++;
	printf("opened %d, then %s\n", i, i < argc ? dlerror() : "no more");
	return 0;
}

/* errno keeps its value over lookups and the first call through a linkage table. */
static int keeps_errno(int argc, char **argv)
{
	void *handle = open_or_die(argc ? argv[0] : "", RTLD_LAZY);
	int (*call)(void);

	errno = 12345;
	call = (int (*)(void))dlsym(handle, "call_entry");
	printf("hit %d %d\n", call != NULL, errno);
	printf("call %d %d\n", call(), errno);
	errno = 54321;
	printf("miss %d", dlsym(handle, "cuMissing") == NULL);
	printf(" %d\n", errno);
	printf("text %s\n", dlerror());
	printf("text %d\n", dlerror() == NULL);
	return 0;
}

/* The program gives up system calls, then binds, looks up and fails: seccomp FILE */
static int strict(int argc, char **argv)
{
	void *handle = open_or_die(argc ? argv[0] : "", RTLD_LAZY);
	int (*call)(void) = (int (*)(void))dlsym(handle, "call_entry");
	int sum = 0;

	/* libc allocates for the first text. */
	dlsym(handle, "cuMissingBefore");
	dlerror();
	if (!call || prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		return 3;
	sum += call();
	sum += dlsym(handle, "cuInit") != NULL;
	sum += dlsym(handle, "cuMissingAfter") == NULL;
	sum += dlerror() != NULL;
	syscall(SYS_exit, sum);
	return 4;
}

static int new_namespace(int argc, char **argv)
{
	void *handle = dlmopen(LM_ID_NEWLM, argc ? argv[0] : "", RTLD_LAZY);
	int (*call)(void);
	Lmid_t id = -1;

	if (!handle) {
		printf("%s\n", dlerror());
		return 1;
	}
	dlinfo(handle, RTLD_DI_LMID, &id);
	call = (int (*)(void))dlsym(handle, "call_missing");
	/* Its number is one higher under an auditor, which takes one itself. */
	printf("namespace %d call %d\n", id > 0, call ? call() : -1);
	call = (int (*)(void))dlsym(handle, "call_entry");
	printf("call %d\n", call ? call() : -1);
	printf("closed %d\n", dlclose(handle));
	return 0;
}

#define THREADS 8
#define ROUNDS  50

static void *hammer(void *file)
{
	for (int i = 0; i < ROUNDS; i++) {
		void *handle = dlopen(file, RTLD_NOW);

		if (!handle || !dlsym(handle, "cuInit") || dlsym(handle, "cuMissing"))
			abort();
		dlerror();
		dlclose(handle);
	}
	return NULL;
}

static int threads(int argc, char **argv)
{
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, hammer, argc ? argv[0] : ""))
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	printf("done\n");
	return 0;
}

/* A child that forks and looks up, one that executes, one by vfork; children FILE COMMAND… */
static int children(int argc, char **argv)
{
	int status[3] = { -1, -1, -1 };
	pid_t pid = fork();

	if (argc < 2)
		return 2;
	if (!pid) {
		void *handle = dlopen(argv[0], RTLD_NOW);

		_exit(handle && dlsym(handle, "cuInit") && !dlsym(handle, "cuFromChild") ? 7 : 8);
	}
	waitpid(pid, &status[0], 0);
	if (posix_spawn(&pid, argv[1], NULL, NULL, argv + 1, environ))
		return 1;
	waitpid(pid, &status[1], 0);
	pid = vfork();
	if (!pid) {
		execv(argv[1], argv + 1);
		_exit(9);
	}
	waitpid(pid, &status[2], 0);
	dlsym(RTLD_DEFAULT, "cuFromParent");
	for (int i = 0; i < 3; i++)
		printf("child %d\n", WIFEXITED(status[i]) ? WEXITSTATUS(status[i]) : -1);
	return 0;
}

/* Fails n times, then dies at once: killed N */
static int killed(int argc, char **argv)
{
	char name[32];

	for (int i = 0, n = argc ? atoi(argv[0]) : 0; i < n; i++) {
		snprintf(name, sizeof(name), "/nowhere/libcuda.so.%d", i);
		dlopen(name, RTLD_NOW);
		snprintf(name, sizeof(name), "cuKilled%d", i);
		dlsym(RTLD_DEFAULT, name);
	}
	kill(getpid(), SIGKILL);
	return 0;
}

/* Searches for n names that are nowhere: misses N */
static int misses(int argc, char **argv)
{
	char name[64];
	int failed = 0, n = argc ? atoi(argv[0]) : 0;

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "lib%s%d.so", i % 2 ? "nvidia-" : "nowhere-", i);
		failed += !dlopen(name, RTLD_NOW);
	}
	printf("%d of %d failed\n", failed, n);
	return failed != n;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} probes[] = {
	{ "view", view },
	{ "stack", stack },
	{ "tls", tls },
	{ "errno", keeps_errno },
	{ "seccomp", strict },
	{ "dlmopen", new_namespace },
	{ "threads", threads },
	{ "children", children },
	{ "killed", killed },
	{ "misses", misses },
};

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc > 1 && i < sizeof(probes) / sizeof(*probes); i++)
		if (!strcmp(argv[1], probes[i].name))
			return probes[i].run(argc - 2, argv + 2);
	fprintf(stderr, "usage: audit_probe WHAT [argument…]\n");
	return 2;
}
