// SPDX-License-Identifier: Apache-2.0
/* The dashboard's state: what it reads, where in time it is, what is selected. */
#include "tui/app.h"
#include "tui/past.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
/* The rate is that of the last eight quarters of a second. */
#define SAMPLE_NS (SECOND / 4)

const struct tui_view *const tui_views[] = {
	&tui_view_verdict, &tui_view_calls, &tui_view_functions, &tui_view_processes, &tui_view_libraries,
	&tui_view_memory, NULL,
};

const char *vgpu_top_view(unsigned index)
{
	return index < sizeof(tui_views) / sizeof(tui_views[0]) && tui_views[index] ? tui_views[index]->name : NULL;
}

/* ---- what is read ---- */

void tui_app_forget(struct tui_app *app)
{
	if (app->explain)
		app->options.explain_close(app->explain);
	tui_store_close(app->store);
	vgpu_model_close(app->model);
	app->explain = NULL;
	app->store = NULL;
	app->model = NULL;
	memset(&app->stream, 0, sizeof(app->stream));
}

int tui_app_fresh(struct tui_app *app)
{
	struct tui_store_options options = { .live = app->options.live, .note = app->options.note,
					      .log_bytes = app->options.log_bytes };
	int err = vgpu_model_open(&app->model);

	if (err)
		return err;
	options.model = app->model;
	err = tui_store_open(&app->store, &options);
	if (!err && app->options.explain_open)
		err = app->options.explain_open(&app->explain, app->model);
	if (!err)
		tui_app_join(app);
	return err;
}

void tui_app_join(struct tui_app *app)
{
	memset(&app->stream, 0, sizeof(app->stream));
	app->alike = tui_store_alike;
	app->alike.data = app->store;
	app->stream.alike = &app->alike;
	vgpu_stream_add(&app->stream, &app->model->sink);
	vgpu_stream_add(&app->stream, &app->store->sink);
	if (app->explain)
		vgpu_stream_add(&app->stream, app->options.explain_sink(app->explain));
	app->over = false;
	app->trouble[0] = '\0';
	app->verdict_events = UINT64_MAX;
}

static int begin_reading(struct tui_app *app)
{
	int err = tui_app_fresh(app);

	if (!err)
		err = app->options.open(app->options.data, &app->source);
	if (!err && app->source->ops->extent)
		app->source->ops->extent(app->source, &app->total_events, &app->total_ns);
	if (!err && app->source->ops->seek && (app->options.explain_copy || !app->options.explain_open))
		err = tui_past_open(&app->past, app->options.past_step);
	app->goal_events = app->goal_ns = UINT64_MAX;
	return err;
}

int tui_app_open(struct tui_app **out, const struct vgpu_top_options *options)
{
	struct tui_app *app = calloc(1, sizeof(*app));
	int err;

	*out = NULL;
	if (!app)
		return -ENOMEM;
	app->options = *options;
	/* The surface turns colours into styles, and what its terminal lacks into ASCII. */
	app->look = (struct vgpu_look){ .utf8 = options->utf8, .colour = true };
	app->cursor_row = -1;
	for (unsigned i = 0; tui_views[i]; i++) {
		app->list[i].sort = tui_views[i]->sort;
		app->list[i].follow = tui_views[i]->follows && options->live;
	}
	err = begin_reading(app);
	if (err) {
		tui_app_close(app);
		return err;
	}
	if (options->settings)
		tui_settings_read(app);
	for (unsigned i = 0; options->view && tui_views[i]; i++)
		if (!strcmp(tui_views[i]->name, options->view))
			app->view = i;
	if (options->filter && (err = tui_app_filter(app, options->filter))) {
		tui_app_close(app);
		return err;
	}
	if (options->at && (err = tui_app_go_to_word(app, options->at))) {
		tui_app_close(app);
		return err;
	}
	*out = app;
	return 0;
}

void tui_app_close(struct tui_app *app)
{
	if (!app)
		return;
	if (app->settings_changed && app->options.settings)
		tui_settings_write(app);
	/* What it knows of functions goes with it. */
	tui_app_forget(app);
	tui_app_settle_free(app);
	tui_past_close(app->past, &app->options);
	if (app->source)
		app->source->ops->close(app->source);
	vgpu_text_free(&app->verdict);
	vgpu_text_free(&app->verdict_wrapped);
	vgpu_text_free(&app->pager.wrapped);
	vgpu_text_free(&app->pager.text);
	free(app->rows);
	free(app);
}

int tui_app_feed(struct tui_app *app, unsigned max)
{
	const char *trouble;
	int err;

	if (app->over)
		return -ENODATA;
	err = app->source->ops->poll(app->source, &app->stream, max);
	app->caught_up |= err != 1;
	if (err >= 0) {
		if (app->past && !app->once)
			tui_past_note(app->past, app);
		return err;
	}
	app->over = true;
	app->source_error = err == -ENODATA ? 0 : err;
	vgpu_stream_end(&app->stream);
	trouble = app->source->ops->trouble ? app->source->ops->trouble(app->source) : NULL;
	if (trouble || err != -ENODATA)
		snprintf(app->trouble, sizeof(app->trouble), "%s", trouble ? trouble : strerror(-err));
	if (!app->options.live) {
		app->total_events = app->model->events;
		app->total_ns = app->model->last_ns - app->model->first_ns;
	}
	return err;
}

void tui_app_tick(struct tui_app *app, uint64_t now_ns)
{
	/* What is known to be lost happened, too. */
	uint64_t happened = app->store->events + tui_store_lost(app->store);
	unsigned at = app->sample % 8, oldest = app->sample >= 8 ? app->sample % 8 : 0;

	if (app->playing_ns && now_ns > app->now_ns && app->now_ns)
		tui_app_play(app, now_ns - app->now_ns);
	app->now_ns = now_ns;
	if (app->message[0] && now_ns > app->message_ns)
		app->message[0] = '\0';
	/* What was there before anybody looked is no rate. */
	if (!app->caught_up || (app->sample && now_ns - app->sample_ns[(app->sample - 1) % 8] < SAMPLE_NS))
		return;
	if (app->sample && now_ns > app->sample_ns[oldest])
		app->rate = (uint64_t)((unsigned __int128)(happened - app->sample_events[oldest]) * SECOND /
				       (now_ns - app->sample_ns[oldest]));
	app->sample_ns[at] = now_ns;
	app->sample_events[at] = happened;
	app->sample++;
}

/* ---- filter ---- */

int tui_app_filter(struct tui_app *app, const char *text)
{
	struct vgpu_filter_error error;
	struct vgpu_filter *filter = NULL;
	int err;

	while (*text == ' ')
		text++;
	if (*text) {
		err = vgpu_filter_parse(&filter, text, &error);
		if (err) {
			snprintf(app->prompt.error, sizeof(app->prompt.error), "column %u: %.100s", error.column,
				 err == -EINVAL ? error.message : strerror(-err));
			if (err == -EINVAL && error.column && error.column <= strlen(app->prompt.text) + 1)
				app->prompt.at = error.column - 1;
			return err;
		}
	}
	if (text != app->filter)
		snprintf(app->filter, sizeof(app->filter), "%s", text);
	app->filter_turn++;
	tui_store_filter(app->store, filter);
	if (app->paused)
		tui_store_hold(app->store, true);
	return 0;
}

void tui_app_filter_again(struct tui_app *app, bool count)
{
	struct vgpu_filter_error error;
	struct vgpu_filter *filter = NULL;

	if (!app->filter[0] || vgpu_filter_parse(&filter, app->filter, &error))
		return;
	if (count)
		tui_store_filter(app->store, filter);
	else
		tui_store_filter_on(app->store, filter);
}

/* ---- what is selected ---- */

const struct tui_view *tui_app_view(const struct tui_app *app)
{
	return tui_views[app->view];
}

struct tui_list *tui_app_list(struct tui_app *app)
{
	return &app->list[app->view];
}

uint64_t tui_app_count(struct tui_app *app)
{
	const struct tui_view *view = tui_app_view(app);

	return view->columns ? app->row_count : view->count(app);
}

static uint64_t index_of(struct tui_app *app, uint64_t key, uint64_t otherwise)
{
	const struct tui_view *view = tui_app_view(app);
	uint64_t count = tui_app_count(app);

	if (view->index)
		return view->index(app, key);
	for (uint64_t i = 0; i < count; i++)
		if (view->key(app, i) == key)
			return i;
	return otherwise;
}

void tui_app_prepare(struct tui_app *app)
{
	const struct tui_view *view = tui_app_view(app);
	struct tui_list *list = tui_app_list(app);
	uint64_t count;

	app->row_count = 0;
	if (view->prepare)
		view->prepare(app);
	if (view->columns)
		tui_sort_rows(app);
	count = tui_app_count(app);
	if (list->follow)
		list->selected = count ? count - 1 : 0;
	else if (!list->key)
		list->selected = 0;
	else
		list->selected = index_of(app, list->key, list->selected);
	if (list->selected >= count)
		list->selected = count ? count - 1 : 0;
}

void tui_app_select(struct tui_app *app, uint64_t index)
{
	const struct tui_view *view = tui_app_view(app);
	struct tui_list *list = tui_app_list(app);
	uint64_t count = tui_app_count(app);

	if (!count)
		return;
	list->selected = index < count ? index : count - 1;
	list->key = view->key(app, list->selected);
	list->follow = view->follows && app->options.live && list->selected == count - 1;
}

void tui_app_show(struct tui_app *app, unsigned view)
{
	if (view >= sizeof(tui_views) / sizeof(tui_views[0]) || !tui_views[view] || view == app->view)
		return;
	app->view = view;
	app->settings_changed = true;
	app->pager.open = false;
	tui_app_prepare(app);
}

void tui_app_say(struct tui_app *app, bool bad, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(app->message, sizeof(app->message), format, ap);
	va_end(ap);
	app->message_bad = bad;
	app->message_ns = app->now_ns + (bad ? 8 : 4) * SECOND;
}

void tui_app_line(struct tui_app *app, uint64_t index, struct vgpu_text *out)
{
	const struct tui_view *view = tui_app_view(app);
	bool once = app->once;

	/* Whole, whatever there is room for on the screen. */
	app->once = true;
	app->look.colour = false;
	if (view->columns)
		tui_row_text(app, app->rows[index], out);
	else
		view->line(app, index, out);
	app->look.colour = true;
	app->once = once;
}

/* ---- words ---- */

void tui_time(const struct tui_app *app, uint64_t time_ns, struct vgpu_text *out)
{
	uint64_t since = time_ns > app->model->first_ns ? time_ns - app->model->first_ns : 0;

	vgpu_text_printf(out, "%llu.%06u", (unsigned long long)(since / SECOND), (unsigned)(since % SECOND / 1000));
}

void tui_escape(const struct tui_app *app, const char *string, struct vgpu_text *out)
{
	vgpu_text_escape(out, &app->look, string ? string : "", string ? strlen(string) : 0, false);
}

void tui_process_name(struct tui_app *app, uint32_t number, struct vgpu_text *out)
{
	const struct vgpu_model_process *process = vgpu_model_process(app->model, number);
	const char *label = vgpu_model_label(app->model, number);

	tui_escape(app, label, out);
	/* A label that had to carry the pid has it already. */
	if (process && !strchr(label, '('))
		vgpu_text_printf(out, "(%d)", process->pid);
}
