/* SPDX-License-Identifier: Apache-2.0 */
/* From $VGPU_DEVICE to devices: presets by name, files by path; and which a program sees. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shim/backend/sim/device.h"

/* "a" or "a,b,c" where all are presets; false as soon as one is not. */
static bool load_presets(struct vgpu_simdev *out, const char *spec)
{
	const char *at = spec;

	do {
		size_t size = strcspn(at, ",");

		if (out->count >= VGPU_SIMDEV_MAX ||
		    !vgpu_simdev_preset(&out->device[out->count], at, size))
			return false;
		vgpu_simdev_place(&out->device[out->count], out->count);
		out->count++;
		at += size;
	} while (*at++ == ',');
	return true;
}

static int read_file(const char *path, char *buffer, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int err = 0;

	*size = 0;
	if (fd < 0)
		return -errno;
	while (*size <= VGPU_SIMDEV_FILE_MAX) {
		ssize_t n = read(fd, buffer + *size, VGPU_SIMDEV_FILE_MAX + 1 - *size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		*size += (size_t)n;
	}
	if (!err && *size > VGPU_SIMDEV_FILE_MAX)
		err = -EFBIG;
	close(fd);
	return err;
}

static int load_file(struct vgpu_simdev *out, const char *path, struct vgpu_simdev_error *error)
{
	size_t room = VGPU_SIMDEV_FILE_MAX + 1, size;
	char *text = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int err;

	if (text == MAP_FAILED)
		return -errno;
	err = read_file(path, text, &size);
	if (!err)
		err = vgpu_simdev_parse(out, text, size, error);
	else if (err == -ENOENT && !strchr(path, '/'))
		snprintf(error->message, sizeof(error->message),
			 "no preset and no file of that name");
	else if (err == -EFBIG)
		snprintf(error->message, sizeof(error->message), "larger than %u bytes",
			 VGPU_SIMDEV_FILE_MAX);
	else
		snprintf(error->message, sizeof(error->message), "cannot read: %s",
			 strerrordesc_np(-err) ? strerrordesc_np(-err) : "unknown error");
	munmap(text, room);
	return err;
}

int vgpu_simdev_load(struct vgpu_simdev *out, const char *spec, struct vgpu_simdev_error *error)
{
	int err = vgpu_simdev_parse(out, "", 0, error);

	if (err)
		return err;
	if (!spec || !*spec)
		spec = VGPU_SIMDEV_DEFAULT;
	if (load_presets(out, spec))
		return 0;
	return load_file(out, spec, error);
}

void vgpu_simdev_describe(const struct vgpu_simdev_error *error, const char *spec, char *text,
			  size_t size)
{
	if (!spec || !*spec)
		spec = VGPU_SIMDEV_DEFAULT;
	if (error->line)
		snprintf(text, size, "%s:%u:%u: %s", spec, error->line, error->column,
			 error->message);
	else
		snprintf(text, size, "%s: %s", spec, error->message);
}

void vgpu_simdev_uuid_text(const uint8_t uuid[16], char text[VGPU_SIMDEV_UUID_TEXT])
{
	snprintf(text, VGPU_SIMDEV_UUID_TEXT,
		 "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 uuid[0], uuid[1], uuid[2], uuid[3], uuid[4], uuid[5], uuid[6], uuid[7], uuid[8],
		 uuid[9], uuid[10], uuid[11], uuid[12], uuid[13], uuid[14], uuid[15]);
}

/* The one device whose UUID begins so; -1: none, or more than one. */
static int find_prefix(const struct vgpu_simdev *simdev, const char *at, size_t size)
{
	char text[VGPU_SIMDEV_UUID_TEXT];
	int found = -1;

	for (uint32_t i = 0; i < simdev->count; i++) {
		vgpu_simdev_uuid_text(simdev->device[i].uuid, text);
		if (size >= sizeof(text) || strncasecmp(text, at, size))
			continue;
		if (found >= 0)
			return -1;
		found = (int)i;
	}
	return found;
}

static uint64_t address_of(const struct vgpu_sim_device *device)
{
	return (uint64_t)device->pci.domain << 32 | device->pci.bus << 8 | device->pci.device;
}

/* Which device has which number before any is hidden. */
static void number(const struct vgpu_simdev *simdev, const char *device_order, uint8_t all[VGPU_SIMDEV_MAX])
{
	for (uint32_t i = 0; i < simdev->count; i++)
		all[i] = (uint8_t)i;
	if (!device_order || strcmp(device_order, "PCI_BUS_ID"))
		return;
	for (uint32_t i = 1; i < simdev->count; i++)
		for (uint32_t k = i;
		     k && address_of(&simdev->device[all[k]]) < address_of(&simdev->device[all[k - 1]]); k--) {
			uint8_t other = all[k];

			all[k] = all[k - 1];
			all[k - 1] = other;
		}
}

static int find_entry(const struct vgpu_simdev *simdev, const uint8_t *all, const char *at, size_t size)
{
	char *end;
	long n;

	while (size && (*at == ' ' || *at == '\t')) {
		at++;
		size--;
	}
	while (size && (at[size - 1] == ' ' || at[size - 1] == '\t'))
		size--;
	if (size >= 5 && !strncasecmp(at, "GPU-", 4))
		return find_prefix(simdev, at, size);
	if (!size || *at < '0' || *at > '9')
		return -1;
	n = strtol(at, &end, 10);
	if (end != at + size || n < 0 || n >= (long)simdev->count)
		return -1;
	return all[n];
}

uint32_t vgpu_simdev_visible(const struct vgpu_simdev *simdev, const char *device_order, const char *value,
			     uint8_t order[VGPU_SIMDEV_MAX])
{
	uint8_t all[VGPU_SIMDEV_MAX];
	uint32_t count = 0;

	number(simdev, device_order, all);
	if (!value) {
		memcpy(order, all, simdev->count);
		return simdev->count;
	}
	do {
		size_t size = strcspn(value, ",");
		int i = find_entry(simdev, all, value, size);

		if (i < 0 || memchr(order, i, count))
			break;
		order[count++] = (uint8_t)i;
		value += size;
	} while (*value++ == ',');
	return count;
}
