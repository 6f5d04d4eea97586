#!/bin/sh
# SPDX-License-Identifier: MIT
# haproxy with the configuration of this example, without the library and with it: what a slow client
# gets, what becomes of health checks, and what the report says of it.
# shellcheck disable=SC2016,SC2317 # Perl expressions; called through wait_until
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../../tests/harness/tap.sh"

here=$LG_ROOT/examples/legacy-service
check "the policy is right" "$LG_COMMAND" check-policy "$here/policy"
decides() {
    "$LG_COMMAND" explain -f json -p "$here/policy" exe=/usr/sbin/haproxy "$@" | perl -MJSON::PP -ne 'print decode_json($_)->{verdict}'
}
is "a health check is allowed to abort" "$(decides role=connected peer=127.0.0.1:9000)" allow
is "a client is not" "$(decides role=accepted local=127.0.0.1:8080)" "drain 10s"
# The commands of the README that say what comes of them, behind a #.
cd "$here" || exit 1
sed -n 's/^    lingerguard \(explain .*[^ ]\)  *# \(.*\)/\2|\1/p' README.md >"$tmp/explained"
is "the README explains two" "$(wc -l <"$tmp/explained")" 2
while IFS='|' read -r verdict command; do
    # shellcheck disable=SC2086 # a list of words
    like "the README: $command" "$("$LG_COMMAND" $command)" "Verdict: $verdict"
done <"$tmp/explained"
check "the README: check-policy" sh -ec "$(sed -n "s|^    lingerguard \(check-policy .*\)|'$LG_COMMAND' \1|p" README.md)"
cd "$LG_ROOT" || exit 1

needs servers haproxy nginx curl
free_port() {
    perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)->sockport'
}
web=$(free_port)
files=$(free_port)
sed "s/127.0.0.1:8080/127.0.0.1:$web/; s/127.0.0.1:9000/127.0.0.1:$files/" "$here/haproxy.cfg" >"$tmp/haproxy.cfg"
sed "s|/var/log/lingerguard.json|$tmp/log|" "$here/policy" >"$tmp/policy"
mkdir "$tmp/www"
chmod 755 "$tmp" "$tmp/www"
head -c 16777216 /dev/urandom >"$tmp/www/file"
chmod 644 "$tmp/www/file"
cat >"$tmp/nginx.conf" <<END
daemon off;
master_process off;
pid $tmp/nginx.pid;
error_log $tmp/nginx.log;
events { worker_connections 64; }
http {
    access_log off;
    server { listen 127.0.0.1:$files; root $tmp/www; location = /health { return 204; } }
}
END
in_background nginx nginx -p "$tmp" -c "$tmp/nginx.conf" -e "$tmp/nginx.log"

answers() {
    curl -sf -o /dev/null --max-time 5 "http://127.0.0.1:$web/health"
}
# Sockets that the checks left in TIME-WAIT: their remote port is the backend's.
check_waits() {
    awk -v end=":$(printf '%04X' "$files")" '$4 == "06" && substr($3, length($3) - 4) == end' /proc/net/tcp | wc -l
}
# Sets $got: what a client that reads 8 MiB a second got, and how it ended.
download() {
    got=$(curl -s -o "$tmp/copy" --max-time 60 --limit-rate 8M -w '%{size_download}' "http://127.0.0.1:$web/file") &&
        got="$got whole" || got="$got cut off"
}

check "the README: check-program" sh -ec "$(sed -n "s|^    lingerguard \(check-program .*\)|'$LG_COMMAND' \1|p" "$here/README.md")"
in_background without haproxy -db -f "$tmp/haproxy.cfg"
wait_until 20 answers || not_ok "haproxy answers" "$(cat "$tmp/without.err" "$tmp/nginx.log")"
download
like "without the library, a slow client is cut off" "$got" "cut off"
end_background "$pid"

in_background with env LD_PRELOAD="$LG_LIB" LINGERGUARD_POLICY="$tmp/policy" LINGERGUARD_STRICT=1 \
    haproxy -db -f "$tmp/haproxy.cfg"
wait_until 20 answers || not_ok "haproxy answers" "$(cat "$tmp/with.err" "$tmp/nginx.log")"
before=$(check_waits)
download
is "with it, it gets everything" "$got" "16777216 whole"
check "and it is the file" cmp "$tmp/www/file" "$tmp/copy"
# Twenty checks take two seconds and would leave twenty.
sleep 2
check "health checks still give their ports back" test "$(check_waits)" -lt $((before + 5))
end_background "$pid"

"$LG_COMMAND" report -f json "$tmp/log" >"$tmp/report"
# report EXPRESSION : over the report $_
report() {
    perl -MJSON::PP -0777 -ne '$_ = decode_json($_); print '"$1" "$tmp/report"
}
check "the report: bytes were released" test "$(report '$_->{totals}{released_bytes}')" -gt 0
is "the report: none was lost" "$(report '$_->{totals}{lost_bytes}')" 0
is "the report: all of it was on haproxy's own port" "$(report 'join " ", map $_->{port}, @{$_->{by_local_port}{rows}}')" "$web"
is "the report: one rule decided, that for clients" \
    "$(report 'join " ", map $_->{rule}, @{$_->{by_rule}{rows}}')" "$tmp/policy:$(grep -n '^drain' "$here/policy" | cut -d : -f 1)"
for heading in "By call site" "By local port" "By peer network" "By cause" "By rule" saved released lost "at deadline" discarded drained suppressed; do
    like "the README explains: $heading" "$(cat "$here/README.md")" "**$heading**"
    like "and the report has it" "$("$LG_COMMAND" report "$tmp/log")" "$heading"
done
done_testing
