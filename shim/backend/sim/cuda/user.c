/* SPDX-License-Identifier: Apache-2.0 */
/* User objects: see user.h. */
#include "shim/backend/sim/cuda/user.h"

#include "shim/backend/sim/cuda/graph.h"
#include "shim/backend/sim/cuda/heap.h"

struct user {
	struct object object;
	void *data;
	CUhostFn destroy;
	uint32_t count; /* atomic */
};

/* References that a graph holds; its program must not change a graph from two threads at once. */
struct cuda_user_ref {
	struct cuda_user_ref *next;
	struct user *user;
	uint32_t count;
};

static void drop(struct user *user, uint32_t count)
{
	if (__atomic_sub_fetch(&user->count, count, __ATOMIC_ACQ_REL))
		return;
	user->destroy(user->data);
	object_free(user);
}

static bool hold(struct cuda_user_ref **refs, struct user *user, uint32_t count)
{
	struct cuda_user_ref *ref;

	for (ref = *refs; ref; ref = ref->next) {
		if (ref->user == user) {
			ref->count += count;
			return true;
		}
	}
	ref = heap_get(sizeof(*ref));
	if (!ref)
		return false;
	ref->user = user;
	ref->count = count;
	ref->next = *refs;
	*refs = ref;
	return true;
}

void cuda_user_refs_drop(struct cuda_user_ref **refs)
{
	while (*refs) {
		struct cuda_user_ref *ref = *refs;

		*refs = ref->next;
		drop(ref->user, ref->count);
		heap_free(ref);
	}
}

bool cuda_user_refs_copy(struct cuda_user_ref **into, const struct cuda_user_ref *from)
{
	for (; from; from = from->next) {
		if (!hold(into, from->user, from->count))
			return false;
		__atomic_add_fetch(&from->user->count, from->count, __ATOMIC_RELAXED);
	}
	return true;
}

#define NEED_USER(name, handle)                                                                    \
	CUDA_NEED_INIT();                                                                          \
	struct user *name = object_get(handle, OBJECT_USER);                                       \
	if (!name || !count)                                                                       \
	return CUDA_ERROR_INVALID_VALUE

CUresult sim_cuUserObjectCreate(CUuserObject *out, void *data, CUhostFn destroy, unsigned int count,
				unsigned int flags)
{
	struct user *user;

	CUDA_NEED_INIT();
	if (!out || !destroy || !count || count > INT32_MAX ||
	    flags != CU_USER_OBJECT_NO_DESTRUCTOR_SYNC)
		return CUDA_ERROR_INVALID_VALUE;
	user = object_new(OBJECT_USER, NULL);
	if (!user)
		return CUDA_ERROR_OUT_OF_MEMORY;
	user->data = data;
	user->destroy = destroy;
	user->count = count;
	*out = (CUuserObject)user;
	return CUDA_SUCCESS;
}

CUresult sim_cuUserObjectRetain(CUuserObject handle, unsigned int count)
{
	NEED_USER(user, handle);
	__atomic_add_fetch(&user->count, count, __ATOMIC_RELAXED);
	return CUDA_SUCCESS;
}

CUresult sim_cuUserObjectRelease(CUuserObject handle, unsigned int count)
{
	NEED_USER(user, handle);
	if (count > __atomic_load_n(&user->count, __ATOMIC_RELAXED))
		return CUDA_ERROR_INVALID_VALUE;
	drop(user, count);
	return CUDA_SUCCESS;
}

CUresult sim_cuGraphRetainUserObject(CUgraph graph_handle, CUuserObject handle, unsigned int count,
				     unsigned int flags)
{
	NEED_USER(user, handle);
	struct cuda_graph *graph = cuda_graph_of(graph_handle);

	if (!graph || flags & ~(unsigned)CU_GRAPH_USER_OBJECT_MOVE)
		return CUDA_ERROR_INVALID_VALUE;
	if (!hold(&graph->users, user, count))
		return CUDA_ERROR_OUT_OF_MEMORY;
	if (!(flags & CU_GRAPH_USER_OBJECT_MOVE))
		__atomic_add_fetch(&user->count, count, __ATOMIC_RELAXED);
	return CUDA_SUCCESS;
}

CUresult sim_cuGraphReleaseUserObject(CUgraph graph_handle, CUuserObject handle, unsigned int count)
{
	NEED_USER(user, handle);
	struct cuda_graph *graph = cuda_graph_of(graph_handle);

	if (!graph)
		return CUDA_ERROR_INVALID_VALUE;
	for (struct cuda_user_ref **link = &graph->users, *ref; (ref = *link); link = &ref->next) {
		if (ref->user != user || ref->count < count)
			continue;
		ref->count -= count;
		if (!ref->count) {
			*link = ref->next;
			heap_free(ref);
		}
		drop(user, count);
		return CUDA_SUCCESS;
	}
	return CUDA_ERROR_INVALID_VALUE;
}
