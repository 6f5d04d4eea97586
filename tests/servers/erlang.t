#!/bin/sh
# SPDX-License-Identifier: MIT
# Erlang: accepted sockets that have linger zero from their listener alone.
# shellcheck source=tests/servers/server.sh
. "$(dirname "$0")/server.sh"
needs servers erl erlc

make_file "$tmp/large" 8192
large=$(checksum <"$tmp/large")
check "the server compiles" erlc -o "$tmp" "$LG_ROOT/tests/servers/inherited.erl"
HOME=$tmp
export HOME

downloads() {
    for number in 1 2 3 4 5 6; do
        peer -s x -o "$tmp/got$number" 7000 >/dev/null &
        download_pids="${download_pids-} $!"
    done
    for download in $download_pids; do
        wait "$download"
    done
    download_pids=
    for number in 1 2 3 4 5 6; do
        checksum <"$tmp/got$number"
    done | sort | uniq -c | tr -s ' '
}

for mode in bare orderly drain; do
    [ "$mode" = bare ] && end=reset || end=eof
    start "$mode" erl -noinput -pa "$tmp" -s inherited start "$host" "$tmp/large"
    wait_listens 7001
    reset_mark
    is "$mode: six downloads at a time are whole" "$(downloads)" " 6 $large"
    is "$mode: none of them was reset" "$(resets)" 0
    is "$mode: 20 inherited linger zero: $end" "$(peer -n 20 -s x 7001)" "$end 20 100"
    if [ "$mode" = bare ]; then
        is "$mode: 20 rst" "$(resets)" 20
    else
        is "$mode: no rst" "$(resets)" 0
        is_records "$mode: no record says that one was aborted" 0 count outcome=aborted
        check "$mode: the listener was disarmed" test "$(records count call=setsockopt outcome=disarmed)" -ge 1
    fi
    check "$mode: erlang is there" kill -0 "$server"
    stop
done
done_testing
