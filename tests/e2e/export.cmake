# SPDX-License-Identifier: Apache-2.0
# Counting and exporting traces.
vgpu_add_script(stat stat.sh)
