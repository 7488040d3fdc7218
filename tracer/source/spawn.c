// SPDX-License-Identifier: Apache-2.0
/* Starts the command, held back until it is being followed. */
#include "tracer/source/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void child(struct vgpu_spawn *spawn, int go, int error, char **argv,
		  const struct vgpu_environment *environment, int count)
{
	char sign;
	int err;

	sigaction(SIGPIPE, &spawn->old_pipe, NULL);
	sigaction(SIGXFSZ, &spawn->old_xfsz, NULL);
	for (int i = 0; i < count; i++)
		if (setenv(environment[i].name, environment[i].value, 1))
			_exit(125);
	while (read(go, &sign, 1) != 1)
		if (errno != EINTR)
			_exit(125);
	if (spawn->prepare)
		spawn->prepare(spawn->prepare_data);
	sigprocmask(SIG_SETMASK, &spawn->old_mask, NULL);
	execvp(argv[0], argv);
	err = errno;
	while (write(error, &err, sizeof(err)) < 0 && errno == EINTR)
		;
	_exit(err == ENOENT ? 127 : 126);
}

int vgpu_spawn_hold(struct vgpu_spawn *spawn, char **argv, const struct vgpu_environment *environment, int count)
{
	static const int passed[] = { SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	int go[2] = { -1, -1 }, error[2] = { -1, -1 }, err;
	sigset_t mask;

	spawn->pid = -1;
	spawn->signals = spawn->go = spawn->error = -1;
	sigemptyset(&mask);
	for (unsigned i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		sigaddset(&mask, passed[i]);
	sigprocmask(SIG_BLOCK, &mask, &spawn->old_mask);
	sigaction(SIGPIPE, &ignore, &spawn->old_pipe);
	sigaction(SIGXFSZ, &ignore, &spawn->old_xfsz);
	spawn->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (spawn->signals < 0 || pipe2(go, O_CLOEXEC) || pipe2(error, O_CLOEXEC)) {
		err = -errno;
		goto out;
	}
	spawn->pid = fork();
	if (spawn->pid < 0) {
		err = -errno;
		goto out;
	}
	if (!spawn->pid) {
		close(go[1]);
		child(spawn, go[0], error[1], argv, environment, count);
	}
	close(go[0]);
	close(error[1]);
	spawn->go = go[1];
	spawn->error = error[0];
	return 0;
out:
	for (int i = 0; i < 2; i++) {
		if (go[i] >= 0)
			close(go[i]);
		if (error[i] >= 0)
			close(error[i]);
	}
	vgpu_spawn_close(spawn);
	return err;
}

int vgpu_spawn_go(struct vgpu_spawn *spawn)
{
	int err = 0;
	ssize_t n;

	while (write(spawn->go, "", 1) < 0 && errno == EINTR)
		;
	close(spawn->go);
	spawn->go = -1;
	/* Closed by a successful execve. */
	do
		n = read(spawn->error, &err, sizeof(err));
	while (n < 0 && errno == EINTR);
	close(spawn->error);
	spawn->error = -1;
	return n == sizeof(err) ? -err : 0;
}

void vgpu_spawn_close(struct vgpu_spawn *spawn)
{
	if (spawn->signals >= 0)
		close(spawn->signals);
	if (spawn->go >= 0)
		close(spawn->go);
	if (spawn->error >= 0)
		close(spawn->error);
	spawn->signals = spawn->go = spawn->error = -1;
}
