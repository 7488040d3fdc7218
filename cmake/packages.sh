# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The Debian and Ubuntu packages that building and testing need, and how to install what lacks. Sourced.

# Each: PACKAGE, or PACKAGE:COMMAND where the command may come from elsewhere.
# shellcheck disable=SC2034  # for the scripts that read this file
{
	vgpu_packages_build=(gcc:gcc libc6-dev cmake:cmake ninja-build:ninja pkg-config:pkg-config
		libunwind-dev libelf-dev libdw-dev libjson-c-dev libzstd-dev libbpf-dev libncurses-dev libsqlite3-dev)
	vgpu_packages_test=(clang:clang check binutils:nm file:file git:git util-linux:setarch)
	# Tests that need one of these are skipped without it.
	vgpu_packages_more=(npm:npm golang-go:go lttng-tools:lttng liblttng-ust-dev uftrace:uftrace
		debootstrap:debootstrap shellcheck:shellcheck sqlite3:sqlite3 babeltrace2:babeltrace2 tmux:tmux
		python3:python3 gdb:gdb valgrind:valgrind libjemalloc2 groff-base:groff mandoc:mandoc)
}

vgpu_has() {
	case $1 in
	*:*) command -v "${1#*:}" >/dev/null && return ;;
	esac
	[ "$(dpkg-query -W -f '${db:Status-Status}' "${1%%:*}" 2>/dev/null)" = installed ]
}

vgpu_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "needs root, and there is no sudo: $*" >&2
		return 1
	fi
}

# vgpu_install PACKAGE…: installs those that lack, all at once. Asks nothing when none does.
vgpu_install() {
	local package lacking=()

	for package; do
		vgpu_has "$package" || lacking+=("${package%%:*}")
	done
	[ ${#lacking[@]} = 0 ] && return
	if ! command -v apt-get >/dev/null; then
		echo "no apt-get here: cannot check for, or install, ${lacking[*]}" >&2
		return 1
	fi
	echo "installing ${lacking[*]}"
	vgpu_root apt-get update -qq &&
		vgpu_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
			"${lacking[@]}" </dev/null >/dev/null
}
