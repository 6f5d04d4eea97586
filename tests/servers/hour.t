#!/bin/sh
# SPDX-License-Identifier: MIT
# An hour of traffic, shortened: thirteen programs, some exempt, some armed again, some that share or hand over their connections, and
# clients that send too late. What the records and the report say is what was on the wire, connection by connection.
# shellcheck disable=SC2317,SC2016 # functions are called through wait_until and check; programs of perl and awk
# shellcheck source=tests/servers/server.sh
. "$(dirname "$0")/server.sh"
needs servers tcpdump nginx python3

cat >"$tmp/policy" <<'END'
limit 100000/s
allow exe exempt
observe exe observed
allow unsent none exe harmless
observe unsent none exe rearms
linger 20s exe lingers
drain 20s on linger-zero,unread,late exe drains
drain 1s on linger-zero,unread,late exe hasty
observe on unread,late exe watched
allow role connected
END
: >"$records"
chmod 666 "$records"

policy=$tmp/policy
run() {
    run_name=$1
    shift
    in_background "$run_name" "$LG_COMMAND" run --strict -p "$policy" -l "$records" -f json -- "$@"
}

told() {
    [ "$(wc -l <"$tmp/$1.out")" -ge "$2" ]
}

# What closes the connections of `leaves` is its end: it runs once for each client.
visits() {
    case $1 in
    leaves) visits_each="1 2 3 4" ;;
    *) visits_each=all ;;
    esac
    for visits_client in $visits_each; do
        run "$1" "$hour/$1" "$host" "$2" "$3" "$([ "$visits_client" = all ] && echo 4 || echo 1)"
        wait_listens "$2"
        visit "$1" "$2" "$visits_client"
        wait "$visits_pid" || not_ok "$1 ends well" "$(tail "$tmp/$1.err")"
        cat "$tmp/$1.out" >>"$tmp/written"
    done
}

# Four clients, one after another: one that reads; one whose last words are not read; one that reads nothing until the
# server is done, or is waiting; and one that sends when the server has closed.
visit() {
    visits_pid=$pid
    for visit_client in 1 2 3 4; do
        [ "$3" = all ] || [ "$3" = "$visit_client" ] || continue
        visit_told=$([ "$3" = all ] && echo "$visit_client" || echo 1)
        : >"$tmp/clients"
        rm -f "$tmp/go"
        case $visit_client in
        1) client "$2" say=s read ;;
        2) client "$2" say=sHELLO read ;;
        3) client -r 4096 "$2" say=f "file=$tmp/go" read & ;;
        4) client "$2" say=s answered "file=$tmp/go" say=MORE read & ;;
        esac >>"$tmp/clients"
        case $visit_client in [34]) visit_pid=$! ;; *) continue ;; esac
        # Those that wait for their client would wait in vain.
        case $1$visit_client in
        lingers3 | drains3) wait_until 30 asks "$2" 3 || not_ok "$1 asks for the third" ;;
        drains4) wait_until 30 asks "$2" 4 || not_ok "$1 asks for the fourth" ;;
        *) wait_until 30 told "$1" "$visit_told" || not_ok "$1 closes connection $visit_client" ;;
        esac
        : >"$tmp/go"
        wait "$visit_pid" || not_ok "client $visit_client of $1 ends well" "$(tail "$tmp/clients")"
    done
}

# So many requests of the port have been disarmed.
asks() {
    [ "$(grep -c "\"call\":\"setsockopt\".*\"local\":\"$host:$1\"" "$records")" -ge "$2" ]
}

capture
hour=$tmp/programs
mkdir "$hour"
port=7000
for program in exempt observed harmless rearms lingers drains hasty watched shared leaves plain; do
    port=$((port + 1))
    cp "$LG_TESTS/servers/hour" "$hour/$program"
    case $program in
    watched) how="plain" ;;
    shared) how="shared" ;;
    leaves) how="exit" ;;
    *) how="rude" ;;
    esac
    visits "$program" "$port" "$how"
done

# One that hands its connections to a drainer, whose own records say how they ended.
{
    echo "drainer $tmp/drainer.sock"
    echo 'limit 100000/s'
    echo 'drain 20s on linger-zero,unread,late'
} >"$tmp/handing"
in_background drainer "$LG_COMMAND" drainer -l "$records" -f json "$tmp/drainer.sock"
drainer_pid=$pid
wait_until 10 test -S "$tmp/drainer.sock" || not_ok "the drainer starts" "$(cat "$tmp/drainer.err")"
cp "$LG_TESTS/servers/hour" "$hour/hands"
policy=$tmp/handing
visits hands 7012 rude
policy=$tmp/policy

# An outgoing connection that is armed before it connects, and that the policy lets go.
cp "$LG_TESTS/servers/hour" "$hour/sink"
cp "$LG_TESTS/servers/hour" "$hour/connects"
in_background sink nsenter --net="/proc/$client_namespace/ns/net" perl -MIO::Socket::INET -e '
    my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => $ARGV[0], LocalPort => 7100, ReuseAddr => 1) or die;
    print "ready\n"; close STDOUT;
    for (1 .. 3) { my $c = $l->accept; syswrite $c, "s"; 1 while sysread $c, my $b, 4096; }' "$client_host"
wait_until 10 told sink 1
run connects "$hour/connects" "$client_host" 7100 client 3
wait "$pid" || not_ok "connects ends well" "$(tail "$tmp/connects.err")"
cat "$tmp/connects.out" >>"$tmp/written"

# Real ones.
cat >"$tmp/nginx.conf" <<END
daemon off;
master_process off;
pid $tmp/nginx.pid;
error_log $tmp/error.log;
events { worker_connections 64; }
http {
    access_log off;
    reset_timedout_connection on;
    server { listen $host:7201; location = /refused { return 444; } location = / { return 200 "well\n"; } }
}
END
run nginx nginx -p "$tmp" -c "$tmp/nginx.conf" -e "$tmp/error.log"
nginx_pid=$pid
wait_listens 7201
peer -n 5 -s 'GET /refused HTTP/1.0\r\n\r\n' 7201 >>"$tmp/clients"
peer -n 3 -s 'GET / HTTP/1.0\r\n\r\n' 7201 >>"$tmp/clients"
kill -TERM "$nginx_pid"
wait "$nginx_pid"
cat >"$tmp/rude.py" <<'END'
import socket, struct, sys
listener = socket.create_server((sys.argv[1], 7202))
for i in range(4):
    connection, _ = listener.accept()
    connection.recv(1)
    connection.sendall(b"x" * 1000)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
END
run python python3 "$tmp/rude.py" "$host"
wait_listens 7202
peer -n 4 -s x 7202 >>"$tmp/clients"
wait "$pid" || not_ok "python ends well" "$(tail "$tmp/python.err")"

# The kernel still ends what was left to it.
all_closed() {
    [ "$(awk '$4 ~ /^0[14589B]$/' /proc/net/tcp | wc -l)" -eq 0 ]
}
wait_until 30 all_closed || not_ok "every connection ends" "$(cat /proc/net/tcp)"
kill -TERM "$drainer_pid"
wait "$drainer_pid" || not_ok "the drainer ends well" "$(cat "$tmp/drainer.err")"
captured
"$LG_COMMAND" report -f json "$records" >"$tmp/report.json"
is "the report reads every line" $? 0
found=$(perl "$LG_ROOT/tests/servers/truth" "$tmp/packets" "$records" "$tmp/report.json" "$tmp/written" "$host" \
    7001 7003=delivered 7009=endless 7010=endless 7100 2>"$tmp/counts")
is "what is said of each connection is what was on the wire" "$found" ""
note "$(cat "$tmp/counts")"
"$LG_COMMAND" report "$records" >"$tmp/report.txt"
like "the report says what no record knows" "$(tr -s '\n ' ' ' <"$tmp/report.txt")" \
    "connections was left to the kernel (orderly, deadline): what a peer sent after that was answered by RST, which no record knows."
like "and of how many there is no end" "$(tr -s '\n ' ' ' <"$tmp/report.txt")" "that asked for an abort there is no end here"
for outcome in aborted rearmed orderly lingered drained deadline handed exempt endless "late reset"; do
    like "among them: $outcome" "$(cat "$tmp/counts")" " $outcome"
done
done_testing
