#!/bin/sh
# SPDX-License-Identifier: MIT
# node: socket.resetAndDestroy() resets without the library and ends in order with it; it closes by
# syscall(), in an event loop, so that no close may wait. Its answer to an upload that it does not read
# arrives where the socket may be muted.
# shellcheck source=tests/servers/answers.sh
. "$(dirname "$0")/answers.sh"
needs servers node tcpdump

make_file "$tmp/large" 20480
large=$(checksum <"$tmp/large")

start_node() {
    start "$@" node "$LG_ROOT/tests/servers/node.js" "$host" "$tmp/large"
    wait_listens 8080
    wait_listens 8081
}

downloads() {
    on_client curl -s --no-progress-meter --parallel --parallel-max 8 -o "$tmp/got#1" "http://$host:8080/file?[1-8]"
    for number in 1 2 3 4 5 6 7 8; do
        checksum <"$tmp/got$number"
    done | sort -u
    rm -f "$tmp"/got*
}

for mode in bare orderly drain; do
    case $mode in
    bare) end=reset flag=rst other=fin ;;
    *) end=eof flag=fin other=rst ;;
    esac
    start_node "$mode"

    capture
    is "$mode: resetAndDestroy() ends 20 requests with $end" \
        "$(peer -n 20 -s 'GET /reset HTTP/1.1\r\nHost: a\r\n\r\n' 8080)" "$end 20 0"
    captured
    is "$mode: on the wire, 20 connections have the server's $flag" "$(sent "$flag" 8080)" 20
    is "$mode: and none its $other" "$(sent "$other" 8080)" 0

    capture
    answer=$(peer -n 10 8081)
    captured
    is "$mode: on the wire, 10 plain connections have the server's $flag" "$(sent "$flag" 8081)" 10
    if [ "$mode" = bare ]; then
        unlike "$mode: and the clients do not see an orderly end" "$answer" eof
    else
        is "$mode: and the clients have what was written, and an orderly end" "$answer" "eof 10 40"
        is_records "$mode: each of the 30 has a setsockopt record and a close record" 30 joined
        is_records "$mode: each setsockopt was disarmed" 30 count call=setsockopt outcome=disarmed
        is_records "$mode: each close went through syscall(), in order" 30 count call=syscall 'outcome=orderly|drained|muted' cause=linger-zero
    fi

    is "$mode: eight downloads at a time are whole" "$(downloads)" "$large"
    is "$mode: an upload arrives whole" \
        "$(on_client curl -s --data-binary "@$tmp/large" "http://$host:8080/" | cut -c 1-16)" "$large"
    is "$mode: 200 requests on one connection are answered" \
        "$(on_client curl -s -X POST -o /dev/null -w '%{http_code}\n' "http://$host:8080/?[1-200]" | grep -c 200)" 200
    check "$mode: node is there" kill -0 "$server"
    stop
done

upload='POST /unauthorized HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n'
for who in bare root user; do
    start_as "$who" www-data node "$LG_ROOT/tests/servers/node.js" "$host" "$tmp/wanted"
    wait_listens 8080
    answers "$who" muted 8080 "$upload"
    stop
done

# A close that waited would hold up all others, for longer than they have patience.
for who in root user; do
    graceful='drain 5m on linger-zero,unread,late role accepted'
    start_as "$who" www-data node "$LG_ROOT/tests/servers/node.js" "$host" "$tmp/wanted"
    wait_listens 8080
    rm -f "$tmp/answered" "$tmp/read-now"
    client -r 8192 8080 "say=$upload" upload=30000 answered "tell=$tmp/answered" "file=$tmp/read-now" read >"$tmp/parked" &
    parked=$!
    wait_until 20 test -e "$tmp/answered"
    is_records "$who: a client that neither sends nor reads is closed" 1 count call=syscall "local=$host:8080"
    is "$who: and another one is served meanwhile" \
        "$(on_client curl -s --max-time 20 "http://$host:8080/file" | checksum)" "$(checksum <"$tmp/wanted")"
    : >"$tmp/read-now"
    wait "$parked"
    note "$who: $(cat "$tmp/parked")"
    stop
done
done_testing
