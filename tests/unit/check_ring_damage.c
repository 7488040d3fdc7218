// SPDX-License-Identifier: Apache-2.0
/* The reader on what is cut, wrong or no ring at all: it stays within bounds and says so. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/built_ring.h"

START_TEST(blobs_are_iterated_and_a_wrong_one_ends_it)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);
	struct vgpu_call_record *call = built_call(&arena, thread, 0, 10, 1, 16 + 24 + 8);
	struct vgpu_blob *blob = (void *)((uint64_t *)(call + 1) + 1);
	const struct vgpu_blob *got;
	struct vgpu_ring_event event;
	size_t at = 0;

	blob[0] =
	    (struct vgpu_blob){ .param = 3, .flags = VGPU_BLOB_OUT, .size = 4, .full_size = 4 };
	memcpy(&blob[1], "abc", 4);
	blob[2] = (struct vgpu_blob){ .param = 4, .size = 9, .full_size = 9 };
	blob[5] = (struct vgpu_blob){ .param = 5,
				      .size = 1,
				      .full_size = 1 }; /* no room is left for it */
	ck_assert_int_eq(poll_built(), 1);
	event = next();
	got = vgpu_ring_blob(&event, &at);
	ck_assert_ptr_nonnull(got);
	ck_assert_uint_eq(got->param, 3);
	ck_assert_str_eq((const char *)(got + 1), "abc");
	got = vgpu_ring_blob(&event, &at);
	ck_assert_ptr_nonnull(got);
	ck_assert_uint_eq(got->param, 4);
	ck_assert_ptr_null(vgpu_ring_blob(&event, &at));
}
END_TEST

START_TEST(a_record_with_more_arguments_than_room_is_not_handed_out)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);

	built_call(&arena, thread, 0, 10, 1, 0)->nargs = 2;
	built_call(&arena, thread, 1, 10, 1, 0)->nargs = 255;
	built_call(&arena, thread, 2, 10, 1, 0)->word.size8 = 1;
	ck_assert_int_eq(poll_built(), 0);
}
END_TEST

START_TEST(what_is_not_a_ring_is_refused)
{
	struct vgpu_ring *none = (void *)1;

	ck_assert_int_eq(vgpu_ring_open_file(&none, "no-such-file"), -ENOENT);
	ck_assert_ptr_null(none);
	ck_assert_int_eq(vgpu_ring_open_file(&none, "/dev/null"), -EPROTO);
	ck_assert_int_eq(vgpu_ring_open_file(&none, "/"), -EPROTO);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(vgpu_ring_open_file(&none, path), -EPROTO);
	ck_assert_int_eq(unlink(path), 0);
	built_header(&arena)->magic++;
	built_save(&arena, path, 0);
	ck_assert_int_eq(vgpu_ring_open_file(&none, path), -EPROTO);
	built_header(&arena)->magic--;
	built_header(&arena)->core_abi++;
	built_save(&arena, path, 0);
	ck_assert_int_eq(vgpu_ring_open_file(&none, path), -EPROTONOSUPPORT);
}
END_TEST

START_TEST(a_ring_that_was_cut_gives_what_is_left)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);
	size_t whole = (size_t)arena.chunks * VGPU_CHUNK_BYTES,
	       start = VGPU_CHUNK_BYTES + VGPU_HEAD_FIRST_START;
	int before = 0;

	for (int i = 0; i < 40; i++)
		built_call(&arena, thread, i, 10 + i, 1, 0);
	for (size_t bytes = 1;
	     bytes<whole; bytes += bytes> start && bytes < start + 40 * 72 ? 1 : 977) {
		int n;

		built_save(&arena, path, bytes);
		n = vgpu_ring_open_file(&ring, path);
		if (bytes < sizeof(struct vgpu_arena)) {
			ck_assert_int_eq(n, -EPROTO);
			continue;
		}
		ck_assert_int_eq(n, 0);
		n = vgpu_ring_poll(ring);
		ck_assert_int_eq(n, bytes < start             ? 0
				    : bytes - start > 40 * 72 ? 40
							      : (int)(bytes - start) / 72);
		ck_assert_int_ge(n, before);
		before = n;
		vgpu_ring_close(ring);
		ring = NULL;
	}
	ck_assert_int_eq(before, 40);
}
END_TEST

START_TEST(a_ring_that_shrinks_between_polls_is_an_error_then)
{
	struct vgpu_thread *thread = built_thread(&arena, 1, 77, 5000);

	built_call(&arena, thread, 0, 10, 1, 0);
	ck_assert_int_eq(poll_built(), 1);
	ck_assert_int_eq(truncate(path, 0), 0);
	ck_assert_int_eq(vgpu_ring_poll(ring), -EPROTO);
	no_more();
}
END_TEST

START_TEST(counts_and_strings_of_the_header_are_held_within_bounds)
{
	struct vgpu_arena *header = built_header(&arena);
	const struct vgpu_arena *got;

	header->chunks = UINT32_MAX;
	header->allocated = UINT32_MAX;
	header->log_offset = UINT32_MAX;
	header->log_limit = UINT32_MAX;
	memset(header->session, 's', sizeof(header->session));
	memset(header->process.comm, 'c', sizeof(header->process.comm));
	memset(header->process.exe, 'e', sizeof(header->process.exe));
	ck_assert_int_eq(poll_built(), 0);
	got = vgpu_ring_arena(ring);
	ck_assert_uint_eq(got->chunks, VGPU_ARENA_CHUNKS);
	ck_assert_uint_eq(got->allocated, VGPU_ARENA_CHUNKS);
	ck_assert_uint_eq(got->log_limit, VGPU_ARENA_CHUNKS * VGPU_CHUNK_BYTES);
	ck_assert_uint_eq(got->log_offset, VGPU_ARENA_CHUNKS * VGPU_CHUNK_BYTES);
	ck_assert_uint_eq(strlen(got->session), sizeof(got->session) - 1);
	ck_assert_uint_eq(strlen(got->process.comm), sizeof(got->process.comm) - 1);
	ck_assert_uint_eq(strlen(got->process.exe), sizeof(got->process.exe) - 1);
}
END_TEST

START_TEST(a_stack_is_given_only_when_it_is_whole)
{
	struct vgpu_chunk *chunk = built_chunk(&arena, 4);
	struct vgpu_stack *stack = (void *)(chunk + 1);
	uint32_t offset = 4 * VGPU_CHUNK_BYTES + sizeof(*chunk), count;
	const uint64_t *frames;

	chunk->magic = VGPU_CHUNK_MAGIC;
	chunk->kind = VGPU_CHUNK_STACKS;
	*stack = (struct vgpu_stack){ .hash = 5, .count = 2, .state = VGPU_STATE_RESERVED };
	stack->frame[0] = 0x1000;
	stack->frame[1] = 0x2000;
	ck_assert_int_eq(poll_built(), 0);
	ck_assert_ptr_null(vgpu_ring_stack(ring, offset, &count));
	stack->state = VGPU_STATE_COMMITTED;
	ck_assert_int_eq(poll_built(), 0);
	frames = vgpu_ring_stack(ring, offset, &count);
	ck_assert_ptr_nonnull(frames);
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(frames[1], 0x2000);
	ck_assert_ptr_null(vgpu_ring_stack(ring, offset + 4, &count));
	ck_assert_ptr_null(vgpu_ring_stack(ring, 0, &count));
	ck_assert_ptr_null(vgpu_ring_stack(ring, UINT32_MAX - 7, &count));
	ck_assert_ptr_null(vgpu_ring_stack(ring, VGPU_CHUNK_BYTES + 64, &count));
	stack->count = UINT32_MAX;
	ck_assert_int_eq(poll_built(), 0);
	ck_assert_ptr_null(vgpu_ring_stack(ring, offset, &count));
}
END_TEST

int main(void)
{
	TCase *tcase = built_case("ring_damage");

	tcase_add_test(tcase, blobs_are_iterated_and_a_wrong_one_ends_it);
	tcase_add_test(tcase, a_record_with_more_arguments_than_room_is_not_handed_out);
	tcase_add_test(tcase, what_is_not_a_ring_is_refused);
	tcase_add_test(tcase, a_ring_that_was_cut_gives_what_is_left);
	tcase_add_test(tcase, a_ring_that_shrinks_between_polls_is_an_error_then);
	tcase_add_test(tcase, counts_and_strings_of_the_header_are_held_within_bounds);
	tcase_add_test(tcase, a_stack_is_given_only_when_it_is_whole);
	return unit_run();
}
