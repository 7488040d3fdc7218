// SPDX-License-Identifier: Apache-2.0
/* What is about GPUs: the vendors' files, symbols and variables. Data only; a new vendor is new rows. */
#include "shim/audit/audit.h"
#include "shim/audit/sys.h"

/* Arrays, not pointers: nothing to relocate at the start of every program. The first row that fits counts. */
static const struct {
	char prefix[24]; /* of the file's name, after "lib" */
	uint8_t vendor;
	bool bind;
} files[] = {
	{ "cuda.", VGPU_VENDOR_NVIDIA, true },
	{ "cudart", VGPU_VENDOR_NVIDIA, true },
	{ "cudadebugger", VGPU_VENDOR_NVIDIA, false },
	{ "cublasLt", VGPU_VENDOR_NVIDIA, false },
	{ "cublas", VGPU_VENDOR_NVIDIA, true },
	{ "cudnn", VGPU_VENDOR_NVIDIA, false },
	{ "cufft", VGPU_VENDOR_NVIDIA, false },
	{ "curand", VGPU_VENDOR_NVIDIA, false },
	{ "cusolver", VGPU_VENDOR_NVIDIA, false },
	{ "cusparse", VGPU_VENDOR_NVIDIA, false },
	{ "nvidia-ml", VGPU_VENDOR_NVIDIA, true },
	{ "nvidia-", VGPU_VENDOR_NVIDIA, false },
	{ "nvrtc", VGPU_VENDOR_NVIDIA, false },
	{ "nvJitLink", VGPU_VENDOR_NVIDIA, false },
	{ "nvdxgdmal", VGPU_VENDOR_NVIDIA, false },
	{ "nccl", VGPU_VENDOR_NVIDIA, false },
	{ "dxcore", VGPU_VENDOR_NVIDIA, false },
	{ "vgpu-", VGPU_VENDOR_NVIDIA, true },
	{ "amdhip64", VGPU_VENDOR_AMD, true },
	{ "hsa-", VGPU_VENDOR_AMD, true },
	{ "hsakmt", VGPU_VENDOR_AMD, false },
	{ "hip", VGPU_VENDOR_AMD, false },
	{ "rocm_smi64", VGPU_VENDOR_AMD, true },
	{ "roc", VGPU_VENDOR_AMD, false },
	{ "amd_smi", VGPU_VENDOR_AMD, true },
	{ "amd_comgr", VGPU_VENDOR_AMD, false },
	{ "drm_amdgpu", VGPU_VENDOR_AMD, false },
	{ "ze_loader", VGPU_VENDOR_INTEL, true },
	{ "ze_intel", VGPU_VENDOR_INTEL, false },
	{ "sycl", VGPU_VENDOR_INTEL, false },
	{ "ur_", VGPU_VENDOR_INTEL, false },
	{ "igdrcl", VGPU_VENDOR_INTEL, false },
	{ "igc", VGPU_VENDOR_INTEL, false },
	{ "vulkan", VGPU_VENDOR_KHRONOS, true },
	{ "OpenCL", VGPU_VENDOR_KHRONOS, true },
	{ "ggml", VGPU_VENDOR_CLIENT, false },
	{ "llama", VGPU_VENDOR_CLIENT, false },
};

static const struct {
	char prefix[20];
	uint8_t vendor;
	bool capital; /* a capital letter follows: "cuInit", not "curl_easy_init" */
} symbols[] = {
	{ "cu", VGPU_VENDOR_NVIDIA, true },
	{ "cuda", VGPU_VENDOR_NVIDIA, true },
	{ "__cuda", VGPU_VENDOR_NVIDIA, true },
	{ "nvml", VGPU_VENDOR_NVIDIA, true },
	{ "cublas", VGPU_VENDOR_NVIDIA, true },
	{ "cudnn", VGPU_VENDOR_NVIDIA, true },
	{ "nvrtc", VGPU_VENDOR_NVIDIA, true },
	{ "nccl", VGPU_VENDOR_NVIDIA, true },
	{ "hip", VGPU_VENDOR_AMD, true },
	{ "__hip", VGPU_VENDOR_AMD, true },
	{ "hsa_", VGPU_VENDOR_AMD, false },
	{ "rsmi_", VGPU_VENDOR_AMD, false },
	{ "amdsmi_", VGPU_VENDOR_AMD, false },
	{ "ze", VGPU_VENDOR_INTEL, true },
	{ "zes", VGPU_VENDOR_INTEL, true },
	{ "vk", VGPU_VENDOR_KHRONOS, true },
	{ "cl", VGPU_VENDOR_KHRONOS, true },
	{ "ggml_backend_", VGPU_VENDOR_CLIENT, false },
};

/* A library that exports one of these is that vendor's, or stands for it, whatever its name. */
static const struct {
	char symbol[24];
	uint8_t vendor;
	bool bind;
} entries[] = {
	{ "cuInit", VGPU_VENDOR_NVIDIA, true },
	{ "nvmlInit_v2", VGPU_VENDOR_NVIDIA, true },
	{ "nvmlInit", VGPU_VENDOR_NVIDIA, true },
	{ "cudaGetDeviceCount", VGPU_VENDOR_NVIDIA, true },
	{ "hipInit", VGPU_VENDOR_AMD, true },
	{ "rsmi_init", VGPU_VENDOR_AMD, true },
	{ "zeInit", VGPU_VENDOR_INTEL, true },
	{ "vkCreateInstance", VGPU_VENDOR_KHRONOS, true },
	{ "clGetPlatformIDs", VGPU_VENDOR_KHRONOS, true },
	{ "ggml_backend_init", VGPU_VENDOR_CLIENT, false },
};

/* Variables that are recorded: an allow-list, since others hold secrets. A trailing '_' or '=' is part of the name. */
static const char variables[][32] = {
	"LD_",
	"GLIBC_TUNABLES=",
	"CUDA_VISIBLE_DEVICES=",
	"CUDA_LOG_FILE=",
	"CUDA_MODULE_LOADING=",
	"CUDA_DEVICE_ORDER=",
	"NVIDIA_VISIBLE_DEVICES=",
	"NVIDIA_DRIVER_CAPABILITIES=",
	"HIP_VISIBLE_DEVICES=",
	"ROCR_VISIBLE_DEVICES=",
	"GPU_DEVICE_ORDINAL=",
	"HSA_OVERRIDE_GFX_VERSION=",
	"ZE_AFFINITY_MASK=",
	"ONEAPI_DEVICE_SELECTOR=",
	"VK_ICD_FILENAMES=",
	"VK_DRIVER_FILES=",
	"OCL_ICD_VENDORS=",
	"GGML_BACKEND_PATH=",
	"GGML_CUDA_INIT=",
	"OLLAMA_LIBRARY_PATH=",
	"OLLAMA_LLM_LIBRARY=",
	"OLLAMA_DEBUG=",
};

#define ROWS(table) (sizeof(table) / sizeof(*(table)))

struct audit_gpu audit_gpu_file(const char *path)
{
	const char *name = sys_after(sys_basename(path), "lib");

	for (size_t i = 0; name && i < ROWS(files); i++)
		if (sys_after(name, files[i].prefix))
			return (struct audit_gpu){ files[i].vendor, files[i].bind };
	return (struct audit_gpu){ VGPU_VENDOR_NONE, false };
}

enum vgpu_link_vendor audit_gpu_symbol(const char *name)
{
	for (size_t i = 0; i < ROWS(symbols); i++) {
		const char *rest = sys_after(name, symbols[i].prefix);

		if (rest && (!symbols[i].capital || (*rest >= 'A' && *rest <= 'Z')))
			return symbols[i].vendor;
	}
	return VGPU_VENDOR_NONE;
}

struct audit_gpu audit_gpu_exports(const struct audit_elf *elf)
{
	for (size_t i = 0; i < ROWS(entries); i++)
		if (audit_elf_find(elf, entries[i].symbol))
			return (struct audit_gpu){ entries[i].vendor, entries[i].bind };
	return (struct audit_gpu){ VGPU_VENDOR_NONE, false };
}

bool audit_env_wanted(const char *variable)
{
	for (size_t i = 0; i < ROWS(variables); i++)
		if (sys_after(variable, variables[i]))
			return true;
	return false;
}
