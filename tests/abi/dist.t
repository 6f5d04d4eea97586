#!/bin/sh
# SPDX-License-Identifier: MIT
# make dist: the tarball for one kind of machine, twice from different places, and what is unpacked at work.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

unset MAKEFLAGS MFLAGS MAKELEVEL

# made DIRECTORY: the tarball from a copy of the sources there
made() {
    mkdir -p "$1"
    for part in Makefile README.md LICENSE policy shim; do
        cp -R "$LG_ROOT/$part" "$1/"
    done
    run_deadline 300 make -s -j2 -C "$1" dist >"$tmp/log" 2>&1 || cat "$tmp/log" >&2
    set -- "$1"/build/lingerguard-*.tar.gz
    printf '%s\n' "$1"
}
first=$(made "$tmp/a")
second=$(made "$tmp/another/place")
check "there is a tarball" test -s "$first"
is "its name has version and machine" "${first##*/}" \
    "lingerguard-$(sed -n 's/^VERSION := //p' "$LG_ROOT/Makefile")-$("${CC:-cc}" -dumpmachine).tar.gz"
check "the same bytes from another directory" cmp "$first" "$second"

mkdir "$tmp/there"
tar -C "$tmp/there" -xzf "$first"
set -- "$tmp"/there/*
is "it unpacks into one directory" "$# ${1##*/}" "1 $(basename "$first" .tar.gz)"
cd "$1" || exit 1
check "the sums are right" sha256sum --quiet -c SHA256SUMS
is "and are those of all files" "$(find . -type f ! -name SHA256SUMS | wc -l)" "$(wc -l <SHA256SUMS)"
for part in bin/lingerguard lib/liblingerguard.so share/man/man1/lingerguard.1 share/man/man7/liblingerguard.7 \
    share/man/man5/lingerguard.policy.5 share/bash-completion/completions/lingerguard LICENSE README.md; do
    check "in it: $part" test -s "$part"
done
is "everything belongs to root" "$(tar -tvzf "$first" --numeric-owner | awk '{ print $2 }' | sort -u)" 0/0
unlike "no path of the machine that made it" "$(strings -a bin/lingerguard lib/liblingerguard.so)" "$tmp"
like "the command is static" "$(readelf -lW bin/lingerguard)" LOAD
unlike "and asks for no dynamic linker" "$(readelf -lW bin/lingerguard)" INTERP
"${CC:-cc}" -o "$tmp/abort_once" "$LG_ROOT/tests/abi/abort_once.c"
is "it works where it lies" "$(bin/lingerguard run -l off "$tmp/abort_once")" EOF

done_testing
