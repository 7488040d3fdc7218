// SPDX-License-Identifier: Apache-2.0
/* Rules of the dynamic linker: libraries that are not found, are refused, or are not the ones that were meant. */
#include <string.h>

#include "tracer/explain/discovery.h"
#include "tracer/explain/rules.h"
#include "tracer/model/names.h"

#define PART(part) (1u << VGPU_PART_##part)
#define NEEDS_LINK "the link observer (or the kernel observer) in the process"

/* A client that lives by a backend, started, and never looked for one. */
static bool backend_absent(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;

	(void)finding;
	if (!vgpu_profile_rows[place->chain->profile].backend || !vgpu_seen_link_known(process) || !process->ended)
		return false;
	for (uint32_t i = 0; i < process->searches.count; i++)
		if (process->searches.at[i].part == VGPU_PART_BACKEND || process->searches.at[i].part == VGPU_PART_DRIVER)
			return false;
	for (uint32_t i = 0; i < process->objects.count; i++)
		if (process->objects.at[i].part == VGPU_PART_BACKEND)
			return false;
	return !process->loads.more && !process->searches.more;
}

/* The linker gave the program up: exit code 127, and it never started. */
static bool gave_up(const struct vgpu_seen_process *process)
{
	return process->ended && !process->link_started && process->exit_how == VGPU_EXIT_CODE && process->exit_status == 127;
}

/* It ended at its own start, since something that it is linked with was not found. */
static bool start_missing(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;

	if (!gave_up(process))
		return false;
	finding->event2 = process->exit_event;
	if (process->start_error && strstr(process->start_error, "cannot open shared object file") &&
	    vgpu_vendor_part(process->start_error_object)) {
		finding->a = process->start_error_object;
		finding->event = process->start_error_event;
		return true;
	}
	if (!vgpu_seen_link_known(process) || !process->start_missing || !vgpu_vendor_part(process->start_missing))
		return false;
	finding->a = process->start_missing;
	finding->event = process->start_missing_event;
	return true;
}

/* All its libraries were found, and one lacks a symbol that its start needs. */
static bool start_symbol(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	static const char words[] = "undefined symbol: ";
	const struct vgpu_seen_process *process = place->process;
	const char *symbol = process->start_error ? strstr(process->start_error, words) : NULL;

	if (!gave_up(process))
		return false;
	finding->event2 = process->exit_event;
	if (symbol && vgpu_vendor_layer(symbol + sizeof(words) - 1) != VGPU_LAYERS) {
		finding->a = process->start_error_object;
		finding->b = process->start_error;
		finding->event = process->start_error_event;
		return true;
	}
	if (!vgpu_seen_link_known(process) || process->start_missing || !process->objects.count)
		return false;
	finding->a = process->objects.at[0].path;
	finding->b = "a symbol is missing";
	finding->event = process->objects.at[0].event;
	return true;
}

/* What a library of ours, or any driver, asks for is its own affair: no client asked. */
static bool is_own_affair(const struct vgpu_seen_process *process, const char *path)
{
	enum vgpu_part part = vgpu_vendor_part(path);

	for (uint32_t i = 0; path && i < process->objects.count; i++)
		if (process->objects.at[i].library && process->objects.at[i].path && !strcmp(process->objects.at[i].path, path))
			return true;
	return part == VGPU_PART_DRIVER || part == VGPU_PART_MONITOR;
}

/* A function that the client asked for by name, and without which it gives up: the last it asked for. */
static bool entry_missing(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;
	bool monitor = vgpu_profile_rows[place->chain->profile].monitor;

	for (uint32_t i = process->symbols.count; i--;) {
		const struct vgpu_seen_symbol *symbol = &process->symbols.at[i];
		bool nvml = vgpu_name_matches("nvml*", symbol->name);

		if (is_own_affair(process, symbol->from))
			continue;
		/* It went on to others: this one it can do without. */
		if (!symbol->missing)
			return false;
		if (symbol->found_later || nvml != monitor)
			continue;
		finding->a = symbol->name;
		finding->b = symbol->to;
		finding->event = symbol->event;
		return true;
	}
	return false;
}

/* Its process ended in the middle of mapping it. */
static bool died_linking(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;

	if (!vgpu_seen_link_known(process) || !process->ended || !process->objects.count || !process->link_started ||
	    process->exit_how == VGPU_EXIT_SEEN)
		return false;
	/* Its failed assertion, while it binds what it has mapped, is exit code 127. */
	if (!process->loading &&
	    !(process->initialising && process->exit_how == VGPU_EXIT_CODE && process->exit_status == 127))
		return false;
	finding->a = process->objects.at[process->objects.count - 1].path;
	finding->event = process->objects.at[process->objects.count - 1].event;
	finding->event2 = process->exit_event;
	return true;
}

/* Linked, and gone before the dlopen that loaded it returned: in a constructor. */
static bool died_starting(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;

	/* The kernel caught it in the act. */
	if (process->crash && vgpu_vendor_part(process->crash_initialising)) {
		finding->a = process->crash_initialising;
		finding->n = process->crash_signal;
		finding->event = process->crash_event;
		return true;
	}
	if (!vgpu_seen_link_known(process) || !process->initialising || !process->ended ||
	    process->exit_how != VGPU_EXIT_SIGNAL || !vgpu_seen_fault(process->exit_status))
		return false;
	finding->a = process->initialising_path;
	finding->n = process->exit_status;
	finding->event = process->initialising_event;
	finding->event2 = process->exit_event;
	return true;
}

/* Two files that stand for the same library, both mapped. */
/* What it says it is; where that could not be read any more, what it was called. */
static const char *stands_for(const struct vgpu_seen_object *object)
{
	const char *slash = object->path ? strrchr(object->path, '/') : NULL;

	return object->soname ? object->soname : slash ? slash + 1 : NULL;
}

static bool two_copies(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;

	for (uint32_t i = 0; i < process->objects.count; i++)
		for (uint32_t k = 0; k < i; k++) {
			const struct vgpu_seen_object *a = &process->objects.at[k], *b = &process->objects.at[i];

			if (a->gone || b->gone || a->library || b->library || !stands_for(a) || !stands_for(b) ||
			    strcmp(stands_for(a), stands_for(b)) ||
			    (a->part != VGPU_PART_DRIVER && a->part != VGPU_PART_RUNTIME) || !a->inode || !b->inode ||
			    (a->inode == b->inode && a->device == b->device))
				continue;
			finding->a = a->path;
			finding->b = b->path;
			finding->event = a->event;
			finding->event2 = b->event;
			return true;
		}
	return false;
}

/* Which symbol, who wants it, and where it was looked for: the last library of its kind that is mapped. */
static bool symbol_missing(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;

	for (uint32_t i = 0; i < process->loads.count; i++) {
		const struct vgpu_seen_load *load = &process->loads.at[i];
		const struct vgpu_seen_object *where = NULL;
		uint32_t layer;

		if (!load->failed || load->mended || !load->symbol || strstr(load->error, ", version "))
			continue;
		layer = vgpu_vendor_layer(load->symbol);
		for (uint32_t k = 0; k < process->objects.count; k++) {
			enum vgpu_part part = process->objects.at[k].part;

			if (process->objects.at[k].event < load->event &&
			    ((layer == VGPU_LAYER_DRIVER && part == VGPU_PART_DRIVER) ||
			     (layer == VGPU_LAYER_RUNTIME && part == VGPU_PART_RUNTIME) ||
			     (layer == VGPU_LAYER_NVML && part == VGPU_PART_MONITOR)))
				where = &process->objects.at[k];
		}
		finding->a = load->symbol;
		finding->b = load->object_name && load->object_name[0] ? load->object_name : load->name;
		finding->c = where ? where->path : "no library of its kind";
		finding->event = load->event;
		finding->event2 = where ? where->event : 0;
		return true;
	}
	return false;
}

/* The driver itself was looked for everywhere, and is nowhere. */
static bool driver_absent(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;

	for (uint32_t i = process->loads.count; i--;) {
		const struct vgpu_seen_load *load = &process->loads.at[i];

		if (!load->failed || load->mended || load->code != 2 || !load->error ||
		    !strstr(load->error, "cannot open shared object file"))
			continue;
		if (vgpu_vendor_part(load->object_name && load->object_name[0] ? load->object_name : load->name) !=
		    VGPU_PART_DRIVER)
			continue;
		finding->a = load->object_name && load->object_name[0] ? load->object_name : load->name;
		/* A library that was being loaded needs it, or the program asked for nothing else. */
		finding->b = load->name && strcmp(load->name, finding->a) ? load->name
			     : load->caller			      ? load->caller
								      : "the program";
		finding->event = load->event;
		return true;
	}
	return false;
}

const struct vgpu_rule vgpu_rules_link[] = {
	{
		.id = "LINK-START-MISSING", .step = VGPU_STEP_STARTED, .needs = NEEDS_LINK ", the exit code",
		.title = "a library that the program is linked with was not found, and it ended at its start",
		.holds = start_missing,
		.say = "the program never started: %a, which it is linked with, was not found.",
		.todo = "Install %a, or put its directory into LD_LIBRARY_PATH or ld.so.conf.",
	},
	{
		.id = "LINK-START-SYMBOL", .step = VGPU_STEP_STARTED, .needs = NEEDS_LINK ", the exit code",
		.title = "a GPU library that the program is linked with lacks a symbol, and it ended at its start",
		.holds = start_symbol,
		.say = "the program never started: the dynamic linker gave up at %a: %b.",
		.todo = "Run the program with LD_BIND_NOW=1 in a shell: the linker names the symbol. Put a complete library in its place.",
	},
	{
		.id = "LINK-BACKEND-ABSENT", .step = VGPU_STEP_SEARCHED, .needs = NEEDS_LINK ", from its start to its end",
		.title = "the client never looked for a GPU backend: its package is missing or lies elsewhere",
		.holds = backend_absent,
		.say = "no GPU backend was ever looked for: there is none where this client searches.",
		.todo = "Install the client's CUDA package (libggml-cuda.so), in the directory that it was told to search.",
		.why = "A directory without a backend is passed over silently.",
	},
	{
		.id = "LINK-DRIVER-ABSENT", .step = VGPU_STEP_OPENED, .needs = NEEDS_LINK,
		.title = "the driver's library is nowhere",
		.holds = driver_absent,
		.say = "the GPU driver's library, %a, was not found; %b asked for it.",
		.todo = "Install the driver's user-space part, or start the container with --gpus all (capability `compute`). "
			"If it is there, put its directory into ld.so.conf and run ldconfig.",
		.why = "Backends are tried quietly: a refused dlopen leaves no trace in a log.",
	},
	{
		.id = "LINK-NOT-PERMITTED", .step = VGPU_STEP_OPENED, .needs = NEEDS_LINK,
		.title = "a GPU library may not be read",
		.when = { .refused = "*cannot open shared object file*", .code = 13 },
		.say = "%a is there, and may not be opened: permission denied.",
		.todo = "Make it, and every directory above it, readable for the user that the program runs as.",
	},
	{
		.id = "LINK-NEEDED-MISSING", .step = VGPU_STEP_OPENED, .needs = NEEDS_LINK,
		.title = "a library that a GPU library needs is missing",
		.when = { .refused = "*cannot open shared object file*", .code = 2 },
		.say = "%b was refused: a library that it needs, %a, was not found.",
		.todo = "Install the package that has it, or put its directory where the loader looks: LD_LIBRARY_PATH of the process, "
			"the library's RUNPATH, ld.so.conf.",
		.why = "Backends are tried quietly: a refused dlopen leaves no trace in a log.",
	},
	{
		.id = "LINK-WRONG-CLASS", .step = VGPU_STEP_OPENED, .needs = NEEDS_LINK,
		.title = "a GPU library is of another architecture or word size",
		.when = { .refused = "*wrong ELF class*|*ELF file OS ABI invalid*|*ELF file machine*|*ELF file data encoding*" },
		.say = "%a is for another kind of machine, and no other was found.",
		.todo = "Put the library for this machine in its place, or its directory first.",
	},
	{
		.id = "LINK-DAMAGED", .step = VGPU_STEP_OPENED, .needs = NEEDS_LINK,
		.title = "a GPU library's file is damaged, empty, or no library",
		.when = { .refused = "*invalid ELF header*|*file too short*|*ELF load command*|*object file has no*|*cannot read file data*" },
		.say = "%a is no usable library: %b.",
		.todo = "Install the file anew; an interrupted copy or a Git LFS pointer looks like this.",
	},
	{
		.id = "LINK-NO-EXEC", .step = VGPU_STEP_OPENED, .needs = NEEDS_LINK,
		.title = "a GPU library lies on a file system that forbids execution",
		.when = { .refused = "*failed to map segment*" },
		.say = "%a could not be mapped: its file system is mounted noexec, or a policy forbids it.",
		.todo = "Move it to a file system that is mounted with exec, or change the policy.",
	},
	{
		.id = "LINK-STATIC-TLS", .step = VGPU_STEP_OPENED, .needs = NEEDS_LINK,
		.title = "no room in the static TLS block",
		.when = { .refused = "*static TLS*" },
		.say = "%a was refused: it needs static thread-local storage, and no room is left for it.",
		.todo = "Preload it (LD_PRELOAD), or raise GLIBC_TUNABLES=glibc.rtld.optional_static_tls=4096.",
	},
	{
		.id = "LINK-STUB", .step = VGPU_STEP_OPENED, .needs = NEEDS_LINK " or the calls", .whatever = true,
		.title = "the toolkit's stub library answers in place of the driver",
		.when = { .mapped = "*/stubs/*" },
		.say = "%a is a stub for linking: every call to it fails.",
		.todo = "Take the toolkit's stubs directory out of LD_LIBRARY_PATH and ld.so.conf.",
	},
	{
		.id = "LINK-TWO-COPIES", .step = VGPU_STEP_OPENED, .needs = NEEDS_LINK, .whatever = true,
		.title = "two different files stand for one GPU library in one process",
		.holds = two_copies,
		.say = "two copies are in one process: %a and %b. What is set up in one is missing in the other.",
		.todo = "Let only one of them be found: by preload or by path, not both; replace the stale one.",
	},
	{
		.id = "LINK-VERSION-NODE", .step = VGPU_STEP_SYMBOLS, .needs = NEEDS_LINK,
		.title = "a library lacks a version that another one was linked with",
		.when = { .refused = "*version `*' not found*" },
		.say = "%a: %b.",
		.todo = "Give the library a version map with that node, or put the library of the right major version first.",
		.why = "Backends are tried quietly: a refused dlopen leaves no trace in a log.",
	},
	{
		.id = "LINK-VERSIONED-SYMBOL", .step = VGPU_STEP_SYMBOLS, .needs = NEEDS_LINK,
		.title = "a library has the version, but not the symbol in it",
		.when = { .refused = "*undefined symbol: *, version *" },
		.say = "the GPU backend was refused by the dynamic linker: %b.",
		.todo = "Export that symbol, under that version, from the library in question.",
		.why = "Backends are tried quietly: a refused dlopen leaves no trace in a log.",
	},
	{
		.id = "LINK-UNDEFINED-SYMBOL", .step = VGPU_STEP_SYMBOLS, .needs = NEEDS_LINK,
		.title = "a symbol that a GPU library needs is in no library that is loaded",
		.holds = symbol_missing,
		.say = "a library was refused by the dynamic linker, and nobody printed why: undefined symbol: %a, wanted by %b, "
		       "looked for in %c.",
		.todo = "Export %a from %c, or put a complete library first.",
		.why = "Backends are tried quietly: a refused dlopen leaves no trace in a log.",
	},
	{
		.id = "LINK-ENTRY-MISSING", .step = VGPU_STEP_SYMBOLS, .needs = NEEDS_LINK,
		.title = "the client asked for a function by name, and the library lacks it",
		.holds = entry_missing,
		.say = "the client asked %b for %a, which it does not have, and gave up.",
		.todo = "Export %a from %b, or put a complete library first; a driver this old lacks it as well.",
	},
	{
		.id = "LINK-DIED-LOADING", .step = VGPU_STEP_SYMBOLS, .needs = NEEDS_LINK ", the exit",
		.title = "the process ended while a GPU library was being linked",
		.holds = died_linking,
		.say = "the process ended while the dynamic linker was at work on %a.",
		.todo = "A library without symbol versions, bound by versioned references, makes the linker itself give up: "
			"build it with a version map.",
	},
	{
		.id = "CRASH-CONSTRUCTOR", .step = VGPU_STEP_SYMBOLS, .needs = NEEDS_LINK ", the exit",
		.title = "the process crashed in a constructor of a GPU library",
		.holds = died_starting,
		.say = "the process was killed by signal %n while a constructor of %a, or of what it needs, was running.",
		.todo = "Do nothing in constructors of a shim: initialise at the first call. `vgpu-trace attach` (as root) shows the place.",
	},
	{ .id = NULL },
};
