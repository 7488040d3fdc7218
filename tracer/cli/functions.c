// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace functions: lists what is recorded, from the description's tables. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "shim/api/schema.h"
#include "shim/backend/sim/functions.h"
#include "tracer/cli/args.h"
#include "tracer/cli/command.h"
#include "tracer/cli/say.h"
#include "tracer/model/names.h"

enum { OPTION_SIGNATURE = VGPU_OPTION, OPTION_JSON, OPTION_BACKEND };

const struct vgpu_option vgpu_options_functions[] = {
	{ "library", 'l', "NAME", "only of one library: cuda, nvml, cudart13, cudart12" },
	{ "signature", OPTION_SIGNATURE, NULL, "with result and parameters" },
	{ "backend", OPTION_BACKEND, "NAME", "what the backend (sim) does of each: works, partly, not supported" },
	{ "json", OPTION_JSON, NULL, "one JSON array of objects" },
	{ .name = NULL },
};

static const char *direction_name(unsigned direction)
{
	return direction == VGPU_OUT ? "out" : direction == VGPU_INOUT ? "inout" : "in";
}

static void print_line(const struct vgpu_api *api, const struct vgpu_function *function, bool signature)
{
	if (!signature) {
		printf("%-9s %s%s\n", api->name, function->name,
		       function->flags & VGPU_FUNCTION_DEPRECATED ? "  (deprecated)" : "");
		return;
	}
	printf("%-9s %s %s(", api->name, function->result ? function->result->name : "void", function->name);
	for (uint32_t i = 0; i < function->nparams; i++) {
		const struct vgpu_param *param = &function->params[i];

		printf("%s%s%s %s", i ? ", " : "", param->direction == VGPU_OUT     ? "out "
						   : param->direction == VGPU_INOUT ? "inout "
										    : "",
		       param->type->name, param->name);
	}
	puts(")");
}

/* What the simulation does, and how often. */
enum { SIM_WORKS, SIM_PARTLY, SIM_NOT, SIM_STATES };
static const char *const sim_states[] = { "works", "partly", "not supported" };

static int sim_state(const struct vgpu_api *api, const struct vgpu_function *function, const char **lacks)
{
	*lacks = vgpu_sim_function_lacks(api->name, function->name);
	if (*lacks)
		return SIM_PARTLY;
	return vgpu_sim_function_is(api->name, function->name) ? SIM_WORKS : SIM_NOT;
}

static int print_sim(const struct vgpu_api *api, const struct vgpu_function *function)
{
	const char *lacks;
	int state = sim_state(api, function, &lacks);

	printf("%-9s %-13s %s%s%s%s\n", api->name, sim_states[state], function->name, lacks ? "  (" : "",
	       lacks ? lacks : "", lacks ? ")" : "");
	return state;
}

static struct json_object *to_json(const struct vgpu_api *api, const struct vgpu_function *function, bool sim)
{
	static const char *const captures[] = {
		[VGPU_CAPTURE_WORD] = "word",	[VGPU_CAPTURE_STRING] = "string", [VGPU_CAPTURE_FIXED] = "value",
		[VGPU_CAPTURE_ARRAY] = "array", [VGPU_CAPTURE_BYTES] = "bytes",	  [VGPU_CAPTURE_VALUE] = "struct",
	};
	struct json_object *object = json_object_new_object(), *params = json_object_new_array();

	json_object_object_add(object, "library", json_object_new_string(api->name));
	json_object_object_add(object, "name", json_object_new_string(function->name));
	json_object_object_add(object, "id", json_object_new_int64(function->id));
	json_object_object_add(object, "result",
			       json_object_new_string(function->result ? function->result->name : "void"));
	json_object_object_add(object, "deprecated",
			       json_object_new_boolean(function->flags & VGPU_FUNCTION_DEPRECATED));
	json_object_object_add(object, "since", function->since ? json_object_new_int64(function->since) : NULL);
	for (uint32_t i = 0; i < function->nparams; i++) {
		const struct vgpu_param *param = &function->params[i];
		struct json_object *p = json_object_new_object();

		json_object_object_add(p, "name", json_object_new_string(param->name));
		json_object_object_add(p, "type", json_object_new_string(param->type->name));
		json_object_object_add(p, "direction", json_object_new_string(direction_name(param->direction)));
		json_object_object_add(p, "recorded", json_object_new_string(captures[param->capture]));
		json_object_array_add(params, p);
	}
	json_object_object_add(object, "parameters", params);
	if (sim) {
		const char *lacks;

		json_object_object_add(object, "sim", json_object_new_string(sim_states[sim_state(api, function, &lacks)]));
		json_object_object_add(object, "lacks", lacks ? json_object_new_string(lacks) : NULL);
	}
	return object;
}

int vgpu_cmd_functions(const struct vgpu_command *command, int argc, char **argv)
{
	struct vgpu_args args = { .command = command, .argc = argc, .argv = argv };
	const char *names[9] = { NULL }, *library = NULL, *pattern;
	static const char *const backends[] = { "sim", NULL };
	bool signature = false, json = false, sim = false;
	struct json_object *array = NULL;
	unsigned matched = 0;
	int option;

	for (unsigned i = 0; i < 8 && vgpu_apis[i]; i++)
		names[i] = vgpu_apis[i]->name;
	while ((option = vgpu_args_next(&args)) >= 0) {
		switch (option) {
		case 'l':
			if (vgpu_args_word(&args, "--library", names) < 0)
				return VGPU_EXIT_USAGE;
			library = args.value;
			break;
		case OPTION_SIGNATURE:
			signature = true;
			break;
		case OPTION_BACKEND:
			if (vgpu_args_word(&args, "--backend", backends) < 0)
				return VGPU_EXIT_USAGE;
			sim = true;
			break;
		case OPTION_JSON:
			json = true;
			break;
		}
	}
	if (option != VGPU_ARGS_END)
		return option == VGPU_ARGS_HELP ? VGPU_EXIT_DONE : VGPU_EXIT_USAGE;
	if (args.count > 1) {
		vgpu_say_error("functions: one pattern at a time (quote it, or the shell puts file names in its place)");
		return VGPU_EXIT_USAGE;
	}
	pattern = args.count ? args.positional[0] : "*";
	if (json)
		array = json_object_new_array();
	for (unsigned i = 0; vgpu_apis[i]; i++) {
		const struct vgpu_api *api = vgpu_apis[i];
		unsigned counts[SIM_STATES] = { 0 };

		for (uint32_t k = 0; k < api->count; k++) {
			const struct vgpu_function *function = &api->functions[k];

			if ((library && strcmp(api->name, library)) || !function->name ||
			    !vgpu_name_matches(pattern, function->name))
				continue;
			matched++;
			if (json)
				json_object_array_add(array, to_json(api, function, sim));
			else if (sim)
				counts[print_sim(api, function)]++;
			else
				print_line(api, function, signature);
		}
		if (counts[SIM_WORKS] + counts[SIM_PARTLY] + counts[SIM_NOT])
			printf("%-9s %u work, %u partly, %u are not supported\n", api->name, counts[SIM_WORKS],
			       counts[SIM_PARTLY], counts[SIM_NOT]);
	}
	if (json) {
		puts(json_object_to_json_string_ext(array, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(array);
	}
	if (!matched) {
		vgpu_say_error("no function matches '%s'%s%s", pattern, library ? " in " : "", library ? library : "");
		return VGPU_EXIT_FAILED;
	}
	return VGPU_EXIT_DONE;
}
