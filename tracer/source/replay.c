// SPDX-License-Identifier: Apache-2.0
/* Collects a trace's answers by process, library, thread, function and arguments, and lays them out as shim/api/replay.h says. */
#include "tracer/source/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/source/replay_places.h"

#define NOT_FOUND 500 /* CUDA_ERROR_NOT_FOUND */

struct bytes {
	uint8_t *at;
	size_t size, room;
	bool failed;
};

struct answer {
	uint64_t hash;
	uint32_t order; /* of recording */
	struct vgpu_replay_answer
	    as; /* outs_at counts from the beginning of the outs, a text's result from that of the texts */
};

struct part {
	struct vgpu_replay_part as;
	uint32_t process;
	uint64_t
	    first_ns; /* of its calls: rings are read in turn, and a later process's may come first */
	bool ended;   /* the process became another program */
	uint32_t threads[VGPU_REPLAY_THREADS]; /* their numbers in the stream */
	struct answer *answers;
	uint32_t room;
};

struct vgpu_replay {
	struct vgpu_sink sink;
	struct part *parts;
	uint32_t count;
	struct bytes outs; /* struct vgpu_replay_out; `at` counts from the beginning of the texts */
	struct bytes texts; /* each behind a multiple of 8, with a NUL */
	struct vgpu_replay_summary summary;
};

static void *add(struct bytes *bytes, const void *data, size_t size)
{
	if (bytes->size + size > bytes->room) {
		size_t room = (bytes->room + size) * 2;
		uint8_t *at = bytes->size + size < UINT32_MAX ? realloc(bytes->at, room) : NULL;

		if (!at) {
			bytes->failed = true;
			return NULL;
		}
		bytes->at = at;
		bytes->room = room;
	}
	if (data)
		memcpy(bytes->at + bytes->size, data, size);
	else
		memset(bytes->at + bytes->size, 0, size);
	bytes->size += size;
	return bytes->at + bytes->size - size;
}

/* Bytes with a NUL behind them; their offset. */
static uint32_t add_text(struct bytes *bytes, const void *data, size_t size)
{
	size_t at = bytes->size;

	add(bytes, data, size);
	add(bytes, NULL, 8 - size % 8);
	return at;
}

static struct part *part_of(struct vgpu_replay *replay, const struct vgpu_event *event)
{
	uint32_t library = VGPU_FUNCTION_LIBRARY(event->call.function);
	struct part *parts, *part;

	for (uint32_t i = replay->count; i--;) {
		part = &replay->parts[i];
		if (part->process == event->process && part->as.library == library && !part->ended)
			return part;
	}
	parts = realloc(replay->parts, (replay->count + 1) * sizeof(*parts));
	if (!parts)
		return NULL;
	replay->parts = parts;
	part = &parts[replay->count++];
	*part = (struct part){ .process = event->process,
			       .as.library = library,
			       .first_ns = UINT64_MAX };
	replay->summary.processes++;
	for (uint32_t i = 0; i + 1 < replay->count; i++)
		if (parts[i].process == part->process && parts[i].as.library != library) {
			replay->summary.processes--;
			break;
		}
	return part;
}

/* The thread's place among those of its process; beyond what is told apart they are as the last. */
static uint32_t thread_of(struct part *part, uint32_t thread)
{
	for (uint32_t i = 0; i < part->as.threads; i++)
		if (part->threads[i] == thread)
			return i;
	if (part->as.threads == VGPU_REPLAY_THREADS)
		return VGPU_REPLAY_THREADS - 1;
	part->threads[part->as.threads] = thread;
	return part->as.threads++;
}

static bool is_text_pointer(const struct vgpu_type *type)
{
	return type->kind == VGPU_TYPE_POINTER && type->element &&
	       type->element->kind == VGPU_TYPE_POINTER;
}

static void add_out(struct vgpu_replay *replay, const struct vgpu_function *function,
		    const struct vgpu_event_call *call, const struct vgpu_blob *blob,
		    struct vgpu_replay_answer *answer)
{
	const struct vgpu_param *param =
	    blob->param < function->nparams ? &function->params[blob->param] : NULL;
	struct vgpu_replay_out out = { .param = blob->param,
				       .kind = VGPU_REPLAY_BYTES,
				       .size = blob->size };
	const struct vgpu_blob *resolved = vgpu_event_find_blob(call, VGPU_BLOB_RESOLVED, 0);
	uint32_t entry = 0;

	if (resolved && resolved->size >= sizeof(entry))
		memcpy(&entry, resolved + 1, sizeof(entry));
	if (blob == resolved) {
		out = (struct vgpu_replay_out){ .kind = VGPU_REPLAY_RESOLVED, .at = entry };
		add(&replay->outs, &out, sizeof(out));
		answer->outs++;
		return;
	}
	if (blob->param == VGPU_BLOB_RESULT && !(blob->flags & VGPU_BLOB_ABSENT)) {
		answer->result = add_text(&replay->texts, blob + 1, blob->size);
		answer->flags |= VGPU_REPLAY_TEXT;
		return;
	}
	if (!param || !(blob->flags & VGPU_BLOB_OUT) || blob->flags & VGPU_BLOB_ABSENT)
		return;
	if (param->capture == VGPU_CAPTURE_STRING)
		out.kind = is_text_pointer(param->type) ? VGPU_REPLAY_POINTER : VGPU_REPLAY_STRING;
	else if (function->flags & VGPU_FUNCTION_LOOKUP && is_text_pointer(param->type)) {
		out.kind = VGPU_REPLAY_ENTRY;
		out.at = entry;
	}
	if (out.kind != VGPU_REPLAY_ENTRY)
		out.at = add_text(&replay->texts, blob + 1, blob->size);
	add(&replay->outs, &out, sizeof(out));
	answer->outs++;
}

/* A function of the driver's that none of ours stands for: to call it there has to be the driver. */
static bool handed_out_foreign(const struct vgpu_function *function,
			       const struct vgpu_event_call *call)
{
	const struct vgpu_blob *resolved = vgpu_event_find_blob(call, VGPU_BLOB_RESOLVED, 0),
			       *pointer;
	uint64_t address = 0;
	uint32_t entry = 0;

	if (!(function->flags & VGPU_FUNCTION_LOOKUP) || call->result)
		return false;
	if (resolved && resolved->size >= sizeof(entry))
		memcpy(&entry, resolved + 1, sizeof(entry));
	for (uint32_t i = 0; i < function->nparams; i++) {
		if (!is_text_pointer(function->params[i].type))
			continue;
		pointer = vgpu_event_find_blob(call, i, VGPU_BLOB_OUT);
		if (pointer && !(pointer->flags & VGPU_BLOB_ABSENT) &&
		    pointer->size >= sizeof(address))
			memcpy(&address, pointer + 1, sizeof(address));
	}
	return address && VGPU_FUNCTION_LIBRARY(entry) != VGPU_FUNCTION_LIBRARY(function->id);
}

static int take_call(struct vgpu_replay *replay, const struct vgpu_event *event)
{
	const struct vgpu_event_call *call = &event->call;
	const struct vgpu_function *function = vgpu_function_find(call->function);
	struct answer *answer, *answers;
	const struct vgpu_blob *blob;
	struct part *part;
	size_t at = 0;

	if (!function || call->flags & (VGPU_CALL_UNWOUND | VGPU_CALL_BACKEND_OWN) ||
	    !VGPU_FUNCTION_LIBRARY(call->function) ||
	    VGPU_FUNCTION_LIBRARY(call->function) > VGPU_REPLAY_LIBRARIES)
		return 0;
	replay->summary.libraries |= 1u << VGPU_FUNCTION_LIBRARY(call->function);
	if (VGPU_FUNCTION_NUMBER(call->function) >= VGPU_FUNCTION_FOREIGN) {
		replay->summary.foreign++;
		return 0;
	}
	part = part_of(replay, event);
	if (!part)
		return -ENOMEM;
	if (event->time_ns < part->first_ns) {
		part->first_ns = event->time_ns;
		if (call->thread_name)
			strncpy(part->as.name, call->thread_name, sizeof(part->as.name) - 1);
	}
	if (replay_is_left_out(function, call)) {
		replay->summary.left_out++;
		return 0;
	}
	if (part->as.calls == part->room) {
		part->room = part->room ? part->room * 2 : 64;
		answers = realloc(part->answers, part->room * sizeof(*answers));
		if (!answers)
			return -ENOMEM;
		part->answers = answers;
	}
	answer = &part->answers[part->as.calls];
	*answer = (struct answer){
		.hash = replay_hash(function, call, thread_of(part, call->thread)),
		.order = part->as.calls++,
		.as = { .result = call->result,
			.flags = call->flags,
			.outs_at = replay->outs.size },
	};
	replay->summary.calls++;
	if (handed_out_foreign(function, call)) {
		answer->as.result = NOT_FOUND;
		answer->as.flags |= VGPU_CALL_UNSUPPORTED;
		return 0;
	}
	while ((blob = vgpu_event_blob(call, &at)))
		add_out(replay, function, call, blob, &answer->as);
	return replay->outs.failed || replay->texts.failed ? -ENOMEM : 0;
}

static int replay_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_replay *replay = (struct vgpu_replay *)sink;

	switch (event->kind) {
	case VGPU_EVENT_CALL:
		return take_call(replay, event);
	case VGPU_EVENT_EXEC:
		for (uint32_t i = 0; i < replay->count; i++)
			replay->parts[i].ended |= replay->parts[i].process == event->process;
		break;
	case VGPU_EVENT_ANSWER:
		/* It was there to be found, whether or not anybody called. */
		for (uint32_t i = 0; event->answer.path && vgpu_apis[i]; i++)
			if (vgpu_apis[i]->library <= VGPU_REPLAY_LIBRARIES &&
			    !strcmp(vgpu_apis[i]->soname, event->answer.soname))
				replay->summary.libraries |= 1u << vgpu_apis[i]->library;
		break;
	case VGPU_EVENT_LIBRARY:
		/* A runtime of ours: it asked the driver, and will again. */
		if (event->library.library > VGPU_REPLAY_LIBRARIES &&
		    event->library.library <= VGPU_LIBRARY_CUDART12)
			replay->summary.libraries |=
			    1u << VGPU_LIBRARY_CUDART13 | 1u << VGPU_LIBRARY_CUDART12;
		break;
	}
	return 0;
}

static const struct vgpu_sink_ops replay_ops = { .event = replay_event };

int vgpu_replay_open(struct vgpu_replay **out)
{
	struct vgpu_replay *replay = calloc(1, sizeof(*replay));

	if (!replay)
		return -ENOMEM;
	replay->sink.ops = &replay_ops;
	*out = replay;
	return 0;
}

struct vgpu_sink *vgpu_replay_sink(struct vgpu_replay *replay)
{
	return &replay->sink;
}

void vgpu_replay_summary(const struct vgpu_replay *replay, struct vgpu_replay_summary *out)
{
	*out = replay->summary;
}

/* ---- the file ---- */

static int compare(const void *a, const void *b)
{
	const struct answer *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Whoever called first is claimed first. */
static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	return x->first_ns < y->first_ns ? -1 : x->first_ns > y->first_ns;
}

static void put_recipes(struct bytes *file, struct vgpu_replay_head *head)
{
	for (uint32_t library = 1; library <= VGPU_REPLAY_LIBRARIES; library++) {
		const struct vgpu_api *api = vgpu_api_find(library);
		uint32_t count = api->functions[api->count - 1].id & 0xffff;
		size_t recipes_at = file->size;

		head->schema_hash[library - 1] = api->schema_hash;
		head->functions[library - 1] = count;
		head->recipes_at[library - 1] = recipes_at;
		add(file, NULL, (count + 1) * sizeof(struct vgpu_replay_recipe));
		for (uint32_t i = 0; i < api->count && !file->failed; i++) {
			struct vgpu_replay_place places[VGPU_ARGS_MAX];
			struct vgpu_replay_recipe recipe = {
				.at = file->size, .count = replay_places(&api->functions[i], places)
			};

			add(file, places, recipe.count * sizeof(places[0]));
			if (!file->failed)
				memcpy(file->at + recipes_at +
					   VGPU_FUNCTION_NUMBER(api->functions[i].id) *
					       sizeof(recipe),
				       &recipe, sizeof(recipe));
		}
	}
}

static void put_key(struct vgpu_replay_key *keys, uint32_t mask, const struct vgpu_replay_key *key)
{
	uint32_t place = (uint32_t)key->hash & mask;

	while (keys[place].hash)
		place = (place + 1) & mask;
	keys[place] = *key;
}

/* The answers by key, then the keys; answers point into what was written before, at texts_at and outs_at. */
static void put_part(struct bytes *file, struct part *part, uint32_t texts_at, uint32_t outs_at)
{
	uint32_t keys = 0, room = 8;
	size_t answers_at = file->size;
	struct vgpu_replay_key *table;

	if (part->answers)
		qsort(part->answers, part->as.calls, sizeof(*part->answers), compare);
	for (uint32_t i = 0; i < part->as.calls; i++) {
		struct vgpu_replay_answer as = part->answers[i].as;

		keys += !i || part->answers[i].hash != part->answers[i - 1].hash;
		as.outs_at += outs_at;
		if (as.flags & VGPU_REPLAY_TEXT)
			as.result += texts_at;
		add(file, &as, sizeof(as));
	}
	while (room < keys * 2)
		room *= 2;
	part->as.keys_at = file->size;
	part->as.mask = room - 1;
	table = add(file, NULL, room * sizeof(*table));
	for (uint32_t i = 0, n; table && i < part->as.calls; i += n) {
		struct vgpu_replay_key key = {
			.hash = part->answers[i].hash,
			.answers_at = answers_at + i * sizeof(struct vgpu_replay_answer)
		};

		for (n = 1; i + n < part->as.calls && part->answers[i + n].hash == key.hash; n++)
			;
		key.count = n;
		put_key(table, part->as.mask, &key);
	}
}

static void put_file(struct vgpu_replay *replay, struct bytes *file)
{
	struct vgpu_replay_head head = { .version = VGPU_REPLAY_VERSION,
					 .order = VGPU_REPLAY_ORDER,
					 .parts = replay->count };
	uint32_t texts_at, outs_at;

	memcpy(head.magic, VGPU_REPLAY_MAGIC, sizeof(head.magic));
	add(file, NULL, sizeof(head));
	put_recipes(file, &head);
	texts_at = file->size;
	add(file, replay->texts.at, replay->texts.size);
	outs_at = file->size;
	for (size_t i = 0; i < replay->outs.size; i += sizeof(struct vgpu_replay_out)) {
		struct vgpu_replay_out out;

		memcpy(&out, replay->outs.at + i, sizeof(out));
		if (out.kind <= VGPU_REPLAY_POINTER)
			out.at += texts_at;
		add(file, &out, sizeof(out));
	}
	if (replay->count)
		qsort(replay->parts, replay->count, sizeof(*replay->parts), compare_parts);
	for (uint32_t i = 0; i < replay->count; i++)
		put_part(file, &replay->parts[i], texts_at, outs_at);
	head.parts_at = file->size;
	for (uint32_t i = 0; i < replay->count; i++)
		add(file, &replay->parts[i].as, sizeof(replay->parts[i].as));
	head.bytes = file->size;
	if (!file->failed)
		memcpy(file->at, &head, sizeof(head));
}

int vgpu_replay_write(struct vgpu_replay *replay, const char *path)
{
	struct bytes file = { 0 };
	size_t done = 0;
	int fd, err = 0;

	put_file(replay, &file);
	if (file.failed) {
		free(file.at);
		return file.size > UINT32_MAX / 2 ? -EFBIG : -ENOMEM;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		err = -errno;
	while (!err && done < file.size) {
		ssize_t n = write(fd, file.at + done, file.size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			err = n ? -errno : -EIO;
		else
			done += n;
	}
	if (fd >= 0 && close(fd) && !err)
		err = -errno;
	free(file.at);
	return err;
}

void vgpu_replay_close(struct vgpu_replay *replay)
{
	if (!replay)
		return;
	for (uint32_t i = 0; i < replay->count; i++)
		free(replay->parts[i].answers);
	free(replay->parts);
	free(replay->outs.at);
	free(replay->texts.at);
	free(replay);
}
