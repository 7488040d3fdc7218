// SPDX-License-Identifier: Apache-2.0
/* What is about GPUs, for the kernel observer: vendors' files, symbols and variables. Data only. */
#include "tracer/source/kwatch_private.h"

#include <string.h>

/* As the link observer numbers them (enum vgpu_link_vendor, shim/audit/layout.h): they share the events' field. */
enum { VENDOR_NVIDIA = 1, VENDOR_AMD = 2, VENDOR_INTEL = 3, VENDOR_KHRONOS = 4, VENDOR_CLIENT = 5 };

static const struct {
	const char *prefix; /* of a file's name, a device's path or a symbol */
	uint32_t vendor;
} names[] = {
	{ "/dev/nvidia", VENDOR_NVIDIA },
	{ "/dev/dxg", VENDOR_NVIDIA },
	{ "/proc/driver/nvidia", VENDOR_NVIDIA },
	{ "/sys/module/nvidia", VENDOR_NVIDIA },
	{ "/dev/kfd", VENDOR_AMD },
	{ "/sys/class/kfd", VENDOR_AMD },
	{ "libcuda", VENDOR_NVIDIA },
	{ "libcublas", VENDOR_NVIDIA },
	{ "libcudnn", VENDOR_NVIDIA },
	{ "libnvidia-", VENDOR_NVIDIA },
	{ "libnvrtc", VENDOR_NVIDIA },
	{ "libnccl", VENDOR_NVIDIA },
	{ "libnvdxgdmal", VENDOR_NVIDIA },
	{ "libvgpu-", VENDOR_NVIDIA },
	{ "libamdhip64", VENDOR_AMD },
	{ "libhsa-", VENDOR_AMD },
	{ "librocm_smi64", VENDOR_AMD },
	{ "libze_loader", VENDOR_INTEL },
	{ "libze_intel", VENDOR_INTEL },
	{ "libvulkan", VENDOR_KHRONOS },
	{ "libOpenCL", VENDOR_KHRONOS },
	{ "libggml", VENDOR_CLIENT },
	{ "libllama", VENDOR_CLIENT },
	{ "cuda", VENDOR_NVIDIA },
	{ "__cuda", VENDOR_NVIDIA },
	{ "nvml", VENDOR_NVIDIA },
	{ "cublas", VENDOR_NVIDIA },
	{ "hip", VENDOR_AMD },
	{ "ggml_backend_", VENDOR_CLIENT },
};

uint32_t kwatch_vendor(const char *name)
{
	const char *base = strrchr(name, '/');

	base = base ? base + 1 : name;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(names[i].prefix[0] == '/' ? name : base, names[i].prefix, strlen(names[i].prefix)))
			return names[i].vendor;
	/* "cuInit", not "curl_easy_init" */
	return base[0] == 'c' && base[1] == 'u' && base[2] >= 'A' && base[2] <= 'Z' ? VENDOR_NVIDIA : 0;
}

bool kwatch_variable_wanted(const char *variable)
{
	/* An allow-list, since others hold secrets. One that ends in '_' stands for all that begin so. */
	static const char *const wanted[] = {
		"LD_", "GLIBC_TUNABLES=", "CUDA_VISIBLE_DEVICES=", "CUDA_LOG_FILE=", "CUDA_MODULE_LOADING=",
		"CUDA_DEVICE_ORDER=", "NVIDIA_VISIBLE_DEVICES=", "NVIDIA_DRIVER_CAPABILITIES=", "HIP_VISIBLE_DEVICES=",
		"ROCR_VISIBLE_DEVICES=", "GPU_DEVICE_ORDINAL=", "HSA_OVERRIDE_GFX_VERSION=", "ZE_AFFINITY_MASK=",
		"ONEAPI_DEVICE_SELECTOR=", "VK_ICD_FILENAMES=", "VK_DRIVER_FILES=", "OCL_ICD_VENDORS=",
		"GGML_BACKEND_PATH=", "GGML_CUDA_INIT=", "OLLAMA_LIBRARY_PATH=", "OLLAMA_LLM_LIBRARY=", "OLLAMA_DEBUG=",
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!strncmp(variable, wanted[i], strlen(wanted[i])))
			return true;
	return false;
}
