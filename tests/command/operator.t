#!/bin/sh
# SPDX-License-Identifier: MIT
# A policy that changes under running processes, as an operator sees it: status --processes on the library itself.
# shellcheck disable=SC2016,SC2317 # programs of perl and other shells; functions that are called through wait_until
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/command/answer.sh
. "$(dirname "$0")/answer.sh"
# shellcheck source=tests/command/processes.sh
. "$(dirname "$0")/processes.sh"

alone "$0"
cd "$tmp" || exit 1
if [ -z "${LG_ISOLATED-}" ]; then
    skip pid "no namespaces" "a policy that changes under running processes"
    done_testing
fi
mkdir etc
mount -t tmpfs none etc
cp -a /etc/. etc/
rm -rf etc/lingerguard etc/ld.so.preload
mkdir etc/lingerguard
mount --bind etc /etc # of this namespace alone
umount etc

policy=/etc/lingerguard/policy
digest() {
    "$LG_COMMAND" check-policy "$policy" | sed 's/.*policy //'
}
write() {
    printf '%s\n' "$1" >"$policy.new"
    mv "$policy.new" "$policy"
}
write 'log off; orderly within 30s'
old=$(digest)

# Asks for an abort ten times a second
busy='use Socket; $| = 1; socket my $l, AF_INET, SOCK_STREAM, 0; bind $l, pack_sockaddr_in 0, INADDR_LOOPBACK; listen $l, 5;
    while (1) {
        socket my $c, AF_INET, SOCK_STREAM, 0; connect $c, getsockname $l; accept my $s, $l;
        setsockopt $s, SOL_SOCKET, SO_LINGER, pack "ii", 1, 0; close $s; close $c; select undef, undef, undef, 0.1;
    }'
busy_pids=
idle_pids=
for _ in 1 2 3 4 5 6 7 8; do
    in_background busy env LD_PRELOAD="$LG_LIB" perl -e "$busy"
    busy_pids="$busy_pids $pid"
    in_background idle env LD_PRELOAD="$LG_LIB" sleep 600
    idle_pids="$idle_pids $pid"
done
in_background off env LD_PRELOAD="$LG_LIB" LINGERGUARD_OFF=1 sleep 600
off=$pid
in_background own env LD_PRELOAD="$LG_LIB" LINGERGUARD_RULES='observe' LINGERGUARD_LOG=stderr sleep 600
own=$pid
in_background broken env LD_PRELOAD="$LG_LIB" LINGERGUARD_RULES='nonsense' sleep 600
broken=$pid
in_background without sleep 600
lg_start_settled

# all_say KEYS VALUES PID...
all_say() {
    all_keys=$1 all_wanted=$2
    shift 2
    look
    for all_pid in "$@"; do
        # shellcheck disable=SC2086 # words
        [ "$(its "$all_pid" $all_keys)" = "$all_wanted" ] || return 1
    done
}
all() { # NAME KEYS VALUES PID...
    all_name=$1
    shift
    if wait_until 30 all_say "$@"; then
        ok "$all_name"
    else
        not_ok "$all_name" "$("$LG_COMMAND" status --processes)"
    fi
}
look
if [ "$(its "$own" loaded)" != true ]; then
    skip visible "the library does not show itself" "a policy that changes under running processes"
    done_testing
fi
# shellcheck disable=SC2086 # pids
{
    all "every process shows the policy that check-policy prints" "policy flags" "$old []" $busy_pids $idle_pids
    all "one that is off says so" "flags policy" "[off] -" "$off"
    all "one with rules of its own shows theirs" "policy log" \
        "$("$LG_COMMAND" check-policy -r observe | sed 's/.*policy //') stderr" "$own"
    all "one whose policy cannot be used says so" "flags" "[unusable]" "$broken"
    is "the counts are those" "$(json 'scalar @{$_->{processes}}')" 19

    write 'log off; orderly within 31s'
    new=$(digest)
    all "an edit reaches the processes that abort" "policy flags" "$new []" $busy_pids
    all "and not those that never look" "policy flags" "$old []" $idle_pids
    like "the table counts both" "$("$LG_COMMAND" status --processes)" "    8 under policy $new
    8 under policy $old"
    write 'ordrly'
    all "an edit with an error is told, and the policy before it stays" "policy flags" "$new [kept]" $busy_pids
    write 'log off; orderly within 31s'
    all "until it is mended" "policy flags" "$new []" $busy_pids
    "$LG_COMMAND" off >/dev/null
    all "off reaches them too" "flags" "[off-file]" $busy_pids
    "$LG_COMMAND" on >/dev/null
    all "and on" "policy flags" "$new []" $busy_pids
}
done_testing
