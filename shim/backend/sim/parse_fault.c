/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a device file's [fault] sections. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shim/backend/sim/parse_fault.h"

static int __attribute__((format(printf, 3, 4))) wrong(char *message, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(message, size, format, args);
	va_end(args);
	return -EINVAL;
}

/* "3", "2+", "1-3" */
static bool take_calls(const char *text, uint32_t *first, uint32_t *last)
{
	char *end;
	unsigned long n;

	if (!isdigit((unsigned char)*text))
		return false;
	n = strtoul(text, &end, 10);
	if (n < 1 || n >= UINT32_MAX)
		return false;
	*first = *last = (uint32_t)n;
	if (!strcmp(end, "+")) {
		*last = UINT32_MAX;
		return true;
	}
	if (*end == '-' && isdigit((unsigned char)end[1])) {
		n = strtoul(end + 1, &end, 10);
		*last = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
	}
	return !*end && *last >= *first;
}

/* "on", "250 ms", "30 s" */
static bool take_duration(const char *text, uint32_t *ms)
{
	unsigned long n;
	char *end;

	if (!strcasecmp(text, "on")) {
		*ms = VGPU_FAULT_FOREVER;
		return true;
	}
	if (!isdigit((unsigned char)*text))
		return false;
	n = strtoul(text, &end, 10);
	while (*end == ' ')
		end++;
	if (!n || n > 1000000 || (strcmp(end, "s") && strcmp(end, "ms")))
		return false;
	*ms = (uint32_t)(strcmp(end, "s") ? n : n * 1000);
	return true;
}

static bool take_part(const char *name, const char *value, struct vgpu_sim_part *parts, uint32_t *count)
{
	struct vgpu_sim_part *part = &parts[*count];
	char *end;

	if (*count == VGPU_FAULT_PARTS || !*name || strlen(name) >= sizeof(part->name) ||
	    strlen(value) >= sizeof(part->text))
		return false;
	snprintf(part->name, sizeof(part->name), "%s", name);
	snprintf(part->text, sizeof(part->text), "%s", value);
	part->number = *value == '-' ? strtoll(value, &end, 0) : (int64_t)strtoull(value, &end, 0);
	part->is_number = *value && !*end;
	(*count)++;
	return true;
}

static bool take_text(const char *value, char *field, size_t size)
{
	if (!*value || strlen(value) >= size)
		return false;
	strcpy(field, value);
	return true;
}

int simdev_fault_begin(struct vgpu_sim_fault *fault)
{
	*fault = (struct vgpu_sim_fault){ .first = 1, .last = UINT32_MAX };
	return 0;
}

int simdev_fault_assign(struct vgpu_sim_fault *fault, const char *name, const char *value, char *message, size_t size)
{
	unsigned long n;
	char *end;

	if (!strcasecmp(name, "function")) {
		if (!take_text(value, fault->function, sizeof(fault->function)))
			return wrong(message, size, "'function' is the name of an entry point, '*' in it stands for any text");
	} else if (!strcasecmp(name, "result")) {
		if (!take_text(value, fault->result, sizeof(fault->result)))
			return wrong(message, size, "'result' is a number or a result's name");
	} else if (!strcasecmp(name, "process")) {
		if (!take_text(value, fault->process, sizeof(fault->process)))
			return wrong(message, size, "'process' is a process's name of at most 15 characters");
	} else if (!strcasecmp(name, "call")) {
		if (!take_calls(value, &fault->first, &fault->last))
			return wrong(message, size, "'call' is '3', '2+' or '1-3', counted from 1");
	} else if (!strcasecmp(name, "thread")) {
		n = strtoul(value, &end, 10);
		if (!isdigit((unsigned char)*value) || *end || n < 1 || n > 64)
			return wrong(message, size, "'thread' is a number from 1 to 64");
		fault->thread = (uint32_t)n;
	} else if (!strcasecmp(name, "hang")) {
		if (!take_duration(value, &fault->hang_ms))
			return wrong(message, size, "'hang' is 'on', or a time such as '250 ms' or '30 s'");
	} else if (!strcasecmp(name, "crash")) {
		if (strcasecmp(value, "on"))
			return wrong(message, size, "'crash' can only be 'on'");
		fault->crash = 1;
	} else if (!strcasecmp(name, "lookup")) {
		if (strcasecmp(value, "missing") && strcasecmp(value, "null"))
			return wrong(message, size, "'lookup' is 'missing' or 'null'");
		fault->lookup = strcasecmp(value, "null") ? VGPU_FAULT_LOOKUP_MISSING : VGPU_FAULT_LOOKUP_NULL;
	} else if (!strncasecmp(name, "set.", 4)) {
		if (!take_part(name + 4, value, fault->set, &fault->set_count))
			return wrong(message, size, "at most %u values of at most 63 characters can be set",
				     VGPU_FAULT_PARTS);
	} else if (!strncasecmp(name, "when.", 5)) {
		if (!take_part(name + 5, value, fault->when, &fault->when_count))
			return wrong(message, size, "at most %u conditions of at most 63 characters can be made",
				     VGPU_FAULT_PARTS);
	} else {
		return wrong(message, size, "unknown key '%.60s' in a fault", name);
	}
	return 0;
}

int simdev_fault_finish(const struct vgpu_sim_fault *fault, char *message, size_t size)
{
	if (!fault->function[0])
		return wrong(message, size, "a fault needs a 'function'");
	if (!fault->result[0] && !fault->hang_ms && !fault->crash && !fault->lookup && !fault->set_count)
		return wrong(message, size, "a fault needs one of 'result', 'hang', 'crash', 'lookup' and 'set.…'");
	if (fault->lookup && (fault->result[0] || fault->hang_ms || fault->crash || fault->set_count))
		return wrong(message, size, "a fault with 'lookup' has nothing beside it but a 'function' and a 'process'");
	return 0;
}
