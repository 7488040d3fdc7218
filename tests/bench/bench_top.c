// SPDX-License-Identifier: Apache-2.0
/* What the dashboard costs: its processor time, what its target loses, how long a key takes, whether its memory grows. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Beside this program's folder. */
static char target_path[4200], trace_path[4200], names_path[4200];

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* ---- the target: told what to do, says how many calls a second it made ---- */

struct target {
	pid_t pid;
	int in;
	FILE *out;
};

static int target_start(struct target *target)
{
	int in[2], out[2];
	char line[128];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return -1;
	target->pid = fork();
	if (!target->pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		setenv("VGPU_BACKEND", "sim", 1);
		setenv("LD_LIBRARY_PATH", names_path, 1);
		execl(target_path, target_path, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	target->in = in[1];
	target->out = fdopen(out[0], "r");
	return fgets(line, sizeof(line), target->out) ? 0 : -1;
}

static void target_begin(struct target *target, long rate, double seconds)
{
	dprintf(target->in, "discover\nsteady %ld %f\n", rate, seconds);
}

/* Calls a second that it reports. */
static double target_end(struct target *target)
{
	char line[128];
	double rate = 0;

	while (fgets(line, sizeof(line), target->out) && strncmp(line, "steady", 6))
		if (strstr(line, "calls a second"))
			rate = strtod(line, NULL);
	return rate;
}

static void target_stop(struct target *target)
{
	close(target->in);
	fclose(target->out);
	waitpid(target->pid, NULL, 0);
}

/* ---- the dashboard, on a terminal of its own ---- */

struct dashboard {
	pid_t pid;
	int terminal;
};

static void dashboard_start(struct dashboard *dashboard, pid_t target)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", target);
	dashboard->pid = forkpty(&dashboard->terminal, NULL, NULL, &size);
	if (!dashboard->pid) {
		setenv("TERM", "xterm-256color", 1);
		setenv("XDG_CONFIG_HOME", "/proc/nonexistent", 1);
		execl(trace_path, trace_path, "top", "--view", "functions", pid, (char *)NULL);
		_exit(127);
	}
}

/* Reads what it draws until so long; returns when the first byte came, 0: none did. */
static double dashboard_read(struct dashboard *dashboard, double until, size_t *bytes)
{
	double first = 0, left;

	while ((left = until - now()) > 0) {
		struct pollfd ready = { .fd = dashboard->terminal, .events = POLLIN };
		char buffer[65536];
		ssize_t n;

		if (poll(&ready, 1, (int)(left * 1000) + 1) <= 0)
			continue;
		n = read(dashboard->terminal, buffer, sizeof(buffer));
		if (n <= 0)
			break;
		if (!first)
			first = now();
		if (bytes)
			*bytes += (size_t)n;
	}
	return first;
}

/* What it says in a fresh picture: the number after each word, 0 where there is none. */
static void dashboard_says(struct dashboard *dashboard, const char *const *words, double *numbers, int count)
{
	static char picture[1 << 16];
	size_t size = 0;
	double until = now() + 0.5, left;
	char *to = picture;

	for (int i = 0; i < count; i++)
		numbers[i] = 0;
	/* Held, so that it stands; drawn whole. */
	if (write(dashboard->terminal, " \f", 2) != 2)
		return;
	while ((left = until - now()) > 0 && size < sizeof(picture) - 1) {
		struct pollfd ready = { .fd = dashboard->terminal, .events = POLLIN };
		ssize_t n;

		if (poll(&ready, 1, (int)(left * 1000) + 1) <= 0)
			continue;
		n = read(dashboard->terminal, picture + size, sizeof(picture) - 1 - size);
		if (n <= 0)
			break;
		size += (size_t)n;
	}
	if (write(dashboard->terminal, " ", 1) != 1)
		return;
	picture[size] = '\0';
	/* Without what places the cursor and colours; and without the commas of numbers. */
	for (char *at = picture; at < picture + size; at++) {
		if (*at == '\033') {
			while (at < picture + size && !strchr("ABCDHJKXdfhlmr", *at))
				at++;
			*to++ = ' ';
		} else if (*at != ',') {
			*to++ = *at;
		}
	}
	*to = '\0';
	for (int i = 0; i < count; i++)
		for (char *at = picture; (at = strstr(at, words[i])); at++)
			numbers[i] = strtod(at + strlen(words[i]), NULL);
}

static double dashboard_cpu(const struct dashboard *dashboard)
{
	char path[64], text[1024], *at;
	unsigned long user = 0, system = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", dashboard->pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fgets(text, sizeof(text), file) && (at = strrchr(text, ')')))
		sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
	fclose(file);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double dashboard_mib(const struct dashboard *dashboard)
{
	char path[64], line[256];
	double kib = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", dashboard->pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "VmRSS:", 6))
			kib = strtod(line + 6, NULL);
	if (file)
		fclose(file);
	return kib / 1024;
}

static void dashboard_stop(struct dashboard *dashboard)
{
	kill(dashboard->pid, SIGTERM);
	dashboard_read(dashboard, now() + 0.3, NULL);
	close(dashboard->terminal);
	waitpid(dashboard->pid, NULL, 0);
}

/* ---- what is measured ---- */

#define KEYS 20

/* From a key to the first byte of what it changes. The picture is held, so that nothing else is drawn. */
static void keystrokes(struct dashboard *dashboard, double *median, double *worst)
{
	double took[KEYS];
	int count = 0;

	for (int i = 0; i < KEYS; i++) {
		double sent, first;

		/* A moment at which no frame of its own is under way. */
		dashboard_read(dashboard, now() + 0.03, NULL);
		sent = now();
		if (write(dashboard->terminal, i % 2 ? "3" : "4", 1) != 1)
			break;
		first = dashboard_read(dashboard, sent + 0.08, NULL);
		if (first)
			took[count++] = (first - sent) * 1e3;
	}
	qsort(took, (size_t)count, sizeof(*took), order);
	*median = count ? took[count / 2] : -1;
	*worst = count ? took[count - 1] : -1;
}

static void measure(long rate, double seconds)
{
	struct dashboard dashboard;
	struct target target;
	static const char *const words[] = { "lost ", "cuDriverGetVersion " };
	double alone, with, cpu, start, median, worst, mib_early, mib_late, early, before[2], after[2];
	size_t bytes = 0;

	if (target_start(&target)) {
		fprintf(stderr, "bench_top: cannot start %s\n", target_path);
		exit(1);
	}
	target_begin(&target, rate, seconds / 2);
	alone = target_end(&target);
	dashboard_start(&dashboard, target.pid);
	dashboard_read(&dashboard, now() + 0.7, NULL);
	dashboard_says(&dashboard, words, before, 2);
	target_begin(&target, rate, seconds + 6);
	/* Until what it may take for a burst is used up: the long run is what counts. */
	dashboard_read(&dashboard, now() + 3, NULL);
	cpu = dashboard_cpu(&dashboard);
	start = now();
	dashboard_read(&dashboard, start + seconds / 3, &bytes);
	mib_early = dashboard_mib(&dashboard);
	early = now();
	dashboard_read(&dashboard, start + seconds, &bytes);
	cpu = (dashboard_cpu(&dashboard) - cpu) / (now() - start);
	mib_late = dashboard_mib(&dashboard);
	early = now() - early;
	keystrokes(&dashboard, &median, &worst);
	with = target_end(&target);
	dashboard_read(&dashboard, now() + 0.5, NULL);
	dashboard_says(&dashboard, words, after, 2);
	dashboard_stop(&dashboard);
	target_stop(&target);
	printf("%10ld %12.0f %12.0f %8.2f %9.1f %8.1f %9.1f %9.1f %9.1f %12.3f %10.0f\n", rate, alone, with,
	       (1 - with / alone) * 100, cpu * 100,
	       (after[1] - before[1]) * 100 / (after[1] - before[1] + after[0] - before[0]), median, worst, mib_late, (mib_late - mib_early) / early,
	       (double)bytes / seconds);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 6;
	char self[4096];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (size < 0)
		return 1;
	self[size] = '\0';
	for (int i = 0; i < 3; i++)
		*strrchr(self, '/') = '\0';
	snprintf(target_path, sizeof(target_path), "%s/tests/e2e/top_target", self);
	snprintf(trace_path, sizeof(trace_path), "%s/bin/vgpu-trace", self);
	snprintf(names_path, sizeof(names_path), "%s/lib/names", self);
	printf("one calling thread, %.0f s; the dashboard shows the functions at 80x24\n\n", seconds);
	printf("%10s %12s %12s %8s %9s %8s %9s %9s %9s %12s %10s\n", "wanted/s", "alone/s", "watched/s", "loss, %", "CPU, %",
	       "read, %", "key, ms", "worst, ms", "MiB", "grows, MiB/s", "bytes/s");
	measure(1000, seconds);
	measure(100000, seconds);
	measure(1000000, seconds);
	measure(0, seconds);
	return 0;
}
