/* SPDX-License-Identifier: Apache-2.0 */
/* The binary interface of ggml's backends, as far as discovery needs it: ours and real ones. */
#ifndef VGPU_EXAMPLES_OLLAMA_GGML_H
#define VGPU_EXAMPLES_OLLAMA_GGML_H

#include <stddef.h>

#define GGML_EXPORT __attribute__((visibility("default")))
#define GGML_API_VERSION 2

enum ggml_device_type { GGML_CPU, GGML_GPU, GGML_INTEGRATED_GPU, GGML_ACCELERATOR };

struct ggml_device;

/* A registration; what comes after these is the backend's own. */
struct ggml_reg {
	int api_version;
	const char *(*get_name)(struct ggml_reg *reg);
	size_t (*get_device_count)(struct ggml_reg *reg);
	struct ggml_device *(*get_device)(struct ggml_reg *reg, size_t index);
	void *(*get_proc_address)(struct ggml_reg *reg, const char *name);
};

/* A device begins with its functions; there are more than these. */
struct ggml_device {
	const char *(*get_name)(struct ggml_device *device);
	const char *(*get_description)(struct ggml_device *device);
	void (*get_memory)(struct ggml_device *device, size_t *free_bytes, size_t *total_bytes);
	enum ggml_device_type (*get_type)(struct ggml_device *device);
	void (*get_props)(struct ggml_device *device, void *props);
	void *(*init_backend)(struct ggml_device *device, const char *params);
};

struct ggml_caps {
	unsigned char async, host_buffer, buffer_from_host_ptr, events;
};

/* What get_props fills in: in llama.cpp … */
struct ggml_props {
	const char *name, *description;
	size_t memory_free, memory_total;
	enum ggml_device_type type;
	const char *device_id; /* PCI address */
	struct ggml_caps caps;
};
_Static_assert(sizeof(struct ggml_props) == 56, "as llama.cpp has it");

/* … and in Ollama until it took llama-server. */
struct ggml_props_ollama {
	const char *name, *description;
	size_t memory_free;
	const char *id; /* GPU-… */
	size_t memory_total;
	enum ggml_device_type type;
	const char *device_id;
	struct ggml_caps caps;
	int driver_major, driver_minor;
	int compute_major, compute_minor;
	int integrated;
	const char *library;
};
_Static_assert(sizeof(struct ggml_props_ollama) == 88, "as Ollama 0.16 has it");

struct ggml_feature {
	const char *name, *value;
};

enum ggml_log_level { GGML_LOG_NONE, GGML_LOG_DEBUG, GGML_LOG_INFO, GGML_LOG_WARN, GGML_LOG_ERROR };

/* libggml-base.so */
GGML_EXPORT void ggml_log_internal(enum ggml_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
GGML_EXPORT _Noreturn void ggml_abort(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
GGML_EXPORT const char *ggml_backend_reg_name(struct ggml_reg *reg);
GGML_EXPORT size_t ggml_backend_reg_dev_count(struct ggml_reg *reg);
GGML_EXPORT struct ggml_device *ggml_backend_reg_dev_get(struct ggml_reg *reg, size_t index);
GGML_EXPORT void *ggml_backend_reg_get_proc_address(struct ggml_reg *reg, const char *name);
GGML_EXPORT const char *ggml_backend_dev_name(struct ggml_device *device);
GGML_EXPORT const char *ggml_backend_dev_description(struct ggml_device *device);
GGML_EXPORT void ggml_backend_dev_memory(struct ggml_device *device, size_t *free_bytes,
					 size_t *total_bytes);
GGML_EXPORT enum ggml_device_type ggml_backend_dev_type(struct ggml_device *device);
GGML_EXPORT void ggml_backend_dev_get_props(struct ggml_device *device, struct ggml_props *props);

/* libggml.so: loads backends and keeps a list of them. */
GGML_EXPORT struct ggml_reg *ggml_backend_load(const char *path);
GGML_EXPORT void
ggml_backend_load_all(void); /* from the folder of the program, and the current one */
GGML_EXPORT void ggml_backend_load_all_from_path(const char *directory);
GGML_EXPORT size_t ggml_backend_reg_count(void);
GGML_EXPORT struct ggml_reg *ggml_backend_reg_get(size_t index);

/* The library that a registration came from; only where the loader is linked in. */
void *ggml_handle(size_t index);

#endif
