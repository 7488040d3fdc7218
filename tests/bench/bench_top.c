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

/* What it says in a fresh picture of the calls. */
struct says {
	double calls, lost, unlisted; /* the last in percent */
};

static struct says dashboard_says(struct dashboard *dashboard)
{
	struct says says = { 0 };
	static char picture[1 << 16];
	size_t size = 0;
	double until = now() + 0.5, left;
	char *to = picture;

	/* Held, so that it stands; drawn whole. */
	if (write(dashboard->terminal, "2 \f", 3) != 3)
		return says;
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
	if (write(dashboard->terminal, " 3", 2) != 2)
		return says;
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
	for (char *at = picture; (at = strstr(at, "lost ")); at++)
		says.lost = strtod(at + strlen("lost "), NULL);
	/* "123456 calls 97% unlisted held", the middle only where there are such. */
	for (char *at = picture; (at = strstr(at, " calls ")); at++) {
		char *number = at;
		int end = 0;

		says.unlisted = 0;
		if ((sscanf(at, " calls %lf%% unlisted held%n", &says.unlisted, &end) < 1 || !end) && strncmp(at, " calls held", 11))
			continue;
		while (number > picture && number[-1] >= '0' && number[-1] <= '9')
			number--;
		says.calls = strtod(number, NULL);
		break;
	}
	return says;
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

/*
 * Its memory, as often as it is asked: by how much it grows is the slope of the line through a run's latter
 * half, and through its last quarter: the log of calls takes two minutes until it is full.
 */
#define SAMPLES_MAX 4096

struct growth {
	double at[SAMPLES_MAX], mib[SAMPLES_MAX];
	int count;
};

static void growth_sample(struct growth *growth, const struct dashboard *dashboard)
{
	if (growth->count == SAMPLES_MAX)
		return;
	growth->at[growth->count] = now();
	growth->mib[growth->count++] = dashboard_mib(dashboard);
}

/* MiB a second over the last part of so many, by least squares. */
static double growth_slope(const struct growth *growth, int parts)
{
	double n = 0, x = 0, y = 0, xx = 0, xy = 0, under;

	for (int i = growth->count - growth->count / parts; i < growth->count; i++) {
		double at = growth->at[i] - growth->at[0];

		n++;
		x += at;
		y += growth->mib[i];
		xx += at * at;
		xy += at * growth->mib[i];
	}
	under = n * xx - x * x;
	return under > 0 ? (n * xy - x * y) / under : 0;
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
	static struct growth growth;
	struct dashboard dashboard;
	struct target target;
	struct says before, after;
	double alone, with, cpu, start, median, worst, begin, all;
	size_t bytes = 0;

	if (target_start(&target)) {
		fprintf(stderr, "bench_top: cannot start %s\n", target_path);
		exit(1);
	}
	target_begin(&target, rate, seconds < 20 ? seconds / 2 : 10);
	alone = target_end(&target);
	dashboard_start(&dashboard, target.pid);
	/* From its first moment on: what it does to begin with must not keep keys waiting, either. */
	keystrokes(&dashboard, &median, &begin);
	before = dashboard_says(&dashboard);
	target_begin(&target, rate, seconds + 6);
	/* Until what it may take for a burst is used up: the long run is what counts. */
	dashboard_read(&dashboard, now() + 3, NULL);
	growth.count = 0;
	cpu = dashboard_cpu(&dashboard);
	start = now();
	while (now() < start + seconds) {
		double next = now() + seconds / 100;

		growth_sample(&growth, &dashboard);
		dashboard_read(&dashboard, next < start + seconds ? next : start + seconds, &bytes);
	}
	cpu = (dashboard_cpu(&dashboard) - cpu) / (now() - start);
	growth_sample(&growth, &dashboard);
	keystrokes(&dashboard, &median, &worst);
	with = target_end(&target);
	dashboard_read(&dashboard, now() + 0.5, NULL);
	after = dashboard_says(&dashboard);
	dashboard_stop(&dashboard);
	target_stop(&target);
	all = after.calls - before.calls + after.lost - before.lost;
	printf("%10ld %12.0f %12.0f %8.2f %7.1f %7.1f %7.1f %9.1f %8.1f %7.1f %7.1f %7.1f %8.4f %8.4f %8.0f\n", rate, alone, with,
	       (1 - with / alone) * 100, cpu * 100, (after.calls - before.calls) * 100 / all, (after.lost - before.lost) * 100 / all,
	       after.unlisted, median, worst, begin, growth.mib[growth.count - 1],
	       growth_slope(&growth, 2), growth_slope(&growth, 4), (double)bytes / seconds);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const long usual[] = { 1000, 100000, 1000000, 0 };
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
	printf("one calling thread, %.0f s; the dashboard shows the functions at 80x24\n"
	       "worst: of 20 keys, after that time; first: of 20 from the dashboard's start\n\n", seconds);
	printf("%10s %12s %12s %8s %7s %7s %7s %9s %8s %7s %7s %7s %8s %8s %8s\n", "wanted/s", "alone/s", "watched/s", "loss, %", "CPU, %",
	       "read, %", "lost, %", "alike, %", "key, ms", "worst", "first", "MiB", "MiB/s", "at last", "bytes/s");
	for (int i = 2; i < argc; i++)
		measure(strtol(argv[i], NULL, 0), seconds);
	for (unsigned i = 0; argc <= 2 && i < sizeof(usual) / sizeof(usual[0]); i++)
		measure(usual[i], seconds);
	return 0;
}
