/* SPDX-License-Identifier: Apache-2.0 */
/* The two passes that eras B and C have in common. */
#include "examples/ollama-like/passes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "examples/ollama-like/environment.h"
#include "examples/ollama-like/filter.h"
#include "examples/ollama-like/log.h"
#include "examples/ollama-like/paths.h"
#include "examples/ollama-like/process.h"

static void warn_of_overrides(void)
{
	static const char *const names[] = { "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES",
					     "ROCR_VISIBLE_DEVICES", "GGML_VK_VISIBLE_DEVICES",
					     "GPU_DEVICE_ORDINAL",   "HSA_OVERRIDE_GFX_VERSION" };
	bool any = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (!value || !*value)
			continue;
		log_field(LOG_WARN, "runner.go:485", "user overrode visible devices", names[i],
			  value);
		any = true;
	}
	if (any)
		log_line(LOG_WARN, "runner.go:489",
			 "if GPUs are not correctly discovered, unset and try again");
}

/* Whether a folder takes part; says why not. */
static bool wanted(const struct era *era, const char *folder)
{
	const char *requested = getenv("OLLAMA_LLM_LIBRARY"), *vulkan = getenv("OLLAMA_VULKAN");

	if (requested && *requested && strcmp(path_base(folder), requested)) {
		log_fields(LOG_DEBUG, "runner.go:98",
			   "skipping available library at user's request", "requested=%s libDir=%s",
			   requested, folder);
		return false;
	}
	if (strstr(path_base(folder), "cuda_jetpack")) {
		log_fields(LOG_DEBUG, "runner.go:103",
			   "jetpack not detected (set JETSON_JETPACK or OLLAMA_LLM_LIBRARY to "
			   "override), skipping",
			   "libDir=%s", folder);
		return false;
	}
	if (era->says_vulkan && strstr(path_base(folder), "vulkan") && !(vulkan && atoi(vulkan))) {
		log_line(LOG_INFO, "runner.go:106", era->says_vulkan);
		return false;
	}
	return true;
}

static void folders_for(const struct discovery *discovery, const char *folder, struct strings *out)
{
	strings_add(out, "%s", discovery->folder);
	if (*folder)
		strings_add(out, "%s", folder);
}

static void first_pass(struct discovery *discovery, const struct passes *passes)
{
	const struct strings none = { 0 };

	for (size_t i = 0; i < discovery->folders.count; i++) {
		const char *folder = discovery->folders.at[i];
		struct strings folders = { 0 };
		struct devices found = { 0 };

		if (*folder && !wanted(discovery->options->era, folder))
			continue;
		folders_for(discovery, folder, &folders);
		passes->ask(discovery, &folders, &none, deadline_in(discovery->options, 30),
			    &found);
		if (passes->accept_folder)
			passes->accept_folder(strings_last(&folders), &found);
		devices_append(&discovery->devices, &found);
		strings_free(&folders);
	}
	if (passes->accept_all)
		passes->accept_all(&discovery->devices);
}

static const char *visible_id(const struct device *device)
{
	return *device->filter_id ? device->filter_id : device->id;
}

/* One device of the second pass, in a thread of its own. */
struct check {
	const struct discovery *discovery;
	const struct passes *passes;
	const struct device *device;
	uint64_t deadline_ns;
	pthread_t thread;
	bool started, drop;
};

static void *check_device(void *arg)
{
	struct check *check = arg;
	const struct device *device = check->device;
	struct strings settings = { 0 };
	struct devices found = { 0 };

	if (!strcmp(device->library, "CUDA"))
		settings_set(&settings, "CUDA_VISIBLE_DEVICES", visible_id(device));
	settings_set(&settings, "GGML_CUDA_INIT", "1");
	check->passes->ask(check->discovery, &device->library_path, &settings, check->deadline_ns,
			   &found);
	check->drop = !found.count;
	if (check->drop)
		log_fields(LOG_DEBUG, "runner.go:153",
			   "filtering device which didn't fully initialize",
			   "id=%s libdir=%s pci_id=%s library=%s", device->id,
			   strings_last(&device->library_path), device->pci_id, device->library);
	devices_free(&found);
	strings_free(&settings);
	return NULL;
}

static void second_pass(struct discovery *discovery, const struct passes *passes)
{
	struct devices *devices = &discovery->devices;
	uint64_t deadline_ns = deadline_in(discovery->options, 30);
	struct check *checks = calloc(devices->count + 1, sizeof(*checks));
	bool *drop = calloc(devices->count + 1, sizeof(*drop));

	if (!checks || !drop)
		abort();
	log_fields(LOG_DEBUG, "runner.go:124", discovery->options->era->says_filter,
		   "initial_count=%zu", devices->count);
	for (size_t i = 0; i < devices->count; i++) {
		const struct device *device = &devices->at[i];

		/* Only these may crash later on. */
		if (strcmp(device->library, "CUDA") && strcmp(device->library, "ROCm"))
			continue;
		log_fields(LOG_DEBUG, "runner.go:146", discovery->options->era->says_verify,
			   "library=%s description=%s compute=%d.%d id=%s pci_id=%s",
			   strings_last(&device->library_path), device->description,
			   device->compute_major, device->compute_minor, device->id,
			   device->pci_id);
		checks[i] = (struct check){ .discovery = discovery,
					    .passes = passes,
					    .device = device,
					    .deadline_ns = deadline_ns };
		checks[i].started =
		    !pthread_create(&checks[i].thread, NULL, check_device, &checks[i]);
		if (!checks[i].started)
			check_device(&checks[i]);
	}
	for (size_t i = 0; i < devices->count; i++) {
		if (checks[i].started)
			pthread_join(checks[i].thread, NULL);
		drop[i] = checks[i].drop;
	}
	filter_overlap(devices, drop);
	filter_drop(devices, drop);
	filter_duplicates(devices);
	free(checks);
	free(drop);
}

/* From now on only the folders that are in use matter. */
static void keep_used_folders(struct discovery *discovery)
{
	strings_free(&discovery->folders);
	for (size_t i = 0; i < discovery->devices.count; i++) {
		const char *folder = strings_last(&discovery->devices.at[i].library_path);

		if (strcmp(folder, discovery->folder) && !strings_have(&discovery->folders, folder))
			strings_add(&discovery->folders, "%s", folder);
	}
	if (!discovery->folders.count)
		strings_add(&discovery->folders, "%s", "");
}

void passes_discover(struct discovery *discovery, const struct passes *passes)
{
	uint64_t start_ns = clock_ns();
	char *took;

	paths_backend_folders(&discovery->folders, discovery->folder);
	if (!discovery->folders.count)
		strings_add(&discovery->folders, "%s", "");
	log_line(LOG_INFO, "runner.go:67", "discovering available GPUs...");
	warn_of_overrides();
	first_pass(discovery, passes);
	second_pass(discovery, passes);
	keep_used_folders(discovery);
	took = log_duration(clock_ns() - start_ns);
	log_fields(LOG_DEBUG, "runner.go:40", "GPU bootstrap discovery took", "duration=%s", took);
	free(took);
}

static void update(struct devices *known, struct devices *found, bool *updated)
{
	for (size_t i = 0; i < found->count; i++)
		for (size_t k = 0; k < known->count; k++)
			if (!strcmp(known->at[k].library, found->at[i].library) &&
			    !strcasecmp(known->at[k].pci_id, found->at[i].pci_id) &&
			    (*known->at[k].pci_id || !strcmp(known->at[k].id, found->at[i].id))) {
				known->at[k].free_bytes = found->at[i].free_bytes;
				updated[k] = true;
				break;
			}
}

static bool all_of(const bool *updated, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!updated[i])
			return false;
	return true;
}

void passes_refresh(struct discovery *discovery, const struct passes *passes)
{
	struct devices *known = &discovery->devices;
	bool *updated = calloc(known->count + 1, sizeof(*updated));
	uint64_t deadline_ns = deadline_in(discovery->options, 3);
	struct strings settings = { 0 }, ids = { 0 };

	if (!updated)
		abort();
	log_line(LOG_DEBUG, "runner.go:264", "refreshing free memory");
	if (known->count)
		log_line(LOG_DEBUG, "runner.go:328",
			 "unable to refresh all GPUs with existing runners, performing bootstrap "
			 "discovery");
	for (size_t i = 0; i < known->count && passes->refresh_filters_cuda; i++)
		strings_add(&ids, "%s", visible_id(&known->at[i]));
	if (ids.count) {
		char *list = strings_join(&ids, ",");

		settings_set(&settings, "CUDA_VISIBLE_DEVICES", list);
		free(list);
	}
	for (size_t i = 0; i < discovery->folders.count && !all_of(updated, known->count); i++) {
		struct strings folders = { 0 };
		struct devices found = { 0 };

		folders_for(discovery, discovery->folders.at[i], &folders);
		passes->ask(discovery, &folders, &settings, deadline_ns, &found);
		update(known, &found, updated);
		devices_free(&found);
		strings_free(&folders);
	}
	if (!all_of(updated, known->count))
		log_line(LOG_WARN, "runner.go:356",
			 "unable to refresh free memory, using old values");
	strings_free(&settings);
	strings_free(&ids);
	free(updated);
}
