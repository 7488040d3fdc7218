/* SPDX-License-Identifier: Apache-2.0 */
/* What NVML tells of the system and of a card's kind: versions, counts, what is the same for every card. */
#include "sim_nvml.h"

START_TEST(what_older_cards_give_up_is_of_their_own_device)
{
	unsigned long long addresses[8], times[8];

	start("[device t4]\nretired_pages = 2\n[device t4]\nretired_pages = 3\nremap_pending = "
	      "on\n[device l4]\n");
	EACH(i)
	{
		unsigned wanted = 2u + (unsigned)i, count = 8, enabled, by_default;
		nvmlEnableState_t pending;

		OK(N(nvmlDeviceGetHandleByIndex_v2)((unsigned)i, &device));
		OK(N(nvmlDeviceGetRetiredPages)(
		    device, NVML_PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR, &count, addresses));
		ck_assert_uint_eq(count, wanted);
		count = 8;
		memset(times, 0, sizeof(times));
		OK(N(nvmlDeviceGetRetiredPages_v2)(device,
						   NVML_PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR,
						   &count, addresses, times));
		ck_assert_uint_eq(count, wanted);
		ck_assert_uint_gt(times[i + 1], times[0]);
		CLEAN(pending);
		OK(N(nvmlDeviceGetRetiredPagesPendingStatus)(device, &pending));
		ck_assert_int_eq(pending, i);
		OK(N(nvmlDeviceGetGspFirmwareMode)(device, &enabled, &by_default));
		ck_assert_uint_eq(enabled, 0);
	}
}
END_TEST

START_TEST(versions_and_counts_are_the_files)
{
	nvmlSystemDriverBranchInfo_t branch = { .version = VERSION(branch, 1) };
	nvmlConfComputeSystemCaps_t caps;
	unsigned count[2] = { 7, 7 };
	char text[80] = "";
	int cuda[2] = { 0, 0 };

	start_unlike();
	OK(N(nvmlSystemGetDriverVersion)(text, sizeof(text)));
	ck_assert_str_eq(text, "470.82.01");
	OK(N(nvmlSystemGetNVMLVersion)(text, sizeof(text)));
	ck_assert_str_eq(text, "11.470.82.01");
	OK(N(nvmlSystemGetDriverBranch)(&branch, sizeof(branch.branch)));
	ck_assert_str_eq(branch.branch, "r470_00");
	OK(N(nvmlSystemGetCudaDriverVersion)(&cuda[0]));
	OK(N(nvmlSystemGetCudaDriverVersion_v2)(&cuda[1]));
	ck_assert_int_eq(cuda[0], 11040);
	ck_assert_int_eq(cuda[1], 11040);
	OK(N(nvmlDeviceGetGspFirmwareVersion)(cards[0], text));
	ck_assert_str_eq(text, "470.82.01");
	OK(N(nvmlDeviceGetCount)(&count[0]));
	OK(N(nvmlDeviceGetCount_v2)(&count[1]));
	ck_assert_uint_eq(count[0], CARDS);
	ck_assert_uint_eq(count[1], CARDS);
	CLEAN(caps);
	OK(N(nvmlSystemGetConfComputeCapabilities)(&caps));
	ck_assert_uint_eq(caps.gpusCaps, 1);
}
END_TEST

/* The same of a machine that is another: no one answer is right for both. */
START_TEST(other_versions_and_counts_are_another_files)
{
	nvmlSystemDriverBranchInfo_t branch = { .version = VERSION(branch, 1) };
	nvmlConfComputeSystemCaps_t caps;
	nvmlC2cModeInfo_v1_t link;
	unsigned count[2] = { 7, 7 };
	char text[80] = "";
	int cuda[2] = { 0, 0 }, major, minor;

	start("driver = 555.42.02\ncuda = 12.5\n[device l4]\n[device l4]\n[device l4]\n");
	OK(N(nvmlSystemGetDriverVersion)(text, sizeof(text)));
	ck_assert_str_eq(text, "555.42.02");
	OK(N(nvmlSystemGetNVMLVersion)(text, sizeof(text)));
	ck_assert_str_eq(text, "12.555.42.02");
	OK(N(nvmlSystemGetDriverBranch)(&branch, sizeof(branch.branch)));
	ck_assert_str_eq(branch.branch, "r555_00");
	OK(N(nvmlSystemGetCudaDriverVersion)(&cuda[0]));
	OK(N(nvmlSystemGetCudaDriverVersion_v2)(&cuda[1]));
	ck_assert_int_eq(cuda[0], 12050);
	ck_assert_int_eq(cuda[1], 12050);
	OK(N(nvmlDeviceGetGspFirmwareVersion)(device, text));
	ck_assert_str_eq(text, "555.42.02");
	OK(N(nvmlDeviceGetCount)(&count[0]));
	OK(N(nvmlDeviceGetCount_v2)(&count[1]));
	ck_assert_uint_eq(count[0], 3);
	ck_assert_uint_eq(count[1], 3);
	CLEAN(caps);
	OK(N(nvmlSystemGetConfComputeCapabilities)(&caps));
	ck_assert_uint_eq(caps.gpusCaps, 0);
	CLEAN(link);
	OK(N(nvmlDeviceGetC2cModeInfoV)(device, &link));
	ck_assert_uint_eq(link.isC2cEnabled, 0);
	CLEAN(major);
	OK(N(nvmlDeviceGetCudaComputeCapability)(device, &major, &minor));
	ck_assert_int_eq(major, 8);
	ck_assert_int_eq(minor, 9);
}
END_TEST

/* The same for every simulated card, whatever its file says. */
START_TEST(what_no_simulated_card_has_or_does_is_told_as_such)
{
	static const struct {
		const char *name;
		unsigned value;
	} numbers[] = {
		{ "nvmlDeviceGetAdaptiveClockInfoStatus", 1 },
		{ "nvmlDeviceGetBusType", 2 },
		{ "nvmlDeviceGetDisplayActive", NVML_FEATURE_DISABLED },
		{ "nvmlDeviceGetDisplayMode", NVML_FEATURE_ENABLED },
		{ "nvmlDeviceGetInforomConfigurationChecksum", 0 },
		{ "nvmlDeviceGetMultiGpuBoard", 0 },
		{ "nvmlDeviceGetPcieReplayCounter", 0 },
		{ "nvmlDeviceGetPowerManagementMode", NVML_FEATURE_ENABLED },
		{ "nvmlDeviceGetPowerSource", 0 },
		{ "nvmlDeviceGetVirtualizationMode", NVML_GPU_VIRTUALIZATION_MODE_NONE },
		{ "nvmlDeviceIsMigDeviceHandle", 0 },
	};
	static const char *const lists[] = {
		"nvmlDeviceGetGraphicsRunningProcesses",
		"nvmlDeviceGetGraphicsRunningProcesses_v2",
		"nvmlDeviceGetGraphicsRunningProcesses_v3",
		"nvmlDeviceGetMPSComputeRunningProcesses",
		"nvmlDeviceGetMPSComputeRunningProcesses_v2",
		"nvmlDeviceGetMPSComputeRunningProcesses_v3",
	};
	unsigned long long reasons[2];
	nvmlExcludedDeviceInfo_t excluded;
	unsigned count = 7;

	start_unlike();
	for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
		nvmlReturn_t (*get)(nvmlDevice_t, unsigned *) =
		    client_symbol(nvml, numbers[n].name);
		unsigned value = 0xdead;

		OK(get(device, &value));
		ck_assert_msg(value == numbers[n].value, "%s: %u", numbers[n].name, value);
	}
	for (size_t n = 0; n < sizeof(lists) / sizeof(lists[0]); n++) {
		nvmlReturn_t (*list)(nvmlDevice_t, unsigned *, void *) =
		    client_symbol(nvml, lists[n]);

		count = 7;
		OK(list(device, &count, NULL));
		ck_assert_uint_eq(count, 0);
	}
	CLEAN(reasons);
	OK(N(nvmlDeviceGetSupportedClocksEventReasons)(device, &reasons[0]));
	OK(N(nvmlDeviceGetSupportedClocksThrottleReasons)(device, &reasons[1]));
	ck_assert_uint_eq(reasons[0], 0x1ff);
	ck_assert_uint_eq(reasons[1], 0x1ff);
	count = 7;
	OK(N(nvmlUnitGetCount)(&count));
	ck_assert_uint_eq(count, 0);
	IS(INVALID_ARGUMENT, N(nvmlGetExcludedDeviceInfoByIndex)(0, &excluded));
}
END_TEST

START_TEST(a_name_that_is_given_to_a_new_card_is_kept)
{
	nvmlHostname_v1_t name = { "a host" }, found = { "" };

	start("[device h100-80gb]\ncompute = 10.0\n[device h100-80gb]\n");
	IS(INVALID_ARGUMENT, N(nvmlDeviceSetHostname_v1)(device, NULL));
	if (geteuid()) { /* root's alone */
		IS(NO_PERMISSION, N(nvmlDeviceSetHostname_v1)(device, &name));
		OK(N(nvmlDeviceGetHostname_v1)(device, &found));
		return;
	}
	OK(N(nvmlDeviceGetHostname_v1)(device, &found));
	ck_assert_str_eq(found.value, "");
	OK(N(nvmlDeviceSetHostname_v1)(device, &name));
	OK(N(nvmlDeviceGetHostname_v1)(device, &found));
	ck_assert_str_eq(found.value, "a host");
	OK(N(nvmlDeviceGetHandleByIndex_v2)(1, &device));
	IS(NOT_SUPPORTED, N(nvmlDeviceGetHostname_v1)(device, &found));
}
END_TEST

TCase *system_tests(void)
{
	TCase *tc = tcase_create("system");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_older_cards_give_up_is_of_their_own_device);
	tcase_add_test(tc, versions_and_counts_are_the_files);
	tcase_add_test(tc, other_versions_and_counts_are_another_files);
	tcase_add_test(tc, what_no_simulated_card_has_or_does_is_told_as_such);
	tcase_add_test(tc, a_name_that_is_given_to_a_new_card_is_kept);
	return tc;
}
