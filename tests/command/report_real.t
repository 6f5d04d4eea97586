#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard report reads what the library writes: a server that aborts, its log, the sums.
. "$(dirname "$0")/../harness/tap.sh"

export LC_ALL=C
connections=12

# Sets linger zero and closes each connection with more queued than its client has read.
cat >"$tmp/server.pl" <<'END'
    use IO::Socket::INET;
    use Socket;
    my $server = IO::Socket::INET->new(Listen => 9, LocalAddr => "127.0.0.1") or die;
    open my $port, ">", "$ARGV[1].new" or die;
    print $port $server->sockport;
    close $port;
    rename "$ARGV[1].new", $ARGV[1];
    for (1 .. $ARGV[0]) {
        my $client = $server->accept;
        $client->blocking(0);
        setsockopt $client, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0) or 1;
        1 while syswrite $client, "x" x 65536;
        $client->blocking(1);
        close $client;
    }
END
cat >"$tmp/client.pl" <<'END'
    use IO::Socket::INET;
    for (1 .. $ARGV[0]) {
        my $server = IO::Socket::INET->new("127.0.0.1:$ARGV[1]") or die;
        1 while sysread $server, my $data, 65536;
    }
END

# serve NAME RULES: the log of one run in $tmp/NAME.log, its sums in $tmp/NAME.json
serve() {
    in_background "server-$1" "$LG_COMMAND" run -r "$2" -f json -l "$tmp/$1.log" perl "$tmp/server.pl" "$connections" "$tmp/$1.port"
    wait_until 10 test -s "$tmp/$1.port"
    run_deadline 30 perl "$tmp/client.pl" "$connections" "$(cat "$tmp/$1.port")"
    wait_until 10 tap_is_gone "$pid"
    end_background "$pid"
    "$LG_COMMAND" report -f json "$tmp/$1.log" >"$tmp/$1.json"
}

# total NAME KEY
total() {
    sed -n "s/^\"\(totals\|input\)\":.*\"$2\":\([0-9.]*\).*/\2/p" "$tmp/$1.json"
}

for run in 'orderly:orderly' 'linger:linger 5s' 'drain:drain 5s' 'observe:observe' 'reject:reject EACCES'; do
    name=${run%%:*}
    serve "$name" "${run#*:}"
    is "$name: every line is a record" "$(total "$name" broken_lines) $(total "$name" problems)" "0 0"
    is "$name: connections" "$(total "$name" connections)" "$connections"
    is "$name: who asked is one call site" "$(sed -n 's/^"by_call_site":{"groups":\([0-9]*\).*/\1/p' "$tmp/$name.json")" 1
    check "$name: when" test "$(sed -n 's/^"totals".*"first":"\([0-9]*\)-.*/\1/p' "$tmp/$name.json")" -ge 2024
done
check "orderly: output released" test "$(total orderly released_bytes)" -gt 0
is "orderly: nobody knows what arrived" "$(total orderly saved_bytes)" 0
check "linger: output saved" test "$(total linger saved_bytes)" -gt 0
is "orderly: output lost" "$(total orderly lost_bytes)" 0
check "observe: output lost" test "$(total observe lost_bytes)" -gt 0
is "observe: output released" "$(total observe released_bytes)" 0
is "orderly: a request and an end of each connection" "$(total orderly records)" $((2 * connections))
is "reject: the refused requests" "$(total reject records)" "$connections"
done_testing
