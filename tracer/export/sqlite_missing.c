// SPDX-License-Identifier: Apache-2.0
/* In place of sqlite.c where its library was not there when the program was built. */
#include "tracer/export/export.h"

const struct vgpu_exporter vgpu_exporter_sqlite = {
	.name = "sqlite",
	.help = "an SQLite database with indexes and views",
	.makes = VGPU_EXPORT_FILE,
	.missing = "libsqlite3-dev",
};
