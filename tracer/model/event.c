// SPDX-License-Identifier: Apache-2.0
/* What each kind of event consists of. */
#include "tracer/model/event.h"

#include <string.h>

#define F(n, t, member, h) \
	{ .name = #member, .number = n, .type = VGPU_FIELD_##t, .hex = h, .offset = offsetof(struct vgpu_event, member) }
#define FIELD(n, t, part, member, h)                                               \
	{ .name = #member, .number = n, .type = VGPU_FIELD_##t, .hex = h,          \
	  .offset = offsetof(struct vgpu_event, part.member) }

static const struct vgpu_field common_fields[] = {
	F(1, U64, number, 0), F(2, U32, observer, 0), F(3, U32, process, 0),
	F(4, I32, tid, 0), F(5, U64, time_ns, 0), F(6, U64, time_error_ns, 0),
};

/* Numbers below 16 are left to the common fields. */
static const struct vgpu_field host_fields[] = {
	FIELD(16, STRING, host, kernel, 0), FIELD(17, STRING, host, machine, 0),
	FIELD(18, STRING, host, libc, 0), FIELD(19, STRING, host, version, 0),
	FIELD(20, ID16, host, boot_id, 0), FIELD(21, U32, host, cpus, 0),
	FIELD(22, U64, host, memory_bytes, 0), FIELD(23, U64, host, clock_ticks, 0),
	FIELD(24, U64, host, monotonic_ns, 0), FIELD(25, U64, host, boottime_ns, 0),
	FIELD(26, U64, host, realtime_ns, 0), FIELD(27, WORDS, host, schema, 1),
};

static const struct vgpu_field session_fields[] = {
	FIELD(16, STRING, session, id, 0), FIELD(17, STRINGS, session, command, 0),
	FIELD(18, STRING, session, directory, 0), FIELD(19, U32, session, mode, 0),
	FIELD(20, STRING, session, inject, 0), FIELD(21, STRING, session, device, 0),
	FIELD(22, U32, session, stacks, 0), FIELD(23, STRING, session, ring_dir, 0),
	FIELD(24, U32, session, attached, 0), FIELD(25, STRING, session, filter, 0),
};

static const struct vgpu_field answer_fields[] = {
	FIELD(16, STRING, answer, soname, 0), FIELD(17, STRING, answer, path, 0),
	FIELD(18, STRING, answer, where, 0), FIELD(19, U32, answer, library, 0),
	FIELD(20, DATA, answer, build_id, 0), FIELD(21, U64, answer, schema_hash, 1),
	FIELD(22, U32, answer, symbols, 0), FIELD(23, I32, answer, error, 0),
	FIELD(24, STRING, answer, note, 0),
};

static const struct vgpu_field coverage_fields[] = {
	FIELD(16, U32, coverage, observer, 0), FIELD(17, U32, coverage, on, 0),
	FIELD(18, U64, coverage, since_ns, 0), FIELD(19, STRING, coverage, how, 0),
	FIELD(20, STRING, coverage, why, 0), FIELD(21, U64, coverage, lost, 0),
};

static const struct vgpu_field process_fields[] = {
	FIELD(16, ID16, start, boot_id, 0), FIELD(17, U64, start, start_time, 0),
	FIELD(18, I32, start, pid, 0), FIELD(19, I32, start, ns_pid, 0),
	FIELD(20, I32, start, ppid, 0), FIELD(21, U32, start, parent, 0),
	FIELD(22, U64, start, pid_ns, 0), FIELD(23, U32, start, uid, 0),
	FIELD(24, U32, start, execs, 0), FIELD(25, U32, start, in_session, 0),
	FIELD(26, STRING, start, comm, 0), FIELD(27, STRING, start, exe, 0),
	FIELD(28, STRINGS, start, argv, 0), FIELD(29, STRING, start, witness, 0),
};

static const struct vgpu_field exit_fields[] = {
	FIELD(16, U32, exit, how, 0), FIELD(17, I32, exit, status, 0),
	FIELD(18, U32, exit, core, 0), FIELD(19, U64, exit, lived_ns, 0),
};

static const struct vgpu_field presence_fields[] = {
	FIELD(16, U32, presence, presence, 0), FIELD(17, U32, presence, libraries, 0),
	FIELD(18, U32, presence, looks, 0), FIELD(19, U64, presence, last_look_ns, 0),
	FIELD(20, STRING, presence, why, 0),
};

static const struct vgpu_field ring_fields[] = {
	FIELD(16, STRING, ring, path, 0), FIELD(17, STRING, ring, session, 0),
	FIELD(18, U32, ring, place, 0), FIELD(19, U32, ring, counter, 0),
	FIELD(20, U32, ring, core_abi, 0), FIELD(21, U32, ring, instance, 0),
	FIELD(22, U64, ring, forked_from, 0), FIELD(23, WORDS, ring, place_errno, 0),
};

static const struct vgpu_field library_fields[] = {
	FIELD(16, U32, library, library, 0), FIELD(17, U32, library, functions, 0),
	FIELD(18, U64, library, schema_hash, 1), FIELD(19, U64, library, base, 1),
	FIELD(20, STRING, library, backend, 0), FIELD(21, STRING, library, path, 0),
	FIELD(22, DATA, library, build_id, 0),
};

static const struct vgpu_field call_fields[] = {
	FIELD(16, U32, call, function, 1), FIELD(17, U16, call, flags, 0),
	FIELD(18, U8, call, depth, 0), FIELD(19, U8, call, ended, 0),
	FIELD(20, U32, call, thread, 0), FIELD(21, STRING, call, thread_name, 0),
	FIELD(22, U64, call, ordinal, 0), FIELD(23, U64, call, duration_ns, 0),
	FIELD(24, U64, call, caller, 1), FIELD(25, U64, call, sp, 1),
	FIELD(26, U64, call, result, 0), FIELD(27, STRING, call, text, 0),
	FIELD(28, U32, call, text_param, 0), FIELD(29, WORDS, call, args, 1),
	FIELD(30, DATA, call, blobs, 0), FIELD(31, WORDS, call, stack, 1),
	FIELD(32, STRING, call, name, 0), FIELD(33, STRING, call, object, 0),
	FIELD(34, DATA, call, frames, 0), FIELD(35, STRING, call, types, 0),
	FIELD(36, U32, call, before, 0), FIELD(37, U32, call, stack_end, 0),
};

static const struct vgpu_field text_fields[] = {
	FIELD(16, U32, text, level, 0), FIELD(17, STRING, text, text, 0),
};

static const struct vgpu_field gate_fields[] = {
	FIELD(16, U32, gate, function, 1), FIELD(17, I32, gate, result, 0),
	FIELD(18, STRING, gate, reason, 0),
};

static const struct vgpu_field loss_fields[] = {
	FIELD(16, U32, loss, ring, 0), FIELD(17, U64, loss, dropped, 0),
	FIELD(18, U64, loss, overwritten, 0), FIELD(19, U64, loss, refused, 0),
	FIELD(20, U64, loss, threads_refused, 0), FIELD(21, U64, loss, recycled, 0),
	FIELD(22, U64, loss, log_dropped, 0), FIELD(23, U64, loss, stacks_dropped, 0),
	FIELD(24, U64, loss, unwound, 0), FIELD(25, I32, loss, grow_errno, 0),
};

static const struct vgpu_field search_fields[] = {
	FIELD(16, STRING, search, path, 0), FIELD(17, STRING, search, instead, 0),
	FIELD(18, STRING, search, requester, 0), FIELD(19, U64, search, object, 1),
	FIELD(20, U32, search, origin, 0), FIELD(21, U32, search, flags, 0),
	FIELD(22, U32, search, vendor, 0), FIELD(23, I32, search, error, 0),
	FIELD(24, U32, search, mode, 0), FIELD(25, U64, search, device, 1),
	FIELD(26, U64, search, inode, 0), FIELD(27, U64, search, size, 0),
};

static const struct vgpu_field object_fields[] = {
	FIELD(16, STRING, object, path, 0), FIELD(17, STRING, object, soname, 0),
	FIELD(18, U64, object, object, 1), FIELD(19, U64, object, base, 1),
	FIELD(20, U64, object, from, 1), FIELD(21, U64, object, to, 1),
	FIELD(22, U32, object, flags, 0), FIELD(23, U32, object, vendor, 0),
	FIELD(24, U32, object, library, 0), FIELD(25, DATA, object, build_id, 0),
	FIELD(26, U64, object, device, 1), FIELD(27, U64, object, inode, 0),
	FIELD(28, U64, object, size, 0), FIELD(29, U32, object, mode, 0),
	FIELD(30, I32, object, error, 0), FIELD(31, I64, object, name_space, 0),
	FIELD(32, U32, object, tls_size, 0), FIELD(33, U32, object, tls_align, 0),
};

static const struct vgpu_field linked_fields[] = {
	FIELD(16, U32, linked, flags, 0), FIELD(17, U32, linked, objects, 0),
	FIELD(18, U32, linked, activity, 0),
};

static const struct vgpu_field dl_fields[] = {
	FIELD(16, U32, dl, op, 0), FIELD(17, U32, dl, failed, 0),
	FIELD(18, STRING, dl, name, 0), FIELD(19, STRING, dl, version, 0),
	FIELD(20, STRING, dl, error, 0), FIELD(21, STRING, dl, object_name, 0),
	FIELD(22, STRING, dl, caller_object, 0), FIELD(23, I32, dl, code, 0),
	FIELD(24, U32, dl, vendor, 0), FIELD(25, U64, dl, handle, 1),
	FIELD(26, U64, dl, result, 1), FIELD(27, U64, dl, caller, 1),
	FIELD(28, I32, dl, mode, 0), FIELD(29, I64, dl, name_space, 0),
	FIELD(30, U64, dl, duration_ns, 0),
};

static const struct vgpu_field bound_fields[] = {
	FIELD(16, STRING, bound, symbol, 0), FIELD(17, STRING, bound, from, 0),
	FIELD(18, STRING, bound, to, 0), FIELD(19, U64, bound, from_object, 1),
	FIELD(20, U64, bound, to_object, 1), FIELD(21, U64, bound, address, 1),
	FIELD(22, U32, bound, vendor, 0), FIELD(23, U32, bound, by_dlsym, 0),
};

static const struct vgpu_field context_fields[] = {
	FIELD(16, U32, context, flags, 0), FIELD(17, STRINGS, context, env, 0),
	FIELD(18, STRING, context, stdout_target, 0), FIELD(19, STRING, context, stderr_target, 0),
	FIELD(20, STRING, context, directory, 0), FIELD(21, STRING, context, cgroup, 0),
	FIELD(22, STRING, context, exec_name, 0), FIELD(23, STRINGS, context, argv, 0),
	FIELD(24, STRING, context, comm, 0),
};

static const struct vgpu_field file_fields[] = {
	FIELD(16, STRING, file, path, 0), FIELD(17, I32, file, error, 0),
	FIELD(18, U32, file, flags, 0), FIELD(19, U32, file, vendor, 0),
	FIELD(20, U64, file, duration_ns, 0), FIELD(21, U32, file, looked, 0),
};

static const struct vgpu_field output_fields[] = {
	FIELD(16, U32, output, descriptor, 0), FIELD(17, STRING, output, target, 0),
	FIELD(18, DATA, output, bytes, 0), FIELD(19, U64, output, full_size, 0),
	FIELD(20, U32, output, unread, 0),
};

static const struct vgpu_field crash_fields[] = {
	FIELD(16, I32, crash, signal, 0), FIELD(17, I32, crash, code, 0),
	FIELD(18, U64, crash, address, 1), FIELD(19, U64, crash, ip, 1),
	FIELD(20, U64, crash, sp, 1), FIELD(21, U32, crash, handled, 0),
	FIELD(22, STRING, crash, object, 0), FIELD(23, U64, crash, offset, 1),
	FIELD(24, STRING, crash, symbol, 0), FIELD(25, U32, crash, function, 1),
	FIELD(26, STRING, crash, function_name, 0), FIELD(27, U64, crash, ordinal, 0),
	FIELD(28, STRING, crash, initialising, 0), FIELD(29, WORDS, crash, stack, 1),
	FIELD(30, DATA, crash, frames, 0), FIELD(31, U32, crash, stack_end, 0),
};

static const struct vgpu_field image_fields[] = {
	FIELD(16, U32, image, function, 1), FIELD(17, U64, image, size, 0),
	FIELD(18, DATA, image, hash, 0), FIELD(19, U64, image, hashed, 0),
	FIELD(20, STRINGS, image, cubin, 0), FIELD(21, STRINGS, image, ptx, 0),
	FIELD(22, STRING, image, object, 0), FIELD(23, STRING, image, format, 0),
	FIELD(24, STRING, image, path, 0),
};

static const struct vgpu_field probes_fields[] = {
	FIELD(16, STRING, probes, path, 0), FIELD(17, U32, probes, library, 0),
	FIELD(18, U32, probes, functions, 0), FIELD(19, U32, probes, aliases, 0),
	FIELD(20, U32, probes, known, 0), FIELD(21, U32, probes, moved, 0),
	FIELD(22, U32, probes, emulated, 0), FIELD(23, U32, probes, refused, 0),
	FIELD(24, I32, probes, refused_error, 0), FIELD(25, STRING, probes, refused_name, 0),
	FIELD(26, STRING, probes, method, 0), FIELD(27, U64, probes, attach_ns, 0),
	FIELD(28, DATA, probes, build_id, 0), FIELD(29, U32, probes, ours, 0),
	FIELD(30, U32, probes, entries, 0),
};

static const struct vgpu_field kernel_loss_fields[] = {
	FIELD(16, U32, kernel_loss, cpu, 0), FIELD(17, U64, kernel_loss, emitted, 0),
	FIELD(18, U64, kernel_loss, dropped, 0), FIELD(19, U64, kernel_loss, deep, 0),
	FIELD(20, U64, kernel_loss, stateless, 0), FIELD(21, U64, kernel_loss, unmatched, 0),
	FIELD(22, U64, kernel_loss, other_emitted, 0), FIELD(23, U64, kernel_loss, other_dropped, 0),
	FIELD(24, U64, kernel_loss, unreadable, 0), FIELD(25, U64, kernel_loss, filtered, 0),
};

static const struct vgpu_field note_fields[] = {
	FIELD(16, U32, note, about, 0), FIELD(17, U32, note, withdrawn, 0),
	FIELD(18, U32, note, reason, 0), FIELD(19, I32, note, code, 0),
	FIELD(20, U64, note, value, 0), FIELD(21, U64, note, limit, 0),
	FIELD(22, STRING, note, subject, 0), FIELD(23, STRING, note, text, 0),
};

static const struct vgpu_field fact_fields[] = {
	FIELD(16, STRING, fact, name, 0), FIELD(17, STRING, fact, subject, 0),
	FIELD(18, STRING, fact, value, 0), FIELD(19, I32, fact, error, 0),
};

static const struct vgpu_field log_fields[] = {
	FIELD(16, STRING, log, unit, 0), FIELD(17, STRING, log, line, 0),
	FIELD(18, U64, log, line_number, 0),
};

static const struct vgpu_field gap_fields[] = {
	FIELD(16, U32, gap, reason, 0), FIELD(17, U64, gap, events, 0), FIELD(18, U64, gap, calls, 0),
	FIELD(19, U64, gap, from_ns, 0), FIELD(20, U64, gap, upto_ns, 0), FIELD(21, U64, gap, limit, 0),
};

#define KIND(n, f) { .name = n, .fields = f, .count = sizeof(f) / sizeof(f[0]) }

const struct vgpu_kind vgpu_event_common = KIND("event", common_fields);

static const struct vgpu_kind kinds[VGPU_EVENT_KINDS] = {
	[VGPU_EVENT_HOST] = KIND("host", host_fields),
	[VGPU_EVENT_SESSION] = KIND("session", session_fields),
	[VGPU_EVENT_ANSWER] = KIND("answer", answer_fields),
	[VGPU_EVENT_COVERAGE] = KIND("coverage", coverage_fields),
	[VGPU_EVENT_START] = KIND("start", process_fields),
	[VGPU_EVENT_EXEC] = KIND("exec", process_fields),
	[VGPU_EVENT_EXIT] = KIND("exit", exit_fields),
	[VGPU_EVENT_PRESENCE] = KIND("presence", presence_fields),
	[VGPU_EVENT_RING] = KIND("ring", ring_fields),
	[VGPU_EVENT_LIBRARY] = KIND("library", library_fields),
	[VGPU_EVENT_CALL] = KIND("call", call_fields),
	[VGPU_EVENT_PENDING] = KIND("pending", call_fields),
	[VGPU_EVENT_TEXT] = KIND("text", text_fields),
	[VGPU_EVENT_GATE] = KIND("gate", gate_fields),
	[VGPU_EVENT_LOSS] = KIND("loss", loss_fields),
	[VGPU_EVENT_SEARCH] = KIND("search", search_fields),
	[VGPU_EVENT_OBJECT] = KIND("object", object_fields),
	[VGPU_EVENT_UNLOAD] = KIND("unload", object_fields),
	[VGPU_EVENT_LINKED] = KIND("linked", linked_fields),
	[VGPU_EVENT_DL] = KIND("dl", dl_fields),
	[VGPU_EVENT_BOUND] = KIND("bound", bound_fields),
	[VGPU_EVENT_CONTEXT] = KIND("context", context_fields),
	[VGPU_EVENT_FILE] = KIND("file", file_fields),
	[VGPU_EVENT_OUTPUT] = KIND("output", output_fields),
	[VGPU_EVENT_CRASH] = KIND("crash", crash_fields),
	[VGPU_EVENT_IMAGE] = KIND("image", image_fields),
	[VGPU_EVENT_PROBES] = KIND("probes", probes_fields),
	[VGPU_EVENT_KERNEL_LOSS] = KIND("kernel loss", kernel_loss_fields),
	[VGPU_EVENT_OBSERVER] = KIND("observer", note_fields),
	[VGPU_EVENT_FACT] = KIND("fact", fact_fields),
	[VGPU_EVENT_LOG] = KIND("log", log_fields),
	[VGPU_EVENT_GAP] = KIND("gap", gap_fields),
};

const struct vgpu_kind *vgpu_event_kind(uint32_t kind)
{
	return kind < VGPU_EVENT_KINDS && kinds[kind].name ? &kinds[kind] : NULL;
}

size_t vgpu_field_size(uint32_t type)
{
	static const uint8_t sizes[] = {
		[VGPU_FIELD_U8] = 1,  [VGPU_FIELD_U16] = 2, [VGPU_FIELD_U32] = 4,   [VGPU_FIELD_I32] = 4,
		[VGPU_FIELD_U64] = 8, [VGPU_FIELD_I64] = 8, [VGPU_FIELD_ID16] = 16,
	};

	return type < sizeof(sizes) ? sizes[type] : 0;
}

const char *vgpu_observer_name(uint32_t observer)
{
	switch (observer) {
	case VGPU_OBSERVER_RING:
		return "ring";
	case VGPU_OBSERVER_LINK:
		return "link";
	case VGPU_OBSERVER_KERNEL:
		return "kernel";
	case VGPU_OBSERVER_PROCESS:
		return "processes";
	case VGPU_OBSERVER_TRACER:
		return "tracer";
	}
	return "unknown";
}

const char *vgpu_shim_mode_name(uint32_t mode)
{
	static const char *const names[] = { [VGPU_SHIM_NONE] = "none", [VGPU_SHIM_SIM] = "sim",
					     [VGPU_SHIM_FORWARD] = "forward", [VGPU_SHIM_REPLAY] = "replay",
					     [VGPU_SHIM_BIND] = "bind" };

	return mode < sizeof(names) / sizeof(names[0]) ? names[mode] : "unknown";
}

const struct vgpu_blob *vgpu_event_blob(const struct vgpu_event_call *call, size_t *at)
{
	const struct vgpu_blob *blob;
	size_t size;

	if (*at > call->blobs.size || call->blobs.size - *at < sizeof(*blob))
		return NULL;
	blob = (const struct vgpu_blob *)(call->blobs.bytes + *at);
	size = sizeof(*blob) + ((blob->size + (size_t)7) & ~(size_t)7);
	if (size > call->blobs.size - *at)
		return NULL;
	*at += size;
	return blob;
}

const struct vgpu_blob *vgpu_event_find_blob(const struct vgpu_event_call *call, uint8_t param, uint8_t flags)
{
	const struct vgpu_blob *blob;
	size_t at = 0;

	while ((blob = vgpu_event_blob(call, &at)))
		if (blob->param == param && (blob->flags & flags) == flags)
			return blob;
	return NULL;
}

const char *vgpu_strings_next(const struct vgpu_strings *strings, const char *at)
{
	const char *end;

	if (!strings->bytes)
		return NULL;
	end = strings->bytes + strings->size;
	at = at ? at + strlen(at) + 1 : strings->bytes;
	return at < end && memchr(at, '\0', end - at) ? at : NULL;
}

const char *vgpu_stack_end_text(uint32_t end)
{
	static const char *const texts[] = {
		[VGPU_STACK_END_FRAMES] = "and further: so many frames are kept",
		[VGPU_STACK_END_CUT] = "and further: the stack was not copied to its end",
		[VGPU_STACK_END_FILE] = "and maybe further: no file is known where the last address is",
		[VGPU_STACK_END_RULES] = "and maybe further: the last file does not say where its caller is",
	};

	return end < sizeof(texts) / sizeof(texts[0]) ? texts[end] : NULL;
}
