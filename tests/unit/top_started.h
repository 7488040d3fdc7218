/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the dashboard begin with: the story, and a dashboard on it. */
#ifndef VGPU_TESTS_TOP_STARTED_H
#define VGPU_TESTS_TOP_STARTED_H

#include "tests/unit/top_feed.h"

static struct feed *feed;
static struct tui_app *app;

static void start(bool live, const char *view)
{
	feed = feed_new();
	feed_story(feed);
	app = feed_app(feed, live, view);
	feed_all(app);
}

static void finish(void)
{
	tui_app_close(app);
	feed_free(feed);
}

#endif
