// SPDX-License-Identifier: Apache-2.0
/* What a generated library consists of, by hand: descriptor, note, wrappers, backend. */
#include "tests/unit/tiny_library.h"

#include <string.h>

#include "shim/backend/backend.h"
#include "shim/backend/fault.h"
#include "shim/entry/call.h"
#include "shim/entry/core.h"

static int sim_get(int *out, int value, uint64_t tag)
{
	(void)tag;
	if (out)
		*out = value * 3 + 1;
	return value ^ 0x55;
}

static int sim_call(void (*function)(void *data), void *data)
{
	function(data);
	return 0;
}

static int sim_data(const void *data, uint64_t size, const char *name)
{
	(void)data;
	(void)name;
	return (int)size;
}

static int unsupported(void)
{
	return 801;
}

static int backend_open(const struct vgpu_library *library, void **dispatch, int fork,
			void (*say)(int level, const char *format, ...)
				__attribute__((format(printf, 2, 3))))
{
	(void)library;
	dispatch[1] = (void *)sim_get;
	dispatch[2] = (void *)sim_call;
	dispatch[3] = (void *)sim_data;
	say(0, "tiny backend, fork %d", fork);
	return 0;
}

const struct vgpu_backend vgpu_backend_sim = { .name = "sim", .open = backend_open };
const struct vgpu_backend vgpu_backend_forward = { .name = "forward", .open = backend_open };
const struct vgpu_backend vgpu_backend_replay = { .name = "replay", .open = backend_open };

void vgpu_fault_open(const struct vgpu_library *library, void **dispatch,
		     void (*say)(int level, const char *format, ...))
{
	(void)library;
	(void)dispatch;
	(void)say;
}

static void *dispatch_table[4];
static void *const entry_table[4] = { NULL, (void *)tiny_get, (void *)tiny_call, (void *)tiny_data };
static void *const unsupported_table[4] = { NULL, (void *)unsupported, (void *)unsupported,
					    (void *)unsupported };
static const char *const name_table[4] = { NULL, "tiny_get", "tiny_call", "tiny_data" };

struct vgpu_library vgpu_library = {
	.id = VGPU_LIBRARY_CUDA,
	.count = 3,
	.name = "tiny",
	.file = "tiny",
	.soname = "tiny",
	.schema_hash = 0x7431,
	.entry = entry_table,
	.names = name_table,
	.dispatch = dispatch_table,
	.unsupported = unsupported_table,
	.core = &vgpu_core_own,
};

_Static_assert(VGPU_CORE_ABI == 1, "as in the note below");
__asm__(".pushsection .note.vgpu, \"a\", @note\n"
	".balign 4\n"
	".long 11, 24, 1\n"
	".asciz \"vgpu-trace\"\n"
	".balign 4\n"
	".long 1, 1\n" /* VGPU_CORE_ABI, VGPU_LIBRARY_CUDA */
	"0: .quad vgpu_library - 0b\n"
	".quad 0x7431\n"
	".popsection\n");

/* What the thunk does: off, a call goes straight to the backend. */
#define OFF() (__atomic_load_n(&vgpu_local.mode, __ATOMIC_RELAXED) == VGPU_MODE_OFF)

__attribute__((noinline)) int tiny_get(int *out, int value, uint64_t tag)
{
	int (*backend)(int *, int, uint64_t);
	struct vgpu_call call;
	uint64_t *p;
	int ret;

	if (OFF() || !vgpu_call_enter(&call, TINY_GET, 3, VGPU_CALLER(), VGPU_SP()))
		return ((int (*)(int *, int, uint64_t))dispatch_table[1])(out, value, tag);
	vgpu_call_arg(&call, 0, VGPU_WORD_PTR(out));
	vgpu_call_arg(&call, 1, VGPU_WORD_I32(value));
	vgpu_call_arg(&call, 2, VGPU_WORD_I64(tag));
	vgpu_call_begin(&call);
	backend = (int (*)(int *, int, uint64_t))dispatch_table[1];
	ret = backend(out, value, tag);
	p = vgpu_call_leave(&call, VGPU_WORD_I32(ret), 3, VGPU_BLOB_BYTES(sizeof(*out)));
	if (p) {
		p = vgpu_put_arg(p, VGPU_WORD_PTR(out));
		p = vgpu_put_arg(p, VGPU_WORD_I32(value));
		p = vgpu_put_arg(p, VGPU_WORD_I64(tag));
		p = vgpu_put_blob(p, 0, VGPU_BLOB_OUT, out, sizeof(*out), true);
		vgpu_call_commit(&call, p);
	}
	return ret;
}

__attribute__((noinline)) int tiny_call(void (*function)(void *data), void *data)
{
	int (*backend)(void (*)(void *), void *);
	struct vgpu_call call;
	uint64_t *p;
	int ret;

	if (OFF() || !vgpu_call_enter(&call, TINY_CALL, 2, VGPU_CALLER(), VGPU_SP()))
		return ((int (*)(void (*)(void *), void *))dispatch_table[2])(function, data);
	vgpu_call_arg(&call, 0, VGPU_WORD_PTR(function));
	vgpu_call_arg(&call, 1, VGPU_WORD_PTR(data));
	vgpu_call_begin(&call);
	backend = (int (*)(void (*)(void *), void *))dispatch_table[2];
	ret = backend(function, data);
	p = vgpu_call_leave(&call, VGPU_WORD_I32(ret), 2, 0);
	if (p) {
		p = vgpu_put_arg(p, VGPU_WORD_PTR(function));
		p = vgpu_put_arg(p, VGPU_WORD_PTR(data));
		vgpu_call_commit(&call, p);
	}
	return ret;
}

__attribute__((noinline)) int tiny_data(const void *data, uint64_t size, const char *name)
{
	struct vgpu_call call;
	int ret;

	if (OFF() || !vgpu_call_enter(&call, TINY_DATA, 3, VGPU_CALLER(), VGPU_SP()))
		return ((int (*)(const void *, uint64_t, const char *))dispatch_table[3])(data, size, name);
	vgpu_call_arg(&call, 0, VGPU_WORD_PTR(data));
	vgpu_call_arg(&call, 1, size);
	vgpu_call_arg(&call, 2, VGPU_WORD_PTR(name));
	vgpu_call_text(&call, 2, name);
	vgpu_call_begin(&call);
	ret = ((int (*)(const void *, uint64_t, const char *))dispatch_table[3])(data, size, name);
	{
		const uint64_t args[] = { VGPU_WORD_PTR(data), size, VGPU_WORD_PTR(name) };
		const struct vgpu_source blobs[] = {
			{ .data = data, .size = size, .param = 0, .flags = VGPU_BLOB_IN },
			{ .data = name, .size = name ? strlen(name) + 1 : 0, .param = 2, .flags = VGPU_BLOB_IN },
		};

		vgpu_call_finish(&call, VGPU_WORD_I32(ret), args, 3, blobs, 2);
	}
	return ret;
}
