// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace doctor: what works on this machine, and what would answer a GPU program. */
#include <errno.h>
#include <gnu/libc-version.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "shim/api/schema.h"
#include "shim/backend/sim/device.h"
#include "tracer/cli/args.h"
#include "tracer/cli/command.h"
#include "tracer/cli/doctor.h"
#include "tracer/cli/say.h"
#include "tracer/model/library.h"
#include "tracer/source/connector.h"
#include "tracer/source/elf.h"
#include "tracer/source/find.h"
#include "tracer/source/inject.h"
#include "tracer/source/ldso.h"

static void check_libraries(void)
{
	struct vgpu_text missing = { 0 };
	char libdir[512], path[1024];
	int err = vgpu_inject_libdir(libdir, sizeof(libdir), &missing);

	puts("our libraries");
	if (err)
		printf("  missing: %s in %s\n", err == -ENOEXEC ? "others lie" : "none", vgpu_text_string(&missing));
	for (unsigned i = 0; !err && i < 4; i++) {
		const struct vgpu_api *api = vgpu_api_find(vgpu_own_libraries[i].library);
		struct vgpu_text line = { 0 };
		struct vgpu_elf elf;

		snprintf(path, sizeof(path), "%s/%s", libdir, vgpu_own_libraries[i].file);
		if (vgpu_elf_read(path, &elf))
			continue;
		vgpu_build_id_format(&line, elf.build_id, elf.build_id_size, false);
		printf("  %-18s %s  %u functions, %s%s\n", vgpu_own_libraries[i].names[0], path, elf.symbols,
		       vgpu_text_string(&line),
		       api && elf.schema_hash != api->schema_hash ? ", DESCRIBED BY ANOTHER VERSION" : "");
		vgpu_text_free(&line);
	}
	vgpu_text_free(&missing);
}

static void check_answers(const struct vgpu_look *look)
{
	static const char *const names[] = { "libcuda.so.1", "libnvidia-ml.so.1", "libcudart.so.13", "libcudart.so.12" };

	puts("what answers a program started from this shell (unless it names a place of its own)");
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct vgpu_ldso_answer found;
		struct vgpu_model_answer answer = { .soname = (char *)names[i] };
		struct vgpu_text line = { 0 };
		struct vgpu_elf elf = { 0 };

		if (vgpu_ldso_find(names[i], getenv("LD_PRELOAD"), getenv("LD_LIBRARY_PATH"), &found)) {
			answer.path = found.path;
			answer.where = found.where;
			answer.error = -vgpu_elf_read(found.path, &elf);
			answer.library = elf.library;
			answer.symbols = elf.symbols;
			answer.build_id_size = elf.build_id_size;
			memcpy(answer.build_id, elf.build_id, sizeof(answer.build_id));
		}
		vgpu_text_puts(&line, "  ");
		vgpu_answer_format(&line, look, &answer);
		puts(vgpu_text_string(&line));
		vgpu_text_free(&line);
	}
}

static void print_directory(const char *path, void *data)
{
	unsigned *count = data;

	printf("  %s%s\n", path, access(path, R_OK | X_OK) ? "  (not ours to read)" : "");
	++*count;
}

int vgpu_cmd_doctor(const struct vgpu_command *command, int argc, char **argv)
{
	struct vgpu_args args = { .command = command, .argc = argc, .argv = argv };
	int option = vgpu_args_next(&args), connector;
	struct vgpu_look look;
	struct utsname name;
	unsigned count = 0;

	if (option != VGPU_ARGS_END)
		return option == VGPU_ARGS_HELP ? VGPU_EXIT_DONE : VGPU_EXIT_USAGE;
	vgpu_look_for(STDOUT_FILENO, &look);
	uname(&name);
	printf("vgpu-trace %s on Linux %s, %s, glibc %s\n\n", VGPU_VERSION, name.release, name.machine,
	       gnu_get_libc_version());
	check_libraries();
	putchar('\n');
	check_answers(&look);
	puts("\nobservers");
	puts("  ring       works wherever our libraries are");
	connector = vgpu_connector_open();
	if (connector >= 0)
		puts("  processes  the kernel's connector can be opened: every fork, exec and exit is seen");
	else
		printf("  processes  by polling /proc: the kernel's connector: %s\n", strerror(-connector));
	if (connector >= 0)
		close(connector);
	vgpu_doctor_kernel();
	vgpu_doctor_predict();
	puts("\nsimulated devices: --device with one of these, or with a file");
	for (unsigned i = 0; vgpu_simdev_preset_name(i); i++)
		printf("  %-18s %s%s\n", vgpu_simdev_preset_name(i), vgpu_simdev_preset_title(i),
		       strcmp(vgpu_simdev_preset_name(i), VGPU_SIMDEV_DEFAULT) ? "" : "  (default)");
	puts("\ndirectories with rings");
	vgpu_find_directories(print_directory, &count);
	if (!count)
		puts("  none yet");
	return VGPU_EXIT_DONE;
}
