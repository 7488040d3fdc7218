// SPDX-License-Identifier: Apache-2.0
/* Export as OpenTelemetry traces: OTLP in its JSON form, a batch of one process's spans a line. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/api/schema.h"
#include "tracer/export/export.h"
#include "tracer/export/json_event.h"
#include "tracer/export/json_text.h"
#include "tracer/export/out.h"
#include "tracer/model/call.h"
#include "tracer/model/copy.h"
#include "tracer/model/nest.h"

/* Of a key that is there for the first time, and for ever: nothing to look for, nothing to copy. */
#define NEW_CONSTANT (JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_KEY_IS_CONSTANT)
#define BATCH_SPANS 256u
#define BATCHES     8u

/* The published numbers. */
enum { SPAN_KIND_INTERNAL = 1, STATUS_UNSET = 0, STATUS_OK = 1, STATUS_ERROR = 2 };

/* Who a process is, the same in every export of it: nothing that this program numbers. */
struct identity {
	uint64_t self, trace[2];
	uint64_t started_ns;
	bool known, spanned;
};

struct batch {
	uint32_t process;
	unsigned count;         /* 0: the batch is free */
	struct vgpu_text spans; /* as they are written: kept as objects they would be megabytes */
};

struct otlp {
	struct vgpu_out out;
	struct vgpu_model *model;
	struct vgpu_nest *nest;
	struct identity *processes; /* by number */
	uint32_t process_count;
	struct batch batches[BATCHES];
	unsigned next; /* to be written when all are taken */
	uint64_t last_ns;
};

static int otlp_enter(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark,
		      struct vgpu_nest_call *call);
static int otlp_resume(void *data, const struct vgpu_event *event, struct vgpu_nest_call *call);
static int otlp_leave(void *data, struct vgpu_nest_call *call);
static const struct vgpu_nest_ops nest_ops = { .enter = otlp_enter, .resume = otlp_resume, .leave = otlp_leave };

static void otlp_close(void *exporter)
{
	struct otlp *otlp = exporter;

	vgpu_nest_close(otlp->nest);
	for (unsigned i = 0; i < BATCHES; i++)
		vgpu_text_free(&otlp->batches[i].spans);
	free(otlp->processes);
	free(otlp);
}

static int otlp_open(void **out, const struct vgpu_export_to *to)
{
	struct otlp *otlp = calloc(1, sizeof(*otlp));

	if (!otlp)
		return -ENOMEM;
	otlp->out.fd = to->fd;
	otlp->model = to->model;
	if (vgpu_nest_open(&otlp->nest, &nest_ops, otlp)) {
		otlp_close(otlp);
		return -ENOMEM;
	}
	*out = otlp;
	return 0;
}

/* ---- identities ---- */

static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
	hash ^= hash >> 32;
	hash *= UINT64_C(0x9e3779b97f4a7c15);
	hash ^= hash >> 29;
	/* All zeros mean "none". */
	return hash ? hash : 1;
}

static uint64_t mix_word(uint64_t hash, uint64_t word)
{
	return mix(hash, &word, sizeof(word));
}

static struct identity *identity_of(struct otlp *otlp, uint32_t process)
{
	static struct identity nobody;

	/* A stream that names more processes than this is damaged. */
	if (process > 1000000)
		process = 0;
	if (process >= otlp->process_count) {
		uint32_t count = process * 2 + 16;
		void *grown = realloc(otlp->processes, count * sizeof(*otlp->processes));

		if (!grown) {
			otlp->out.error = -ENOMEM;
			return &nobody;
		}
		otlp->processes = grown;
		memset(otlp->processes + otlp->process_count, 0,
		       (count - otlp->process_count) * sizeof(*otlp->processes));
		otlp->process_count = count;
	}
	return &otlp->processes[process];
}

static void learn_process(struct otlp *otlp, const struct vgpu_event *event)
{
	const struct vgpu_event_process *start = &event->start;
	struct identity *identity = identity_of(otlp, event->process);
	const struct identity *parent;
	uint64_t self;

	if (identity->known)
		return;
	self = mix(UINT64_C(0xcbf29ce484222325), start->boot_id, sizeof(start->boot_id));
	self = mix_word(self, start->start_time);
	self = mix_word(self, start->pid_ns);
	self = mix_word(self, (uint32_t)start->ns_pid);
	/* Gone before anybody could ask when it had started: then pids alone would have to tell processes apart. */
	if (!start->start_time)
		self = mix_word(self, event->time_ns);
	parent = start->parent && start->parent < otlp->process_count ? &otlp->processes[start->parent] : NULL;
	identity->known = true;
	identity->self = self;
	identity->started_ns = event->time_ns;
	/* A process and those that it started are one trace. */
	if (parent && parent->known && start->parent != event->process) {
		identity->trace[0] = parent->trace[0];
		identity->trace[1] = parent->trace[1];
	} else {
		identity->trace[0] = mix_word(self, 1);
		identity->trace[1] = mix_word(self, 2);
	}
}

/* Of a process whose start is not on record, and of none. */
static struct identity *identity_for(struct otlp *otlp, const struct vgpu_event *event)
{
	struct identity *identity = identity_of(otlp, event->process);

	if (!identity->known) {
		identity->known = true;
		identity->self = mix_word(UINT64_C(0xcbf29ce484222325), event->process);
		identity->trace[0] = mix_word(identity->self, 1);
		identity->trace[1] = mix_word(identity->self, 2);
		identity->started_ns = event->time_ns;
	}
	return identity;
}

static uint64_t call_id(const struct identity *identity, const struct vgpu_event *event)
{
	return mix_word(mix_word(mix_word(identity->self, 3), event->call.thread), event->call.ordinal);
}

static uint64_t event_id(const struct identity *identity, const struct vgpu_event *event)
{
	return mix_word(mix_word(mix_word(identity->self, 4), event->kind), event->number);
}

static uint64_t process_id(const struct identity *identity)
{
	return mix_word(identity->self, 5);
}

/* ---- values, as the format wants them ---- */

static struct json_object *json_id(uint64_t high, uint64_t low, unsigned words)
{
	char text[40];

	if (words == 2)
		snprintf(text, sizeof(text), "%016" PRIx64 "%016" PRIx64, high, low);
	else
		snprintf(text, sizeof(text), "%016" PRIx64, low);
	return json_object_new_string(text);
}

/* Numbers of 64 bits are strings there. */
static struct json_object *json_decimal(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return json_object_new_string(text);
}

static struct json_object *any_value(struct json_object *value)
{
	struct json_object *any = json_object_new_object(), *list, *inner;
	uint64_t word;
	char text[24];

	switch (json_object_get_type(value)) {
	case json_type_boolean:
		json_object_object_add(any, "boolValue", json_object_get(value));
		break;
	case json_type_double:
		json_object_object_add(any, "doubleValue", json_object_get(value));
		break;
	case json_type_int:
		word = json_object_get_uint64(value);
		/* intValue is signed. */
		if (word > INT64_MAX) {
			json_object_object_add(any, "stringValue", json_decimal(word));
			break;
		}
		snprintf(text, sizeof(text), "%" PRId64, json_object_get_int64(value));
		json_object_object_add(any, "intValue", json_object_new_string(text));
		break;
	case json_type_array:
		list = json_object_new_array();
		for (size_t i = 0; i < json_object_array_length(value); i++)
			json_object_array_add(list, any_value(json_object_array_get_idx(value, i)));
		inner = json_object_new_object();
		json_object_object_add(inner, "values", list);
		json_object_object_add(any, "arrayValue", inner);
		break;
	case json_type_object:
		json_object_object_add(any, "stringValue",
				       vgpu_json_string(json_object_to_json_string_ext(
					       value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)));
		break;
	case json_type_string:
		json_object_object_add(any, "stringValue", json_object_get(value));
		break;
	case json_type_null:
		break;
	}
	return any;
}

/* Takes the value over. */
static void add_attribute(struct json_object *attributes, const char *prefix, const char *key, struct json_object *value)
{
	struct json_object *attribute;
	char name[128];

	if (!value)
		return;
	snprintf(name, sizeof(name), "%s%s", prefix, key);
	attribute = json_object_new_object();
	json_object_object_add_ex(attribute, "key", json_object_new_string(name), NEW_CONSTANT);
	json_object_object_add_ex(attribute, "value", any_value(value), NEW_CONSTANT);
	json_object_array_add(attributes, attribute);
	json_object_put(value);
}

/* ---- batches ---- */

static struct json_object *resource(struct otlp *otlp, uint32_t number)
{
	const struct vgpu_model_process *process = vgpu_model_process(otlp->model, number);
	struct json_object *object = json_object_new_object(), *attributes = json_object_new_array();
	struct vgpu_strings argv = process ? (struct vgpu_strings){ process->argv, process->argv_size }
					   : (struct vgpu_strings){ 0 };
	struct json_object *words;
	const char *word = NULL;

	add_attribute(attributes, "", "service.name",
		      vgpu_json_string(number ? vgpu_model_label(otlp->model, number) : "vgpu-trace"));
	if (process) {
		add_attribute(attributes, "", "process.pid", json_object_new_int64(process->pid));
		add_attribute(attributes, "", "process.parent_pid", json_object_new_int64(process->ppid));
		add_attribute(attributes, "", "process.executable.name", vgpu_json_string(process->comm));
		add_attribute(attributes, "", "process.executable.path", vgpu_json_string(process->exe));
		words = json_object_new_array();
		while ((word = vgpu_strings_next(&argv, word)))
			json_object_array_add(words, vgpu_json_string(word));
		add_attribute(attributes, "", "process.command_args", words);
	}
	if (otlp->model->has_session)
		add_attribute(attributes, "", "vgpu.mode", vgpu_json_string(vgpu_shim_mode_name(otlp->model->mode)));
	json_object_object_add(object, "attributes", attributes);
	return object;
}

/* One whole TracesData a line: what a collector's file receiver reads, and its HTTP receiver takes. */
static void write_batch(struct otlp *otlp, struct batch *batch)
{
	struct json_object *scope = json_object_new_object();

	json_object_object_add(scope, "name", json_object_new_string("vgpu-trace"));
	json_object_object_add(scope, "version", json_object_new_string(VGPU_VERSION));
	vgpu_out_puts(&otlp->out, "{\"resourceSpans\":[{\"resource\":");
	vgpu_out_json(&otlp->out, resource(otlp, batch->process));
	vgpu_out_puts(&otlp->out, ",\"scopeSpans\":[{\"scope\":");
	vgpu_out_json(&otlp->out, scope);
	vgpu_out_puts(&otlp->out, ",\"spans\":[");
	vgpu_out_write(&otlp->out, vgpu_text_string(&batch->spans), batch->spans.size);
	vgpu_out_puts(&otlp->out, "]}]}]}\n");
	vgpu_text_clear(&batch->spans);
	batch->count = 0;
}

/* Takes the span over. */
static void put_span(struct otlp *otlp, uint32_t process, struct json_object *span)
{
	struct batch *batch = NULL;
	const char *text;
	size_t size;

	for (unsigned i = 0; i < BATCHES && !batch; i++)
		if (otlp->batches[i].count && otlp->batches[i].process == process)
			batch = &otlp->batches[i];
	for (unsigned i = 0; i < BATCHES && !batch; i++)
		if (!otlp->batches[i].count)
			batch = &otlp->batches[i];
	if (!batch) {
		batch = &otlp->batches[otlp->next++ % BATCHES];
		write_batch(otlp, batch);
	}
	batch->process = process;
	text = json_object_to_json_string_length(span, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
	vgpu_text_puts(&batch->spans, batch->count ? "," : "");
	vgpu_text_add(&batch->spans, text ? text : "", text ? size : 0);
	if (!text || batch->spans.failed)
		otlp->out.error = -ENOMEM;
	json_object_put(span);
	if (++batch->count == BATCH_SPANS)
		write_batch(otlp, batch);
}

/* Takes attributes and status over. parent 0: none. */
static void make_span(struct otlp *otlp, uint32_t process, const struct identity *identity, uint64_t id, uint64_t parent,
		      const char *name, uint64_t start_ns, uint64_t end_ns, struct json_object *attributes,
		      struct json_object *status)
{
	uint64_t offset = otlp->model->realtime_offset_ns;
	struct json_object *span = json_object_new_object();

	json_object_object_add(span, "traceId", json_id(identity->trace[0], identity->trace[1], 2));
	json_object_object_add(span, "spanId", json_id(0, id, 1));
	if (parent)
		json_object_object_add(span, "parentSpanId", json_id(0, parent, 1));
	json_object_object_add(span, "name", vgpu_json_string(name));
	json_object_object_add(span, "kind", json_object_new_int(SPAN_KIND_INTERNAL));
	json_object_object_add(span, "startTimeUnixNano", json_decimal(start_ns + offset));
	json_object_object_add(span, "endTimeUnixNano", json_decimal(end_ns + offset));
	json_object_object_add(span, "attributes", attributes);
	json_object_object_add(span, "status", status);
	put_span(otlp, process, span);
}

/* ---- calls ---- */

/* What is 0 or empty goes without saying: it would be most of what there is. */
static bool is_empty(const struct vgpu_event *event, const struct vgpu_field *field)
{
	static const uint8_t zeros[16];
	const uint8_t *at = (const uint8_t *)event + field->offset;

	switch (field->type) {
	case VGPU_FIELD_STRING:
		return !*(const char *const *)at || !**(const char *const *)at;
	case VGPU_FIELD_STRINGS:
		return !((const struct vgpu_strings *)at)->size;
	case VGPU_FIELD_DATA:
		return !((const struct vgpu_data *)at)->size;
	case VGPU_FIELD_WORDS:
		return !((const struct vgpu_words *)at)->count;
	default:
		return !memcmp(at, zeros, vgpu_field_size(field->type));
	}
}

static void add_fields(struct json_object *attributes, const struct vgpu_event *event)
{
	const struct vgpu_kind *kind = vgpu_event_kind(event->kind);

	for (uint32_t i = 0; i < vgpu_event_common.count; i++)
		if (!is_empty(event, &vgpu_event_common.fields[i]))
			add_attribute(attributes, "vgpu.event.", vgpu_event_common.fields[i].name,
				      vgpu_json_field(event, &vgpu_event_common.fields[i]));
	for (uint32_t i = 0; i < kind->count; i++)
		/* What the blobs hold is among in and out. */
		if (!is_empty(event, &kind->fields[i]) && strcmp(kind->fields[i].name, "blobs"))
			add_attribute(attributes, "vgpu.", kind->fields[i].name, vgpu_json_field(event, &kind->fields[i]));
}

static void add_values(struct json_object *attributes, struct json_object *call, const char *side)
{
	struct json_object *values;
	char prefix[16];

	if (!json_object_object_get_ex(call, side, &values))
		return;
	snprintf(prefix, sizeof(prefix), "vgpu.%s.", side);
	json_object_object_foreach(values, name, value)
		add_attribute(attributes, prefix, name, json_object_get(value));
}

static void put_call(struct otlp *otlp, const struct vgpu_event *event, const struct vgpu_nest_call *call,
		     uint64_t end_ns)
{
	const struct vgpu_function *function = vgpu_function_find(event->call.function);
	const struct identity *identity = identity_for(otlp, event);
	struct json_object *attributes = json_object_new_array(), *object = json_object_new_object();
	struct json_object *status = json_object_new_object(), *text;
	bool ended = event->kind == VGPU_EVENT_CALL && !(event->call.flags & VGPU_CALL_UNWOUND);
	bool has_status = ended && function && function->flags & VGPU_FUNCTION_STATUS;
	struct vgpu_text name = { 0 };

	vgpu_json_call(object, &event->call, event->kind == VGPU_EVENT_PENDING);
	add_attribute(attributes, "", "thread.id", json_object_new_int64(event->tid));
	if (event->call.thread_name)
		add_attribute(attributes, "", "thread.name", vgpu_json_string(event->call.thread_name));
	add_fields(attributes, event);
	if (json_object_object_get_ex(object, "library", &text))
		add_attribute(attributes, "vgpu.", "library", json_object_get(text));
	add_values(attributes, object, "in");
	add_values(attributes, object, "out");
	json_object_object_add(status, "code",
			       json_object_new_int(!has_status			     ? STATUS_UNSET
						   : vgpu_call_failed(&event->call) ? STATUS_ERROR
										    : STATUS_OK));
	/* Only of an error is there a message. */
	if (has_status && vgpu_call_failed(&event->call)) {
		char code[24];

		snprintf(code, sizeof(code), "%d", (int32_t)event->call.result);
		if (json_object_object_get_ex(object, "status", &text) && text)
			json_object_object_add(status, "message", json_object_get(text));
		else
			json_object_object_add(status, "message", json_object_new_string(code));
	}
	if (!event->call.function && event->call.name)
		vgpu_text_puts(&name, event->call.name);
	else
		vgpu_call_format_name(&name, event->call.function);
	make_span(otlp, event->process, identity, call_id(identity, event),
		  call->parent ? call->parent->id : process_id(identity), vgpu_text_string(&name), event->time_ns, end_ns,
		  attributes, status);
	vgpu_text_free(&name);
	json_object_put(object);
}

static uint64_t end_of(const struct vgpu_event *event)
{
	return event->time_ns + event->call.duration_ns;
}

static int otlp_enter(void *data, const struct vgpu_event *event, enum vgpu_tree_mark mark,
		      struct vgpu_nest_call *call)
{
	struct otlp *otlp = data;

	call->id = call_id(identity_for(otlp, event), event);
	if (mark != VGPU_TREE_UNFINISHED) {
		put_call(otlp, event, call, end_of(event));
		return otlp->out.error;
	}
	/* A span is told of once, with its end: that comes, or does not. */
	call->data = vgpu_event_copy(event);
	return call->data ? 0 : -ENOMEM;
}

static int otlp_resume(void *data, const struct vgpu_event *event, struct vgpu_nest_call *call)
{
	struct otlp *otlp = data;

	put_call(otlp, event, call, end_of(event));
	free(call->data);
	call->data = NULL;
	return otlp->out.error;
}

static int otlp_leave(void *data, struct vgpu_nest_call *call)
{
	struct otlp *otlp = data;
	uint64_t end;

	if (!call->data)
		return 0;
	end = end_of(call->data);
	put_call(otlp, call->data, call, end > call->last_ns ? end : call->last_ns);
	free(call->data);
	call->data = NULL;
	return otlp->out.error;
}

/* ---- processes, and everything else ---- */

static void put_process(struct otlp *otlp, uint32_t number, uint64_t end_ns)
{
	struct identity *identity = identity_of(otlp, number);
	const struct vgpu_model_process *process = vgpu_model_process(otlp->model, number);
	struct json_object *status;
	uint64_t parent = 0;

	if (!identity->known || identity->spanned)
		return;
	identity->spanned = true;
	if (process && process->parent && process->parent < otlp->process_count && process->parent != number &&
	    otlp->processes[process->parent].known)
		parent = process_id(&otlp->processes[process->parent]);
	status = json_object_new_object();
	json_object_object_add(status, "code", json_object_new_int(STATUS_UNSET));
	make_span(otlp, number, identity, process_id(identity), parent,
		  number ? vgpu_model_label(otlp->model, number) : "recording", identity->started_ns,
		  end_ns > identity->started_ns ? end_ns : identity->started_ns, json_object_new_array(), status);
}

static int otlp_event(void *exporter, const struct vgpu_event *event)
{
	struct otlp *otlp = exporter;
	const struct vgpu_kind *kind = vgpu_event_kind(event->kind);
	struct json_object *attributes, *status;
	struct identity *identity;
	char name[64];
	int err;

	if (!kind)
		return 0;
	if (event->time_ns > otlp->last_ns)
		otlp->last_ns = event->time_ns;
	if (event->kind == VGPU_EVENT_START || event->kind == VGPU_EVENT_EXEC)
		learn_process(otlp, event);
	err = vgpu_nest_event(otlp->nest, event);
	if (event->kind == VGPU_EVENT_CALL && end_of(event) > otlp->last_ns)
		otlp->last_ns = end_of(event);
	if (event->kind == VGPU_EVENT_CALL || event->kind == VGPU_EVENT_PENDING)
		return err ? err : otlp->out.error;
	identity = identity_for(otlp, event);
	attributes = json_object_new_array();
	status = json_object_new_object();
	add_fields(attributes, event);
	json_object_object_add(status, "code", json_object_new_int(STATUS_UNSET));
	snprintf(name, sizeof(name), "vgpu.%s", kind->name);
	make_span(otlp, event->process, identity, event_id(identity, event), process_id(identity), name, event->time_ns,
		  event->time_ns, attributes, status);
	if (event->kind == VGPU_EVENT_EXIT)
		put_process(otlp, event->process, event->time_ns);
	return err ? err : otlp->out.error;
}

static int otlp_end(void *exporter)
{
	struct otlp *otlp = exporter;
	int err = vgpu_nest_end(otlp->nest);

	/* Those that were not seen to end. */
	for (uint32_t i = 0; i < otlp->process_count; i++)
		put_process(otlp, i, otlp->last_ns);
	for (unsigned i = 0; i < BATCHES; i++)
		if (otlp->batches[i].count)
			write_batch(otlp, &otlp->batches[i]);
	return err ? err : vgpu_out_flush(&otlp->out);
}

const struct vgpu_exporter vgpu_exporter_otlp = {
	.name = "otlp",
	.help = "OpenTelemetry traces, OTLP/JSON, a batch of spans a line",
	.use = "a collector's otlpjsonfile receiver reads it; each line can be POSTed to /v1/traces",
	.makes = VGPU_EXPORT_STREAM,
	.open = otlp_open,
	.event = otlp_event,
	.end = otlp_end,
	.close = otlp_close,
};
