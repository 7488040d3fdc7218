// SPDX-License-Identifier: Apache-2.0
/* What is private in text: paths, users, UUIDs, PCI and network addresses; and what stands for it. */
#include "tracer/export/redact_words.h"

#include <ctype.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/model/names.h"

/* Of a path that is not the system's own these parts stay: they say nothing of anybody, and discovery hangs on them. */
static const char kept_parts[] =
    "home,root,usr,lib,lib32,lib64,local,bin,sbin,opt,tmp,var,run,"
    "user,dev,shm,etc,proc,sys,mnt,srv,share,libexec,"
    "cuda*,nvidia*,ollama,lib*.so,lib*.so.*,*-linux-gnu,python3*,site-"
    "packages,dist-packages,torch,triton,targets,"
    "build,examples,tests,stubs,compat,wsl,hwcaps,glibc-hwcaps,names,"
    "vgpu-trace,*.slice,ollama.service,self,fd,.dockerenv,.containerenv,nv_tegra_release,"
    "task,docker,rocm*,runners,llama-server,.,..,~";
/* Below these only packages put names. */
static const char system_roots[] = "bin,dev,lib,lib32,lib64,libx32,proc,sbin,sys";
static const char system_usr[] = "bin,include,lib,lib32,lib64,libexec,libx32,sbin,share";
/* Variables that GPU libraries and their loaders read. */
static const char kept_variables[] =
    "CUDA_*,NVIDIA_*,NV_*,NVML_*,GGML_*,LD_*,VGPU_*,HIP_*,HSA_*,ROCR_*,GPU_*,ZE_*,ONEAPI_*,VK_*,"
    "OLLAMA_DEBUG,"
    "OLLAMA_LIBRARY_PATH,OLLAMA_LLM_LIBRARY,OLLAMA_VULKAN,OLLAMA_IGPU_ENABLE,GLIBC_TUNABLES";

uint32_t redact_number(struct redact_words *words, enum redact_sort sort, const void *bytes,
		       size_t size)
{
	struct redact_seen *seen = words->seen[sort];
	uint32_t count = words->count[sort];

	for (uint32_t i = 0; i < count; i++)
		if (seen[i].size == size && !memcmp(seen[i].bytes, bytes, size))
			return i + 1;
	/* A power of two: full. */
	if (!(count & (count - 1))) {
		seen = realloc(seen, (count ? count * 2 : 1) * sizeof(*seen));
		if (!seen) {
			words->failed = true;
			return 0;
		}
		words->seen[sort] = seen;
	}
	seen[count].bytes = malloc(size + 1);
	if (!seen[count].bytes) {
		words->failed = true;
		return 0;
	}
	memcpy(seen[count].bytes, bytes, size);
	seen[count].bytes[size] = '\0';
	seen[count].size = size;
	return words->count[sort] = count + 1;
}

uint32_t redact_small(struct redact_words *words, enum redact_sort sort, uint32_t value)
{
	if (sort == REDACT_DOMAIN && !value)
		return 0;
	return redact_number(words, sort, &value, sizeof(value));
}

void redact_uuid(struct redact_words *words, uint8_t bytes[16])
{
	static const uint8_t zero[16];
	uint32_t number;

	if (!memcmp(bytes, zero, 16))
		return;
	number = redact_number(words, REDACT_UUID, bytes, 16);
	for (unsigned i = 0; i < 16; i++)
		bytes[i] = i == 6   ? bytes[i] & 0xf0
			   : i == 8 ? bytes[i] & 0xc0
			   : i < 12 ? 0
				    : number >> (15 - i) * 8;
}

void redact_learn(struct redact_words *words, const char *name, size_t size)
{
	/* Too short, or everybody's: a word of every other line. */
	if (size < 3 || (size == 4 && !memcmp(name, "root", 4)) ||
	    (size == 9 && !memcmp(name, "localhost", 9)))
		return;
	redact_number(words, REDACT_WORD, name, size);
}

void redact_learn_here(struct redact_words *words)
{
	const char *variables[] = { getenv("USER"), getenv("LOGNAME"), getenv("HOSTNAME") };
	const struct passwd *user = getpwuid(getuid());
	char host[256];

	for (unsigned i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		if (variables[i])
			redact_learn(words, variables[i], strlen(variables[i]));
	if (user)
		redact_learn(words, user->pw_name, strlen(user->pw_name));
	if (!gethostname(host, sizeof(host)) && memchr(host, '\0', sizeof(host)))
		redact_learn(words, host, strcspn(host, "."));
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* Appends what stands for a word that was learnt, if one is here; how long that word is, else 0. */
static size_t put_learnt(const struct redact_words *words, struct vgpu_text *out, const char *at,
			 size_t size)
{
	for (uint32_t i = 0; i < words->count[REDACT_WORD]; i++) {
		const struct redact_seen *word = &words->seen[REDACT_WORD][i];

		if (word->size > size || memcmp(at, word->bytes, word->size))
			continue;
		vgpu_text_printf(out, "name%u", i + 1);
		return word->size;
	}
	return 0;
}

static void put_piece(const struct redact_words *words, struct vgpu_text *out, const char *bytes,
		      size_t size)
{
	for (size_t i = 0, done; i < size; i += done) {
		done = put_learnt(words, out, bytes + i, size - i);
		if (!done)
			vgpu_text_add(out, bytes + i, done = 1);
	}
}

static bool matches(const char *patterns, const char *part, size_t size)
{
	char name[256];

	if (size >= sizeof(name))
		return false;
	memcpy(name, part, size);
	name[size] = '\0';
	return vgpu_name_matches(patterns, name);
}

static bool is_number(const char *part, size_t size)
{
	return size && size == strspn(part, "0123456789") && size < 12;
}

/* How much of a path, from its beginning, is the system's own: all of it or nothing. */
static bool is_system(const char *path, size_t size)
{
	size_t first = size ? strcspn(path + 1, "/") : 0, second;

	if (size < 2 || path[0] != '/')
		return false;
	if (first > size - 1)
		first = size - 1;
	if (matches(system_roots, path + 1, first))
		/* But memory that is shared, where anybody puts what he likes. */
		return size < 9 || memcmp(path, "/dev/shm/", 9);
	if (first != 3 || memcmp(path + 1, "usr", 3) || size < 6)
		return false;
	second = strcspn(path + 5, "/");
	return matches(system_usr, path + 5, second < size - 5 ? second : size - 5);
}

static void put_path(struct redact_words *words, struct vgpu_text *out, const char *path,
		     size_t size, enum redact_how how)
{
	bool system = is_system(path, size), after_home = false;

	for (size_t at = 0; at < size;) {
		size_t part = 0;
		bool last, home;

		if (path[at] == '/') {
			vgpu_text_puts(out, "/");
			at++;
			continue;
		}
		while (at + part < size && path[at + part] != '/')
			part++;
		last = at + part == size;
		home = (part == 4 && !memcmp(path + at, "home", 4)) ||
		       (part == 5 && !memcmp(path + at, "Users", 5));
		if (after_home && !system) {
			redact_learn(words, path + at, part);
			vgpu_text_printf(out, "user%u",
					 redact_number(words, REDACT_DIRECTORY, path + at, part));
		} else if (system || (last && how == REDACT_PROGRAM) ||
			   is_number(path + at, part) || matches(kept_parts, path + at, part)) {
			put_piece(words, out, path + at, part);
		} else {
			vgpu_text_printf(out, "dir%u",
					 redact_number(words, REDACT_DIRECTORY, path + at, part));
		}
		after_home = home;
		at += part;
	}
}

static bool is_path_byte(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("._+@%~-/", c)) ||
	       (unsigned char)c >= 0x80;
}

static size_t hex(const char *at, size_t size, size_t digits)
{
	for (size_t i = 0; i < digits; i++)
		if (i >= size || !isxdigit((unsigned char)at[i]))
			return 0;
	return digits;
}

/* 8-4-4-4-12 hexadecimal digits. */
static size_t put_uuid(struct redact_words *words, struct vgpu_text *out, const char *at,
		       size_t size)
{
	static const uint8_t groups[] = { 8, 4, 4, 4, 12 };
	uint8_t bytes[16];
	size_t length = 0;
	unsigned n = 0;

	if (size < 36)
		return 0;
	for (unsigned g = 0; g < 5; g++) {
		if (!hex(at + length, size - length, groups[g]) ||
		    (g < 4 && at[length + groups[g]] != '-'))
			return 0;
		for (unsigned i = 0; i < groups[g]; i += 2) {
			char two[3] = { at[length + i], at[length + i + 1], '\0' };

			bytes[n++] = strtoul(two, NULL, 16);
		}
		length += groups[g] + (g < 4);
	}
	redact_uuid(words, bytes);
	for (unsigned i = 0; i < 16; i++)
		vgpu_text_printf(out, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
				 bytes[i]);
	return length;
}

/* A PCI address: domain of 4 or 8 digits, bus, device, and mostly a function. */
static size_t put_bus(struct redact_words *words, struct vgpu_text *out, const char *at,
		      size_t size)
{
	unsigned width;
	uint32_t domain, bus;

	for (width = 8; width; width -= 4)
		if (size >= width + 6 && hex(at, size, width) && at[width] == ':' &&
		    hex(at + width + 1, size - width - 1, 2) && at[width + 3] == ':' &&
		    hex(at + width + 4, size - width - 4, 2))
			break;
	if (!width)
		return 0;
	domain = strtoul(at, NULL, 16);
	bus = strtoul(at + width + 1, NULL, 16);
	domain = redact_small(words, REDACT_DOMAIN, domain);
	bus = redact_small(words, REDACT_BUS, bus);
	vgpu_text_printf(out, "%0*X:%02X:", (int)width, domain, bus & 0xff);
	vgpu_text_add(out, at + width + 4, 2);
	return width + 6;
}

/* Four numbers with points between: an address, since versions here have at most three. */
static size_t put_address(struct redact_words *words, struct vgpu_text *out, const char *at,
			  size_t size)
{
	size_t length = 0;

	for (unsigned i = 0; i < 4; i++) {
		size_t digits = 0;

		while (digits < 4 && length + digits < size &&
		       isdigit((unsigned char)at[length + digits]))
			digits++;
		if (!digits || digits > 3 ||
		    (i < 3 && (length + digits >= size || at[length + digits] != '.')))
			return 0;
		length += digits + (i < 3);
	}
	if (length < size && (is_word(at[length]) || at[length] == '.'))
		return 0;
	if (!memcmp(at, "127.", 4) || (length == 7 && !memcmp(at, "0.0.0.0", 7)))
		vgpu_text_add(out, at, length);
	else
		vgpu_text_printf(out, "192.0.2.%u",
				 redact_number(words, REDACT_ADDRESS, at, length) & 0xff);
	return length;
}

void redact_text(struct redact_words *words, struct vgpu_text *out, const char *bytes, size_t size,
		 enum redact_how how)
{
	for (size_t i = 0; i < size;) {
		bool begins = !i || !is_word(bytes[i - 1]) || (bytes[i - 1] == '-' && i >= 4);
		size_t done = 0, run = 0;

		if (begins && isxdigit((unsigned char)bytes[i])) {
			done = put_uuid(words, out, bytes + i, size - i);
			if (!done)
				done = put_bus(words, out, bytes + i, size - i);
			if (!done && isdigit((unsigned char)bytes[i]) &&
			    (!i || bytes[i - 1] != '.'))
				done = put_address(words, out, bytes + i, size - i);
		}
		if (!done)
			done = put_learnt(words, out, bytes + i, size - i);
		if (done) {
			i += done;
			continue;
		}
		if (!i || !is_path_byte(bytes[i - 1]))
			while (i + run < size && is_path_byte(bytes[i + run]))
				run++;
		if (run && (memchr(bytes + i, '/', run) || (how == REDACT_FOLDER && run == size)) &&
		    (how != REDACT_TEXT || strchr("/.~", bytes[i]))) {
			put_path(words, out, bytes + i, run, how);
			i += run;
		} else if (run && memchr(bytes + i, '@', run)) {
			/* user@host */
			vgpu_text_printf(out, "name%u",
					 redact_number(words, REDACT_WORD, bytes + i, run));
			i += run;
		} else {
			vgpu_text_add(out, bytes + i++, 1);
		}
	}
}

void redact_variable(struct redact_words *words, struct vgpu_text *out, const char *variable)
{
	size_t name = strcspn(variable, "=");

	vgpu_text_add(out, variable, name);
	if (!variable[name])
		return;
	vgpu_text_puts(out, "=");
	if (matches("USER,LOGNAME,HOSTNAME", variable, name))
		redact_learn(words, variable + name + 1, strlen(variable + name + 1));
	if (matches(kept_variables, variable, name))
		redact_text(words, out, variable + name + 1, strlen(variable + name + 1),
			    REDACT_TEXT);
	else if (variable[name + 1])
		vgpu_text_puts(out, REDACT_GONE);
}

void redact_argument(struct redact_words *words, struct vgpu_text *out, const char *argument,
		     unsigned n)
{
	size_t size = strlen(argument), option = argument[0] == '-' ? strcspn(argument, "=") : 0;

	/* A first argument of small letters is a command: serve, runner. */
	bool command =
	    n == 1 && size && size <= 16 && strspn(argument, "abcdefghijklmnopqrstuvwxyz-") == size;

	if (!n) {
		redact_text(words, out, argument, size, REDACT_PROGRAM);
		return;
	}
	put_piece(words, out, argument, option);
	if (option && argument[option])
		vgpu_text_puts(out, "=");
	argument += option + (option && argument[option]);
	size = strlen(argument);
	if (!size || command || is_number(argument, size))
		vgpu_text_add(out, argument, size);
	else if (strchr(argument, '/') && !strpbrk(argument, " \n\t"))
		redact_text(words, out, argument, size, REDACT_FOLDER);
	else
		vgpu_text_puts(out, REDACT_GONE);
}

void redact_release(struct vgpu_text *out, const char *release)
{
	size_t numbers = strspn(release, "0123456789.-");
	const char *rest = release + numbers;

	while (numbers && release[numbers - 1] == '-')
		numbers--;
	vgpu_text_add(out, release, numbers);
	if (vgpu_name_matches("generic,amd64,cloud-amd64,aws,azure,gcp,oracle,lowlatency,pve,el["
			      "789]*,el10*,microsoft-standard-WSL2",
			      rest))
		vgpu_text_printf(out, "-%s", rest);
}

void redact_words_free(struct redact_words *words)
{
	for (unsigned sort = 0; sort < REDACT_SORTS; sort++) {
		for (uint32_t i = 0; i < words->count[sort]; i++)
			free(words->seen[sort][i].bytes);
		free(words->seen[sort]);
	}
}
