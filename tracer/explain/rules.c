// SPDX-License-Identifier: Apache-2.0
/* The table of rules as one: numbering, trying a row, its texts, the document. */
#include "tracer/explain/rules.h"

#include <inttypes.h>
#include <string.h>

#include "tracer/model/call.h"
#include "tracer/model/names.h"

/* The order of precedence within a step. */
static const struct vgpu_rule *const parts[] = {
	vgpu_rules_inject, vgpu_rules_host, vgpu_rules_link, vgpu_rules_call, vgpu_rules_device, vgpu_rules_client,
};

const struct vgpu_rule *vgpu_rule_at(unsigned index)
{
	for (unsigned part = 0; part < sizeof(parts) / sizeof(parts[0]); part++)
		for (const struct vgpu_rule *rule = parts[part]; rule->id; rule++)
			if (!index--)
				return rule;
	return NULL;
}

const struct vgpu_rule *vgpu_rule_find(const char *id)
{
	const struct vgpu_rule *rule;

	for (unsigned i = 0; (rule = vgpu_rule_at(i)); i++)
		if (!strcmp(rule->id, id))
			return rule;
	return NULL;
}

/* ---- what a row says by itself ---- */

/* One pattern, up to '|' or its end; only '*' means something. */
static bool glob(const char *pattern, const char *end, const char *text)
{
	for (; pattern < end; pattern++, text++) {
		if (*pattern == '*') {
			while (pattern < end && *pattern == '*')
				pattern++;
			if (pattern == end)
				return true;
			for (; *text; text++)
				if (glob(pattern, end, text))
					return true;
			return false;
		}
		if (*pattern != *text)
			return false;
	}
	return !*text;
}

static bool text_fits(const char *patterns, const char *text)
{
	const char *end;

	for (;; patterns = end + 1) {
		end = patterns + strcspn(patterns, "|");
		if (glob(patterns, end, text))
			return true;
		if (!*end)
			return false;
	}
}

static bool load_fits(const struct vgpu_rule_when *when, const struct vgpu_seen_load *load)
{
	if (!load->failed || load->mended || !load->error || !text_fits(when->refused, load->error) ||
	    (when->code && when->code != load->code))
		return false;
	return !when->not_refused || !text_fits(when->not_refused, load->error);
}

static bool refused(const struct vgpu_rule_when *when, const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	for (uint32_t i = 0; i < place->process->loads.count; i++) {
		const struct vgpu_seen_load *load = &place->process->loads.at[i];
		const char *object = load->object_name && load->object_name[0] ? load->object_name : load->name;

		if (!load_fits(when, load))
			continue;
		if (when->missing && !(when->missing & 1u << vgpu_vendor_part(object)))
			continue;
		finding->event = load->event;
		finding->a = object;
		finding->b = strstr(load->error, "cannot open shared object") ? load->name : load->error;
		return true;
	}
	return false;
}

static bool has_code(const struct vgpu_rule_when *when, int32_t result)
{
	if (!when->codes[0])
		return true;
	for (unsigned i = 0; i < sizeof(when->codes) / sizeof(when->codes[0]) && when->codes[i]; i++)
		if (when->codes[i] == result)
			return true;
	return false;
}

/* The first call that failed so, the innermost one where one failed inside another: it comes first in time of leaving. */
static bool returned(const struct vgpu_rule_when *when, const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_call *best = NULL;

	for (uint32_t i = 0; i < place->process->calls.count; i++) {
		const struct vgpu_seen_call *call = &place->process->calls.at[i];

		if (!call->failures || call->success || !vgpu_name_matches(when->call, call->name) || !has_code(when, call->result))
			continue;
		if (!best || (call->nested && !best->nested))
			best = call;
	}
	if (!best)
		return false;
	finding->a = best->name;
	finding->event = best->failure;
	finding->n = best->result;
	finding->function = best->function;
	return true;
}

static bool mapped(const struct vgpu_rule_when *when, const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	for (uint32_t i = 0; i < place->process->objects.count; i++) {
		const struct vgpu_seen_object *object = &place->process->objects.at[i];

		if (object->gone || !object->path || !text_fits(when->mapped, object->path))
			continue;
		finding->a = object->path;
		finding->event = object->event;
		return true;
	}
	return false;
}

static bool holds(const struct vgpu_rule *rule, const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_rule_when *when = &rule->when;

	if (rule->holds)
		return rule->holds(place, finding);
	if (when->facts_known && !place->set->facts.count)
		return false;
	if (when->visible && vgpu_seen_hidden(place->process))
		return false;
	if (when->mapped && !mapped(when, place, finding))
		return false;
	if (when->refused && !refused(when, place, finding))
		return false;
	return !when->call || returned(when, place, finding);
}

bool vgpu_rule_holds(const struct vgpu_rule *rule, const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	memset(finding, 0, sizeof(*finding));
	finding->rule = rule;
	/* Every rule says that it ended so: whether something better came later must be known. */
	if (!vgpu_seen_discovery_known(place->process))
		return false;
	if (!rule->whatever && place->chain->reached >= rule->step && place->chain->state[rule->step] == VGPU_STATE_YES)
		return false;
	/* The same of the call that it rests on: a filter may have taken its failures only. */
	return holds(rule, place, finding) &&
	       (!finding->function || vgpu_seen_all_calls(place->process, finding->function));
}

/* ---- texts ---- */

static void add_string(struct vgpu_text *out, const struct vgpu_look *look, const char *text)
{
	vgpu_text_escape(out, look, text ? text : "it", strlen(text ? text : "it"), false);
}

void vgpu_rule_format(struct vgpu_text *out, const struct vgpu_look *look, const char *text,
		      const struct vgpu_finding *finding)
{
	const struct vgpu_api *api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(finding->function));

	for (; *text; text++) {
		if (*text != '%') {
			vgpu_text_add(out, text, 1);
			continue;
		}
		switch (*++text) {
		case 'a':
			add_string(out, look, finding->a);
			break;
		case 'b':
			add_string(out, look, finding->b);
			break;
		case 'c':
			add_string(out, look, finding->c);
			break;
		case 'n':
			vgpu_text_printf(out, "%" PRId64, finding->n);
			break;
		case 'r':
			if (finding->function)
				vgpu_result_format(out, api ? api->status : NULL, finding->n);
			else
				vgpu_text_printf(out, "error %" PRId64, finding->n);
			break;
		}
	}
}

/* In a document the places where something is put in read as words. */
static void document_text(struct vgpu_text *out, const char *text)
{
	for (; *text; text++) {
		if (*text != '%') {
			vgpu_text_add(out, text, 1);
			continue;
		}
		switch (*++text) {
		case 'n':
			vgpu_text_puts(out, "*N*");
			break;
		case 'r':
			vgpu_text_puts(out, "*RESULT*");
			break;
		default:
			vgpu_text_puts(out, *text == 'a' ? "*A*" : *text == 'b' ? "*B*" : "*C*");
		}
	}
}

static void document_anchor(struct vgpu_text *out, const char *id)
{
	for (; *id; id++)
		vgpu_text_printf(out, "%c", *id >= 'A' && *id <= 'Z' ? *id + 'a' - 'A' : *id);
}

void vgpu_rules_document(struct vgpu_text *out)
{
	const struct vgpu_rule *rule;
	unsigned count = 0;

	while (vgpu_rule_at(count))
		count++;
	vgpu_text_printf(out, "# Rules\n\n"
			      "What `vgpu-trace explain` knows, %u rules; made from the table in `tracer/explain/rules_*.c`\n"
			      "(`vgpu-trace explain --rules-document`), not by hand. A rule names one cause. It is given as the\n"
			      "verdict where it holds at the first broken link of the chain, and only where what it needs was\n"
			      "observed; within a link, an earlier one in this list goes before a later one.\n", count);
	for (unsigned step = 0; step < VGPU_STEPS; step++) {
		vgpu_text_printf(out, "\n## %s\n", vgpu_step_title(step));
		for (unsigned i = 0; (rule = vgpu_rule_at(i)); i++) {
			if (rule->step != step)
				continue;
			vgpu_text_puts(out, "\n<a id=\"");
			document_anchor(out, rule->id);
			vgpu_text_printf(out, "\"></a>\n### %s\n\n%s.\n\n- Says: ", rule->id, rule->title);
			document_text(out, rule->say);
			vgpu_text_puts(out, "\n- What to do: ");
			document_text(out, rule->todo);
			vgpu_text_printf(out, "\n- Needs: %s.\n", rule->needs);
			if (rule->why)
				vgpu_text_printf(out, "- Why it misleads: %s\n", rule->why);
		}
	}
}
