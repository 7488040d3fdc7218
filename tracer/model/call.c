// SPDX-License-Identifier: Apache-2.0
/* A call as a person reads it, and its values as a program asks for them. */
#include "tracer/model/call.h"

#include <inttypes.h>
#include <string.h>

#include "tracer/model/names.h"

static const struct vgpu_enum *status_of(const struct vgpu_function *function)
{
	const struct vgpu_api *api;

	if (!(function->flags & VGPU_FUNCTION_STATUS))
		return NULL;
	if (function->result && function->result->enumeration)
		return function->result->enumeration;
	api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(function->id));
	return api ? api->status : NULL;
}

bool vgpu_call_failed(const struct vgpu_event_call *call)
{
	const struct vgpu_function *function = vgpu_function_find(call->function);

	return function && (function->flags & VGPU_FUNCTION_STATUS) && (uint32_t)call->result &&
	       !(call->flags & VGPU_CALL_UNWOUND);
}

void vgpu_call_format_name(struct vgpu_text *out, uint32_t function)
{
	const struct vgpu_function *f = vgpu_function_find(function);
	const struct vgpu_api *api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(function));

	if (f)
		vgpu_text_puts(out, f->name);
	else if (api)
		vgpu_text_printf(out, "%s#%u", api->name, VGPU_FUNCTION_NUMBER(function));
	else
		vgpu_text_printf(out, "library%u#%u", VGPU_FUNCTION_LIBRARY(function), VGPU_FUNCTION_NUMBER(function));
}

/* ---- one parameter ---- */

static void format_blob(struct vgpu_text *out, const struct vgpu_value_place *place, const struct vgpu_param *param,
			const struct vgpu_blob *blob)
{
	const struct vgpu_type *type = param->type;
	const struct vgpu_type *element = type->kind == VGPU_TYPE_POINTER ? type->element : NULL;
	const void *bytes = blob + 1;
	size_t full = blob->flags & VGPU_BLOB_TRUNCATED ? blob->full_size : blob->size;

	if (full < blob->size)
		full = blob->size;
	if (blob->flags & VGPU_BLOB_ABSENT) {
		vgpu_text_puts(out, "?");
		return;
	}
	switch (param->capture) {
	case VGPU_CAPTURE_STRING:
		vgpu_value_format_string(out, place, bytes, blob->size, full);
		return;
	case VGPU_CAPTURE_ARRAY:
		if (element && element->kind != VGPU_TYPE_VOID) {
			vgpu_value_format_array(out, place, element, param->name, bytes, blob->size, full);
			return;
		}
		break;
	case VGPU_CAPTURE_BYTES:
		if (element && element->kind == VGPU_TYPE_CHAR) {
			vgpu_value_format_string(out, place, bytes, blob->size, full);
			return;
		}
		break;
	case VGPU_CAPTURE_VALUE:
		vgpu_value_format(out, place, type, param->name, bytes, blob->size, full);
		return;
	default:
		if (element && element->kind != VGPU_TYPE_VOID) {
			vgpu_value_format(out, place, element, param->name, bytes, blob->size, full);
			return;
		}
	}
	vgpu_value_format_bytes(out, place, bytes, blob->size, full);
}

static bool format_resolved(struct vgpu_text *out, const struct vgpu_function *function, unsigned i,
			    const struct vgpu_event_call *call)
{
	const struct vgpu_blob *resolved, *value;
	const struct vgpu_type *type = function->params[i].type;
	uint64_t pointer = 0;
	uint32_t id;

	/* A lookup gives its entry point through its only pointer to a pointer. */
	if (!(function->flags & VGPU_FUNCTION_LOOKUP) || type->kind != VGPU_TYPE_POINTER || !type->element ||
	    (type->element->kind != VGPU_TYPE_POINTER && type->element->kind != VGPU_TYPE_FUNCTION))
		return false;
	resolved = vgpu_event_find_blob(call, VGPU_BLOB_RESOLVED, 0);
	value = vgpu_event_find_blob(call, i, VGPU_BLOB_OUT);
	if (!resolved || resolved->size != sizeof(id) || !value || value->flags & VGPU_BLOB_ABSENT)
		return false;
	memcpy(&id, resolved + 1, sizeof(id));
	if (value->size == sizeof(pointer))
		memcpy(&pointer, value + 1, sizeof(pointer));
	if (id)
		vgpu_call_format_name(out, id);
	else if (pointer)
		vgpu_text_printf(out, "0x%" PRIx64 " (not ours)", pointer);
	else
		vgpu_text_puts(out, "NULL");
	return true;
}

/* Names that say what they are need no parameter's name before them. */
static bool speaks_for_itself(const struct vgpu_type *type, const struct vgpu_look *look, uint64_t word)
{
	return !look->raw && type->kind == VGPU_TYPE_ENUM && type->enumeration && !type->enumeration->is_flags &&
	       vgpu_enum_name(type->enumeration, vgpu_value_integer(type, &word, sizeof(word)));
}

static void format_in(struct vgpu_text *out, const struct vgpu_value_place *place, const struct vgpu_param *param,
		      const struct vgpu_blob *in, uint64_t word)
{
	const struct vgpu_type *type = param->type;

	if (in && !(in->flags & VGPU_BLOB_ABSENT))
		format_blob(out, place, param, in);
	else if (type->kind == VGPU_TYPE_POINTER && param->capture != VGPU_CAPTURE_WORD && word)
		vgpu_text_printf(out, "0x%" PRIx64, word);
	else if (type->kind == VGPU_TYPE_STRUCT || type->kind == VGPU_TYPE_UNION || type->size > sizeof(word))
		vgpu_text_puts(out, "?");
	else
		vgpu_value_format(out, place, type, param->name, &word, sizeof(word), sizeof(word));
}

static void format_param(struct vgpu_text *out, const struct vgpu_value_place *place,
			 const struct vgpu_function *function, unsigned i, const struct vgpu_event_call *call,
			 bool pending)
{
	const struct vgpu_param *param = &function->params[i];
	const struct vgpu_blob *in = vgpu_event_find_blob(call, i, VGPU_BLOB_IN);
	const struct vgpu_blob *result = vgpu_event_find_blob(call, i, VGPU_BLOB_OUT);
	bool has_word = i < call->args.count;
	uint64_t word = has_word ? call->args.words[i] : 0;
	bool out_pointer = param->direction & VGPU_OUT && param->type->kind == VGPU_TYPE_POINTER;

	if (in == result && in && !(param->direction & VGPU_OUT))
		result = NULL;
	if (pending && call->text && call->text_param == i) {
		vgpu_text_printf(out, "%s=", param->name);
		vgpu_value_format_string(out, place, call->text, strlen(call->text), 0);
		return;
	}
	if (!has_word && !in && !result) {
		vgpu_text_printf(out, "%s=?", param->name);
		return;
	}
	if (out_pointer && has_word && !word) {
		vgpu_text_printf(out, "%s=NULL", param->name);
		return;
	}
	if (!out_pointer) {
		if (!speaks_for_itself(param->type, place->look, word))
			vgpu_text_printf(out, "%s=", param->name);
		format_in(out, place, param, in, word);
		return;
	}
	vgpu_text_puts(out, param->name);
	if (param->direction == VGPU_INOUT && in) {
		vgpu_text_puts(out, "=");
		format_blob(out, place, param, in);
	}
	if (pending) {
		if (place->look->raw)
			vgpu_text_printf(out, "=0x%" PRIx64, word);
		return;
	}
	vgpu_text_puts(out, " ");
	vgpu_text_arrow(out, place->look);
	vgpu_text_puts(out, " ");
	if (place->look->raw || !format_resolved(out, function, i, call)) {
		if (result)
			format_blob(out, place, param, result);
		else
			vgpu_text_puts(out, "?");
	}
	if (place->look->raw)
		vgpu_text_printf(out, " @0x%" PRIx64, word);
}

/* A function of which only somebody's statement is known: "int,ptr,str->int". */
static void format_word(struct vgpu_text *out, const char *type, size_t n, uint64_t word)
{
	static const char *const names[] = { "int", "long", "bool", "uint", "ulong" };
	size_t i = 0;

	while (i < sizeof(names) / sizeof(names[0]) && (strlen(names[i]) != n || strncmp(names[i], type, n)))
		i++;
	switch (i) {
	case 0:
		vgpu_text_printf(out, "%d", (int32_t)word);
		break;
	case 1:
		vgpu_text_printf(out, "%" PRId64, (int64_t)word);
		break;
	case 2:
		vgpu_text_puts(out, word & 1 ? "true" : "false");
		break;
	case 3:
	case 4:
		vgpu_text_printf(out, "%" PRIu64, word);
		break;
	default:
		if (word)
			vgpu_text_printf(out, "0x%" PRIx64, word);
		else
			vgpu_text_puts(out, "NULL");
	}
}

static void format_typed(struct vgpu_text *out, const struct vgpu_value_place *place,
			 const struct vgpu_event_call *call, bool pending)
{
	const char *type = call->types;

	for (uint32_t i = 0; i < call->args.count && *type && *type != '-'; i++) {
		const struct vgpu_blob *blob = vgpu_event_find_blob(call, i, VGPU_BLOB_IN);
		size_t n = strcspn(type, ",-");

		vgpu_text_puts(out, i ? ", " : "");
		if (pending && call->text && call->text_param == i)
			vgpu_value_format_string(out, place, call->text, strlen(call->text), 0);
		else if (blob && !(blob->flags & VGPU_BLOB_ABSENT))
			vgpu_value_format_string(out, place, blob + 1, blob->size,
						 blob->flags & VGPU_BLOB_TRUNCATED ? blob->full_size : blob->size);
		else
			format_word(out, type, n, call->args.words[i]);
		type += n + (type[n] == ',');
	}
}

void vgpu_call_format(struct vgpu_text *out, struct vgpu_value_place *place, const struct vgpu_event_call *call,
		      bool pending)
{
	const struct vgpu_function *function = vgpu_function_find(call->function);

	place->function = function ? function->name : NULL;
	vgpu_text_colour(out, place->look, VGPU_COLOUR_NAME);
	if (call->name)
		vgpu_text_escape(out, place->look, call->name, strlen(call->name), false);
	else
		vgpu_call_format_name(out, call->function);
	vgpu_text_colour(out, place->look, VGPU_COLOUR_PLAIN);
	vgpu_text_puts(out, "(");
	if (call->name && call->types) {
		format_typed(out, place, call, pending);
	} else if (function) {
		for (uint32_t i = 0; i < function->nparams; i++) {
			vgpu_text_puts(out, i ? ", " : "");
			format_param(out, place, function, i, call, pending);
		}
	} else {
		for (uint32_t i = 0; i < call->args.count; i++)
			vgpu_text_printf(out, "%s0x%" PRIx64, i ? ", " : "", call->args.words[i]);
	}
	vgpu_text_puts(out, ")");
}

bool vgpu_call_format_result(struct vgpu_text *out, struct vgpu_value_place *place,
			     const struct vgpu_event_call *call)
{
	const struct vgpu_function *function = vgpu_function_find(call->function);
	const struct vgpu_blob *blob = vgpu_event_find_blob(call, VGPU_BLOB_RESULT, 0);
	const struct vgpu_type *type = function ? function->result : NULL;
	const struct vgpu_type *element;

	if (call->flags & VGPU_CALL_UNWOUND) {
		vgpu_text_puts(out, "?");
		return true;
	}
	if (call->name && call->types && strstr(call->types, "->")) {
		const char *result = strstr(call->types, "->") + 2;

		if (!strcmp(result, "void"))
			return false;
		format_word(out, result, strlen(result), call->result);
		return true;
	}
	if (!function) {
		vgpu_text_printf(out, "0x%" PRIx64, call->result);
		return true;
	}
	place->function = function->name;
	if (function->flags & VGPU_FUNCTION_STATUS && !place->look->raw) {
		bool bad = (uint32_t)call->result;

		vgpu_text_colour(out, place->look, bad ? VGPU_COLOUR_BAD : VGPU_COLOUR_GOOD);
		vgpu_result_format(out, status_of(function), (int32_t)call->result);
		vgpu_text_colour(out, place->look, VGPU_COLOUR_PLAIN);
		return true;
	}
	if (!type || type->kind == VGPU_TYPE_VOID)
		return false;
	element = type->kind == VGPU_TYPE_POINTER ? type->element : NULL;
	if (blob && !(blob->flags & VGPU_BLOB_ABSENT)) {
		size_t full = blob->flags & VGPU_BLOB_TRUNCATED ? blob->full_size : blob->size;

		if (element && element->kind == VGPU_TYPE_CHAR)
			vgpu_value_format_string(out, place, blob + 1, blob->size, full);
		else
			vgpu_value_format(out, place, type, NULL, blob + 1, blob->size, full);
		return true;
	}
	if (type->size > sizeof(call->result) || type->kind == VGPU_TYPE_STRUCT)
		vgpu_text_puts(out, "?");
	else
		vgpu_value_format(out, place, type, NULL, &call->result, sizeof(call->result), sizeof(call->result));
	return true;
}

void vgpu_call_format_flags(struct vgpu_text *out, const struct vgpu_event_call *call, const char *backend)
{
	static const struct vgpu_look plain;

	if (call->flags & VGPU_CALL_UNSUPPORTED) {
		backend = backend ? backend : "the backend";
		vgpu_text_puts(out, " [not supported by ");
		vgpu_text_escape(out, &plain, backend, strlen(backend), false);
		vgpu_text_puts(out, "]");
	}
	if (call->flags & VGPU_CALL_NO_SYMBOL)
		vgpu_text_puts(out, " [the library behind has no such function]");
	if (call->flags & VGPU_CALL_BACKEND_OWN)
		vgpu_text_puts(out, " [made by the backend itself]");
	/* That one is marked where its file is said to be probed so. */
	if (call->flags & VGPU_CALL_UNWOUND && !(call->flags & VGPU_CALL_ENTRY_ONLY))
		vgpu_text_puts(out, " [left by longjmp]");
	if (call->flags & VGPU_CALL_IN_SIGNAL)
		vgpu_text_puts(out, " [in a signal handler]");
	if (call->flags & VGPU_CALL_FAULT)
		vgpu_text_puts(out, " [a fault that the device file asked for]");
}

/* ---- values by name ---- */

static int param_named(const struct vgpu_function *function, const char *name, size_t size)
{
	for (uint32_t i = 0; i < function->nparams; i++)
		if (!strncmp(function->params[i].name, name, size) && !function->params[i].name[size])
			return i;
	return -1;
}

int vgpu_function_param(const struct vgpu_function *function, const char *name)
{
	return param_named(function, name, strlen(name));
}

bool vgpu_call_value(const struct vgpu_event_call *call, const char *path, const struct vgpu_type **type,
		     const uint8_t **bytes, size_t *size)
{
	const struct vgpu_function *function = vgpu_function_find(call->function);
	const char *dot = strchr(path, '.');
	const struct vgpu_param *param;
	const struct vgpu_blob *blob;
	long offset;
	int i;

	if (!function)
		return false;
	i = param_named(function, path, dot ? (size_t)(dot - path) : strlen(path));
	if (i < 0)
		return false;
	param = &function->params[i];
	*type = param->type;
	blob = vgpu_event_find_blob(call, i, VGPU_BLOB_OUT);
	if (!blob)
		blob = vgpu_event_find_blob(call, i, VGPU_BLOB_IN);
	if (blob) {
		if (blob->flags & VGPU_BLOB_ABSENT)
			return false;
		if (param->type->kind == VGPU_TYPE_POINTER && param->type->element)
			*type = param->type->element;
		*bytes = (const uint8_t *)(blob + 1);
		*size = blob->size;
	} else if ((uint32_t)i < call->args.count && !(param->direction & VGPU_OUT)) {
		*bytes = (const uint8_t *)&call->args.words[i];
		*size = sizeof(call->args.words[i]);
	} else {
		return false;
	}
	if (!dot)
		return true;
	offset = vgpu_type_member(*type, dot + 1, type);
	if (offset < 0 || (size_t)offset > *size || *size - offset < (*type)->size)
		return false;
	*bytes += offset;
	*size = (*type)->size;
	return true;
}

bool vgpu_call_integer(const struct vgpu_event_call *call, const char *path, uint64_t *value)
{
	const struct vgpu_type *type;
	const uint8_t *bytes;
	size_t size;

	if (!vgpu_call_value(call, path, &type, &bytes, &size) || !type->size || type->size > 8 || size < type->size)
		return false;
	*value = vgpu_value_integer(type, bytes, size);
	return true;
}

bool vgpu_call_string(const struct vgpu_event_call *call, const char *path, char *text, size_t size)
{
	const struct vgpu_type *type;
	const uint8_t *bytes;
	size_t n;

	if (!vgpu_call_value(call, path, &type, &bytes, &n) || !size)
		return false;
	n = strnlen((const char *)bytes, n);
	if (n >= size)
		n = size - 1;
	memcpy(text, bytes, n);
	text[n] = '\0';
	return true;
}

void vgpu_call_learn(struct vgpu_handles *handles, uint32_t process, const struct vgpu_event_call *call)
{
	static const struct {
		const char *function, *handle, *name;
	} known[] = {
		{ "nvmlDeviceGetHandleByUUID", "device", "uuid" },
		{ "nvmlDeviceGetUUID", "device", "uuid" },
	};
	const struct vgpu_function *function = vgpu_function_find(call->function);
	char text[96];
	uint64_t value;

	if (!function || call->result)
		return;
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(function->name, known[i].function) ||
		    !vgpu_call_integer(call, known[i].handle, &value) ||
		    !vgpu_call_string(call, known[i].name, text, sizeof(text)) || strncmp(text, "GPU-", 4))
			continue;
		/* Eight digits tell the devices of one machine apart; only they may reach the terminal. */
		text[4 + strspn(text + 4, "0123456789abcdefABCDEF")] = '\0';
		if (strlen(text) > 12)
			text[12] = '\0';
		vgpu_handles_alias(handles, process, "nvmlDevice_t", value, text);
	}
}
