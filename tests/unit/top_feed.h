/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard on events made by hand, for tests: no terminal, no process. */
#ifndef VGPU_TESTS_TOP_FEED_H
#define VGPU_TESTS_TOP_FEED_H

#include "tests/unit/make_event.h"
#include "tui/app.h"

struct feed;

struct feed *feed_new(void);
void feed_free(struct feed *feed);
size_t feed_length(const struct feed *feed);
/* Events that were read from it, those of every reading. */
size_t feed_emitted(const struct feed *feed);
/* As struct vgpu_top_options has it, of what can be gone back in; data: the feed. */
int feed_open_seeking(void *data, struct vgpu_top_source **out); /* events */
/* It is copied, numbered, and given the next microsecond where it has no time. */
void feed_event(struct feed *feed, const struct vgpu_event *event);
void feed_process(struct feed *feed, uint32_t number, uint32_t parent, const char *name);
void feed_exit(struct feed *feed, uint32_t number, uint32_t how, int32_t status);
/* A call at the next microsecond: add what it passed, then feed_call. One thread a process. */
struct made_call *feed_begin(struct feed *feed, uint32_t process, const char *function, uint64_t result);
void feed_call(struct feed *feed);
/* A call without arguments worth looking at. */
void feed_simple(struct feed *feed, uint32_t process, const char *function, uint64_t result);
/* Hands all of them out. */
void feed_emit(struct feed *feed, struct vgpu_stream *stream);
/* A small discovery: processes, libraries, calls with errors, memory, link events. */
void feed_story(struct feed *feed);

/* A dashboard on it. live: as of running processes, which never ends. */
struct tui_app *feed_app(struct feed *feed, bool live, const char *view);
/* Reads all there is. */
void feed_all(struct tui_app *app);

/* A frame of a size as text; the caller frees it. */
char *frame(struct tui_app *app, int rows, int columns, bool utf8);
/* The frame has this text; fails the test otherwise and shows the frame. */
void frame_has(struct tui_app *app, int rows, int columns, const char *text);
void frame_lacks(struct tui_app *app, int rows, int columns, const char *text);
/* Keys as characters; "\r" is enter, "\033" escape, "\177" backspace. */
void type(struct tui_app *app, const char *keys);

#endif
