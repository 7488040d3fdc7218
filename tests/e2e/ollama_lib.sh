# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the tests of ollama-like share: where it is, how its children are held, how it is run.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
ollama=$(realpath "$VGPU_BUILD_DIR/examples/ollama-like")
lib=$(realpath "$VGPU_BUILD_DIR/lib")
# shellcheck disable=SC2034
folder_b=$lib/ollama folder_c=$lib/era-c/lib/ollama cuda12=$VGPU_BUILD_DIR/examples/ollama-cuda12
preload=$lib/libvgpu-cuda.so:$lib/libvgpu-nvml.so:$lib/libvgpu-cudart13.so:$lib/libvgpu-cudart12.so

rm -rf rings hold links ./*.txt
mkdir -p rings links
ln -s "$lib/libvgpu-cuda.so" links/libcuda.so.1
export VGPU_BACKEND=sim VGPU_TRACE_DIR=$PWD/rings
unset OLLAMA_DEBUG OLLAMA_HOST OLLAMA_LLM_LIBRARY OLLAMA_IGPU_ENABLE GGML_CUDA_INIT GGML_BACKEND_PATH VGPU_DEVICE \
	OLLAMA_LIBRARY_PATH CUDA_VISIBLE_DEVICES LD_LIBRARY_PATH

# A driver of the machine's own would answer where these tests mean that nobody does.
without_driver() {
	if ldconfig -p 2>/dev/null | grep -q 'libcuda\.so\.1' || compgen -G '/usr/lib/*-linux-gnu/libcuda.so*' >/dev/null ||
		compgen -G '/usr/lib/wsl/lib/libcuda.so*' >/dev/null; then
		skip "this machine has a CUDA driver"
	fi
}

# serve STATUS LOG ARGUMENT…: runs it without any library of ours; the log is its standard error.
serve() {
	local want=$1 log=$2 status=0
	shift 2
	"$ollama" serve "$@" >"$log.out" 2>"$log" || status=$?
	[ "$status" = "$want" ] || {
		cat "$log" >&2
		fail "exit status $status instead of $want: ollama-like serve $*"
	}
	[ ! -s "$log.out" ] || fail "serve wrote to its standard output"
	rm "$log.out"
}

# simulated STATUS LOG ARGUMENT…: the same with all four libraries preloaded; era a looks for a file.
simulated() {
	LD_PRELOAD=$preload LD_LIBRARY_PATH=$PWD/links serve "$@"
}

# library NAME SOURCE-FILE [OPTION…]: a shared library NAME.so in the current directory.
library() {
	local name=$1 source=$2
	shift 2
	"$CC" -shared -fPIC -o "$name.so" "$source" "$@" || fail "cannot build $name.so"
}

# Children stop at the point, on descriptors 3 (ready) and 4 (go). See examples/ollama-like/hold.h.
hold() {
	rm -rf hold
	mkdir hold
	mkfifo hold/ready hold/go
	exec 3<>hold/ready 4<>hold/go
}

# held: the next child that waits, in $pid, $role and $point.
# shellcheck disable=SC2034  # for the scripts that read this file
held() {
	read -r -t 120 -u 3 pid role point || fail "no child came to its waiting point"
}

go() {
	printf '%s' "${1:-x}" >&4
}

# environment PID NAME: the value of the variable, or "unset".
environment() {
	tr '\0' '\n' <"/proc/$1/environ" | sed -n "s/^$2=//p" | grep . || echo unset
}

arguments() { # PID
	tr '\0' ' ' <"/proc/$1/cmdline" | sed 's/ $//'
}

parent() { # PID
	sed -n 's/^PPid:[[:space:]]*//p' "/proc/$1/status"
}
