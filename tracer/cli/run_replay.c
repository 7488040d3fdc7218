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

int vgpu_cmd_replay(const struct vgpu_command *command, int argc, char **argv)
{
	char **words, *shim;
	int code;

	if (argc < 2 || argv[1][0] == '-') {
		if (argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")))
			return vgpu_cmd_run(command, argc, argv);
		vgpu_say_error("replay: what?");
		vgpu_say_more("usage: vgpu-trace replay FILE [OPTION…] -- COMMAND [ARGUMENT…]");
		return VGPU_EXIT_OWN;
	}
	words = calloc((size_t)argc + 2, sizeof(*words));
	if (!words || asprintf(&shim, "--shim=replay:%s", argv[1]) < 0) {
		free(words);
		return VGPU_EXIT_OWN;
	}
	words[0] = argv[0];
	words[1] = shim;
	memcpy(words + 2, argv + 2, (size_t)(argc - 2) * sizeof(*words));
	code = vgpu_cmd_run(command, argc, words);
	free(shim);
	free(words);
	return code;
}
