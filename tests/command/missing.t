#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard status --missing: programs that run without the library, and why.
# shellcheck disable=SC2016,SC2086,SC2317 # programs of other shells; words; functions that are called through wait_until
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/command/answer.sh
. "$(dirname "$0")/answer.sh"
# shellcheck source=tests/command/processes.sh
. "$(dirname "$0")/processes.sh"

alone "$0"
cd "$tmp" || exit 1
cc=${CC:-cc}
chmod 755 "$tmp"
echo 'int pause(void); int main(void) { for (;;) pause(); }' >stay.c
check "a program is built" "$cc" -o stay stay.c

# runs NAME COMMAND...: in the background, until it has become its program; its pid in $pid
runs() {
    runs_name=$1
    shift
    in_background "$runs_name" "$@"
    wait_until 20 has_become $pid "$runs_name"
}

# The program's last part starts with its NAME
has_become() {
    case $(readlink "/proc/$1/exe") in
    */"$2"*) grep -q ' S ' "/proc/$1/stat" ;;
    *) false ;;
    esac
}

missing() {
    answer "$LG_COMMAND" status --missing "${1-*}" -f json
}

# As a program has it
runs stay env LD_PRELOAD="$preload" ./stay
has=$pid
missing "stay"
answers "a program that has the library exits $((whole * 2))" "$((whole * 2))"
is "and is not missing" "$(json 'scalar @{$_->{missing}}')" 0
answer "$LG_COMMAND" status --missing stay
is "nor in the table" "$out" "none is missing"

# Names
cp stay stay-one
cp stay stay-two
runs stay-one ./stay-one
one=$pid
runs stay-two ./stay-two
two=$pid
missing "stay-*"
answers "programs without it exit 1" 1
is "a name without a slash is the last part" "$(json 'map { $_->{pid} } @{$_->{missing}}')" "$one $two"
is "what is said of one" "$(its $one exe unit why text)" \
    "$tmp/stay-one ${unit:--} environment no LD_PRELOAD in its environment"
missing "*/stay-o?e"
is "one with a slash is the path" "$(json 'map { $_->{pid} } @{$_->{missing}}')" "$one"
missing "$tmp/stay-[t]wo"
is "a set too" "$(json 'map { $_->{pid} } @{$_->{missing}}')" "$two"
missing "stay-"
is "a part of a name is none" "$(json 'scalar @{$_->{missing}}')" 0
missing
is "this command is not in the list" "$(json 'scalar grep { $_->{exe} =~ m,/lingerguard\z, } @{$_->{missing}}')" 0
check "all programs are" test "$(json 'scalar @{$_->{missing}}')" -ge 3
rm stay-two
missing "stay-*"
is "one whose file is gone is known by its name" "$(its $two exe why)" "$tmp/stay-two environment"
answer env COLUMNS=200 "$LG_COMMAND" status --missing "stay-*"
is "a line of the table" "$(printf '%s\n' "$out" | sed -n "s/^ *$one  *//p" | tr -s ' ')" \
    "$tmp/stay-one ${unit:--} no LD_PRELOAD in its environment"
like "it has heads" "$out" "  PID PROGRAM "
for glob in '[a' '' 'a['; do
    answer "$LG_COMMAND" status --missing "$glob"
    answers "--missing '$glob' exits 2" 2
done
like "and says what is wrong" "$err" "lingerguard: status: --missing 'a[': "

# Files
if "$cc" -static -o stay-static stay.c 2>/dev/null; then
    runs stay-static env LD_PRELOAD="$preload" ./stay-static
    missing stay-static
    is "a static program" "$(its $pid why)" static
    end_background $pid
else
    skip static "no static libc" "a static program"
fi
if command -v go >/dev/null; then
    printf 'package main\nimport "time"\nfunc main() { for { time.Sleep(time.Hour) } }\n' >stay.go
    if HOME=$tmp GOCACHE=$tmp/gocache GO111MODULE=off CGO_ENABLED=0 run_deadline 240 go build -o stay-go stay.go 2>go.err; then
        runs stay-go env LD_PRELOAD="$preload" ./stay-go
        missing stay-go
        is "a Go program" "$(its $pid why)" go
        end_background $pid
    else
        skip go "go builds nothing here: $(tail -n 1 go.err)" "a Go program"
    fi
else
    skip go "go is not installed" "a Go program"
fi
if command -v i686-linux-gnu-gcc >/dev/null && [ -e /lib/ld-linux.so.2 ]; then
    i686-linux-gnu-gcc -o stay-32 stay.c
    runs stay-32 env LD_PRELOAD="$preload" ./stay-32
    missing stay-32
    is "a program of 32 bits" "$(its $pid why)" machine
    end_background $pid
else
    skip i386 "no i686-linux-gnu-gcc, or no libc for it" "a program of 32 bits"
fi

# Environments
runs stay env LD_PRELOAD="$tmp/nowhere/liblingerguard.so" ./stay
missing stay
is "a library that is not there" "$(its $pid why)" not-visible
end_background $pid
: >liblingerguard.so.empty
mkdir empty
cp liblingerguard.so.empty empty/liblingerguard.so
runs stay env LD_PRELOAD="$tmp/empty/liblingerguard.so" ./stay
missing stay
is "one that does not load is not explained" "$(its $pid why)" unknown
end_background $pid
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    cp stay stay-secure
    chown 65533 stay-secure
    chmod 4755 stay-secure
    runs stay-secure setpriv --reuid 65534 --regid 65534 --clear-groups env LD_PRELOAD="$preload" ./stay-secure
    missing stay-secure
    if findmnt -no OPTIONS -T "$tmp" 2>/dev/null | grep -q nosuid; then
        skip setuid "$tmp is mounted nosuid" "a setuid program"
    else
        is "a setuid program" "$(its $pid why)" secure
    fi
    end_background $pid

    # Another user's
    cp "$LG_COMMAND" "$tmp/lingerguard"
    chmod 755 "$tmp/lingerguard"
    answer setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/lingerguard" status --missing no-such-program
    answers "without rights nothing is certain: it exits 2" 2
    like "and says so" "$err" "warning: no permission to read the memory map of "
else
    skip root "needs root and setpriv" "a setuid program"
fi

# Enabled, in an /etc of this test
if [ "${LG_ISOLATED-}" ]; then
    mkdir etc
    cat >enabled.sh <<'EOF'
set -u
cd "$1" || exit 1
mount -t tmpfs none "$1/etc"
cp -a /etc/. "$1/etc/"
rm -rf "$1/etc/lingerguard" "$1/etc/ld.so.preload"
program=stay
pids=
before() { # NAME COMMAND...
    name=$1
    shift
    cp $program "stay-$name"
    "$@" "./stay-$name" >/dev/null 2>&1 &
    pids="$pids $!"
    end=$(($(date +%s) + 20))
    until readlink "/proc/$!/exe" | grep -q "/stay-$name$" && grep -q ' S ' "/proc/$!/stat"; do
        [ "$(date +%s)" -lt $end ] || break
        sleep 0.05
    done
}
ask() {
    "$LG_COMMAND" status --missing 'stay-*' -f json | tr '{' '\n' | sed -n 's/.*stay-\([a-z]*\)".*"why":"\([a-z-]*\)".*/\1 \2/p'
    echo "$?"
}
before early env
before elsewhere unshare -m # its /etc stays the system's, without the entry
mount --bind "$1/etc" /etc
sleep 2 # the clock of the files may be behind by a tick, and who has just started may have started after
"$LG_COMMAND" enable --library "$1/liblingerguard.so" >/dev/null 2>&1 || echo not enabled
before late env
before lateclean env -i
before hidden unshare -m sh -c 'mount -t tmpfs none "$1/lib" && exec "$2"' sh "$1"
[ -z "$2" ] || { program=musl; before musl env; }
ask
"$LG_COMMAND" disable >/dev/null
kill $pids
wait
EOF
    mkdir lib
    cp "$LG_LIB" lib/liblingerguard.so
    sed -i 's,\$1/liblingerguard.so,$1/lib/liblingerguard.so,' enabled.sh
    musl=
    if command -v musl-gcc >/dev/null; then
        musl-gcc -o musl stay.c
        musl=yes
    else
        skip musl "musl-gcc is not installed" "a musl program"
    fi
    run_deadline 120 unshare -m sh enabled.sh "$tmp" "$musl" >enabled.out 2>&1
    of() {
        sed -n "s/^$1 //p" enabled.out
    }
    is "one that was started before it was enabled" "$(of early)" started-before
    is "one in a root where it is not enabled" "$(of elsewhere)" root
    is "one that does not see the library" "$(of hidden)" not-visible
    is "one that was started after has it, whatever its environment" "$(of late)$(of lateclean)" ""
    [ -z "$musl" ] || is "a musl program" "$(of musl)" musl
    [ "$tap_failed" = 0 ] || note "$(cat enabled.out)"
else
    skip pid "no namespaces" "a library that is enabled"
fi
end_background $has

done_testing
