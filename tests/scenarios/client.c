// SPDX-License-Identifier: Apache-2.0
/* A program that looks for a GPU and stops at the first refusal, as real ones do. Its first argument says by what. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *library;

static void open_library(const char *name)
{
	library = dlopen(name, RTLD_NOW);
	if (!library) {
		puts("CPU");
		exit(1);
	}
}

static void *symbol(const char *name)
{
	void *at = dlsym(library, name);

	if (!at) {
		puts("CPU");
		exit(1);
	}
	return at;
}
#define FUNCTION(name, ...) int (*name)(__VA_ARGS__) = (int (*)(__VA_ARGS__))symbol(#name)
#define TRY(call)                  \
	do {                       \
		if (call) {        \
			puts("CPU"); \
			return 1;  \
		}                  \
	} while (0)

/* A kernel with more shared memory than a launch may ask for without having announced it. */
static int launch(void)
{
	static const char code[] = ".version 7.0\n.target sm_50\n.address_size 64\n.visible .entry work()\n{\n\tret;\n}\n";
	void *module, *function;

	FUNCTION(cuModuleLoadData, void **, const void *);
	FUNCTION(cuModuleGetFunction, void **, void *, const char *);
	FUNCTION(cuLaunchKernel, void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **, void **);
	TRY(cuModuleLoadData(&module, code));
	TRY(cuModuleGetFunction(&function, module, "work"));
	TRY(cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 65536, NULL, NULL, NULL));
	return 0;
}

static int driver(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";
	int count = 0, version;

	open_library(argc > 3 ? argv[3] : "libcuda.so.1");
	FUNCTION(cuInit, unsigned);
	FUNCTION(cuDriverGetVersion, int *);
	FUNCTION(cuDeviceGetCount, int *);
	FUNCTION(cuDeviceGet, int *, int);
	FUNCTION(cuDeviceGetName, char *, int, int);
	FUNCTION(cuDeviceGetAttribute, int *, int, int);
	FUNCTION(cuDeviceGetUuid, void *, int);
	FUNCTION(cuDeviceGetPCIBusId, char *, int, int);
	FUNCTION(cuDeviceTotalMem_v2, size_t *, int);
	FUNCTION(cuCtxCreate_v2, void **, unsigned, int);
	FUNCTION(cuMemGetInfo_v2, size_t *, size_t *);

	if (!strcmp(what, "idle"))
		return 0;
	if (!strcmp(what, "lookup") || !strcmp(what, "table")) {
		FUNCTION(cuGetProcAddress_v2, const char *, void **, int, uint64_t, int *);
		FUNCTION(cuGetExportTable, const void **, const void *);
		const void *table;
		char id[16] = "";
		void *pointer;
		int status;

		if (!strcmp(what, "table"))
			TRY(cuGetExportTable(&table, id));
		TRY(cuGetProcAddress_v2("cuCtxGetCurrent", &pointer, 12000, 0, &status));
		TRY(!pointer);
	}
	if (!strcmp(what, "retry")) {
		for (int i = 0; i < 3; i++)
			cuInit(0);
		return 1;
	}
	TRY(cuInit(0));
	TRY(cuDriverGetVersion(&version));
	TRY(cuDeviceGetCount(&count));
	TRY(!count);
	for (int i = 0; i < count; i++) {
		char name[96], pci[32], uuid[16];
		size_t total, free_bytes;
		int device, value;
		void *context;

		TRY(cuDeviceGet(&device, i));
		TRY(cuDeviceGetName(name, sizeof(name), device));
		TRY(cuDeviceGetAttribute(&value, 75, device));
		TRY(cuDeviceGetAttribute(&value, 76, device));
		TRY(cuDeviceGetUuid(uuid, device));
		TRY(cuDeviceGetPCIBusId(pci, sizeof(pci), device));
		if (!strcmp(what, "vmm")) {
			FUNCTION(cuMemGetAllocationGranularity, size_t *, const void *, int);
			char prop[64] = { 1, 0, 0, 0, 0, 0, 0, 0, 1 };

			TRY(cuMemGetAllocationGranularity(&total, prop, 1));
		}
		TRY(cuDeviceTotalMem_v2(&total, device));
		TRY(cuCtxCreate_v2(&context, 0, device));
		TRY(cuMemGetInfo_v2(&free_bytes, &total));
		if (!strcmp(what, "image")) {
			FUNCTION(cuModuleLoadData, void **, const void *);
			void *module;

			TRY(cuModuleLoadData(&module, ".version 1.0"));
		}
	}
	puts("GPU");
	if (!strcmp(what, "abort"))
		abort();
	if (!strcmp(what, "launch"))
		return launch();
	return 0;
}

static int runtime(int argc, char **argv)
{
	static char prop[2048];
	size_t total, free_bytes;
	int count = 0;

	(void)argc;
	(void)argv;
	open_library("libcudart.so.13");
	FUNCTION(cudaGetDeviceCount, int *);
	FUNCTION(cudaGetDeviceProperties, void *, int);
	FUNCTION(cudaMemGetInfo, size_t *, size_t *);
	TRY(cudaGetDeviceCount(&count));
	TRY(!count);
	for (int i = 0; i < count; i++)
		TRY(cudaGetDeviceProperties(prop, i));
	TRY(cudaMemGetInfo(&free_bytes, &total));
	puts("GPU");
	return 0;
}

static int monitor(int argc, char **argv)
{
	unsigned long long memory[3];
	unsigned count = 0;
	char name[96];
	void *device;

	(void)argc;
	(void)argv;
	open_library("libnvidia-ml.so.1");
	FUNCTION(nvmlInit_v2, void);
	FUNCTION(nvmlDeviceGetCount_v2, unsigned *);
	FUNCTION(nvmlDeviceGetHandleByIndex_v2, unsigned, void **);
	FUNCTION(nvmlDeviceGetName, void *, char *, unsigned);
	FUNCTION(nvmlDeviceGetMemoryInfo, void *, unsigned long long *);
	TRY(nvmlInit_v2());
	TRY(nvmlDeviceGetCount_v2(&count));
	for (unsigned i = 0; i < count; i++) {
		TRY(nvmlDeviceGetHandleByIndex_v2(i, &device));
		TRY(nvmlDeviceGetName(device, name, sizeof(name)));
		TRY(nvmlDeviceGetMemoryInfo(device, memory));
	}
	puts("GPU");
	return 0;
}

/* Waits to be let go, then goes on with what follows. */
static int wait_first(int argc, char **argv)
{
	char byte;
	int fd = open("gate", O_RDONLY);

	if (fd < 0 || read(fd, &byte, 1) < 0)
		return 1;
	close(fd);
	return driver(argc, argv);
}

/* Opens any library, and asks for nothing; with "init" it starts the backend, as ggml does. */
static int backend(int argc, char **argv)
{
	open_library(argv[2]);
	if (argc > 3 && !strcmp(argv[3], "init")) {
		FUNCTION(ggml_backend_init, void);
		ggml_backend_init();
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} modes[] = {
		{ "driver", driver }, { "runtime", runtime }, { "monitor", monitor }, { "backend", backend },
		{ "wait", wait_first },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[1], modes[i].name))
			return modes[i].run(argc, argv);
	return 99;
}
