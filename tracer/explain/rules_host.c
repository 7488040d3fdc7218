// SPDX-License-Identifier: Apache-2.0
/* Rules of the machine: device nodes, modules, versions. They explain a refusal; they are none by themselves. */
#include <stdlib.h>
#include <string.h>

#include "tracer/explain/rules.h"
#include "tracer/model/names.h"

#define NEEDS "the calls, facts of the machine"

/* A call that begins anything was refused by a library that is not simulated. */
static const struct vgpu_seen_call *refusal(const struct vgpu_rule_place *place)
{
	const struct vgpu_seen_call *call =
		vgpu_seen_call(place->process, "cuInit,cudaGetDeviceCount");

	if (place->backend && !strcmp(place->backend, "sim"))
		return NULL;
	if (!call || !call->failures || call->success)
		return NULL;
	/* The same code is what a variable that hides every device leads to. */
	if (call->result == 100 && vgpu_seen_hidden(place->process))
		return NULL;
	/* Codes that say themselves what is wrong have rules of their own. */
	return call->result == 100 || call->result == 999 || call->result == 30 ? call : NULL;
}

static const struct vgpu_seen_fact *fact(const struct vgpu_rule_place *place, const char *name, const char *subject)
{
	for (uint32_t i = 0; i < place->set->facts.count; i++)
		if (place->set->facts.at[i].name && !strcmp(place->set->facts.at[i].name, name) &&
		    place->set->facts.at[i].subject && vgpu_name_matches(subject, place->set->facts.at[i].subject))
			return &place->set->facts.at[i];
	return NULL;
}

static bool take(struct vgpu_finding *finding, const struct vgpu_seen_fact *shown, const struct vgpu_seen_call *call)
{
	if (!shown || !call)
		return false;
	finding->a = shown->subject;
	finding->b = shown->value;
	finding->event = call->failure;
	finding->event2 = shown->event;
	finding->n = call->result;
	finding->function = call->function;
	return true;
}

static bool node_denied(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_call *call = refusal(place);

	for (uint32_t i = 0; call && i < place->process->files.count; i++) {
		const struct vgpu_seen_text *file = &place->process->files.at[i];

		if (file->code != 1 && file->code != 13)
			continue;
		finding->a = file->text;
		finding->event = file->event;
		finding->event2 = call->failure;
		finding->n = call->result;
		finding->function = call->function;
		return true;
	}
	for (uint32_t i = 0; call && i < place->set->facts.count; i++) {
		const struct vgpu_seen_fact *node = &place->set->facts.at[i];

		if (node->name && !strcmp(node->name, "node") && (node->error == 1 || node->error == 13))
			return take(finding, node, call);
	}
	return false;
}

/* The module is there, and its node is not. */
static bool node_missing(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_fact *driver = fact(place, "driver", "*"), *node = fact(place, "node", "/dev/nvidiactl");

	return driver && driver->value && node && !node->value && node->error == 2 && take(finding, node, refusal(place));
}

static bool uvm_missing(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_fact *driver = fact(place, "driver", "*"), *node = fact(place, "node", "/dev/nvidia-uvm");
	const struct vgpu_seen_fact *control = fact(place, "node", "/dev/nvidiactl");
	const struct vgpu_seen_call *call = vgpu_seen_call(place->process, "cuInit,cudaGetDeviceCount");

	if (!call || (call->result != 999 && call->result != 30) || !refusal(place))
		return false;
	return driver && driver->value && control && control->value && node && !node->value && node->error == 2 &&
	       take(finding, node, call);
}

static bool uvm_major(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_fact *major = fact(place, "major", "nvidia-uvm"), *node = fact(place, "node", "/dev/nvidia-uvm");
	const struct vgpu_seen_call *call = refusal(place);

	if (!call || !major || !major->value || !node || !node->value || atoi(major->value) == atoi(node->value))
		return false;
	return take(finding, node, call);
}

static bool nouveau(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_fact *module = fact(place, "module", "nouveau"), *driver = fact(place, "driver", "*");

	return module && module->value && (!driver || !driver->value) && take(finding, module, refusal(place));
}

static bool module_missing(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_fact *driver = fact(place, "driver", "*"), *wsl = fact(place, "node", "/dev/dxg");
	const struct vgpu_seen_fact *tegra = fact(place, "file", "/etc/nv_tegra_release");

	if (!driver || driver->value || (wsl && wsl->value) || (tegra && tegra->value))
		return false;
	return take(finding, driver, refusal(place));
}

static bool wsl_shadowed(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_fact *wsl = fact(place, "node", "/dev/dxg");
	const struct vgpu_seen_call *call = refusal(place);

	for (uint32_t i = 0; call && wsl && wsl->value && i < place->process->objects.count; i++) {
		const struct vgpu_seen_object *object = &place->process->objects.at[i];

		if (object->part != VGPU_PART_DRIVER || object->library || object->gone || !object->path ||
		    strstr(object->path, "/wsl/"))
			continue;
		finding->a = object->path;
		finding->event = object->event;
		finding->event2 = call->failure;
		return true;
	}
	return false;
}

static bool tegra(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_call *call = vgpu_seen_call(place->process, "cuInit,cudaGetDeviceCount");

	return call && call->failures && !call->success && (call->result == 35 || call->result == 801) &&
	       (!place->backend || strcmp(place->backend, "sim")) &&
	       take(finding, fact(place, "file", "/etc/nv_tegra_release"), call) && finding->b;
}

const struct vgpu_rule vgpu_rules_host[] = {
	{
		.id = "HOST-NODE-DENIED", .step = VGPU_STEP_INIT, .needs = NEEDS, .holds = node_denied,
		.title = "a device node may not be opened: the container lost its devices, or a sandbox denies them",
		.say = "%a may not be opened, so the driver returned %r.",
		.todo = "A container: restart it (a daemon-reload took its devices). A service: DeviceAllow=. SELinux: see audit.log.",
		.why = "The node's permissions look right: the device cgroup is what denies it.",
	},
	{
		.id = "HOST-WSL-SHADOWED", .step = VGPU_STEP_INIT, .needs = NEEDS ", the link observer", .holds = wsl_shadowed,
		.title = "under WSL a Linux driver's library shadows the one of /usr/lib/wsl/lib",
		.say = "%a answers in place of WSL's own library.",
		.todo = "Remove the Linux driver from the WSL distribution; put /usr/lib/wsl/lib first.",
	},
	{
		.id = "HOST-TEGRA", .step = VGPU_STEP_INIT, .needs = NEEDS, .holds = tegra,
		.title = "a Jetson, and a backend that was built for other machines",
		.say = "this is a Jetson (%b), and the backend is the generic one: %r.",
		.todo = "Use the client's JetPack package.",
	},
	{
		.id = "HOST-NOUVEAU", .step = VGPU_STEP_INIT, .needs = NEEDS, .holds = nouveau,
		.title = "the card belongs to nouveau",
		.say = "the module %a holds the card, and NVIDIA's is not loaded.",
		.todo = "Blacklist nouveau, rebuild the initramfs, restart.",
	},
	{
		.id = "HOST-MODULE-MISSING", .step = VGPU_STEP_INIT, .needs = NEEDS, .holds = module_missing,
		.title = "NVIDIA's kernel module is not loaded",
		.say = "NVIDIA's kernel module is not loaded (no %a), so the driver returned %r.",
		.todo = "modprobe nvidia; if that fails, see dmesg: Secure Boot, or no module for this kernel. If the service started before "
			"the driver, restart it.",
	},
	{
		.id = "HOST-NODE-MISSING", .step = VGPU_STEP_INIT, .needs = NEEDS, .holds = node_missing,
		.title = "the module is loaded, and its device node is missing",
		.say = "the module is loaded, and %a is missing, so the driver returned %r.",
		.todo = "nvidia-modprobe, or `nvidia-smi` as root once, makes it; a container needs it passed in.",
	},
	{
		.id = "HOST-UVM-MAJOR", .step = VGPU_STEP_INIT, .needs = NEEDS, .holds = uvm_major,
		.title = "the node of nvidia-uvm has an old number: that number is dynamic",
		.say = "%a has the number %b, and the module has another now.",
		.todo = "Make the node again (nvidia-modprobe -u -c=0); never keep it in an image.",
	},
	{
		.id = "HOST-UVM-MISSING", .step = VGPU_STEP_INIT, .needs = NEEDS, .holds = uvm_missing,
		.title = "nvidia-uvm is missing: NVML works and CUDA does not",
		.say = "%a is missing, so the driver returned %r, while nvidia-smi works.",
		.todo = "modprobe nvidia-uvm; nvidia-modprobe -u -c=0; pass the node into the container.",
		.why = "nvidia-smi does not need it, and proves nothing.",
	},
	{ .id = NULL },
};
