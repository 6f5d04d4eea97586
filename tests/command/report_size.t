#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard report: a million records, and more groups than it keeps, in bounded memory.
. "$(dirname "$0")/../harness/tap.sh"

unset COLUMNS NO_COLOR
export LC_ALL=C

# limited KIB COMMAND... : with at most so much address space
limited() {
    limit=$1
    shift
    (
        # shellcheck disable=SC3045 # dash and bash have it
        ulimit -v "$limit" && exec "$@"
    )
}

# JSON::PP takes minutes for 100 MB; a row of the json form has a line of its own.
# summary FILE: some of the totals
summary() {
    perl -ne 'next if !/^"totals"/; my %t = /"(\w+)":(\d+)/g;
        print join(" ", map { $t{$_} } qw(records connections released_bytes lost_bytes suppressed forgotten_sockets)), "\n"; exit' "$1"
}

# 500,000 connections of two records each, 1,000 open at any time.
cat >"$tmp/million.pl" <<'END'
    my $common = '"pid":1,"tid":1,"exe":"/usr/sbin/server","fd":9,"cause":"linger-zero","verdict":"orderly",' .
        '"rule":"default","state":"established","local":"192.0.2.1:443"';
    for my $i (1 .. 500_000 + 1_000) {
        my $time = sprintf "2026-11-23T%02d:%02d:%02d.%06dZ", $i / 36000 % 24, $i / 600 % 60, $i / 10 % 60, $i % 10 * 100000;
        my $close = $i - 1_000;
        printf qq({"time":"$time",$common,"call":"setsockopt","socket":$i,"outcome":"disarmed","caller":"server+0x10",) .
            qq("peer":"10.%d.%d.1:4000"}\n), $i % 7, $i % 200 if $i <= 500_000;
        printf qq({"time":"$time",$common,"call":"close","socket":$close,"outcome":"orderly","caller":"server+0x20",) .
            qq("unsent_bytes":3,"suppressed":1,"peer":"10.%d.%d.1:4000"}\n), $close % 7, $close % 200 if $close > 0;
    }
END
perl "$tmp/million.pl" | limited 98304 "$LG_COMMAND" report -f json >"$tmp/million.json"
is "a million records, 96 MiB of address space" "$(summary "$tmp/million.json")" "1000000 500000 1500000 0 500000 0"
is "every close found who asked" \
    "$(sed -n 's/.*"caller":"\([^"]*\)","build_id":null,"others":false,"records":\([0-9]*\),"connections":\([0-9]*\).*/\1 \2 \3/p' "$tmp/million.json")" \
    "server+0x10 1000000 500000"
is "the timeline holds every record" \
    "$(perl -ne '$sum += $1 + $2 + $3 + $4 if /^\{"orderly":(\d+),"cut":(\d+),"aborted":(\d+),"asked":(\d+)/; END { print $sum }' \
        "$tmp/million.json")" 1000000

# More call sites than are kept apart.
perl -e 'for my $i (1 .. 70_000) {
    print qq({"exe":"/bin/many","call":"close","cause":"linger-zero","outcome":"aborted","socket":$i,"unsent_bytes":1,) .
        qq("caller":"many+0x$i","peer":"10.0.0.1:1","local":"10.0.0.2:2"}\n) }' >"$tmp/many.log"
"$LG_COMMAND" report -f json "$tmp/many.log" >"$tmp/many.json"
is "beyond 65,536 groups the rest is one, last in its table" \
    "$(perl -ne '$table = $1, $groups = $2 if /^"(by_\w+)":\{"groups":(\d+)/; $row = $_ if $table eq "by_call_site" && /^\{/;
        END { my %r = $row =~ /"(\w+)":(\w+)/g; print join " ", $first, @r{qw(exe others records connections lost_bytes)} }
        $first //= $groups' "$tmp/many.json")" "65537 null true 4464 4464 4464"
is "nothing is lost in the totals" "$(summary "$tmp/many.json")" "70000 70000 0 70000 0 0"
"$LG_COMMAND" report -n 0 "$tmp/many.log" >"$tmp/many.txt"
like "the table has it as well" "$(grep -A 1 '^(others)' "$tmp/many.txt")" "4,464     4,464"
like "and says what it is" "$(tail -n 1 "$tmp/many.txt")" "(others) stands for what is beyond"
unlike "which only a report with such a group says" \
    "$(head -n 10 "$tmp/many.log" | "$LG_COMMAND" report)" "(others)"

# As many different and long texts as a hostile log can hold: every table at its limit.
perl -e 'my $long = "x" x 600; for my $i (1 .. 100_000) {
    printf qq({"exe":"/$long/$i","call":"close","cause":"c$i$long","verdict":"v$i","rule":"r$long:$i","outcome":"aborted",) .
        qq("socket":$i,"caller":"$long+0x$i","peer":"[2001:db8:%x:%x::1]:1","local":"10.0.0.2:%d"}\n),
        $i >> 8, $i & 255, $i & 65535 }' | limited 262144 "$LG_COMMAND" report -f json >"$tmp/hostile.json"
is "a log of nothing but different texts, 256 MiB of address space" "$(summary "$tmp/hostile.json")" "100000 100000 0 0 0 0"
check "keys take no more than 8 MiB of a table" \
    test "$(sed -n 's/^"by_call_site":{"groups":\([0-9]*\).*/\1/p' "$tmp/hostile.json")" -le 7000
is "every table adds up, (others) included" \
    "$(perl -ne '$table = $1 if /^"(\w+)":/; $sum{$table} += $1 if /^\{.*"records":(\d+),"connections"/;
        END { print map { "$_ $sum{$_}\n" } grep /^by_/, sort keys %sum }' "$tmp/hostile.json")" \
    "by_call_site 100000
by_cause 100000
by_local_port 100000
by_peer_network 100000
by_policy 100000
by_rule 100000
by_tag 100000"

# More sockets waiting for their close than the table of sockets holds.
perl -e 'for my $call (qw(setsockopt close)) { for my $i (1 .. 300_000) {
    my $outcome = $call eq "close" ? "orderly" : "disarmed";
    print qq({"call":"$call","cause":"linger-zero","outcome":"$outcome","socket":$i,"caller":"$call+0x1","peer":"10.0.0.1:1"}\n) } }' |
    limited 98304 "$LG_COMMAND" report -f json >"$tmp/open.json"
is "sockets that were forgotten are counted and said" \
    "$(summary "$tmp/open.json" | awk '{ print $1, ($2 >= 300000 ? "enough" : "too few"), ($6 > 100000 ? "said" : "not said") }')" \
    "600000 enough said"
done_testing
