#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Which devices ollama-like keeps: two libraries, two devices, old cards, old drivers, and what the user set.
. "$VGPU_SOURCE_DIR/tests/e2e/ollama_lib.sh"
compute() { # LOG: the lines of the devices, or of the CPU
	grep -c 'msg="inference compute" ' "$1"
}

# layout ERA-LETTER: a lib/ollama of one's own with cuda_v12 beside cuda_v13; its path in $folder.
layout() {
	local from=folder_$1
	folder=$PWD/two-$1/lib/ollama
	rm -rf "two-$1"
	mkdir -p "$folder/cuda_v12"
	cp -r "${!from}/." "$folder"
	cp "$cuda12/$1/libggml-cuda.so" "$folder/cuda_v12/"
}

# One device, found by both libraries: the newer one keeps it, and the second pass has two children.
layout b
OLLAMA_DEBUG=1 simulated 0 b.txt --era b --lib-dir "$folder"
same 4 "$(grep -c 'msg="starting runner"' b.txt)" "runners with two folders"
want b.txt "level=DEBUG .*msg=\"filtering device with overlapping libraries\" id=GPU-[0-9a-f-]+ library=$folder/cuda_v12 delete_index=0 kept_library=$folder/cuda_v13$"
same 1 "$(compute b.txt)" "devices kept"
want b.txt 'msg="inference compute" .* libdirs=ollama,cuda_v13 '
OLLAMA_DEBUG=1 OLLAMA_LLM_LIBRARY=cuda_v12 simulated 0 b.txt --era b --lib-dir "$folder"
want b.txt "level=DEBUG .*msg=\"skipping available library at user's request\" requested=cuda_v12 libDir=$folder/cuda_v13$"
want b.txt 'msg="inference compute" .* libdirs=ollama,cuda_v12 '

# An older card has no place in CUDA 13's backend; the second pass finds out, and CUDA 12's keeps both.
cat >mixed.device <<'C'
[device l4]
[device l4]
name = "NVIDIA P40"
compute = 6.1
C
OLLAMA_DEBUG=1 VGPU_DEVICE=$PWD/mixed.device simulated 0 b.txt --era b --lib-dir "$folder"
want b.txt 'level=INFO .*msg="failure during GPU discovery" .*cuda_v13.* error="runner crashed"$'
want b.txt "msg=\"filtering device which didn't fully initialize\" id=GPU-[0-9a-f-]+ libdir=$folder/cuda_v13 pci_id=0000:04:00\.0 library=CUDA$"
same 2 "$(compute b.txt)" "devices kept of two"
same 2 "$(grep -c 'msg="inference compute" .* libdirs=ollama,cuda_v12 ' b.txt)" "devices with the library that has both"
layout c
VGPU_DEVICE=$PWD/mixed.device OLLAMA_DEBUG=1 simulated 0 c.txt --era c --lib-dir "$folder"
want c.txt 'level=INFO .*msg="skipping CUDA device — compute capability not in compiled architectures" device="NVIDIA P40" cc=610 archs="\[750 800 [0-9 ]+\]"'
# Where the first is skipped, the second is asked for by number.
same 2 "$(compute c.txt)" "devices kept of two, era C"

# CUDA 12.8 needs driver 570 for such cards, 12.4 needs 550 for all.
printf 'driver = "560.28.03"\n' | cat - mixed.device >old.device
printf 'driver = "535.10.01"\n[device l4]\n' >older.device
: >"$folder/cuda_v12/libcudart.so.12.8.90"
rm -r "$folder/cuda_v13"
VGPU_DEVICE=$PWD/old.device simulated 0 c.txt --era c --lib-dir "$folder"
want c.txt 'level=WARN .*msg="NVIDIA driver too old" device="NVIDIA P40" compute=6\.1 driver=560 required_driver="570 or newer"$'
same 1 "$(compute c.txt)" "devices that the driver 560 may keep"
VGPU_DEVICE=$PWD/older.device simulated 1 c.txt --era c --lib-dir "$folder"
want c.txt 'level=WARN .*msg="NVIDIA driver too old" device="NVIDIA L4" compute=8\.9 driver=535 required_driver="550 or newer"$'
want c.txt 'msg="inference compute" id=cpu library=cpu'

# Integrated GPUs of CUDA stay unless the user says no.
printf '[device l4]\nattribute.INTEGRATED = 1\n' >integrated.device
VGPU_DEVICE=$PWD/integrated.device simulated 0 c.txt --era c
want c.txt 'msg="inference compute" .* type=iGPU '
VGPU_DEVICE=$PWD/integrated.device OLLAMA_IGPU_ENABLE=0 simulated 1 c.txt --era c
want c.txt 'level=INFO .*msg="dropping integrated GPU; to enable, set OLLAMA_IGPU_ENABLE=1" id=0 library=CUDA'

# Era A has a minimum of its own, and a library for what is old or has an old driver.
printf '[device l4]\ncompute = 3.5\n' >ancient.device
VGPU_DEVICE=$PWD/ancient.device simulated 1 a.txt --era a
want a.txt 'msg="\[0\] CUDA GPU is too old\. Compute Capability detected: 3\.5"$'
want a.txt 'msg="no compatible GPUs were discovered"$'
VGPU_DEVICE=$PWD/mixed.device simulated 0 a.txt --era a
same 2 "$(grep -c 'msg="inference compute" .* variant=v12 ' a.txt)" "devices of variant v12"
printf 'cuda = 12.4\n[device l4]\n' >twelve.device
VGPU_DEVICE=$PWD/twelve.device simulated 0 a.txt --era a
want a.txt 'level=WARN .*msg="old CUDA driver detected - please upgrade to a newer driver for best performance" version=12\.4$'

# Two devices, the freer one first; one PCI address for two is one device, without a word.
VGPU_DEVICE=t4,l4 simulated 0 b.txt --era b
same 'NVIDIA L4 Tesla T4' "$(sed -n 's/.*msg="inference compute".* description="\([^"]*\)".*/\1/p' b.txt | paste -sd ' ')" \
	"order of the devices"
# A library that gives every device the PCI address, or the UUID, of the first.
cat >twins.c <<'C'
#include <dlfcn.h>
#include <string.h>

/* Of CUDA 13's cudaDeviceProp. */
enum { UUID = 256, BUS = 568 };

int cudaGetDeviceProperties(char *prop, int device)
{
	int (*next)(void *prop, int device) = dlsym(RTLD_NEXT, "cudaGetDeviceProperties");
	char first[4096];
	int result = next(prop, device);

	next(first, 0);
	memcpy(prop + TWIN, first + TWIN, TWIN == UUID ? 16 : 12);
	return result;
}

int cudaDeviceGetPCIBusId(char *text, int size, int device)
{
	int (*next)(char *text, int size, int device) = dlsym(RTLD_NEXT, "cudaDeviceGetPCIBusId");

	return next(text, size, TWIN == BUS ? 0 : device);
}
C
library twin-addresses twins.c -D_GNU_SOURCE -DTWIN=BUS -ldl
library twin-uuids twins.c -D_GNU_SOURCE -DTWIN=UUID -ldl
for era in b c; do
	OLLAMA_DEBUG=1 VGPU_DEVICE=l4,t4 LD_PRELOAD=$PWD/twin-addresses.so:$preload serve 0 $era.txt --era $era
	want $era.txt 'initial_count=2$'
	same 1 "$(compute $era.txt)" "devices with one PCI address, era $era"
	refuse $era.txt 'dropping duplicate device'
done
VGPU_DEVICE=l4,t4 LD_PRELOAD=$PWD/twin-uuids.so:$preload serve 0 b.txt --era b
same 2 "$(compute b.txt)" "devices with one UUID"
same 1 "$(sed -n 's/.*msg="inference compute" id=\([^ ]*\).*/\1/p' b.txt | sort -u | wc -l)" "UUIDs of two devices"

# What the user made visible.
for era in b c; do
	CUDA_VISIBLE_DEVICES=0 VGPU_DEVICE=l4,t4 simulated 0 $era.txt --era $era
	want $era.txt 'level=WARN .*msg="user overrode visible devices" CUDA_VISIBLE_DEVICES=0$'
	want $era.txt 'level=WARN .*msg="if GPUs are not correctly discovered, unset and try again"$'
	same 1 "$(compute $era.txt)" "devices that the user made visible, era $era"
	want $era.txt 'msg="inference compute" .* description="NVIDIA L4" '
	CUDA_VISIBLE_DEVICES=-1 simulated 1 $era.txt --era $era
	want $era.txt 'msg="inference compute" id=cpu library=cpu'
done
want b.txt CUDA_VISIBLE_DEVICES
CUDA_VISIBLE_DEVICES=1 VGPU_DEVICE=l4,t4 simulated 0 b.txt --era b
want b.txt 'msg="inference compute" .* description="Tesla T4" '

# A runner reads only what lies in a lib/ollama, and looks into that itself where there is nothing below.
rm -rf elsewhere flat
mkdir -p elsewhere flat/lib/ollama
cp -r "$folder_b/." elsewhere
OLLAMA_DEBUG=2 simulated 1 b.txt --era b --lib-dir elsewhere
want b.txt "level=DEBUG .*msg=\"skipping path which is not part of ollama\" path=$PWD/elsewhere/cuda_v13$"
cp "$folder_b/libggml-base.so" "$folder_b/cuda_v13/libggml-cuda.so" flat/lib/ollama
simulated 0 b.txt --era b --lib-dir flat/lib/ollama
want b.txt 'msg="inference compute" .* libdirs=ollama driver'
same 2 "$(grep -c 'msg="starting runner"' b.txt)" "runners of a flat folder"

# Of several variants of a backend the one with the best score is taken, of those that load.
cp "$folder_b/cuda_v13/libggml-cuda.so" flat/lib/ollama/libggml-cuda-scoreless.so
printf 'no library\n' >flat/lib/ollama/libggml-cuda-broken.so
cat >variant.c <<'C'
#include <stddef.h>
int ggml_backend_score(void) { return SCORE; }
void *ggml_backend_init(void) { return NULL; }
C
library flat/lib/ollama/libggml-cuda-low variant.c -DSCORE=0
simulated 0 b.txt --era b --lib-dir flat/lib/ollama
library flat/lib/ollama/libggml-cuda-high variant.c -DSCORE=7
simulated 1 b.txt --era b --lib-dir flat/lib/ollama

# No temporary file, no answer.
TMPDIR=$PWD/no/such simulated 1 b.txt --era b
want b.txt 'msg="failure during GPU discovery" .*error="runner error: failed to initialize backend: open [^ ]*/no/such/'
