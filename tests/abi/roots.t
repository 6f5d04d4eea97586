#!/bin/sh
# SPDX-License-Identifier: MIT
# The library that is built here, in roots of other Debians: under each one's own libc, in programs that were built for it.
# glibc before 2.34, that of Debian 11, has dlsym in libdl, which a program need not have loaded, and which a small image need not have.
# shellcheck disable=SC2016 # the shell inside expands
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

if ! unshare --mount true 2>/dev/null; then
    skip mountns "a mount namespace needs root" "other Debians"
    done_testing
fi
calls='popen freopen 1 fclose 0 system 5 posix_spawn 7 vfork 6 '

# root SUITE : sets $root. It is made where it is missing only if it must run: that takes a minute and Debian's packages.
root() {
    if [ -d "${LG_ROOTS:-/var/tmp/lingerguard-roots}/$1" ] || tap_must_run roots; then
        root=$("$LG_ROOT/tests/harness/root.sh" "$1" 2>"$tmp/root.err") && return
    else
        echo "no root of $1 yet, tests/harness/root.sh $1 makes it" >"$tmp/root.err"
    fi
    skip roots "$(cat "$tmp/root.err")" "$1"
    return 1
}

# inside SCRIPT [ARGUMENT...] : in the root, with $tmp at /mnt; nothing of it stays
inside() {
    script=$1
    shift
    run_deadline 60 unshare --mount sh -c '
        root=$1 tmp=$2
        mount --bind "$root" "$root" && mount -o remount,bind,ro "$root" && mount -t tmpfs tmpfs "$root/tmp" &&
        mount --bind "$tmp" "$root/mnt" && mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev" || exit 1
        script=$3; shift 3
        exec chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin LC_ALL=C sh -c "$script" sh "$@"' \
        sh "$root" "$tmp" "$script" "$@" 2>&1
}

# built NAME OPTION... : both programs, by the root's own compiler
built() {
    inside 'name=$1; shift
        gcc "$@" -o "/mnt/$name" /mnt/abort_once.c && gcc -D_GNU_SOURCE "$@" -o "/mnt/$name-calls" /mnt/no_system_call.c' "$@"
}

# both NAME PROGRAM [COMMAND] : with LD_PRELOAD, after COMMAND
both() {
    is "$1: in order, with a record" "$(inside "${3-:}"'; LD_PRELOAD=/mnt/lib.so "$1" 2>/mnt/records' "/mnt/$2") $(grep -c linger-zero "$tmp/records")" "EOF 2"
    is "$1: the calls that only libc has" \
        "$(inside "${3-:}"'; LD_BIND_NOW=1 LD_PRELOAD=/mnt/lib.so "$1"' "/mnt/$2-calls" | tr '\n' ' ')" "$calls"
}

cp "$LG_LIB" "$tmp/lib.so"
cp "$LG_ROOT"/tests/abi/*.c "$tmp/"
for suite in bullseye bookworm trixie sid; do
    root "$suite" || continue
    version=$(inside 'ldd --version | sed -n "1s/.* //p"')
    built "$suite" -Wl,--as-needed || not_ok "$suite: the programs are built"
    is "$suite: an abort without the library" "$(inside "/mnt/$suite")" RST
    both "$suite, glibc $version" "$suite"
    is "$suite: every program of the root's shell starts under /etc/ld.so.preload" \
        "$(inside 'mkdir /tmp/etc && cp -a /etc/. /tmp/etc && mount --bind /tmp/etc /etc && echo /mnt/lib.so >/etc/ld.so.preload &&
            "$1" 2>/dev/null && ls /mnt/lib.so && id -u' "/mnt/$suite" 2>&1 | tr '\n' ' ')" "EOF /mnt/lib.so 0 "
    [ "$suite" = bullseye ] || continue
    built libdl -Wl,--no-as-needed -ldl || not_ok "libdl: the programs are built"
    both "row 5: glibc $version, a program with libdl" libdl
    both "row 5: glibc $version, no libdl in the image" bullseye 'mount --bind /dev/null "$(realpath /lib/*-linux-gnu/libdl.so.2)"'
done

done_testing
