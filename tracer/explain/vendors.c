// SPDX-License-Identifier: Apache-2.0
/* Names of GPU vendors' libraries and functions, as data: another vendor is more rows. */
#include <string.h>

#include "tracer/explain/discovery.h"
#include "tracer/explain/evidence.h"

static const struct {
	const char *prefix; /* of the file's name; the first row that fits counts */
	enum vgpu_part part;
} libraries[] = {
	{ "libcuda.so", VGPU_PART_DRIVER },
	{ "libvgpu-cuda.so", VGPU_PART_DRIVER },
	{ "libcudart.so", VGPU_PART_RUNTIME },
	{ "libvgpu-cudart", VGPU_PART_RUNTIME },
	{ "libnvidia-ml.so", VGPU_PART_MONITOR },
	{ "libvgpu-nvml.so", VGPU_PART_MONITOR },
	{ "libggml-cuda", VGPU_PART_BACKEND },
	{ "libggml-hip", VGPU_PART_BACKEND },
	{ "libggml-vulkan", VGPU_PART_BACKEND },
	{ "libggml-sycl", VGPU_PART_BACKEND },
	{ "libamdhip64.so", VGPU_PART_DRIVER },
	{ "libhsa-runtime64.so", VGPU_PART_DRIVER },
	{ "librocm_smi64.so", VGPU_PART_MONITOR },
	{ "libamd_smi.so", VGPU_PART_MONITOR },
	{ "libze_loader.so", VGPU_PART_DRIVER },
	{ "libvulkan.so", VGPU_PART_DRIVER },
	{ "libOpenCL.so", VGPU_PART_DRIVER },
	{ "libcublas", VGPU_PART_HELPER },
	{ "libcudnn", VGPU_PART_HELPER },
	{ "libcufft", VGPU_PART_HELPER },
	{ "libcurand", VGPU_PART_HELPER },
	{ "libcusolver", VGPU_PART_HELPER },
	{ "libcusparse", VGPU_PART_HELPER },
	{ "libnvrtc", VGPU_PART_HELPER },
	{ "libnccl", VGPU_PART_HELPER },
	{ "libggml", VGPU_PART_HELPER },
	{ "libllama", VGPU_PART_HELPER },
};

static const struct {
	const char *prefix;
	uint32_t layer;
} functions[] = {
	{ "cuda", VGPU_LAYER_RUNTIME },
	{ "cu", VGPU_LAYER_DRIVER },
	{ "nvml", VGPU_LAYER_NVML },
};

enum vgpu_part vgpu_vendor_part(const char *path)
{
	const char *name = path ? strrchr(path, '/') : NULL;

	name = name ? name + 1 : path;
	for (unsigned i = 0; name && i < sizeof(libraries) / sizeof(libraries[0]); i++)
		if (!strncmp(name, libraries[i].prefix, strlen(libraries[i].prefix)))
			return libraries[i].part;
	return VGPU_PART_NONE;
}

const char *vgpu_part_title(enum vgpu_part part)
{
	static const char *const titles[] = {
		[VGPU_PART_NONE] = "a library", [VGPU_PART_DRIVER] = "the GPU driver's library",
		[VGPU_PART_RUNTIME] = "the CUDA runtime", [VGPU_PART_MONITOR] = "NVML",
		[VGPU_PART_BACKEND] = "the GPU backend", [VGPU_PART_HELPER] = "a library that the backend needs",
	};

	return titles[part];
}

uint32_t vgpu_vendor_layer(const char *function)
{
	for (unsigned i = 0; function && i < sizeof(functions) / sizeof(functions[0]); i++)
		if (!strncmp(function, functions[i].prefix, strlen(functions[i].prefix)))
			return functions[i].layer;
	return VGPU_LAYERS;
}
