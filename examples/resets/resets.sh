#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints a line for each RST that this host sends, until it is interrupted, for `lingerguard report --resets`:
#
#   resets.sh [bpftrace|tracefs] >resets.trace
#
#   bpftrace  all that there is to know; needs bpftrace 0.17, a kernel with BTF, Linux 4.16
#   tracefs   nothing but a shell and awk, and Linux 6.10: no cookie and no linger, so less can be told apart
#
# Without a word, bpftrace where it is installed. Needs root.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
how=${1:-}
[ -n "$how" ] || { command -v bpftrace >/dev/null && how=bpftrace || how=tracefs; }
case $how in
bpftrace | tracefs) ;;
*)
    sed -n '3,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac

tracing=/sys/kernel/tracing
[ -d $tracing/events ] || mount -t tracefs tracefs $tracing 2>/dev/null || tracing=/sys/kernel/debug/tracing
format=$tracing/events/tcp/tcp_send_reset/format
[ -r "$format" ] || {
    echo "resets.sh: no tracepoint tcp:tcp_send_reset in $tracing: root, tracefs and Linux 4.16 are needed" >&2
    exit 1
}

# The names of the reasons, NUMBER NAME a line; nothing before Linux 6.10.
reasons() {
    sed -n 's/.*REC->reason, *//p' "$format" | grep -o '{ [0-9]*, "[A-Z0-9_]*" }' | sed 's/{ \(.*\), "\(.*\)" }/\1 \2/'
}

with_bpftrace() {
    if [ -n "$(reasons)" ]; then
        names=$(reasons | sed 's/\(.*\) \(.*\)/@reason[\1] = "\2";/' | tr '\n' ' ')
        sed "s|REASONS|$names|; s|REASON_FORM| reason=%s|; s|REASON_OF|, @reason[args->reason]|
            s|CLEAR|clear(@reason);|" "$here/resets.bt"
    else
        sed 's/REASON[A-Z_]*//; s/CLEAR//' "$here/resets.bt"
    fi >"$own/resets.bt"
    # Room for bursts: what does not fit is lost, which bpftrace says.
    BPFTRACE_PERF_RB_PAGES=1024 TZ=UTC exec bpftrace -B none "$own/resets.bt"
}

# An instance of its own, so that no other tracing is touched; its clock counts from the boot.
instance=$tracing/instances/lingerguard-$$
with_tracefs() {
    [ -n "$(reasons)" ] || {
        echo "resets.sh: this kernel gives no reasons: bpftrace is needed" >&2
        exit 1
    }
    mkdir "$instance"
    echo boot >"$instance/trace_clock"
    echo 1 >"$instance/events/tcp/tcp_send_reset/enable"
    exec cat "$instance/trace_pipe"
}

# mawk waits for a block unless it is told not to, and others do not know the option.
interactive=
! awk -W version 2>&1 </dev/null | grep -q '^mawk' || interactive='-W interactive'

# COMM-PID [CPU] FLAGS SECONDS: tcp_send_reset: skbaddr=... skaddr=... src=... dest=... state=... reason=...
from_tracefs() {
    boot=$(awk -v now="$(date +%s.%N)" '{ printf "%.6f", now - $1 }' /proc/uptime)
    # shellcheck disable=SC2086 # two words
    TZ=UTC exec awk $interactive -v boot="$boot" '
        !match($0, /: tcp_send_reset: skbaddr=[0-9a-f]* skaddr=[0-9a-f]* src=/) { next }
        {
            head = substr($0, 1, RSTART - 1)
            split(substr($0, RSTART + length(": tcp_send_reset: ")), words, " ")
            for (i in words) {
                equals = index(words[i], "=")
                value[substr(words[i], 1, equals - 1)] = substr(words[i], equals + 1)
            }
            at = head
            sub(/.* /, "", at)
            at += boot
            match(head, /-[0-9]+ +\[[0-9]+\] /)
            comm = substr(head, 1, RSTART - 1)
            sub(/^ +/, "", comm)
            printf "%s.%06dZ from=%s", strftime("%Y-%m-%dT%H:%M:%S", int(at)), (at - int(at)) * 1000000,
                value["skbaddr"] ~ /^0+$/ ? "call" : "packet"
            if (sub(/^TCP_/, "", value["state"])) printf " state=%s", value["state"]
            printf " reason=%s local=%s peer=%s pid=%d comm=%s\n", value["reason"], value["src"], value["dest"],
                substr(head, RSTART + 1), comm
            fflush()
        }'
}

# Whether the process that calls has the library is to be seen while it lives. `comm` may hold anything, and is last.
with_library() {
    # shellcheck disable=SC2086 # two words
    exec awk $interactive '
        /^[0-9].* from=call .* comm=/ {
            at = index($0, " comm=")
            head = substr($0, 1, at - 1)
            match(head, / pid=[0-9]+/)
            maps = "/proc/" substr(head, RSTART + 5, RLENGTH - 5) "/maps"
            library = ""
            while ((getline line <maps) > 0) {
                library = " library=" (line ~ /liblingerguard/)
                if (library == " library=1") break
            }
            close(maps)
            print head library substr($0, at)
            fflush()
            next
        }
        /^[0-9].* from=/ { print; fflush() }'
}

# What is started here ends with this script.
own=$(mktemp -d "${TMPDIR:-/tmp}/lingerguard-resets.XXXXXX")
mkfifo "$own/pipe"
tracer=
finish() {
    [ -z "$tracer" ] || kill "$tracer" 2>/dev/null || true
    wait
    [ ! -d "$instance" ] || rmdir "$instance"
    rm -rf "$own"
}
trap finish EXIT
trap 'exit 0' INT TERM HUP
"with_$how" >"$own/pipe" &
tracer=$!
# All of it in the background: a signal ends a wait at once.
case $how in
bpftrace) with_library <"$own/pipe" & ;;
tracefs) from_tracefs <"$own/pipe" | with_library & ;;
esac
wait "$tracer" # its status is this one's
