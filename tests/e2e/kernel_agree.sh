#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The link observer and the kernel observer on one run: what was opened, what was refused and in which words, and which
# functions a library lacks is the same from both.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
[ -e "$VGPU_BUILD_DIR/lib/libvgpu-audit.so" ] || skip "no auditor on this machine"
need python3
: "${CC:=cc}"
rm -rf "${VGPU_WORK_DIR:?}"/*
mkdir lib

# library FILE 'C code' [option…]
library() {
	local file=$1 text=$2
	shift 2
	"$CC" -shared -fPIC -x c - -x none -o "$file" "$@" <<<"$text"
}
printf 'libcudart.so.12 { global: a; };\n' >one.map
printf 'libcudart.so.12 { global: a; b; };\nlibcudart.so.13 { global: c; };\n' >two.map
printf 'libcuda.so.1 { global: cuInit; };\n' >cuda.map
library lib/libcuda.so.1 'int cuInit(unsigned f) { return f; }' -Wl,-soname,libcuda.so.1 -Wl,--version-script=cuda.map
library lib/libcublas.so.99 'int g(void) { return 0; }' -Wl,-soname,libcublas.so.99
library lib/libggml-cuda-needs.so 'int g(void); int f(void) { return g(); }' lib/libcublas.so.99
library lib/libggml-cuda-lacks.so 'int cuGetErrorString(void); int f(void) { return cuGetErrorString(); }' \
	-Wl,--allow-shlib-undefined,--no-as-needed lib/libcuda.so.1 -Wl,-z,now
library lib/libcudart.so.12 'int a(void) { return 0; } int b(void) { return 0; } int c(void) { return 0; }' \
	-Wl,--version-script=two.map -Wl,-soname,libcudart.so.12
library lib/libggml-cuda-12.so 'int b(void); int f(void) { return b(); }' lib/libcudart.so.12 -Wl,-rpath,"$PWD/lib" -Wl,-z,now
library lib/libggml-cuda-13.so 'int c(void); int f(void) { return c(); }' lib/libcudart.so.12 -Wl,-rpath,"$PWD/lib" -Wl,-z,now
library lib/libcudart.so.12 'int a(void) { return 0; }' -Wl,--version-script=one.map -Wl,-soname,libcudart.so.12
rm lib/libcublas.so.99
: >lib/libcuda-empty.so.1
head -c 100 lib/libcuda.so.1 >lib/libcuda-short.so.1
printf 'version https://git-lfs.github.com/spec/v1\n%2000s' ' ' >lib/libcuda-pointer.so.1
cp lib/libcuda.so.1 lib/libcuda-32.so.1
printf '\x01' | dd of=lib/libcuda-32.so.1 bs=1 seek=4 conv=notrunc status=none
library lib/libggml-cuda-tls.so '__thread char big[60000] __attribute__((tls_model("initial-exec"))) = { 1 }; char *f(void) { return big; }'

export LD_LIBRARY_PATH=$PWD/lib
words=(libcuda.so.1 libcuda.so.55 "$PWD/lib/libcuda-empty.so.1" "$PWD/lib/libcuda-short.so.1" "$PWD/lib/libcuda-pointer.so.1"
	"$PWD/lib/libcuda-32.so.1" "$PWD/lib/libggml-cuda-needs.so" "$PWD/lib/libggml-cuda-lacks.so" "$PWD/lib/libggml-cuda-12.so"
	"$PWD/lib/libggml-cuda-13.so" "$PWD/lib/libggml-cuda-tls.so" libnvidia-ml.so.55)
"$trace" run --kernel=on -q -o a.vgt -- "$VGPU_BUILD_DIR/tests/e2e/kernel_agree" "${words[@]}" >said 2>err || {
	grep -q 'CAP_BPF\|kernel' err && skip "$(head -n 1 err)"
	fail "run: $(cat err)"
}
same 11 "$(grep -vc '^there$' said)" "refusals"
"$trace" dump --json a.vgt >all.json
python3 - <<'END' || fail "the observers differ"
import json
events = [json.loads(line) for line in open("all.json")]
kernel = [e for e in events if e["event"] == "coverage" and e["observer"] == 4]
assert kernel and kernel[0]["on"] == 1, kernel
link, seen = ([e for e in events if e["event"] == "dl" and e["observer"] == o] for o in (2, 4))

def opened(dl):
    return sorted(e["name"] for e in dl if e["op"] in (1, 2) and not e["failed"] and e["vendor"])
def refused(dl):
    # The kernel has the words and the object apart, as the linker has them; dlerror puts them together.
    out = []
    for e in dl:
        if e["failed"] and e["op"] in (1, 2, 3, 4):
            words = e["error"]
            if e["object_name"] and words.startswith(e["object_name"] + ": "):
                words = words[len(e["object_name"]) + 2:]
            words = words.split(": Success")[0].split(": No such file")[0]
            out.append((e["op"], e["name"], e["version"], e["object_name"], words, e["code"]))
    return sorted(out, key=str)

assert opened(link) == opened(seen) != [], (opened(link), opened(seen))
a, b = refused(link), refused(seen)
assert len([x for x in a if x[0] == 1]) == 11 and len([x for x in a if x[0] == 2]) == 1, a
assert len([x for x in a if x[0] == 3]) >= 3 and [x for x in a if x[0] == 4], a
for x in a:
    assert x in b, ("only the link observer", x, b)
for x in b:
    assert x in a, ("only the kernel observer", x, a)
assert a == b
print(len(opened(link)), "opened,", len(a), "refused or missing, the same from both")
END
