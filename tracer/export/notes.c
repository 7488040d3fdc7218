// SPDX-License-Identifier: Apache-2.0
/* What the link and the kernel observer saw, a line each: one table, a row a kind. */
#include "tracer/export/notes.h"

#include <inttypes.h>
#include <string.h>

#include "tracer/model/call.h"
#include "tracer/model/container.h"
#include "tracer/model/gap.h"
#include "tracer/model/library.h"

struct note {
	struct vgpu_text *out;
	const struct vgpu_look *look;
	const struct vgpu_event *event;
};

static void puts_escaped(const struct note *note, const char *string)
{
	vgpu_text_escape(note->out, note->look, string, strlen(string), false);
}

static void put_or(const struct note *note, const char *string, const char *otherwise)
{
	puts_escaped(note, string ? string : otherwise);
}

/* `: Permission denied` */
static void put_errno(const struct note *note, int error)
{
	vgpu_text_puts(note->out, ": ");
	puts_escaped(note, strerrordesc_np(error) ? strerrordesc_np(error) : "unknown error");
}

static void put_bad(const struct note *note)
{
	vgpu_text_colour(note->out, note->look, VGPU_COLOUR_BAD);
}

static void put_plain(const struct note *note)
{
	vgpu_text_colour(note->out, note->look, VGPU_COLOUR_PLAIN);
}

/* `libfoo.so` of a path. */
static const char *base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void put_by(const struct note *note, const char *words, const char *path)
{
	if (!path || !path[0])
		return;
	vgpu_text_puts(note->out, words);
	puts_escaped(note, note->look->full ? path : base(path));
}

/* ---- searches and objects ---- */

static const char *origin_name(uint32_t origin)
{
	switch (origin) {
	case VGPU_ORIGIN_ASKED:
		return "as asked for";
	case VGPU_ORIGIN_LIBPATH:
		return "LD_LIBRARY_PATH";
	case VGPU_ORIGIN_RUNPATH:
		return "run path";
	case VGPU_ORIGIN_CACHE:
		return "ld.so.cache";
	case VGPU_ORIGIN_DEFAULT:
		return "default directory";
	case VGPU_ORIGIN_SECURE:
		return "secure directory";
	}
	return NULL;
}

static enum vgpu_note_weight weigh_search(const struct vgpu_event *event)
{
	return event->search.vendor || event->search.flags & VGPU_OBJECT_GPU ? VGPU_NOTE_PLAIN : VGPU_NOTE_DETAIL;
}

static void format_search(const struct note *note)
{
	const struct vgpu_event_search *search = &note->event->search;

	vgpu_text_puts(note->out, "search   ");
	put_or(note, search->path, "?");
	if (origin_name(search->origin))
		vgpu_text_printf(note->out, "  (%s)", origin_name(search->origin));
	put_by(note, " for ", search->requester);
	if (search->flags & VGPU_OBJECT_STATTED)
		/* That a name is tried says nothing of the file; this does. */
		vgpu_text_printf(note->out, "%s", search->error ? "" : "  is there");
	if (search->flags & VGPU_OBJECT_STATTED && search->error)
		put_errno(note, search->error);
	if (search->flags & VGPU_OBJECT_REDIRECTED && search->instead) {
		vgpu_text_puts(note->out, "  instead: ");
		puts_escaped(note, search->instead);
	}
}

static enum vgpu_note_weight weigh_object(const struct vgpu_event *event)
{
	/* Ours have a line with their first call; at its end a program unloads everything. */
	if (event->object.library || event->kind == VGPU_EVENT_UNLOAD)
		return VGPU_NOTE_DETAIL;
	return event->object.vendor || event->object.flags & VGPU_OBJECT_GPU ? VGPU_NOTE_PLAIN : VGPU_NOTE_DETAIL;
}

static void format_object(const struct note *note)
{
	const struct vgpu_event_object *object = &note->event->object;

	vgpu_text_puts(note->out, note->event->kind == VGPU_EVENT_UNLOAD ? "unload   " : "opened   ");
	put_or(note, object->path, "?");
	if (note->event->kind == VGPU_EVENT_UNLOAD)
		return;
	if (object->soname && object->path && strcmp(object->soname, base(object->path))) {
		vgpu_text_puts(note->out, " as ");
		puts_escaped(note, object->soname);
	}
	vgpu_text_puts(note->out, object->library ? "  ours" : "  foreign");
	if (object->build_id.size) {
		vgpu_text_puts(note->out, ", ");
		vgpu_build_id_format(note->out, object->build_id.bytes, object->build_id.size, note->look->full);
	}
	if (object->flags & VGPU_OBJECT_BY_EXPORT)
		vgpu_text_puts(note->out, ", a GPU library by what it exports");
	if (object->flags & VGPU_OBJECT_BEFORE)
		vgpu_text_puts(note->out, ", was there before the observer");
	if (note->look->full && object->from)
		vgpu_text_printf(note->out, "  at 0x%" PRIx64 "-0x%" PRIx64, object->from, object->to);
}

static enum vgpu_note_weight weigh_detail(const struct vgpu_event *event)
{
	(void)event;
	return VGPU_NOTE_DETAIL;
}

static void format_linked(const struct note *note)
{
	const struct vgpu_event_linked *linked = &note->event->linked;

	vgpu_text_printf(note->out, "linked   %s, %u objects so far",
			 linked->flags & VGPU_OBJECT_STARTED ? "the program is ready to start"
			 : linked->activity == 2	     ? "after removing"
							     : "after adding",
			 linked->objects);
}

/* ---- dlopen, dlsym ---- */

static const char *dl_name(uint32_t op)
{
	static const char *const names[] = {
		[VGPU_DL_OTHER] = "the linker", [VGPU_DL_DLOPEN] = "dlopen", [VGPU_DL_DLMOPEN] = "dlmopen",
		[VGPU_DL_DLSYM] = "dlsym", [VGPU_DL_DLVSYM] = "dlvsym", [VGPU_DL_DLCLOSE] = "dlclose",
		[VGPU_DL_START] = "start-up",
	};

	return op < sizeof(names) / sizeof(names[0]) ? names[op] : "the linker";
}

static enum vgpu_note_weight weigh_dl(const struct vgpu_event *event)
{
	/* Programs try libraries that they can do without all the time. */
	if (event->dl.failed)
		return event->dl.vendor || event->dl.op == VGPU_DL_START ? VGPU_NOTE_BAD : VGPU_NOTE_DETAIL;
	return event->dl.vendor ? VGPU_NOTE_PLAIN : VGPU_NOTE_DETAIL;
}

static void format_dl(const struct note *note)
{
	const struct vgpu_event_dl *dl = &note->event->dl;

	vgpu_text_puts(note->out, "link     ");
	vgpu_text_puts(note->out, dl_name(dl->op));
	if (dl->name) {
		vgpu_text_puts(note->out, "(");
		puts_escaped(note, dl->name);
		if (dl->version) {
			vgpu_text_puts(note->out, ", ");
			puts_escaped(note, dl->version);
		}
		vgpu_text_puts(note->out, ")");
	}
	put_by(note, " by ", dl->caller_object);
	if (dl->failed) {
		put_bad(note);
		vgpu_text_puts(note->out, "  refused: ");
		/* dlerror() begins with the object; the kernel observer sees the two apart. */
		if (dl->object_name && dl->object_name[0] && dl->error &&
		    strncmp(dl->error, dl->object_name, strlen(dl->object_name))) {
			puts_escaped(note, dl->object_name);
			vgpu_text_puts(note->out, ": ");
		}
		put_or(note, dl->error, "the linker's words were not observed");
		if (dl->code)
			put_errno(note, dl->code);
		put_plain(note);
	} else if (dl->result) {
		vgpu_text_printf(note->out, " = 0x%" PRIx64, dl->result);
	}
	if (dl->duration_ns) {
		vgpu_text_puts(note->out, "  ");
		vgpu_text_duration(note->out, note->look, dl->duration_ns);
	}
}

static void format_bound(const struct note *note)
{
	const struct vgpu_event_bound *bound = &note->event->bound;

	vgpu_text_puts(note->out, "bound    ");
	put_or(note, bound->symbol, "?");
	put_by(note, " of ", bound->from);
	vgpu_text_puts(note->out, " ");
	vgpu_text_arrow(note->out, note->look);
	put_by(note, " ", bound->to ? bound->to : "?");
	if (bound->by_dlsym)
		vgpu_text_puts(note->out, "  (dlsym)");
}

/* ---- the process's surroundings ---- */

static enum vgpu_note_weight weigh_context(const struct vgpu_event *event)
{
	const struct vgpu_event_context *context = &event->context;

	/* Whoever's messages nobody will read is worth a line. */
	if (context->flags & VGPU_CONTEXT_STDERR &&
	    (!context->stderr_target || !strcmp(context->stderr_target, "/dev/null")))
		return VGPU_NOTE_PLAIN;
	return VGPU_NOTE_DETAIL;
}

static void format_context(const struct note *note)
{
	const struct vgpu_event_context *context = &note->event->context;
	const char *word = NULL;
	char container[64];

	vgpu_text_puts(note->out, "context ");
	if (context->flags & VGPU_CONTEXT_STDERR) {
		vgpu_text_puts(note->out, " stderr ");
		vgpu_text_arrow(note->out, note->look);
		vgpu_text_puts(note->out, " ");
		put_or(note, context->stderr_target, "closed");
	}
	put_by(note, " in ", vgpu_container_name(context->cgroup, container, sizeof(container)));
	if (context->flags & VGPU_CONTEXT_AGAIN)
		vgpu_text_puts(note->out, " executed again for the observer's sake");
	if (!note->look->full)
		return;
	put_by(note, " stdout ", context->stdout_target);
	put_by(note, " in ", context->directory);
	put_by(note, " cgroup ", context->cgroup);
	while ((word = vgpu_strings_next(&context->env, word))) {
		vgpu_text_puts(note->out, " ");
		vgpu_text_shell_word(note->out, note->look, word);
	}
}

static enum vgpu_note_weight weigh_file(const struct vgpu_event *event)
{
	if (!event->file.vendor)
		return VGPU_NOTE_DETAIL;
	/* Whoever asks whether a file is there may well be content without it. */
	return event->file.error && !event->file.looked ? VGPU_NOTE_BAD : VGPU_NOTE_PLAIN;
}

static void format_file(const struct note *note)
{
	const struct vgpu_event_file *file = &note->event->file;

	vgpu_text_puts(note->out, "file     ");
	put_or(note, file->path, "?");
	if (file->looked)
		vgpu_text_puts(note->out, file->error ? "  asked for" : "  asked for: it is there");
	if (file->error) {
		put_bad(note);
		put_errno(note, file->error);
		put_plain(note);
	}
}

static enum vgpu_note_weight weigh_plain(const struct vgpu_event *event)
{
	(void)event;
	return VGPU_NOTE_PLAIN;
}

static void format_output(const struct note *note)
{
	const struct vgpu_event_output *output = &note->event->output;
	size_t size = output->bytes.size;

	vgpu_text_printf(note->out, "%s   ", output->descriptor == 1 ? "stdout" : "stderr");
	if (output->target && !strcmp(output->target, "/dev/null"))
		vgpu_text_puts(note->out, "(to /dev/null) ");
	if (!output->bytes.bytes || !size) {
		vgpu_text_printf(note->out, "%" PRIu64 " bytes, not readable", output->full_size);
		return;
	}
	/* The line break at its end goes without saying. */
	if (output->bytes.bytes[size - 1] == '\n')
		size--;
	vgpu_text_escape(note->out, note->look, (const char *)output->bytes.bytes, size, false);
	if (output->full_size > output->bytes.size) {
		vgpu_text_ellipsis(note->out, note->look);
		vgpu_text_printf(note->out, "(%u of %" PRIu64 " bytes%s)", output->bytes.size, output->full_size,
				 output->unread ? ", the rest not readable" : "");
	}
}

/* ---- faults and device code ---- */

static enum vgpu_note_weight weigh_bad(const struct vgpu_event *event)
{
	(void)event;
	return VGPU_NOTE_BAD;
}

static void format_crash(const struct note *note)
{
	const struct vgpu_event_crash *crash = &note->event->crash;
	const char *name = sigabbrev_np(crash->signal);

	put_bad(note);
	vgpu_text_printf(note->out, "fault    SIG%s at 0x%" PRIx64, name ? name : "?", crash->ip);
	if (crash->symbol || crash->object) {
		vgpu_text_puts(note->out, " in ");
		put_or(note, crash->symbol, "");
		if (crash->object) {
			vgpu_text_puts(note->out, crash->symbol ? " of " : "");
			puts_escaped(note, base(crash->object));
			vgpu_text_printf(note->out, "+0x%" PRIx64, crash->offset);
		}
	}
	if (crash->address && crash->address != crash->ip)
		vgpu_text_printf(note->out, ", address 0x%" PRIx64, crash->address);
	if (crash->function || crash->function_name) {
		vgpu_text_puts(note->out, ", inside ");
		if (crash->function_name)
			puts_escaped(note, crash->function_name);
		else
			vgpu_call_format_name(note->out, crash->function);
	}
	put_by(note, ", while starting ", crash->initialising);
	if (crash->handled)
		vgpu_text_puts(note->out, " (the program handles it)");
	put_plain(note);
}

static void put_list(const struct note *note, const char *words, const struct vgpu_strings *strings)
{
	const char *word = NULL;

	while ((word = vgpu_strings_next(strings, word))) {
		vgpu_text_puts(note->out, words);
		puts_escaped(note, word);
		words = ", ";
	}
}

static void format_image(const struct note *note)
{
	const struct vgpu_event_image *image = &note->event->image;

	vgpu_text_puts(note->out, "code     ");
	put_or(note, image->format, "device code");
	if (image->size) {
		vgpu_text_puts(note->out, " of ");
		vgpu_text_bytes(note->out, image->size);
	}
	put_list(note, " for ", &image->cubin);
	put_list(note, image->cubin.size ? ", ptx " : " for ", &image->ptx);
	put_by(note, image->object ? " in " : " from ", image->path);
	put_by(note, " from ", image->object);
	if (image->function) {
		vgpu_text_puts(note->out, " to ");
		vgpu_call_format_name(note->out, image->function);
	}
}

/* ---- the observers themselves ---- */

static enum vgpu_note_weight weigh_probes(const struct vgpu_event *event)
{
	return event->probes.refused ? VGPU_NOTE_BAD : VGPU_NOTE_PLAIN;
}

static void format_probes(const struct note *note)
{
	const struct vgpu_event_probes *probes = &note->event->probes;

	vgpu_text_puts(note->out, "probes   ");
	put_or(note, probes->path, "?");
	vgpu_text_printf(note->out, "  %u functions observed", probes->functions);
	if (probes->method) {
		vgpu_text_puts(note->out, " by ");
		puts_escaped(note, probes->method);
	}
	if (probes->entries)
		vgpu_text_puts(note->out, ", when they are entered: a return probe would stop the C++ exceptions that may pass "
					  "(--returns)");
	if (probes->refused) {
		vgpu_text_printf(note->out, ", %u refused", probes->refused);
		put_by(note, ", first ", probes->refused_name);
		if (probes->refused_error)
			put_errno(note, probes->refused_error);
	}
}

static uint64_t kernel_lost(const struct vgpu_event_kernel_loss *loss)
{
	return loss->dropped + loss->deep + loss->stateless + loss->unmatched + loss->other_dropped + loss->unreadable;
}

static enum vgpu_note_weight weigh_kernel_loss(const struct vgpu_event *event)
{
	return kernel_lost(&event->kernel_loss) ? VGPU_NOTE_BAD : VGPU_NOTE_DETAIL;
}

static void format_kernel_loss(const struct note *note)
{
	const struct vgpu_event_kernel_loss *loss = &note->event->kernel_loss;

	vgpu_text_printf(note->out, "kernel   CPU %u: ", loss->cpu);
	vgpu_text_count(note->out, loss->emitted + loss->other_emitted);
	vgpu_text_puts(note->out, " records, ");
	vgpu_text_count(note->out, kernel_lost(loss));
	vgpu_text_puts(note->out, " lost");
	if (loss->filtered) {
		vgpu_text_puts(note->out, ", ");
		vgpu_text_count(note->out, loss->filtered);
		vgpu_text_puts(note->out, " left out by the filter");
	}
}

static enum vgpu_note_weight weigh_observer(const struct vgpu_event *event)
{
	return event->note.withdrawn || vgpu_unplaced(event) ? VGPU_NOTE_BAD : VGPU_NOTE_PLAIN;
}

static void format_observer(const struct note *note)
{
	const struct vgpu_event_observer_note *own = &note->event->note;

	if (vgpu_unplaced(note->event)) {
		vgpu_text_puts(note->out, "probe    ");
		put_or(note, own->subject, "?");
		vgpu_text_puts(note->out, " ");
		put_or(note, own->text, "was never placed");
		return;
	}
	vgpu_text_printf(note->out, "observer %s: ", vgpu_observer_name(own->about));
	put_or(note, own->text, own->withdrawn ? "observes nothing from here on" : "a limit");
	if (own->text && own->withdrawn)
		vgpu_text_puts(note->out, "; observes nothing from here on");
	put_by(note, ": ", own->subject);
	if (own->code)
		put_errno(note, own->code);
}

static void format_fact(const struct note *note)
{
	const struct vgpu_event_fact *fact = &note->event->fact;

	vgpu_text_puts(note->out, "fact     ");
	put_or(note, fact->name, "?");
	vgpu_text_puts(note->out, " ");
	put_or(note, fact->subject, "");
	if (fact->error) {
		put_errno(note, fact->error);
		return;
	}
	vgpu_text_puts(note->out, fact->value ? ": " : " is not there");
	put_or(note, fact->value, "");
}

static void format_log(const struct note *note)
{
	const struct vgpu_event_log *log = &note->event->log;

	vgpu_text_puts(note->out, "log      ");
	if (log->unit) {
		puts_escaped(note, log->unit);
		vgpu_text_puts(note->out, ": ");
	}
	put_or(note, log->line, "");
}

static void format_gap(const struct note *note)
{
	vgpu_text_puts(note->out, "gap      not kept: ");
	vgpu_gap_format(note->out, note->look, &note->event->gap);
}

static const struct {
	enum vgpu_note_weight (*weigh)(const struct vgpu_event *event);
	void (*format)(const struct note *note);
} notes[VGPU_EVENT_KINDS] = {
	[VGPU_EVENT_SEARCH] = { weigh_search, format_search },
	[VGPU_EVENT_OBJECT] = { weigh_object, format_object },
	[VGPU_EVENT_UNLOAD] = { weigh_object, format_object },
	[VGPU_EVENT_LINKED] = { weigh_detail, format_linked },
	[VGPU_EVENT_DL] = { weigh_dl, format_dl },
	[VGPU_EVENT_BOUND] = { weigh_detail, format_bound },
	[VGPU_EVENT_CONTEXT] = { weigh_context, format_context },
	[VGPU_EVENT_FILE] = { weigh_file, format_file },
	[VGPU_EVENT_OUTPUT] = { weigh_plain, format_output },
	[VGPU_EVENT_CRASH] = { weigh_bad, format_crash },
	[VGPU_EVENT_IMAGE] = { weigh_plain, format_image },
	[VGPU_EVENT_PROBES] = { weigh_probes, format_probes },
	[VGPU_EVENT_KERNEL_LOSS] = { weigh_kernel_loss, format_kernel_loss },
	[VGPU_EVENT_OBSERVER] = { weigh_observer, format_observer },
	[VGPU_EVENT_FACT] = { weigh_detail, format_fact },
	[VGPU_EVENT_LOG] = { weigh_plain, format_log },
	[VGPU_EVENT_GAP] = { weigh_bad, format_gap },
};

enum vgpu_note_weight vgpu_note_weigh(const struct vgpu_event *event)
{
	return event->kind < VGPU_EVENT_KINDS && notes[event->kind].weigh ? notes[event->kind].weigh(event)
									   : VGPU_NOTE_NONE;
}

void vgpu_note_format(struct vgpu_text *out, const struct vgpu_look *look, const struct vgpu_event *event)
{
	const struct note note = { out, look, event };

	if (vgpu_note_weigh(event) != VGPU_NOTE_NONE)
		notes[event->kind].format(&note);
}
