// SPDX-License-Identifier: Apache-2.0
/* The log: pages of lines; the first pages stay, the others are used again, oldest first. */
#include "tui/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shim/api/schema.h"

#define PAGE_BYTES 65536u

/* A line as it lies in a page, a multiple of 8 bytes. Its parts follow it in the order of their sizes here. */
struct line {
	uint8_t line; /* enum tui_line */
	uint8_t mark;
	uint16_t level;
	uint32_t kind; /* CALL or PENDING */
	uint32_t observer;
	uint32_t process;
	int32_t tid;
	uint32_t args;   /* words */
	uint32_t stack;  /* words */
	uint32_t stack_end;
	uint32_t blobs;  /* bytes, a multiple of 8 */
	uint16_t thread_name, name, object, text; /* bytes with their NUL, 0: NULL */
	uint64_t number, time_ns, time_error_ns;
	uint64_t total; /* BULK, ALIKE */
	struct {
		uint32_t function, calls;
	} bulk[TUI_BULK_KINDS];
	uint32_t function, thread;
	uint16_t flags;
	uint8_t depth, ended;
	uint32_t text_param;
	uint64_t ordinal, duration_ns, caller, sp, result;
};

/* Lines from the front, their offsets from the back. */
struct page {
	uint64_t first; /* sequence number of its first line */
	uint32_t count;
	uint32_t used;
	_Alignas(8) uint8_t bytes[PAGE_BYTES - 16];
};

struct tui_log {
	struct page **pages; /* the first `pinned` in order, then a ring */
	uint32_t room, count, pinned;
	uint32_t oldest; /* of the ring, index in pages */
	uint64_t end;
	uint64_t begun;    /* pages, all in all */
	uint32_t *missing; /* of each page: its first lines that are not there, after a rewind */
	uint32_t holes;    /* pages with such */
	struct line tail;  /* the last line, while it is a run: of registrations, of calls like those above */
	bool tail_runs;
};

/* What a page's front has. */
struct page_head {
	uint64_t first;
	uint32_t count, used;
};

struct tui_log_mark {
	uint32_t count, oldest, pinned;
	uint32_t ring; /* pages of it */
	uint64_t end, begun;
	struct line tail;
	bool tail_runs;
	struct page_head head[];
};

int tui_log_open(struct tui_log **out, uint64_t bytes)
{
	struct tui_log *log = calloc(1, sizeof(*log));

	*out = log;
	if (!log)
		return -ENOMEM;
	log->room = bytes / PAGE_BYTES < 4 ? 4 : (uint32_t)(bytes / PAGE_BYTES);
	log->pinned = log->room / 2;
	log->oldest = log->pinned;
	log->pages = calloc(log->room, sizeof(*log->pages));
	log->missing = calloc(log->room, sizeof(*log->missing));
	if (!log->pages || !log->missing) {
		free(log->pages);
		free(log->missing);
		free(log);
		*out = NULL;
		return -ENOMEM;
	}
	return 0;
}

void tui_log_clear(struct tui_log *log)
{
	for (uint32_t i = 0; i < log->room; i++) {
		free(log->pages[i]);
		log->pages[i] = NULL;
	}
	tui_log_rewind(log, NULL);
}

void tui_log_close(struct tui_log *log)
{
	if (!log)
		return;
	tui_log_clear(log);
	free(log->pages);
	free(log->missing);
	free(log);
}

static uint32_t *offset_of(struct page *page, uint32_t index)
{
	return (uint32_t *)(void *)(page->bytes + sizeof(page->bytes)) - 1 - index;
}

/* Of the page being written. */
static uint32_t last_index(const struct tui_log *log)
{
	if (log->count < log->room)
		return log->count - 1;
	return (log->oldest == log->pinned ? log->room : log->oldest) - 1;
}

/* NULL: none yet. */
static struct page *last_page(const struct tui_log *log)
{
	return log->count ? log->pages[last_index(log)] : NULL;
}

static struct page *next_page(struct tui_log *log)
{
	uint32_t index = log->count;
	struct page *page;

	if (log->count < log->room) {
		/* After a rewind it may be there. */
		if (!log->pages[index])
			log->pages[index] = malloc(sizeof(*page));
		if (!log->pages[index])
			return NULL;
		log->count++;
	} else {
		index = log->oldest;
		log->oldest = log->oldest + 1 == log->room ? log->pinned : log->oldest + 1;
	}
	log->holes -= log->missing[index] != 0;
	log->missing[index] = 0;
	log->begun++;
	page = log->pages[index];
	page->first = log->end;
	page->count = 0;
	page->used = 0;
	return page;
}

/* What runs on is written to its place when the next line comes: a place has a line as it became, or nothing yet. */
static void finish_tail(struct tui_log *log)
{
	struct page *page = last_page(log);

	if (log->tail_runs && page && page->count)
		memcpy(page->bytes + *offset_of(page, page->count - 1), &log->tail, sizeof(log->tail));
	log->tail_runs = false;
}

/* Room for a line of a size; it is the last line from now on. NULL: no memory, or it is too long for any page. */
static struct line *reserve(struct tui_log *log, size_t size)
{
	struct page *page = last_page(log);
	struct line *line;

	size = (size + 7) & ~(size_t)7;
	if (size > sizeof(page->bytes) / 2)
		return NULL;
	finish_tail(log);
	if (!page || page->used + size + (page->count + 1) * sizeof(uint32_t) > sizeof(page->bytes))
		page = next_page(log);
	if (!page)
		return NULL;
	*offset_of(page, page->count) = page->used;
	line = (struct line *)(void *)(page->bytes + page->used);
	page->used += (uint32_t)size;
	page->count++;
	log->end++;
	return line;
}

static struct line *append(struct tui_log *log, size_t size)
{
	struct line *line = reserve(log, size);

	if (line)
		memset(line, 0, sizeof(*line));
	return line;
}

static void common(struct line *line, const struct vgpu_event *event)
{
	line->kind = event->kind;
	line->observer = event->observer;
	line->process = event->process;
	line->tid = event->tid;
	line->number = event->number;
	line->time_ns = event->time_ns;
	line->time_error_ns = event->time_error_ns;
}

/* The last line, if it is one of that sort and of that thread, which then goes on; else one that begins. NULL: no memory. */
static struct line *run_on(struct tui_log *log, enum tui_line sort, const struct vgpu_event *event)
{
	struct line *line = &log->tail;

	if (log->tail_runs && line->line == sort && line->process == event->process &&
	    line->thread == event->call.thread)
		return line;
	if (!reserve(log, sizeof(*line)))
		return NULL;
	memset(line, 0, sizeof(*line));
	log->tail_runs = true;
	common(line, event);
	line->line = sort;
	line->thread = event->call.thread;
	line->depth = event->call.depth;
	return line;
}

/* Joins a run of registrations, or begins one. false: it is none. */
static bool bulk(struct tui_log *log, const struct vgpu_event *event, enum vgpu_tree_mark mark, int *err)
{
	const struct vgpu_function *function = vgpu_function_find(event->call.function);
	struct line *line;
	unsigned i;

	if (!function || !(function->flags & VGPU_FUNCTION_BULK) || mark != VGPU_TREE_WHOLE ||
	    ((function->flags & VGPU_FUNCTION_STATUS) && (uint32_t)event->call.result))
		return false;
	line = run_on(log, TUI_LINE_BULK, event);
	if (!line) {
		*err = -ENOMEM;
		return true;
	}
	line->total++;
	for (i = 0; i < TUI_BULK_KINDS - 1; i++)
		if (!line->bulk[i].calls || line->bulk[i].function == event->call.function)
			break;
	/* The last place is for all others. */
	line->bulk[i].function = i < TUI_BULK_KINDS - 1 ? event->call.function : 0;
	line->bulk[i].calls++;
	return true;
}

static uint16_t string_size(const char *string)
{
	size_t size = string ? strlen(string) + 1 : 0;

	return size > 2048 ? 2048 : (uint16_t)size;
}

static uint8_t *add_string(uint8_t *at, const char *string, uint16_t size)
{
	if (size) {
		memcpy(at, string, size - 1);
		at[size - 1] = '\0';
	}
	return at + size;
}

int tui_log_call(struct tui_log *log, const struct vgpu_event *event, enum vgpu_tree_mark mark)
{
	const struct vgpu_event_call *call = &event->call;
	uint16_t thread_name = string_size(call->thread_name), name = string_size(call->name);
	uint16_t object = string_size(call->object), text = string_size(call->text);
	uint32_t blobs = call->blobs.size > 20000 ? 0 : (call->blobs.size + 7) & ~7u;
	uint32_t args = call->args.count > 64 ? 64 : call->args.count;
	uint32_t stack = call->stack.count > 256 ? 256 : call->stack.count;
	struct line *line;
	uint8_t *at;
	int err = 0;

	if (bulk(log, event, mark, &err))
		return err;
	line = append(log, sizeof(*line) + (args + stack) * 8u + blobs + thread_name + name + object + text);
	if (!line)
		return -ENOMEM;
	common(line, event);
	line->line = TUI_LINE_CALL;
	line->mark = mark;
	line->function = call->function;
	line->thread = call->thread;
	line->flags = call->flags;
	line->depth = call->depth;
	line->ended = call->ended;
	line->text_param = call->text_param;
	line->ordinal = call->ordinal;
	line->duration_ns = call->duration_ns;
	line->caller = call->caller;
	line->sp = call->sp;
	line->result = call->result;
	line->args = args;
	line->stack = stack;
	line->stack_end = call->stack_end;
	line->blobs = blobs;
	line->thread_name = thread_name;
	line->name = name;
	line->object = object;
	line->text = text;
	at = (uint8_t *)(line + 1);
	if (args)
		memcpy(at, call->args.words, args * 8u);
	at += args * 8u;
	if (stack)
		memcpy(at, call->stack.words, stack * 8u);
	at += stack * 8u;
	if (blobs)
		memcpy(at, call->blobs.bytes, call->blobs.size);
	at += blobs;
	at = add_string(at, call->thread_name, thread_name);
	at = add_string(at, call->name, name);
	at = add_string(at, call->object, object);
	add_string(at, call->text, text);
	return 0;
}

int tui_log_alike(struct tui_log *log, const struct vgpu_event *event, uint64_t calls)
{
	struct line *line = run_on(log, TUI_LINE_ALIKE, event);

	if (!line)
		return -ENOMEM;
	line->total += calls;
	return 0;
}

int tui_log_note(struct tui_log *log, const struct vgpu_event *event, uint32_t level, const char *text)
{
	uint16_t size = string_size(text);
	struct line *line = append(log, sizeof(*line) + size);

	if (!line)
		return -ENOMEM;
	common(line, event);
	line->line = TUI_LINE_NOTE;
	line->level = (uint16_t)level;
	line->text = size;
	add_string((uint8_t *)(line + 1), text, size);
	return 0;
}

void tui_log_kept(const struct tui_log *log, uint64_t *first, uint64_t *latest, uint64_t *end)
{
	*end = log->end;
	*first = *latest = log->end;
	if (log->count < log->room)
		return;
	*first = log->pages[log->pinned - 1]->first + log->pages[log->pinned - 1]->count;
	*latest = log->pages[log->oldest]->first;
}

/* The index of its page, of those that there are. */
static uint32_t page_of(const struct tui_log *log, uint64_t sequence)
{
	uint32_t low = 0, high = log->count;

	if (log->count == log->room && sequence >= log->pages[log->oldest]->first) {
		/* In the ring: by its own order. */
		uint32_t ring = log->room - log->pinned, from = 0, to = ring;

		while (to - from > 1) {
			uint32_t middle = (from + to) / 2;
			uint32_t index = log->pinned + (log->oldest - log->pinned + middle) % ring;

			if (log->pages[index]->first <= sequence)
				from = middle;
			else
				to = middle;
		}
		return log->pinned + (log->oldest - log->pinned + from) % ring;
	}
	if (log->count == log->room)
		high = log->pinned;
	while (high - low > 1) {
		uint32_t middle = (low + high) / 2;

		if (log->pages[middle]->first <= sequence)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* ---- going back ---- */

int tui_log_mark(const struct tui_log *log, struct tui_log_mark **out)
{
	struct tui_log_mark *mark = calloc(1, sizeof(*mark) + log->count * sizeof(mark->head[0]));

	*out = mark;
	if (!mark)
		return -ENOMEM;
	mark->count = log->count;
	mark->oldest = log->oldest;
	mark->pinned = log->pinned;
	mark->ring = log->room - log->pinned;
	mark->end = log->end;
	mark->begun = log->begun;
	for (uint32_t i = 0; i < log->count; i++)
		mark->head[i] = (struct page_head){ log->pages[i]->first, log->pages[i]->count,
						    log->pages[i]->used };
	mark->tail = log->tail;
	mark->tail_runs = log->tail_runs;
	return 0;
}

void tui_log_mark_free(struct tui_log_mark *mark)
{
	free(mark);
}

void tui_log_rewind(struct tui_log *log, const struct tui_log_mark *mark)
{
	log->count = mark ? mark->count : 0;
	log->oldest = mark ? mark->oldest : log->pinned;
	log->end = mark ? mark->end : 0;
	log->begun = mark ? mark->begun : 0;
	log->tail_runs = mark && mark->tail_runs;
	if (mark)
		log->tail = mark->tail;
	log->holes = 0;
	memset(log->missing, 0, log->room * sizeof(*log->missing));
	for (uint32_t i = 0; i < log->count; i++) {
		log->pages[i]->first = mark->head[i].first;
		log->pages[i]->count = mark->head[i].count;
		log->pages[i]->used = mark->head[i].used;
		/* The first pages have the very lines that they had; a page of the ring has later ones. */
		if (i < log->pinned)
			continue;
		log->missing[i] = mark->head[i].count;
		log->holes += log->missing[i] != 0;
	}
}

bool tui_log_whole(const struct tui_log *log)
{
	return !log->holes;
}

bool tui_log_mark_refills(const struct tui_log_mark *mark, const struct tui_log_mark *later)
{
	return !mark || mark->count <= mark->pinned ||
	       (later && later->begun - mark->begun >= mark->ring);
}

static const char *take_string(const uint8_t **at, uint16_t size)
{
	const char *string = size ? (const char *)*at : NULL;

	*at += size;
	return string;
}

bool tui_log_read(const struct tui_log *log, uint64_t sequence, struct tui_entry *out)
{
	uint32_t index = page_of(log, sequence);
	struct page *page = log->count ? log->pages[index] : NULL;
	const struct line *line;
	struct vgpu_event_call *call = &out->event.call;
	const uint8_t *at;

	if (!page || sequence < page->first || sequence - page->first >= page->count ||
	    sequence - page->first < log->missing[index])
		return false;
	line = (const struct line *)(const void *)(page->bytes + *offset_of(page, (uint32_t)(sequence - page->first)));
	if (log->tail_runs && sequence + 1 == log->end)
		line = &log->tail;
	memset(out, 0, sizeof(*out));
	out->line = line->line;
	out->mark = line->mark;
	out->level = line->level;
	out->sequence = sequence;
	out->total = line->total;
	for (unsigned i = 0; i < TUI_BULK_KINDS; i++) {
		out->kind[i].function = line->bulk[i].function;
		out->kind[i].calls = line->bulk[i].calls;
	}
	out->event.kind = line->kind;
	out->event.observer = line->observer;
	out->event.process = line->process;
	out->event.tid = line->tid;
	out->event.number = line->number;
	out->event.time_ns = line->time_ns;
	out->event.time_error_ns = line->time_error_ns;
	at = (const uint8_t *)(line + 1);
	if (line->line == TUI_LINE_NOTE) {
		out->text = line->text ? (const char *)at : "";
		return true;
	}
	call->function = line->function;
	call->thread = line->thread;
	call->depth = line->depth;
	if (line->line == TUI_LINE_BULK || line->line == TUI_LINE_ALIKE)
		return true;
	call->flags = line->flags;
	call->ended = line->ended;
	call->text_param = line->text_param;
	call->ordinal = line->ordinal;
	call->duration_ns = line->duration_ns;
	call->caller = line->caller;
	call->sp = line->sp;
	call->result = line->result;
	call->args = (struct vgpu_words){ (const uint64_t *)(const void *)at, line->args };
	at += line->args * 8u;
	call->stack = (struct vgpu_words){ (const uint64_t *)(const void *)at, line->stack };
	call->stack_end = line->stack_end;
	at += line->stack * 8u;
	call->blobs = (struct vgpu_data){ at, line->blobs };
	at += line->blobs;
	call->thread_name = take_string(&at, line->thread_name);
	call->name = take_string(&at, line->name);
	call->object = take_string(&at, line->object);
	call->text = take_string(&at, line->text);
	return true;
}
