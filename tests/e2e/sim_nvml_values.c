/* SPDX-License-Identifier: Apache-2.0 */
/* Each value that NVML tells is that of its own device: two devices, of which the file makes every value differ. */
#include "sim_nvml.h"

nvmlDevice_t cards[CARDS];

static const char unlike[] =
    "driver = 470.82.01\ncuda = 11.4\n"
    "[device rtx-4090]\nname = \"First\"\nmemory = 24 GiB\nreserved = 1 GiB\nbar1 = 16 "
    "GiB\ncompute = 8.9\n"
    "uuid = 01020304-0506-0708-090a-0b0c0d0e0f10\npci = 0001:0a:01.0\npci_id = 0x111110de\n"
    "pci_subsystem = 0x112210de\nserial = 1111\npart = PART-1\nvbios = 95.01\ninforom = "
    "G001\ncores = 1001\n"
    "architecture = 8\nbrand = 5\npcie_generation = 4\npcie_width = 8\nfans = 3\nfan_percent = 31\n"
    "temperature = 41\ntemperature_slowdown = 91\ntemperature_shutdown = 96\ntemperature_max = 81\n"
    "temperature_memory_max = 101\npower_mw = 20000\npower_limit_mw = 450000\npower_min_mw = "
    "150000\n"
    "clock_mhz = 210\nclock_max_mhz = 2010\nclock_memory_mhz = 405\nclock_memory_max_mhz = 10001\n"
    "clock_memory_low_mhz = 405\nlow_state = 8\nclock_video_mhz = 1201\nclock_video_max_mhz = "
    "2001\n"
    "utilization = 11\nutilization_memory = 12\nutilization_encoder = 13\nutilization_decoder = "
    "14\n"
    "pcie_tx_kbs = 101\npcie_rx_kbs = 102\nnuma_node = 0\npersistence = on\nnvlinks = 2\n"
    "ecc_corrected = 5\necc_uncorrected = 6\nremapped_rows = 7\nremap_pending = on\nremap_failed = "
    "off\n"
    "attribute.ECC_ENABLED = 1\nattribute.GLOBAL_MEMORY_BUS_WIDTH = 384\nattribute.COMPUTE_MODE = "
    "0\n"
    "attribute.PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES = 1\n"
    "[device h100-80gb]\nname = \"Second\"\nmemory = 80 GiB\nreserved = 2 GiB\nbar1 = 64 "
    "GiB\ncompute = 9.0\n"
    "uuid = 11121314-1516-1718-191a-1b1c1d1e1f20\npci = 0002:0b:02.0\npci_id = 0x222210de\n"
    "pci_subsystem = 0x223310de\nserial = 2222\npart = PART-2\nvbios = 96.02\ninforom = "
    "G002\ncores = 2002\n"
    "architecture = 9\nbrand = 14\npcie_generation = 5\npcie_width = 16\nfans = 2\nfan_percent = "
    "32\n"
    "temperature = 42\ntemperature_slowdown = 92\ntemperature_shutdown = 97\ntemperature_max = 83\n"
    "temperature_memory_max = 102\npower_mw = 80000\npower_limit_mw = 700000\npower_min_mw = "
    "200000\n"
    "clock_mhz = 345\nclock_max_mhz = 1995\nclock_memory_mhz = 2600\nclock_memory_max_mhz = 2600\n"
    "clock_memory_low_mhz = 1600\nlow_state = 2\nclock_video_mhz = 702\nclock_video_max_mhz = "
    "1502\n"
    "utilization = 21\nutilization_memory = 22\nutilization_encoder = 23\nutilization_decoder = "
    "24\n"
    "pcie_tx_kbs = 201\npcie_rx_kbs = 202\nnuma_node = 1\npersistence = off\nnvlinks = 18\n"
    "ecc_corrected = 15\necc_uncorrected = 16\nremapped_rows = 17\nremap_pending = "
    "off\nremap_failed = on\n"
    "attribute.ECC_ENABLED = 1\nattribute.GLOBAL_MEMORY_BUS_WIDTH = 5120\nattribute.COMPUTE_MODE = "
    "3\n"
    "attribute.PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES = 1\n";

void start_unlike(void)
{
	start(unlike);
	EACH(i)
	OK(N(nvmlDeviceGetHandleByIndex_v2)((unsigned)i, &cards[i]));
}

START_TEST(numbers_are_of_their_own_device)
{
	static const struct {
		const char *name;
		unsigned value[CARDS];
	} numbers[] = {
		{ "nvmlDeviceGetIndex", { 0, 1 } },
		{ "nvmlDeviceGetMinorNumber", { 0, 1 } },
		{ "nvmlDeviceGetModuleId", { 1, 2 } },
		{ "nvmlDeviceGetBrand", { NVML_BRAND_GEFORCE, NVML_BRAND_NVIDIA } },
		{ "nvmlDeviceGetArchitecture", { 8, 9 } },
		{ "nvmlDeviceGetNumGpuCores", { 1001, 2002 } },
		{ "nvmlDeviceGetBoardId", { 0x10a01, 0x20b02 } },
		{ "nvmlDeviceGetMaxPcieLinkGeneration", { 4, 5 } },
		{ "nvmlDeviceGetGpuMaxPcieLinkGeneration", { 4, 5 } },
		{ "nvmlDeviceGetCurrPcieLinkGeneration", { 4, 5 } },
		{ "nvmlDeviceGetMaxPcieLinkWidth", { 8, 16 } },
		{ "nvmlDeviceGetCurrPcieLinkWidth", { 8, 16 } },
		{ "nvmlDeviceGetPcieSpeed", { 16000, 32000 } },
		{ "nvmlDeviceGetPcieLinkMaxSpeed", { 4, 5 } },
		{ "nvmlDeviceGetMemoryBusWidth", { 384, 5120 } },
		{ "nvmlDeviceGetPowerUsage", { 20000, 80000 } },
		{ "nvmlDeviceGetPowerManagementLimit", { 450000, 700000 } },
		{ "nvmlDeviceGetEnforcedPowerLimit", { 450000, 700000 } },
		{ "nvmlDeviceGetPowerManagementDefaultLimit", { 450000, 700000 } },
		{ "nvmlDeviceGetNumFans", { 3, 2 } },
		{ "nvmlDeviceGetFanSpeed", { 31, 32 } },
		{ "nvmlDeviceGetPerformanceState", { NVML_PSTATE_8, NVML_PSTATE_0 } },
		{ "nvmlDeviceGetPowerState", { NVML_PSTATE_8, NVML_PSTATE_0 } },
		{ "nvmlDeviceGetPersistenceMode", { NVML_FEATURE_ENABLED, NVML_FEATURE_DISABLED } },
		{ "nvmlDeviceGetComputeMode",
		  { NVML_COMPUTEMODE_DEFAULT, NVML_COMPUTEMODE_EXCLUSIVE_PROCESS } },
		{ "nvmlDeviceGetDefaultEccMode", { NVML_FEATURE_DISABLED, NVML_FEATURE_ENABLED } },
		{ "nvmlDeviceGetNumaNodeId", { 0, 1 } },
		{ "nvmlDeviceGetUnrepairableMemoryFlag_v1", { 0, 1 } },
	};

	start_unlike();
	for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++)
		EACH(i)
		{
			nvmlReturn_t (*get)(nvmlDevice_t, unsigned *) =
			    client_symbol(nvml, numbers[n].name);
			unsigned value = 0xdead;

			OK(get(cards[i], &value));
			ck_assert_msg(value == numbers[n].value[i], "%s of device %d: %u",
				      numbers[n].name, i, value);
		}
}
END_TEST

START_TEST(texts_are_of_their_own_device)
{
	static const struct {
		const char *name;
		const char *value[CARDS];
	} texts[] = {
		{ "nvmlDeviceGetName", { "First", "Second" } },
		{ "nvmlDeviceGetUUID",
		  { "GPU-01020304-0506-0708-090a-0b0c0d0e0f10",
		    "GPU-11121314-1516-1718-191a-1b1c1d1e1f20" } },
		{ "nvmlDeviceGetSerial", { "1111", "2222" } },
		{ "nvmlDeviceGetBoardPartNumber", { "PART-1", "PART-2" } },
		{ "nvmlDeviceGetVbiosVersion", { "95.01", "96.02" } },
		{ "nvmlDeviceGetInforomImageVersion", { "G001", "G002" } },
	};

	start_unlike();
	for (size_t n = 0; n < sizeof(texts) / sizeof(texts[0]); n++)
		EACH(i)
		{
			nvmlReturn_t (*get)(nvmlDevice_t, char *, unsigned) =
			    client_symbol(nvml, texts[n].name);
			char text[96] = "";

			OK(get(cards[i], text, sizeof(text)));
			ck_assert_str_eq(text, texts[n].value[i]);
		}
}
END_TEST

START_TEST(a_handle_is_found_by_what_is_its_own)
{
	static const char *const uuids[] = { "GPU-01020304-0506-0708-090a-0b0c0d0e0f10",
					     "GPU-11121314-1516-1718-191a-1b1c1d1e1f20" };
	static const char *const buses[] = { "00000001:0A:01.0", "00000002:0B:02.0" };
	static const char *const serials[] = { "1111", "2222" };

	start_unlike();
	EACH(i)
	{
		nvmlUUID_t uuid = { .version = VERSION(uuid, 1), .type = NVML_UUID_TYPE_ASCII };
		nvmlDevice_t found[6];
		int same = 7;

		memset(found, 0, sizeof(found));
		strcpy(uuid.value.str, uuids[i]);
		OK(N(nvmlDeviceGetHandleByUUID)(uuids[i], &found[0]));
		OK(N(nvmlDeviceGetHandleByUUIDV)(&uuid, &found[1]));
		OK(N(nvmlDeviceGetHandleByPciBusId)(buses[i], &found[2]));
		OK(N(nvmlDeviceGetHandleByPciBusId_v2)(buses[i], &found[3]));
		OK(N(nvmlDeviceGetHandleBySerial)(serials[i], &found[4]));
		OK(N(nvmlDeviceGetHandleByIndex)((unsigned)i, &found[5]));
		for (int k = 0; k < 6; k++)
			ck_assert_ptr_eq(found[k], cards[i]);
		OK(N(nvmlDeviceOnSameBoard)(cards[0], cards[i], &same));
		ck_assert_int_eq(same, !i);
	}
}
END_TEST

START_TEST(addresses_are_of_their_own_device)
{
	static const struct {
		const char *bus;
		unsigned number, id, subsystem;
	} is[CARDS] = { { "00000001:0A:01.0", 0x0a, 0x111110de, 0x112210de },
			{ "00000002:0B:02.0", 0x0b, 0x222210de, 0x223310de } };

	start_unlike();
	EACH(i)
	{
		nvmlPciInfoExt_t ext;
		nvmlPciInfo_t pci[3];
		nvmlPdi_t pdi;

		CLEAN(pci);
		CLEAN(ext);
		ext.version = VERSION(ext, 1);
		OK(N(nvmlDeviceGetPciInfo)(cards[i], &pci[0]));
		OK(N(nvmlDeviceGetPciInfo_v2)(cards[i], &pci[1]));
		OK(N(nvmlDeviceGetPciInfo_v3)(cards[i], &pci[2]));
		OK(N(nvmlDeviceGetPciInfoExt)(cards[i], &ext));
		for (int k = 0; k < 3; k++) {
			ck_assert_str_eq(pci[k].busIdLegacy, is[i].bus + 4);
			ck_assert_uint_eq(pci[k].bus, is[i].number);
			ck_assert_uint_eq(pci[k].pciDeviceId, is[i].id);
		}
		ck_assert_uint_eq(pci[1].pciSubSystemId, is[i].subsystem);
		ck_assert_str_eq(pci[2].busId, is[i].bus);
		ck_assert_str_eq(ext.busId, is[i].bus);
		ck_assert_uint_eq(ext.pciSubSystemId, is[i].subsystem);
		CLEAN(pdi);
		pdi.version = VERSION(pdi, 1);
		OK(N(nvmlDeviceGetPdi)(cards[i], &pdi));
		ck_assert_uint_eq(pdi.value & 0xff, i ? 0x11 : 0x01);
	}
}
END_TEST

START_TEST(memory_and_load_are_of_their_own_device)
{
	static const unsigned long long total_gib[] = { 25, 82 }, reserved_gib[] = { 1, 2 },
					bar1_gib[] = { 16, 64 };

	start_unlike();
	EACH(i)
	{
		unsigned load = 10 * (unsigned)(i + 1), value[2], period;
		nvmlGpuDynamicPstatesInfo_t states;
		nvmlConfComputeMemSizeInfo_t sizes;
		nvmlMemory_v2_t second;
		nvmlUtilization_t rates;
		nvmlBAR1Memory_t bar1;
		nvmlMemory_t first;
		unsigned long nodes;

		CLEAN(first);
		OK(N(nvmlDeviceGetMemoryInfo)(cards[i], &first));
		ck_assert_uint_eq(first.total, total_gib[i] << 30);
		CLEAN(second);
		second.version = VERSION(second, 2);
		OK(N(nvmlDeviceGetMemoryInfo_v2)(cards[i], &second));
		ck_assert_uint_eq(second.reserved, reserved_gib[i] << 30);
		CLEAN(bar1);
		OK(N(nvmlDeviceGetBAR1MemoryInfo)(cards[i], &bar1));
		ck_assert_uint_eq(bar1.bar1Total, bar1_gib[i] << 30);
		CLEAN(sizes);
		OK(N(nvmlDeviceGetConfComputeMemSizeInfo)(cards[i], &sizes));
		ck_assert_uint_eq(sizes.unprotectedMemSizeKib, (total_gib[i] - reserved_gib[i])
								   << 20);
		CLEAN(nodes);
		OK(N(nvmlDeviceGetMemoryAffinity)(cards[i], 1, &nodes, 0));
		ck_assert_uint_eq(nodes, 1ul << i);

		CLEAN(rates);
		OK(N(nvmlDeviceGetUtilizationRates)(cards[i], &rates));
		ck_assert_uint_eq(rates.gpu, load + 1);
		ck_assert_uint_eq(rates.memory, load + 2);
		CLEAN(value);
		OK(N(nvmlDeviceGetEncoderUtilization)(cards[i], &value[0], &period));
		ck_assert_uint_eq(value[0], load + 3);
		OK(N(nvmlDeviceGetDecoderUtilization)(cards[i], &value[0], &period));
		ck_assert_uint_eq(value[0], load + 4);
		OK(N(nvmlDeviceGetJpgUtilization)(cards[i], &value[1], &period));
		ck_assert_uint_eq(value[1], load + 4);
		OK(N(nvmlDeviceGetEncoderCapacity)(cards[i], NVML_ENCODER_QUERY_H264, &value[0]));
		ck_assert_uint_eq(value[0], 100 - load - 3);
		CLEAN(states);
		OK(N(nvmlDeviceGetDynamicPstatesInfo)(cards[i], &states));
		ck_assert_uint_eq(states.utilization[2].percentage, load + 4);
		for (int k = 0; k < 2; k++) {
			CLEAN(value);
			OK(N(nvmlDeviceGetPcieThroughput)(
			    cards[i], k ? NVML_PCIE_UTIL_RX_BYTES : NVML_PCIE_UTIL_TX_BYTES,
			    &value[0]));
			ck_assert_uint_eq(value[0], (unsigned)(100 * (i + 1) + k + 1));
		}
	}
}
END_TEST

START_TEST(clocks_are_of_their_own_device)
{
	/* graphics, multiprocessors, memory, video: in the interface's order */
	static const unsigned now[CARDS][4] = { { 210, 210, 405, 1201 }, { 345, 345, 2600, 702 } };
	static const unsigned most[CARDS][4] = { { 2010, 2010, 10001, 2001 },
						 { 1995, 1995, 2600, 1502 } };
	static const unsigned low[CARDS] = { 405, 1600 };

	start_unlike();
	EACH(i)
	{
		nvmlDevicePerfModes_t modes;
		nvmlDeviceCurrentClockFreqs_t freqs;
		nvmlPstates_t states[4];
		unsigned list[128], count, mhz[2];
		char wanted[32];

		for (int type = 0; type < 4; type++) {
			CLEAN(mhz);
			OK(N(nvmlDeviceGetClockInfo)(cards[i], (nvmlClockType_t)type, &mhz[0]));
			ck_assert_uint_eq(mhz[0], now[i][type]);
			OK(N(nvmlDeviceGetMaxClockInfo)(cards[i], (nvmlClockType_t)type, &mhz[1]));
			ck_assert_uint_eq(mhz[1], most[i][type]);
		}
		for (int type = 0; type < 3; type++) {
			CLEAN(mhz);
			OK(N(nvmlDeviceGetApplicationsClock)(cards[i], (nvmlClockType_t)type,
							     &mhz[0]));
			ck_assert_uint_eq(mhz[0], most[i][type]);
			OK(N(nvmlDeviceGetDefaultApplicationsClock)(cards[i], (nvmlClockType_t)type,
								    &mhz[1]));
			ck_assert_uint_eq(mhz[1], most[i][type]);
		}
		CLEAN(mhz);
		OK(N(nvmlDeviceGetMaxCustomerBoostClock)(cards[i], NVML_CLOCK_GRAPHICS, &mhz[0]));
		ck_assert_uint_eq(mhz[0], most[i][0]);
		OK(N(nvmlDeviceGetClock)(cards[i], NVML_CLOCK_MEM, NVML_CLOCK_ID_CURRENT, &mhz[1]));
		ck_assert_uint_eq(mhz[1], now[i][2]);
		count = 128;
		CLEAN(list);
		OK(N(nvmlDeviceGetSupportedMemoryClocks)(cards[i], &count, list));
		ck_assert_uint_eq(count, 2);
		ck_assert_uint_eq(list[0], most[i][2]);
		ck_assert_uint_eq(list[1], low[i]);
		count = 128;
		CLEAN(list);
		OK(N(nvmlDeviceGetSupportedGraphicsClocks)(cards[i], low[i], &count, list));
		ck_assert_uint_eq(count, (most[i][0] - now[i][0]) / 15 + 1);
		ck_assert_uint_eq(list[0], most[i][0]);
		CLEAN(states);
		OK(N(nvmlDeviceGetSupportedPerformanceStates)(cards[i], states, sizeof(states)));
		ck_assert_int_eq(states[0], i ? NVML_PSTATE_2 : NVML_PSTATE_8);
		CLEAN(mhz);
		OK(N(nvmlDeviceGetMinMaxClockOfPState)(cards[i], NVML_CLOCK_SM, NVML_PSTATE_0,
						       &mhz[0], &mhz[1]));
		ck_assert_uint_eq(mhz[0], now[i][0]);
		ck_assert_uint_eq(mhz[1], most[i][0]);
		memset(&modes, 0, sizeof(modes));
		modes.version = VERSION(modes, 1);
		OK(N(nvmlDeviceGetPerformanceModes)(cards[i], &modes));
		snprintf(wanted, sizeof(wanted), "nvclockmax=%u,", most[i][0]);
		ck_assert_ptr_nonnull(strstr(modes.str, wanted));
		memset(&freqs, 0, sizeof(freqs));
		freqs.version = VERSION(freqs, 1);
		OK(N(nvmlDeviceGetCurrentClockFreqs)(cards[i], &freqs));
		snprintf(wanted, sizeof(wanted), " memclock=%u,", now[i][2]);
		ck_assert_ptr_nonnull(strstr(freqs.str, wanted));
	}
}
END_TEST

START_TEST(how_far_clocks_can_be_shifted_is_of_their_own_device)
{
	start_unlike();
	EACH(i)
	{
		nvmlClockOffset_t info = { .version = VERSION(info, 1), .type = NVML_CLOCK_MEM };
		int least, most;

		CLEAN(most);
		OK(N(nvmlDeviceGetGpcClkMinMaxVfOffset)(cards[i], &least, &most));
		ck_assert_int_eq(most, i ? 0 : 1000);
		CLEAN(least);
		OK(N(nvmlDeviceGetMemClkMinMaxVfOffset)(cards[i], &least, &most));
		ck_assert_int_eq(least, i ? 0 : -1000);
		info.minClockOffsetMHz = 7;
		OK(N(nvmlDeviceGetClockOffsets)(cards[i], &info));
		ck_assert_int_eq(info.minClockOffsetMHz, i ? 0 : -1000);
	}
}
END_TEST

START_TEST(power_heat_and_fans_are_of_their_own_device)
{
	unsigned long long energy[CARDS] = { 0, 0 }, reasons;

	start_unlike();
	EACH(i)
	{
		nvmlTemperature_t heat = { .version = VERSION(heat, 1),
					   .sensorType = NVML_TEMPERATURE_GPU };
		nvmlMarginTemperature_t margin = { .version = VERSION(margin, 1),
						   .marginTemperature = 7 };
		nvmlFanSpeedInfo_t rpm = { .version = VERSION(rpm, 1), .fan = 1, .speed = 7 };
		nvmlGpuThermalSettings_t settings;
		unsigned value[4], least, most;

		CLEAN(least);
		OK(N(nvmlDeviceGetPowerManagementLimitConstraints)(cards[i], &least, &most));
		ck_assert_uint_eq(least, i ? 200000 : 150000);
		ck_assert_uint_eq(most, i ? 700000 : 450000);
		CLEAN(value);
		OK(N(nvmlDeviceGetTemperature)(cards[i], NVML_TEMPERATURE_GPU, &value[0]));
		ck_assert_uint_eq(value[0], 41u + (unsigned)i);
		OK(N(nvmlDeviceGetTemperatureV)(cards[i], &heat));
		ck_assert_int_eq(heat.temperature, 41 + i);
		OK(N(nvmlDeviceGetMarginTemperature)(cards[i], &margin));
		ck_assert_int_eq(margin.marginTemperature, 40 + i);
		CLEAN(settings);
		OK(N(nvmlDeviceGetThermalSettings)(cards[i], 0, &settings));
		ck_assert_int_eq(settings.sensor[0].currentTemp, 41 + i);
		OK(N(nvmlDeviceGetTemperatureThreshold)(
		    cards[i], NVML_TEMPERATURE_THRESHOLD_SHUTDOWN, &value[1]));
		ck_assert_uint_eq(value[1], 96u + (unsigned)i);
		OK(N(nvmlDeviceGetFanSpeed_v2)(cards[i], 0, &value[2]));
		ck_assert_uint_eq(value[2], 31u + (unsigned)i);
		OK(N(nvmlDeviceGetTargetFanSpeed)(cards[i], 0, &value[3]));
		ck_assert_uint_eq(value[3], 31u + (unsigned)i);
		OK(N(nvmlDeviceGetFanSpeedRPM)(cards[i], &rpm));
		ck_assert_uint_eq(rpm.speed, 930u + 30u * (unsigned)i);
		OK(N(nvmlDeviceGetTotalEnergyConsumption)(cards[i], &energy[i]));
		CLEAN(reasons);
		OK(N(nvmlDeviceGetCurrentClocksEventReasons)(cards[i], &reasons));
		ck_assert_uint_eq(reasons, 0); /* it is at work */
	}
	/* the second takes four times as much */
	ck_assert_uint_gt(energy[1], 3 * energy[0]);
	ck_assert_uint_lt(energy[1], 5 * energy[0]);
}
END_TEST

START_TEST(errors_are_of_their_own_device)
{
	start_unlike();
	EACH(i)
	{
		nvmlRepairStatus_t repair = { .version = VERSION(repair, 1),
					      .bChannelRepairPending = 7 };
		unsigned corrected, uncorrected, pending, failed, version;
		nvmlRowRemapperHistogramValues_t histogram;
		nvmlRemappedRowsInfo_v2_t rows;
		nvmlEccErrorCounts_t counts;
		unsigned long long count[2];

		CLEAN(count);
		OK(N(nvmlDeviceGetTotalEccErrors)(cards[i], NVML_MEMORY_ERROR_TYPE_CORRECTED,
						  NVML_AGGREGATE_ECC, &count[0]));
		ck_assert_uint_eq(count[0], 10ull * (unsigned)i + 5);
		OK(N(nvmlDeviceGetMemoryErrorCounter)(
		    cards[i], NVML_MEMORY_ERROR_TYPE_UNCORRECTED, NVML_AGGREGATE_ECC,
		    NVML_MEMORY_LOCATION_DEVICE_MEMORY, &count[1]));
		ck_assert_uint_eq(count[1], 10ull * (unsigned)i + 6);
		CLEAN(counts);
		OK(N(nvmlDeviceGetDetailedEccErrors)(cards[i], NVML_MEMORY_ERROR_TYPE_CORRECTED,
						     NVML_VOLATILE_ECC, &counts));
		ck_assert_uint_eq(counts.deviceMemory, 10ull * (unsigned)i + 5);
		CLEAN(uncorrected);
		OK(N(nvmlDeviceGetRemappedRows)(cards[i], &corrected, &uncorrected, &pending,
						&failed));
		ck_assert_uint_eq(uncorrected, 10u * (unsigned)i + 7);
		ck_assert_uint_eq(pending, !i);
		CLEAN(rows);
		OK(N(nvmlDeviceGetRemappedRows_v2)(cards[i], &rows));
		ck_assert_uint_eq(rows.uncActiveRemaps, 10u * (unsigned)i + 7);
		ck_assert_uint_eq(rows.bFailureOccurred, (unsigned)i);
		CLEAN(histogram);
		OK(N(nvmlDeviceGetRowRemapperHistogram)(cards[i], &histogram));
		ck_assert_uint_eq(histogram.max, i ? 2560 - 17 : 192 - 7);
		OK(N(nvmlDeviceGetRepairStatus)(cards[i], &repair));
		ck_assert_uint_eq(repair.bChannelRepairPending, !i);
		CLEAN(version);
		OK(N(nvmlDeviceGetNvLinkVersion)(cards[i], 1, &version));
		ck_assert_uint_eq(version, i ? 4 : 3);
	}
}
END_TEST

TCase *value_tests(void)
{
	TCase *tc = tcase_create("values");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, numbers_are_of_their_own_device);
	tcase_add_test(tc, texts_are_of_their_own_device);
	tcase_add_test(tc, a_handle_is_found_by_what_is_its_own);
	tcase_add_test(tc, addresses_are_of_their_own_device);
	tcase_add_test(tc, memory_and_load_are_of_their_own_device);
	tcase_add_test(tc, clocks_are_of_their_own_device);
	tcase_add_test(tc, how_far_clocks_can_be_shifted_is_of_their_own_device);
	tcase_add_test(tc, power_heat_and_fans_are_of_their_own_device);
	tcase_add_test(tc, errors_are_of_their_own_device);
	return tc;
}
