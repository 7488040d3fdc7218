/* SPDX-License-Identifier: Apache-2.0 */
/* Result codes: driver and runtime share numbers and meaning, not names. */
#ifndef VGPU_SIM_RESULTS_H
#define VGPU_SIM_RESULTS_H

/* X(number, driver's name, runtime's name, what it means) */
#define SIM_RESULTS(X)                                                                            \
	X(0, CUDA_SUCCESS, cudaSuccess, "no error")                                               \
	X(1, CUDA_ERROR_INVALID_VALUE, cudaErrorInvalidValue, "invalid argument")                 \
	X(2, CUDA_ERROR_OUT_OF_MEMORY, cudaErrorMemoryAllocation, "out of memory")                \
	X(3, CUDA_ERROR_NOT_INITIALIZED, cudaErrorInitializationError, "initialization error")    \
	X(4, CUDA_ERROR_DEINITIALIZED, cudaErrorCudartUnloading, "driver shutting down")          \
	X(5, CUDA_ERROR_PROFILER_DISABLED, cudaErrorProfilerDisabled, "profiler disabled")        \
	X(6, CUDA_ERROR_PROFILER_NOT_INITIALIZED, cudaErrorProfilerNotInitialized,                \
	  "profiler not initialized")                                                             \
	X(7, CUDA_ERROR_PROFILER_ALREADY_STARTED, cudaErrorProfilerAlreadyStarted,                \
	  "profiler already started")                                                             \
	X(8, CUDA_ERROR_PROFILER_ALREADY_STOPPED, cudaErrorProfilerAlreadyStopped,                \
	  "profiler already stopped")                                                             \
	X(34, CUDA_ERROR_STUB_LIBRARY, cudaErrorStubLibrary, "the driver library is a stub")      \
	X(36, CUDA_ERROR_CALL_REQUIRES_NEWER_DRIVER, cudaErrorCallRequiresNewerDriver,            \
	  "this call needs a newer driver")                                                       \
	X(46, CUDA_ERROR_DEVICE_UNAVAILABLE, cudaErrorDevicesUnavailable,                         \
	  "device is busy or unavailable")                                                        \
	X(100, CUDA_ERROR_NO_DEVICE, cudaErrorNoDevice, "no CUDA device was found")               \
	X(101, CUDA_ERROR_INVALID_DEVICE, cudaErrorInvalidDevice, "invalid device ordinal")       \
	X(102, CUDA_ERROR_DEVICE_NOT_LICENSED, cudaErrorDeviceNotLicensed,                        \
	  "device has no valid license")                                                          \
	X(200, CUDA_ERROR_INVALID_IMAGE, cudaErrorInvalidKernelImage, "invalid device code image") \
	X(201, CUDA_ERROR_INVALID_CONTEXT, cudaErrorDeviceUninitialized,                          \
	  "no valid context is current")                                                          \
	X(205, CUDA_ERROR_MAP_FAILED, cudaErrorMapBufferObjectFailed, "mapping failed")           \
	X(206, CUDA_ERROR_UNMAP_FAILED, cudaErrorUnmapBufferObjectFailed, "unmapping failed")     \
	X(207, CUDA_ERROR_ARRAY_IS_MAPPED, cudaErrorArrayIsMapped, "array is mapped")             \
	X(208, CUDA_ERROR_ALREADY_MAPPED, cudaErrorAlreadyMapped, "already mapped")               \
	X(209, CUDA_ERROR_NO_BINARY_FOR_GPU, cudaErrorNoKernelImageForDevice,                     \
	  "no device code for this device")                                                       \
	X(210, CUDA_ERROR_ALREADY_ACQUIRED, cudaErrorAlreadyAcquired, "already acquired")         \
	X(211, CUDA_ERROR_NOT_MAPPED, cudaErrorNotMapped, "not mapped")                           \
	X(212, CUDA_ERROR_NOT_MAPPED_AS_ARRAY, cudaErrorNotMappedAsArray, "not mapped as array")  \
	X(213, CUDA_ERROR_NOT_MAPPED_AS_POINTER, cudaErrorNotMappedAsPointer,                     \
	  "not mapped as pointer")                                                                \
	X(214, CUDA_ERROR_ECC_UNCORRECTABLE, cudaErrorECCUncorrectable, "uncorrectable ECC error") \
	X(215, CUDA_ERROR_UNSUPPORTED_LIMIT, cudaErrorUnsupportedLimit, "unsupported limit")      \
	X(216, CUDA_ERROR_CONTEXT_ALREADY_IN_USE, cudaErrorDeviceAlreadyInUse,                    \
	  "in exclusive use by another thread")                                                   \
	X(217, CUDA_ERROR_PEER_ACCESS_UNSUPPORTED, cudaErrorPeerAccessUnsupported,                \
	  "no peer access between these devices")                                                 \
	X(218, CUDA_ERROR_INVALID_PTX, cudaErrorInvalidPtx, "PTX did not compile")                \
	X(219, CUDA_ERROR_INVALID_GRAPHICS_CONTEXT, cudaErrorInvalidGraphicsContext,              \
	  "invalid graphics context")                                                             \
	X(220, CUDA_ERROR_NVLINK_UNCORRECTABLE, cudaErrorNvlinkUncorrectable,                     \
	  "uncorrectable NVLink error")                                                           \
	X(221, CUDA_ERROR_JIT_COMPILER_NOT_FOUND, cudaErrorJitCompilerNotFound,                   \
	  "PTX compiler library not found")                                                       \
	X(222, CUDA_ERROR_UNSUPPORTED_PTX_VERSION, cudaErrorUnsupportedPtxVersion,                \
	  "PTX of an unsupported version")                                                        \
	X(223, CUDA_ERROR_JIT_COMPILATION_DISABLED, cudaErrorJitCompilationDisabled,              \
	  "PTX compilation is disabled")                                                          \
	X(224, CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY, cudaErrorUnsupportedExecAffinity,            \
	  "unsupported execution affinity")                                                       \
	X(225, CUDA_ERROR_UNSUPPORTED_DEVSIDE_SYNC, cudaErrorUnsupportedDevSideSync,              \
	  "device code synchronizes the device")                                                  \
	X(226, CUDA_ERROR_CONTAINED, cudaErrorContained, "contained hardware error")              \
	X(300, CUDA_ERROR_INVALID_SOURCE, cudaErrorInvalidSource, "invalid device source")        \
	X(301, CUDA_ERROR_FILE_NOT_FOUND, cudaErrorFileNotFound, "file not found")                \
	X(302, CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND, cudaErrorSharedObjectSymbolNotFound,    \
	  "symbol of a shared library not found")                                                 \
	X(303, CUDA_ERROR_SHARED_OBJECT_INIT_FAILED, cudaErrorSharedObjectInitFailed,             \
	  "shared library did not initialize")                                                    \
	X(304, CUDA_ERROR_OPERATING_SYSTEM, cudaErrorOperatingSystem, "system call failed")          \
	X(400, CUDA_ERROR_INVALID_HANDLE, cudaErrorInvalidResourceHandle, "invalid handle")       \
	X(401, CUDA_ERROR_ILLEGAL_STATE, cudaErrorIllegalState, "not valid in this state")        \
	X(402, CUDA_ERROR_LOSSY_QUERY, cudaErrorLossyQuery, "the answer would lose information")  \
	X(500, CUDA_ERROR_NOT_FOUND, cudaErrorSymbolNotFound, "named symbol not found")           \
	X(600, CUDA_ERROR_NOT_READY, cudaErrorNotReady, "not ready")                              \
	X(700, CUDA_ERROR_ILLEGAL_ADDRESS, cudaErrorIllegalAddress, "illegal memory access")      \
	X(701, CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, cudaErrorLaunchOutOfResources,                 \
	  "launch asks for too many resources")                                                   \
	X(702, CUDA_ERROR_LAUNCH_TIMEOUT, cudaErrorLaunchTimeout, "kernel ran too long")          \
	X(703, CUDA_ERROR_LAUNCH_INCOMPATIBLE_TEXTURING, cudaErrorLaunchIncompatibleTexturing,    \
	  "incompatible texturing mode")                                                          \
	X(704, CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED, cudaErrorPeerAccessAlreadyEnabled,         \
	  "peer access is already enabled")                                                       \
	X(705, CUDA_ERROR_PEER_ACCESS_NOT_ENABLED, cudaErrorPeerAccessNotEnabled,                 \
	  "peer access is not enabled")                                                           \
	X(708, CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE, cudaErrorSetOnActiveProcess,                    \
	  "primary context is already active")                                                    \
	X(709, CUDA_ERROR_CONTEXT_IS_DESTROYED, cudaErrorContextIsDestroyed,                      \
	  "context is destroyed")                                                                 \
	X(710, CUDA_ERROR_ASSERT, cudaErrorAssert, "assertion in device code failed")             \
	X(711, CUDA_ERROR_TOO_MANY_PEERS, cudaErrorTooManyPeers, "too many peers")                \
	X(712, CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED, cudaErrorHostMemoryAlreadyRegistered,   \
	  "host memory is already registered")                                                    \
	X(713, CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, cudaErrorHostMemoryNotRegistered,           \
	  "host memory is not registered")                                                        \
	X(714, CUDA_ERROR_HARDWARE_STACK_ERROR, cudaErrorHardwareStackError,                      \
	  "device stack error")                                                                   \
	X(715, CUDA_ERROR_ILLEGAL_INSTRUCTION, cudaErrorIllegalInstruction,                       \
	  "illegal device instruction")                                                           \
	X(716, CUDA_ERROR_MISALIGNED_ADDRESS, cudaErrorMisalignedAddress,                         \
	  "misaligned device address")                                                            \
	X(717, CUDA_ERROR_INVALID_ADDRESS_SPACE, cudaErrorInvalidAddressSpace,                    \
	  "operation is not for this address space")                                              \
	X(718, CUDA_ERROR_INVALID_PC, cudaErrorInvalidPc, "invalid device program counter")       \
	X(719, CUDA_ERROR_LAUNCH_FAILED, cudaErrorLaunchFailure, "kernel failed")                 \
	X(720, CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, cudaErrorCooperativeLaunchTooLarge,       \
	  "too many blocks for a cooperative launch")                                             \
	X(721, CUDA_ERROR_TENSOR_MEMORY_LEAK, cudaErrorTensorMemoryLeak, "tensor memory leak")    \
	X(800, CUDA_ERROR_NOT_PERMITTED, cudaErrorNotPermitted, "operation not permitted")        \
	X(801, CUDA_ERROR_NOT_SUPPORTED, cudaErrorNotSupported, "operation not supported")        \
	X(802, CUDA_ERROR_SYSTEM_NOT_READY, cudaErrorSystemNotReady, "system not yet ready")      \
	X(803, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, cudaErrorSystemDriverMismatch,                  \
	  "driver library and kernel module do not match")                                        \
	X(804, CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE, cudaErrorCompatNotSupportedOnDevice,    \
	  "forward compatibility is not for this device")                                         \
	X(805, CUDA_ERROR_MPS_CONNECTION_FAILED, cudaErrorMpsConnectionFailed,                    \
	  "no connection to the MPS control daemon")                                              \
	X(806, CUDA_ERROR_MPS_RPC_FAILURE, cudaErrorMpsRpcFailure, "MPS call failed")             \
	X(807, CUDA_ERROR_MPS_SERVER_NOT_READY, cudaErrorMpsServerNotReady,                       \
	  "MPS server is not ready")                                                              \
	X(808, CUDA_ERROR_MPS_MAX_CLIENTS_REACHED, cudaErrorMpsMaxClientsReached,                 \
	  "too many MPS clients")                                                                 \
	X(809, CUDA_ERROR_MPS_MAX_CONNECTIONS_REACHED, cudaErrorMpsMaxConnectionsReached,         \
	  "too many MPS connections")                                                             \
	X(810, CUDA_ERROR_MPS_CLIENT_TERMINATED, cudaErrorMpsClientTerminated,                    \
	  "MPS server ended this client")                                                         \
	X(811, CUDA_ERROR_CDP_NOT_SUPPORTED, cudaErrorCdpNotSupported,                            \
	  "no launches from device code")                                                         \
	X(812, CUDA_ERROR_CDP_VERSION_MISMATCH, cudaErrorCdpVersionMismatch,                      \
	  "mixed versions of launches from device code")                                          \
	X(900, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, cudaErrorStreamCaptureUnsupported,          \
	  "not permitted while the stream is capturing")                                          \
	X(901, CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cudaErrorStreamCaptureInvalidated,          \
	  "an earlier error spoiled the capture")                                                 \
	X(902, CUDA_ERROR_STREAM_CAPTURE_MERGE, cudaErrorStreamCaptureMerge,                      \
	  "two captures would merge")                                                             \
	X(903, CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, cudaErrorStreamCaptureUnmatched,              \
	  "capture did not begin on this stream")                                                 \
	X(904, CUDA_ERROR_STREAM_CAPTURE_UNJOINED, cudaErrorStreamCaptureUnjoined,                \
	  "capture ended with work that was not joined")                                          \
	X(905, CUDA_ERROR_STREAM_CAPTURE_ISOLATION, cudaErrorStreamCaptureIsolation,              \
	  "dependency crosses the capture's boundary")                                            \
	X(906, CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, cudaErrorStreamCaptureImplicit,                \
	  "implicit dependency on the legacy stream")                                             \
	X(907, CUDA_ERROR_CAPTURED_EVENT, cudaErrorCapturedEvent,                                 \
	  "event was last recorded in a capture")                                                 \
	X(908, CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, cudaErrorStreamCaptureWrongThread,         \
	  "capture began in another thread")                                                      \
	X(909, CUDA_ERROR_TIMEOUT, cudaErrorTimeout, "wait timed out")                            \
	X(910, CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE, cudaErrorGraphExecUpdateFailure,             \
	  "graph cannot be updated so")                                                           \
	X(911, CUDA_ERROR_EXTERNAL_DEVICE, cudaErrorExternalDevice,                               \
	  "asynchronous error outside the GPU")                                                   \
	X(912, CUDA_ERROR_INVALID_CLUSTER_SIZE, cudaErrorInvalidClusterSize,                      \
	  "invalid cluster size")                                                                 \
	X(913, CUDA_ERROR_FUNCTION_NOT_LOADED, cudaErrorFunctionNotLoaded,                        \
	  "function is not loaded")                                                               \
	X(914, CUDA_ERROR_INVALID_RESOURCE_TYPE, cudaErrorInvalidResourceType,                    \
	  "invalid resource type")                                                                \
	X(915, CUDA_ERROR_INVALID_RESOURCE_CONFIGURATION, cudaErrorInvalidResourceConfiguration,  \
	  "invalid resource configuration")                                                       \
	X(999, CUDA_ERROR_UNKNOWN, cudaErrorUnknown, "unknown error")

#endif
