#!/bin/sh
# SPDX-License-Identifier: MIT
# The containers of this example, run by runc: a server that aborts is cured, in glibc and in musl images.
# shellcheck disable=SC2317 # called through wait_until and from the README
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../../tests/harness/tap.sh"

here=$LG_ROOT/examples/container-runc
demo=$LG_ROOT/examples/demo
needs runc runc nsenter readelf ldd
if [ "$(id -u)" -ne 0 ]; then
    skip runc "runc needs root here"
    done_testing
fi

check "the policy is right" "$LG_COMMAND" check-policy "$here/policy"
"${CC:-cc}" -o "$tmp/server-glibc" "$demo/legacy-server.c" || exit 1
"${CC:-cc}" -o "$tmp/client" "$demo/slow-client.c" || exit 1
head -c 4194304 /dev/urandom >"$tmp/file"
# The user of the container has to get at its root.
chmod 755 "$tmp"

# contained NAME PROGRAM HOW: one container and one client, which joins its network.
# Sets $result (what the client saw), $about (/proc/PID/status of the server), $records.
contained() {
    name=$1
    mkdir "$tmp/$name"
    "$here/bundle.sh" "$tmp/$name" "$2" "$tmp/file" "$LG_LIB" "$3" || exit 1
    rm -f "$tmp/copy"
    result='' about='' root_mount=''
    in_background "$name" runc --root "$tmp/state" run --pid-file "$tmp/$name/pid" --bundle "$tmp/$name" \
        "lingerguard-$$-$name"
    if wait_until 30 grep -q http "$tmp/$name.out" && wait_until 30 test -s "$tmp/$name/pid"; then
        server=$(cat "$tmp/$name/pid")
        # runc's own end leaves the container alone.
        tap_pids="$tap_pids $server"
        port=$(sed 's/.*:\([0-9]*\).*/\1/' "$tmp/$name.out")
        about=$(cat "/proc/$server/status")
        root_mount=$(awk '$5 == "/" { print $6 }' "/proc/$server/mountinfo")
        result=$(run_deadline 60 nsenter "--net=/proc/$server/ns/net" "$tmp/client" "$port" "$tmp/copy")
        kill -KILL "$server"
        wait_until 20 tap_is_gone "$pid"
        runc --root "$tmp/state" delete -f "lingerguard-$$-$name" 2>/dev/null
    else
        note "$(cat "$tmp/$name.err")"
    fi
    records=$tmp/$name.err
}
aborts() {
    contained "$@"
    like "$1: the client is cut off" "$result" end=ECONNRESET
    is "$1: no record" "$(cat "$records")" ""
}
cures() {
    contained "$@"
    is "$1: the client gets everything" "$result" "received=4194304 expected=4194304 end=EOF"
    check "$1: and it is the file" cmp "$tmp/file" "$tmp/copy"
    is "$1: the records of the close, as json" \
        "$(perl -MJSON::PP -ne '$r = decode_json($_); print "$r->{cause} $r->{verdict} $r->{rule} $r->{outcome} $r->{exe}\n"
            if $r->{call} eq "close"' "$records")" "linger-zero orderly /etc/lingerguard/policy:3 orderly /server"
}

aborts glibc-without "$tmp/server-glibc" without
cures glibc-env "$tmp/server-glibc" env
like "the server has no privileges" "$(printf '%s' "$about" | tr -s '\t\n' ' ')" "Uid: 65534 65534 65534 65534"
like "nor capabilities" "$about" "CapBnd:	0000000000000000"
like "cannot get them" "$about" "NoNewPrivs:	1"
like "is filtered by seccomp" "$about" "Seccomp:	2"
like "its root is read-only" ",$root_mount," ,ro,
cures glibc-preload "$tmp/server-glibc" preload

if command -v musl-gcc >/dev/null; then
    musl-gcc -o "$tmp/server-musl" "$demo/legacy-server.c" || exit 1
    cures musl-env "$tmp/server-musl" env
    aborts musl-preload "$tmp/server-musl" preload
else
    skip musl "musl-gcc is not installed" "musl images"
fi

# The commands of the README, with a place and a name of this test, and the port that the server prints.
sed -n 's/^    //p' "$here/README.md" | sed "s|/tmp/legacy|$tmp/readme|; s|build/examples/demo/legacy-server|$tmp/server-glibc|
    s|build/liblingerguard.so|$LG_LIB|; s|\(run --bundle [^ ]*\) legacy &|\1 lingerguard-$$-readme >$tmp/readme.out 2>$tmp/readme.err \&|
    s|runc |runc --root $tmp/state |; s|state legacy|state lingerguard-$$-readme|; s|kill legacy|kill lingerguard-$$-readme|
    s|^nsenter|wait_until 30 grep -q http $tmp/readme.out; nsenter|; s|:PORT|:\$(port_now)|" >"$tmp/commands"
port_now() {
    sed 's/.*:\([0-9]*\).*/\1/' "$tmp/readme.out"
}
# shellcheck source=/dev/null
(cd "$LG_ROOT" && . "$tmp/commands") >"$tmp/said" 2>&1
is "the README: the commands work" "$? $(cat "$tmp/said")" "0 "
like "the README: the server ran, and recorded what it closed" "$(cat "$tmp/readme.err")" '"outcome":"orderly"'
gone() { ! runc --root "$tmp/state" state "lingerguard-$$-readme" 2>/dev/null || runc --root "$tmp/state" delete "lingerguard-$$-readme"; }
check "the README: and it was killed" wait_until 20 gone

is "nothing but records on standard error" "$(cat "$tmp"/*.err | grep -v "^{")" ""
is "no container is left" "$(runc --root "$tmp/state" list -q)" ""
done_testing
