// SPDX-License-Identifier: Apache-2.0
/* What was seen of each process that bears on its GPU discovery. */
#include "tracer/explain/evidence.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/explain/discovery.h"
#include "tracer/model/call.h"
#include "tracer/model/names.h"

/* ---- memory: strings and lists that go together ---- */

#define POOL_BLOCK 8192u
/* Streams that name more are damaged. */
#define PROCESSES_MAX 1000000u

struct pool_block {
	struct pool_block *next;
	size_t used, size;
	char bytes[];
};

struct vgpu_pool {
	struct pool_block *blocks;
};

static void *pool_take(struct vgpu_pool *pool, size_t size)
{
	struct pool_block *block = pool->blocks;
	void *at;

	size = (size + 7) & ~(size_t)7;
	if (!block || block->size - block->used < size) {
		size_t room = size > POOL_BLOCK ? size : POOL_BLOCK;

		block = malloc(sizeof(*block) + room);
		if (!block)
			return NULL;
		*block = (struct pool_block){ pool->blocks, 0, room };
		pool->blocks = block;
	}
	at = block->bytes + block->used;
	block->used += size;
	return at;
}

static const char *keep_bytes(struct vgpu_pool *pool, const char *bytes, size_t size)
{
	char *at = bytes ? pool_take(pool, size + 1) : NULL;

	if (!at)
		return NULL;
	memcpy(at, bytes, size);
	at[size] = '\0';
	return at;
}

static const char *keep(struct vgpu_pool *pool, const char *text)
{
	return text ? keep_bytes(pool, text, strlen(text)) : NULL;
}

static void pool_empty(struct vgpu_pool *pool)
{
	for (struct pool_block *block = pool->blocks, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	pool->blocks = NULL;
}

/* Room for one more of a list; NULL: it is full, and counted. Lists double, so old places stay behind in the pool. */
static void *list_add(struct vgpu_pool *pool, void **at, uint32_t *count, uint32_t *more, size_t size)
{
	if (*count == VGPU_SEEN_MAX) {
		(*more)++;
		return NULL;
	}
	if (!(*count & (*count - 1))) {
		size_t room = *count ? *count * 2 : 1;
		void *fresh = pool_take(pool, room * size);

		if (!fresh)
			return NULL;
		if (*count)
			memcpy(fresh, *at, *count * size);
		*at = fresh;
	}
	memset((char *)*at + *count * size, 0, size);
	return (char *)*at + (*count)++ * size;
}
#define LIST_ADD(pool, list) \
	list_add(pool, (void **)&(list).at, &(list).count, &(list).more, sizeof(*(list).at))

/* ---- processes ---- */

static struct vgpu_seen_process *process_get(struct vgpu_evidence_set *set, uint32_t number)
{
	if (!number || number > PROCESSES_MAX)
		return NULL;
	if (number > set->process_count) {
		uint32_t count = number + number / 2 + 8;
		void *grown = realloc(set->processes, count * sizeof(*set->processes));

		if (!grown)
			return NULL;
		set->processes = grown;
		memset(set->processes + set->process_count, 0, (count - set->process_count) * sizeof(*set->processes));
		set->process_count = count;
	}
	if (!set->processes[number - 1]) {
		struct vgpu_seen_process *process = calloc(1, sizeof(*process));

		if (!process)
			return NULL;
		process->pool = calloc(1, sizeof(*process->pool));
		if (!process->pool) {
			free(process);
			return NULL;
		}
		process->number = number;
		process->count = -1;
		set->processes[number - 1] = process;
	}
	return set->processes[number - 1];
}

/* Another program, or the same anew: nothing that was seen before holds for it. */
static void process_reset(struct vgpu_seen_process *process)
{
	struct vgpu_seen_process fresh = { .number = process->number, .pool = process->pool, .count = -1 };

	pool_empty(process->pool);
	*process = fresh;
}

static void process_free(struct vgpu_seen_process *process)
{
	if (!process)
		return;
	pool_empty(process->pool);
	free(process->pool);
	free(process);
}

const char *vgpu_seen_env(const struct vgpu_seen_process *process, const char *name)
{
	size_t size = strlen(name);

	for (uint32_t at = 0; process->env && at < process->env_size; at += strlen(process->env + at) + 1)
		if (!strncmp(process->env + at, name, size) && process->env[at + size] == '=')
			return process->env + at + size + 1;
	return NULL;
}

bool vgpu_seen_fault(int32_t signal)
{
	switch (signal) {
	case SIGILL:
	case SIGTRAP:
	case SIGABRT:
	case SIGBUS:
	case SIGFPE:
	case SIGSEGV:
	case SIGSYS:
		return true;
	}
	return false;
}

const struct vgpu_seen_call *vgpu_seen_call(const struct vgpu_seen_process *process, const char *names)
{
	for (uint32_t i = 0; i < process->calls.count; i++)
		if (process->calls.at[i].name && vgpu_name_matches(names, process->calls.at[i].name))
			return &process->calls.at[i];
	return NULL;
}

const struct vgpu_seen_object *vgpu_seen_object(const struct vgpu_seen_process *process, enum vgpu_part part)
{
	for (uint32_t i = 0; i < process->objects.count; i++)
		if (process->objects.at[i].part == part && !process->objects.at[i].gone)
			return &process->objects.at[i];
	return NULL;
}

bool vgpu_seen_link_known(const struct vgpu_seen_process *process)
{
	return process->link && !process->link_withdrawn;
}

bool vgpu_seen_calls_known(const struct vgpu_evidence_set *set, const struct vgpu_seen_process *process)
{
	const struct vgpu_model_process *model = vgpu_model_process(set->model, process->number);
	bool foreign = false, ours = false;

	if (process->losses)
		return false;
	if (process->kernel)
		return true;
	if (!vgpu_model_observed(set->model, VGPU_OBSERVER_RING, NULL))
		return false;
	for (uint32_t i = 0; i < process->objects.count; i++) {
		enum vgpu_part part = process->objects.at[i].part;

		if (process->objects.at[i].gone ||
		    (part != VGPU_PART_DRIVER && part != VGPU_PART_RUNTIME && part != VGPU_PART_MONITOR))
			continue;
		ours |= process->objects.at[i].library != 0;
		foreign |= !process->objects.at[i].library;
	}
	if (!process->objects.count)
		ours = model && model->presence == VGPU_PRESENCE_IN;
	return (ours || process->ring) && !foreign;
}

/* ---- one function for each kind of event ---- */

static void forget_link(struct vgpu_seen_process *process)
{
	process->link_started = process->loading = process->initialising = false;
	process->start_missing = NULL;
	process->loads.count = process->symbols.count = process->objects.count = process->searches.count = 0;
	process->loads.more = process->symbols.more = process->objects.more = process->searches.more = 0;
}

static void add_context(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const struct vgpu_event_context *context = &event->context;

	/* The auditor executed it again: what it saw the first time was of the same program. */
	if (event->observer & VGPU_OBSERVER_LINK && process->link)
		forget_link(process);
	if (event->observer & VGPU_OBSERVER_LINK) {
		process->link = true;
		process->link_event = event->number;
	}
	process->context_event = event->number;
	if (context->flags & VGPU_CONTEXT_ENV && context->env.size) {
		process->env = keep_bytes(process->pool, context->env.bytes, context->env.size);
		process->env_size = process->env ? context->env.size : 0;
	}
	process->has_env |= !!(context->flags & VGPU_CONTEXT_ENV);
	if (context->flags & VGPU_CONTEXT_STDERR) {
		process->has_stderr = true;
		process->stderr_target = keep(process->pool, context->stderr_target);
	}
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

static void add_search(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const char *name = base_name(event->search.path);
	enum vgpu_part part = vgpu_vendor_part(name);
	struct vgpu_seen_search *search = NULL;
	bool there;

	if (!process->link_started && name) {
		process->start_missing = keep(process->pool, name);
		process->start_missing_event = event->number;
	}
	if (!part)
		return;
	for (uint32_t i = 0; i < process->searches.count && !search; i++)
		if (!strcmp(process->searches.at[i].name, name))
			search = &process->searches.at[i];
	if (!search) {
		search = LIST_ADD(process->pool, process->searches);
		if (!search)
			return;
		search->name = keep(process->pool, name);
		search->part = part;
		search->first_event = event->number;
		search->requester = keep(process->pool, event->search.requester);
	}
	search->last_event = event->number;
	if (!(event->search.flags & VGPU_OBJECT_STATTED))
		return;
	search->tried++;
	there = !event->search.error;
	search->found += there;
	if (there && !search->there)
		search->there = keep(process->pool, event->search.path);
	if (!there)
		search->last = keep(process->pool, event->search.path);
	if (!there && event->search.error != ENOENT && event->search.error != ENOTDIR)
		search->error = event->search.error;
}

static void add_object(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const struct vgpu_event_object *from = &event->object;
	enum vgpu_part part = vgpu_vendor_part(from->soname);
	struct vgpu_seen_object *object;

	process->start_missing = NULL;
	process->loading = true;
	process->loading_event = event->number;
	if (!part)
		part = vgpu_vendor_part(from->path);
	if (!part && from->flags & VGPU_OBJECT_GPU)
		part = from->flags & VGPU_OBJECT_BY_EXPORT ? VGPU_PART_DRIVER : VGPU_PART_HELPER;
	if (!part || from->flags & VGPU_OBJECT_MAIN)
		return;
	object = LIST_ADD(process->pool, process->objects);
	if (!object)
		return;
	object->event = event->number;
	object->path = keep(process->pool, from->path);
	object->soname = keep(process->pool, from->soname);
	object->handle = from->object;
	object->device = from->device;
	object->inode = from->inode;
	object->part = part;
	object->library = from->library;
	object->flags = from->flags;
	object->build_id_size = from->build_id.size > 20 ? 20 : from->build_id.size;
	if (object->build_id_size)
		memcpy(object->build_id, from->build_id.bytes, object->build_id_size);
}

static void add_unload(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	/* At its end a program unloads everything; what counts is what it had. */
	for (uint32_t i = process->objects.count; i--;)
		if (process->objects.at[i].handle == event->object.object && !process->objects.at[i].gone &&
		    !process->objects.at[i].linked) {
			process->objects.at[i].gone = true;
			return;
		}
}

static void add_linked(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	process->loading = false;
	if (event->linked.flags & VGPU_OBJECT_STARTED)
		process->link_started = true;
	if (event->linked.activity != 1)
		return;
	for (uint32_t i = 0; i < process->objects.count; i++) {
		struct vgpu_seen_object *object = &process->objects.at[i];

		if (object->linked || object->gone)
			continue;
		/* Constructors run now, unless a symbol is missing. */
		if (process->link_started && !(event->linked.flags & VGPU_OBJECT_STARTED)) {
			process->initialising = true;
			process->initialising_path = object->path;
			process->initialising_event = object->event;
		}
	}
}

static void objects_linked(struct vgpu_seen_process *process)
{
	for (uint32_t i = 0; i < process->objects.count; i++)
		process->objects.at[i].linked |= !process->objects.at[i].gone;
}

static void add_load(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const struct vgpu_event_dl *dl = &event->dl;
	enum vgpu_part part = vgpu_vendor_part(dl->name);
	struct vgpu_seen_load *load;

	process->loading = false;
	process->initialising = false;
	if (!dl->failed)
		objects_linked(process);
	if (!part && dl->failed && dl->vendor)
		part = VGPU_PART_HELPER;
	if (!part && dl->failed && vgpu_vendor_part(dl->object_name))
		part = VGPU_PART_HELPER;
	if (!part)
		return;
	for (uint32_t i = 0; i < process->loads.count && !dl->failed; i++)
		process->loads.at[i].mended |= process->loads.at[i].part == part;
	load = LIST_ADD(process->pool, process->loads);
	if (!load)
		return;
	*load = (struct vgpu_seen_load){
		.event = event->number,
		.name = keep(process->pool, dl->name),
		.error = keep(process->pool, dl->error),
		.object_name = keep(process->pool, dl->object_name),
		.caller = keep(process->pool, dl->caller_object),
		.part = part,
		.failed = dl->failed,
		.code = dl->code,
	};
	for (uint32_t i = 0; i + 1 < process->loads.count && dl->failed; i++)
		if (process->loads.at[i].part == part && !process->loads.at[i].failed)
			load->mended = true;
}

static void add_symbol(struct vgpu_seen_process *process, uint64_t event, const char *name, const char *version,
		       const char *from, const char *to, bool missing)
{
	struct vgpu_seen_symbol *symbol = NULL;

	if (!name || vgpu_vendor_layer(name) == VGPU_LAYERS)
		return;
	for (uint32_t i = 0; i < process->symbols.count; i++) {
		if (strcmp(process->symbols.at[i].name, name))
			continue;
		process->symbols.at[i].found_later |= !missing;
		if (process->symbols.at[i].missing == missing)
			symbol = &process->symbols.at[i];
	}
	if (symbol || !(symbol = LIST_ADD(process->pool, process->symbols)))
		return;
	*symbol = (struct vgpu_seen_symbol){
		.event = event,
		.name = keep(process->pool, name),
		.version = keep(process->pool, version),
		.from = keep(process->pool, from),
		.to = keep(process->pool, to),
		.missing = missing,
	};
}

static void add_dl(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const struct vgpu_event_dl *dl = &event->dl;

	switch (dl->op) {
	case VGPU_DL_DLOPEN:
	case VGPU_DL_DLMOPEN:
		add_load(process, event);
		break;
	case VGPU_DL_DLSYM:
	case VGPU_DL_DLVSYM:
		/* The object that lacks it is in the linker's words. */
		if (dl->failed)
			add_symbol(process, event->number, dl->name, dl->version, dl->caller_object,
				   dl->object_name, true);
		break;
	}
}

static struct vgpu_seen_call *call_get(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const struct vgpu_function *function = vgpu_function_find(event->call.function);
	const char *name = function ? function->name : event->call.name;
	struct vgpu_seen_call *call;

	if (!name)
		return NULL;
	for (uint32_t i = 0; i < process->calls.count; i++) {
		call = &process->calls.at[i];
		if (event->call.function ? call->function == event->call.function : !strcmp(call->name, name))
			return call;
	}
	call = LIST_ADD(process->pool, process->calls);
	if (!call)
		return NULL;
	call->function = event->call.function;
	call->name = function ? function->name : keep(process->pool, name);
	call->nested = true;
	call->first_ns = event->time_ns;
	return call;
}

/* ---- devices ---- */

static struct vgpu_seen_device *device_get(struct vgpu_seen_process *process, const struct vgpu_event *event,
					   uint32_t layer, int64_t key)
{
	struct vgpu_seen_device *device;

	for (uint32_t i = 0; i < process->devices.count; i++)
		if (process->devices.at[i].layer == layer && process->devices.at[i].key == key)
			return &process->devices.at[i];
	device = LIST_ADD(process->pool, process->devices);
	if (!device)
		return NULL;
	device->event = event->number;
	device->layer = layer;
	device->key = key;
	device->major = device->minor = -1;
	return device;
}

enum device_value {
	VALUE_NAME, VALUE_UUID, VALUE_UUID_TEXT, VALUE_PCI, VALUE_PCI_PROPS, VALUE_MAJOR, VALUE_MINOR, VALUE_TOTAL, VALUE_FREE,
};

/* What a function says of a device. key: the parameter that names it; NULL: the one in use. */
static const struct {
	const char *functions;
	const char *key;
	enum device_value value;
	const char *path;
	int64_t attribute; /* only where `attrib` or `attr` has this value; 0: always */
} device_rows[] = {
	{ "cudaGetDeviceProperties*", "device", VALUE_NAME, "prop.name", 0 },
	{ "cudaGetDeviceProperties*", "device", VALUE_UUID, "prop.uuid", 0 },
	{ "cudaGetDeviceProperties*", "device", VALUE_PCI_PROPS, "prop.pciBusID", 0 },
	{ "cudaGetDeviceProperties*", "device", VALUE_MAJOR, "prop.major", 0 },
	{ "cudaGetDeviceProperties*", "device", VALUE_MINOR, "prop.minor", 0 },
	{ "cudaGetDeviceProperties*", "device", VALUE_TOTAL, "prop.totalGlobalMem", 0 },
	{ "cudaDeviceGetPCIBusId", "device", VALUE_PCI, "pciBusId", 0 },
	{ "cuDeviceGetName", "dev", VALUE_NAME, "name", 0 },
	{ "cuDeviceGetUuid*", "dev", VALUE_UUID, "uuid", 0 },
	{ "cuDeviceGetPCIBusId", "dev", VALUE_PCI, "pciBusId", 0 },
	{ "cuDeviceGetAttribute", "dev", VALUE_MAJOR, "pi", 75 },
	{ "cuDeviceGetAttribute", "dev", VALUE_MINOR, "pi", 76 },
	{ "cuDeviceTotalMem*", "dev", VALUE_TOTAL, "bytes", 0 },
	{ "cuMemGetInfo*,cudaMemGetInfo", NULL, VALUE_TOTAL, "total", 0 },
	{ "cuMemGetInfo*,cudaMemGetInfo", NULL, VALUE_FREE, "free", 0 },
	{ "nvmlDeviceGetName", "device", VALUE_NAME, "name", 0 },
	{ "nvmlDeviceGetUUID", "device", VALUE_UUID_TEXT, "uuid", 0 },
	{ "nvmlDeviceGetMemoryInfo*", "device", VALUE_TOTAL, "memory.total", 0 },
	{ "nvmlDeviceGetMemoryInfo*", "device", VALUE_FREE, "memory.free", 0 },
};

static void device_value(struct vgpu_seen_device *device, const struct vgpu_event *event, enum device_value value,
			 const char *path)
{
	const struct vgpu_event_call *call = &event->call;
	const struct vgpu_type *type;
	const uint8_t *bytes;
	uint64_t number, bus, slot, domain;
	size_t size;

	switch (value) {
	case VALUE_NAME:
		vgpu_call_string(call, path, device->name, sizeof(device->name));
		break;
	case VALUE_UUID:
		if (vgpu_call_value(call, path, &type, &bytes, &size) && size >= 16) {
			memcpy(device->uuid, bytes, 16);
			device->has_uuid = true;
			device->uuid_event = event->number;
		}
		break;
	case VALUE_UUID_TEXT:
		if (vgpu_call_string(call, path, device->uuid_text, sizeof(device->uuid_text)))
			device->uuid_event = event->number;
		break;
	case VALUE_PCI:
		device->has_pci = vgpu_call_string(call, path, device->pci, sizeof(device->pci));
		device->pci_event = event->number;
		break;
	case VALUE_PCI_PROPS:
		if (vgpu_call_integer(call, "prop.pciBusID", &bus) && vgpu_call_integer(call, "prop.pciDeviceID", &slot) &&
		    vgpu_call_integer(call, "prop.pciDomainID", &domain)) {
			snprintf(device->pci, sizeof(device->pci), "%04x:%02x:%02x.0", (unsigned)domain, (unsigned)bus,
				 (unsigned)slot);
			device->has_pci = true;
			device->pci_event = event->number;
		}
		break;
	default:
		if (!vgpu_call_integer(call, path, &number))
			return;
		if (value == VALUE_MAJOR) {
			device->major = (int32_t)number;
			device->has_major = true;
			device->major_event = event->number;
		} else if (value == VALUE_MINOR) {
			device->minor = (int32_t)number;
		} else if (value == VALUE_TOTAL) {
			device->total = number;
			device->has_memory = true;
			device->memory_event = event->number;
		} else {
			device->free = number;
			device->has_free = true;
		}
	}
}

static void add_device(struct vgpu_seen_process *process, const struct vgpu_event *event, const char *name)
{
	uint32_t layer = vgpu_vendor_layer(name);

	for (unsigned i = 0; i < sizeof(device_rows) / sizeof(device_rows[0]); i++) {
		struct vgpu_seen_device *device;
		uint64_t key = 0, attribute;

		if (!vgpu_name_matches(device_rows[i].functions, name))
			continue;
		if (device_rows[i].key && !vgpu_call_integer(&event->call, device_rows[i].key, &key))
			continue;
		if (device_rows[i].attribute && (!vgpu_call_integer(&event->call, "attrib", &attribute) ||
						 (int64_t)attribute != device_rows[i].attribute))
			continue;
		device = device_get(process, event, layer, (int64_t)key);
		if (device)
			device_value(device, event, device_rows[i].value, device_rows[i].path);
	}
}

static void add_count(struct vgpu_seen_process *process, const struct vgpu_event *event, const char *name)
{
	static const struct {
		const char *functions, *path;
	} rows[] = {
		{ "cuDeviceGetCount,cudaGetDeviceCount", "count" },
		{ "nvmlDeviceGetCount*", "deviceCount" },
	};
	uint32_t layer = vgpu_vendor_layer(name);
	uint64_t count;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!vgpu_name_matches(rows[i].functions, name) ||
		    !vgpu_call_integer(&event->call, rows[i].path, &count))
			continue;
		/* What a runtime counts is worth more than what the driver does, NVML's least. */
		if (process->count >= 0 && layer > process->count_layer && process->count_layer != VGPU_LAYERS)
			continue;
		if (process->count < (int32_t)count || layer < process->count_layer) {
			process->count = (int32_t)count;
			process->count_event = event->number;
			process->count_layer = layer;
		}
	}
}

static void add_lookup(struct vgpu_seen_process *process, const struct vgpu_event *event, const char *name)
{
	const struct vgpu_type *type;
	struct vgpu_seen_text *lookup;
	const uint8_t *bytes;
	uint64_t pointer = 1;
	char symbol[128];
	size_t size;
	bool failed = vgpu_call_failed(&event->call);

	if (!vgpu_name_matches("cuGetProcAddress*,cudaGetDriverEntryPoint*", name) ||
	    !vgpu_call_string(&event->call, "symbol", symbol, sizeof(symbol)) || !symbol[0])
		return;
	if (vgpu_call_value(&event->call, "pfn", &type, &bytes, &size) && size >= 8)
		memcpy(&pointer, bytes, sizeof(pointer));
	if (!failed && pointer)
		return;
	lookup = LIST_ADD(process->pool, process->lookups);
	if (lookup)
		*lookup = (struct vgpu_seen_text){ event->number, keep(process->pool, symbol),
						   failed ? (int32_t)event->call.result : -1 };
}

static void add_call(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	struct vgpu_seen_call *call = call_get(process, event);
	bool failed = vgpu_call_failed(&event->call);
	uint64_t version;

	process->ring |= !!(event->observer & VGPU_OBSERVER_RING);
	process->kernel |= !!(event->observer & VGPU_OBSERVER_KERNEL);
	if (!call)
		return;
	call->calls++;
	call->nested &= event->call.depth > 0;
	if (event->time_ns < call->first_ns)
		call->first_ns = event->time_ns;
	call->last = (int32_t)event->call.result;
	call->last_event = event->number;
	/* To ask for one more than there are is a way to count them. */
	if (failed && vgpu_name_matches("cuDeviceGet,nvmlDeviceGetHandleByIndex*,cudaSetDevice", call->name) &&
	    process->count >= 0 &&
	    (vgpu_call_integer(&event->call, "ordinal", &version) || vgpu_call_integer(&event->call, "index", &version) ||
	     vgpu_call_integer(&event->call, "device", &version)) &&
	    (int64_t)version >= process->count)
		failed = false;
	else if (!failed && !call->success)
		call->success = event->number;
	if (failed && !call->failures++) {
		call->failure = event->number;
		call->result = (int32_t)event->call.result;
	}
	add_lookup(process, event, call->name);
	if (failed || vgpu_call_failed(&event->call))
		return;
	/* Thousands of calls of anything else say nothing of the device. */
	add_device(process, event, call->name);
	add_count(process, event, call->name);
	if (vgpu_name_matches("cuDriverGetVersion,cudaDriverGetVersion", call->name) &&
	    vgpu_call_integer(&event->call, "driverVersion", &version)) {
		process->driver_version = (int32_t)version;
		process->driver_version_event = event->number;
	}
	if (vgpu_name_matches("cudaRuntimeGetVersion", call->name) &&
	    vgpu_call_integer(&event->call, "runtimeVersion", &version))
		process->runtime_version = (int32_t)version;
}

static void add_pending(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const struct vgpu_function *function = vgpu_function_find(event->call.function);
	struct vgpu_seen_pending *pending = LIST_ADD(process->pool, process->pending);

	process->ring |= !!(event->observer & VGPU_OBSERVER_RING);
	process->kernel |= !!(event->observer & VGPU_OBSERVER_KERNEL);
	if (pending)
		*pending = (struct vgpu_seen_pending){
			.event = event->number,
			.duration_ns = event->call.duration_ns,
			.function = event->call.function,
			.name = function ? function->name : keep(process->pool, event->call.name),
			.ended = event->call.ended,
		};
}

static void add_text(struct vgpu_pool *pool, void *list, uint64_t event, const char *text, int32_t code)
{
	VGPU_SEEN_LIST(struct vgpu_seen_text, *texts) = list;
	struct vgpu_seen_text *fresh = LIST_ADD(pool, *texts);

	if (fresh)
		*fresh = (struct vgpu_seen_text){ event, keep(pool, text), code };
}

static void add_images(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	for (const char *at = NULL; (at = vgpu_strings_next(&event->image.cubin, at));)
		add_text(process->pool, &process->images, event->number, at, 0);
	for (const char *at = NULL; (at = vgpu_strings_next(&event->image.ptx, at));)
		add_text(process->pool, &process->images, event->number, at, 0);
}

static void add_of_process(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	switch (event->kind) {
	case VGPU_EVENT_START:
		process->start_ns = event->time_ns;
		break;
	case VGPU_EVENT_EXEC:
		/* The linker's records of this very program may have been read before. */
		if (!process->link || process->executed)
			process_reset(process);
		process->executed = true;
		process->start_ns = event->time_ns;
		break;
	case VGPU_EVENT_EXIT:
		process->ended = true;
		process->exit_how = event->exit.how;
		process->exit_status = event->exit.status;
		process->exit_event = event->number;
		process->end_ns = event->time_ns;
		break;
	case VGPU_EVENT_CONTEXT:
		add_context(process, event);
		break;
	case VGPU_EVENT_SEARCH:
		add_search(process, event);
		break;
	case VGPU_EVENT_OBJECT:
		add_object(process, event);
		break;
	case VGPU_EVENT_UNLOAD:
		add_unload(process, event);
		break;
	case VGPU_EVENT_LINKED:
		add_linked(process, event);
		break;
	case VGPU_EVENT_DL:
		add_dl(process, event);
		break;
	case VGPU_EVENT_BOUND:
		add_symbol(process, event->number, event->bound.symbol, NULL, event->bound.from, event->bound.to, false);
		break;
	case VGPU_EVENT_OBSERVER:
		if (event->note.about != VGPU_OBSERVER_LINK || !event->note.withdrawn)
			break;
		process->link_withdrawn = true;
		process->link_why = keep(process->pool, event->note.text);
		break;
	case VGPU_EVENT_CALL:
		add_call(process, event);
		break;
	case VGPU_EVENT_PENDING:
		add_pending(process, event);
		break;
	case VGPU_EVENT_GATE:
		add_text(process->pool, &process->gates, event->number, event->gate.reason, event->gate.result);
		break;
	case VGPU_EVENT_FILE:
		if (event->file.error && event->file.path &&
		    (event->file.vendor || vgpu_name_matches("/dev/nvidia*,/dev/dxg,/dev/kfd,/dev/dri/*", event->file.path)))
			add_text(process->pool, &process->files, event->number, event->file.path, event->file.error);
		break;
	case VGPU_EVENT_IMAGE:
		add_images(process, event);
		break;
	case VGPU_EVENT_CRASH:
		process->crash = true;
		process->crash_event = event->number;
		process->crash_signal = event->crash.signal;
		process->crash_object = keep(process->pool, event->crash.object);
		process->crash_symbol = keep(process->pool, event->crash.symbol);
		break;
	case VGPU_EVENT_LOSS:
		if (event->observer & VGPU_OBSERVER_RING)
			process->losses = event->loss.dropped + event->loss.overwritten + event->loss.refused;
		break;
	}
}

static int evidence_event(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_evidence_set *set = (struct vgpu_evidence_set *)sink;
	struct vgpu_seen_process *process;
	struct vgpu_seen_fact *fact;
	struct vgpu_seen_log *log;

	switch (event->kind) {
	case VGPU_EVENT_FACT:
		fact = LIST_ADD(set->pool, set->facts);
		if (fact)
			*fact = (struct vgpu_seen_fact){ event->number, keep(set->pool, event->fact.name),
							 keep(set->pool, event->fact.subject),
							 keep(set->pool, event->fact.value), event->fact.error };
		return 0;
	case VGPU_EVENT_LOG:
		log = LIST_ADD(set->pool, set->logs);
		if (log)
			*log = (struct vgpu_seen_log){ event->number, event->log.line_number,
						       keep(set->pool, event->log.line) };
		return 0;
	}
	if (!event->process)
		return 0;
	process = process_get(set, event->process);
	if (!process)
		return event->process > PROCESSES_MAX ? 0 : -ENOMEM;
	add_of_process(process, event);
	return 0;
}

static const struct vgpu_sink_ops evidence_ops = { .event = evidence_event };

int vgpu_evidence_open(struct vgpu_evidence_set **out, struct vgpu_model *model)
{
	struct vgpu_evidence_set *set = calloc(1, sizeof(*set));

	if (!set)
		return -ENOMEM;
	set->pool = calloc(1, sizeof(*set->pool));
	if (!set->pool) {
		free(set);
		return -ENOMEM;
	}
	set->sink.ops = &evidence_ops;
	set->model = model;
	*out = set;
	return 0;
}

void vgpu_evidence_close(struct vgpu_evidence_set *set)
{
	if (!set)
		return;
	for (uint32_t i = 0; i < set->process_count; i++)
		process_free(set->processes[i]);
	free(set->processes);
	pool_empty(set->pool);
	free(set->pool);
	free(set);
}
