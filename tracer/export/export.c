// SPDX-License-Identifier: Apache-2.0
/* The table of exporters, and an export under way. */
#include "tracer/export/export.h"

#include <errno.h>
#include <stdlib.h>

#include "tracer/export/redact.h"

const struct vgpu_exporter *const vgpu_exporters[] = {
	&vgpu_exporter_chrome, &vgpu_exporter_ctf, &vgpu_exporter_sqlite, &vgpu_exporter_jsonl,
	&vgpu_exporter_csv, &vgpu_exporter_folded, &vgpu_exporter_otlp, &vgpu_exporter_vgt, NULL,
};

struct vgpu_export {
	struct vgpu_sink sink;
	const struct vgpu_exporter *exporter;
	const struct vgpu_filter *filter;
	struct vgpu_redactor *redactor; /* NULL: as it is */
	struct vgpu_model *model;
	void *state;
	uint64_t events;
	bool finished;
	int (*tick)(void *data, uint64_t events);
	void *tick_data;
};

static const struct vgpu_sink_ops export_ops;

int vgpu_export_open(struct vgpu_export **out, const struct vgpu_exporter *exporter, const struct vgpu_filter *filter,
		     int fd, const char *path)
{
	struct vgpu_export *export = calloc(1, sizeof(*export));
	struct vgpu_export_to to = { .fd = fd, .path = path };
	int err = export ? vgpu_model_open(&export->model) : -ENOMEM;

	if (err)
		goto fail;
	export->sink.ops = &export_ops;
	export->exporter = exporter;
	export->filter = filter;
	to.model = export->model;
	err = exporter->missing ? -ENOSYS : exporter->open(&export->state, &to);
	if (err)
		goto fail;
	*out = export;
	return 0;
fail:
	vgpu_export_close(export);
	return err;
}

int vgpu_export_redact(struct vgpu_export *export)
{
	return vgpu_redactor_open(&export->redactor);
}

struct vgpu_sink *vgpu_export_sink(struct vgpu_export *export)
{
	return &export->sink;
}

uint64_t vgpu_export_events(const struct vgpu_export *export)
{
	return export->events;
}

void vgpu_export_watch(struct vgpu_export *export, int (*tick)(void *data, uint64_t events), void *data)
{
	export->tick = tick;
	export->tick_data = data;
}

static int export_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_export *export = (struct vgpu_export *)sink;
	bool is_call = event->kind == VGPU_EVENT_CALL || event->kind == VGPU_EVENT_PENDING;
	int err;

	if (export->redactor && !(event = vgpu_redact(export->redactor, event)))
		return -ENOMEM;
	err = export->model->sink.ops->event(&export->model->sink, event);
	export->events++;
	if (!err && export->exporter->learn)
		err = export->exporter->learn(export->state, event);
	if (!err && (!is_call || !export->filter || vgpu_filter_pass(export->filter, event, export->model)))
		err = export->exporter->event(export->state, event);
	if (!err && export->tick)
		err = export->tick(export->tick_data, export->events);
	return err;
}

int vgpu_export_finish(struct vgpu_export *export)
{
	int err = export->sink.error;

	if (!err && !export->finished)
		err = export->exporter->end(export->state);
	export->finished = true;
	return err;
}

void vgpu_export_close(struct vgpu_export *export)
{
	if (!export)
		return;
	if (export->state)
		export->exporter->close(export->state);
	vgpu_model_close(export->model);
	vgpu_redactor_close(export->redactor);
	free(export);
}

static const struct vgpu_sink_ops export_ops = { .event = export_event };
