/* SPDX-License-Identifier: Apache-2.0 */
/* Presets: real cards by their public figures, and what follows from a device's place. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gen/cuda_types.h"
#include "gen/nvml_types.h"
#include "shim/backend/sim/attribute.h"
#include "shim/backend/sim/device.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

/* NVML's numbers for a card's family, which its enumerations do not have. */
enum { TURING = 6, AMPERE = 7, ADA = 8, HOPPER = 9 };

struct override {
	short number;
	int value;
};

struct preset {
	const char *name;
	const char *title;
	struct override attributes[40]; /* number 0 ends the list */
	/* Figures of struct vgpu_sim_device, kept short: no tables of zeroes for the attributes. */
	uint64_t memory_mib, reserved_mib, bar1_mib;
	uint32_t pci_id, pci_subsystem, cores, architecture, brand, pcie, fans;
	uint32_t idle_w, limit_w, min_w;
	uint32_t clock_idle, clock_max, memory_idle, memory_max, video_idle, video_max;
	uint32_t memory_low, low_state, context_kib; /* 0: as the idle clock, 8, 512 MiB */
	uint32_t shutdown, slowdown, hot, hot_memory; /* °C; 0: 92, 87, 87, none */
	const char *part, *vbios, *inforom;
};

#define O(suffix, value) { CU_DEVICE_ATTRIBUTE_##suffix, value }
#define COMPUTE(major, minor) O(COMPUTE_CAPABILITY_MAJOR, major), O(COMPUTE_CAPABILITY_MINOR, minor)
/* What cards before compute 9.0 lack. */
#define BEFORE_HOPPER                                                                             \
	O(CLUSTER_LAUNCH, 0), O(TENSOR_MAP_ACCESS_SUPPORTED, 0), O(MEM_SYNC_DOMAIN_COUNT, 1),        \
		O(HANDLE_TYPE_FABRIC_SUPPORTED, 0), O(MEMPOOL_SUPPORTED_HANDLE_TYPES, 1)
/* The smaller multiprocessor of 8.6 and 8.9. */
#define SMALL_AMPERE                                                                              \
	O(MAX_THREADS_PER_MULTIPROCESSOR, 1536), O(MAX_BLOCKS_PER_MULTIPROCESSOR, 24),            \
		O(MAX_SHARED_MEMORY_PER_MULTIPROCESSOR, 102400),                                  \
		O(MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 101376),                                     \
		O(SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO, 64), O(ASYNC_ENGINE_COUNT, 2)

static const struct preset presets[] = {
	{
		.name = "h100-80gb",
		.title = "NVIDIA H100 80GB HBM3",
		.memory_mib = 81079, .reserved_mib = 480, .bar1_mib = 131072, .context_kib = 539456,
		.pci_id = 0x233010de, .pci_subsystem = 0x16c110de,
		.cores = 16896, .architecture = HOPPER, .brand = NVML_BRAND_NVIDIA, .pcie = 5,
		.idle_w = 70, .limit_w = 700, .min_w = 200,
		.clock_idle = 345, .clock_max = 1980, .memory_idle = 2619, .memory_max = 2619,
		.video_idle = 765, .video_max = 1545,
		.memory_low = 1593, .low_state = 2,
		.shutdown = 95, .slowdown = 89, .hot = 87, .hot_memory = 95,
		.part = "692-2G520-0200-000", .vbios = "96.00.DA.00.0C", .inforom = "G520.0200.00.05",
	},
	{
		.name = "h200",
		.title = "NVIDIA H200",
		.attributes = { O(MEMORY_CLOCK_RATE, 3201000), O(GLOBAL_MEMORY_BUS_WIDTH, 6144),
				O(L2_CACHE_SIZE, 62914560),
				O(MAX_PERSISTING_L2_CACHE_SIZE, 39321600) },
		.memory_mib = 143156, .reserved_mib = 615, .bar1_mib = 262144,
		.pci_id = 0x233510de, .pci_subsystem = 0x18be10de,
		.cores = 16896, .architecture = HOPPER, .brand = NVML_BRAND_NVIDIA, .pcie = 5,
		.idle_w = 75, .limit_w = 700, .min_w = 200,
		.clock_idle = 345, .clock_max = 1980, .memory_idle = 3201, .memory_max = 3201,
		.video_idle = 765, .video_max = 1545,
		.part = "692-2G520-0280-000", .vbios = "96.00.a0.00.01",
	},
	{
		.name = "gh200",
		.title = "NVIDIA GH200 480GB",
		.attributes = { O(GLOBAL_MEMORY_BUS_WIDTH, 6144), O(L2_CACHE_SIZE, 62914560),
				O(MAX_PERSISTING_L2_CACHE_SIZE, 39321600),
				O(PAGEABLE_MEMORY_ACCESS, 1), O(HOST_NATIVE_ATOMIC_SUPPORTED, 1),
				O(PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES, 1),
				O(DIRECT_MANAGED_MEM_ACCESS_FROM_HOST, 1),
				O(CAN_FLUSH_REMOTE_WRITES, 1) },
		.memory_mib = 97280, .reserved_mib = 591, .bar1_mib = 131072,
		.pci_id = 0x234210de, .pci_subsystem = 0x16eb10de,
		.cores = 16896, .architecture = HOPPER, .brand = NVML_BRAND_NVIDIA, .pcie = 5,
		.idle_w = 100, .limit_w = 900, .min_w = 200,
		.clock_idle = 345, .clock_max = 1980, .memory_idle = 2619, .memory_max = 2619,
		.video_idle = 765, .video_max = 1545,
		.part = "900-2G530-0000-000", .vbios = "96.00.84.00.02",
	},
	{
		.name = "a100-80gb",
		.title = "NVIDIA A100-SXM4-80GB",
		.attributes = { COMPUTE(8, 0), BEFORE_HOPPER, O(MULTIPROCESSOR_COUNT, 108),
				O(CLOCK_RATE, 1410000), O(MEMORY_CLOCK_RATE, 1593000),
				O(L2_CACHE_SIZE, 41943040),
				O(MAX_PERSISTING_L2_CACHE_SIZE, 26214400),
				O(MAX_SHARED_MEMORY_PER_MULTIPROCESSOR, 167936),
				O(MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 166912) },
		.memory_mib = 81251, .reserved_mib = 669, .bar1_mib = 131072,
		.pci_id = 0x20b210de, .pci_subsystem = 0x146310de,
		.cores = 6912, .architecture = AMPERE, .brand = NVML_BRAND_NVIDIA, .pcie = 4,
		.idle_w = 60, .limit_w = 400, .min_w = 100,
		.clock_idle = 210, .clock_max = 1410, .memory_idle = 1593, .memory_max = 1593,
		.video_idle = 585, .video_max = 1290,
		.part = "692-2G506-0212-002", .vbios = "92.00.45.00.05",
	},
	{
		.name = "l4",
		.title = "NVIDIA L4",
		.attributes = { COMPUTE(8, 9), BEFORE_HOPPER, SMALL_AMPERE,
				O(MULTIPROCESSOR_COUNT, 58),
				O(CLOCK_RATE, 2040000), O(MEMORY_CLOCK_RATE, 6251000),
				O(GLOBAL_MEMORY_BUS_WIDTH, 192), O(L2_CACHE_SIZE, 50331648),
				O(MAX_PERSISTING_L2_CACHE_SIZE, 34603008) },
		.memory_mib = 22478, .reserved_mib = 556, .bar1_mib = 32768,
		.pci_id = 0x27b810de, .pci_subsystem = 0x16ee10de,
		.cores = 7424, .architecture = ADA, .brand = NVML_BRAND_NVIDIA, .pcie = 4,
		.idle_w = 16, .limit_w = 72, .min_w = 40,
		.clock_idle = 210, .clock_max = 2040, .memory_idle = 405, .memory_max = 6251,
		.video_idle = 1185, .video_max = 1770,
		.part = "900-2G193-0000-001", .vbios = "95.04.29.00.06",
	},
	{
		.name = "t4",
		.title = "Tesla T4",
		.attributes = { COMPUTE(7, 5), BEFORE_HOPPER, O(MULTIPROCESSOR_COUNT, 40),
				O(CLOCK_RATE, 1590000), O(MEMORY_CLOCK_RATE, 5001000),
				O(GLOBAL_MEMORY_BUS_WIDTH, 256), O(L2_CACHE_SIZE, 4194304),
				O(MAX_PERSISTING_L2_CACHE_SIZE, 0),
				O(MAX_ACCESS_POLICY_WINDOW_SIZE, 0),
				O(MAX_THREADS_PER_MULTIPROCESSOR, 1024),
				O(MAX_BLOCKS_PER_MULTIPROCESSOR, 16),
				O(MAX_SHARED_MEMORY_PER_MULTIPROCESSOR, 65536),
				O(MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 65536),
				O(RESERVED_SHARED_MEMORY_PER_BLOCK, 0),
				O(SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO, 32),
				O(GENERIC_COMPRESSION_SUPPORTED, 0) },
		.memory_mib = 14912, .reserved_mib = 448, .bar1_mib = 256,
		.pci_id = 0x1eb810de, .pci_subsystem = 0x12a210de,
		.cores = 2560, .architecture = TURING, .brand = NVML_BRAND_TESLA, .pcie = 3,
		.idle_w = 10, .limit_w = 70, .min_w = 60,
		.clock_idle = 300, .clock_max = 1590, .memory_idle = 405, .memory_max = 5001,
		.video_idle = 540, .video_max = 1470,
		.part = "900-2G183-0000-001", .vbios = "90.04.A7.00.01",
	},
	{
		.name = "rtx-4090",
		.title = "NVIDIA GeForce RTX 4090",
		.attributes = { COMPUTE(8, 9), BEFORE_HOPPER, SMALL_AMPERE,
				O(MULTIPROCESSOR_COUNT, 128),
				O(CLOCK_RATE, 2520000), O(MEMORY_CLOCK_RATE, 10501000),
				O(GLOBAL_MEMORY_BUS_WIDTH, 384), O(L2_CACHE_SIZE, 75497472),
				O(MAX_PERSISTING_L2_CACHE_SIZE, 51904512), O(ECC_ENABLED, 0),
				O(GPU_DIRECT_RDMA_SUPPORTED, 0),
				O(GPU_DIRECT_RDMA_WITH_CUDA_VMM_SUPPORTED, 0),
				O(GPU_DIRECT_RDMA_FLUSH_WRITES_OPTIONS, 0),
				O(GPU_DIRECT_RDMA_WRITES_ORDERING, 0) },
		.memory_mib = 24081, .reserved_mib = 483, .bar1_mib = 256,
		.pci_id = 0x268410de, .pci_subsystem = 0x16f310de,
		.cores = 16384, .architecture = ADA, .brand = NVML_BRAND_GEFORCE,
		.pcie = 4, .fans = 2,
		.idle_w = 20, .limit_w = 450, .min_w = 150,
		.clock_idle = 210, .clock_max = 3105, .memory_idle = 405, .memory_max = 10501,
		.video_idle = 1185, .video_max = 2415,
		.part = "900-1G136-2530-000", .vbios = "95.02.3C.00.01",
	},
};

#define COUNT (sizeof(presets) / sizeof(presets[0]))

const char *vgpu_simdev_preset_name(unsigned i)
{
	return i < COUNT ? presets[i].name : NULL;
}

const char *vgpu_simdev_preset_title(unsigned i)
{
	return i < COUNT ? presets[i].title : NULL;
}

static void apply(struct vgpu_sim_device *device, const struct preset *p)
{
	*device = (struct vgpu_sim_device){
		.memory_bytes = p->memory_mib * MIB,
		.reserved_bytes = p->reserved_mib * MIB,
		.context_bytes = p->context_kib ? p->context_kib * UINT64_C(1024) : 512 * MIB,
		.bar1_bytes = p->bar1_mib * MIB,
		.pci.bus = UINT32_MAX,
		.pci_id = p->pci_id,
		.pci_subsystem = p->pci_subsystem,
		.cores = p->cores,
		.architecture = p->architecture,
		.brand = p->brand,
		.pcie_generation = p->pcie,
		.pcie_width = 16,
		.fans = p->fans,
		.temperature_c = 31,
		.temperature_slowdown_c = p->slowdown ? p->slowdown : 87,
		.temperature_shutdown_c = p->shutdown ? p->shutdown : 92,
		.temperature_max_c = p->hot ? p->hot : p->slowdown ? p->slowdown : 87,
		.temperature_memory_max_c = p->hot_memory,
		.temperature_memory_c = p->hot_memory ? 34 : 0,
		.clock_memory_low_mhz = p->memory_low ? p->memory_low : p->memory_idle,
		.low_state = p->low_state ? p->low_state : 8,
		.fan_percent = p->fans ? 30 : 0,
		.power_idle_mw = p->idle_w * 1000,
		.power_limit_mw = p->limit_w * 1000,
		.power_min_mw = p->min_w * 1000,
		.clock_idle_mhz = p->clock_idle,
		.clock_max_mhz = p->clock_max,
		.clock_memory_idle_mhz = p->memory_idle,
		.clock_memory_max_mhz = p->memory_max,
		.clock_video_idle_mhz = p->video_idle,
		.clock_video_max_mhz = p->video_max,
		.persistence = 1,
	};
	snprintf(device->preset, sizeof(device->preset), "%s", p->name);
	snprintf(device->name, sizeof(device->name), "%s", p->title);
	snprintf(device->part, sizeof(device->part), "%s", p->part);
	snprintf(device->vbios, sizeof(device->vbios), "%s", p->vbios);
	snprintf(device->inforom, sizeof(device->inforom), "%s", p->inforom ? p->inforom : "G001.0000.00.03");
	simdev_attribute_defaults(device->attribute);
	for (const struct override *o = p->attributes; o->number; o++)
		device->attribute[o->number] = o->value;
}

bool vgpu_simdev_preset(struct vgpu_sim_device *device, const char *name, size_t size)
{
	for (size_t i = 0; i < COUNT; i++) {
		if (strlen(presets[i].name) == size && !strncasecmp(presets[i].name, name, size)) {
			apply(device, &presets[i]);
			return true;
		}
	}
	return false;
}

/* FNV-1a, once for each half: a UUID that is the same in every process and on every machine. */
static uint64_t hash(const char *text, unsigned index, uint64_t state)
{
	for (; *text; text++)
		state = (state ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	for (int i = 0; i < 4; i++)
		state = (state ^ (index >> 8 * i & 0xff)) * UINT64_C(0x100000001b3);
	return state ^ state >> 29;
}

void vgpu_simdev_place(struct vgpu_sim_device *device, unsigned index)
{
	static const uint8_t none[16];
	uint64_t half[2] = {
		hash(device->preset, index, UINT64_C(0xcbf29ce484222325)),
		hash(device->preset, index, UINT64_C(0x9e3779b97f4a7c15)),
	};

	if (!memcmp(device->uuid, none, sizeof(none))) {
		memcpy(device->uuid, half, sizeof(half));
		device->uuid[6] = 0x80 | (device->uuid[6] & 0x0f); /* version 8: our own */
		device->uuid[8] = 0x80 | (device->uuid[8] & 0x3f);
	}
	if (device->pci.bus == UINT32_MAX)
		device->pci = (struct vgpu_sim_pci){ .bus = 1 + index * 3 };
	if (!device->serial[0])
		snprintf(device->serial, sizeof(device->serial), "1650%09u",
			 (unsigned)(half[0] % 1000000000u));
	device->attribute[CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID] = (int)device->pci.domain;
	device->attribute[CU_DEVICE_ATTRIBUTE_PCI_BUS_ID] = (int)device->pci.bus;
	device->attribute[CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID] = (int)device->pci.device;
	device->attribute[CU_DEVICE_ATTRIBUTE_GPU_PCI_DEVICE_ID] = (int)device->pci_id;
	device->attribute[CU_DEVICE_ATTRIBUTE_GPU_PCI_SUBSYSTEM_ID] = (int)device->pci_subsystem;
}
