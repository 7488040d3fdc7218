// SPDX-License-Identifier: Apache-2.0
/* Moving through a recording: back to a kept moment before, and on from there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"
#include "tui/past.h"

/* Read at once; what is farther off is read in turns, so that keys are heard meanwhile. */
#define AT_ONCE 400000u
#define PIECE 4096u

/* What the user had set where it came from, and is to be so again where it goes to. */
struct tui_settle {
	struct tui_store *from; /* without its log and model; NULL: nothing was marked */
	bool diff;
	bool recount; /* another filter counted up to the moment that it went back to */
};

static uint64_t since(const struct tui_app *app)
{
	return app->model->events ? app->model->last_ns - app->model->first_ns : 0;
}

static bool there(const struct tui_app *app)
{
	return app->over || app->model->events >= app->goal_events ||
	       (app->goal_ns != UINT64_MAX && app->model->events && since(app) >= app->goal_ns);
}

/* ---- arriving ---- */

static void settle_free(struct tui_settle *settle)
{
	if (settle)
		tui_store_close(settle->from);
	free(settle);
}

/* Functions and processes are in the order in which they came first: those of less time are the first of those of more. */
static void mark_again(struct tui_store *store, const struct tui_store *from)
{
	for (uint32_t i = 0; i < store->function_count && i < from->function_count; i++)
		store->functions[i].mark = from->functions[i].mark;
	for (uint32_t i = 0; i < store->process_count && i < from->process_count; i++) {
		struct tui_process *process = store->processes[i];
		const struct tui_process *marked = from->processes[i];

		if (!process || !marked)
			continue;
		process->mark = marked->mark;
		process->memory.mark_now_bytes = marked->memory.mark_now_bytes;
		process->memory.mark_allocations = marked->memory.mark_allocations;
		process->memory.mark_frees = marked->memory.mark_frees;
	}
	store->marked = true;
	store->mark_ns = from->mark_ns;
}

static void arrive(struct tui_app *app)
{
	struct tui_settle *settle = app->settle;

	if (!settle)
		return;
	app->settle = NULL;
	if (settle->from && settle->from->mark_ns <= app->model->last_ns) {
		mark_again(app->store, settle->from);
		app->diff = settle->diff;
	} else if (settle->from) {
		tui_app_say(app, false, "this is before the mark, which is gone");
	}
	if (settle->recount)
		tui_app_filter_again(app, true);
	settle_free(settle);
}

/* ---- going back ---- */

/* Takes the store's log out of it, and forgets the rest, but for what was marked. */
static struct tui_log *leave(struct tui_app *app)
{
	struct tui_log *log = app->store->log;

	app->store->log = NULL;
	if (app->store->marked && !app->settle->from) {
		app->settle->from = app->store;
		app->settle->diff = app->diff;
		app->store->options.model = NULL;
		app->store = NULL;
	}
	app->diff = false;
	tui_app_forget(app);
	return log;
}

static int back_to_start(struct tui_app *app)
{
	struct tui_log *log = leave(app);
	int err = tui_app_fresh(app);

	if (err) {
		tui_log_close(log);
		return err;
	}
	tui_log_close(app->store->log);
	app->store->log = log;
	tui_log_rewind(log, NULL);
	if (app->past)
		return app->source->ops->seek(app->source, 0);
	app->source->ops->close(app->source);
	app->source = NULL;
	return app->options.open(app->options.data, &app->source);
}

static int back_to(struct tui_app *app, const struct tui_moment *moment)
{
	struct tui_moment now;
	int err;

	if (!app->settle)
		app->settle = calloc(1, sizeof(*app->settle));
	if (!app->settle)
		return -ENOMEM;
	app->settle->recount = moment && moment->filter != app->filter_turn;
	if (!moment) {
		err = back_to_start(app);
	} else {
		err = app->source->ops->seek(app->source, moment->number + 1);
		if (!err)
			err = tui_moment_copy(moment, app, &now);
		if (err)
			return err;
		now.store->log = leave(app);
		tui_log_rewind(now.store->log, moment->log);
		app->model = now.model;
		app->store = now.store;
		app->explain = now.explain;
		tui_app_join(app);
		app->stream.number = moment->number;
	}
	if (!err && !app->settle->recount)
		tui_app_filter_again(app, false);
	return err;
}

/* Whether reading on from here leads there, and not by a longer way than from that moment. */
static bool leads(const struct tui_app *app, const struct tui_moment *from, uint64_t events,
		  uint64_t since_ns)
{
	if (app->model->events > events || (app->over && events < app->total_events) ||
	    !tui_log_whole(app->store->log))
		return false;
	if (since_ns != UINT64_MAX && app->model->events && since(app) >= since_ns)
		return false;
	return !from || app->model->events >= from->events;
}

static int go(struct tui_app *app, uint64_t events, uint64_t since_ns)
{
	const struct tui_moment *from =
	    app->past ? tui_past_before(app->past, events, since_ns) : NULL;
	int err = leads(app, from, events, since_ns) ? 0 : back_to(app, from);
	uint64_t last;

	if (err) {
		/* Whatever there is now is not read on. */
		app->over = true;
		app->source_error = err;
		snprintf(app->trouble, sizeof(app->trouble), "cannot go there: %s", strerror(-err));
		return err;
	}
	app->goal_events = events;
	app->goal_ns = since_ns;
	last = app->model->events + AT_ONCE;
	while (tui_app_read(app) == 1 && app->model->events < last)
		;
	return 0;
}

int tui_app_go_to(struct tui_app *app, uint64_t events)
{
	/* At the end all is as if nobody had ever moved. */
	return go(app, app->total_events && events >= app->total_events ? UINT64_MAX : events,
		  UINT64_MAX);
}

int tui_app_go_to_time(struct tui_app *app, uint64_t since_ns)
{
	return go(app, UINT64_MAX, since_ns);
}

enum time_sort { TIME_EVENTS, TIME_PART, TIME_NS };

/* "#1200", "50%", "1.5s", "-10ms": from here. false: it is none. */
static bool time_of(const char *word, enum time_sort *sort, double *value, bool *from_here)
{
	static const struct {
		const char *word;
		double ns;
	} units[] = {
		{ "", 1e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "µs", 1e3 }, { "ns", 1 }, { "m", 60e9 },
		{ "min", 60e9 }, { "h", 3600e9 },
	};
	char *end;

	while (*word == ' ')
		word++;
	*sort = *word == '#' ? TIME_EVENTS : TIME_NS;
	*from_here = *word == '+' || *word == '-';
	word += *word == '#';
	*value = strtod(word, &end);
	if (end == word || !(*value > -1e15 && *value < 1e15))
		return false;
	while (*end == ' ')
		end++;
	if (*sort == TIME_EVENTS)
		return !*end && *value >= 0;
	if (!strcmp(end, "%")) {
		*sort = TIME_PART;
		*value /= 100;
		return true;
	}
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].word)) {
			*value *= units[i].ns;
			return true;
		}
	return false;
}

bool vgpu_top_time(const char *word)
{
	enum time_sort sort;
	bool from_here;
	double value;

	return time_of(word, &sort, &value, &from_here);
}

int tui_app_go_to_word(struct tui_app *app, const char *word)
{
	enum time_sort sort;
	bool from_here;
	double value;

	if (!time_of(word, &sort, &value, &from_here))
		return -EINVAL;
	if (sort == TIME_EVENTS)
		return tui_app_go_to(app, value < 1 ? 1 : (uint64_t)value);
	if (sort == TIME_PART)
		value *= (double)app->total_ns;
	if (from_here)
		value += (double)since(app);
	if (app->total_ns && value >= (double)app->total_ns)
		return tui_app_go_to(app, UINT64_MAX);
	return tui_app_go_to_time(app, value > 0 ? (uint64_t)value : 0);
}

void tui_app_play(struct tui_app *app, uint64_t length_ns)
{
	app->playing_ns += length_ns;
	tui_app_go_to_time(app, app->playing_ns);
	if (app->over)
		app->playing_ns = 0;
}

int tui_app_percent(const struct tui_app *app)
{
	uint64_t part = app->model->events, whole = app->goal_events;

	if (app->options.live || !app->past || there(app))
		return -1;
	if (app->goal_ns != UINT64_MAX) {
		part = since(app);
		whole = app->goal_ns;
	} else if (whole > app->total_events) {
		whole = app->total_events;
	}
	return whole && part < whole ? (int)((double)part * 100 / (double)whole) : -1;
}

int tui_app_read(struct tui_app *app)
{
	for (unsigned i = 0; i < PIECE && !there(app);) {
		uint64_t left = app->goal_events - app->model->events;
		unsigned most = app->goal_ns != UINT64_MAX ? 1
				: left < PIECE             ? (unsigned)left
							   : PIECE;

		/* Not now: a recording has all that it will ever have. */
		if (tui_app_feed(app, most) == 0)
			break;
		i += most;
	}
	if (!there(app))
		return 1;
	arrive(app);
	return 0;
}

void tui_app_settle_free(struct tui_app *app)
{
	settle_free(app->settle);
	app->settle = NULL;
}
