#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers that abort, cured, against the same servers closing in order: connections a second, and CPU time of the server
# for each, as ratios. Run by `make bench`: servers.sh TESTS LIBRARY [ROUNDS [SECONDS]].
# In every round each way has its turn; "in order, again" says how much a ratio is worth on this machine.
set -u

tests=$1
library=$2
rounds=${3:-7}
seconds=${4:-2}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

# The server and its clients each on a processor of its own, since a loopback's work is done by whoever is there.
place_first=: on_second=
if command -v taskset >/dev/null && taskset -c 0,1 true 2>/dev/null; then
    place_first="taskset -a -c -p 0" on_second="taskset -c 1"
fi

free_port() { perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'; }

# shellcheck disable=SC2317 # they are called by name
nginx_server() { # aborts: yes or no
    local reset=off
    [ "$1" = yes ] && reset=on
    cat >nginx.conf <<NGINX
daemon off; master_process off; pid $scratch/nginx.pid; error_log /dev/null;
events { worker_connections 512; }
http { access_log off; reset_timedout_connection $reset; server { listen 127.0.0.1:$port backlog=511; return 444; } }
NGINX
    exec nginx -p "$scratch" -c "$scratch/nginx.conf" 2>/dev/null
}

# It has no way to reject in order: what is compared is the same server, bare, which resets.
# shellcheck disable=SC2317
haproxy_server() {
    cat >haproxy.cfg <<HAPROXY
global
    nbthread 1
defaults
    mode tcp
    timeout client 5s
    timeout connect 5s
    timeout server 5s
frontend bench
    bind 127.0.0.1:$port
    tcp-request connection reject
HAPROXY
    exec haproxy -db -f haproxy.cfg >/dev/null 2>&1
}

# shellcheck disable=SC2317
node_server() { # aborts: yes or no
    local how=destroy
    [ "$1" = yes ] && how=resetAndDestroy
    exec node -e "require('net').createServer(s => { s.on('error', () => {}); s.on('data', () => s.$how()); })
        .listen($port, '127.0.0.1', 511)" >/dev/null 2>&1
}

# Nanoseconds that its threads have run.
cpu_ns() { cat "/proc/$1/task"/*/schedstat 2>/dev/null | awk '{ ns += $1 } END { printf "%d", ns }'; }

# run SERVER ABORTS [VARIABLE=VALUE...]: connections, and nanoseconds of CPU
run() {
    local server=$1 aborts=$2 pid before ended
    shift 2
    port=$(free_port)
    (
        for setting; do export "${setting?}"; done
        "${server}_server" "$aborts"
    ) &
    pid=$!
    $place_first "$pid" >/dev/null 2>&1
    for _ in $(seq 200); do
        if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
        sleep 0.05
    done
    before=$(cpu_ns "$pid")
    ended=$($on_second "$tests/bench/load" "$port" 8 "$seconds")
    echo "$ended $(($(cpu_ns "$pid") - before))"
    kill "$pid"
    wait "$pid" 2>/dev/null
}

median() { sort -n | awk '{ v[NR] = $1 } END { printf "%.3f", v[int((NR + 1) / 2)] }'; }

# row WORDS FILE: of connections a second and CPU for each, in the file's lines with the round of the same number
row() {
    printf '  %-34s %10s %10s\n' "$1" "$(paste -d ' ' "$2" in_order | awk '$3 > 0 { print $1 / $3 }' | median)" \
        "$(paste -d ' ' "$2" in_order | awk '$1 > 0 && $4 > 0 { print $2 / $1 / ($4 / $3) }' | median)"
}

measure() { # SERVER ABORTS-OF-THE-COMPARED TITLE
    rm -f in_order again none limited
    for _ in $(seq "$rounds"); do
        run "$1" "$2" >>in_order
        run "$1" yes "LD_PRELOAD=$library" LINGERGUARD_LOG=off >>none
        run "$1" "$2" >>again
        run "$1" yes "LD_PRELOAD=$library" "LINGERGUARD_LOG=$scratch/log" >>limited
        rm -f log
    done
    printf '%-36s %10s %10s   (%s a second, %s us of CPU)\n' "$3" rate CPU \
        "$(awk -v s="$seconds" '{ print $1 / s }' in_order | median | sed 's/\..*//')" \
        "$(awk '$1 > 0 { print $2 / 1000 / $1 }' in_order | median)"
    row "the same again" again
    row "cured, no record" none
    row "cured, records limited (100/s)" limited
}

have() { command -v "$1" >/dev/null 2>&1 || { echo "not measured: $1 is not installed"; return 1; }; }

echo "Ratios to the same server without the library, the median of $rounds interleaved rounds of $seconds s:"
have nginx && measure nginx no "nginx, return 444 (FIN)"
have haproxy && measure haproxy yes "haproxy, connection reject (RST)"
have node && measure node no "node, destroy (FIN)"
exit 0
