#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The children that ollama-like starts: tree, arguments, environment, descriptors, libraries, and how they end.
. "$VGPU_SOURCE_DIR/tests/e2e/ollama_lib.sh"
export VGPU_DEVICE=l4,t4

# start ARGUMENT…: serve in the background, its children held; its pid is $server.
start() {
	hold
	LD_PRELOAD=$preload LD_LIBRARY_PATH=/inherited "$ollama" serve "$@" 2>log.txt 4<&- 3<&- &
	server=$!
}

finish() {
	wait "$server" || fail "serve ended with $?: $(cat log.txt)"
}

descriptors() { # PID WANT-IN WANT-OUT WANT-ERR
	local fd=0 want
	for want in "$2" "$3" "$4"; do
		# shellcheck disable=SC2053  # a pattern is meant
		[[ $(readlink "/proc/$1/fd/$fd") == $want ]] ||
			fail "descriptor $fd of $(arguments "$1") is $(readlink "/proc/$1/fd/$fd"), not $want"
		fd=$((fd + 1))
	done
}

# Era B, a folder and nothing else: one child, all its output gone.
start --era b --hold hold
held
first=$pid
same runner "$role" "first child"
same "$server" "$(parent "$pid")" "parent of the runner"
same "$ollama" "$(readlink "/proc/$pid/exe")" "program of the runner"
same "ollama-like" "$(cat "/proc/$pid/comm")" "name of the runner"
[[ $(arguments "$pid") =~ ^"$ollama runner --ollama-engine --port "[0-9]+$ ]] || fail "arguments: $(arguments "$pid")"
same "$folder_b:$folder_b/cuda_v13:/inherited" "$(environment "$pid" LD_LIBRARY_PATH)" LD_LIBRARY_PATH
same "$folder_b:$folder_b/cuda_v13" "$(environment "$pid" OLLAMA_LIBRARY_PATH)" OLLAMA_LIBRARY_PATH
same "$preload" "$(environment "$pid" LD_PRELOAD)" LD_PRELOAD
same unset "$(environment "$pid" GGML_CUDA_INIT)" "GGML_CUDA_INIT in the first pass"
same unset "$(environment "$pid" CUDA_VISIBLE_DEVICES)" "CUDA_VISIBLE_DEVICES in the first pass"
descriptors "$pid" /dev/null /dev/null /dev/null
refuse "/proc/$pid/maps" libggml
same 3 "$(find "/proc/$pid/fd" -mindepth 1 | grep -cE '/[0-2]$')" "standard descriptors"
refuse <(ls -l "/proc/$pid/fd") 'socket:'
go

# Second pass: a child a device, at the same time; the first is gone.
held
one=$pid
held
two=$pid
[ ! -e "/proc/$first" ] || fail "the runner of the first pass still lives in the second"
for pid in "$one" "$two"; do
	same "$server" "$(parent "$pid")" "parent of a runner of the second pass"
	same "$folder_b:$folder_b/cuda_v13:/inherited" "$(environment "$pid" LD_LIBRARY_PATH)" LD_LIBRARY_PATH
	same 1 "$(environment "$pid" GGML_CUDA_INIT)" GGML_CUDA_INIT
	descriptors "$pid" /dev/null /dev/null /dev/null
done
visible=$(for pid in "$one" "$two"; do environment "$pid" CUDA_VISIBLE_DEVICES; done | sort)
go xx
finish
found=$(sed -n 's/.*msg="inference compute" id=\(GPU-[0-9a-f-]*\) .*/\1/p' log.txt | sort)
same 2 "$(wc -l <<<"$found")" "devices"
same "$found" "$visible" "CUDA_VISIBLE_DEVICES of the second pass"
for pid in "$one" "$two"; do
	[ ! -e "/proc/$pid" ] || fail "a runner outlived serve"
done

# When it has answered, it has the libraries, and would stay: serve kills it.
start --era b --hold hold:answer
held
for name in libggml-base.so cuda_v13/libggml-cuda.so libvgpu-cudart13.so libvgpu-cuda.so; do
	want "/proc/$pid/maps" "/$name$"
done
same answer "$point" "waiting point"
go
held
held
go xx
finish
[ ! -e "/proc/$pid" ] || fail "a runner outlived serve"

# Late in era B the output goes to pipes whose other end serve reads and drops.
start --era b-late --hold hold
held
descriptors "$pid" /dev/null 'pipe:*' 'pipe:*'
go xxx
held
held
finish
refuse log.txt 'ggml_cuda_init'

# Era C: three children in turn.
start --era c --hold hold
held
same llama-server "$role" "first child of era C"
same "$server" "$(parent "$pid")" "parent of llama-server"
same "$folder_c/llama-server" "$(readlink "/proc/$pid/exe")" "program of the first child"
[[ $(arguments "$pid") =~ ^"$folder_c/llama-server --port "[0-9]+" --host 127.0.0.1 --no-webui --offline --verbose"$ ]] ||
	fail "arguments: $(arguments "$pid")"
same "$folder_c:$folder_c/cuda_v13:/inherited" "$(environment "$pid" LD_LIBRARY_PATH)" LD_LIBRARY_PATH
same "$folder_c/cuda_v13/libggml-cuda.so" "$(environment "$pid" GGML_BACKEND_PATH)" GGML_BACKEND_PATH
same unset "$(environment "$pid" OLLAMA_LIBRARY_PATH)" "OLLAMA_LIBRARY_PATH in era C"
descriptors "$pid" /dev/null 'pipe:*' 'pipe:*'
first=$pid
go
held
[ ! -e "/proc/$first" ] || fail "the first llama-server still lives beside the second"
same "$folder_c/llama-server --list-devices --offline --verbose" "$(arguments "$pid")" "arguments of the second child"
same "$(readlink "/proc/$pid/fd/1")" "$(readlink "/proc/$pid/fd/2")" "the one pipe of the second child"
go
held
same gpu-discover "$role" "third child of era C"
same "$ollama gpu-discover --lib-dir $folder_c --lib-dir $folder_c/cuda_v13" "$(arguments "$pid")" \
	"arguments of the third child"
same "$folder_c:$folder_c/cuda_v13:/inherited" "$(environment "$pid" LD_LIBRARY_PATH)" LD_LIBRARY_PATH
[ "$(readlink "/proc/$pid/fd/1")" != "$(readlink "/proc/$pid/fd/2")" ] || fail "JSON and errors in one pipe"
go
held
one=$pid
held
for pid in "$one" "$pid"; do
	same 1 "$(environment "$pid" GGML_CUDA_INIT)" "GGML_CUDA_INIT in era C"
	environment "$pid" CUDA_VISIBLE_DEVICES
done | sort >visible.txt
grep -Ev '^[01]$' visible.txt && fail "CUDA_VISIBLE_DEVICES of era C"
same 2 "$(sort -u visible.txt | wc -l)" "different CUDA_VISIBLE_DEVICES in era C"
go xxxxxx
for _ in 1 2 3 4; do
	held
done
finish
same 2 "$(grep -c 'msg="inference compute" id=[01] ' log.txt)" "devices of era C"

# No hook of libc's fork and exec sees any of it.
cat >hook.c <<'C'
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <unistd.h>

static void note(void)
{
	close(open(getenv("HOOK_NOTE"), O_CREAT | O_WRONLY, 0600));
}

int execve(const char *path, char *const argv[], char *const envp[])
{
	int (*next)(const char *path, char *const argv[], char *const envp[]) = dlsym(RTLD_NEXT, "execve");

	note();
	return next(path, argv, envp);
}

pid_t fork(void)
{
	pid_t (*next)(void) = dlsym(RTLD_NEXT, "fork");

	note();
	return next();
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *how,
		char *const argv[], char *const envp[])
{
	note();
	return 1;
}
C
library hook hook.c -D_GNU_SOURCE -ldl
export HOOK_NOTE=$PWD/note
rm -f note
LD_PRELOAD=$PWD/hook.so bash -c '/bin/true; :'
[ -e note ] || fail "the hook itself does not work"
rm -f note
for era in b c; do
	LD_PRELOAD=$PWD/hook.so:$preload serve 0 log.txt --era $era
	[ ! -e note ] || fail "era $era starts its children by libc's fork or exec"
done
