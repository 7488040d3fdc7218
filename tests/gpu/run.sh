#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Asks a genuine driver, with and without our library in front, compares, measures, and keeps what it says.
# usage: tests/gpu/run.sh [BUILD-OR-BUNDLE-DIRECTORY]
# Results go to $OUT (default gpu-results). Exit status 77: no NVIDIA GPU here; 1: something differs or failed.
# FORWARD=DIR in the environment asks the libraries in DIR, whatever they are: so this script is tried without a GPU.
set -u
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
root=$(cd "${1:-$here/../..}" && pwd)
[ -x "$root/bin/vgpu-trace" ] || root=$here/../../build
[ -x "$root/bin/vgpu-trace" ] || { echo "no vgpu-trace in $root: build first, or name the build directory" >&2; exit 1; }
root=$(cd "$root" && pwd)
OUT=${OUT:-gpu-results}
mkdir -p "$OUT" && OUT=$(cd "$OUT" && pwd) || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
budget=480 # seconds after which what is not essential is left out
launches=${LAUNCHES:-30} # processes whose launches are timed
cd "$work" || exit 1
mkdir all
failures=0
summary=$OUT/summary.txt
: >"$summary"

say() { printf '%s\n' "$*" | tee -a "$summary"; }
bad() { failures=$((failures + 1)); say "FAILED  $*"; }
good() { say "ok      $*"; }
missing() { say "absent  $*"; }
# What there is so far goes home at once: whoever runs this may have a limit of his own.
keep() {
	local name which
	: >all/answers.tsv
	for name in driver nvml runtime lookups exports misuse; do
		for which in plain.all plain; do
			[ -s "all/$name.$which" ] && { cat "all/$name.$which" >>all/answers.tsv; break; }
		done
	done
	cp all/answers.tsv "$OUT/answers.tsv"
	cp "$summary" all/
	# The small traces, without what names the machine or its card: tests/golden/gpu has some of these.
	mkdir -p fixtures
	for name in driver nvml discover ollama nvcc torch_discover misuse; do
		[ ! -s "all/$name.vgt" ] || [ -e "fixtures/$name.vgt" ] ||
			"${trace[@]}" export --format vgt --redact -o "fixtures/$name.vgt" "all/$name.vgt" >/dev/null 2>"all/$name.redact.err"
	done
	tar -czf "$OUT/fixtures.tar.gz" fixtures
	tar -C all -czf "$OUT/results.tar.gz" .
}

# ---- what is here ----
find_library() {
	local name=$1 directory
	[ -z "${FORWARD:-}" ] || { echo "$FORWARD/$name"; return; }
	for directory in $(echo "${LD_LIBRARY_PATH:-}" | tr : ' ') \
		$(ldconfig -p 2>/dev/null | awk -v n="$name" '$1 == n && /x86-64/ { sub("/[^/]*$", "", $NF); print $NF }') \
		/usr/local/nvidia/lib64 /usr/local/nvidia/lib /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/lib /usr/lib/wsl/lib \
		/usr/local/cuda/compat; do
		[ -e "$directory/$name" ] && { echo "$directory/$name"; return; }
	done
	return 1
}
libcuda=$(find_library libcuda.so.1) || libcuda=
libnvml=$(find_library libnvidia-ml.so.1) || libnvml=
if [ -z "${FORWARD:-}" ] && { [ -z "$libcuda" ] || ! compgen -G '/dev/nvidia*' >/dev/null && [ ! -e /dev/dxg ]; }; then
	say "no NVIDIA GPU on this machine: libcuda.so.1 ${libcuda:-is not to be found}, device nodes: $(echo /dev/nvidia*)"
	exit 77
fi
driver_directory=$(dirname "$libcuda")

# What the programs of the bundle need lies beside them; the traced programs do not get it.
trace=("$root/bin/vgpu-trace")
if ldd "$root/bin/vgpu-trace" 2>/dev/null | grep -q 'not found' && [ -d "$root/deps" ]; then
	trace=(/lib64/ld-linux-x86-64.so.2 --library-path "$root/deps" "$root/bin/vgpu-trace")
fi
[ -e "$root/lib/libvgpu-cuda.so" ] && export VGPU_TRACE_LIBDIR=$root/lib
export XDG_RUNTIME_DIR=$work/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
answers=$root/tests/gpu/gpu_answers
overhead=$root/tests/gpu/gpu_overhead
# The programs find the driver as they would by themselves, wherever it is.
export LD_LIBRARY_PATH=$driver_directory${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
cudart=$(find_library libcudart.so.13 2>/dev/null || find_library libcudart.so.12 2>/dev/null) || cudart=
[ -e "${cudart:-}" ] || cudart=$(find /usr/local/cuda*/ /opt /usr/lib -name 'libcudart.so.1[23]' -print -quit 2>/dev/null)
export GPU_CUDART=$cudart

say "vgpu-trace on a machine with a GPU, $(date -u +%FT%TZ)"
say "kernel $(uname -r), glibc $(ldd --version 2>/dev/null | head -n 1 | grep -o '[0-9.]*$'), $(nproc) processors"
say "libcuda ${libcuda:-none}, libnvidia-ml ${libnvml:-none}, libcudart ${cudart:-none}"
say "$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null || echo 'no nvidia-smi')"
say "processor $(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)"
say "$("${trace[@]}" --version 2>&1 | head -n 1)"
"${trace[@]}" doctor >all/doctor.txt 2>&1

# ---- the same program twice: by itself, and with ours in front ----
# twice NAME SECONDS COMMAND…: its output to all/NAME.plain and all/NAME.traced, the trace to all/NAME.vgt
twice() {
	local name=$1 limit=$2 plain=0 traced=0
	shift 2
	timeout "$limit" "$@" >"all/$name.plain" 2>"all/$name.plain.err" || plain=$?
	timeout "$limit" "${trace[@]}" run -q --shim "forward:$driver_directory" -o "all/$name.vgt" -- "$@" \
		>"all/$name.traced" 2>"all/$name.traced.err" || traced=$?
	if [ $plain != 0 ] && [ $plain != $traced ]; then
		bad "$name: exit status $plain by itself, $traced traced"
		return 1
	elif [ $plain != 0 ]; then
		missing "$name: exit status $plain by itself and traced: $(head -n 1 "all/$name.plain.err" "all/$name.plain" | tail -n +2 | cut -c 1-120 | tr '\n' ' ')"
		return 1
	elif [ $traced != 0 ]; then
		bad "$name: exit status $traced traced: $(tail -n 1 "all/$name.traced.err")"
		return 1
	fi
	"${trace[@]}" dump --full "all/$name.vgt" >"all/$name.dump" 2>"all/$name.dump.err" || bad "$name: its trace cannot be read"
	return 0
}
# alike NAME: the two outputs are the same
alike() {
	local name=$1 calls
	calls=$(grep -c ' = ' "all/$name.dump")
	if diff "all/$name.plain" "all/$name.traced" >"all/$name.diff"; then
		good "$name: the same output by itself and traced ($(wc -l <"all/$name.plain") lines), $calls calls recorded"
	else
		bad "$name: $(grep -c '^[<>]' "all/$name.diff") lines differ, see $name.diff"
		head -n 6 "all/$name.diff" | tee -a "$summary"
	fi
	[ "$calls" -gt 0 ] || bad "$name: nothing was recorded"
}
# What changes from one moment to the next; the fields of a table.
settle() {
	for which in plain traced; do
		cp "all/$1.$which" "all/$1.$which.all"
		grep -Ev "$2" "all/$1.$which.all" >"all/$1.$which"
	done
}
moving='Temperature|Power|Energy|Utilization|Clock|Throughput|Samples|Processes|ProcessDetail|ReasonsThrottle|EventReasons|ThrottleReasons|MemoryInfo|BAR1|Violation|ThermalSettings|DynamicPstates|field |PerformanceState|PowerState|Fan|Remapped|Margin|Pcie|memory	info|Process|BBX|Timestamp|DriverBranch|allocate'

if [ -n "$libcuda" ]; then
	twice driver 120 "$answers" driver && settle driver 'memory	(info|allocate)' && alike driver
	twice lookups 120 "$answers" lookups && {
		say "        cuGetProcAddress: $(grep -c 'no export' all/lookups.plain) of $(grep -c . all/lookups.plain) answers are no exported function; $(grep -c 'NULL status 0' all/lookups.plain) are NULL with success"
		settle lookups ' NULL status 0'
		# By itself the driver's own pointer comes back, traced ours: what counts is which are there.
		sed -i -E 's/\t(no export|cu[A-Za-z0-9_]+) status/\tpointer status/' all/lookups.plain all/lookups.traced
		alike lookups
	}
	twice exports 60 "$answers" exports
	twice misuse 200 "$answers" misuse && alike misuse
	keep
fi
[ -z "$libnvml" ] || { twice nvml 200 "$answers" nvml && settle nvml "$moving" && {
	# What the genuine library lacks is exported by ours, which says so when it is called.
	sed -i -E 's/ \(struct version [0-9]+\)//; s/\t(NOT EXPORTED|NVML_ERROR_FUNCTION_NOT_FOUND)\t *$/\tnot there/' \
		all/nvml.plain all/nvml.traced
	alike nvml
}; }
keep
if [ -n "$libcuda" ] && [ -x "$root/examples/ollama-like" ]; then
	# Ollama's discovery as it was up to 0.12.3: the driver alone. It takes the file that it finds first.
	LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$root/deps twice ollama 60 "$root/examples/ollama-like" serve --era a && alike ollama
fi
if [ -n "$cudart" ]; then
	twice runtime 120 "$answers" runtime && alike runtime
	if [ -s all/runtime.dump ]; then
		if grep -q 'cuGetExportTable' all/runtime.dump; then
			good "the runtime's check of its driver went through: $(grep -c 'cuGetExportTable.*SUCCESS' all/runtime.dump) export tables handed out, cudaGetDeviceCount $(awk -F '\t' '$2 == "cudaGetDeviceCount" { print $3 }' all/runtime.traced)"
		fi
		grep -o 'cuGetProcAddress_v2(.*' all/runtime.dump | grep -c 'pfn → cu\|pfn -> cu' >all/ours-handed-out
		say "        of the runtime's lookups $(cat all/ours-handed-out) of $(grep -c 'cuGetProcAddress_v2(' all/runtime.dump) got an entry point of ours"
	fi
	LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$(dirname "$cudart") twice discover 60 "$root/examples/discover" && {
		sed -i 's/ available=.*//' all/discover.plain all/discover.traced
		alike discover
	}
else
	missing "runtime: no libcudart.so.12 or .13"
fi

# ---- what it costs ----
if [ -n "$libcuda" ]; then
	cost=0
	timeout 120 "${trace[@]}" run -q --no-record --shim "forward:$driver_directory" -- "$overhead" >all/overhead.traced \
		2>all/overhead.err || cost=$?
	if [ $cost = 0 ]; then
		say "cost, both ways in one process under forward (direct calls and ours in turn), then by itself and traced in turn:"
		sed 's/^/        /' all/overhead.traced | tee -a "$summary"
		if grep -q '[^0-9]0 wrong' all/overhead.traced; then
			good "a kernel computes the same with ours in front"
		elif [ -n "${FORWARD:-}" ]; then
			missing "no kernel was executed: what answers only simulates"
		else
			bad "the kernel's result is wrong"
		fi
		# Where a process has its code and data moves its launches by 1 % and more, with and without us: many processes tell.
		for ((run = 0; run < launches && SECONDS < budget; run++)); do
			timeout 60 "${trace[@]}" run -q --no-record --shim "forward:$driver_directory" -- "$overhead" launch 250 2>/dev/null |
				grep $'^ratio\tlaunch'
		done >all/overhead.launches
		awk '{ print $6, $0 }' all/overhead.launches | sort -n | awk '
			{ ratio[NR] = $1; match($0, /[+-][0-9.]+ ns/); sum += substr($0, RSTART, RLENGTH) }
			END { if (NR) printf "        launches of %d processes, ours to direct: median %.4f, quartiles %.4f to %.4f, all %.4f to %.4f; mean %+.1f ns\n",
				NR, ratio[int((NR + 1) / 2)], ratio[int(NR / 4) + 1], ratio[int((3 * NR + 3) / 4)], ratio[1], ratio[NR], sum / NR }' |
			tee -a "$summary"
	else
		missing "gpu_overhead under forward: exit status $cost: $(head -n 1 all/overhead.err)"
	fi
	keep
	say "first instructions of the driver's exported functions:"
	awk -F '\t' '$1 == "export" { sub(", aligned.*", "", $4); print ($2 ~ /^nvml/ ? "nvml " : "cuda ") ($3 == "EXPORTED" ? $4 : "NOT EXPORTED") }' \
		all/exports.plain 2>/dev/null | sort | uniq -c | sort -rn | sed 's/^/        /' | tee -a "$summary"
fi

# ---- a kernel of nvcc's own making ----
nvcc=$(command -v nvcc || ls /usr/local/cuda/bin/nvcc 2>/dev/null)
if [ -n "$nvcc" ]; then
	cat >add.cu <<'CUDA'
#include <cstdio>
__global__ void add(const float *a, const float *b, float *c, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i < n)
		c[i] = a[i] + b[i];
}
int main()
{
	const int n = 1 << 16;
	float *a, *b, *c;
	if (cudaMallocManaged(&a, n * 4) || cudaMallocManaged(&b, n * 4) || cudaMallocManaged(&c, n * 4))
		return 1;
	for (int i = 0; i < n; i++) {
		a[i] = i;
		b[i] = 2 * i;
	}
	add<<<n / 256, 256>>>(a, b, c, n);
	if (cudaDeviceSynchronize())
		return 1;
	double sum = 0;
	for (int i = 0; i < n; i++)
		sum += c[i];
	printf("sum %.1f\n", sum);
	return 0;
}
CUDA
	if "$nvcc" -arch=native -o add add.cu >all/nvcc.txt 2>&1 || "$nvcc" -o add add.cu >all/nvcc.txt 2>&1; then
		twice nvcc 60 ./add && alike nvcc
	else
		missing "nvcc cannot build here: $(head -n 1 all/nvcc.txt)"
	fi
else
	missing "nvcc"
fi

# ---- the kernel observer on NVIDIA's own library, no shim at all ----
probe=$root/tests/e2e/kernel_probe
if [ -x "$probe" ] && [ -n "$libcuda" ] && [ -z "${FORWARD:-}" ] && [ $SECONDS -lt $budget ]; then
	run_probe=("$probe")
	[ "${#trace[@]}" = 1 ] || run_probe=(/lib64/ld-linux-x86-64.so.2 --library-path "$root/deps" "$probe")
	for method in multi tracefs; do
		status=0
		timeout 120 "${run_probe[@]}" -m $method -l "$(readlink -f "$libcuda")" -- "$answers" driver \
			>"all/kernel.$method" 2>"all/kernel.$method.err" || status=$?
		if [ $status = 0 ]; then
			good "kernel observer by $method: $(grep -cE '^[0-9]+/[0-9]+ call ' "all/kernel.$method") calls; $(grep '^attached' "all/kernel.$method" | head -n 1); $(grep '^total' "all/kernel.$method")"
			timeout 120 "${run_probe[@]}" -q -m $method -l "$(readlink -f "$libcuda")" -- "$overhead" 2>/dev/null |
				grep median | sed "s/^/        under probes ($method) /" | tee -a "$summary"
		else
			missing "kernel observer by $method: exit status $status: $(head -n 1 "all/kernel.$method.err")"
		fi
	done
fi

keep

# ---- PyTorch ----
python=$(command -v python3)
if [ -n "$python" ] && timeout 120 "$python" -c 'import torch' 2>/dev/null; then
	twice torch_discover 120 "$python" "$here/torch_discover.py" && alike torch_discover
	keep
	twice torch 240 "$python" "$here/torch_check.py" && alike torch
	for run in 1 2 3; do
		[ $SECONDS -lt $budget ] || { missing "PyTorch's times: no time left"; break; }
		timeout 120 "$python" "$here/torch_check.py" 2>&1 >/dev/null | sed "s/^/plain $run /" >>all/torch.times
		timeout 120 "${trace[@]}" run -q --no-record --shim "forward:$driver_directory" -- "$python" "$here/torch_check.py" \
			2>&1 >/dev/null | grep '^time' | sed "s/^/traced $run /" >>all/torch.times
	done
	say "PyTorch's small product, by itself and traced in turn:"
	sed 's/^/        /' all/torch.times | tee -a "$summary"
else
	missing "PyTorch"
fi

# ---- llama.cpp's CUDA backend, where it was carried and NVIDIA's libraries are ----
if [ -e "$root/ggml/libggml-cuda.so.xz" ] && [ -n "$libcuda" ] && [ $SECONDS -lt $budget ]; then
	mkdir ggml
	cp "$root/ggml/libggml-base.so" ggml/
	"$python" -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[2], "wb"))' \
		"$root/ggml/libggml-cuda.so.xz" ggml/libggml-cuda.so || rm -f ggml/libggml-cuda.so
	cublas=$(find_library libcublas.so.13) || cublas=$(find / -xdev -name libcublas.so.13 -print -quit 2>/dev/null)
	if [ -e ggml/libggml-cuda.so ] && [ -e "${cublas:-}" ] && [ -e "${cudart:-}" ]; then
		LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$(dirname "$cudart"):$(dirname "$cublas")
		# What is free moves.
		twice ggml_devices 200 "$root/examples/ggml-devices" "$PWD/ggml" && settle ggml_devices 'free' && alike ggml_devices
		twice ggml_compute 300 "$root/tests/e2e/ggml_compute" "$PWD/ggml" && settle ggml_compute 'free|taken|at first' && alike ggml_compute
	else
		missing "llama.cpp's backend: libcublas.so.13 ${cublas:-not found}, libcudart ${cudart:-not found}"
	fi
fi

# ---- bring it home ----
keep
say "$(wc -l <all/answers.tsv) answers kept; $failures failed; $SECONDS s"
keep
# shellcheck disable=SC2012  # for people to read
ls -l "$OUT" | sed 's/^/        /'
[ $failures = 0 ]
