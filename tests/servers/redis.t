#!/bin/sh
# SPDX-License-Identifier: MIT
# redis (with its own allocator): its benchmark, its values, and a restart are as they were.
# shellcheck source=tests/servers/server.sh
. "$(dirname "$0")/server.sh"
needs servers redis-server redis-cli redis-benchmark

make_file "$tmp/value" 4096
value=$(checksum <"$tmp/value")

start_redis() {
    start "$@" redis-server --bind "$host" --port 6379 --protected-mode no --dir "$tmp" --save '' --appendonly no
    wait_listens 6379
}

redis() {
    on_client redis-cli -h "$host" "$@"
}

for mode in bare orderly drain; do
    start_redis "$mode"
    reset_mark
    aborts=$(counter TCPAbortOnData)
    is "$mode: 20,000 requests of each kind are answered" \
        "$(on_client redis-benchmark -h "$host" -n 20000 -c 50 -t set,get,lpush --csv 2>/dev/null | grep -cE '^"(SET|GET|LPUSH)","[1-9]')" 3
    is "$mode: 2,000 connections of a request each are answered" \
        "$(on_client redis-benchmark -h "$host" -n 2000 -c 20 -k 0 -t set --csv 2>/dev/null | grep -cE '^"SET","[1-9]')" 1
    is "$mode: a value is stored" "$(redis -x set large <"$tmp/value")" OK
    is "$mode: and is the same" "$(redis get large | head -c 4194304 | checksum)" "$value"
    is "$mode: the counters agree" "$(redis info stats | tr -d '\r' | grep '^rejected_connections')" rejected_connections:0
    # A client that leaves while an answer is under way is answered with RST by any kernel: told, not judged.
    note "$mode: $(resets) rst; $(($(counter TCPAbortOnData) - aborts)) by linger zero"
    is "$mode: no abort by linger zero" "$(($(counter TCPAbortOnData) - aborts))" 0
    [ "$mode" = bare ] || is_records "$mode: nothing is recorded" 0 count pid=ABOVE:0
    check "$mode: redis is there" kill -0 "$server"
    stop
done
done_testing
