#!/bin/sh
# SPDX-License-Identifier: MIT
# What leaves the library and what it asks of a libc: exactly what is written down.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

needs binutils nm readelf

# A weak one may be missing, and is then not used. A strong one keeps a program without a libc from starting.
cat >"$tmp/allowed" <<'LIST'
w __errno_location
w __libc_dlopen_mode
w __libc_dlsym
w __libc_single_threaded
w _dl_find_object
w clock_gettime
w dlerror
w dlsym
w environ
w getauxval
LIST

nm -D --defined-only "$LG_LIB" | awk '{ print $3 }' | sort >"$tmp/exported"
sed -n '/global:/,/local:/s/^ *\([A-Za-z_0-9]*\);.*/\1/p' "$LG_ROOT/shim/call/exports.map" | sort >"$tmp/listed"
is "the exported symbols are those of shim/call/exports.map" "$(cat "$tmp/exported")" "$(cat "$tmp/listed")"

nm -D "$LG_LIB" | awk '$1 == "U" || $1 == "w" { print $1, $2 }' | sort >"$tmp/undefined"
sort "$tmp/allowed" >"$tmp/allowed.sorted"
is "no strong undefined symbol" "$(grep '^U' "$tmp/undefined")" ""
is "nothing undefined beyond the allow-list" "$(comm -23 "$tmp/undefined" "$tmp/allowed.sorted")" ""

dynamic=$(readelf -dW "$LG_LIB")
unlike "no DT_NEEDED" "$dynamic" "(NEEDED)"
unlike "no relocations of a form that glibc before 2.36 does not read" "$dynamic" "RELR"
unlike "no relocation in the code" "$dynamic" "(TEXTREL)"
like "every address is bound at load" "$dynamic" "NOW"
unlike "no symbol version: every version of a call is hidden" "$(readelf -VW "$LG_LIB")" "Version symbols"
unlike "no executable stack" "$(readelf -lW "$LG_LIB" | grep GNU_STACK)" "RWE"
unlike "no thread-local storage" "$(readelf -lW "$LG_LIB")" " TLS "

# Each exported name must be one that a libc has, or it would appear in programs that look for it.
libc=$(ldd /bin/true | awk '/libc\.so/ { print $3 }')
nm -D --defined-only "$libc" | awk '{ sub(/@.*/, "", $3); print $3 }' | sort -u >"$tmp/libc"
if grep -qx pidfd_getfd "$tmp/libc"; then
    is "each exported symbol is one of libc" "$(comm -23 "$tmp/exported" "$tmp/libc")" ""
else
    skip glibc "glibc before 2.36 has not all of them" "each exported symbol is one of libc"
fi

# Without a version the reference takes what is there; what is asked for must be there in glibc 2.17.
nm -D --defined-only "$libc" | sed -n 's/.* \([^ @]*\)@@*GLIBC_\([0-9.]*\)$/\1 \2/p' | sort -k 1,1 -k 2,2V | sort -u -k 1,1 >"$tmp/since"
is "what it asks of a libc is as old as glibc 2.17, but for two that it can do without" \
    "$(sed 's/^w //' "$tmp/allowed" | while read -r name; do
        sed -n "s/^$name //p" "$tmp/since" | grep -vE '^2\.([0-9]|1[0-7])(\.[0-9]*)?$' | sed "s/^/$name /"
    done | grep -vE '^(__libc_single_threaded|_dl_find_object) ')" ""

# The pure part asks for nothing but memory functions and itself.
for object in "$LG_BUILD"/lib/policy/*.o; do
    nm "$object"
done | awk '$1 == "U" { print $2 }' | sort -u |
    grep -vE '^(lg_[a-z_0-9]*|memcpy|memset|memcmp|memmove|memchr|bcmp|strlen|_GLOBAL_OFFSET_TABLE_)$' >"$tmp/impure"
is "policy/ calls nothing but memory functions" "$(cat "$tmp/impure")" ""
is "policy/ includes nothing of shim/" "$(grep -l '"shim/' "$LG_ROOT"/policy/*.[ch])" ""
is "policy/ has no variable" "$(size -A "$LG_BUILD"/lib/policy/*.o | awk '/^\.(data|bss) / && $2 > 0')" ""

# A header that needs another one first is a trap.
for header in "$LG_ROOT"/policy/*.h "$LG_ROOT"/shim/*/*.h; do
    name=${header#"$LG_ROOT"/}
    echo "#include \"$name\"" >"$tmp/alone.c"
    ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -DLG_VERSION='"x"' -I"$LG_ROOT" -fsyntax-only "$tmp/alone.c" 2>"$tmp/alone.err" ||
        not_ok "$name compiles alone" "$(cat "$tmp/alone.err")"
done
ok "every header compiles alone"

done_testing
