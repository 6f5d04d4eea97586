#!/bin/sh
# SPDX-License-Identifier: MIT
# PostgreSQL: a process for each connection. A value, pgbench and a fast shutdown are as they were.
# shellcheck disable=SC2317 # functions are called through wait_until and check
# shellcheck source=tests/servers/server.sh
. "$(dirname "$0")/server.sh"
PATH=$(find /usr/lib/postgresql -path "*/bin/initdb" -printf "%h\n" 2>/dev/null | sort -V | tail -n 1):$PATH
needs servers initdb postgres psql pgbench setpriv
id postgres >/dev/null 2>&1 || {
    skip servers "there is no user postgres"
    done_testing
}

as_postgres() {
    (cd "$tmp/database" && exec setpriv --reuid=postgres --regid=postgres --clear-groups "$@")
}

mkdir "$tmp/database"
chown postgres "$tmp/database"
check "a database is made" as_postgres initdb -D "$tmp/database" --auth=trust --no-sync -E UTF8 --locale=C
echo "host all all $client_host/32 trust" >>"$tmp/database/pg_hba.conf"

query() {
    on_client psql -h "$host" -U postgres -X -A -t -c "$1"
}

for mode in bare orderly drain; do
    start "$mode" setpriv --reuid=postgres --regid=postgres --clear-groups postgres -D "$tmp/database" \
        -c listen_addresses="$host" -c unix_socket_directories='' -c fsync=off -c max_connections=40
    wait_listens 5432
    wait_until 20 query 'select 1'
    reset_mark
    aborts=$(counter TCPAbortOnData)
    # 12 MB of text, and what its checksum is on the server's side
    is "$mode: a large answer is whole" \
        "$(query "select string_agg(md5(i::text), '') from generate_series(1, 400000) i" | tr -d '\n' | md5sum | cut -c 1-32)" \
        "$(query "select md5(string_agg(md5(i::text), '')) from generate_series(1, 400000) i")"
    on_client pgbench -q -i -h "$host" -U postgres postgres >"$tmp/bench" 2>&1 || not_ok "$mode: pgbench -i" "$(cat "$tmp/bench")"
    on_client pgbench -n -c 4 -t 100 -h "$host" -U postgres postgres >"$tmp/bench" 2>&1
    like "$mode: 400 transactions of four clients" "$(cat "$tmp/bench")" '400/400'
    on_client pgbench -n -C -S -c 2 -t 40 -h "$host" -U postgres postgres >"$tmp/bench" 2>&1
    like "$mode: 80 transactions, each on a connection of its own" "$(cat "$tmp/bench")" '80/80'
    # A client that leaves while an answer is under way is answered with RST by any kernel: told, not judged.
    note "$mode: $(resets) rst; $(($(counter TCPAbortOnData) - aborts)) by linger zero"
    is "$mode: no abort by linger zero" "$(($(counter TCPAbortOnData) - aborts))" 0
    [ "$mode" = bare ] || is_records "$mode: nothing is recorded" 0 count pid=ABOVE:0
    unlike "$mode: no process died" "$(cat "$tmp/server.err")" 'terminated by signal'
    check "$mode: postgres is there" kill -0 "$server"
    stop_by INT
done
done_testing
