#!/bin/sh
# SPDX-License-Identifier: MIT
# The kernel's account of real resets, by bpftrace and without, joined with what the library recorded of them.
# shellcheck disable=SC2016,SC2317 # Perl expressions; called through wait_until
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../../tests/harness/tap.sh"

here=$LG_ROOT/examples/resets
# Every account and what it means, as the report has it.
for account in allowed missed after silent unknown none; do
    like "the README explains: $account" "$(cat "$here/README.md")" "| **$account** |"
done
# The report of the README, of a trace and a log that say the same.
lines() { # COUNT FIRST-SOCKET KEYS... : resets with cookies of their own, ten minutes long
    perl -e 'my ($count, $first, $keys) = @ARGV;
        for (0 .. $count - 1) { my $line = $keys; my $n = $first + $_; $line =~ s/@/$n/g;
            printf "2026-11-23T12:%02d:%02d.000000Z %s\n", $_ == $count - 1 ? (9, 57) : (0, 2), $line }' "$@"
}
{
    lines 80 1 'from=call socket=@ state=CLOSE reason=TCP_STATE local=10.0.0.1:8080 peer=192.0.2.9:40@ linger=1,0 accepted=1 library=1 comm=legacy'
    lines 9 100 'from=call socket=0 state=CLOSE reason=TCP_STATE local=10.0.0.1:8080 peer=192.0.2.8:40@ linger=0,0 accepted=0 library=1 comm=legacy'
    lines 30 200 'from=call socket=0 state=CLOSE reason=TCP_STATE local=10.0.0.1:9100 peer=192.0.2.9:40@ linger=1,0 accepted=1 library=0 comm=exporter'
    lines 3 300 'from=packet socket=@ state=CLOSE reason=TCP_ABORT_ON_DATA local=10.0.0.1:8080 peer=192.0.2.9:40@ syn=0'
    lines 7 400 'from=call socket=0 state=CLOSE reason=TCP_ABORT_ON_CLOSE local=10.0.0.1:8080 peer=192.0.2.9:40@ linger=0,0 accepted=1 library=1 comm=legacy'
    lines 2 500 'from=packet reason=NO_SOCKET local=10.0.0.1:22222 peer=192.0.2.9:40@ syn=1'
} >"$tmp/resets.trace"
perl -e 'sub record { my ($time, $rest) = @_; print qq({"time":"2026-11-23T12:$time.000000Z","exe":"/srv/legacy","call":"close","fd":4,$rest}\n) }
    my $observe = qq("cause":"linger-zero","verdict":"observe","rule":"policy:4","outcome");
    for (1 .. 80) { my $is = qq("socket":$_,"local":"10.0.0.1:8080","peer":"192.0.2.9:40$_"); record("00:02", "$is,$observe:\"allowed\""); record("00:03", "$is,$observe:\"aborted\"") }
    record($_, q("socket":90,"cause":"backlog","verdict":"observe","rule":"policy:3","outcome":"aborted","state":"LISTEN","local":"0.0.0.0:8080")) for "00:02", "09:58";
    for (300 .. 391) { record("00:03", qq("socket":$_,"cause":"linger-zero","verdict":"orderly","rule":"policy:5","outcome":"orderly","local":"10.0.0.1:8080","peer":"192.0.2.9:40$_")) }' >"$tmp/log"
is "the report is that of the README" "$(cd "$tmp" && COLUMNS=120 "$LG_COMMAND" report --resets resets.trace log)" \
    "$(sed -n '/^    What became/,/^    .*refused/{s/^    //;p;}' "$here/README.md")"
check "a word that is none is refused" sh -c "! '$here/resets.sh' perf 2>/dev/null"
if [ "$(id -u)" -ne 0 ]; then
    skip root "tracing needs root"
    done_testing
fi
# In a mount namespace of its own, so that this system's tracefs stays as it was.
if ! unshare --mount sh -c '[ -d /sys/kernel/tracing/events ] || mount -t tracefs t /sys/kernel/tracing
        test -r /sys/kernel/tracing/events/tcp/tcp_send_reset/format' 2>/dev/null; then
    skip tracing "no tracepoint tcp:tcp_send_reset is to be had here"
    done_testing
fi

# scenes NAME... : a listener for each, its port on standard output, and what happens to a connection; then it waits.
cat >"$tmp/scenes.pl" <<'END'
use strict;
use Socket;
use IO::Socket::INET;
$| = 1;
my @kept;
for my $name (@ARGV) {
    # Below the ports that the kernel gives to clients, as a service has it.
    my ($listener, $port);
    until ($listener) {
        $port = 10000 + int rand 20000;
        $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 5);
    }
    my $client = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die $!;
    if ($name eq "backlog") {
        close $listener;
    } else {
        my $server = $listener->accept or die $!;
        if ($name eq "linger-zero" || $name eq "cured") {
            setsockopt($server, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0)) or die $!;
            close $server;
        } elsif ($name eq "unread") {
            syswrite $client, "x";
            select(undef, undef, undef, 0.01) until eval { recv($server, my $byte, 1, MSG_PEEK | MSG_DONTWAIT); length $byte };
            close $server;
        } elsif ($name eq "late") {
            close $server;
        } elsif ($name eq "disconnect") {
            connect($client, pack("S x14", AF_UNSPEC));
            push @kept, $server;
        }
        # The peer sends on. What comes first may find the socket, what comes later may not.
        if ($name eq "late" || $name eq "cured") { local $SIG{PIPE} = "IGNORE"; syswrite $client, "x" }
    }
    push @kept, $client, $listener;
    print "$name $port\n";
}
print "done\n";
sleep 600;
END

# The three programs, and in $tmp/HOW.ports what happened where.
happened() {
    export LINGERGUARD_FORMAT=json
    in_background "$how-observed" env LD_PRELOAD="$LG_LIB" LINGERGUARD_LOG="$tmp/$how.log" \
        LINGERGUARD_RULES='observe; observe on backlog' perl "$tmp/scenes.pl" linger-zero unread late disconnect backlog
    in_background "$how-cured" env LD_PRELOAD="$LG_LIB" LINGERGUARD_LOG="$tmp/$how.log" LINGERGUARD_RULES=orderly \
        perl "$tmp/scenes.pl" cured
    in_background "$how-without" perl "$tmp/scenes.pl" linger-zero unread
    for part in observed cured without; do
        wait_until 60 grep -q "done" "$tmp/$how-$part.out" || note "$(cat "$tmp/$how-$part.err")"
        sed -n "s/ / $part /p" "$tmp/$how-$part.out"
    done >"$tmp/$how.ports"
}
traced_all() {
    while read -r _ _ port; do grep -q ":$port " "$tmp/$how.out" || return 1; done <"$tmp/$how.ports"
}
# traced HOW SCRIPT: the three programs under a trace; $tmp/HOW.trace and $tmp/HOW.log
traced() {
    how=$1
    in_background "$how" unshare --mount "$2" "${how%%-*}"
    tracer=$pid
    closed=$(perl -MIO::Socket::INET -e 'until ($s) { $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1, LocalPort => 10000 + int rand 20000) } print $s->sockport')
    refused() {
        perl -MIO::Socket::INET -e 'IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => shift)' "$closed"
        grep -q " local=127.0.0.1:$closed " "$tmp/$how.out"
    }
    wait_until 120 refused || note "$(tail -n 5 "$tmp/$how.err")"
    # Others make resets too, and what a burst of theirs pushes out is lost: again then, on other ports.
    for _ in 1 2 3; do
        happened && wait_until 30 traced_all && break
        note "not all of it was traced: $(tail -n 3 "$tmp/$how.err")"
    done
    end_background "$tracer" 30
    report=$("$LG_COMMAND" report -f json --resets "$tmp/$how.out" "$tmp/$how.log" 2>"$tmp/$how.said")
    is "$how: every line is one of a trace" "$(cat "$tmp/$how.said")" ""
}
# says PART SCENE WANTED: account and cause of what happened on its port
says() {
    port=$(awk -v part="$1" -v scene="$2" '$1 == scene && $2 == part { print $3 }' "$tmp/$how.ports")
    is "$how: $2, $1" "$(printf '%s' "$report" | perl -MJSON::PP -0777 -ne 'BEGIN { $port = shift @ARGV }
        print join "; ", sort map "$_->{account} $_->{cause}", grep { ($_->{local_port} // $_->{peer_port}) == $port } @{decode_json($_)->{rows}}' \
        "$port" -)" "$3"
}
says_all() { # CAUSE : of a call that the trace cannot tell from others without it, and of a disconnect
    says observed linger-zero "allowed linger-zero"
    says observed backlog "allowed backlog"
    says observed unread "silent unread"
    says observed late "none late"
    says cured cured "after late"
    says without linger-zero "missed $1"
    says without unread "missed unread"
}

traced tracefs "$here/resets.sh"
says_all abort
is "tracefs: its instance is gone" "$(unshare --mount sh -c '[ -d /sys/kernel/tracing/events ] || mount -t tracefs t /sys/kernel/tracing
    ls /sys/kernel/tracing/instances' | grep -c "lingerguard-$tracer\$")" 0

needs bpftrace bpftrace
traced bpftrace "$here/resets.sh"
says_all linger-zero
says observed disconnect "silent disconnect"
like "bpftrace: the cookie is there" "$(cat "$tmp/bpftrace.out")" " socket="
is "bpftrace: a refused connection is none of ours" "$(printf '%s' "$report" | perl -MJSON::PP -0777 -ne 'BEGIN { $port = shift @ARGV }
    print map "$_->{account} $_->{cause}", grep { ($_->{local_port} // 0) == $port } @{decode_json($_)->{rows}}' "$closed" -)" "none refused"

# As on a kernel without reasons.
mkdir "$tmp/old"
cp "$here/resets.bt" "$tmp/old"
sed 's/REC->reason/REC->none/' "$here/resets.sh" >"$tmp/old/resets.sh"
chmod 755 "$tmp/old/resets.sh"
traced bpftrace-old "$tmp/old/resets.sh"
says observed linger-zero "allowed linger-zero"
says observed backlog "allowed backlog"
says observed unread "silent abort"
says without linger-zero "missed linger-zero"
says cured cured "after late"
unlike "bpftrace-old: no reason" "$(cat "$tmp/bpftrace-old.out")" reason=
is "nothing is left" "$(find "$tmp" -name 'lingerguard-resets*'; find /tmp -maxdepth 1 -name "lingerguard-resets.*" -newer "$tmp/scenes.pl")" ""
done_testing
