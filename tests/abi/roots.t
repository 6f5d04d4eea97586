#!/bin/sh
# SPDX-License-Identifier: MIT
# The library that is built here, in roots of other Debians: under each one's own libc, in programs that were built for it.
# glibc before 2.34, that of Debian 11, has dlsym in libdl, which a program need not have loaded, and which a small image need not have.
# shellcheck disable=SC2016 # the shell inside expands
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/abi/inside.sh
. "$(dirname "$0")/inside.sh"

calls='popen freopen 1 fclose 0 system 5 posix_spawn 7 vfork 6 '

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
mkdir "$tmp/build"
cp "$LG_LIB" "$LG_COMMAND" "$tmp/build/"
for suite in bullseye bookworm trixie sid; do
    root "$suite" || continue
    version=$(inside 'ldd --version | sed -n "1s/.* //p"')
    built "$suite" -Wl,--as-needed || not_ok "$suite: the programs are built"
    is "$suite: an abort without the library" "$(inside "/mnt/$suite")" RST
    both "$suite, glibc $version" "$suite"
    is "$suite: the command is static and runs there" "$(inside '/mnt/build/lingerguard run -l off "$1"' "/mnt/$suite")" EOF
    is "$suite: every program of the root's shell starts under /etc/ld.so.preload" \
        "$(inside 'mkdir /tmp/etc && cp -a /etc/. /tmp/etc && mount --bind /tmp/etc /etc && echo /mnt/lib.so >/etc/ld.so.preload &&
            "$1" 2>/dev/null && ls /mnt/lib.so && id -u' "/mnt/$suite" 2>&1 | tr '\n' ' ')" "EOF /mnt/lib.so 0 "
    [ "$suite" = bullseye ] || continue
    built libdl -Wl,--no-as-needed -ldl || not_ok "libdl: the programs are built"
    both "row 5: glibc $version, a program with libdl" libdl
    both "row 5: glibc $version, no libdl in the image" bullseye 'mount --bind /dev/null "$(realpath /lib/*-linux-gnu/libdl.so.2)"'
done

done_testing
