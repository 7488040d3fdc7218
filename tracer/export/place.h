/* SPDX-License-Identifier: Apache-2.0 */
/* Where an export goes: under a name of its own beside the final one, which it gets only when it is whole. */
#ifndef VGPU_EXPORT_PLACE_H
#define VGPU_EXPORT_PLACE_H

#include <stdbool.h>

struct vgpu_export_place;

/*
 * Creates an empty file (0666 less umask) or directory beside `path`. -EEXIST: there is something at
 * path, and replace is false or it is neither an ordinary file nor an empty directory. 0 or -errno.
 */
int vgpu_export_place_open(struct vgpu_export_place **out, const char *path, bool directory, bool replace);
/* Its present name. */
const char *vgpu_export_place_path(const struct vgpu_export_place *place);
/* Gives it its final name. 0 or -errno: then it is gone with vgpu_export_place_close. */
int vgpu_export_place_commit(struct vgpu_export_place *place);
/* Removes it, with all that is in it, unless it was committed; takes NULL. */
void vgpu_export_place_close(struct vgpu_export_place *place);

#endif
