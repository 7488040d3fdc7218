/* SPDX-License-Identifier: Apache-2.0 */
/* Device code by its headers, and its hash. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "tests/unit/unit.h"
#include "tracer/model/sha256.h"
#include "tracer/source/image.h"

static void expect_hash(const char *bytes, size_t size, size_t step, const char *want)
{
	struct vgpu_sha256 sha;
	uint8_t hash[32];
	char text[65];

	vgpu_sha256_begin(&sha);
	for (size_t at = 0; at < size; at += step)
		vgpu_sha256_add(&sha, bytes + at, size - at < step ? size - at : step);
	vgpu_sha256_end(&sha, hash);
	for (int i = 0; i < 32; i++)
		sprintf(text + 2 * i, "%02x", hash[i]);
	ck_assert_str_eq(text, want);
}

/* The standard's own examples, in one piece and in pieces that cross blocks. */
START_TEST(sha256_is_that_of_the_standard)
{
	static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	char *million = malloc(1000000);

	expect_hash("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	expect_hash("abc", 3, 3,
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	for (size_t step = 1; step < 60; step += 7)
		expect_hash(two, strlen(two), step,
			    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	ck_assert_ptr_nonnull(million);
	memset(million, 'a', 1000000);
	expect_hash(million, 1000000, 4093,
		    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(million);
}
END_TEST

static void put_entry(uint8_t *at, uint16_t kind, uint32_t arch)
{
	memset(at, 0, 64);
	memcpy(at, &kind, 2);
	memcpy(at + 28, &arch, 4);
}

static size_t fat_of(uint8_t bytes[16 + 4 * 64])
{
	const uint32_t magic = 0xba55ed50u;
	const uint16_t version = 1, header = 16;
	const uint64_t size = 1000;

	memcpy(bytes, &magic, 4);
	memcpy(bytes + 4, &version, 2);
	memcpy(bytes + 6, &header, 2);
	memcpy(bytes + 8, &size, 8);
	put_entry(bytes + 16, 2, 80);
	put_entry(bytes + 80, 2, 90);
	put_entry(bytes + 144, 1, 90);
	put_entry(bytes + 208, 2, 80);
	return 16 + 4 * 64;
}

START_TEST(a_fat_binary_names_each_architecture_once)
{
	uint8_t bytes[16 + 4 * 64];
	struct vgpu_image image;

	vgpu_image_describe(&image, bytes, fat_of(bytes), 4);
	ck_assert_str_eq(image.format, "fatbin");
	ck_assert_uint_eq(image.size, 1016);
	ck_assert_uint_eq(image.cubin_size, 12);
	ck_assert(!memcmp(image.cubin, "sm_80\0sm_90", 12));
	ck_assert_str_eq(image.ptx, "compute_90");
}
END_TEST

START_TEST(machine_code_and_text_say_what_they_are_for)
{
	static const char text[] = "//\n.version 7.8\n.target sm_61, debug\n";
	static const char none[] = "no .target sm_61 of anything";
	Elf64_Ehdr head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64 },
			    .e_machine = 190,
			    .e_flags = 86,
			    .e_shoff = 4096,
			    .e_shnum = 2,
			    .e_shentsize = 64 };
	struct vgpu_image image;

	vgpu_image_describe(&image, (const uint8_t *)&head, sizeof(head), 0);
	ck_assert_str_eq(image.format, "cubin");
	ck_assert_str_eq(image.cubin, "sm_86");
	ck_assert_uint_eq(image.size, 4096 + 128);
	head.e_ident[EI_ABIVERSION] = 8;
	head.e_flags = 100 << 8;
	vgpu_image_describe(&image, (const uint8_t *)&head, sizeof(head), 0);
	ck_assert_str_eq(image.cubin, "sm_100");
	vgpu_image_describe(&image, (const uint8_t *)text, sizeof(text), 0);
	ck_assert_str_eq(image.format, "ptx");
	ck_assert_str_eq(image.ptx, "compute_61");
	vgpu_image_describe(&image, (const uint8_t *)none, sizeof(none), 0);
	ck_assert_str_eq(image.format, "unknown");
	ck_assert_uint_eq(image.ptx_size, 0);
}
END_TEST

/* Whatever the bytes say, nothing outside of them is read, and the lists stay lists. */
START_TEST(foreign_bytes_do_no_harm)
{
	struct vgpu_image image;

	srand(7);
	for (unsigned round = 0; round < 20000; round++) {
		size_t size = (size_t)rand() % (16 + 4 * 64 + 1);
		uint8_t whole[16 + 4 * 64], *bytes = malloc(size ? size : 1);
		uint32_t names = 0;

		ck_assert_ptr_nonnull(bytes);
		fat_of(whole);
		memcpy(bytes, whole, size);
		for (int i = rand() % 8; i-- && size;)
			bytes[(size_t)rand() % size] = (uint8_t)rand();
		vgpu_image_describe(&image, bytes, size, (uint32_t)rand() % 64);
		ck_assert_uint_le(image.cubin_size, VGPU_IMAGE_NAMES);
		ck_assert_uint_le(image.ptx_size, VGPU_IMAGE_NAMES);
		for (uint32_t at = 0; at < image.cubin_size;
		     at += (uint32_t)strlen(image.cubin + at) + 1)
			names += !strncmp(image.cubin + at, "sm_", 3);
		ck_assert(names || !image.cubin_size);
		free(bytes);
	}
}
END_TEST

static ssize_t from_text(void *data, uint64_t offset, void *to, size_t size)
{
	const char *text = data;
	size_t length = strlen(text) + 1, n;

	if (offset >= length)
		return -1;
	n = length - offset < size ? length - offset : size;
	memcpy(to, text + offset, n);
	return (ssize_t)n;
}

START_TEST(a_hash_covers_what_it_says)
{
	char text[] = "abc";
	uint8_t hash[32];

	/* Text ends at its NUL; a size or the limit may come before. */
	ck_assert_uint_eq(vgpu_image_hash(from_text, text, 0, 100, hash), 3);
	ck_assert_uint_eq(hash[0], 0xba);
	ck_assert_uint_eq(vgpu_image_hash(from_text, text, 2, 100, hash), 2);
	ck_assert_uint_eq(vgpu_image_hash(from_text, text, 100, 1, hash), 1);
}
END_TEST

int main(void)
{
	TCase *tests = unit_case("image");

	tcase_add_test(tests, sha256_is_that_of_the_standard);
	tcase_add_test(tests, a_fat_binary_names_each_architecture_once);
	tcase_add_test(tests, machine_code_and_text_say_what_they_are_for);
	tcase_add_test(tests, foreign_bytes_do_no_harm);
	tcase_add_test(tests, a_hash_covers_what_it_says);
	return unit_run();
}
