#!/bin/sh
# SPDX-License-Identifier: MIT
# Python: a server on http.server that answers before it has read the upload resets it, which one
# drain rule cures, as it does with gunicorn; asyncio with linger zero.
# shellcheck disable=SC2317 # functions are called through wait_until and check
# shellcheck source=tests/servers/answers.sh
. "$(dirname "$0")/answers.sh"

# The system's own: a wrapper on PATH would be a shell under the library, and slow.
python=/usr/bin/python3
[ -x "$python" ] || python=python3
needs servers "$python"
"$python" -c 'import asyncio, http.server' 2>/dev/null || {
    skip servers "$python has no http.server"
    done_testing
}

make_file "$tmp/large" 20480
large=$(checksum <"$tmp/large")
upload_bytes=3000000

start_python() {
    start "$@" "$python" "$LG_ROOT/tests/servers/python.py" "$host" "$tmp/large"
    wait_listens 8080
    wait_listens 8081
}

early() {
    peer -o "$tmp/answer" -s "POST /early HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: $upload_bytes\\r\\n\\r\\n" \
        -u "$upload_bytes" 8080 | cut -d ' ' -f 1,2
}

# The body of the answer.
answered() {
    perl -0777 -ne 's/.*?\r\n\r\n//s; print length' "$tmp/answer"
}

downloads() {
    for number in 1 2 3 4 5 6; do
        peer -o "$tmp/got$number" "$@" >"$tmp/end$number" &
        downloads_pids="${downloads_pids-} $!"
    done
    for number in $downloads_pids; do
        wait "$number"
    done
    downloads_pids=
    for number in 1 2 3 4 5 6; do
        # The answer without its head, if it has one.
        tail -c "$(wc -c <"$tmp/large")" "$tmp/got$number" | checksum
    done | sort -u
}

for mode in bare orderly drain; do
    start_python "$mode"
    # The built-in policy leaves a plain close as it is.
    case $mode in
    bare | orderly)
        is "$mode: an upload that is answered early is reset" "$(early)" "reset 1"
        is_records "$mode: nothing is recorded" 0 count pid=ABOVE:0
        ;;
    drain)
        reset_mark
        is "$mode: an upload that is answered early ends in order" "$(early)" "eof 1"
        is "$mode: and the whole answer arrives" "$(answered)" 1000000
        is "$mode: the server's side sent no rst" "$(resets)" 0
        is_records "$mode: the close is recorded, with what was drained" 1 count cause=unread call=close outcome=drained drained_bytes=ABOVE:0
        ;;
    esac

    is "$mode: asyncio, aborting 20 times" "$(peer -n 20 -s 'abort\n' 8081)" \
        "$([ "$mode" = bare ] && echo reset 20 0 || echo eof 20 0)"
    if [ "$mode" != bare ]; then
        is_records "$mode: each has a setsockopt record and a close record" 20 joined
    fi

    reset_mark
    is "$mode: six downloads at a time are whole, from threads" "$(downloads -s 'GET / HTTP/1.0\r\n\r\n' 8080)" "$large"
    is "$mode: and from asyncio" "$(downloads -s 'get\n' 8081)" "$large"
    is "$mode: an upload arrives whole" \
        "$(on_client curl -s -H 'Expect:' --data-binary "@$tmp/large" "http://$host:8080/" | cut -c 1-16)" "$large"
    is "$mode: none of these was reset" "$(resets)" 0
    check "$mode: python is there" kill -0 "$server"
    stop
done

start_python -r 'observe on unread'
is "observe: the upload is reset as before" "$(early)" "reset 1"
is_records "observe: and recorded as the reason" 1 count cause=unread call=close outcome=aborted unread_bytes=ABOVE:0
stop

upload='POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n'
for who in bare root user; do
    start_as "$who" www-data "$python" "$LG_ROOT/tests/servers/python.py" "$host" "$tmp/wanted"
    wait_listens 8080
    answers "$who" drained 8080 "$upload"
    stop
done

if "$python" -c 'import gunicorn' 2>/dev/null; then
    for who in bare root user; do
        start_as "$who" www-data "$python" -m gunicorn --worker-tmp-dir "/tmp" --chdir "$LG_ROOT/tests/servers" \
            --env "ANSWER=$tmp/wanted" --bind "$host:8080" wsgi:application
        wait_listens 8080
        answers "gunicorn, $who" drained 8080 "$upload"
        stop
    done
else
    skip servers "$python has no gunicorn"
fi
done_testing
