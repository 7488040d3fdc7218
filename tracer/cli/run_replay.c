// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace replay, and run --shim replay:FILE: a recorded trace answers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/cli/command.h"
#include "tracer/cli/run.h"
#include "tracer/cli/say.h"
#include "tracer/cli/target.h"

bool vgpu_run_replay_read(struct vgpu_run *run)
{
	const char *file = run->options->replay;
	struct vgpu_replay_summary summary;
	struct vgpu_target *target = NULL;
	struct vgpu_stream stream = { 0 };
	int err = vgpu_target_open(&target, file);

	if (err)
		return false;
	err = vgpu_replay_open(&run->replay);
	if (!err) {
		vgpu_stream_add(&stream, vgpu_replay_sink(run->replay));
		err = vgpu_target_read(target, &stream);
		if (err)
			vgpu_say_more("What is missing cannot be answered: nothing was run.");
		else
			err = vgpu_replay_sink(run->replay)->error;
	}
	vgpu_target_close(target);
	if (err == -ENOMEM)
		vgpu_say_error("cannot replay '%s': no memory", file);
	if (err)
		return false;
	vgpu_replay_summary(run->replay, &summary);
	if (!summary.calls) {
		vgpu_say_error("cannot replay '%s': there is no call of the driver or of NVML in "
			       "it that could be answered again",
			       file);
		return false;
	}
	run->libraries = summary.libraries;
	snprintf(run->forward_title, sizeof(run->forward_title),
		 "%.500s (%" PRIu64 " calls of %u process%s)", file, summary.calls,
		 summary.processes, summary.processes == 1 ? "" : "es");
	if (summary.foreign)
		vgpu_say_error("%" PRIu64 " calls in '%s' are of functions that its recorder "
			       "described otherwise: they are not answered",
			       summary.foreign, file);
	return true;
}

int vgpu_run_replay_write(struct vgpu_run *run)
{
	snprintf(run->answers, sizeof(run->answers), "%s/answers", run->session.path);
	return vgpu_replay_write(run->replay, run->answers);
}

void vgpu_run_replay_close(struct vgpu_run *run)
{
	vgpu_replay_close(run->replay);
	run->replay = NULL;
}

/* FILE is the first word or, behind options, the last one before the command; 0: there is none. */
static int find_file(int argc, char **argv)
{
	int end = 1;

	if (argc > 1 && argv[1][0] != '-')
		return 1;
	while (end < argc && strcmp(argv[end], "--"))
		end++;
	return end < argc && end > 2 && argv[end - 1][0] != '-' ? end - 1 : 0;
}

int vgpu_cmd_replay(const struct vgpu_command *command, int argc, char **argv)
{
	int file = find_file(argc, argv), count = 0, code;
	char **words, *shim;

	for (int i = 1; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help"))
			return vgpu_cmd_run(command, argc, argv);
	if (!file) {
		vgpu_say_error("replay: what?");
		vgpu_say_more("usage: vgpu-trace replay [OPTION…] FILE -- COMMAND [ARGUMENT…]");
		return VGPU_EXIT_OWN;
	}
	words = calloc((size_t)argc + 1, sizeof(*words));
	if (!words || asprintf(&shim, "--shim=replay:%s", argv[file]) < 0) {
		free(words);
		return VGPU_EXIT_OWN;
	}
	words[count++] = argv[0];
	words[count++] = shim;
	for (int i = 1; i < argc; i++)
		if (i != file)
			words[count++] = argv[i];
	code = vgpu_cmd_run(command, count, words);
	free(shim);
	free(words);
	return code;
}
