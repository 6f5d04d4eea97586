#!/bin/bash
# SPDX-License-Identifier: MIT
# The system calls that liblingerguard(7) lists for those who write a seccomp filter are those that strace sees: what each way
# of using the library adds to the program's own calls. Where they differ this test prints the right lines.
# shellcheck disable=SC2016 # the shell inside expands
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

needs strace strace
manual=$LG_ROOT/shim/liblingerguard.7
if [ "$(uname -m)" != x86_64 ] || [ "$(id -u)" != 0 ] || ! strace -o /dev/null unshare --mount true 2>/dev/null; then
    skip strace "the list is that of x86-64, and strace and a namespace are needed" "the list"
    done_testing
fi

# Where every user can reach them.
cp "$LG_TESTS/interpose/traced" "$LG_LIB" "$tmp/"
chmod 755 "$tmp" "$tmp"/*
program=$tmp/traced
LG_LIB=$tmp/${LG_LIB##*/}

# calls FROM TO TRACE : how often each is made between two lines that match
calls() {
    awk -v from="$1" -v to="$2" '{ process = $1; if (sub(/^[0-9]+ +/, "") == 0) process = "" }
        on && process != of { next }
        on && $0 ~ to { exit }
        on && match($0, /^[a-z0-9_]+\(/) { n[substr($0, 1, RLENGTH - 1)]++ }
        !on && $0 ~ from { on = 1; of = process }
        END { for (name in n) print name, n[name] }' "$3" | sort
}

# added WAY RULES [WORD...] : the calls that the library adds, a line each; WORDs go before the program
added() {
    local way=$1 rules=$2
    shift 2
    rm -f "$tmp"/log*
    run_deadline 20 strace -f -o "$tmp/bare" "$@" "$program" "$way" >/dev/null 2>"$tmp/err" || note "$way: $(cat "$tmp/err")"
    run_deadline 20 strace -f -o "$tmp/with" -E LD_PRELOAD="$LG_LIB" -E LINGERGUARD_RULES="$rules" ${log:+-E LINGERGUARD_LOG="$log"} \
        "$@" "$program" "$way" >/dev/null 2>"$tmp/err" || note "$way, $rules: $(cat "$tmp/err")"
    join -a 2 -e 0 -o 0,1.2,2.2 <(calls mark-begin 'mark-end|exit_group' "$tmp/bare") <(calls mark-begin 'mark-end|exit_group' "$tmp/with") |
        awk '$3 > $2 && $1 != "faccessat" { print $1 }' # that one once a second, at the first of these calls
}

# row TITLE CALLS : the manual's line of this title has these
row() {
    local found said
    found=$(sort -u <<<"$2" | tr '\n' ' ' | sed 's/ $//; s/ /, /g')
    said=$(awk -v title=".It $1" '$0 == title { getline; print; exit }' "$manual")
    is "$1: the manual has the calls" "$said" "${found:-none}"
}

both() { # RULES : with and without waiting
    added unread "$1"
    added nonblocking "$1"
    added unsent "$1"
}

log=off
printf 'log file %s/log\norderly\n' "$tmp" >"$tmp/policy"
run_deadline 20 strace -o "$tmp/loaded" -E LD_PRELOAD="$LG_LIB" -E LINGERGUARD_POLICY="$tmp/policy" "$program" opened
row "when it is loaded" "$(echo readlinkat; calls '^readlinkat\(.*exe' '^(socket|chdir)' "$tmp/loaded" | awk '{ print $1 }')"
row "at a request for an abort" "$(for rules in orderly 'linger 1s' 'drain 1s' observe 'orderly local :1; orderly peer :1'; do
    added request "$rules"
    added request-received "$rules"
done)"
row "at one that is rejected" "$(added request reject)"
row "at the close of that socket" "$(added close orderly; both orderly)"
row "and with within" "$(both 'orderly within 2s')"
row "and with linger" "$(both 'linger 50ms')"
row "and with drain" "$(both 'drain 50ms')"
row "where a dup2 is that close" "$(added replaced orderly)"
row "where the exit is" "$(added exit orderly)"
row "at any close, with a rule on unread" "$(added plain 'orderly on unread')"
row "at connect and accept, with such a rule or one that drains" "$(added opened 'drain 1s on unread')"
row "at a disconnect, with a rule on it" "$(added disconnect 'observe on disconnect')"
# under_file WAY : all calls of a way under a policy file and a policy.d, but for those of the request itself
cat >"$tmp/own_etc.sh" <<'END'
mount -t tmpfs tmpfs /etc && mkdir -p /etc/lingerguard/policy.d && echo 'allow local :1' >/etc/lingerguard/policy.d/a.policy &&
    echo orderly >/etc/lingerguard/policy && echo 'orderly # too' >/etc/lingerguard/policy.new && exec "$@"
END
under_file() {
    run_deadline 20 strace -f -o "$tmp/with" unshare --mount sh "$tmp/own_etc.sh" env LD_PRELOAD="$LG_LIB" LINGERGUARD_LOG=off \
        TRACED_POLICY=/etc/lingerguard/policy "$program" "$1" >/dev/null 2>"$tmp/err" || note "$1: $(cat "$tmp/err")"
    calls mark-begin 'mark-end|exit_group' "$tmp/with" | awk '$1 !~ /sockopt|getsockname|getpeername|chdir/ { print $1 }'
}
row "once a second, at a request and at such a close" "$(under_file request)"
row "and where the policy has changed" "$(under_file changed | grep -vx faccessat)"

# counted WAY NAME : how often it is made under a policy file
counted() {
    run_deadline 20 strace -f -o "$tmp/with" -E LD_PRELOAD="$LG_LIB" -E LINGERGUARD_LOG=off -E LINGERGUARD_POLICY="$tmp/policy" \
        "$program" "$1" >/dev/null 2>"$tmp/err" || note "$1: $(cat "$tmp/err")"
    calls mark-begin 'mark-end|exit_group' "$tmp/with" | awk -v name="$2" '$1 == name { n = $2 } END { print n + 0 }'
}
# What the start of a program costs under the system's policy: each of its own calls, without those of the loader.
cat >"$tmp/installed.sh" <<'END'
mount -t tmpfs tmpfs /etc && mkdir /etc/lingerguard && printf 'log syslog\norderly within 30s\n' >/etc/lingerguard/policy && exec "$@"
END
run_deadline 20 strace -f -o "$tmp/started" unshare --mount sh "$tmp/installed.sh" env LD_PRELOAD="$LG_LIB" LINGERGUARD_LOG=stderr \
    /bin/true >/dev/null 2>"$tmp/err" || note "$(cat "$tmp/err")"
at_start=$(($(calls 'readlinkat\(.*exe' exit_group "$tmp/started" | awk '{ n += $2 } END { print n + 0 }') + 1))
is "the start of /bin/true makes $at_start calls, and no more than 9" "$([ "$at_start" -gt 5 ] && [ "$at_start" -le 9 ] && echo yes)" yes

looks=$(counted aborts newfstatat) # a stalled machine may take longer, or leave one out
is "2500 ms of aborts have a look a second: $looks" "$([ "$looks" -ge 1 ] && [ "$looks" -le 10 ] && echo yes)" yes
is "a process that aborts nothing has none" "$(counted innocent newfstatat) $(counted innocent faccessat)" "0 0"
log=stderr
limited='ulimit -f 100000 && exec "$@"'
row "for a record on standard error, a file" "$(added recorded orderly; added recorded orderly sh -c "$limited" sh)"
# What an older kernel needs for a pipe too.
row "on a pipe" "$(added recorded orderly sh -c 'exec "$1" "$2" 2>&1 | cat' sh; printf '%s\n' poll rt_sigprocmask write)"
row "on a terminal" "$(added recorded orderly "$program" on-terminal)"
row "for one of a socket that others may hold" "$(added shared orderly)"
log=$tmp/log
mkdir -m 777 "$tmp/theirs"
row "for a record in a file, which may have to be opened" "$(added rotated orderly
    added blocked orderly sh -c "$limited" sh
    log=$tmp/theirs/log && added recorded orderly -u nobody)"
log=syslog
cat >"$tmp/own_dev.sh" <<'END'
mount -t tmpfs tmpfs /dev && mknod -m 666 /dev/null c 1 3 && exec "$@"
END
row "for a record to syslog" "$(added recorded orderly unshare --mount sh "$tmp/own_dev.sh" "$program" with-syslog)"

done_testing
