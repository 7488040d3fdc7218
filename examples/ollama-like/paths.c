/* SPDX-License-Identifier: Apache-2.0 */
/* Where libraries are looked for. */
#include "examples/ollama-like/paths.h"

#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "examples/ollama-like/process.h"

bool path_exists(const char *path)
{
	struct stat about;

	return !stat(path, &about);
}

bool path_is_directory(const char *path)
{
	struct stat about;

	return !stat(path, &about) && S_ISDIR(about.st_mode);
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *path_absolute(const char *path)
{
	struct strings parts = { 0 }, kept = { 0 };
	char here[PATH_MAX] = "", *joined, *out;

	if (*path != '/' && getcwd(here, sizeof(here)))
		strings_split(&parts, here, '/');
	strings_split(&parts, path, '/');
	for (size_t i = 0; i < parts.count; i++) {
		const char *part = parts.at[i];

		if (!strcmp(part, "..") && kept.count)
			free(kept.at[--kept.count]);
		else if (*part && strcmp(part, ".") && strcmp(part, ".."))
			strings_add(&kept, "%s", part);
	}
	joined = strings_join(&kept, "/");
	out = text_of("/%s", joined);
	free(joined);
	strings_free(&parts);
	strings_free(&kept);
	return out;
}

char *path_directory(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return text_of(".");
	return slash == path ? text_of("/") : text_of("%.*s", (int)(slash - path), path);
}

void paths_glob(struct strings *out, const char *pattern)
{
	glob_t found;

	if (!glob(pattern, 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++)
			strings_add(out, "%s", found.gl_pathv[i]);
	globfree(&found);
}

char *paths_library_folder(const char *wanted, const char *const *places)
{
	char *program = path_directory(process_self()), *found = NULL;
	struct strings candidates = { 0 };

	if (wanted) {
		free(program);
		return path_absolute(wanted);
	}
	for (; *places; places++)
		strings_add(&candidates, "%s/%s", program, *places);
	strings_add(&candidates, "%s/build/lib/ollama", program);
	strings_add(&candidates, "build/lib/ollama");
	for (size_t i = 0; i < candidates.count && !found; i++)
		if (path_is_directory(candidates.at[i]))
			found = path_absolute(candidates.at[i]);
	strings_free(&candidates);
	if (!found)
		return program;
	free(program);
	return found;
}

void paths_backend_folders(struct strings *out, const char *folder)
{
	struct strings files = { 0 };
	char *pattern = text_of("%s/*/*ggml-*", folder);

	paths_glob(&files, pattern);
	for (size_t i = 0; i < files.count; i++) {
		char *directory = path_directory(files.at[i]);

		if (!strings_have(out, directory))
			strings_add(out, "%s", directory);
		free(directory);
	}
	strings_sort(out);
	free(pattern);
	strings_free(&files);
}
