#!/bin/sh
# SPDX-License-Identifier: MIT
# mini_httpd lingers by itself: the end of a file arrives with the library as without it.
# shellcheck source=tests/servers/answers.sh
. "$(dirname "$0")/answers.sh"
needs servers mini_httpd

for who in bare root itself; do
    user=root
    [ "$who" != itself ] || user=www-data
    start_as "$who" "$user" mini_httpd -D -p 8080 -h "$host" -d "$tmp" -u "$user"
    wait_listens 8080
    answers "$who" itself 8080 'GET /wanted HTTP/1.0\r\n\r\n'
    check "$who: mini_httpd is there" kill -0 "$server"
    stop
done
done_testing
