#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard report: lines that are no records are counted and reported, and never fatal.
. "$(dirname "$0")/../harness/tap.sh"

unset NO_COLOR
export LC_ALL=C COLUMNS=200

report() {
    "$LG_COMMAND" report "$@"
}

good='{"time":"2026-11-23T18:00:00Z","pid":1,"cause":"linger-zero","outcome":"orderly","unsent_bytes":1}'

# kinds FILE: records problems not_json no_record bad_value too_long
kinds() {
    report -f json "$1" | perl -MJSON::PP -0777 -ne 'my $r = decode_json($_);
        print join(" ", $r->{totals}{records}, $r->{totals}{problems}, @{$r->{input}}{qw(not_json no_record bad_value too_long)}), "\n"'
}

# between NAME KINDS : the line in $tmp/line, between two good ones
between() {
    { echo "$good"; cat "$tmp/line"; echo; echo "$good"; } >"$tmp/log"
    is "$1" "$(kinds "$tmp/log")" "$2"
}

# text NAME KINDS LINE
text() {
    printf '%s' "$3" >"$tmp/line"
    between "$1" "$2"
}

# bytes NAME KINDS LINE : as a perl string, since a shell cannot hold every byte
bytes() {
    perl -e "print qq($3)" >"$tmp/line"
    between "$1" "$2"
}

text "a torn line" "2 0 1 0 0 0" '{"time":"2026-11-23T18:00:00Z","pid":1,"cau'
text "a line of the text format" "2 0 1 0 0 0" 'lingerguard: pid 1 nginx: close(5): sent in order'
text "an array" "2 0 1 0 0 0" '[1]'
text "an object of somebody else" "2 0 0 1 0 0" '{"level":"info","msg":"started"}'
text "a record without an outcome" "2 0 0 1 0 0" '{"cause":"linger-zero"}'
text "an empty object" "2 0 0 1 0 0" '{}'
text "a problem report" "2 1 0 0 0 0" '{"time":"2026-11-23T18:00:00Z","exe":"/a","error":"no"}'
bytes "an empty line is none" "2 0 0 0 0 0" ''
bytes "a blank line is none" "2 0 0 0 0 0" ' \t'
bytes "a NUL in a string" "2 0 1 0 0 0" '{"cause":"linger\000zero","outcome":"orderly"}'
bytes "NULs, as after a power failure" "2 0 1 0 0 0" '\000\000\000\000'
bytes "an escaped NUL in a text" "2 0 0 0 1 0" '{"cause":"linger\\u0000zero","outcome":"orderly"}'
bytes "a byte that is not UTF-8" "2 0 1 0 0 0" '{"exe":"\377","cause":"a","outcome":"orderly"}'
bytes "a surrogate in UTF-8" "2 0 1 0 0 0" '{"exe":"\355\240\200","cause":"a","outcome":"orderly"}'
bytes "an overlong sequence" "2 0 1 0 0 0" '{"exe":"\300\257","cause":"a","outcome":"orderly"}'
bytes "an overlong sequence of three" "2 0 1 0 0 0" '{"exe":"\340\200\257","cause":"a","outcome":"orderly"}'
bytes "an overlong sequence of four" "2 0 1 0 0 0" '{"exe":"\360\200\200\257","cause":"a","outcome":"orderly"}'
bytes "beyond Unicode" "2 0 1 0 0 0" '{"exe":"\364\220\200\200","cause":"a","outcome":"orderly"}'
bytes "a sequence cut off" "2 0 1 0 0 0" '{"exe":"\342\202","cause":"a","outcome":"orderly"}'
bytes "escapes are no error" "3 0 0 0 0 0" '{"exe":"a\\tb\\\\u00e9","cause":"a","outcome":"orderly"}'
bytes "a raw tab in a string" "2 0 1 0 0 0" '{"exe":"a\tb","cause":"a","outcome":"orderly"}'
text "an escape that JSON has not" "2 0 1 0 0 0" '{"exe":"\x","cause":"a","outcome":"orderly"}'
text "an escape cut short" "2 0 1 0 0 0" '{"exe":"\u12g4","cause":"a","outcome":"orderly"}'
text "single quotes" "2 0 1 0 0 0" "{'cause':'a','outcome':'orderly'}"
text "a comma too many" "2 0 1 0 0 0" '{"cause":"a","outcome":"orderly",}'
text "a comma too few" "2 0 1 0 0 0" '{"cause":"a" "outcome":"orderly"}'
text "text behind the object" "2 0 1 0 0 0" '{"cause":"a","outcome":"orderly"} x'
text "two objects in a line" "2 0 1 0 0 0" "$good$good"
text "a leading zero" "2 0 1 0 0 0" '{"pid":01,"cause":"a","outcome":"orderly"}'
text "not a number" "2 0 1 0 0 0" '{"pid":NaN,"cause":"a","outcome":"orderly"}'
text "unknown keys are ignored" "3 0 0 0 0 0" '{"new":{"a":[1,{"b":null}]},"cause":"a","outcome":"orderly"}'
text "unknown keys must still be JSON" "2 0 1 0 0 0" '{"new":[1,}],"cause":"a","outcome":"orderly"}'
bytes "too deep for any record" "2 0 1 0 0 0" '{"new":@{["["x99]}@{["]"x99]},"cause":"a","outcome":"orderly"}'
bytes "deep, but not too deep" "3 0 0 0 0 0" '{"new":@{["["x60]}@{["]"x60]},"cause":"a","outcome":"orderly"}'
for pair in '"pid":"1"' '"unsent_bytes":"1"' '"unsent_bytes":-1' '"unsent_bytes":1.5' '"unsent_bytes":1e3' \
    '"unsent_bytes":18446744073709551616' '"exe":7' '"exe":null' '"caller":{}' '"caller":["a",1]' '"socket":"7"' \
    '"time":1' '"time":"yesterday"' '"time":"2026-02-29T00:00:00Z"' '"time":"2026-11-23T24:00:00Z"' \
    '"time":"2026-11-23T18:00:00+01:00"' '"local":"127.0.0.1:65536"' '"peer":"example.org:80"' '"peer":"[::1:80"' \
    '"pid":1,"pid":2'; do
    text "a value of the wrong type or range: $pair" "2 0 0 0 1 0" "{$pair,\"cause\":\"a\",\"outcome\":\"orderly\"}"
done
for pair in '"time":"2024-02-29T23:59:60.123456789Z"' '"local":"[::1]:80"' '"local":"::1"' '"peer":"10.0.0.1"' \
    '"errno":"EPERM"' '"errno":4095' '"fd":-1' '"unsent_bytes":18446744073709551615' '"caller":[]'; do
    text "a value that is right: $pair" "3 0 0 0 0 0" "{$pair,\"cause\":\"a\",\"outcome\":\"orderly\"}"
done

bytes "a line of nearly 64 KiB" "3 0 0 0 0 0" '{"cause":"a","outcome":"orderly","new":"@{["x"x65000]}"}'
bytes "a line of over 64 KiB" "2 0 0 0 0 1" '{"cause":"a","outcome":"orderly","new":"@{["x"x65536]}"}'
bytes "a line of 3 MB" "2 0 0 0 0 1" '@{["x"x3000000]}'
{ echo "$good"; perl -e 'print "x" x 300000'; } >"$tmp/log"
is "a long line without its end" "$(kinds "$tmp/log")" "1 0 0 0 0 1"
head -c 200000 /dev/urandom >"$tmp/log"
check "noise is no crash" sh -c "'$LG_COMMAND' report '$tmp/log' >'$tmp/out'"

{ echo "$good"; echo '{"cause'; echo '{}'; echo '[]'; } >"$tmp/log"
is "broken lines are no failure" "$(report "$tmp/log" >"$tmp/out"; echo $?)" 0
is "broken lines are reported at the end, with the first of them" "$(tail -n 1 "$tmp/out")" \
    "3 of 4 lines are broken (2 not JSON, 1 no record), the first at $tmp/log:2."
is "the first broken line in the json form" \
    "$(report -f json "$tmp/log" | sed -n 's/.*"first_broken":{"input":"\(.*\)","line":\([0-9]*\)}.*/\1:\2/p')" "$tmp/log:2"
like "broken lines on the page" "$(report -f html "$tmp/log")" "3 of 4 lines are broken"
printf '{"cause\n' >"$tmp/log"
is "nothing but broken lines" "$(report "$tmp/log")" "no records

1 of 1 lines is broken (1 not JSON), the first at $tmp/log:1."
done_testing
