// SPDX-License-Identifier: Apache-2.0
/* Rules of initialisation and counting: what the calls returned, or that they never came. */
#include <string.h>

#include "tracer/explain/discovery.h"
#include "tracer/explain/rules.h"
#include "tracer/model/names.h"

#define NEEDS_CALLS "the calls (our libraries, or the kernel observer)"
#define INITS    "cuInit,cudaGetDeviceCount,nvmlInit,nvmlInit_v2,nvmlInitWithFlags"
#define CUDA_ANY "cuInit,cuDeviceGetCount,cudaGetDeviceCount,cuDevicePrimaryCtxRetain,cudaSetDevice,cudaFree,cudaMalloc"
/* The driver's own words, from 12.9 on. */
#define LOG_FILE " CUDA_LOG_FILE=FILE makes a driver of CUDA 12.9 or later say why; `explain --log FILE` reads it beside the trace."
#define NVML_INIT "nvmlInit,nvmlInit_v2,nvmlInitWithFlags"

/* The driver is loaded and whole, its calls are observed, and none that begins anything was made. */
static bool init_never(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;
	const struct vgpu_seen_object *object = vgpu_seen_object(process, VGPU_PART_BACKEND);

	if (!vgpu_seen_calls_known(place->set, process) || !vgpu_seen_link_known(process) || !process->ended)
		return false;
	if (process->calls.count)
		return false;
	if (!object)
		object = vgpu_seen_object(process, VGPU_PART_DRIVER);
	if (!object || !vgpu_seen_object(process, VGPU_PART_DRIVER))
		return false;
	/* A preload that nobody asked for is in every program of the tree. */
	if (!process->loads.count && !vgpu_seen_object(process, VGPU_PART_BACKEND))
		return false;
	finding->a = object->path;
	finding->event = object->event;
	return true;
}

static bool pending_ended(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;

	for (uint32_t i = 0; i < process->pending.count; i++)
		if (process->pending.at[i].ended && process->pending.at[i].name) {
			finding->a = process->pending.at[i].name;
			finding->event = process->pending.at[i].event;
			finding->event2 = process->exit_event;
			finding->n = process->exit_status;
			return true;
		}
	return false;
}

/* It was in a call when the observer came, made no other, and was killed. */
static bool call_before(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;

	if (!process->ended || process->exit_how != VGPU_EXIT_SIGNAL || vgpu_seen_fault(process->exit_status) || process->calls.count)
		return false;
	for (uint32_t i = process->pending.count; i--;)
		if (process->pending.at[i].before && process->pending.at[i].name) {
			finding->a = process->pending.at[i].name;
			finding->n = process->exit_status;
			finding->event = process->pending.at[i].event;
			finding->event2 = process->exit_event;
			return true;
		}
	return false;
}

/* Killed from outside while inside a call: it had not returned. */
static bool call_hung(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	return place->process->ended && place->process->exit_how == VGPU_EXIT_SIGNAL &&
	       !vgpu_seen_fault(place->process->exit_status) && pending_ended(place, finding);
}

static bool call_crashed(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	return place->process->ended && place->process->exit_how == VGPU_EXIT_SIGNAL &&
	       vgpu_seen_fault(place->process->exit_status) && pending_ended(place, finding);
}

static bool call_exited(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	return place->process->ended && place->process->exit_how == VGPU_EXIT_CODE && pending_ended(place, finding);
}

static bool gate_early(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_call *init = vgpu_seen_call(place->process, "cuInit");

	if (!init || !init->failure || init->result != 3 || !init->success || init->success < init->failure ||
	    place->process->count > 0)
		return false;
	finding->n = (int64_t)init->failures;
	finding->event = init->failure;
	finding->event2 = init->success;
	return true;
}

/* What a runtime can do without: it asks for all that it knows, and a driver without a display has none of these. */
#define OPTIONAL "cuGraphics*,cuVDPAU*,cuGL*,cuEGL*,cuD3D*,cuWGL*,cuProfiler*"

static uint64_t last_call(const struct vgpu_seen_process *process)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < process->calls.count; i++)
		if (process->calls.at[i].last_event > last)
			last = process->calls.at[i].last_event;
	return last;
}

/*
 * A name that is not there is a cause only where somebody gave up over it: the runtime says so (36), or it is the
 * last thing that was ever asked. A runtime's probing of hundreds of names is neither.
 */
static bool lookup_refused(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;
	const struct vgpu_seen_call *count = vgpu_seen_call(process, "cudaGetDeviceCount");
	const struct vgpu_seen_call *init = vgpu_seen_call(process, "cuInit");
	bool said = count && count->failures && count->result == 36;
	uint64_t last = last_call(process);

	/* Where init itself was refused, that is the reason. */
	if ((init && init->failures) || (count && count->failures && !said))
		return false;
	for (uint32_t i = process->lookups.count; i--;) {
		const struct vgpu_seen_text *lookup = &process->lookups.at[i];

		if (lookup->code <= 0 || vgpu_name_matches(OPTIONAL, lookup->text) || (!said && lookup->event != last))
			continue;
		finding->a = lookup->text;
		finding->event = lookup->event;
		return true;
	}
	return false;
}

/* A runtime asks for tables that it can do without, too: one that is refused is a cause where nothing else was asked. */
static bool table_refused(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;
	const struct vgpu_seen_call *table = vgpu_seen_call(process, "cuGetExportTable");
	const struct vgpu_seen_call *init = vgpu_seen_call(process, "cuInit");
	bool real = !place->backend || strcmp(place->backend, "sim");

	if (!table || !table->last || process->count > 0 || process->model->filter)
		return false;
	if (!(process->ended && table->last_event == last_call(process)) && !(real && !table->success && !(init && init->success)))
		return false;
	finding->a = table->name;
	finding->event = table->last_event;
	finding->n = table->last;
	finding->function = table->function;
	return true;
}

/* Our own gate, by its own word. */
static bool gate_refused(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_call *init = vgpu_seen_call(place->process, INITS);

	for (uint32_t i = 0; init && init->failures && i < place->process->gates.count; i++)
		if (place->process->gates.at[i].code) {
			finding->a = place->process->gates.at[i].text;
			finding->event = place->process->gates.at[i].event;
			finding->event2 = init->failure;
			return true;
		}
	return false;
}

/* Success, and then what a driver says that was never initialised. */
static bool init_quiet(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	static const char after[] = "cuDeviceGetCount,cudaGetDeviceCount,cuDeviceGet,cuDriverGetVersion,cuCtxCreate*,cuDevicePrimaryCtxRetain";
	const struct vgpu_seen_process *process = place->process;
	const struct vgpu_seen_call *init = vgpu_seen_call(process, "cuInit"), *best = NULL;

	if (!init || !init->success || init->failures)
		return false;
	for (uint32_t i = 0; i < process->calls.count; i++) {
		const struct vgpu_seen_call *call = &process->calls.at[i];

		if (call->failures && !call->success && call->result == 3 && vgpu_name_matches(after, call->name) &&
		    (!best || call->failure < best->failure))
			best = call;
	}
	if (!best)
		return false;
	finding->a = best->name;
	finding->event = init->success;
	finding->event2 = best->failure;
	finding->n = best->result;
	finding->function = best->function;
	return true;
}

static bool lookup_null(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;

	for (uint32_t i = 0; process->count <= 0 && i < process->lookups.count; i++)
		if (process->lookups.at[i].code == -1) {
			finding->a = process->lookups.at[i].text;
			finding->event = process->lookups.at[i].event;
			return true;
		}
	return false;
}

static bool count_zero(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	if (place->process->count != 0 || vgpu_seen_hidden(place->process))
		return false;
	finding->event = place->process->count_event;
	return true;
}

/* The user's own choice leaves no device. */
static bool visible_none(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const char *value = vgpu_seen_env(place->process, "CUDA_VISIBLE_DEVICES");
	const struct vgpu_seen_call *call = vgpu_seen_call(place->process, "cuInit,cudaGetDeviceCount");

	if (!value || vgpu_seen_hidden(place->process) != 1)
		return false;
	if (!(call && call->failures && call->result == 100) && place->process->count != 0)
		return false;
	finding->a = *value ? value : "(empty)";
	finding->event = call && call->failures ? call->failure : place->process->count_event;
	finding->event2 = place->process->context_event;
	return true;
}

/* The runtime's own question, not whether the driver was there before it. */
static bool driver_old(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_call *count = vgpu_seen_call(place->process, "cudaGetDeviceCount,cudaSetDevice");

	if (!count || count->result != 35 || !count->failures || count->success)
		return false;
	/* 35 means "too old" only where there was a driver to ask. */
	if (!place->process->driver_version && !vgpu_seen_call(place->process, "cuInit,cuDriverGetVersion"))
		return false;
	finding->event = count->failure;
	finding->event2 = place->process->driver_version_event;
	finding->n = place->process->driver_version;
	return true;
}

/* Inside the runtime the driver refused: then the driver's words count. */
static bool count_own(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_call *count = vgpu_seen_call(place->process, "cudaGetDeviceCount,cuDeviceGetCount");
	const struct vgpu_seen_call *init = vgpu_seen_call(place->process, "cuInit");

	if (!count || !count->failures || count->success || (init && init->failures))
		return false;
	if (count->result == 35 || count->result == 36 || count->result == 100 || count->result == 103 || count->result == 34)
		return false;
	finding->a = count->name;
	finding->event = count->failure;
	finding->n = count->result;
	finding->function = count->function;
	return true;
}

const struct vgpu_rule vgpu_rules_call[] = {
	{
		.id = "INIT-NEVER-CALLED", .step = VGPU_STEP_CALLED, .needs = NEEDS_CALLS ", the link observer",
		.title = "the library is loaded and whole, and nobody called it",
		.holds = init_never,
		.say = "%a was loaded, and no GPU function was ever called.",
		.todo = "Loading alone calls nothing: see what the client does after dlopen. Where a shim initialises lazily, nothing triggers it; "
			"an empty constructor initialises nothing.",
		.why = "\"libcuda.so.1 is mapped\" proves nothing.",
	},
	{
		.id = "CALL-BEFORE-ATTACH", .step = VGPU_STEP_CALLED, .needs = "the kernel observer, attached while it ran; the exit",
		.whatever = true,
		.title = "a call was under way before the attach, and nothing came of it until the process was killed",
		.holds = call_before,
		.say = "%a was under way when the observer came, and was the last that the process did before signal %n ended it.",
		.todo = "Its stack is in the trace (`vgpu-trace dump --backtrace`). Attach with --wait to see how it began.",
		.why = "A client's time limit ends such a process, and its log says only that it took too long.",
	},
	{
		.id = "CALL-HUNG", .step = VGPU_STEP_CALLED, .needs = NEEDS_CALLS ", the exit", .whatever = true,
		.title = "a call was entered and never returned, until somebody killed the process",
		.holds = call_hung,
		.say = "%a never returned; the process was killed while it waited inside.",
		.todo = "Find out what it waits for: a lock that another process holds, a device that does not answer. "
			"`vgpu-trace attach` shows its stack.",
		.why = "The client gives up after its time limit (30 s with Ollama) and says only that.",
	},
	{
		.id = "CALL-CRASHED", .step = VGPU_STEP_CALLED, .needs = NEEDS_CALLS ", the exit", .whatever = true,
		.title = "the process crashed inside a call",
		.holds = call_crashed,
		.say = "the process crashed (signal %n) inside %a.",
		.todo = "The fault is in the library that answers %a, or in what was handed to it: see the call's arguments.",
	},
	{
		.id = "CALL-EXITED", .step = VGPU_STEP_CALLED, .needs = NEEDS_CALLS ", the exit", .whatever = true,
		.title = "the process ended itself inside a call",
		.holds = call_exited,
		.say = "the process ended itself (exit code %n) inside %a.",
		.todo = "The library calls exit or _exit: a library must return an error instead.",
	},
	{
		.id = "VISIBLE-NONE", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS ", the environment",
		.title = "CUDA_VISIBLE_DEVICES leaves no device",
		.holds = visible_none,
		.say = "CUDA_VISIBLE_DEVICES=%a leaves no device visible.",
		.todo = "Take the variable out of the unit, the drop-in or the shell that sets it, or name a device that is there.",
	},
	{
		.id = "INIT-GATE-EARLY", .step = VGPU_STEP_COUNTED, .needs = NEEDS_CALLS,
		.title = "initialisation was refused at first and granted later: a gate that thinks it is too early",
		.holds = gate_early,
		.say = "cuInit was refused %n times and then succeeded: by then the client had made up its mind.",
		.todo = "A gate that counts calls or waits must go: clients ask once.",
	},
	{
		.id = "INIT-GATE", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS ", the gate's own record",
		.title = "the init gate of our libraries does not let this process in",
		.holds = gate_refused,
		.say = "the init gate refused this process: %a.",
		.todo = "Change VGPU_GATE where the process gets it from, or unset it: no gate is the default.",
		.why = "What a gate tells a client is an error like any other.",
	},
	{
		.id = "INIT-QUIET", .step = VGPU_STEP_COUNTED, .needs = NEEDS_CALLS,
		.title = "cuInit said success without having initialised anything",
		.holds = init_quiet,
		.say = "cuInit said CUDA_SUCCESS, and %a then returned %r: its initialisation failed, and it kept that to itself.",
		.todo = "Let cuInit return what went wrong. An initialisation that is put off until later must be made up for by every call.",
		.why = "A log of cuInit alone looks healthy.",
	},
	{
		.id = "INIT-STUB", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "the stub library answered (error 34)",
		.when = { .call = CUDA_ANY, .codes = { 34 } },
		.say = "%a returned %r: a stub for linking answers in place of the driver.",
		.todo = "Take the toolkit's stubs directory out of the search path.",
	},
	{
		.id = "INIT-DRIVER-OLD", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "the driver is older than the runtime needs (error 35)",
		.holds = driver_old,
		.say = "the driver (CUDA version %n) is older than this runtime needs.",
		.todo = "Update the driver, or use the client's package for an older CUDA.",
	},
	{
		.id = "INIT-LOOKUP", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "the runtime asked the driver for a function that it does not have (error 36)",
		.holds = lookup_refused,
		.say = "the driver has no %a, which was asked for through cuGetProcAddress.",
		.todo = "Let cuGetProcAddress find it, or say not-found with its status set; see tests/facts for the whole ladder.",
	},
	{
		.id = "INIT-LOOKUP-NULL", .step = VGPU_STEP_CALLED, .needs = NEEDS_CALLS, .whatever = true,
		.title = "cuGetProcAddress said success, in its status too, and gave no address",
		.holds = lookup_null,
		.say = "cuGetProcAddress said CUDA_SUCCESS for %a, and gave a NULL pointer.",
		.todo = "Say in its status (symbolStatus) that the symbol is not there: callers jump to what a success gives.",
	},
	{
		.id = "INIT-AUTHENTICITY", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "NVIDIA's runtime found that the driver is not NVIDIA's (error 103)",
		.when = { .call = "cuda*,cuInit,cublasCreate*", .codes = { 103 } },
		.say = "NVIDIA's own runtime asked the driver to prove that it is genuine, and it is not (%r).",
		.todo = "Use the driver that belongs to the runtime, or a program whose runtime is a shared library that can be replaced as well.",
	},
	{
		.id = "INIT-EXPORT-TABLE", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS, .whatever = true,
		.title = "NVIDIA's own runtime asked the driver for a private table, was refused, and gave up (error 103 or 500)",
		.holds = table_refused,
		.say = "NVIDIA's own runtime asked the driver for a table that only NVIDIA's driver has, and gave up: %a returned %r.",
		.todo = "Link the program with the shared runtime (nvcc -cudart shared), which can be replaced as well, or use the genuine driver.",
		.why = "The program prints error 103 or 500, by the runtime's version, and neither names what was missing.",
	},
	{
		.id = "INIT-MISMATCH", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "the driver's library and its kernel module are of different versions (803, NVML 18)",
		.when = { .call = CUDA_ANY, .codes = { 803 } },
		.say = "%a returned %r: the driver was upgraded and its kernel module was not reloaded, or the other way round.",
		.todo = "Reload the module or restart the machine; in a container use the host's driver libraries.",
	},
	{
		.id = "INIT-COMPAT", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "forward compatibility is not supported on this hardware (804)",
		.when = { .call = CUDA_ANY, .codes = { 804 } },
		.say = "%a returned %r: a cuda-compat library is in front of the driver on hardware that does not support it.",
		.todo = "Remove cuda-compat from the search path, or update the driver instead.",
	},
	{
		.id = "INIT-NOT-READY", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "the system is not ready (802): Fabric Manager, or confidential computing",
		.when = { .call = CUDA_ANY, .codes = { 802 } },
		.say = "%a returned %r: the GPUs wait for a service.",
		.todo = "With NVSwitch start the Fabric Manager of exactly the driver's version; with confidential computing set the GPUs ready.",
	},
	{
		.id = "INIT-NO-COMPUTE", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "compute is not offered here (801)",
		.when = { .call = CUDA_ANY, .codes = { 801 }, .facts_known = true },
		.say = "%a returned %r: this vGPU profile, or this board's generic build, offers no compute.",
		.todo = "Assign a profile with compute (C series); on Jetson use the backend made for it.",
	},
	{
		.id = "INIT-DEVICE-UNAVAILABLE", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "the operating system denies the device, or it is busy or in another mode (46, 800)",
		.when = { .call = CUDA_ANY, .codes = { 46, 800 } },
		.say = "%a returned %r: the device is there, and may not be used now.",
		.todo = "See the compute mode (exclusive?), and whether the container lost its devices: restart it.",
	},
	{
		.id = "INIT-OUT-OF-MEMORY", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "initialisation ran out of memory (2)",
		.when = { .call = CUDA_ANY, .codes = { 2 } },
		.say = "%a returned %r.",
		.todo = "Another process fills the device, or a limit (ulimit -v, cgroup) leaves the driver no address space.",
	},
	{
		.id = "INIT-ECC", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "the device has an uncorrectable fault (214)",
		.when = { .call = CUDA_ANY, .codes = { 214, 719 } },
		.say = "%a returned %r: the card itself reports a fault.",
		.todo = "See the kernel's log for Xid lines; reset the device or replace it.",
	},
	{
		.id = "INIT-REFUSED", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "initialisation was refused as not initialised (3)",
		.when = { .call = "cuInit", .codes = { 3 } },
		.say = "%a returned %r, which no argument of its caller explains.",
		.todo = "With a shim: its gate does not take this process for an application. With NVIDIA's open module: try "
			"the module option uvm_disable_hmm=1." LOG_FILE,
	},
	{
		.id = "INIT-UNKNOWN", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS ", facts of the machine",
		.title = "an unknown error at initialisation (999), with all nodes and modules in place",
		.when = { .call = CUDA_ANY, .codes = { 999 }, .facts_known = true },
		.say = "%a returned %r.",
		.todo = "After a suspend reload nvidia_uvm (rmmod nvidia_uvm; modprobe nvidia_uvm); see the kernel's log for NVRM lines." LOG_FILE,
	},
	{
		.id = "INIT-WSL", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "WSL's library does not find its other half (500 from cuInit)",
		.when = { .call = "cuInit", .codes = { 500 } },
		.say = "%a returned %r: under WSL the toolkit's libcuda lacks libnvdxgdmal.so.1.",
		.todo = "Put /usr/lib/wsl/lib first, and remove other copies of libcuda.so.1.",
	},
	{
		.id = "INIT-NO-DEVICE", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS ", facts of the machine",
		.title = "the driver found no device (100)",
		.when = { .call = CUDA_ANY, .codes = { 100 }, .facts_known = true, .visible = true },
		.say = "%a returned %r: the driver is there, and sees no GPU.",
		.todo = "See lspci and the kernel's log: nouveau, Secure Boot, Above 4G decoding, a card that was not passed through." LOG_FILE,
	},
	{
		.id = "NVML-NOT-LOADED", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "NVML says that the driver is not loaded (9)",
		.when = { .call = NVML_INIT, .codes = { 9 } },
		.say = "%a returned %r: the kernel module is not loaded, or a Linux driver shadows WSL's.",
		.todo = "modprobe nvidia; under WSL put /usr/lib/wsl/lib first.",
	},
	{
		.id = "NVML-NOT-PERMITTED", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "NVML may not talk to the driver (4)",
		.when = { .call = NVML_INIT, .codes = { 4 } },
		.say = "%a returned %r: a sandbox or SELinux denies the device nodes.",
		.todo = "systemd: DeviceAllow=/dev/nvidiactl and the like; SELinux: see audit.log.",
	},
	{
		.id = "NVML-MISMATCH", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "NVML's library and the kernel module are of different versions (18)",
		.when = { .call = NVML_INIT, .codes = { 18 } },
		.say = "%a returned %r: the driver was upgraded, and its module was not reloaded.",
		.todo = "Reload the module or restart the machine.",
	},
	{
		.id = "NVML-LOST", .step = VGPU_STEP_PROPERTIES, .needs = NEEDS_CALLS,
		.title = "a GPU fell off the bus (NVML 15)",
		.when = { .call = "nvml*", .codes = { 15 } },
		.say = "%a returned %r: the GPU is lost.",
		.todo = "See the kernel's log for Xid 79; power, cooling and the slot are the usual suspects. Restart the machine.",
	},
	{
		.id = "NVML-UNKNOWN", .step = VGPU_STEP_INIT, .needs = NEEDS_CALLS,
		.title = "NVML says unknown error (999): typically a container that lost its devices",
		.when = { .call = NVML_INIT, .codes = { 999 } },
		.say = "%a returned %r: typical of a container whose devices were taken by a daemon-reload.",
		.todo = "Restart the container; use the cgroupfs driver or CDI, so that it does not happen again.",
	},
	{
		.id = "COUNT-FAILED", .step = VGPU_STEP_COUNTED, .needs = NEEDS_CALLS,
		.title = "initialisation went well, and counting the devices failed",
		.holds = count_own,
		.say = "%a failed by itself: %r.",
		.todo = "The runtime failed, not the driver below: see what it called meanwhile (`vgpu-trace dump --errors`).",
	},
	{
		.id = "COUNT-ZERO", .step = VGPU_STEP_COUNTED, .needs = NEEDS_CALLS ", the environment",
		.title = "the driver counted no device, with success",
		.holds = count_zero,
		.say = "the driver initialised, and counted 0 devices.",
		.todo = "A driver without a device must say so at cuInit (100); some clients divide by this count.",
	},
	{ .id = NULL },
};
