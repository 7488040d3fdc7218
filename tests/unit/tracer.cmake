# SPDX-License-Identifier: Apache-2.0
# The tracer's model, trace file and verdict, on events made by hand.
foreach(check text value vgt vgt_places tree verdict)
	vgpu_add_unit(check_${check} check_${check}.c make_event.c LIBS vgpu_tracer)
endforeach()
vgpu_add_unit(check_merge check_merge.c LIBS vgpu_tracer)
vgpu_add_unit(check_witness check_witness.c LIBS vgpu_tracer)
vgpu_add_unit(check_image check_image.c LIBS vgpu_tracer)
vgpu_add_unit(check_container check_container.c LIBS vgpu_tracer)
vgpu_add_unit(check_alike check_alike.c arena_builder.c LIBS vgpu_tracer)
