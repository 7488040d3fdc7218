/* SPDX-License-Identifier: Apache-2.0 */
/* Where libraries are looked for: patterns, and Ollama's own library folder. */
#ifndef VGPU_EXAMPLES_OLLAMA_PATHS_H
#define VGPU_EXAMPLES_OLLAMA_PATHS_H

#include <stdbool.h>

#include "examples/ollama-like/text.h"

bool path_exists(const char *path);
bool path_is_directory(const char *path);
const char *path_base(const char *path);

/* Without . and .. and doubled slashes, by the text alone; absolute. Owned by the caller. */
char *path_absolute(const char *path);
/* Everything before the last slash; owned by the caller. */
char *path_directory(const char *path);

/* Adds what matches, sorted. */
void paths_glob(struct strings *out, const char *pattern);

/*
 * Ollama's library folder: `wanted` if not NULL; else the first that exists of PROGRAM/PLACE for
 * each of the places (ended by NULL), PROGRAM/build/lib/ollama and ./build/lib/ollama; else
 * PROGRAM. PROGRAM is the folder of this program. Owned by the caller.
 */
char *paths_library_folder(const char *wanted, const char *const *places);

/* The folders below `folder` that hold a ggml library, sorted. */
void paths_backend_folders(struct strings *out, const char *folder);

#endif
