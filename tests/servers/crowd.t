#!/bin/sh
# SPDX-License-Identifier: MIT
# A server of eight threads, built three times: for glibc, for musl, and with the thread sanitizer.
# Its polite downloads are whole, and its aborts are ended in order.
# shellcheck disable=SC2317 # functions are called through wait_until and check
# shellcheck source=tests/servers/server.sh
. "$(dirname "$0")/server.sh"

make_file "$tmp/large" 4096
large=$(checksum <"$tmp/large")
TSAN_OPTIONS="halt_on_error=0 exitcode=66 log_path=$tmp/tsan"
export TSAN_OPTIONS

build() {
    case $1 in
    glibc) ${CC:-cc} -O2 -pthread -o "$tmp/crowd" "$LG_ROOT/tests/servers/crowd.c" ;;
    musl) musl-gcc -O2 -pthread -o "$tmp/crowd" "$LG_ROOT/tests/servers/crowd.c" ;;
    tsan)
        ${CC:-cc} -O1 -g -fsanitize=thread -pthread -o "$tmp/crowd" "$LG_ROOT/tests/servers/crowd.c" || return 1
        # That it starts here: it says how it is to be used.
        "$tmp/crowd"
        [ $? -eq 2 ]
        ;;
    esac
}

# Four clients of ten connections each, at a time: ends and bytes.
clients() {
    for number in 1 2 3 4; do
        peer -n 10 -s x -o "$tmp/got$number" 7000 >"$tmp/end$number" &
        client_pids="${client_pids-} $!"
    done
    for client in $client_pids; do
        wait "$client"
    done
    client_pids=
    cat "$tmp"/end? | sort | uniq -c | tr -s ' '
}

has_ended() {
    wait "$server"
    is "$1" $? 0
}

for kind in glibc musl tsan; do
    if ! build "$kind" >"$tmp/build" 2>&1; then
        skip servers "cannot be built here: $(head -n 1 "$tmp/build")" "$kind"
        continue
    fi
    for mode in bare orderly drain; do
        start "$mode" "$tmp/crowd" "$host" 7000 "$tmp/large" polite
        wait_listens 7000
        reset_mark
        is "$kind, $mode: 40 polite downloads are whole" "$(clients)" " 4 eof 10 41943040"
        is "$kind, $mode: one by one" "$(head -c 4194304 "$tmp/got1" | checksum)" "$large"
        is "$kind, $mode: none was reset" "$(resets)" 0
        kill -TERM "$server"
        has_ended "$kind, $mode: and the server ends well"

        start "$mode" "$tmp/crowd" "$host" 7000 "$tmp/large" rude
        wait_listens 7000
        reset_mark
        ends=$(clients)
        if [ "$mode" = bare ]; then
            like "$kind, $mode: rude ones are reset" "$ends" "reset"
        else
            is "$kind, $mode: 40 rude downloads are whole" "$ends" " 4 eof 10 41943040"
            is "$kind, $mode: and none of them was reset" "$(resets)" 0
            is_records "$kind, $mode: each has a setsockopt record and a close record" 40 joined
        fi
        kill -TERM "$server"
        has_ended "$kind, $mode: and this server ends well"
    done
done
is "the thread sanitizer saw nothing" "$(cat "$tmp"/tsan.[0-9]* 2>/dev/null)" ''
done_testing
