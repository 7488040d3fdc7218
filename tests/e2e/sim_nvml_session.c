/* SPDX-License-Identifier: Apache-2.0 */
/* What one process holds and sets on a simulated device and others then see. */
#include <sys/wait.h>

#include "gen/cuda_types.h"
#include "sim_nvml.h"

static char session_path[512];

static void share(void)
{
	const char *work = getenv("VGPU_WORK_DIR");

	snprintf(session_path, sizeof(session_path), "%s/sim-nvml-%d", work ? work : "/tmp",
		 (int)getpid());
	setenv("VGPU_SIM_SESSION", session_path, 1);
}

static unsigned accounting(void)
{
	nvmlEnableState_t mode = (nvmlEnableState_t)7;

	OK(N(nvmlDeviceGetAccountingMode)(device, &mode));
	return mode;
}

#define HELD (UINT64_C(3) << 30)

/* A child that holds memory until the pipe to it is closed; says when it has it. */
static pid_t holder(int hold[2], int said[2])
{
	pid_t pid;

	ck_assert_int_eq(pipe(hold) | pipe(said), 0);
	pid = fork();
	if (!pid) {
		void *cuda = client_open("libvgpu-cuda.so");
		CUresult (*init)(unsigned) = client_symbol(cuda, "cuInit");
		CUresult (*retain)(CUcontext *, CUdevice) =
		    client_symbol(cuda, "cuDevicePrimaryCtxRetain");
		CUresult (*set)(CUcontext) = client_symbol(cuda, "cuCtxSetCurrent");
		CUresult (*allocate)(CUdeviceptr *, size_t) = client_symbol(cuda, "cuMemAlloc_v2");
		CUdeviceptr pointer;
		CUcontext context;
		char byte;

		close(hold[1]);
		if (init(0) || retain(&context, 0) || set(context) || allocate(&pointer, HELD))
			_exit(1);
		if (write(said[1], "", 1) != 1 || read(hold[0], &byte, 1) < 0)
			_exit(1);
		_exit(0);
	}
	close(hold[0]);
	ck_assert_int_eq(read(said[0], &(char){ 0 }, 1), 1);
	return pid;
}

START_TEST(memory_of_one_process_is_seen_by_anothers_nvml_and_cuMemGetInfo_until_it_ends)
{
	nvmlProcessDetailList_t details = { .version = sizeof(details) | 1 << 24,
					    .numProcArrayEntries = 0 };
	nvmlProcessesUtilizationInfo_t info = { .version = sizeof(info) | 1 << 24 };
	nvmlProcessUtilizationInfo_v1_t uses[4];
	nvmlProcessUtilizationSample_t samples[4];
	nvmlAccountingStats_t stats;
	nvmlProcessDetail_v1_t detail[4];
	nvmlMemory_v2_t memory = { .version = sizeof(memory) | 2 << 24 }, before = memory;
	nvmlProcessInfo_v1_t v1[4];
	nvmlProcessInfo_v2_t v2[4];
	nvmlProcessInfo_t v3[4];
	nvmlMemory_t first;
	unsigned count = 4, pids[4];
	int hold[2], said[2], status;
	char name[256];
	pid_t child;

	share();
	start("[device h100-80gb]\nutilization = 64\n");
	OK(N(nvmlDeviceGetMemoryInfo_v2)(device, &before));
	ck_assert_uint_eq(before.used, 0);
	OK(N(nvmlDeviceGetComputeRunningProcesses_v3)(device, &count, v3));
	ck_assert_uint_eq(count, 0);
	OK(N(nvmlDeviceGetComputeRunningProcesses_v2)(device, &count, v2));
	OK(N(nvmlDeviceGetComputeRunningProcesses)(device, &count, v1));
	OK(N(nvmlDeviceGetRunningProcessDetailList)(device, &details));
	ck_assert_uint_eq(count + details.numProcArrayEntries, 0);
	child = holder(hold, said);
	OK(N(nvmlDeviceGetMemoryInfo_v2)(device, &memory));
	ck_assert_uint_gt(memory.used, HELD);
	ck_assert_uint_eq(memory.used + memory.free, before.free);
	OK(N(nvmlDeviceGetMemoryInfo)(device, &first));
	ck_assert_uint_eq(first.free, memory.free);

	count = 4;
	OK(N(nvmlDeviceGetComputeRunningProcesses_v3)(device, &count, v3));
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(v3[0].pid, (unsigned)child);
	ck_assert_uint_eq(v3[0].usedGpuMemory, memory.used);
	count = 0;
	IS(INSUFFICIENT_SIZE, N(nvmlDeviceGetComputeRunningProcesses_v2)(device, &count, NULL));
	ck_assert_uint_eq(count, 1);
	OK(N(nvmlDeviceGetComputeRunningProcesses_v2)(device, &count, v2));
	ck_assert_uint_eq(v2[0].gpuInstanceId, 0xffffffffu);
	OK(N(nvmlDeviceGetComputeRunningProcesses)(device, &count, v1));
	ck_assert_uint_eq(v1[0].usedGpuMemory, memory.used);
	OK(N(nvmlDeviceGetGraphicsRunningProcesses_v3)(device, &count, v3));
	ck_assert_uint_eq(count, 0);
	details.numProcArrayEntries = 4;
	details.procArray = detail;
	OK(N(nvmlDeviceGetRunningProcessDetailList)(device, &details));
	ck_assert_uint_eq(details.numProcArrayEntries, 1);
	ck_assert_uint_eq(detail[0].pid, (unsigned)child);
	OK(N(nvmlSystemGetProcessName)((unsigned)child, name, sizeof(name)));
	ck_assert_ptr_nonnull(strstr(name, "sim_nvml"));
	IS(NOT_FOUND, N(nvmlSystemGetProcessName)(0x7ffffff0, name, sizeof(name)));
	count = 4;
	OK(N(nvmlDeviceGetProcessUtilization)(device, samples, &count, 0));
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(samples[0].smUtil, 64);
	info.processSamplesCount = 4;
	info.procUtilArray = uses;
	OK(N(nvmlDeviceGetProcessesUtilizationInfo)(device, &info));
	ck_assert_uint_eq(uses[0].pid, (unsigned)child);

	IS(NOT_FOUND, N(nvmlDeviceGetAccountingStats)(device, (unsigned)child, &stats));
	ck_assert_uint_eq(accounting(), 0);
	OK(N(nvmlDeviceSetAccountingMode)(device, NVML_FEATURE_ENABLED));
	ck_assert_uint_eq(accounting(), 1);
	OK(N(nvmlDeviceGetAccountingPids)(device, &count, pids));
	ck_assert_uint_eq(pids[0], (unsigned)child);
	OK(N(nvmlDeviceGetAccountingStats)(device, (unsigned)child, &stats));
	ck_assert_uint_eq(stats.maxMemoryUsage, memory.used);
	ck_assert_uint_eq(stats.isRunning, 1);
	OK(N(nvmlDeviceClearAccountingPids)(device));
	ck_assert_uint_gt(UINT(nvmlDeviceGetAccountingBufferSize), 0);

	/* It takes part in what the next one finds. */
	{
		int hold2[2], said2[2];
		pid_t second = holder(hold2, said2);

		OK(N(nvmlDeviceGetMemoryInfo_v2)(device, &memory));
		ck_assert_uint_gt(memory.used, 2 * HELD);
		/* They share the load. */
		count = info.processSamplesCount = 4;
		OK(N(nvmlDeviceGetProcessUtilization)(device, samples, &count, 0));
		ck_assert_uint_eq(count, 2);
		ck_assert_uint_eq(samples[1].smUtil, 32);
		OK(N(nvmlDeviceGetProcessesUtilizationInfo)(device, &info));
		ck_assert_uint_eq(info.processSamplesCount, 2);
		ck_assert_uint_eq(uses[1].smUtil, 32);
		OK(N(nvmlDeviceGetAccountingStats)(device, (unsigned)child, &stats));
		ck_assert_uint_eq(stats.gpuUtilization, 32);
		ck_assert_int_eq(kill(second, SIGKILL), 0);
		/* Killed and not waited for: its memory is free all the same. */
		ck_assert_int_eq(waitid(P_PID, (id_t)second, &(siginfo_t){ 0 }, WEXITED | WNOWAIT),
				 0);
		OK(N(nvmlDeviceGetMemoryInfo_v2)(device, &memory));
		ck_assert_uint_lt(memory.used, 2 * HELD);
		ck_assert_int_eq(waitpid(second, &status, 0), second);
	}
	close(hold[1]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	OK(N(nvmlDeviceGetMemoryInfo_v2)(device, &memory));
	ck_assert_uint_eq(memory.used, 0);
	unlink(session_path);
}
END_TEST

START_TEST(memory_that_another_process_has_is_not_there_to_be_had)
{
	CUresult (*init)(unsigned), (*retain)(CUcontext *, CUdevice), (*set)(CUcontext),
	    (*allocate)(CUdeviceptr *, size_t), (*get)(size_t *, size_t *);
	size_t left, total;
	CUdeviceptr pointer;
	CUcontext context;
	int hold[2], said[2], status;
	void *cuda;
	pid_t child;

	share();
	client_devices("[device l4]\nmemory = 5 GiB\n");
	child = holder(hold, said);
	cuda = client_open("libvgpu-cuda.so");
	init = client_symbol(cuda, "cuInit");
	retain = client_symbol(cuda, "cuDevicePrimaryCtxRetain");
	set = client_symbol(cuda, "cuCtxSetCurrent");
	allocate = client_symbol(cuda, "cuMemAlloc_v2");
	get = client_symbol(cuda, "cuMemGetInfo_v2");
	ck_assert_int_eq(init(0) | retain(&context, 0) | set(context), 0);
	ck_assert_int_eq(get(&left, &total), 0);
	ck_assert_uint_eq(total, UINT64_C(5) << 30);
	ck_assert_uint_lt(left, UINT64_C(2) << 30);
	ck_assert_int_eq(allocate(&pointer, UINT64_C(2) << 30), CUDA_ERROR_OUT_OF_MEMORY);
	close(hold[1]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(allocate(&pointer, UINT64_C(2) << 30), CUDA_SUCCESS);
	unlink(session_path);
}
END_TEST

START_TEST(what_one_process_sets_another_sees)
{
	int status, said[2];
	pid_t child;

	share();
	client_devices("[device h100-80gb]\n");
	ck_assert_int_eq(pipe(said), 0);
	child = fork();
	if (!child) {
		start("[device h100-80gb]\n");
		_exit(N(nvmlDeviceSetPowerManagementLimit)(device, 222000) != NVML_SUCCESS);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	start("[device h100-80gb]\n");
	ck_assert_uint_eq(UINT(nvmlDeviceGetPowerManagementLimit), 222000);
	unlink(session_path);
}
END_TEST

TCase *session_tests(void)
{
	TCase *tc = tcase_create("session");

	tcase_set_timeout(tc, 60);
	tcase_add_test(
	    tc, memory_of_one_process_is_seen_by_anothers_nvml_and_cuMemGetInfo_until_it_ends);
	tcase_add_test(tc, memory_that_another_process_has_is_not_there_to_be_had);
	tcase_add_test(tc, what_one_process_sets_another_sees);
	return tc;
}
