#!/bin/sh
# SPDX-License-Identifier: MIT
# The units are right, and what systemd does for them works: a passed listening socket, the environment
# of the drop-in, and a journal that is a socket.
# shellcheck disable=SC2016 # Perl and shell expressions of others
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../../tests/harness/tap.sh"

here=$LG_ROOT/examples/systemd
needs systemd systemd-analyze systemd-socket-activate

check "the policy is right" "$LG_COMMAND" check-policy "$here/policy"
"${CC:-cc}" -o "$tmp/server" "$here/activated-server.c" || exit 1
"${CC:-cc}" -o "$tmp/client" "$LG_ROOT/examples/demo/slow-client.c" || exit 1
head -c 4194304 /dev/urandom >"$tmp/file"

# With the paths of this test; the port stays, since nobody listens.
mkdir -p "$tmp/units/legacy.service.d"
localized() {
    sed "s|/usr/local/bin/activated-server|$tmp/server|; s|/srv/file|$tmp/file|
        s|/usr/local/lib/liblingerguard.so|$LG_LIB|; s|/etc/lingerguard/legacy.policy|$here/policy|"
}
localized <"$here/legacy.service" >"$tmp/units/legacy.service"
localized <"$here/lingerguard.conf" >"$tmp/units/legacy.service.d/lingerguard.conf"
cp "$here/legacy.socket" "$tmp/units/"
verify() {
    SYSTEMD_UNIT_PATH=$tmp/units: run_deadline 60 systemd-analyze verify --man=no "$tmp/units/legacy.socket" \
        "$tmp/units/legacy.service" 2>&1
}
is "systemd-analyze verify: nothing to say" "$(verify)" ""
echo 'Enviroment=A=b' >>"$tmp/units/legacy.service.d/lingerguard.conf"
like "and it does read the drop-in" "$(verify)" "'Enviroment'"

port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)->sockport')
# serves NAME VARIABLE... : the server, started by its first client; $seen is what that saw
serves() {
    name=$1
    shift
    for variable in "$@"; do
        set -- "$@" -E "$variable"
        shift
    done
    in_background "$name" systemd-socket-activate -l "127.0.0.1:$port" "$@" "$tmp/server" "$tmp/file"
    wait_until 20 grep -q Listening "$tmp/$name.err"
    seen=$(run_deadline 60 "$tmp/client" "$port" "$tmp/copy")
    end_background "$pid"
}
serves without
like "without the drop-in the client is cut off" "$seen" end=ECONNRESET
# shellcheck disable=SC2046 # one variable a word
serves with $(localized <"$here/lingerguard.conf" | sed -n 's/^Environment=//p')
is "with it the client gets everything" "$seen" "received=4194304 expected=4194304 end=EOF"
is "the policy of the drop-in decides, the records are json" \
    "$(grep '^{' "$tmp/with.err" | perl -MJSON::PP -ne 'my $r = decode_json($_); print "$r->{call} $r->{verdict}\n"')" \
    "setsockopt orderly
close orderly"

# The journal: a socket, which only JOURNAL_STREAM tells from a client's.
"${CC:-cc}" -o "$tmp/abort_once" "$LG_ROOT/tests/abi/abort_once.c" || exit 1
journal() {
    LD_PRELOAD='' perl -MSocket -e '
        socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die;
        if (!fork) {
            open STDERR, ">&", $theirs; close $ours; close $theirs;
            my @about = stat STDERR;
            $ENV{JOURNAL_STREAM} = "$about[0]:" . ($about[1] + $ARGV[2]);
            $ENV{LD_PRELOAD} = $ARGV[0];
            open STDOUT, ">", "/dev/null";
            exec $ARGV[1];
        }
        close $theirs; my @lines = <$ours>; print scalar @lines' "$LG_LIB" "$tmp/abort_once" "$1"
}
is "records reach the journal" "$(journal 0)" 2
is "and no socket that is not the journal" "$(journal 1)" 0
done_testing
