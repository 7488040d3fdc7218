#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every field of every kind of event goes through an exporter and is read back by somebody else's reader.
. "$VGPU_SOURCE_DIR/tests/e2e/common.sh"
need python3
rm -rf "${VGPU_WORK_DIR:?}"/*
events=$VGPU_BUILD_DIR/tests/e2e/export_events
check=$VGPU_SOURCE_DIR/tests/e2e/export_check.py
format=$1

case $format in
sqlite) python3 -c 'import sqlite3' || skip "python has no sqlite3" ;;
ctf) need babeltrace2 ;;
esac
for what in all nested; do
	"$events" expect $what >expect.$what
	[ "$format" != ctf ] || mkdir out.$what
	code=0
	"$events" "$format" $what out.$what || code=$?
	[ $code != 77 ] || skip "$format is not built in"
	same 0 $code "exit code of exporting"
	python3 "$check" "$format" expect.$what out.$what || fail "$format does not have what went in"
done
# Three rounds of every kind there is: one that is added later is in here by itself.
[ "$(cut -f 1 expect.all | sort -u | grep -c .)" -ge 31 ] || fail "kinds are missing"
