/* SPDX-License-Identifier: Apache-2.0 */
/* How many simulated entry points the tests called: see sim_count.h. */
#include "sim_count.h"

#include <stdbool.h>

#include "shim/api/schema.h"
#include "shim/backend/sim/functions.h"
#include "sim_client.h"

struct client_seen *client_seen;

void sim_count_begin(void)
{
	void *map = mmap(NULL, sizeof(*client_seen), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (map != MAP_FAILED)
		client_seen = map;
}

static bool called(const char *name)
{
	for (unsigned i = 0; i < CLIENT_NAMES; i++)
		if (!strcmp(client_seen->name[i], name))
			return true;
	return false;
}

static bool listed(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

int sim_count_end(const char *library, unsigned least, unsigned left, const char *const *refused)
{
	unsigned all = 0, there = 0, tested = 0, partly = 0;
	bool bad = false;

	if (!client_seen)
		return 1;
	for (unsigned i = 0; vgpu_apis[i]; i++) {
		const struct vgpu_api *api = vgpu_apis[i];

		if (strcmp(api->name, library))
			continue;
		for (uint32_t k = 0; k < api->count; k++) {
			const char *name = api->functions[k].name;

			if (!name)
				continue;
			all++;
			if (vgpu_sim_function_is(library, name)) {
				there++;
				partly += vgpu_sim_function_lacks(library, name) != NULL;
				tested += called(name);
				if (!called(name))
					printf("%s: simulated and not called: %s\n", library, name);
			} else if (called(name) && !listed(refused, name)) {
				printf("%s: called and not simulated: %s\n", library, name);
				bad = true;
			}
		}
	}
	printf("%s: %u of %u entry points are simulated (%u of them partly), the tests called %u\n",
	       library, there, all, partly, tested);
	if (tested < least)
		printf("%s: at least %u should have been called\n", library, least);
	if (there - tested > left)
		printf("%s: at most %u should be left\n", library, left);
	return bad || tested < least || there - tested > left;
}
