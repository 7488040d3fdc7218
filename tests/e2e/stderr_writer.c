// SPDX-License-Identifier: Apache-2.0
/*
 * stderr_writer say: writes to descriptor 2 in every way, says on stdout whether each returned what it should.
 * stderr_writer wait FIFO: the same, once somebody has opened and closed FIFO.
 * stderr_writer deny COMMAND…: executes it where seccomp(2) is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char large[100000];

static void *in_a_thread(void *result)
{
	*(ssize_t *)result = write(2, "from a thread\n", 14);
	return NULL;
}

static int say(void)
{
	struct iovec parts[3] = { { (void *)"in ", 3 },
				  { (void *)"three ", 6 },
				  { (void *)"parts\n", 6 } };
	ssize_t one, three, much, thread, none, bad;
	pthread_t other;

	memset(large, 'x', sizeof(large));
	errno = 77;
	one = write(2, "words for nobody\n", 17);
	three = writev(2, parts, 3);
	much = write(2, large, sizeof(large));
	none = write(2, "", 0);
	if (pthread_create(&other, NULL, in_a_thread, &thread) || pthread_join(other, NULL))
		return 1;
	printf("%zd %zd %zd %zd %zd errno %d\n", one, three, much, none, thread, errno);
	errno = 0;
	bad = syscall(SYS_write, 2, 8, 10); /* no memory is there */
	printf("%zd %s\n", bad, strerror(errno));
	return 5;
}

static int deny(char **command)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 77;
	execvp(command[0], command);
	return 1;
}

int main(int argc, char **argv)
{
	int fd;
	char byte;

	if (argc > 2 && !strcmp(argv[1], "deny"))
		return deny(argv + 2);
	if (argc > 2 && !strcmp(argv[1], "wait")) {
		fd = open(argv[2], O_RDONLY);
		if (fd < 0 || read(fd, &byte, 1) < 0)
			return 1;
		close(fd);
	}
	return say();
}
