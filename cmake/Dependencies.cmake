# SPDX-License-Identifier: Apache-2.0
# The libraries that the build finds: each by pkg-config, with the Debian package that holds it.
#
# vgpu_dependency(NAME module package need…) sets VGPU_HAVE_<NAME> and, where the module is there,
# defines the target PkgConfig::<NAME>. NEEDED ends the configuration after all missing ones were
# named in one line that can be pasted into a shell; otherwise the feature is off and said so.

find_package(PkgConfig)
if(NOT PKG_CONFIG_FOUND)
	message(FATAL_ERROR "pkg-config is missing: apt-get install pkg-config")
endif()

set(vgpu_missing_packages "")

function(vgpu_dependency name module package feature)
	cmake_parse_arguments(arg "NEEDED" "" "" ${ARGN})
	pkg_check_modules(${name} QUIET IMPORTED_TARGET GLOBAL ${module})
	set(VGPU_HAVE_${name} ${${name}_FOUND} PARENT_SCOPE)
	if(${name}_FOUND)
		return()
	endif()
	set(VGPU_HAVE_${name} 0 PARENT_SCOPE)
	if(arg_NEEDED)
		set(vgpu_missing_packages ${vgpu_missing_packages} ${package} PARENT_SCOPE)
	else()
		message(STATUS "Without ${feature}: ${module} not found (apt-get install ${package})")
	endif()
endfunction()

vgpu_dependency(JSONC json-c libjson-c-dev "JSON" NEEDED)
vgpu_dependency(ELF libelf libelf-dev "reading libraries" NEEDED)
vgpu_dependency(ZSTD libzstd libzstd-dev "compressed trace files" NEEDED)
vgpu_dependency(UNWIND libunwind libunwind-dev "call stacks (run --stacks)")
vgpu_dependency(UNWIND_GENERIC libunwind-generic libunwind-dev "unwinding other processes")
vgpu_dependency(UNWIND_PTRACE libunwind-ptrace libunwind-dev "calls that began before an attach")
vgpu_dependency(DW libdw libdw-dev "source lines in call stacks")
vgpu_dependency(BPF libbpf libbpf-dev "the kernel observer")
vgpu_dependency(SQLITE sqlite3 libsqlite3-dev "export --format sqlite")
vgpu_dependency(CURSES ncursesw libncurses-dev "the dashboard")
vgpu_dependency(CHECK check check "unit tests")
vgpu_dependency(LTTNG lttng-ust liblttng-ust-dev "the comparison with LTTng-UST in bench_call")

find_package(Threads REQUIRED)

if(vgpu_missing_packages)
	list(REMOVE_DUPLICATES vgpu_missing_packages)
	list(JOIN vgpu_missing_packages " " vgpu_missing_packages)
	message(FATAL_ERROR "Libraries are missing: apt-get install ${vgpu_missing_packages}")
endif()
