// SPDX-License-Identifier: Apache-2.0
/* Rules of the client: what it made of devices that were found. */
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "tracer/explain/rules.h"

/* Of Ollama's two looks at a device the first found it, and the second, with one device visible, did not. */
static bool second_pass(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const char *visible = vgpu_seen_env(place->process, "CUDA_VISIBLE_DEVICES");
	const struct vgpu_seen_call *init = vgpu_seen_call(place->process, "cudaGetDeviceCount,cuInit");
	bool first = false;

	if (place->chain->pass != 2 || place->chain->found || !place->explanation || !visible || !init || place->process->count > 0)
		return false;
	/* It was refused, or all that it asked is known and no device came of it. */
	if ((!init->failures || init->success) && !vgpu_seen_calls_known(place->set, place->process))
		return false;
	for (uint32_t i = 0; i < place->explanation->count; i++)
		first |= place->explanation->chains[i].pass == 1 && place->explanation->chains[i].found;
	if (!first)
		return false;
	finding->a = visible;
	finding->event = place->process->count_event ? place->process->count_event : place->process->context_event;
	return true;
}

/* The first look saw an instance of a card, the second asked for the card. */
static bool is_instance(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const char *visible = vgpu_seen_env(place->process, "CUDA_VISIBLE_DEVICES");

	if (!second_pass(place, finding) || strncmp(visible, "GPU-", 4))
		return false;
	for (uint32_t i = 0; i < place->explanation->count; i++) {
		const struct vgpu_chain *chain = &place->explanation->chains[i];
		const struct vgpu_seen_process *process = place->set->processes[chain->process - 1];

		for (uint32_t k = 0; chain->pass == 1 && chain->found && k < process->devices.count; k++)
			if (strstr(process->devices.at[k].name, " MIG ") || !strncmp(process->devices.at[k].uuid_text, "MIG-", 4)) {
				finding->b = process->devices.at[k].name;
				finding->event2 = process->devices.at[k].event;
				return true;
			}
	}
	return false;
}

/* A device is not where the process before it had it. */
static bool pci_moves(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_evidence_set *set = place->set;

	for (uint32_t p = 0; p < set->process_count; p++) {
		const struct vgpu_seen_process *other = set->processes[p];

		if (!other || other == place->process)
			continue;
		for (uint32_t i = 0; i < other->devices.count; i++)
			for (uint32_t k = 0; k < place->process->devices.count; k++) {
				const struct vgpu_seen_device *a = &other->devices.at[i], *b = &place->process->devices.at[k];

				if (a->layer != b->layer || !a->has_pci || !b->has_pci || !a->has_uuid || !b->has_uuid ||
				    memcmp(a->uuid, b->uuid, 16) || !strcasecmp(a->pci, b->pci))
					continue;
				finding->a = a->pci;
				finding->b = b->pci;
				finding->event = a->pci_event;
				finding->event2 = b->pci_event;
				return true;
			}
	}
	return false;
}

/* It found its device, and then died of something else. */
static bool died_after(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;

	/* What it has loaded may say more: without that, this is not the cause. */
	if (!process->has_env || !place->process->ended || process->exit_how != VGPU_EXIT_SIGNAL || process->count <= 0 ||
	    !vgpu_seen_fault(process->exit_status))
		return false;
	for (uint32_t i = 0; i < process->pending.count; i++)
		if (process->pending.at[i].ended)
			return false;
	finding->n = process->exit_status;
	finding->event = process->exit_event;
	return true;
}

/* It said why, to nobody. */
static bool died_unheard(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;

	return process->has_stderr && process->stderr_target && !strcmp(process->stderr_target, "/dev/null") &&
	       !process->said && process->exit_status == SIGABRT && died_after(place, finding);
}

const struct vgpu_rule vgpu_rules_client[] = {
	{
		.id = "CLIENT-MIG", .step = VGPU_STEP_ACCEPTED, .whatever = true,
		.needs = "the calls, the environment (link or kernel observer)",
		.title = "a card in instances (MIG): the client's second look asks for the card's UUID, not the instance's",
		.holds = is_instance,
		.say = "the device is an instance (%b), and the client's second look asked for the whole card: CUDA_VISIBLE_DEVICES=%a.",
		.todo = "Set CUDA_VISIBLE_DEVICES to the instance's own UUID (`nvidia-smi -L`: MIG-…) where the client starts, or turn MIG off.",
		.why = "The first look is fine, and nvidia-smi shows the card.",
	},
	{
		.id = "CLIENT-SECOND-PASS", .step = VGPU_STEP_ACCEPTED, .whatever = true,
		.needs = "the calls, the environment (link or kernel observer)",
		.title = "found on the client's first look, lost on its second, where one device is made visible by its UUID",
		.holds = second_pass,
		.say = "the device was found at first, and then not under CUDA_VISIBLE_DEVICES=%a.",
		.todo = "A driver, and so a shim, must honour that variable with the UUID that it gave itself.",
		.why = "Clients drop such a device as \"didn't fully initialize\".",
	},
	{
		.id = "CLIENT-PCI-MOVES", .step = VGPU_STEP_ACCEPTED, .whatever = true, .needs = "the calls of two processes",
		.title = "a device's PCI address differs from process to process",
		.holds = pci_moves,
		.say = "one device has the PCI address %a in one process and %b in another.",
		.todo = "Derive it from the device, not from the process.",
	},
	{
		.id = "CLIENT-DIED-UNHEARD", .step = VGPU_STEP_ACCEPTED, .whatever = true, .needs = "the calls, the exit, where stderr leads",
		.title = "the process found its device, and ended itself with words that went to /dev/null",
		.holds = died_unheard,
		.say = "the process found its device, and then aborted (signal %n); what it said of that went to /dev/null.",
		.todo = "`vgpu-trace run --stderr=notify`, or `vgpu-trace attach` (as root), records what is written there.",
		.why = "Ollama gives its children /dev/null for stderr: an empty journal proves nothing.",
	},
	{
		.id = "CLIENT-DIED", .step = VGPU_STEP_ACCEPTED, .whatever = true, .needs = "the calls, the exit",
		.title = "the process found its device, and was then ended by a signal",
		.holds = died_after,
		.say = "the process found its device, and then died of signal %n.",
		.todo = "6 is an abort, by a check of its own: its last words are on its stderr. Otherwise `vgpu-trace attach` (as root) shows the place.",
		.why = "Where stderr leads nowhere the client only says that its child is gone.",
	},
	{ .id = NULL },
};
