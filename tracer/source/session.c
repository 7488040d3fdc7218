// SPDX-License-Identifier: Apache-2.0
/* A recording's private directory. */
#include "tracer/source/session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer/source/inject.h"
#include "tracer/source/proc.h"

#define PREFIX "session-"

/* Ours alone, as the writers of rings want it, too. */
static int private_directory(const char *path)
{
	struct stat st;

	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	if (lstat(path, &st))
		return -errno;
	return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077) ? 0 : -EPERM;
}

static void remove_rings(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "vgpu-", 5) || !strncmp(entry->d_name, "link-", 5))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
}

static void remove_session(const char *path)
{
	char part[PATH_MAX];

	snprintf(part, sizeof(part), "%s/lib", path);
	vgpu_inject_unlink(part);
	rmdir(part);
	snprintf(part, sizeof(part), "%s/ring", path);
	remove_rings(part);
	snprintf(part, sizeof(part), "%s/answers", path);
	unlink(part);
	snprintf(part, sizeof(part), "%s/lock", path);
	unlink(part);
	rmdir(path);
}

static int has_session(pid_t pid, void *data)
{
	char value[64];

	return vgpu_proc_getenv(pid, "VGPU_TRACE_SESSION", value, sizeof(value)) == 1 && !strcmp(value, data);
}

/* Sessions whose tracer is gone, and that no process was started in which still runs. */
static void remove_stale(const char *base)
{
	DIR *dir = opendir(base);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[PATH_MAX], lock[PATH_MAX];
		int fd;

		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)))
			continue;
		snprintf(path, sizeof(path), "%.400s/%s", base, entry->d_name);
		if (snprintf(lock, sizeof(lock), "%s/lock", path) >= (int)sizeof(lock))
			continue;
		fd = open(lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			continue;
		if (!flock(fd, LOCK_EX | LOCK_NB) &&
		    vgpu_proc_each(has_session, entry->d_name + strlen(PREFIX)) == 0)
			remove_session(path);
		close(fd);
	}
	if (dir)
		closedir(dir);
}

static int open_below(struct vgpu_session *session, const char *base)
{
	char path[PATH_MAX];
	int err = private_directory(base);

	if (err)
		return err;
	remove_stale(base);
	if (snprintf(session->path, sizeof(session->path), "%s/" PREFIX "%s", base, session->id) >=
	    (int)sizeof(session->path))
		return -ENAMETOOLONG;
	if (mkdir(session->path, 0700))
		return -errno;
	snprintf(path, sizeof(path), "%s/lock", session->path);
	session->lock = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (session->lock < 0 || flock(session->lock, LOCK_EX | LOCK_NB))
		return -errno;
	snprintf(session->links, sizeof(session->links), "%s/lib", session->path);
	snprintf(session->rings, sizeof(session->rings), "%s/ring", session->path);
	return mkdir(session->links, 0700) ? -errno : 0;
}

/* The user's directory may be shared by services: each session has a part of it. */
static void own_ring_directory(struct vgpu_session *session, const char *ring_dir)
{
	char real[PATH_MAX];

	if (!realpath(ring_dir, real)) {
		session->ring_error = errno;
		snprintf(session->rings, sizeof(session->rings), "%.500s", ring_dir);
		return;
	}
	snprintf(session->rings, sizeof(session->rings), "%.480s/" PREFIX "%s", real, session->id);
	if (mkdir(session->rings, 0700)) {
		session->ring_error = errno;
		snprintf(session->rings, sizeof(session->rings), "%.500s", real);
		return;
	}
	session->own_rings = true;
}

int vgpu_session_open(struct vgpu_session *session, const char *ring_dir)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR"), *tmp = getenv("TMPDIR");
	char bases[3][400] = { "" };
	unsigned char random[8];
	int err = -ENOENT;

	memset(session, 0, sizeof(*session));
	session->lock = -1;
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -errno;
	for (unsigned i = 0; i < sizeof(random); i++)
		snprintf(session->id + 2 * i, 3, "%02x", random[i]);
	if (runtime && runtime[0] == '/')
		snprintf(bases[0], sizeof(bases[0]), "%.300s/vgpu-trace", runtime);
	snprintf(bases[1], sizeof(bases[1]), "/dev/shm/vgpu-trace-%u", (unsigned)geteuid());
	snprintf(bases[2], sizeof(bases[2]), "%.300s/vgpu-trace-%u", tmp && tmp[0] == '/' ? tmp : "/tmp",
		 (unsigned)geteuid());
	for (unsigned i = 0; i < 3 && err; i++) {
		if (!bases[i][0])
			continue;
		err = open_below(session, bases[i]);
		if (err && session->path[0]) {
			remove_session(session->path);
			session->path[0] = '\0';
		}
	}
	if (err)
		return err;
	if (ring_dir) {
		own_ring_directory(session, ring_dir);
		return 0;
	}
	session->own_rings = true;
	return mkdir(session->rings, 0700) ? -errno : 0;
}

void vgpu_session_close(struct vgpu_session *session, bool keep)
{
	if (session->path[0] && !keep) {
		if (session->own_rings)
			remove_rings(session->rings);
		remove_session(session->path);
	}
	if (session->lock >= 0)
		close(session->lock);
	session->lock = -1;
	session->path[0] = '\0';
}
