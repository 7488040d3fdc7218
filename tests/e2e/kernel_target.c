/* SPDX-License-Identifier: Apache-2.0 */
/* Programs for the kernel observer to watch. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int (*init)(unsigned);
static int (*get_count)(int *);
static int (*get_name)(char *, int, int);

static void *load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);

	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	*(void **)&init = dlsym(library, "cuInit");
	*(void **)&get_count = dlsym(library, "cuDeviceGetCount");
	*(void **)&get_name = dlsym(library, "cuDeviceGetName");
	return library;
}

static pthread_barrier_t done;
static bool paced;

static void *caller(void *data)
{
	long calls = (long)data;
	char name[64];
	int count;

	for (long i = 0; i < calls; i += 4) {
		init(0);
		get_count(&count);
		get_name(name, sizeof(name), 0);
		get_name(name, sizeof(name), 1 + i % 3);
		/* A ring keeps the first calls and the latest: a reader needs time to see them all. */
		if (paced && i % 48 == 44)
			usleep(4000);
	}
	/* Rings of threads that ended may be taken by others. */
	pthread_barrier_wait(&done);
	return NULL;
}

/* threads LIBRARY CALLS THREADS: so many calls in all */
static int threads(int argc, char **argv)
{
	long calls = argc > 2 ? atol(argv[1]) : 1000, count = argc > 2 ? atol(argv[2]) : 1;
	pthread_t thread[64];

	load(argv[0]);
	pthread_barrier_init(&done, NULL, count);
	for (long i = 0; i < count && i < 64; i++)
		pthread_create(&thread[i], NULL, caller, (void *)(calls / count));
	for (long i = 0; i < count && i < 64; i++)
		pthread_join(thread[i], NULL);
	return 0;
}

/* paced …: the same, with time to breathe */
static int paced_threads(int argc, char **argv)
{
	paced = true;
	return threads(argc, argv);
}

static volatile int stop;

static void *call_on(void *data)
{
	unsigned long *calls = data;
	int count;

	while (!stop) {
		get_count(&count);
		++*calls;
	}
	return NULL;
}

/* forks LIBRARY N: a thread calls all the time, children call at once */
static int forks(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 100, bad = 0, status, count = 0;
	unsigned long calls = 0;
	pthread_t thread;

	load(argv[0]);
	get_count(&count);
	pthread_create(&thread, NULL, call_on, &calls);
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (!pid) {
			init(0);
			_exit(get_count(&count) || !count || init(0) ? 3 : 7);
		}
		if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 7)
			bad++;
	}
	stop = 1;
	pthread_join(thread, NULL);
	/* Once before, and once in each child. */
	printf("%d forks, %d bad\ncalls %lu\n", n, bad, calls + 1 + n);
	return bad != 0;
}

static pid_t inside;

static void fork_inside(void *data)
{
	(void)data;
	inside = fork();
}

/* forks_inside LIBRARY N: both the parent and the child return from the call that forked */
static int forks_inside(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 100, bad = 0, status, count = 0;
	void *library = load(argv[0]);
	int (*launch)(void *, void (*)(void *), void *);

	*(void **)&launch = dlsym(library, "cuLaunchHostFunc");
	for (int i = 0; i < n; i++) {
		int result = launch(NULL, fork_inside, NULL);

		if (!inside)
			_exit(result || get_count(&count) || count != 3 ? 3 : 7);
		if (result || waitpid(inside, &status, 0) != inside || !WIFEXITED(status) || WEXITSTATUS(status) != 7)
			bad++;
	}
	printf("%d forks, %d bad\n", n, bad);
	return bad != 0;
}

/* victim LIBRARY: its last call does not return */
static int victim(int argc, char **argv)
{
	void *library = load(argv[0]);
	int (*synchronize)(void);
	int count;

	(void)argc;
	*(void **)&synchronize = dlsym(library, "cuCtxSynchronize");
	if (write(2, "words for nobody\n", 17) != 17)
		return 1;
	init(0);
	get_count(&count);
	return synchronize();
}

/* grandchild LIBRARY: a child's child runs `victim`, with stderr on /dev/null, and is killed in its last call */
static int grandchild(int argc, char **argv)
{
	int ends[2], status, null;
	pid_t child;

	(void)argc;
	if (pipe(ends))
		return 1;
	child = fork();
	if (!child) {
		pid_t pid = fork();
		char byte;

		if (!pid) {
			null = open("/dev/null", O_RDWR);
			dup2(null, 2);
			dup2(ends[1], 5);
			execl("/proc/self/exe", "kernel_target", "victim", argv[0], NULL);
			_exit(1);
		}
		close(ends[1]);
		if (read(ends[0], &byte, 1) != 1)
			_exit(1);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		_exit(!WIFSIGNALED(status));
	}
	waitpid(child, &status, 0);
	return status != 0;
}

/* swallow BROKEN-LIBRARY: what fails is not reported */
static int swallow(int argc, char **argv)
{
	void *self = dlopen(NULL, RTLD_NOW), *library;

	(void)argc;
	if (dlopen("libno-such-library.so.7", RTLD_LAZY) || dlopen(argv[0], RTLD_NOW))
		return 1;
	if (dlsym(self, "no_such_symbol") || dlvsym(RTLD_DEFAULT, "getpid", "GLIBC_9.9"))
		return 1;
	library = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
	return !library || !dlsym(library, "cos") || dlclose(library);
}

static void handler(int signal)
{
	(void)signal;
	_exit(2);
}

/* segv LIBRARY: a handler makes an exit code of a crash */
static int segv(int argc, char **argv)
{
	void *library = load(argv[0]), *module;
	int (*module_load)(void **, const char *);

	*(void **)&module_load = dlsym(library, "cuModuleLoad");
	if (argc < 2) /* "plain": nobody handles it */
		signal(SIGSEGV, handler);
	init(0);
	return module_load(&module, "x-module");
}

/* A fat binary as nvcc embeds it: machine code for two architectures, text for a third. */
struct code {
	uint16_t kind, version;
	uint32_t header_size;
	uint64_t size;
	uint32_t compressed_size, options;
	uint16_t minor, major;
	uint32_t arch;
	uint8_t rest[32];
	char bytes[64];
};

static const struct {
	uint32_t magic;
	uint16_t version, header_size;
	uint64_t size;
	struct code codes[3];
} fat = {
	0xba55ed50u, 1, 16, 3 * sizeof(struct code),
	{
		{ .kind = 2, .version = 0x101, .header_size = 64, .size = 64, .arch = 80, .bytes = "first" },
		{ .kind = 2, .version = 0x101, .header_size = 64, .size = 64, .arch = 90, .bytes = "second" },
		{ .kind = 1, .version = 0x101, .header_size = 64, .size = 64, .arch = 90, .bytes = ".version 8.0" },
	},
};
static const struct {
	uint32_t magic, version;
	const void *data, *more;
} wrapper = { 0x466243b1u, 1, &fat, NULL };

/* images LIBRARY: device code of each format, from the program's file and from memory */
static int images(int argc, char **argv)
{
	static const char ptx[] = "// made by hand\n.version 8.0\n.target sm_75\n.address_size 64\n";
	void *library = load(argv[0]), *module;
	int (*load_data)(void **, const void *);
	char *copy = strdup(ptx);

	*(void **)&load_data = dlsym(library, "cuModuleLoadData");
	if (argc > 1) /* "known": its bytes, for whoever wants to compare */
		return write(1, &fat, sizeof(fat)) != sizeof(fat);
	init(0);
	load_data(&module, &wrapper);
	load_data(&module, copy);
	/* Nothing that is device code, up to the end of what is mapped. */
	load_data(&module, (char *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + 4090);
	getchar();
	free(copy);
	return 0;
}

/* image_files LIBRARY PATH…: device code by the names of files */
static int image_files(int argc, char **argv)
{
	int (*from_file)(void **, const char *, void *, void **, unsigned, void *, void **, unsigned);
	int (*attribute)(int *, int, int), value;
	void *library = load(argv[0]), *loaded;

	*(void **)&from_file = dlsym(library, "cuLibraryLoadFromFile");
	*(void **)&attribute = dlsym(library, "cuDeviceGetAttribute");
	init(0);
	get_count(&value);
	attribute(&value, 75, 0);
	attribute(&value, 76, 0);
	for (int i = 1; i < argc; i++)
		printf("%d\n", from_file(&loaded, argv[i], NULL, NULL, 0, NULL, NULL, 0));
	fflush(stdout);
	/* Until whoever watches has looked: what has a relative name is known while its process lives. */
	return getchar() == EOF ? 0 : 1;
}

/* opens: files that are about GPUs, and others; opened, or only asked for */
static int opens(int argc, char **argv)
{
	static const char *const paths[] = { "/dev/nvidiactl", "/dev/nvidia0", "/dev/null", "/etc/passwd",
					     "/proc/driver/nvidia/version", "/proc/self/maps", "/dev/dxg" };
	struct open_how how = { .flags = O_RDWR | O_CLOEXEC };
	struct statx there;
	struct stat st;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		close(open(paths[i], O_RDONLY));
	syscall(SYS_openat2, AT_FDCWD, "/dev/nvidia-uvm", &how, sizeof(how));
	syscall(SYS_access, "/dev/nvidia1", R_OK);
	syscall(SYS_faccessat, AT_FDCWD, "/dev/nvidia2", R_OK);
	syscall(SYS_faccessat2, AT_FDCWD, "/dev/nvidia3", R_OK, 0);
	syscall(SYS_stat, "/dev/nvidia4", &st);
	syscall(SYS_lstat, "/dev/nvidia5", &st);
	syscall(SYS_newfstatat, AT_FDCWD, "/dev/nvidia6", &st, 0);
	syscall(SYS_statx, AT_FDCWD, "/dev/nvidia7", 0, STATX_BASIC_STATS, &there);
	if (argc < 1 || stat(argv[0], &st) || stat("/etc/passwd", &st))
		return 1;
	return open(argv[0], O_RDONLY | O_CLOEXEC) < 0;
}

/* A page that is in a file and was never looked at. */
static char *untouched_page(void)
{
	int fd = memfd_create("page", 0);
	char *page;

	if (fd < 0 || ftruncate(fd, 8192) || pwrite(fd, "on the page", 11, 4096) != 11)
		return NULL;
	page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0);
	return page == MAP_FAILED || madvise(page, 8192, MADV_RANDOM) ? NULL : page + 4096;
}

/* Descriptor 2 is this from here on. */
static bool become(int fd)
{
	return fd >= 0 && dup2(fd, 2) == 2;
}

/* writes: to descriptor 2 in every way there is */
static int writes(int argc, char **argv)
{
	static char big[3][3000], one[] = "n";
	char *page = untouched_page();
	struct iovec two[2] = { { "wri", 3 }, { "tev", 3 } }, large[3], many[100];
	struct iovec rest[2] = { { "seen ", 5 }, { page, 11 } };
	struct msghdr message = { .msg_iov = two, .msg_iovlen = 2 };
	int file = memfd_create("file", 0), pipes[2], sockets[2], null = open("/dev/null", O_WRONLY);
	loff_t from = 0;
	ssize_t sum = 0;

	(void)argc;
	(void)argv;
	for (int i = 0; i < 3; i++) {
		memset(big[i], 'a' + i, sizeof(big[i]));
		large[i] = (struct iovec){ big[i], sizeof(big[i]) };
	}
	for (int i = 0; i < 100; i++)
		many[i] = (struct iovec){ one, 1 };
	if (!page || pipe(pipes) || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		return 1;
	/* each line: what must come back */
	sum += !become(file) || write(2, "write", 5) != 5 || pwrite(2, "pwrite", 6, 5) != 6 || writev(2, two, 2) != 6;
	sum += pwritev(2, two, 2, 0) != 6 || pwritev2(2, two, 1, 0, 0) != 3 || writev(2, large, 3) != 9000;
	sum += writev(2, many, 100) != 100 || writev(2, NULL, 0) != 0;
	sum += !become(sockets[0]) || sendto(2, "sendto", 6, 0, NULL, 0) != 6 || sendmsg(2, &message, 0) != 6;
	sum += !become(pipes[1]) || vmsplice(2, two, 2, 0) != 6 || sendfile(2, file, &(off_t){ 0 }, 20) != 20;
	sum += !become(open("/proc/self/fd/0", O_RDONLY)) || write(2, "refused", 7) != -1;
	sum += !become(null) || writev(2, rest, 2) != 16 || splice(pipes[0], NULL, 2, NULL, 26, 0) != 26;
	sum += !become(memfd_create("copy", 0)) || copy_file_range(file, &from, 2, NULL, 30, 0) != 30;
	close(2);
	sum += write(2, "closed", 6) != -1;
	return sum != 0;
}

/* load LIBRARY: whatever becomes of it */
static int just_load(int argc, char **argv)
{
	return argc < 1 || !dlopen(argv[0], RTLD_NOW);
}

/* untouched LIBRARY: strings and structs on pages that nobody read before */
static int untouched(int argc, char **argv)
{
	void *library = load(argv[0]), *function;
	int (*get_function)(void **, void *, const char *);
	static const char text[] = "a_name_on_a_page_of_its_own";
	int n = argc > 1 ? atoi(argv[1]) : 100, fd = memfd_create("names", 0);

	*(void **)&get_function = dlsym(library, "cuModuleGetFunction");
	for (int i = 0; i < n; i++) {
		/* Every second one crosses into the next page. */
		off_t at = (off_t)i * 8192 + (i % 2 ? 4096 - 10 : 0);

		if (pwrite(fd, text, sizeof(text), at) != sizeof(text))
			return 1;
	}
	if (ftruncate(fd, (off_t)n * 8192))
		return 1;
	for (int i = 0; i < n; i++) {
		const char *place = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, (off_t)i * 8192);

		/* The kernel maps neighbours along with what is touched, but not in a mapping told so. */
		if (place == MAP_FAILED || madvise((void *)(uintptr_t)place, 8192, MADV_RANDOM) ||
		    get_function(&function, NULL, place + (i % 2 ? 4096 - 10 : 0)))
			return 1;
	}
	return 0;
}

static jmp_buf back;

static void leap(void *data)
{
	(void)data;
	longjmp(back, 1);
}

/* jumps LIBRARY N: calls that are left by longjmp */
static int jumps(int argc, char **argv)
{
	void *library = load(argv[0]);
	int (*launch)(void *, void (*)(void *), void *);
	volatile int n = argc > 1 ? atoi(argv[1]) : 10;
	int count;

	*(void **)&launch = dlsym(library, "cuLaunchHostFunc");
	while (n-- > 0) {
		if (!setjmp(back))
			launch(NULL, leap, NULL);
		get_count(&count);
	}
	return 0;
}

/* shapes LIBRARY: every kind of argument, and functions that are hard to probe */
static int shapes(int argc, char **argv)
{
	void *library = load(argv[0]), *params = NULL;
	int (*launch)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **, void **);
	int (*uuid)(char *, int), (*tail)(int *);
	long (*sum)(long, long, long, long, long, long), (*one)(long);
	char text[32];
	int count;

	(void)argc;
	*(void **)&launch = dlsym(library, "cuLaunchKernel");
	*(void **)&uuid = dlsym(library, "cuDeviceGetUuid");
	*(void **)&sum = dlsym(library, "foreign_sum");
	*(void **)&tail = dlsym(library, "foreign_tail");
	init(0);
	init(5);
	get_count(&count);
	get_name(text, sizeof(text), 0);
	get_name(text, sizeof(text), 9);
	uuid(text, 2);
	launch((void *)0x77, 1, 2, 3, 4, 5, 6, 7, (void *)0x88, &params, NULL);
	sum(1, 2, 3, 4, 5, 6);
	tail(&count);
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = { "foreign_nop", "foreign_branch", "foreign_hidden" };

		*(void **)&one = dlsym(library, names[i]);
		printf("%ld\n", one(10));
	}
	return 0;
}

/* spin LIBRARY N: calls at full speed */
static int spin(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 1000000;
	int count;

	load(argv[0]);
	while (n-- > 0)
		get_count(&count);
	return 0;
}

/* wait LIBRARY: calls for ever; says on stdout that it has begun */
static int wait_for_kill(int argc, char **argv)
{
	unsigned long calls = 0;
	int count;

	(void)argc;
	load(argv[0]);
	printf("pid %d\n", (int)getpid());
	fflush(stdout);
	for (;;) {
		if (get_count(&count) || count != 3)
			return 1;
		if (!(++calls % 1000) && write(3, "", 1) < 0 && errno == EPIPE)
			return 1;
	}
}

/* Its caller's return address, or that of one above, is a return probe's. */
static void look_for_trampoline(void *data)
{
	const uintptr_t *stack = __builtin_frame_address(0);
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long page = 0;
	char line[512];

	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, "[uprobes]"))
			page = strtoul(line, NULL, 16);
	if (maps)
		fclose(maps);
	for (int i = 0; page && i < 16; i++) {
		if (stack[i] != page)
			continue;
		++*(int *)data;
		return;
	}
}

/* bystander LIBRARY: whether its calls pass through return probes */
static int bystander(int argc, char **argv)
{
	void *library = load(argv[0]);
	int (*launch)(void *, void (*)(void *), void *);
	int found = 0;

	(void)argc;
	*(void **)&launch = dlsym(library, "cuLaunchHostFunc");
	for (int i = 0; i < 3; i++)
		launch(NULL, look_for_trampoline, &found);
	printf("trampolines %d of 3\n", found);
	return 0;
}

/* answers: what depends on where a call seems to come from */
static int answers(int argc, char **argv)
{
	void *next = dlsym(RTLD_NEXT, "getpid"), *all = dlsym(RTLD_DEFAULT, "getpid");
	Dl_info info;

	(void)argc;
	(void)argv;
	printf("next=%d same=%d null=%d missing=%d\n", next != NULL, next == all, dlopen(NULL, RTLD_NOW) != NULL,
	       dlsym(RTLD_NEXT, "main") == NULL);
	printf("in=%s\n", next && dladdr(next, &info) ? strrchr(info.dli_fname, '/') : "?");
	printf("error=%s\n", dlopen("libno-such-library.so.7", RTLD_NOW) ? "none" : dlerror());
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} modes[] = {
		{ "threads", threads },	    { "paced", paced_threads },	    { "forks", forks }, { "forks_inside", forks_inside }, { "victim", victim },
		{ "grandchild", grandchild }, { "swallow", swallow }, { "segv", segv },
		{ "untouched", untouched }, { "jumps", jumps },	  { "shapes", shapes },
		{ "spin", spin },	    { "wait", wait_for_kill }, { "answers", answers },
		{ "bystander", bystander }, { "opens", opens },	    { "writes", writes },
		{ "load", just_load },	    { "images", images },
		{ "image_files", image_files },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (!strcmp(argv[1], modes[i].name))
			return modes[i].run(argc - 2, argv + 2);
	}
	fprintf(stderr, "usage: kernel_target MODE LIBRARY [NUMBER]…\n");
	return 2;
}
