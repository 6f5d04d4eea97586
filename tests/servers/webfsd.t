#!/bin/sh
# SPDX-License-Identifier: MIT
# webfsd, an event loop: the end of a file arrives though the client is still sending.
# shellcheck source=tests/servers/answers.sh
. "$(dirname "$0")/answers.sh"
needs servers webfsd

for who in bare root itself; do
    user=root
    [ "$who" != itself ] || user=www-data
    start_as "$who" "$user" webfsd -F -i "$host" -p 8080 -r "$tmp" -u "$user" -g "$user"
    wait_listens 8080
    answers "$who" muted 8080 'GET /wanted HTTP/1.0\r\n\r\n'
    check "$who: webfsd is there" kill -0 "$server"
    stop
done
done_testing
