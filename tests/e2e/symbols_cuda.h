/* SPDX-License-Identifier: Apache-2.0 */
/* What gen/cuda_check.cc is compiled against: a toolkit's headers of the driver API. */
#define __CUDA_API_VERSION_INTERNAL 1
#include <cuda.h>
#include <cudaProfiler.h>

/* In C these are of file scope; in C++ they belong to the union that declares them. */
typedef CUstreamBatchMemOpParams_union::CUstreamMemOpWaitValueParams_st
    CUstreamMemOpWaitValueParams_st;
typedef CUstreamBatchMemOpParams_union::CUstreamMemOpWriteValueParams_st
    CUstreamMemOpWriteValueParams_st;
typedef CUstreamBatchMemOpParams_union::CUstreamMemOpFlushRemoteWritesParams_st
    CUstreamMemOpFlushRemoteWritesParams_st;
typedef CUstreamBatchMemOpParams_union::CUstreamMemOpMemoryBarrierParams_st
    CUstreamMemOpMemoryBarrierParams_st;
