#!/bin/sh
# SPDX-License-Identifier: MIT
# OpenJDK: linger zero on sockets and channels, and a socket on which a thread is blocked while
# another one closes it (dup2); downloads by many threads; HttpServer, which answers an upload early.
# shellcheck disable=SC2317 # functions are called through wait_until and check
# shellcheck source=tests/servers/answers.sh
. "$(dirname "$0")/answers.sh"
needs servers java javac

make_file "$tmp/large" 20480
large=$(checksum <"$tmp/large")
check "the server compiles" javac -d "$tmp" "$LG_ROOT/tests/servers/JavaServer.java"

start_java() {
    # The plain old implementation of sockets went with Java 18; this is the one that all versions have.
    start "$@" java -Xmx128m -Xshare:auto -cp "$tmp" JavaServer "$host" "$tmp/large"
    for port in 8080 8081 8082 8083 8084; do
        wait_listens "$port" 60
    done
}

downloads() {
    for number in 1 2 3 4 5 6; do
        peer -s x -o "$tmp/got$number" 8080 >/dev/null &
        downloads_pids="${downloads_pids-} $!"
    done
    for number in $downloads_pids; do
        wait "$number"
    done
    downloads_pids=
    for number in 1 2 3 4 5 6; do
        checksum <"$tmp/got$number"
    done | sort -u
}

readers_ended() {
    [ "$(grep -c 'reader ended' "$tmp/server.out")" -eq "$readers" ]
}

for mode in bare orderly drain; do
    [ "$mode" = bare ] && end=reset || end=eof
    readers=10
    start_java "$mode"
    reset_mark
    is "$mode: 20 sockets with linger zero end with $end, after what was written" \
        "$(peer -n 20 -s x 8081)" "$end 20 1280"
    is "$mode: 20 channels end with $end" "$(peer -n 20 -s x 8083)" "$end 20 0"
    is "$mode: 10 with a blocked reader end with $end" "$(peer -n 10 -s x 8082)" "$end 10 0"
    if [ "$mode" = bare ]; then
        is "$mode: 50 rst" "$(resets)" 50
    else
        is "$mode: no rst" "$(resets)" 0
        # The runtime reads the option, finds it off, and half-closes first: some of the connections
        # are over at the close, and then there is nothing to record.
        is_records "$mode: each of the 50 setsockopts was disarmed" 50 count call=setsockopt outcome=disarmed
        is_records "$mode: no record says that one was aborted" 0 count outcome=aborted
        wait_until 10 readers_ended
        over=$(records count call=dup2 "local=$host:8082")
        readers=11
        rm -f "$tmp/end-now"
        peer -s x -w "$tmp/end-now" 8082 >"$tmp/held" &
        held=$!
        is_records "$mode: one with a reader and a patient peer was closed by dup2" $((over + 1)) \
            count call=dup2 "local=$host:8082"
        : >"$tmp/end-now"
        wait "$held"
        is "$mode: and ended with eof" "$(cat "$tmp/held")" "eof 1 0"
    fi
    check "$mode: every blocked reader came back with an exception" wait_until 10 readers_ended
    is "$mode: six downloads at a time are whole" "$(downloads)" "$large"
    unlike "$mode: nothing failed" "$(cat "$tmp/server.out" "$tmp/server.err")" failed
    check "$mode: java is there" kill -0 "$server"
    stop
done

# HttpServer reads 64 KiB of an upload that the program did not read, and then closes.
for who in bare root user; do
    start_as "$who" www-data java -Xmx128m -Xshare:auto -cp "$tmp" JavaServer "$host" "$tmp/wanted"
    wait_listens 8084 60
    answers "$who" drained 8084 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n' upload=200000
    stop
done
done_testing
