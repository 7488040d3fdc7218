// SPDX-License-Identifier: Apache-2.0
/* The kernel observer's records as events. */
#include "tracer/source/kwatch_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LASTS_NS UINT64_C(500000000)

static struct vgpu_event begin(const struct kwatch_process *process, const struct vgpu_bpf_head *head, uint32_t kind)
{
	return (struct vgpu_event){
		.kind = kind,
		.observer = VGPU_OBSERVER_KERNEL,
		.process = process->known->number,
		.tid = head->ns_tid,
		.time_ns = head->time_ns,
	};
}

/* Functions that the description lacks have types only from a probe of the user's. */
static const char *probe_types(const struct vgpu_kernel_function *function)
{
	const struct kwatch_probe *probe;

	if (function->id || !function->schema)
		return NULL;
	probe = (const void *)((const char *)function->schema - offsetof(struct kwatch_probe, function));
	return probe->types;
}

/* Each call that lasts is said once while it does; the ring says those of ours. */
static bool report_live(const struct vgpu_kwatch *watch, const struct kwatch_process *process,
			struct kwatch_thread *thread, const struct vgpu_kernel_function *function,
			const struct vgpu_bpf_call *call, uint64_t now)
{
	if ((function->ours && process->known->has_ring) || call->ordinal < thread->pending_upto ||
	    call->head.time_ns > now || (!watch->last_look && now - call->head.time_ns < LASTS_NS))
		return false;
	thread->pending_upto = call->ordinal + 1;
	return true;
}

static void emit_call(struct vgpu_kwatch *watch, struct kwatch_process *process, const struct vgpu_kernel_record *record)
{
	const struct vgpu_bpf_call *call = (const void *)record->head;
	const struct vgpu_kernel_function *function = record->function;
	bool pending = call->head.flags & VGPU_BPF_CALL_PENDING;
	struct vgpu_event event = begin(process, &call->head, pending ? VGPU_EVENT_PENDING : VGPU_EVENT_CALL);
	struct kwatch_thread *thread = kwatch_thread_get(watch, process, call->head.tid, false);
	bool live = call->head.flags & VGPU_BPF_CALL_LIVE;
	uint64_t now = live ? vgpu_now_ns() : 0;
	const struct kwatch_stack *stack;
	const struct vgpu_blob *blob;
	char text[VGPU_BPF_TEXT + 1];
	size_t at = 0;

	if (!function || !thread || (live && !report_live(watch, process, thread, function, call, now)))
		return;
	event.call = (struct vgpu_event_call){
		.function = function->id,
		.flags = record->call_flags,
		.depth = call->depth,
		.ended = pending && !live,
		.thread = thread->number,
		.ordinal = call->ordinal,
		.duration_ns = live ? now - call->head.time_ns
			       : call->leave_ns > call->head.time_ns ? call->leave_ns - call->head.time_ns : 0,
		.caller = call->caller,
		.sp = call->sp,
		.result = call->result,
		.args = { record->args, record->nargs },
		.blobs = { record->blobs, record->blobs_size },
		.name = function->id ? NULL : function->name,
		.object = function->path,
		.types = probe_types(function),
	};
	stack = live ? NULL : kwatch_stack_take(process, call->head.tid, call->slot, call->ordinal);
	if (stack) {
		event.call.stack = (struct vgpu_words){ stack->words, stack->count };
		event.call.stack_end = stack->end;
		event.call.frames = (struct vgpu_data){ stack->raw, stack->raw_size };
	}
	while (pending && (blob = vgpu_event_blob(&event.call, &at)))
		if (blob->flags & VGPU_BPF_BLOB_ENTRY && blob->size < sizeof(text)) {
			memcpy(text, blob + 1, blob->size);
			text[blob->size] = '\0';
			event.call.text = text;
			event.call.text_param = blob->param;
		}
	watch->totals.calls++;
	vgpu_stream_emit(watch->stream, &event);
}

static const char *text_of(char *room, size_t room_size, const char *from, uint32_t size)
{
	if (size >= room_size)
		size = room_size - 1;
	memcpy(room, from, size);
	room[size] = '\0';
	return size ? room : NULL;
}

/* The linker passes an error of the start on, and so says it once more. */
static bool said_before(struct kwatch_process *process, const struct vgpu_event_dl *dl)
{
	char words[sizeof(process->start_error)];
	bool same;

	if (dl->op != VGPU_DL_START)
		return false;
	snprintf(words, sizeof(words), "%.90s %.60s", dl->error ? dl->error : "", dl->object_name ? dl->object_name : "");
	same = !strcmp(words, process->start_error);
	memcpy(process->start_error, words, sizeof(words));
	return same;
}

static void emit_link(struct vgpu_kwatch *watch, struct kwatch_process *process, const struct vgpu_bpf_link *link)
{
	static const uint32_t ops[] = {
		[VGPU_BPF_OP_DLOPEN] = VGPU_DL_DLOPEN, [VGPU_BPF_OP_DLMOPEN] = VGPU_DL_DLMOPEN,
		[VGPU_BPF_OP_DLSYM] = VGPU_DL_DLSYM,   [VGPU_BPF_OP_DLVSYM] = VGPU_DL_DLVSYM,
		[VGPU_BPF_OP_DLCLOSE] = VGPU_DL_DLCLOSE, [VGPU_BPF_OP_CATCH] = VGPU_DL_OTHER,
		[VGPU_BPF_OP_ERROR] = VGPU_DL_START,   [VGPU_BPF_OP_EXCEPTION] = VGPU_DL_START,
	};
	static const char version[] = ", version ";
	const char *text = (const char *)(link + 1);
	char name[1025], error[1025], object[1025];
	const struct vgpu_mapping *caller = kwatch_where(process, link->caller);
	struct vgpu_event event = begin(process, &link->head, VGPU_EVENT_DL);

	event.dl = (struct vgpu_event_dl){
		.op = link->op < sizeof(ops) / sizeof(ops[0]) ? ops[link->op] : VGPU_DL_OTHER,
		.failed = link->error_size > 0,
		.name = text_of(name, sizeof(name), text, link->name_size),
		.error = text_of(error, sizeof(error), text + link->name_size, link->error_size),
		.object_name = text_of(object, sizeof(object), text + link->name_size + link->error_size,
				       link->object_size),
		.caller_object = caller ? caller->path : NULL,
		.code = link->code,
		.handle = link->handle,
		.result = link->result,
		.caller = link->caller,
		.mode = (int32_t)link->mode,
		.duration_ns = link->leave_ns > link->head.time_ns ? link->leave_ns - link->head.time_ns : 0,
	};
	if (said_before(process, &event.dl))
		return;
	if (event.dl.name)
		event.dl.vendor = kwatch_vendor(event.dl.name);
	/* The record has no room for it, the linker's words do. */
	if (link->op == VGPU_BPF_OP_DLVSYM && event.dl.error && strstr(event.dl.error, version))
		event.dl.version = strstr(event.dl.error, version) + sizeof(version) - 1;
	if (link->op == VGPU_BPF_OP_DLOPEN || link->op == VGPU_BPF_OP_DLMOPEN)
		process->stale = watch->any_stale = true;
	vgpu_stream_emit(watch->stream, &event);
	if (link->op != VGPU_BPF_OP_DLSYM && link->op != VGPU_BPF_OP_DLVSYM)
		process->maps_old = true;
}

static void emit_output(struct vgpu_kwatch *watch, struct kwatch_process *process, const struct vgpu_bpf_write *output)
{
	struct vgpu_event event = begin(process, &output->head, VGPU_EVENT_OUTPUT);
	char target[512];

	event.output = (struct vgpu_event_output){
		.descriptor = output->fd,
		.target = kwatch_descriptor(&output->target, output->head.pid, output->fd, target, sizeof(target)),
		.bytes = { (const uint8_t *)(output + 1), output->size },
		.full_size = output->full_size,
		.unread = (output->head.flags & VGPU_BPF_WRITE_UNREAD) != 0,
	};
	vgpu_stream_emit(watch->stream, &event);
}

static void emit_signal(struct vgpu_kwatch *watch, struct kwatch_process *process, const struct vgpu_bpf_signal *signal)
{
	struct vgpu_event event = begin(process, &signal->head, VGPU_EVENT_CRASH);
	const struct vgpu_mapping *mapping = kwatch_where(process, signal->ip);
	const struct vgpu_kernel_function *function = vgpu_kernel_function(watch->kernel, signal->slot);
	const struct kwatch_stack *stack = kwatch_stack_take(process, signal->head.tid, ~0u, 0);
	char symbol[256], initialising[sizeof(signal->initialising) + 1], object[sizeof(signal->mapping.name) + 1];

	/* What the kernel saw at the time counts: the maps may be from before that file was mapped. */
	if (mapping && signal->mapping.inode && mapping->inode != signal->mapping.inode)
		mapping = NULL;
	event.crash = (struct vgpu_event_crash){
		.signal = signal->signal,
		.code = signal->code,
		.address = signal->address,
		.ip = signal->ip,
		.sp = signal->sp,
		.handled = signal->handler > 1,
		.object = mapping ? mapping->path : NULL,
		.offset = mapping ? signal->ip - mapping->from + mapping->offset : 0,
		.function = function ? function->id : 0,
		.function_name = function ? function->name : NULL,
		.ordinal = signal->ordinal,
		.initialising = text_of(initialising, sizeof(initialising), signal->initialising,
					strnlen(signal->initialising, sizeof(signal->initialising))),
	};
	/* Its process may be gone already: the kernel told the file's name at the time. */
	if (!mapping && signal->mapping.inode) {
		event.crash.object = text_of(object, sizeof(object), signal->mapping.name,
					     strnlen(signal->mapping.name, sizeof(signal->mapping.name)));
		event.crash.offset = signal->ip - signal->mapping.start + signal->mapping.offset;
	}
	if (event.crash.object)
		event.crash.symbol = kwatch_symbol(mapping ? mapping->path : NULL, signal->head.pid, event.crash.offset, symbol,
						   sizeof(symbol));
	if (stack) {
		event.crash.stack = (struct vgpu_words){ stack->words, stack->count };
		event.crash.stack_end = stack->end;
		event.crash.frames = (struct vgpu_data){ stack->raw, stack->raw_size };
	}
	vgpu_stream_emit(watch->stream, &event);
}

static void emit_open(struct vgpu_kwatch *watch, struct kwatch_process *process, const struct vgpu_bpf_open *opened)
{
	struct vgpu_event event = begin(process, &opened->head, VGPU_EVENT_FILE);
	char path[1025];

	event.file = (struct vgpu_event_file){
		.path = text_of(path, sizeof(path), (const char *)(opened + 1), opened->size),
		.error = opened->error,
		.flags = opened->flags,
		.looked = (opened->head.flags & VGPU_BPF_OPEN_LOOK) != 0,
	};
	if (!event.file.path)
		return;
	event.file.vendor = kwatch_vendor(event.file.path);
	/* The kernel side lets through more than is about GPUs. */
	if (!event.file.vendor && strncmp(event.file.path, "/dev/dri/", 9))
		return;
	vgpu_stream_emit(watch->stream, &event);
}

int kwatch_record(void *data, const struct vgpu_kernel_record *record)
{
	struct vgpu_kwatch *watch = data;
	struct kwatch_process *process;

	if (record->head->kind >= VGPU_BPF_THREAD && record->head->kind <= VGPU_BPF_EXIT) {
		kwatch_process_record(watch, (const void *)record->head);
		return 0;
	}
	process = kwatch_process_get(watch, record->head);
	if (!process)
		return 0;
	if (record->head->kind != VGPU_BPF_MAP && record->head->kind != VGPU_BPF_OPEN)
		kwatch_map_settle(watch, process);
	switch (record->head->kind) {
	case VGPU_BPF_CALL:
		emit_call(watch, process, record);
		break;
	case VGPU_BPF_LINK:
		emit_link(watch, process, (const void *)record->head);
		break;
	case VGPU_BPF_WRITE:
		emit_output(watch, process, (const void *)record->head);
		break;
	case VGPU_BPF_SIGNAL:
		emit_signal(watch, process, (const void *)record->head);
		break;
	case VGPU_BPF_MAP:
		kwatch_map_record(watch, process, (const void *)record->head);
		break;
	case VGPU_BPF_IMAGE:
		kwatch_image(watch, process, (const void *)record->head);
		break;
	case VGPU_BPF_OPEN:
		emit_open(watch, process, (const void *)record->head);
		break;
	case VGPU_BPF_RAW_STACK:
		kwatch_stack_record(watch, process, (const void *)record->head);
		break;
	}
	return 0;
}
