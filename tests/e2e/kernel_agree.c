// SPDX-License-Identifier: Apache-2.0
/* Loads and looks up what two observers are to tell alike: what is there, what is refused and why, what a library lacks. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	static const char *const names[] = { "cuInit", "cuNoSuchFunction", "cuCtxCreate_v3",
					     "nvmlNoSuchFunction" };

	for (int i = 1; i < argc; i++) {
		void *handle = dlopen(argv[i], i % 2 ? RTLD_NOW : RTLD_LAZY | RTLD_GLOBAL);

		for (unsigned k = 0; handle && k < sizeof(names) / sizeof(names[0]); k++)
			dlsym(handle, names[k]);
		if (handle)
			dlvsym(handle, "cuInit", "libcuda.so.99");
		printf("%s\n", handle ? "there" : dlerror());
	}
	dlmopen(LM_ID_BASE, "libcuda.so.77", RTLD_NOW);
	return 0;
}
