// SPDX-License-Identifier: Apache-2.0
/* Moments of a recording: copies of all that is counted, so that none of what lies before is read again. */
#include "tui/past.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

/* So many events between two at first: a jump reads about twice as many. */
#define STEP 65536u
#define MOMENTS_MAX 256u
/* When there are too many, or they take more than this, every second one goes, and steps are twice as long. */
#define BYTES_MAX (UINT64_C(64) << 20)

struct tui_past {
	struct tui_moment moment[MOMENTS_MAX];
	uint64_t bytes[MOMENTS_MAX];
	unsigned count;
	uint64_t step, all_bytes;
};

int tui_past_open(struct tui_past **out, uint64_t step)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->step = step ? step : STEP;
	return 0;
}

static void moment_free(struct tui_moment *moment, const struct vgpu_top_options *options)
{
	if (moment->explain)
		options->explain_close(moment->explain);
	tui_store_close(moment->store);
	vgpu_model_close(moment->model);
	tui_log_mark_free(moment->log);
	*moment = (struct tui_moment){ 0 };
}

void tui_past_close(struct tui_past *past, const struct vgpu_top_options *options)
{
	for (unsigned i = 0; past && i < past->count; i++)
		moment_free(&past->moment[i], options);
	free(past);
}

/* Every second one goes, the first of each two. */
static void thin(struct tui_past *past, const struct vgpu_top_options *options)
{
	unsigned kept = 0;

	past->all_bytes = 0;
	for (unsigned i = 0; i < past->count; i++) {
		if (i % 2 == 0) {
			moment_free(&past->moment[i], options);
			continue;
		}
		past->moment[kept] = past->moment[i];
		past->bytes[kept] = past->bytes[i];
		past->all_bytes += past->bytes[i];
		kept++;
	}
	past->count = kept;
	past->step *= 2;
}

static uint64_t allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static uint64_t since(const struct vgpu_model *model)
{
	return model->last_ns - model->first_ns;
}

static int copy_parts(const struct vgpu_top_options *options, const struct vgpu_model *model,
		      const struct tui_store *store, const void *explain, struct tui_moment *out,
		      bool kept)
{
	int err = vgpu_model_copy(&out->model, model);

	if (!err)
		err = tui_store_copy(&out->store, store, out->model, kept);
	if (!err && explain)
		err = options->explain_copy(&out->explain, explain, out->model);
	return err;
}

void tui_past_note(struct tui_past *past, struct tui_app *app)
{
	uint64_t before, last = past->count ? past->moment[past->count - 1].events : 0;
	struct tui_moment moment = {
		.events = app->model->events,
		.since_ns = since(app->model),
		.number = app->stream.number,
		.filter = app->filter_turn,
	};

	if (moment.events < last + past->step || !tui_log_whole(app->store->log))
		return;
	before = allocated();
	if (copy_parts(&app->options, app->model, app->store, app->explain, &moment, true) ||
	    tui_log_mark(app->store->log, &moment.log)) {
		/* Then there is one less. */
		moment_free(&moment, &app->options);
		return;
	}
	past->bytes[past->count] = allocated() > before ? allocated() - before : 0;
	past->all_bytes += past->bytes[past->count];
	past->moment[past->count++] = moment;
	if (past->count == MOMENTS_MAX || (past->all_bytes > BYTES_MAX && past->count > 1))
		thin(past, &app->options);
}

const struct tui_moment *tui_past_before(const struct tui_past *past, uint64_t events,
					 uint64_t since_ns)
{
	unsigned low = 0, high = past->count;
	const struct tui_moment *last;

	/* Up to that very event; but the first that reaches a time belongs to it. */
	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (past->moment[middle].events <= events &&
		    past->moment[middle].since_ns < since_ns)
			low = middle + 1;
		else
			high = middle;
	}
	last = low ? &past->moment[low - 1] : NULL;
	for (; low; low--)
		if (tui_log_mark_refills(past->moment[low - 1].log, last->log))
			return &past->moment[low - 1];
	return NULL;
}

int tui_moment_copy(const struct tui_moment *moment, const struct tui_app *app,
		    struct tui_moment *out)
{
	int err;

	*out = (struct tui_moment){ 0 };
	err = copy_parts(&app->options, moment->model, moment->store, moment->explain, out, false);
	if (err)
		moment_free(out, &app->options);
	return err;
}
