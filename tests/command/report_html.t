#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard report -f html: one page that needs nothing else, shown by a browser and printed.
. "$(dirname "$0")/../harness/tap.sh"

log=$LG_ROOT/tests/command/report/sample.log
export LC_ALL=C

"$LG_COMMAND" report -f html -o "$tmp/page.html" "$log"
page=$(cat "$tmp/page.html")
is "no address of anything to load" "$(grep -oiE '(https?:)?//[a-z0-9]|src=|href=|url\(|@import' "$tmp/page.html" | sort -u)" ""
is "no frame, form or object, and no script in an attribute" \
    "$(sed 's/<script>.*<\/script>//' "$tmp/page.html" |
        grep -oiE '<(script|iframe|frame|object|embed|form|link|base|img)|[" ]on[a-z]+=' | sort -u)" ""
like "a policy that lets a browser load nothing" "$page" "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-"
is "and run but the one script of the page" \
    "$(sed -n "s/.*script-src 'sha256-\([^']*\)'.*/\1/p" "$tmp/page.html")" \
    "$(perl -MDigest::SHA=sha256_base64 -0777 -ne 'my $b = sha256_base64(/<script>(.*)<\/script>/s); print $b, "=" x (-length($b) % 4)' "$tmp/page.html")"
like "where it was made, and by which version" "$page" "<code>$(uname -n)</code> by lingerguard "
like "of which logs" "$page" "<code>$log</code>"
sed 's/"pid":/"policy":"a1b2c3d4","tag":"pod-<7>","pid":/' "$log" | "$LG_COMMAND" report -f html >"$tmp/tagged.html"
like "under which policies" "$(cat "$tmp/tagged.html")" "<dt>policies</dt><dd><code>a1b2c3d4</code></dd>"
like "with which tags" "$(cat "$tmp/tagged.html")" "<dt>tags</dt><dd><code>pod-&lt;7&gt;</code></dd>"
like "from standard input" "$(cat "$tmp/tagged.html")" "standard input"
is "the first row is what lost most" "$(sed -n '/By program and call site/,/<tr><td>/s/.*<tr><td><code>\([^<]*\).*/\1/p' "$tmp/page.html")" \
    /usr/sbin/haproxy
like "for dark screens" "$page" "prefers-color-scheme:dark"
like "for paper" "$page" "@media print"
like "the timeline" "$page" '<svg viewBox='
is "a bar for each time with records" "$(grep -c '^<g><title>2026-11-23 ' "$tmp/page.html")" 5
like "a bar's numbers" "$page" "<title>2026-11-23 18:00:00: 1 orderly, 2 asked</title>"
is "the five tables and the problems" "$(grep -c '<h2>' "$tmp/page.html")" 7
like "a row" "$page" '<code>/usr/sbin/nginx<span class="frames">nginx+0x4a3f0</span></code>'
is "each element that starts ends" \
    "$(perl -0777 -ne 's/<!DOCTYPE html>//; s/<(style|script)>.*?<\/\1>//sg; my @open;
        while (/<(\/?)([a-z0-9]+)([^>]*?)(\/?)>/g) {
            next if $4 || $2 =~ /^(meta|br)$/;
            if (!$1) { push @open, $2 } else { my $was = pop @open // "nothing"; print "$was ended by $2\n" if $was ne $2 }
        }
        print "left open: @open\n" if @open' "$tmp/page.html")" ""
is "a page without a record" "$("$LG_COMMAND" report -f html /dev/null | grep -c 'no records')" 1
is "-n cuts its tables" "$("$LG_COMMAND" report -f html -n 1 "$log" | grep -c 'more with')" 5

needs chromium chromium
browse_file=$tmp/page.html
browse() {
    run_deadline 60 chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --disable-dev-shm-usage --user-data-dir="$tmp/profile" "$@" \
        "file://$browse_file" >"$tmp/browser.out" 2>"$tmp/browser.err"
}
browse --hide-scrollbars --window-size=1100,1400 --screenshot="$tmp/page.png"
is "shown: a picture of the page" "$(head -c 8 "$tmp/page.png" 2>/dev/null | od -An -tx1 | tr -d ' ')" 89504e470d0a1a0a
browse --dump-dom
like "shown: the browser sees the last table and the end" "$(cat "$tmp/browser.out")" "Written by lingerguard"
is "shown: the browser finds all rows" "$(grep -o '<tr><td>' "$tmp/browser.out" | wc -l)" 33
unlike "shown: no complaint of the browser about the page" "$(cat "$tmp/browser.err")" "Refused to"
# A click on a heading. The page's own policy would not let the test's script run.
perl -0777 -pe 's/<meta http-equiv[^>]*>//; s/<\/body>/<script>document.querySelectorAll("th")[4].click();document.title=
    [...document.querySelectorAll(".rows")[0].tBodies[0].rows].map(r => r.cells[4].textContent).join(" ")<\/script><\/body>/' \
    "$tmp/page.html" >"$tmp/clicked.html"
browse_file=$tmp/clicked.html
browse --dump-dom
is "shown: a click on a heading sorts the table by it" "$(sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p' "$tmp/browser.out" | head -n 1)" "2 1 1 1 1 0 0"
browse_file=$tmp/page.html
# Nothing is wider than a narrow screen: what it would scroll to is the width of the document.
perl -0777 -pe 's/<meta http-equiv[^>]*>//; s/<\/body>/<script>document.title=document.documentElement.scrollWidth<\/script><\/body>/' \
    "$tmp/page.html" >"$tmp/narrow.html"
browse_file=$tmp/narrow.html
# headless has no window narrower than 500
browse --window-size=500,900 --dump-dom
check "shown: a narrow screen shows the page without scrolling sideways" \
    test "$(sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p' "$tmp/browser.out" | head -n 1)" -le 500
browse_file=$tmp/page.html
browse --no-pdf-header-footer --print-to-pdf="$tmp/page.pdf"
is "printed: a PDF" "$(head -c 5 "$tmp/page.pdf" 2>/dev/null)" "%PDF-"
if command -v pdftotext >/dev/null; then
    pdftotext -layout "$tmp/page.pdf" "$tmp/page.txt"
    like "printed: the first table is on paper" "$(cat "$tmp/page.txt")" "nginx+0x4a3f0"
    like "printed: the last line is on paper" "$(cat "$tmp/page.txt")" "Written by lingerguard"
else
    skip poppler "pdftotext is not installed" "printed: the text is on paper"
fi
done_testing
