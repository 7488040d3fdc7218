// SPDX-License-Identifier: Apache-2.0
/* NVML's answers: every getter of the description, called by its signature with each value that its enumerations name. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/gpu/answers.h"

#define NV(result) status_name(VGPU_LIBRARY_NVML, result)
#define ROOM       (256u << 10) /* behind each pointer */
#define ITEMS      64u          /* what a count says there is room for */
#define VERSIONS   6u
#define PARAMS     6u

/* Not asked: what makes a report of the machine itself, waits, or needs an object of another call. */
static const char *const left_out[] = {
	"nvmlDeviceGetConfComputeGpuAttestationReport", "nvmlDeviceGetConfComputeGpuCertificate",
	"nvmlDeviceGetHandleByPciBusId", "nvmlDeviceGetHandleByPciBusId_v2", "nvmlDeviceGetHandleBySerial",
	"nvmlDeviceGetHandleByUUID", "nvmlDeviceGetHandleByUUIDV", "nvmlDeviceGetFieldValues",
	"nvmlDeviceGetHandleByIndex", "nvmlDeviceGetHandleByIndex_v2", "nvmlSystemGetProcessName",
	"nvmlDeviceGetVgpuMetadata", "nvmlSystemGetCPER_v1",
};

static nvmlDevice_t device;
static unsigned char *room[PARAMS];

typedef int (*any_function)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool is_asked(const struct vgpu_function *function)
{
	if (!starts(function->name, "nvmlDeviceGet") && !starts(function->name, "nvmlSystemGet") &&
	    !starts(function->name, "nvmlUnitGetCount"))
		return false;
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (!strcmp(left_out[i], function->name))
			return false;
	return function->nparams <= PARAMS;
}

static bool is_output(const struct vgpu_param *param)
{
	return param->type->kind == VGPU_TYPE_POINTER && param->direction != VGPU_IN;
}

/* Number of values to try for a scalar: an enumeration's, else 0, 1, 2. */
static unsigned choices(const struct vgpu_param *param)
{
	if (param->type->kind == VGPU_TYPE_POINTER || param->type->kind == VGPU_TYPE_HANDLE)
		return 1;
	if (param->type->enumeration)
		return param->type->enumeration->count;
	if (strstr(param->name, "ength") || strstr(param->name, "ize"))
		return 1;
	if (strstr(param->name, "imeStamp"))
		return 1;
	return 3;
}

static uint64_t choose(const struct vgpu_param *param, unsigned i)
{
	if (param->type->enumeration)
		return (uint64_t)param->type->enumeration->constants[i].value;
	if (strstr(param->name, "ength"))
		return 96;
	if (strstr(param->name, "ize"))
		return 16;
	if (strstr(param->name, "memoryClock"))
		return (uint64_t[]){ 2619, 1593, 405 }[i];
	return i;
}

/* Zeroes what pointers lead to, and says how much room there is. */
static void prepare(const struct vgpu_function *function, uint64_t *arguments, unsigned version)
{
	for (unsigned i = 0; i < function->nparams; i++) {
		const struct vgpu_param *param = &function->params[i];

		if (param->type->kind != VGPU_TYPE_POINTER)
			continue;
		memset(room[i], 0, ROOM);
		arguments[i] = (uint64_t)(uintptr_t)room[i];
		if (param->versioned) {
			uint32_t word = param->size | version << 24;

			memcpy(room[i], &word, sizeof(word));
		}
	}
	for (unsigned i = 0; i < function->nparams; i++) {
		const struct vgpu_param *param = &function->params[i];
		uint32_t count = ITEMS;

		if (param->count_param >= 0 && function->params[param->count_param].type->kind == VGPU_TYPE_POINTER)
			memcpy(room[param->count_param], &count, sizeof(count));
	}
}

static void show_outputs(const struct vgpu_function *function, char *out, size_t size, const uint64_t *arguments)
{
	size_t used = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < function->nparams && used < size; i++) {
		const struct vgpu_param *param = &function->params[i];
		const struct vgpu_type *element = param->type->element;
		uint64_t count = 1;

		if (!is_output(param) || !element)
			continue;
		if (param->capture == VGPU_CAPTURE_STRING) {
			char *text = (char *)room[i];

			text[ROOM - 1] = '\0';
			for (char *at = text; param->redact && *at; at++)
				*at = *at >= '0' && *at <= '9' ? '9' : *at == '-' ? '-' : 'a';
			used += (size_t)snprintf(out + used, size - used, "%s=\"%s\" ", param->name, text);
			continue;
		}
		if (element->kind == VGPU_TYPE_HANDLE) {
			used += (size_t)snprintf(out + used, size - used, "%s=handle ", param->name);
			continue;
		}
		if (param->capture == VGPU_CAPTURE_ARRAY && param->count_param >= 0) {
			uint32_t given;

			if (function->params[param->count_param].type->kind == VGPU_TYPE_POINTER) {
				memcpy(&given, room[param->count_param], sizeof(given));
				count = given;
			} else {
				count = arguments[param->count_param];
			}
		}
		for (uint64_t k = 0; k < count && k < 8 && used < size; k++)
			used += (size_t)snprintf(out + used, size - used, "%s=%s ", param->name,
						 show(element, param->name, room[i] + k * element->size, element->size,
						      param->redact));
	}
}

static bool has_versioned(const struct vgpu_function *function)
{
	for (unsigned i = 0; i < function->nparams; i++)
		if (function->params[i].versioned)
			return true;
	return false;
}

static void call(const struct vgpu_function *function, void *symbol, uint64_t *arguments, const char *subject)
{
	static char out[16384];
	unsigned version = has_versioned(function) ? 1 : 0, last = version ? VERSIONS : 0;
	char named[256];
	int result;

	do {
		prepare(function, arguments, version);
		result = ((any_function)symbol)(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
						arguments[5]);
	} while (result == NVML_ERROR_ARGUMENT_VERSION_MISMATCH && version++ < last);
	snprintf(named, sizeof(named), version ? "%s (struct version %u)" : "%s", subject, version);
	if (result == NVML_ERROR_INSUFFICIENT_SIZE || !result)
		show_outputs(function, out, sizeof(out), arguments);
	else
		out[0] = '\0';
	row("nvml", named, NV(result), "%s", out);
}

static void ask_function(const struct vgpu_function *function, void *symbol)
{
	unsigned total = 1;

	for (unsigned i = 0; i < function->nparams; i++)
		total *= choices(&function->params[i]);
	for (unsigned k = 0; k < total && k < 64; k++) {
		uint64_t arguments[PARAMS] = { 0 };
		unsigned left = k;
		char subject[200];
		size_t used = (size_t)snprintf(subject, sizeof(subject), "%s", function->name);

		for (unsigned i = 0; i < function->nparams; i++) {
			const struct vgpu_param *param = &function->params[i];
			unsigned n = choices(param), this = left % n;

			left /= n;
			if (param->type->kind == VGPU_TYPE_HANDLE)
				arguments[i] = strstr(param->type->name, "Device") ? (uint64_t)(uintptr_t)device : 0;
			else if (param->type->kind != VGPU_TYPE_POINTER)
				arguments[i] = choose(param, this);
			if (n > 1 && used < sizeof(subject))
				used += (size_t)snprintf(subject + used, sizeof(subject) - used, " %s=%s", param->name,
							 param->type->enumeration
								 ? param->type->enumeration->constants[this].name
								 : (char[2]){ (char)('0' + this), 0 });
		}
		call(function, symbol, arguments, subject);
	}
}

static const struct vgpu_api *api;

static void begin(void)
{
	int result;

	if (!load_nvml() || !nv.nvmlInit_v2)
		_Exit(77);
	result = nv.nvmlInit_v2();
	if (!result && nv.nvmlDeviceGetHandleByIndex_v2)
		result = nv.nvmlDeviceGetHandleByIndex_v2(0, &device);
	for (unsigned i = 0; i < PARAMS; i++) {
		room[i] = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (room[i] == MAP_FAILED)
			_Exit(1);
	}
}

static bool ask_one(unsigned i)
{
	const struct vgpu_function *function;
	void *symbol;

	if (i >= api->count)
		return false;
	function = &api->functions[i];
	if (!is_asked(function))
		return true;
	symbol = ((void **)&nv)[VGPU_FUNCTION_NUMBER(function->id)];
	if (symbol)
		ask_function(function, symbol);
	else
		row("nvml", function->name, "NOT EXPORTED", " ");
	return true;
}

static bool ask_field(unsigned i)
{
	const struct vgpu_type *type = vgpu_function_by_name(VGPU_LIBRARY_NVML, "nvmlDeviceGetFieldValues")->params[2].type->element;
	nvmlFieldValue_t value;
	char subject[40];
	int result;

	if (i >= 300 || !nv.nvmlDeviceGetFieldValues)
		return false;
	memset(&value, 0, sizeof(value));
	value.fieldId = i + 1;
	result = nv.nvmlDeviceGetFieldValues(device, 1, &value);
	value.timestamp = 0;
	value.latencyUsec = 0;
	snprintf(subject, sizeof(subject), "field %u", i + 1);
	row("nvml-field", subject, NV(result), "%s", show(type, NULL, &value, sizeof(value), 0));
	return true;
}

int answers_nvml(void)
{
	unsigned count = 0;
	int result;

	if (!load_nvml()) {
		row("nvml", "libnvidia-ml.so.1", "NOT FOUND", "%s", dlerror());
		return 77;
	}
	if (!nv.nvmlInit_v2 || !nv.nvmlDeviceGetCount_v2 || !nv.nvmlShutdown)
		return 1;
	result = nv.nvmlInit_v2();
	row("nvml", "nvmlInit_v2", NV(result), " ");
	result = nv.nvmlDeviceGetCount_v2(&count);
	row("nvml", "nvmlDeviceGetCount_v2", NV(result), "%u", count);
	result = nv.nvmlShutdown();
	row("nvml", "nvmlShutdown", NV(result), " ");
	if (!count)
		return 77;
	api = vgpu_api_find(VGPU_LIBRARY_NVML);
	in_children("nvml", begin, ask_one);
	in_children("nvml-field", begin, ask_field);
	return 0;
}
