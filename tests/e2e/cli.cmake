# SPDX-License-Identifier: Apache-2.0
# The program as a user meets it.
vgpu_add_program(cli_app cli_app.c LIBS ${CMAKE_DL_LIBS})
vgpu_add_script(explain explain.sh)
vgpu_add_script(manual manual.sh)
foreach(test run verdicts bad_input disk_full processes signals filter rings pending)
	vgpu_add_script(cli_${test} cli_${test}.sh)
endforeach()
vgpu_add_program(stderr_writer stderr_writer.c LIBS Threads::Threads)
vgpu_add_script(stderr_notify stderr_notify.sh)
