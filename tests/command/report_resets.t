#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard report --resets: the kernel's account of its resets, joined with the records.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

export LC_ALL=C COLUMNS=120
cd "$tmp" || exit 1

report() {
    "$LG_COMMAND" report "$@"
}
# reset KEYS... : a line of a trace, at 12:00:00
reset() {
    echo "2026-11-23T12:00:00.000000Z $*"
}
# record SECONDS KEY:VALUE,... : a record, at 12:00:SECONDS
record() {
    printf '{"time":"2026-11-23T12:00:%sZ","pid":1,"exe":"/srv/a","call":"close","fd":4,%s}\n' "$1" "$2"
}
call='from=call state=CLOSE'
here='local=10.0.0.1:80 peer=192.0.2.9:4000'
same='"local":"10.0.0.1:80","peer":"192.0.2.9:4000"'
aborted='"cause":"linger-zero","verdict":"observe","rule":"p:1","outcome":"aborted"'
orderly='"cause":"linger-zero","verdict":"orderly","rule":"p:2","outcome":"orderly"'

# joined NAME WANTED TRACE LOG : the heading and the row that one reset comes to
joined() {
    printf '%s\n' "$3" >trace
    printf '%s\n' "$4" >log
    report --resets trace log >table
    is "$1" "$(sed -n 's/^\([a-z]*\): .*/\1:/p; s/^  *1  / /p' table | tr -d '\n')" "$2"
}
joined "a rule let it" "allowed: linger-zero, /srv/a, port 80, aborted by p:1; TCP_STATE" \
    "$(reset "$call" socket=7 reason=TCP_STATE "$here" linger=1,0 accepted=1 library=1 comm=a)" "$(record 00 "\"socket\":7,$aborted,$same")"
joined "a record of another socket is not it" "missed: linger-zero, a, port 80" \
    "$(reset "$call" socket=8 "$here" linger=1,0 accepted=1 library=0 comm=a)" "$(record 00 "\"socket\":7,$aborted,$same")"
joined "nor one of the same cookie, before Linux 5.10" "missed: linger-zero, a, port 80" \
    "$(reset "$call" socket=7 "$here" linger=1,0 library=0 comm=a)" \
    "$(record 00 "\"socket\":7,$aborted,\"local\":\"10.0.0.2:80\",\"peer\":\"192.0.2.9:4000\"")"
joined "a socket whose cookie nobody asked for has no record with one" "missed: linger-zero, a, port 80" \
    "$(reset "$call" socket=0 "$here" linger=1,0 library=0 comm=a)" "$(record 00 "\"socket\":7,$aborted,$same")"
joined "without a cookie in the trace, addresses join" "allowed: linger-zero, /srv/a, port 80, aborted by p:1" \
    "$(reset "$call" "$here" comm=a)" "$(record 00 "\"socket\":7,$aborted,$same")"
joined "and without one in the record" "allowed: linger-zero, /srv/a, port 80, aborted by p:1" \
    "$(reset "$call" socket=0 "$here" linger=1,0 comm=a)" "$(record 00 "$aborted,$same")"
joined "also where one of the two is IPv4-mapped" "allowed: abort, /srv/a, port 80, allowed by p:1" \
    "$(reset "$call" "local=[::ffff:10.0.0.1]:80 peer=[::ffff:192.0.2.9]:4000" linger=0,0 comm=a)" \
    "$(record 00 '"cause":"abort","verdict":"observe","rule":"p:1","outcome":"allowed",'"$same")"
joined "but no record of later" "unknown: abort, a, port 80" "$(reset "$call" "$here" comm=a)" "$(record 09 "$aborted,$same")"
joined "the cookie is worth more than the time" "allowed: linger-zero, /srv/a, port 80, aborted by p:1" \
    "$(reset "$call" socket=7 "$here" comm=a)" "$(record 09 "\"socket\":7,$aborted,$same")"
joined "the end says more than the request" "allowed: linger-zero, /srv/a, port 80, rearmed by p:3" \
    "$(reset "$call" socket=7 "$here" linger=1,0 comm=a)" \
    "$(record 00 '"socket":7,"cause":"linger-zero","verdict":"allow","rule":"p:3","outcome":"rearmed"'
        record 01 '"socket":7,"cause":"linger-zero","outcome":"undecided"' | sed 's/"close"/"setsockopt"/')"
joined "and the later end more than the earlier" "after: linger-zero, /srv/a, port 80, orderly by p:2" \
    "$(reset "$call" "$here" linger=1,0 comm=a)" "$(record 01 "$orderly,$same"; record 00 "$aborted,$same")"
joined "the peer sent on" "after: late, /srv/a, port 80, orderly by p:2; TCP_ABORT_ON_DATA" \
    "$(reset from=packet socket=7 state=CLOSE reason=TCP_ABORT_ON_DATA "$here" syn=0)" "$(record 00 "\"socket\":7,$orderly,$same")"
joined "the peer sent on, and the socket was gone" "after: late, /srv/a, port 80, orderly by p:2; NO_SOCKET" \
    "$(reset from=packet reason=NO_SOCKET "$here" syn=0)" "$(record 00 "\"socket\":7,$orderly,$same")"
joined "what is under way to a connection that was aborted" "allowed: stray, /srv/a, port 80, aborted by p:1; NO_SOCKET" \
    "$(reset from=packet reason=NO_SOCKET "$here" syn=0)" "$(record 00 "\"socket\":7,$aborted,$same")"
joined "a refused connection is none of ours" "none: refused, port 81; NO_SOCKET" \
    "$(reset from=packet reason=NO_SOCKET local=10.0.0.1:81 peer=192.0.2.9:4000 syn=1 comm=swapper/0)" ''
joined "nor is a keep-alive that gave up" "none: kernel, port 80; TCP_KEEPALIVE_TIMEOUT" \
    "$(reset from=call state=ESTABLISHED reason=TCP_KEEPALIVE_TIMEOUT "$here" library=1 comm=a)" ''
joined "late data of a connection without a record" "none: late, port 80; TCP_TIMEWAIT_SOCKET" \
    "$(reset from=packet socket=0 state=TIME_WAIT reason=TCP_TIMEWAIT_SOCKET "$here" syn=0)" ''
joined "no record, and the library was there" "silent: unread, a, port 80; TCP_ABORT_ON_CLOSE" \
    "$(reset "$call" reason=TCP_ABORT_ON_CLOSE "$here" linger=0,0 accepted=1 library=1 comm=a)" ''
joined "no record, and who knows" "unknown: disconnect, a, port 80; TCP_STATE" \
    "$(reset "$call" reason=TCP_STATE "$here" linger=0,0 accepted=1 comm=a)" ''
joined "linger zero counts before unread input, as in a policy" "missed: linger-zero, a, port 80; TCP_ABORT_ON_CLOSE" \
    "$(reset "$call" reason=TCP_ABORT_ON_CLOSE "$here" linger=1,0 library=0 comm=a)" ''
joined "TCP_LINGER2 below 0 is that cause too" "missed: linger-zero, a, port 80; TCP_ABORT_ON_LINGER" \
    "$(reset "$call" reason=TCP_ABORT_ON_LINGER "$here" linger=0,0 library=0 comm=a)" ''
joined "to a service, its port tells" "missed: linger-zero, a, to port 443" \
    "$(reset "$call" local=10.0.0.1:40000 peer=192.0.2.9:443 linger=1,0 library=0 comm=a)" ''
joined "refused is what was asked for here" "none: refused, port 40001" \
    "$(reset from=packet local=10.0.0.1:40001 peer=192.0.2.9:4000 syn=1)" ''
joined "a program may have any name" "missed: linger-zero, a b=c , port 80" \
    "$(reset "$call" "$here" linger=1,0 library=0 'comm=a b=c ')" ''
waits='socket=0 reason=TCP_STATE local=10.0.0.1:80 peer=192.0.2.9:4000 linger=0,0 accepted=0 library=1 comm=a'
listened='"socket":5,"cause":"backlog","verdict":"observe","rule":"p:4","outcome":"aborted","state":"LISTEN"'
joined "what waited in the queue of a listener" "allowed: backlog, /srv/a, port 80, aborted by p:4; TCP_STATE" \
    "$(reset "$call" "$waits")" "$(record 02 "$listened,\"local\":\"0.0.0.0:80\"")"
joined "of a listener on that address" "allowed: backlog, /srv/a, port 80, aborted by p:4; TCP_STATE" \
    "$(reset "$call" "$waits")" "$(record 02 "$listened,\"local\":\"10.0.0.1:80\"")"
joined "not of one on another address" "silent: backlog, a, port 80; TCP_STATE" \
    "$(reset "$call" "$waits")" "$(record 02 "$listened,\"local\":\"10.0.0.2:80\"")"
joined "nor on another port" "silent: backlog, a, port 80; TCP_STATE" \
    "$(reset "$call" "$waits")" "$(record 02 "$listened,\"local\":\"0.0.0.0:81\"")"
joined "nor of one that was closed at another time" "silent: backlog, a, port 80; TCP_STATE" \
    "$(reset "$call" "$waits")" "$(record 07 "$listened,\"local\":\"0.0.0.0:80\"")"

# The whole of a report.
{
    echo '# what resets.sh printed'
    for port in 4000 4001 4002; do reset "$call" socket=$port local=10.0.0.1:80 peer=192.0.2.9:$port linger=1,0 library=1 comm=a; done
    reset "$call" socket=0 reason=TCP_STATE local=10.0.0.1:90 peer=192.0.2.9:4000 linger=1,0 library=0 comm=go
    reset "$call" socket=0 reason=TCP_STATE local=10.0.0.1:91 peer=192.0.2.9:4000 linger=1,0 library=0 comm=go
    echo
    echo 'no line of a trace'
} >trace
{
    for socket in 4000 4001 4002; do record 00 "\"socket\":$socket,$aborted,\"local\":\"10.0.0.1:80\",\"peer\":\"192.0.2.9:$socket\""; done
    echo '{"time":"2026-11-23T12:00:01Z","pid":1,"exe":"/bin/a","suppressed":9}'
} >log
report -n 1 --resets trace log >table 2>err
is "the table" "$(cat table)" "What became of the resets in trace
5 resets, 11-23 12:00:00
3 records, 11-23 12:00:00

allowed: a rule let the program abort
          3  linger-zero, /srv/a, port 80, aborted by p:1

missed: no record, and the library was not in the process: static, Go, or not loaded
          1  linger-zero, go, port 90; TCP_STATE
          1  in 1 more rows

1 lines are none of a trace, the first is line 8.
9 records were dropped by the limit: what is said to have none may have had one."
is "a broken line is told" "$(cat err)" "lingerguard: trace:8: not a line of a trace: it starts with no time like 2026-11-23T18:59:01.123456Z"
is "40 columns hold it" "$(COLUMNS=40 report --resets trace log 2>/dev/null | awk 'length > 40')" ""
report -f json --resets trace log >report.json 2>/dev/null
# number EXPRESSION : of the json form
number() {
    perl -MJSON::PP -0777 -e '$_ = decode_json(<STDIN>); print join(" ", map { $_ // "null" } eval $ARGV[0]), "\n"' "$1" <report.json
}
# shellcheck disable=SC2016 # perl
is "json: the sums" "$(number '@$_{qw(version resets_file resets broken_lines not_kept first last records suppressed)}')" \
    "1 trace 5 1 0 2026-11-23T12:00:00.000000Z 2026-11-23T12:00:00.000000Z 3 9"
# shellcheck disable=SC2016
is "json: the accounts" "$(number 'map { "$_=$json->{accounts}{$_}" } @{[($json = $_)]} && sort keys %{$_->{accounts}}')" \
    "after=0 allowed=3 missed=2 none=0 silent=0 unknown=0"
# shellcheck disable=SC2016
is "json: the rows" "$(number 'map { join ",", map { $_ // "null" } @$_{qw(account cause program local_port peer_port outcome rule reason resets)} } @{$_->{rows}}')" \
    "allowed,linger-zero,/srv/a,80,null,aborted,p:1,null,3 missed,linger-zero,go,90,null,null,null,TCP_STATE,1 missed,linger-zero,go,91,null,null,null,TCP_STATE,1"

# What is none of a trace, each on a line of its own between two that are.
while IFS='|' read -r line says; do
    {
        reset "$call" "$here"
        printf '%s\n' "$line" | tr '@' '\0'
        reset "$call" "$here"
    } >trace
    report --resets trace log >table 2>err
    is "$line" "$(cat err); $(sed -n 2p table)" "lingerguard: trace:2: not a line of a trace: $says; 2 resets, 11-23 12:00:00"
done <<'END'
2026-11-23 12:00:00 from=call|it starts with no time like 2026-11-23T18:59:01.123456Z
2026-11-23T12:00:00Z|from is missing
2026-11-23T12:00:00Z from=call socket|a word of it is not KEY=VALUE
2026-11-23T12:00:00Z from=call  socket=1|a word of it is not KEY=VALUE
2026-11-23T12:00:00Z from=timer|from is call or packet
2026-11-23T12:00:00Z from=call from=call|a key is there twice
2026-11-23T12:00:00Z from=call socket=-1|socket is a number
2026-11-23T12:00:00Z from=call socket=18446744073709551616|socket is a number
2026-11-23T12:00:00Z from=call socket=|socket is a number
2026-11-23T12:00:00Z from=call state=|state is a word
2026-11-23T12:00:00Z from=call reason=|reason is a word
2026-11-23T12:00:00Z from=call local=localhost:80|local is ADDRESS:PORT
2026-11-23T12:00:00Z from=call peer=10.0.0.1:99999|peer is ADDRESS:PORT
2026-11-23T12:00:00Z from=call linger=1|linger is 0 or 1, a comma, and ticks
2026-11-23T12:00:00Z from=call linger=2,0|linger is 0 or 1, a comma, and ticks
2026-11-23T12:00:00Z from=call accepted=yes|accepted is 0 or 1
2026-11-23T12:00:00Z from=call syn=2|syn is 0 or 1
2026-11-23T12:00:00Z from=call pid=x|pid is a number
2026-11-23T12:00:00Z from=call library=|library is 0 or 1
2026-11-23T12:00:00Z from=call comm=a@b|there is a NUL in it
END
{
    reset "$call" "$here" "comm=$(printf '%01100d' 0)"
    reset "$call" "$here" new_key=1
} >trace
like "a line that is too long" "$(report --resets trace log 2>&1 >table)" "trace:1: not a line of a trace: it is too long"
is "a key of another version is nothing" "$(sed -n 2p table)" "1 resets, 11-23 12:00:00"
report --resets - log <trace >other 2>/dev/null
is "standard input" "$(sed -n 2p other)" "1 resets, 11-23 12:00:00"
: >trace
is "an empty trace has no resets" "$(report --resets trace log | sed -n 2p)" "0 resets"
is "of no log, all are without a record" "$(reset "$call" "$here" library=0 comm=a >trace; report --resets trace /dev/null | sed -n 's/^missed:.*/missed/p')" missed
reset "$call" "$here" | sed 's/2026/2020/' >trace
like "another day is told" "$(report --resets trace log)" "Trace and log are of different times."

# What cannot be done.
is "a trace that is not there exits 2" "$(report --resets none log 2>err; echo $?)" 2
is "and it is said" "$(cat err)" "lingerguard: none: No such file or directory"
is "a page of it does not exist" "$(report -f html --resets trace log 2>err; echo $?)" 2
like "and what does is said" "$(cat err)" "--resets: the format is table or json"
is "with a policy it is two reports" "$(report -p trace --resets trace log 2>err; echo $?)" 2
like "which is said" "$(cat err)" "--policy and --resets are two reports"
is "a directory exits 2" "$(report --resets . log 2>/dev/null; echo $?)" 2
done_testing
