// SPDX-License-Identifier: Apache-2.0
/* Makes every kind of failure that dlopen and its like know, in the current directory; prints what dlerror says. */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void *good;

static void report(const char *kind, int failed)
{
	int before = errno;
	const char *text = dlerror();

	if (!failed || !text)
		printf("NO FAILURE %s (%s)\n", kind, text ? text : "no text");
	else
		printf("%-12s errno=%d DLERROR %s\n", kind, before, text);
	errno = 0;
}

static void file(const char *kind, const char *path, int mode)
{
	errno = 0;
	report(kind, !dlopen(path, mode));
}

int main(void)
{
	struct link_map *map;
	Lmid_t closed;
	void *handle;

	good = dlopen("./libgood.so", RTLD_NOW);
	if (!good || dlinfo(good, RTLD_DI_LINKMAP, &map))
		return 1;

	file("name", "libcuda.so.77", RTLD_LAZY);
	file("path", "/nonexistent/libcuda.so.1", RTLD_NOW);
	file("directory", "./directory.so", RTLD_NOW);
	file("empty", "./empty.so", RTLD_NOW);
	file("short", "./short.so", RTLD_NOW);
	file("not-elf", "./not-elf.so", RTLD_NOW);
	file("class", "./class.so", RTLD_NOW);
	file("machine", "./machine.so", RTLD_NOW);
	file("abi", "./abi.so", RTLD_NOW);
	file("executable", "./executable", RTLD_NOW);
	file("needed", "./libneeded.so", RTLD_NOW);
	file("symbol", "./libsymbol.so", RTLD_NOW);
	file("symbol-version", "./libversioned.so", RTLD_NOW);
	file("version", "./libversion.so", RTLD_NOW);
	file("static-tls", "./libtls.so", RTLD_NOW);
	file("mode", "./libgood.so", 0);

	/* A file that may not be read: not for the superuser's eyes. */
	chmod("./secret.so", 0);
	if (!geteuid() && seteuid(65534))
		return 1;
	file("permission", "./secret.so", RTLD_NOW);
	if (!getuid() && seteuid(0))
		return 1;
	chmod("./secret.so", 0600);

	errno = 0;
	report("dlsym", !dlsym(good, "cuMissing"));
	report("dlsym-default", !dlsym(RTLD_DEFAULT, "nvmlMissing"));
	report("dlsym-next", !dlsym(RTLD_NEXT, "plain_missing"));
	handle = dlopen("./libnode.so", RTLD_NOW);
	report("dlvsym", handle && !dlvsym(handle, "old", "VERSION_9"));
	report("dlvsym-default", !dlvsym(RTLD_DEFAULT, "cuMissing", "VERSION_9"));
	report("dlmopen", !dlmopen(9, "./libgood.so", RTLD_NOW));
	report("dlmopen-file", !dlmopen(LM_ID_NEWLM, "./libmissing.so", RTLD_NOW));
	report("dlinfo", dlinfo(good, 99, &closed) != 0);
	/* libc was not opened by dlopen. */
	for (; map && !strstr(map->l_name, "libc.so"); map = map->l_prev ? map->l_prev : NULL)
		;
	report("dlclose", !map || dlclose(map));

	/* What succeeds is not a failure, and leaves no text. */
	handle = dlopen("./libgood.so", RTLD_NOW | RTLD_NOLOAD);
	if (handle != good || dlsym(good, "good") == NULL || dlclose(handle) || dlerror())
		printf("NO SUCCESS\n");
	handle = dlopen("./libsymbol.so", RTLD_NOW | RTLD_NOLOAD);
	if (handle || dlerror())
		printf("NO SUCCESS\n");
	file("noload", "./libelsewhere.so", RTLD_NOW | RTLD_NOLOAD);
	return 0;
}
