// SPDX-License-Identifier: Apache-2.0
/* Text over a view: the help page, and all about a call or a function. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tracer/model/call.h"
#include "tracer/model/names.h"
#include "tui/app.h"

void tui_pager_open(struct tui_app *app, const char *title)
{
	app->pager.open = true;
	app->pager.top = 0;
	app->pager.lines = 0;
	app->pager.columns = 0;
	snprintf(app->pager.title, sizeof(app->pager.title), "%s", title);
	vgpu_text_clear(&app->pager.text);
}

void tui_pager_line(struct tui_app *app, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vgpu_text_vprintf(&app->pager.text, format, ap);
	va_end(ap);
	vgpu_text_puts(&app->pager.text, "\n");
	app->pager.columns = 0;
}

static void head(struct tui_app *app, const char *title)
{
	struct vgpu_text line = { 0 };

	vgpu_text_colour(&line, &app->look, VGPU_COLOUR_HEAD);
	vgpu_text_puts(&line, title);
	vgpu_text_colour(&line, &app->look, VGPU_COLOUR_PLAIN);
	tui_pager_line(app, "%s", vgpu_text_string(&line));
	vgpu_text_free(&line);
}

void tui_help(struct tui_app *app)
{
	const char *name, *help;

	tui_pager_open(app, "Help");
	head(app, "Views");
	for (unsigned i = 0; tui_views[i]; i++)
		tui_pager_line(app, "  %-22u%-12s%s", i + 1, tui_views[i]->title, tui_views[i]->help);
	tui_pager_line(app, "%s", "");
	head(app, "Keys");
	for (const struct tui_binding *binding = tui_bindings; binding->help; binding++) {
		char keys[64] = "", room[16];

		for (unsigned i = 0; i < TUI_KEYS_EACH && binding->keys[i]; i++)
			snprintf(keys + strlen(keys), sizeof(keys) - strlen(keys), "%s%s", i ? "  " : "",
				 tui_key_name(binding->keys[i], room));
		tui_pager_line(app, "  %-22s%s", keys, binding->help);
	}
	tui_pager_line(app, "  %-22s%s", "mouse", "choose a view, a line (twice: its detail), a column to sort by; the wheel moves");
	tui_pager_line(app, "%s", "");
	head(app, "What a filter can ask for");
	for (unsigned i = 0; vgpu_filter_field(i, &name, &help); i++)
		tui_pager_line(app, "  %-22s%s", name, help);
}

/* ---- a function ---- */

static void prototype(const struct vgpu_function *function, struct vgpu_text *out)
{
	vgpu_text_printf(out, "%s %s(", function->result ? function->result->name : "void", function->name);
	for (uint32_t i = 0; i < function->nparams; i++) {
		const struct vgpu_param *param = &function->params[i];
		const char *type = param->type->name;

		vgpu_text_printf(out, "%s%s%s%s", i ? ", " : "", type, type[strlen(type) - 1] == '*' ? "" : " ",
				 param->name);
	}
	vgpu_text_puts(out, ")");
}

void tui_detail_function(struct tui_app *app, uint32_t id)
{
	const struct vgpu_function *function = vgpu_function_find(id);
	const struct vgpu_api *api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(id));
	struct vgpu_text line = { 0 };

	if (!function || !api) {
		tui_pager_line(app, "  this program's tables do not describe it");
		return;
	}
	prototype(function, &line);
	tui_pager_line(app, "  %s", vgpu_text_string(&line));
	vgpu_text_clear(&line);
	vgpu_text_printf(&line, "%s, %s", api->title, api->soname);
	if (function->since)
		vgpu_text_printf(&line, ", since %u.%u", function->since / 1000, function->since % 1000 / 10);
	if (function->flags & VGPU_FUNCTION_DEPRECATED)
		vgpu_text_puts(&line, ", kept for old programs");
	if (function->flags & VGPU_FUNCTION_LOOKUP)
		vgpu_text_puts(&line, ", hands out entry points");
	if (function->flags & VGPU_FUNCTION_BULK)
		vgpu_text_puts(&line, ", a registration");
	tui_pager_line(app, "  %s", vgpu_text_string(&line));
	vgpu_text_free(&line);
}

/* ---- a call ---- */

static void witnesses(uint32_t observer, struct vgpu_text *out)
{
	bool any = false;

	for (unsigned bit = 0; bit < 8; bit++)
		if (observer & 1u << bit) {
			vgpu_text_printf(out, "%s%s", any ? ", " : "", vgpu_observer_name(1u << bit));
			any = true;
		}
	if (!any)
		vgpu_text_puts(out, "not recorded");
}

/* Each parameter by itself: the word that was passed, and what lay behind it. */
static void arguments(struct tui_app *app, const struct vgpu_event *event)
{
	const struct vgpu_function *function = vgpu_function_find(event->call.function);
	static const char *const directions[] = { "", "in", "out", "in, out" };
	struct vgpu_look full = app->look;
	struct vgpu_value_place place = { .look = &full, .handles = app->store->handles, .process = event->process,
					  .function = function ? function->name : NULL };
	struct vgpu_text line = { 0 };

	full.full = true;
	for (uint32_t i = 0; i < event->call.args.count; i++) {
		const struct vgpu_param *param = function && i < function->nparams ? &function->params[i] : NULL;
		const struct vgpu_type *type;
		const uint8_t *bytes;
		size_t size;

		vgpu_text_clear(&line);
		if (param && vgpu_call_value(&event->call, param->name, &type, &bytes, &size)) {
			if (param->capture == VGPU_CAPTURE_STRING || (param->capture == VGPU_CAPTURE_BYTES && type->kind == VGPU_TYPE_CHAR))
				vgpu_value_format_string(&line, &place, bytes, size, size);
			else
				vgpu_value_format(&line, &place, type, param->name, bytes, size, size);
		}
		tui_pager_line(app, "  %-18s %-8s 0x%-16" PRIx64 " %s%s%s", param ? param->name : "?",
			       param ? directions[param->direction & 3] : "", event->call.args.words[i],
			       param ? param->type->name : "", line.size ? "  =  " : "", vgpu_text_string(&line));
	}
	vgpu_text_free(&line);
}

static void running(struct tui_app *app, const struct tui_entry *entry)
{
	struct vgpu_text line = { 0 };

	vgpu_text_duration(&line, &app->look, entry->event.call.duration_ns);
	if (entry->mark == VGPU_TREE_LAST)
		tui_pager_line(app, "  never returned: the process ended inside");
	else
		tui_pager_line(app, "  not returned when it was looked at, after %s", vgpu_text_string(&line));
	vgpu_text_free(&line);
}

static void caller(struct tui_app *app, const struct vgpu_event *event, unsigned number, uint64_t address)
{
	struct vgpu_text line = { 0 };

	if (app->options.frame)
		app->options.frame(app->options.frame_data, event, address, &line);
	else
		vgpu_text_printf(&line, "0x%" PRIx64, address);
	tui_pager_line(app, "  #%-2u %s", number, vgpu_text_string(&line));
	vgpu_text_free(&line);
}

static void callers(struct tui_app *app, const struct vgpu_event *event)
{
	const struct vgpu_event_call *call = &event->call;
	const char *why = vgpu_stack_end_text(call->stack_end);

	for (uint32_t i = 0; i < call->stack.count; i++)
		caller(app, event, i, call->stack.words[i]);
	if (call->stack.count && why)
		tui_pager_line(app, "  (%s)", why);
	if (call->stack.count)
		return;
	if (call->flags & VGPU_CALL_CALLER_HIDDEN)
		tui_pager_line(app, "  hidden by a return probe");
	else
		caller(app, event, 0, call->caller);
	tui_pager_line(app, "  no further stack is on record");
}

void tui_detail_call(struct tui_app *app, const struct tui_entry *entry)
{
	const struct vgpu_event *event = &entry->event;
	const struct vgpu_event_call *call = &event->call;
	struct vgpu_look full = app->look;
	struct vgpu_value_place place = { .look = &full, .handles = app->store->handles, .process = event->process };
	const struct vgpu_model_process *process = vgpu_model_process(app->model, event->process);
	struct vgpu_text line = { 0 };

	full.full = true;
	if (call->name)
		tui_escape(app, call->name, &line);
	else
		vgpu_call_format_name(&line, call->function);
	vgpu_text_printf(&line, ", event %" PRIu64, event->number);
	tui_pager_open(app, vgpu_text_string(&line));

	head(app, "Call");
	vgpu_text_clear(&line);
	vgpu_call_format(&line, &place, call, event->kind == VGPU_EVENT_PENDING);
	tui_pager_line(app, "  %s", vgpu_text_string(&line));
	if (event->kind == VGPU_EVENT_PENDING) {
		running(app, entry);
	} else {
		vgpu_text_clear(&line);
		vgpu_text_colour(&line, &app->look, vgpu_call_failed(call) ? VGPU_COLOUR_BAD : VGPU_COLOUR_GOOD);
		if (!vgpu_call_format_result(&line, &place, call))
			vgpu_text_puts(&line, "no result");
		vgpu_text_colour(&line, &app->look, VGPU_COLOUR_PLAIN);
		vgpu_call_format_flags(&line, call, vgpu_model_backend(process, VGPU_FUNCTION_LIBRARY(call->function)));
		vgpu_text_puts(&line, " in ");
		vgpu_text_duration(&line, &app->look, call->duration_ns);
		tui_pager_line(app, "  %s", vgpu_text_string(&line));
	}
	tui_pager_line(app, "%s", "");
	head(app, "Arguments");
	if (!call->args.count)
		tui_pager_line(app, "  none");
	arguments(app, event);
	tui_pager_line(app, "%s", "");
	head(app, "Function");
	tui_detail_function(app, call->function);
	tui_pager_line(app, "%s", "");
	head(app, "Where and when");
	vgpu_text_clear(&line);
	tui_process_name(app, event->process, &line);
	if (process && process->container) {
		vgpu_text_puts(&line, " in ");
		tui_escape(app, process->container, &line);
	}
	vgpu_text_printf(&line, ", thread %d", event->tid);
	if (call->thread_name) {
		vgpu_text_puts(&line, " ");
		tui_escape(app, call->thread_name, &line);
	}
	vgpu_text_printf(&line, ", its call %" PRIu64 ", depth %u", call->ordinal + 1, call->depth);
	tui_pager_line(app, "  %s", vgpu_text_string(&line));
	vgpu_text_clear(&line);
	tui_time(app, event->time_ns, &line);
	vgpu_text_puts(&line, " s, to within ");
	vgpu_text_duration(&line, &app->look, event->time_error_ns);
	tui_pager_line(app, "  %s", vgpu_text_string(&line));
	vgpu_text_clear(&line);
	vgpu_text_puts(&line, "seen by ");
	witnesses(event->observer, &line);
	tui_pager_line(app, "  %s", vgpu_text_string(&line));
	tui_pager_line(app, "%s", "");
	head(app, "Callers");
	callers(app, event);
	vgpu_text_free(&line);
}
