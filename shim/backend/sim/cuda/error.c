/* SPDX-License-Identifier: Apache-2.0 */
/* Names and meanings of the driver's result codes. */
#include <stddef.h>

#include "gen/cuda_proto.h"
#include "shim/backend/sim/results.h"

#define SAME(number, driver, runtime, text)                                                        \
	_Static_assert((int)driver == number, "the number that the interface gives it");
SIM_RESULTS(SAME)

static const char *name_of(int result)
{
	switch (result) {
#define NAME(number, driver, runtime, text)                                                        \
	case number:                                                                               \
		return #driver;
		SIM_RESULTS(NAME)
	case CUDA_ERROR_KEY_ROTATION:
		return "CUDA_ERROR_KEY_ROTATION";
	default:
		return NULL;
	}
}

static const char *text_of(int result)
{
	switch (result) {
#define TEXT(number, driver, runtime, text)                                                        \
	case number:                                                                               \
		return text;
		SIM_RESULTS(TEXT)
	case CUDA_ERROR_KEY_ROTATION:
		return "keys are being rotated";
	default:
		return NULL;
	}
}

static CUresult give(const char *text, const char **out)
{
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	*out = text;
	return text ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult sim_cuGetErrorName(CUresult result, const char **name)
{
	return give(name_of((int)result), name);
}

CUresult sim_cuGetErrorString(CUresult result, const char **text)
{
	return give(text_of((int)result), text);
}
