/* SPDX-License-Identifier: Apache-2.0 */
/* Runs or follows a program under the kernel observer and prints what was seen. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tracer/source/kernel/kernel.h"

#define LIBRARIES 8

struct settings {
	struct vgpu_kernel_options options;
	const char *libraries[LIBRARIES];
	unsigned library_count;
	uint32_t flags;
	const char *only;
	pid_t pid;
	bool print, linker, lazy, stay;
};

struct seen {
	const struct settings *settings;
	struct vgpu_kernel *kernel;
	uint64_t records, calls, pending, unwound;
	uint64_t *by_slot;
};

static void put_text(const char *name, const void *text, size_t size)
{
	const unsigned char *at = text;

	printf(" %s=\"", name);
	for (size_t i = 0; i < size; i++) {
		if (at[i] < ' ' || at[i] == '"' || at[i] == '\\' || at[i] > '~')
			printf("\\x%02x", at[i]);
		else
			putchar(at[i]);
	}
	putchar('"');
}

static void put_blobs(const struct vgpu_kernel_record *record)
{
	for (size_t at = 0; at + sizeof(struct vgpu_blob) <= record->blobs_size;) {
		const struct vgpu_blob *blob = (const void *)(record->blobs + at);
		char name[32];

		snprintf(name, sizeof(name), "%s%u/%x", blob->flags & VGPU_BLOB_OUT ? "out" : "in", blob->param, blob->flags);
		put_text(name, blob + 1, blob->size);
		at += sizeof(*blob) + ((blob->size + 7) & ~7u);
	}
}

static void put_call(const struct vgpu_kernel_record *record)
{
	const struct vgpu_bpf_call *call = (const void *)record->head;

	printf("call %s", record->function ? record->function->name : "?");
	for (uint32_t i = 0; i < record->nargs; i++)
		printf(" %llx", (unsigned long long)record->args[i]);
	if (call->head.flags & VGPU_BPF_CALL_PENDING)
		printf(" pending");
	else if (call->head.flags & VGPU_BPF_CALL_UNWOUND)
		printf(" unwound");
	else
		printf(" = %llx", (unsigned long long)call->result);
	put_blobs(record);
}

static void put_link(const struct vgpu_bpf_link *link)
{
	static const char *const names[] = { "?",	"dlopen", "dlmopen", "dlsym",	 "dlvsym",
					     "dlclose", "catch",  "error",   "exception" };
	const char *text = (const char *)(link + 1);

	printf("link %s handle=%llx result=%llx", link->op < 9 ? names[link->op] : "?", (unsigned long long)link->handle,
	       (unsigned long long)link->result);
	put_text("name", text, link->name_size);
	put_text("error", text + link->name_size, link->error_size);
	put_text("object", text + link->name_size + link->error_size, link->object_size);
}

static void put_process(const char *what, const struct vgpu_bpf_process *process)
{
	const char *text = (const char *)process + sizeof(struct vgpu_bpf_exec);

	printf("%s parent=%u comm=%.16s", what, process->parent, process->comm);
	if (process->head.kind == VGPU_BPF_EXIT)
		printf(" status=%x", process->exit_code);
	if (process->head.kind != VGPU_BPF_EXEC)
		return;
	put_text("path", text, process->path_size);
	put_text("argv", text + process->path_size, process->argv_size);
	printf(" env_size=%u", process->env_size);
}

static uint32_t raw_stack;

static void put_record(const struct vgpu_kernel *kernel, const struct vgpu_kernel_record *record)
{
	const struct vgpu_bpf_write *output = (const void *)record->head;
	const struct vgpu_bpf_signal *signal = (const void *)record->head;
	const void *head = record->head;
	const struct vgpu_kernel_function *function;

	printf("%u/%u ", record->head->pid, record->head->tid);
	switch (record->head->kind) {
	case VGPU_BPF_CALL:
		put_call(record);
		break;
	case VGPU_BPF_THREAD:
		put_process("thread", head);
		break;
	case VGPU_BPF_FORK:
		put_process("fork", head);
		break;
	case VGPU_BPF_EXEC:
		put_process("exec", head);
		break;
	case VGPU_BPF_EXIT:
		put_process("exit", head);
		break;
	case VGPU_BPF_LINK:
		put_link(head);
		break;
	case VGPU_BPF_WRITE:
		printf("write %u %llu", output->fd, (unsigned long long)output->full_size);
		put_text("text", output + 1, output->size);
		break;
	case VGPU_BPF_SIGNAL:
		printf("signal %d code=%d address=%llx handled=%d stack=%u", signal->signal, signal->code,
		       (unsigned long long)signal->address, signal->handler > 1, raw_stack);
		function = vgpu_kernel_function(kernel, signal->slot);
		printf(" in=%s", function ? function->name : "-");
		break;
	}
	putchar('\n');
}

static int take(void *data, const struct vgpu_kernel_record *record)
{
	const struct vgpu_bpf_raw_stack *stack = (const void *)record->head;
	const struct vgpu_bpf_call *call = (const void *)record->head;
	struct seen *seen = data;

	seen->records++;
	if (record->head->kind == VGPU_BPF_RAW_STACK) {
		/* Of the record that follows. */
		raw_stack = stack->size;
		return 0;
	}
	if (record->head->kind == VGPU_BPF_CALL) {
		seen->calls++;
		seen->pending += !!(call->head.flags & VGPU_BPF_CALL_PENDING);
		seen->unwound += !!(call->head.flags & VGPU_BPF_CALL_UNWOUND);
		seen->by_slot[call->slot]++;
	}
	if (seen->settings->print)
		put_record(seen->kernel, record);
	return 0;
}

static bool only(void *data, const char *name)
{
	return !strcmp(data, name);
}

static int attach(struct vgpu_kernel *kernel, const struct settings *settings, const char *path, uint32_t flags)
{
	struct vgpu_kernel_target target = { .flags = flags };
	struct vgpu_kernel_attached attached;
	int err;

	if (settings->only && !(flags & VGPU_KERNEL_LINKER)) {
		target.want = only;
		target.data = (void *)(uintptr_t)settings->only;
	}
	err = vgpu_kernel_attach(kernel, path, &target, &attached);
	if (err) {
		fprintf(stderr, "cannot attach '%s': %s\n", path, strerror(-err));
		return err;
	}
	printf("attached %s functions=%u known=%u aliases=%u moved=%u emulated=%u refused=%u error=%d ms=%.2f\n", path,
	       attached.functions, attached.known, attached.aliases, attached.moved, attached.emulated,
	       attached.refused, attached.refused_error, attached.attach_ns / 1e6);
	return 0;
}

static pid_t start(char **command)
{
	int gate[2];
	pid_t pid;
	char byte;

	if (pipe(gate))
		return -1;
	pid = fork();
	if (!pid) {
		sigset_t none;

		close(gate[1]);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (read(gate[0], &byte, 1) == 1) {
			close(gate[0]);
			execvp(command[0], command);
		}
		_exit(127);
	}
	close(gate[0]);
	/* Written to when all probes are in place; left open until then. */
	if (dup2(gate[1], 100) < 0)
		return -1;
	close(gate[1]);
	return pid;
}

static void sum_up(struct seen *seen)
{
	struct vgpu_kernel *kernel = seen->kernel;
	struct vgpu_bpf_totals totals;
	struct vgpu_bpf_hits hits;
	uint64_t entries = 0, returns = 0;

	for (uint32_t slot = 0; slot < vgpu_kernel_functions(kernel); slot++) {
		if (vgpu_kernel_hits(kernel, slot, &hits) || !hits.entries)
			continue;
		entries += hits.entries;
		returns += hits.returns;
		printf("count %s entries=%llu returns=%llu records=%llu\n", vgpu_kernel_function(kernel, slot)->name,
		       (unsigned long long)hits.entries, (unsigned long long)hits.returns,
		       (unsigned long long)seen->by_slot[slot]);
	}
	vgpu_kernel_totals(kernel, &totals);
	printf("total entries=%llu returns=%llu emitted=%llu dropped=%llu deep=%llu stateless=%llu unmatched=%llu "
	       "unreadable=%llu other=%llu other_dropped=%llu records=%llu calls=%llu pending=%llu unwound=%llu\n",
	       (unsigned long long)entries, (unsigned long long)returns, (unsigned long long)totals.emitted,
	       (unsigned long long)totals.dropped, (unsigned long long)totals.deep, (unsigned long long)totals.stateless,
	       (unsigned long long)totals.unmatched, (unsigned long long)totals.unreadable,
	       (unsigned long long)totals.other_emitted, (unsigned long long)totals.other_dropped,
	       (unsigned long long)seen->records, (unsigned long long)seen->calls, (unsigned long long)seen->pending,
	       (unsigned long long)seen->unwound);
}

/* Until the command ends, SIGINT or SIGTERM; or, for a process that is not ours, until it is gone. */
static int watch(struct seen *seen, pid_t pid, bool ours)
{
	const struct timespec pause = { .tv_nsec = 3000000 };
	const struct settings *settings = seen->settings;
	sigset_t set;
	int status = 0, err;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	for (;;) {
		if (sigtimedwait(&set, NULL, &pause) > 0)
			break;
		if (!settings->lazy) {
			err = vgpu_kernel_drain(seen->kernel, false, take, seen);
			if (err < 0)
				return err;
		}
		if (settings->stay)
			continue;
		if (ours ? waitpid(pid, &status, WNOHANG) == pid : kill(pid, 0) && errno == ESRCH)
			break;
	}
	printf("ended %x\n", status);
	do {
		err = vgpu_kernel_drain(seen->kernel, true, take, seen);
	} while (err > 0);
	return err;
}

static int usage(void)
{
	fprintf(stderr, "usage: kernel_probe [-m METHOD] [-l LIBRARY]… [-o FUNCTION] [-r RING_BYTES] [-d DESCRIPTOR_BITS] "
			"[-aceknszfq] (-p PID | -- COMMAND…)\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct settings settings = { 0 };
	struct seen seen = { .settings = &settings };
	char why[512] = "";
	bool ours = false;
	sigset_t set;
	int option, err;
	uint64_t ns;

	settings.print = true;
	settings.options.why = why;
	settings.options.why_size = sizeof(why);
	while ((option = getopt(argc, argv, "+m:l:o:r:d:p:aceknszfqS")) >= 0) {
		switch (option) {
		case 'm':
			settings.options.method = !strcmp(optarg, "multi") ? VGPU_KERNEL_MULTI :
						  !strcmp(optarg, "tracefs") ? VGPU_KERNEL_TRACEFS : VGPU_KERNEL_AUTO;
			break;
		case 'l':
			if (settings.library_count < LIBRARIES)
				settings.libraries[settings.library_count++] = optarg;
			break;
		case 'o':
			settings.only = optarg;
			break;
		case 'r':
			settings.options.ring_bytes = strtoul(optarg, NULL, 0);
			break;
		case 'd':
			settings.options.descriptors = strtoul(optarg, NULL, 0);
			break;
		case 'p':
			settings.pid = atoi(optarg);
			break;
		case 'e':
			settings.options.everyone = true;
			break;
		case 'k':
			settings.linker = true;
			break;
		case 'a':
			settings.options.all_syscalls = true;
			break;
		case 'c':
			settings.options.no_session = true;
			break;
		case 'n':
			settings.options.no_sleep = true;
			break;
		case 's':
			settings.flags |= VGPU_KERNEL_STATICS;
			break;
		case 'z': /* drain only at the end */
			settings.lazy = true;
			break;
		case 'f':
			settings.options.frames = true;
			break;
		case 'q':
			settings.print = false;
			break;
		case 'S': /* stay until a signal comes */
			settings.stay = true;
			break;
		default:
			return usage();
		}
	}
	if (!settings.pid && optind == argc && !settings.stay)
		return usage();
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	err = vgpu_kernel_open(&seen.kernel, &settings.options);
	if (err) {
		fprintf(stderr, "%s\n", why);
		return err == -EPERM || err == -ENOSYS ? 77 : 1;
	}
	printf("method %s sleeps=%d functions=%d session=%d\n", vgpu_kernel_method_name(vgpu_kernel_method(seen.kernel)),
	       vgpu_kernel_sleeps(seen.kernel), vgpu_kernel_hooks_functions(seen.kernel), vgpu_kernel_session(seen.kernel));
	seen.by_slot = calloc(65536, sizeof(*seen.by_slot));
	if (!seen.by_slot)
		return 1;
	for (unsigned i = 0; i < settings.library_count; i++) {
		if (attach(seen.kernel, &settings, settings.libraries[i], settings.flags))
			return 1;
	}
	if (settings.linker && (attach(seen.kernel, &settings, "/lib64/ld-linux-x86-64.so.2", VGPU_KERNEL_LINKER) ||
				attach(seen.kernel, &settings, "/lib/x86_64-linux-gnu/libc.so.6", VGPU_KERNEL_LINKER)))
		return 1;
	if (optind < argc) {
		settings.pid = start(argv + optind);
		ours = true;
	}
	if (settings.pid) {
		err = vgpu_kernel_follow(seen.kernel, settings.pid);
		if (err) {
			fprintf(stderr, "cannot follow %d: %s\n", (int)settings.pid, strerror(-err));
			return 1;
		}
	}
	if (!settings.library_count && !ours && settings.pid)
		printf("attached_files %d\n", vgpu_kernel_attach_process(seen.kernel, settings.pid));
	printf("ready\n");
	if (ours && write(100, "", 1) != 1)
		return 1;
	close(100);
	err = watch(&seen, settings.pid, ours);
	ns = vgpu_kernel_detach(seen.kernel);
	do {
		err = err < 0 ? err : vgpu_kernel_drain(seen.kernel, true, take, &seen);
	} while (err > 0);
	sum_up(&seen);
	printf("detached ms=%.2f\n", ns / 1e6);
	vgpu_kernel_close(seen.kernel);
	free(seen.by_slot);
	return err ? 1 : 0;
}
