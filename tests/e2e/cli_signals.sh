#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Signals: the command gets them, we wait, and nothing is left behind.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
. "$VGPU_SOURCE_DIR/tests/e2e/cli_common.sh"
need python3 setsid

mkfifo gate
before=$(left_behind)

# To us alone: passed on.
for signal in TERM HUP INT QUIT; do
	rm -f err
	case $signal in TERM) code=143 ;; HUP) code=129 ;; INT) code=130 ;; QUIT) code=131 ;; esac
	# A shell's background job ignores SIGINT: started through python, which does not.
	python3 - "$trace" "$app" $signal "$code" <<'PYTHON'
import os, signal, subprocess, sys
trace, app, name, code = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
for s in (signal.SIGINT, signal.SIGQUIT):
    signal.signal(s, signal.SIG_DFL)
err = open("err", "w")
p = subprocess.Popen([trace, "run", "--shim", "sim", "--no-record", "--", app, "discover", "wait", "gate"],
                     stdout=subprocess.PIPE, stderr=err, start_new_session=True)
assert b"GPU" in p.stdout.readline()
p.send_signal(getattr(signal, "SIG" + name))
got = p.wait(60)
assert got == code, (name, got)
PYTHON
	want err "killed by SIG$signal"
	want err '^GPU FOUND'
done

# From a terminal: both get it; the verdict still comes.
python3 - "$trace" "$app" <<'PYTHON'
import os, pty, sys
trace, app = sys.argv[1:3]
pid, fd = pty.fork()
if not pid:
    os.execv(trace, [trace, "run", "--shim", "sim", "--no-record", "--", app, "discover", "wait", "gate"])
text = b""
while b"GPU NVIDIA" not in text:
    text += os.read(fd, 4096)
os.write(fd, b"\x03")
try:
    while True:
        more = os.read(fd, 4096)
        if not more:
            break
        text += more
except OSError:
    pass
_, status = os.waitpid(pid, 0)
assert os.waitstatus_to_exitcode(status) == 130, status
assert b"killed by SIGINT" in text and b"GPU FOUND" in text, text
PYTHON

# SIGKILL of the tracer: the program goes on; what was recorded is readable; the next run clears up.
"$trace" run --shim sim -o killed.vgt -- sh -c "'$app' discover wait gate; echo went on >after" >out 2>err &
job=$!
wait_for err 'cuDeviceGetUuid'
until "$trace" dump killed.vgt >out 2>dump.err || grep -q 'GPU FOUND' out; do
	kill -0 $job
done
kill -KILL $job
wait $job 2>/dev/null || true
exec 3>gate 3>&-
wait_for after 'went on'
code 1 "$trace" dump killed.vgt
want err "'killed.vgt' has no end"
want out 'GPU FOUND'
# The program has ended when the shell that waited for it has; its shell may take a moment more.
for _ in $(seq 200); do
	"$trace" run --shim sim -q --no-record -- true
	[ "$(left_behind)" -gt "$before" ] || break
done
same "$before" "$(left_behind)" "directories left behind"
