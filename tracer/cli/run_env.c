// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace run --print-env and --systemd: the environment that does the same for what others start. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/cli/command.h"
#include "tracer/cli/run.h"
#include "tracer/cli/say.h"

/* A service's environment as systemd reads it: quotes, backslashes and percent signs have a meaning. */
static void put_systemd(const char *name, const char *value)
{
	printf("Environment=\"%s=", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			putchar('\\');
		if (*value == '%')
			putchar('%');
		putchar(*value);
	}
	puts("\"");
}

static void put_shell(const char *name, const char *value)
{
	static const struct vgpu_look plain = { .utf8 = true };
	struct vgpu_text text = { 0 };

	vgpu_text_shell_word(&text, &plain, value);
	/* What is set there already stays, behind ours. */
	if (!strcmp(name, "LD_PRELOAD") || !strcmp(name, "LD_LIBRARY_PATH"))
		printf("export %s=%s${%s:+:$%s}\n", name, vgpu_text_string(&text), name, name);
	else
		printf("export %s=%s\n", name, vgpu_text_string(&text));
	vgpu_text_free(&text);
}

struct vgpu_inject_options vgpu_run_inject(const struct vgpu_run *run)
{
	const struct vgpu_run_options *options = run->options;
	static const char *const backends[] = { [VGPU_SHIM_SIM] = "sim", [VGPU_SHIM_FORWARD] = "forward",
						[VGPU_SHIM_REPLAY] = "replay", [VGPU_SHIM_BIND] = NULL };

	return (struct vgpu_inject_options){
		.how = vgpu_run_puts_in(options) ? options->inject : 0,
		.libraries = run->libraries,
		.backend = backends[options->mode],
		.forward = options->mode == VGPU_SHIM_FORWARD ? &run->forward : NULL,
		.replay = options->mode == VGPU_SHIM_REPLAY ? run->answers : NULL,
		.libdir = run->libdir,
		.device = options->device,
		.stacks = options->stacks,
	};
}

int vgpu_run_print_env(const struct vgpu_run *run)
{
	const struct vgpu_run_options *options = run->options;
	const char *libdir = run->libdir;
	char links[600];
	struct vgpu_inject_options inject = vgpu_run_inject(run);
	struct vgpu_environment environment[VGPU_ENVIRONMENT_MAX];
	int count;

	inject.ring_dir = options->ring_dir ? options->ring_dir : options->systemd ? "/run/vgpu-trace" : NULL;
	/* The auditor writes where it is told to, and nowhere else. */
	inject.auditor = run->auditor[0] && inject.ring_dir ? run->auditor : NULL;
	/* Beside the libraries lies a directory with the real names, made when they were built. */
	snprintf(links, sizeof(links), "%s/names", libdir);
	if (inject.how & VGPU_INJECT_PATH && access(links, R_OK | X_OK)) {
		if (inject.how == VGPU_INJECT_PATH) {
			vgpu_say_error("there is no directory '%s' with the libraries' real names; use --inject preload",
				       links);
			return VGPU_EXIT_OWN;
		}
		inject.how &= ~VGPU_INJECT_PATH;
	}
	if (inject.how & VGPU_INJECT_PATH)
		inject.links = links;
	count = vgpu_inject_environment(&inject, environment);
	if (count < 0) {
		vgpu_say_error("cannot make the environment: %s", strerror(-count));
		return VGPU_EXIT_OWN;
	}
	if (options->systemd) {
		puts("# A drop-in: systemctl edit SERVICE, and paste. Then: vgpu-trace dump NAME (as root).");
		puts("[Service]");
		if (!options->ring_dir)
			/* systemd makes /run/vgpu-trace for the service's own user; PrivateTmp does not hide it. */
			puts("RuntimeDirectory=vgpu-trace\nRuntimeDirectoryMode=0700\nRuntimeDirectoryPreserve=yes");
	} else if (options->mode == VGPU_SHIM_NONE) {
		puts("# --shim none: nothing is put in; add --shim sim for the simulated device.");
	}
	for (int i = 0; i < count; i++) {
		if (options->systemd)
			put_systemd(environment[i].name, environment[i].value);
		else
			put_shell(environment[i].name, environment[i].value);
	}
	vgpu_environment_free(environment, count);
	return VGPU_EXIT_DONE;
}
