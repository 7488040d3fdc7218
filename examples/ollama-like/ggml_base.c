/* SPDX-License-Identifier: Apache-2.0 */
/* ggml's base: the log, and the functions of registrations and devices by name. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/ollama-like/ggml.h"

void ggml_log_internal(enum ggml_log_level level, const char *format, ...)
{
	va_list values;

	(void)level;
	va_start(values, format);
	vfprintf(stderr, format, values);
	va_end(values);
}

void ggml_abort(const char *file, int line, const char *format, ...)
{
	va_list values;

	fflush(stdout);
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(values, format);
	vfprintf(stderr, format, values);
	va_end(values);
	fputc('\n', stderr);
	abort();
}

const char *ggml_backend_reg_name(struct ggml_reg *reg)
{
	return reg->get_name(reg);
}

size_t ggml_backend_reg_dev_count(struct ggml_reg *reg)
{
	return reg->get_device_count(reg);
}

struct ggml_device *ggml_backend_reg_dev_get(struct ggml_reg *reg, size_t index)
{
	return reg->get_device(reg, index);
}

void *ggml_backend_reg_get_proc_address(struct ggml_reg *reg, const char *name)
{
	return reg->get_proc_address ? reg->get_proc_address(reg, name) : NULL;
}

const char *ggml_backend_dev_name(struct ggml_device *device)
{
	return device->get_name(device);
}

const char *ggml_backend_dev_description(struct ggml_device *device)
{
	return device->get_description(device);
}

void ggml_backend_dev_memory(struct ggml_device *device, size_t *free_bytes, size_t *total_bytes)
{
	device->get_memory(device, free_bytes, total_bytes);
}

enum ggml_device_type ggml_backend_dev_type(struct ggml_device *device)
{
	return device->get_type(device);
}

void ggml_backend_dev_get_props(struct ggml_device *device, struct ggml_props *props)
{
	memset(props, 0, sizeof(*props));
	device->get_props(device, props);
}
