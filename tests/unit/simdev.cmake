# SPDX-License-Identifier: Apache-2.0
# The device file: its parser, its presets, its rules.
vgpu_add_unit(check_simdev check_simdev.c LIBS vgpu_simdev)
