#!/bin/sh
# SPDX-License-Identifier: MIT
# civetweb with -linger_timeout_ms 0, which is linger zero at every close: the end of a file arrives.
# shellcheck source=tests/servers/answers.sh
. "$(dirname "$0")/answers.sh"
needs servers civetweb

for who in bare root user; do
    start_as "$who" www-data civetweb -listening_ports "$host:8080" -document_root "$tmp" -linger_timeout_ms 0
    wait_listens 8080
    answers "$who" drained 8080 'GET /wanted HTTP/1.0\r\n\r\n'
    check "$who: civetweb is there" kill -0 "$server"
    stop
done
done_testing
