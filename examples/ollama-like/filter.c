/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of devices that several libraries found, or one library twice. */
#include "examples/ollama-like/filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "examples/ollama-like/log.h"

static const char *folder_of(const struct device *device)
{
	return strings_last(&device->library_path);
}

/* By (folder, id) the last one that was found is the one that counts: -1 if there is none. */
static int find(const struct devices *devices, const bool *drop, const char *library,
		const char *folder, const char *id)
{
	for (size_t i = devices->count; i--;)
		if (!drop[i] && !strcmp(devices->at[i].library, library) &&
		    !strcmp(folder_of(&devices->at[i]), folder) && !strcmp(devices->at[i].id, id))
			return (int)i;
	return -1;
}

/* Has `folder` all that `other` has, and not more? */
static bool same_devices(const struct devices *devices, const bool *drop, const char *library,
			 const char *folder, const char *other)
{
	for (size_t i = 0; i < devices->count; i++) {
		const struct device *device = &devices->at[i];

		if (drop[i] || strcmp(device->library, library))
			continue;
		if (!strcmp(folder_of(device), folder) &&
		    find(devices, drop, library, other, device->id) < 0)
			return false;
		if (!strcmp(folder_of(device), other) &&
		    find(devices, drop, library, folder, device->id) < 0)
			return false;
	}
	return true;
}

static void overlap_of(const char *library, const struct devices *devices, bool *drop)
{
	bool *also = calloc(devices->count + 1, sizeof(*also));
	struct strings folders = { 0 };
	const char *kept;
	bool differs = false;
	size_t at;

	if (!also)
		abort();
	for (size_t i = 0; i < devices->count; i++)
		if (!drop[i] && !strcmp(devices->at[i].library, library) &&
		    !strings_have(&folders, folder_of(&devices->at[i])))
			strings_add(&folders, "%s", folder_of(&devices->at[i]));
	strings_sort(&folders);
	/* Once two folders differ, none is good enough any more, and the oldest is kept. */
	for (at = folders.count; at--;) {
		for (size_t other = 0; other < folders.count && !differs; other++)
			differs = other != at && !same_devices(devices, drop, library,
							       folders.at[at], folders.at[other]);
		if (!differs || !at)
			break;
	}
	kept = folders.at[at];
	for (size_t i = 0; i < devices->count; i++) {
		const struct device *device = &devices->at[i];

		if (drop[i] || strcmp(device->library, library) ||
		    !strcmp(folder_of(device), kept) ||
		    find(devices, drop, library, kept, device->id) < 0)
			continue;
		log_fields(LOG_DEBUG, "runner.go:401",
			   "filtering device with overlapping libraries",
			   "id=%s library=%s delete_index=%zu kept_library=%s", device->id,
			   folder_of(device), i, kept);
		also[i] = true;
	}
	for (size_t i = 0; i < devices->count; i++)
		drop[i] |= also[i];
	strings_free(&folders);
	free(also);
}

void filter_overlap(const struct devices *devices, bool *drop)
{
	struct strings seen = { 0 };

	for (size_t i = 0; i < devices->count; i++)
		if (!drop[i] && !strings_have(&seen, devices->at[i].library)) {
			strings_add(&seen, "%s", devices->at[i].library);
			overlap_of(devices->at[i].library, devices, drop);
		}
	strings_free(&seen);
}

void filter_drop(struct devices *devices, bool *drop)
{
	for (size_t i = 0, number; i < devices->count;) {
		struct device *device = &devices->at[i];
		char *end;

		if (drop[i]) {
			log_fields(LOG_TRACE, "runner.go:183",
				   "removing unsupported or overlapping GPU combination",
				   "libDir=%s description=%s compute=%d.%d pci_id=%s",
				   folder_of(device), device->description, device->compute_major,
				   device->compute_minor, device->pci_id);
			devices_remove(devices, i);
			memmove(&drop[i], &drop[i + 1], devices->count - i);
			continue;
		}
		strtol(device->id, &end, 10);
		if (end != device->id && !*end) {
			char *id = text_of("%s", device->id);

			number = 0;
			for (size_t k = 0; k < i; k++)
				number += !strcmp(devices->at[k].library, device->library);
			log_fields(LOG_DEBUG, "runner.go:193", "adjusting filtering IDs",
				   "FilterID=%s new_ID=%zu", id, number);
			snprintf(device->filter_id, sizeof(device->filter_id), "%s", id);
			snprintf(device->id, sizeof(device->id), "%zu", number);
			free(id);
		}
		i++;
	}
}

static bool preferred(const struct device *device)
{
	return !strcmp(device->library, "CUDA") || !strcmp(device->library, "ROCm");
}

static void log_duplicate(const struct device *device)
{
	char *folders = strings_join(&device->library_path, ",");

	log_fields(LOG_DEBUG, "runner.go:227", "dropping duplicate device",
		   "id=%s library=%s compute=%d.%d name=%s description=%s libdirs=%s driver=%d.%d "
		   "pci_id=%s type=%s "
		   "total=%s available=%s",
		   device->id, device->library, device->compute_major, device->compute_minor,
		   device->name, device->description, folders, device->driver_major,
		   device->driver_minor, device->pci_id, device->integrated ? "iGPU" : "discrete",
		   text_bytes(device->total_bytes), text_bytes(device->free_bytes));
	free(folders);
}

void filter_duplicates(struct devices *devices)
{
	for (size_t i = 0; i < devices->count; i++)
		for (size_t j = i + 1; j < devices->count;) {
			struct device *one = &devices->at[i], *other = &devices->at[j];
			bool same_library = !strcmp(one->library, other->library);

			/*
			 * Without an address only the same id in the same library is the same
			 * device.
			 */
			if (strcasecmp(one->pci_id, other->pci_id) ||
			    (!*one->pci_id && (!same_library || strcmp(one->id, other->id)))) {
				j++;
				continue;
			}
			if (!same_library && !preferred(one)) {
				struct device swap = *one;

				*one = *other;
				*other = swap;
			}
			if (!same_library)
				log_duplicate(other);
			devices_remove(devices, j);
		}
}
