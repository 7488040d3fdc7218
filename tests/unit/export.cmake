# SPDX-License-Identifier: Apache-2.0
# Counting and exporting, on events made by hand.
vgpu_add_unit(check_stat check_stat.c make_event.c LIBS vgpu_tracer m)
