#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The simulated H100 answers as the genuine one did; every difference is listed, with its reason, and is one.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
need python3
rm -rf "${VGPU_WORK_DIR:?}"/*
golden=$VGPU_SOURCE_DIR/tests/golden/gpu
answers=$VGPU_BUILD_DIR/tests/gpu/gpu_answers
export VGPU_TRACE=off VGPU_DEVICE=$VGPU_SOURCE_DIR/tests/gpu/h100.conf LD_LIBRARY_PATH=$VGPU_BUILD_DIR/lib/names
for section in driver nvml runtime misuse lookups; do
	"$answers" $section >>answers.tsv || fail "gpu_answers $section: exit status $?"
done
python3 - "$golden/h100-answers.tsv" answers.tsv "$golden/h100-differences.tsv" <<'PYTHON'
import fnmatch
import sys


def lines(path):
    for line in open(path, encoding="utf-8", errors="replace"):
        line = line.rstrip("\n")
        if line and not line.startswith("#"):
            yield [field.strip() for field in line.split("\t")]


def table(path):
    return {tuple(f[:2]): " ".join(f[2:]).strip() for f in lines(path)}


genuine, simulated = table(sys.argv[1]), table(sys.argv[2])
reasons = [f for f in lines(sys.argv[3])]
bad = used = differ = 0
needed = set()
for key, answer in genuine.items():
    if simulated.get(key) == answer:
        continue
    differ += 1
    for i, (section, subject, why) in enumerate(reasons):
        if section == key[0] and fnmatch.fnmatchcase(key[1], subject) and why:
            needed.add(i)
            break
    else:
        bad += 1
        print("%s: %s:\n  genuine    %s\n  simulated  %s" % (*key, answer, simulated.get(key, "no answer")))
for i, reason in enumerate(reasons):
    # "open": to be corrected, and whoever does need not come here at the same time.
    if i not in needed and not reason[2].startswith("open: "):
        bad += 1
        print("listed, and no difference any more:", *reason)

# cuGetProcAddress: the genuine driver's 2,634 answers were those of our ladder, which the simulated one must give too.
for (section, subject), answer in simulated.items():
    if section != "lookup":
        continue
    version = int(subject.replace(" per thread", "").rsplit(" ", 1)[-1])
    got, said = answer.split()[1], answer.rsplit(" ", 1)[1]
    if version <= 13000 and got != ("NULL" if said == "none" else said):
        bad += 1
        print("lookup", subject, answer)
print("%d answers, %d differ, for %d reasons" % (len(genuine), differ, len(reasons)))
assert len(genuine) > 1000
sys.exit(bad > 0)
PYTHON
