#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each era of ollama-like: the device with the simulated libraries, the CPU without, and the lines of the log.
. "$VGPU_SOURCE_DIR/tests/e2e/ollama_lib.sh"

uuid='GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
stamp='^time=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}(Z|[+-][0-9]{2}:[0-9]{2}) level=INFO source='

simulated 0 a.txt --era a
want a.txt "${stamp}gpu\.go:[0-9]+ msg=\"looking for compatible GPUs\"$"
want a.txt "${stamp}types\.go:[0-9]+ msg=\"inference compute\" id=$uuid library=cuda variant=v13 compute=9\.0 driver=13\.0 name=\"NVIDIA H100 80GB HBM3\" total=\"79\.2 GiB\" available=\"78\.[0-9] GiB\"$"
refuse a.txt 'no compatible GPUs|starting runner|low vram|cloud'

for era in b-early b b-late; do
	simulated 0 "$era.txt" --era "$era"
	want "$era.txt" "${stamp}runner\.go:[0-9]+ msg=\"discovering available GPUs\.\.\.\"$"
	want "$era.txt" "${stamp}types\.go:[0-9]+ msg=\"inference compute\" id=$uuid filter_id=\"\" library=CUDA compute=9\.0 name=CUDA0 description=\"NVIDIA H100 80GB HBM3\" libdirs=ollama,cuda_v13 driver=13\.0 pci_id=0000:01:00\.0 type=discrete total=\"79\.[0-9] GiB\" available=\"79\.[0-9] GiB\"$"
	same 2 "$(grep -c "msg=\"starting runner\" cmd=\"$ollama runner --ollama-engine --port [0-9]*\"$" "$era.txt")" \
		"runners of era $era"
	refuse "$era.txt" 'level=(WARN|ERROR|DEBUG)'
done
want b-early.txt 'version 0\.12\.11'
want b.txt 'msg="vram-based default context" total_vram="79\.[0-9] GiB" default_num_ctx=262144$'

simulated 0 c.txt --era c
want c.txt "${stamp}types\.go:[0-9]+ msg=\"inference compute\" id=0 filter_id=0 library=CUDA compute=9\.0 name=CUDA0 description=\"NVIDIA H100 80GB HBM3\" libdirs=ollama,cuda_v13 driver=13\.0 pci_id=0000:01:00\.0 type=discrete total=\"79\.2 GiB\" available=\"78\.[0-9] GiB\"$"
refuse c.txt 'level=(WARN|ERROR|DEBUG)|starting runner'

# The messages of the debug log: one of them was spelt wrong for a while.
OLLAMA_DEBUG=1 simulated 0 debug.txt --era b
want debug.txt 'level=DEBUG .*msg="evaluating which, if any, devices to filter out" initial_count=1$'
want debug.txt 'level=DEBUG .*msg=subprocess .*OLLAMA_LIBRARY_PATH='
refuse debug.txt 'msg=subprocess .*LD_PRELOAD='
OLLAMA_DEBUG=1 simulated 0 debug.txt --era b-early
want debug.txt 'level=DEBUG .*msg="evluating which if any devices to filter out" initial_count=1$'
refuse debug.txt 'load_backend|ggml_cuda_init'

# Only trace lets the children's own words through.
OLLAMA_DEBUG=2 simulated 0 trace.txt --era b
want trace.txt '^ggml_cuda_init: found 1 CUDA devices:$'
want trace.txt "^  Device 0: NVIDIA H100 80GB HBM3, compute capability 9\.0, VMM: yes, ID: $uuid$"
want trace.txt '^load_backend: loaded CUDA backend from '
OLLAMA_DEBUG=2 simulated 0 trace.txt --era c
want trace.txt '^ggml_cuda_init: found 1 CUDA devices \(Total VRAM: 81079 MiB\):$'
want trace.txt '^  CUDA0: NVIDIA H100 80GB HBM3 \(81079 MiB, 80[0-9]+ MiB free\)$'

# The free memory again, as before a model is loaded.
for era in a b c; do
	OLLAMA_DEBUG=1 simulated 0 refresh.txt --era $era --refresh
	refuse refresh.txt 'using old values|error looking up'
	case $era in
	a) want refresh.txt 'msg="updating cuda memory data" gpu=GPU-' ;;
	*) want refresh.txt 'msg="unable to refresh all GPUs with existing runners, performing bootstrap discovery"' ;;
	esac
done

# serve --stay answers until it is told to end.
exec 5< <(LD_PRELOAD=$preload "$ollama" serve --stay 2>&1)
server=$!
while read -r -t 120 -u 5 line; do
	case $line in
	*'msg="Listening on 127.0.0.1:'*)
		port=${line##*127.0.0.1:}
		port=${port%% *}
		;;
	*'vram-based'*) break ;;
	esac
done
exec 6<>"/dev/tcp/127.0.0.1/${port:?no line says where it listens}"
printf 'GET / HTTP/1.0\r\n\r\n' >&6
same 'Ollama is running' "$(tail -n 1 <&6)" "the answer of serve --stay"
kill "$server"
while read -r -t 120 -u 5 line; do :; done

# What it does not take.
for bad in '--era d' '--timeout soon' '--timeout -1' 'now' '--wrong'; do
	# shellcheck disable=SC2086
	serve 2 bad.txt $bad
	want bad.txt '^usage: ollama-like serve'
done
"$ollama" >bad.txt 2>&1 && fail "no role, and exit status 0"
want bad.txt '^usage: ollama-like ROLE'
"$ollama" serve --help >help.txt
for era in a b-early b b-late c; do
	want help.txt "^ +$era +0\.[0-9]"
done
OLLAMA_HOST=0.0.0.0:0 serve 1 bad.txt
want bad.txt '127\.0\.0\.1 only'

without_driver
machine='total="[0-9.]+ .iB" available="[0-9.]+ .iB"$'
serve 1 a.txt --era a
want a.txt "${stamp}gpu\.go:[0-9]+ msg=\"no compatible GPUs were discovered\"$"
want a.txt "msg=\"inference compute\" id=0 library=cpu variant=\"\" compute=\"\" driver=0\.0 name=\"\" $machine"
for era in b-early b b-late c; do
	serve 1 "$era.txt" --era "$era"
	want "$era.txt" "msg=\"inference compute\" id=cpu library=cpu compute=\"\" name=cpu description=cpu libdirs=ollama driver=\"\" pci_id=\"\" type=\"\" $machine"
	# That a library could not be loaded is told to nobody.
	refuse "$era.txt" 'level=(WARN|ERROR|DEBUG)|libcuda|libcudart|failed'
done
want b-early.txt 'msg="entering low vram mode" "total vram"="0 B" threshold="20\.0 GiB"$'
want b.txt 'msg="vram-based default context" total_vram="0 B" default_num_ctx=4096$'
serve 0 b.txt --keep-going
OLLAMA_DEBUG=1 serve 1 a.txt --era a
want a.txt 'level=DEBUG .*msg="Searching for GPU library" name=libcudart\.so\*$'
OLLAMA_DEBUG=1 serve 1 c.txt --era c
want c.txt 'level=DEBUG .*msg="native GPU discovery failed" error="exit status 1" stderr=.*libcuda\.so\.1'
