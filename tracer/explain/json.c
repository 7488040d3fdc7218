// SPDX-License-Identifier: Apache-2.0
/* An explanation as one JSON object. */
#include <errno.h>
#include <json.h>
#include <string.h>

#include "tracer/explain/print.h"
#include "tracer/explain/rules.h"

static void add_text(struct json_object *to, const char *key, const char *text)
{
	json_object_object_add(to, key, text ? json_object_new_string(text) : NULL);
}

static struct json_object *events_of(const struct vgpu_finding *finding)
{
	struct json_object *events = json_object_new_array();

	if (finding->event)
		json_object_array_add(events, json_object_new_uint64(finding->event));
	if (finding->event2)
		json_object_array_add(events, json_object_new_uint64(finding->event2));
	return events;
}

static struct json_object *finding_of(const struct vgpu_finding *finding)
{
	static const struct vgpu_look look = { .utf8 = true };
	struct json_object *rule = json_object_new_object();
	struct vgpu_text text = { 0 };

	add_text(rule, "id", finding->rule->id);
	add_text(rule, "step", vgpu_step_name(finding->rule->step));
	vgpu_rule_format(&text, &look, finding->rule->say, finding);
	add_text(rule, "says", vgpu_text_string(&text));
	vgpu_text_clear(&text);
	vgpu_rule_format(&text, &look, finding->rule->todo, finding);
	add_text(rule, "what_to_do", vgpu_text_string(&text));
	json_object_object_add(rule, "events", events_of(finding));
	vgpu_text_free(&text);
	return rule;
}

static struct json_object *chain_of(const struct vgpu_explanation *explanation, const struct vgpu_chain *chain)
{
	static const struct vgpu_look look = { .utf8 = true };
	const struct vgpu_model_process *model = vgpu_model_process(explanation->set->model, chain->process);
	struct json_object *object = json_object_new_object(), *steps = json_object_new_array();
	struct vgpu_text text = { 0 };

	json_object_object_add(object, "process", json_object_new_int64(chain->process));
	json_object_object_add(object, "pid", model ? json_object_new_int(model->pid) : NULL);
	add_text(object, "name", vgpu_model_label(explanation->set->model, chain->process));
	add_text(object, "profile", vgpu_profile_rows[chain->profile].name);
	json_object_object_add(object, "pass", json_object_new_int((int)chain->pass));
	json_object_object_add(object, "found", json_object_new_boolean(chain->found));
	json_object_object_add(object, "attempted", json_object_new_boolean(chain->attempted));
	for (unsigned step = 0; step < VGPU_STEPS; step++) {
		struct json_object *one = json_object_new_object();

		add_text(one, "step", vgpu_step_name(step));
		add_text(one, "state", vgpu_state_name(chain->state[step]));
		vgpu_text_clear(&text);
		if (chain->state[step] == VGPU_STATE_UNKNOWN)
			vgpu_chain_unobserved(explanation, chain, step, &text);
		else if (chain->state[step] == VGPU_STATE_YES)
			vgpu_chain_describe(explanation, chain, step, &look, &text);
		add_text(one, "text", vgpu_text_string(&text));
		if (chain->event[step])
			json_object_object_add(one, "event", json_object_new_uint64(chain->event[step]));
		json_object_array_add(steps, one);
	}
	json_object_object_add(object, "chain", steps);
	json_object_object_add(object, "rule", chain->broken.rule ? finding_of(&chain->broken) : NULL);
	vgpu_text_free(&text);
	return object;
}

int vgpu_explanation_json(const struct vgpu_explanation *explanation, const char *headline, struct vgpu_text *out)
{
	static const char *const outcomes[] = { "found", "cpu", "not-known" };
	struct json_object *object = json_object_new_object(), *processes = json_object_new_array();

	if (!object || !processes)
		return -ENOMEM;
	add_text(object, "verdict", outcomes[explanation->outcome]);
	add_text(object, "headline", headline);
	json_object_object_add(object, "decider",
			       explanation->decider ? json_object_new_int64(explanation->decider->process) : NULL);
	json_object_object_add(object, "rule",
			       explanation->decider && explanation->decider->broken.rule &&
					       explanation->outcome == VGPU_OUTCOME_CPU
				   ? finding_of(&explanation->decider->broken)
				   : NULL);
	add_text(object, "recorded_filter", explanation->set->model->filter);
	json_object_object_add(object, "events_not_kept", json_object_new_uint64(explanation->set->model->gap.events));
	for (uint32_t i = 0; i < explanation->count; i++)
		json_object_array_add(processes, chain_of(explanation, &explanation->chains[i]));
	json_object_object_add(object, "processes", processes);
	vgpu_text_puts(out, json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	vgpu_text_puts(out, "\n");
	json_object_put(object);
	return out->failed ? -ENOMEM : 0;
}
