/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated NVML, as a monitor finds it. Each test is a process of its own. */
#include <sys/wait.h>

#include "shim/backend/sim/device.h"
#include "sim_nvml.h"
#include "sim_watch.h"

void *nvml;
nvmlDevice_t device;

void start(const char *devices)
{
	if (devices)
		client_devices(devices);
	else
		unsetenv("VGPU_DEVICE");
	nvml = client_open("libvgpu-nvml.so");
	OK(N(nvmlInit_v2)());
	OK(N(nvmlDeviceGetHandleByIndex_v2)(0, &device));
}

unsigned uint_of(nvmlReturn_t (*get)(nvmlDevice_t, unsigned *))
{
	unsigned value = 0xdead;

	OK(get(device, &value));
	return value;
}

START_TEST(nothing_is_answered_before_nvmlInit_and_after_the_last_nvmlShutdown)
{
	unsigned count;
	char text[80];

	start(NULL);
	ck_assert_int_eq(N(nvmlInit)(), NVML_SUCCESS);
	ck_assert_int_eq(N(nvmlShutdown)(), NVML_SUCCESS);
	ck_assert_int_eq(N(nvmlDeviceGetCount_v2)(&count), NVML_SUCCESS);
	ck_assert_int_eq(N(nvmlShutdown)(), NVML_SUCCESS);
	ck_assert_int_eq(N(nvmlShutdown)(), NVML_ERROR_UNINITIALIZED);
	ck_assert_int_eq(N(nvmlInitWithFlags)(0), NVML_SUCCESS);
	ck_assert_int_eq(N(nvmlDeviceGetCount_v2)(&count), NVML_SUCCESS);
	ck_assert_int_eq(N(nvmlShutdown)(), NVML_SUCCESS);
	ck_assert_int_eq(N(nvmlDeviceGetCount_v2)(&count), NVML_ERROR_UNINITIALIZED);
	ck_assert_int_eq(N(nvmlDeviceGetName)(device, text, sizeof(text)),
			 NVML_ERROR_UNINITIALIZED);
	ck_assert_int_eq(N(nvmlSystemGetDriverVersion)(text, sizeof(text)),
			 NVML_ERROR_UNINITIALIZED);
	ck_assert_str_eq(N(nvmlErrorString)(NVML_ERROR_UNINITIALIZED), "Uninitialized");
	ck_assert_str_eq(N(nvmlErrorString)((nvmlReturn_t)4711), "Unknown Error");
}
END_TEST

static const char two[] = "driver = 555.42.02\ncuda = 12.5\n"
			  "[device l4]\nname = \"First\"\nmemory = 3 GiB\nreserved = 256 MiB\n"
			  "uuid = 01020304-0506-0708-090a-0b0c0d0e0f10\npci = 0002:ab:1f.0\n"
			  "pci_id = 0x123410de\npci_subsystem = 0x567810de\nserial = 4711\n"
			  "temperature = 55\npower_mw = 12345\nclock_mhz = 321\ncompute = 7.2\n"
			  "utilization = 17\npersistence = off\nfans = 2\n"
			  "[device]\nname = \"Second\"\n";

START_TEST(a_device_is_what_its_file_says)
{
	nvmlUtilization_t rates;
	nvmlEnableState_t state;
	unsigned value;
	char text[96];
	int major, minor;

	start(two);
	ck_assert_int_eq(N(nvmlDeviceGetCount)(&value), NVML_SUCCESS);
	ck_assert_uint_eq(value, 2);
	ck_assert_int_eq(N(nvmlSystemGetDriverVersion)(text, sizeof(text)), NVML_SUCCESS);
	ck_assert_str_eq(text, "555.42.02");
	ck_assert_int_eq(N(nvmlSystemGetNVMLVersion)(text, sizeof(text)), NVML_SUCCESS);
	ck_assert_str_eq(text, "12.555.42.02");
	ck_assert_int_eq(N(nvmlSystemGetCudaDriverVersion_v2)(&major), NVML_SUCCESS);
	ck_assert_int_eq(major, 12050);
	ck_assert_int_eq(N(nvmlDeviceGetName)(device, text, sizeof(text)), NVML_SUCCESS);
	ck_assert_str_eq(text, "First");
	ck_assert_int_eq(N(nvmlDeviceGetName)(device, text, 5), NVML_ERROR_INSUFFICIENT_SIZE);
	ck_assert_int_eq(N(nvmlDeviceGetUUID)(device, text, sizeof(text)), NVML_SUCCESS);
	ck_assert_str_eq(text, "GPU-01020304-0506-0708-090a-0b0c0d0e0f10");
	ck_assert_int_eq(N(nvmlDeviceGetSerial)(device, text, sizeof(text)), NVML_SUCCESS);
	ck_assert_str_eq(text, "4711");
	ck_assert_int_eq(N(nvmlDeviceGetCudaComputeCapability)(device, &major, &minor), 0);
	ck_assert_int_eq(major * 10 + minor, 72);
	ck_assert_int_eq(N(nvmlDeviceGetTemperature)(device, NVML_TEMPERATURE_GPU, &value), 0);
	ck_assert_uint_eq(value, 55);
	ck_assert_int_eq(N(nvmlDeviceGetPowerUsage)(device, &value), NVML_SUCCESS);
	ck_assert_uint_eq(value, 12345);
	ck_assert_int_eq(N(nvmlDeviceGetClockInfo)(device, NVML_CLOCK_SM, &value), NVML_SUCCESS);
	ck_assert_uint_eq(value, 321);
	ck_assert_int_eq(N(nvmlDeviceGetClockInfo)(device, NVML_CLOCK_COUNT, &value),
			 NVML_ERROR_NOT_SUPPORTED);
	ck_assert_int_eq(N(nvmlDeviceGetUtilizationRates)(device, &rates), NVML_SUCCESS);
	ck_assert_uint_eq(rates.gpu, 17);
	ck_assert_int_eq(N(nvmlDeviceGetPersistenceMode)(device, &state), NVML_SUCCESS);
	ck_assert_int_eq(state, NVML_FEATURE_DISABLED);
	ck_assert_int_eq(N(nvmlDeviceGetFanSpeed_v2)(device, 1, &value), NVML_SUCCESS);
	ck_assert_int_eq(N(nvmlDeviceGetFanSpeed_v2)(device, 2, &value),
			 NVML_ERROR_INVALID_ARGUMENT);
	ck_assert_int_eq(N(nvmlDeviceGetHandleByIndex_v2)(1, &device), NVML_SUCCESS);
	ck_assert_int_eq(N(nvmlDeviceGetFanSpeed)(device, &value), NVML_ERROR_NOT_SUPPORTED);
}
END_TEST

START_TEST(a_device_is_found_by_each_of_its_names)
{
	nvmlDevice_t found;
	nvmlUUID_t uuid = { .version = 0x01000034, .type = NVML_UUID_TYPE_ASCII };

	start(two);
	ck_assert_int_eq(
	    N(nvmlDeviceGetHandleByUUID)("GPU-01020304-0506-0708-090a-0b0c0d0e0f10", &found), 0);
	ck_assert_ptr_eq(found, device);
	ck_assert_int_eq(N(nvmlDeviceGetHandleByUUID)("GPU-01020304", &found),
			 NVML_ERROR_NOT_FOUND);
	ck_assert_int_eq(N(nvmlDeviceGetHandleBySerial)("4711", &found), NVML_SUCCESS);
	ck_assert_ptr_eq(found, device);
	ck_assert_int_eq(N(nvmlDeviceGetHandleByPciBusId_v2)("00000002:AB:1F.0", &found), 0);
	ck_assert_ptr_eq(found, device);
	ck_assert_int_eq(N(nvmlDeviceGetHandleByPciBusId)("0002:ab:1f.0", &found), NVML_SUCCESS);
	ck_assert_ptr_eq(found, device);
	ck_assert_int_eq(N(nvmlDeviceGetHandleByPciBusId_v2)("0000:ab:1f.0", &found),
			 NVML_ERROR_NOT_FOUND);
	strcpy(uuid.value.str, "GPU-01020304-0506-0708-090a-0b0c0d0e0f10");
	ck_assert_int_eq(N(nvmlDeviceGetHandleByUUIDV)(&uuid, &found), NVML_SUCCESS);
	ck_assert_ptr_eq(found, device);
	uuid.type = NVML_UUID_TYPE_BINARY;
	for (int i = 0; i < 16; i++)
		uuid.value.bytes[i] = (unsigned char)(i + 1);
	ck_assert_int_eq(N(nvmlDeviceGetHandleByUUIDV)(&uuid, &found), NVML_SUCCESS);
	ck_assert_ptr_eq(found, device);
	uuid.version = 7;
	ck_assert_int_eq(N(nvmlDeviceGetHandleByUUIDV)(&uuid, &found),
			 NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
	ck_assert_int_eq(N(nvmlDeviceGetHandleByIndex_v2)(2, &found), NVML_ERROR_INVALID_ARGUMENT);
}
END_TEST

START_TEST(what_is_no_handle_is_refused_and_never_followed)
{
	start(two);

	uintptr_t wrong[] = { 0,
			      1,
			      ~(uintptr_t)0,
			      (uintptr_t)device + 1,
			      (uintptr_t)device + 2 * sizeof(struct vgpu_sim_device),
			      (uintptr_t)device - sizeof(struct vgpu_sim_device) };
	unsigned value;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_int_eq(N(nvmlDeviceGetIndex)((nvmlDevice_t)wrong[i], &value),
				 NVML_ERROR_INVALID_ARGUMENT);
	ck_assert_int_eq(N(nvmlDeviceGetIndex)(device, NULL), NVML_ERROR_INVALID_ARGUMENT);
}
END_TEST

START_TEST(pci_info_keeps_to_the_layout_of_each_symbol)
{
	nvmlPciInfo_t pci;
	nvmlPciInfoExt_t ext = { .version = 0x01000040 };

	start(two);
	memset(&pci, 0x77, sizeof(pci));
	ck_assert_int_eq(N(nvmlDeviceGetPciInfo_v3)(device, &pci), NVML_SUCCESS);
	ck_assert_str_eq(pci.busIdLegacy, "0002:AB:1F.0");
	ck_assert_str_eq(pci.busId, "00000002:AB:1F.0");
	ck_assert_uint_eq(pci.bus, 0xab);
	ck_assert_uint_eq(pci.pciDeviceId, 0x123410de);
	ck_assert_uint_eq(pci.pciSubSystemId, 0x567810de);
	memset(&pci, 0x77, sizeof(pci));
	ck_assert_int_eq(N(nvmlDeviceGetPciInfo_v2)(device, &pci), NVML_SUCCESS);
	ck_assert_uint_eq(pci.pciSubSystemId, 0x567810de);
	ck_assert_int_eq(pci.busId[0], 0x77);
	memset(&pci, 0x77, sizeof(pci));
	ck_assert_int_eq(N(nvmlDeviceGetPciInfo)(device, &pci), NVML_SUCCESS);
	ck_assert_uint_eq(pci.pciDeviceId, 0x123410de);
	ck_assert_uint_eq(pci.pciSubSystemId, 0x77777777);
	ck_assert_int_eq(N(nvmlDeviceGetPciInfoExt)(device, &ext), NVML_SUCCESS);
	ck_assert_str_eq(ext.busId, "00000002:AB:1F.0");
	ck_assert_uint_eq(ext.baseClass, 3);
	ext.version = 0;
	ck_assert_int_eq(N(nvmlDeviceGetPciInfoExt)(device, &ext),
			 NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
}
END_TEST

START_TEST(memory_is_told_in_both_layouts)
{
	nvmlMemory_v2_t second = { .version = 0x02000028 };
	nvmlMemory_t first;
	unsigned count = 7;

	start(two);
	ck_assert_int_eq(N(nvmlDeviceGetMemoryInfo)(device, &first), NVML_SUCCESS);
	ck_assert_uint_eq(first.total, (3ull << 30) + (256ull << 20));
	ck_assert_uint_eq(first.free + first.used, first.total);
	ck_assert_int_eq(N(nvmlDeviceGetMemoryInfo_v2)(device, &second), NVML_SUCCESS);
	ck_assert_uint_eq(second.total, first.total);
	ck_assert_uint_eq(second.reserved, 256ull << 20);
	ck_assert_uint_eq(second.free + second.used + second.reserved, second.total);
	second.version = 0x01000028;
	ck_assert_int_eq(N(nvmlDeviceGetMemoryInfo_v2)(device, &second),
			 NVML_ERROR_FUNCTION_NOT_FOUND);
	ck_assert_int_eq(N(nvmlDeviceGetComputeRunningProcesses_v3)(device, &count, NULL), 0);
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(visible_devices_of_the_driver_do_not_bind_it)
{
	unsigned count;

	setenv("CUDA_VISIBLE_DEVICES", "", 1);
	start(two);
	ck_assert_int_eq(N(nvmlDeviceGetCount_v2)(&count), NVML_SUCCESS);
	ck_assert_uint_eq(count, 2);
}
END_TEST

START_TEST(a_forked_child_starts_uninitialised)
{
	unsigned count;
	int status;
	pid_t child;

	start(NULL);
	child = fork();
	if (!child) {
		if (N(nvmlDeviceGetCount_v2)(&count) != NVML_ERROR_UNINITIALIZED)
			_exit(1);
		_exit(N(nvmlInit_v2)() || N(nvmlDeviceGetCount_v2)(&count) || count != 1 ? 2 : 0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(N(nvmlDeviceGetCount_v2)(&count), NVML_SUCCESS);
}
END_TEST

START_TEST(what_is_not_simulated_says_so)
{
	nvmlUnit_t unit;
	unsigned value;

	start(NULL);
	ck_assert_int_eq(N(nvmlUnitGetHandleByIndex)(0, &unit), NVML_ERROR_NOT_SUPPORTED);
	ck_assert_int_eq(N(nvmlDeviceGetIrqNum)(device, &value), NVML_ERROR_NOT_SUPPORTED);
}
END_TEST

int main(int argc, char **argv)
{
	static const char *const refused[] = { "nvmlDeviceGetIrqNum", "nvmlUnitGetHandleByIndex",
					       NULL };
	const struct sim_watch watch = {
		.library = "nvml",
		.proved = 150,
		.refused = refused,
		.some = geteuid() != 0,
	};
	Suite *suite = suite_create("sim nvml");
	TCase *tc = tcase_create("all");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, nothing_is_answered_before_nvmlInit_and_after_the_last_nvmlShutdown);
	tcase_add_test(tc, a_device_is_what_its_file_says);
	tcase_add_test(tc, a_device_is_found_by_each_of_its_names);
	tcase_add_test(tc, what_is_no_handle_is_refused_and_never_followed);
	tcase_add_test(tc, pci_info_keeps_to_the_layout_of_each_symbol);
	tcase_add_test(tc, memory_is_told_in_both_layouts);
	tcase_add_test(tc, visible_devices_of_the_driver_do_not_bind_it);
	tcase_add_test(tc, a_forked_child_starts_uninitialised);
	tcase_add_test(tc, what_is_not_simulated_says_so);
	suite_add_tcase(suite, value_tests());
	suite_add_tcase(suite, system_tests());
	if (!geteuid()) { /* setting what NVML can set is root's */
		suite_add_tcase(suite, clock_tests());
		suite_add_tcase(suite, state_tests());
		suite_add_tcase(suite, session_tests());
	}
	return sim_watch_main(argc, argv, suite, &watch);
}
