/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that use a simulated device, as NVML tells of them: who, how much memory, accounting, samples. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shim/backend/sim/nvml/state.h"

#define ADA       8u /* nvmlDeviceArchitecture_t: the first with AV1 */
#define NONE      0xffffffffu /* no instance of a divided device */
#define PROCESSES 128u
#define BUFFER    4000u /* processes that accounting keeps, says the interface */
#define PERIOD_US 100000u
#define SAMPLES   20u

static unsigned long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000;
}

/* A list in one of the interface's three layouts; `put` stores one. */
static nvmlReturn_t list(nvmlDevice_t handle, unsigned int *count, void *out,
			 void (*put)(void *out, unsigned i, const struct session_process *process))
{
	struct session_process processes[PROCESSES];
	unsigned there, room;

	NVML_NEED_DEVICE(device, handle);
	if (!count)
		return NVML_ERROR_INVALID_ARGUMENT;
	there = session_processes(nvml_index_of(device), processes, PROCESSES);
	room = *count;
	*count = there;
	if (room < there || (there && !out))
		return NVML_ERROR_INSUFFICIENT_SIZE;
	for (unsigned i = 0; i < there; i++)
		put(out, i, &processes[i]);
	return NVML_SUCCESS;
}

static void put_v1(void *out, unsigned i, const struct session_process *process)
{
	((nvmlProcessInfo_v1_t *)out)[i] =
		(nvmlProcessInfo_v1_t){ .pid = (unsigned)process->pid, .usedGpuMemory = process->bytes };
}

static void put_v2(void *out, unsigned i, const struct session_process *process)
{
	((nvmlProcessInfo_v2_t *)out)[i] = (nvmlProcessInfo_v2_t){
		.pid = (unsigned)process->pid,
		.usedGpuMemory = process->bytes,
		.gpuInstanceId = NONE,
		.computeInstanceId = NONE,
	};
}

static void put_v3(void *out, unsigned i, const struct session_process *process)
{
	((nvmlProcessInfo_t *)out)[i] = (nvmlProcessInfo_t){
		.pid = (unsigned)process->pid,
		.usedGpuMemory = process->bytes,
		.gpuInstanceId = NONE,
		.computeInstanceId = NONE,
	};
}

nvmlReturn_t sim_nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t handle, unsigned int *count, nvmlProcessInfo_v1_t *out)
{
	return list(handle, count, out, put_v1);
}

nvmlReturn_t sim_nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t handle, unsigned int *count,
							 nvmlProcessInfo_v2_t *out)
{
	return list(handle, count, out, put_v2);
}

nvmlReturn_t sim_nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t handle, unsigned int *count, nvmlProcessInfo_t *out)
{
	return list(handle, count, out, put_v3);
}

/* Nobody draws, and nobody shares through a server. */
static nvmlReturn_t nobody(nvmlDevice_t handle, unsigned int *count)
{
	NVML_NEED_DEVICE(device, handle);
	(void)device;
	if (!count)
		return NVML_ERROR_INVALID_ARGUMENT;
	*count = 0;
	return NVML_SUCCESS;
}

#define NOBODY(function, type)                                                                     \
	nvmlReturn_t sim_##function(nvmlDevice_t handle, unsigned int *count, type *out)           \
	{                                                                                          \
		(void)out;                                                                         \
		return nobody(handle, count);                                                      \
	}                                                                                          \
	_Static_assert(1, "")

NOBODY(nvmlDeviceGetGraphicsRunningProcesses, nvmlProcessInfo_v1_t);
NOBODY(nvmlDeviceGetGraphicsRunningProcesses_v2, nvmlProcessInfo_v2_t);
NOBODY(nvmlDeviceGetGraphicsRunningProcesses_v3, nvmlProcessInfo_t);
NOBODY(nvmlDeviceGetMPSComputeRunningProcesses, nvmlProcessInfo_v1_t);
NOBODY(nvmlDeviceGetMPSComputeRunningProcesses_v2, nvmlProcessInfo_v2_t);
NOBODY(nvmlDeviceGetMPSComputeRunningProcesses_v3, nvmlProcessInfo_t);
NOBODY(nvmlDeviceGetEncoderSessions, nvmlEncoderSessionInfo_t);
NOBODY(nvmlDeviceGetFBCSessions, nvmlFBCSessionInfo_t);

nvmlReturn_t sim_nvmlDeviceGetRunningProcessDetailList(nvmlDevice_t handle, nvmlProcessDetailList_t *details)
{
	struct session_process processes[PROCESSES];
	unsigned there, room;

	NVML_NEED_DEVICE(device, handle);
	if (!details)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (details->version != NVML_VERSION_OF(nvmlProcessDetailList_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	if (details->mode > 2)
		return NVML_ERROR_INVALID_ARGUMENT;
	/* 0: those that compute; 1: that draw; 2: through a server */
	there = details->mode ? 0 : session_processes(nvml_index_of(device), processes, PROCESSES);
	room = details->numProcArrayEntries;
	details->numProcArrayEntries = there;
	if (room < there || (there && !details->procArray))
		return NVML_ERROR_INSUFFICIENT_SIZE;
	for (unsigned i = 0; i < there; i++)
		details->procArray[i] = (nvmlProcessDetail_v1_t){
			.pid = (unsigned)processes[i].pid,
			.usedGpuMemory = processes[i].bytes,
			.gpuInstanceId = NONE,
			.computeInstanceId = NONE,
		};
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlSystemGetProcessName(unsigned int pid, char *name, unsigned int size)
{
	char path[32], text[256];
	ssize_t n;
	int fd;

	NVML_NEED_INIT();
	if (!name || !size)
		return NVML_ERROR_INVALID_ARGUMENT;
	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? NVML_ERROR_NOT_FOUND : NVML_ERROR_NO_PERMISSION;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return NVML_ERROR_NOT_FOUND;
	text[n] = '\0';
	/* as much as there is room for */
	snprintf(name, size, "%s", text);
	return NVML_SUCCESS;
}

/* ---- load ---- */

/* Each has its part of the load that the device file states. */
static nvmlReturn_t utilization(nvmlDevice_t handle, unsigned long long since, unsigned *count,
				struct session_process *processes, unsigned *share, unsigned *memory_share)
{
	NVML_NEED_DEVICE(device, handle);
	*count = session_processes(nvml_index_of(device), processes, PROCESSES);
	if (!*count || since >= now_us())
		return NVML_ERROR_NOT_FOUND;
	*share = device->utilization_gpu / *count;
	*memory_share = device->utilization_memory / *count;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetProcessUtilization(nvmlDevice_t handle, nvmlProcessUtilizationSample_t *out,
						 unsigned int *count, unsigned long long since)
{
	struct session_process processes[PROCESSES];
	unsigned there, share, memory, room;
	nvmlReturn_t result;

	if (!count)
		return nvml_ready() ? NVML_ERROR_INVALID_ARGUMENT : NVML_ERROR_UNINITIALIZED;
	result = utilization(handle, since, &there, processes, &share, &memory);
	room = *count;
	if (result != NVML_SUCCESS) {
		if (result == NVML_ERROR_NOT_FOUND)
			*count = 0;
		return result;
	}
	*count = there;
	if (room < there || !out)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	for (unsigned i = 0; i < there; i++)
		out[i] = (nvmlProcessUtilizationSample_t){
			.pid = (unsigned)processes[i].pid,
			.timeStamp = now_us(),
			.smUtil = share,
			.memUtil = memory,
		};
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetProcessesUtilizationInfo(nvmlDevice_t handle, nvmlProcessesUtilizationInfo_t *info)
{
	struct session_process processes[PROCESSES];
	unsigned there, share, memory, room;
	nvmlReturn_t result;

	if (!info)
		return nvml_ready() ? NVML_ERROR_INVALID_ARGUMENT : NVML_ERROR_UNINITIALIZED;
	if (info->version != NVML_VERSION_OF(nvmlProcessesUtilizationInfo_t, 1))
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	result = utilization(handle, info->lastSeenTimeStamp, &there, processes, &share, &memory);
	if (result != NVML_SUCCESS)
		return result;
	room = info->processSamplesCount;
	info->processSamplesCount = there;
	if (room < there || !info->procUtilArray)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	for (unsigned i = 0; i < there; i++)
		info->procUtilArray[i] = (nvmlProcessUtilizationInfo_v1_t){
			.timeStamp = now_us(),
			.pid = (unsigned)processes[i].pid,
			.smUtil = share,
			.memUtil = memory,
		};
	return NVML_SUCCESS;
}

static bool sampled(const struct vgpu_sim_device *device, nvmlSamplingType_t type, unsigned *value)
{
	switch (type) {
	case NVML_TOTAL_POWER_SAMPLES:
		*value = device->power_idle_mw;
		return true;
	case NVML_GPU_UTILIZATION_SAMPLES:
		*value = device->utilization_gpu;
		return true;
	case NVML_MEMORY_UTILIZATION_SAMPLES:
		*value = device->utilization_memory;
		return true;
	case NVML_ENC_UTILIZATION_SAMPLES:
		*value = device->utilization_encoder;
		return true;
	case NVML_DEC_UTILIZATION_SAMPLES:
		*value = device->utilization_decoder;
		return true;
	case NVML_JPG_UTILIZATION_SAMPLES:
		*value = device->utilization_decoder;
		return true;
	case NVML_OFA_UTILIZATION_SAMPLES:
		*value = 0;
		return true;
	default:
		return false;
	}
}

/* The last few seconds, in which nothing changed; only what came after `since`. */
nvmlReturn_t sim_nvmlDeviceGetSamples(nvmlDevice_t handle, nvmlSamplingType_t type, unsigned long long since,
				      nvmlValueType_t *kind, unsigned int *count, nvmlSample_t *samples)
{
	unsigned long long now = now_us(), first = now - SAMPLES * PERIOD_US;
	unsigned value, n = 0;

	NVML_NEED_DEVICE(device, handle);
	if (!kind || !count || (unsigned)type >= NVML_SAMPLINGTYPE_COUNT || type == NVML_MODULE_POWER_SAMPLES)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (!sampled(device, type, &value))
		return NVML_ERROR_NOT_FOUND;
	if (since >= now)
		return NVML_ERROR_NOT_FOUND;
	*kind = NVML_VALUE_TYPE_UNSIGNED_INT;
	if (!samples) {
		*count = SAMPLES;
		return NVML_SUCCESS;
	}
	for (unsigned i = 1; i <= SAMPLES && n < *count; i++) {
		unsigned long long at = first + i * PERIOD_US;

		if (at > since)
			samples[n++] = (nvmlSample_t){ .timeStamp = at, .sampleValue.uiVal = value };
	}
	*count = n;
	return NVML_SUCCESS;
}

static nvmlReturn_t engine(nvmlDevice_t handle, unsigned int *load, unsigned int *period_us, unsigned value)
{
	NVML_NEED_DEVICE(device, handle);
	(void)device;
	if (!load || !period_us)
		return NVML_ERROR_INVALID_ARGUMENT;
	*load = value;
	*period_us = PERIOD_US;
	return NVML_SUCCESS;
}

#define ENGINE(function, value)                                                                    \
	nvmlReturn_t sim_##function(nvmlDevice_t handle, unsigned int *load, unsigned int *period) \
	{                                                                                          \
		const struct vgpu_sim_device *of = nvml_device_of(handle);                         \
		return engine(handle, load, period, of ? (value) : 0);                             \
	}                                                                                          \
	_Static_assert(1, "")

ENGINE(nvmlDeviceGetEncoderUtilization, of->utilization_encoder);
ENGINE(nvmlDeviceGetDecoderUtilization, of->utilization_decoder);
ENGINE(nvmlDeviceGetJpgUtilization, of->utilization_decoder);
ENGINE(nvmlDeviceGetOfaUtilization, 0);

/* What is left of the encoders, per cent. */
nvmlReturn_t sim_nvmlDeviceGetEncoderCapacity(nvmlDevice_t handle, nvmlEncoderType_t type, unsigned int *capacity)
{
	NVML_NEED_DEVICE(device, handle);
	if (!capacity || (unsigned)type > NVML_ENCODER_QUERY_AV1)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (type == NVML_ENCODER_QUERY_AV1 && device->architecture != ADA)
		return NVML_ERROR_NOT_SUPPORTED;
	*capacity = 100 - device->utilization_encoder;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetEncoderStats(nvmlDevice_t handle, unsigned int *sessions, unsigned int *fps,
					   unsigned int *latency)
{
	NVML_NEED_DEVICE(device, handle);
	(void)device;
	if (!sessions || !fps || !latency)
		return NVML_ERROR_INVALID_ARGUMENT;
	*sessions = *fps = *latency = 0;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetFBCStats(nvmlDevice_t handle, nvmlFBCStats_t *stats)
{
	NVML_NEED_DEVICE(device, handle);
	(void)device;
	if (!stats)
		return NVML_ERROR_INVALID_ARGUMENT;
	*stats = (nvmlFBCStats_t){ 0 };
	return NVML_SUCCESS;
}

/* Nothing was ever held back. */
nvmlReturn_t sim_nvmlDeviceGetViolationStatus(nvmlDevice_t handle, nvmlPerfPolicyType_t policy, nvmlViolationTime_t *time)
{
	NVML_NEED_DEVICE(device, handle);
	(void)device;
	if (!time || (unsigned)policy >= NVML_PERF_POLICY_COUNT)
		return NVML_ERROR_INVALID_ARGUMENT;
	*time = (nvmlViolationTime_t){ .referenceTime = now_us() };
	return NVML_SUCCESS;
}

/* ---- accounting ---- */

NVML_GET(nvmlDeviceGetAccountingMode, nvmlEnableState_t, device,
	 nvml_knob(device, NVML_KNOB_ACCOUNTING, NVML_FEATURE_DISABLED));
NVML_GET(nvmlDeviceGetAccountingBufferSize, unsigned int, device, BUFFER);

nvmlReturn_t sim_nvmlDeviceSetAccountingMode(nvmlDevice_t handle, nvmlEnableState_t mode)
{
	NVML_NEED_DEVICE(device, handle);
	if ((unsigned)mode > NVML_FEATURE_ENABLED)
		return NVML_ERROR_INVALID_ARGUMENT;
	NVML_NEED_ROOT();
	nvml_set_knob(device, NVML_KNOB_ACCOUNTING, mode);
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceClearAccountingPids(nvmlDevice_t handle)
{
	NVML_NEED_DEVICE(device, handle);
	NVML_NEED_ROOT();
	/* Those that ended are not kept, and those that run are not cleared. */
	(void)device;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetAccountingPids(nvmlDevice_t handle, unsigned int *count, unsigned int *pids)
{
	struct session_process processes[PROCESSES];
	unsigned there, room;

	NVML_NEED_DEVICE(device, handle);
	if (!count)
		return NVML_ERROR_INVALID_ARGUMENT;
	there = nvml_knob(device, NVML_KNOB_ACCOUNTING, NVML_FEATURE_DISABLED)
			? session_processes(nvml_index_of(device), processes, PROCESSES)
			: 0;
	room = *count;
	*count = there;
	if (room < there || (there && !pids))
		return NVML_ERROR_INSUFFICIENT_SIZE;
	for (unsigned i = 0; i < there; i++)
		pids[i] = (unsigned)processes[i].pid;
	return NVML_SUCCESS;
}

nvmlReturn_t sim_nvmlDeviceGetAccountingStats(nvmlDevice_t handle, unsigned int pid, nvmlAccountingStats_t *stats)
{
	struct session_process processes[PROCESSES];
	unsigned there;

	NVML_NEED_DEVICE(device, handle);
	if (!stats)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (!nvml_knob(device, NVML_KNOB_ACCOUNTING, NVML_FEATURE_DISABLED))
		return NVML_ERROR_NOT_FOUND;
	there = session_processes(nvml_index_of(device), processes, PROCESSES);
	for (unsigned i = 0; i < there; i++) {
		if ((unsigned)processes[i].pid != pid)
			continue;
		*stats = (nvmlAccountingStats_t){
			.gpuUtilization = device->utilization_gpu / there,
			.memoryUtilization = device->utilization_memory / there,
			.maxMemoryUsage = processes[i].most_bytes,
			.startTime = processes[i].start_ns / 1000,
			.isRunning = 1,
		};
		return NVML_SUCCESS;
	}
	return NVML_ERROR_NOT_FOUND;
}
