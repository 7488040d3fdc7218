#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bad input: each is refused with subject, cause and what to do, and the right code.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"

# bad CODE PATTERN ARGUMENT…: one message on stderr, nothing on stdout.
bad() {
	local want=$1 pattern=$2
	shift 2
	code "$want" "$trace" "$@"
	want err "$pattern"
	same "" "$(cat out)" "standard output of: $*"
	same 1 "$(grep -c '^vgpu-trace: ' err)" "messages of: $*"
}

code 2 "$trace"
want err '^usage: vgpu-trace COMMAND'
bad 2 "unknown command 'dmup'; did you mean 'dump'\?" dmup
bad 2 "unknown command 'frobnicate'$" frobnicate
bad 2 "unknown option '--frob'" --frob
bad 2 "there is no command 'nothing'" help nothing
bad 2 "dump: of what\?" dump
bad 2 "dump: one trace at a time" dump a b
bad 2 "dump: unknown option '--jsno'; did you mean '--json'\?" dump --jsno x
bad 2 "dump: option '--json' takes no value" dump --json=1 x
bad 2 "dump: option '--function' needs a value: PATTERN" dump x --function
bad 2 "dump: unknown option '-x'" dump -x
bad 2 "functions: option '--library' has no value 'cdua'; did you mean 'cuda'\?" functions -l cdua
bad 1 "no function matches 'cuNothing'" functions cuNothing

bad 125 "run: no command to run" run
bad 125 "run: no command to run" run --shim sim --
bad 125 "run: unknown option '--shmi'; did you mean '--shim'\?" run --shmi sim -- true
bad 125 "run: option '--shim' has no value 'simm'; did you mean 'sim'\?" run --shim simm -- true
bad 125 "run: option '--stacks' wants a number from 0 to 64, not 'x'" run --stacks x -- true
bad 125 "are of the simulated device: add --shim sim" run --device t4 -- true
bad 125 "cannot record to 'no/such/x.vgt': No such file or directory" run -o no/such/x.vgt -- true
echo precious >notes.txt
bad 125 "cannot record to 'notes.txt': there is something else that is no trace" run -o notes.txt -- true
same precious "$(cat notes.txt)" "the file that was named by mistake"

# The device file: by line and column, before anything runs.
printf 'driver = 580\n[device t4]\nmemroy = 3 GiB\n' >bad.conf
bad 125 "cannot use the device bad.conf:3:1: unknown key 'memroy'" run --shim sim --device bad.conf -- touch ran
bad 125 "cannot use the device ./nothing.conf" run --shim sim --device ./nothing.conf -- touch ran
[ ! -e ran ] || fail "the command ran with a device file that is wrong"
VGPU_TRACE_LIBDIR=$PWD bad 125 "cannot find our libraries" run --shim sim -- true

bad 1 "there is no file 'nothing', no process of that name, and no ring" dump nothing
bad 1 "cannot read './nothing': No such file" dump ./nothing
bad 1 "cannot read '\.': |cannot read '\./': Is a directory" dump ./
bad 1 "cannot read '.*README.md': it is neither a trace nor a ring of ours" dump "$VGPU_SOURCE_DIR/README.md"
bad 1 "there is no process 999999999" dump 999999999
if [ "$(id -u)" != 0 ]; then
	code 0 "$trace" run -q -o secret.vgt -- true
	chmod 0 secret.vgt
	bad 1 "cannot read './secret.vgt': Permission denied" dump ./secret.vgt
fi

# A file that was cut off: what is whole is printed, and where it ends is said.
code 0 "$trace" run --shim sim -q -o whole.vgt -- "$app" discover
size=$(stat -c %s whole.vgt)
head -c $((size - 100)) whole.vgt >cut.vgt
code 1 "$trace" dump cut.vgt
want err "cannot read 'cut.vgt' to its end: damaged or cut off after event [0-9]+; what is above is whole"
want out 'cuInit'
cp whole.vgt changed.vgt
printf 'DAMAGED!' | dd of=changed.vgt bs=1 seek=$((size / 2)) conv=notrunc status=none
code 1 "$trace" dump changed.vgt
want err "damaged or cut off after event"
head -c 20 whole.vgt >short.vgt
bad 1 "neither a trace nor a ring" dump short.vgt

# Control characters in what we repeat never reach the terminal.
code 2 "$trace" $'\033[2Jx'
want err 'unknown command .*\\x1b\[2Jx'
refuse err $'\033'
