/* SPDX-License-Identifier: Apache-2.0 */
/* Counted calls as a table for people, as JSON, as comma-separated values. */
#ifndef VGPU_EXPORT_STAT_H
#define VGPU_EXPORT_STAT_H

#include "tracer/model/stat.h"
#include "tracer/model/text.h"

struct vgpu_stat_print {
	const struct vgpu_stat *stat; /* finished */
	const struct vgpu_model *model;
	struct vgpu_look look;
	unsigned width;     /* columns a line may have; 0: any number */
	unsigned limit;     /* rows of a group at most; 0: all */
	bool never;         /* also the functions that were not called */
	bool filtered;      /* calls were left out by a filter */
	const char *what;   /* heading of the groups: "process" */
	void (*line)(void *data, const char *bytes, size_t size);
	void *data;
};

/* Each 0 or -ENOMEM. */
int vgpu_stat_print_table(const struct vgpu_stat_print *print);
int vgpu_stat_print_json(const struct vgpu_stat_print *print);
int vgpu_stat_print_csv(const struct vgpu_stat_print *print);

/* Names of the columns, in the order of enum vgpu_stat_column, and a NULL. */
extern const char *const vgpu_stat_column_names[];

/* What is known of a library's functions that were not called. */
enum vgpu_stat_watch {
	VGPU_WATCH_NONE,  /* it was nowhere watched: nothing may be said */
	VGPU_WATCH_FILTERED, /* watched, but only what passes a filter is on record */
	VGPU_WATCH_LOSSY, /* watched, but calls were lost: they may have been called */
	VGPU_WATCH_SOME,  /* watched where it was ours; other processes of the session were not */
	VGPU_WATCH_ALL,   /* watched in every process */
};
/* processes (may be NULL) becomes the number of processes in which it was. */
enum vgpu_stat_watch vgpu_stat_watch(const struct vgpu_model *model, uint32_t library, unsigned *processes);

#endif
