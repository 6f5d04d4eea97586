# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For a test with a real server. Source it first, in place of tap.sh:
#
#   #!/bin/sh
#   # shellcheck source=tests/servers/server.sh
#   . "$(dirname "$0")/server.sh"
#
# The test runs in namespaces of its own: the server's network ($host, $host6), a second one for its
# clients ($client_host, $client_host6) joined to it by a veth pair, processes that end with the
# test, and an empty /run. So a port is free, a counter of the kernel counts this test alone, and
# what the server's side sends is told apart from what its clients send.
#
#   start MODE COMMAND...       starts a server; MODE says how it runs:
#                                   bare      without the library
#                                   orderly   with it and its built-in policy
#                                   drain     with `drain 2s on linger-zero,unread`
#                                   -r RULES  with these rules (two words)
#                               its pid is in $server, its output in $tmp/server.out and .err, the
#                               records, as json, in $records
#   stop; stop_by SIGNAL        ends it (TERM) and waits for its end
#   listens PORT                true when somebody listens there, on the server's side
#   wait_listens PORT           waits for that; not ok at the deadline
#   idle PORT                   true when the server has closed its connections of that port
#   on_client COMMAND...        runs it on the clients' side
#   peer OPTION... PORT         a client that sees how its connections end: see tests/servers/peer
#   peer6 OPTION... PORT        the same over IPv6
#   client OPTION... PORT STEP...
#                   a client that is still sending when its answer comes: see tests/servers/client.c
#   counter NAME                of /proc/net/snmp or netstat, of the server's side
#   reset_mark; resets          the RST that the server's side sent since the mark
#   waiting                     its sockets in TIME-WAIT
#   capture; captured           between them, its packets are written to $tmp/packets
#   sent FLAG PORT              connections of that server port on which its side sent fin, or rst
#   records ARG...              what was recorded: see tests/servers/records
#   is_records NAME WANTED ARG...
#                               ok once `records ARG...` answers WANTED: a record is written after the
#                               close, which a client may see before
#   checksum                    of standard input
#   make_file PATH KIBIBYTES    one that does not compress, readable by all
#
# Groups: `netns` where the namespaces cannot be made, `servers` where a program is missing.

lg_namespaces='unshare --net --mount --pid --fork --mount-proc --kill-child'
if [ "${LG_NAMESPACE:-}" != made ] && $lg_namespaces true 2>/dev/null; then
    LG_NAMESPACE=made
    export LG_NAMESPACE
    exec $lg_namespaces "$0" "$@"
fi

# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

if [ "${LG_NAMESPACE:-}" != made ]; then
    skip netns "namespaces cannot be made here (root can)"
    done_testing
fi
needs servers ip nsenter curl
unset LG_NAMESPACE

host=10.9.0.1
host6=fd09::1
client_host=10.9.0.2
client_host6=fd09::2
records=$tmp/records.json
server=

# A server that drops its privileges still reads what the test wrote.
chmod 755 "$tmp"
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/lock

tap_make_network() {
    unshare --net sleep 1000 &
    client_namespace=$!
    tap_pids="$tap_pids $client_namespace"
    wait_until 10 tap_is_apart "$client_namespace" &&
        ip link set lo up &&
        ip link add server0 type veth peer name client0 netns "$client_namespace" &&
        ip link set server0 up &&
        ip addr add "$host/24" dev server0 &&
        ip addr add "$host6/64" dev server0 nodad &&
        on_client ip link set lo up &&
        on_client ip link set client0 up &&
        on_client ip addr add "$client_host/24" dev client0 &&
        on_client ip addr add "$client_host6/64" dev client0 nodad
}

tap_is_apart() {
    [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ] &&
        [ "$(cat "/proc/$1/comm")" = sleep ]
}

on_client() {
    nsenter --net="/proc/$client_namespace/ns/net" "$@"
}

peer() {
    on_client perl "$LG_ROOT/tests/servers/peer" -h "$host" "$@"
}

peer6() {
    on_client perl "$LG_ROOT/tests/servers/peer" -h "$host6" "$@"
}

records() {
    perl "$LG_ROOT/tests/servers/records" "$records" "$@"
}

tap_has_records() {
    tap_wanted=$1
    shift
    [ "$(records "$@")" = "$tap_wanted" ]
}

is_records() {
    tap_what=$1
    tap_wanted=$2
    shift 2
    wait_until 10 tap_has_records "$tap_wanted" "$@"
    is "$tap_what" "$(records "$@")" "$tap_wanted"
}

# In a process group of its own: some servers signal their whole group when they end.
start() {
    tap_mode=$1
    shift
    : >"$records"
    chmod 666 "$records"
    case $tap_mode in
    bare) in_background server setsid "$@" ;;
    # The built-in policy but for its limit, since the records are counted.
    orderly) start -r 'limit 100000/s' "$@" ;;
    drain) start -r 'limit 100000/s; drain 2s on linger-zero,unread' "$@" ;;
    -r)
        tap_rules=$1
        shift
        in_background server setsid "$LG_COMMAND" run --strict -r "$tap_rules" -l "$records" -f json -- "$@"
        ;;
    *)
        not_ok "start $tap_mode" "no such mode"
        exit 1
        ;;
    esac
    server=$pid
}

stop() {
    stop_by TERM
}

stop_by() {
    kill "-$1" "$server" 2>/dev/null
    wait_until 15 tap_is_gone "$server" || not_ok "the server ends" "$(tail "$tmp/server.err")"
    kill -KILL "$server" 2>/dev/null
    wait "$server" 2>/dev/null
}

# Without a connection, which would count.
tap_sockets() {
    # STATE PORT: local sockets, by the number of the state in include/net/tcp_states.h
    cat /proc/net/tcp /proc/net/tcp6 | awk -v state="$1" -v port="$(printf %04X "$2")" '
        { split($2, local, ":") }
        $4 == state && (port == "0000" || local[2] == port) { count++ }
        END { print count + 0 }'
}

listens() {
    [ "$(tap_sockets 0A "$1")" -gt 0 ]
}

wait_listens() {
    wait_until "${2:-30}" listens "$1" && return
    not_ok "a server listens on $1" "$(tail "$tmp/server.out" "$tmp/server.err")"
    return 1
}

idle() {
    [ "$(tap_sockets 01 "$1")" -eq 0 ] && [ "$(tap_sockets 08 "$1")" -eq 0 ]
}

waiting() {
    tap_sockets 06 0
}

client() {
    on_client "$LG_TESTS/servers/client" -h "$host" "$@"
}

counter() {
    cat /proc/net/snmp /proc/net/netstat | awk -v name="$1" '
        $1 == kind { for (i = 2; i <= NF; i++) if (head[i] == name) print $i; kind = ""; next }
        { kind = $1; split($0, head) }'
}

reset_mark() {
    tap_resets=$(counter OutRsts)
}

resets() {
    echo $(($(counter OutRsts) - tap_resets))
}

capture() {
    # Else the last capture's words would be taken for this one's.
    rm -f "$tmp/tcpdump.err" "$tmp/packets"
    # A slot of the kernel's buffer is as long as the snapshot: with a short one there are many.
    in_background tcpdump tcpdump -i server0 -n -p -s 128 -B 8192 -U --immediate-mode -Z root -w "$tmp/packets"
    tap_capture=$pid
    wait_until 10 grep -q 'listening on' "$tmp/tcpdump.err"
}

# The last datagram arrives after everything else, so that nothing is lost between the wire and the file.
captured() {
    # shellcheck disable=SC2016 # perl expands
    on_client perl -MIO::Socket::INET -e 'IO::Socket::INET->new(Proto => "udp", PeerAddr => $ARGV[0])->send("end")' "$host:9"
    wait_until 10 tap_has_end || not_ok "the capture is complete"
    end_background "$tap_capture"
    grep -q '^0 packets dropped by kernel' "$tmp/tcpdump.err" || not_ok "no packet was dropped" "$(cat "$tmp/tcpdump.err")"
}

tap_has_end() {
    tcpdump -n -r "$tmp/packets" udp dst port 9 2>/dev/null | grep -q .
}

sent() {
    tcpdump -n -r "$tmp/packets" "src port $2" 2>/dev/null | awk -v flag="$1" '
        match($0, /Flags \[[^]]*\]/) {
            flags = substr($0, RSTART + 7, RLENGTH - 8)
            if (index(flags, flag == "rst" ? "R" : "F")) seen[$5]++
        }
        END { for (connection in seen) count++; print count + 0 }'
}

checksum() {
    sha256sum | cut -c 1-16
}

make_file() {
    head -c "$(($2 * 1024))" /dev/urandom >"$1"
    chmod 644 "$1"
}

if ! tap_make_network; then
    skip netns "the network of the test cannot be made"
    done_testing
fi
