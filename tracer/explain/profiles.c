// SPDX-License-Identifier: Apache-2.0
/* What sort of program a process is, from what was seen of it: never from a setting. */
#include <string.h>

#include "tracer/explain/chain.h"

const struct vgpu_profile_row vgpu_profile_rows[VGPU_PROFILES] = {
	[VGPU_PROFILE_OTHER] = { .name = "other", .title = "a program" },
	[VGPU_PROFILE_OLLAMA_A] = {
		.name = "ollama-a", .title = "Ollama up to 0.12.3: serve opens the driver itself",
		.normal = "NVML is never opened" },
	[VGPU_PROFILE_OLLAMA_B] = {
		.name = "ollama-b", .title = "Ollama 0.12.4 to 0.24: a runner child", .backend = true,
		.normal = "without NVML the runner asks the runtime for memory; backends of other vendors are searched and absent" },
	[VGPU_PROFILE_OLLAMA_C] = {
		.name = "ollama-c", .title = "Ollama from 0.30 on: llama-server and gpu-discover children", .backend = true,
		.normal = "children are killed as soon as they have said enough" },
	[VGPU_PROFILE_SERVE] = {
		.name = "ollama-serve", .title = "Ollama's serve, which leaves discovery to its children",
		.normal = "it opens no GPU library itself" },
	[VGPU_PROFILE_GGML] = { .name = "ggml", .title = "llama.cpp, or a program built on ggml", .backend = true },
	[VGPU_PROFILE_CUDA] = { .name = "cuda", .title = "a CUDA program" },
	[VGPU_PROFILE_MONITOR] = { .name = "monitor", .title = "a monitor: NVML only", .monitor = true },
	[VGPU_PROFILE_NONE] = { .name = "none", .title = "a program that asked for no GPU" },
};

static bool has_argument(const struct vgpu_model_process *model, const char *word)
{
	for (uint32_t at = 0; model && model->argv && at < model->argv_size; at += strlen(model->argv + at) + 1)
		if (!strcmp(model->argv + at, word))
			return true;
	return false;
}

static bool touched(const struct vgpu_seen_process *process, uint32_t parts)
{
	for (uint32_t i = 0; i < process->searches.count; i++)
		if (parts & 1u << process->searches.at[i].part && !process->searches.at[i].preload)
			return true;
	for (uint32_t i = 0; i < process->objects.count; i++)
		if (parts & 1u << process->objects.at[i].part && !process->objects.at[i].preload)
			return true;
	for (uint32_t i = 0; i < process->loads.count; i++)
		if (parts & 1u << process->loads.at[i].part)
			return true;
	return false;
}

static bool has_layer(const struct vgpu_seen_process *process, const char *prefix)
{
	for (uint32_t i = 0; i < process->calls.count; i++)
		if (process->calls.at[i].name && !strncmp(process->calls.at[i].name, prefix, strlen(prefix)))
			return true;
	return false;
}

/* A child of it is a runner or the like. */
static bool has_children(const struct vgpu_evidence_set *set, uint32_t number)
{
	for (uint32_t i = 0; i < set->model->process_count; i++) {
		const struct vgpu_model_process *child = set->model->processes[i];

		if (child && child->parent == number &&
		    (has_argument(child, "--ollama-engine") || has_argument(child, "--list-devices") ||
		     has_argument(child, "gpu-discover") || has_argument(child, "--offline")))
			return true;
	}
	return false;
}

enum vgpu_profile vgpu_profile_of(const struct vgpu_evidence_set *set, const struct vgpu_seen_process *process)
{
	const struct vgpu_model_process *model = vgpu_model_process(set->model, process->number);
	bool cuda = touched(process, 1u << VGPU_PART_DRIVER | 1u << VGPU_PART_RUNTIME) || has_layer(process, "cu");

	if (has_argument(model, "runner") && has_argument(model, "--ollama-engine"))
		return VGPU_PROFILE_OLLAMA_B;
	if (has_argument(model, "gpu-discover") ||
	    (has_argument(model, "--offline") && (has_argument(model, "--list-devices") || has_argument(model, "--no-webui"))))
		return VGPU_PROFILE_OLLAMA_C;
	if (has_argument(model, "serve") && has_children(set, process->number))
		return VGPU_PROFILE_SERVE;
	if (has_argument(model, "serve") && cuda)
		return VGPU_PROFILE_OLLAMA_A;
	if (touched(process, 1u << VGPU_PART_BACKEND) || vgpu_seen_env(process, "GGML_BACKEND_PATH"))
		return VGPU_PROFILE_GGML;
	if (cuda)
		return VGPU_PROFILE_CUDA;
	if (touched(process, 1u << VGPU_PART_MONITOR) || has_layer(process, "nvml"))
		return VGPU_PROFILE_MONITOR;
	return touched(process, 1u << VGPU_PART_HELPER) ? VGPU_PROFILE_OTHER : VGPU_PROFILE_NONE;
}

uint32_t vgpu_profile_pass(const struct vgpu_seen_process *process)
{
	return vgpu_seen_env(process, "GGML_CUDA_INIT") ? 2 : 1;
}
