// SPDX-License-Identifier: Apache-2.0
/* Keeps glibc's static TLS from killing the program, by starting it again where need be. */
#include "shim/audit/audit.h"
#include "shim/audit/sys.h"

/*
 * Under any auditor, even one that withdrew or could not be loaded, glibc lays out the static TLS
 * before the program's libraries are known (its bug 31991): these then live off the surplus that is
 * meant for dlopen. A program whose libraries need more than that, or a larger alignment than the
 * thread descriptor has, ends at its start; with a little less, a later dlopen fails.
 *
 * Each auditor adds 2 * 144 bytes to the surplus: as long as the libraries need no more than that,
 * dlopen has what it has without us. Else the program is executed again with so much more of
 * glibc.rtld.optional_static_tls, which gives every thread exactly the stack it has without us.
 */
#define AUDITOR_BYTES   288u
/* Of the surplus without optional_static_tls, what start-up can surely use in every version. */
#define SURPLUS_BYTES   1232u
#define OPTIONAL_BYTES  512u   /* the default */
#define OPTIONAL_MAX    10240u
#define LIBC_BYTES      176u
#define DESCRIPTOR_ALIGN 64u

#define TUNABLE "glibc.rtld.optional_static_tls="
/* Left in the environment for our next self, before GLIBC_TUNABLES, both at its end. */
#define MARK "VGPU_AUDIT_AGAIN="

static uint64_t need;       /* of the start-up libraries so far */
static uint64_t align_most = DESCRIPTOR_ALIGN;
static uint64_t user_bytes = OPTIONAL_BYTES; /* what the user gave it, or the default */
static uint64_t given_bytes;  /* what we gave it; 0: this is the first time */

static uint64_t number(const char *text)
{
	uint64_t value = 0;

	while (*text >= '0' && *text <= '9' && value < UINT64_MAX / 16)
		value = value * 10 + (uint64_t)(*text++ - '0');
	return value;
}

static uint64_t tunable_bytes(const char *list)
{
	const char *value;

	for (; list && *list; list++) {
		value = sys_after(list, TUNABLE);
		if (value)
			return number(value);
		while (*list && *list != ':')
			list++;
		if (!*list)
			break;
	}
	return 0;
}

void audit_tls_start(void)
{
	char **env = audit.stack.env;
	const char *value;
	uint64_t n = 0;

	while (env[n])
		n++;
	if (n >= 2 && sys_after(env[n - 2], MARK)) {
		value = sys_after(env[n - 1], "GLIBC_TUNABLES=" TUNABLE);
		given_bytes = value ? number(value) : 0;
		/* They have done their work; the program and its children are not to see them. */
		env[n - 2] = NULL;
		env[n - 1] = NULL;
	}
	value = audit_stack_env(&audit.stack, "GLIBC_TUNABLES");
	n = value ? tunable_bytes(value) : 0;
	if (n)
		user_bytes = n;
}

bool audit_tls_again(void)
{
	return given_bytes != 0;
}

void audit_exec_without(enum vgpu_link_reason reason, uint64_t value, uint64_t limit, const char *text)
{
	long err;

	audit_note(VGPU_LINK_WITHDRAWN, reason, 0, value, limit, 0, text);
	err = audit_exec((const char *const[2]){ NULL, NULL }, true);
	audit_note(VGPU_LINK_NOTE, VGPU_LINK_EXEC_FAILED, -err, reason, 0, 0, text);
}

static void exec_with(uint64_t bytes, uint64_t limit, const char *text)
{
	char mark[sizeof(MARK) + 24], tunables[sizeof("GLIBC_TUNABLES=" TUNABLE) + 24];
	long err;

	sys_decimal(sys_put(mark, MARK), bytes);
	sys_decimal(sys_put(tunables, "GLIBC_TUNABLES=" TUNABLE), bytes);
	audit_note(VGPU_LINK_REEXEC, VGPU_LINK_TLS_SIZE, 0, need, limit, bytes, text);
	err = audit_exec((const char *const[2]){ mark, tunables }, false);
	audit_note(VGPU_LINK_NOTE, VGPU_LINK_EXEC_FAILED, -err, VGPU_LINK_TLS_SIZE, 0, 0, text);
}

static uint64_t have_bytes(void)
{
	return given_bytes ? given_bytes : user_bytes;
}

/* The tunable with which dlopen and threads have what they have without us, if libraries need so much. */
static uint64_t wanted_bytes(uint64_t libraries)
{
	uint64_t more = libraries > AUDITOR_BYTES ? libraries - AUDITOR_BYTES : 0;

	return user_bytes + more < OPTIONAL_MAX ? user_bytes + more : OPTIONAL_MAX;
}

void audit_tls_object(const struct link_map *map, const struct audit_elf *elf, bool is_main)
{
	unsigned count;
	const ElfW(Phdr) *phdr = audit_phdr(map, &count);
	uint64_t limit, bytes;

	for (; count; count--, phdr++)
		if (phdr->p_type == PT_TLS)
			break;
	if (!count)
		return;
	if (is_main) {
		/* Laid out in time. */
		if (phdr->p_align > align_most)
			align_most = phdr->p_align;
		return;
	}
	if (phdr->p_align > align_most) {
		audit_exec_without(VGPU_LINK_TLS_ALIGN, phdr->p_align, align_most, map->l_name);
		return;
	}
	/*
	 * The storage of libraries that can do with dynamic TLS is allocated at its first use instead. By
	 * malloc: one that has such storage itself would call itself for ever.
	 */
	if (!(elf->flags & DF_STATIC_TLS) && map != audit.libc &&
	    (audit_elf_find(elf, "malloc") || audit_elf_find(elf, "calloc"))) {
		audit_exec_without(VGPU_LINK_TLS_MALLOC, 0, 0, map->l_name);
		return;
	}
	need += phdr->p_memsz;
	if (phdr->p_align > 1)
		need = (need + phdr->p_align - 1) & ~(phdr->p_align - 1);
	limit = SURPLUS_BYTES + have_bytes();
	if (need <= limit)
		return;
	/* Not all libraries are known yet. At first libc is thought to be the only other one. */
	bytes = wanted_bytes(given_bytes ? 2 * need : audit.libc ? need : need + LIBC_BYTES);
	if (bytes > have_bytes() && need <= SURPLUS_BYTES + bytes)
		exec_with(bytes, limit, map->l_name);
	else
		audit_exec_without(VGPU_LINK_TLS_SIZE, need, SURPLUS_BYTES + OPTIONAL_MAX, map->l_name);
}

void audit_tls_consistent(void)
{
	uint64_t limit = AUDITOR_BYTES + have_bytes() - user_bytes, bytes;

	if (need <= limit || given_bytes >= OPTIONAL_MAX)
		return;
	/* All libraries are known, and nothing of the program has run. */
	bytes = wanted_bytes(need);
	if (bytes > have_bytes())
		exec_with(bytes, limit, NULL);
}
