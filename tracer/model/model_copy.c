// SPDX-License-Identifier: Apache-2.0
/* A model as it is now, for whoever wants to come back to it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/model/filter.h"
#include "tracer/model/model.h"

/* What was shared by the copy of a struct becomes the copy's own. */
static bool own(char **at)
{
	return !*at || (*at = strdup(*at));
}

static bool own_bytes(char **at, size_t size)
{
	char *shared = *at;

	if (!shared)
		return true;
	*at = malloc(size + 1);
	if (*at)
		memcpy(*at, shared, size + 1);
	return *at != NULL;
}

static bool own_array(void *at, size_t count, size_t size)
{
	void **array = at, *fresh = count ? malloc(count * size) : NULL;

	if (fresh)
		memcpy(fresh, *array, count * size);
	*array = fresh;
	return !count || fresh;
}

static bool own_libraries(struct vgpu_model_process *process)
{
	bool whole = true;

	for (uint32_t i = 0; i < process->library_count; i++) {
		whole &= own(&process->libraries[i].backend);
		whole &= own(&process->libraries[i].path);
	}
	return whole;
}

static struct vgpu_model_process *process_copy(const struct vgpu_model_process *from, bool *whole)
{
	struct vgpu_model_process *to = malloc(sizeof(*to));

	*whole &= to != NULL;
	if (!to)
		return NULL;
	*to = *from;
	*whole &= own(&to->comm);
	*whole &= own(&to->exe);
	*whole &= own_bytes(&to->argv, to->argv_size);
	*whole &= own(&to->label);
	*whole &= own(&to->presence_why);
	*whole &= own_libraries(to);
	return to;
}

static bool own_processes(struct vgpu_model *model)
{
	struct vgpu_model_process **from = model->processes;
	bool whole = true;

	model->processes = calloc(model->process_count ? model->process_count : 1, sizeof(*from));
	if (!model->processes) {
		model->process_count = 0;
		return false;
	}
	for (uint32_t i = 0; i < model->process_count; i++)
		model->processes[i] = from[i] ? process_copy(from[i], &whole) : NULL;
	return whole;
}

static bool own_answers(struct vgpu_model *model)
{
	bool whole = own_array(&model->answers, model->answer_count, sizeof(*model->answers));

	if (!whole)
		model->answer_count = 0;
	for (uint32_t i = 0; i < model->answer_count; i++) {
		struct vgpu_model_answer *answer = &model->answers[i];

		whole &= own(&answer->soname);
		whole &= own(&answer->path);
		whole &= own(&answer->where);
		whole &= own(&answer->note);
	}
	return whole;
}

static bool own_rings(struct vgpu_model *model)
{
	bool whole = own_array(&model->rings, model->ring_count, sizeof(*model->rings));

	if (!whole)
		model->ring_count = 0;
	for (uint32_t i = 0; i < model->ring_count; i++)
		whole &= own(&model->rings[i].path);
	return whole;
}

static bool own_filter(struct vgpu_model *model)
{
	struct vgpu_filter_error error;
	bool passes = model->passes != NULL;
	bool whole = own(&model->filter);

	model->passes = NULL;
	return whole && (!passes || !vgpu_filter_parse(&model->passes, model->filter, &error));
}

int vgpu_model_copy(struct vgpu_model **out, const struct vgpu_model *from)
{
	struct vgpu_model *to = malloc(sizeof(*to));
	bool whole;

	*out = NULL;
	if (!to)
		return -ENOMEM;
	*to = *from;
	/* Every one of them, also after a failure: what is not its own must not be freed. */
	whole = own_processes(to);
	whole &= own_answers(to);
	whole &= own_rings(to);
	for (unsigned i = 0; i < sizeof(to->coverage) / sizeof(to->coverage[0]); i++) {
		whole &= own(&to->coverage[i].how);
		whole &= own(&to->coverage[i].why);
	}
	for (uint32_t i = 0; i < to->unplaced_count; i++) {
		whole &= own(&to->unplaced[i].probe);
		whole &= own(&to->unplaced[i].why);
	}
	whole &= own_filter(to);
	whole &= own(&to->device);
	whole &= own(&to->inject);
	whole &= own(&to->ring_dir);
	whole &= own(&to->directory);
	whole &= own_bytes(&to->command, to->command_size);
	if (!whole) {
		vgpu_model_close(to);
		return -ENOMEM;
	}
	*out = to;
	return 0;
}
