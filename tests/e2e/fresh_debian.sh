#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The quickstart on a bare Debian, made with debootstrap: fresh_debian.sh SUITE [COMMAND…, instead of it].
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
suite=$1
shift
command=("${@:-examples/quickstart.sh}")

[ "$(id -u)" = 0 ] || skip "needs root"
need debootstrap apt-get unshare chroot git
[ -e "/usr/share/debootstrap/scripts/$suite" ] || skip "debootstrap does not know $suite"
cd "$VGPU_SOURCE_DIR"
git rev-parse --git-dir >/dev/null 2>&1 || skip "not a git checkout"
unshare --mount --pid --fork true 2>/dev/null || skip "cannot make namespaces here"

root=$VGPU_WORK_DIR/root
cache=$VGPU_BUILD_DIR/debian/$suite.tar

# The machine's own mirror: the first that apt uses for "main".
# shellcheck disable=SC2016  # apt fills them in
mirror=$(apt-get indextargets --format '$(COMPONENT) $(SITE)' | awk '$1 == "main" && !n++ { print $2 }')
[ -n "$mirror" ] || skip "apt has no sources here"

if [ ! -e "$cache" ]; then
	mkdir -p "${cache%/*}"
	rm -rf "$cache.root"
	if ! debootstrap --variant=minbase --include=ca-certificates "$suite" "$cache.root" "$mirror" \
		>"$VGPU_WORK_DIR/debootstrap.log" 2>&1; then
		tail -n 20 "$VGPU_WORK_DIR/debootstrap.log" >&2
		rm -rf "$cache.root"
		skip "no $suite from $mirror"
	fi
	tar -C "$cache.root" -cf "$cache.new" .
	mv "$cache.new" "$cache"
	rm -rf "$cache.root"
fi

rm -rf "$root"
mkdir -p "$root"
tar -C "$root" -xf "$cache"
# What this machine needs to reach its mirror.
apt-config dump Acquire::http Acquire::https Acquire::Check-Valid-Until Acquire::Check-Date \
	>"$root/etc/apt/apt.conf.d/90host"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
[ ! -e /etc/ssl/certs/ca-certificates.crt ] ||
	cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"

mkdir "$root/src"
git ls-files -z --cached --others --exclude-standard |
	while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
	tar --null --no-recursion -T - -c | tar -C "$root/src" -x

out=$VGPU_WORK_DIR/out.txt
status=0
# The mounts end with the namespace.
# shellcheck disable=SC2016
unshare --mount --pid --fork --propagation private sh -c '
	root=$1 && shift &&
	mount -t proc proc "$root/proc" &&
	mount -t devpts devpts "$root/dev/pts" &&
	mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm" &&
	exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		sh -c "cd /src && exec \"\$@\"" sh "$@"' sh "$root" "${command[@]}" \
	>"$out" 2>&1 </dev/null || status=$?
if [ "$status" != 0 ]; then
	tail -n 80 "$out" >&2
	fail "${command[*]} ended with $status"
fi
if [ $# = 0 ]; then
	want "$out" '^inference compute id=cpu library=cpu$'
	want "$out" '^inference compute id=GPU-.* library=CUDA compute=9\.0 '
	want "$out" 'GPU FOUND \(SIMULATED\)'
	refuse "$out" 'warning:'
fi
rm -rf "$root"
