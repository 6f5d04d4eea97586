# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For a test of what becomes of an answer whose client is still sending when the server closes.
# Source it in place of server.sh. Every answer ends with the 50,000 bytes of $tmp/wanted, or with
# what the test writes there.
#
#   for who in bare root user; do
#       start_as "$who" www-data COMMAND...
#       answers NAME WAY PORT TEXT [STEP...]
#
#   start_as WHO USER COMMAND...
#                      bare    without the library, as root
#                      root    with `drain 5s on linger-zero,unread,late role accepted`, as root
#                      user    with the same, as USER, whom the kernel may not let mute a socket
#                      itself  with the same, as root; the server becomes USER itself
#   answers NAME WAY PORT TEXT [STEP...]
#                      four clients that ask with TEXT and the STEPs of client.c. WAY is how the server
#                      delivers: drained or muted, which is the outcome that a record must have (orderly
#                      where the user may not mute), or itself, without the library as well
#   one_answer CLIENT NAME WAY PORT TEXT [STEP...]
#                      one of them:
#                      unread  sends 1,300 bytes too many, in one segment with its request
#                      late    sends 20,000 bytes when the server has closed, and then reads
#                      while   uploads 4 MB while it reads
#                      first   uploads 4 MB before it reads, unless that stalls for 1.5 s
#   may_mute USER      true where the kernel lets this user mute a socket

# shellcheck source=tests/servers/server.sh
. "$(dirname "$0")/server.sh"
needs servers setpriv

upload_bytes=4000000
graceful='drain 5s on linger-zero,unread,late role accepted'

head -c 50000 /dev/urandom >"$tmp/wanted"
chmod 644 "$tmp/wanted"

tap_as() {
    echo "setpriv --reuid=$1 --regid=$(id -g "$1") --clear-groups"
}

# A filter that drops nothing; 26 is SO_ATTACH_FILTER on all that we run on.
may_mute() {
    # shellcheck disable=SC2016,SC2046 # perl expands; words
    $(tap_as "$1") perl -MSocket -e '
        my $filter = pack "SCCL", 6, 0, 0, 0x40000;
        socket my $socket, AF_INET, SOCK_STREAM, 0 or die;
        exit !setsockopt $socket, SOL_SOCKET, 26, pack "S x![P] P", 1, $filter'
}

start_as() {
    tap_who=$1 tap_user=$2
    shift 2
    # shellcheck disable=SC2046 # words
    case $tap_who in
    bare) start bare "$@" ;;
    user) start -r "limit 100000/s; $graceful" $(tap_as "$tap_user") "$@" ;;
    *) start -r "limit 100000/s; $graceful" "$@" ;;
    esac
    [ "$tap_who" != root ] || tap_user=root
    may_mute "$tap_user" && tap_mutes=yes || tap_mutes=no
}

# Connections of the port that the server has not closed.
tap_open() {
    echo $(($(tap_sockets 01 "$1") + $(tap_sockets 08 "$1")))
}

tap_has_closed() {
    [ "$(tap_open "$1")" -le "$tap_open" ]
}

# With a receive buffer that takes a part of the answer, so that the rest is with the server's kernel.
tap_client() {
    client -r 8192 -t 1500 -o "$tmp/answer" "$@"
}

tap_late() {
    tap_port=$1
    shift
    tap_open=$(tap_open "$tap_port")
    rm -f "$tmp/answered" "$tmp/closed"
    tap_client "$tap_port" "$@" answered "tell=$tmp/answered" "file=$tmp/closed" both=20000 &
    tap_pid=$!
    wait_until 20 test -e "$tmp/answered"
    wait_until 20 tap_has_closed "$tap_port"
    : >"$tmp/closed"
    wait "$tap_pid"
}

answer() {
    tap_kind=$1 tap_port=$2 tap_text=$3
    shift 3
    rm -f "$tmp/answer"
    case $tap_kind in
    unread) tap_client "$tap_port" "say=$tap_text$(head -c 1300 /dev/zero | tr '\0' x)" "$@" answered both=0 ;;
    late) tap_late "$tap_port" "say=$tap_text" "$@" ;;
    while) tap_client "$tap_port" "say=$tap_text" "$@" answered "both=$upload_bytes" ;;
    first) tap_client "$tap_port" "say=$tap_text" "$@" "upload=$upload_bytes" read ;;
    esac >"$tmp/came"
    if [ "$(cut -d ' ' -f 2 "$tmp/came")" = eof ] && tail -c "$(wc -c <"$tmp/wanted")" "$tmp/answer" | cmp -s - "$tmp/wanted"; then
        echo whole
    else
        cat "$tmp/came"
    fi
}

# How much is lost is up to the time, so it is told and not judged. Where the kernel does not let the
# user mute, what has come before the close is discarded, and what comes later is answered with RST.
tap_wanted() {
    case $tap_way-$tap_who-$tap_each in
    itself-*) echo whole ;;
    *-bare-late) echo loss ;;
    *-bare-*) echo anything ;;
    drained-* | *-unread) echo whole ;;
    *) [ "$tap_mutes" = yes ] && echo whole || echo anything ;;
    esac
}

tap_recorded() {
    [ "$tap_mutes" = yes ] || [ "$tap_way" != muted ] || tap_way=orderly
    case $tap_who-$tap_way in
    bare-* | *-itself) ;;
    *) is_records "$tap_of, late: the record says $tap_way" 1 count "outcome=$tap_way" ;;
    esac
}

one_answer() {
    tap_each=$1 tap_of=$2 tap_way=$3
    shift 3
    : >"$records"
    reset_mark
    tap_answer=$(answer "$tap_each" "$@")
    tap_sent=$(resets)
    case $(tap_wanted) in
    whole)
        is "$tap_of, $tap_each: the answer is whole" "$tap_answer" whole
        is "$tap_of, $tap_each: and the server's side sent no rst" "$tap_sent" 0
        ;;
    loss) unlike "$tap_of, $tap_each: something is lost" "$tap_answer" whole ;;
    esac
    note "$tap_of, $tap_each: $(cat "$tmp/came"), $tap_sent rst"
    [ "$tap_each" != late ] || tap_recorded
}

answers() {
    for tap_kind in unread late while first; do
        one_answer "$tap_kind" "$@"
    done
}
