/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a device file, and how the text of each value becomes a figure of the device. */
#include <ctype.h>
#include <errno.h>

#include "gen/cuda_types.h"
#include "shim/backend/sim/parse.h"

enum kind { TEXT, BYTES, NUMBER, SWITCH, VERSION, COMPUTE, UUID, PCI, COUNT };

/* One key; offset and size are those of its field in struct vgpu_simdev or vgpu_sim_device. */
struct key {
	const char *name;
	enum kind kind;
	size_t offset;
	size_t size;
	uint64_t min, max;
};

#define FIELD(type, member) offsetof(struct type, member), sizeof(((struct type *)0)->member)
#define DRIVER(member) FIELD(vgpu_simdev, member)
#define DEVICE(member) FIELD(vgpu_sim_device, member)
#define MEMORY_MAX (UINT64_C(1) << 44)

static const struct key driver_keys[] = {
	{ "driver", TEXT, DRIVER(driver), 1, 0 },
	{ "cuda", VERSION, DRIVER(cuda_version), 0, 0 },
};

static const struct key keys[] = {
	{ "count", COUNT, 0, 0, 1, VGPU_SIMDEV_MAX },
	{ "name", TEXT, DEVICE(name), 1, 0 },
	{ "memory", BYTES, DEVICE(memory_bytes), UINT64_C(1) << 21, MEMORY_MAX },
	{ "reserved", BYTES, DEVICE(reserved_bytes), 0, MEMORY_MAX },
	{ "context_memory", BYTES, DEVICE(context_bytes), 0, MEMORY_MAX },
	{ "bar1", BYTES, DEVICE(bar1_bytes), 0, MEMORY_MAX },
	{ "compute", COMPUTE, 0, 0, 0, 0 },
	{ "uuid", UUID, DEVICE(uuid), 0, 0 },
	{ "pci", PCI, DEVICE(pci), 0, 0 },
	{ "pci_id", NUMBER, DEVICE(pci_id), 0, UINT32_MAX },
	{ "pci_subsystem", NUMBER, DEVICE(pci_subsystem), 0, UINT32_MAX },
	{ "serial", TEXT, DEVICE(serial), 1, 0 },
	{ "part", TEXT, DEVICE(part), 1, 0 },
	{ "vbios", TEXT, DEVICE(vbios), 1, 0 },
	{ "cores", NUMBER, DEVICE(cores), 1, 1000000 },
	{ "architecture", NUMBER, DEVICE(architecture), 0, UINT32_MAX },
	{ "brand", NUMBER, DEVICE(brand), 0, 64 },
	{ "pcie_generation", NUMBER, DEVICE(pcie_generation), 1, 8 },
	{ "pcie_width", NUMBER, DEVICE(pcie_width), 1, 32 },
	{ "fans", NUMBER, DEVICE(fans), 0, 16 },
	{ "temperature", NUMBER, DEVICE(temperature_c), 0, 200 },
	{ "temperature_slowdown", NUMBER, DEVICE(temperature_slowdown_c), 0, 200 },
	{ "temperature_shutdown", NUMBER, DEVICE(temperature_shutdown_c), 0, 200 },
	{ "power_mw", NUMBER, DEVICE(power_idle_mw), 0, 100000000 },
	{ "power_limit_mw", NUMBER, DEVICE(power_limit_mw), 0, 100000000 },
	{ "power_min_mw", NUMBER, DEVICE(power_min_mw), 0, 100000000 },
	{ "clock_mhz", NUMBER, DEVICE(clock_idle_mhz), 0, 100000 },
	{ "clock_max_mhz", NUMBER, DEVICE(clock_max_mhz), 0, 100000 },
	{ "clock_memory_mhz", NUMBER, DEVICE(clock_memory_idle_mhz), 0, 100000 },
	{ "clock_memory_max_mhz", NUMBER, DEVICE(clock_memory_max_mhz), 0, 100000 },
	{ "clock_video_mhz", NUMBER, DEVICE(clock_video_idle_mhz), 0, 100000 },
	{ "clock_video_max_mhz", NUMBER, DEVICE(clock_video_max_mhz), 0, 100000 },
	{ "utilization", NUMBER, DEVICE(utilization_gpu), 0, 100 },
	{ "utilization_memory", NUMBER, DEVICE(utilization_memory), 0, 100 },
	{ "utilization_encoder", NUMBER, DEVICE(utilization_encoder), 0, 100 },
	{ "utilization_decoder", NUMBER, DEVICE(utilization_decoder), 0, 100 },
	{ "temperature_max", NUMBER, DEVICE(temperature_max_c), 0, 200 },
	{ "temperature_memory", NUMBER, DEVICE(temperature_memory_c), 0, 200 },
	{ "temperature_memory_max", NUMBER, DEVICE(temperature_memory_max_c), 0, 200 },
	{ "clock_memory_low_mhz", NUMBER, DEVICE(clock_memory_low_mhz), 0, 100000 },
	{ "low_state", NUMBER, DEVICE(low_state), 0, 15 },
	{ "fan_percent", NUMBER, DEVICE(fan_percent), 0, 100 },
	{ "pcie_tx_kbs", NUMBER, DEVICE(pcie_tx_kbs), 0, 1000000000 },
	{ "pcie_rx_kbs", NUMBER, DEVICE(pcie_rx_kbs), 0, 1000000000 },
	{ "numa_node", NUMBER, DEVICE(numa_node), 0, 63 },
	{ "nvlinks", NUMBER, DEVICE(nvlinks), 0, 18 },
	{ "ecc_corrected", NUMBER, DEVICE(ecc_corrected), 0, UINT32_MAX },
	{ "ecc_uncorrected", NUMBER, DEVICE(ecc_uncorrected), 0, UINT32_MAX },
	{ "retired_pages", NUMBER, DEVICE(retired_pages), 0, 64 },
	{ "remapped_rows", NUMBER, DEVICE(remapped_rows), 0, 512 },
	{ "remap_pending", SWITCH, DEVICE(remap_pending), 0, 1 },
	{ "remap_failed", SWITCH, DEVICE(remap_failed), 0, 1 },
	{ "inforom", TEXT, DEVICE(inforom), 1, 0 },
	{ "persistence", SWITCH, DEVICE(persistence), 0, 1 },
};

/* Decimal or 0x… digits at the start of the piece; moves past them. False: none, or too large. */
static bool take_number(struct piece *piece, uint64_t *value)
{
	int base = 10;
	size_t i = 0;

	*value = 0;
	if (piece->size > 2 && piece->at[0] == '0' && (piece->at[1] | 32) == 'x') {
		base = 16;
		i = 2;
	}
	size_t first = i;
	for (; i < piece->size; i++) {
		int c = (unsigned char)piece->at[i];
		int digit = isdigit(c)                  ? c - '0'
			    : base == 16 && isxdigit(c) ? (c | 32) - 'a' + 10
							: -1;

		if (digit < 0)
			break;
		if (__builtin_mul_overflow(*value, (uint64_t)base, value) ||
		    __builtin_add_overflow(*value, (uint64_t)digit, value))
			return false;
	}
	piece->at += i;
	piece->size -= i;
	return i > first;
}

static int take_hex(struct piece *piece, unsigned digits, uint64_t *value)
{
	*value = 0;
	if (piece->size < digits)
		return -1;
	for (unsigned i = 0; i < digits; i++) {
		int c = (unsigned char)piece->at[i];

		if (!isxdigit(c))
			return -1;
		*value = *value << 4 | (uint64_t)(isdigit(c) ? c - '0' : (c | 32) - 'a' + 10);
	}
	piece->at += digits;
	piece->size -= digits;
	return 0;
}

static bool take_char(struct piece *piece, char c)
{
	if (!piece->size || piece->at[0] != c)
		return false;
	piece->at++;
	piece->size--;
	return true;
}

static int set_text(struct parser *p, const struct key *key, struct piece value, char *field)
{
	if (value.size < key->min)
		return simdev_fail(p, value.at, "'%s' is empty", key->name);
	if (value.size >= key->size)
		return simdev_fail(p, value.at + key->size - 1, "'%s' is longer than %zu characters",
			    key->name, key->size - 1);
	for (size_t i = 0; i < value.size; i++)
		if ((unsigned char)value.at[i] < 0x20 || value.at[i] == 0x7f)
			return simdev_fail(p, value.at + i, "'%s' has a control character", key->name);
	memset(field, 0, key->size);
	memcpy(field, value.at, value.size);
	return 0;
}

static int set_bytes(struct parser *p, const struct key *key, struct piece value, uint64_t *field)
{
	static const struct {
		const char *name;
		unsigned shift;
	} units[] = { { "B", 0 }, { "KiB", 10 }, { "MiB", 20 }, { "GiB", 30 }, { "TiB", 40 } };
	struct piece rest = value;
	uint64_t n;
	size_t i;

	if (!take_number(&rest, &n))
		return simdev_fail(p, value.at, "'%s' needs a size such as '80 GiB'", key->name);
	rest = trim(rest.at, rest.at + rest.size);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (same(rest, units[i].name))
			break;
	if (i == sizeof(units) / sizeof(units[0]))
		return simdev_fail(p, rest.at, "'%s' needs a unit: B, KiB, MiB, GiB or TiB", key->name);
	if (n > key->max >> units[i].shift || n << units[i].shift < key->min)
		return simdev_fail(p, value.at, "'%s' must be between %llu and %llu bytes", key->name,
			    (unsigned long long)key->min, (unsigned long long)key->max);
	*field = n << units[i].shift;
	return 0;
}

static int set_number(struct parser *p, const struct key *key, struct piece value, uint32_t *field)
{
	struct piece rest = value;
	uint64_t n;

	if (!take_number(&rest, &n) || rest.size)
		return simdev_fail(p, rest.size ? rest.at : value.at, "'%s' needs a whole number",
			    key->name);
	if (n < key->min || n > key->max)
		return simdev_fail(p, value.at, "'%s' must be between %llu and %llu", key->name,
			    (unsigned long long)key->min, (unsigned long long)key->max);
	*field = (uint32_t)n;
	return 0;
}

static int set_switch(struct parser *p, const struct key *key, struct piece value, uint32_t *field)
{
	if (!same(value, "on") && !same(value, "off"))
		return simdev_fail(p, value.at, "'%s' is either 'on' or 'off'", key->name);
	*field = same(value, "on");
	return 0;
}

/* "MAJOR.MINOR" */
static int take_pair(struct parser *p, const char *name, struct piece value, uint64_t *major,
		     uint64_t *minor)
{
	struct piece rest = value;

	if (!take_number(&rest, major) || !take_char(&rest, '.') || !take_number(&rest, minor) ||
	    rest.size || *major > 99 || *minor > 99)
		return simdev_fail(p, value.at, "'%s' needs two numbers such as '9.0'", name);
	return 0;
}

static int set_uuid(struct parser *p, struct piece value, uint8_t *uuid)
{
	static const uint8_t groups[] = { 4, 2, 2, 2, 6 };
	struct piece rest = value;
	uint64_t byte;
	unsigned n = 0;

	if (value.size > 4 && !strncasecmp(value.at, "GPU-", 4)) {
		rest.at += 4;
		rest.size -= 4;
	}
	for (unsigned g = 0; g < sizeof(groups); g++) {
		if (g && !take_char(&rest, '-'))
			return simdev_fail(p, rest.at, "'uuid' needs a '-' here");
		for (unsigned i = 0; i < groups[g]; i++) {
			if (take_hex(&rest, 2, &byte))
				return simdev_fail(p, rest.at, "'uuid' needs hexadecimal digits here");
			uuid[n++] = (uint8_t)byte;
		}
	}
	if (rest.size)
		return simdev_fail(p, rest.at, "'uuid' is too long");
	p->own_uuid = true;
	return 0;
}

/* [dddd:]bb:dd[.0] */
static int set_pci(struct parser *p, struct piece value, struct vgpu_sim_pci *pci)
{
	struct piece rest = value;
	uint64_t domain = 0, bus, device, function = 0;
	size_t colons = 0, digits = 0;

	for (size_t i = 0; i < value.size; i++) {
		colons += value.at[i] == ':';
		digits += !colons;
	}
	if (colons == 2 && (digits < 4 || digits > 8 ||
			    take_hex(&rest, (unsigned)digits, &domain) || !take_char(&rest, ':')))
		return simdev_fail(p, value.at, "'pci' needs a domain of 4 to 8 hexadecimal digits");
	if (take_hex(&rest, 2, &bus) || !take_char(&rest, ':') || take_hex(&rest, 2, &device) ||
	    device > 31)
		return simdev_fail(p, rest.at, "'pci' needs an address such as '0000:17:00.0'");
	if (rest.size && (!take_char(&rest, '.') || take_hex(&rest, 1, &function) || function))
		return simdev_fail(p, rest.at, "'pci' is of function 0 only");
	if (rest.size)
		return simdev_fail(p, rest.at, "'pci' is too long");
	*pci = (struct vgpu_sim_pci){ (uint32_t)domain, (uint32_t)bus, (uint32_t)device };
	p->own_pci = true;
	return 0;
}

static int set_attribute(struct parser *p, struct piece name, struct piece value)
{
	unsigned number = vgpu_simdev_attribute_find(name.at, name.size);
	struct piece rest = value;
	uint64_t n;
	bool minus;

	if (!number)
		return simdev_fail(p, name.at, "unknown attribute '%.*s'", SHOW(name));
	minus = take_char(&rest, '-');
	if (!take_number(&rest, &n) || rest.size || n > (minus ? UINT64_C(1) << 31 : INT32_MAX))
		return simdev_fail(p, value.at, "an attribute needs a whole number of 32 bits");
	p->device->attribute[number] = (int32_t)(minus ? -(int64_t)n : (int64_t)n);
	return 0;
}

static int set(struct parser *p, const struct key *key, struct piece value)
{
	char *base = p->device ? (char *)p->device : (char *)p->out;
	void *field = base + key->offset;
	uint64_t major, minor;
	int err;

	switch (key->kind) {
	case TEXT:
		return set_text(p, key, value, field);
	case BYTES:
		return set_bytes(p, key, value, field);
	case NUMBER:
		return set_number(p, key, value, field);
	case SWITCH:
		return set_switch(p, key, value, field);
	case COUNT:
		return set_number(p, key, value, &p->copies);
	case UUID:
		return set_uuid(p, value, field);
	case PCI:
		return set_pci(p, value, field);
	case VERSION:
		err = take_pair(p, key->name, value, &major, &minor);
		if (!err)
			*(int32_t *)field = (int32_t)(major * 1000 + minor * 10);
		return err;
	case COMPUTE:
		err = take_pair(p, key->name, value, &major, &minor);
		if (err)
			return err;
		p->device->attribute[CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR] = (int32_t)major;
		p->device->attribute[CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR] = (int32_t)minor;
		return 0;
	}
	return -EINVAL;
}

int simdev_assign(struct parser *p, struct piece name, struct piece value)
{
	const struct key *table = p->device ? keys : driver_keys;
	size_t count = p->device ? sizeof(keys) / sizeof(keys[0])
				 : sizeof(driver_keys) / sizeof(driver_keys[0]);
	static const char attribute[] = "attribute.";

	if (p->device && name.size > sizeof(attribute) - 1 &&
	    !strncasecmp(name.at, attribute, sizeof(attribute) - 1)) {
		struct piece rest = { name.at + sizeof(attribute) - 1,
				      name.size - (sizeof(attribute) - 1) };
		return set_attribute(p, rest, value);
	}
	for (size_t i = 0; i < count; i++)
		if (same(name, table[i].name))
			return set(p, &table[i], value);
	for (size_t i = 0; !p->device && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (same(name, keys[i].name))
			return simdev_fail(p, name.at, "'%s' belongs to a device: begin one with [device]",
				    keys[i].name);
	return simdev_fail(p, name.at, "unknown key '%.*s'", SHOW(name));
}
