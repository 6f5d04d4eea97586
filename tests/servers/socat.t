#!/bin/sh
# SPDX-License-Identifier: MIT
# socat: a parent that closes armed copies of what its children still use, and listeners that hand
# linger zero on. The conversation of a child is never touched. One that serves a single client and
# exits leaves the end of its answer to the kernel.
# shellcheck disable=SC2317 # functions are called through wait_until and check
# shellcheck source=tests/servers/answers.sh
. "$(dirname "$0")/answers.sh"
needs servers socat

make_file "$tmp/large" 8192
# More than a client with a small buffer takes, less than what the server's kernel does.
large=$(checksum <"$tmp/large")

# What arrived of eight, all at a time, and how they ended.
downloads() {
    for number in 1 2 3 4 5 6 7 8; do
        peer -o "$tmp/got$number" 7000 >"$tmp/end$number" &
        download_pids="${download_pids-} $!"
    done
    for download in $download_pids; do
        wait "$download"
    done
    download_pids=
    for number in 1 2 3 4 5 6 7 8; do
        echo "$(checksum <"$tmp/got$number") $(cut -d ' ' -f 1 "$tmp/end$number")"
    done | sort | uniq -c | tr -s ' '
}

# The children of the server before may still have its listener.
is_free() {
    ! listens 7000
}

for mode in bare orderly drain; do
    wait_until 10 is_free
    start "$mode" socat "TCP-LISTEN:7000,bind=$host,fork,reuseaddr" "OPEN:$tmp/large,rdonly"
    wait_listens 7000
    reset_mark
    is "$mode: fork: eight downloads at a time are whole" "$(downloads)" " 8 $large eof"
    is "$mode: fork: none was reset" "$(resets)" 0
    [ "$mode" = bare ] || is_records "$mode: fork: nothing is recorded" 0 count pid=ABOVE:0
    check "$mode: fork: socat is there" kill -0 "$server"
    stop

    # The listener is armed; the children have it from there, and the parent closes a copy of each.
    wait_until 10 is_free
    start "$mode" socat "TCP-LISTEN:7000,bind=$host,fork,reuseaddr,linger=0" "OPEN:$tmp/large,rdonly"
    wait_listens 7000
    if [ "$mode" != bare ]; then
        is "$mode: fork, linger=0: eight downloads at a time are whole" "$(downloads)" " 8 $large eof"
        is_records "$mode: fork, linger=0: no record says that one was aborted" 0 count 'outcome=aborted|peer-reset'
    fi
    check "$mode: fork, linger=0: socat is there" kill -0 "$server"
    stop
done

for who in bare root user; do
    for kind in unread late; do
        wait_until 10 is_free
        start_as "$who" www-data socat -u "OPEN:$tmp/wanted,rdonly" "TCP-LISTEN:7000,bind=$host,reuseaddr"
        wait_listens 7000
        one_answer "$kind" "exit, $who" muted 7000 hello
        [ "$who" = bare ] || is_records "exit, $who, $kind: the record is of the exit" 1 count call=exit cause=unread
        stop
    done
done
done_testing
