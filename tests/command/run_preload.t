#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard run: where it finds the library, and what becomes of an LD_PRELOAD that is there.
# shellcheck disable=SC2016 # the inner shell expands
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/command/answer.sh
. "$(dirname "$0")/answer.sh"

cd "$tmp" || exit 1
beside=$(dirname "$(readlink -f "$LG_COMMAND")")/liblingerguard.so

# The names of libraries that do not exist stand for other preloads; the loader's complaints are its own.
preload() {
    LD_PRELOAD=$1 "$LG_COMMAND" run sh -c 'printf %s "$LD_PRELOAD"' 2>/dev/null
}

is "without LD_PRELOAD it is the library" "$("$LG_COMMAND" run sh -c 'printf %s "$LD_PRELOAD"')" "$beside"
is "an empty LD_PRELOAD is the library" "$(preload '')" "$beside"
is "a preload is kept behind it" "$(preload /x/a.so)" "$beside:/x/a.so"
is "colons stay colons" "$(preload /x/a.so:/x/b.so)" "$beside:/x/a.so:/x/b.so"
is "spaces stay spaces" "$(preload '/x/a.so  /x/b.so:/x/c.so ')" "$beside:/x/a.so  /x/b.so:/x/c.so "
is "ours alone is not doubled" "$(preload "$beside")" "$beside"
is "ours in the middle moves first" "$(preload "/x/a.so:$beside /x/b.so")" "$beside:/x/a.so:/x/b.so"
is "ours at the end moves first" "$(preload "/x/a.so:$beside")" "$beside:/x/a.so:"
is "a copy of ours from elsewhere gives way" "$(preload "/usr/lib/liblingerguard.so:/x/a.so")" "$beside:/x/a.so"
is "ours by its name alone gives way" "$(preload "liblingerguard.so /x/a.so")" "$beside:/x/a.so"
is "a name that only ends like ours is kept" "$(preload /x/notliblingerguard.so)" "$beside:/x/notliblingerguard.so"
is "a name that only starts like ours is kept" "$(preload /x/liblingerguard.so.0)" "$beside:/x/liblingerguard.so.0"
is "twice makes no difference" "$("$LG_COMMAND" run "$LG_COMMAND" run sh -c 'printf %s "$LD_PRELOAD"')" "$beside"
long=$(i=0; while [ $i -lt 256 ]; do printf '/x/lib%08d.so:' $i; i=$((i + 1)); done)
check "the long one is longer than 4 KiB" test ${#long} -gt 4096
is "4 KiB are kept" "$(preload "$long")" "$beside:$long"

# The dynamic linker takes the value: a library of our own behind it is loaded too.
cat >second.c <<'EOF'
#include <unistd.h>
__attribute__((constructor)) static void loaded(void) { (void)!write(1, "second\n", 7); }
EOF
if "${CC:-cc}" -shared -fPIC -o second.so second.c; then
    answer env LD_PRELOAD="$tmp/second.so" "$LG_COMMAND" run true
    like "a library that was preloaded is loaded behind ours" "$out" second
else
    not_ok "a library that was preloaded is loaded behind ours" "the compiler failed"
fi
answer "$LG_COMMAND" run cat /proc/self/maps
like "the library is mapped into the command" "$out" "$beside"

# Where it is found
layout() {
    mkdir -p "$1" "$2"
    cp "$LG_COMMAND" "$1/lingerguard"
    cp "$LG_LIB" "$2/liblingerguard.so"
    "$1/lingerguard" run sh -c 'printf %s "$LD_PRELOAD"' 2>&1
}
is "the library is found in ../lib" "$(layout "$tmp/one/bin" "$tmp/one/lib")" "$tmp/one/lib/liblingerguard.so"
ln -s "$tmp/one/bin/lingerguard" link
is "through a symbolic link too" "$(./link run sh -c 'printf %s "$LD_PRELOAD"')" "$tmp/one/lib/liblingerguard.so"
multiarch=$("${CC:-cc}" -print-multiarch 2>/dev/null)
if [ -n "$multiarch" ]; then
    is "the library is found in ../lib/$multiarch" "$(layout "$tmp/two/bin" "$tmp/two/lib/$multiarch")" \
        "$tmp/two/lib/$multiarch/liblingerguard.so"
else
    skip multiarch "the compiler knows no multiarch directory" "the library is found in ../lib/MULTIARCH"
fi
cp "$LG_LIB" "$tmp/one/bin/liblingerguard.so"
is "beside the command wins" "$("$tmp/one/bin/lingerguard" run sh -c 'printf %s "$LD_PRELOAD"')" \
    "$tmp/one/bin/liblingerguard.so"

mkdir -p alone/bin
cp "$LG_COMMAND" alone/bin/lingerguard
answer alone/bin/lingerguard run touch started
installed=$(printf '%s\n' "$err" | sed -n 's,^  \(/.*\),\1,p' | tail -n 1)
if [ "$status" = 0 ]; then
    skip uninstalled "the library is installed on this machine" "no library exits 125"
else
    answers "no library exits 125" 125
    like "no library says so" "$err" "lingerguard: liblingerguard.so not found; looked at:"
    like "it names the place beside the command" "$err" "  $tmp/alone/bin/liblingerguard.so"
    like "it names ../lib" "$err" "  $tmp/alone/lib/liblingerguard.so"
    is "it names the place of installation" "$installed" "$(cat "$LG_BUILD/command/libdir")/liblingerguard.so"
    check "nothing is started" test ! -e started
fi

# A path that the dynamic linker would take apart
for name in 'a b' 'a:b' 'a$b' "a$(printf '\t')b"; do
    mkdir "$name"
    cp "$LG_COMMAND" "$LG_LIB" "$name/"
    answer "./$name/lingerguard" run touch started
    answers "a library in '$name' exits 125" 125
    like "a library in '$name' is named" "$err" "lingerguard: library '$tmp/$name/liblingerguard.so' has "
    check "a library in '$name' starts nothing" test ! -e started
done

done_testing
