#!/bin/sh
# SPDX-License-Identifier: MIT
# make install and make uninstall, into a scratch directory, and the installed command at work.
# shellcheck disable=SC2016 # the inner shell expands
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/command/answer.sh
. "$(dirname "$0")/answer.sh"

unset MAKEFLAGS MFLAGS MAKELEVEL
cd "$LG_ROOT" || exit 1

# What is built stays as it is: with its own LIBDIR, and everything but this up to date.
stage=$tmp/stage
libdir=$(cat "$LG_BUILD/command/libdir")
# shellcheck disable=SC2317 # called through answer
run_make() {
    make -s "$@" BUILD="$LG_BUILD" DESTDIR="$stage" PREFIX=/usr/local LIBDIR="$libdir" \
        -o "$LG_BUILD/liblingerguard.so" -o "$LG_BUILD/lingerguard"
}

answer run_make install
answers "make install exits 0" 0
pages=$(for page in policy/*.5 shim/*.7 shim/command/*.1; do
    [ ! -e "$page" ] || printf '/usr/local/share/man/man%s/%s\n' "${page##*.}" "${page##*/}"
done)
version=$(sed -n 's/^VERSION := //p' Makefile)
wanted="/usr/local/bin/lingerguard
$libdir/liblingerguard.so
$libdir/liblingerguard.so.$version
/usr/local/share/bash-completion/completions/lingerguard
/usr/local/share/zsh/site-functions/_lingerguard
$pages"
is "it installs these files and no other" "$(cd "$stage" && find . ! -type d | sed 's/^\.//' | LC_ALL=C sort)" \
    "$(printf '%s\n' "$wanted" | LC_ALL=C sort)"
is "the command may be executed" "$(stat -c %a "$stage/usr/local/bin/lingerguard")" 755
is "the library is a link to the file with its version" "$(readlink "$stage$libdir/liblingerguard.so")" "liblingerguard.so.$version"
is "the library may be read" "$(stat -L -c %a "$stage$libdir/liblingerguard.so")" 644
check "the command is the one that was built" cmp "$LG_COMMAND" "$stage/usr/local/bin/lingerguard"
check "the library is the one that was built" cmp "$LG_LIB" "$stage$libdir/liblingerguard.so"
like "the manual of the command is among them" "$pages" /usr/local/share/man/man1/lingerguard.1

if [ "$libdir" = /usr/local/lib ]; then
    is "the installed command finds the installed library" \
        "$("$stage/usr/local/bin/lingerguard" run sh -c 'printf %s "$LD_PRELOAD"')" "$stage$libdir/liblingerguard.so"
    answer "$stage/usr/local/bin/lingerguard" run cat /proc/self/maps
    like "and it is loaded" "$out" "$stage$libdir/liblingerguard.so"
else
    skip libdir "built for another LIBDIR" "the installed command finds the installed library"
fi

inode=$(stat -L -c %i "$stage$libdir/liblingerguard.so")
answer run_make install
answers "a second make install exits 0" 0
if [ "$(stat -L -c %i "$stage$libdir/liblingerguard.so")" = "$inode" ]; then
    not_ok "the library is replaced, not written over, under the programs that have it" "the inode is the same"
else
    ok "the library is replaced, not written over, under the programs that have it"
fi

# A version that was there before stays, for the way back.
cp "$LG_LIB" "$stage$libdir/liblingerguard.so.0.0.9"
ln -sf liblingerguard.so.0.0.9 "$stage$libdir/liblingerguard.so"
answer run_make install
is "an upgrade turns the link" "$(readlink "$stage$libdir/liblingerguard.so")" "liblingerguard.so.$version"
check "and leaves the older file, to go back to" rm "$stage$libdir/liblingerguard.so.0.0.9"

mkdir -p "$stage/etc"
answer "$stage/usr/local/bin/lingerguard" enable --root "$stage"
answers "the installed library can be enabled" 0
answer run_make uninstall
check "make uninstall refuses while it is enabled" test "$status" -ne 0
like "and says what to do" "$err" "run 'lingerguard disable' first"
check "and removes nothing" test -e "$stage$libdir/liblingerguard.so"
answer "$stage/usr/local/bin/lingerguard" disable --root "$stage"
answer run_make uninstall
answers "make uninstall exits 0" 0
is "make uninstall leaves no file" "$(find "$stage" ! -type d)" ""

done_testing
