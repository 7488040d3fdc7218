// SPDX-License-Identifier: Apache-2.0
/* Rings as a source: opens them, polls them, merges their records by time. */
#include "tracer/source/ring.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shim/ring/reader.h"
#include "tracer/source/alike.h"
#include "tracer/source/link.h"
#include "tracer/source/ring_events.h"

/* Directories that are looked at again and again. */
#define DIRECTORIES 8u

struct directory {
	char path[512];
	struct timespec changed;
};

struct vgpu_rings {
	struct vgpu_rings_options options;
	struct vgpu_ring_state *rings;
	unsigned open;
	struct directory directories[DIRECTORIES];
	uint32_t *threads; /* stream-wide numbers given so far: the roster's */
	uint64_t calls;
	char unreadable_path[512]; /* the last one: the same again does not count */
	unsigned unreadable;
	int unreadable_error;
	struct vgpu_likes *likes;
	struct vgpu_ring_item *items; /* of the present poll */
	size_t item_room;
};

int vgpu_rings_open(struct vgpu_rings **out, const struct vgpu_rings_options *options)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->options = *options;
	(*out)->threads = vgpu_roster_threads(options->roster);
	if (vgpu_likes_open(&(*out)->likes)) {
		free(*out);
		*out = NULL;
		return -ENOMEM;
	}
	return 0;
}

static void state_free(struct vgpu_ring_state *state)
{
	vgpu_ring_close(state->ring);
	vgpu_link_close(state->link);
	free(state->path);
	free(state->threads);
	free(state);
}

/* Those that cannot be found again: thousands of short-lived processes would make a long list. */
static void forget(struct vgpu_rings *rings)
{
	for (struct vgpu_ring_state **at = &rings->rings; *at;) {
		struct vgpu_ring_state *state = *at;

		if (state->forgotten) {
			*at = state->next;
			state_free(state);
		} else {
			at = &state->next;
		}
	}
}

void vgpu_rings_close(struct vgpu_rings *rings)
{
	if (!rings)
		return;
	for (struct vgpu_ring_state *state = rings->rings, *next; state; state = next) {
		next = state->next;
		state_free(state);
	}
	vgpu_likes_close(rings->likes);
	free(rings->items);
	free(rings);
}

unsigned vgpu_rings_count(const struct vgpu_rings *rings)
{
	return rings->open;
}

uint64_t vgpu_rings_calls(const struct vgpu_rings *rings)
{
	return rings->calls;
}

unsigned vgpu_rings_unreadable(const struct vgpu_rings *rings, int *error)
{
	*error = rings->unreadable_error;
	return rings->unreadable;
}

bool vgpu_rings_place(unsigned index, uint32_t uid, char *path, size_t size)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	switch (index) {
	case 0:
		path[0] = '\0';
		if (runtime && runtime[0] == '/' && uid == geteuid())
			snprintf(path, size, "%s/vgpu-trace", runtime);
		else if (uid != geteuid())
			snprintf(path, size, "/run/user/%u/vgpu-trace", uid);
		return true;
	case 1:
		snprintf(path, size, "/dev/shm/vgpu-trace-%u", uid);
		return true;
	}
	return false;
}

/* ---- adding ---- */

static bool same_ring(const struct vgpu_ring_state *state, const struct vgpu_arena *arena)
{
	return state->identity.pid == arena->process.pid && state->identity.start_time == arena->process.start_time &&
	       state->identity.pid_ns == arena->process.pid_ns && state->identity.instance == arena->process.instance &&
	       state->observer == arena->observer && state->place == arena->place;
}

static bool is_open(const struct vgpu_rings *rings, const struct vgpu_arena *arena)
{
	for (const struct vgpu_ring_state *state = rings->rings; state; state = state->next)
		if (same_ring(state, arena))
			return true;
	return false;
}

/* The process that wrote it, found or made; NULL: no memory. */
static struct vgpu_known *process_of(struct vgpu_rings *rings, const struct vgpu_arena *arena, pid_t pid,
				     struct vgpu_stream *stream)
{
	const struct vgpu_process *from = &arena->process;
	struct vgpu_roster *roster = rings->options.roster;
	struct vgpu_known *known = vgpu_roster_find(roster, from->pid, from->start_time, from->pid_ns);
	struct vgpu_proc proc;
	uint64_t start_ns = vgpu_proc_start_ns(from->start_time);

	/* Of a program that was just executed: who follows processes is to say so first. */
	if ((!known || arena->observer == VGPU_OBSERVER_LINK) && rings->options.unknown) {
		rings->options.unknown(rings->options.data);
		known = vgpu_roster_find(roster, from->pid, from->start_time, from->pid_ns);
	}
	if (known) {
		known->has_ring |= arena->observer != VGPU_OBSERVER_LINK;
		if (!known->start_time)
			known->start_time = from->start_time;
		return known;
	}
	known = vgpu_roster_add(roster);
	if (!known)
		return NULL;
	known->has_ring = arena->observer != VGPU_OBSERVER_LINK;
	known->in_session = rings->options.session && !strcmp(rings->options.session, arena->session);
	/* Its pid as we see it is known only where we found it by its pid, or where it is in our namespace. */
	if (!pid && vgpu_proc_alive(from->pid, from->start_time))
		pid = from->pid;
	if (!pid || vgpu_proc_read(pid, &proc)) {
		memset(&proc, 0, sizeof(proc));
		proc.ns_pid = from->pid;
		proc.pid = from->pid;
		proc.ppid = from->ppid;
		proc.uid = from->uid;
		proc.start_time = from->start_time;
		proc.pid_ns = from->pid_ns;
		snprintf(proc.comm, sizeof(proc.comm), "%.15s", from->comm);
		snprintf(proc.exe, sizeof(proc.exe), "%.255s", from->exe);
	}
	proc.ns_pid = from->pid;
	vgpu_roster_emit(roster, known, &proc, VGPU_EVENT_START, start_ns, VGPU_OBSERVER_RING, "ring", stream);
	vgpu_proc_free(&proc);
	return known;
}

/* Takes the ring over, or closes it. */
static int add_ring(struct vgpu_rings *rings, struct vgpu_ring *ring, const char *path, pid_t pid,
		    struct vgpu_stream *stream)
{
	const struct vgpu_arena *arena = vgpu_ring_arena(ring);
	struct vgpu_ring_state *state, **last;
	struct vgpu_known *known;

	if (is_open(rings, arena)) {
		vgpu_ring_close(ring);
		return -EALREADY;
	}
	known = process_of(rings, arena, pid, stream);
	/* Finding out whose it is may have led to it by another way. */
	if (is_open(rings, arena)) {
		vgpu_ring_close(ring);
		return -EALREADY;
	}
	state = known ? calloc(1, sizeof(*state)) : NULL;
	if (state && arena->observer == VGPU_OBSERVER_LINK) {
		state->link = vgpu_link_open(rings->options.roster);
		if (!state->link) {
			free(state);
			state = NULL;
		}
	}
	if (!state) {
		vgpu_ring_close(ring);
		return -ENOMEM;
	}
	state->ring = ring;
	state->identity = arena->process;
	state->observer = arena->observer;
	state->place = arena->place;
	state->process = known->number;
	state->known = known;
	state->path = path && path[0] ? strdup(path) : NULL;
	/* Such a ring is made by a program that was executed, even where nobody noticed that. */
	if (state->link)
		known->family = known->number;
	if (state->link && arena->anchor[0].monotonic_ns > known->link_ns)
		known->link_ns = arena->anchor[0].monotonic_ns;
	for (last = &rings->rings; *last; last = &(*last)->next)
		;
	*last = state;
	rings->open++;
	vgpu_ring_emit_found(state, stream);
	return 0;
}

int vgpu_rings_add_file(struct vgpu_rings *rings, const char *path, struct vgpu_stream *stream)
{
	struct vgpu_ring *ring;
	int err;

	for (struct vgpu_ring_state *state = rings->rings; state; state = state->next)
		if (state->path && !strcmp(state->path, path))
			return -EALREADY;
	err = vgpu_ring_open_file(&ring, path);
	if (err)
		return err;
	if (rings->options.session && strcmp(vgpu_ring_arena(ring)->session, rings->options.session)) {
		vgpu_ring_close(ring);
		return -EXDEV;
	}
	return add_ring(rings, ring, path, 0, stream);
}

int vgpu_rings_add_process(struct vgpu_rings *rings, pid_t pid, struct vgpu_stream *stream)
{
	struct vgpu_ring_place places[16];
	int count = vgpu_ring_places(pid, places, 16), added = 0, failed = 0;
	struct vgpu_proc proc;

	if (count < 0)
		return count;
	if (vgpu_proc_read(pid, &proc))
		return -ESRCH;
	for (int i = 0; i < count && i < 16; i++) {
		const struct vgpu_arena *arena;
		struct vgpu_ring *ring;
		int err = vgpu_ring_open_place(&ring, pid, &places[i]);

		if (err) {
			failed = err;
			continue;
		}
		arena = vgpu_ring_arena(ring);
		/* A forked child that made no call yet still maps its parent's. */
		if (arena->process.start_time != proc.start_time || arena->process.pid != proc.ns_pid ||
		    (rings->options.session && strcmp(arena->session, rings->options.session))) {
			vgpu_ring_close(ring);
			continue;
		}
		added += !add_ring(rings, ring, places[i].path, pid, stream);
	}
	vgpu_proc_free(&proc);
	return added ? added : failed;
}

static struct directory *directory_get(struct vgpu_rings *rings, const char *path)
{
	for (unsigned i = 0; i < DIRECTORIES; i++) {
		struct directory *directory = &rings->directories[i];

		if (!directory->path[0])
			snprintf(directory->path, sizeof(directory->path), "%s", path);
		if (!strcmp(directory->path, path))
			return directory;
	}
	return NULL;
}

/* The link observer's word that it found no room for a ring: shim/audit/arena.c. */
static bool take_declined(struct vgpu_rings *rings, const char *file, const char *name, struct vgpu_stream *stream)
{
	unsigned long long start_time;
	struct vgpu_known *known;
	int pid, instance, code;

	if (sscanf(name, "link-%d-%llu-%d.declined-%d", &pid, &start_time, &instance, &code) != 4)
		return false;
	known = vgpu_roster_find(rings->options.roster, pid, start_time, 0);
	if (known && rings->options.remove && !unlink(file)) {
		known->link_why = "its records found no room";
		vgpu_link_emit_absent(known->number, code, known->link_why, stream);
	}
	return true;
}

void vgpu_rings_scan(struct vgpu_rings *rings, const char *path, int32_t ns_pid, uint64_t start,
		     bool force, struct vgpu_stream *stream)
{
	struct directory *directory = directory_get(rings, path);
	struct dirent *entry;
	struct timespec now;
	char file[1024];
	struct stat st;
	DIR *dir;
	int err;

	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	/*
	 * A change within the clock's granularity of the last look leaves the time as it was, and a
	 * ring is not a ring before its header is written: fresh changes are looked at again.
	 */
	if (directory && !force && directory->changed.tv_sec == st.st_mtim.tv_sec &&
	    directory->changed.tv_nsec == st.st_mtim.tv_nsec && now.tv_sec - st.st_mtim.tv_sec > 2)
		return;
	if (directory && !ns_pid)
		directory->changed = st.st_mtim;
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		unsigned long long start_time;
		int pid;

		/* As shim/ring/arena.c names them; what lies there from earlier need not be opened each time. */
		if ((sscanf(entry->d_name, "vgpu-%d-%llu-", &pid, &start_time) != 2 &&
		     sscanf(entry->d_name, "link-%d-%llu-", &pid, &start_time) != 2) || (ns_pid && pid != ns_pid) ||
		    (start && start_time != start) ||
		    start_time < rings->options.since)
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (take_declined(rings, file, entry->d_name, stream))
			continue;
		err = vgpu_rings_add_file(rings, file, stream);
		if ((err == -EPROTONOSUPPORT || err == -EACCES) && strcmp(rings->unreadable_path, file)) {
			snprintf(rings->unreadable_path, sizeof(rings->unreadable_path), "%.511s", file);
			rings->unreadable++;
			rings->unreadable_error = err;
		}
	}
	closedir(dir);
}

/* ---- reading ---- */

static int item_order(const void *a, const void *b)
{
	const struct vgpu_ring_item *x = a, *y = b;

	if (x->key_ns != y->key_ns)
		return x->key_ns < y->key_ns ? -1 : 1;
	return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

/* Polls one ring, those of one process, or all (NULL, 0), and emits what came, sorted. */
static int poll_rings(struct vgpu_rings *rings, struct vgpu_ring_state *only, uint32_t process, struct vgpu_stream *stream)
{
	uint64_t counted;
	size_t count = 0;

	vgpu_likes_start(rings->likes);
	for (struct vgpu_ring_state *state = rings->rings; state; state = state->next) {
		size_t first = count;

		if ((only && state != only) || (process && state->process != process) || state->finished)
			continue;
		vgpu_likes_lighten(rings->likes, state, stream->alike);
		state->error = vgpu_ring_poll(state->ring);
		if (state->error <= 0)
			continue;
		for (;;) {
			struct vgpu_ring_item *item;

			if (count == rings->item_room) {
				size_t room = count ? count * 2 : 256;
				void *grown = realloc(rings->items, room * sizeof(*rings->items));

				if (!grown)
					return -ENOMEM;
				rings->items = grown;
				rings->item_room = room;
			}
			item = &rings->items[count];
			if (vgpu_ring_next(state->ring, &item->event) != 1)
				break;
			item->state = state;
			item->sequence = count++;
			vgpu_ring_item_time(item);
		}
		vgpu_ring_libraries_first(rings->items + first, count - first);
	}
	/* One ring's are in order already, unless a call had been reported as running. */
	for (size_t i = 1; i < count; i++)
		if (item_order(&rings->items[i - 1], &rings->items[i]) > 0) {
			qsort(rings->items, count, sizeof(*rings->items), item_order);
			break;
		}
	for (size_t i = 0; i < count; i++) {
		rings->calls += rings->items[i].event.kind == VGPU_KIND_CALL;
		vgpu_ring_emit_item(&rings->items[i], rings->threads, stream);
	}
	counted = vgpu_likes_end(rings->likes, stream->alike);
	rings->calls += counted;
	return (int)(count + counted);
}

int vgpu_rings_poll(struct vgpu_rings *rings, struct vgpu_stream *stream)
{
	int count;

	forget(rings);
	count = poll_rings(rings, NULL, 0, stream);

	for (struct vgpu_ring_state *state = rings->rings; state; state = state->next)
		if (!state->finished)
			vgpu_ring_emit_pending(state, rings->options.pending_ns, false, rings->threads, stream);
	return count;
}

static void finish(struct vgpu_rings *rings, struct vgpu_ring_state *state, bool gone, struct vgpu_stream *stream)
{
	while (poll_rings(rings, state, 0, stream) > 0)
		;
	if (state->link)
		vgpu_link_emit_rest(state, stream);
	vgpu_ring_emit_pending(state, 0, gone, rings->threads, stream);
	vgpu_ring_emit_losses(state, stream);
	if (gone)
		state->forgotten = !state->path || (rings->options.remove && !unlink(state->path));
	/* Otherwise kept in the list, so that it is not found again. */
	vgpu_ring_close(state->ring);
	state->ring = NULL;
	state->finished = true;
	rings->open--;
}

bool vgpu_rings_observer(const struct vgpu_rings *rings, uint32_t observer)
{
	for (const struct vgpu_ring_state *state = rings->rings; state; state = state->next)
		if (state->observer == observer)
			return true;
	return false;
}

void vgpu_rings_losses(struct vgpu_rings *rings, struct vgpu_stream *stream)
{
	for (struct vgpu_ring_state *state = rings->rings; state; state = state->next) {
		struct vgpu_ring_losses losses;
		uint64_t lost;

		if (state->finished)
			continue;
		vgpu_ring_losses(state->ring, &losses);
		lost = losses.dropped + losses.overwritten + losses.refused + losses.threads_refused + losses.recycled +
		       losses.log_dropped + losses.stacks_dropped;
		if (lost == state->lost)
			continue;
		state->lost = lost;
		vgpu_ring_emit_losses(state, stream);
	}
}

/* A forked child that executes nothing goes on in the link observer's ring of its parent. */
static bool family_lives(const struct vgpu_rings *rings, const struct vgpu_known *of, uint32_t but)
{
	for (const struct vgpu_known *known = vgpu_roster_first(rings->options.roster); known; known = known->next)
		if (known->family == of->family && known->number != but && known != of && !known->ended)
			return true;
	return false;
}

void vgpu_rings_finish(struct vgpu_rings *rings, uint32_t number, struct vgpu_stream *stream)
{
	/* Those of one process together, in the order of time; then what each has at its very end. */
	while (number && poll_rings(rings, NULL, number, stream) > 0)
		;
	for (struct vgpu_ring_state *state = rings->rings; state; state = state->next) {
		if (state->finished || (number && state->process != number && !state->orphan))
			continue;
		if (number && state->link && family_lives(rings, state->known, number))
			state->orphan = true;
		else
			finish(rings, state, number || !vgpu_proc_alive(state->known->pid, state->known->start_time),
			       stream);
	}
}

void vgpu_rings_reap(struct vgpu_rings *rings, struct vgpu_stream *stream)
{
	for (struct vgpu_ring_state *state = rings->rings; state; state = state->next) {
		struct vgpu_known *known = state->known;
		struct vgpu_event event = {
			.kind = VGPU_EVENT_EXIT,
			.observer = VGPU_OBSERVER_TRACER,
			.process = known->number,
		};

		if (known->followed || (known->ended && state->finished) ||
		    vgpu_proc_alive(known->pid, known->start_time))
			continue;
		if (known->ended) {
			/* Found after its end was told. */
			vgpu_rings_finish(rings, known->number, stream);
			continue;
		}
		if (rings->options.patient && !known->gone) {
			known->gone = true;
			continue;
		}
		vgpu_rings_finish(rings, known->number, stream);
		known->ended = true;
		event.exit.how = VGPU_EXIT_SEEN;
		vgpu_stream_emit(stream, &event);
	}
}
