#!/bin/sh
# SPDX-License-Identifier: MIT
# xinetd: its services have the client's socket as standard input, output and error. Not one byte
# that is not theirs may reach a client, however much the library has to say.
# shellcheck disable=SC2317 # functions are called through wait_until and check
# shellcheck source=tests/servers/server.sh
. "$(dirname "$0")/server.sh"
needs servers xinetd

make_file "$tmp/large" 4096
large=$(checksum <"$tmp/large")
# Asks for an abort of its standard output, then serves.
cat >"$tmp/rude" <<'END'
#!/usr/bin/perl
use Socket;
setsockopt(STDOUT, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0) or die;
open my $in, '<:raw', $ARGV[0] or die;
binmode STDOUT;
while (sysread $in, my $buffer, 65536) {
    my $at = 0;
    while ($at < length $buffer) {
        $at += syswrite STDOUT, $buffer, length($buffer) - $at, $at;
    }
}
END
chmod 755 "$tmp/rude"
: >"$tmp/xinetd.conf"
service() {
    cat >>"$tmp/xinetd.conf" <<END
service $1
{
    type = UNLISTED
    socket_type = stream
    protocol = tcp
    bind = $host
    port = $2
    wait = no
    user = root
    server = $3
    server_args = $4
    instances = UNLIMITED
    cps = 10000 1
    $5
}
END
}
service polite 7001 /bin/cat "$tmp/large" ''
service rude 7002 "$tmp/rude" "$tmp/large" ''
service broken 7003 /bin/cat "$tmp/large" "env = LINGERGUARD_RULES=alow LINGERGUARD_LOG=stderr LINGERGUARD_STRICT=0"

start_xinetd() {
    start "$@" xinetd -dontfork -f "$tmp/xinetd.conf" -pidfile "$tmp/xinetd.pid"
    wait_listens 7001
    wait_listens 7003
}

# What arrived of six, two at a time.
downloads() {
    for number in 1 2 3 4 5 6; do
        peer -o "$tmp/got$number" "$1" >/dev/null &
        first=${second-}
        second=$!
        [ -z "$first" ] || wait "$first"
    done
    wait "$second"
    second=
    for number in 1 2 3 4 5 6; do
        checksum <"$tmp/got$number"
    done | sort | uniq -c | tr -s ' '
}

for mode in bare orderly drain stderr; do
    case $mode in
    # Nothing but standard error to write to: the client's socket.
    stderr)
        : >"$records"
        in_background server "$LG_COMMAND" run -l stderr -- \
            xinetd -dontfork -f "$tmp/xinetd.conf" -pidfile "$tmp/xinetd.pid"
        server=$pid
        wait_listens 7001
        wait_listens 7003
        ;;
    *) start_xinetd "$mode" ;;
    esac
    is "$mode: six downloads are what the service sent" "$(downloads 7001)" " 6 $large"
    is "$mode: a policy that cannot be used says nothing to a client" "$(downloads 7003)" " 6 $large"
    case $mode in
    bare) is "$mode: a service that asks for an abort is reset" "$(peer -n 3 7002 | cut -d ' ' -f 1,2)" "reset 3" ;;
    *)
        is "$mode: a service that asks for an abort ends in order" "$(peer -n 3 7002)" "eof 3 $((3 * 4194304))"
        is "$mode: and sends not one byte too many" "$(downloads 7002)" " 6 $large"
        [ "$mode" = stderr ] || is_records "$mode: each was recorded, in the file" 9 count call=setsockopt outcome=disarmed
        ;;
    esac
    check "$mode: xinetd is there" kill -0 "$server"
    stop
done
done_testing
