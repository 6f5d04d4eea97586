#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard report: the tables, what is joined, what the bytes mean, inputs and exit statuses.
. "$(dirname "$0")/../harness/tap.sh"

logs=$LG_ROOT/tests/command/report
unset COLUMNS NO_COLOR
export LC_ALL=C

report() {
    "$LG_COMMAND" report "$@"
}

# field KEY... : one number or text of the json form on standard input; by_call_site.rows.0.exe
field() {
    perl -MJSON::PP -0777 -e '
        my $at = JSON::PP->new->allow_nonref->decode(scalar <STDIN>);
        for (split /\./, $ARGV[0]) {
            $at = ref $at eq "ARRAY" ? $at->[$_] : $at->{$_};
        }
        print ref $at eq "ARRAY" ? join("|", @$at) : defined $at ? $at : "null", "\n";' "$1"
}

# row TABLE KEY VALUE FIELD : a field of the row whose KEY is VALUE, "none" without such a row
row() {
    perl -MJSON::PP -0777 -e '
        my ($table, $key, $value, $field) = @ARGV;
        for (@{JSON::PP->new->decode(scalar <STDIN>)->{$table}{rows}}) {
            my $is = ref $_->{$key} ? join("|", @{$_->{$key}}) : $_->{$key} // "null";
            print(($_->{$field} // "null") . "\n"), exit if $is eq $value;
        }
        print "none\n";' "$@"
}

# record KEY VALUE... : one record line
record() {
    perl -MJSON::PP -e '
        my %record = (time => "2026-11-23T18:00:00Z", pid => 1, exe => "/bin/a", call => "close", socket => 7,
            cause => "linger-zero", verdict => "orderly", rule => "default", outcome => "orderly", caller => "a+0x1",
            local => "192.0.2.1:80", peer => "198.51.100.7:4000");
        while (@ARGV) {
            my ($key, $value) = splice @ARGV, 0, 2;
            if ($value eq "absent") { delete $record{$key} } else { $record{$key} = $value =~ /^\d+$/ ? 0 + $value : $value }
        }
        print JSON::PP->new->canonical->encode(\%record), "\n";' "$@"
}

COLUMNS=80 report -n 2 "$logs/sample.log" >"$tmp/80.txt"
check "the table at 80 columns, two rows each, in ASCII" diff -u "$logs/sample.80.txt" "$tmp/80.txt"
if locale -a 2>/dev/null | grep -qi '^C\.utf'; then
    LC_ALL=C.UTF-8 COLUMNS=120 report "$logs/sample.log" >"$tmp/wide.txt"
    check "the table at 120 columns, all rows, in UTF-8" diff -u "$logs/sample.wide.txt" "$tmp/wide.txt"
else
    skip locale "no C.UTF-8 locale" "the table at 120 columns, all rows, in UTF-8"
fi
widest=$(COLUMNS=80 report "$logs/sample.log" | grep -v vsftpd | awk '{ if (length > most) most = length } END { print most }')
check "no line of a table is wider than the terminal" test "$widest" -le 80

report -f json "$logs/sample.log" >"$tmp/sample.json"
is "totals: records" "$(field totals.records <"$tmp/sample.json")" 10
is "totals: connections, listeners not counted" "$(field totals.connections <"$tmp/sample.json")" 6
is "totals: programs" "$(field totals.programs <"$tmp/sample.json")" 4
is "totals: saved is what a linger or drain saw acknowledged" "$(field totals.saved_bytes <"$tmp/sample.json")" 6144
is "totals: released is what was left to the kernel" "$(field totals.released_bytes <"$tmp/sample.json")" 1005000
is "totals: lost are the unsent bytes of aborts" "$(field totals.lost_bytes <"$tmp/sample.json")" 1500
is "totals: what was unsent at a deadline stands apart" "$(field totals.deadline_bytes <"$tmp/sample.json")" 5000
is "totals: unread input of aborts" "$(field totals.discarded_bytes <"$tmp/sample.json")" 64
is "totals: drained input" "$(field totals.drained_bytes <"$tmp/sample.json")" 300
is "totals: time in closes" "$(field totals.waited_ms <"$tmp/sample.json")" 2150
is "totals: suppressed" "$(field totals.suppressed <"$tmp/sample.json")" 8
is "totals: suppressed share of written and suppressed" "$(field totals.suppressed_share <"$tmp/sample.json")" 0.444444
is "totals: problems of the library are not records" "$(field totals.problems <"$tmp/sample.json")" 1
is "totals: first seen" "$(field totals.first <"$tmp/sample.json")" 2026-11-23T18:00:00.000000Z
is "totals: last seen" "$(field totals.last <"$tmp/sample.json")" 2026-11-23T19:00:00.500000Z
is "the problem's text" "$(field problems.rows.0.error <"$tmp/sample.json")" \
    "policy /etc/lingerguard/policy: Permission denied; the built-in policy stays in force"

is "joined: the close counts at the call site that asked" \
    "$(row by_call_site caller nginx+0x4a3f0 released_bytes <"$tmp/sample.json")" 1000000
is "joined: one connection of two records" "$(row by_call_site caller nginx+0x4a3f0 connections <"$tmp/sample.json")" 1
is "joined: a close nobody asked for stays at its own call site" \
    "$(row by_call_site caller nginx+0x5b000 records <"$tmp/sample.json")" 1
is "joined: a listener's setsockopt has no connection" \
    "$(row by_call_site caller nginx+0x1000 connections <"$tmp/sample.json")" 0
is "joined: a socket that connects after the setsockopt" \
    "$(row by_call_site caller haproxy+0x19aa lost_bytes <"$tmp/sample.json")" 1500
is "frames of a caller make one group" \
    "$(row by_call_site caller 'libnio.so+0x8a10|libnio.so+0x9000|libjvm.so+0x77' records <"$tmp/sample.json")" 2
is "by port, IPv6 and IPv4-mapped alike" "$(row by_local_port port 8080 connections <"$tmp/sample.json")" 2
is "an address that is not known yet is not a connection's" \
    "$(row by_local_port port null connections <"$tmp/sample.json")" 0
is "by network: the /24, IPv4-mapped included" \
    "$(row by_peer_network network 198.51.100.0/24 records <"$tmp/sample.json")" 5
is "by network: the /64" "$(row by_peer_network network 2001:db8:1:2::/64 records <"$tmp/sample.json")" 1
is "by cause: only the first word of a verdict" "$(row by_cause verdict reject records <"$tmp/sample.json")" 1
is "by rule" "$(row by_rule rule /etc/lingerguard/policy:5 deadline_bytes <"$tmp/sample.json")" 5000

reversed() {
    perl -e 'print reverse <>' "$1"
}
reversed "$logs/sample.log" | report -f json >"$tmp/reversed.json"
for table in by_call_site by_local_port by_peer_network by_cause by_rule; do
    is "the order of lines changes nothing: $table" "$(field "$table.groups" <"$tmp/reversed.json")" \
        "$(field "$table.groups" <"$tmp/sample.json")"
done
is "the order of lines changes nothing: who asked" \
    "$(row by_call_site caller nginx+0x4a3f0 released_bytes <"$tmp/reversed.json")" 1000000
is "the order of lines changes nothing: connections" "$(field totals.connections <"$tmp/reversed.json")" 6

# What each outcome does with 10 unsent and 3 unread bytes: saved, released, lost, deadline, discarded.
for line in orderly:0,10,0,0,0 lingered:10,0,0,0,0 drained:10,0,0,0,0 muted:0,10,0,0,0 handed:0,10,0,0,0 \
    disarmed:0,10,0,0,0 aborted:0,0,10,0,3 rearmed:0,0,10,0,3 deadline:0,10,0,10,0 peer-reset:0,0,0,0,0 \
    allowed:0,0,0,0,0 rejected:0,0,0,0,0 unheard-of:0,0,0,0,0; do
    outcome=${line%%:*}
    record fd 4 outcome "$outcome" unsent_bytes 10 unread_bytes 3 | report -f json >"$tmp/one.json"
    is "the bytes of a close that was $outcome" \
        "$(for name in saved released lost deadline discarded; do field "totals.${name}_bytes" <"$tmp/one.json"; done | paste -sd, -)" \
        "${line#*:}"
done
for call in setsockopt syscall; do
    is "a disarmed $call releases nothing yet" \
        "$(record call $call outcome disarmed unsent_bytes 10 | report -f json | field totals.released_bytes)" 0
done
is "sums stop at the largest number" \
    "$({ record unsent_bytes 9; record unsent_bytes 9; } | sed 's/"unsent_bytes":9/"unsent_bytes":18446744073709551615/' |
        report -f json | field totals.released_bytes)" 18446744073709551615

{ record peer 198.51.100.7:1; record peer 198.51.100.7:2; } >"$tmp/cookie.log"
is "one cookie with two peers is two connections" "$(report -f json "$tmp/cookie.log" | field totals.connections)" 2
{ record; record outcome aborted; } >"$tmp/cookie.log"
is "one cookie with one peer is one connection" "$(report -f json "$tmp/cookie.log" | field totals.connections)" 1
{ record socket absent; record socket absent; } >"$tmp/cookie.log"
is "without cookies each end is a connection" "$(report -f json "$tmp/cookie.log" | field totals.connections)" 2
{ record cause backlog outcome aborted state listen peer absent; } >"$tmp/cookie.log"
is "a backlog has no connection that we could count" "$(report -f json "$tmp/cookie.log" | field totals.connections)" 0
record time absent exe absent caller absent local absent peer absent >"$tmp/unknown.log"
is "what is not known is null" "$(report -f json "$tmp/unknown.log" |
    sed -n 's/.*"exe":\([a-z]*\),"caller":\([a-z]*\).*"first":\([a-z]*\).*/\1 \2 \3/p')" "null null null"
like "what is not known says so" "$(report "$tmp/unknown.log")" "(not known)  (not known)"

is "standard input without an operand" "$(report -f json <"$logs/sample.log" | field totals.records)" 10
is "standard input for -" "$(report -f json - <"$logs/sample.log" | field totals.records)" 10
is "several logs add up" "$(report -f json "$logs/sample.log" "$tmp/unknown.log" | field totals.records)" 11
is "a last line without its end" "$(printf %s "$(record)" | report -f json | field totals.records)" 1
is "lines that end in CR LF" "$(record | sed 's/$/\r/' | report -f json | field totals.records)" 1
if command -v gzip >/dev/null; then
    gzip -c "$logs/sample.log" >"$tmp/sample.log.gz"
    is "a rotated log through a pipe" "$(gzip -dc "$tmp/sample.log.gz" | report -f json | field totals.records)" 10
    message=$(report "$tmp/sample.log.gz" 2>&1 >"$tmp/out")
    is "a gzip file as operand: exit status" "$(report "$tmp/sample.log.gz" >"$tmp/out" 2>&1; echo $?)" 1
    is "a gzip file as operand says what to do" "$message" \
        "lingerguard: $tmp/sample.log.gz: compressed; try: zcat $tmp/sample.log.gz | lingerguard report"
else
    skip gzip "gzip is not installed"
fi

is "no record: exit status" "$(report /dev/null >"$tmp/out"; echo $?)" 0
is "no record: says so" "$(report /dev/null)" "no records"
is "no record: json" "$(report -f json /dev/null | field totals.first)" null
is "a log that is not there: exit status" "$(report "$tmp/none" 2>"$tmp/err" >"$tmp/out"; echo $?)" 1
is "a log that is not there: message" "$(cat "$tmp/err")" "lingerguard: $tmp/none: No such file or directory"
is "a directory: message" "$(report "$tmp" 2>&1 >"$tmp/out")" "lingerguard: $tmp: Is a directory"
is "the other logs are still reported" "$(report -f json "$tmp/none" "$logs/sample.log" 2>/dev/null | field totals.records)" 10
is "and the report says what it lacks" "$(report -f json "$tmp/none" "$logs/sample.log" 2>/dev/null | field input.unreadable)" 1

for arguments in '-f xml' '-n x' '-n -1' '-n' '--nonsense' '-n 99999999999999999999'; do
    # shellcheck disable=SC2086 # two words
    is "usage error: $arguments" "$(report $arguments </dev/null >"$tmp/out" 2>"$tmp/err"; echo $?)" 2
    is "usage error writes nothing: $arguments" "$(cat "$tmp/out")" ""
done
like "a format misspelt" "$(report -f jsn 2>&1 </dev/null)" "did you mean 'json'?"
is "--help: exit status" "$(report --help >"$tmp/out"; echo $?)" 0
like "--help" "$(cat "$tmp/out")" "Usage: lingerguard report"
is "-n cuts the json form too" "$(report -f json -n 1 "$logs/sample.log" | field by_call_site.left_out)" 6
is "-n 0 shows all rows" "$(report -n 0 "$logs/sample.log" | grep -c 'more with')" 0
is "what is cut off is summed up" "$(report -n 1 "$logs/sample.log" | sed -n '/^By rule/,/^$/s/^  and/and/p')" \
    "and 4 more with 7 records (-n 0 shows all)"
is "a full disk is an error" "$(report "$logs/sample.log" 2>"$tmp/err" >/dev/full; echo $?)" 2
like "a full disk: message" "$(cat "$tmp/err")" "No space left on device"

unlike "no colour without a terminal" "$(report "$logs/sample.log")" "$(printf '\033')"
if command -v script >/dev/null; then
    on_terminal() {
        script -qec "env TERM=${2:-xterm} NO_COLOR=$1 COLUMNS=80 '$LG_COMMAND' report '$logs/sample.log'" /dev/null </dev/null
    }
    like "colour on a terminal" "$(on_terminal '')" "$(printf '\033[1m')"
    unlike "NO_COLOR" "$(on_terminal 1)" "$(printf '\033[')"
    unlike "TERM=dumb" "$(on_terminal '' dumb)" "$(printf '\033[')"
    script -qec "stty cols 132; env -u COLUMNS '$LG_COMMAND' report '$logs/sample.log'" /dev/null </dev/null |
        tr -d '\r' | sed 's/\x1b\[[0-9;]*m//g' >"$tmp/132.txt"
    COLUMNS=132 report "$logs/sample.log" >"$tmp/132.wanted"
    check "the width of the terminal" diff -u "$tmp/132.wanted" "$tmp/132.txt"
else
    skip script "script is not installed"
fi
# outcome NAME OUTCOME CALL WANTED: bytes lost, discarded and released, and what is drawn
outcome() {
    record outcome "$2" call "$3" unsent_bytes 10 unread_bytes 4 | report -f json >"$tmp/outcome.json"
    is "$1" "$(field totals.lost_bytes <"$tmp/outcome.json") $(field totals.discarded_bytes <"$tmp/outcome.json") \
$(field totals.released_bytes <"$tmp/outcome.json") $(grep -o '"[a-z]*":1[,}]' "$tmp/outcome.json" | grep -oE 'orderly|cut|aborted|asked')" "$4"
}
outcome "aborted after all: as aborted" rearmed close "10 4 0 aborted"
outcome "what the peer sends is dropped: in order" muted close "0 0 10 orderly"
outcome "not decided yet: a request" undecided setsockopt "0 0 0 asked"
outcome "the same through syscall()" undecided syscall "0 0 0 asked"
outcome "handed to the drainer, whose record is drawn" handed close "0 0 10 "
outcome "an outcome that is not known here" vanished close "0 0 0 "


# What the drainer writes has no descriptor; the program's record of the hand-over says what was queued.
record fd 4 verdict drain outcome handed unsent_bytes 1000 >"$tmp/handed.log"
for line in drained:200:800,200,0 deadline:300:700,300,300 orderly:300:700,300,0 peer-reset:300:0,0,0; do
    outcome=${line%%:*} rest=${line#*:}
    record verdict drain outcome "$outcome" unsent_bytes "${rest%%:*}" elapsed_ms 5000 >"$tmp/drainer.log"
    for logs_of in "$tmp/handed.log $tmp/drainer.log" "$tmp/drainer.log $tmp/handed.log"; do
        # shellcheck disable=SC2086 # two words
        report -f json $logs_of >"$tmp/pair.json"
        is "handed, then $outcome: saved, released, at the deadline" \
            "$(for name in saved released deadline; do field "totals.${name}_bytes" <"$tmp/pair.json"; done | paste -sd, -)" \
            "${rest#*:}"
        is "handed, then $outcome: counts where the drainer's record does" \
            "$(row by_cause outcome "$outcome" saved_bytes <"$tmp/pair.json")" "$(field totals.saved_bytes <"$tmp/pair.json")"
        is "handed, then $outcome: one connection, of one call site" \
            "$(field totals.connections <"$tmp/pair.json") $(field by_call_site.rows.0.saved_bytes <"$tmp/pair.json")" \
            "1 $(field totals.saved_bytes <"$tmp/pair.json")"
        is "handed, then $outcome: nobody waited" "$(field totals.waited_ms <"$tmp/pair.json")" 0
    done
done

# Numbers without a connection.
cat >"$tmp/counts.log" <<'END'
{"time":"2026-11-23T18:00:01Z","pid":1,"tid":1,"exe":"/bin/a","suppressed":950}
{"time":"2026-11-23T18:00:02Z","pid":9,"exe":"/bin/drainer","counts":"drainer","open":0,"handed":3}
END
record | report -f json - "$tmp/counts.log" >"$tmp/counts.json"
is "what is suppressed and told later counts" "$(field totals.suppressed <"$tmp/counts.json")" 950
is "and is no broken line" "$(field input.broken_lines <"$tmp/counts.json") $(field totals.records <"$tmp/counts.json")" "0 1"
like "also where there is no record" "$(report "$tmp/counts.log")" "950"
like "and for its program" "$(report -f prometheus "$tmp/counts.log")" 'lingerguard_suppressed_records_total{exe="/bin/a"} 950'

# Whose ports the kernel chose
{ record role connected socket 1 local 192.0.2.1:40001; record role connected socket 2 local 192.0.2.1:40002; } |
    report -f json >"$tmp/outgoing.json"
is "ports of outgoing connections are one group" "$(row by_local_port port outgoing connections <"$tmp/outgoing.json")" 2

# Policies and tags
{ record socket 1 policy a1112222 tag a; record socket 2 policy b3334444 tag b; record socket 3 policy b3334444 tag b; } >"$tmp/two.log"
report -f json "$tmp/two.log" >"$tmp/two.json"
is "by policy" "$(row by_policy policy b3334444 connections <"$tmp/two.json")" 2
is "by tag" "$(row by_tag tag a connections <"$tmp/two.json")" 1
is "the same line of two policies is two rules" "$(field by_rule.groups <"$tmp/two.json")" 2
like "people see which" "$(report "$tmp/two.log")" "default of policy b3334444"
like "and the policies" "$(report "$tmp/two.log")" "By policy "
like "and the tags" "$(report "$tmp/two.log")" "By tag "
report -f html "$tmp/two.log" >"$tmp/two.html"
like "also on the page" "$(cat "$tmp/two.html")" "By policy in force"
grep a1112222 "$tmp/two.log" | report >"$tmp/one.txt"
unlike "one policy is not told" "$(cat "$tmp/one.txt")" "policy"
unlike "nor one tag" "$(cat "$tmp/one.txt")" "By tag"

# A listener that was armed: its connections count where that was asked for.
armed() { record fd 3 call setsockopt socket 1 outcome disarmed caller a+0xa11 peer absent "$@"; }
ends() { for i in 11 12 13; do record fd 9 call close socket $i role accepted peer "198.51.100.7:$i" caller a+0xc105e "$@"; done; }
for state in listen close; do
    { armed state $state; ends; } | report -f json >"$tmp/armed.json"
    is "a listener armed in state $state" "$(row by_call_site caller a+0xa11 connections <"$tmp/armed.json")" 3
    is "in any order, $state" "$({ ends; armed state $state; } | report -f json | row by_call_site caller a+0xa11 connections)" 3
done
is "one that had no port yet" "$({ armed state close local absent; ends; } | report -f json | row by_call_site caller a+0xa11 connections)" 3
is "another port is another's" "$({ armed state listen; ends local 192.0.2.1:81; } | report -f json | row by_call_site caller a+0xc105e connections)" 3
is "another program too" "$({ armed state listen exe /bin/b; ends; } | report -f json | row by_call_site caller a+0xc105e connections)" 3
is "outgoing connections have no listener" "$({ armed state close local absent; ends role connected; } | report -f json | row by_call_site caller a+0xc105e connections)" 3
is "two call sites: nobody knows which" \
    "$({ armed state close local absent; armed state close local absent socket 2 caller a+0xa12; ends; } | report -f json | row by_call_site caller a+0xc105e connections)" 3

# The build of the module of a call site, where its file is here
if command -v readelf >/dev/null; then
    module=$(realpath /bin/sh)
    wanted=$(readelf -n "$module" | sed -n 's/.*Build ID: //p')
    is "the build id of a module that is here" "$(record caller "$module+0x10" | report -f json | field by_call_site.rows.0.build_id)" "$wanted"
    record caller "$module+0x10" | report -f html >"$tmp/build.html"
    like "also on the page" "$(cat "$tmp/build.html")" "build $wanted"
    record caller /no/such/module+0x10 | report -f html >"$tmp/build.html"
    like "the page says where it is not known" "$(cat "$tmp/build.html")" "build not known here"

    # One build under several paths, as in layers of containers
    mkdir "$tmp/one" "$tmp/two" "$tmp/other"
    cp "$module" "$tmp/one/server"
    cp "$module" "$tmp/two/server"
    cp "$module" "$tmp/two/renamed"
    cp "$(realpath /bin/cat)" "$tmp/other/server"
    of() {
        record exe "$tmp/$1" caller "$tmp/$1+0x10" socket "$2"
    }
    is "one build under two paths is one program and call site" \
        "$({ of one/server 1; of two/server 2; of one/server 3; } | report -f json | row by_call_site caller "$tmp/one/server+0x10" connections)" 3
    is "also as a metric" "$({ of one/server 1; of two/server 2; } | report -f prometheus | grep -c '^lingerguard_last_record')" 1
    is "another build of that name is another" \
        "$({ of one/server 1; of other/server 2; } | report -f json | field by_call_site.groups)" 2
    is "another name of that build is another" \
        "$({ of one/server 1; of two/renamed 2; } | report -f json | field by_call_site.groups)" 2
    is "a path that is not here is another" \
        "$({ of one/server 1; of gone/server 2; } | report -f json | field by_call_site.groups)" 2
    record exe "$tmp/two/server" caller "$tmp/one/server+0x10" >"$tmp/long.log"
    perl -e 'print "{\"time\":\"2026-11-23T18:00:00Z\",\"call\":\"close\",\"cause\":\"linger-zero\",\"outcome\":\"orderly\",\"exe\":\"x\",\"caller\":[", join(",", map { "\"/a/$_/server+0x1\"" } 1 .. 16), "]}\n" for 1 .. 3000' >>"$tmp/long.log"
    perl -e 'for my $i (1 .. 3000) { print "{\"time\":\"2026-11-23T18:00:00Z\",\"call\":\"close\",\"cause\":\"linger-zero\",\"outcome\":\"orderly\",\"exe\":\"/a/$i/server\"}\n" }' >>"$tmp/long.log"
    is "more modules than are remembered" "$(report -f json "$tmp/long.log" | field totals.programs)" 3002
fi
mkfifo "$tmp/fifo"
for module in /no/such/module relative "$tmp/fifo" /dev/zero "$logs/sample.log"; do
    is "none of $module" "$(record caller "$module+0x10" | run_deadline 10 "$LG_COMMAND" report -f json | field by_call_site.rows.0.build_id)" null
done

# Records in format text
# shellcheck disable=SC2016 # perl
"$LG_COMMAND" run -l "$tmp/text.log" -r observe perl -e '
    use Socket; socket my $listener, PF_INET, SOCK_STREAM, 0 or die; listen $listener, 1;
    socket my $client, PF_INET, SOCK_STREAM, 0; connect $client, getsockname $listener or die;
    setsockopt $client, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0); close $client'
is "a text log: exit status" "$(report "$tmp/text.log" 2>"$tmp/err" >"$tmp/out"; echo $?)" 1
like "a text log: what to do" "$(cat "$tmp/err")" \
    "lingerguard: $tmp/text.log: 2 lines are in format text, which a report cannot read; records are json with 'format json'"
is "a text log: the others are reported" "$(report -f json "$tmp/text.log" "$logs/sample.log" 2>/dev/null | field totals.records)" 10

# A terminal of 40 columns.
COLUMNS=40 report "$logs/sample.log" >"$tmp/40.txt"
is "40 columns hold all of it" "$(awk 'length > 40' "$tmp/40.txt")" ""
if locale -a 2>/dev/null | grep -qi '^C\.utf'; then
    LC_ALL=C.UTF-8 COLUMNS=40 report "$logs/sample.log" >"$tmp/40.utf8"
    is "40 columns hold all of it in UTF-8" "$(perl -CSD -ne 'chomp; print "$_\n" if length > 40' "$tmp/40.utf8")" ""
    like "the time line is there" "$(cat "$tmp/40.utf8")" "  over time    "
fi
is "with the same numbers" "$(grep -A3 haproxy+0x19aa "$tmp/40.txt" | tail -n 3 | paste -sd'|' -)" \
    "  2 records, 1 connection|  lost         1.5 KiB|/usr/sbin/nginx  nginx+0x4a3f0"
frame=/usr/lib/x86_64-linux-gnu/a-long-name/libwith-a-name.so.1.2.3+0x123456
record exe /opt/vendor/application/releases/2026/bin/server caller "$frame" | COLUMNS=40 report >"$tmp/frame.txt"
is "the innermost frame is whole, whatever the width" "$(grep -cxF "$frame" "$tmp/frame.txt")" 1
done_testing
