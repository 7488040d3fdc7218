#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The link observer under run: every program of the tree, forked children, what it cannot see, and redirection.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"
[ -e "$VGPU_BUILD_DIR/lib/libvgpu-audit.so" ] || skip "no auditor on this machine"
need python3
: "${CC:=cc}"

# library FILE 'C code' [option…]
library() {
	local file=$1 text=$2
	shift 2
	"$CC" -shared -fPIC -x c - -x none -o "$file" "$@" <<<"$text"
}
mkdir lib
library lib/libcuda.so.1 'int cuInit(unsigned f) { return f; }' -Wl,-soname,libcuda.so.1
library libggml-cuda.so 'int cuGetErrorString(int, const char **); int ggml_backend_init(void) { return cuGetErrorString(0, 0); }' \
	-Wl,--allow-shlib-undefined,--no-as-needed lib/libcuda.so.1 -Wl,-z,now
cat >opens.c <<'END'
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
/* opens FILE; "fork" before it: in a child that executes nothing; "orphan": and whose parent is gone. */
int main(int argc, char **argv)
{
	void *handle;
	int gone[2];

	if (!strcmp(argv[1], "fork") && fork()) {
		wait(NULL);
		return 0;
	}
	if (!strcmp(argv[1], "orphan")) {
		if (pipe(gone))
			return 1;
		if (fork())
			return 0;
		close(gone[1]);
		if (read(gone[0], gone, 1)) /* returns when the parent is gone */
			return 1;
	}
	if (!strcmp(argv[1], "wait"))
		fopen("gate", "r"); /* returns when somebody opens it to write */
	handle = dlopen(argv[argc - 1], RTLD_NOW);
	return !handle || !dlsym(handle, "cuInit");
}
END
"$CC" -o opens opens.c -ldl
"$CC" -static -o static opens.c -ldl 2>/dev/null || skip "no static libc"

# ask FILE 'python': the trace's events are in `events`, helpers pick from them.
ask() {
	"$trace" dump --json "$1" >events.json || fail "cannot read $1"
	python3 - "$2" <<'END' || fail "in $1: $2"
import json, sys
events = [json.loads(line) for line in open("events.json")]
def of(kind, **fields):
    return [e for e in events if e["event"] == kind and all(e.get(k) == v for k, v in fields.items())]
starts = {e["process"]: e for e in events if e["event"] in ("start", "exec")}
exec(sys.argv[1])
END
}

# A grandchild's refused backend: the linker's own words, what was tried, where its stderr leads.
export LD_LIBRARY_PATH=$PWD/lib
code 0 "$trace" run -o a.vgt -- sh -c "./opens '$PWD/libggml-cuda.so' 2>/dev/null; true"
ask a.vgt '
d, = of("dl", failed=1, name="'"$PWD"'/libggml-cuda.so")
assert d["op"] == 1 and d["vendor"] == 5 and d["observer"] == 2, d
assert d["error"] == "'"$PWD"'/libggml-cuda.so: undefined symbol: cuGetErrorString", d
assert d["caller_object"].endswith("/opens"), d
p = d["process"]
assert of("context", process=p)[0]["argv"][0] == "./opens" and of("context", process=p)[0]["comm"] == "opens"
assert of("context", process=p)[0]["stderr_target"] == "/dev/null"
assert "LD_LIBRARY_PATH='"$PWD"'/lib" in of("context", process=p)[0]["env"]
s, = [e for e in of("search", process=p, error=0) if e["path"] == "'"$PWD"'/lib/libcuda.so.1"]
assert s["origin"] == 2 and s["requester"].endswith("libggml-cuda.so") and s["inode"], s
o, = [e for e in of("object", process=p) if e["path"].endswith("libcuda.so.1")]
assert o["flags"] & 1 and o["soname"] == "libcuda.so.1" and o["inode"] == s["inode"]
assert [e for e in of("unload", process=p) if e["path"].endswith("libcuda.so.1")]
assert of("coverage", observer=2, on=1) and not of("observer")
numbers = [e["number"] for e in of("context", process=p) + of("search", process=p)]
assert min(numbers) > of("exec", process=p)[0]["number"], "events of a program come after its exec"
'

# A hit: what dlsym found, and in which file.
code 0 "$trace" run -q -o a.vgt -- ./opens libcuda.so.1
ask a.vgt '
b, = of("bound", symbol="cuInit", by_dlsym=1)
assert b["to"].endswith("/lib/libcuda.so.1") and b["from"].endswith("/opens"), b
assert of("dl", failed=0, name="libcuda.so.1")[0]["result"] != "0x0"
'

# A forked child that executes nothing, also when its parent is gone long since.
for how in fork orphan; do
	# The recording ends with its command: which cat does not before the last of them is gone.
	code 0 "$trace" run -q -o a.vgt -- sh -c "./opens $how '$PWD/libggml-cuda.so' | cat"
	ask a.vgt '
d, = of("dl", failed=1, op=1)
opens, = [e["process"] for e in of("context", comm="opens")]
assert starts[d["process"]]["parent"] == opens, (d, starts)
'
done

# What it cannot see is said of the very process.
mkfifo gate
"$trace" run -q -o a.vgt -- sh -c './static wait x; env -i ./opens wait libcuda.so.1; true' &
job=$!
for comm in static opens; do
	until "$trace" dump --json a.vgt 2>/dev/null >events.json || true && [ "$(grep -c '"event":"observer"' events.json)" -ge \
		"$([ $comm = static ] && echo 1 || echo 2)" ]; do
		kill -0 $job || fail "the recording ended early"
	done
	exec 3>gate 3>&-
done
wait $job || fail "the recording"
ask a.vgt '
assert all(e["withdrawn"] for e in of("observer"))
notes = {starts[e["process"]]["comm"]: e["text"] for e in of("observer")}
assert notes["static"].startswith("a static program"), notes
assert "cleared" in notes["opens"] and len(notes) == 2, notes
'
code 0 "$trace" run --no-link -q -o a.vgt -- sh -c "./opens libcuda.so.1; env | grep -c AUDIT; true"
same 0 "$(cat out)" "variables of the auditor with --no-link"
ask a.vgt 'assert not of("search") and of("coverage", observer=2, on=0)[0]["why"] == "--no-link"'

# Redirection: into programs that ask, and into no other; the program's own file would have been found.
code 0 "$trace" run --shim sim --inject audit -o a.vgt -- "$app" discover
same "GPU NVIDIA H100 80GB HBM3" "$(cat out)" "the redirected program's output"
want err 'GPU FOUND \(SIMULATED\)  by cli_app'
code 0 "$trace" run --shim sim --inject audit -q -o a.vgt -- sh -c './opens libcuda.so.1; env'
refuse out 'LD_PRELOAD|LD_LIBRARY_PATH=.*vgpu-trace'
ask a.vgt '
s, = [e for e in of("search", path="libcuda.so.1") if e["instead"]]
assert s["instead"].endswith("/libvgpu-cuda.so") and s["flags"] & 32
o, = [e for e in of("object") if e["soname"] == "libcuda.so.1"]
assert o["library"] == 1, o
'
code 125 "$trace" run --shim sim --inject audit --no-link -- true

# Hundreds of programs one after the other: each is on record, and nothing of them is left.
# shellcheck disable=SC2016  # the inner shell fills them in
code 0 "$trace" run -q -o a.vgt -- sh -c 'i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done'
ask a.vgt '
assert len(of("context")) == 201, len(of("context"))
assert len(of("exec")) == 201, len(of("exec"))
assert all(e["argv"] and e["comm"] for e in of("exec") if e["observer"] == 2)
assert len(of("linked", flags=16)) == 201
assert not of("observer")
'

# One that the auditor executes again, with room for TLS or without itself, is one program: however soon it is gone.
for alignment in 8 128; do
	library tls.so "static __thread char bytes[2632] __attribute__((aligned($alignment))) = { 1 };
		char *f(void) { return bytes; }" -ftls-model=initial-exec
	"$CC" -o short -x c - -x none -Wl,--no-as-needed ./tls.so <<<'int main(void) { return 0; }'
	# shellcheck disable=SC2016
	code 0 "$trace" run --kernel=off -q -o a.vgt -- sh -c 'i=0; while [ $i -lt 20 ]; do ./short; i=$((i+1)); done; exec ./short'
	ask a.vgt '
assert len(of("observer", about=2)) == 21, of("observer")
assert len(of("exec")) == 22, [(e["process"], e["execs"], e["argv"]) for e in of("exec")]
'
done

same 0 "$(left_behind)" "directories left behind"
