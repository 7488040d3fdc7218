/* SPDX-License-Identifier: Apache-2.0 */
/* A trace that can be given away: each event without what names the machine, its user, its cards or its data. */
#ifndef VGPU_EXPORT_REDACT_H
#define VGPU_EXPORT_REDACT_H

#include "tracer/model/event.h"

/*
 * Directories that are no system's, users, hosts and addresses become numbered words, UUIDs, serial
 * numbers and PCI addresses others of the same shape; the same thing is the same word wherever it
 * comes within one trace. Arguments of programs that are neither options, numbers nor paths, values
 * of variables that no GPU library reads, what programs wrote, lines of logs, raw stacks and the
 * program's own data go. Process numbers, addresses, names of programs and of functions stay.
 */
struct vgpu_redactor;

int vgpu_redactor_open(struct vgpu_redactor **out);       /* 0 or -ENOMEM */
void vgpu_redactor_close(struct vgpu_redactor *redactor); /* takes NULL */
/* The event to be given away, valid until the next call; NULL: no memory. */
const struct vgpu_event *vgpu_redact(struct vgpu_redactor *redactor,
				     const struct vgpu_event *event);

#endif
