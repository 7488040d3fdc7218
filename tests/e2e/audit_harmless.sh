#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Under the auditor a program sees, does and returns what it does without it; and all of it is on record.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/audit_lib.sh"
probe=$VGPU_BUILD_DIR/tests/e2e/audit_probe
rm -rf ./*.so ./*.so.1 ours

library libcuda.so.1 'int cuInit(void) { return 3; } int cuLazy(void) { return 4; }' -Wl,-soname,libcuda.so.1
# shellcheck disable=SC2016  # the linker's
library libclient.so '
	#include <dlfcn.h>
	int cuLazy(void);
	int call_entry(void) { return cuLazy(); }
	int call_missing(void) { return dlsym(RTLD_DEFAULT, "cuNotThere") == 0 && dlerror(); }' \
	./libcuda.so.1 -Wl,-z,lazy -Wl,-rpath,'$ORIGIN'

# What it can see of itself: arguments, environment, descriptors, objects.
both view "$probe" view a 'b c' ''

both errno "$probe" errno ./libclient.so
want errno.txt '^hit 1 12345$'
want errno.txt '^call 4 12345$'
want errno.txt '^miss 1 54321$'
rings_of log.txt
want log.txt '^BOUND .* gpu coarse address=1 from=\./libclient\.so to=[^ ]*/libcuda\.so\.1 "cuLazy"'
want log.txt '^OPENED .* gpu statted ns=0 size=[1-9][0-9]* error=0 .* id=[0-9a-f]{40} "[^"]*/libcuda\.so\.1" "libcuda\.so\.1"'
want log.txt '^SEARCHED .* gpu statted origin=0x4 error=0 mode=100755 .* "[^"]*/libcuda\.so\.1"'
want log.txt '^CONSISTENT .* started '

# No system call after the start, but where the linker makes some itself.
both seccomp "$probe" seccomp ./libclient.so
rings_of log.txt
want log.txt '^FAILED .* "cuMissingAfter" '
want log.txt '^BOUND .*"cuLazy"'
want log.txt '^BOUND .* dlsym .*"cuInit"'

both dlmopen "$probe" dlmopen ./libclient.so
want dlmopen.txt '^namespace 1 call 1$'
rings_of log.txt
want log.txt '^OPENED .* ns=[1-9][0-9]* .*/libcuda\.so\.1"'
want log.txt '^FAILED .* op=dlsym .* "cuNotThere" '

both threads "$probe" threads ./libcuda.so.1
rings_of log.txt
same 400 "$(grep -c '^FAILED .* "cuMissing" ' log.txt)" "failures of 8 threads"
same 400 "$(grep -c '^BOUND .* "cuInit"' log.txt)" "hits of 8 threads"
same 8 "$(sed -n 's/^FAILED fork=0 tid=\([0-9]*\) .*/\1/p' log.txt | sort -u | wc -l)" "threads"

# A forked child writes into its parent's ring, an executed program has its own.
both children "$probe" children ./libcuda.so.1 /bin/true
rings_of log.txt
same 3 "$(grep -c '^RING' log.txt)" "rings of one program and two that it executed"
want log.txt '^FAILED fork=1 .* "cuFromChild" '
want log.txt '^FAILED fork=0 .* "cuFromParent" '
child=$(sed -n 's/^FORKED fork=1 tid=\([0-9]*\) .*/\1/p' log.txt)
parent=$(sed -n 's/^RING pid=\([0-9]*\) .* comm="audit_probe".*/\1/p' log.txt)
if [ -z "$child" ] || [ "$child" = "$parent" ]; then
	fail "the child's id is '$child', its parent's '$parent'"
fi

# A program without a dynamic linker in between.
"$CC" -static -o static -x c - <<<'#include <unistd.h>
	int main(int argc, char **argv) { return argc < 2 || execv(argv[1], argv + 1); }'
both static ./static /bin/true
rings_of log.txt
same 1 "$(grep -c '^RING .* comm="true"' log.txt)" "rings behind a static program"

# Killed at any time, nothing is lost.
status=0
(audited "$probe" killed 500) 2>killed.txt || status=$?
same 137 "$status" "exit status of a killed program"
rings_of log.txt
same 500 "$(grep -c '^FAILED .* "/nowhere/libcuda.so.[0-9]*" ' log.txt)" "files before the end"
same 500 "$(grep -c '^FAILED .* "cuKilled[0-9]*" ' log.txt)" "failures before the end"
want log.txt '^END uncommitted=0$'

# A start that fails has no CONSISTENT record; the message is the linker's own.
library libgone.so.1 'int gone(void) { return 1; }' -Wl,-soname,libgone.so.1
"$CC" -o needs -x c - -x none ./libgone.so.1 -Wl,-rpath,"$PWD" <<<'int gone(void); int main(void) { return gone(); }'
library libgone.so.1 'int other(void) { return 1; }' -Wl,-soname,libgone.so.1
both needs env LD_BIND_NOW=1 ./needs
want needs.txt 'undefined symbol: gone'
rings_of log.txt
same 1 "$(grep -c '^CONSISTENT .* started ' log.txt)" "starts (of env, not of what it executes)"
rm libgone.so.1
both needs ./needs
want needs.txt 'libgone.so.1: cannot open shared object file'
both listed sh -c 'LD_TRACE_LOADED_OBJECTS=1 LD_WARN=yes LD_BIND_NOW=1 ./needs 2>&1 | sed "s/(0x[0-9a-f]*)//"'

# Recognised by what it exports, whatever its name.
library libother.so 'int nvmlInit_v2(void) { return 0; }'
both other "$probe" tls ./libother.so
rings_of log.txt
want log.txt '^OPENED .* gpu statted by-export .* "\./libother\.so"'

# Redirection: only bare names, only where there is a file.
mkdir ours
library ours/libvgpu-cuda.so 'int cuInit(void) { return 9; } int cuLazy(void) { return 9; }' \
	-Wl,-soname,libcuda.so.1
VGPU_AUDIT_REDIRECT=$PWD/ours audited "$probe" errno ./libclient.so >redirected.txt
want redirected.txt '^call 9 12345$'
rings_of log.txt
want log.txt '^SEARCHED .* redirected .* "libcuda\.so\.1" "[^"]*/ours/libvgpu-cuda\.so"'
want log.txt '^NOTE .* reason=5 code=2 .*/ours/libvgpu-nvml\.so"'
VGPU_AUDIT_REDIRECT=ours audited "$probe" errno ./libclient.so >redirected.txt
want redirected.txt '^call 4 12345$'
rings_of log.txt
want log.txt '^NOTE .* reason=5 code=22 .* "ours"'

# Where its messages go, as readlink says it.
for to in /dev/null "$PWD/err.txt" pipe closed; do
	# shellcheck disable=SC2094
	case $to in
	pipe) audited sh -c 'readlink /proc/self/fd/2; exec true' 2> >(cat >/dev/null) >said.txt ;;
	closed) audited sh -c 'exec true' 2>&- >said.txt ;;
	*) audited sh -c 'readlink /proc/self/fd/2; exec true' 2>"$to" >said.txt ;;
	esac
	rings_of log.txt
	if [ "$to" = closed ]; then
		want log.txt '^TEXT .* stderr error=9 '
	else
		grep -qF " stderr error=0 bytes=$(wc -c <said.txt) \"$(cat said.txt)\"" log.txt ||
			fail "descriptor 2 leads to $(cat said.txt): $(grep ' stderr ' log.txt)"
	fi
done

# What the auditor itself may not need: a library, a thread's storage, a writable and executable page.
readelf -dlW "$audit" >elf.txt
refuse elf.txt 'NEEDED|TEXTREL|^  TLS| RWE '
