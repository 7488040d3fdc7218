#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every kind of failure: the auditor has the exact text that dlerror gives, and changes nothing.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/audit_lib.sh"
failures=$VGPU_BUILD_DIR/tests/e2e/audit_failures
rm -rf ./*.so ./*.map executable directory.so

library libgood.so 'int good(void) { return 1; }'
mkdir directory.so
: >empty.so
head -c 20 libgood.so >short.so
printf '%64s' 'not a library' >not-elf.so
# byte OFFSET VALUE FILE: a copy of the good library with one byte changed.
byte() {
	cp libgood.so "$3"
	printf '%b' "\\x$2" | dd of="$3" bs=1 seek="$1" conv=notrunc status=none
}
byte 4 01 class.so
byte 18 b7 machine.so
byte 7 55 abi.so
cp libgood.so secret.so
cp /bin/true executable

library libgone.so 'int gone(void) { return 1; }'
library libneeded.so 'int gone(void); int needed(void) { return gone(); }' ./libgone.so -Wl,-soname,libneeded.so
rm libgone.so
library libsymbol.so 'int cuGetErrorString(void); int symbol(void) { return cuGetErrorString(); }'

# A library that had one more symbol, and one more version, when others were linked with it.
printf 'VERSION_1 { global: old; };\n' >one.map
printf 'VERSION_1 { global: old; newer; };\nVERSION_2 { global: latest; };\n' >two.map
library libnode.so 'int old(void) { return 1; } int newer(void) { return 2; } int latest(void) { return 3; }' \
	-Wl,--version-script=two.map -Wl,-soname,libnode.so
library libversioned.so 'int newer(void); int versioned(void) { return newer(); }' ./libnode.so \
	-Wl,-rpath,"$PWD"
library libversion.so 'int latest(void); int version(void) { return latest(); }' ./libnode.so \
	-Wl,-rpath,"$PWD"
library libnode.so 'int old(void) { return 1; }' -Wl,--version-script=one.map -Wl,-soname,libnode.so
library libtls.so '__thread char big[60000] = { 1 }; char *tls(void) { return big; }' -ftls-model=initial-exec

both failures "$failures"
refuse failures.txt 'NO FAILURE|NO SUCCESS'
rings_of log.txt
grep -o 'DLERROR.*' failures.txt >said.txt
grep -o '^DLERROR.*' log.txt >seen.txt
diff said.txt seen.txt || fail "the texts differ"
kinds=$(wc -l <said.txt)
[ "$kinds" -ge 20 ] || fail "only $kinds kinds of failure were made"

# What was asked for, and by which call.
want log.txt '^FAILED .* gpu coarse op=dlopen code=2 .* "libcuda\.so\.77" ""'
want log.txt '^FAILED .* coarse op=dlopen code=22 .* mode=0x0 .*invalid mode'
want log.txt '^FAILED .* gpu coarse op=dlsym code=0 handle=\./libgood\.so .* "cuMissing" ""'
want log.txt '^FAILED .* gpu coarse op=dlsym code=0 handle=- .* "nvmlMissing" ""'
want log.txt '^FAILED .* coarse op=dlsym code=0 handle=NEXT .* "plain_missing" ""'
want log.txt '^FAILED .* coarse op=dlvsym code=0 handle=\./libnode\.so .* "old" "VERSION_9"'
want log.txt '^FAILED .* coarse op=dlmopen code=22 .* ns=9 "\./libgood\.so"'
want log.txt '^FAILED .* coarse op=dlclose '
same 1 "$(grep -c '^FAILED .*op=other' log.txt)" "failures of calls that are not recognised (dlinfo is one)"
refuse log.txt '^NOTE|^WITHDRAWN|^REEXEC'
want log.txt '^END uncommitted=0$'
want log.txt '^SEARCHED .* gpu statted origin=0x1 error=2 .* "/nonexistent/libcuda\.so\.1"'
echo "$kinds kinds of failure"
