/* SPDX-License-Identifier: Apache-2.0 */
/* A trace file of a test's own, in a directory of its own. In memory: thousands of files are written. */
#ifndef VGPU_TESTS_VGT_FILE_H
#define VGPU_TESTS_VGT_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char directory[] = "/dev/shm/check_vgt.XXXXXX";
static char path[64];

static void setup(void)
{
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/t.vgt", directory);
}

static void teardown(void)
{
	unlink(path);
	rmdir(directory);
}

#endif
