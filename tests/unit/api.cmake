# SPDX-License-Identifier: Apache-2.0
# The description's parser and tables.
vgpu_add_unit(check_api check_api.c LIBS vgpu_gen_parts vgpu_schema)
