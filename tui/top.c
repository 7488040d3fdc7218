// SPDX-License-Identifier: Apache-2.0
/* The dashboard's loop: events in, keys in, frames out; and the view as text. */
#include "tui/top.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tui/app.h"
#include "tui/screen.h"

#define MS UINT64_C(1000000)
/* At most ten frames a second come from events; a key's frame comes at once. */
#define FRAME_NS (100 * MS)
/* What nobody waits for is looked at this seldom. */
#define IDLE_MS  50
/* Reading stops after so long, so that a key never waits longer. */
#define SLICE_NS (20 * MS)
#define CHUNK    2048u

/*
 * How often something live is read. The faster events come, the sooner again, since rings wrap; but
 * in the long run no more than a tenth of a processor goes into it, for the target may need it. What
 * wraps meanwhile is counted as lost, and shown. A burst, as discovery is, has credit enough.
 */
#define SHARE       11 /* one part in so many */
#define CREDIT_NS   (100 * MS)
#define BLIND_NS    (250 * MS) /* whatever was spent: what is shown is never older */
#define LEAST_NS    (2 * MS)
#define MOST_NS     (IDLE_MS * MS)
/* A ring keeps some 18,000 of the shortest calls: a third of that leaves room for being late. */
#define MANY_EVENTS 6000u
#define FEW_EVENTS  2000u

struct pace {
	uint64_t interval_ns;
	uint64_t next_ns;   /* when to read again */
	int64_t credit_ns;  /* of processor time */
	uint64_t wall_ns, cpu_ns; /* when credit was reckoned up last */
};

static uint64_t cpu_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

static void pace_start(struct pace *pace, uint64_t now)
{
	*pace = (struct pace){ .interval_ns = LEAST_NS, .credit_ns = CREDIT_NS, .wall_ns = now, .cpu_ns = cpu_ns() };
}

/* After a read that brought so many events. */
static void pace_read(struct pace *pace, uint64_t events, uint64_t now)
{
	uint64_t cpu = cpu_ns();

	pace->credit_ns += (int64_t)((now - pace->wall_ns) / SHARE) - (int64_t)(cpu - pace->cpu_ns);
	if (pace->credit_ns > (int64_t)CREDIT_NS)
		pace->credit_ns = CREDIT_NS;
	if (pace->credit_ns < -(int64_t)CREDIT_NS)
		pace->credit_ns = -(int64_t)CREDIT_NS;
	pace->wall_ns = now;
	pace->cpu_ns = cpu;
	if (events > MANY_EVENTS)
		pace->interval_ns /= 2;
	else if (events < FEW_EVENTS)
		pace->interval_ns *= 2;
	if (pace->interval_ns < LEAST_NS)
		pace->interval_ns = LEAST_NS;
	if (pace->interval_ns > MOST_NS)
		pace->interval_ns = MOST_NS;
	pace->next_ns = now + pace->interval_ns;
	if (pace->credit_ns < 0)
		pace->next_ns = now + (uint64_t)-pace->credit_ns * SHARE;
	if (pace->next_ns > now + BLIND_NS)
		pace->next_ns = now + BLIND_NS;
}

/* Returns 1 when a recording has more at once. */
static int feed(struct tui_app *app, struct pace *pace, bool urgent)
{
	uint64_t events = app->store->events, until;
	bool opened = app->caught_up;
	int more;

	if (app->options.live) {
		if (vgpu_now_ns() < pace->next_ns && !urgent)
			return 0;
		more = tui_app_feed(app, CHUNK);
		pace_read(pace, app->store->events - events, vgpu_now_ns());
		/* What opening costs is spent once, and not by reading. */
		if (!opened)
			pace_start(pace, vgpu_now_ns());
		return more < 0 ? more : 0;
	}
	until = vgpu_now_ns() + SLICE_NS;
	do
		more = tui_app_read(app);
	while (more == 1 && vgpu_now_ns() < until);
	return more;
}

static int wait_ms(const struct tui_app *app, const struct pace *pace, int more)
{
	uint64_t now = vgpu_now_ns();

	if (more == 1)
		return 0;
	if (app->options.live && !app->over) {
		uint64_t left = pace->next_ns > now ? (pace->next_ns - now + MS - 1) / MS : 0;

		return left < IDLE_MS ? (int)left : IDLE_MS;
	}
	return app->playing_ns || app->message[0] ? IDLE_MS : 1000;
}

/* What else is waited for; *most_ms -1: its pace is ours to choose. */
static int urgent(const struct tui_app *app, int *most_ms)
{
	*most_ms = -1;
	return app->over || !app->source->ops->urgent ? -1 : app->source->ops->urgent(app->source, most_ms);
}

static void keys(struct tui_app *app, struct tui_screen *screen)
{
	enum tui_mouse what = TUI_MOUSE_CLICK;
	int row = 0, column = 0;
	uint32_t key;

	while (!app->quit && (key = tui_screen_key(screen, &what, &row, &column)) != TUI_KEY_NONE) {
		if (key == TUI_KEY_LAST)
			tui_app_mouse(app, what, row, column);
		else
			tui_app_key(app, key);
	}
}

/* What the picture depends on beside keys; a change is worth a frame. */
struct seen {
	uint64_t events, rate, second;
	bool message, over;
};

static bool changed(const struct tui_app *app, struct seen *seen)
{
	struct seen now = {
		.events = app->store->events,
		.rate = app->rate,
		.second = app->options.live ? app->now_ns / (1000 * MS) : 0,
		.message = app->message[0] != '\0',
		.over = app->over,
	};
	bool differs = now.events != seen->events || now.rate != seen->rate || now.second != seen->second ||
		       now.message != seen->message || now.over != seen->over;

	*seen = now;
	return differs;
}

static int run(struct tui_app *app, struct tui_screen *screen, int *signal)
{
	struct tui_surface surface = { .utf8 = app->options.utf8 };
	struct seen seen = { .events = UINT64_MAX };
	uint64_t frame_ns = 0;
	bool draw = true, all = false;
	unsigned wake = 0;
	struct pace pace;
	int more, fd, timeout, most_ms = -1, err = 0;

	pace_start(&pace, vgpu_now_ns());
	while (!app->quit) {
		uint64_t now = vgpu_now_ns();
		int rows, columns;

		more = feed(app, &pace, wake & TUI_WAKE_SOURCE || most_ms >= 0);
		now = vgpu_now_ns();
		tui_app_tick(app, now);
		if (wake & TUI_WAKE_KEY)
			keys(app, screen);
		if (draw || (wake & (TUI_WAKE_KEY | TUI_WAKE_RESIZED)) ||
		    (now - frame_ns >= FRAME_NS && changed(app, &seen))) {
			all |= (wake & TUI_WAKE_RESIZED) || app->redraw;
			tui_screen_size(screen, &rows, &columns);
			err = tui_surface_resize(&surface, rows, columns);
			if (err)
				break;
			tui_app_draw(app, &surface);
			tui_screen_show(screen, &surface, app->cursor_row, app->cursor_column, all);
			frame_ns = now;
			draw = all = app->redraw = false;
		}
		fd = urgent(app, &most_ms);
		timeout = wait_ms(app, &pace, more);
		wake = app->quit ? 0 : tui_screen_wait(screen, fd, most_ms >= 0 && most_ms < timeout ? most_ms : timeout);
		if (wake & TUI_WAKE_SIGNAL) {
			*signal = tui_screen_signal(screen);
			err = -EINTR;
			break;
		}
		if (wake & TUI_WAKE_GONE) {
			err = -EPIPE;
			break;
		}
	}
	tui_surface_free(&surface);
	return err;
}

int vgpu_top_run(const struct vgpu_top_options *options, int *signal)
{
	struct tui_screen *screen;
	struct tui_app *app;
	int err = tui_app_open(&app, options);

	*signal = 0;
	if (err)
		return err;
	tui_app_tick(app, vgpu_now_ns());
	err = tui_screen_open(&screen, options->colour);
	if (!err) {
		err = run(app, screen, signal);
		tui_screen_close(screen, err == -EPIPE);
	}
	tui_app_close(app);
	return err;
}

int vgpu_top_once(const struct vgpu_top_options *options, int columns, const struct vgpu_look *look,
		  struct vgpu_text *out, char *trouble, size_t trouble_size)
{
	struct tui_app *app;
	int err = tui_app_open(&app, options);

	trouble[0] = '\0';
	if (err)
		return err;
	app->once = true;
	while ((options->at ? tui_app_read(app) : tui_app_feed(app, CHUNK)) == 1)
		;
	tui_app_tick(app, vgpu_now_ns());
	tui_app_text(app, columns, look, out);
	snprintf(trouble, trouble_size, "%s", app->trouble);
	err = app->source_error;
	tui_app_close(app);
	return err;
}
