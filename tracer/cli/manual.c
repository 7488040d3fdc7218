// SPDX-License-Identifier: Apache-2.0
/* The manual page, made from the table of commands. */
#include "tracer/cli/manual.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tracer/cli/args.h"
#include "tracer/cli/command.h"

struct entry {
	const char *name, *text;
};

static const struct entry exits[] = {
	{ "0", "It was done. run: the command's own." },
	{ "1", "It failed, or there is nothing of what was asked for." },
	{ "2", "The command line is wrong." },
	{ "3", "diff: the traces differ. stat --witnesses: one of them is wrong. explain --check: "
	       "no GPU was found." },
	{ "125", "run, replay: vgpu-trace itself failed." },
	{ "126, 127", "run, replay: the command could not be started; there is no such command." },
};

static const struct entry environment[] = {
	{ "VGPU_TRACE", "off: a process with libraries of ours records nothing." },
	{ "VGPU_TRACE_DIR",
	  "Where processes write their rings, and where they are looked for first." },
	{ "VGPU_TRACE_KERNEL", "off: no kernel observer, unless an option asks for it." },
	{ "VGPU_GATE",
	  "Which processes the libraries let at the GPU: 'comm=ollama*|llama-* age=100'." },
	{ "XDG_RUNTIME_DIR", "Where rings are without VGPU_TRACE_DIR: in vgpu-trace, and without "
			     "it in /dev/shm/vgpu-trace-UID." },
	{ "XDG_CONFIG_HOME", "Where top keeps what was chosen: in vgpu-trace/top.conf." },
	{ "NO_COLOR", "No colour." },
};

/* Characters that roff would take for its own, or show as others. */
static const struct entry escapes[] = {
	{ "\\", "\\e" },   { "-", "\\-" },   { "'", "\\(aq" }, { "`", "\\(ga" },
	{ "\"", "\\(dq" }, { "~", "\\(ti" }, { "^", "\\(ha" },
};

static uint32_t decode(const char **at)
{
	const uint8_t *c = (const uint8_t *)*at;
	unsigned more = *c < 0xc0 ? 0 : *c < 0xe0 ? 1 : *c < 0xf0 ? 2 : 3;
	uint32_t code = more ? *c & (0x3f >> more) : *c;

	for (unsigned i = 1; i <= more; i++)
		code = code << 6 | (c[i] & 0x3f);
	*at += 1 + more;
	return code;
}

/* n bytes of a text of ours, as text. */
static void put(const char *text, size_t n)
{
	for (const char *at = text, *end = text + n; at < end;) {
		uint32_t code = decode(&at);
		const char *escape = NULL;

		for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++)
			if (code == (uint8_t)escapes[i].name[0])
				escape = escapes[i].text;
		if (escape)
			fputs(escape, stdout);
		else if (code < 0x80)
			putchar((int)code);
		else
			printf("\\[u%04X]", (unsigned)code);
	}
}

static void font(const char *name, const char *text)
{
	printf("\\f%s", name);
	put(text, strlen(text));
	fputs("\\fR", stdout);
}

/* "sim: put the simulated device in place": not a line that was only full, but one of a list. */
static bool begins_item(const char *line)
{
	size_t n = strspn(line, "abcdefghijklmnopqrstuvwxyz");

	return n && line[n] == ':' && line[n + 1] == ' ';
}

static void lines(const char *text)
{
	for (;;) {
		size_t n = strcspn(text, "\n");

		if (*text == '.' || *text == '\'')
			fputs("\\&", stdout);
		put(text, n);
		putchar('\n');
		if (!text[n])
			return;
		text += n + 1;
		if (begins_item(text))
			fputs(".br\n", stdout);
	}
}

static void entries(const char *title, const struct entry *entry, size_t count)
{
	printf(".SH %s\n", title);
	for (size_t i = 0; i < count; i++) {
		fputs(".TP\n", stdout);
		font("B", entry[i].name);
		putchar('\n');
		lines(entry[i].text);
	}
}

static void put_option(const struct vgpu_option *option)
{
	char words[64];

	fputs(".TP\n", stdout);
	if (option->key < VGPU_OPTION) {
		snprintf(words, sizeof(words), "-%c", option->key);
		font("B", words);
		fputs(", ", stdout);
	}
	snprintf(words, sizeof(words), "--%s", option->name);
	font("B", words);
	if (option->argument) {
		putchar(' ');
		font("I", option->argument);
	}
	putchar('\n');
	lines(option->help);
}

static void options(const struct vgpu_command *command)
{
	const struct vgpu_command *same = vgpu_commands;

	if (!command->options)
		return;
	while (same->options != command->options)
		same++;
	if (same != command) {
		printf(".P\nIts options are those of\n.BR %s .\n", same->name);
		return;
	}
	for (const struct vgpu_option *row = command->options; row->name; row++)
		put_option(row);
}

static void section(const struct vgpu_command *command)
{
	printf(".SS %s\n", command->name);
	font("B", "vgpu-trace ");
	font("B", command->name);
	fputs(command->options ? " [" : "", stdout);
	if (command->options) {
		font("I", "OPTION…");
		putchar(']');
	}
	if (command->arguments) {
		putchar(' ');
		font("I", command->arguments);
	}
	fputs("\n.P\n", stdout);
	lines(command->summary);
	options(command);
	if (command->details) {
		fputs(".P\n", stdout);
		lines(command->details);
	}
	if (command->more) {
		fputs(".P\n.nf\n", stdout);
		command->more();
		fputs(".fi\n", stdout);
	}
}

void vgpu_manual_print(void)
{
	fputs(".\\\" Made by `vgpu-trace help --man`.\n.TH VGPU-TRACE 1 \"\" "
	      "\"vgpu-trace " VGPU_VERSION "\"\n"
	      ".SH NAME\nvgpu-trace \\- which GPU functions a program's discovery called, and why "
	      "it ended on the CPU\n"
	      ".SH SYNOPSIS\n.B vgpu-trace\n.I COMMAND\n",
	      stdout);
	lines("[OPTION…] …");
	fputs(".SH COMMANDS\n", stdout);
	for (const struct vgpu_command *command = vgpu_commands; command->name; command++)
		section(command);
	entries("EXIT STATUS", exits, sizeof(exits) / sizeof(exits[0]));
	entries("ENVIRONMENT", environment, sizeof(environment) / sizeof(environment[0]));
}
