// SPDX-License-Identifier: Apache-2.0
/* The names in a device file's faults against the description. */
#include "tracer/cli/faults.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "shim/api/schema.h"
#include "tracer/model/value.h"

static bool has_result(const struct vgpu_api *api, const char *name)
{
	char *end;

	strtoll(name, &end, 0);
	if (!*end)
		return true;
	for (uint32_t i = 0; i < api->status->count; i++)
		if (!strcmp(api->status->constants[i].name, name))
			return true;
	return false;
}

/*
 * "prop.major": the parameter, and a member of what it is or points at; one that comes back can be set, one
 * that only goes in can be a condition.
 */
static bool has_place(const struct vgpu_function *function, const char *name, bool set)
{
	size_t size = strcspn(name, ".");

	for (uint32_t i = 0; i < function->nparams; i++) {
		const struct vgpu_param *param = &function->params[i];
		const struct vgpu_type *of = set ? param->type->element : param->type, *member;

		if (strlen(param->name) != size || strncmp(param->name, name, size) ||
		    set != ((param->direction & VGPU_OUT) != 0))
			continue;
		return name[size] ? of && vgpu_type_member(of, name + size + 1, &member) >= 0
				  : set || !of->members;
	}
	return false;
}

/* What keeps the fault from this function; NULL: nothing. */
static const char *obstacle(const struct vgpu_sim_fault *fault, const struct vgpu_api *api,
			    const struct vgpu_function *function)
{
	if (fault->result[0] && !has_result(api, fault->result))
		return fault->result;
	for (uint32_t i = 0; i < fault->set_count; i++)
		if (!has_place(function, fault->set[i].name, true))
			return fault->set[i].name;
	for (uint32_t i = 0; i < fault->when_count; i++)
		if (!has_place(function, fault->when[i].name, false))
			return fault->when[i].name;
	return NULL;
}

static bool is_set(const struct vgpu_sim_fault *fault, const char *name)
{
	for (uint32_t i = 0; i < fault->set_count; i++)
		if (fault->set[i].name == name)
			return true;
	return false;
}

static bool check(const struct vgpu_sim_fault *fault, struct vgpu_text *why)
{
	const struct vgpu_function *matched = NULL;
	const char *first = NULL;

	for (unsigned k = 0; vgpu_apis[k]; k++)
		for (uint32_t i = 0; i < vgpu_apis[k]->count; i++) {
			const struct vgpu_function *function = &vgpu_apis[k]->functions[i];
			const char *unknown;

			if (fnmatch(fault->function, function->name, 0))
				continue;
			unknown = obstacle(fault, vgpu_apis[k], function);
			if (!unknown)
				return true;
			if (!matched) {
				matched = function;
				first = unknown;
			}
		}
	if (!matched)
		vgpu_text_printf(why, "no entry point is called '%s'", fault->function);
	else if (first == fault->result)
		vgpu_text_printf(why, "%s has no result '%s'", matched->name, first);
	else
		vgpu_text_printf(why, "%s has no parameter or member '%s' that can be %s",
				 matched->name, first,
				 is_set(fault, first) ? "set" : "a condition");
	return false;
}

bool vgpu_faults_check(const struct vgpu_simdev *simdev, struct vgpu_text *why)
{
	for (uint32_t i = 0; i < simdev->fault_count; i++)
		if (!check(&simdev->fault[i], why))
			return false;
	return true;
}
