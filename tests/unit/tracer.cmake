# SPDX-License-Identifier: Apache-2.0
# The tracer's model, trace file and verdict, on events made by hand.
foreach(check text value vgt vgt_places tree verdict)
	vgpu_add_unit(check_${check} check_${check}.c make_event.c LIBS vgpu_tracer)
endforeach()
vgpu_add_unit(check_merge check_merge.c LIBS vgpu_tracer)
vgpu_add_unit(check_witness check_witness.c LIBS vgpu_tracer)
vgpu_add_unit(check_kwatch check_kwatch.c LIBS vgpu_tracer)
vgpu_add_unit(check_image check_image.c LIBS vgpu_tracer)
vgpu_add_unit(check_container check_container.c LIBS vgpu_tracer)
vgpu_add_unit(check_alike check_alike.c arena_builder.c LIBS vgpu_tracer)

# A stack through three libraries without frame pointers; sanitizers would have frames of their own there.
if(VGPU_HAVE_DW)
	set(libraries "")
	foreach(number 3 2 1)
		add_library(unwind_${number} SHARED ${CMAKE_CURRENT_LIST_DIR}/unwind_library.c)
		target_compile_definitions(unwind_${number} PRIVATE UNWIND_NUMBER=${number})
		target_compile_options(unwind_${number} PRIVATE -O2 -fomit-frame-pointer -fno-optimize-sibling-calls)
		target_link_libraries(unwind_${number} PRIVATE ${libraries})
		set_target_properties(unwind_${number} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/unit)
		list(APPEND libraries unwind_${number})
	endforeach()
	vgpu_add_unit(check_unwind check_unwind.c LIBS vgpu_tracer ${libraries}
		OPTIONS -fomit-frame-pointer -fexceptions -fasynchronous-unwind-tables)
endif()
