# SPDX-License-Identifier: Apache-2.0
# The dashboard on events made by hand.
vgpu_add_unit(check_top check_top.c top_feed.c make_event.c LIBS vgpu_tui)
vgpu_add_unit(check_top_time check_top_time.c top_feed.c make_event.c LIBS vgpu_tui)
vgpu_add_unit(check_top_keys check_top_keys.c top_feed.c make_event.c LIBS vgpu_tui)
