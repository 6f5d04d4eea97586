#!/bin/sh
# SPDX-License-Identifier: MIT
# The example for Prometheus: its commands work, and what it names is there.
. "$(dirname "$0")/../../tests/harness/tap.sh"

here=$LG_ROOT/examples/metrics
log=$LG_ROOT/tests/command/report/sample.log
export LC_ALL=C

check "the policy is right" "$LG_COMMAND" check-policy "$here/policy"

# The commands as they are written, with the paths of this test.
mkdir "$tmp/collector"
localized() {
    sed "s|/usr/local/bin/lingerguard|$LG_COMMAND|g; s|/var/log/lingerguard.json|$tmp/lingerguard.json|g
        s|/var/lib/prometheus/node-exporter|$tmp/collector|g"
}
service=$(sed -n 's/^ExecStart=//p' "$here/lingerguard-metrics.service" | localized)
cron=$(sed -n 's/^\* \* \* \* \* root //p' "$here/lingerguard-metrics.cron" | localized)
check "cron: no log yet is no error" sh -c "$cron"
is "cron: no log yet, no file" "$(ls -A "$tmp/collector")" ""
cp "$log" "$tmp/lingerguard.json"
for command in "$service" "$cron"; do
    rm -f "$tmp/collector/lingerguard.prom"
    check "runs: ${command%% -f*}" sh -c "$command"
    like "the collector finds the metrics" "$(cat "$tmp/collector/lingerguard.prom")" "lingerguard_saved_bytes_total{"
done

# named FILE : the metrics of ours that it names and a report has not
unknown() {
    grep -o 'lingerguard_[a-z_]*' "$1" | sort -u | while read -r metric; do
        grep -q "^# TYPE $metric " "$tmp/collector/lingerguard.prom" || echo "$metric"
    done
}
is "every metric of the dashboard is in a report" "$(unknown "$here/dashboard.json")" ""
is "every metric of the alerts is in a report" "$(unknown "$here/alerts.yml")" ""
is "every metric of a report is in the README" \
    "$(sed -n 's/^# TYPE lingerguard\(_[a-z_]*\) .*/\1/p' "$tmp/collector/lingerguard.prom" |
        while read -r metric; do grep -q "[a-z\`]$metric\`\|\`$metric\`" "$here/README.md" || echo "$metric"; done)" ""
is "the dashboard is JSON with panels that each have a query" \
    "$(perl -MJSON::PP -0777 -ne 'my $d = decode_json($_); my %ids;
        for (@{$d->{panels}}) { $ids{$_->{id}}++; print "no query: $_->{title}\n" if !grep $_->{expr}, @{$_->{targets}} }
        print scalar(keys %ids) == @{$d->{panels}} && @{$d->{panels}} ? "good" : "ids"' "$here/dashboard.json")" good

if command -v promtool >/dev/null; then
    check "promtool: the alerts" promtool check rules "$here/alerts.yml"
else
    skip promtool "promtool is not installed" "promtool: the alerts"
fi
if command -v systemd-analyze >/dev/null; then
    mkdir "$tmp/units"
    cp "$here/lingerguard-metrics.timer" "$tmp/units"
    localized <"$here/lingerguard-metrics.service" >"$tmp/units/lingerguard-metrics.service"
    check "systemd-analyze: the units" systemd-analyze verify --man=no "$tmp/units/lingerguard-metrics.timer" \
        "$tmp/units/lingerguard-metrics.service"
else
    skip systemd "systemd-analyze is not installed" "systemd-analyze: the units"
fi
if command -v logrotate >/dev/null; then
    check "logrotate: the configuration" sh -c "sed 's|/var/log|$tmp|' '$here/lingerguard.logrotate' >'$tmp/rotate' &&
        logrotate -d -s '$tmp/state' '$tmp/rotate'"
    if [ "$(id -u)" = 0 ]; then
        # A daemon that has dropped root and changed its root directory records before and after the rotation.
        mkdir "$tmp/empty"
        rm -f "$tmp/lingerguard.json"
        mkfifo "$tmp/go"
        LD_PRELOAD=$LG_LIB LINGERGUARD_LOG=$tmp/lingerguard.json LINGERGUARD_FORMAT=json \
            "$LG_TESTS/interpose/test_descriptor" --snippet dropped "$tmp/empty" <>"$tmp/go" >"$tmp/daemon.out" 2>&1 &
        pid=$!
        wait_until 10 grep -q ready "$tmp/daemon.out"
        check "logrotate: rotates" logrotate -f -s "$tmp/state" "$tmp/rotate"
        echo >"$tmp/go"
        wait "$pid"
        is "logrotate: the daemon ended well" "$?" 0
        is "logrotate: what was recorded before is in the old file" "$(grep -c '"disarmed"' "$tmp/lingerguard.json.1")" 2
        is "logrotate: and what a daemon without root records goes on in the new one" \
            "$(grep -c '"disarmed"' "$tmp/lingerguard.json")" 1
    else
        skip root "needs root" "logrotate: a daemon that dropped root"
    fi
else
    skip logrotate "logrotate is not installed" "logrotate: the configuration"
fi
done_testing
