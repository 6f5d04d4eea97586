#!/bin/bash
# SPDX-License-Identifier: MIT
# One source, one file: the library built here serves glibc and musl programs, and the same source
# builds for 32-bit x86 and 64-bit Arm and works there.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

source=$LG_ROOT/tests/abi/abort_once.c

# cures NAME LIBRARY COMMAND...: RST without the library, EOF and two records with it
cures() {
    local name=$1 library=$2
    shift 2
    is "$name: an abort without the library" "$(run_deadline 20 "$@" 2>&1)" RST
    is "$name: in order with it" "$(LD_PRELOAD=$library run_deadline 20 "$@" 2>"$tmp/records")" EOF
    is "$name: both records are there" "$(grep -c 'linger-zero' "$tmp/records")" 2
    like "$name: the caller is the program" "$(cat "$tmp/records")" "called from $tmp/"
}

${CC:-cc} -o "$tmp/native" "$source"
cures "glibc" "$LG_LIB" "$tmp/native"
${CC:-cc} -no-pie -o "$tmp/fixed" "$source"
cures "glibc, not position-independent" "$LG_LIB" "$tmp/fixed"

if command -v musl-gcc >/dev/null; then
    musl-gcc -o "$tmp/musl" "$source"
    cures "musl" "$LG_LIB" "$tmp/musl"
    musl-gcc -static -o "$tmp/static" "$source"
    is "static: not seen, as the manual says" "$(LD_PRELOAD=$LG_LIB run_deadline 20 "$tmp/static" 2>&1)" RST
    # A glibc shell that starts a musl program that starts a glibc program, all under the same LD_PRELOAD.
    is "glibc and musl programs start each other" \
        "$(LD_PRELOAD=$LG_LIB run_deadline 20 sh -c "$tmp/musl; $tmp/native" 2>/dev/null | tr '\n' ' ')" "EOF EOF "
else
    skip musl "musl-gcc is not installed" "musl"
fi

# A root with nothing in it but the command, the library, and a program of musl with its loader, as a small image is.
if ! unshare --user --map-root-user true 2>/dev/null; then
    skip userns "no user namespace" "the command in a root with no libc"
elif ! command -v musl-gcc >/dev/null; then
    skip musl "musl-gcc is not installed" "the command in a root with no libc"
else
    mkdir -p "$tmp/bare/lib"
    cp "$LG_COMMAND" "$LG_LIB" "$tmp/musl" "$tmp/bare/"
    musl=$(readelf -lW "$tmp/musl" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
    cp "$musl" "$tmp/bare$musl"
    # bare ARGUMENT...: the command in that root
    bare() {
        unshare --user --map-root-user chroot "$tmp/bare" /lingerguard "$@" 2>&1
    }
    like "in a root with no libc: the command" "$(bare explain -r 'reject EPERM peer 10.0.0.0/8' peer=10.1.2.3 cause=linger-zero)" reject
    is "in a root with no libc: lingerguard run" "$(bare run -l off /musl)" EOF
    like "in a root with no libc: a program that is not there" "$(bare run /nothing; echo $?)" 127
fi

# built_for NAME COMPILER: the library for another machine, in $tmp/NAME
built_for() {
    make -s -C "$LG_ROOT" lib CC="$2" BUILD="$tmp/$1" WERROR=1 CFLAGS="-O2 -g" >"$tmp/$1.log" 2>&1
    local status=$?
    if [ $status -eq 0 ]; then
        ok "$1: the library builds without a warning"
    else
        not_ok "$1: the library builds without a warning" "$(cat "$tmp/$1.log")"
    fi
    return $status
}

if command -v i686-linux-gnu-gcc >/dev/null; then
    if built_for i386 i686-linux-gnu-gcc && [ -e /lib/ld-linux.so.2 ]; then
        i686-linux-gnu-gcc -o "$tmp/native32" "$source"
        cures "i386" "$tmp/i386/liblingerguard.so" "$tmp/native32"
    else
        skip i386 "no 32-bit libc (libc6-i386)" "i386"
    fi
else
    skip i386 "i686-linux-gnu-gcc is not installed" "i386"
fi

if command -v aarch64-linux-gnu-gcc >/dev/null; then
    if built_for aarch64 aarch64-linux-gnu-gcc && command -v qemu-aarch64 >/dev/null; then
        aarch64-linux-gnu-gcc -o "$tmp/arm" "$source"
        is "aarch64: an abort without the library" \
            "$(run_deadline 30 qemu-aarch64 -L /usr/aarch64-linux-gnu "$tmp/arm" 2>&1)" RST
        is "aarch64: in order with it" "$(run_deadline 30 qemu-aarch64 -L /usr/aarch64-linux-gnu \
            -E LD_PRELOAD="$tmp/aarch64/liblingerguard.so" "$tmp/arm" 2>"$tmp/records")" EOF
        is "aarch64: both records are there" "$(grep -c 'linger-zero' "$tmp/records")" 2
    else
        skip aarch64 "qemu-aarch64 is not installed" "aarch64"
    fi
else
    skip aarch64 "aarch64-linux-gnu-gcc is not installed" "aarch64"
fi

# Link-time optimisation of a whole distribution must not touch the wrappers, nor must -O0, and what a
# compiler calls on its own must be the library's own, whatever it calls.
for flags in "-O2 -flto" "-O0" "-Os" "-O3 -fstack-protector-all -fstack-clash-protection -D_FORTIFY_SOURCE=3"; do
    for compiler in "${CC:-cc}" clang; do
        command -v "$compiler" >/dev/null || continue
        case $compiler$flags in clang-O2* | clang-O0*) continue ;; esac
        dir=$tmp/flags
        rm -rf "$dir"
        make -s -C "$LG_ROOT" lib CC="$compiler" BUILD="$dir" CFLAGS="$flags" >"$tmp/flags.log" 2>&1
        is "built by $compiler $flags" "$(LD_PRELOAD=$dir/liblingerguard.so run_deadline 20 "$tmp/native" 2>"$tmp/records")" EOF
        like "built by $compiler $flags: the caller is the program" "$(cat "$tmp/records")" "called from $tmp/native+0x"
        is "built by $compiler $flags: no strong undefined symbol" "$(nm -D "$dir/liblingerguard.so" | awk '$1 == "U"')" ""
    done
done

done_testing
