/* SPDX-License-Identifier: Apache-2.0 */
/* Memory operations of streams: values written, and waits that are over at once. */
#include <sys/mman.h>

#include "shim/backend/sim/cuda/graph.h"
#include "shim/backend/sim/cuda/memory.h"

#define WAIT_FLAGS (CU_STREAM_WAIT_VALUE_NOR | CU_STREAM_WAIT_VALUE_FLUSH)

static bool writable(CUdeviceptr address, unsigned size)
{
	return address && address % size == 0 &&
	       range_covers(&range_allocations, address, size, PROT_WRITE);
}

CUresult cuda_memops_check(const CUstreamBatchMemOpParams *ops, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		const CUstreamBatchMemOpParams *op = &ops[i];
		bool good;

		switch (op->operation) {
		case CU_STREAM_MEM_OP_WAIT_VALUE_32:
		case CU_STREAM_MEM_OP_WAIT_VALUE_64:
			good = !(op->waitValue.flags & ~(unsigned)WAIT_FLAGS) &&
			       writable(op->waitValue.address,
					op->operation == CU_STREAM_MEM_OP_WAIT_VALUE_32 ? 4 : 8);
			break;
		case CU_STREAM_MEM_OP_WRITE_VALUE_32:
		case CU_STREAM_MEM_OP_WRITE_VALUE_64:
			good = op->writeValue.flags <= CU_STREAM_WRITE_VALUE_NO_MEMORY_BARRIER &&
			       writable(op->writeValue.address,
					op->operation == CU_STREAM_MEM_OP_WRITE_VALUE_32 ? 4 : 8);
			break;
		case CU_STREAM_MEM_OP_BARRIER:
		case CU_STREAM_MEM_OP_FLUSH_REMOTE_WRITES:
			good = true;
			break;
		default:
			good = false;
		}
		if (!good)
			return CUDA_ERROR_INVALID_VALUE;
	}
	return CUDA_SUCCESS;
}

/* A wait that is not yet satisfied cannot hold up a stream that is always idle: it passes. */
CUresult cuda_memops_run(const CUstreamBatchMemOpParams *ops, unsigned int count)
{
	CUresult result = cuda_memops_check(ops, count);

	for (unsigned int i = 0; i < count && result == CUDA_SUCCESS; i++) {
		void *at = (void *)(uintptr_t)ops[i].writeValue.address;

		if (ops[i].operation == CU_STREAM_MEM_OP_WRITE_VALUE_32)
			__atomic_store_n((uint32_t *)at, ops[i].writeValue.value, __ATOMIC_RELEASE);
		else if (ops[i].operation == CU_STREAM_MEM_OP_WRITE_VALUE_64)
			__atomic_store_n((uint64_t *)at, ops[i].writeValue.value64,
					 __ATOMIC_RELEASE);
	}
	return result;
}

CUresult sim_cuStreamBatchMemOp_v2(CUstream stream, unsigned int count,
				   CUstreamBatchMemOpParams *ops, unsigned int flags)
{
	CUgraphNodeParams node = { .type = CU_GRAPH_NODE_TYPE_BATCH_MEM_OP };
	CUresult result;

	CUDA_NEED_STREAM(good, stream);
	(void)good;
	if (!ops || flags || count > 256)
		return CUDA_ERROR_INVALID_VALUE;
	result = cuda_memops_check(ops, count);
	if (result != CUDA_SUCCESS)
		return result;
	node.memOp.count = count;
	node.memOp.paramArray = ops;
	return cuda_stream_submit(stream, &node);
}
CUDA_PTSZ(cuStreamBatchMemOp_v2,
	  (CUstream stream, unsigned int count, CUstreamBatchMemOpParams *ops, unsigned int flags),
	  (cuda_ptsz(stream), count, ops, flags))
SIM_ALIAS(sim_cuStreamBatchMemOp, sim_cuStreamBatchMemOp_v2);
SIM_ALIAS(sim_cuStreamBatchMemOp_ptsz, sim_cuStreamBatchMemOp_v2_ptsz);

/* One operation alone; the older names do the same. */
#define ONE(name, type, OPERATION, member, field)                                                  \
	CUresult sim_##name##_v2(CUstream stream, CUdeviceptr address, type value,                 \
				 unsigned int flags)                                               \
	{                                                                                          \
		CUstreamBatchMemOpParams op = { .pad = { 0 } };                                    \
                                                                                                   \
		op.member.operation = CU_STREAM_MEM_OP_##OPERATION;                                \
		op.member.address = address;                                                       \
		op.member.field = value;                                                           \
		op.member.flags = flags;                                                           \
		return sim_cuStreamBatchMemOp_v2(stream, 1, &op, 0);                               \
	}                                                                                          \
	CUDA_PTSZ(name##_v2,                                                                       \
		  (CUstream stream, CUdeviceptr address, type value, unsigned int flags),          \
		  (cuda_ptsz(stream), address, value, flags))                                      \
	SIM_ALIAS(sim_##name, sim_##name##_v2);                                                    \
	SIM_ALIAS(sim_##name##_ptsz, sim_##name##_v2_ptsz)

ONE(cuStreamWriteValue32, cuuint32_t, WRITE_VALUE_32, writeValue, value);
ONE(cuStreamWriteValue64, cuuint64_t, WRITE_VALUE_64, writeValue, value64);
ONE(cuStreamWaitValue32, cuuint32_t, WAIT_VALUE_32, waitValue, value);
ONE(cuStreamWaitValue64, cuuint64_t, WAIT_VALUE_64, waitValue, value64);
