#!/bin/sh
# SPDX-License-Identifier: MIT
# redis (with its own allocator): its benchmark, its values, and a restart are as they were. Whom it
# refuses at maxclients learns why.
# shellcheck source=tests/servers/answers.sh
. "$(dirname "$0")/answers.sh"
needs servers redis-server redis-cli redis-benchmark

make_file "$tmp/value" 4096
value=$(checksum <"$tmp/value")

start_redis() {
    start "$@" redis-server --bind "$host" --port 6379 --protected-mode no --dir "$tmp" --save '' --appendonly no
    wait_listens 6379
}

# One client, which is there until the server ends.
hold() {
    rm -f "$tmp/held"
    client 6379 'say=PING\r\n' answered "tell=$tmp/held" read >/dev/null &
    wait_until 20 test -e "$tmp/held"
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

printf -- '-ERR max number of clients reached\r\n' >"$tmp/wanted"
for who in bare root user; do
    start_as "$who" redis redis-server --bind "$host" --port 6379 --protected-mode no --dir "$tmp" --save '' --appendonly no \
        --maxclients 1
    wait_listens 6379
    hold
    # Whether a request is there before redis closes is up to the time.
    for kind in late while first; do
        one_answer "$kind" "$who" muted 6379 'PING\r\n'
    done
    stop
done
done_testing
