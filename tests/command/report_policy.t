#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard report --policy: what another policy would have made of the same connections.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

export LC_ALL=C COLUMNS=120
cd "$tmp" || exit 1

# end SOCKET KEY:VALUE,... : the record of the end of a connection
end() {
    printf '{"pid":1,"exe":"/bin/a","call":"close","fd":4,"socket":%s,%s}\n' "$1" "$2"
}
common='"cause":"linger-zero","verdict":"observe","rule":"p:1","peer":"198.51.100.7:4000"'
{
    end 1 "$common,\"outcome\":\"aborted\",\"role\":\"accepted\",\"local\":\"10.0.0.1:80\",\"unsent_bytes\":1000"
    end 2 "$common,\"outcome\":\"aborted\",\"role\":\"accepted\",\"local\":\"10.0.0.1:80\",\"unsent_bytes\":500"
    end 3 "$common,\"outcome\":\"aborted\",\"role\":\"connected\",\"local\":\"10.0.0.1:40000\",\"unsent_bytes\":0"
    end 4 "$common,\"outcome\":\"aborted\",\"local\":\"10.0.0.1:81\",\"unsent_bytes\":7"
    end 5 '"cause":"late","verdict":"observe","outcome":"orderly","role":"accepted","local":"10.0.0.1:82","unsent_bytes":3'
    # none of these is the end of a connection that is not here already
    end 1 "$common,\"outcome\":\"allowed\"" | sed 's/"close"/"setsockopt"/'
    end 1 '"cause":"linger-zero","verdict":"drain","outcome":"drained"' | sed 's/"fd":4,//'
    echo '{"time":"2026-11-23T18:00:00Z","pid":1,"exe":"/bin/a","suppressed":9}'
} >log
cat >policy <<'END'
allow role connected unsent none
drain 2s local :80
allow user 5
observe on late
END

report() {
    "$LG_COMMAND" report "$@"
}

report -p policy log >table
is "each rule, how many connections, and what changes" "$(sed '/^$/d; $d' table)" "What policy would have done
5 connections, 4 of them with another verdict than they had
1.5 KiB were lost, 0 B would have been
policy:1: allow role connected unsent none
          1  linger-zero, observe, aborted -> allow: lost as before
policy:2: drain 2s local :80
          2  linger-zero, observe, aborted -> drain: 1.5 KiB unsent would not be lost
policy:3: allow user 5
          0  decides nothing
policy:4: observe on late
          1  late, observe, orderly -> observe: 3 B unsent as before
default: the end of every policy
          1  linger-zero, observe, aborted -> orderly: 7 B unsent would not be lost
User and cgroup are in no record: rules that ask for them are taken not to match.
9 records were dropped by the limit, and are not in it."
is "40 columns hold it" "$(COLUMNS=40 report -p policy log | awk 'length > 40')" ""

# One after the other, what the end of each was and what becomes of it.
changes() {
    name=$1 wanted=$2 policy=$3
    shift 3
    echo "$policy" >other
    end 9 "$*" | report -p other | sed -n 's/^ *1  //p' >line
    is "$name" "$(cat line)" "$wanted"
}
changes "in order before, an abort then" "linger-zero, orderly, orderly -> allow: 8 B unsent would be lost" allow \
    '"cause":"linger-zero","verdict":"orderly","outcome":"orderly","unsent_bytes":8'
changes "without a byte it is the RST" "linger-zero, orderly, orderly -> observe: a RST" observe \
    '"cause":"linger-zero","verdict":"orderly","outcome":"orderly","unsent_bytes":0'
changes "and the other way around" "linger-zero, observe, aborted -> orderly: no RST any more" orderly \
    '"cause":"linger-zero","verdict":"observe","outcome":"aborted","unsent_bytes":0'
changes "left to the kernel before, waited for then" "linger-zero, orderly, orderly -> linger: 8 B unsent would be waited for" \
    'linger 5s' '"cause":"linger-zero","verdict":"orderly","outcome":"orderly","unsent_bytes":8'
changes "re-armed before" "linger-zero, allow, rearmed -> orderly: 8 B unsent would not be lost" orderly \
    '"cause":"linger-zero","verdict":"allow","outcome":"rearmed","unsent_bytes":8'
changes "unread input" "unread, observe, aborted -> orderly: no RST any more" 'orderly on unread' \
    '"cause":"unread","verdict":"observe","outcome":"aborted","unread_bytes":8,"unsent_bytes":0'
changes "a backlog" "backlog, observe, aborted -> allow: lost as before" orderly \
    '"cause":"backlog","verdict":"observe","outcome":"aborted","state":"LISTEN"'
changes "a refused request counts" "linger-zero, reject, rejected -> orderly: would be left to the kernel" orderly \
    '"cause":"linger-zero","verdict":"reject","outcome":"rejected"'
changes "unsent of no byte is none" "linger-zero, observe, aborted -> allow: lost as before" 'allow unsent none; orderly' \
    '"cause":"linger-zero","verdict":"observe","outcome":"aborted","unsent_bytes":0'
changes "the network of the peer" "linger-zero, observe, aborted -> drain: no RST any more" 'drain 2s peer 198.51.100.0/24; allow' \
    '"cause":"linger-zero","verdict":"observe","outcome":"aborted","peer":"198.51.100.9:7","unsent_bytes":0'
changes "the executable" "linger-zero, observe, aborted -> drain: no RST any more" 'allow exe b; drain 2s exe a' \
    '"cause":"linger-zero","verdict":"observe","outcome":"aborted","unsent_bytes":0'

echo 'allow unsent none role connected; orderly' >other
like "what a record lacks is told" "$(end 9 '"cause":"linger-zero","verdict":"observe","outcome":"aborted"' | report -p other)" \
    "Of 1 connections the record lacks what a rule asks for"

report -f json -p policy log >report.json
# number EXPRESSION : of the json form
number() {
    perl -MJSON::PP -0777 -e '$_ = decode_json(<STDIN>); print join(" ", map { $_ // "null" } eval $ARGV[0]), "\n"' "$1" <report.json
}
# shellcheck disable=SC2016 # perl
is "json: the sums" "$(number '@$_{qw(version policy_file connections changed lost_bytes lost_bytes_then facts_missing)}')" \
    "1 policy 5 4 1507 0 0"
# shellcheck disable=SC2016
is "json: the digest" "$(number '$_->{policy}')" "$("$LG_COMMAND" check-policy policy 2>/dev/null | sed 's/.* //')"
# shellcheck disable=SC2016
is "json: the rules" "$(number 'map { "$_->{rule}=" . scalar @{$_->{rows}} } @{$_->{rules}}')" \
    "policy:1=1 policy:2=1 policy:3=0 policy:4=1 default=1"
# shellcheck disable=SC2016
is "json: a row" "$(number '@{$_->{rules}[1]{rows}[0]}{qw(cause was_verdict was_outcome verdict changes connections unsent_bytes was_lost would_be_lost)}')" \
    "linger-zero observe aborted drain 1 2 1500 1 0"

echo alow >bad
is "a policy with an error exits 2" "$(report -p bad log 2>err >out; echo $?)" 2
like "and shows it" "$(cat err)" "bad:1:1: error: "
is "nothing is reported" "$(cat out)" ""
is "a policy that is not there exits 2" "$(report -p none log 2>/dev/null >out; echo $?)" 2
is "a page of it does not exist" "$(report -f html -p policy log 2>err >out; echo $?)" 2
like "and what does is said" "$(cat err)" "--policy: the format is table or json"
is "a log that is not there exits 1" "$(report -p policy log none 2>/dev/null >out; echo $?)" 1
"$LG_COMMAND" report -p policy -o file log
check "-o writes it" cmp table file
done_testing
