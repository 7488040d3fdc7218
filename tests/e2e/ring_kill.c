// SPDX-License-Identifier: Apache-2.0
/* Kills a process that calls libvgpu-cuda.so at random moments, and compares its ring with its own notes. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gen/cuda_ids.h"
#include "gen/cuda_proto.h"
#include "shim/ring/reader.h"

#define ATTRIBUTES 120u
/* Of two calls one is a host function, within which the target can note that it is inside. */
#define HOST_EVERY 2u
#define SPIN 4000

/*
 * What the target last noted, in one word so that a kill cannot tear it: the number of the call,
 * and whether it has not begun, is being entered, is under way, or is being left. Where it cannot
 * note anything (within the wrapper itself) either neighbour may be the truth.
 */
enum noted { BEFORE, ENTERING, INSIDE, LEAVING };
#define NOTE(number, state) ((uint64_t)(number) << 2 | (state))

struct shared {
	uint64_t note;
	uint64_t base;     /* calls that were made before number 0 */
	uint64_t callback; /* address of the host function */
	int result[ATTRIBUTES + 1];
	int value[ATTRIBUTES + 1];
};
static struct shared *shared;

static void note(uint64_t number, enum noted state)
{
	__atomic_store_n(&shared->note, NOTE(number, state), __ATOMIC_RELEASE);
}

static void spin(int rounds)
{
	for (volatile int i = 0; i < rounds; i++)
		;
}

/* ---- the target ---- */

static unsigned attribute_of(uint64_t number)
{
	return (unsigned)(number * 31 % ATTRIBUTES) + 1;
}

static bool is_host(uint64_t number)
{
	return number % HOST_EVERY == HOST_EVERY - 1;
}

static void host_function(void *data)
{
	uint64_t number = (uintptr_t)data;

	note(number, INSIDE);
	spin(SPIN);
	note(number, LEAVING);
}

static void *symbol(void *library, const char *name)
{
	void *address = dlsym(library, name);

	if (!address)
		_exit(2);
	return address;
}

static void target(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);
	__typeof__(&sim_cuInit) init;
	__typeof__(&sim_cuDevicePrimaryCtxRetain) retain;
	__typeof__(&sim_cuCtxSetCurrent) current;
	__typeof__(&sim_cuDeviceGetAttribute) attribute;
	__typeof__(&sim_cuLaunchHostFunc) launch;
	CUcontext context;
	int value;

	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		_exit(2);
	}
	init = symbol(library, "cuInit");
	retain = symbol(library, "cuDevicePrimaryCtxRetain");
	current = symbol(library, "cuCtxSetCurrent");
	attribute = symbol(library, "cuDeviceGetAttribute");
	launch = symbol(library, "cuLaunchHostFunc");
	if (init(0) || retain(&context, 0) || current(context))
		_exit(3);
	for (unsigned i = 1; i <= ATTRIBUTES; i++) {
		shared->value[i] = 0;
		shared->result[i] = (int)attribute(&shared->value[i], (CUdevice_attribute)i, 0);
	}
	shared->base = 3 + ATTRIBUTES;
	shared->callback = (uintptr_t)host_function;
	for (uint64_t number = 0;; number++) {
		unsigned which = attribute_of(number);

		note(number, ENTERING);
		if (is_host(number)) {
			if (launch(NULL, host_function, (void *)(uintptr_t)number))
				_exit(4);
		} else if ((int)attribute(&value, (CUdevice_attribute)which, 0) != shared->result[which]) {
			_exit(5);
		}
		note(number + 1, BEFORE);
		spin(SPIN);
	}
}

/* ---- the test ---- */

static uint64_t state;
static unsigned failures;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * UINT64_C(2685821657736338717);
}

#define EXPECT(condition, ...)                                                                 \
	do {                                                                                   \
		if (!(condition)) {                                                            \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);        \
			fprintf(stderr, __VA_ARGS__);                                          \
			fputc('\n', stderr);                                                   \
			failures++;                                                            \
		}                                                                              \
	} while (0)

static void check_record(const struct vgpu_ring_event *event)
{
	uint64_t number = event->call->ordinal - shared->base;
	const struct vgpu_blob *blob;
	size_t at = 0;
	int value;

	EXPECT(event->call->depth == 0, "call %llu", (unsigned long long)number);
	EXPECT(event->call->leave >= event->call->enter, "call %llu", (unsigned long long)number);
	if (is_host(number)) {
		EXPECT(event->call->function == VGPU_FN_cuLaunchHostFunc, "call %llu", (unsigned long long)number);
		EXPECT(event->call->nargs == 3 && event->args[0] == 0 && event->args[1] == shared->callback &&
			       event->args[2] == number,
		       "call %llu", (unsigned long long)number);
		EXPECT(event->call->result == 0, "call %llu", (unsigned long long)number);
		return;
	}
	EXPECT(event->call->function == VGPU_FN_cuDeviceGetAttribute, "call %llu", (unsigned long long)number);
	EXPECT(event->call->nargs == 3 && event->args[1] == attribute_of(number) && event->args[2] == 0,
	       "call %llu", (unsigned long long)number);
	EXPECT(event->call->result == (uint32_t)shared->result[attribute_of(number)], "call %llu",
	       (unsigned long long)number);
	blob = vgpu_ring_blob(event, &at);
	EXPECT(blob && blob->param == 0 && blob->size == sizeof(value), "call %llu", (unsigned long long)number);
	if (blob && !event->call->result) {
		memcpy(&value, blob + 1, sizeof(value));
		EXPECT(!(blob->flags & VGPU_BLOB_ABSENT) && value == shared->value[attribute_of(number)],
		       "call %llu: %d", (unsigned long long)number, value);
	}
}

static uint64_t poll_calls(struct vgpu_ring *ring)
{
	struct vgpu_ring_event event;
	uint64_t calls = 0;
	int n = vgpu_ring_poll(ring);

	EXPECT(n >= 0, "%s", strerror(-n));
	while (vgpu_ring_next(ring, &event)) {
		if (event.kind != VGPU_KIND_CALL)
			continue;
		calls++;
		if (event.call->ordinal >= shared->base)
			check_record(&event);
	}
	return calls;
}

static struct vgpu_ring *open_ring(const char *directory, pid_t pid, char *path, size_t size)
{
	struct vgpu_ring *ring = NULL;
	struct dirent *entry;
	DIR *dir = opendir(directory);
	char start[32];
	int err = -ENOENT;

	path[0] = '\0';
	snprintf(start, sizeof(start), "vgpu-%d-", (int)pid);
	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, start, strlen(start)))
			snprintf(path, size, "%s/%.100s", directory, entry->d_name);
	if (dir)
		closedir(dir);
	if (path[0])
		err = vgpu_ring_open_file(&ring, path);
	EXPECT(!err, "the ring of %d in %s: %s", (int)pid, directory, strerror(-err));
	return ring;
}

struct outcome {
	unsigned strict, none, inside, between, overwritten;
	uint64_t calls;
};

/* Compares what was recovered with what the target last noted. */
static void judge(struct vgpu_ring *ring, uint64_t read, struct outcome *outcome)
{
	uint64_t number = shared->note >> 2, recovered;
	enum noted noted = shared->note & 3;
	struct vgpu_ring_pending pending, second;
	struct vgpu_ring_losses losses;
	bool in_flight = vgpu_ring_pending(ring, 0, &pending);

	vgpu_ring_losses(ring, &losses);
	recovered = read + losses.dropped + losses.overwritten + losses.refused + losses.recycled;
	outcome->overwritten += losses.overwritten != 0;
	outcome->calls += number;
	EXPECT(recovered >= shared->base, "only %llu", (unsigned long long)recovered);
	recovered -= shared->base;
	EXPECT(recovered == number || recovered == number + 1, "recovered %llu, noted %llu",
	       (unsigned long long)recovered, (unsigned long long)number);
	EXPECT(!vgpu_ring_pending(ring, 1, &second), "two calls in flight at %llu", (unsigned long long)number);
	if (in_flight) {
		/* Whatever is in flight is the call of that number, whole. */
		const struct vgpu_inflight *call = pending.call;

		EXPECT(call->ordinal == shared->base + number, "in flight: %llu, noted %llu",
		       (unsigned long long)(call->ordinal - shared->base), (unsigned long long)number);
		EXPECT(recovered == number, "in flight and recovered: %llu", (unsigned long long)number);
		if (is_host(number))
			EXPECT(call->function == VGPU_FN_cuLaunchHostFunc && call->nargs == 3 &&
				       call->args[1] == shared->callback && call->args[2] == number,
			       "in flight: %llu", (unsigned long long)number);
		else
			EXPECT(call->function == VGPU_FN_cuDeviceGetAttribute && call->nargs == 3 &&
				       call->args[1] == attribute_of(number),
			       "in flight: %llu", (unsigned long long)number);
	}
	switch (noted) {
	case BEFORE:
		outcome->strict++;
		outcome->none++;
		EXPECT(!in_flight, "noted none, in flight %llu", (unsigned long long)number);
		EXPECT(recovered == number, "recovered %llu, noted none at %llu",
		       (unsigned long long)recovered, (unsigned long long)number);
		break;
	case INSIDE:
		outcome->strict++;
		outcome->inside++;
		EXPECT(in_flight, "noted inside %llu, in flight none", (unsigned long long)number);
		EXPECT(recovered == number, "recovered %llu, noted inside %llu",
		       (unsigned long long)recovered, (unsigned long long)number);
		break;
	default:
		outcome->between++;
	}
}

static void kill_once(const char *library, const char *directory, unsigned round, struct outcome *outcome)
{
	/* From the first few calls up to so many that the latest ones wrap around. */
	uint64_t moment = rnd() % (UINT64_C(4) << rnd() % 15), read = 0;
	bool live = round % 4 == 3;
	struct vgpu_ring *ring = NULL;
	char path[400];
	int status;
	pid_t pid;

	shared->note = 0;
	shared->base = 0;
	pid = fork();
	if (!pid) {
		target(library);
		_exit(1);
	}
	while (__atomic_load_n(&shared->note, __ATOMIC_ACQUIRE) < NOTE(moment + 1, 0)) {
		if (waitpid(pid, &status, WNOHANG)) {
			EXPECT(0, "the target ended by itself: %x", status);
			return;
		}
		if (live && __atomic_load_n(&shared->base, __ATOMIC_ACQUIRE)) {
			if (!ring)
				ring = open_ring(directory, pid, path, sizeof(path));
			if (ring)
				read += poll_calls(ring);
		}
		sched_yield();
	}
	spin((int)(rnd() % 3000));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the target ended by itself: %x", status);
	if (!ring)
		ring = open_ring(directory, pid, path, sizeof(path));
	if (!ring)
		return;
	read += poll_calls(ring);
	judge(ring, read, outcome);
	vgpu_ring_close(ring);
	unlink(path);
}

/* usage: ring_kill LIBRARY DIRECTORY SEED TIMES */
int main(int argc, char **argv)
{
	struct outcome outcome = { 0 };
	unsigned times;

	if (argc != 5)
		return 2;
	state = strtoull(argv[3], NULL, 0) * 2 + 1;
	times = (unsigned)strtoul(argv[4], NULL, 0);
	setenv("VGPU_TRACE_DIR", argv[2], 1);
	setenv("VGPU_BACKEND", "sim", 1);
	unsetenv("VGPU_TRACE");
	unsetenv("VGPU_DEVICE");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || (mkdir(argv[2], 0700) && errno != EEXIST)) {
		perror(argv[2]);
		return 1;
	}
	for (unsigned round = 0; round < times && failures < 20; round++)
		kill_once(argv[1], argv[2], round, &outcome);
	printf("%u kills after %llu calls: %u with no call in flight, %u inside one, %u at the edge of one; "
	       "%u rings had wrapped over\n",
	       times, (unsigned long long)outcome.calls, outcome.none, outcome.inside, outcome.between,
	       outcome.overwritten);
	EXPECT(outcome.strict + outcome.between == times, "%u", outcome.strict + outcome.between);
	EXPECT(outcome.strict * 10 >= times * 7, "too few of the kills say exactly what was in flight");
	EXPECT(times < 100 || (outcome.none >= times / 10 && outcome.inside >= times / 10 && outcome.overwritten),
	       "the kills met too few different moments");
	return failures ? 1 : 0;
}
