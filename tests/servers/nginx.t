#!/bin/sh
# SPDX-License-Identifier: MIT
# nginx: `return 444` and timed-out connections are reset without the library and end in order with
# it; downloads, uploads and a reload are as they were. Without its own lingering close the end of an
# answer still arrives, and nobody else's fails.
# shellcheck disable=SC2317 # functions are called through wait_until and check
# shellcheck source=tests/servers/answers.sh
. "$(dirname "$0")/answers.sh"
needs servers nginx tcpdump wrk

mkdir "$tmp/www" "$tmp/spool"
chmod 777 "$tmp/spool"
make_file "$tmp/www/large" 20480
make_file "$tmp/www/small" 40
configure() {
    cat >"$tmp/nginx.conf" <<END
daemon off;
user $1;
worker_processes 2;
pid $tmp/nginx.pid;
error_log $tmp/error.log notice;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path $tmp/spool/body;
    proxy_temp_path $tmp/spool/proxy;
    fastcgi_temp_path $tmp/spool/fastcgi;
    uwsgi_temp_path $tmp/spool/uwsgi;
    scgi_temp_path $tmp/spool/scgi;
    reset_timedout_connection on;
    client_header_timeout 1s;
    send_timeout 1s;
    server {
        listen $host:8080;
        listen [$host6]:8080;
        root $tmp/www;
        location = /refused { return 444; }
        location = /early { return 413; }
    }
    server {
        listen $host:8081;
        listen [$host6]:8081;
        lingering_close off;
        root $tmp;
    }
}
END
}
configure www-data

# No program may be ended by a signal, and no worker may complain.
nginx_is_well() {
    kill -0 "$server" && ! grep -E 'exited on signal|\[(emerg|alert|crit)\]' "$tmp/error.log"
}

# A client that asks for more than fits and reads only when the server has given up.
stall() {
    rm -f "$tmp/read-now"
    peer -s 'GET /large HTTP/1.0\r\n\r\n' -w "$tmp/read-now" 8080 >"$tmp/stalled" &
    stalled=$!
    wait_until 10 connected
    wait_until 10 idle 8080
    : >"$tmp/read-now"
    wait "$stalled"
    cut -d ' ' -f 1,2 "$tmp/stalled"
}

connected() {
    ! idle 8080
}

downloads() {
    for request in 1 2 3 4 5 6 7 8; do
        on_client curl -s "http://$host:8080/large" | checksum >"$tmp/sum.$request" &
        downloads_pids="${downloads_pids-} $!"
    done
    for request in $downloads_pids; do
        wait "$request"
    done
    downloads_pids=
    cat "$tmp"/sum.* | sort -u
}

large=$(checksum <"$tmp/www/large")
start_nginx() {
    : >"$tmp/error.log"
    start "$@" nginx -p "$tmp" -c "$tmp/nginx.conf" -e "$tmp/error.log"
    wait_listens 8080
}

for mode in bare orderly drain; do
    case $mode in
    bare) end=reset flag=rst other=fin ;;
    *) end=eof flag=fin other=rst ;;
    esac
    start_nginx "$mode"

    capture
    is "$mode: 'return 444' ends 20 connections with $end" \
        "$(peer -n 20 -s 'GET /refused HTTP/1.0\r\n\r\n' 8080)" "$end 20 0"
    captured
    is "$mode: on the wire, 20 connections have the server's $flag" "$(sent "$flag" 8080)" 20
    is "$mode: and none its $other" "$(sent "$other" 8080)" 0
    is "$mode: over IPv6 the same" "$(peer6 -n 5 -s 'GET /refused HTTP/1.0\r\n\r\n' 8080)" "$end 5 0"

    capture
    is "$mode: a request that does not come in time ends with $end" \
        "$(peer -s 'GET / HTTP/1.0\r\n' 8080)" "$end 1 0"
    is "$mode: an answer that is not read in time ends with $end" "$(stall)" "$end 1"
    captured
    is "$mode: on the wire, both have the server's $flag" "$(sent "$flag" 8080)" 2
    is "$mode: and neither its $other" "$(sent "$other" 8080)" 0

    if [ "$mode" = bare ]; then
        stalled_bare=$(cut -d ' ' -f 3 "$tmp/stalled")
    else
        check "$mode: what was queued for the slow reader arrives" \
            test "$(cut -d ' ' -f 3 "$tmp/stalled")" -gt "$stalled_bare"
        is_records "$mode: each of the 27 has a setsockopt record and a close record" 27 joined
        is_records "$mode: each setsockopt was disarmed" 27 count call=setsockopt outcome=disarmed
        is_records "$mode: each close was in order" 27 count call=close 'outcome=orderly|drained|muted'
        is_records "$mode: there are no other records" 54 count pid=ABOVE:0
        is_records "$mode: one close would have lost bytes" 1 count call=close unsent_bytes=ABOVE:0
        is_records "$mode: the records name the program" 54 count exe="$(command -v nginx)"
    fi

    reset_mark
    is "$mode: eight downloads at a time are whole" "$(downloads)" "$large"
    kill -HUP "$server"
    is "$mode: and eight during a reload" "$(downloads)" "$large"
    wait_until 10 grep -q 'exited with code 0' "$tmp/error.log"
    is "$mode: 200 requests on one connection and another are answered" \
        "$(on_client curl -s -o "$tmp/body#1" -w '%{http_code}\n' "http://$host:8080/small?[1-200]" | sort | uniq -c | tr -s ' ')" \
        " 200 200"
    rm -f "$tmp"/body*
    is "$mode: none of these was reset" "$(resets)" 0
    check "$mode: no process died" nginx_is_well
    stop_by QUIT
done

# Innocent clients of a server of which another one's connection is being ended.
innocents() {
    on_client wrk -t 1 -c 8 -d 1s "$@" "http://$host:8080/small" >"$tmp/wrk" 2>&1
    ! grep -E 'Socket errors|Non-2xx' "$tmp/wrk" && grep -q 'Requests/sec' "$tmp/wrk"
}

for who in bare root itself; do
    configure "$([ "$who" = itself ] && echo www-data || echo root)"
    : >"$tmp/error.log"
    start_as "$who" www-data nginx -p "$tmp" -c "$tmp/nginx.conf" -e "$tmp/error.log"
    wait_listens 8081
    answers "$who" muted 8081 'GET /wanted HTTP/1.0\r\n\r\n'
    host4=$host host=$host6
    one_answer late "$who, IPv6" muted 8081 'GET /wanted HTTP/1.0\r\n\r\n'
    host=$host4
    # The first answer is on its way when the second request has not come in time.
    one_answer late "$who, timed out" muted 8081 'GET /wanted HTTP/1.1\r\nHost: a\r\n\r\nGET /'
    check "$who: no request fails, kept alive" innocents
    check "$who: or with a connection each" innocents -H 'Connection: close'
    check "$who: no process died" nginx_is_well
    stop_by QUIT
done
done_testing
