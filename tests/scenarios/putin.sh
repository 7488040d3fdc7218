# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Faults that are between `run` and its program, sourced by scenarios.sh: what may not be read, what is not let in.
# shellcheck disable=SC2154  # what scenarios.sh and faults.sh have set

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && command -v unshare >/dev/null; then
	chmod 755 . lib
	cp driver/libcuda.so.1 lib/ && chmod 0 lib/libcuda.so.1
	mkdir -m 777 other
	(cd other && XDG_RUNTIME_DIR='' TMPDIR=$PWD setpriv --reuid 65534 --clear-groups "$trace" run -q -o t.vgt -- "$client" driver '' "$VGPU_WORK_DIR/lib/libcuda.so.1" >out 2>&1) || true
	mv other/t.vgt t.vgt
	verdict LINK-NOT-PERMITTED
	rm -f lib/*
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount -t tmpfs -o noexec tmpfs lib && cp driver/libcuda.so.1 lib/ && exec "$@"' sh \
		"$trace" run -q -o t.vgt -- "$client" driver '' "$PWD/lib/libcuda.so.1" >out 2>&1 || true
	verdict LINK-NO-EXEC
else
	lacking="$lacking LINK-NOT-PERMITTED LINK-NO-EXEC"
fi

# ---- putting in ----
mkfifo gate
gated() { # COMMAND…: under --shim sim, let go once the recording says that our libraries are not there
	rm -f t.vgt
	"$trace" run --shim sim -q -o t.vgt -- "$@" >out 2>err &
	local job=$!
	until { "$trace" dump --json t.vgt 2>/dev/null || true; } | grep '"presence":2' >/dev/null; do
		kill -0 $job || fail "the recording ended early: $*"
	done
	exec 3>gate 3>&-
	wait $job || true
}
gated env -i "$client" wait
verdict INJECT-CLEARED
if "$CC" -static -o static -x c - 2>/dev/null <<<'#include <stdio.h>
int main(void) { FILE *f = fopen("gate", "r"); return f ? fgetc(f) == EOF : 2; }'; then
	gated ./static
	verdict INJECT-STATIC
else
	lacking="$lacking INJECT-STATIC"
fi
if [ "$(id -u)" = 0 ]; then
	cp "$client" raised && chown 65534 raised && chmod u+s raised
	chmod 666 gate
	gated ./raised wait
	verdict INJECT-RAISED
else
	lacking="$lacking INJECT-RAISED"
fi
simulated '[device]\n' "$client" driver '' "$PWD/driver/libcuda.so.1"
verdict INJECT-SHADOWED
