/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that are clients of our libraries: entry points by name, as dlopen's users get them. */
#ifndef VGPU_TESTS_SIM_CLIENT_H
#define VGPU_TESTS_SIM_CLIENT_H

#include <check.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The library of that file name beside the other build outputs. */
static inline void *client_open(const char *file)
{
	const char *build = getenv("VGPU_BUILD_DIR");
	char path[4096];
	void *library;

	ck_assert_msg(build != NULL, "VGPU_BUILD_DIR is not set: run through ctest");
	snprintf(path, sizeof(path), "%s/lib/%s", build, file);
	library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
	ck_assert_msg(library != NULL, "%s", dlerror());
	return library;
}

/* A test program's watcher (sim_watch.c), where it has one: what stands in for an entry point, and its tests. */
void *client_watch(const char *name, void *symbol) __attribute__((weak));
void client_test(const TTest *test) __attribute__((weak));

#undef tcase_add_test
#define tcase_add_test(tc, test)                                                                   \
	(client_test ? client_test(test) : (void)0, _tcase_add_test(tc, test, 0, 0, 0, 1))

static inline void *client_address(void *library, const char *name)
{
	void *symbol = dlsym(library, name);

	ck_assert_msg(symbol != NULL, "%s", dlerror());
	return symbol;
}

/* To be called, not compared. */
static inline void *client_symbol(void *library, const char *name)
{
	void *symbol = client_address(library, name);

	return client_watch ? client_watch(name, symbol) : symbol;
}

/* Describes the devices of this test's process; before the first call of any library. */
static inline void client_devices(const char *text)
{
	char path[64];
	int fd = memfd_create("devices", 0); /* goes with the process */

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd, "%s", text), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	setenv("VGPU_DEVICE", path, 1);
}

/* An entry point by its name, typed as the member of that name in `type`. */
#define CLIENT(library, type, name)                                                                \
	((__typeof__(((type *)NULL)->name))client_symbol(library, #name))

#endif
