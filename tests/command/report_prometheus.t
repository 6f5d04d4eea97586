#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard report -f prometheus, and -o for the textfile collector that reads the file at any time.
. "$(dirname "$0")/../harness/tap.sh"

log=$LG_ROOT/tests/command/report/sample.log
export LC_ALL=C

"$LG_COMMAND" report -f prometheus "$log" >"$tmp/report.prom"
# sample NAME LABELS
sample() {
    sed -n "s|^$1{$2} ||p" "$tmp/report.prom"
}
nginx='exe="/usr/sbin/nginx",cause="linger-zero",verdict="orderly",outcome'
is "records" "$(sample lingerguard_records_total "$nginx=\"disarmed\"")" 2
is "connections" "$(sample lingerguard_connections_total "$nginx=\"disarmed\"")" 1
is "bytes released" "$(sample lingerguard_released_bytes_total "$nginx=\"orderly\"")" 1000000
is "bytes saved" "$(sample lingerguard_saved_bytes_total 'exe="/usr/bin/java",cause="linger-zero",verdict="drain",outcome="drained"')" 4096
aborted='exe="/usr/sbin/haproxy",cause="linger-zero",verdict="observe",outcome="aborted"'
is "bytes lost" "$(sample lingerguard_lost_bytes_total "$aborted")" 1500
is "input thrown away" "$(sample lingerguard_discarded_bytes_total "$aborted")" 64
is "bytes at the deadline" "$(sample lingerguard_deadline_bytes_total \
    'exe="/usr/bin/java",cause="linger-zero",verdict="drain",outcome="deadline"')" 5000
is "suppressed" "$(sample lingerguard_suppressed_records_total 'exe="/usr/sbin/nginx"')" 8
is "the last record" "$(sample lingerguard_last_record_timestamp_seconds 'exe="/usr/bin/java"')" \
    "$(date -u -d 2026-11-23T18:20:00Z +%s).100000"
is "problems" "$(sample lingerguard_problems_total 'exe="/usr/sbin/vsftpd"')" 1
is "lines" "$(sample lingerguard_report_lines_total 'kind="record"')" 10
is "no address is a label" "$(grep -cE '198\.51|203\.0\.113|192\.0\.2|2001:db8' "$tmp/report.prom")" 0
is "each series once" "$(grep -v '^#' "$tmp/report.prom" | sed 's/ [^ ]*$//' | sort | uniq -d)" ""
is "each metric has one HELP and one TYPE" \
    "$(grep '^# ' "$tmp/report.prom" | cut -d' ' -f2,3 | sort | uniq -c | awk '$1 != 1')" ""
is "counters are named so" \
    "$(awk '/^# TYPE/ { if (($4 == "counter") != ($3 ~ /_total$/)) print $3 }' "$tmp/report.prom")" ""
"$LG_COMMAND" report -f prometheus -n 1 "$log" >"$tmp/cut.prom"
check "-n does not take series away" cmp "$tmp/report.prom" "$tmp/cut.prom"
is "without a record the metrics are still there" \
    "$("$LG_COMMAND" report -f prometheus /dev/null | grep -c '^# TYPE')" 12

umask 022
directory=$tmp/textfile
mkdir "$directory"
"$LG_COMMAND" report -f prometheus -o "$directory/lingerguard.prom" "$log" >"$tmp/out"
check "-o: the same report" cmp "$tmp/report.prom" "$directory/lingerguard.prom"
is "-o: nothing on standard output" "$(cat "$tmp/out")" ""
is "-o: readable by the collector" "$(stat -c %a "$directory/lingerguard.prom")" 644
is "-o: no other file is left" "$(ls -A "$directory")" lingerguard.prom
before=$(stat -c %i "$directory/lingerguard.prom")
chmod 640 "$directory/lingerguard.prom"
"$LG_COMMAND" report -f prometheus -o "$directory/lingerguard.prom" "$log"
is "-o: a new file takes the place of the old one" \
    "$(test "$before" != "$(stat -c %i "$directory/lingerguard.prom")" && echo new)" new
is "-o: with the mode that the old one had" "$(stat -c %a "$directory/lingerguard.prom")" 640
# A limit on the size of files stands for a full disk.
"$LG_COMMAND" report -n 0 "$log" >"$tmp/table.txt"
status=$(
    trap '' XFSZ
    ulimit -f 1
    "$LG_COMMAND" report -f html -o "$directory/lingerguard.prom" "$log" 2>"$tmp/err"
    echo $?
)
is "-o: a disk that is full: exit status" "$status" 2
like "-o: a disk that is full: message" "$(cat "$tmp/err")" "$directory/lingerguard.prom: File too large"
check "-o: a disk that is full leaves the old report" cmp "$tmp/report.prom" "$directory/lingerguard.prom"
is "-o: a disk that is full leaves nothing else" "$(ls -A "$directory")" lingerguard.prom
is "-o: a directory that is not there: exit status" \
    "$("$LG_COMMAND" report -o "$tmp/none/x" "$log" 2>"$tmp/err"; echo $?)" 2
like "-o: a directory that is not there: message" "$(cat "$tmp/err")" "No such file or directory"
is "-o: a device is written to, not replaced" \
    "$("$LG_COMMAND" report -f prometheus -o /dev/stdout "$log" | cmp - "$tmp/report.prom" && test -e /dev/stdout && echo same)" same
is "-o: an input that is missing is no reason not to write" \
    "$("$LG_COMMAND" report -f prometheus -o "$directory/x" "$log" "$tmp/none" 2>"$tmp/err"; echo $?)" 1
like "-o: but the report says so" "$(cat "$directory/x")" "lingerguard_report_unreadable_inputs 1"

needs promtool promtool
check "promtool finds nothing to complain about" sh -c "promtool check metrics <'$tmp/report.prom' 2>&1 | { ! grep . ; }"
"$LG_COMMAND" report -f prometheus /dev/null >"$tmp/empty.prom"
check "nor in a report without a record" sh -c "promtool check metrics <'$tmp/empty.prom' 2>&1 | { ! grep . ; }"
done_testing
