# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Cases of kernel_attach.sh: what is seen beside calls. Sourced.
# shellcheck disable=SC2154  # its variables

# Which files about GPUs a process opens, found or not.
files() {
	observe "$target" opens "$foreign"
	want out 'file     /dev/nvidiactl'
	want out 'file     /dev/nvidia7  asked for: No such file'
	same 4 "$(count file '"path":"/(dev/(nvidiactl|nvidia0|dxg)|proc/driver/nvidia/version)".*"looked":0')" "nodes"
	same 1 "$(count file '"path":"/dev/nvidia-uvm","error":2,"flags":524290,.*"looked":0')" "openat2"
	same 7 "$(count file '"path":"/dev/nvidia[1-7]","error":2,.*"looked":1')" "files that were asked for"
	same 1 "$(count file 'libcuda-foreign.so","error":0,.*"looked":0')" "the library"
	same 1 "$(count file 'libcuda-foreign.so","error":0,.*"looked":1')" "the library, asked for"
	same 0 "$(count file 'passwd|/dev/null|maps')" "files that are nobody's business"
}

# wrote TEXT FULL-SIZE UNREAD: one write of that, exactly
wrote() {
	same 1 "$(count output "\"bytes\":\"$(printf %s "$1" | od -An -v -tx1 | tr -d ' \n')\",\"full_size\":$2,\"unread\":$3")" "write of ${1:0:20}"
}

# What a process writes, however it hands it to the kernel; and what cannot be read is said.
writes() {
	more+=(--no-files)
	observe "$target" writes
	same 1 "$(count exit '"how":1,"status":0,')" "target without a complaint"
	wrote write 5 0
	wrote pwrite 6 0
	same 4 "$(count output '"bytes":"777269746576","full_size":6,"unread":0')" "writev, pwritev, sendmsg, vmsplice"
	wrote wri 3 0
	wrote "$(printf 'a%.0s' {1..3000})$(printf 'b%.0s' {1..1096})" 9000 0
	wrote "$(printf 'n%.0s' {1..64})" 100 0
	wrote sendto 6 0
	wrote refused 7 0
	wrote closed 6 0
	wrote 'seen ' 16 1
	# What went from descriptor to descriptor.
	for size in 20 26 30; do
		same 1 "$(count output '"bytes":"","full_size":'$size',"unread":1')" "$size bytes moved"
	done
	want out 'stderr   \(to /dev/null\) seen ….*\(5 of 16 bytes, the rest not readable\)'
	want out 'stderr   20 bytes, not readable'
}

# Probes that never found their place: why, at the end and in the trace. What was found says nothing.
probes() {
	need cc
	need strip
	cat >inner.c <<-'END'
		extern int puts(const char *);
		static inline __attribute__((always_inline)) int twice(int a) { return a * 2 + puts(""); }
		static __attribute__((noinline)) int hidden(int a) { __asm__ volatile(""); return a + 1; }
		int inner_one(int a) { return twice(a) + twice(a + 1); }
		int inner_two(int a) { return twice(a) - hidden(a); }
	END
	cc -g -O2 -shared -fPIC -o libinner.so inner.c
	cp libinner.so libinner_bare.so
	strip libinner_bare.so
	echo 'extern int inner_one(int), inner_two(int); __attribute__((constructor)) static void start(void)
		{ inner_one(1); inner_two(1); }' |
		cc -shared -fPIC -Wl,--no-as-needed -x c -o libouter.so - -L. -linner -linner_bare -Wl,-rpath,"$PWD"
	more=(--lib 'libinner.so' --probe 'libinner.so:twice(int)->int' --probe "$PWD/libinner.so:hidden(int)->int" --probe 'libinner.so:inner_tow'
		--probe 'libinner_bare.so:hidden' --probe 'libouter.so:inner_one' --probe 'libnever.so:any' --probe 'libinner*:inner_two')
	observe "$target" load "$PWD/libouter.so"
	want out 'probe    libinner.so:twice was never placed: in .*/libinner.so it was inlined at 3 places, and has no code of its own$'
	want out 'probe    libinner.so:inner_tow was never placed: .*/libinner.so has no function of that name; it has inner_two'
	want out 'probe    libinner_bare.so:hidden was never placed: .*/libinner_bare.so is stripped: it names only the 2 functions'
	want out 'probe    libouter.so:inner_one was never placed: .*/libouter.so calls it and does not have it'
	want out 'probe    libnever.so:any was never placed: no file of that name was mapped$'
	same 5 "$(count observer '"about":4,.*"text":"was never placed')" "probes that were not placed"
	same 1 "$(count observer '"reason":3,.*"value":3,.*"subject":"libinner.so:twice"')" "the inlined one"
	# One that was called, of a library that was probed before anybody mapped it, since its path is given.
	same 1 "$(count call '"name":"hidden"')" "calls of a static function"
	code 0 "$trace" stat a.vgt
	want out '^the probe libinner.so:twice was never placed: in .* inlined at 3 places'
	code 0 "$trace" stat --json a.vgt
	want out '"probe":"libinner_bare.so:hidden"'
	code 0 "$trace" explain a.vgt
	want out '^not observed: the probe libouter.so:inner_one was never placed: '
	refuse out 'probe libinner.so:hidden|probe libinner\*:inner_two'
}

# Device code that a module load is given; one that is not for this device is why it fails.
images() {
	local sum
	sum=$("$target" images "$foreign" known | sha256sum)
	attach --wait "${target##*/}" "${more[@]}"
	mkfifo gate
	"$target" images "$foreign" <gate &
	exec 7>gate
	# What has no file is hashed while it is there.
	wait_for out 'code     unknown from'
	exec 7>&-
	wait "$job" || fail "attach: $? $(cat err)"
	nothing_lost
	want out 'code     fatbin of 400 B for sm_80, sm_90, ptx compute_90 from kt_images_.* to cuModuleLoadData'
	same 1 "$(count image '"size":400,"hash":"'"${sum%% *}"'","hashed":400,"cubin":\["sm_80","sm_90"\],"ptx":\["compute_90"\]')" "the fat binary"
	same 1 "$(count image '"size":60,.*"cubin":\[\],"ptx":\["compute_75"\],.*"format":"ptx"')" "the text"
	same 1 "$(count image '"cubin":\[\],"ptx":\[\],.*"format":"unknown"')" "what is none"
	same 3 "$(count call '"name":"cuModuleLoadData"')" "loads"
	code 0 "$trace" explain a.vgt
	want out 'brings code for sm_80, sm_90, compute_90 \(PTX\), compute_75 \(PTX\); the device.s compute capability is not known'
	want out 'PROP-NO-IMAGE'
}

# Device code by a file's name: read where the process has it; what cannot be read is said.
image_files() {
	local sum
	"$target" images "$foreign" known >code.fatbin
	sum=$(sha256sum <code.fatbin)
	attach --wait "${target##*/}" "${more[@]}"
	mkfifo gate
	mkdir sub
	mv code.fatbin sub
	printf '.version 8.0\n.target sm_61\n' >text.ptx
	mkfifo pipe
	(cd sub && exec "$target" image_files "$foreign" code.fatbin "$PWD/../text.ptx" /no/such/file "$PWD/../pipe" <../gate) &
	exec 7>gate
	wait_for out 'code     unreadable from pipe'
	exec 7>&-
	wait "$job" || fail "attach: $? $(cat err)"
	nothing_lost
	want out 'code     fatbin of 400 B for sm_80, sm_90, ptx compute_90 from code.fatbin to cuLibraryLoadFromFile'
	same 4 "$(count image .)" "images"
	same 1 "$(count image '"size":400,"hash":"'"${sum%% *}"'","hashed":400,"cubin":\["sm_80","sm_90"\],.*"path":"code.fatbin"')" "the fat binary"
	same 1 "$(count image '"ptx":\["compute_61"\],.*"format":"ptx","path":".*/text.ptx"')" "the text"
	same 2 "$(count image '"format":"unreadable","path":"(/no/such/file|.*/pipe)"')" "what is not there, and what is no file"
	code 0 "$trace" explain a.vgt
	want out 'cuLibraryLoadFromFile returned CUDA_ERROR_NO_BINARY_FOR_GPU.*: the program brings code for sm_80, sm_90, compute_90 \(PTX\), compute_61 \(PTX\); the device.s compute capability is 7\.5'
	want out 'PROP-NO-IMAGE'
}

# in_container COMMAND…: in a control group such as Docker makes
in_container() {
	local root id
	id=3f2a9c0b1d4e5f60718293a4b5c6d7e8f90123456789abcdef01234567$(printf %08x $$)
	root=$(sed -n 's/^cgroup2 \([^ ]*\) .*/\1/p' /proc/mounts | head -n 1)
	group=$root/docker-$id.scope
	if [ -z "$root" ] || ! mkdir "$group" 2>/dev/null; then
		skip "no control group can be made"
	fi
	trap 'rmdir "$group" 2>/dev/null || true; jobs -p | xargs -r kill 2>/dev/null || true' EXIT
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"
}

# Which container a process is of stands wherever it does; its children, too, are of it.
container() {
	attach --wait "${target##*/}" "${more[@]}"
	# Whoever looks only when all of them are gone has the group by its number.
	kill -STOP "$job"
	in_container "$target" grandchild "$foreign" >said 2>&1 || true
	kill -CONT "$job"
	wait "$job" || fail "attach: $? $(cat err)"
	nothing_lost
	want out ' exe\([0-9]+\)  victim .*  \(in docker 3f2a9c0b1d4e\)$'
	[ "$(count context '"cgroup":"/docker-3f2a9c0b1d4e')" -ge 2 ] || fail "a program of the container without its control group"
	code 0 "$trace" dump -e 'fn == "cuInit"' a.vgt
	want out '\(in docker 3f2a9c0b1d4e\)$'
	code 0 "$trace" explain a.vgt
	want out '\(in docker 3f2a9c0b1d4e\) '
	code 0 "$trace" top --once --view processes --width 200 a.vgt
	want out '\(in docker 3f2a9c0b1d4e\)'
	rmdir "$group"
	# One that runs and has a ring: nobody else looks at it.
	cp "$VGPU_BUILD_DIR/lib/libvgpu-cuda.so" libcuda.so.1
	mkfifo gate
	in_container "$target" image_files "$PWD/libcuda.so.1" /no/such/file >said <gate 2>&1 &
	job=$!
	exec 7>gate
	wait_for said '^[0-9]+$'
	code 0 "$trace" dump "${target##*/}"
	want out '^kt_container.* image_files .*  \(in docker 3f2a9c0b1d4e\)$'
	code 0 "$trace" ps
	want out '/kt_container.* image_files .*  \(in docker 3f2a9c0b1d4e\)$'
	exec 7>&-
	wait "$job" || fail "$(cat said)"
}
