/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a device file, line by line, with the place of whatever is wrong. */
#include "shim/backend/sim/parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "shim/backend/sim/parse_fault.h"

int simdev_fail(struct parser *p, const char *at, const char *format, ...)
{
	va_list args;

	p->error->line = p->number;
	p->error->column = (uint32_t)(at - p->line) + 1;
	va_start(args, format);
	vsnprintf(p->error->message, sizeof(p->error->message), format, args);
	va_end(args);
	return -EINVAL;
}

/* Text of a piece, NUL-terminated; false: it is longer than any can be. */
static bool copy(struct piece piece, char *text, size_t size)
{
	if (piece.size >= size)
		return false;
	memcpy(text, piece.at, piece.size);
	text[piece.size] = '\0';
	return true;
}

static int assign_fault(struct parser *p, struct piece name, struct piece value)
{
	char key[64], text[128], message[128];

	if (!copy(name, key, sizeof(key)))
		return simdev_fail(p, name.at, "unknown key '%.*s'", SHOW(name));
	if (!copy(value, text, sizeof(text)))
		return simdev_fail(p, value.at, "'%s' is too long", key);
	if (simdev_fault_assign(p->fault, key, text, message, sizeof(message)))
		return simdev_fail(p, value.at, "%s", message);
	return 0;
}

static int finish_fault(struct parser *p)
{
	char message[128];
	const char *line = p->line;
	uint32_t number = p->number;
	int err = 0;

	if (simdev_fault_finish(p->fault, message, sizeof(message))) {
		p->line = p->section_line;
		p->number = p->section_number;
		err = simdev_fail(p, p->section.at, "%s", message);
		p->line = line;
		p->number = number;
	}
	p->fault = NULL;
	return err;
}

static int begin_fault(struct parser *p, struct piece name)
{
	if (p->out->fault_count == VGPU_SIMDEV_FAULTS)
		return simdev_fail(p, name.at, "more than %u faults", VGPU_SIMDEV_FAULTS);
	p->fault = &p->out->fault[p->out->fault_count++];
	p->section = name;
	p->section_line = p->line;
	p->section_number = p->number;
	return simdev_fault_begin(p->fault);
}

static bool twins(const struct vgpu_sim_device *a, const struct vgpu_sim_device *b)
{
	return !memcmp(a->uuid, b->uuid, sizeof(a->uuid)) ||
	       !memcmp(&a->pci, &b->pci, sizeof(a->pci));
}

/* The section is complete: give each of its devices a place. */
static int finish_section(struct parser *p)
{
	struct vgpu_simdev *out = p->out;
	struct vgpu_sim_device *first = p->device;
	const char *line = p->line;
	uint32_t number = p->number;
	int err = 0;

	if (p->fault)
		return finish_fault(p);
	if (!first)
		return 0;
	p->line = p->section_line;
	p->number = p->section_number;
	if (p->copies > 1 && (p->own_uuid || p->own_pci)) {
		err = simdev_fail(p, p->section.at, "a device with its own '%s' cannot have a 'count'",
			   p->own_uuid ? "uuid" : "pci");
	} else if (out->count + p->copies > VGPU_SIMDEV_MAX) {
		err = simdev_fail(p, p->section.at, "more than %u devices", VGPU_SIMDEV_MAX);
	} else {
		for (uint32_t i = 1; i < p->copies; i++)
			out->device[out->count + i] = *first;
		for (uint32_t i = 0; i < p->copies; i++, out->count++) {
			struct vgpu_sim_device *device = &out->device[out->count];

			vgpu_simdev_place(device, out->count);
			for (uint32_t k = 0; k < out->count && !err; k++)
				if (twins(device, &out->device[k]))
					err = simdev_fail(
					    p, p->section.at,
					    "device %u has the UUID or PCI address of device %u",
					    out->count, k);
		}
	}
	p->device = NULL;
	p->line = line;
	p->number = number;
	return err;
}

static int begin_section(struct parser *p, struct piece head)
{
	static const char word[] = "device";
	struct piece name = trim(head.at, head.at + head.size);
	struct piece preset = { VGPU_SIMDEV_DEFAULT, sizeof(VGPU_SIMDEV_DEFAULT) - 1 };
	int err = finish_section(p);

	if (err)
		return err;
	if (same(name, "fault"))
		return begin_fault(p, name);
	if (name.size < sizeof(word) - 1 || strncasecmp(name.at, word, sizeof(word) - 1) ||
	    (name.size > sizeof(word) - 1 && !blank(name.at[sizeof(word) - 1])))
		return simdev_fail(p, name.at, "unknown section '%.*s'", SHOW(name));
	if (name.size > sizeof(word) - 1)
		preset = trim(name.at + sizeof(word) - 1, name.at + name.size);
	if (p->out->count >= VGPU_SIMDEV_MAX)
		return simdev_fail(p, name.at, "more than %u devices", VGPU_SIMDEV_MAX);
	p->device = &p->out->device[p->out->count];
	if (!vgpu_simdev_preset(p->device, preset.at, preset.size)) {
		p->device = NULL;
		return simdev_fail(p, preset.at, "unknown preset '%.*s'", SHOW(preset));
	}
	p->copies = 1;
	p->own_uuid = p->own_pci = false;
	p->section = name;
	p->section_line = p->line;
	p->section_number = p->number;
	return 0;
}

/* Ends at a '#' that stands outside quotes. */
static const char *without_comment(const char *at, const char *end)
{
	bool quoted = false;

	for (; at < end; at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (*at == '#' && !quoted)
			break;
	}
	return at;
}

static int read_line(struct parser *p, const char *end)
{
	struct piece text = trim(p->line, without_comment(p->line, end));
	struct piece name, value;
	const char *equals;

	if (!text.size)
		return 0;
	if (text.at[0] == '[') {
		const char *close = memchr(text.at, ']', text.size);

		if (!close)
			return simdev_fail(p, text.at, "this '[' is not closed");
		if (close + 1 != text.at + text.size)
			return simdev_fail(p, close + 1, "nothing may follow a section's ']'");
		return begin_section(p,
				     (struct piece){ text.at + 1, (size_t)(close - text.at) - 1 });
	}
	equals = memchr(text.at, '=', text.size);
	if (!equals)
		return simdev_fail(p, text.at + text.size, "expected '=' and a value");
	name = trim(text.at, equals);
	value = trim(equals + 1, text.at + text.size);
	if (!name.size)
		return simdev_fail(p, equals, "expected a key before '='");
	if (value.size && value.at[0] == '"') {
		if (value.size < 2 || value.at[value.size - 1] != '"')
			return simdev_fail(p, value.at, "this '\"' is not closed");
		value.at++;
		value.size -= 2;
		if (memchr(value.at, '"', value.size))
			return simdev_fail(p, memchr(value.at, '"', value.size),
				    "a value cannot contain '\"'");
	} else if (!value.size) {
		return simdev_fail(p, equals + 1, "expected a value after '='");
	}
	return p->fault ? assign_fault(p, name, value) : simdev_assign(p, name, value);
}

int vgpu_simdev_parse(struct vgpu_simdev *out, const char *text, size_t size,
		      struct vgpu_simdev_error *error)
{
	struct parser p = { .out = out, .error = error, .line = text };
	const char *end = text + size;
	const char *nul = memchr(text, '\0', size);
	int err;

	memset(error, 0, sizeof(*error));
	memset(out, 0, sizeof(*out));
	snprintf(out->driver, sizeof(out->driver), "580.159.04");
	out->cuda_version = 13000;
	while (p.line < end) {
		const char *stop = memchr(p.line, '\n', (size_t)(end - p.line));

		stop = stop ? stop : end;
		p.number++;
		if (nul && nul >= p.line && nul < stop)
			return simdev_fail(&p, nul, "this is not text");
		err = read_line(&p, stop);
		if (err)
			return err;
		p.line = stop + (stop < end);
		if (stop == end)
			break;
	}
	return finish_section(&p);
}
