/* SPDX-License-Identifier: Apache-2.0 */
/* What era A's two ways have in common: a library, its symbols, and what is said of a failure. */
#include "examples/ollama-like/driver.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>

#include "examples/ollama-like/log.h"

void driver_failed(struct driver_failure *failure, int code, const char *format, ...)
{
	va_list values;

	failure->code = code;
	va_start(values, format);
	vsnprintf(failure->text, sizeof(failure->text), format, values);
	va_end(values);
}

void driver_note(const char *format, ...)
{
	va_list values;

	if (!log_enabled(LOG_DEBUG))
		return;
	va_start(values, format);
	vfprintf(stderr, format, values);
	va_end(values);
}

int driver_open(struct driver *driver, const char *path, const char *const *names,
		struct driver_failure *failure)
{
	driver_note("initializing %s\n", path);
	driver->handle = dlopen(path, RTLD_LAZY);
	if (!driver->handle) {
		const char *error = dlerror();

		driver_note("library %s load err: %s\n", path, error);
		driver_failed(failure, -1, "Unable to load %s library to query for Nvidia GPUs: %s",
			      path, error);
		return -1;
	}
	for (int i = 0; names[i]; i++) {
		driver->symbol[i] = dlsym(driver->handle, names[i]);
		if (!driver->symbol[i]) {
			const char *error = dlerror();

			driver_note("dlerr: %s\n", error);
			driver_failed(failure, -1, "symbol lookup for %s failed: %s", names[i],
				      error);
			driver_close(driver);
			return -1;
		}
		driver_note("dlsym: %s - %p\n", names[i], driver->symbol[i]);
	}
	return 0;
}

void driver_close(struct driver *driver)
{
	driver_note("releasing cuda driver library\n");
	dlclose(driver->handle);
	driver->handle = NULL;
}

void driver_uuid(char out[64], const unsigned char bytes[16])
{
	char *at = out + sprintf(out, "GPU-");

	for (int i = 0; i < 16; i++)
		at += sprintf(at, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			      bytes[i]);
}
