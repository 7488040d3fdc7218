/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways in which era A asks for devices: by the driver, else by a runtime. */
#ifndef VGPU_EXAMPLES_OLLAMA_DRIVER_H
#define VGPU_EXAMPLES_OLLAMA_DRIVER_H

#include "examples/ollama-like/device.h"

#define DRIVER_SYMBOLS 10

struct driver {
	void *handle;
	void *symbol[DRIVER_SYMBOLS];
	int count;
	int version_major, version_minor;
};

struct driver_failure {
	int code; /* what the library returned, -1 where it was not asked */
	char text[256];
};

struct driver_kind {
	/* Opens the library at `path`, takes its symbols, initialises it, counts. 0 or -1. */
	int (*open)(struct driver *driver, const char *path, struct driver_failure *failure);
	/* Everything of one device. 0 or -1. */
	int (*ask)(struct driver *driver, int index, struct device *device,
		   struct driver_failure *failure);
	/* Only the free memory. 0 or -1. */
	int (*refresh)(struct driver *driver, int index, struct device *device);
};

extern const struct driver_kind driver_cuda, driver_runtime;

/*
 * dlopen(RTLD_LAZY) and dlsym of all names (ended by NULL), each of which must be there. 0 or -1.
 */
int driver_open(struct driver *driver, const char *path, const char *const *names,
		struct driver_failure *failure);
void driver_close(struct driver *driver);

void driver_failed(struct driver_failure *failure, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void driver_uuid(char out[64], const unsigned char bytes[16]);

/* A line on standard error as the C part of Ollama has them: only when debugging. */
void driver_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
