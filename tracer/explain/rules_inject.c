// SPDX-License-Identifier: Apache-2.0
/* Rules of putting libraries in: what the program was given did not reach it, or something else came first. */
#include <string.h>

#include "tracer/explain/rules.h"

static bool puts_in(const struct vgpu_rule_place *place)
{
	return place->set->model->has_session && vgpu_shim_puts_in(place->set->model->mode);
}

/* Whether this program, or a parent of it in the stream, is the one that the session was for. */
static bool is_out(const struct vgpu_rule_place *place, const char *why)
{
	return puts_in(place) && place->model && place->model->presence == VGPU_PRESENCE_OUT &&
	       (place->chain->attempted || !place->model->parent) &&
	       place->model->presence_why && strstr(place->model->presence_why, why);
}

static bool cleared(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	(void)finding;
	return is_out(place, "environment lacks our variables");
}

static bool is_static(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	(void)finding;
	/* The command itself: helpers of it may be static. */
	return puts_in(place) && place->model && !place->model->parent && place->model->presence == VGPU_PRESENCE_OUT &&
	       place->model->presence_why && strstr(place->model->presence_why, "static program");
}

static bool raised(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	(void)finding;
	return is_out(place, "raised privileges");
}

/* It had one before, or was refused by one: what it tries then is for want of a device. */
static bool tried_before(const struct vgpu_seen_process *process, const struct vgpu_seen_object *object)
{
	for (uint32_t i = 0; i < process->loads.count; i++)
		if (!process->loads.at[i].failed && process->loads.at[i].event < object->event &&
		    (process->loads.at[i].part == VGPU_PART_DRIVER || process->loads.at[i].part == VGPU_PART_RUNTIME))
			return true;
	for (uint32_t i = 0; i < process->calls.count; i++)
		if (process->calls.at[i].failures && process->calls.at[i].failed_ns < object->time_ns)
			return true;
	return false;
}

/* Ours were to be first, and another file of that name was taken. */
static bool shadowed(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;

	if (!puts_in(place) || place->set->model->mode != VGPU_SHIM_SIM)
		return false;
	for (uint32_t i = 0; i < process->objects.count; i++) {
		const struct vgpu_seen_object *object = &process->objects.at[i];

		if (object->library || object->gone || (object->part != VGPU_PART_DRIVER && object->part != VGPU_PART_RUNTIME) ||
		    !(object->flags & VGPU_OBJECT_GPU) || tried_before(process, object))
			continue;
		finding->a = object->path;
		finding->event = object->event;
		return true;
	}
	return false;
}

/* A preload that the linker ignored, since the file is not there. */
static bool preload_missing(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	if (!place->process->preload_missing)
		return false;
	finding->a = place->process->preload_missing;
	finding->event = place->process->preload_event;
	finding->event2 = place->process->context_event;
	return true;
}

const struct vgpu_rule vgpu_rules_inject[] = {
	{
		.id = "PRELOAD-MISSING", .step = VGPU_STEP_SEARCHED, .needs = "the link observer", .whatever = true,
		.title = "LD_PRELOAD names a file that is not there",
		.holds = preload_missing,
		.say = "LD_PRELOAD names %a, which is not there: the dynamic linker says so on stderr and goes on without it.",
		.todo = "Correct the path, or put the file there; in a container the path is the container's.",
		.why = "The message goes to the process's stderr, and is gone where that leads nowhere.",
	},
	{
		.id = "INJECT-CLEARED", .step = VGPU_STEP_SEARCHED, .needs = "the process observer", .whatever = true,
		.title = "something between cleared the variables that put our libraries in",
		.holds = cleared,
		.say = "our libraries did not reach this process: a parent removed LD_LIBRARY_PATH and LD_PRELOAD.",
		.todo = "Find what cleans the environment (sudo, env -i, a unit's own Environment=), and set the variables behind it.",
	},
	{
		.id = "INJECT-STATIC", .step = VGPU_STEP_SEARCHED, .needs = "the process observer", .whatever = true,
		.title = "a static program: nothing can be put in",
		.holds = is_static,
		.say = "our libraries cannot be put into this process: it is a static program.",
		.todo = "Use a dynamically linked build of it.",
	},
	{
		.id = "INJECT-RAISED", .step = VGPU_STEP_SEARCHED, .needs = "the process observer", .whatever = true,
		.title = "a program with raised privileges ignores LD_*",
		.holds = raised,
		.say = "our libraries did not reach this process: it runs with raised privileges, where LD_* is ignored.",
		.todo = "Take the set-user-id bit or the file's capabilities away, or start it as the user it is to run as.",
	},
	{
		.id = "INJECT-SHADOWED", .step = VGPU_STEP_OPENED, .needs = "the link observer", .whatever = true,
		.title = "another library came before ours",
		.holds = shadowed,
		.say = "%a was taken, not our library: a directory or an absolute path came first.",
		.todo = "Use `--inject audit` or `--inject both`; a parent that puts its own directories first does this, and so does "
			"dlopen by an absolute path.",
	},
	{ .id = NULL },
};
