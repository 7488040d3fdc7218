/* SPDX-License-Identifier: Apache-2.0 */
/* LIB_wrappers_K.c: a function each, shaped as the head of shim/entry/call.h says. */
#include "shim/api/gen/gen.h"

#define FIXED_MAX 2048u

static bool is_small_inout(const struct param *param)
{
	return param->direction == VGPU_INOUT && param->capture == VGPU_CAPTURE_FIXED &&
	       param->size <= 8 && !param->versioned;
}

static bool is_fixed(const struct param *param)
{
	if (param->versioned)
		return false;
	return param->capture == VGPU_CAPTURE_WORD || param->capture == VGPU_CAPTURE_VALUE ||
	       param->capture == VGPU_CAPTURE_FIXED ||
	       (param->capture == VGPU_CAPTURE_BYTES && !param->count.name && !param->limit.set);
}

static uint32_t fixed_size(const struct param *param)
{
	return param->capture == VGPU_CAPTURE_BYTES ? param->count.fixed : param->size;
}

static bool returns_text(const struct function *function)
{
	const struct type *type = type_base(function->result);

	return type->kind == VGPU_TYPE_POINTER && type->constant &&
	       type_base(type->element)->kind == VGPU_TYPE_CHAR;
}

static bool returns_struct(const struct function *function)
{
	return type_base(function->result)->members != NULL;
}

static bool returns_void(const struct function *function)
{
	return type_base(function->result)->kind == VGPU_TYPE_VOID;
}

static bool is_plain(const struct function *function)
{
	uint32_t bytes = 0;
	unsigned i;

	if ((function->flags & VGPU_FUNCTION_LOOKUP) || returns_text(function))
		return false;
	for (i = 0; i < function->nparams; i++) {
		if (!is_fixed(&function->params[i]))
			return false;
		bytes += fixed_size(&function->params[i]) *
			 (is_small_inout(&function->params[i]) ? 2 : 1);
	}
	return bytes + type_base(function->result)->size <= FIXED_MAX;
}

/* The 64-bit word of a value of this type, called name. */
static void put_word(struct out *out, const struct type *type, const char *name)
{
	const struct type *base = type_base(type);

	if (base->shown)
		base = type_base(base->alias);
	if (base->members)
		put(out, "0");
	else if (base->kind == VGPU_TYPE_FLOAT)
		put(out, "vgpu_word_%s(%s)", base->size == 4 ? "float" : "double", name);
	else if (base->kind == VGPU_TYPE_POINTER || base->kind == VGPU_TYPE_FUNCTION ||
		 (base->kind == VGPU_TYPE_HANDLE && base->tag))
		put(out, "VGPU_WORD_PTR(%s)", name);
	else if (base->size == 1)
		put(out, "(uint64_t)(unsigned char)(%s)", name);
	else if (base->size == 2)
		put(out, "(uint64_t)(unsigned short)(%s)", name);
	else
		put(out, "VGPU_WORD_I%d(%s)", base->size == 8 ? 64 : 32, name);
}

static void put_names(struct out *out, const struct function *function)
{
	unsigned i;

	for (i = 0; i < function->nparams; i++)
		put(out, "%s%s", i ? ", " : "", function->params[i].name);
}

static void put_backend(struct out *out, const struct function *function)
{
	put(out, "((%s (*)(", function->result->name);
	put_params(out, function, false);
	put(out, "))vgpu_dispatch[%u])(", function->number);
	put_names(out, function);
	put(out, ")");
}

static bool is_signed(const struct type *type)
{
	return type_base(type)->kind == VGPU_TYPE_INT;
}

/*
 * Where what the program put there says something: a count of arrays that it did not give is only filled in, and
 * may be anything before.
 */
static void put_given(struct out *out, const struct function *function, unsigned number)
{
	const char *before = " && (";

	put(out, "%s", function->params[number].name);
	for (unsigned i = 0; i < function->nparams; i++) {
		const struct param *param = &function->params[i];

		if (param->count.param != (int)number || param->capture != VGPU_CAPTURE_ARRAY)
			continue;
		put(out, "%s%s", before, param->name);
		before = " || ";
	}
	put(out, before[1] == '|' ? ")" : "");
}

/* How many the program says there are, as a 64-bit expression. */
static void put_count(struct out *out, const struct function *function, const struct count *count)
{
	const struct param *param;
	const struct type *type;

	if (count->param < 0) {
		put(out, "%u", count->fixed);
		return;
	}
	param = &function->params[count->param];
	type = type_base(param->type);
	if (type->kind != VGPU_TYPE_POINTER) {
		put(out, is_signed(type) ? "vgpu_count(%s)" : "%s", param->name);
		return;
	}
	put(out, "(%s ? ", param->name);
	if (is_small_inout(param) && is_signed(type->element))
		put(out, "vgpu_lesser(vgpu_count(%s_in_), vgpu_count(*%s))", param->name,
		    param->name);
	else if (is_small_inout(param))
		put(out, "vgpu_lesser(%s_in_, *%s)", param->name, param->name);
	else
		put(out, is_signed(type->element) ? "vgpu_count(*%s)" : "*%s", param->name);
	put(out, " : 0)");
}

static void put_room(struct out *out, const struct function *function, const struct param *param)
{
	if (param->limit.set)
		put(out, "vgpu_lesser(");
	put_count(out, function, &param->count);
	if (param->limit.set) {
		put(out, ", ");
		put_count(out, function, &param->limit);
		put(out, ")");
	}
}

/* Read only after a success: what is written, and bytes that a failing call need not have seen. */
static bool needs_ok(const struct param *param)
{
	if (param->capture == VGPU_CAPTURE_BYTES && param->count.name)
		return true;
	return param->direction == VGPU_OUT && !param->always && param->capture;
}

static bool has_ok(const struct function *function)
{
	return function->flags & VGPU_FUNCTION_STATUS;
}

/* Of these only the first element is read after a failure. */
static bool is_guarded_array(const struct function *function, const struct param *param)
{
	return has_ok(function) && param->capture == VGPU_CAPTURE_ARRAY &&
	       param->direction != VGPU_OUT && param->count.name;
}

static bool uses_ok(const struct function *function)
{
	unsigned i;

	for (i = 0; has_ok(function) && i < function->nparams; i++) {
		const struct param *param = &function->params[i];

		if (needs_ok(param) || is_guarded_array(function, param))
			return true;
	}
	return false;
}

static const char *flag_of(const struct param *param)
{
	return param->direction == VGPU_IN ? "VGPU_BLOB_IN" : "VGPU_BLOB_OUT";
}

static void emit_start(struct out *out, const struct api *api, const struct function *function)
{
	bool text = false;
	unsigned i;

	put(out, "\tstruct vgpu_call call_;\n");
	if (!returns_void(function)) {
		put(out, "\t");
		put_type(out, function->result);
		put(out, "ret_;\n");
	}
	for (i = 0; i < function->nparams; i++) {
		const struct param *param = &function->params[i];

		if (is_small_inout(param))
			put(out, "\t%s %s_in_;\n", type_base(param->type)->element->name,
			    param->name);
	}
	if (is_plain(function))
		put(out, "\tuint64_t *place_;\n");
	put(out, "\n\tif (!vgpu_call_enter(&call_, 0x%x, %u, VGPU_CALLER(), VGPU_SP()))",
	    VGPU_FUNCTION(api->id, function->number), function->nparams);
	/* ISO C has no `return f();` in a function that returns nothing. */
	put(out, returns_void(function) ? " {\n\t\t" : "\n\t\treturn ");
	put_backend(out, function);
	put(out, returns_void(function) ? ";\n\t\treturn;\n\t}\n" : ";\n");
	if (function->flags & VGPU_FUNCTION_BULK)
		put(out, "\tvgpu_call_bulk(&call_);\n");
	for (i = 0; i < function->nparams; i++) {
		const struct param *param = &function->params[i];

		put(out, "\tvgpu_call_arg(&call_, %u, ", i);
		put_word(out, param->type, param->name);
		put(out, ");\n");
		if (is_small_inout(param)) {
			put(out, "\tif (");
			put_given(out, function, i);
			put(out, ")\n\t\t%s_in_ = *%s;\n\telse\n\t\t%s_in_ = (%s){ 0 };\n",
			    param->name, param->name, param->name,
			    type_base(param->type)->element->name);
		}
	}
	for (i = 0; i < function->nparams && !text; i++) {
		const struct param *param = &function->params[i];

		text = param->capture == VGPU_CAPTURE_STRING && param->direction == VGPU_IN;
		if (text)
			put(out, "\tvgpu_call_text(&call_, %u, %s);\n", i, param->name);
	}
	put(out, "\tvgpu_call_begin(&call_);\n\t");
	if (!returns_void(function))
		put(out, "ret_ = ");
	put_backend(out, function);
	put(out, ";\n");
}

static void put_result(struct out *out, const struct function *function)
{
	if (returns_void(function))
		put(out, "0");
	else
		put_word(out, function->result, "ret_");
}

/* More arguments than there are registers to keep them in are copied from where they are shown in flight. */
#define MANY 5

static void put_arguments(struct out *out, const struct function *function)
{
	bool many = function->nparams >= MANY;

	if (many)
		put(out,
		    "\t\tif (VGPU_LIKELY(vgpu_call_kept(&call_))) {\n"
		    "\t\t\tplace_ = vgpu_put_kept(&call_, place_, %u);\n\t\t} else {\n",
		    function->nparams);
	for (unsigned i = 0; i < function->nparams; i++) {
		put(out, "\t\tplace_ = vgpu_put_arg(place_, ");
		put_word(out, function->params[i].type, function->params[i].name);
		put(out, ");\n");
	}
	if (many)
		put(out, "\t\t}\n");
}

static void emit_plain(struct out *out, const struct function *function)
{
	unsigned i;

	put(out, "\tplace_ = vgpu_call_leave(&call_, ");
	put_result(out, function);
	put(out, ", %u, 0", function->nparams);
	for (i = 0; i < function->nparams; i++) {
		const struct param *param = &function->params[i];

		if (param->capture)
			put(out, " + %sVGPU_BLOB_BYTES(%u)", is_small_inout(param) ? "2 * " : "",
			    fixed_size(param));
	}
	if (returns_struct(function))
		put(out, " + VGPU_BLOB_BYTES(sizeof(ret_))");
	put(out, ");\n\tif (place_) {\n");
	put_arguments(out, function);
	for (i = 0; i < function->nparams; i++) {
		const struct param *param = &function->params[i];

		if (!param->capture)
			continue;
		if (is_small_inout(param))
			put(out,
			    "\t\tplace_ = vgpu_put_blob(place_, %u, VGPU_BLOB_IN, %s ? &%s_in_ : "
			    "NULL, %u, true);\n",
			    i, param->name, param->name, fixed_size(param));
		put(out, "\t\tplace_ = vgpu_put_blob(place_, %u, %s, %s%s, %u, %s);\n", i,
		    flag_of(param), param->capture == VGPU_CAPTURE_VALUE ? "&" : "", param->name,
		    fixed_size(param), has_ok(function) && needs_ok(param) ? "ret_ == 0" : "true");
	}
	if (returns_struct(function))
		put(out, "\t\tplace_ = vgpu_put_blob(place_, VGPU_BLOB_RESULT, VGPU_BLOB_OUT, "
			 "&ret_, sizeof(ret_), true);\n");
	put(out, "\t\tvgpu_call_commit(&call_, place_);\n\t}\n");
}

static void put_source(struct out *out, const struct function *function, unsigned i)
{
	const struct param *param = &function->params[i];
	bool ok = has_ok(function) && needs_ok(param);
	const struct type *type = type_base(param->type);

	if (is_small_inout(param)) {
		put(out, "\t\t{ ");
		put_given(out, function, i);
		put(out, " ? &%s_in_ : NULL, %u, %u, VGPU_BLOB_IN },\n", param->name, param->size,
		    i);
	}
	put(out, "\t\t{ %s", ok ? "ok_ ? " : "");
	if (param->capture == VGPU_CAPTURE_VALUE)
		put(out, "&%s", param->name);
	else if (param->indirect)
		put(out, "(%s ? *%s : NULL)", param->name, param->name);
	else
		put(out, "%s", param->name);
	put(out, "%s, ", ok ? " : NULL" : "");
	if (ok && !is_fixed(param))
		put(out, "!ok_ ? 0 : ");
	if (param->versioned) {
		put(out, "vgpu_versioned_bytes(%s, %u)", param->name, param->size);
	} else if (is_fixed(param)) {
		put(out, "%u", fixed_size(param));
	} else if (param->capture == VGPU_CAPTURE_STRING) {
		if (param->indirect)
			put(out, "vgpu_text_bytes(%s ? *%s : NULL, ", param->name, param->name);
		else
			put(out, "vgpu_text_bytes(%s, ", param->name);
		if (param->count.set)
			put_room(out, function, param);
		else
			put(out, "VGPU_BLOB_MAX + 1");
		put(out, ")");
	} else {
		put(out, "vgpu_array_bytes(");
		if (is_guarded_array(function, param)) {
			/* The function need not have looked at more before it failed. */
			put(out, "vgpu_lesser(");
			put_room(out, function, param);
			put(out, ", ok_ ? UINT64_MAX : 1)");
		} else {
			put_room(out, function, param);
		}
		put(out, ", %u)",
		    param->capture == VGPU_CAPTURE_ARRAY ? type_base(type->element)->size : 1);
	}
	put(out, ", %u, %s },\n", i, flag_of(param));
}

static void emit_finish(struct out *out, const struct function *function)
{
	unsigned i, blobs = 0;

	put(out, "\t{\n");
	if (uses_ok(function))
		put(out, "\t\tconst bool ok_ = ret_ == 0;\n");
	if (function->nparams) {
		put(out, "\t\tconst uint64_t args_[] = { ");
		for (i = 0; i < function->nparams; i++) {
			put(out, "%s", i ? ", " : "");
			put_word(out, function->params[i].type, function->params[i].name);
		}
		put(out, " };\n");
	}
	put(out, "\t\tconst struct vgpu_source blobs_[] = {\n");
	for (i = 0; i < function->nparams; i++) {
		if (!function->params[i].capture)
			continue;
		put(out, "\t");
		put_source(out, function, i);
		blobs++;
	}
	if (returns_text(function))
		put(out, "\t\t\t{ ret_, vgpu_text_bytes(ret_, VGPU_BLOB_MAX + 1), "
			 "VGPU_BLOB_RESULT, VGPU_BLOB_OUT },\n");
	else if (returns_struct(function))
		put(out, "\t\t\t{ &ret_, sizeof(ret_), VGPU_BLOB_RESULT, VGPU_BLOB_OUT },\n");
	else if (!blobs)
		put(out, "\t\t\t{ NULL, 0, 0, 0 },\n");
	put(out, "\t\t};\n\n\t\tvgpu_call_finish(&call_, ");
	put_result(out, function);
	put(out, ", %s, %u, blobs_, sizeof(blobs_) / sizeof(blobs_[0]));\n\t}\n",
	    function->nparams ? "args_" : "NULL", function->nparams);
}

static void emit_wrapper(struct out *out, const struct api *api, const struct function *function)
{
	int pass;

	for (pass = 0; pass < 2; pass++) {
		put(out, pass ? "" : "\n");
		put_type(out, function->result);
		put(out, "vgpu_wrap_%s(", function->name);
		put_params(out, function, true);
		put(out, pass ? ")\n{\n" : ");\n");
	}
	emit_start(out, api, function);
	if (is_plain(function))
		emit_plain(out, function);
	else
		emit_finish(out, function);
	if (!returns_void(function))
		put(out, "\treturn ret_;\n");
	put(out, "}\n");
}

void emit_wrappers(const char *folder, const struct api *api, unsigned files)
{
	unsigned k, i, next = 1;

	for (k = 1; k <= files; k++) {
		struct out *out = out_open(folder, "%s_wrappers_%u.c", api->name, k);
		unsigned end = api->count * k / files;

		put_head(out, api, "wrappers.");
		put(out, "#include \"gen/%s_types.h\"\n#include \"shim/api/wrap.h\"\n", api->name);
		for (i = next; i <= end; i++) {
			if (api->functions[i])
				emit_wrapper(out, api, api->functions[i]);
		}
		next = end + 1;
		out_close(out);
	}
}
