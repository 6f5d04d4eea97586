#!/bin/bash
# SPDX-License-Identifier: MIT
# What the library costs, without a verdict: instructions and system calls of a call, of start-up, private
# memory, and nginx's requests per second. Run by `make bench`; a program that is missing is named.
set -eu

tests=$1
library=$2
calls=$tests/bench/calls
floor=$tests/bench/lib_floor.so
empty=$tests/bench/lib_empty.so
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

for variable in $(env | sed -n 's/^\(LINGERGUARD_[A-Z]*\)=.*/\1/p'); do unset "$variable"; done
unset LD_PRELOAD
export LINGERGUARD_LOG=off

have() { command -v "$1" >/dev/null 2>&1 || { echo "not measured: $1 is not installed"; return 1; }; }

# instructions PRELOAD COMMAND...: in user space, of the whole process
instructions() {
    local preload=$1
    shift
    LD_PRELOAD=$preload valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null |
        sed -n 's/^==[0-9]*== Collected : \([0-9]*\).*/\1/p'
}

# system_calls PRELOAD COMMAND...: of the whole process, the loader's included
system_calls() {
    local preload=$1
    shift
    strace -o calls.strace -E LD_PRELOAD="$preload" "$@" >/dev/null 2>&1
    grep -c '^[a-z_0-9]*(' calls.strace
}

# each COUNTER PRELOAD WHAT: per call, from two runs that differ by a hundred of them
each() {
    local few many
    few=$("$1" "$2" "$calls" "$3" 100)
    many=$("$1" "$2" "$calls" "$3" 200)
    awk -v few="$few" -v many="$many" 'BEGIN { printf "%.2f", (many - few) / 100 }'
}

table() {
    local counter=$1
    shift
    printf '%-26s %10s %10s %10s\n' "" bare floor library
    for what in "$@"; do
        printf '%-26s %10s %10s %10s\n' "$what" "$(each "$counter" "" "$what")" "$(each "$counter" "$floor" "$what")" \
            "$(each "$counter" "$library" "$what")"
    done
}

echo "Each line is the cost of one round: the connection's own calls are in it, in all three columns."
if have valgrind; then
    echo
    echo "Instructions in user space"
    table instructions close setsockopt-other after-close after-setsockopt-other setsockopt-linger-zero close-marked
fi
if have strace; then
    echo
    echo "System calls"
    table system_calls close close-file close-connection setsockopt-other after-close-file after-close-connection \
        setsockopt-linger-zero close-marked close-finished close-nonblocking
    echo
    echo "The same with a policy that drains"
    LINGERGUARD_RULES='drain 2s' table system_calls close-file close-connection close-finished close-nonblocking
    echo
    echo "System calls of /bin/true: $(system_calls "" /bin/true) bare, $(system_calls "$empty" /bin/true) with an" \
        "empty library, $(system_calls "$library" /bin/true) with this one"
fi

# rounds WHAT RULES DRAINER: microseconds a round, of the best of five runs
rounds() {
    local best=999999 took start
    for _ in 1 2 3 4 5; do
        start=$(date +%s%N)
        LD_PRELOAD=$library LINGERGUARD_RULES=$2 LINGERGUARD_DRAINER=$3 "$calls" "$1" 2000
        took=$((($(date +%s%N) - start) / 2000000))
        [ "$took" -lt "$best" ] && best=$took
    done
    echo "$best"
}

echo
echo "A close with unread input that must not wait, microseconds a round (the best of five; the connection is in it):"
bare=$(library='' rounds close-nonblocking '' none)
"${library%/*}/lingerguard" drainer -l off "$scratch/drainer" &
drainer=$!
for _ in $(seq 100); do [ -S "$scratch/drainer" ] && break; sleep 0.05; done
echo "  bare $bare, orderly $(rounds close-nonblocking orderly none), muted $(rounds close-nonblocking 'drain 1s' none)," \
    "handed over $(rounds close-nonblocking 'drain 1s' "$scratch/drainer"), in the close $(rounds close-finished 'drain 1s' none)"
kill "$drainer"

# Pages that belong to the process alone, of a cat that reads its own map.
private_kib() {
    # shellcheck disable=SC2002 # the cat is what is measured
    LD_PRELOAD=$1 cat /proc/self/smaps_rollup | awk '/^Anonymous:/ { print $2 }'
}
echo
echo "Private memory: $(private_kib "$empty") KiB with an empty library, $(private_kib "$library") KiB with this one"

start_nginx() {
    LD_PRELOAD=$1 nginx -p "$scratch" -c "$scratch/nginx.conf" 2>/dev/null &
    nginx_pid=$!
    for _ in $(seq 100); do
        if [ -s "$scratch/nginx.pid" ] && curl -s -o /dev/null "http://127.0.0.1:$port/"; then return 0; fi
        sleep 0.05
    done
    return 1
}

requests_per_second() {
    start_nginx "$1" || { echo 0; return; }
    wrk -t1 -c16 -d2s -H 'Connection: close' "http://127.0.0.1:$port/" 2>/dev/null | awk '/^Requests\/sec/ { print $2 }'
    kill "$nginx_pid"
    wait "$nginx_pid" 2>/dev/null || true
}

if have nginx && have wrk && have curl; then
    port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
    cat >nginx.conf <<NGINX
daemon off; worker_processes 1; pid $scratch/nginx.pid; error_log /dev/null;
events { worker_connections 512; }
http { access_log off; server { listen 127.0.0.1:$port; location / { return 200 "hello"; } } }
NGINX
    echo
    echo "nginx, a connection for each request, pairs run in turn (library / bare):"
    for pair in 1 2 3 4 5 6 7; do
        # Whoever goes first has the warmer machine: swap.
        if [ $((pair % 2)) -eq 0 ]; then
            with=$(requests_per_second "$library")
            bare=$(requests_per_second "")
        else
            bare=$(requests_per_second "")
            with=$(requests_per_second "$library")
        fi
        awk -v with="$with" -v bare="$bare" 'BEGIN { printf "%.4f %.0f %.0f\n", with / bare, with, bare }'
    done | sort | awk '{ ratio[NR] = $1; print "  " $0 } END { print "  median " ratio[int((NR + 1) / 2)] }'
fi
