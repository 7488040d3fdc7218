// SPDX-License-Identifier: Apache-2.0
/* Running processes as a live source. */
#include "tracer/source/watch.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shim/ring/reader.h"
#include "tracer/source/facts.h"
#include "tracer/source/host.h"
#include "tracer/source/kernel/kernel.h"
#include "tracer/source/observers.h"
#include "tracer/source/proc.h"

#define MS UINT64_C(1000000)
/* New processes are looked for where pids were given out since, and among all of them now and then: names change by exec. */
#define LOOK_NS     (100 * MS)
#define LOOK_ALL_NS (1000 * MS)
#define NEW_PIDS_MAX 1024
/* A call that runs for so long is reported as running. */
#define PENDING_NS (100 * MS)
#define BUSY       512
#define PLACES_MAX 32u

/* A process that is meant: has a ring, or may get one. */
struct watched {
	int32_t pid;
	uint64_t start_time;
	struct vgpu_known *known;
	uint64_t next_ns; /* when its rings are looked for again */
	bool ended;
};

/* A directory where rings may lie. */
struct place {
	char path[512];
	struct timespec changed; /* when it was looked through */
};

struct vgpu_watch {
	pid_t pid;
	const char *name;
	struct vgpu_observers on;
	struct watched *watched;
	uint32_t count, room;
	int32_t newest;
	uint64_t since; /* rings of processes that started before were looked at; clock ticks, 0: none were yet */
	struct place places[PLACES_MAX];
	unsigned place_count;
	uint64_t next_look_ns, next_all_ns;
	char why[256]; /* the kernel observer is off */
	/* while the observers are opened beside */
	enum vgpu_watch_kernel kernel;
	struct vgpu_stream *stream;
	pthread_t opener;
	bool opening, beginning;
	int open_error;
	bool opened; /* atomic: the opener's last act */
	char *told;  /* where an error is explained */
	size_t told_size;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static struct watched *find_pid(const struct vgpu_watch *watch, int32_t pid)
{
	for (uint32_t i = 0; i < watch->count; i++)
		if (watch->watched[i].pid == pid && !watch->watched[i].ended)
			return &watch->watched[i];
	return NULL;
}

static bool is_meant(const struct vgpu_watch *watch, const struct vgpu_proc *proc)
{
	if (find_pid(watch, proc->ppid))
		return true;
	if (watch->pid)
		return proc->pid == watch->pid;
	return !strcmp(proc->comm, watch->name) || !strcmp(base_name(proc->exe), watch->name) ||
	       (proc->argv_size && !strcmp(base_name(proc->argv), watch->name));
}

static int look_at(pid_t pid, void *data)
{
	struct vgpu_watch *watch = data;
	struct vgpu_proc proc;
	struct watched *watched;

	if (pid == getpid() || find_pid(watch, pid))
		return 0;
	if (vgpu_proc_read(pid, &proc) || proc.state == 'Z' || !is_meant(watch, &proc)) {
		vgpu_proc_free(&proc);
		return 0;
	}
	if (watch->count == watch->room) {
		uint32_t room = watch->room ? watch->room * 2 : 16;
		void *grown = realloc(watch->watched, room * sizeof(*watch->watched));

		if (!grown) {
			vgpu_proc_free(&proc);
			return -ENOMEM;
		}
		watch->watched = grown;
		watch->room = room;
	}
	watched = &watch->watched[watch->count++];
	*watched = (struct watched){ .pid = pid, .start_time = proc.start_time };
	/* It follows descendants of itself. */
	if (watch->on.kernel && !find_pid(watch, proc.ppid))
		vgpu_kwatch_process(watch->on.kernel, pid, watch->on.stream);
	watched->known = vgpu_roster_find(watch->on.roster, proc.ns_pid, proc.start_time, proc.pid_ns);
	if (!watched->known && (watched->known = vgpu_roster_add(watch->on.roster))) {
		watched->known->in_session = true;
		vgpu_roster_emit(watch->on.roster, watched->known, &proc, VGPU_EVENT_START,
				 vgpu_proc_start_ns(proc.start_time), VGPU_OBSERVER_TRACER, "looking at /proc", watch->on.stream);
	}
	vgpu_proc_free(&proc);
	return 0;
}

static void look_for_processes(struct vgpu_watch *watch, uint64_t now)
{
	int32_t newest = vgpu_proc_newest();

	if (now >= watch->next_all_ns || newest < watch->newest || newest - watch->newest > NEW_PIDS_MAX) {
		uint32_t before;

		/* A child of one just found may have been passed already. */
		do {
			before = watch->count;
			vgpu_proc_each(look_at, watch);
		} while (watch->count > before);
		watch->next_all_ns = now + LOOK_ALL_NS;
	} else {
		for (int32_t pid = watch->newest + 1; pid <= newest; pid++)
			look_at(pid, watch);
	}
	watch->newest = newest;
}

/* ---- rings of processes that ended before anybody saw them ---- */

static bool is_ours(const struct vgpu_watch *watch, const struct vgpu_process *process)
{
	if (watch->pid ? process->pid == watch->pid
		       : !strcmp(process->comm, watch->name) || !strcmp(base_name(process->exe), watch->name))
		return true;
	for (const struct vgpu_known *known = vgpu_roster_first(watch->on.roster); known; known = known->next)
		if (known->ns_pid == process->ppid && known->start_time <= process->start_time &&
		    (!known->pid_ns || known->pid_ns == process->pid_ns))
			return true;
	return false;
}

static void look_into(struct vgpu_watch *watch, const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		unsigned long long start_time;
		struct vgpu_ring *ring;
		char path[1024];
		bool ours;
		int pid;

		/* As shim/ring/arena.c names them. */
		if ((sscanf(entry->d_name, "vgpu-%d-%llu-", &pid, &start_time) != 2 &&
		     sscanf(entry->d_name, "link-%d-%llu-", &pid, &start_time) != 2) || start_time < watch->since)
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (vgpu_ring_open_file(&ring, path))
			continue;
		ours = is_ours(watch, &vgpu_ring_arena(ring)->process);
		vgpu_ring_close(ring);
		if (ours)
			vgpu_rings_add_file(watch->on.rings, path, watch->on.stream);
	}
	if (dir)
		closedir(dir);
}

static void look_at_place(const char *path, void *data)
{
	struct vgpu_watch *watch = data;
	struct place *place = watch->places;
	struct timespec now;
	struct stat st;

	if (stat(path, &st))
		return;
	while (place < watch->places + watch->place_count && strcmp(place->path, path))
		place++;
	if (place == watch->places + PLACES_MAX)
		return;
	if (place == watch->places + watch->place_count) {
		watch->place_count++;
		snprintf(place->path, sizeof(place->path), "%s", path);
	}
	/* A ring is none before its header is written: fresh changes are looked at again. */
	clock_gettime(CLOCK_REALTIME, &now);
	if (place->changed.tv_sec == st.st_mtim.tv_sec && place->changed.tv_nsec == st.st_mtim.tv_nsec &&
	    now.tv_sec - st.st_mtim.tv_sec > 2)
		return;
	place->changed = st.st_mtim;
	look_into(watch, path);
}

static uint64_t ticks_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return ((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000) * (uint64_t)sysconf(_SC_CLK_TCK) / 1000;
}

/* The first time also those that ended before anybody looked at all: children, and children of theirs. */
static void look_for_left(struct vgpu_watch *watch)
{
	unsigned before;

	if (!watch->since) {
		uint64_t now = ticks_now();

		do {
			before = vgpu_rings_count(watch->on.rings);
			watch->place_count = 0;
			vgpu_find_directories(look_at_place, watch);
		} while (vgpu_rings_count(watch->on.rings) > before);
		watch->since = now ? now - 1 : 0;
	} else {
		vgpu_find_directories(look_at_place, watch);
	}
}

static void look_for_rings(struct vgpu_watch *watch, uint64_t now)
{
	for (uint32_t i = 0; i < watch->count; i++) {
		struct watched *watched = &watch->watched[i];
		struct vgpu_event event = { .kind = VGPU_EVENT_EXIT, .observer = VGPU_OBSERVER_TRACER };

		if (watched->ended)
			continue;
		if (!vgpu_proc_alive(watched->pid, watched->start_time)) {
			watched->ended = true;
			/* Its first call may have been its last act. */
			if (watched->known && !watched->known->has_ring)
				look_for_left(watch);
			/* One with a ring is reaped by it, and the kernel observer says itself when one ends. */
			if (!watch->on.kernel && watched->known && !watched->known->has_ring && !watched->known->ended) {
				watched->known->ended = true;
				event.process = watched->known->number;
				event.exit.how = VGPU_EXIT_SEEN;
				vgpu_stream_emit(watch->on.stream, &event);
			}
			continue;
		}
		if (now < watched->next_ns)
			continue;
		vgpu_rings_add_process(watch->on.rings, watched->pid, watch->on.stream);
		/* After an exec it has another. */
		watched->next_ns = now + (watched->known && watched->known->has_ring ? 1000 : 100) * MS;
	}
}

/* Where it is only wanted if it may be had, and may not: why is in watch->why. */
static int open_observers(struct vgpu_watch *watch, enum vgpu_watch_kernel kernel, struct vgpu_stream *stream)
{
	static const char *const lacks[] = { NULL, "needs CAP_BPF", "needs CAP_PERFMON", "needs CAP_BPF and CAP_PERFMON" };
	const char *lack = lacks[vgpu_kernel_lacks() & 3];
	struct vgpu_kwatch_options options = {
		.descriptors = 1u << STDERR_FILENO,
		.foreign_only = kernel == VGPU_WATCH_KERNEL_AUTO,
		.wait = watch->pid ? NULL : watch->name,
		.stop = true,
		.why = watch->why,
		.why_size = sizeof(watch->why),
	};
	int err = -EPERM;

	if (kernel == VGPU_WATCH_KERNEL_OFF || (kernel == VGPU_WATCH_KERNEL_AUTO && lack))
		snprintf(watch->why, sizeof(watch->why), "%s", lack ? lack : "it was not asked for");
	else
		err = vgpu_observers_open(&watch->on, &options, PENDING_NS, stream);
	if (!err || kernel == VGPU_WATCH_KERNEL_ON)
		return err;
	vgpu_observers_close(&watch->on);
	return vgpu_observers_open(&watch->on, NULL, PENDING_NS, stream);
}

/* The observers are there: who is looked at. */
static void begin(struct vgpu_watch *watch)
{
	vgpu_host_emit(watch->on.stream);
	vgpu_facts_emit(watch->on.stream);
	if (watch->on.kernel) {
		/* It tells more of a process than a ring does, if it is the first to meet it. */
		vgpu_kwatch_start(watch->on.kernel, watch->on.stream);
		if (watch->name)
			vgpu_kwatch_candidates(watch->on.kernel, getenv("LD_PRELOAD"), getenv("LD_LIBRARY_PATH"),
					       watch->on.stream);
		look_for_processes(watch, vgpu_now_ns());
	} else {
		vgpu_coverage_emit(watch->on.stream, VGPU_OBSERVER_KERNEL, 0, 0, watch->why);
	}
}

/* And what there is. */
static void begin_rings(struct vgpu_watch *watch, struct vgpu_find *find)
{
	vgpu_find_rings(find, watch->on.rings, watch->pid, watch->name, watch->on.stream);
	vgpu_coverage_emit(watch->on.stream, VGPU_OBSERVER_RING, 1, 0, NULL);
}

static void *open_beside(void *data)
{
	struct vgpu_watch *watch = data;

	watch->open_error = open_observers(watch, watch->kernel, watch->stream);
	__atomic_store_n(&watch->opened, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Signals are for the thread that has the terminal. */
static int start_opener(struct vgpu_watch *watch)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&watch->opener, NULL, open_beside, watch);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	watch->opening = !err;
	return err;
}

static void end_opener(struct vgpu_watch *watch)
{
	if (watch->opening)
		pthread_join(watch->opener, NULL);
	watch->opening = false;
}

static void tell_why(const struct vgpu_watch *watch)
{
	if (watch->told)
		snprintf(watch->told, watch->told_size, "%s", watch->why);
}

int vgpu_watch_open(struct vgpu_watch **out, const struct vgpu_watch_options *options, struct vgpu_stream *stream,
		    struct vgpu_find *find)
{
	struct vgpu_watch *watch = calloc(1, sizeof(*watch));
	struct vgpu_find own = { 0 };
	int err;

	*out = NULL;
	if (!watch)
		return -ENOMEM;
	watch->pid = options->pid;
	watch->name = options->pid ? NULL : options->name;
	watch->kernel = options->kernel;
	watch->stream = stream;
	watch->told = options->why;
	watch->told_size = options->why_size;
	if (options->background && options->kernel != VGPU_WATCH_KERNEL_OFF && !start_opener(watch)) {
		*out = watch;
		return 0;
	}
	err = open_observers(watch, options->kernel, stream);
	if (err) {
		tell_why(watch);
		vgpu_watch_close(watch);
		return err;
	}
	begin(watch);
	begin_rings(watch, find ? find : &own);
	*out = watch;
	return 0;
}

void vgpu_watch_close(struct vgpu_watch *watch)
{
	if (!watch)
		return;
	end_opener(watch);
	vgpu_observers_close(&watch->on);
	free(watch->watched);
	free(watch);
}

bool vgpu_watch_opening(const struct vgpu_watch *watch)
{
	return watch->opening || watch->beginning;
}

bool vgpu_watch_live(const struct vgpu_watch *watch)
{
	for (uint32_t i = 0; i < watch->count; i++)
		if (!watch->watched[i].ended)
			return true;
	return vgpu_rings_count(watch->on.rings);
}

void vgpu_watch_finish(struct vgpu_watch *watch)
{
	vgpu_rings_reap(watch->on.rings, watch->on.stream);
	vgpu_observers_finish(&watch->on);
}

int vgpu_watch_poll(struct vgpu_watch *watch)
{
	uint64_t now = vgpu_now_ns();
	bool looked = now >= watch->next_look_ns;
	struct vgpu_find find = { 0 };
	int count;

	if (watch->opening) {
		if (!__atomic_load_n(&watch->opened, __ATOMIC_ACQUIRE))
			return 0;
		end_opener(watch);
		watch->beginning = !watch->open_error;
		/* In steps, so that whoever polls is back soon: each may take some tens of ms. */
		if (watch->beginning) {
			begin(watch);
			return 0;
		}
	}
	if (watch->beginning) {
		begin_rings(watch, &find);
		watch->beginning = false;
	}
	if (watch->open_error) {
		tell_why(watch);
		return watch->open_error;
	}
	if (looked) {
		look_for_processes(watch, now);
		look_for_rings(watch, now);
		look_for_left(watch);
		watch->next_look_ns = now + LOOK_NS;
	}
	count = vgpu_observers_poll(&watch->on);
	if (count < 0)
		return count;
	if (looked)
		vgpu_rings_losses(watch->on.rings, watch->on.stream);
	if (count >= BUSY)
		return 1;
	return watch->pid && looked && !vgpu_watch_live(watch) ? -ENODATA : 0;
}
