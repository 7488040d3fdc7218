/* SPDX-License-Identifier: Apache-2.0 */
/* Modes, errors, firmware, neighbours, load, events and fields of a simulated device. */
#include <sched.h>

#include "sim_nvml.h"

START_TEST(errors_of_the_memory_are_counted_as_the_file_says_and_recent_ones_can_be_cleared)
{
	nvmlEccSramErrorStatus_t sram = { .version = sizeof(sram) | 1 << 24 };
	nvmlFieldValue_t field = { .fieldId = 6 };
	nvmlRowRemapperHistogramValues_t histogram;
	nvmlRepairStatus_t repair = { .version = sizeof(repair) | 1 << 24 };
	nvmlUnrepairableMemoryStatus_v1_t unrepairable;
	nvmlRemappedRowsInfo_v2_t rows;
	nvmlEccErrorCounts_t counts;
	unsigned long long count, addresses[8];
	unsigned corrected, uncorrected, pending, failed, pages = 8;
	nvmlEnableState_t now, then;

	start("[device h100-80gb]\necc_corrected = 5\necc_uncorrected = 2\nremapped_rows = "
	      "3\nremap_pending = on\n"
	      "[device t4]\nretired_pages = 2\n[device rtx-4090]\n");
	OK(N(nvmlDeviceGetTotalEccErrors)(device, NVML_MEMORY_ERROR_TYPE_CORRECTED,
					  NVML_VOLATILE_ECC, &count));
	ck_assert_uint_eq(count, 5);
	OK(N(nvmlDeviceGetDetailedEccErrors)(device, NVML_MEMORY_ERROR_TYPE_UNCORRECTED,
					     NVML_VOLATILE_ECC, &counts));
	ck_assert_uint_eq(counts.deviceMemory, 2);
	OK(N(nvmlDeviceClearEccErrorCounts)(device, NVML_VOLATILE_ECC));
	OK(N(nvmlDeviceGetMemoryErrorCounter)(device, NVML_MEMORY_ERROR_TYPE_CORRECTED,
					      NVML_VOLATILE_ECC, NVML_MEMORY_LOCATION_DEVICE_MEMORY,
					      &count));
	ck_assert_uint_eq(count, 0);
	OK(N(nvmlDeviceGetFieldValues)(device, 1, &field));
	ck_assert_int_eq(field.nvmlReturn, NVML_SUCCESS);
	ck_assert_uint_eq(field.value.ullVal, 2);
	IS(NOT_SUPPORTED, N(nvmlDeviceClearEccErrorCounts)(device, NVML_AGGREGATE_ECC));
	OK(N(nvmlDeviceGetSramEccErrorStatus)(device, &sram));
	ck_assert_uint_eq(sram.bThresholdExceeded, 0);
	OK(N(nvmlDeviceGetRemappedRows)(device, &corrected, &uncorrected, &pending, &failed));
	ck_assert_uint_eq(uncorrected, 3);
	ck_assert_uint_eq(pending, 1);
	ck_assert_uint_eq(failed, 0);
	OK(N(nvmlDeviceGetRepairStatus)(device, &repair));
	ck_assert_uint_eq(repair.bChannelRepairPending, 1);
	OK(N(nvmlDeviceGetUnrepairableMemoryFlag_v1)(device, &unrepairable));
	ck_assert_uint_eq(unrepairable.bUnrepairableMemory, 0);
	OK(N(nvmlDeviceGetRemappedRows_v2)(device, &rows));
	ck_assert_uint_eq(rows.uncActiveRemaps, 3);
	OK(N(nvmlDeviceGetRowRemapperHistogram)(device, &histogram));
	ck_assert_uint_eq(histogram.high, 3);
	ck_assert_uint_eq(histogram.max, 2557);
	IS(NOT_SUPPORTED, N(nvmlDeviceGetRetiredPagesPendingStatus)(device, &now));

	OK(N(nvmlDeviceGetDefaultEccMode)(device, &now));
	ck_assert_int_eq(now, NVML_FEATURE_ENABLED);
	OK(N(nvmlDeviceGetEccMode)(device, &now, &then));
	ck_assert_int_eq(then, NVML_FEATURE_ENABLED);
	OK(N(nvmlDeviceSetEccMode)(device, NVML_FEATURE_DISABLED));
	OK(N(nvmlDeviceGetEccMode)(device, &now, &then));
	ck_assert_int_eq(now, NVML_FEATURE_ENABLED);
	ck_assert_int_eq(then, NVML_FEATURE_DISABLED);

	OK(N(nvmlDeviceGetHandleByIndex_v2)(1, &device));
	OK(N(nvmlDeviceGetRetiredPages)(device, NVML_PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR,
					&pages, addresses));
	ck_assert_uint_eq(pages, 2);
	ck_assert_uint_ne(addresses[0], addresses[1]);
	pages = 1;
	IS(INSUFFICIENT_SIZE,
	   N(nvmlDeviceGetRetiredPages_v2)(device, NVML_PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR,
					   &pages, addresses, NULL));
	OK(N(nvmlDeviceGetRetiredPagesPendingStatus)(device, &now));
	ck_assert_int_eq(now, NVML_FEATURE_DISABLED);
	IS(NOT_SUPPORTED,
	   N(nvmlDeviceGetRemappedRows)(device, &corrected, &uncorrected, &pending, &failed));
	OK(N(nvmlDeviceGetHandleByIndex_v2)(2, &device));
	IS(NOT_SUPPORTED, N(nvmlDeviceClearEccErrorCounts)(device, NVML_VOLATILE_ECC));
}
END_TEST

START_TEST(modes_that_are_set_are_seen_and_wrong_ones_refused)
{
	nvmlEnableState_t state;
	nvmlComputeMode_t mode;
	nvmlGpuInstance_t part;
	nvmlReturn_t activation;
	nvmlPciInfo_t pci;
	nvmlDevice_t instance;
	unsigned now, then;

	start("[device h100-80gb]\npersistence = off\n[device l4]\n");
	OK(N(nvmlDeviceSetPersistenceMode)(device, NVML_FEATURE_ENABLED));
	OK(N(nvmlDeviceGetPersistenceMode)(device, &state));
	ck_assert_int_eq(state, NVML_FEATURE_ENABLED);
	IS(INVALID_ARGUMENT, N(nvmlDeviceSetPersistenceMode)(device, (nvmlEnableState_t)2));
	OK(N(nvmlDeviceSetComputeMode)(device, NVML_COMPUTEMODE_EXCLUSIVE_PROCESS));
	OK(N(nvmlDeviceGetComputeMode)(device, &mode));
	ck_assert_int_eq(mode, NVML_COMPUTEMODE_EXCLUSIVE_PROCESS);
	IS(INVALID_ARGUMENT,
	   N(nvmlDeviceSetComputeMode)(device, NVML_COMPUTEMODE_EXCLUSIVE_THREAD));
	OK(N(nvmlDeviceGetAPIRestriction)(device, NVML_RESTRICTED_API_SET_AUTO_BOOSTED_CLOCKS,
					  &state));
	ck_assert_int_eq(state, NVML_FEATURE_DISABLED);
	OK(N(nvmlDeviceSetAPIRestriction)(device, NVML_RESTRICTED_API_SET_AUTO_BOOSTED_CLOCKS,
					  NVML_FEATURE_ENABLED));
	OK(N(nvmlDeviceGetAPIRestriction)(device, NVML_RESTRICTED_API_SET_AUTO_BOOSTED_CLOCKS,
					  &state));
	ck_assert_int_eq(state, NVML_FEATURE_ENABLED);
	IS(NOT_SUPPORTED, N(nvmlDeviceGetAPIRestriction)(
			      device, NVML_RESTRICTED_API_SET_APPLICATION_CLOCKS, &state));
	OK(N(nvmlDeviceGetPciInfo_v3)(device, &pci));
	OK(N(nvmlDeviceQueryDrainState)(&pci, &state));
	ck_assert_int_eq(state, NVML_FEATURE_DISABLED);
	OK(N(nvmlDeviceModifyDrainState)(&pci, NVML_FEATURE_ENABLED));
	OK(N(nvmlDeviceQueryDrainState)(&pci, &state));
	ck_assert_int_eq(state, NVML_FEATURE_ENABLED);
	pci.bus = 0xee;
	IS(INVALID_ARGUMENT, N(nvmlDeviceQueryDrainState)(&pci, &state));

	ck_assert_uint_eq(UINT(nvmlDeviceGetMaxMigDeviceCount), 0);
	OK(N(nvmlDeviceGetMigMode)(device, &now, &then));
	ck_assert_uint_eq(now, 0);
	OK(N(nvmlDeviceSetMigMode)(device, 1, &activation));
	OK(N(nvmlDeviceGetMigMode)(device, &now, &then));
	ck_assert_uint_eq(now, 1);
	IS(INVALID_ARGUMENT, N(nvmlDeviceGetGpuInstanceId)(device, &now));
	IS(INVALID_ARGUMENT, N(nvmlDeviceGetComputeInstanceId)(device, &now));
	IS(INVALID_ARGUMENT, N(nvmlDeviceGetDeviceHandleFromMigDeviceHandle)(device, &instance));
	IS(NOT_FOUND, N(nvmlDeviceGetGpuInstanceById)(device, 0, &part));
	ck_assert_uint_eq(UINT(nvmlDeviceGetMaxMigDeviceCount), 7);
	IS(NOT_FOUND, N(nvmlDeviceGetMigDeviceHandleByIndex)(device, 0, &instance));
	OK(N(nvmlSystemGetConfComputeGpusReadyState)(&now));
	ck_assert_uint_eq(now, 0);
	OK(N(nvmlSystemSetConfComputeGpusReadyState)(1));
	OK(N(nvmlSystemGetConfComputeGpusReadyState)(&now));
	ck_assert_uint_eq(now, 1);
	OK(N(nvmlDeviceGetHandleByIndex_v2)(1, &device));
	IS(NOT_SUPPORTED, N(nvmlDeviceSetMigMode)(device, 1, &activation));
	OK(N(nvmlDeviceGetComputeMode)(device, &mode));
	ck_assert_int_eq(mode, NVML_COMPUTEMODE_DEFAULT);
}
END_TEST

START_TEST(what_only_root_may_set_nobody_else_can)
{
	nvmlEnableState_t state;

	start("[device h100-80gb]\n");
	if (geteuid() || setresuid(65534, 65534, 65534))
		return; /* then every other test here has failed already */
	IS(NO_PERMISSION, N(nvmlDeviceSetPersistenceMode)(device, NVML_FEATURE_DISABLED));
	IS(NO_PERMISSION, N(nvmlDeviceSetPowerManagementLimit)(device, 400000));
	IS(NO_PERMISSION, N(nvmlDeviceSetGpuLockedClocks)(device, 345, 345));
	IS(NO_PERMISSION, N(nvmlDeviceSetEccMode)(device, NVML_FEATURE_DISABLED));
	OK(N(nvmlDeviceGetPersistenceMode)(device, &state));
	ck_assert_int_eq(state, NVML_FEATURE_ENABLED);
}
END_TEST

START_TEST(firmware_and_the_systems_state_are_told)
{
	nvmlSystemConfComputeSettings_t settings = { .version = sizeof(settings) | 1 << 24 };
	nvmlConfComputeGetKeyRotationThresholdInfo_t rotation = { .version =
								      sizeof(rotation) | 1 << 24 };
	nvmlDeviceAddressingMode_t addressing = { .version = sizeof(addressing) | 1 << 24 };
	nvmlConfComputeMemSizeInfo_t sizes;
	nvmlC2cModeInfo_v1_t link;
	nvmlPdi_t pdi = { .version = sizeof(pdi) | 1 << 24 };
	nvmlConfComputeSystemCaps_t caps;
	nvmlConfComputeSystemState_t state;
	nvmlMemory_t memory;
	unsigned enabled, by_default, count = 7;
	char text[80];

	start("driver = 555.42.02\n[device gh200]\nmemory = 64 GiB\ninforom = G999\nnuma_node = "
	      "3\n[device t4]\n");
	OK(N(nvmlDeviceGetGspFirmwareVersion)(device, text));
	ck_assert_str_eq(text, "555.42.02");
	OK(N(nvmlDeviceGetGspFirmwareMode)(device, &enabled, &by_default));
	ck_assert_uint_eq(enabled, 1);
	OK(N(nvmlDeviceGetInforomImageVersion)(device, text, sizeof(text)));
	ck_assert_str_eq(text, "G999");
	IS(INSUFFICIENT_SIZE, N(nvmlDeviceGetInforomImageVersion)(device, text, 4));
	OK(N(nvmlDeviceGetInforomVersion)(device, NVML_INFOROM_ECC, text, sizeof(text)));
	IS(NOT_SUPPORTED,
	   N(nvmlDeviceGetInforomVersion)(device, NVML_INFOROM_POWER, text, sizeof(text)));
	OK(N(nvmlDeviceValidateInforom)(device));
	OK(N(nvmlDeviceGetC2cModeInfoV)(device, &link));
	ck_assert_uint_eq(link.isC2cEnabled, 1);
	OK(N(nvmlDeviceGetPdi)(device, &pdi));
	ck_assert_uint_ne(pdi.value, 0);
	OK(N(nvmlDeviceGetAddressingMode)(device, &addressing));
	ck_assert_uint_eq(addressing.value, 2);
	ck_assert_uint_eq(UINT(nvmlDeviceGetNumaNodeId), 3);
	OK(N(nvmlDeviceGetConfComputeMemSizeInfo)(device, &sizes));
	ck_assert_uint_eq(sizes.unprotectedMemSizeKib, 64u << 20);
	OK(N(nvmlDeviceGetConfComputeProtectedMemoryUsage)(device, &memory));
	ck_assert_uint_eq(memory.total, 0);
	OK(N(nvmlSystemGetConfComputeCapabilities)(&caps));
	ck_assert_uint_eq(caps.gpusCaps, 1);
	OK(N(nvmlSystemGetConfComputeState)(&state));
	ck_assert_uint_eq(state.ccFeature, 0);
	OK(N(nvmlSystemGetConfComputeSettings)(&settings));
	ck_assert_uint_eq(settings.multiGpuMode, 0);
	OK(N(nvmlSystemGetConfComputeKeyRotationThresholdInfo)(&rotation));
	OK(N(nvmlGetExcludedDeviceCount)(&count));
	ck_assert_uint_eq(count, 0);
	OK(N(nvmlSystemGetHicVersion)(&count, NULL));
	OK(N(nvmlDeviceGetHandleByIndex_v2)(1, &device));
	OK(N(nvmlDeviceGetGspFirmwareMode)(device, &enabled, &by_default));
	ck_assert_uint_eq(enabled, 0);
	IS(NOT_SUPPORTED, N(nvmlDeviceGetGspFirmwareVersion)(device, text));
	OK(N(nvmlDeviceGetAddressingMode)(device, &addressing));
	ck_assert_uint_eq(addressing.value, 0);
	IS(NOT_SUPPORTED, N(nvmlDeviceGetNumaNodeId)(device, &enabled));
}
END_TEST

START_TEST(devices_are_near_each_other_as_their_addresses_and_kinds_say)
{
	nvmlDevice_t second, third, found[4];
	nvmlGpuTopologyLevel_t level;
	nvmlIntNvLinkDeviceType_t type;
	nvmlGpuP2PStatus_t status;
	unsigned long set[64], nodes[1];
	unsigned long long errors;
	nvmlEnableState_t active;
	unsigned count = 4, value;
	cpu_set_t before, one, after;

	start("[device h100-80gb]\nnvlinks = 18\npcie_tx_kbs = 111\npcie_rx_kbs = 222\n"
	      "[device h100-80gb]\nnvlinks = 18\n[device rtx-4090]\npci = 0001:03:00.0\nnuma_node "
	      "= 1\n");
	OK(N(nvmlDeviceGetHandleByIndex_v2)(1, &second));
	OK(N(nvmlDeviceGetHandleByIndex_v2)(2, &third));
	OK(N(nvmlDeviceGetTopologyCommonAncestor)(device, second, &level));
	ck_assert_int_eq(level, NVML_TOPOLOGY_HOSTBRIDGE);
	OK(N(nvmlDeviceGetTopologyCommonAncestor)(device, third, &level));
	ck_assert_int_eq(level, NVML_TOPOLOGY_SYSTEM);
	OK(N(nvmlDeviceGetTopologyNearestGpus)(device, NVML_TOPOLOGY_HOSTBRIDGE, &count, found));
	ck_assert_uint_eq(count, 1);
	ck_assert_ptr_eq(found[0], second);
	count = 1;
	IS(INSUFFICIENT_SIZE,
	   N(nvmlDeviceGetTopologyNearestGpus)(device, NVML_TOPOLOGY_SYSTEM, &count, found));
	ck_assert_uint_eq(count, 2);
	count = 4;
	OK(N(nvmlSystemGetTopologyGpuSet)(0, &count, found));
	ck_assert_uint_eq(count, 3);
	ck_assert_ptr_eq(found[2], third);
	OK(N(nvmlDeviceGetP2PStatus)(device, second, NVML_P2P_CAPS_INDEX_NVLINK, &status));
	ck_assert_int_eq(status, NVML_P2P_STATUS_OK);
	OK(N(nvmlDeviceGetP2PStatus)(device, third, NVML_P2P_CAPS_INDEX_READ, &status));
	ck_assert_int_eq(status, NVML_P2P_STATUS_GPU_NOT_SUPPORTED);
	OK(N(nvmlDeviceGetPcieThroughput)(device, NVML_PCIE_UTIL_RX_BYTES, &value));
	ck_assert_uint_eq(value, 222);
	ck_assert_uint_eq(UINT(nvmlDeviceGetPcieLinkMaxSpeed), 5);

	OK(N(nvmlDeviceGetNvLinkState)(device, 17, &active));
	ck_assert_int_eq(active, NVML_FEATURE_ENABLED);
	IS(INVALID_ARGUMENT, N(nvmlDeviceGetNvLinkState)(device, 18, &active));
	IS(NOT_SUPPORTED, N(nvmlDeviceGetNvLinkState)(third, 0, &active));
	OK(N(nvmlDeviceGetNvLinkVersion)(device, 0, &value));
	ck_assert_uint_eq(value, 4);
	OK(N(nvmlDeviceGetNvLinkCapability)(device, 0, NVML_NVLINK_CAP_P2P_SUPPORTED, &value));
	ck_assert_uint_eq(value, 1);
	OK(N(nvmlDeviceGetNvLinkErrorCounter)(device, 0, NVML_NVLINK_ERROR_DL_REPLAY, &errors));
	OK(N(nvmlDeviceResetNvLinkErrorCounters)(device, 0));
	IS(INVALID_ARGUMENT, N(nvmlDeviceResetNvLinkErrorCounters)(device, 18));
	OK(N(nvmlDeviceGetNvLinkRemoteDeviceType)(device, 0, &type));
	ck_assert_int_eq(type, NVML_NVLINK_DEVICE_TYPE_SWITCH);

	OK(N(nvmlDeviceGetCpuAffinity)(device, 64, set));
	ck_assert_uint_eq(set[0] & 1, 1);
	OK(N(nvmlDeviceGetCpuAffinityWithinScope)(device, 64, set, 1));
	IS(INVALID_ARGUMENT, N(nvmlDeviceGetCpuAffinityWithinScope)(device, 64, set, 2));
	OK(N(nvmlDeviceGetMemoryAffinity)(third, 1, nodes, 0));
	ck_assert_uint_eq(nodes[0], 2);
	/* Both give this thread back what it was denied. */
	OK(N(nvmlDeviceSetCpuAffinity)(device));
	ck_assert_int_eq(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
		if (CPU_ISSET(i, &before))
			CPU_SET(i, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	OK(N(nvmlDeviceSetCpuAffinity)(device));
	ck_assert_int_eq(sched_getaffinity(0, sizeof(after), &after), 0);
	ck_assert(CPU_EQUAL(&before, &after));
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	OK(N(nvmlDeviceClearCpuAffinity)(device));
	ck_assert_int_eq(sched_getaffinity(0, sizeof(after), &after), 0);
	ck_assert(CPU_EQUAL(&before, &after));
}
END_TEST

START_TEST(load_is_the_device_files_and_samples_are_of_the_last_seconds)
{
	unsigned load, period, count = 64, sessions, fps, latency;
	nvmlViolationTime_t violation;
	nvmlValueType_t kind;
	nvmlSample_t samples[64];
	nvmlFBCStats_t fbc;

	start(
	    "[device l4]\nutilization = 41\nutilization_encoder = 30\nutilization_decoder = 20\n");
	OK(N(nvmlDeviceGetEncoderUtilization)(device, &load, &period));
	ck_assert_uint_eq(load, 30);
	OK(N(nvmlDeviceGetDecoderUtilization)(device, &load, &period));
	ck_assert_uint_eq(load, 20);
	OK(N(nvmlDeviceGetJpgUtilization)(device, &load, &period));
	OK(N(nvmlDeviceGetOfaUtilization)(device, &load, &period));
	OK(N(nvmlDeviceGetEncoderCapacity)(device, NVML_ENCODER_QUERY_AV1, &load));
	ck_assert_uint_eq(load, 70);
	OK(N(nvmlDeviceGetEncoderStats)(device, &sessions, &fps, &latency));
	OK(N(nvmlDeviceGetEncoderSessions)(device, &sessions, NULL));
	OK(N(nvmlDeviceGetFBCStats)(device, &fbc));
	OK(N(nvmlDeviceGetFBCSessions)(device, &sessions, NULL));
	ck_assert_uint_eq(sessions + fbc.sessionsCount, 0);
	OK(N(nvmlDeviceGetSamples)(device, NVML_GPU_UTILIZATION_SAMPLES, 0, &kind, &count,
				   samples));
	ck_assert_uint_gt(count, 2);
	ck_assert_int_eq(kind, NVML_VALUE_TYPE_UNSIGNED_INT);
	ck_assert_uint_eq(samples[count - 1].sampleValue.uiVal, 41);
	ck_assert_uint_gt(samples[1].timeStamp, samples[0].timeStamp);
	OK(N(nvmlDeviceGetSamples)(device, NVML_DEC_UTILIZATION_SAMPLES, 0, &kind, &count,
				   samples));
	ck_assert_uint_eq(samples[count - 1].sampleValue.uiVal, 20);
	IS(NOT_FOUND, N(nvmlDeviceGetSamples)(device, NVML_GPU_UTILIZATION_SAMPLES,
					      samples[count - 1].timeStamp + 60000000, &kind,
					      &count, samples));
	OK(N(nvmlDeviceGetViolationStatus)(device, NVML_PERF_POLICY_POWER, &violation));
	ck_assert_uint_ge(violation.referenceTime, samples[0].timeStamp);
}
END_TEST

START_TEST(a_set_of_events_is_waited_for_in_vain_and_freed)
{
	unsigned long long types;
	nvmlEventData_t data;
	nvmlEventSet_t set;

	start("[device h100-80gb]\n");
	OK(N(nvmlEventSetCreate)(&set));
	OK(N(nvmlDeviceGetSupportedEventTypes)(device, &types));
	OK(N(nvmlDeviceRegisterEvents)(device, types, set));
	IS(NOT_SUPPORTED, N(nvmlDeviceRegisterEvents)(device, 1ull << 40, set));
	IS(TIMEOUT, N(nvmlEventSetWait_v2)(set, &data, 1));
	IS(TIMEOUT, N(nvmlEventSetWait)(set, &data, 0));
	OK(N(nvmlEventSetFree)(set));
	IS(INVALID_ARGUMENT, N(nvmlEventSetFree)(set));
	IS(INVALID_ARGUMENT, N(nvmlEventSetWait_v2)(set, &data, 0));
}
END_TEST

START_TEST(fields_are_what_their_getters_say)
{
	nvmlFieldValue_t fields[] = { { .fieldId = 1 },   { .fieldId = 82 },  { .fieldId = 143 },
				      { .fieldId = 187 }, { .fieldId = 190 }, { .fieldId = 9999 } };

	start(
	    "[device h100-80gb]\ntemperature_memory = 55\nremapped_rows = 4\necc_corrected = 9\n");
	OK(N(nvmlDeviceSetPowerManagementLimit)(device, 350000));
	OK(N(nvmlDeviceGetFieldValues)(device, 6, fields));
	ck_assert_uint_eq(fields[0].value.ullVal, 1);
	ck_assert_uint_eq(fields[1].value.uiVal, 55);
	ck_assert_uint_eq(fields[2].value.ullVal, 4);
	ck_assert_uint_eq(fields[3].value.uiVal, 200000);
	ck_assert_uint_eq(fields[4].value.uiVal, 350000);
	ck_assert_int_eq(fields[5].nvmlReturn, NVML_ERROR_NOT_SUPPORTED);
	fields[0].fieldId = 3;
	OK(N(nvmlDeviceGetFieldValues)(device, 1, fields));
	ck_assert_uint_eq(fields[0].value.ullVal, 9);
	OK(N(nvmlDeviceClearFieldValues)(device, 1, fields));
	ck_assert_int_eq(fields[0].nvmlReturn, NVML_SUCCESS);
	OK(N(nvmlDeviceGetFieldValues)(device, 1, fields));
	ck_assert_uint_eq(fields[0].value.ullVal, 0);
	IS(INVALID_ARGUMENT, N(nvmlDeviceGetFieldValues)(device, 0, fields));
}
END_TEST

TCase *state_tests(void)
{
	TCase *tc = tcase_create("state");

	tcase_set_timeout(tc, 60);
	tcase_add_test(
	    tc, errors_of_the_memory_are_counted_as_the_file_says_and_recent_ones_can_be_cleared);
	tcase_add_test(tc, modes_that_are_set_are_seen_and_wrong_ones_refused);
	tcase_add_test(tc, what_only_root_may_set_nobody_else_can);
	tcase_add_test(tc, firmware_and_the_systems_state_are_told);
	tcase_add_test(tc, devices_are_near_each_other_as_their_addresses_and_kinds_say);
	tcase_add_test(tc, load_is_the_device_files_and_samples_are_of_the_last_seconds);
	tcase_add_test(tc, a_set_of_events_is_waited_for_in_vain_and_freed);
	tcase_add_test(tc, fields_are_what_their_getters_say);
	return tc;
}
