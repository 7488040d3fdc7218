/* SPDX-License-Identifier: Apache-2.0 */
/* Stands for a service: initialises the driver, says so, and stays until its standard input ends. */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	int (*init)(unsigned flags);
	int (*count)(int *count);
	void *driver = dlopen("libcuda.so.1", RTLD_NOW);
	int devices = -1;
	char byte;

	if (!driver) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	*(void **)&init = dlsym(driver, "cuInit");
	*(void **)&count = dlsym(driver, "cuDeviceGetCount");
	if (!init || !count || init(0) || count(&devices))
		return 1;
	printf("ready %d\n", devices);
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
