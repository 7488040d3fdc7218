/* SPDX-License-Identifier: Apache-2.0 */
/* Exporters: a trace in the format of another program. One table; a file a format. */
#ifndef VGPU_EXPORT_EXPORT_H
#define VGPU_EXPORT_EXPORT_H

#include <stdbool.h>

#include "tracer/model/filter.h"
#include "tracer/model/model.h"

enum vgpu_exporter_makes {
	VGPU_EXPORT_STREAM,    /* bytes, one after the other: a file or standard output */
	VGPU_EXPORT_FILE,      /* a file that it writes to and fro in */
	VGPU_EXPORT_DIRECTORY,
};

struct vgpu_export_to {
	struct vgpu_model *model; /* gets every event before the exporter does */
	int fd;                   /* STREAM */
	const char *path;         /* FILE: it is there and empty; DIRECTORY: likewise */
};

/* Every function returns 0 or -errno. Memory must not grow with the number of events. */
struct vgpu_exporter {
	const char *name;
	const char *help; /* one line */
	const char *use;  /* what to do with it, where that has to be said; else NULL */
	enum vgpu_exporter_makes makes;
	const char *missing; /* the package that was not there when this program was built; NULL: it works */
	int (*open)(void **out, const struct vgpu_export_to *to);
	/* Every event, also those that the filter keeps back: names and states are learnt here. May be NULL. */
	int (*learn)(void *exporter, const struct vgpu_event *event);
	/* An event to export, in the order of the stream. */
	int (*event)(void *exporter, const struct vgpu_event *event);
	/* The stream ended: all is to be written now. */
	int (*end)(void *exporter);
	void (*close)(void *exporter); /* takes what open made, at any time after it */
};

/* Ends with a row without a name. */
extern const struct vgpu_exporter *const vgpu_exporters[];

extern const struct vgpu_exporter vgpu_exporter_chrome, vgpu_exporter_ctf, vgpu_exporter_sqlite, vgpu_exporter_jsonl,
	vgpu_exporter_csv, vgpu_exporter_folded, vgpu_exporter_otlp, vgpu_exporter_vgt;

/* ---- an export under way: a sink, which is its own model ---- */

struct vgpu_export;

/* filter may be NULL; nothing that is passed is owned but what open makes. 0 or -errno. */
int vgpu_export_open(struct vgpu_export **out, const struct vgpu_exporter *exporter, const struct vgpu_filter *filter,
		     int fd, const char *path);
/* Before the first event: all that is written can be given away, see redact.h. 0 or -ENOMEM. */
int vgpu_export_redact(struct vgpu_export *export);
struct vgpu_sink *vgpu_export_sink(struct vgpu_export *export);
uint64_t vgpu_export_events(const struct vgpu_export *export); /* taken so far */
/* Called after each event; what it returns, unless 0, ends the export as an error would. */
void vgpu_export_watch(struct vgpu_export *export, int (*tick)(void *data, uint64_t events), void *data);
/* After the stream's end; 0 or the first -errno. */
int vgpu_export_finish(struct vgpu_export *export);
void vgpu_export_close(struct vgpu_export *export); /* takes NULL */

#endif
