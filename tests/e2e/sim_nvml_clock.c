/* SPDX-License-Identifier: Apache-2.0 */
/* Power, clocks, fans and temperatures of a simulated device, as the file says and as they are set. */
#include "sim_nvml.h"

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

	OK(N(nvmlDeviceGetCurrentClocksThrottleReasons)(device, &reasons));
	ck_assert_uint_eq(reasons, 1);
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
	IS(INSUFFICIENT_SIZE,
	   N(nvmlDeviceGetSupportedPerformanceStates)(device, states, sizeof(states[0])));
	OK(N(nvmlDeviceGetPerformanceState)(device, states));
	ck_assert_int_eq(states[0], NVML_PSTATE_8);
	OK(N(nvmlDeviceGetMinMaxClockOfPState)(device, NVML_CLOCK_MEM, NVML_PSTATE_8, &least,
					       &most));
	ck_assert_uint_eq(least, 405);
	ck_assert_uint_eq(most, 405);
	OK(N(nvmlDeviceGetMinMaxClockOfPState)(device, NVML_CLOCK_SM, NVML_PSTATE_0, &least,
					       &most));
	ck_assert_uint_eq(least, 210);
	ck_assert_uint_eq(most, 2040);
	IS(UNKNOWN, N(nvmlDeviceGetMinMaxClockOfPState)(device, NVML_CLOCK_SM, NVML_PSTATE_3,
							&least, &most));
	OK(N(nvmlDeviceGetPerformanceModes)(device, &modes));
	ck_assert_ptr_nonnull(
	    strstr(modes.str, "perf=0, nvclock=210, nvclockmin=210, nvclockmax=2040"));
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
	OK(N(nvmlDeviceGetGpcClkVfOffset)(device, &offset));
	ck_assert_int_eq(offset, 0);
	OK(N(nvmlDeviceSetGpcClkVfOffset)(device, -150));
	OK(N(nvmlDeviceGetGpcClkVfOffset)(device, &offset));
	ck_assert_int_eq(offset, -150);
	OK(N(nvmlDeviceSetMemClkVfOffset)(device, 500));
	OK(N(nvmlDeviceGetMemClkVfOffset)(device, &offset));
	ck_assert_int_eq(offset, 500);
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
	OK(N(nvmlDeviceGetFanControlPolicy_v2)(device, 1, &policy));
	ck_assert_uint_eq(policy, 0);
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

	start("[device rtx-4090]\ntemperature = 41\ntemperature_max = 84\ntemperature_memory_max = "
	      "105\n");
	OK(N(nvmlDeviceGetMarginTemperature)(device, &margin));
	ck_assert_int_eq(margin.marginTemperature, 43);
	OK(N(nvmlDeviceGetTemperatureThreshold)(device, NVML_TEMPERATURE_THRESHOLD_MEM_MAX,
						&value));
	ck_assert_uint_eq(value, 105);
	OK(N(nvmlDeviceGetThermalSettings)(device, 0, &settings));
	ck_assert_int_eq(settings.sensor[0].currentTemp, 41);
	OK(N(nvmlDeviceSetTemperatureThreshold)(device, NVML_TEMPERATURE_THRESHOLD_ACOUSTIC_CURR,
						&wanted));
	OK(N(nvmlDeviceGetTemperatureThreshold)(device, NVML_TEMPERATURE_THRESHOLD_ACOUSTIC_CURR,
						&value));
	ck_assert_uint_eq(value, 70);
	wanted = 200;
	IS(INVALID_ARGUMENT, N(nvmlDeviceSetTemperatureThreshold)(
				 device, NVML_TEMPERATURE_THRESHOLD_ACOUSTIC_CURR, &wanted));
	IS(NOT_SUPPORTED, N(nvmlDeviceSetTemperatureThreshold)(
			      device, NVML_TEMPERATURE_THRESHOLD_SHUTDOWN, &wanted));
}
END_TEST

TCase *clock_tests(void)
{
	TCase *tc = tcase_create("clock");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_power_limit_that_is_set_is_in_force_and_stays_within_its_constraints);
	tcase_add_test(tc,
		       clocks_follow_what_they_are_locked_to_and_application_clocks_what_there_is);
	tcase_add_test(tc, performance_states_are_those_of_the_memorys_clocks);
	tcase_add_test(tc, clocks_of_a_card_for_games_can_be_shifted_and_of_others_not);
	tcase_add_test(tc, fans_run_as_they_are_told_until_they_are_on_their_own_again);
	tcase_add_test(tc, temperatures_and_their_limits_are_the_device_files);
	return tc;
}
