/* SPDX-License-Identifier: Apache-2.0 */
/* Devices out of what llama-server prints. */
#include "examples/ollama-like/era_c_parse.h"

#include <dirent.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "examples/ollama-like/log.h"
#include "examples/ollama-like/paths.h"

#define DEVICES_MAX 64
#define GROUPS 5

enum pattern { DEVICE_LINE, CAPABILITY, ARCHITECTURES };

static const char *const patterns[] = {
	[DEVICE_LINE] = ("^[[:space:]]+([^:]+):[[:space:]]+(.+)[[:space:]]+\\(([0-9]+) +MiB, "
			 "+([0-9]+) +MiB +free\\)"),
	[CAPABILITY] = "Device +([0-9]+):.*compute capability +([0-9]+)\\.([0-9]+)",
	[ARCHITECTURES] = "CUDA *: *ARCHS *= *([0-9,]+)",
};

/* What the lines told besides. */
struct told {
	struct {
		bool known;
		int major, minor;
	} capability[DEVICES_MAX];
	char *architectures; /* NULL: nowhere */
};

static bool match(enum pattern pattern, const char *line, char groups[GROUPS][256])
{
	regmatch_t found[GROUPS];
	regex_t expression;
	bool matches;

	if (regcomp(&expression, patterns[pattern], REG_EXTENDED))
		abort();
	matches = !regexec(&expression, line, GROUPS, found, 0);
	for (int i = 0; matches && i < GROUPS; i++)
		snprintf(groups[i], 256, "%.*s",
			 found[i].rm_so < 0 ? 0 : (int)(found[i].rm_eo - found[i].rm_so),
			 line + (found[i].rm_so < 0 ? 0 : found[i].rm_so));
	regfree(&expression);
	return matches;
}

static void listen_to(struct told *told, const char *text)
{
	struct strings lines = { 0 };
	char group[GROUPS][256];

	strings_split(&lines, text, '\n');
	for (size_t i = 0; i < lines.count; i++) {
		if (match(CAPABILITY, lines.at[i], group) && atoi(group[1]) < DEVICES_MAX) {
			told->capability[atoi(group[1])].known = true;
			told->capability[atoi(group[1])].major = atoi(group[2]);
			told->capability[atoi(group[1])].minor = atoi(group[3]);
		}
		if (match(ARCHITECTURES, lines.at[i], group)) {
			free(told->architectures);
			told->architectures = text_of("%s", group[1]);
		}
	}
	strings_free(&lines);
}

static const char *library_of(const char *name, const char *description)
{
	static const struct {
		const char *sign, *library;
	} known[] = { { "cuda", "CUDA" },   { "rocm", "ROCm" },   { "hip", "ROCm" },
		      { "metal", "Metal" }, { "apple", "Metal" }, { "vulkan", "Vulkan" } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcasestr(name, known[i].sign) || strcasestr(description, known[i].sign))
			return known[i].library;
	return description;
}

bool runtime_version(const struct strings *folders, int *major, int *minor)
{
	int best = -1;

	for (size_t i = 0; i < folders->count; i++) {
		DIR *directory = opendir(folders->at[i]);
		struct dirent *entry;
		int a, b = 0;

		while (directory && (entry = readdir(directory)))
			if (sscanf(entry->d_name, "libcudart.so.%d.%d", &a, &b) >= 1 &&
			    a * 1000 + b > best)
				best = a * 1000 + b;
		if (directory)
			closedir(directory);
		if (sscanf(path_base(folders->at[i]), "cuda_v%d", &a) == 1 && a * 1000 > best)
			best = a * 1000;
	}
	*major = best / 1000;
	*minor = best % 1000;
	return best >= 0;
}

/* Whether the backend has code for the device; where that is not known, it is taken to have. */
static bool supported(const struct told *told, int index, const char *description,
		      const struct strings *folders)
{
	char *paths = strings_go(folders), *wanted, *list, *spaced;
	bool fits = true;

	if (!told->capability[index].known) {
		log_fields(LOG_WARN, "llama_server.go:306",
			   "llama-server discovery: could not determine compute capability for "
			   "CUDA device \342\200\224 "
			   "architecture filtering disabled for this device. If inference crashes, "
			   "check that the CUDA "
			   "backend supports this GPU.",
			   "device=%s libDirs=%s", description, paths);
	} else if (!told->architectures) {
		log_fields(LOG_WARN, "llama_server.go:311",
			   "llama-server discovery: could not determine compiled CUDA "
			   "architectures \342\200\224 "
			   "architecture filtering disabled. If inference crashes on older GPUs, "
			   "check llama-server "
			   "system_info output for ARCHS.",
			   "device=%s libDirs=%s", description, paths);
	} else {
		wanted = text_of(",%d%d0,", told->capability[index].major,
				 told->capability[index].minor);
		list = text_of(",%s,", told->architectures);
		fits = strstr(list, wanted);
		spaced = text_of("[%s]", told->architectures);
		for (char *at = spaced; *at; at++)
			*at = *at == ',' ? ' ' : *at;
		wanted[strlen(wanted) - 1] = '\0';
		if (!fits)
			log_fields(LOG_INFO, "llama_server.go:299",
				   "skipping CUDA device \342\200\224 compute capability not in "
				   "compiled architectures",
				   "device=%s cc=%s archs=%s libDirs=%s", description, wanted + 1,
				   spaced, paths);
		free(wanted);
		free(list);
		free(spaced);
	}
	free(paths);
	return fits;
}

static void add_native(struct device *device, const struct native_device *native)
{
	if (!native)
		return;
	if (*native->device_id)
		snprintf(device->pci_id, sizeof(device->pci_id), "%s", native->device_id);
	device->integrated = native->integrated;
	if (!device->compute_major) {
		device->compute_major = native->compute_major;
		device->compute_minor = native->compute_minor;
	}
	device->driver_major = native->driver_major;
	device->driver_minor = native->driver_minor;
	device->nvidia_driver_major = native->nvidia_driver_major;
}

void parse_devices(const char *output, const char *native_output, const struct strings *folders,
		   const struct native_devices *native, struct devices *out)
{
	struct strings lines = { 0 };
	struct told told = { 0 };
	char group[GROUPS][256];
	int index = 0, major, minor;

	listen_to(&told, output);
	listen_to(&told, native_output);
	for (size_t i = 0; i < native->count; i++) {
		const struct native_device *from = &native->at[i];

		if (from->compute_major > 0 && !strcasecmp(from->library, "CUDA") &&
		    from->index < DEVICES_MAX) {
			told.capability[from->index].known = true;
			told.capability[from->index].major = from->compute_major;
			told.capability[from->index].minor = from->compute_minor;
		}
	}
	strings_split(&lines, output, '\n');
	for (size_t i = 0; i < lines.count && index < DEVICES_MAX; i++) {
		struct device device = { 0 };
		const char *library;

		if (!match(DEVICE_LINE, lines.at[i], group))
			continue;
		library = library_of(group[1], group[2]);
		if (!strtoull(group[3], NULL, 10)) {
			log_fields(LOG_DEBUG, "llama_server.go:289",
				   "skipping pseudo-device with zero memory",
				   "name=%s description=%s", group[1], group[2]);
			index++;
			continue;
		}
		if (!strcmp(library, "CUDA") && !supported(&told, index, group[2], folders)) {
			index++;
			continue;
		}
		snprintf(device.id, sizeof(device.id), "%d", index);
		snprintf(device.library, sizeof(device.library), "%.31s", library);
		snprintf(device.name, sizeof(device.name), "%.127s", group[1]);
		snprintf(device.description, sizeof(device.description), "%s", group[2]);
		device.total_bytes = strtoull(group[3], NULL, 10) << 20;
		device.free_bytes = strtoull(group[4], NULL, 10) << 20;
		if (!strcmp(library, "CUDA")) {
			device.compute_major = told.capability[index].major;
			device.compute_minor = told.capability[index].minor;
		}
		add_native(&device, native_find(native, library, index));
		if (!strcmp(library, "CUDA") && !device.driver_major &&
		    runtime_version(folders, &major, &minor)) {
			device.driver_major = major;
			device.driver_minor = minor;
		}
		strings_copy(&device.library_path, folders);
		devices_add(out, &device);
		index++;
	}
	strings_free(&lines);
	free(told.architectures);
}
