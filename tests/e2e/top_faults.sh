# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # for who reads this, and from ollama_lib.sh
# Faults of ollama-like that are really made, and for each the link of the discovery that it breaks. Who reads
# this may say where the dashboard has to put its mark, without asking the part that puts it there.
cd "${VGPU_WORK_DIR:?}"
. "$VGPU_SOURCE_DIR/tests/e2e/ollama_lib.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/top_lib.sh"
need tmux cc
audit=$(realpath "$VGPU_BUILD_DIR/lib")/libvgpu-audit.so
[ -e "$audit" ] || skip "no auditor on this machine"
export VGPU_BACKEND=sim VGPU_TRACE_DIR=$PWD/rings
mkdir -p rings links incomplete
ln -sf "$lib/libvgpu-cuda.so" links/libcuda.so.1
# Somebody's driver that lacks most of its interface: the seed's own case.
cc -shared -fPIC -x c - -Wl,-soname,libcuda.so.1 -o incomplete/libcuda.so.1 <<'C'
int cuInit(unsigned flags) { return (int)flags; }
int cuDeviceGet(int *device, int ordinal) { return *device = ordinal; }
C
printf '[device]\n[fault]\nfunction = cuDeviceGetCount\nset.count = 0\n' >uncounted.conf
printf '[device]\ncompute = 3.5\n' >old-card.conf
printf '[device]\n[fault]\nfunction = cuMemGetInfo*\nresult = 201\n[fault]\nfunction = nvmlDeviceGetMemoryInfo*\nresult = 999\n' >memory.conf
printf 'cuda = 11.0\n[device]\n' >old-driver.conf

# era FAULT LINK EVENT: what breaks it is the first event that matches.
faults=(
	"a hidden     'init succeeded'       '\"name\":\"cuInit\"'"
	"a incomplete 'symbols resolved'     '\"event\":\"dl\".*\"failed\":1,\"name\":\"cu'"
	"a uncounted  'devices counted'      '\"name\":\"cuDeviceGetCount\"'"
	"a old-card   'properties plausible' '\"name\":\"cuDeviceGetAttribute\"'"
	"a memory     'memory known'         '\"name\":\"cuMemGetInfo_v2\"'"
	"b hidden     'init succeeded'       '\"name\":\"cuInit\"'"
	"b incomplete 'symbols resolved'     '\"event\":\"dl\".*\"failed\":1.*undefined symbol: cu'"
	"b uncounted  'devices counted'      '\"name\":\"cuDeviceGetCount\"'"
	"b old-card   'properties plausible' '\"name\":\"cudaGetDeviceProperties'"
	"b memory     'memory known'         '\"name\":\"nvmlDeviceGetMemoryInfo'"
	"c hidden     'init succeeded'       '\"name\":\"cuInit\"'"
	"c incomplete 'symbols resolved'     '\"event\":\"dl\".*\"failed\":1.*undefined symbol: cu'"
	"c uncounted  'devices counted'      '\"name\":\"cuDeviceGetCount\"'"
	"c old-card   'properties plausible' '\"name\":\"cudaGetDeviceProperties'"
	"c old-driver 'init succeeded'       '\"name\":\"cuDriverGetVersion\"'"
)

# era FAULT: it is there with all that is wrong, and waits at the gate until it is let go. Its number is in $server.
start_ollama() {
	local era=$1 fault=$2 library_path=$PWD/links first=$preload
	rm -f rings/* gate
	mkfifo gate
	case $fault in
	healthy) set -- ;;
	hidden) set -- CUDA_VISIBLE_DEVICES= ;;
	incomplete)
		set --
		library_path=$PWD/incomplete first=$PWD/incomplete/libcuda.so.1
		;;
	*) set -- VGPU_DEVICE="$PWD/$fault.conf" ;;
	esac
	# shellcheck disable=SC2016
	sh -c 'read -r _ <gate; exec "$@"' sh env LD_AUDIT="$audit" LD_PRELOAD="$first" LD_LIBRARY_PATH="$library_path" \
		"$@" "$ollama" serve --era "$era" --stay >log.txt 2>&1 &
	server=$!
	trap 'kill $server 2>/dev/null || true; close_terminal' EXIT
}

stop_ollama() {
	kill "$server"
	wait "$server" 2>/dev/null || true
}

# watch_ollama: the dashboard on it; let go, it runs on.
watch_ollama() {
	open_terminal 120 30 "$trace" top --view verdict "$server"
	trap 'kill $server 2>/dev/null || true; close_terminal' EXIT
	shows '^F1Help'
}
let_go() {
	: >gate
}

# since EVENT: milliseconds since the first event in any ring that matches, by the clock that the events have.
since() {
	local now=$EPOCHREALTIME ring
	for ring in rings/*.ring; do
		"$trace" dump --json "$ring" 2>/dev/null || true
	done | awk -v pattern="$1" -v now="${now/,/.}" '
		function field(name) { return match($0, "\"" name "\":[0-9]+") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3) : 0 }
		/^{"event":"host"/ { offset = field("realtime_ns") - field("monotonic_ns") }
		$0 ~ pattern && (!first || field("time_ns") < first) { first = field("time_ns") }
		END { if (!first) exit 1; printf "%d\n", (now * 1e9 - offset - first) / 1e6 }'
}

# breaks era FAULT LINK EVENT: the Verdict view puts its mark at that link, and at no other; the time it took is in $took.
breaks() {
	start_ollama "$1" "$2"
	watch_ollama
	let_go
	shows "^ +✗ $3 "
	took=$(since "$4") || fail "era $1, $2: no event matches $4"
	same 1 "$(grep -c '^ *✗ ' screen.txt)" "era $1, $2: broken links"
	want screen.txt '^ CPU MODE'
}
