#!/bin/sh
# SPDX-License-Identifier: MIT
# Apache, event and prefork: downloads, a benchmark with a connection per request, and a graceful
# restart are as they were. It lingers by itself, with the library as without it.
# shellcheck disable=SC2317 # functions are called through wait_until and check
# shellcheck source=tests/servers/answers.sh
. "$(dirname "$0")/answers.sh"
needs servers apache2 ab
modules=/usr/lib/apache2/modules
[ -e "$modules/mod_mpm_prefork.so" ] || {
    skip servers "Apache's modules are not in $modules"
    done_testing
}

mkdir "$tmp/www"
chmod 755 "$tmp/www"
make_file "$tmp/www/large" 10240
make_file "$tmp/www/small" 20
large=$(checksum <"$tmp/www/large")
cp "$tmp/wanted" "$tmp/www"

configure() {
    cat >"$tmp/apache.conf" <<END
ServerRoot $tmp
ServerName $host
DefaultRuntimeDir $tmp
PidFile $tmp/apache.pid
Mutex file:$tmp
ErrorLog $tmp/error.log
LogLevel info
Listen $host:8080
LoadModule mpm_$1_module $modules/mod_mpm_$1.so
LoadModule authz_core_module $modules/mod_authz_core.so
User www-data
Group www-data
DocumentRoot $tmp/www
EnableSendfile Off
KeepAliveTimeout 30
MaxKeepAliveRequests 0
StartServers $([ "$1" = event ] && echo 2 || echo 12)
$([ "$1" = event ] || echo MinSpareServers 12)
GracefulShutdownTimeout 1
END
}

# What eight clients got.
downloads() {
    for number in 1 2 3 4 5 6 7 8; do
        on_client curl -s --limit-rate 40M -o "$tmp/got$number" "http://$host:8080/large" &
        download_pids="${download_pids-} $!"
    done
    [ $# -eq 0 ] || "$@"
    for download in $download_pids; do
        wait "$download"
    done
    download_pids=
    for number in 1 2 3 4 5 6 7 8; do
        checksum <"$tmp/got$number"
    done | sort | uniq -c | tr -s ' '
}

restart() {
    kill -USR1 "$server"
}

has_restarted() {
    grep -Eq 'Graceful restart requested|Doing graceful restart' "$tmp/error.log" &&
        [ "$(grep -c 'resuming normal operations' "$tmp/error.log")" -ge 2 ]
}

apache_is_well() {
    kill -0 "$server" && ! grep -E 'exit signal|:(emerg|alert|crit)\]' "$tmp/error.log"
}

for kind in event prefork; do
    configure "$kind"
    for mode in bare orderly drain; do
        : >"$tmp/error.log"
        start "$mode" apache2 -D FOREGROUND -f "$tmp/apache.conf"
        wait_listens 8080
        reset_mark
        is "$kind, $mode: eight downloads at a time are whole" "$(downloads)" " 8 $large"
        is "$kind, $mode: and eight during a graceful restart" "$(downloads restart)" " 8 $large"
        check "$kind, $mode: it has restarted" wait_until 10 has_restarted
        on_client ab -q -n 400 -c 8 "http://$host:8080/small" >"$tmp/ab" 2>&1
        like "$kind, $mode: 400 requests, a connection each" "$(tr -s ' ' <"$tmp/ab")" 'Complete requests: 400
Failed requests: 0'
        on_client ab -q -k -n 400 -c 8 "http://$host:8080/small" >"$tmp/ab" 2>&1
        like "$kind, $mode: 400 requests, kept alive" "$(tr -s ' ' <"$tmp/ab")" 'Complete requests: 400
Failed requests: 0'
        is "$kind, $mode: nothing was reset" "$(resets)" 0
        [ "$mode" = bare ] || is_records "$kind, $mode: nothing was saved from an abort" 0 count cause=linger-zero
        check "$kind, $mode: no process died" apache_is_well
        stop
    done
    for who in bare itself; do
        start_as "$who" www-data apache2 -D FOREGROUND -f "$tmp/apache.conf"
        wait_listens 8080
        answers "$kind, $who" itself 8080 'GET /wanted HTTP/1.0\r\n\r\n'
        stop
    done
done
done_testing
