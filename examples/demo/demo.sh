#!/bin/sh
# SPDX-License-Identifier: MIT
# The same server, unmodified, without and with the library. Called by `make demo`.
#
#   examples/demo/demo.sh LIBRARY DIRECTORY    DIRECTORY holds legacy-server and slow-client
#
# Exit status 0 when the library cured the server, 1 when it did not.
set -eu

library=$1
programs=$2
file_bytes=4194304
bar_width=40

unset LD_PRELOAD LINGERGUARD_POLICY LINGERGUARD_RULES LINGERGUARD_LOG LINGERGUARD_FORMAT LINGERGUARD_STRICT LINGERGUARD_OFF
directory=$(mktemp -d "${TMPDIR:-/tmp}/lingerguard-demo.XXXXXX")
server_pid=

cleanup() {
    [ -z "$server_pid" ] || kill "$server_pid" 2>/dev/null || :
    rm -rf "$directory"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

bold='' red='' green='' grey='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$(printf '\033[1m') red=$(printf '\033[31m') green=$(printf '\033[32m')
    grey=$(printf '\033[90m') plain=$(printf '\033[0m')
fi
case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
*[Uu][Tt][Ff]*8*) full='█' empty='░' ;;
*) full='#' empty='.' ;;
esac

# 4194304 -> 4,194,304
grouped() {
    printf '%s\n' "$1" | sed -e ':again' -e 's/\([0-9]\)\([0-9]\{3\}\)\($\|,\)/\1,\2\3/' -e 't again'
}

repeated() {
    count=$2
    while [ "$count" -gt 0 ]; do
        printf '%s' "$1"
        count=$((count - 1))
    done
}

# Sockets in TIME-WAIT (state 06) whose local port is $1.
time_wait_count() {
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        awk -v end=":$(printf '%04X' "$1")" 'substr($2, length($2) - 4) == end && $4 == "06"' | wc -l
}

# Waits, at most 5 seconds, until the command succeeds.
wait_until() {
    tries=100
    until "$@"; do
        [ "$tries" -gt 0 ] || return 1
        tries=$((tries - 1))
        sleep 0.05
    done
}

# Serves the file to one client; sets received, end, intact, time_wait.
# serve [NAME=VALUE] (for the server's environment)
serve() {
    rm -f "$directory/address"
    env "$@" "$programs/legacy-server" "$directory/file" >"$directory/address" 2>"$directory/records" &
    server_pid=$!
    wait_until test -s "$directory/address" || {
        cat "$directory/records" >&2
        echo "the server did not start" >&2
        exit 1
    }
    port=$(sed 's/.*:\([0-9]*\).*/\1/' "$directory/address")
    "$programs/slow-client" "$port" "$directory/copy" >"$directory/result" || :
    received=$(sed -n 's/.*received=\([0-9]*\).*/\1/p' "$directory/result")
    end=$(sed -n 's/.*end=//p' "$directory/result")
    intact=no
    ! cmp -s "$directory/file" "$directory/copy" || intact=yes
    time_wait=$(time_wait_count "$port")
    kill "$server_pid"
    wait "$server_pid" 2>/dev/null || :
    server_pid=
}

# show COLOUR
show() {
    filled=$((received * bar_width / file_bytes))
    printf '    arrived      %s%s%s%s\n' "$1" "$(repeated "$full" "$filled")" \
        "$grey$(repeated "$empty" $((bar_width - filled)))" "$plain"
    printf '                 %s%s%s of %s bytes%s\n' "$1" "$(grouped "$received")" "$plain" "$(grouped "$file_bytes")" \
        "$([ "$intact" = no ] || echo ', identical to the file')"
    case $end in
    EOF) printf '    client saw   end of file\n' ;;
    *) printf '    client saw   %s%s%s\n' "$1" "$end" "$plain" ;;
    esac
    case $time_wait in
    0) printf '    TIME-WAIT    none at the server\n' ;;
    *) printf '    TIME-WAIT    %s at the server, for a minute, as TCP wants it\n' "$time_wait" ;;
    esac
}

[ -f "$library" ] || {
    echo "$library is not there: run make" >&2
    exit 1
}
head -c "$file_bytes" /dev/urandom >"$directory/file"

printf '%sA server closes with SO_LINGER {1, 0}; a client reads its file of 4 MiB slowly.%s\n\n' "$bold" "$plain"

printf '  %swithout the library%s\n' "$bold" "$plain"
serve LD_PRELOAD=
lost=no
[ "$received" -ge "$file_bytes" ] || lost=yes
show "$red"

printf '\n  %swith the library%s   LD_PRELOAD=%s\n' "$bold" "$plain" "$library"
serve LD_PRELOAD="$library"
show "$green"
printf '    records      written by the library to the stderr of the server\n'
while IFS= read -r record; do
    printf '%s\n' "$record" | fold -s -w 100 | sed -e '1s/^/      /' -e '2,$s/^/        /'
done <"$directory/records"
printf '\n'

if [ "$lost" = no ]; then
    printf '%sNothing was lost without the library: this demo shows nothing here.%s\n' "$red" "$plain"
    exit 1
fi
if [ "$intact" = no ] || [ "$end" != EOF ] || [ ! -s "$directory/records" ]; then
    printf '%sThe library did not cure it.%s\n' "$red" "$plain"
    exit 1
fi
printf '%sThe same program, and every byte arrived.%s\n' "$green" "$plain"
