/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the first bytes of a function as they are in a process now: kernel_bytes PID LIBRARY FUNCTION. */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uintptr_t base_of(int pid, const char *library)
{
	char line[PATH_MAX + 128], path[64];
	unsigned long base = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strlen(line) > strlen(library) && !strcmp(line + strlen(line) - strlen(library), library)) {
			base = strtoul(line, NULL, 16);
			break;
		}
	}
	if (file)
		fclose(file);
	return base;
}

int main(int argc, char **argv)
{
	void *handle = argc == 4 ? dlopen(argv[2], RTLD_NOW) : NULL;
	void *function = handle ? dlsym(handle, argv[3]) : NULL;
	char path[64], real[PATH_MAX];
	unsigned char bytes[16];
	uintptr_t base;
	Dl_info info;
	int fd;

	if (!function || !dladdr(function, &info) || !realpath(argv[2], real))
		return 2;
	base = base_of(atoi(argv[1]), real);
	snprintf(path, sizeof(path), "/proc/%s/mem", argv[1]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!base || fd < 0 ||
	    pread(fd, bytes, sizeof(bytes), base + ((uintptr_t)function - (uintptr_t)info.dli_fbase)) != sizeof(bytes))
		return 1;
	for (size_t i = 0; i < sizeof(bytes); i++)
		printf("%02x ", bytes[i]);
	putchar('\n');
	return 0;
}
