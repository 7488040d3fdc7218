// SPDX-License-Identifier: Apache-2.0
/* Verdict: what the explanation says, and the way from its evidence to the call. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"

/* Asking is dear while events pour in. */
#define AGAIN_NS UINT64_C(200000000)

static void ask(struct tui_app *app)
{
	if (!app->explain) {
		if (!app->verdict.size) {
			vgpu_text_puts(&app->verdict, "nobody explains here\n");
			app->verdict_columns = 0;
		}
		return;
	}
	if (app->verdict.size && (app->paused || app->verdict_events == app->model->events ||
				  (app->options.live && !app->over && app->verdict_events != UINT64_MAX &&
				   app->now_ns - app->verdict_ns < AGAIN_NS)))
		return;
	vgpu_text_clear(&app->verdict);
	app->options.explain_format(app->explain, &app->look, &app->verdict);
	app->verdict_columns = 0;
	app->verdict_ns = app->now_ns;
	app->verdict_events = app->model->events;
}

static void prepare(struct tui_app *app)
{
	int columns = app->once || !app->columns ? 4000 : app->columns - 2;

	ask(app);
	if (app->verdict_columns == columns)
		return;
	app->verdict_columns = columns;
	vgpu_text_clear(&app->verdict_wrapped);
	tui_wrap(vgpu_text_string(&app->verdict), columns, &app->verdict_wrapped);
}

static uint64_t count(struct tui_app *app)
{
	uint64_t lines = 0;

	for (const char *at = vgpu_text_string(&app->verdict_wrapped); *at; at++)
		lines += *at == '\n';
	return lines;
}

static void line(struct tui_app *app, uint64_t index, struct vgpu_text *out)
{
	const char *at = vgpu_text_string(&app->verdict_wrapped);

	while (index-- && at) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (at)
		vgpu_text_add(out, at, strcspn(at, "\n"));
}

static uint64_t key(struct tui_app *app, uint64_t index)
{
	(void)app;
	return index + 1;
}

static uint64_t index_of(struct tui_app *app, uint64_t wanted)
{
	(void)app;
	return wanted - 1;
}

static bool error(struct tui_app *app, uint64_t index)
{
	struct vgpu_text text = { 0 };
	bool found;

	line(app, index, &text);
	found = strstr(vgpu_text_string(&text), app->look.utf8 ? "✗" : "x ") != NULL ||
		strstr(vgpu_text_string(&text), "CPU MODE") != NULL;
	vgpu_text_free(&text);
	return found;
}

static bool show_event(struct tui_app *app, uint64_t number)
{
	uint64_t first, latest, end;
	struct tui_entry entry;

	tui_log_kept(app->store->log, &first, &latest, &end);
	for (uint64_t at = 0; at < end; at++) {
		if (at == first)
			at = latest;
		if (at >= end || !tui_log_read(app->store->log, at, &entry) || entry.event.number != number)
			continue;
		if (entry.line == TUI_LINE_CALL) {
			tui_detail_call(app, &entry);
			return true;
		}
		if (entry.line == TUI_LINE_NOTE) {
			char title[48];

			snprintf(title, sizeof(title), "Event %" PRIu64, number);
			tui_pager_open(app, title);
			tui_pager_line(app, "  %s", entry.text);
			return true;
		}
	}
	return false;
}

/* "event 91" in the line is evidence: shown itself. */
static void detail(struct tui_app *app, uint64_t index)
{
	struct vgpu_text text = { 0 };
	const char *at;

	app->look.colour = false;
	line(app, index, &text);
	app->look.colour = true;
	for (at = vgpu_text_string(&text); (at = strstr(at, "event ")); at += 6) {
		uint64_t number = strtoull(at + 6, NULL, 10);

		if (number && show_event(app, number))
			break;
		if (number) {
			tui_app_say(app, true, "event %" PRIu64 " is no longer on record", number);
			break;
		}
	}
	if (!at) {
		tui_pager_open(app, "Verdict");
		tui_pager_line(app, "  %s", vgpu_text_string(&text));
	}
	vgpu_text_free(&text);
}

const struct tui_view tui_view_verdict = {
	.name = "verdict",
	.title = "Verdict",
	.help = "was a GPU found, and if not, which link of the discovery broke",
	.empty = "nothing was observed yet",
	.prepare = prepare,
	.count = count,
	.line = line,
	.key = key,
	.index = index_of,
	.error = error,
	.detail = detail,
};
