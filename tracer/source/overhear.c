// SPDX-License-Identifier: Apache-2.0
/* stderr by seccomp's notifications, on our side: the filter, and the pieces as events. */
#include "tracer/source/overhear.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/source/overhear_process.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

struct vgpu_overhear {
	struct vgpu_roster *roster;
	int pieces;   /* from the other process */
	int listener; /* to it, for the child */
	int error;
	uint64_t lost;
};

int vgpu_overhear_open(struct vgpu_overhear **out, struct vgpu_roster *roster)
{
	struct vgpu_overhear *overhear = calloc(1, sizeof(*overhear));
	int pieces[2] = { -1, -1 }, listener[2] = { -1, -1 }, room = 4 << 20, err;
	pid_t pid;

	if (!overhear)
		return -ENOMEM;
	overhear->roster = roster;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pieces) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, listener)) {
		err = -errno;
		goto fail;
	}
	setsockopt(pieces[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	pid = fork();
	if (pid < 0) {
		err = -errno;
		goto fail;
	}
	/* Once more, so that its end is nobody's news. */
	if (!pid)
		_exit(fork() ? 0 : vgpu_overhear_process(pieces[1], listener[1]));
	waitpid(pid, NULL, 0);
	close(pieces[1]);
	close(listener[1]);
	overhear->pieces = pieces[0];
	overhear->listener = listener[0];
	*out = overhear;
	return 0;
fail:
	for (int i = 0; i < 2; i++) {
		if (pieces[i] >= 0)
			close(pieces[i]);
		if (listener[i] >= 0)
			close(listener[i]);
	}
	free(overhear);
	return err;
}

void vgpu_overhear_close(struct vgpu_overhear *overhear)
{
	if (!overhear)
		return;
	close(overhear->pieces);
	if (overhear->listener >= 0)
		close(overhear->listener);
	free(overhear);
}

/* ---- in the child ---- */

static int install(void)
{
#ifdef ARCH
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_writev, 0, 2),
		/* The low half of the first argument, on a little-endian machine. */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, STDERR_FILENO, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			  &program);

	/* Whoever is not privileged must promise that nothing executed from here on will be. */
	if (fd < 0 && errno == EACCES && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			     &program);
	return fd < 0 ? -errno : (int)fd;
#else
	return -ENOSYS;
#endif
}

void vgpu_overhear_prepare(void *data)
{
	struct vgpu_overhear *overhear = data;
	char room[CMSG_SPACE(sizeof(int))] = "", sign = 0;
	int32_t word;
	struct iovec iov = { &word, sizeof(word) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *control;
	int fd;

	/* Nothing is held before somebody is there to let it go on. */
	if (recv(overhear->listener, &sign, 1, 0) != 1)
		return;
	fd = install();
	word = fd < 0 ? fd : 0;
	if (fd >= 0) {
		message.msg_control = room;
		message.msg_controllen = sizeof(room);
		control = CMSG_FIRSTHDR(&message);
		control->cmsg_level = SOL_SOCKET;
		control->cmsg_type = SCM_RIGHTS;
		control->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(control), &fd, sizeof(fd));
	}
	sendmsg(overhear->listener, &message, MSG_NOSIGNAL);
	if (fd < 0)
		return;
	recv(overhear->listener, &sign, 1, 0);
	close(fd);
}

/* ---- in the tracer ---- */

int vgpu_overhear_fd(const struct vgpu_overhear *overhear)
{
	return overhear->pieces;
}

int vgpu_overhear_error(const struct vgpu_overhear *overhear)
{
	return overhear->error;
}

uint64_t vgpu_overhear_lost(const struct vgpu_overhear *overhear)
{
	return overhear->lost;
}

static void emit(struct vgpu_overhear *overhear, const struct overhear_piece *piece,
		 const char *bytes, uint32_t size, struct vgpu_stream *stream)
{
	struct vgpu_known *known = vgpu_roster_live(overhear->roster, piece->pid);
	struct vgpu_event event = {
		.kind = VGPU_EVENT_OUTPUT,
		.observer = VGPU_OBSERVER_PROCESS,
		.process = known ? known->number : 0,
		.tid = piece->tid,
		.time_ns = piece->time_ns,
		.output = {
			.descriptor = STDERR_FILENO,
			.target = piece->target[0] ? piece->target : NULL,
			.bytes = { (const uint8_t *)bytes, size },
			.full_size = piece->full_size,
			.unread = size < piece->full_size && size < OVERHEAR_BYTES,
		},
	};

	if (known)
		vgpu_stream_emit(stream, &event);
}

int vgpu_overhear_poll(struct vgpu_overhear *overhear, struct vgpu_stream *stream)
{
	static char room[sizeof(struct overhear_piece) + OVERHEAR_BYTES];
	struct overhear_piece piece;
	int count = 0;
	ssize_t n;

	if (overhear->listener >= 0) {
		/* The child has had its copy since it was forked. */
		close(overhear->listener);
		overhear->listener = -1;
	}
	while ((n = recv(overhear->pieces, room, sizeof(room), 0)) >= (ssize_t)sizeof(piece)) {
		memcpy(&piece, room, sizeof(piece));
		piece.target[sizeof(piece.target) - 1] = '\0';
		overhear->lost = piece.lost;
		if (piece.error)
			overhear->error = piece.error;
		else
			emit(overhear, &piece, room + sizeof(piece),
			     (uint32_t)(n - (ssize_t)sizeof(piece)), stream);
		count++;
	}
	return count;
}
