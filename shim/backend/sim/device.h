/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated devices as data: what a device file or a preset says, complete and checked. */
#ifndef VGPU_SIM_DEVICE_H
#define VGPU_SIM_DEVICE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The device file: lines of `key = value`, '#' begins a comment, a value may stand in double
 * quotes. Keys before the first section describe the driver, each section one device:
 *
 *	driver = 580.159.04           # what NVML calls the driver version
 *	cuda = 13.0                   # what cuDriverGetVersion says
 *
 *	[device h100-80gb]            # starts as that preset; the name may be left out
 *	count = 2                     # so many of them, default 1
 *	name = "My card"
 *	memory = 40 GiB               # B, KiB, MiB, GiB, TiB
 *	compute = 8.6
 *	uuid = GPU-…                  # default: derived from the preset and the place in the list
 *	pci = 0000:17:00.0            # default: derived from the place in the list
 *	attribute.MULTIPROCESSOR_COUNT = 114
 *
 * All keys are in the table `keys` of parse.c; attributes are CUdevice_attribute constants without
 * their CU_DEVICE_ATTRIBUTE_.
 */
#define VGPU_SIMDEV_MAX 64u
#define VGPU_SIMDEV_ATTRIBUTES                                                                     \
	160u /* more than the interface defines; the rest reads "no such attribute" */
#define VGPU_SIMDEV_FILE_MAX 65536u
#define VGPU_SIMDEV_DEFAULT "h100-80gb"

struct vgpu_sim_pci {
	uint32_t domain;
	uint32_t bus;
	uint32_t device;
};

struct vgpu_sim_device {
	char preset[24];
	char name[96];
	uint8_t uuid[16];
	uint64_t memory_bytes;   /* what cuDeviceTotalMem says */
	uint64_t reserved_bytes; /* what NVML counts on top: its total is the sum */
	uint64_t context_bytes;  /* what a program's first context on the device takes */
	uint64_t bar1_bytes;
	struct vgpu_sim_pci pci;
	uint32_t pci_id; /* device << 16 | vendor */
	uint32_t pci_subsystem;
	char serial[24];
	char part[24];
	char vbios[24];
	uint32_t cores;
	uint32_t architecture; /* nvmlDeviceArchitecture_t */
	uint32_t brand;        /* nvmlBrandType_t */
	uint32_t pcie_generation;
	uint32_t pcie_width;
	uint32_t fans;
	uint32_t temperature_c;
	uint32_t temperature_slowdown_c;
	uint32_t temperature_shutdown_c;
	uint32_t power_idle_mw;
	uint32_t power_limit_mw;
	uint32_t power_min_mw;
	uint32_t clock_idle_mhz; /* graphics and SM at rest */
	uint32_t clock_max_mhz;
	uint32_t clock_memory_idle_mhz;
	uint32_t clock_memory_max_mhz;
	uint32_t clock_video_idle_mhz;
	uint32_t clock_video_max_mhz;
	uint32_t utilization_gpu; /* per cent */
	uint32_t utilization_memory;
	uint32_t utilization_encoder;
	uint32_t utilization_decoder;
	uint32_t temperature_max_c; /* the clocks go down from here on */
	uint32_t temperature_memory_c; /* 0: cannot be measured */
	uint32_t temperature_memory_max_c;
	uint32_t clock_memory_low_mhz; /* the memory's lower clock, which can be asked for */
	uint32_t low_state;            /* performance state that it belongs to */
	uint32_t fan_percent;
	uint32_t pcie_tx_kbs, pcie_rx_kbs;
	uint32_t numa_node;
	uint32_t nvlinks;
	uint32_t ecc_corrected, ecc_uncorrected; /* errors of the card's life */
	uint32_t retired_pages, remapped_rows;
	uint32_t remap_pending, remap_failed; /* 0, 1 */
	char inforom[24];
	uint32_t persistence;                      /* 0, 1 */
	int32_t attribute[VGPU_SIMDEV_ATTRIBUTES]; /* by CUdevice_attribute; [0] unused */
};

/* A parameter, or a member of a struct that a parameter points at ("prop.major"), and a value for it. */
struct vgpu_sim_part {
	char name[48];
	char text[64];
	int64_t number;
	uint32_t is_number;
};

#define VGPU_SIMDEV_FAULTS 32u
#define VGPU_FAULT_PARTS   4u
#define VGPU_FAULT_FOREVER UINT32_MAX
enum vgpu_fault_lookup {
	VGPU_FAULT_LOOKUP_NONE = 0,
	VGPU_FAULT_LOOKUP_MISSING = 1, /* not found */
	VGPU_FAULT_LOOKUP_NULL = 2,    /* success, and a NULL pointer */
};

/* A [fault] section: an entry point that is to fail. What it means is in docs/devices.md. */
struct vgpu_sim_fault {
	char function[64]; /* exported name, '*' in it stands for any text */
	char result[64];   /* name or number, "": the call is made */
	char process[16];  /* name, likewise with '*'; "": every process */
	uint32_t first, last; /* of the calls that match, from 1 */
	uint32_t thread;   /* that calls as the nth, 0: any */
	uint32_t hang_ms;  /* 0: does not */
	uint32_t crash;
	uint32_t lookup;   /* enum vgpu_fault_lookup */
	uint32_t set_count, when_count;
	struct vgpu_sim_part set[VGPU_FAULT_PARTS];
	struct vgpu_sim_part when[VGPU_FAULT_PARTS];
};

struct vgpu_simdev {
	char driver[32];
	int32_t cuda_version; /* 13000 = 13.0 */
	uint32_t count;
	struct vgpu_sim_device device[VGPU_SIMDEV_MAX];
	uint32_t fault_count;
	struct vgpu_sim_fault fault[VGPU_SIMDEV_FAULTS];
};

struct vgpu_simdev_error {
	uint32_t line;   /* from 1; 0: not in the file's text */
	uint32_t column; /* from 1, in bytes */
	char message[160];
};

/*
 * What `spec` stands for: NULL or "": the default preset; one preset's name, or several with commas
 * between; else the path of a device file. Returns 0, or -EINVAL (text is wrong), -ENOENT and other
 * codes of open(2) and read(2), with *error filled. Uses no heap and no stdio streams. Not for two
 * threads with one *out; out is unspecified after an error.
 */
int vgpu_simdev_load(struct vgpu_simdev *out, const char *spec, struct vgpu_simdev_error *error);

/* The same from text of a device file. */
int vgpu_simdev_parse(struct vgpu_simdev *out, const char *text, size_t size,
		      struct vgpu_simdev_error *error);

/* "cards.conf:7:12: unknown key 'memroy'"; always terminated. */
void vgpu_simdev_describe(const struct vgpu_simdev_error *error, const char *spec, char *text,
			  size_t size);

/*
 * Which devices a program sees and in which order, as the driver reads CUDA_DEVICE_ORDER (PCI_BUS_ID
 * numbers them by address, anything else as they stand in the file) and CUDA_VISIBLE_DEVICES: NULL
 * shows all; entries are indices or unique beginnings of a UUID ("GPU-6f3c"); the first entry
 * that is invalid, ambiguous or a repetition ends the list. Returns how many places it filled.
 */
uint32_t vgpu_simdev_visible(const struct vgpu_simdev *simdev, const char *device_order, const char *value,
			     uint8_t order[VGPU_SIMDEV_MAX]);

/* "GPU-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" and its end. */
#define VGPU_SIMDEV_UUID_TEXT 41
void vgpu_simdev_uuid_text(const uint8_t uuid[16], char text[VGPU_SIMDEV_UUID_TEXT]);

/* Name and title of preset `i`, NULL past the last: for lists and help. */
const char *vgpu_simdev_preset_name(unsigned i);
const char *vgpu_simdev_preset_title(unsigned i);

/* The number of an attribute by its name, with or without CU_DEVICE_ATTRIBUTE_; 0: none. */
unsigned vgpu_simdev_attribute_find(const char *name, size_t size);

/* Fills *device from a preset, but for what depends on its place; false: no such preset. */
_Bool vgpu_simdev_preset(struct vgpu_sim_device *device, const char *name, size_t size);

/* UUID, PCI address and serial of the device in place `index`, where the file gave none. */
void vgpu_simdev_place(struct vgpu_sim_device *device, unsigned index);

#endif
