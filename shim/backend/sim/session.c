/* SPDX-License-Identifier: Apache-2.0 */
/* The session file: a place for each process, which it alone writes, and which is void when it is dead. */
#include "shim/backend/sim/session.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shim/backend/sim/device.h"

#define MAGIC     UINT64_C(0x31656761737567f6) /* of this layout */
#define PROCESSES 128u

struct place {
	uint64_t owner; /* pid and the low half of its start time; 0: free. Taken by compare-and-swap */
	uint64_t start_ns;
	uint64_t bytes[VGPU_SIMDEV_MAX];
	uint64_t most[VGPU_SIMDEV_MAX];
};

struct session {
	uint64_t magic;
	uint32_t high; /* places from here on were never taken */
	uint32_t pad;
	struct place place[PROCESSES];
	uint64_t knob[VGPU_SIMDEV_MAX][SESSION_KNOBS]; /* plus one; 0: not set */
};

static struct session alone;    /* of a process without a session file */
static struct session *session; /* NULL: not looked for yet */
static uint64_t own_bytes[VGPU_SIMDEV_MAX];
static struct place *own; /* ours in the session; NULL: not yet, or none was free */
static uint64_t own_owner;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- processes ---- */

/* The start time of a process that lives; 0: it does not, or nobody has waited for it yet. */
static uint64_t start_time(pid_t pid, bool *known)
{
	char path[32], text[512], state = 0;
	unsigned long long time = 0;
	const char *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	*known = fd >= 0 || errno == ENOENT;
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			  &state, &time) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : time;
}

static uint64_t owner_of(pid_t pid)
{
	bool known;

	return (uint64_t)(uint32_t)pid << 32 | (uint32_t)start_time(pid, &known);
}

/* Frees the place of a process that is dead; true: it lives, as far as can be seen. */
static bool is_alive(struct place *place, uint64_t owner)
{
	pid_t pid = (pid_t)(owner >> 32);
	uint64_t time;
	bool known;

	if (owner == own_owner)
		return true;
	time = start_time(pid, &known);
	if (!known || (time && (uint32_t)time == (uint32_t)owner))
		return true;
	__atomic_compare_exchange_n(&place->owner, &owner, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	return false;
}

/* ---- the file ---- */

static int open_file(void)
{
	const char *path = secure_getenv("VGPU_SIM_SESSION");
	const char *directory = secure_getenv("VGPU_TRACE_DIR");
	char text[4096];

	if (!path || path[0] != '/') {
		if (!secure_getenv("VGPU_TRACE_SESSION") || !directory || directory[0] != '/')
			return -1;
		/* The name is one that is removed with the session's rings. */
		if (snprintf(text, sizeof(text), "%s/vgpu-devices.session", directory) >= (int)sizeof(text))
			return -1;
		path = text;
	}
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* Really allocated: a write to a hole of a full file system would be SIGBUS. */
static struct session *map_file(int fd)
{
	uint64_t none = 0;
	struct stat st;
	void *map;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_size && st.st_size < (off_t)sizeof(struct session)) ||
	    fallocate(fd, 0, 0, sizeof(struct session)))
		return NULL;
	map = mmap(NULL, sizeof(struct session), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return NULL;
	if (!__atomic_compare_exchange_n(&((struct session *)map)->magic, &none, MAGIC, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE) &&
	    none != MAGIC) {
		munmap(map, sizeof(struct session));
		return NULL;
	}
	return map;
}

/* A forked child has nothing on the device yet; the map it inherits is good for it, too. */
static void forget(void)
{
	memset(&alone, 0, sizeof(alone));
	memset(own_bytes, 0, sizeof(own_bytes));
	own = NULL;
	own_owner = 0;
	pthread_mutex_init(&lock, NULL);
}

static struct session *get_session(void)
{
	struct session *found = __atomic_load_n(&session, __ATOMIC_ACQUIRE);
	int saved_errno = errno, fd;

	if (found)
		return found;
	pthread_mutex_lock(&lock);
	if (!session) {
		fd = open_file();
		found = fd >= 0 ? map_file(fd) : NULL;
		if (fd >= 0)
			close(fd);
		pthread_atfork(NULL, NULL, forget);
		__atomic_store_n(&session, found ? found : &alone, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&lock);
	errno = saved_errno;
	return session;
}

static uint32_t high_of(const struct session *of)
{
	uint32_t high = __atomic_load_n(&of->high, __ATOMIC_ACQUIRE);

	return high < PROCESSES ? high : PROCESSES;
}

static void raise_high(struct session *of, uint32_t to)
{
	uint32_t high = __atomic_load_n(&of->high, __ATOMIC_RELAXED);

	while (high < to &&
	       !__atomic_compare_exchange_n(&of->high, &high, to, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

/* Under the lock. NULL: as many processes as there are places. */
static struct place *take_place(struct session *of)
{
	struct timespec now;

	if (own)
		return own;
	own_owner = owner_of(getpid());
	for (uint32_t i = 0; i < PROCESSES; i++) {
		struct place *place = &of->place[i];
		uint64_t owner = __atomic_load_n(&place->owner, __ATOMIC_ACQUIRE);

		/* The NVML and the driver of one process are two libraries with one place. */
		if (owner == own_owner)
			return own = place;
		if (owner && is_alive(place, owner))
			continue;
		owner = 0;
		raise_high(of, i + 1);
		if (__atomic_compare_exchange_n(&place->owner, &owner, own_owner, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED)) {
			clock_gettime(CLOCK_REALTIME, &now);
			place->start_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
			for (unsigned k = 0; k < VGPU_SIMDEV_MAX; k++) {
				__atomic_store_n(&place->bytes[k], 0, __ATOMIC_RELAXED);
				__atomic_store_n(&place->most[k], 0, __ATOMIC_RELAXED);
			}
			return own = place;
		}
	}
	return NULL;
}

static uint64_t of_others(struct session *of, unsigned device)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < high_of(of); i++) {
		struct place *place = &of->place[i];
		uint64_t owner = __atomic_load_n(&place->owner, __ATOMIC_ACQUIRE), bytes;

		if (!owner || place == own)
			continue;
		bytes = __atomic_load_n(&place->bytes[device], __ATOMIC_RELAXED);
		if (bytes && is_alive(place, owner))
			sum += bytes;
	}
	return sum;
}

/* ---- what is used ---- */

bool session_charge(unsigned device, uint64_t bytes, uint64_t memory_bytes)
{
	struct session *of = get_session();
	uint64_t used;
	bool fits;

	pthread_mutex_lock(&lock);
	take_place(of);
	/* Said before it is looked whether it fits: of two processes that take the last, not both succeed. */
	used = own_bytes[device] + bytes;
	if (own)
		__atomic_store_n(&own->bytes[device], used, __ATOMIC_SEQ_CST);
	used += of_others(of, device);
	fits = used >= bytes && used <= memory_bytes;
	if (fits) {
		own_bytes[device] += bytes;
		if (own && own->most[device] < own_bytes[device])
			__atomic_store_n(&own->most[device], own_bytes[device], __ATOMIC_RELAXED);
	} else if (own) {
		__atomic_store_n(&own->bytes[device], own_bytes[device], __ATOMIC_SEQ_CST);
	}
	pthread_mutex_unlock(&lock);
	return fits;
}

void session_discharge(unsigned device, uint64_t bytes)
{
	pthread_mutex_lock(&lock);
	own_bytes[device] -= bytes < own_bytes[device] ? bytes : own_bytes[device];
	if (own)
		__atomic_store_n(&own->bytes[device], own_bytes[device], __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&lock);
}

uint64_t session_used(unsigned device)
{
	struct session *of = get_session();
	uint64_t used;

	pthread_mutex_lock(&lock);
	take_place(of);
	used = own ? __atomic_load_n(&own->bytes[device], __ATOMIC_SEQ_CST) : own_bytes[device];
	used += of_others(of, device);
	pthread_mutex_unlock(&lock);
	return used;
}

unsigned session_processes(unsigned device, struct session_process *out, unsigned room)
{
	struct session *of = get_session();
	unsigned count = 0;

	pthread_mutex_lock(&lock);
	for (uint32_t i = 0; i < high_of(of); i++) {
		struct place *place = &of->place[i];
		uint64_t owner = __atomic_load_n(&place->owner, __ATOMIC_ACQUIRE), bytes;

		bytes = __atomic_load_n(&place->bytes[device], __ATOMIC_RELAXED);
		if (!owner || !bytes || (place != own && !is_alive(place, owner)))
			continue;
		if (count < room)
			out[count] = (struct session_process){
				.pid = (pid_t)(owner >> 32),
				.bytes = bytes,
				.most_bytes = __atomic_load_n(&place->most[device], __ATOMIC_RELAXED),
				.start_ns = place->start_ns,
			};
		count++;
	}
	pthread_mutex_unlock(&lock);
	return count;
}

/* ---- what was set ---- */

uint64_t session_get(unsigned device, unsigned knob, uint64_t unset)
{
	uint64_t value = __atomic_load_n(&get_session()->knob[device][knob], __ATOMIC_ACQUIRE);

	return value ? value - 1 : unset;
}

void session_set(unsigned device, unsigned knob, uint64_t value)
{
	__atomic_store_n(&get_session()->knob[device][knob], value + 1, __ATOMIC_RELEASE);
}

void session_reset(unsigned device, unsigned knob)
{
	__atomic_store_n(&get_session()->knob[device][knob], 0, __ATOMIC_RELEASE);
}
