// SPDX-License-Identifier: Apache-2.0
/* Optional: names of GPU libraries lead to ours in $VGPU_AUDIT_REDIRECT, in processes that ask for them. */
#include "shim/audit/audit.h"

#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>

#include "shim/audit/sys.h"

static const struct {
	char name[24];
	char file[24];
} names[] = {
	{ "libcuda.so.1", "libvgpu-cuda.so" },
	{ "libcuda.so", "libvgpu-cuda.so" },
	{ "libnvidia-ml.so.1", "libvgpu-nvml.so" },
	{ "libnvidia-ml.so", "libvgpu-nvml.so" },
	{ "libcudart.so.13", "libvgpu-cudart13.so" },
	{ "libcudart.so.12", "libvgpu-cudart12.so" },
};
#define NAMES (sizeof(names) / sizeof(*names))

/* Made before the program runs: the linker may ask in any thread. "": not there. */
static char targets[NAMES][320];
static char directory[288];

void audit_redirect_start(void)
{
	const char *given = audit_stack_env(&audit.stack, "VGPU_AUDIT_REDIRECT");
	struct stat st;
	long err;

	if (!given || !*given)
		return;
	/* The linker would expand a '$', and look a relative name up from wherever the program is then. */
	err = *given != '/' || strlen(given) >= sizeof(directory) ? -EINVAL : 0;
	for (const char *p = given; *p; p++)
		if (*p == '$')
			err = -EINVAL;
	if (err) {
		audit_note(VGPU_LINK_NOTE, VGPU_LINK_NO_REDIRECT, -err, 0, 0, 0, given);
		return;
	}
	sys_put(sys_put(directory, given), "/");
	for (size_t i = 0; i < NAMES; i++) {
		sys_put(sys_put(targets[i], directory), names[i].file);
		err = sys_4(__NR_newfstatat, AT_FDCWD, targets[i], &st, 0);
		if (!err)
			continue;
		audit_note(VGPU_LINK_NOTE, VGPU_LINK_NO_REDIRECT, -err, 0, 0, 0, targets[i]);
		targets[i][0] = '\0';
	}
}

const char *audit_redirect(const char *name, const struct link_map *requester)
{
	if (!*directory)
		return NULL;
	/* Our own libraries mean what they ask for. */
	if (requester && requester->l_name && sys_after(requester->l_name, directory))
		return NULL;
	for (size_t i = 0; i < NAMES; i++)
		if (targets[i][0] && sys_equal(name, names[i].name))
			return targets[i];
	return NULL;
}
