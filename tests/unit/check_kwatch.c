// SPDX-License-Identifier: Apache-2.0
/* What the kernel observer's records say of processes, where /proc says less. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tracer/source/kwatch_private.h"
#include "tracer/source/proc.h"
#include "tracer/source/roster.h"

static unsigned execs;

static int take(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	(void)sink;
	if (event->kind != VGPU_EVENT_EXEC)
		return 0;
	ck_assert_uint_eq(event->start.argv.size, sizeof("victim\0-x"));
	ck_assert_mem_eq(event->start.argv.bytes, "victim\0-x", sizeof("victim\0-x"));
	execs++;
	return 0;
}

START_TEST(a_command_line_that_proc_does_not_have_is_the_records)
{
	static const char words[] = "/bin/victim"
				    "victim\0-x";
	struct {
		struct vgpu_bpf_exec exec;
		char text[sizeof(words)];
	} record = { 0 };
	struct vgpu_bpf_process *process = &record.exec.process;
	struct vgpu_kwatch watch = { 0 };
	const struct vgpu_sink_ops ops = { .event = take };
	struct vgpu_sink sink = { .ops = &ops };
	struct vgpu_stream stream = { 0 };
	struct vgpu_proc proc;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (!pid)
		_exit(0);
	/* Ended and not waited for, it is in /proc without its command line: as in the midst of an exec. */
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(vgpu_proc_stat(pid, &proc), 0);
	process->head.kind = VGPU_BPF_EXEC;
	process->head.pid = process->head.tid = process->head.ns_pid = process->head.ns_tid =
	    (uint32_t)pid;
	process->head.start_ns =
	    proc.start_time * (UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK));
	process->path_size = strlen("/bin/victim");
	process->argv_size = sizeof("victim\0-x");
	memcpy(record.text, words, sizeof(words));
	ck_assert_int_eq(vgpu_roster_open(&watch.options.roster), 0);
	watch.stream = &stream;
	vgpu_stream_add(&stream, &sink);
	kwatch_process_record(&watch, process);
	ck_assert_uint_eq(execs, 1);
	kwatch_processes_free(&watch);
	vgpu_roster_close(watch.options.roster);
	waitpid(pid, NULL, 0);
}
END_TEST

int main(void)
{
	TCase *tests = unit_case("kwatch");

	tcase_add_test(tests, a_command_line_that_proc_does_not_have_is_the_records);
	return unit_run();
}
