// SPDX-License-Identifier: Apache-2.0
/* The backend "replay": each call is answered as a recorded one with the same arguments was. */
#include "shim/api/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/backend/backend.h"
#include "shim/backend/stub.h"
#include "shim/entry/call.h"

static const struct vgpu_library *ours;
/* Our own copy, in which keys count their answers; no other process's calls move them on. */
static uint8_t *answers;
static size_t answers_bytes;
static struct vgpu_replay_part *part; /* in our own copy */
static const struct vgpu_replay_recipe *recipes;
/* Who has called so far, by where the thread's errno is: in the order of their first calls. */
static const void *threads[VGPU_REPLAY_THREADS];

extern const uint8_t vgpu_replay_stubs[] __attribute__((visibility("hidden")));
/* 1: the frame has the result; 0: the frame's target is to answer. */
int vgpu_replay_enter(struct vgpu_stub_frame *frame) __attribute__((visibility("hidden")));

/* ---- calls ---- */

static const void *at(uint32_t offset)
{
	return answers + offset;
}

static uint64_t word(const struct vgpu_stub_frame *frame, const struct vgpu_replay_place *place)
{
	switch (place->where) {
	case VGPU_REPLAY_REGISTER:
		return frame->integer[place->index];
	case VGPU_REPLAY_VECTOR:
		return frame->vector[place->index];
	case VGPU_REPLAY_STACK:
		return frame->stack[place->index];
	}
	return 0;
}

static uint64_t cut(uint64_t value, unsigned size)
{
	return size >= 8 ? value : value & ((UINT64_C(1) << 8 * size) - 1);
}

static uint64_t sized_word(const struct vgpu_stub_frame *frame,
			   const struct vgpu_replay_place *place)
{
	return cut(word(frame, place), place->size);
}

static uint64_t hash_place(uint64_t hash, const struct vgpu_stub_frame *frame,
			   const struct vgpu_replay_place *places, uint32_t i)
{
	const struct vgpu_replay_place *place = &places[i];
	const void *pointer = (const void *)(uintptr_t)word(frame, place);

	switch (place->what) {
	case VGPU_REPLAY_WORD:
		return vgpu_replay_mix(hash, sized_word(frame, place));
	case VGPU_REPLAY_PRESENT:
		return vgpu_replay_mix(hash, pointer != NULL);
	case VGPU_REPLAY_TEXT_IN:
		hash = vgpu_replay_mix(hash, pointer != NULL);
		return pointer
			   ? vgpu_replay_mix_bytes(hash, pointer, strnlen(pointer, VGPU_BLOB_MAX))
			   : hash;
	case VGPU_REPLAY_BYTES_IN:
		hash = vgpu_replay_mix(hash, pointer != NULL);
		if (!pointer ||
		    (place->count != VGPU_REPLAY_NONE && !sized_word(frame, &places[place->count])))
			return hash;
		return vgpu_replay_mix_bytes(hash, pointer, place->size);
	}
	return hash;
}

static struct vgpu_replay_key *find_key(const struct vgpu_stub_frame *frame, uint32_t thread)
{
	const struct vgpu_replay_recipe *recipe = &recipes[frame->number];
	const struct vgpu_replay_place *places = at(recipe->at);
	struct vgpu_replay_key *keys = (struct vgpu_replay_key *)(answers + part->keys_at);
	uint64_t hash = vgpu_replay_begin((uint32_t)frame->number, thread);

	for (uint32_t i = 0; i < recipe->count; i++)
		hash = hash_place(hash, frame, places, i);
	hash = vgpu_replay_end(hash);
	/* There is always an empty place: that was seen to when the file was opened. */
	for (uint32_t i = (uint32_t)hash & part->mask;; i = (i + 1) & part->mask) {
		if (keys[i].hash == hash)
			return &keys[i];
		if (!keys[i].hash)
			return NULL;
	}
}

/* Threads go by the order in which they call first. One that begins where another ended is taken for that. */
static uint32_t own_thread(void)
{
	const void *own = &errno;

	for (uint32_t i = 0; i < VGPU_REPLAY_THREADS; i++) {
		const void *none = NULL;

		if (__atomic_load_n(&threads[i], __ATOMIC_RELAXED) == own ||
		    __atomic_compare_exchange_n(&threads[i], &none, own, 0, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED) ||
		    none == own)
			return i;
	}
	return VGPU_REPLAY_THREADS;
}

/* What this thread was told, else what any other was: a program starts its threads as it likes. */
static struct vgpu_replay_key *find(const struct vgpu_stub_frame *frame)
{
	uint32_t own = own_thread();
	struct vgpu_replay_key *key = own < part->threads ? find_key(frame, own) : NULL;

	for (uint32_t i = 0; !key && i < part->threads; i++)
		if (i != own)
			key = find_key(frame, i);
	return key;
}

static const struct vgpu_replay_answer *next_answer(struct vgpu_replay_key *key)
{
	const struct vgpu_replay_answer *of_key = at(key->answers_at);
	uint32_t next = __atomic_fetch_add(&key->next, 1, __ATOMIC_RELAXED);

	if (next < key->count)
		return &of_key[next];
	/* So often that it would begin anew is not often enough to matter, but for this. */
	__atomic_store_n(&key->next, key->count, __ATOMIC_RELAXED);
	return &of_key[key->count - 1];
}

/* An entry point of this library or, as it may be asked of a runtime, another one. */
static void *entry_of(uint32_t function)
{
	const struct vgpu_library *library =
	    VGPU_FUNCTION_LIBRARY(function) == ours->id ? ours : NULL;
	uint32_t number = VGPU_FUNCTION_NUMBER(function);

	if (!library || !number || number > library->count)
		return NULL;
	return library->entry[number];
}

static void put(const struct vgpu_stub_frame *frame, const struct vgpu_replay_place *places,
		const struct vgpu_replay_out *out)
{
	const struct vgpu_replay_place *place = &places[out->param];
	uint8_t *target = (uint8_t *)(uintptr_t)word(frame, place);
	const void *text;
	void *entry;

	if (out->kind == VGPU_REPLAY_RESOLVED)
		vgpu_call_resolved(out->at);
	else if (!target)
		return;
	switch (out->kind) {
	case VGPU_REPLAY_BYTES:
		memcpy(target, at(out->at), out->size);
		break;
	case VGPU_REPLAY_STRING:
		memcpy(target, at(out->at), out->size);
		/* It was cut where there is no room for more: the same room, since that is an argument. */
		if (place->room == VGPU_REPLAY_NONE ||
		    out->size < (uint32_t)word(frame, &places[place->room]))
			target[out->size] = '\0';
		break;
	case VGPU_REPLAY_POINTER:
		text = at(out->at);
		memcpy(target, &text, sizeof(text));
		break;
	case VGPU_REPLAY_ENTRY:
		entry = entry_of(out->at);
		memcpy(target, &entry, sizeof(entry));
		break;
	}
}

int vgpu_replay_enter(struct vgpu_stub_frame *frame)
{
	struct vgpu_replay_key *key = find(frame);
	const struct vgpu_replay_answer *answer;
	const struct vgpu_replay_out *outs;

	memset(frame->result, 0, sizeof(frame->result));
	if (!key) {
		/* It says of itself that it is not supported, and flags the call. */
		frame->target = ours->unsupported[frame->number];
		return 0;
	}
	answer = next_answer(key);
	outs = at(answer->outs_at);
	for (uint32_t i = 0; i < answer->outs; i++)
		put(frame, at(recipes[frame->number].at), &outs[i]);
	if (answer->flags & (VGPU_CALL_UNSUPPORTED | VGPU_CALL_NO_SYMBOL))
		vgpu_call_mark(answer->flags & (VGPU_CALL_UNSUPPORTED | VGPU_CALL_NO_SYMBOL));
	frame->result[0] = answer->flags & VGPU_REPLAY_TEXT
			       ? (uint64_t)(uintptr_t)at((uint32_t)answer->result)
			       : answer->result;
	return 1;
}

/* ---- opening ---- */

/* count things of size bytes from an offset on lie within the file. */
static bool fits(uint64_t offset, uint64_t count, size_t size)
{
	return offset <= answers_bytes && count <= (answers_bytes - offset) / size && !(offset & 7);
}

static bool text_fits(uint64_t offset)
{
	return offset < answers_bytes && memchr(answers + offset, '\0', answers_bytes - offset);
}

static bool outs_fit(const struct vgpu_replay_answer *answer, uint32_t params)
{
	const struct vgpu_replay_out *outs = at(answer->outs_at);

	if (!fits(answer->outs_at, answer->outs, sizeof(*outs)) ||
	    (answer->flags & VGPU_REPLAY_TEXT && !text_fits(answer->result)))
		return false;
	for (uint32_t i = 0; i < answer->outs; i++) {
		if (outs[i].param >= params)
			return false;
		if (outs[i].kind == VGPU_REPLAY_POINTER
			? !text_fits(outs[i].at)
			: outs[i].kind < VGPU_REPLAY_POINTER && !fits(outs[i].at, outs[i].size, 1))
			return false;
	}
	return true;
}

static bool part_fits(const struct vgpu_replay_part *candidate, uint32_t params)
{
	const struct vgpu_replay_key *keys = at(candidate->keys_at);
	bool room = false;

	if ((candidate->mask & (candidate->mask + 1)) ||
	    !fits(candidate->keys_at, (uint64_t)candidate->mask + 1, sizeof(*keys)))
		return false;
	for (uint64_t i = 0; i <= candidate->mask; i++) {
		const struct vgpu_replay_answer *of_key = at(keys[i].answers_at);

		room |= !keys[i].hash;
		if (!keys[i].hash)
			continue;
		if (!keys[i].count || !fits(keys[i].answers_at, keys[i].count, sizeof(*of_key)))
			return false;
		for (uint32_t k = 0; k < keys[i].count; k++)
			if (!outs_fit(&of_key[k], params))
				return false;
	}
	return room;
}

static bool recipes_fit(const struct vgpu_replay_head *head, uint32_t library)
{
	const struct vgpu_replay_recipe *of_library = at(head->recipes_at[library]);

	if (!fits(head->recipes_at[library], (uint64_t)head->functions[library] + 1,
		  sizeof(*of_library)))
		return false;
	for (uint32_t i = 0; i <= head->functions[library]; i++) {
		const struct vgpu_replay_place *places = at(of_library[i].at);

		if (of_library[i].count > VGPU_ARGS_MAX ||
		    !fits(of_library[i].at, of_library[i].count, sizeof(*places)))
			return false;
		for (uint32_t k = 0; k < of_library[i].count; k++)
			if ((places[k].count != VGPU_REPLAY_NONE &&
			     places[k].count >= of_library[i].count) ||
			    (places[k].room != VGPU_REPLAY_NONE &&
			     places[k].room >= of_library[i].count))
				return false;
	}
	return true;
}

/* Maps it twice: what all processes see, of which *shared is all that is used, and our own copy. */
static int map(const char *path, void **shared)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), err = 0;
	struct stat st;
	void *own;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		err = -errno;
	} else if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(struct vgpu_replay_head) ||
		   st.st_size >= UINT32_MAX) {
		err = -EPROTO;
	} else {
		*shared = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		own = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		if (*shared == MAP_FAILED || own == MAP_FAILED) {
			err = -errno;
		} else {
			answers = own;
			answers_bytes = (size_t)st.st_size;
		}
	}
	close(fd);
	return err;
}

static int check(void)
{
	const struct vgpu_replay_head *head = at(0);
	uint32_t library = ours->id - 1;

	if (memcmp(head->magic, VGPU_REPLAY_MAGIC, sizeof(head->magic)) ||
	    head->order != VGPU_REPLAY_ORDER)
		return -EPROTO;
	if (head->version != VGPU_REPLAY_VERSION ||
	    head->schema_hash[library] != ours->schema_hash ||
	    head->functions[library] != ours->count || ours->count >= VGPU_STUBS)
		return -EPROTONOSUPPORT;
	if (head->bytes != answers_bytes || !recipes_fit(head, library) ||
	    !fits(head->parts_at, head->parts, sizeof(struct vgpu_replay_part)))
		return -EBADMSG;
	return 0;
}

/*
 * The recorded process that this one stands for: of those with its name the first that nobody has, else the
 * first of any name, else the last one again.
 */
static struct vgpu_replay_part *claim(uint8_t *shared, const char *name, bool *by_name)
{
	const struct vgpu_replay_head *head = at(0);
	struct vgpu_replay_part *of_file = (struct vgpu_replay_part *)(answers + head->parts_at);
	struct vgpu_replay_part *of_all = (struct vgpu_replay_part *)(shared + head->parts_at);
	struct vgpu_replay_part *last = NULL;

	for (int any = 0; any < 2; any++) {
		for (uint32_t i = 0; i < head->parts; i++) {
			uint32_t none = 0;

			if (of_file[i].library != ours->id ||
			    (!any && strncmp(of_file[i].name, name, sizeof(of_file[i].name))))
				continue;
			*by_name = !any;
			last = &of_file[i];
			if (__atomic_compare_exchange_n(&of_all[i].claimed, &none, 1, 0,
							__ATOMIC_RELAXED, __ATOMIC_RELAXED))
				return last;
		}
		if (last)
			return last;
	}
	return NULL;
}

static int replay_open(const struct vgpu_library *library, void **dispatch, int fork,
		       void (*say)(int level, const char *format, ...))
{
	const char *path = secure_getenv("VGPU_REPLAY");
	char name[17] = "";
	void *shared = NULL;
	bool by_name = true;
	int err;

	if (library->id > VGPU_REPLAY_LIBRARIES)
		return vgpu_backend_sim.open(library, dispatch, fork, say);
	ours = library;
	part = NULL;
	memset(threads, 0, sizeof(threads));
	if (!path || !*path) {
		say(2, "replay: $VGPU_REPLAY names no file of answers; `vgpu-trace replay FILE -- "
		       "COMMAND` makes one");
		return -ENOENT;
	}
	/* A child's copy would go on where its parent's is; what was mapped stays, since pointers to text were handed out. */
	err = map(path, &shared);
	if (!err)
		err = check();
	if (err) {
		say(2, "replay: '%s' cannot be answered from: %s", path,
		    err == -EPROTO            ? "it is no file of answers"
		    : err == -EPROTONOSUPPORT ? "it was made by another version"
		    : err == -EBADMSG         ? "it is damaged or cut off"
					      : strerror(-err));
		return err;
	}
	recipes = at(((const struct vgpu_replay_head *)at(0))->recipes_at[library->id - 1]);
	prctl(PR_GET_NAME, name);
	part = claim(shared, name, &by_name);
	if (part && !part_fits(part, VGPU_ARGS_MAX)) {
		say(2, "replay: '%s' cannot be answered from: it is damaged or cut off", path);
		part = NULL;
		err = -EBADMSG;
	} else if (!part) {
		say(1,
		    "replay: nobody called %s when that was recorded: every call is answered 'not "
		    "supported'",
		    library->soname);
	} else if (!by_name) {
		say(1,
		    "replay: no process called '%s' is left in the record: %s answers as it did to "
		    "'%.15s'",
		    name, library->soname, part->name);
	}
	for (uint32_t i = 1; i <= library->count; i++)
		dispatch[i] =
		    part ? (void *)(uintptr_t)(vgpu_replay_stubs + VGPU_STUB_BYTES * i) : NULL;
	return err;
}

const struct vgpu_backend vgpu_backend_replay = {
	.name = "replay",
	.open = replay_open,
};
