// SPDX-License-Identifier: Apache-2.0
/* An arena built by hand and the ring that reads it. */
#include "tests/unit/built_ring.h"

#include <stdio.h>
#include <unistd.h>

char path[64];
struct built arena;
struct vgpu_ring *ring;

static void setup(void)
{
	snprintf(path, sizeof(path), "check-ring-%d.ring", (int)getpid());
	built_new(&arena, 6);
	ring = NULL;
}

static void teardown(void)
{
	vgpu_ring_close(ring);
	ring = NULL;
	built_free(&arena);
	unlink(path);
}

TCase *built_case(const char *name)
{
	TCase *tcase = unit_case(name);

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	return tcase;
}

int poll_built(void)
{
	built_save(&arena, path, 0);
	if (!ring)
		ck_assert_int_eq(vgpu_ring_open_file(&ring, path), 0);
	return vgpu_ring_poll(ring);
}

struct vgpu_ring_event next(void)
{
	struct vgpu_ring_event event;

	ck_assert_int_eq(vgpu_ring_next(ring, &event), 1);
	return event;
}

void no_more(void)
{
	struct vgpu_ring_event event;

	ck_assert_int_eq(vgpu_ring_next(ring, &event), 0);
}
