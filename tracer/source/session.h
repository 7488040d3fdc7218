/* SPDX-License-Identifier: Apache-2.0 */
/* A recording's private directory: the links to our libraries, and its rings. */
#ifndef VGPU_SOURCE_SESSION_H
#define VGPU_SOURCE_SESSION_H

#include <stdbool.h>

struct vgpu_session {
	char id[32];       /* $VGPU_TRACE_SESSION */
	char path[512];    /* 0700, of this session alone */
	char links[544];   /* path/lib */
	char rings[544];   /* path/ring, or a directory of its own under the user's --ring-dir */
	bool own_rings;    /* rings was made by us, and is removed by us */
	int ring_error;    /* errno: the user's ring directory cannot be used; the writers fall back by themselves */
	int lock;          /* held for as long as the tracer lives */
};

/*
 * Makes the session's directory below $XDG_RUNTIME_DIR/vgpu-trace, else /dev/shm/vgpu-trace-UID,
 * else $TMPDIR or /tmp; after removing those there whose tracer is dead and whose processes are gone.
 * ring_dir: the user's, NULL: the session's own. 0 or -errno.
 */
int vgpu_session_open(struct vgpu_session *session, const char *ring_dir);
/* Removes what was made, unless `keep`: processes that still run may yet need it. Takes one that did not open. */
void vgpu_session_close(struct vgpu_session *session, bool keep);

#endif
