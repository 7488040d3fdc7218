// SPDX-License-Identifier: Apache-2.0
/* The process that lets held writes go on, and does nothing else but read what they write. */
#include "tracer/source/overhear_process.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define VECTORS 64u

static struct {
	int pieces;
	uint64_t lost;
} process;

/* It must outlive whoever it was started for: no terminal, no signal that means us, no descriptor of theirs. */
static void stand_apart(int pieces, int listener)
{
	static const int others[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
				      SIGPIPE, SIGUSR1, SIGUSR2, SIGTSTP };
	int low = pieces < listener ? pieces : listener,
	    high = pieces < listener ? listener : pieces;

	setsid();
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		signal(others[i], SIG_IGN);
	prctl(PR_SET_NAME, "vgpu-overhear", 0, 0, 0);
	if (chdir("/"))
		_exit(1);
	syscall(SYS_close_range, 0u, (unsigned)low - 1, 0u);
	if (high > low + 1)
		syscall(SYS_close_range, (unsigned)low + 1, (unsigned)high - 1, 0u);
	syscall(SYS_close_range, (unsigned)high + 1, ~0u, 0u);
}

static void tell(struct overhear_piece *piece, const void *bytes, size_t size)
{
	struct iovec iov[2] = { { piece, sizeof(*piece) }, { (void *)(uintptr_t)bytes, size } };
	struct msghdr message = { .msg_iov = iov, .msg_iovlen = size ? 2 : 1 };

	piece->lost = process.lost;
	/* Whoever does not listen is not waited for. */
	if (sendmsg(process.pieces, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EAGAIN)
		process.lost++;
}

static int take_listener(int from)
{
	char room[CMSG_SPACE(sizeof(int))] = "", sign = 1;
	int32_t word = -EPIPE;
	struct iovec iov = { &word, sizeof(word) };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = room,
				  .msg_controllen = sizeof(room) };
	struct overhear_piece piece = { 0 };
	struct cmsghdr *control;
	int fd = -1;

	send(from, &sign, 1, MSG_NOSIGNAL);
	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) == sizeof(word) && !word &&
	    (control = CMSG_FIRSTHDR(&message)))
		memcpy(&fd, CMSG_DATA(control), sizeof(fd));
	if (fd < 0) {
		piece.error = word < 0 ? -word : EPROTO;
		tell(&piece, NULL, 0);
	}
	send(from, &sign, 1, MSG_NOSIGNAL);
	close(from);
	return fd;
}

static ssize_t read_memory(pid_t pid, uint64_t from, void *to, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)(uintptr_t)from, size };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0);
}

/* What is about to be written, as much as is kept. full: all of it. */
static size_t read_bytes(const struct seccomp_notif *notice, char *bytes, uint64_t *full)
{
	struct iovec vector[VECTORS];
	uint64_t count = notice->data.args[2];
	size_t done = 0;

	if (notice->data.nr == SYS_write) {
		vector[0] = (struct iovec){ (void *)(uintptr_t)notice->data.args[1], count };
		count = 1;
	} else {
		count = count < VECTORS ? count : VECTORS;
		if (read_memory((pid_t)notice->pid, notice->data.args[1], vector,
				count * sizeof(vector[0])) != (ssize_t)(count * sizeof(vector[0])))
			return 0;
	}
	*full = 0;
	for (uint64_t i = 0; i < count; i++) {
		size_t want = OVERHEAR_BYTES - done < vector[i].iov_len ? OVERHEAR_BYTES - done
									: vector[i].iov_len;
		ssize_t n =
		    want ? read_memory((pid_t)notice->pid, (uint64_t)(uintptr_t)vector[i].iov_base,
				       bytes + done, want)
			 : 0;

		*full += vector[i].iov_len;
		/* Only where all before it was read: what follows would not. */
		if (n > 0 && done + (size_t)n <= OVERHEAR_BYTES)
			done += (size_t)n;
	}
	return done;
}

static pid_t process_of(pid_t tid)
{
	char path[64], line[128];
	pid_t pid = tid;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Tgid: %d", &pid) == 1)
			break;
	if (file)
		fclose(file);
	return pid;
}

static void report(int listener, const struct seccomp_notif *notice)
{
	static char bytes[OVERHEAR_BYTES];
	struct overhear_piece piece = { .tid = (int32_t)notice->pid,
					.full_size = notice->data.args[2] };
	char path[64];
	struct timespec now;
	size_t size = read_bytes(notice, bytes, &piece.full_size);
	uint64_t id = notice->id;
	ssize_t n;

	piece.pid = process_of(piece.tid);
	snprintf(path, sizeof(path), "/proc/%d/fd/2", (int)piece.tid);
	n = readlink(path, piece.target, sizeof(piece.target) - 1);
	piece.target[n > 0 ? n : 0] = '\0';
	clock_gettime(CLOCK_MONOTONIC, &now);
	piece.time_ns = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
	/* Killed meanwhile, its number may be another's: then what was read is not its own. */
	if (!ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id))
		tell(&piece, bytes, size);
}

static void answer(int listener)
{
	union {
		struct seccomp_notif notice;
		char room[1024]; /* a newer kernel's may be larger */
	} in;
	union {
		struct seccomp_notif_resp answer;
		char room[1024];
	} out;

	memset(&in, 0, sizeof(in));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &in.notice))
		return;
	report(listener, &in.notice);
	memset(&out, 0, sizeof(out));
	out.answer.id = in.notice.id;
	out.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &out.answer);
}

int vgpu_overhear_process(int pieces, int listener)
{
	struct pollfd fd = { .events = POLLIN };

	stand_apart(pieces, listener);
	process.pieces = pieces;
	fd.fd = take_listener(listener);
	if (fd.fd < 0)
		return 0;
	/* POLLHUP: nobody has the filter any more. */
	for (;;) {
		if (poll(&fd, 1, -1) < 0 && errno != EINTR)
			return 1;
		if (fd.revents & POLLIN)
			answer(fd.fd);
		else if (fd.revents & (POLLHUP | POLLERR | POLLNVAL))
			return 0;
	}
}
