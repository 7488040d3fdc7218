/* SPDX-License-Identifier: Apache-2.0 */
/* Names and meanings of the runtime's result codes. */
#include "shim/backend/sim/cudart/runtime.h"
#include "shim/backend/sim/results.h"

/* Codes that only the runtime has. */
#define RUNTIME_RESULTS(X)                                                                         \
	X(9, , cudaErrorInvalidConfiguration, "invalid launch configuration")                      \
	X(12, , cudaErrorInvalidPitchValue, "invalid pitch")                                       \
	X(13, , cudaErrorInvalidSymbol, "invalid device symbol")                                   \
	X(16, , cudaErrorInvalidHostPointer, "invalid host pointer")                               \
	X(17, , cudaErrorInvalidDevicePointer, "invalid device pointer")                           \
	X(18, , cudaErrorInvalidTexture, "invalid texture")                                        \
	X(19, , cudaErrorInvalidTextureBinding, "invalid texture binding")                         \
	X(20, , cudaErrorInvalidChannelDescriptor, "invalid channel descriptor")                   \
	X(21, , cudaErrorInvalidMemcpyDirection, "invalid direction of a copy")                    \
	X(22, , cudaErrorAddressOfConstant, "address of a constant was taken")                     \
	X(23, , cudaErrorTextureFetchFailed, "texture fetch failed")                               \
	X(24, , cudaErrorTextureNotBound, "texture is not bound")                                  \
	X(25, , cudaErrorSynchronizationError, "synchronization failed")                           \
	X(26, , cudaErrorInvalidFilterSetting, "invalid texture filter")                           \
	X(27, , cudaErrorInvalidNormSetting, "invalid texture normalization")                      \
	X(28, , cudaErrorMixedDeviceExecution, "device and device emulation mixed")                \
	X(31, , cudaErrorNotYetImplemented, "not yet implemented")                                 \
	X(32, , cudaErrorMemoryValueTooLarge, "memory value is too large")                         \
	X(35, , cudaErrorInsufficientDriver, "the driver is older than this runtime, or missing")  \
	X(37, , cudaErrorInvalidSurface, "invalid surface")                                        \
	X(43, , cudaErrorDuplicateVariableName, "two variables of one name")                       \
	X(44, , cudaErrorDuplicateTextureName, "two textures of one name")                         \
	X(45, , cudaErrorDuplicateSurfaceName, "two surfaces of one name")                         \
	X(49, , cudaErrorIncompatibleDriverContext, "incompatible driver context")                 \
	X(52, , cudaErrorMissingConfiguration, "launch without a configuration")                   \
	X(53, , cudaErrorPriorLaunchFailure, "an earlier launch failed")                           \
	X(65, , cudaErrorLaunchMaxDepthExceeded, "launches nested too deep")                       \
	X(66, , cudaErrorLaunchFileScopedTex, "kernel uses a file-scope texture")                  \
	X(67, , cudaErrorLaunchFileScopedSurf, "kernel uses a file-scope surface")                 \
	X(68, , cudaErrorSyncDepthExceeded, "synchronization nested too deep")                     \
	X(69, , cudaErrorLaunchPendingCountExceeded, "too many launches pending")                  \
	X(98, , cudaErrorInvalidDeviceFunction, "invalid device function")                         \
	X(103, , cudaErrorSoftwareValidityNotEstablished,                                          \
	  "the driver's authenticity is not established")                                          \
	X(127, , cudaErrorStartupFailure, "the runtime did not start")

static const char *name_of(int result)
{
	switch (result) {
#define NAME(number, driver, runtime_name, text)                                                   \
	case number:                                                                               \
		return #runtime_name;
		SIM_RESULTS(NAME)
		RUNTIME_RESULTS(NAME)
	default:
		return "unrecognized error code";
	}
}

const char *sim_cudaGetErrorName(cudaError_t result)
{
	return name_of((int)result);
}

const char *sim_cudaGetErrorString(cudaError_t result)
{
	switch ((int)result) {
#define TEXT(number, driver, runtime_name, text)                                                   \
	case number:                                                                               \
		return text;
		SIM_RESULTS(TEXT)
		RUNTIME_RESULTS(TEXT)
	default:
		return "unrecognized error code";
	}
}

#if SIM_CUDART == 13
#define SAME(number, driver, runtime_name, text)                                                   \
	_Static_assert((int)runtime_name == number, "the number that the interface gives it");
SIM_RESULTS(SAME)
RUNTIME_RESULTS(SAME)
#endif
