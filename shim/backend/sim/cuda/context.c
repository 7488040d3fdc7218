/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts: creation, primary contexts, and the stack of current ones that each thread has. */
#include "shim/backend/sim/cuda/stream.h"

struct frame {
	struct object object;
	struct cuda_context *context; /* NULL: nothing is current at this place */
	uint64_t serial;              /* of the context: tells a destroyed one */
	struct frame *below;
};
_Static_assert(sizeof(struct frame) <= OBJECT_BYTES, "a slot holds it");

/* One pointer and one number a thread: our TLS shares the little room of preloaded libraries. */
static __thread struct frame *top __attribute__((tls_model("initial-exec")));
static __thread uint32_t top_epoch __attribute__((tls_model("initial-exec")));
/* Here, beside another half word: eight bytes less than in a file of its own. */
__thread uint32_t cuda_capture_mode __attribute__((tls_model("initial-exec"), visibility("hidden")));
static uint32_t epoch = 1; /* counts forks: frames of the parent mean nothing in the child */

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

void cuda_context_forget(void)
{
	epoch++;
}

static void release_frames(void *unused)
{
	(void)unused;
	while (top_epoch == epoch && top) {
		struct frame *frame = top;

		top = frame->below;
		object_free(frame);
	}
}

static void make_key(void)
{
	pthread_key_create(&key, release_frames);
}

static struct frame **stack(void)
{
	if (top_epoch != epoch) {
		top = NULL;
		top_epoch = epoch;
	}
	return &top;
}

static bool alive(const struct cuda_context *context, uint64_t serial)
{
	return object_get(context, OBJECT_CONTEXT) &&
	       __atomic_load_n(&context->object.serial, __ATOMIC_RELAXED) == serial &&
	       __atomic_load_n(&context->active, __ATOMIC_RELAXED);
}

static bool push(struct cuda_context *context)
{
	struct frame **place = stack(), *frame = object_new(OBJECT_FRAME, NULL);

	if (!frame)
		return false;
	pthread_once(&key_once, make_key);
	pthread_setspecific(key, frame); /* any value: so that release_frames runs */
	frame->context = context;
	frame->serial = context ? context->object.serial : 0;
	frame->below = *place;
	*place = frame;
	return true;
}

static void pop(void)
{
	struct frame **place = stack(), *frame = *place;

	*place = frame->below;
	object_free(frame);
}

CUresult cuda_current(struct cuda_context **context)
{
	struct frame *frame;

	CUDA_NEED_INIT();
	frame = *stack();
	if (!frame || !frame->context)
		return CUDA_ERROR_INVALID_CONTEXT;
	if (!alive(frame->context, frame->serial))
		return CUDA_ERROR_CONTEXT_IS_DESTROYED;
	*context = frame->context;
	return CUDA_SUCCESS;
}

struct cuda_context *cuda_context_of(CUcontext handle)
{
	struct cuda_context *context = object_get(handle, OBJECT_CONTEXT);

	return context && __atomic_load_n(&context->active, __ATOMIC_RELAXED) ? context : NULL;
}

/* ---- creation and destruction; the caller holds cuda_state.lock ---- */

static void defaults(struct cuda_context *context, uint32_t flags)
{
	context->flags = flags;
	context->api_version = 3020;
	context->cache_config = CU_FUNC_CACHE_PREFER_NONE;
	context->shared_config = CU_SHARED_MEM_CONFIG_FOUR_BYTE_BANK_SIZE;
	context->peers = 0;
	context->limit[CU_LIMIT_STACK_SIZE] = 1024;
	context->limit[CU_LIMIT_PRINTF_FIFO_SIZE] =
	    (uint64_t)cuda_attribute(cuda_device_of(context), CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT) << 16;
	context->limit[CU_LIMIT_MALLOC_HEAP_SIZE] = 8 << 20;
	context->limit[CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH] = 2;
	context->limit[CU_LIMIT_DEV_RUNTIME_PENDING_LAUNCH_COUNT] = 2048;
	context->limit[CU_LIMIT_MAX_L2_FETCH_GRANULARITY] = 64;
	/* three tenths of what there may be */
	context->limit[CU_LIMIT_PERSISTING_L2_CACHE_SIZE] =
	    (uint64_t)cuda_attribute(cuda_device_of(context), CU_DEVICE_ATTRIBUTE_MAX_PERSISTING_L2_CACHE_SIZE) * 3 / 10;
	context->limit[CU_LIMIT_SHMEM_SIZE] =
	    (uint64_t)cuda_attribute(cuda_device_of(context), CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
}

static CUresult activate(struct cuda_context *context)
{
	struct cuda_device *device = cuda_device_of(context);

	if (!device->contexts && !cuda_charge(device, device->is->context_bytes))
		return CUDA_ERROR_OUT_OF_MEMORY;
	device->contexts++;
	context->id = context->object.serial;
	context->lives++;
	__atomic_store_n(&context->active, true, __ATOMIC_RELEASE);
	return CUDA_SUCCESS;
}

static CUresult make(struct cuda_context **out, CUdevice dev, uint32_t flags)
{
	struct cuda_context *context = object_new(OBJECT_CONTEXT, NULL);
	CUresult result;

	if (!context)
		return CUDA_ERROR_OUT_OF_MEMORY;
	context->device = (uint32_t)dev;
	defaults(context, flags);
	result = activate(context);
	if (result != CUDA_SUCCESS) {
		object_free(context);
		return result;
	}
	*out = context;
	return CUDA_SUCCESS;
}

/* What a context owns goes with it. */
static void release_owned(struct object *object)
{
	switch (object->kind) {
	case OBJECT_LIBRARY:
		cuda_library_release(object);
		break;
	case OBJECT_STREAM:
		cuda_stream_free((struct cuda_stream *)object);
		break;
	case OBJECT_EVENT:
		cuda_event_free((struct cuda_event *)object);
		break;
	case OBJECT_ARRAY:
	case OBJECT_MIPMAP:
		cuda_array_release(object);
		break;
	default:
		object_free(object);
	}
}

static void deactivate(struct cuda_context *context)
{
	struct cuda_device *device = cuda_device_of(context);

	__atomic_store_n(&context->active, false, __ATOMIC_RELEASE);
	context->default_streams = NULL;
	object_each_owned(&context->object, release_owned);
	cuda_memory_release(context);
	if (!--device->contexts)
		cuda_discharge(device, device->is->context_bytes);
}

/* ---- contexts of the program's own ---- */

bool cuda_context_flags_valid(unsigned int flags)
{
	unsigned schedule = flags & CU_CTX_SCHED_MASK;

	return !(flags & ~(unsigned)CU_CTX_FLAGS_MASK) && !(schedule & (schedule - 1));
}

CUresult sim_cuCtxCreate_v2(CUcontext *out, unsigned int flags, CUdevice dev)
{
	struct cuda_context *context;
	CUresult result;

	CUDA_NEED_DEVICE(device, dev);
	(void)device;
	if (!out || !cuda_context_flags_valid(flags))
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&cuda_state.lock);
	result = make(&context, dev, flags);
	if (result == CUDA_SUCCESS && !push(context)) {
		deactivate(context);
		object_free(context);
		result = CUDA_ERROR_OUT_OF_MEMORY;
	}
	pthread_mutex_unlock(&cuda_state.lock);
	if (result == CUDA_SUCCESS)
		*out = (CUcontext)context;
	return result;
}
SIM_ALIAS(sim_cuCtxCreate, sim_cuCtxCreate_v2);

CUresult sim_cuCtxCreate_v3(CUcontext *out, CUexecAffinityParam *affinity, int count,
			    unsigned int flags, CUdevice dev)
{
	CUDA_NEED_DEVICE(device, dev);
	if (count < 0 || (count && !affinity))
		return CUDA_ERROR_INVALID_VALUE;
	if (count && !cuda_attribute(device, CU_DEVICE_ATTRIBUTE_MPS_ENABLED))
		return CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
	return sim_cuCtxCreate_v2(out, flags, dev);
}

CUresult sim_cuCtxCreate_v4(CUcontext *out, CUctxCreateParams *params, unsigned int flags,
			    CUdevice dev)
{
	if (params && params->numExecAffinityParams)
		return sim_cuCtxCreate_v3(out, params->execAffinityParams,
					  params->numExecAffinityParams, flags, dev);
	return sim_cuCtxCreate_v2(out, flags, dev);
}

CUresult sim_cuCtxDestroy_v2(CUcontext handle)
{
	struct cuda_context *context;
	CUresult result = CUDA_SUCCESS;
	struct frame *frame;

	CUDA_NEED_INIT();
	if (!handle)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&cuda_state.lock);
	context = cuda_context_of(handle);
	if (!context || context->primary) {
		result = CUDA_ERROR_INVALID_CONTEXT;
	} else {
		frame = *stack();
		if (frame && frame->context == context)
			pop();
		deactivate(context);
		object_free(context);
	}
	pthread_mutex_unlock(&cuda_state.lock);
	return result;
}
SIM_ALIAS(sim_cuCtxDestroy, sim_cuCtxDestroy_v2);

/* References of the kind that came before the stack of contexts: the last one destroys. */
CUresult sim_cuCtxAttach(CUcontext *out, unsigned int flags)
{
	CUDA_NEED_CONTEXT(context);
	if (!out || flags)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&cuda_state.lock);
	context->attached++;
	pthread_mutex_unlock(&cuda_state.lock);
	*out = (CUcontext)context;
	return CUDA_SUCCESS;
}

CUresult sim_cuCtxDetach(CUcontext handle)
{
	struct cuda_context *current;
	CUresult result = cuda_current(&current);
	bool last;

	if (result != CUDA_SUCCESS)
		return result;
	if ((CUcontext)current != handle)
		return CUDA_ERROR_INVALID_CONTEXT;
	pthread_mutex_lock(&cuda_state.lock);
	last = !current->attached;
	current->attached -= !last;
	pthread_mutex_unlock(&cuda_state.lock);
	return last ? sim_cuCtxDestroy_v2(handle) : CUDA_SUCCESS;
}

/* ---- the calling thread's stack ---- */

CUresult sim_cuCtxPushCurrent_v2(CUcontext handle)
{
	CUDA_NEED_INIT();
	struct cuda_context *context = cuda_context_of(handle);

	if (!handle)
		return CUDA_ERROR_INVALID_VALUE;
	if (!context)
		return CUDA_ERROR_INVALID_CONTEXT;
	return push(context) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}
SIM_ALIAS(sim_cuCtxPushCurrent, sim_cuCtxPushCurrent_v2);

CUresult sim_cuCtxPopCurrent_v2(CUcontext *out)
{
	struct frame *frame;

	CUDA_NEED_INIT();
	frame = *stack();
	if (!frame || !frame->context)
		return CUDA_ERROR_INVALID_CONTEXT;
	if (out)
		*out = (CUcontext)frame->context;
	pop();
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuCtxPopCurrent, sim_cuCtxPopCurrent_v2);

CUresult sim_cuCtxSetCurrent(CUcontext handle)
{
	struct cuda_context *context = NULL;
	struct frame *frame;

	CUDA_NEED_INIT();
	if (handle) {
		context = cuda_context_of(handle);
		if (!context)
			return CUDA_ERROR_INVALID_CONTEXT;
	}
	frame = *stack();
	if (!context) {
		if (frame)
			pop();
		return CUDA_SUCCESS;
	}
	if (!frame)
		return push(context) ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
	frame->context = context;
	frame->serial = context->object.serial;
	return CUDA_SUCCESS;
}

CUresult sim_cuCtxGetCurrent(CUcontext *out)
{
	struct frame *frame;

	CUDA_NEED_INIT();
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	frame = *stack();
	*out = frame ? (CUcontext)frame->context : NULL;
	return CUDA_SUCCESS;
}

/* ---- primary contexts ---- */

CUresult sim_cuDevicePrimaryCtxRetain(CUcontext *out, CUdevice dev)
{
	CUresult result = CUDA_SUCCESS;

	CUDA_NEED_DEVICE(device, dev);
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&cuda_state.lock);
	if (!device->primary) {
		result = make(&device->primary, dev, device->primary_flags);
		if (result == CUDA_SUCCESS)
			device->primary->primary = true;
	} else if (!device->primary->active) {
		defaults(device->primary, device->primary_flags);
		result = activate(device->primary);
	}
	if (result == CUDA_SUCCESS) {
		device->primary_refs++;
		*out = (CUcontext)device->primary;
	}
	pthread_mutex_unlock(&cuda_state.lock);
	return result;
}

CUresult sim_cuDevicePrimaryCtxRelease_v2(CUdevice dev)
{
	CUresult result = CUDA_SUCCESS;

	CUDA_NEED_DEVICE(device, dev);
	pthread_mutex_lock(&cuda_state.lock);
	if (!device->primary_refs)
		result = CUDA_ERROR_INVALID_CONTEXT;
	else if (!--device->primary_refs && device->primary->active)
		deactivate(device->primary);
	pthread_mutex_unlock(&cuda_state.lock);
	return result;
}
SIM_ALIAS(sim_cuDevicePrimaryCtxRelease, sim_cuDevicePrimaryCtxRelease_v2);

/* Empties the context and leaves it, with its references, to whoever uses it next. */
CUresult sim_cuDevicePrimaryCtxReset_v2(CUdevice dev)
{
	CUDA_NEED_DEVICE(device, dev);
	pthread_mutex_lock(&cuda_state.lock);
	if (device->primary && device->primary->active) {
		deactivate(device->primary);
		device->primary_refs = 0;
	}
	pthread_mutex_unlock(&cuda_state.lock);
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuDevicePrimaryCtxReset, sim_cuDevicePrimaryCtxReset_v2);

CUresult sim_cuDevicePrimaryCtxSetFlags_v2(CUdevice dev, unsigned int flags)
{
	CUDA_NEED_DEVICE(device, dev);
	if (!cuda_context_flags_valid(flags))
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&cuda_state.lock);
	device->primary_flags = flags;
	if (device->primary && device->primary->active)
		device->primary->flags = flags;
	pthread_mutex_unlock(&cuda_state.lock);
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuDevicePrimaryCtxSetFlags, sim_cuDevicePrimaryCtxSetFlags_v2);

CUresult sim_cuDevicePrimaryCtxGetState(CUdevice dev, unsigned int *flags, int *active)
{
	CUDA_NEED_DEVICE(device, dev);
	if (!flags || !active)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&cuda_state.lock);
	*flags = device->primary_flags;
	*active = device->primary && device->primary->active;
	pthread_mutex_unlock(&cuda_state.lock);
	return CUDA_SUCCESS;
}
