#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard report: what other programs wrote into a log stays text in every form.
. "$(dirname "$0")/../harness/tap.sh"

log=$LG_ROOT/tests/command/report/escapes.log
unset COLUMNS NO_COLOR
export LC_ALL=C

report() {
    "$LG_COMMAND" report "$@"
}

# control_free FILE: no byte below space but line ends, no DEL, no C1 control, no change of direction
# shellcheck disable=SC2317 # called through check
control_free() {
    perl -e 'local $/; open my $file, "<:encoding(UTF-8)", $ARGV[0] or die; $_ = <$file>;
        exit(/[\x00-\x09\x0b-\x1f\x7f-\x9f\x{202a}-\x{202e}\x{2066}-\x{2069}]/ ? 1 : 0)' "$1"
}

COLUMNS=200 report "$log" >"$tmp/ascii.txt"
like "table: a newline, an escape and quotes" "$(cat "$tmp/ascii.txt")" \
    '/tmp/a"b\c\nd\x1b[31m<script>alert(1)</script>&'"'"'\u{fffd}\u{202e}\u{85}\u{e9}  x\u{9b}\tz+0x1'
check "table: nothing but ASCII where the locale has nothing else" \
    perl -ne 'exit 1 if /[^\x0a\x20-\x7e]/' "$tmp/ascii.txt"
if locale -a 2>/dev/null | grep -qi '^C\.utf'; then
    LC_ALL=C.UTF-8 COLUMNS=200 report "$log" >"$tmp/utf8.txt"
    like "table: letters stay letters in UTF-8" "$(cat "$tmp/utf8.txt")" "$(printf '\\u{202e}\\u{85}\303\251')"
    check "table: no control reaches a terminal in UTF-8" control_free "$tmp/utf8.txt"
else
    skip locale "no C.UTF-8 locale" "table: in UTF-8"
fi

report -f html "$log" >"$tmp/page.html"
is "html: no element from a log: the one script is that of the page" "$(grep -o "<script" "$tmp/page.html" | wc -l)" 1
like "html: shown as text" "$(cat "$tmp/page.html")" \
    '/tmp/a&quot;b\c\nd\x1b[31m&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#39;'
like "html: a problem's text as well" "$(cat "$tmp/page.html")" \
    'policy &quot;&lt;/section&gt;&lt;script src=//evil.example/x.js&gt;&lt;/script&gt;\x07'
check "html: no control" control_free "$tmp/page.html"
is "html: as many sections end as start" "$(grep -o '<section' "$tmp/page.html" | wc -l)" \
    "$(grep -o '</section>' "$tmp/page.html" | wc -l)"

report -f json "$log" >"$tmp/report.json"
is "json: the same bytes come out as went in" \
    "$(perl -MJSON::PP -0777 -ne 'print JSON::PP->new->ascii->allow_nonref->encode(
        JSON::PP->new->utf8->decode($_)->{by_call_site}{rows}[0]{exe})' "$tmp/report.json")" \
    "$(perl -MJSON::PP -ne 'print JSON::PP->new->ascii->allow_nonref->encode(
        JSON::PP->new->utf8->decode($_)->{exe}) if $. == 1' "$log")"

report -f prometheus "$log" >"$tmp/report.prom"
like "prometheus: quote, backslash and newline" "$(cat "$tmp/report.prom")" '{exe="/tmp/a\"b\\c\nd'
check "prometheus: no control" control_free "$tmp/report.prom"
like "prometheus: what the format has no escape for" "$(cat "$tmp/report.prom")" '\nd\\x1b[31m<script>'
is "prometheus: every line is a sample or a comment" "$(grep -vc '^lingerguard_\|^# ' "$tmp/report.prom")" 0
if command -v promtool >/dev/null; then
    check "prometheus: promtool reads it" sh -c "promtool check metrics <'$tmp/report.prom'"
else
    skip promtool "promtool is not installed" "prometheus: promtool reads it"
fi
done_testing
