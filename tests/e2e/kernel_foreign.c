/* SPDX-License-Identifier: Apache-2.0 */
/* A library that is not ours: a few names of the driver API, and functions that are hard to probe. */
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define API __attribute__((visibility("default"), noinline)) int
#define ANY __attribute__((visibility("default"), noinline))

API cuInit(unsigned flags);
API cuDeviceGetCount(int *count);
API cuDeviceGetName(char *name, int length, int device);
API cuDeviceGetUuid(char *uuid, int device);
API cuModuleGetFunction(void **function, void *module, const char *name);
API cuCtxSynchronize(void);
API cuModuleLoad(void **module, const char *name);
API cuModuleLoadData(void **module, const void *image);
/* No code for this device. */
API cuModuleLoadData(void **module, const void *image)
{
	(void)image;
	*module = NULL;
	return 209;
}

/* The same of a file. */
API cuLibraryLoadFromFile(void **library, const char *path, void *jit, void **jit_values, unsigned jits, void *options,
			  void **values, unsigned count);
API cuLibraryLoadFromFile(void **library, const char *path, void *jit, void **jit_values, unsigned jits, void *options,
			  void **values, unsigned count)
{
	(void)path;
	*library = NULL;
	return jit || jit_values || jits || options || values || count ? 1 : 209;
}

API cuDeviceGetAttribute(int *value, int attribute, int device);
API cuDeviceGetAttribute(int *value, int attribute, int device)
{
	*value = attribute == 75 ? 7 : attribute == 76 ? 5 : 0;
	return device > 2;
}

API cuLaunchHostFunc(void *stream, void (*function)(void *), void *data);
API cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
		   unsigned shared, void *stream, void **params, void **extra);
ANY long foreign_sum(long a, long b, long c, long d, long e, long f);
ANY int foreign_tail(int *count);
ANY long foreign_hidden(long a);

API cuInit(unsigned flags)
{
	return flags ? 1 : 0;
}

API cuDeviceGetCount(int *count)
{
	*count = 3;
	return 0;
}

API cuDeviceGetName(char *name, int length, int device)
{
	if (device > 2)
		return 101;
	strncpy(name, "A device that is foreign", length);
	return 0;
}

API cuDeviceGetUuid(char *uuid, int device)
{
	for (int i = 0; i < 16; i++)
		uuid[i] = i + device;
	return 0;
}

/* Does not look at the name. */
API cuModuleGetFunction(void **function, void *module, const char *name)
{
	(void)module;
	(void)name;
	*function = (void *)0x1234;
	return 0;
}

/* Never returns; says on descriptor 5 that it was entered. */
API cuCtxSynchronize(void)
{
	if (write(5, "", 1) == 1)
		for (;;)
			pause();
	return 1;
}

API cuModuleLoad(void **module, const char *name)
{
	*(volatile int *)(name[0] - 'x' + (char *)0x40) = 1;
	*module = NULL;
	return 0;
}

API cuLaunchHostFunc(void *stream, void (*function)(void *), void *data)
{
	(void)stream;
	function(data);
	return 0;
}

API cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
		   unsigned shared, void *stream, void **params, void **extra)
{
	(void)function;
	(void)stream;
	(void)params;
	(void)extra;
	return gx + gy + gz + bx + by + bz + shared == 0;
}

ANY long foreign_sum(long a, long b, long c, long d, long e, long f)
{
	return a + b + c + d + e + f;
}

/* Reaches another probed function by a jump. */
ANY int foreign_tail(int *count)
{
	return cuDeviceGetCount(count);
}

static __attribute__((noinline, used)) long foreign_static(long a)
{
	__asm__ volatile("");
	return a * 3;
}

ANY long foreign_hidden(long a)
{
	return foreign_static(a) + 1;
}

/* Begins with the nop that Linux rewrites; with an instruction that may not be probed; with endbr64. */
__asm__(".globl foreign_nop, foreign_bad, foreign_branch\n"
	".type foreign_nop, @function\n.type foreign_bad, @function\n.type foreign_branch, @function\n"
	".balign 16\nforeign_nop: .byte 0x0f, 0x1f, 0x44, 0, 0\n\tlea 7(%rdi), %rax\n\tret\n"
	".size foreign_nop, .-foreign_nop\n"
	".balign 16\nforeign_bad: int3\n\tret\n.size foreign_bad, .-foreign_bad\n"
	".globl foreign_lock\n.type foreign_lock, @function\n"
	".balign 16\nforeign_lock: lock incl (%rdi)\n\tret\n.size foreign_lock, .-foreign_lock\n"
	".balign 16\nforeign_branch: endbr64\n\tlea 9(%rdi), %rax\n\tret\n.size foreign_branch, .-foreign_branch\n");
