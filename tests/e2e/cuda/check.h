/* SPDX-License-Identifier: Apache-2.0 */
/* What the small CUDA programs share: a result that is not the one promised ends them. */
#ifndef VGPU_TESTS_CUDA_CHECK_H
#define VGPU_TESTS_CUDA_CHECK_H

#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>

#define IS(expected, call)                                                                         \
	do {                                                                                       \
		cudaError_t got_ = (call);                                                         \
		if (got_ != (expected)) {                                                          \
			std::printf("%s:%d: %s is %s, not %s\n", __FILE__, __LINE__, #call,        \
				    cudaGetErrorName(got_), #expected);                            \
			std::exit(1);                                                              \
		}                                                                                  \
	} while (0)
#define OK(call) IS(cudaSuccess, call)
#define TRUE(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			std::printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);        \
			std::exit(1);                                                              \
		}                                                                                  \
	} while (0)

#endif
