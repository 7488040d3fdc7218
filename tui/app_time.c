// SPDX-License-Identifier: Apache-2.0
/* The keys that move through a recording's time. */
#include <stdio.h>

#include "tui/app.h"

/* What is new lies at the end of the log. */
static void moved(struct tui_app *app)
{
	/* Nothing at all would be an empty screen without a word. */
	if (!app->store->events)
		tui_app_go_to(app, 1);
	for (unsigned i = 0; tui_views[i]; i++)
		app->list[i].follow |= tui_views[i]->follows;
}

void tui_time_move(struct tui_app *app, enum tui_action action)
{
	/* A step in parts of the whole, or an event. */
	static const struct {
		enum tui_action action;
		int direction;
		unsigned part; /* 0: one event */
	} steps[] = {
		{ TUI_DO_EARLIER, -1, 0 }, { TUI_DO_LATER, 1, 0 }, { TUI_DO_BIT_EARLIER, -1, 500 }, { TUI_DO_BIT_LATER, 1, 500 },
		{ TUI_DO_MUCH_EARLIER, -1, 20 }, { TUI_DO_MUCH_LATER, 1, 20 },
	};
	uint64_t now = app->model->last_ns - app->model->first_ns, step, before = app->store->events;
	unsigned i = 0;

	if (app->options.live) {
		tui_app_say(app, true, "time is moved through in recordings");
		return;
	}
	app->playing_ns = 0;
	if (action == TUI_DO_BEGINNING || action == TUI_DO_END) {
		tui_app_go_to(app, action == TUI_DO_END ? UINT64_MAX : 1);
		moved(app);
		return;
	}
	while (steps[i].action != action)
		i++;
	step = steps[i].part ? app->total_ns / steps[i].part + 1 : 0;
	if (!step)
		tui_app_go_to(app, steps[i].direction > 0 ? before + 1 : before > 1 ? before - 1 : 1);
	else if (steps[i].direction > 0)
		tui_app_go_to_time(app, now + step);
	else if (!tui_app_go_to_time(app, now > step ? now - step : 0) && app->store->events >= before)
		tui_app_go_to(app, before > 1 ? before - 1 : 1); /* nothing happened in between */
	moved(app);
}

void tui_time_ask(struct tui_app *app)
{
	if (app->options.live)
		tui_app_say(app, true, "time is moved through in recordings");
	else
		tui_prompt_ask(&app->prompt, TUI_ASK_TIME, "");
}

void tui_time_answered(struct tui_app *app)
{
	app->playing_ns = 0;
	if (app->prompt.text[0] && tui_app_go_to_word(app, app->prompt.text)) {
		snprintf(app->prompt.error, sizeof(app->prompt.error),
			 "a time is 1.5s, 200ms, +1s or -10ms from here, 50%%, #1200 events");
		return;
	}
	moved(app);
	app->prompt.asked = TUI_ASK_NOTHING;
}
