/* SPDX-License-Identifier: Apache-2.0 */
/* ollama-like: a program that looks for GPUs exactly as Ollama does, and does nothing else. */
#include <stdio.h>
#include <string.h>

#include "examples/ollama-like/roles.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} roles[] = {
	{ "serve", role_serve,
	  "looks for GPUs as `ollama serve` does at its start (serve --help)" },
	{ "runner", role_runner, "what serve starts in eras B: --ollama-engine --port N" },
	{ "gpu-discover", role_gpu_discover, "what serve starts in era C: --lib-dir DIR…" },
};

static int usage(FILE *to, int status)
{
	fputs("usage: ollama-like ROLE [argument…]\n", to);
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		fprintf(to, "  %-14s %s\n", roles[i].name, roles[i].summary);
	return status;
}

int main(int argc, char **argv)
{
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return usage(stdout, 0);
	for (size_t i = 0; argc > 1 && i < sizeof(roles) / sizeof(roles[0]); i++)
		if (!strcmp(argv[1], roles[i].name))
			return roles[i].run(argc - 1, argv + 1);
	return usage(stderr, 2);
}
