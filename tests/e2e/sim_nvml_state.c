/* SPDX-License-Identifier: Apache-2.0 */
/* What is set on a simulated device through NVML and what its file says is what others then see. Root alone may set. */
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include "gen/cuda_types.h"
#include "gen/nvml_calls.h"
#include "sim_client.h"

static void *nvml;
static nvmlDevice_t device;
static char session_path[64];

#define N(name)	     CLIENT(nvml, struct vgpu_nvml_calls, name)
#define OK(call)     ck_assert_int_eq((call), NVML_SUCCESS)
#define IS(code, call) ck_assert_int_eq((call), NVML_ERROR_##code)

static void start(const char *devices)
{
	client_devices(devices);
	nvml = client_open("libvgpu-nvml.so");
	OK(N(nvmlInit_v2)());
	OK(N(nvmlDeviceGetHandleByIndex_v2)(0, &device));
}

static unsigned uint_of(nvmlReturn_t (*get)(nvmlDevice_t, unsigned *))
{
	unsigned value = 0xdead;

	OK(get(device, &value));
	return value;
}

#define UINT(name) uint_of(N(name))

static unsigned clock_of(nvmlClockType_t type)
{
	unsigned mhz;

	OK(N(nvmlDeviceGetClockInfo)(device, type, &mhz));
	return mhz;
}

START_TEST(a_power_limit_that_is_set_is_in_force_and_stays_within_its_constraints)
{
	nvmlPowerValue_v2_t value = { .version = sizeof(value) | 2 << 24, .powerValueMw = 300000 };
	unsigned least, most;
	unsigned long long reasons, energy[2];

	start("[device h100-80gb]\npower_mw = 250000\n");
	OK(N(nvmlDeviceGetPowerManagementLimitConstraints)(device, &least, &most));
	ck_assert_uint_eq(least, 200000);
	ck_assert_uint_eq(most, 700000);
	OK(N(nvmlDeviceSetPowerManagementLimit)(device, 400000));
	ck_assert_uint_eq(UINT(nvmlDeviceGetPowerManagementLimit), 400000);
	ck_assert_uint_eq(UINT(nvmlDeviceGetEnforcedPowerLimit), 400000);
	ck_assert_uint_eq(UINT(nvmlDeviceGetPowerManagementDefaultLimit), 700000);
	IS(INVALID_ARGUMENT, N(nvmlDeviceSetPowerManagementLimit)(device, least - 1));
	IS(INVALID_ARGUMENT, N(nvmlDeviceSetPowerManagementLimit)(device, most + 1));
	OK(N(nvmlDeviceSetPowerManagementLimit_v2)(device, &value));
	ck_assert_uint_eq(UINT(nvmlDeviceGetPowerManagementLimit), 300000);
	value.version = 1;
	IS(ARGUMENT_VERSION_MISMATCH, N(nvmlDeviceSetPowerManagementLimit_v2)(device, &value));
	ck_assert_uint_eq(UINT(nvmlDeviceGetPowerUsage), 250000);
	OK(N(nvmlDeviceSetPowerManagementLimit)(device, 200000));
	ck_assert_uint_eq(UINT(nvmlDeviceGetPowerUsage), 200000);
	OK(N(nvmlDeviceGetCurrentClocksEventReasons)(device, &reasons));
	ck_assert_uint_eq(reasons & 4, 4);
	OK(N(nvmlDeviceGetTotalEnergyConsumption)(device, &energy[0]));
	OK(N(nvmlDeviceGetTotalEnergyConsumption)(device, &energy[1]));
	ck_assert_uint_ge(energy[1], energy[0]);
}
END_TEST

START_TEST(clocks_follow_what_they_are_locked_to_and_application_clocks_what_there_is)
{
	unsigned list[128], count = 128, mhz;
	unsigned long long reasons;

	start("[device h100-80gb]\n");
	ck_assert_uint_eq(clock_of(NVML_CLOCK_SM), 345);
	OK(N(nvmlDeviceSetGpuLockedClocks)(device, 1000, 1500));
	ck_assert_uint_eq(clock_of(NVML_CLOCK_SM), 1000);
	ck_assert_uint_eq(clock_of(NVML_CLOCK_VIDEO), 765);
	IS(INVALID_ARGUMENT, N(nvmlDeviceSetGpuLockedClocks)(device, 1500, 1000));
	OK(N(nvmlDeviceResetGpuLockedClocks)(device));
	ck_assert_uint_eq(clock_of(NVML_CLOCK_SM), 345);
	OK(N(nvmlDeviceSetMemoryLockedClocks)(device, 1593, 1593));
	ck_assert_uint_eq(clock_of(NVML_CLOCK_MEM), 1593);
	OK(N(nvmlDeviceResetMemoryLockedClocks)(device));
	ck_assert_uint_eq(clock_of(NVML_CLOCK_MEM), 2619);

	OK(N(nvmlDeviceGetSupportedMemoryClocks)(device, &count, list));
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(list[0], 2619);
	ck_assert_uint_eq(list[1], 1593);
	count = 1;
	IS(INSUFFICIENT_SIZE, N(nvmlDeviceGetSupportedMemoryClocks)(device, &count, list));
	ck_assert_uint_eq(count, 2);
	count = 128;
	OK(N(nvmlDeviceGetSupportedGraphicsClocks)(device, 1593, &count, list));
	ck_assert_uint_eq(count, 110);
	ck_assert_uint_eq(list[0], 1980);
	ck_assert_uint_eq(list[109], 345);
	IS(NOT_FOUND, N(nvmlDeviceGetSupportedGraphicsClocks)(device, 405, &count, list));

	OK(N(nvmlDeviceSetApplicationsClocks)(device, 1593, 1965));
	OK(N(nvmlDeviceGetApplicationsClock)(device, NVML_CLOCK_SM, &mhz));
	ck_assert_uint_eq(mhz, 1965);
	OK(N(nvmlDeviceGetClock)(device, NVML_CLOCK_MEM, NVML_CLOCK_ID_APP_CLOCK_TARGET, &mhz));
	ck_assert_uint_eq(mhz, 1593);
	OK(N(nvmlDeviceGetClock)(device, NVML_CLOCK_MEM, NVML_CLOCK_ID_APP_CLOCK_DEFAULT, &mhz));
	ck_assert_uint_eq(mhz, 2619);
	OK(N(nvmlDeviceGetCurrentClocksThrottleReasons)(device, &reasons));
	ck_assert_uint_eq(reasons, 3);
	IS(INVALID_ARGUMENT, N(nvmlDeviceSetApplicationsClocks)(device, 1593, 1966));
	OK(N(nvmlDeviceResetApplicationsClocks)(device));
	OK(N(nvmlDeviceGetApplicationsClock)(device, NVML_CLOCK_SM, &mhz));
	ck_assert_uint_eq(mhz, 1980);
	OK(N(nvmlDeviceGetDefaultApplicationsClock)(device, NVML_CLOCK_MEM, &mhz));
	ck_assert_uint_eq(mhz, 2619);
	OK(N(nvmlDeviceGetMaxCustomerBoostClock)(device, NVML_CLOCK_GRAPHICS, &mhz));
	ck_assert_uint_eq(mhz, 1980);
	IS(NOT_SUPPORTED, N(nvmlDeviceGetMaxCustomerBoostClock)(device, NVML_CLOCK_MEM, &mhz));
}
END_TEST

START_TEST(performance_states_are_those_of_the_memorys_clocks)
{
	nvmlDevicePerfModes_t modes = { .version = sizeof(modes) | 1 << 24 };
	nvmlDeviceCurrentClockFreqs_t now = { .version = sizeof(now) | 1 << 24 };
	nvmlGpuDynamicPstatesInfo_t info;
	nvmlPstates_t states[16];
	unsigned least, most;

	start("[device l4]\nutilization = 41\nutilization_memory = 12\nutilization_decoder = 7\n");
	OK(N(nvmlDeviceGetSupportedPerformanceStates)(device, states, sizeof(states)));
	ck_assert_int_eq(states[0], NVML_PSTATE_8);
	ck_assert_int_eq(states[1], NVML_PSTATE_0);
	ck_assert_int_eq(states[2], NVML_PSTATE_UNKNOWN);
	IS(INSUFFICIENT_SIZE, N(nvmlDeviceGetSupportedPerformanceStates)(device, states, sizeof(states[0])));
	OK(N(nvmlDeviceGetPerformanceState)(device, states));
	ck_assert_int_eq(states[0], NVML_PSTATE_8);
	OK(N(nvmlDeviceGetMinMaxClockOfPState)(device, NVML_CLOCK_MEM, NVML_PSTATE_8, &least, &most));
	ck_assert_uint_eq(least, 405);
	ck_assert_uint_eq(most, 405);
	OK(N(nvmlDeviceGetMinMaxClockOfPState)(device, NVML_CLOCK_SM, NVML_PSTATE_0, &least, &most));
	ck_assert_uint_eq(least, 210);
	ck_assert_uint_eq(most, 2040);
	IS(UNKNOWN, N(nvmlDeviceGetMinMaxClockOfPState)(device, NVML_CLOCK_SM, NVML_PSTATE_3, &least, &most));
	OK(N(nvmlDeviceGetPerformanceModes)(device, &modes));
	ck_assert_ptr_nonnull(strstr(modes.str, "perf=0, nvclock=210, nvclockmin=210, nvclockmax=2040"));
	ck_assert_ptr_nonnull(strstr(modes.str, " ; perf=1, "));
	OK(N(nvmlDeviceGetCurrentClockFreqs)(device, &now));
	ck_assert_ptr_nonnull(strstr(now.str, "memclock=405"));
	OK(N(nvmlDeviceGetDynamicPstatesInfo)(device, &info));
	ck_assert_uint_eq(info.utilization[0].percentage, 41);
	ck_assert_uint_eq(info.utilization[1].percentage, 12);
	ck_assert_uint_eq(info.utilization[2].percentage, 7);
}
END_TEST

START_TEST(clocks_of_a_card_for_games_can_be_shifted_and_of_others_not)
{
	nvmlClockOffset_t info = { .version = sizeof(info) | 1 << 24, .type = NVML_CLOCK_MEM };
	int least, most, offset;

	start("[device rtx-4090]\n[device h100-80gb]\n");
	OK(N(nvmlDeviceGetGpcClkMinMaxVfOffset)(device, &least, &most));
	ck_assert_int_eq(least, -1000);
	OK(N(nvmlDeviceSetGpcClkVfOffset)(device, -150));
	OK(N(nvmlDeviceGetGpcClkVfOffset)(device, &offset));
	ck_assert_int_eq(offset, -150);
	OK(N(nvmlDeviceSetMemClkVfOffset)(device, 500));
	OK(N(nvmlDeviceGetClockOffsets)(device, &info));
	ck_assert_int_eq(info.clockOffsetMHz, 500);
	info.clockOffsetMHz = 250;
	OK(N(nvmlDeviceSetClockOffsets)(device, &info));
	OK(N(nvmlDeviceGetMemClkVfOffset)(device, &offset));
	ck_assert_int_eq(offset, 250);
	OK(N(nvmlDeviceGetHandleByIndex_v2)(1, &device));
	OK(N(nvmlDeviceGetMemClkMinMaxVfOffset)(device, &least, &most));
	ck_assert_int_eq(most, 0);
	IS(INVALID_ARGUMENT, N(nvmlDeviceSetGpcClkVfOffset)(device, 1));
}
END_TEST

START_TEST(fans_run_as_they_are_told_until_they_are_on_their_own_again)
{
	nvmlFanSpeedInfo_t rpm = { .version = sizeof(rpm) | 1 << 24, .fan = 1 };
	nvmlCoolerInfo_t cooler = { .version = sizeof(cooler) | 1 << 24 };
	unsigned speed, least, most;
	nvmlFanControlPolicy_t policy;

	start("[device rtx-4090]\nfan_percent = 37\n[device h100-80gb]\n");
	OK(N(nvmlDeviceGetMinMaxFanSpeed)(device, &least, &most));
	OK(N(nvmlDeviceGetFanSpeed)(device, &speed));
	ck_assert_uint_eq(speed, 37);
	OK(N(nvmlDeviceSetFanSpeed_v2)(device, 1, 80));
	OK(N(nvmlDeviceGetFanSpeed_v2)(device, 0, &speed));
	ck_assert_uint_eq(speed, 37);
	OK(N(nvmlDeviceGetTargetFanSpeed)(device, 1, &speed));
	ck_assert_uint_eq(speed, 80);
	OK(N(nvmlDeviceGetFanSpeedRPM)(device, &rpm));
	ck_assert_uint_eq(rpm.speed, 2400);
	OK(N(nvmlDeviceGetFanControlPolicy_v2)(device, 1, &policy));
	ck_assert_uint_eq(policy, 1);
	IS(INVALID_ARGUMENT, N(nvmlDeviceSetFanSpeed_v2)(device, 1, least - 1));
	IS(INVALID_ARGUMENT, N(nvmlDeviceSetFanSpeed_v2)(device, 2, 50));
	OK(N(nvmlDeviceSetDefaultFanSpeed_v2)(device, 1));
	OK(N(nvmlDeviceGetFanSpeed_v2)(device, 1, &speed));
	ck_assert_uint_eq(speed, 37);
	OK(N(nvmlDeviceSetFanControlPolicy)(device, 0, 1));
	OK(N(nvmlDeviceGetFanControlPolicy_v2)(device, 0, &policy));
	ck_assert_uint_eq(policy, 1);
	OK(N(nvmlDeviceGetCoolerInfo)(device, &cooler));
	ck_assert_int_eq(cooler.target, NVML_THERMAL_COOLER_TARGET_GPU);
	OK(N(nvmlDeviceGetHandleByIndex_v2)(1, &device));
	IS(NOT_SUPPORTED, N(nvmlDeviceGetFanSpeed)(device, &speed));
	IS(INVALID_ARGUMENT, N(nvmlDeviceSetFanSpeed_v2)(device, 0, 50));
}
END_TEST

START_TEST(temperatures_and_their_limits_are_the_device_files)
{
	nvmlMarginTemperature_t margin = { .version = sizeof(margin) | 1 << 24 };
	nvmlGpuThermalSettings_t settings;
	unsigned value;
	int wanted = 70;

	start("[device rtx-4090]\ntemperature = 41\ntemperature_max = 84\ntemperature_memory_max = 105\n");
	OK(N(nvmlDeviceGetMarginTemperature)(device, &margin));
	ck_assert_int_eq(margin.marginTemperature, 43);
	OK(N(nvmlDeviceGetTemperatureThreshold)(device, NVML_TEMPERATURE_THRESHOLD_MEM_MAX, &value));
	ck_assert_uint_eq(value, 105);
	OK(N(nvmlDeviceGetThermalSettings)(device, 0, &settings));
	ck_assert_int_eq(settings.sensor[0].currentTemp, 41);
	OK(N(nvmlDeviceSetTemperatureThreshold)(device, NVML_TEMPERATURE_THRESHOLD_ACOUSTIC_CURR, &wanted));
	OK(N(nvmlDeviceGetTemperatureThreshold)(device, NVML_TEMPERATURE_THRESHOLD_ACOUSTIC_CURR, &value));
	ck_assert_uint_eq(value, 70);
	wanted = 200;
	IS(INVALID_ARGUMENT, N(nvmlDeviceSetTemperatureThreshold)(device, NVML_TEMPERATURE_THRESHOLD_ACOUSTIC_CURR, &wanted));
	IS(NOT_SUPPORTED, N(nvmlDeviceSetTemperatureThreshold)(device, NVML_TEMPERATURE_THRESHOLD_SHUTDOWN, &wanted));
}
END_TEST

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

	start("[device h100-80gb]\necc_corrected = 5\necc_uncorrected = 2\nremapped_rows = 3\nremap_pending = on\n"
	      "[device t4]\nretired_pages = 2\n[device rtx-4090]\n");
	OK(N(nvmlDeviceGetTotalEccErrors)(device, NVML_MEMORY_ERROR_TYPE_CORRECTED, NVML_VOLATILE_ECC, &count));
	ck_assert_uint_eq(count, 5);
	OK(N(nvmlDeviceGetDetailedEccErrors)(device, NVML_MEMORY_ERROR_TYPE_UNCORRECTED, NVML_VOLATILE_ECC, &counts));
	ck_assert_uint_eq(counts.deviceMemory, 2);
	OK(N(nvmlDeviceClearEccErrorCounts)(device, NVML_VOLATILE_ECC));
	OK(N(nvmlDeviceGetMemoryErrorCounter)(device, NVML_MEMORY_ERROR_TYPE_CORRECTED, NVML_VOLATILE_ECC,
					      NVML_MEMORY_LOCATION_DEVICE_MEMORY, &count));
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
	OK(N(nvmlDeviceSetEccMode)(device, NVML_FEATURE_DISABLED));
	OK(N(nvmlDeviceGetEccMode)(device, &now, &then));
	ck_assert_int_eq(now, NVML_FEATURE_ENABLED);
	ck_assert_int_eq(then, NVML_FEATURE_DISABLED);

	OK(N(nvmlDeviceGetHandleByIndex_v2)(1, &device));
	OK(N(nvmlDeviceGetRetiredPages)(device, NVML_PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR, &pages, addresses));
	ck_assert_uint_eq(pages, 2);
	ck_assert_uint_ne(addresses[0], addresses[1]);
	pages = 1;
	IS(INSUFFICIENT_SIZE, N(nvmlDeviceGetRetiredPages_v2)(device, NVML_PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR,
							      &pages, addresses, NULL));
	OK(N(nvmlDeviceGetRetiredPagesPendingStatus)(device, &now));
	ck_assert_int_eq(now, NVML_FEATURE_DISABLED);
	IS(NOT_SUPPORTED, N(nvmlDeviceGetRemappedRows)(device, &corrected, &uncorrected, &pending, &failed));
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
	IS(INVALID_ARGUMENT, N(nvmlDeviceSetComputeMode)(device, NVML_COMPUTEMODE_EXCLUSIVE_THREAD));
	OK(N(nvmlDeviceSetAPIRestriction)(device, NVML_RESTRICTED_API_SET_AUTO_BOOSTED_CLOCKS, NVML_FEATURE_ENABLED));
	OK(N(nvmlDeviceGetAPIRestriction)(device, NVML_RESTRICTED_API_SET_AUTO_BOOSTED_CLOCKS, &state));
	ck_assert_int_eq(state, NVML_FEATURE_ENABLED);
	IS(NOT_SUPPORTED, N(nvmlDeviceGetAPIRestriction)(device, NVML_RESTRICTED_API_SET_APPLICATION_CLOCKS, &state));
	OK(N(nvmlDeviceGetPciInfo_v3)(device, &pci));
	OK(N(nvmlDeviceModifyDrainState)(&pci, NVML_FEATURE_ENABLED));
	OK(N(nvmlDeviceQueryDrainState)(&pci, &state));
	ck_assert_int_eq(state, NVML_FEATURE_ENABLED);
	pci.bus = 0xee;
	IS(INVALID_ARGUMENT, N(nvmlDeviceQueryDrainState)(&pci, &state));

	ck_assert_uint_eq(UINT(nvmlDeviceGetMaxMigDeviceCount), 0);
	OK(N(nvmlDeviceSetMigMode)(device, 1, &activation));
	OK(N(nvmlDeviceGetMigMode)(device, &now, &then));
	ck_assert_uint_eq(now, 1);
	IS(INVALID_ARGUMENT, N(nvmlDeviceGetGpuInstanceId)(device, &now));
	IS(INVALID_ARGUMENT, N(nvmlDeviceGetComputeInstanceId)(device, &now));
	IS(INVALID_ARGUMENT, N(nvmlDeviceGetDeviceHandleFromMigDeviceHandle)(device, &instance));
	IS(NOT_FOUND, N(nvmlDeviceGetGpuInstanceById)(device, 0, &part));
	ck_assert_uint_eq(UINT(nvmlDeviceGetMaxMigDeviceCount), 7);
	IS(NOT_FOUND, N(nvmlDeviceGetMigDeviceHandleByIndex)(device, 0, &instance));
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
	nvmlConfComputeGetKeyRotationThresholdInfo_t rotation = { .version = sizeof(rotation) | 1 << 24 };
	nvmlDeviceAddressingMode_t addressing = { .version = sizeof(addressing) | 1 << 24 };
	nvmlConfComputeMemSizeInfo_t sizes;
	nvmlC2cModeInfo_v1_t link;
	nvmlPdi_t pdi = { .version = sizeof(pdi) | 1 << 24 };
	nvmlConfComputeSystemCaps_t caps;
	nvmlConfComputeSystemState_t state;
	nvmlMemory_t memory;
	unsigned enabled, by_default, count = 7;
	char text[80];

	start("driver = 555.42.02\n[device gh200]\nmemory = 64 GiB\ninforom = G999\nnuma_node = 3\n[device t4]\n");
	OK(N(nvmlDeviceGetGspFirmwareVersion)(device, text));
	ck_assert_str_eq(text, "555.42.02");
	OK(N(nvmlDeviceGetGspFirmwareMode)(device, &enabled, &by_default));
	ck_assert_uint_eq(enabled, 1);
	OK(N(nvmlDeviceGetInforomImageVersion)(device, text, sizeof(text)));
	ck_assert_str_eq(text, "G999");
	IS(INSUFFICIENT_SIZE, N(nvmlDeviceGetInforomImageVersion)(device, text, 4));
	OK(N(nvmlDeviceGetInforomVersion)(device, NVML_INFOROM_ECC, text, sizeof(text)));
	IS(NOT_SUPPORTED, N(nvmlDeviceGetInforomVersion)(device, NVML_INFOROM_POWER, text, sizeof(text)));
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

	start("[device h100-80gb]\nnvlinks = 18\npcie_tx_kbs = 111\npcie_rx_kbs = 222\n"
	      "[device h100-80gb]\nnvlinks = 18\n[device rtx-4090]\npci = 0001:03:00.0\nnuma_node = 1\n");
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
	IS(INSUFFICIENT_SIZE, N(nvmlDeviceGetTopologyNearestGpus)(device, NVML_TOPOLOGY_SYSTEM, &count, found));
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
	OK(N(nvmlDeviceSetCpuAffinity)(device));
	OK(N(nvmlDeviceClearCpuAffinity)(device));
}
END_TEST

START_TEST(load_is_the_device_files_and_samples_are_of_the_last_seconds)
{
	unsigned load, period, count = 64, sessions, fps, latency;
	nvmlViolationTime_t violation;
	nvmlValueType_t kind;
	nvmlSample_t samples[64];
	nvmlFBCStats_t fbc;

	start("[device l4]\nutilization = 41\nutilization_encoder = 30\nutilization_decoder = 20\n");
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
	OK(N(nvmlDeviceGetSamples)(device, NVML_GPU_UTILIZATION_SAMPLES, 0, &kind, &count, samples));
	ck_assert_uint_gt(count, 2);
	ck_assert_int_eq(kind, NVML_VALUE_TYPE_UNSIGNED_INT);
	ck_assert_uint_eq(samples[count - 1].sampleValue.uiVal, 41);
	ck_assert_uint_gt(samples[1].timeStamp, samples[0].timeStamp);
	IS(NOT_FOUND, N(nvmlDeviceGetSamples)(device, NVML_GPU_UTILIZATION_SAMPLES, samples[count - 1].timeStamp + 60000000, &kind,
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
	nvmlFieldValue_t fields[] = { { .fieldId = 1 },	  { .fieldId = 82 },  { .fieldId = 143 },
				      { .fieldId = 187 }, { .fieldId = 190 }, { .fieldId = 9999 } };

	start("[device h100-80gb]\ntemperature_memory = 55\nremapped_rows = 4\n");
	OK(N(nvmlDeviceSetPowerManagementLimit)(device, 350000));
	OK(N(nvmlDeviceGetFieldValues)(device, 6, fields));
	ck_assert_uint_eq(fields[0].value.ullVal, 1);
	ck_assert_uint_eq(fields[1].value.uiVal, 55);
	ck_assert_uint_eq(fields[2].value.ullVal, 4);
	ck_assert_uint_eq(fields[3].value.uiVal, 200000);
	ck_assert_uint_eq(fields[4].value.uiVal, 350000);
	ck_assert_int_eq(fields[5].nvmlReturn, NVML_ERROR_NOT_SUPPORTED);
	fields[0].fieldId = 3;
	OK(N(nvmlDeviceClearFieldValues)(device, 1, fields));
	ck_assert_int_eq(fields[0].nvmlReturn, NVML_SUCCESS);
	IS(INVALID_ARGUMENT, N(nvmlDeviceGetFieldValues)(device, 0, fields));
}
END_TEST

/* ---- between processes ---- */

static void share(void)
{
	snprintf(session_path, sizeof(session_path), "/tmp/sim-nvml-%d", (int)getpid());
	setenv("VGPU_SIM_SESSION", session_path, 1);
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
		CUresult (*retain)(CUcontext *, CUdevice) = client_symbol(cuda, "cuDevicePrimaryCtxRetain");
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
	nvmlProcessDetailList_t details = { .version = sizeof(details) | 1 << 24 };
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
	ck_assert_ptr_nonnull(strstr(name, "sim_nvml_state"));
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
	OK(N(nvmlDeviceSetAccountingMode)(device, NVML_FEATURE_ENABLED));
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
		ck_assert_int_eq(kill(second, SIGKILL), 0);
		/* Killed and not waited for: its memory is free all the same. */
		ck_assert_int_eq(waitid(P_PID, (id_t)second, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
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
	CUresult (*init)(unsigned), (*retain)(CUcontext *, CUdevice), (*set)(CUcontext), (*allocate)(CUdeviceptr *, size_t),
		(*get)(size_t *, size_t *);
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

int main(void)
{
	Suite *suite = suite_create("sim_nvml_state");
	TCase *tcase = tcase_create("sim_nvml_state");
	SRunner *runner;
	int failed;

	if (geteuid()) {
		puts("SKIPPED: setting what NVML can set is root's");
		return 77;
	}
	tcase_add_test(tcase, a_power_limit_that_is_set_is_in_force_and_stays_within_its_constraints);
	tcase_add_test(tcase, clocks_follow_what_they_are_locked_to_and_application_clocks_what_there_is);
	tcase_add_test(tcase, performance_states_are_those_of_the_memorys_clocks);
	tcase_add_test(tcase, clocks_of_a_card_for_games_can_be_shifted_and_of_others_not);
	tcase_add_test(tcase, fans_run_as_they_are_told_until_they_are_on_their_own_again);
	tcase_add_test(tcase, temperatures_and_their_limits_are_the_device_files);
	tcase_add_test(tcase, errors_of_the_memory_are_counted_as_the_file_says_and_recent_ones_can_be_cleared);
	tcase_add_test(tcase, modes_that_are_set_are_seen_and_wrong_ones_refused);
	tcase_add_test(tcase, what_only_root_may_set_nobody_else_can);
	tcase_add_test(tcase, firmware_and_the_systems_state_are_told);
	tcase_add_test(tcase, devices_are_near_each_other_as_their_addresses_and_kinds_say);
	tcase_add_test(tcase, load_is_the_device_files_and_samples_are_of_the_last_seconds);
	tcase_add_test(tcase, a_set_of_events_is_waited_for_in_vain_and_freed);
	tcase_add_test(tcase, fields_are_what_their_getters_say);
	tcase_add_test(tcase, memory_of_one_process_is_seen_by_anothers_nvml_and_cuMemGetInfo_until_it_ends);
	tcase_add_test(tcase, memory_that_another_process_has_is_not_there_to_be_had);
	tcase_add_test(tcase, what_one_process_sets_another_sees);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
