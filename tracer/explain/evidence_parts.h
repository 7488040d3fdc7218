/* SPDX-License-Identifier: Apache-2.0 */
/* Private to explain/evidence*.c: memory of what is kept of a process, and the parts that take calls and the linker's words. */
#ifndef VGPU_EXPLAIN_EVIDENCE_PARTS_H
#define VGPU_EXPLAIN_EVIDENCE_PARTS_H

#include <stddef.h>

#include "tracer/explain/evidence.h"

/* ---- evidence_pool.c ---- */
struct vgpu_pool *vgpu_seen_pool_open(void); /* NULL: no memory */
void vgpu_seen_pool_empty(struct vgpu_pool *pool);
void vgpu_seen_pool_close(struct vgpu_pool *pool);
/* Copies that live as long as the pool; NULL stays NULL, and is what no memory gives. */
const char *vgpu_seen_keep(struct vgpu_pool *pool, const char *text);
const char *vgpu_seen_keep_bytes(struct vgpu_pool *pool, const char *bytes, size_t size);

/* Room of a size, not cleared; NULL: no memory. */
void *vgpu_seen_room(struct vgpu_pool *pool, size_t size);

/* Room for one more of a list, all zero; NULL: it is full, and that is counted. */
void *vgpu_seen_list_add(struct vgpu_pool *pool, void **at, uint32_t *count, uint32_t *more, size_t size);
#define VGPU_SEEN_ADD(pool, list) \
	vgpu_seen_list_add(pool, (void **)&(list).at, &(list).count, &(list).more, sizeof(*(list).at))

/* Keeps the stack of an event; none, where it has none. */
void vgpu_seen_add_stack(struct vgpu_seen_process *process, const struct vgpu_event *event, const struct vgpu_words *stack,
			 uint32_t end);

/* ---- evidence_link.c ---- */
/* SEARCH, OBJECT, UNLOAD, LINKED, DL, BOUND. */
void vgpu_seen_add_link(struct vgpu_seen_process *process, const struct vgpu_event *event);
/* What was seen of another execution of the same program. */
void vgpu_seen_forget_link(struct vgpu_seen_process *process);
/* Whether LD_PRELOAD has that very word. */
bool vgpu_seen_in_preload(const struct vgpu_seen_process *process, const char *path);

/* ---- evidence_calls.c ---- */
void vgpu_seen_add_call(struct vgpu_seen_process *process, const struct vgpu_event *event);
void vgpu_seen_add_pending(struct vgpu_seen_process *process, const struct vgpu_event *event);

#endif
