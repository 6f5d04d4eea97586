#!/bin/sh
# SPDX-License-Identifier: MIT
# The root of another Debian, for tests that need its libc or its programs.
#
#   tests/harness/root.sh SUITE     prints the directory; makes it where it is not there yet
#
# SUITE is bullseye, bookworm, trixie, sid and so on. Needs root, debootstrap and Debian's packages;
# about two minutes and 400 MB. The directory is kept between runs ($LG_ROOTS, /var/tmp/lingerguard-roots)
# and shared by all tests: mount over it in a namespace of your own, and write nothing into it. It has
# a compiler, make and perl: what the tree needs to be built and tested.
set -eu

suite=$1
roots=${LG_ROOTS:-/var/tmp/lingerguard-roots}
root=$roots/$suite

# One that was made when perl was not among them counts for none.
is_whole() {
    [ -x "$root/usr/bin/prove" ]
}

if ! is_whole; then
    command -v debootstrap >/dev/null || {
        echo "debootstrap is not installed" >&2
        exit 1
    }
    mkdir -p "$roots"
    exec 9>"$roots/$suite.lock"
    flock 9 # another test may be making it
    if ! is_whole; then
        rm -rf "$root.part"
        debootstrap --variant=minbase --include=gcc,libc6-dev,make,perl "$suite" "$root.part" >"$root.log" 2>&1 || {
            tail -n 5 "$root.log" >&2
            exit 1
        }
        rm -rf "$root.part/var/cache/apt/archives" "$root.part/var/lib/apt/lists"
        rm -rf "$root"
        mv "$root.part" "$root"
    fi
fi
printf '%s\n' "$root"
