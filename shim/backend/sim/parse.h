/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the device file's reader: the line being read, and what a key's value becomes. */
#ifndef VGPU_SIM_PARSE_H
#define VGPU_SIM_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "shim/backend/sim/device.h"

/* A piece of the line being read; at is its first byte. */
struct piece {
	const char *at;
	size_t size;
};

struct parser {
	struct vgpu_simdev *out;
	struct vgpu_simdev_error *error;
	const char *line;               /* start of the line being read */
	uint32_t number;                /* of that line */
	struct vgpu_sim_device *device; /* of the section being read; NULL before the first */
	struct vgpu_sim_fault *fault;   /* likewise, of a [fault] */
	uint32_t copies;                /* `count` of that section */
	struct piece section;           /* where it began, for errors that concern it as a whole */
	const char *section_line;
	uint32_t section_number;
	bool own_uuid, own_pci;
};

/* For "%.*s" of foreign text: never so long that the rest of a message is cut off. */
#define SHOW(piece) (int)((piece).size < 60 ? (piece).size : 60), (piece).at

/* -EINVAL, with the place and what is wrong there. */
int simdev_fail(struct parser *p, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A key of the present section, not of a fault: parse_value.c. */
int simdev_assign(struct parser *p, struct piece name, struct piece value);

static inline bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static inline struct piece trim(const char *at, const char *end)
{
	while (at < end && blank(*at))
		at++;
	while (end > at && blank(end[-1]))
		end--;
	return (struct piece){ at, (size_t)(end - at) };
}

static inline bool same(struct piece piece, const char *text)
{
	return strlen(text) == piece.size && !strncasecmp(piece.at, text, piece.size);
}

#endif
