// SPDX-License-Identifier: Apache-2.0
/* A probe of the user's own: its text, and its types as the description would have them. */
#include "tracer/source/kwatch_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer/source/absent.h"

static const struct vgpu_type none = { .name = "void", .kind = VGPU_TYPE_VOID };
static const struct vgpu_type character = { .name = "char", .kind = VGPU_TYPE_CHAR, .size = 1 };

static const struct {
	struct vgpu_type type;
	uint8_t capture; /* enum vgpu_capture */
} types[] = {
	{ { .name = "int", .kind = VGPU_TYPE_INT, .size = 4 }, VGPU_CAPTURE_WORD },
	{ { .name = "uint", .kind = VGPU_TYPE_UINT, .size = 4 }, VGPU_CAPTURE_WORD },
	{ { .name = "long", .kind = VGPU_TYPE_INT, .size = 8 }, VGPU_CAPTURE_WORD },
	{ { .name = "ulong", .kind = VGPU_TYPE_UINT, .size = 8 }, VGPU_CAPTURE_WORD },
	{ { .name = "bool", .kind = VGPU_TYPE_BOOL, .size = 1 }, VGPU_CAPTURE_WORD },
	{ { .name = "ptr", .kind = VGPU_TYPE_POINTER, .size = 8, .element = &none }, VGPU_CAPTURE_WORD },
	{ { .name = "str", .kind = VGPU_TYPE_POINTER, .size = 8, .element = &character }, VGPU_CAPTURE_STRING },
	{ { .name = "void", .kind = VGPU_TYPE_VOID }, VGPU_CAPTURE_WORD },
};

static const char known[] = "int, uint, long, ulong, bool, ptr, str";

static int find_type(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].type.name) == n && !strncmp(types[i].type.name, name, n))
			return i;
	return -1;
}

static int complain(char *why, size_t size, const char *text, const char *what)
{
	if (why && size)
		snprintf(why, size, "'%s': %s", text, what);
	return -EINVAL;
}

static int unknown_type(char *why, size_t size, const char *text, const char *name, size_t n)
{
	char what[160];

	if (n >= 5 && (!strncmp(name, "float", n) || !strncmp(name, "double", n)))
		snprintf(what, sizeof(what), "floating-point values are not to be seen by a probe; there are %s", known);
	else
		snprintf(what, sizeof(what), "there is no type '%.*s'; there are %s", n > 40 ? 40 : (int)n, name, known);
	return complain(why, size, text, what);
}

static int parse_types(struct kwatch_probe *probe, char *at, const char *text, char *why, size_t size)
{
	char *end = strchr(at, ')'), *result;
	int type;

	if (!end)
		return complain(why, size, text, "the parameters' types have no ')' after them");
	probe->function.result = &types[0].type;
	result = end + 1;
	*end = '\0';
	for (char *word = at; *word;) {
		size_t n = strcspn(word, ",");

		type = find_type(word, n);
		if (type < 0 || types[type].type.kind == VGPU_TYPE_VOID)
			return unknown_type(why, size, text, word, n);
		if (probe->function.nparams == VGPU_ARGS_MAX)
			return complain(why, size, text, "too many parameters");
		probe->params[probe->function.nparams++] = (struct vgpu_param){
			.name = "",
			.type = &types[type].type,
			.direction = VGPU_IN,
			.capture = types[type].capture,
			.count_param = -1,
			.limit_param = -1,
		};
		word += n + (word[n] == ',');
	}
	if (*result) {
		if (strncmp(result, "->", 2))
			return complain(why, size, text, "after the ')' only '->' and the result's type may follow");
		type = find_type(result + 2, strlen(result + 2));
		if (type < 0)
			return unknown_type(why, size, text, result + 2, strlen(result + 2));
		probe->function.result = &types[type].type;
	}
	/* As one text again, for whoever prints it: "int,str->int". */
	memmove(end, result, strlen(result) + 1);
	probe->types = at;
	return 0;
}

int kwatch_probe_parse(struct kwatch_probe *probe, const char *text, char *why, size_t size)
{
	char *colon, *open;

	memset(probe, 0, sizeof(*probe));
	probe->text = strdup(text);
	if (!probe->text)
		return -ENOMEM;
	open = strchr(probe->text, '(');
	if (open)
		*open = '\0';
	colon = strrchr(probe->text, ':');
	if (!colon || colon == probe->text || !colon[1])
		return complain(why, size, text, "it is to be LIBRARY:FUNCTION, with types if you like: 'libx.so*:send(int,ptr,str)->int'");
	*colon = '\0';
	probe->library = probe->text;
	probe->name = colon + 1;
	probe->function.name = probe->name;
	probe->function.params = probe->params;
	return open ? parse_types(probe, open + 1, text, why, size) : 0;
}

void kwatch_probe_free(struct kwatch_probe *probe)
{
	for (uint32_t i = 0; i < probe->tried_count && i < KWATCH_TRIED; i++) {
		if (probe->tried[i].fd >= 0)
			close(probe->tried[i].fd);
		free(probe->tried[i].path);
	}
	probe->tried_count = 0;
	free(probe->text);
	probe->text = NULL;
}

/* ---- why it was never placed ---- */

void kwatch_probe_tried(struct kwatch_probe *probe, const char *place, const char *path)
{
	struct kwatch_tried *tried = &probe->tried[probe->tried_count];
	struct stat st;

	if (stat(place, &st))
		return;
	for (uint32_t i = 0; i < probe->tried_count && i < KWATCH_TRIED; i++)
		if (probe->tried[i].device == st.st_dev && probe->tried[i].inode == st.st_ino)
			return;
	if (probe->tried_count < KWATCH_TRIED)
		*tried = (struct kwatch_tried){ .fd = open(place, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY),
						.path = strdup(path), .device = st.st_dev, .inode = st.st_ino };
	probe->tried_count++;
}

uint32_t kwatch_probe_why(const struct kwatch_probe *probe, struct vgpu_text *out, uint64_t *places)
{
	uint32_t reason = VGPU_UNPLACED_UNMAPPED;

	*places = 0;
	vgpu_text_puts(out, "was never placed: ");
	if (probe->refused) {
		vgpu_text_puts(out, "the kernel does not probe its first instruction");
		return VGPU_UNPLACED_REFUSED;
	}
	if (!probe->tried_count)
		vgpu_text_puts(out, "no file of that name was mapped");
	for (uint32_t i = 0; i < probe->tried_count && i < KWATCH_TRIED; i++) {
		const struct kwatch_tried *tried = &probe->tried[i];
		const char *path = tried->path ? tried->path : probe->library;
		struct vgpu_absent absent = { .reason = VGPU_UNPLACED_UNREAD };
		int err = tried->fd < 0 ? -EACCES : vgpu_absent_look(&absent, tried->fd, path, probe->name);

		vgpu_text_puts(out, i ? "; " : "");
		if (err)
			vgpu_text_printf(out, "%s cannot be read", path);
		else
			vgpu_absent_say(&absent, path, out);
		/* Of several files the one that says most decides. */
		if (!i || absent.reason == VGPU_UNPLACED_INLINED) {
			reason = absent.reason;
			*places = absent.places;
		}
	}
	if (probe->tried_count > KWATCH_TRIED)
		vgpu_text_printf(out, "; and %u more files", probe->tried_count - KWATCH_TRIED);
	return reason;
}

bool kwatch_pattern_fits(const char *pattern, const char *path)
{
	const char *base = strrchr(path, '/');

	return !fnmatch(pattern, strchr(pattern, '/') || !base ? path : base + 1, 0);
}

const struct vgpu_function *kwatch_probe_schema(const struct kwatch_probe *probe)
{
	return probe->types ? &probe->function : NULL;
}
