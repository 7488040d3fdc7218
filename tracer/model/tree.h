/* SPDX-License-Identifier: Apache-2.0 */
/* Puts calls, which are recorded when they return, back into the order a person reads: outer first, inner beneath. */
#ifndef VGPU_MODEL_TREE_H
#define VGPU_MODEL_TREE_H

#include <stdint.h>

#include "tracer/model/event.h"

enum vgpu_tree_mark {
	VGPU_TREE_WHOLE,      /* a call with its result */
	VGPU_TREE_UNFINISHED, /* still running; what it calls meanwhile follows */
	VGPU_TREE_RESUMED,    /* the result of one that was unfinished */
	VGPU_TREE_LAST,       /* its process ended inside */
};

struct vgpu_tree;

/* `call` gets every call in order, thread by thread; the event is valid during the call only. */
int vgpu_tree_open(struct vgpu_tree **out,
		   void (*call)(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark), void *data);
void vgpu_tree_close(struct vgpu_tree *tree); /* takes NULL; drops what was held back */

/* The same again, with what it holds back; its calls go to `data`. */
int vgpu_tree_copy(struct vgpu_tree **out, const struct vgpu_tree *from, void *data);

/* Takes a CALL or PENDING event. An inner call is held back until the outermost returned. 0 or -ENOMEM. */
int vgpu_tree_add(struct vgpu_tree *tree, const struct vgpu_event *event);
/* A process ended (0: the stream did): hands out what was held back for it. */
void vgpu_tree_end(struct vgpu_tree *tree, uint32_t process);

#endif
