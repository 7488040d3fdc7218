#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Static TLS, which glibc lays out too early under any auditor: programs start all the same, and dlopen as much as without.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/audit_lib.sh"
probe=$VGPU_BUILD_DIR/tests/e2e/audit_probe
linker=/lib64/ld-linux-x86-64.so.2
rm -rf ./*.so start_* script tight

# tls_library FILE BYTES ALIGNMENT
tls_library() {
	library "$1" "static __thread char bytes[$2] __attribute__((aligned($3))) = { 1 };
		char *${1//[^a-z0-9]/_}(void) { return bytes; }" -ftls-model=initial-exec
}

# program FILE: the probe, linked with FILE.so.
program() {
	"$CC" -o "$1" -D_GNU_SOURCE "$VGPU_SOURCE_DIR/tests/e2e/audit_probe.c" -pthread \
		-Wl,--no-as-needed "./$1.so"
}

# quiet COMMAND…: under an auditor that records nothing.
quiet() { LD_AUDIT=$audit "$@"; }

# everywhere NAME COMMAND…: like both; and when nothing is, or can be, recorded.
everywhere() {
	both "$@"
	rings_of log.txt
	quiet "${@:2}" >quiet.txt 2>&1 || true
	cmp "$1.bare" quiet.txt || fail "${*:2}: differs without VGPU_TRACE_DIR"
	VGPU_TRACE_DIR=$VGPU_WORK_DIR/nowhere quiet "${@:2}" >quiet.txt 2>&1 || true
	cmp "$1.bare" quiet.txt || fail "${*:2}: differs without a ring"
}

jemalloc=$(ldconfig -p | sed -n 's/.*libjemalloc\.so\.2 .*=> //p' | head -n 1)
if [ -n "$jemalloc" ]; then
	everywhere jemalloc env LD_PRELOAD="$jemalloc" "$probe" view x 'y z' ''
	want log.txt '^REEXEC .* reason=17 .*libjemalloc'
	want log.txt '^START .* again '
	everywhere jemalloc env LD_PRELOAD="$jemalloc" GLIBC_TUNABLES=glibc.malloc.check=0 "$probe" view
	want jemalloc.txt '^env GLIBC_TUNABLES=glibc.malloc.check=0$'
	everywhere jemalloc env LD_PRELOAD="$jemalloc" "$linker" "$probe" view a b
else
	echo "without libjemalloc.so.2: its case is left to libraries of the same size"
fi

# Any size and alignment, of a library and of the program itself.
for size in 100 1000 1400 1900 2632 5000 9000 60000; do
	for alignment in 8 64 128 4096; do
		tls_library "start_$size.so" $size $alignment
		program "start_$size"
		everywhere "start" "./start_$size" view
		refuse start.txt 'static TLS|cannot allocate|error while'
		if [ $alignment -gt 64 ]; then
			want log.txt "^WITHDRAWN .* reason=18 code=0 value=$alignment limit=64 .*/start_$size\.so\""
			refuse log.txt "^REEXEC"
		elif [ $size = 60000 ]; then
			want log.txt '^WITHDRAWN .* reason=17 '
		elif [ $size -ge 1000 ]; then
			want log.txt '^REEXEC .* reason=17 '
			want log.txt '^CONSISTENT .* started '
		else
			refuse log.txt '^REEXEC|^WITHDRAWN'
		fi
	done
done

# A malloc that keeps something in dynamic TLS, which glibc takes from malloc under an auditor.
library libmalloc.so '#include <stddef.h>
	#include <string.h>
	static __thread long calls;
	static char pool[1 << 20];
	static size_t used;
	void *malloc(size_t n)
	{
		char *p = pool + used;
		calls++;
		used += (n + 31) & ~(size_t)15;
		return used < sizeof(pool) ? p : 0;
	}
	void *calloc(size_t n, size_t m) { return malloc(n * m); }
	void *realloc(void *p, size_t n) { char *q = malloc(n); return p ? memmove(q, p, n) : q; }
	void free(void *p) { (void)p; calls++; }' -O1
everywhere malloc env LD_PRELOAD=./libmalloc.so "$probe" view a
want log.txt '^WITHDRAWN .* reason=22 .*/libmalloc\.so"'

"$CC" -o start_own -x c - <<<'__thread char own[9000] __attribute__((aligned(4096))) = { 1 };
	int main(void) { return own[0] - 1 || (unsigned long)own % 4096; }'
everywhere own ./start_own
refuse log.txt '^REEXEC|^WITHDRAWN'

# No fewer libraries with static TLS can be opened later than without us.
for i in $(seq 80); do
	tls_library "later$i.so" 32 8
done
opened() { sed -n 's/^opened \([0-9]*\), then .*static TLS block$/\1/p'; }
for size in 8 200 1000 2632; do
	tls_library "start_$size.so" $size 8
	program "start_$size"
	bare=$("./start_$size" tls ./later{1..80}.so | opened)
	now=$(audited "./start_$size" tls ./later{1..80}.so | opened)
	echo "$size bytes at the start: $bare libraries, $now under the auditor"
	[ "$now" -ge "$bare" ] || fail "with $size bytes at the start"
	bare=$("./start_$size" stack)
	now=$(audited "./start_$size" stack)
	echo "a thread has $bare bytes of stack left, $now under the auditor"
	[ $((bare - now)) -le 512 ] || fail "threads have less stack"
done

# By the name it was started by: a script, a link, from another directory; threads with the least stack.
printf '#!%s view\n' "$PWD/start_2632" >script
chmod +x script
everywhere script ./script one 'two three'
want script.txt '^comm script '
ln -sf start_2632 start_link
everywhere link ./start_link view
want link.txt '^comm start_link '
everywhere named bash -c 'exec -a other-name ./start_2632 view'
everywhere path env PATH="$PWD:$PATH" start_2632 view
everywhere explicit "$linker" --preload ./later1.so ./start_2632 view a

# Without /proc there is nothing to record with, and still nothing to die of.
if unshare --user --map-root-user --mount true 2>/dev/null; then
	hidden() {
		unshare --user --map-root-user --mount --propagation private \
			sh -c 'mount -t tmpfs tmpfs /proc && exec "$@"' sh "$@"
	}
	for command in "./start_2632 tls" ./script "./start_link tls ./start_link"; do
		read -ra words <<<"$command"
		hidden "${words[@]}" >bare.txt 2>&1
		hidden env LD_AUDIT="$audit" VGPU_TRACE_DIR="$rings" "${words[@]}" >out.txt 2>&1 ||
			fail "$command without /proc: $(cat out.txt)"
		cmp bare.txt out.txt
	done
fi
