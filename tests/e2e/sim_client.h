/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that are clients of our libraries: entry points by name, as dlopen's users get them. */
#ifndef VGPU_TESTS_SIM_CLIENT_H
#define VGPU_TESTS_SIM_CLIENT_H

#include <check.h>
#include <dlfcn.h>
#include <sched.h>
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

/*
 * The entry points that tests called, over all their processes: names in one shared table, by hash.
 * NULL: this program does not count them.
 */
#define CLIENT_NAMES 2048u
#define CLIENT_NAME_BYTES 80u
struct client_seen {
	bool busy; /* atomic: threads and forked tests take turns */
	char name[CLIENT_NAMES][CLIENT_NAME_BYTES];
};
extern struct client_seen *client_seen __attribute__((weak));

static inline void client_note(const char *name)
{
	uint32_t hash = 2166136261u;

	if (!&client_seen || !client_seen)
		return;
	for (const char *c = name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	while (__atomic_test_and_set(&client_seen->busy, __ATOMIC_ACQUIRE))
		sched_yield();
	while (client_seen->name[hash % CLIENT_NAMES][0] &&
	       strcmp(client_seen->name[hash % CLIENT_NAMES], name))
		hash++;
	snprintf(client_seen->name[hash % CLIENT_NAMES], CLIENT_NAME_BYTES, "%s", name);
	__atomic_clear(&client_seen->busy, __ATOMIC_RELEASE);
}

static inline void *client_symbol(void *library, const char *name)
{
	void *symbol = dlsym(library, name);

	ck_assert_msg(symbol != NULL, "%s", dlerror());
	client_note(name);
	return symbol;
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
