// SPDX-License-Identifier: Apache-2.0
/* An explanation as a person reads it. Says nothing that was not observed. */
#include "tracer/explain/print.h"

#include <inttypes.h>
#include <string.h>

#include "tracer/explain/discovery.h"
#include "tracer/explain/rules.h"
#include "tracer/model/call.h"

#define TITLE_COLUMN 27u
/* Processes whose chain is shown whole; the others are a line each, and past those a number. */
#define OTHERS_SHOWN 8u

static const struct vgpu_seen_process *seen(const struct vgpu_explanation *explanation, const struct vgpu_chain *chain)
{
	return explanation->set->processes[chain->process - 1];
}

static void add_escaped(struct vgpu_text *out, const struct vgpu_look *look, const char *text)
{
	vgpu_text_escape(out, look, text ? text : "?", strlen(text ? text : "?"), false);
}

static void add_process(struct vgpu_text *out, const struct vgpu_look *look, const struct vgpu_explanation *explanation,
			uint32_t number)
{
	const struct vgpu_model_process *process = vgpu_model_process(explanation->set->model, number);
	const char *label = vgpu_model_label(explanation->set->model, number);

	add_escaped(out, look, label);
	if (process && !strchr(label, '('))
		vgpu_text_printf(out, "(%d)", process->pid);
}

static void describe_started(const struct vgpu_explanation *explanation, const struct vgpu_chain *chain,
			     const struct vgpu_look *look, struct vgpu_text *out)
{
	const struct vgpu_model_process *model = vgpu_model_process(explanation->set->model, chain->process);
	const struct vgpu_seen_process *process = seen(explanation, chain);
	const char *separator = "";

	if (model && model->parent) {
		vgpu_text_puts(out, "by ");
		add_process(out, look, explanation, model->parent);
		separator = ", ";
	}
	if (process->has_stderr) {
		vgpu_text_printf(out, "%sstderr ", separator);
		vgpu_text_arrow(out, look);
		vgpu_text_puts(out, " ");
		add_escaped(out, look, process->stderr_target ? process->stderr_target : "closed");
	}
}

static void describe_search(const struct vgpu_seen_process *process, const struct vgpu_look *look, struct vgpu_text *out)
{
	unsigned shown = 0;

	for (uint32_t i = 0; i < process->searches.count && shown < 3; i++) {
		const struct vgpu_seen_search *search = &process->searches.at[i];

		if (search->part == VGPU_PART_HELPER)
			continue;
		vgpu_text_puts(out, shown++ ? "; " : "");
		add_escaped(out, look, search->name);
		if (search->tried)
			vgpu_text_printf(out, ", %u place%s", search->tried, search->tried == 1 ? "" : "s");
	}
}

static void describe_opened(const struct vgpu_seen_process *process, const struct vgpu_look *look, struct vgpu_text *out)
{
	const struct vgpu_seen_object *object = NULL;
	static const enum vgpu_part order[] = { VGPU_PART_BACKEND, VGPU_PART_DRIVER, VGPU_PART_RUNTIME, VGPU_PART_MONITOR };

	for (unsigned i = 0; i < 4 && !object; i++)
		for (uint32_t k = 0; k < process->objects.count && !object; k++)
			if (process->objects.at[k].part == order[i])
				object = &process->objects.at[k];
	if (object) {
		add_escaped(out, look, object->path);
		if (object->library)
			vgpu_text_puts(out, "  (ours)");
	}
}

static void describe_call(const struct vgpu_seen_process *process, const char *names, struct vgpu_text *out)
{
	const struct vgpu_seen_call *call = vgpu_seen_call(process, names);

	if (call)
		vgpu_text_puts(out, call->name);
}

static void describe_devices(const struct vgpu_seen_process *process, const struct vgpu_look *look, enum vgpu_step step,
			     struct vgpu_text *out)
{
	const struct vgpu_seen_device *device = NULL;

	for (uint32_t i = 0; i < process->devices.count && !device; i++)
		if (step == VGPU_STEP_MEMORY ? process->devices.at[i].has_memory : process->devices.at[i].name[0])
			device = &process->devices.at[i];
	if (!device)
		return;
	if (step == VGPU_STEP_MEMORY) {
		vgpu_text_bytes(out, device->total);
		if (device->has_free) {
			vgpu_text_puts(out, ", ");
			vgpu_text_bytes(out, device->free);
			vgpu_text_puts(out, " free");
		}
		return;
	}
	add_escaped(out, look, device->name);
	if (device->has_major)
		vgpu_text_printf(out, ", compute %" PRId64 ".%" PRId64, device->major, device->minor < 0 ? 0 : device->minor);
}

void vgpu_chain_unobserved(const struct vgpu_explanation *explanation, const struct vgpu_chain *chain, enum vgpu_step step,
			   struct vgpu_text *out)
{
	const struct vgpu_seen_process *process = seen(explanation, chain);
	const struct vgpu_model_coverage *coverage;

	if (vgpu_seen_gap(process)) {
		vgpu_text_puts(out, "part of the recording was not kept (--max-size)");
		return;
	}
	if (step <= VGPU_STEP_SYMBOLS) {
		if (process->link_why)
			vgpu_text_puts(out, process->link_why);
		else if (!vgpu_model_observed(explanation->set->model, VGPU_OBSERVER_LINK, &coverage))
			vgpu_text_printf(out, "the link observer was off%s%s", coverage && coverage->why ? ": " : "",
					 coverage && coverage->why ? coverage->why : "");
		else
			vgpu_text_puts(out, "the process goes on");
		return;
	}
	if (vgpu_seen_calls_known(explanation->set, process)) {
		vgpu_text_puts(out, process->ended ? "not asked for" : "the process goes on");
		return;
	}
	if (explanation->set->model->filter) {
		vgpu_text_puts(out, "only calls that pass the recording's filter are on record");
		return;
	}
	if (process->losses) {
		vgpu_text_puts(out, "calls were lost");
		return;
	}
	vgpu_text_puts(out, "calls into its own libraries are not seen without the kernel observer (root), "
			    "`--shim forward:DIR` or `--shim sim`");
}

void vgpu_chain_describe(const struct vgpu_explanation *explanation, const struct vgpu_chain *chain, enum vgpu_step step,
			 const struct vgpu_look *look, struct vgpu_text *out)
{
	const struct vgpu_seen_process *process = seen(explanation, chain);
	bool monitor = vgpu_profile_rows[chain->profile].monitor;

	switch (step) {
	case VGPU_STEP_STARTED:
		describe_started(explanation, chain, look, out);
		break;
	case VGPU_STEP_SEARCHED:
		describe_search(process, look, out);
		break;
	case VGPU_STEP_OPENED:
		describe_opened(process, look, out);
		break;
	case VGPU_STEP_CALLED:
	case VGPU_STEP_INIT:
		describe_call(process, monitor ? "nvmlInit*" : "cudaGetDeviceCount,cuInit", out);
		break;
	case VGPU_STEP_COUNTED:
		if (process->count >= 0)
			vgpu_text_printf(out, "%" PRId64 " device%s", process->count, process->count == 1 ? "" : "s");
		break;
	case VGPU_STEP_PROPERTIES:
	case VGPU_STEP_MEMORY:
		describe_devices(process, look, step, out);
		break;
	default:
		break;
	}
}

/* ---- the chain ---- */

static void add_mark(struct vgpu_text *out, const struct vgpu_look *look, enum vgpu_state state)
{
	static const char *const wide[] = { "?", "✓", "✗", "·" }, *const narrow[] = { "?", "+", "x", "." };
	static const enum vgpu_colour colours[] = { VGPU_COLOUR_WARN, VGPU_COLOUR_GOOD, VGPU_COLOUR_BAD, VGPU_COLOUR_DIM };

	vgpu_text_colour(out, look, colours[state]);
	vgpu_text_puts(out, look->utf8 ? wide[state] : narrow[state]);
	vgpu_text_colour(out, look, VGPU_COLOUR_PLAIN);
}

static void add_step(const struct vgpu_explanation *explanation, const struct vgpu_chain *chain, enum vgpu_step step,
		     const struct vgpu_look *look, struct vgpu_text *out)
{
	size_t start = out->size;

	vgpu_text_puts(out, "   ");
	add_mark(out, look, chain->state[step]);
	vgpu_text_printf(out, " %s", vgpu_step_title(step));
	vgpu_text_pad(out, start, TITLE_COLUMN);
	switch (chain->state[step]) {
	case VGPU_STATE_BROKEN:
		vgpu_rule_format(out, look, chain->broken.rule->say, &chain->broken);
		if (chain->broken.event)
			vgpu_text_printf(out, "   event %" PRIu64, chain->broken.event);
		if (chain->broken.event2)
			vgpu_text_printf(out, "%s%" PRIu64, chain->broken.event ? ", " : "   event ", chain->broken.event2);
		break;
	case VGPU_STATE_UNREACHED:
		vgpu_text_puts(out, "not reached");
		break;
	case VGPU_STATE_UNKNOWN:
		vgpu_text_puts(out, "not observed: ");
		vgpu_chain_unobserved(explanation, chain, step, out);
		break;
	default:
		vgpu_chain_describe(explanation, chain, step, look, out);
	}
	vgpu_text_puts(out, "\n");
}

static void add_chain(const struct vgpu_explanation *explanation, const struct vgpu_chain *chain, const struct vgpu_look *look,
		      struct vgpu_text *out)
{
	const struct vgpu_model_process *process = vgpu_model_process(explanation->set->model, chain->process);
	enum vgpu_state last = VGPU_STATE_YES;

	vgpu_text_puts(out, "\n  ");
	add_process(out, look, explanation, chain->process);
	vgpu_text_puts(out, "  ");
	for (uint32_t at = 0, n = 0; process && process->argv && at < process->argv_size;
	     at += strlen(process->argv + at) + 1) {
		if (n++ == 12) {
			vgpu_text_ellipsis(out, look);
			break;
		}
		vgpu_text_shell_word(out, look, process->argv + at);
		vgpu_text_puts(out, " ");
	}
	if (process && process->container) {
		vgpu_text_puts(out, " (in ");
		add_escaped(out, look, process->container);
		vgpu_text_puts(out, ") ");
	}
	vgpu_text_printf(out, " %s%s%s\n", look->utf8 ? "— " : "-- ", vgpu_profile_rows[chain->profile].title,
			 chain->pass == 2 ? ", second pass" : "");
	for (unsigned step = 0; step < VGPU_STEPS; step++) {
		/* The same reason again says nothing new. */
		if (step && chain->state[step] == last && (last == VGPU_STATE_UNREACHED || last == VGPU_STATE_UNKNOWN)) {
			size_t start = out->size;
			unsigned end = step;

			if (last == VGPU_STATE_UNKNOWN && step == VGPU_STEP_CALLED) {
				add_step(explanation, chain, step, look, out);
				continue;
			}
			while (end + 1 < VGPU_STEPS && chain->state[end + 1] == last)
				end++;
			vgpu_text_puts(out, "   ");
			add_mark(out, look, last);
			vgpu_text_puts(out, " ");
			vgpu_text_ellipsis(out, look);
			vgpu_text_pad(out, start, TITLE_COLUMN);
			vgpu_text_printf(out, "likewise, up to: %s\n", vgpu_step_title(end));
			step = end;
			continue;
		}
		add_step(explanation, chain, step, look, out);
		last = chain->state[step];
	}
}

static void add_line(struct vgpu_text *out, const struct vgpu_look *look, const char *title)
{
	size_t start = out->size;

	vgpu_text_puts(out, "  ");
	vgpu_text_colour(out, look, VGPU_COLOUR_HEAD);
	vgpu_text_puts(out, title);
	vgpu_text_colour(out, look, VGPU_COLOUR_PLAIN);
	vgpu_text_pad(out, start, 15);
}

/* ---- stacks ---- */

/* Processes whose crash is shown with its stack. */
#define CRASHES_SHOWN 3u

static void add_stack(const struct vgpu_explanation *explanation, uint32_t process, const struct vgpu_seen_stack *stack,
		      const char *title, const struct vgpu_look *look, struct vgpu_text *out)
{
	struct vgpu_event event = { .kind = stack->kind, .process = process, .time_ns = stack->time_ns };
	const char *why = vgpu_stack_end_text(stack->end);

	/* Of a crash, the first is where it was. */
	if (stack->kind == VGPU_EVENT_CRASH)
		event.crash.ip = stack->words[0];
	for (uint32_t i = 0; i < stack->count; i++) {
		add_line(out, look, i ? "" : title);
		vgpu_text_printf(out, "#%-2u ", i);
		explanation->frame(explanation->frame_data, &event, stack->words[i], out);
		vgpu_text_puts(out, "\n");
	}
	if (!why)
		return;
	add_line(out, look, "");
	vgpu_text_printf(out, "(%s)\n", why);
}

/* Who made the call that decided. */
static void add_callers(const struct vgpu_explanation *explanation, const struct vgpu_chain *chain,
			const struct vgpu_look *look, struct vgpu_text *out)
{
	const struct vgpu_seen_stack *stack = vgpu_seen_stack(seen(explanation, chain), chain->broken.event);

	if (!stack)
		stack = vgpu_seen_stack(seen(explanation, chain), chain->broken.event2);
	if (stack && stack->kind != VGPU_EVENT_CRASH && explanation->frame)
		add_stack(explanation, chain->process, stack, "Called from", look, out);
}

static void add_crashes(const struct vgpu_explanation *explanation, const struct vgpu_look *look, struct vgpu_text *out)
{
	unsigned shown = 0;

	for (uint32_t i = 0; explanation->frame && i < explanation->set->process_count && shown < CRASHES_SHOWN; i++) {
		const struct vgpu_seen_process *process = explanation->set->processes[i];
		const struct vgpu_seen_stack *stack = process ? vgpu_seen_stack(process, process->crash_event) : NULL;
		const char *name;

		if (!stack)
			continue;
		shown++;
		name = sigabbrev_np(process->crash_signal);
		add_line(out, look, "Crashed");
		add_process(out, look, explanation, process->number);
		vgpu_text_printf(out, " by SIG%s, event %" PRIu64 "\n", name ? name : "?", process->crash_event);
		add_stack(explanation, process->number, stack, "", look, out);
	}
}

static void add_rule(const struct vgpu_explanation *explanation, const struct vgpu_chain *chain, const struct vgpu_look *look,
		     struct vgpu_text *out)
{
	const struct vgpu_rule *rule = chain->broken.rule;
	const struct vgpu_seen_process *process = seen(explanation, chain);
	unsigned count = 0;

	while (vgpu_rule_at(count))
		count++;
	vgpu_text_puts(out, "\n");
	add_line(out, look, "What to do");
	vgpu_rule_format(out, look, rule->todo, &chain->broken);
	vgpu_text_puts(out, "\n");
	add_callers(explanation, chain, look, out);
	if (rule->why || (process->has_stderr && process->stderr_target && !strcmp(process->stderr_target, "/dev/null"))) {
		add_line(out, look, "Why silent");
		if (rule->why)
			vgpu_rule_format(out, look, rule->why, &chain->broken);
		if (process->has_stderr && process->stderr_target && !strcmp(process->stderr_target, "/dev/null"))
			vgpu_text_printf(out, "%sIts stderr is /dev/null.", rule->why ? " " : "");
		vgpu_text_puts(out, "\n");
	}
	add_line(out, look, "Rule");
	vgpu_text_printf(out, "%s ", rule->id);
	vgpu_text_dot(out, look);
	vgpu_text_printf(out, " 1 of %u rules ", count);
	vgpu_text_dot(out, look);
	vgpu_text_puts(out, " docs/rules.md#");
	for (const char *at = rule->id; *at; at++)
		vgpu_text_printf(out, "%c", *at >= 'A' && *at <= 'Z' ? *at + 'a' - 'A' : *at);
	vgpu_text_puts(out, "\n");
}

/* What a log says, beside what was seen: it supports, and decides nothing. */
static void add_log(const struct vgpu_explanation *explanation, const struct vgpu_look *look, struct vgpu_text *out)
{
	static const struct {
		const char *words, *means;
	} lines[] = {
		{ "no compatible GPUs were discovered", "the client found none" },
		{ "library=cpu", "the client computes on the CPU" },
		{ "failure during GPU discovery", "a discovery child failed" },
		{ "failed to finish discovery before timeout", "a discovery child took too long" },
		{ "filtering device which didn't fully initialize", "the second look lost a device" },
		{ "dropping duplicate device", "two devices had one UUID" },
		{ "NVIDIA driver too old", "the client's own version check" },
		{ "ggml_cuda_init: failed to initialize CUDA", "the runtime refused" },
		{ "cannot be preloaded", "the linker ignored a preload" },
		{ "CUDA error", "the backend gave up" },
	};
	unsigned shown = 0;

	for (uint32_t i = 0; i < explanation->set->logs.count && shown < 6; i++)
		for (unsigned k = 0; k < sizeof(lines) / sizeof(lines[0]); k++) {
			const struct vgpu_seen_log *log = &explanation->set->logs.at[i];

			if (!log->text || !strstr(log->text, lines[k].words))
				continue;
			add_line(out, look, shown++ ? "" : "In its log");
			vgpu_text_printf(out, "line %" PRIu64 ": %s: ", log->line, lines[k].means);
			vgpu_text_escape(out, look, log->text, strlen(log->text) > 120 ? 120 : strlen(log->text), true);
			vgpu_text_puts(out, "\n");
			break;
		}
}

static void add_others(const struct vgpu_explanation *explanation, const struct vgpu_look *look, struct vgpu_text *out)
{
	unsigned shown = 0, more = 0;

	for (uint32_t i = 0; i < explanation->count; i++) {
		const struct vgpu_chain *chain = &explanation->chains[i];

		if (chain == explanation->decider || (!chain->attempted && chain->profile != VGPU_PROFILE_SERVE))
			continue;
		if (shown == OTHERS_SHOWN) {
			more++;
			continue;
		}
		add_line(out, look, shown++ ? "" : "Also");
		add_process(out, look, explanation, chain->process);
		vgpu_text_puts(out, ": ");
		if (chain->broken.rule) {
			vgpu_text_printf(out, "broken at \"%s\": ", vgpu_step_title(chain->broken.rule->step));
			vgpu_rule_format(out, look, chain->broken.rule->say, &chain->broken);
			vgpu_text_printf(out, " (%s)", chain->broken.rule->id);
		} else if (chain->found) {
			vgpu_text_puts(out, "found its device");
		} else {
			vgpu_text_printf(out, "came to \"%s\"", vgpu_step_title(chain->reached));
			if (chain->profile == VGPU_PROFILE_SERVE)
				vgpu_text_printf(out, "; normal: %s", vgpu_profile_rows[chain->profile].normal);
		}
		vgpu_text_puts(out, "\n");
	}
	if (more) {
		add_line(out, look, "");
		vgpu_text_printf(out, "and %u more\n", more);
	}
}

bool vgpu_explanation_headline(const struct vgpu_explanation *explanation, const struct vgpu_look *look, const char *made_up,
			       struct vgpu_text *out)
{
	const struct vgpu_chain *chain = explanation->decider;

	if (explanation->outcome != VGPU_OUTCOME_CPU)
		return false;
	vgpu_text_colour(out, look, VGPU_COLOUR_BAD);
	vgpu_text_puts(out, vgpu_profile_rows[chain->profile].monitor ? "NO GPU" : "CPU MODE");
	if (made_up)
		vgpu_text_printf(out, " (%s)", made_up);
	vgpu_text_colour(out, look, VGPU_COLOUR_PLAIN);
	vgpu_text_puts(out, ": ");
	vgpu_rule_format(out, look, chain->broken.rule->say, &chain->broken);
	vgpu_text_puts(out, "\n");
	return true;
}

void vgpu_explanation_format(const struct vgpu_explanation *explanation, const struct vgpu_look *look, struct vgpu_text *out)
{
	if (!explanation->decider) {
		add_crashes(explanation, look, out);
		return;
	}
	add_chain(explanation, explanation->decider, look, out);
	if (explanation->decider->broken.rule)
		add_rule(explanation, explanation->decider, look, out);
	else
		vgpu_text_puts(out, "\n");
	add_crashes(explanation, look, out);
	add_others(explanation, look, out);
	add_log(explanation, look, out);
}

void vgpu_explanation_all_rules(const struct vgpu_explanation *explanation, const struct vgpu_look *look, struct vgpu_text *out)
{
	const struct vgpu_rule *rule;

	for (unsigned i = 0; (rule = vgpu_rule_at(i)); i++) {
		const struct vgpu_chain *holds = NULL;
		size_t start = out->size;

		for (uint32_t k = 0; k < explanation->count && !holds; k++)
			if (explanation->chains[k].broken.rule == rule)
				holds = &explanation->chains[k];
		vgpu_text_printf(out, "%s", rule->id);
		vgpu_text_pad(out, start, 26);
		if (holds && holds == explanation->decider) {
			vgpu_text_puts(out, "holds: this is the cause");
		} else if (holds) {
			vgpu_text_puts(out, "holds for ");
			add_process(out, look, explanation, holds->process);
			vgpu_text_puts(out, ", which does not decide");
		} else if (explanation->decider && !rule->whatever && explanation->decider->reached >= rule->step &&
			   explanation->decider->state[rule->step] == VGPU_STATE_YES) {
			vgpu_text_printf(out, "does not apply: \"%s\" went well", vgpu_step_title(rule->step));
		} else if (explanation->decider && explanation->decider->broken.rule &&
			   rule->step > explanation->decider->broken.rule->step) {
			vgpu_text_puts(out, "not asked: the chain broke before");
		} else if (explanation->decider && explanation->decider->broken.rule == NULL &&
			   explanation->outcome == VGPU_OUTCOME_UNKNOWN) {
			vgpu_text_printf(out, "not shown; it needs %s", rule->needs);
		} else {
			vgpu_text_puts(out, "does not apply: nothing seen says so");
		}
		vgpu_text_puts(out, "\n");
	}
}
