# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Every fault, really made; sourced by scenarios.sh and attached.sh, which say how a program is run and judged:
# none, forward, simulated COMMAND…; verdict RULE; and $pass, "run" or "attach".
# shellcheck disable=SC2154  # what they have set

# library FILE 'C code' [option…]
library() {
	local file=$1 text=$2
	shift 2
	"$CC" -shared -fPIC -x c - -x none -o "$file" "$@" <<<"$text"
}

# ---- what the scenarios are made of ----
mkdir driver lib
"$CC" -O1 -fPIC -shared -DDRIVER -Wl,-soname,libcuda.so.1,-Bsymbolic -o driver/libcuda.so.1 "$here/foreign.c"
"$CC" -O1 -fPIC -shared -Wl,-soname,libnvidia-ml.so.1 -o driver/libnvidia-ml.so.1 "$here/foreign.c"

mkdir wrong
"$CC" -O1 -fPIC -shared -Wl,-soname,libcudart.so.13 -o wrong/libcudart.so.13 "$here/foreign_runtime.c"
begin

# backend 'C code' [option…]: dlopens libggml-cuda.so made of it.
backend() {
	library lib/libggml-cuda.so "$@" 2>/dev/null
	none "$client" backend "$PWD/lib/libggml-cuda.so"
}

# ---- healthy: no rule fires ----
simulated '[device]\n' "$client" driver
verdict FOUND
simulated '[device]\n' "$client" runtime
verdict FOUND
simulated '[device]\n' "$client" monitor
verdict FOUND
forward '' "$client" driver
verdict FOUND
forward '' "$client" monitor
verdict FOUND
LD_LIBRARY_PATH=$VGPU_BUILD_DIR/lib/ollama simulated '[device]\n' "$client" backend "$VGPU_BUILD_DIR/lib/ollama/cuda_v13/libggml-cuda.so" init
verdict FOUND
profile ggml
ln -s "$VGPU_BUILD_DIR/lib/libvgpu-cuda.so" lib/libcuda.so.1
for era in a b c; do
	LD_LIBRARY_PATH=$PWD/lib simulated '[device]\n' "$ollama" serve --era $era
	verdict FOUND
	profile "ollama-$era"
done
rm lib/libcuda.so.1

# ---- the loader ----
# The seed's own case: era b, an incomplete shim preloaded and in front, stderr to nowhere, nothing put in, no root.
library lib/libcuda.so.1 'int cuInit(unsigned f) { return f; } int cuDeviceGet(int *d, int o) { return *d = o; }' -Wl,-soname,libcuda.so.1
LD_LIBRARY_PATH=$PWD/lib LD_PRELOAD=$PWD/lib/libcuda.so.1 none "$ollama" serve --era b
verdict LINK-UNDEFINED-SYMBOL
if [ "$pass" = run ]; then
	"$trace" explain t.vgt >seed.txt
	want seed.txt '^CPU MODE: a library was refused by the dynamic linker, and nobody printed why: undefined symbol: cu[A-Z]'
	want seed.txt "looked for in $PWD/lib/libcuda.so.1"
	want seed.txt '✓ started +by ollama-like\([0-9]+\), stderr → /dev/null'
	want seed.txt '✗ symbols resolved .*undefined symbol: cu[A-Za-z]+, wanted by .*/libggml-cuda\.so, .* event [0-9]+'
fi
rm lib/*

none "$client" driver
verdict LINK-DRIVER-ABSENT
backend 'int f(void) { return 0; }'
verdict UNKNOWN
library lib/libcublas.so.99 'int g(void) { return 0; }' -Wl,-soname,libcublas.so.99
library lib/libggml-cuda.so 'int g(void); int f(void) { return g(); }' lib/libcublas.so.99
rm lib/libcublas.so.99
none "$client" backend "$PWD/lib/libggml-cuda.so"
verdict LINK-NEEDED-MISSING
"$CC" -o started -x c - -x none -Wl,--no-as-needed driver/libcuda.so.1 <<<'int main(void) { return 0; }'
none ./started
verdict LINK-START-MISSING
library lib/libcuda.so.1 'int cuInit(void) { return 0; } int cuExtra(void) { return 0; }' -Wl,-soname,libcuda.so.1
"$CC" -o started -x c - -x none lib/libcuda.so.1 -Wl,-z,now <<<'int cuExtra(void); int main(void) { return cuExtra(); }'
library lib/libcuda.so.1 'int cuInit(void) { return 0; }' -Wl,-soname,libcuda.so.1
LD_LIBRARY_PATH=$PWD/lib none ./started
verdict LINK-START-SYMBOL
LD_LIBRARY_PATH=$PWD/lib none "$client" driver
verdict LINK-ENTRY-MISSING
rm lib/*

byte() { # OFFSET HEX: of the driver, a copy with one byte changed
	cp driver/libcuda.so.1 lib/libcuda.so.1
	printf '%b' "\\x$2" | dd of=lib/libcuda.so.1 bs=1 seek="$1" conv=notrunc status=none
}
byte 4 01
none "$client" driver '' "$PWD/lib/libcuda.so.1"
verdict LINK-WRONG-CLASS
head -c 100 driver/libcuda.so.1 >lib/libcuda.so.1
none "$client" driver '' "$PWD/lib/libcuda.so.1"
verdict LINK-DAMAGED
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n%2000s' ' ' >lib/libcuda.so.1
none "$client" driver '' "$PWD/lib/libcuda.so.1"
verdict LINK-DAMAGED
rm lib/*
backend '__thread char big[60000] __attribute__((tls_model("initial-exec"))) = { 1 }; char *f(void) { return big; }'
verdict LINK-STATIC-TLS
mkdir -p lib/stubs
library lib/stubs/libcuda.so.1 "$(sed -n 's/^PLAIN(\(cu[A-Za-z0-9_]*\),.*/int \1(void) { return 34; }/p' "$here/foreign.c")" -Wl,-soname,libcuda.so.1
LD_LIBRARY_PATH=$PWD/lib/stubs none "$client" driver
verdict LINK-STUB
rm -r lib/*
cp driver/libcuda.so.1 lib/libcuda.so.1
LD_PRELOAD=$PWD/driver/libcuda.so.1 none "$client" driver '' "$PWD/lib/libcuda.so.1"
verdict LINK-TWO-COPIES
rm lib/*

printf 'libcudart.so.12 { global: a; };\n' >one.map
printf 'libcudart.so.12 { global: a; b; };\nlibcudart.so.13 { global: c; };\n' >two.map
library lib/libcudart.so.12 'int a(void) { return 0; } int b(void) { return 0; } int c(void) { return 0; }' \
	-Wl,--version-script=two.map -Wl,-soname,libcudart.so.12
library lib/libggml-cuda.so 'int b(void); int f(void) { return b(); }' lib/libcudart.so.12 -Wl,-rpath,"$PWD/lib" -Wl,-z,now
library lib/libggml-cuda-13.so 'int c(void); int f(void) { return c(); }' lib/libcudart.so.12 -Wl,-rpath,"$PWD/lib" -Wl,-z,now
library lib/libcudart.so.12 'int a(void) { return 0; }' -Wl,--version-script=one.map -Wl,-soname,libcudart.so.12
none "$client" backend "$PWD/lib/libggml-cuda.so"
verdict LINK-VERSIONED-SYMBOL
none "$client" backend "$PWD/lib/libggml-cuda-13.so"
verdict LINK-VERSION-NODE
# A library without any versions, bound by versioned references: the linker itself gives up.
library lib/libcudart.so.12 'int c(void) { return 0; }' -Wl,-soname,libcudart.so.12 -nostdlib
none "$client" backend "$PWD/lib/libggml-cuda-13.so"
verdict LINK-DIED-LOADING
rm lib/*
backend 'static __attribute__((constructor)) void start(void) { *(volatile int *)0 = 1; }'
verdict CRASH-CONSTRUCTOR
rm lib/*

mkdir -p app/lib/ollama/cuda_v13 app/bin
cp "$ollama" app/bin/
cp "$VGPU_BUILD_DIR/lib/ollama/libggml-base.so" app/lib/ollama/
library app/lib/ollama/cuda_v13/libggml-cpu-x.so 'int ggml_backend_score(void) { return 1; }'
none app/bin/ollama-like serve --era b
verdict LINK-BACKEND-ABSENT

LD_PRELOAD=/nonexistent/libcuda.so.1 none "$client" driver
verdict PRELOAD-MISSING

# ---- calls ----
simulated '[device]\n' "$client" driver idle
verdict INIT-NEVER-CALLED
mkfifo hanging
# shellcheck disable=SC2016
forward 'cuInit=hang' sh -c '"$0" driver & exec 3<hanging; kill -9 $!; wait' "$client"
verdict CALL-HUNG
forward 'cuInit=crash' "$client" driver
verdict CALL-CRASHED
forward 'cuInit=exit' "$client" driver
verdict CALL-EXITED
CUDA_VISIBLE_DEVICES='' simulated '[device]\n' "$client" driver
verdict VISIBLE-NONE
# Refused for that, era a tries every runtime that it finds; one asks the driver for names that it can do without.
library lib/libcudart.so.13.0.1 '#include <dlfcn.h>
int cudaDriverGetVersion(int *v) { return *v = 0, 100; } int cudaGetDeviceCount(int *n) { return *n = 0, 100; }
int cudaDeviceReset(void) { return 0; } int cudaMemGetInfo(void *f, void *t) { return !f + !t; }
int cudaGetDeviceProperties(void *p, int d) { return !p + d; } int cudaDeviceGetAttribute(int *v, int a, int d) { return *v = a + d; }
int cudaSetDevice(int device)
{
	void *pointer, *driver = dlopen("libcuda.so.1", RTLD_NOW);
	int (*ask)(const char *, void **, int, unsigned long, int *) = driver ? dlsym(driver, "cuGetProcAddress_v2") : 0;

	if (!ask || ask("cuInit", &pointer, 12000, 0, 0) || !dlsym(driver, "cuNoSuchProbe"))
		ask("cuGraphicsVDPAURegisterOutputSurface", &pointer, 12000, 0, 0);
	return 100 + device;
}'
ln -s "$VGPU_BUILD_DIR/lib/libvgpu-cuda.so" lib/libcuda.so.1
LD_LIBRARY_PATH=$PWD/lib CUDA_VISIBLE_DEVICES='' simulated '[device]\n' "$ollama" serve --era a
verdict VISIBLE-NONE
rm lib/*
simulated 'driver = 580.95.05\n' "$client" driver
verdict INIT-NO-DEVICE
simulated 'cuda = 11.0\n[device]\n' "$client" runtime
verdict INIT-DRIVER-OLD
while read -r rule fault how; do
	forward "$fault" "$client" driver "$how"
	verdict "$rule"
done <<'END'
INIT-STUB cuInit=34
INIT-MISMATCH cuInit=803
INIT-COMPAT cuInit=804
INIT-NOT-READY cuInit=802
INIT-NO-COMPUTE cuInit=801
INIT-DEVICE-UNAVAILABLE cuInit=800
INIT-OUT-OF-MEMORY cuInit=2
INIT-ECC cuInit=214
INIT-REFUSED cuInit=3
INIT-WSL cuInit=500
INIT-AUTHENTICITY cuInit=103
INIT-GATE-EARLY cuInit=3x2 retry
INIT-LOOKUP cuGetProcAddress_v2=500 lookup
INIT-LOOKUP-NULL cuGetProcAddress_v2=0 lookup
INIT-EXPORT-TABLE cuGetExportTable=500 table
COUNT-FAILED cuDeviceGetCount=1
INIT-QUIET cuDeviceGetCount=3
COUNT-ZERO devices=0
PROP-FAILED cuDeviceGetName=1
PROP-ATTRIBUTE-FAILED cuDeviceGetAttribute=1
PROP-VMM cuMemGetAllocationGranularity=801 vmm
PROP-COMPUTE-LOW major=3
PROP-NO-IMAGE cuModuleLoadData=209 image
MEM-CONTEXT cuCtxCreate_v2=46
MEM-INFO-FAILED cuMemGetInfo_v2=201
MEM-ZERO total=0
MEM-FULL free=0
CLIENT-DIED cuInit=0 abort
END
for what in uuid=same:PROP-UUID-TWICE uuid=zero:PROP-UUID-ZERO pci=same:PROP-PCI-TWICE; do
	devices=2
	[ "${what%:*}" != uuid=zero ] || devices=1
	forward "devices=$devices ${what%:*}" "$client" driver
	verdict "${what#*:}"
done
while read -r rule fault; do
	forward "$fault" "$client" monitor
	verdict "$rule"
done <<'END'
NVML-NOT-LOADED nvmlInit_v2=9
NVML-NOT-PERMITTED nvmlInit_v2=4
NVML-MISMATCH nvmlInit_v2=18
NVML-UNKNOWN nvmlInit_v2=999
NVML-LOST nvmlDeviceGetHandleByIndex_v2=15
END
# shellcheck disable=SC2016
forward 'pci=moves' sh -c '"$0" driver; "$0" driver' "$client"
verdict CLIENT-PCI-MOVES
# A real struct of the other version, in a runtime of somebody's own: its calls are seen from outside only.
if [ "$pass" = attach ]; then
	LD_LIBRARY_PATH=$PWD/wrong none "$client" runtime
	verdict PROP-LAYOUT
fi
simulated '[device]\n' "$client" driver launch
verdict LAUNCH-SHARED-MEMORY
# The second look at a device has its UUID in CUDA_VISIBLE_DEVICES: a driver that knows numbers only, and one of a
# card in instances, which wants theirs.
# shellcheck disable=SC2016
forward mig=1 sh -c '"$0" driver; GGML_CUDA_INIT=1 CUDA_VISIBLE_DEVICES=GPU-07070707-0707-0707-0707-070707070707 "$0" driver' "$client"
verdict CLIENT-MIG
# shellcheck disable=SC2016
forward ordinals=1 sh -c '"$0" driver; GGML_CUDA_INIT=1 CUDA_VISIBLE_DEVICES=GPU-07070707-0707-0707-0707-070707070707 "$0" driver' "$client"
verdict CLIENT-SECOND-PASS
# Its last words are for nobody.
# shellcheck disable=SC2016
forward 'cuInit=0' sh -c 'exec "$0" driver abort 2>/dev/null' "$client"
verdict CLIENT-DIED-UNHEARD
# Our own gate keeps it out: by its name, or since it is too young.
VGPU_GATE='comm=ollama*|llama-*' simulated '[device]\n' "$client" driver
verdict INIT-GATE
VGPU_GATE=age=60000 simulated '[device]\n' "$client" runtime
verdict INIT-GATE
VGPU_GATE='comm=ollama*|scenario_*' simulated '[device]\n' "$client" driver
verdict FOUND
# The second look names the device by a UUID that the driver does not know.
# shellcheck disable=SC2016
simulated '[device]\n' sh -c '"$0" runtime; GGML_CUDA_INIT=1 CUDA_VISIBLE_DEVICES=GPU-00000000-0000-0000-0000-000000000000 "$0" runtime' "$client"
verdict CLIENT-SECOND-PASS
simulated '[device]\ncompute = 7.0\n' "$ollama" serve --era b
verdict PROP-COMPUTE-13
simulated '[device]\nattribute.COMPUTE_CAPABILITY_MAJOR = 0\n' "$client" runtime
verdict PROP-LAYOUT

