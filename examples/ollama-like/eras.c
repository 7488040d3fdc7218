/* SPDX-License-Identifier: Apache-2.0 */
/* The eras of Ollama's discovery. */
#include "examples/ollama-like/eras.h"

#include <string.h>

#include "examples/ollama-like/process.h"

static const char *const places_runner[] = { "../lib/ollama", NULL };
/* Another backend than the runner's, so in a folder of its own where both are built. */
static const char *const places_llama_server[] = { "../lib/era-c/lib/ollama", "../lib/ollama",
						   "lib/ollama", NULL };

static const char no_vulkan[] =
    "experimental Vulkan support disabled.  To enable, set OLLAMA_VULKAN=1";

const struct era eras[] = {
	{
	    .name = "a",
	    .version = "0.12.3",
	    .summary = "0.1.30 to 0.12.3: serve itself opens the driver",
	    .places = places_runner,
	    .discover = era_a_discover,
	    .refresh = era_a_refresh,
	    .after = AFTER_LOW_VRAM,
	    .names_variant = true,
	},
	{
	    .name = "b-early",
	    .version = "0.12.11",
	    .summary = "0.12.4 to 0.12.11: as b, with older messages",
	    .places = places_runner,
	    .discover = era_b_discover,
	    .says_vulkan = no_vulkan,
	    .refresh = era_b_refresh,
	    .says_filter = "evluating which if any devices to filter out",
	    .says_verify = "verifying device is supported",
	    .after = AFTER_LOW_VRAM,
	},
	{
	    .name = "b",
	    .version = "0.16.3",
	    .summary = "0.13.0 to 0.22: runner children with nothing but /dev/null",
	    .places = places_runner,
	    .discover = era_b_discover,
	    .says_vulkan = no_vulkan,
	    .refresh = era_b_refresh,
	    .says_filter = "evaluating which, if any, devices to filter out",
	    .says_verify = "verifying if device is supported",
	    .after = AFTER_DEFAULT_CONTEXT,
	    .says_cloud = true,
	},
	{
	    .name = "b-late",
	    .version = "0.24.0",
	    .summary = "0.23 and 0.24: as b, with pipes that nobody looks into",
	    .places = places_runner,
	    .discover = era_b_discover,
	    .says_vulkan = no_vulkan,
	    .refresh = era_b_refresh,
	    .says_filter = "evaluating which, if any, devices to filter out",
	    .says_verify = "verifying if device is supported",
	    .after = AFTER_DEFAULT_CONTEXT,
	    .says_cloud = true,
	    .pipes_to_nowhere = true,
	},
	{
	    .name = "c",
	    .version = "0.32.15",
	    .summary = "0.30 to today: llama-server twice, and gpu-discover",
	    .places = places_llama_server,
	    .discover = era_c_discover,
	    .refresh = era_c_refresh,
	    .says_filter = "evaluating which, if any, devices to filter out",
	    .says_verify = "verifying if device is supported",
	    .after = AFTER_DEFAULT_CONTEXT,
	    .says_cloud = true,
	},
};

const unsigned eras_count = sizeof(eras) / sizeof(eras[0]);

const struct era *era_find(const char *name)
{
	for (unsigned i = 0; i < eras_count; i++)
		if (!strcmp(eras[i].name, name))
			return &eras[i];
	return NULL;
}

uint64_t deadline_in(const struct options *options, double seconds)
{
	if (options->limit_s > 0)
		seconds = options->limit_s;
	return clock_ns() + (uint64_t)(seconds * 1e9);
}
