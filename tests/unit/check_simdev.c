/* SPDX-License-Identifier: Apache-2.0 */
/* Device files, presets, and which devices a program sees. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/backend/sim/device.h"
#include "tests/unit/unit.h"

static struct vgpu_simdev simdev;
static struct vgpu_simdev_error error;

static int parse(const char *text)
{
	size_t size = strlen(text);
	/* a copy without a terminator and with nothing behind it: ASan sees a read past the end */
	char *copy = malloc(size ? size : 1);
	int err;

	memcpy(copy, text, size);
	err = vgpu_simdev_parse(&simdev, copy, size, &error);
	free(copy);
	return err;
}

static int attribute(const struct vgpu_sim_device *device, const char *name)
{
	unsigned number = vgpu_simdev_attribute_find(name, strlen(name));

	ck_assert_uint_ne(number, 0);
	return device->attribute[number];
}

static const struct {
	const char *text;
	unsigned line, column;
	const char *message;
} wrong[] = {
	{ "memroy = 1", 1, 1, "unknown key 'memroy'" },
	{ "[device]\nname = \"x\"\n[device l4]\n\n\n\n    \t      memroy = 80 GiB", 7, 12,
	  "unknown key 'memroy'" },
	{ "driver", 1, 7, "expected '=' and a value" },
	{ "driver =", 1, 9, "expected a value after '='" },
	{ "  driver =  # nothing", 1, 11, "expected a value after '='" },
	{ " = 5", 1, 2, "expected a key before '='" },
	{ "driver = \"580", 1, 10, "this '\"' is not closed" },
	{ "driver = \"5\"8\"0\"", 1, 12, "a value cannot contain '\"'" },
	{ "driver = \"\"", 1, 11, "'driver' is empty" },
	{ "driver = 1234567890123456789012345678901234567890", 1, 41,
	  "'driver' is longer than 31 characters" },
	{ "driver = 5\0018", 1, 11, "'driver' has a control character" },
	{ "cuda = 13", 1, 8, "'cuda' needs two numbers such as '9.0'" },
	{ "cuda = 13.x", 1, 8, "'cuda' needs two numbers such as '9.0'" },
	{ "cuda = 100.0", 1, 8, "'cuda' needs two numbers such as '9.0'" },
	{ "memory = 80 GiB", 1, 1, "'memory' belongs to a device: begin one with [device]" },
	{ "[device", 1, 1, "this '[' is not closed" },
	{ "[device] l4", 1, 9, "nothing may follow a section's ']'" },
	{ "[card]", 1, 2, "unknown section 'card'" },
	{ "[devices]", 1, 2, "unknown section 'devices'" },
	{ "[device h1000]", 1, 9, "unknown preset 'h1000'" },
	{ "[device]\ndriver = 5", 2, 1, "unknown key 'driver'" },
	{ "[device]\nmemory = lots", 2, 10, "'memory' needs a size such as '80 GiB'" },
	{ "[device]\nmemory = 80", 2, 12, "'memory' needs a unit: B, KiB, MiB, GiB or TiB" },
	{ "[device]\nmemory = 80 GB", 2, 13, "'memory' needs a unit: B, KiB, MiB, GiB or TiB" },
	{ "[device]\nmemory = 1 KiB", 2, 10,
	  "'memory' must be between 2097152 and 17592186044416 bytes" },
	{ "[device]\nmemory = 99999999999999 TiB", 2, 10,
	  "'memory' must be between 2097152 and 17592186044416 bytes" },
	{ "[device]\nmemory = 99999999999999999999 B", 2, 10,
	  "'memory' needs a size such as '80 GiB'" },
	{ "[device]\ntemperature = 3x", 2, 16, "'temperature' needs a whole number" },
	{ "[device]\ntemperature = -3", 2, 15, "'temperature' needs a whole number" },
	{ "[device]\ntemperature = 300", 2, 15, "'temperature' must be between 0 and 200" },
	{ "[device]\ncount = 0", 2, 9, "'count' must be between 1 and 64" },
	{ "[device]\ncount = 65", 2, 9, "'count' must be between 1 and 64" },
	{ "[device]\npersistence = 1", 2, 15, "'persistence' is either 'on' or 'off'" },
	{ "[device]\ncompute = 9", 2, 11, "'compute' needs two numbers such as '9.0'" },
	{ "[device]\nattribute.WARPS = 1", 2, 11, "unknown attribute 'WARPS'" },
	{ "[device]\nattribute.WARP_SIZE = big", 2, 23,
	  "an attribute needs a whole number of 32 bits" },
	{ "[device]\nattribute.WARP_SIZE = 2147483648", 2, 23,
	  "an attribute needs a whole number of 32 bits" },
	{ "[device]\nuuid = GPU-6f3c", 2, 16, "'uuid' needs hexadecimal digits here" },
	{ "[device]\nuuid = GPU-6f3c00001111222233334444555566667777", 2, 20,
	  "'uuid' needs a '-' here" },
	{ "[device]\nuuid = 6f3c0000-1111-2222-3333-444455556666-7", 2, 44, "'uuid' is too long" },
	{ "[device]\npci = 17", 2, 9, "'pci' needs an address such as '0000:17:00.0'" },
	{ "[device]\npci = 0:17:00.0", 2, 7, "'pci' needs a domain of 4 to 8 hexadecimal digits" },
	{ "[device]\npci = 0000:17:00.1", 2, 19, "'pci' is of function 0 only" },
	{ "[device]\npci = 0000:17:00.0.0", 2, 19, "'pci' is too long" },
	{ "[device]\n[device l4]\ncount = 2\npci = 01:00\n", 2, 2,
	  "a device with its own 'pci' cannot have a 'count'" },
	{ "[device]\npci = 17:00\n\n[device l4]\npci = 17:00\n[device]\n", 4, 2,
	  "device 1 has the UUID or PCI address of device 0" },
	{ "[device]\nuuid = 6f3c0000-1111-2222-3333-444455556666\n"
	  " [device l4]\nuuid = GPU-6F3C0000-1111-2222-3333-444455556666",
	  3, 3, "device 1 has the UUID or PCI address of device 0" },
	{ "[device]\ncount = 40\n[device t4]\ncount = 30\n", 3, 2, "more than 64 devices" },
	{ "[device]\ncount = 64\n[device t4]\n", 3, 2, "more than 64 devices" },
};

START_TEST(every_error_names_its_line_and_column)
{
	char text[256], expected[256];

	ck_assert_int_eq(parse(wrong[_i].text), -EINVAL);
	vgpu_simdev_describe(&error, "cards.conf", text, sizeof(text));
	snprintf(expected, sizeof(expected), "cards.conf:%u:%u: %s", wrong[_i].line,
		 wrong[_i].column, wrong[_i].message);
	ck_assert_str_eq(text, expected);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_refused_with_their_place)
{
	static const char text[] = "cuda = 12.4\ndriver\0 = 5";

	ck_assert_int_eq(vgpu_simdev_parse(&simdev, text, sizeof(text) - 1, &error), -EINVAL);
	ck_assert_uint_eq(error.line, 2);
	ck_assert_uint_eq(error.column, 7);
}
END_TEST

START_TEST(the_default_is_an_h100_with_80_gib)
{
	ck_assert_int_eq(vgpu_simdev_load(&simdev, NULL, &error), 0);
	ck_assert_uint_eq(simdev.count, 1);
	ck_assert_int_eq(simdev.cuda_version, 13000);
	ck_assert_str_eq(simdev.device[0].name, "NVIDIA H100 80GB HBM3");
	ck_assert_int_eq(attribute(&simdev.device[0], "COMPUTE_CAPABILITY_MAJOR"), 9);
	ck_assert_int_eq(attribute(&simdev.device[0], "COMPUTE_CAPABILITY_MINOR"), 0);
	ck_assert_int_eq(attribute(&simdev.device[0], "VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED"), 1);
	ck_assert_uint_gt(simdev.device[0].memory_bytes >> 30, 78);
	ck_assert_uint_lt(simdev.device[0].memory_bytes >> 30, 81);
}
END_TEST

START_TEST(every_preset_loads_by_its_name_and_is_itself)
{
	for (unsigned i = 0; vgpu_simdev_preset_name(i); i++) {
		const char *name = vgpu_simdev_preset_name(i);
		const struct vgpu_sim_device *device = &simdev.device[0];

		ck_assert_int_eq(vgpu_simdev_load(&simdev, name, &error), 0);
		ck_assert_str_eq(device->name, vgpu_simdev_preset_title(i));
		ck_assert_str_eq(device->preset, name);
		ck_assert_int_gt(attribute(device, "MULTIPROCESSOR_COUNT"), 0);
		ck_assert_int_eq((int)device->clock_max_mhz * 1000 >=
					 attribute(device, "CLOCK_RATE"), 1);
		ck_assert_int_eq((int)device->clock_memory_max_mhz * 1000,
				 attribute(device, "MEMORY_CLOCK_RATE"));
		ck_assert_int_eq((int)device->cores % attribute(device, "MULTIPROCESSOR_COUNT"), 0);
		ck_assert_uint_eq(device->pci_id & 0xffff, 0x10de);
	}
}
END_TEST

START_TEST(several_presets_are_devices_that_differ_and_stay_the_same)
{
	static struct vgpu_simdev again;

	ck_assert_int_eq(vgpu_simdev_load(&simdev, "h100-80gb,h100-80gb,l4", &error), 0);
	ck_assert_int_eq(vgpu_simdev_load(&again, "h100-80gb,h100-80gb,l4", &error), 0);
	ck_assert_uint_eq(simdev.count, 3);
	ck_assert_mem_eq(&simdev, &again, sizeof(again));
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned k = 0; k < i; k++) {
			ck_assert_mem_ne(simdev.device[i].uuid, simdev.device[k].uuid, 16);
			ck_assert_uint_ne(simdev.device[i].pci.bus, simdev.device[k].pci.bus);
			ck_assert_str_ne(simdev.device[i].serial, simdev.device[k].serial);
		}
		ck_assert_int_eq(attribute(&simdev.device[i], "PCI_BUS_ID"),
				 (int)simdev.device[i].pci.bus);
	}
	ck_assert_int_eq(attribute(&simdev.device[2], "COMPUTE_CAPABILITY_MAJOR"), 8);
}
END_TEST

START_TEST(a_file_can_say_everything)
{
	const struct vgpu_sim_device *device = simdev.device;
	char uuid[VGPU_SIMDEV_UUID_TEXT];

	ck_assert_int_eq(parse("# a comment\r\n"
			       "driver = 470.57.02   # old\r\n"
			       "cuda = 11.4\r\n"
			       "\r\n"
			       "[device h100-80gb]\n"
			       "name = \"Card # 1\" # two of it\n"
			       "count = 2\n"
			       "Memory = 40 GiB\n"
			       "[ device  t4 ]\n"
			       "compute = 8.6\n"
			       "uuid = gpu-6F3C0000-1111-2222-3333-444455556666\n"
			       "pci = 00000002:ab:1f.0\n"
			       "pci_id = 0x123410de\n"
			       "persistence = off\n"
			       "temperature=55\n"
			       "attribute.CU_DEVICE_ATTRIBUTE_WARP_SIZE = 64\n"
			       "attribute.numa_id = -1\n"
			       "[device]"),
			 0);
	ck_assert_str_eq(simdev.driver, "470.57.02");
	ck_assert_int_eq(simdev.cuda_version, 11040);
	ck_assert_uint_eq(simdev.count, 4);
	ck_assert_str_eq(device[0].name, "Card # 1");
	ck_assert_str_eq(device[1].name, "Card # 1");
	ck_assert_uint_eq(device[1].memory_bytes, UINT64_C(40) << 30);
	ck_assert_mem_ne(device[0].uuid, device[1].uuid, 16);
	ck_assert_int_eq(attribute(&device[2], "COMPUTE_CAPABILITY_MAJOR"), 8);
	ck_assert_int_eq(attribute(&device[2], "COMPUTE_CAPABILITY_MINOR"), 6);
	ck_assert_int_eq(attribute(&device[2], "WARP_SIZE"), 64);
	ck_assert_int_eq(attribute(&device[2], "NUMA_ID"), -1);
	ck_assert_int_eq(attribute(&device[2], "PCI_DOMAIN_ID"), 2);
	ck_assert_int_eq(attribute(&device[2], "PCI_BUS_ID"), 0xab);
	ck_assert_int_eq(attribute(&device[2], "PCI_DEVICE_ID"), 0x1f);
	ck_assert_int_eq(attribute(&device[2], "GPU_PCI_DEVICE_ID"), 0x123410de);
	ck_assert_uint_eq(device[2].persistence, 0);
	ck_assert_uint_eq(device[2].temperature_c, 55);
	vgpu_simdev_uuid_text(device[2].uuid, uuid);
	ck_assert_str_eq(uuid, "GPU-6f3c0000-1111-2222-3333-444455556666");
	ck_assert_str_eq(device[3].name, "NVIDIA H100 80GB HBM3");
}
END_TEST

START_TEST(the_example_is_a_good_file)
{
	const char *source = getenv("VGPU_SOURCE_DIR");
	char path[4096], text[256] = "";

	ck_assert_msg(source != NULL, "VGPU_SOURCE_DIR is not set: run through ctest");
	snprintf(path, sizeof(path), "%s/examples/devices.conf", source);
	if (vgpu_simdev_load(&simdev, path, &error))
		vgpu_simdev_describe(&error, path, text, sizeof(text));
	ck_assert_str_eq(text, "");
	ck_assert_uint_eq(simdev.count, 3);
	ck_assert_str_eq(simdev.device[2].name, "A card of my own");
}
END_TEST

START_TEST(a_file_without_a_section_has_no_device)
{
	ck_assert_int_eq(parse("driver = 580.1\n"), 0);
	ck_assert_uint_eq(simdev.count, 0);
}
END_TEST

START_TEST(a_missing_file_is_not_a_place_in_its_text)
{
	char text[256];

	ck_assert_int_eq(vgpu_simdev_load(&simdev, "/nonexistent/cards.conf", &error), -ENOENT);
	vgpu_simdev_describe(&error, "/nonexistent/cards.conf", text, sizeof(text));
	ck_assert_str_eq(text, "/nonexistent/cards.conf: cannot read: No such file or directory");
	ck_assert_int_eq(vgpu_simdev_load(&simdev, "h101", &error), -ENOENT);
	vgpu_simdev_describe(&error, "h101", text, sizeof(text));
	ck_assert_str_eq(text, "h101: no preset and no file of that name");
	ck_assert_int_eq(vgpu_simdev_load(&simdev, "/", &error), -EISDIR);
	ck_assert_uint_eq(error.line, 0);
}
END_TEST

START_TEST(a_file_is_read_from_its_path_and_not_beyond_the_limit)
{
	char path[] = "/tmp/check_simdev.XXXXXX", text[256];
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(dprintf(fd, "[device t4]\ncount=3\n[device l4]\nname=\n"), 38);
	ck_assert_int_eq(vgpu_simdev_load(&simdev, path, &error), -EINVAL);
	ck_assert_uint_eq(error.line, 4);
	ck_assert_uint_eq(error.column, 6);
	ck_assert_int_eq(ftruncate(fd, 32), 0);
	ck_assert_int_eq(vgpu_simdev_load(&simdev, path, &error), 0);
	ck_assert_uint_eq(simdev.count, 4);
	ck_assert_int_eq(ftruncate(fd, VGPU_SIMDEV_FILE_MAX + 1), 0);
	ck_assert_int_eq(vgpu_simdev_load(&simdev, path, &error), -EFBIG);
	vgpu_simdev_describe(&error, "big", text, sizeof(text));
	ck_assert_str_eq(text, "big: larger than 65536 bytes");
	close(fd);
	unlink(path);
}
END_TEST

/* Device i of four; their UUIDs begin a0, a1, b0, b0. */
static const char four[] = "[device]\nuuid = a0000000-1111-2222-3333-444455556666\n"
			   "[device]\nuuid = a1000000-1111-2222-3333-444455556666\n"
			   "[device]\nuuid = b0000000-1111-2222-3333-444455556666\n"
			   "[device]\nuuid = b0000000-1111-2222-3333-444455556667\n";

static const struct {
	const char *value, *order;
} visible[] = {
	{ NULL, "0123" },
	{ "", "" },
	{ "0", "0" },
	{ "2,0", "20" },
	{ " 3 , 1", "31" },
	{ "3,1,", "31" },
	{ "-1", "" },
	{ "1,-1,2", "1" },
	{ "1,4,2", "1" },
	{ "0,none", "0" },
	{ "0,1x,2", "0" },
	{ "0,1,0,2", "01" },
	{ "GPU-a0", "0" },
	{ "GPU-A1,GPU-a0", "10" },
	{ "GPU-a", "" },
	{ "GPU-", "" },
	{ "GPU-b0000000-1111-2222-3333-444455556667,0", "30" },
	{ "GPU-b0000000-1111-2222-3333-4444555566677", "" },
	{ "1,GPU-b0,0", "1" },
	{ "1,GPU-a1,0", "1" },
	{ "1,GPU-c0,0", "1" },
	{ "MIG-a0", "" },
	{ "NoDevFiles", "" },
	{ "99999999999999999999", "" },
};

START_TEST(devices_are_numbered_by_their_address_where_that_is_asked_for)
{
	static const char text[] = "[device l4]\npci = 0001:02:00.0\n[device t4]\npci = 0000:81:00.0\n"
				   "[device h200]\npci = 0000:17:00.0\n";
	uint8_t order[VGPU_SIMDEV_MAX];

	ck_assert_int_eq(parse(text), 0);
	ck_assert_uint_eq(vgpu_simdev_visible(&simdev, "PCI_BUS_ID", NULL, order), 3);
	ck_assert_int_eq(order[0] * 100 + order[1] * 10 + order[2], 210);
	ck_assert_uint_eq(vgpu_simdev_visible(&simdev, "PCI_BUS_ID", "2,0", order), 2);
	ck_assert_int_eq(order[0] * 10 + order[1], 2);
	ck_assert_uint_eq(vgpu_simdev_visible(&simdev, "FASTEST_FIRST", "2", order), 1);
	ck_assert_int_eq(order[0], 2);
}
END_TEST

START_TEST(visible_devices_are_read_as_the_driver_reads_them)
{
	uint8_t order[VGPU_SIMDEV_MAX];
	char text[VGPU_SIMDEV_MAX + 1] = "";
	uint32_t count;

	ck_assert_int_eq(parse(four), 0);
	count = vgpu_simdev_visible(&simdev, NULL, visible[_i].value, order);
	for (uint32_t i = 0; i < count; i++)
		text[i] = (char)('0' + order[i]);
	ck_assert_str_eq(text, visible[_i].order);
}
END_TEST

int main(void)
{
	TCase *tc = unit_case("simdev");

	tcase_add_loop_test(tc, every_error_names_its_line_and_column, 0,
			    (int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_test(tc, bytes_that_are_no_text_are_refused_with_their_place);
	tcase_add_test(tc, the_default_is_an_h100_with_80_gib);
	tcase_add_test(tc, every_preset_loads_by_its_name_and_is_itself);
	tcase_add_test(tc, several_presets_are_devices_that_differ_and_stay_the_same);
	tcase_add_test(tc, a_file_can_say_everything);
	tcase_add_test(tc, the_example_is_a_good_file);
	tcase_add_test(tc, a_file_without_a_section_has_no_device);
	tcase_add_test(tc, a_missing_file_is_not_a_place_in_its_text);
	tcase_add_test(tc, a_file_is_read_from_its_path_and_not_beyond_the_limit);
	tcase_add_test(tc, devices_are_numbered_by_their_address_where_that_is_asked_for);
	tcase_add_loop_test(tc, visible_devices_are_read_as_the_driver_reads_them, 0,
			    (int)(sizeof(visible) / sizeof(visible[0])));
	return unit_run();
}
