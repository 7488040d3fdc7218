// SPDX-License-Identifier: Apache-2.0
/* Evaluates filters: what each field of an event is, and how it compares. */
#include "tracer/model/filter.h"

#include <stdio.h>
#include <string.h>

#include "tracer/model/call.h"
#include "tracer/model/filter_tree.h"
#include "tracer/model/names.h"

/* What a field is for one event; text wins where both are there. */
struct value {
	bool there;
	bool is_text;
	int64_t number;
	const char *text;
	const struct vgpu_enum *names; /* of a number */
	char buffer[256];
};

struct subject {
	const struct vgpu_event *event;
	const struct vgpu_event_call *call; /* NULL: not a call */
	const struct vgpu_function *function;
	const struct vgpu_model *model;
};

static void set_number(struct value *value, int64_t number)
{
	value->there = true;
	value->number = number;
}

static void set_text(struct value *value, const char *text)
{
	if (!text)
		return;
	value->there = true;
	value->is_text = true;
	value->text = text;
}

static const struct vgpu_model_process *process_of(const struct subject *subject)
{
	return subject->model ? vgpu_model_process(subject->model, subject->event->process) : NULL;
}

static void get_function(const struct subject *subject, const char *rest, struct value *value)
{
	(void)rest;
	if (subject->function)
		set_text(value, subject->function->name);
	else if (subject->call)
		set_text(value, subject->call->name);
}

static void get_library(const struct subject *subject, const char *rest, struct value *value)
{
	const struct vgpu_api *api;

	(void)rest;
	if (!subject->call)
		return;
	api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(subject->call->function));
	if (api)
		set_text(value, api->name);
}

static void get_result(const struct subject *subject, const char *rest, struct value *value)
{
	const struct vgpu_api *api;

	(void)rest;
	if (!subject->call || subject->event->kind != VGPU_EVENT_CALL)
		return;
	set_number(value, (int64_t)subject->call->result);
	api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(subject->call->function));
	if (api && subject->function && (subject->function->flags & VGPU_FUNCTION_STATUS)) {
		value->number = (int32_t)subject->call->result;
		value->names = api->status;
	}
}

static void get_duration(const struct subject *subject, const char *rest, struct value *value)
{
	(void)rest;
	if (subject->call)
		set_number(value, (int64_t)subject->call->duration_ns);
}

static void get_time(const struct subject *subject, const char *rest, struct value *value)
{
	(void)rest;
	if (subject->model && subject->model->first_ns)
		set_number(value, (int64_t)(subject->event->time_ns - subject->model->first_ns));
}

static void get_pid(const struct subject *subject, const char *rest, struct value *value)
{
	const struct vgpu_model_process *process = process_of(subject);

	(void)rest;
	if (process)
		set_number(value, process->pid);
}

static void get_process(const struct subject *subject, const char *rest, struct value *value)
{
	const struct vgpu_model_process *process = process_of(subject);

	(void)rest;
	if (process)
		set_text(value, process->comm);
}

static void get_tid(const struct subject *subject, const char *rest, struct value *value)
{
	(void)rest;
	if (subject->event->tid)
		set_number(value, subject->event->tid);
}

static void get_thread(const struct subject *subject, const char *rest, struct value *value)
{
	(void)rest;
	if (subject->call)
		set_text(value, subject->call->thread_name);
}

static void get_depth(const struct subject *subject, const char *rest, struct value *value)
{
	(void)rest;
	if (subject->call)
		set_number(value, subject->call->depth);
}

static void get_caller(const struct subject *subject, const char *rest, struct value *value)
{
	(void)rest;
	if (subject->call && subject->call->caller)
		set_number(value, (int64_t)subject->call->caller);
}

static void get_number(const struct subject *subject, const char *rest, struct value *value)
{
	(void)rest;
	set_number(value, (int64_t)subject->event->number);
}

static void get_kind(const struct subject *subject, const char *rest, struct value *value)
{
	const struct vgpu_kind *kind = vgpu_event_kind(subject->event->kind);

	(void)rest;
	if (kind)
		set_text(value, kind->name);
}

static void get_failed(const struct subject *subject, const char *rest, struct value *value)
{
	(void)rest;
	if (subject->call && subject->event->kind == VGPU_EVENT_CALL)
		set_number(value, vgpu_call_failed(subject->call));
}

static void get_unsupported(const struct subject *subject, const char *rest, struct value *value)
{
	(void)rest;
	if (subject->call)
		set_number(value, !!(subject->call->flags & VGPU_CALL_UNSUPPORTED));
}

static void get_pending(const struct subject *subject, const char *rest, struct value *value)
{
	(void)rest;
	if (subject->call)
		set_number(value, subject->event->kind == VGPU_EVENT_PENDING);
}

/* arg.NAME or arg.NAME.MEMBER: the out-value where there is one. */
static void get_argument(const struct subject *subject, const char *rest, struct value *value)
{
	const struct vgpu_type *type;
	const uint8_t *bytes;
	uint64_t number;
	size_t size;

	if (!subject->call || !vgpu_call_value(subject->call, rest, &type, &bytes, &size))
		return;
	if (type->kind == VGPU_TYPE_CHAR || type->kind == VGPU_TYPE_ARRAY || type->kind == VGPU_TYPE_POINTER) {
		if (vgpu_call_string(subject->call, rest, value->buffer, sizeof(value->buffer))) {
			set_text(value, value->buffer);
			return;
		}
	}
	if (vgpu_call_integer(subject->call, rest, &number)) {
		set_number(value, (int64_t)number);
		value->names = type->enumeration;
	}
}

/* One row a field: how it is spelled, what it is, where it comes from. */
static const struct {
	const char *name;
	const char *help;
	bool of_calls; /* an event that is no call cannot have it */
	bool prefix;   /* a name follows */
	void (*get)(const struct subject *subject, const char *rest, struct value *value);
} fields[] = {
	{ "fn", "function's name", true, false, get_function },
	{ "lib", "its library: cuda, nvml, cudart13, cudart12", true, false, get_library },
	{ "ret", "result, by number or name", true, false, get_result },
	{ "dur", "how long it took", true, false, get_duration },
	{ "failed", "1: it returned an error", true, false, get_failed },
	{ "unsupported", "1: the backend does not do it", true, false, get_unsupported },
	{ "pending", "1: it has not returned", true, false, get_pending },
	{ "depth", "calls it is nested in", true, false, get_depth },
	{ "caller", "address it was called from", true, false, get_caller },
	{ "thread", "thread's name", true, false, get_thread },
	{ "arg.", "argument or out-value: arg.attrib, arg.prop.major", true, true, get_argument },
	{ "time", "since the recording began", false, false, get_time },
	{ "pid", "process id", false, false, get_pid },
	{ "tid", "thread id", false, false, get_tid },
	{ "proc", "process's name", false, false, get_process },
	{ "event", "number of the event", false, false, get_number },
	{ "kind", "kind of event: call, start, exit, …", false, false, get_kind },
};

#define FIELDS (sizeof(fields) / sizeof(*fields))

bool vgpu_filter_field(unsigned index, const char **name, const char **help)
{
	if (index >= FIELDS)
		return false;
	*name = fields[index].name;
	*help = fields[index].help;
	return true;
}

int vgpu_filter_field_find(const char *name, size_t length)
{
	for (unsigned i = 0; i < FIELDS; i++) {
		size_t own = strlen(fields[i].name);

		if (fields[i].prefix ? length > own && !strncmp(fields[i].name, name, own)
				     : length == own && !strncmp(fields[i].name, name, own))
			return (int)i;
	}
	return -1;
}

size_t vgpu_filter_field_prefix(int field)
{
	return fields[field].prefix ? strlen(fields[field].name) : 0;
}

static bool holds(enum vgpu_filter_op op, int order)
{
	switch (op) {
	case VGPU_FILTER_EQ:
		return order == 0;
	case VGPU_FILTER_NE:
		return order != 0;
	case VGPU_FILTER_LT:
		return order < 0;
	case VGPU_FILTER_LE:
		return order <= 0;
	case VGPU_FILTER_GT:
		return order > 0;
	case VGPU_FILTER_GE:
		return order >= 0;
	default:
		return false;
	}
}

static int order_of(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

/* A constant's value by its name, whole or after the common prefix. */
static bool constant(const struct vgpu_enum *names, const char *text, int64_t *value)
{
	unsigned prefix = names ? vgpu_enum_prefix(names) : 0;

	for (uint32_t i = 0; names && i < names->count; i++) {
		const char *name = names->constants[i].name;

		if (!strcmp(name, text) || !strcmp(name + prefix, text)) {
			*value = names->constants[i].value;
			return true;
		}
	}
	return false;
}

static bool compare(const struct vgpu_filter_node *node, const struct value *value)
{
	const char *name = value->is_text ? value->text : NULL;
	int64_t number;

	if (!value->there)
		return false;
	if (node->op == VGPU_FILTER_SET)
		return value->is_text ? *value->text : value->number != 0;
	if (node->op == VGPU_FILTER_LIKE || node->op == VGPU_FILTER_UNLIKE) {
		char digits[32];

		if (!name && value->names)
			name = vgpu_enum_name(value->names, value->number);
		if (!name) {
			snprintf(digits, sizeof(digits), "%lld", (long long)value->number);
			name = digits;
		}
		return vgpu_name_matches(node->text, name) == (node->op == VGPU_FILTER_LIKE);
	}
	if (value->is_text)
		return holds(node->op, strcmp(value->text, node->text));
	if (node->is_number)
		return holds(node->op, order_of(value->number, node->number));
	if (!constant(value->names, node->text, &number))
		return node->op == VGPU_FILTER_NE;
	return holds(node->op, order_of(value->number, number));
}

static bool pass(const struct vgpu_filter_node *node, const struct subject *subject)
{
	struct value value = { 0 };

	switch (node->kind) {
	case VGPU_FILTER_OR:
		return pass(node->left, subject) || pass(node->right, subject);
	case VGPU_FILTER_AND:
		return pass(node->left, subject) && pass(node->right, subject);
	case VGPU_FILTER_NOT:
		return !pass(node->left, subject);
	default:
		fields[node->field].get(subject, node->rest, &value);
		return compare(node, &value);
	}
}

static bool asks_for_calls(const struct vgpu_filter_node *node)
{
	if (!node)
		return false;
	if (node->kind == VGPU_FILTER_COMPARE)
		return fields[node->field].of_calls;
	return asks_for_calls(node->left) || asks_for_calls(node->right);
}

bool vgpu_filter_pass(const struct vgpu_filter *filter, const struct vgpu_event *event,
		      const struct vgpu_model *model)
{
	struct subject subject = { .event = event, .model = model };
	const struct vgpu_filter_node *root = filter->root;

	if (event->kind == VGPU_EVENT_CALL || event->kind == VGPU_EVENT_PENDING) {
		subject.call = &event->call;
		subject.function = vgpu_function_find(event->call.function);
	} else if (asks_for_calls(root)) {
		return false;
	}
	return pass(root, &subject);
}

/* ---- what can be said before there is a call ---- */

static enum vgpu_filter_answer answer_for(const struct vgpu_filter_node *node, const struct subject *subject)
{
	struct value value = { 0 };
	enum vgpu_filter_answer left, right;

	switch (node->kind) {
	case VGPU_FILTER_OR:
		left = answer_for(node->left, subject);
		right = answer_for(node->right, subject);
		return left > right ? left : right;
	case VGPU_FILTER_AND:
		left = answer_for(node->left, subject);
		right = answer_for(node->right, subject);
		return left < right ? left : right;
	case VGPU_FILTER_NOT:
		return VGPU_FILTER_ALWAYS - answer_for(node->left, subject);
	default:
		if (fields[node->field].get != get_function &&
		    (fields[node->field].get != get_library || !subject->call->function))
			return VGPU_FILTER_PERHAPS;
		fields[node->field].get(subject, node->rest, &value);
		return compare(node, &value) ? VGPU_FILTER_ALWAYS : VGPU_FILTER_NEVER;
	}
}

/* How deep a call lies is known only where all calls around it are seen. */
static bool asks_for_depth(const struct vgpu_filter_node *node)
{
	if (node->kind == VGPU_FILTER_COMPARE)
		return fields[node->field].get == get_depth;
	return asks_for_depth(node->left) || (node->right && asks_for_depth(node->right));
}

enum vgpu_filter_answer vgpu_filter_of_function(const struct vgpu_filter *filter, const char *function, uint32_t library)
{
	const struct vgpu_function *known = library ? vgpu_function_by_name(library, function) : NULL;
	struct vgpu_event event = { .kind = VGPU_EVENT_CALL, .call = { .function = known ? known->id : 0, .name = function } };
	struct subject subject = { .event = &event, .call = &event.call, .function = known };

	return asks_for_depth(filter->root) ? VGPU_FILTER_PERHAPS : answer_for(filter->root, &subject);
}

static void needs_of(const struct vgpu_filter_node *node, struct vgpu_filter_needs *out)
{
	bool is_set = node->op == VGPU_FILTER_SET || (node->op == VGPU_FILTER_EQ && node->is_number && node->number == 1);
	int64_t least;

	if (node->kind == VGPU_FILTER_AND) {
		needs_of(node->left, out);
		needs_of(node->right, out);
	}
	if (node->kind != VGPU_FILTER_COMPARE)
		return;
	out->failed |= fields[node->field].get == get_failed && is_set;
	if (fields[node->field].get == get_tid && node->op == VGPU_FILTER_EQ && node->is_number && node->number > 0 &&
	    node->number <= INT32_MAX)
		out->tid = (int32_t)node->number;
	if (fields[node->field].get != get_duration || !node->is_number ||
	    (node->op != VGPU_FILTER_GE && node->op != VGPU_FILTER_GT))
		return;
	least = node->number + (node->op == VGPU_FILTER_GT && node->number < INT64_MAX);
	if (least > 0 && (uint64_t)least > out->least_ns)
		out->least_ns = (uint64_t)least;
}

void vgpu_filter_needs(const struct vgpu_filter *filter, struct vgpu_filter_needs *out)
{
	*out = (struct vgpu_filter_needs){ .failed = false };
	needs_of(filter->root, out);
}

struct window {
	int64_t from, upto;
};

static struct window window_of(const struct vgpu_filter_node *node)
{
	struct window own = { 0, INT64_MAX }, left, right;

	switch (node->kind) {
	case VGPU_FILTER_AND:
	case VGPU_FILTER_OR:
		left = window_of(node->left);
		right = window_of(node->right);
		/* Of two that must hold what is common, of two that may what is between. */
		if ((left.from < right.from) == (node->kind == VGPU_FILTER_AND))
			own.from = right.from;
		else
			own.from = left.from;
		if ((left.upto < right.upto) == (node->kind == VGPU_FILTER_AND))
			own.upto = left.upto;
		else
			own.upto = right.upto;
		return own;
	case VGPU_FILTER_COMPARE:
		if (fields[node->field].get != get_time || !node->is_number)
			return own;
		if (node->op == VGPU_FILTER_GE || node->op == VGPU_FILTER_GT || node->op == VGPU_FILTER_EQ)
			own.from = node->number > 0 ? node->number : 0;
		if (node->op == VGPU_FILTER_LE || node->op == VGPU_FILTER_LT || node->op == VGPU_FILTER_EQ)
			own.upto = node->number > 0 ? node->number : 0;
		return own;
	default:
		return own;
	}
}

void vgpu_filter_window(const struct vgpu_filter *filter, int64_t *from_ns, int64_t *upto_ns)
{
	struct window window = filter ? window_of(filter->root) : (struct window){ 0, INT64_MAX };

	*from_ns = window.from;
	*upto_ns = window.upto;
}
