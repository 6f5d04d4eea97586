#!/bin/bash
# SPDX-License-Identifier: MIT
# What the library costs, without a verdict: instructions and system calls of a call, CPU time of an abort that is cured
# and of a record, whatever else the process has; of start-up, private memory, and servers. Run by `make bench`; a
# program that is missing is named.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
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
    table instructions close setsockopt-other setsockopt-linger-off setsockopt-linger-time dup dup2 socket-close \
        close-connection after-close after-setsockopt-other setsockopt-linger-zero close-marked
fi
if have strace; then
    echo
    echo "System calls"
    table system_calls close close-file close-connection setsockopt-other after-close-file after-close-connection \
        setsockopt-linger-zero close-marked close-finished close-nonblocking
    echo
    echo "The same, each request and each close a record in a file; two writes are in it"
    LINGERGUARD_LOG=$scratch/log LINGERGUARD_RULES='limit 1000000/s; orderly' table system_calls close-marked
    rm -f log
    echo
    echo "The same with a policy that drains"
    LINGERGUARD_RULES='drain 2s' table system_calls close-file close-connection close-finished close-nonblocking
    echo
    echo "System calls of /bin/true: $(system_calls "" /bin/true) bare, $(system_calls "$empty" /bin/true) with an" \
        "empty library, $(system_calls "$library" /bin/true) with this one"
fi

# Pairs of SO_LINGER and close, and lines, in turn, so that all of them have the same machine. A line of pair.sums is a
# key and the nanoseconds of one run's best round.
pair() { # KEY WHAT [VARIABLE=VALUE... --] [ARGUMENT...]
    local key=$1 what=$2 settings=() took
    shift 2
    while [ $# -gt 0 ] && [ "$1" != -- ]; do settings+=("$1") && shift; done
    [ $# -eq 0 ] || shift
    took=$(env "${settings[@]}" "$tests/bench/pair" "$what" 20 "$@" 2>/dev/null) && echo "$key $took" >>pair.sums
    rm -f log line
}
best() { awk -v key="$1" '$1 == key && (!n++ || $2 < least) { least = $2 } END { print n ? least : "-" }' pair.sums; }
show() { # WORDS KEY BARE-KEY
    awk -v words="$1" -v took="$(best "$2")" -v bare="$(best "$3")" 'BEGIN {
        if (took == "-") printf "  %-44s not possible here\n", words
        else printf "  %-44s %7.2f us   %.2f times\n", words, took / 1000, took / bare }'
}
with() { # settings of a run with the library
    printf '%s\n' "LD_PRELOAD=$library" "$@"
}

everything='limit 1000000/s; orderly within 60s'
cat >own_dev.sh <<'END'
mount -t tmpfs tmpfs /dev && mknod -m 666 /dev/null c 1 3 && exec "$@"
END
# on_syslog KEY WHAT [VARIABLE=VALUE...]: with a /dev/log of its own
on_syslog() {
    local key=$1 what=$2 took
    shift 2
    took=$(unshare --mount sh own_dev.sh env BENCH_SYSLOG=1 "$@" "$tests/bench/pair" "$what" 20 2>/dev/null) &&
        echo "$key $took" >>pair.sums
    true
}
for _ in 1 2 3 4 5; do
    pair bare fin
    mapfile -t settings < <(with)
    pair off abort "${settings[@]}" --
    pair bare-again fin
    mapfile -t settings < <(with "LINGERGUARD_LOG=$scratch/log")
    pair limited abort "${settings[@]}" --
    mapfile -t settings < <(with "LINGERGUARD_LOG=$scratch/log" "LINGERGUARD_RULES=$everything")
    pair records abort "${settings[@]}" --
    pair write write -- "$scratch/line"
    on_syslog syslog-3 syslog
    on_syslog syslog-off abort "LD_PRELOAD=$library" LINGERGUARD_LOG=off
    on_syslog syslog-records abort "LD_PRELOAD=$library" LINGERGUARD_LOG=syslog "LINGERGUARD_RULES=$everything"
done
echo
echo "CPU time of a setsockopt of SO_LINGER and the close (the best round of five interleaved runs):"
show "bare, linger off: FIN" bare bare
show "bare again" bare-again bare
show "abort asked for and cured, log off" off bare
show "the same, 100 records a second, to a file" limited bare
show "the same, two records each, to a file" records bare
awk -v all="$(best records)" -v none="$(best off)" -v line="$(best write)" 'BEGIN {
    printf "  a record in a file %.2f us; one write(2) of such a line %.2f us\n", (all - none) / 2000, line / 1000 }'
awk -v all="$(best syslog-records)" -v none="$(best syslog-off)" -v line="$(best syslog-3)" 'BEGIN {
    if (line == "-") print "  not measured: syslog, which needs root and a mount namespace"
    else printf "  a record to syslog %.2f us; syslog(3) of such a line %.2f us\n", (all - none) / 2000, line / 1000 }'

# Rules for other clients, which are all looked at.
rules() { # COUNT
    for ((i = 1; i < $1; i++)); do echo "allow peer 10.$((i / 256)).$((i % 256)).0/24"; done
    echo "orderly within 60s"
}
rules 1 >policy.1
rules 4096 >policy.4096
descriptors=$(($(ulimit -Hn) < 101100 ? $(ulimit -Hn) - 1100 : 100000))
for _ in 1 2 3 4 5; do
    for threads in 1 100 4000; do
        pair "bare-threads-$threads" fin -- "$threads"
        mapfile -t settings < <(with)
        pair "threads-$threads" abort "${settings[@]}" -- "$threads"
    done
    for count in 10 "$descriptors"; do
        pair "bare-descriptors-$count" fin -- 1 "$count"
        pair "descriptors-$count" abort "${settings[@]}" -- 1 "$count"
    done
    for count in 1 4096; do
        mapfile -t settings < <(with "LINGERGUARD_POLICY=$scratch/policy.$count")
        pair "rules-$count" abort "${settings[@]}" --
    done
done
echo
echo "The cured abort, log off, in a process that has more of something; times the bare pair in such a process:"
for threads in 1 100 4000; do show "$threads threads" "threads-$threads" "bare-threads-$threads"; done
for count in 10 "$descriptors"; do show "$count other descriptors" "descriptors-$count" "bare-descriptors-$count"; done
for count in 1 4096; do show "$count rules" "rules-$count" bare; done

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

echo
"$here/servers.sh" "$tests" "$library"
