// SPDX-License-Identifier: Apache-2.0
/* What keys and clicks do. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tui/app.h"

/* ---- search and errors ---- */

static bool line_matches(struct tui_app *app, uint64_t index)
{
	struct vgpu_text line = { 0 };
	bool found;

	tui_app_line(app, index, &line);
	found = strcasestr(vgpu_text_string(&line), app->search) != NULL;
	vgpu_text_free(&line);
	return found;
}

static bool line_fails(struct tui_app *app, uint64_t index)
{
	const struct tui_view *view = tui_app_view(app);

	return view->error && view->error(app, index);
}

/* The next line (step 1) or the one before (-1) for which it holds, once around. false: there is none. */
static bool seek(struct tui_app *app, bool (*holds)(struct tui_app *app, uint64_t index), int step, bool from_here)
{
	uint64_t count, at;

	tui_app_prepare(app);
	count = tui_app_count(app);
	at = tui_app_list(app)->selected;
	for (uint64_t i = 0; i < count; i++) {
		if (i || !from_here)
			at = step > 0 ? (at + 1 == count ? 0 : at + 1) : at ? at - 1 : count - 1;
		if (holds(app, at)) {
			tui_app_select(app, at);
			return true;
		}
	}
	return false;
}

static void seek_error(struct tui_app *app, int step)
{
	if (!seek(app, line_fails, step, false))
		tui_app_say(app, true, "nothing here tells of an error");
}

static void find(struct tui_app *app, int step, bool from_here)
{
	if (!app->search[0]) {
		tui_app_say(app, true, "nothing was searched for: / begins");
		return;
	}
	if (!seek(app, line_matches, step, from_here))
		tui_app_say(app, true, "nothing here matches '%s'", app->search);
}

/* In the pager, lines are looked through from the one on top. */
static void find_in_pager(struct tui_app *app, int step, bool from_here)
{
	const char *text = vgpu_text_string(&app->pager.wrapped);
	int number = 0, best = -1;

	for (const char *at = text; *at; number++) {
		size_t size = strcspn(at, "\n");
		char line[4096];
		bool after = number > app->pager.top || (from_here && number == app->pager.top);

		snprintf(line, sizeof(line), "%.*s", (int)(size < sizeof(line) ? size : sizeof(line) - 1), at);
		if (app->search[0] && strcasestr(line, app->search) && (step > 0 ? after && best < 0 : number < app->pager.top))
			best = number;
		at += size + (at[size] == '\n');
	}
	if (best < 0)
		tui_app_say(app, true, "no further line matches '%s'", app->search);
	else
		app->pager.top = best;
}

/* ---- writing out ---- */

static void export_to(struct tui_app *app, const char *path)
{
	struct vgpu_look look = { .utf8 = app->look.utf8 };
	struct vgpu_text text = { 0 };
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	size_t done = 0;

	if (fd < 0) {
		snprintf(app->prompt.error, sizeof(app->prompt.error), "%s",
			 errno == EEXIST ? "there is such a file already" : strerror(errno));
		return;
	}
	if (app->pager.open)
		vgpu_text_printf(&text, "%s\n\n", app->pager.title);
	if (app->pager.open) {
		struct tui_surface surface = { .utf8 = look.utf8 };

		/* Through a surface, so that colours are left out. */
		for (const char *at = vgpu_text_string(&app->pager.text); *at;) {
			size_t size = strcspn(at, "\n");
			char line[4096];

			snprintf(line, sizeof(line), "%.*s", (int)(size < sizeof(line) ? size : sizeof(line) - 1), at);
			if (!tui_surface_resize(&surface, 1, tui_columns(&surface, line) + 1)) {
				tui_surface_text(&surface, 0, 0, surface.columns, TUI_PLAIN, line);
				tui_surface_row(&surface, 0, &look, &text);
			}
			vgpu_text_puts(&text, "\n");
			at += size + (at[size] == '\n');
		}
		tui_surface_free(&surface);
	} else {
		tui_app_text(app, app->columns > 160 ? app->columns : 160, &look, &text);
	}
	while (done < text.size) {
		ssize_t n = write(fd, text.bytes + done, text.size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (close(fd) || done < text.size || text.failed) {
		unlink(path);
		snprintf(app->prompt.error, sizeof(app->prompt.error), "cannot write: %s", strerror(errno ? errno : EIO));
	} else {
		app->prompt.asked = TUI_ASK_NOTHING;
		tui_app_say(app, false, "written to %s", path);
	}
	vgpu_text_free(&text);
}

static void ask_export(struct tui_app *app)
{
	time_t now = time(NULL);
	struct tm tm;
	char path[128], when[32] = "now";

	if (localtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &tm);
	snprintf(path, sizeof(path), "vgpu-top-%s-%s.txt", tui_app_view(app)->name, when);
	tui_prompt_ask(&app->prompt, TUI_ASK_EXPORT, path);
}

/* ---- the prompt ---- */

static void answered(struct tui_app *app)
{
	switch (app->prompt.asked) {
	case TUI_ASK_SEARCH:
		snprintf(app->search, sizeof(app->search), "%s", app->prompt.text);
		app->prompt.asked = TUI_ASK_NOTHING;
		if (!app->search[0])
			break;
		if (app->pager.open)
			find_in_pager(app, 1, true);
		else
			find(app, 1, true);
		break;
	case TUI_ASK_FILTER:
		if (!tui_app_filter(app, app->prompt.text)) {
			app->prompt.asked = TUI_ASK_NOTHING;
			tui_app_list(app)->top = 0;
		}
		break;
	case TUI_ASK_EXPORT:
		if (app->prompt.text[0])
			export_to(app, app->prompt.text);
		else
			app->prompt.asked = TUI_ASK_NOTHING;
		break;
	case TUI_ASK_TIME:
		tui_time_answered(app);
		break;
	case TUI_ASK_NOTHING:
		break;
	}
}

/* ---- actions ---- */

static void sort_by(struct tui_app *app, int step)
{
	const struct tui_view *view = tui_app_view(app);
	struct tui_list *list = tui_app_list(app);

	if (!view->columns) {
		tui_app_say(app, true, "%s are in the order of time", view->title);
		return;
	}
	do {
		list->sort = (list->sort + view->column_count + (unsigned)step) % view->column_count;
	} while (app->columns && view->columns[list->sort].from > app->columns);
	list->reverse = false;
	list->top = 0;
	app->settings_changed = true;
}

static void sideways(struct tui_app *app, int step)
{
	struct tui_list *list = tui_app_list(app);

	if (tui_app_view(app)->columns && !app->pager.open) {
		sort_by(app, step);
		return;
	}
	list->sideways += step * 8;
	if (list->sideways < 0)
		list->sideways = 0;
	if (list->sideways > 4000)
		list->sideways = 4000;
}

static void hold(struct tui_app *app)
{
	if (!app->options.live) {
		if (app->playing_ns) {
			app->playing_ns = 0;
			return;
		}
		if (app->store->events >= app->total_events) {
			tui_app_say(app, true, "this is the end of the recording: < and , go back in time");
			return;
		}
		app->playing_ns = app->model->last_ns - app->model->first_ns + 1;
		return;
	}
	app->paused = !app->paused;
	tui_store_hold(app->store, app->paused);
}

static void diff(struct tui_app *app)
{
	if (!app->store->marked) {
		tui_app_say(app, true, "nothing is marked: m marks this moment");
		return;
	}
	app->diff = !app->diff;
}

static void mark(struct tui_app *app)
{
	tui_store_mark(app->store);
	if (app->paused)
		tui_store_hold(app->store, true);
	tui_app_say(app, false, "marked: d shows what changes from here on");
}

static void page(struct tui_app *app, int64_t step)
{
	struct tui_list *list = tui_app_list(app);
	uint64_t at = list->selected;

	tui_app_prepare(app);
	at = list->selected;
	if (step < 0)
		tui_app_select(app, at > (uint64_t)-step ? at - (uint64_t)-step : 0);
	else
		tui_app_select(app, at + (uint64_t)step);
}

static void open_detail(struct tui_app *app)
{
	const struct tui_view *view = tui_app_view(app);

	tui_app_prepare(app);
	if (view->detail && tui_app_count(app))
		view->detail(app, tui_app_list(app)->selected);
}

static void back(struct tui_app *app)
{
	if (app->pager.open)
		app->pager.open = false;
	else
		app->search[0] = '\0';
	app->message[0] = '\0';
}

/* true: it was the pager's. */
static bool pager_action(struct tui_app *app, enum tui_action action)
{
	struct tui_pager *pager = &app->pager;
	int rows = app->body_rows > 1 ? app->body_rows : 1;

	switch (action) {
	case TUI_DO_UP:
		pager->top--;
		break;
	case TUI_DO_DOWN:
		pager->top++;
		break;
	case TUI_DO_PAGE_UP:
		pager->top -= rows;
		break;
	case TUI_DO_PAGE_DOWN:
	case TUI_DO_PAUSE:
		pager->top += rows;
		break;
	case TUI_DO_TOP:
		pager->top = 0;
		break;
	case TUI_DO_BOTTOM:
		pager->top = pager->lines;
		break;
	case TUI_DO_DETAIL:
	case TUI_DO_QUIT:
	case TUI_DO_HELP:
		pager->open = false;
		break;
	case TUI_DO_FIND_NEXT:
		find_in_pager(app, 1, false);
		break;
	case TUI_DO_FIND_LAST:
		find_in_pager(app, -1, false);
		break;
	default:
		return false;
	}
	if (pager->top > pager->lines - rows)
		pager->top = pager->lines - rows;
	if (pager->top < 0)
		pager->top = 0;
	return true;
}

static const char *running(const struct tui_app *app)
{
	return app->source->ops->running ? app->source->ops->running(app->source) : NULL;
}

/* The answer: q again ends it, d leaves it running, anything else goes on looking. */
static void leave(struct tui_app *app, uint32_t key)
{
	app->leaving = false;
	if (!running(app)) {
		app->quit = true;
		return;
	}
	if (tui_action_of(key) != TUI_DO_QUIT && key != 'd')
		return;
	app->source->ops->leave(app->source, key != 'd');
	app->quit = true;
}

static void act(struct tui_app *app, enum tui_action action)
{
	int rows = app->body_rows > 1 ? app->body_rows - 1 : 1;
	unsigned views = 0;

	while (tui_views[views])
		views++;
	if (app->pager.open && pager_action(app, action))
		return;
	if (action >= TUI_DO_VIEW && action <= TUI_DO_VIEW_LAST) {
		app->pager.open = false;
		tui_app_show(app, (unsigned)(action - TUI_DO_VIEW));
		return;
	}
	switch (action) {
	case TUI_DO_NEXT_VIEW:
		tui_app_show(app, (app->view + 1) % views);
		break;
	case TUI_DO_LAST_VIEW:
		tui_app_show(app, (app->view + views - 1) % views);
		break;
	case TUI_DO_UP:
		page(app, -1);
		break;
	case TUI_DO_DOWN:
		page(app, 1);
		break;
	case TUI_DO_LEFT:
		sideways(app, -1);
		break;
	case TUI_DO_RIGHT:
		sideways(app, 1);
		break;
	case TUI_DO_PAGE_UP:
		page(app, -rows);
		break;
	case TUI_DO_PAGE_DOWN:
		page(app, rows);
		break;
	case TUI_DO_TOP:
		tui_app_prepare(app);
		tui_app_select(app, 0);
		tui_app_list(app)->key = tui_app_view(app)->columns ? 0 : tui_app_list(app)->key;
		break;
	case TUI_DO_BOTTOM:
		tui_app_prepare(app);
		tui_app_select(app, UINT64_MAX);
		break;
	case TUI_DO_DETAIL:
		open_detail(app);
		break;
	case TUI_DO_BACK:
		back(app);
		break;
	case TUI_DO_SEARCH:
		tui_prompt_ask(&app->prompt, TUI_ASK_SEARCH, "");
		break;
	case TUI_DO_FIND_NEXT:
		find(app, 1, false);
		break;
	case TUI_DO_FIND_LAST:
		find(app, -1, false);
		break;
	case TUI_DO_NEXT_ERROR:
		seek_error(app, 1);
		break;
	case TUI_DO_LAST_ERROR:
		seek_error(app, -1);
		break;
	case TUI_DO_FILTER:
		tui_prompt_ask(&app->prompt, TUI_ASK_FILTER, app->filter);
		break;
	case TUI_DO_NO_FILTER:
		tui_app_filter(app, "");
		app->filter[0] = '\0';
		break;
	case TUI_DO_SORT:
		sort_by(app, 1);
		break;
	case TUI_DO_SORT_BACK:
		sort_by(app, -1);
		break;
	case TUI_DO_REVERSE:
		tui_app_list(app)->reverse = !tui_app_list(app)->reverse;
		app->settings_changed = true;
		break;
	case TUI_DO_PAUSE:
		hold(app);
		break;
	case TUI_DO_EXPORT:
		ask_export(app);
		break;
	case TUI_DO_MARK:
		mark(app);
		break;
	case TUI_DO_DIFF:
		diff(app);
		break;
	case TUI_DO_EARLIER:
	case TUI_DO_LATER:
	case TUI_DO_BIT_EARLIER:
	case TUI_DO_BIT_LATER:
	case TUI_DO_MUCH_EARLIER:
	case TUI_DO_MUCH_LATER:
	case TUI_DO_BEGINNING:
	case TUI_DO_END:
		tui_time_move(app, action);
		break;
	case TUI_DO_TIME:
		tui_time_ask(app);
		break;
	case TUI_DO_REDRAW:
		app->redraw = true;
		break;
	case TUI_DO_HELP:
		tui_help(app);
		break;
	case TUI_DO_OUTPUT:
		tui_output(app);
		break;
	case TUI_DO_QUIT:
		app->leaving = running(app) != NULL;
		app->quit = !app->leaving;
		break;
	default:
		break;
	}
}

void tui_app_key(struct tui_app *app, uint32_t key)
{
	enum tui_action action;

	if (key == TUI_KEY_NONE)
		return;
	if (app->prompt.asked) {
		if (tui_prompt_key(&app->prompt, key) == TUI_ANSWER_GIVEN)
			answered(app);
		return;
	}
	if (app->leaving) {
		leave(app, key);
		return;
	}
	app->message[0] = '\0';
	action = tui_action_of(key);
	if (action == TUI_DO_NOTHING)
		tui_app_say(app, true, "that key does nothing: ? lists those that do");
	else
		act(app, action);
}

void tui_app_mouse(struct tui_app *app, enum tui_mouse what, int row, int column)
{
	uint64_t index = tui_app_list(app)->top + (uint64_t)(row - app->body_row);

	if (app->prompt.asked || app->leaving)
		return;
	if (what == TUI_MOUSE_UP || what == TUI_MOUSE_DOWN) {
		for (int i = 0; i < 3; i++)
			act(app, what == TUI_MOUSE_UP ? TUI_DO_UP : TUI_DO_DOWN);
		return;
	}
	for (unsigned i = 0; i < app->spot_count; i++)
		if (app->spots[i].row == row && column >= app->spots[i].from && column < app->spots[i].to) {
			act(app, app->spots[i].action);
			return;
		}
	if (app->pager.open)
		return;
	if (row == app->body_row - 1 && tui_app_view(app)->columns) {
		int found = tui_column_at(app, app->columns, column);

		if (found < 0)
			return;
		if ((unsigned)found == tui_app_list(app)->sort)
			act(app, TUI_DO_REVERSE);
		else
			tui_app_list(app)->reverse = false;
		tui_app_list(app)->sort = (unsigned)found;
		app->settings_changed = true;
		return;
	}
	if (row < app->body_row || row >= app->body_row + app->body_rows)
		return;
	tui_app_prepare(app);
	if (index >= tui_app_count(app))
		return;
	tui_app_select(app, index);
	if (what == TUI_MOUSE_DOUBLE)
		open_detail(app);
}
