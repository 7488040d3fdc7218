#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds everything and runs every test: gcc, clang, and the sanitizers.
#
# usage: tests/run.sh [--quick] [PRESET…]
#
# PRESET: dev, clang, asan, tsan (all four without any). --quick leaves out the tests labelled slow.
# Installs the packages that are lacking (asks for root only for that). Reads no standard input.
# With CI=true a skipped test is a failure unless tests/skips-allowed names it.
# The last line is "N passed, N failed"; exit status 0 only when nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
exec </dev/null
. cmake/packages.sh

presets=()
slow=()
for word; do
	case $word in
	--quick) slow=(-LE slow) ;;
	dev | clang | asan | tsan) presets+=("$word") ;;
	*)
		sed -n '5,11s/^# \{0,1\}//p' "$0" >&2
		exit 2
		;;
	esac
done
[ ${#presets[@]} -gt 0 ] || presets=(dev clang asan tsan)

if ! vgpu_install "${vgpu_packages_build[@]}" "${vgpu_packages_test[@]}"; then
	if command -v apt-get >/dev/null; then
		exit 1
	fi
fi
for package in "${vgpu_packages_more[@]}"; do
	vgpu_install "$package" || echo "goes on without ${package%%:*}: its tests are skipped"
done

jobs=$(nproc)
passed=0 failed=0
skipped=()

# cases RESULTS: name, run|fail|skip and why it was skipped of each test in a JUnit file of ctest.
cases() {
	awk -v OFS='\t' '
		function put() { if (name != "") print name, status, why }
		/^\t<testcase / {
			put()
			split($0, part, "\"")
			name = part[2]; why = ""; skipped = 0
			# What could not be started has failed.
			status = / status="run"/ ? "run" : "fail"
		}
		/^\t\t<skipped message="SKIP_RETURN_CODE=/ { status = "skip" }
		/SKIPPED: / && why == "" { sub(/.*SKIPPED: /, ""); why = $0 }
		END { put() }' "$1"
}

count() {
	local name status why

	while IFS=$'\t' read -r name status why; do
		case $status in
		run) passed=$((passed + 1)) ;;
		skip) skipped+=("$1 $name: $why") ;;
		*)
			failed=$((failed + 1))
			echo "failed: $1 $name"
			;;
		esac
	done < <(cases "$2")
}

for preset in "${presets[@]}"; do
	echo "== $preset"
	build=$PWD/build
	[ "$preset" = dev ] || build=$build-$preset
	results=$build/results.xml log=$build/build.log
	mkdir -p "$build"
	rm -f "$results"
	start=$SECONDS
	if ! cmake --preset "$preset" >"$log" 2>&1 ||
		! cmake --build --preset "$preset" --parallel "$jobs" -- -k 0 >>"$log" 2>&1; then
		# Ninja's progress says nothing of what failed.
		grep -v '^\[[0-9]*/[0-9]*\]' "$log" | tail -n 60
		echo "failed: $preset build"
		failed=$((failed + 1))
		continue
	fi
	grep '^-- Without' "$log"
	echo "built in $((SECONDS - start)) s"
	start=$SECONDS
	ctest --preset "$preset" --parallel "$jobs" --output-junit "$results" "${slow[@]}"
	echo "tested in $((SECONDS - start)) s"
	if [ -e "$results" ]; then
		count "$preset" "$results"
	else
		echo "failed: $preset ctest"
		failed=$((failed + 1))
	fi
done

for skip in "${skipped[@]}"; do
	name=${skip#* }
	if [ "${CI:-}" = true ] && ! grep -q "^${name%%:*}\([[:space:]]\|$\)" tests/skips-allowed; then
		echo "failed: $skip (skipped, and tests/skips-allowed does not name it)"
		failed=$((failed + 1))
	else
		echo "skipped: $skip"
	fi
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
