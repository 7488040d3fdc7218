# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Scenarios of the machine, sourced by scenarios.sh: what explains a refusal is really there, in a mount namespace.
# shellcheck disable=SC2154  # what scenarios.sh has set

# A machine without a driver needs none.
forward 'cuInit=100' "$client" driver
if [ -e /proc/driver/nvidia/version ]; then
	lacking="$lacking HOST-MODULE-MISSING"
else
	verdict HOST-MODULE-MISSING
fi

# A /dev of our own; what the setup adds to it is in "$dev".
cat >machine <<'END'
set -e
dev=$PWD/dev
mkdir -p dev
mount -t tmpfs tmpfs dev
for node in null zero full random urandom tty; do cp -a /dev/$node dev/; done
mkdir dev/shm
mount --bind /dev/shm dev/shm
mount -t tmpfs tmpfs /proc/driver
loaded() { mkdir /proc/driver/nvidia; echo "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  Tue Sep 1" >/proc/driver/nvidia/version; }
eval "$1"
mount --move dev /dev
shift
exec "$@"
END
machine() { # RULE 'setup' 'FAULTS'
	rm -f t.vgt
	FOREIGN=$3 unshare -m sh ./machine "$2" "$trace" run -q -o t.vgt --shim forward:"$PWD/driver" -- "$client" driver \
		>out 2>&1 || true
	verdict "$1"
}
# shellcheck disable=SC2016
if [ "$(id -u)" = 0 ] && unshare -m sh ./machine ':' true 2>/dev/null && [ ! -e /proc/driver/nvidia/version ]; then
	machine HOST-NODE-DENIED 'loaded; mkdir -p nodev; mount -t tmpfs -o nodev tmpfs nodev; mknod nodev/n c 1 3; touch $dev/nvidiactl
		mount --bind nodev/n $dev/nvidiactl' cuInit=999
	machine HOST-NODE-MISSING loaded cuInit=100
	machine HOST-UVM-MISSING 'loaded; mknod $dev/nvidiactl c 1 3' cuInit=999
	machine HOST-UVM-MAJOR 'loaded; mknod $dev/nvidiactl c 1 3; mknod $dev/nvidia-uvm c 1 3
		{ cat /proc/devices; echo "511 nvidia-uvm"; } >devices; sed -i "/^Block/,\$d" devices; echo "511 nvidia-uvm" >>devices
		mount --bind devices /proc/devices' cuInit=999
	machine HOST-NOUVEAU 'mount -t tmpfs tmpfs /sys/module; mkdir /sys/module/nouveau' cuInit=100
	machine HOST-WSL-SHADOWED 'mknod $dev/dxg c 1 3' cuInit=100
	machine HOST-TEGRA 'mkdir -p etc; mount -t tmpfs tmpfs etc; cp -a /etc/ld.so.cache /etc/passwd etc/
		echo "# R36 (release), REVISION: 4.3" >etc/nv_tegra_release; mount --bind etc /etc' cuInit=801
	machine INIT-UNKNOWN 'loaded; mknod $dev/nvidiactl c 1 3; mknod $dev/nvidia-uvm c 1 3' cuInit=999
else
	lacking="$lacking HOST-NODE-DENIED HOST-NODE-MISSING HOST-UVM-MISSING HOST-UVM-MAJOR HOST-NOUVEAU HOST-WSL-SHADOWED"
	lacking="$lacking HOST-TEGRA INIT-UNKNOWN"
fi
