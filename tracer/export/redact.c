// SPDX-License-Identifier: Apache-2.0
/* Redacts events by the tables of their fields: what is not named here is looked through as text. */
#include "tracer/export/redact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/export/redact_call.h"
#include "tracer/export/redact_words.h"

#define PIECES 64u /* fields of an event that point somewhere, at most */

struct vgpu_redactor {
	struct redact_words words;
	struct vgpu_event event;
	void *pieces[PIECES]; /* of the event before */
	unsigned count;
};

enum treatment {
	TEXT,
	PROGRAM,
	FOLDER,
	ARGUMENTS,
	VARIABLES,
	GONE,    /* text: said to be gone; data: none */
	CALLED,  /* blobs */
	STARTED, /* the start of a call's first string */
	RELEASE, /* of a kernel: whoever built his own may have named it after himself */
	AS_IT_IS,
};

/* What is treated otherwise than as text; names of fields as in event.c. */
static const struct {
	uint32_t kind;
	const char *field;
	enum treatment treatment;
} treatments[] = {
	{ VGPU_EVENT_HOST, "host.kernel", RELEASE },
	{ VGPU_EVENT_SESSION, "session.command", ARGUMENTS },
	{ VGPU_EVENT_SESSION, "session.directory", FOLDER },
	{ VGPU_EVENT_SESSION, "session.device", FOLDER },
	{ VGPU_EVENT_SESSION, "session.ring_dir", FOLDER },
	{ VGPU_EVENT_START, "start.exe", PROGRAM },
	{ VGPU_EVENT_START, "start.argv", ARGUMENTS },
	{ VGPU_EVENT_EXEC, "start.exe", PROGRAM },
	{ VGPU_EVENT_EXEC, "start.argv", ARGUMENTS },
	{ VGPU_EVENT_CONTEXT, "context.env", VARIABLES },
	{ VGPU_EVENT_CONTEXT, "context.directory", FOLDER },
	{ VGPU_EVENT_CONTEXT, "context.exec_name", PROGRAM },
	{ VGPU_EVENT_CONTEXT, "context.argv", ARGUMENTS },
	{ VGPU_EVENT_CALL, "call.blobs", CALLED },
	{ VGPU_EVENT_CALL, "call.frames", GONE },
	{ VGPU_EVENT_CALL, "call.text", STARTED },
	{ VGPU_EVENT_PENDING, "call.blobs", CALLED },
	{ VGPU_EVENT_PENDING, "call.frames", GONE },
	{ VGPU_EVENT_PENDING, "call.text", STARTED },
	{ VGPU_EVENT_CRASH, "crash.frames", GONE },
	{ VGPU_EVENT_OUTPUT, "output.bytes", GONE },
	{ VGPU_EVENT_LOG, "log.line", GONE },
	{ VGPU_EVENT_ANSWER, "answer.build_id", AS_IT_IS },
	{ VGPU_EVENT_LIBRARY, "library.build_id", AS_IT_IS },
	{ VGPU_EVENT_OBJECT, "object.build_id", AS_IT_IS },
	{ VGPU_EVENT_UNLOAD, "object.build_id", AS_IT_IS },
	{ VGPU_EVENT_PROBES, "probes.build_id", AS_IT_IS },
	{ VGPU_EVENT_IMAGE, "image.hash", AS_IT_IS },
};

int vgpu_redactor_open(struct vgpu_redactor **out)
{
	struct vgpu_redactor *redactor = calloc(1, sizeof(*redactor));

	if (!redactor)
		return -ENOMEM;
	redact_learn_here(&redactor->words);
	*out = redactor;
	return 0;
}

static void forget(struct vgpu_redactor *redactor)
{
	while (redactor->count)
		free(redactor->pieces[--redactor->count]);
}

void vgpu_redactor_close(struct vgpu_redactor *redactor)
{
	if (!redactor)
		return;
	forget(redactor);
	redact_words_free(&redactor->words);
	free(redactor);
}

static void *keep(struct vgpu_redactor *redactor, void *piece)
{
	if (!piece || redactor->count == PIECES) {
		free(piece);
		redactor->words.failed = true;
		return NULL;
	}
	return redactor->pieces[redactor->count++] = piece;
}

/* Takes the text's memory. */
static const char *keep_text(struct vgpu_redactor *redactor, struct vgpu_text *text)
{
	vgpu_text_add(text, "", 1);
	redactor->words.failed |= text->failed;
	return keep(redactor, text->bytes);
}

static enum treatment treatment_of(uint32_t kind, const struct vgpu_field *field)
{
	for (size_t i = 0; i < sizeof(treatments) / sizeof(treatments[0]); i++)
		if (treatments[i].kind == kind &&
		    !strcmp(strchr(treatments[i].field, '.') + 1, field->name))
			return treatments[i].treatment;
	/* Data that nobody has looked at might be anything. */
	return field->type == VGPU_FIELD_DATA ? GONE : TEXT;
}

static void put(struct vgpu_redactor *redactor, struct vgpu_text *out, const char *text,
		enum treatment treatment, unsigned n)
{
	switch (treatment) {
	case ARGUMENTS:
		redact_argument(&redactor->words, out, text, n);
		break;
	case VARIABLES:
		redact_variable(&redactor->words, out, text);
		break;
	case STARTED:
		redact_call_text(&redactor->words, out, &redactor->event.call);
		break;
	case RELEASE:
		redact_release(out, text);
		break;
	case GONE:
		vgpu_text_puts(out, REDACT_GONE);
		break;
	default:
		redact_text(&redactor->words, out, text, strlen(text),
			    treatment == PROGRAM  ? REDACT_PROGRAM
			    : treatment == FOLDER ? REDACT_FOLDER
						  : REDACT_TEXT);
	}
}

static void redact_strings(struct vgpu_redactor *redactor, struct vgpu_strings *strings,
			   enum treatment treatment)
{
	struct vgpu_text text = { 0 };
	const char *at = NULL;

	for (unsigned n = 0; (at = vgpu_strings_next(strings, at)); n++) {
		put(redactor, &text, at, treatment, n);
		vgpu_text_add(&text, "", 1);
	}
	strings->size = text.size;
	strings->bytes = strings->bytes ? keep_text(redactor, &text) : NULL;
}

static void redact_field(struct vgpu_redactor *redactor, const struct vgpu_field *field)
{
	enum treatment treatment = treatment_of(redactor->event.kind, field);
	void *at = (uint8_t *)&redactor->event + field->offset;
	struct vgpu_data *data = at;
	struct vgpu_text text = { 0 };
	uint8_t *blobs;

	switch (field->type) {
	case VGPU_FIELD_ID16:
		redact_uuid(&redactor->words, at);
		break;
	case VGPU_FIELD_STRING:
		if (!*(const char **)at)
			break;
		put(redactor, &text, *(const char **)at, treatment, 0);
		*(const char **)at = keep_text(redactor, &text);
		break;
	case VGPU_FIELD_STRINGS:
		redact_strings(redactor, at, treatment);
		break;
	case VGPU_FIELD_DATA:
		if (treatment == CALLED && data->size) {
			blobs =
			    keep(redactor, malloc(redact_blobs_room(&redactor->event.call) + 1));
			data->size =
			    blobs ? redact_blobs(&redactor->words, &redactor->event.call, blobs)
				  : 0;
			data->bytes = blobs;
		} else if (treatment != AS_IT_IS) {
			*data = (struct vgpu_data){ 0 };
		}
		break;
	}
}

const struct vgpu_event *vgpu_redact(struct vgpu_redactor *redactor, const struct vgpu_event *event)
{
	const struct vgpu_kind *kind = vgpu_event_kind(event->kind);

	forget(redactor);
	redactor->event = *event;
	for (uint32_t i = 0; kind && i < kind->count; i++)
		redact_field(redactor, &kind->fields[i]);
	if ((event->kind == VGPU_EVENT_START || event->kind == VGPU_EVENT_EXEC) && event->start.uid)
		redactor->event.start.uid = 1000;
	return redactor->words.failed ? NULL : &redactor->event;
}
