// SPDX-License-Identifier: Apache-2.0
/* The driver's answers: devices and their attributes, contexts, memory, what is exported, what lookups give. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shim/api/ladder.h"
#include "tests/gpu/answers.h"

#define CU(result) status_name(VGPU_LIBRARY_CUDA, result)
#define MISSING    "NOT EXPORTED"

/* One call: its result, and a value where it succeeded. */
#define ASK(section, subject, function, arguments, ...)                                            \
	do {                                                                                       \
		CUresult result_ = CUDA_ERROR_NOT_FOUND;                                           \
		if (!cu.function) {                                                                \
			row(section, subject, MISSING, " ");                                       \
			break;                                                                     \
		}                                                                                  \
		result_ = cu.function arguments;                                                   \
		if (result_)                                                                       \
			row(section, subject, CU(result_), " ");                                   \
		else                                                                               \
			row(section, subject, CU(result_), __VA_ARGS__);                           \
	} while (0)

static const struct vgpu_enum *enumeration(const char *function, unsigned param)
{
	const struct vgpu_function *found = vgpu_function_by_name(VGPU_LIBRARY_CUDA, function);

	return found && param < found->nparams ? found->params[param].type->enumeration : NULL;
}

static void attributes(CUdevice device)
{
	const struct vgpu_enum *names = enumeration("cuDeviceGetAttribute", 1);
	char subject[128];

	/* Past the last that we know: a newer driver has more. */
	for (int i = 0; i <= 180; i++) {
		const char *name = names ? vgpu_enum_name(names, i) : NULL;
		int value = -12345;

		snprintf(subject, sizeof(subject), "%d %s", i, name ? name : "?");
		ASK("attribute", subject, cuDeviceGetAttribute, (&value, (CUdevice_attribute)i, device), "%d", value);
	}
}

static void devices(CUdevice device)
{
	unsigned int mask = 0, flags = 0;
	unsigned char id[16] = { 0 };
	char name[256] = "", bus[64] = "", luid[8] = "";
	CUdevice by_bus = -1;
	size_t bytes = 0;
	int major = 0, minor = 0, active = -1, value = 0;
	const struct vgpu_enum *kinds;

	ASK("device", "name", cuDeviceGetName, (name, sizeof(name), device), "%s", name);
	ASK("device", "name of 8 bytes", cuDeviceGetName, (name, 8, device), "%s", name);
	ASK("device", "total memory", cuDeviceTotalMem_v2, (&bytes, device), "%zu", bytes);
	ASK("device", "uuid", cuDeviceGetUuid, ((CUuuid *)(void *)id, device), "version %d variant %d", id[6] >> 4, id[8] >> 6);
	ASK("device", "uuid_v2", cuDeviceGetUuid_v2, ((CUuuid *)(void *)id, device), "version %d variant %d", id[6] >> 4,
	    id[8] >> 6);
	ASK("device", "bus id", cuDeviceGetPCIBusId, (bus, sizeof(bus), device), "%zu characters, %c at 4, %c at 10",
	    strlen(bus), bus[4], bus[10]);
	ASK("device", "bus id in 8 bytes", cuDeviceGetPCIBusId, (name, 8, device), "%zu characters", strlen(name));
	ASK("device", "by bus id", cuDeviceGetByPCIBusId, (&by_bus, bus), "%d", by_bus);
	ASK("device", "luid", cuDeviceGetLuid, (luid, &mask, device), "mask %u", mask);
	ASK("device", "compute capability", cuDeviceComputeCapability, (&major, &minor, device), "%d.%d", major, minor);
	ASK("device", "primary context at start", cuDevicePrimaryCtxGetState, (device, &flags, &active), "flags %u active %d",
	    flags, active);
	ASK("device", "largest 1D linear texture", cuDeviceGetTexture1DLinearMaxWidth,
	    (&bytes, CU_AD_FORMAT_FLOAT, 1, device), "%zu", bytes);
	ASK("device", "exec affinity", cuDeviceGetExecAffinitySupport, (&value, CU_EXEC_AFFINITY_TYPE_SM_COUNT, device), "%d",
	    value);
	ASK("device", "can reach itself", cuDeviceCanAccessPeer, (&value, device, device), "%d", value);
	kinds = enumeration("cuDeviceGetP2PAttribute", 1);
	for (uint32_t i = 0; kinds && i < kinds->count; i++)
		ASK("peer", kinds->constants[i].name, cuDeviceGetP2PAttribute,
		    (&value, (CUdevice_P2PAttribute)kinds->constants[i].value, device, device), "%d", value);
}

static void limits(void)
{
	const struct vgpu_enum *names = enumeration("cuCtxGetLimit", 1);
	char subject[96];

	for (int i = 0; i <= 12; i++) {
		const char *name = names ? vgpu_enum_name(names, i) : NULL;
		size_t value = 0;

		snprintf(subject, sizeof(subject), "%d %s", i, name ? name : "?");
		ASK("limit", subject, cuCtxGetLimit, (&value, (CUlimit)i), "%zu", value);
	}
}

static void granularity(CUdevice device)
{
	CUmemAllocationProp prop;
	size_t bytes = 0;

	memset(&prop, 0, sizeof(prop));
	prop.type = CU_MEM_ALLOCATION_TYPE_PINNED;
	prop.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
	prop.location.id = device;
	ASK("memory", "granularity, minimum", cuMemGetAllocationGranularity,
	    (&bytes, &prop, CU_MEM_ALLOC_GRANULARITY_MINIMUM), "%zu", bytes);
	ASK("memory", "granularity, recommended", cuMemGetAllocationGranularity,
	    (&bytes, &prop, CU_MEM_ALLOC_GRANULARITY_RECOMMENDED), "%zu", bytes);
}

static void allocate(const char *what, size_t size)
{
	size_t before = 0, after = 0, total = 0;
	char subject[64];
	CUdeviceptr pointer = 0;
	CUresult result;

	if (!cu.cuMemAlloc_v2 || !cu.cuMemGetInfo_v2 || !cu.cuMemFree_v2)
		return;
	cu.cuMemGetInfo_v2(&before, &total);
	result = cu.cuMemAlloc_v2(&pointer, size);
	cu.cuMemGetInfo_v2(&after, &total);
	snprintf(subject, sizeof(subject), "allocate %s", what);
	row("memory", subject, CU(result), "takes %zu, aligned to %llu", before - after,
	    (unsigned long long)(pointer & -pointer));
	if (!result)
		cu.cuMemFree_v2(pointer);
}

static void pointer_attributes(void)
{
	const struct vgpu_enum *names = enumeration("cuPointerGetAttribute", 1);
	CUdeviceptr pointer = 0;

	if (!cu.cuPointerGetAttribute || cu.cuMemAlloc_v2(&pointer, 1 << 20))
		return;
	for (uint32_t i = 0; names && i < names->count; i++) {
		uint64_t value[4] = { 0 };
		CUpointer_attribute which = (CUpointer_attribute)names->constants[i].value;

		/* Addresses and handles say nothing to others. */
		ASK("pointer", names->constants[i].name, cuPointerGetAttribute, (value, which, pointer), "%s",
		    value[0] > 0xffffff ? "an address" : value[0] ? "small" : "0");
	}
	cu.cuMemFree_v2(pointer);
}

static void contexts(CUdevice device)
{
	size_t free_before = 0, free_after = 0, total = 0;
	unsigned version = 0, flags = 0;
	int least = 0, greatest = 0, active = 0;
	unsigned long long id = 0;
	CUcontext context = NULL, current = NULL;
	CUfunc_cache cache = 0;
	CUmemoryPool pool = NULL;
	uint64_t threshold = 99;
	CUmoduleLoadingMode mode = 0;

	if (cu.cuCtxGetCurrent)
		ASK("context", "current at start", cuCtxGetCurrent, (&current), "%s", current ? "one" : "none");
	ASK("context", "retain primary", cuDevicePrimaryCtxRetain, (&context, device), " ");
	ASK("context", "make current", cuCtxSetCurrent, (context), " ");
	ASK("context", "primary state", cuDevicePrimaryCtxGetState, (device, &flags, &active), "flags %u active %d", flags,
	    active);
	ASK("context", "version", cuCtxGetApiVersion, (context, &version), "%u", version);
	ASK("context", "flags", cuCtxGetFlags, (&flags), "%u", flags);
	ASK("context", "id", cuCtxGetId, (context, &id), "%llu", id);
	ASK("context", "cache preference", cuCtxGetCacheConfig, (&cache), "%d", (int)cache);
	ASK("context", "stream priorities", cuCtxGetStreamPriorityRange, (&least, &greatest), "%d to %d", least, greatest);
	ASK("context", "module loading", cuModuleGetLoadingMode, (&mode), "%d", (int)mode);
	limits();
	ASK("memory", "info", cuMemGetInfo_v2, (&free_before, &total), "total %zu, taken %zu", total, total - free_before);
	granularity(device);
	allocate("1 byte", 1);
	allocate("1 MiB", 1 << 20);
	allocate("2 MiB", 2 << 20);
	allocate("2 MiB and a byte", (2 << 20) + 1);
	allocate("3 MiB", 3 << 20);
	allocate("1 GiB", 1 << 30);
	allocate("1 TiB", (size_t)1 << 40);
	ASK("memory", "info after", cuMemGetInfo_v2, (&free_after, &total), "%zd less free", free_before - free_after);
	pointer_attributes();
	ASK("memory", "default pool", cuDeviceGetDefaultMemPool, (&pool, device), " ");
	if (pool)
		ASK("memory", "pool's threshold", cuMemPoolGetAttribute,
		    (pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &threshold), "%llu", (unsigned long long)threshold);
	ASK("context", "release primary", cuDevicePrimaryCtxRelease_v2, (device), " ");
}

int answers_driver(void)
{
	int version = 0, count = 0;
	CUdevice device = -1;

	if (!load_cuda()) {
		row("driver", "libcuda.so.1", "NOT FOUND", "%s", dlerror());
		return 77;
	}
	ASK("driver", "version before cuInit", cuDriverGetVersion, (&version), "%d", version);
	ASK("driver", "init", cuInit, (0), " ");
	ASK("driver", "version", cuDriverGetVersion, (&version), "%d", version);
	ASK("driver", "count", cuDeviceGetCount, (&count), "%d", count);
	ASK("driver", "device 0", cuDeviceGet, (&device, 0), "%d", device);
	if (device < 0)
		return 77;
	devices(device);
	attributes(device);
	contexts(device);
	return 0;
}

/* ---- exports ---- */

/* What a probe at the first instruction would meet; the classes of the kernel observer. */
static const char *first_instruction(const unsigned char *code)
{
	if (code[0] == 0xf3 && code[1] == 0x0f && code[2] == 0x1e && code[3] == 0xfa)
		return code[4] >= 0x50 && code[4] <= 0x57   ? "endbr64, push"
		       : code[4] == 0x41 && code[5] >= 0x50 ? "endbr64, push r8-15"
		       : code[4] == 0xe9 || code[4] == 0xeb ? "endbr64, jmp"
		       : code[4] == 0xff		    ? "endbr64, jmp indirect"
		       : code[4] == 0x48 || code[4] == 0x49 ? "endbr64, rex.w"
							    : "endbr64, other";
	if (code[0] >= 0x50 && code[0] <= 0x57)
		return "push";
	if (code[0] == 0x41 && code[1] >= 0x50 && code[1] <= 0x57)
		return "push r8-15";
	if (code[0] == 0x90)
		return "nop";
	if (code[0] == 0x0f && code[1] == 0x1f)
		return "long nop";
	if (code[0] == 0xe9 || code[0] == 0xeb)
		return "jmp";
	if (code[0] == 0xff && (code[1] & 0x38) == 0x20)
		return "jmp indirect";
	if (code[0] == 0xe8)
		return "call";
	if (code[0] == 0xc3)
		return "ret";
	if (code[0] == 0x48 && (code[1] == 0x83 || code[1] == 0x81) && code[2] == 0xec)
		return "sub rsp";
	if ((code[0] & 0xf8) == 0x48 && (code[1] == 0x8d))
		return "lea";
	if ((code[0] & 0xf0) == 0x40 && (code[1] == 0x89 || code[1] == 0x8b))
		return "mov, rex";
	if (code[0] == 0x89 || code[0] == 0x8b || (code[0] & 0xf8) == 0xb8)
		return "mov";
	if (code[0] == 0x31 || code[0] == 0x33)
		return "xor";
	return "other";
}

static unsigned exports_of(uint32_t library, void *const *table)
{
	const struct vgpu_api *api = vgpu_api_find(library);
	unsigned missing = 0;

	for (uint32_t i = 0; i < api->count; i++) {
		const unsigned char *code = table[VGPU_FUNCTION_NUMBER(api->functions[i].id)];

		if (code)
			row("export", api->functions[i].name, "EXPORTED", "%s, aligned to %llu%s", first_instruction(code),
			    (unsigned long long)((uintptr_t)code & -(uintptr_t)code) > 64
				    ? 64ull
				    : (unsigned long long)((uintptr_t)code & -(uintptr_t)code),
			    ((uintptr_t)code & 4095) > 4091 ? ", near a page's end" : "");
		else
			row("export", api->functions[i].name, MISSING, " ");
		missing += !code;
	}
	return missing;
}

int answers_exports(void)
{
	bool any = false;

	if (load_cuda()) {
		row("exports", "libcuda.so.1", "LOADED", "%u missing", exports_of(VGPU_LIBRARY_CUDA, (void *const *)&cu));
		any = true;
	}
	if (load_nvml()) {
		row("exports", "libnvidia-ml.so.1", "LOADED", "%u missing",
		    exports_of(VGPU_LIBRARY_NVML, (void *const *)&nv));
		any = true;
	}
	return any ? 0 : 77;
}

/* ---- lookups ---- */

static const int lookup_versions[] = { 2000, 3020, 4000, 7000, 10000, 11000, 11030, 12000, 12050, 12080, 13000, 13010, 99000 };

static const char *whose(const void *pointer, uint32_t expected)
{
	const struct vgpu_api *api = vgpu_api_find(VGPU_LIBRARY_CUDA);
	void *const *table = (void *const *)&cu;

	if (expected && table[VGPU_FUNCTION_NUMBER(expected)] == pointer)
		return vgpu_function_find(expected)->name;
	for (uint32_t i = 0; i < api->count; i++)
		if (table[VGPU_FUNCTION_NUMBER(api->functions[i].id)] == pointer)
			return api->functions[i].name;
	return "no export";
}

static void look_up(const char *name)
{
	CUdriverProcAddressQueryResult status;
	char subject[128], was[160] = "", now[160];

	/* Only where the answer changes from version to version. */
	for (size_t i = 0; i < sizeof(lookup_versions) / sizeof(lookup_versions[0]); i++)
		for (int flags = 0; flags <= 2; flags += 2) {
			int version = lookup_versions[i];
			void *pointer = NULL;
			uint32_t expected = vgpu_ladder_find(name, version, flags == 2, NULL);
			CUresult result;

			status = 99;
			result = cu.cuGetProcAddress_v2(name, &pointer, version, (cuuint64_t)flags, &status);
			snprintf(now, sizeof(now), "%s status %d, we say %s", pointer ? whose(pointer, expected) : "NULL",
				 (int)status, expected ? vgpu_function_find(expected)->name : "none");
			if (!flags && !strcmp(now, was) && version != 13000)
				break;
			if (!flags)
				strcpy(was, now);
			snprintf(subject, sizeof(subject), "%s %d%s", name, version, flags ? " per thread" : "");
			row("lookup", subject, CU(result), "%s", now);
		}
}

int answers_lookups(void)
{
	const char *last = "";

	if (!load_cuda() || !cu.cuGetProcAddress_v2) {
		row("lookup", "cuGetProcAddress_v2", MISSING, " ");
		return 77;
	}
	look_up("");
	for (uint32_t i = 0; i < vgpu_ladder_count; i++) {
		if (!strcmp(vgpu_ladder[i].name, last))
			continue;
		last = vgpu_ladder[i].name;
		look_up(last);
	}
	look_up("cuNoSuchFunction");
	look_up("cuMemAlloc_v2");
	look_up("cuGetProcAddress_v2");
	return 0;
}
