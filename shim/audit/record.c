// SPDX-License-Identifier: Apache-2.0
/* Records: reserved by many writers at once, threads and forked children, without lock or system call. */
#include "shim/audit/audit.h"
#include "shim/audit/sys.h"

/* What *audit.family holds: 0 in a child that has not written yet, SELF in the process that began. */
#define FAMILY_SELF 1u

static void *log_reserve(enum vgpu_link_kind kind, uint32_t size, uint32_t end)
{
	struct vgpu_arena *arena = audit.arena;
	struct vgpu_word *word;
	uint32_t offset = __atomic_load_n(&arena->log_offset, __ATOMIC_RELAXED);

	/* Never past the end, so that a smaller record may still fit. */
	do {
		uint32_t limit = __atomic_load_n(&arena->log_limit, __ATOMIC_ACQUIRE);

		if (limit > end)
			limit = end;
		if (offset > limit || size > limit - offset) {
			__atomic_fetch_add(&arena->log_dropped, 1, __ATOMIC_RELAXED);
			return NULL;
		}
	} while (!__atomic_compare_exchange_n(&arena->log_offset, &offset, offset + size, true,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	word = (struct vgpu_word *)((uint8_t *)arena + offset);
	*word = (struct vgpu_word){ .size8 = (uint16_t)(size / 8),
				    .kind = kind,
				    .state = VGPU_STATE_RESERVED };
	return word;
}

void audit_commit(void *record)
{
	struct vgpu_word word = *(struct vgpu_word *)record;
	uint64_t raw;

	word.state = VGPU_STATE_COMMITTED;
	memcpy(&raw, &word, sizeof(raw));
	__atomic_store_n((uint64_t *)record, raw, __ATOMIC_RELEASE);
}

/* Where the counter may not be read any more: see struct vgpu_link_record. */
static bool coarse(enum vgpu_link_kind kind)
{
	if (!audit.started || kind == VGPU_LINK_SEARCHED || kind == VGPU_LINK_OPENED)
		return false;
	return kind != VGPU_LINK_CONSISTENT || audit.activity == LA_ACT_DELETE;
}

static void head_fill(struct vgpu_link_record *head, uint32_t family, enum vgpu_link_kind kind)
{
	if (coarse(kind)) {
		head->flags = VGPU_LINK_COARSE;
		head->counter = audit_clock_coarse();
	} else {
		head->counter = audit_clock_now();
	}
	head->tid = audit.tid_offset ? sys_thread_word(audit.tid_offset) : 0;
	head->fork = (uint16_t)(family - FAMILY_SELF);
}

/*
 * A fork leaves the child with the parent's mapping of the ring, and a zero in this page. Its first
 * record says so. A ring of its own would take system calls that it may have given up.
 */
static uint32_t family_join(void)
{
	uint32_t family = 0, mine;
	struct vgpu_link_forked *record;

	mine = __atomic_add_fetch(&audit.start->forks, 1, __ATOMIC_RELAXED) + FAMILY_SELF;
	if (!__atomic_compare_exchange_n(audit.family, &family, mine, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		return family; /* another thread of this child was first */
	record = log_reserve(VGPU_LINK_FORKED, sizeof(*record), UINT32_MAX);
	if (record) {
		head_fill(&record->head, mine, VGPU_LINK_FORKED);
		record->head.text_at = sizeof(*record);
		record->number = mine - FAMILY_SELF;
		audit_commit(record);
	}
	return mine;
}

static uint32_t family(void)
{
	uint32_t value = audit.family ? __atomic_load_n(audit.family, __ATOMIC_ACQUIRE) : FAMILY_SELF;

	return value ? value : family_join();
}

bool audit_new_child(void)
{
	return audit.family && !__atomic_load_n(audit.family, __ATOMIC_RELAXED);
}

static size_t kept(const char *text, unsigned *flags)
{
	size_t size = 0;

	if (text)
		while (text[size] && size < VGPU_LINK_TEXT_MAX - 1)
			size++;
	if (text && text[size])
		*flags |= VGPU_LINK_CUT;
	return size;
}

void *audit_record_room(enum vgpu_link_kind kind, size_t fixed, size_t text_bytes, unsigned flags,
			enum vgpu_link_vendor vendor)
{
	struct vgpu_link_record *record;
	bool plain = !vendor && (kind == VGPU_LINK_SEARCHED || kind == VGPU_LINK_OPENED ||
				 kind == VGPU_LINK_CLOSED || kind == VGPU_LINK_CONSISTENT ||
				 (flags & AUDIT_PLAIN));
	uint32_t size = ((uint32_t)(fixed + text_bytes) + 7) & ~7u, member;

	if (!audit.arena)
		return NULL;
	member = family();
	record = log_reserve(kind, size, plain ? VGPU_LINK_PLAIN_END : UINT32_MAX);
	if (!record) {
		if (plain && !__atomic_exchange_n(&audit.plain_noted, true, __ATOMIC_RELAXED))
			audit_note(VGPU_LINK_NOTE, VGPU_LINK_PLAIN_DROPPED, 0, 0, 0, 0, NULL);
		return NULL;
	}
	head_fill(record, member, kind);
	record->flags |= (uint16_t)((flags & ~AUDIT_PLAIN) | (vendor ? VGPU_LINK_GPU : 0));
	record->text_at = (uint16_t)fixed;
	record->text_bytes = (uint16_t)text_bytes;
	record->vendor = (uint8_t)vendor;
	return record;
}

void *audit_record(enum vgpu_link_kind kind, size_t fixed, const char *const *texts, unsigned count,
		   unsigned flags, enum vgpu_link_vendor vendor)
{
	struct vgpu_link_record *record;
	size_t bytes = count;
	char *to, *end;

	for (unsigned i = 0; i < count; i++)
		bytes += kept(texts[i], &flags);
	record = audit_record_room(kind, fixed, bytes, flags, vendor);
	if (!record)
		return NULL;
	record->texts = (uint16_t)count;
	to = (char *)record + fixed;
	end = to + bytes;
	/* A text may be the program's to change meanwhile: nothing is written past the room measured for it. */
	for (unsigned i = 0; i < count; i++) {
		const char *from = texts[i];

		while (from && *from && to + (count - i) < end)
			*to++ = *from++;
		*to++ = '\0';
	}
	return record;
}

void audit_note(enum vgpu_link_kind kind, enum vgpu_link_reason reason, long code, uint64_t value,
		uint64_t limit, uint64_t given, const char *text)
{
	struct vgpu_link_note *note = audit_record(kind, sizeof(*note), &text, 1, 0, VGPU_VENDOR_NONE);

	if (!note)
		return;
	note->reason = reason;
	note->code = (int32_t)code;
	note->value = value;
	note->limit = limit;
	note->given = given;
	audit_commit(note);
}
