#!/bin/sh
# SPDX-License-Identifier: MIT
# haproxy: rejected connections and `option nolinger` are reset without the library and end in order
# with it; a policy that exempts what haproxy opens itself keeps its health checks as they are. A client
# that is denied while it uploads gets the answer, and a log server all messages.
# shellcheck disable=SC2317 # functions are called through wait_until and check
# shellcheck source=tests/servers/answers.sh
. "$(dirname "$0")/answers.sh"
needs servers haproxy nginx tcpdump

mkdir "$tmp/www"
make_file "$tmp/www/large" 8192
make_file "$tmp/www/small" 20
cat >"$tmp/backend.conf" <<END
daemon off;
master_process off;
pid $tmp/backend.pid;
error_log $tmp/backend.log;
events { worker_connections 256; }
http {
    access_log off;
    keepalive_timeout 1s;
    server { listen $client_host:9000; root $tmp/www; }
}
END
cat >"$tmp/haproxy.cfg" <<END
global
    nbthread 2
    user haproxy
    group haproxy
    stats socket $tmp/haproxy.sock mode 600 level admin
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend rejecting
    bind $host:8081
    mode tcp
    tcp-request connection reject
frontend nolinger
    bind $host:8082
    option nolinger
    option http-server-close
    default_backend files
frontend plain
    bind $host:8083
    default_backend files
backend files
    server one $client_host:9000
backend checked
    server one $client_host:9000 check inter 100ms
END

in_background backend on_client nginx -p "$tmp" -c "$tmp/backend.conf" -e "$tmp/backend.log"
wait_until 10 on_client sh -c 'grep -q ":2328 00000000:0000 0A" /proc/net/tcp' || not_ok "the backend listens"

start_haproxy() {
    start "$@" haproxy -db -f "$tmp/haproxy.cfg"
    wait_listens 8081
    wait_listens 8083
}

# Ten clients that do not close before haproxy has: after two FINs there is nothing left to reset.
nolinger() {
    rm -f "$tmp/read-now"
    nolinger_pids=
    for number in 1 2 3 4 5 6 7 8 9 10; do
        peer -w "$tmp/read-now" -s 'GET /small HTTP/1.0\r\n\r\n' 8082 >"$tmp/end$number" &
        nolinger_pids="$nolinger_pids $!"
    done
    wait_until 60 nolinger_over
    : >"$tmp/read-now"
    for client in $nolinger_pids; do
        wait "$client"
    done
    cut -d ' ' -f 1 "$tmp"/end*
}

nolinger_over() {
    if [ "$mode" = bare ]; then
        [ "$(resets)" -ge 10 ]
    else
        [ "$(records count 'call=close|syscall' "local=$host:8082")" -eq 10 ]
    fi
}

# The connections of haproxy to its backend; the checks among them come ten times a second.
sent_to_backend() {
    tcpdump -n -r "$tmp/packets" "src host $host and dst port 9000 and tcp[tcpflags] & tcp-$1 != 0" 2>/dev/null | wc -l
}

checks_seen() {
    tcpdump -n -r "$tmp/packets" "src host $host and dst port 9000 and tcp[tcpflags] & tcp-syn != 0" 2>/dev/null |
        awk 'END { exit NR < 6 }'
}

# Health checks: the abort is wanted, to give the port back at once.
# First of all, since what is in TIME-WAIT stays there.
for mode in bare exempt orderly; do
    case $mode in
    exempt) start_haproxy -r 'allow role connected; orderly' ;;
    *) start_haproxy "$mode" ;;
    esac
    capture
    wait_until 10 checks_seen || not_ok "$mode: there are health checks"
    captured
    case $mode in
    bare | exempt)
        check "$mode: health checks end with rst" test "$(sent_to_backend rst)" -ge 5
        is "$mode: and leave nothing in TIME-WAIT" "$(waiting)" 0
        ;;
    orderly)
        check "$mode: health checks end with fin" test "$(sent_to_backend fin)" -ge 5
        is "$mode: and none with rst" "$(sent_to_backend rst)" 0
        check "$mode: which keeps their ports in TIME-WAIT" test "$(waiting)" -ge 5
        ;;
    esac
    if [ "$mode" = exempt ]; then
        is_records "$mode: nothing of it is recorded" 0 count "peer=$client_host:9000"
        is "$mode: a rejected client sees an orderly end all the same" "$(peer -n 5 8081)" "eof 5 0"
    fi
    stop
done

large=$(checksum <"$tmp/www/large")
for mode in bare orderly drain; do
    case $mode in
    bare) end=reset flag=rst other=fin ;;
    *) end=eof flag=fin other=rst ;;
    esac
    start_haproxy "$mode"

    capture
    is "$mode: 'tcp-request connection reject' ends 20 connections with $end" "$(peer -n 20 8081)" "$end 20 0"
    captured
    is "$mode: on the wire, 20 connections have the server's $flag" "$(sent "$flag" 8081)" 20
    is "$mode: and none its $other" "$(sent "$other" 8081)" 0

    # Here the answer and a FIN come first, and then the reset.
    capture
    reset_mark
    answer=$(nolinger | sort | uniq -c | tr -s ' ')
    captured
    is "$mode: on the wire, 'option nolinger' ends 10 answers with $flag" "$(sent "$flag" 8082)" 10
    if [ "$mode" != bare ]; then
        is "$mode: and their clients see an orderly end" "$answer" " 10 eof"
        is "$mode: and the server's rst is on none of them" "$(sent rst 8082)" 0
        check "$mode: each of the 30 has a setsockopt record and a close record" test "$(records joined)" -ge 30
        is_records "$mode: 20 of the closes were of rejected connections" 20 count 'call=close|syscall' "local=$host:8081" 'outcome=orderly|drained|muted'
        is_records "$mode: no close was an abort" 0 count outcome=aborted
    fi

    is "$mode: a download is whole" "$(on_client curl -s "http://$host:8083/large" | checksum)" "$large"
    is "$mode: an exact proxy of 200 requests" \
        "$(on_client curl -s -o "$tmp/body#1" -w '%{http_code}\n' "http://$host:8083/small?[1-200]" | sort | uniq -c | tr -s ' ')" \
        " 200 200"
    rm -f "$tmp"/body*
    check "$mode: haproxy is there" kill -0 "$server"
    stop
done

# A denied upload. haproxy takes an answer of at most one buffer from a file.
head -c 15000 "$tmp/wanted" >"$tmp/short"
mv "$tmp/short" "$tmp/wanted"
{
    printf 'HTTP/1.0 403 Forbidden\r\nContent-Length: 15000\r\nConnection: close\r\n\r\n'
    cat "$tmp/wanted"
} >"$tmp/denied.http"
for who in bare root itself; do
    user=root
    [ "$who" != itself ] || user=haproxy
    cat >"$tmp/denying.cfg" <<END
global
    nbthread 2
    user $user
    group $user
defaults
    mode http
    timeout client 10s
    errorfile 403 $tmp/denied.http
frontend denying
    bind $host:8084
    http-request deny
END
    start_as "$who" "$user" haproxy -db -f "$tmp/denying.cfg"
    wait_listens 8084
    answers "denied, $who" muted 8084 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n'
    check "denied, $who: haproxy is there" kill -0 "$server"
    stop
done

# At a soft stop the connection to a log server is aborted, with all that it has not received yet.
cat >"$tmp/ring.cfg" <<END
global
    user haproxy
    group haproxy
ring slow
    format rfc3164
    size 1048576
    timeout connect 5s
    timeout server 60s
    server logs $client_host:5140
defaults
    mode http
    timeout client 10s
frontend logging
    bind $host:8085
    log ring@slow local0
    log-format "%ci %HM %HU"
    http-request return status 200
END

# A log server that reads when haproxy has gone, and says how many messages came, and how they ended.
start_log_server() {
    rm -f "$tmp/stopped" "$tmp/logs"
    on_client perl "$LG_ROOT/tests/servers/log_server" "$client_host" 5140 "$tmp/stopped" >"$tmp/logs" &
    log_server=$!
    wait_until 10 on_client grep -q ':1414 00000000:0000 0A' /proc/net/tcp || not_ok "the log server listens"
}

# Bytes with the two kernels: what the one has not got acknowledged, and what nobody has read.
queued() {
    { cat /proc/net/tcp && on_client cat /proc/net/tcp; } | perl -ne '
        $bytes += hex($1) + hex $2 if /:1414 .*01 ([0-9A-F]{8}):([0-9A-F]{8})/;
        END { print $bytes + 0 }'
}

has_queued() {
    test "$(queued)" "$@"
}

for mode in bare orderly; do
    start_log_server
    start "$mode" haproxy -db -f "$tmp/ring.cfg"
    wait_listens 8085
    # All messages have the same length.
    on_client curl -s -o /dev/null "http://$host:8085/?100"
    wait_until 10 has_queued -gt 0
    message_bytes=$(queued)
    on_client curl -s -o /dev/null "http://$host:8085/?[101-499]"
    check "ring, $mode: haproxy has sent 400 messages" wait_until 10 has_queued -eq $((400 * message_bytes))
    stop_by USR1
    : >"$tmp/stopped"
    wait "$log_server"
    messages=$(cat "$tmp/logs")
    note "ring, $mode: $messages"
    if [ "$mode" = bare ]; then
        like "ring, bare: the log server is reset" "$messages" reset
        check "ring, bare: and lacks messages" test "${messages% *}" -lt 400
    else
        is "ring, $mode: the log server has all messages" "$messages" "400 eof"
    fi
done
done_testing
