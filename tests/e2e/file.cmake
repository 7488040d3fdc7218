# SPDX-License-Identifier: Apache-2.0
# Reading traces.
vgpu_add_script(dump dump.sh)
vgpu_add_script(append append.sh)
vgpu_add_script(diff diff.sh)
vgpu_add_script(lib lib.sh)
vgpu_add_script(file_crash file_crash.sh)
foreach(case bad_input first last killed full filter)
	vgpu_add_script(limits_${case} limits.sh ARGS ${case})
endforeach()
