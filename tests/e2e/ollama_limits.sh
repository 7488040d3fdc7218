#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Calls that never return, children that die: the time limits, what is logged, and that nobody is left behind.
. "$VGPU_SOURCE_DIR/tests/e2e/ollama_lib.sh"

# A cudaGetDeviceCount that does not return, or kills its process, or ends it; everywhere or only in the second pass.
cat >trap.c <<'C'
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int cudaGetDeviceCount(int *count)
{
	int (*next)(int *count) = dlsym(RTLD_NEXT, "cudaGetDeviceCount");
	char line[32];
	int fd, size;

	if (getenv("TRAP_SECOND") && !getenv("GGML_CUDA_INIT"))
		return next(count);
	fd = open(getenv("TRAP_PIDS"), O_CREAT | O_WRONLY | O_APPEND, 0600);
	size = sprintf(line, "%d\n", (int)getpid());
	if (write(fd, line, size) != size)
		_exit(99);
	if (getenv("TRAP_EXIT"))
		_exit(atoi(getenv("TRAP_EXIT")));
	if (getenv("TRAP_SIGNAL"))
		kill(getpid(), atoi(getenv("TRAP_SIGNAL")));
	for (;;)
		pause();
}
C
library trap trap.c -D_GNU_SOURCE -ldl
export TRAP_PIDS=$PWD/pids.txt

# trapped STATUS LOG ARGUMENT…: with that function in front.
trapped() {
	: >pids.txt
	LD_PRELOAD=$PWD/trap.so:$preload LD_LIBRARY_PATH=$PWD/links serve "$@"
	[ -s pids.txt ] || fail "the trap was never entered"
	while read -r pid; do
		[ ! -e "/proc/$pid" ] || fail "a child that hung was left behind"
	done <pids.txt
}

folders='OLLAMA_LIBRARY_PATH="\['"$folder_b $folder_b"'/cuda_v13\]"'
trapped 1 b.txt --era b --timeout 0.5
want b.txt "level=INFO .*msg=\"failure during GPU discovery\" $folders extra_envs=map\[\] error=\"failed to finish discovery before timeout\"$"
want b.txt 'msg="inference compute" id=cpu library=cpu'
same 1 "$(wc -l <pids.txt)" "children that hung"

# Found in the first pass, lost in the second.
OLLAMA_DEBUG=1 TRAP_SECOND=1 trapped 1 b.txt --era b --timeout 4
want b.txt 'msg="verifying if device is supported" library='
want b.txt 'msg="failure during GPU discovery" .*extra_envs="map\[CUDA_VISIBLE_DEVICES:GPU-[0-9a-f-]+ GGML_CUDA_INIT:1\]" error="failed to finish discovery before timeout"$'
want b.txt "level=DEBUG .*msg=\"filtering device which didn't fully initialize\" id=GPU-[0-9a-f-]+ libdir=$folder_b/cuda_v13 pci_id=0000:01:00\.0 library=CUDA$"
want b.txt 'msg="inference compute" id=cpu library=cpu'

# A runner that dies is told from one that ends by itself, which nobody hears of.
TRAP_SIGNAL=11 trapped 1 b.txt --era b
want b.txt 'level=INFO .*msg="failure during GPU discovery" .*error="runner crashed"$'
TRAP_EXIT=3 trapped 1 b.txt --era b
refuse b.txt 'failure|crashed|level=(WARN|ERROR)'
want b.txt 'msg="inference compute" id=cpu library=cpu'
OLLAMA_DEBUG=2 TRAP_EXIT=3 trapped 1 b.txt --era b
want b.txt 'level=TRACE .*msg="runner exited" .*code=3$'

# So does one that does not even start: its dynamic linker ends it, and era C takes that for a failure.
folder=$PWD/broken/lib/ollama
rm -rf broken
mkdir -p "$folder"
cp -r "$folder_c/." "$folder"
printf 'no library\n' >"$folder/libggml-base.so"
simulated 1 c.txt --era c --lib-dir "$folder"
want c.txt 'level=WARN .*msg="llama-server discovery: system_info line not found in output - CUDA architecture filtering will be disabled\.'
want c.txt 'level=INFO .*msg="failure during llama-server GPU discovery" .*error="llama-server --list-devices failed: exit status 127"'

trapped 1 c.txt --era c --timeout 0.5
want c.txt 'level=WARN .*msg="llama-server discovery: timed out waiting for server startup" error="context deadline exceeded" libDirs=.* lines_captured=0$'
want c.txt 'level=WARN .*msg="llama-server GPU discovery watchdog timed out" .*error="context deadline exceeded"$'
want c.txt 'level=INFO .*msg="failure during llama-server GPU discovery" .*error="context deadline exceeded" detail=""$'
want c.txt 'msg="inference compute" id=cpu library=cpu'

# A refresh that hangs leaves the old values.
cat >late.c <<'C'
#include <dlfcn.h>
#include <unistd.h>

/* Hangs from the third process on: that of the refresh. */
int cudaGetDeviceCount(int *count)
{
	int (*next)(int *count) = dlsym(RTLD_NEXT, "cudaGetDeviceCount");

	if (!unlink("turn1") || !unlink("turn2"))
		return next(count);
	for (;;)
		pause();
}
C
library late late.c -D_GNU_SOURCE -ldl
: >turn1
: >turn2
LD_PRELOAD=$PWD/late.so:$preload serve 0 b.txt --era b --timeout 4 --refresh
want b.txt 'level=WARN .*msg="unable to refresh free memory, using old values"$'

# The end is SIGKILL: these children can be ended by nothing else, and do not end by themselves.
cat >stubborn.c <<'C'
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void ended(void)
{
	close(open(getenv("ENDED_NOTE"), O_CREAT | O_WRONLY, 0600));
}

__attribute__((constructor)) static void block(int argc, char **argv)
{
	sigset_t all;

	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--port")) {
			sigfillset(&all);
			sigprocmask(SIG_BLOCK, &all, NULL);
			atexit(ended);
		}
}
C
library stubborn stubborn.c
export ENDED_NOTE=$PWD/ended
for era in b c; do
	LD_PRELOAD=$PWD/stubborn.so:$preload serve 0 log.txt --era $era
	[ ! -e ended ] || fail "a child of era $era ended by itself"
done

# A gpu-discover that fails costs only what it would have told.
folder=$PWD/poor/lib/ollama
rm -rf poor
mkdir -p "$folder"
cp -r "$folder_c/." "$folder"
mkdir -p "$folder/cuda_v13"
cat >failing.c <<'C'
#include <string.h>
#include <unistd.h>

__attribute__((constructor)) static void end(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "gpu-discover"))
		_exit(4);
}
C
library failing failing.c
OLLAMA_DEBUG=1 LD_PRELOAD=$PWD/failing.so:$preload serve 0 c.txt --era c --lib-dir "$folder"
want c.txt 'level=DEBUG .*msg="native GPU discovery failed" error="exit status 4"'
want c.txt 'msg="inference compute" id=0 .* driver=13\.0 pci_id="" '
