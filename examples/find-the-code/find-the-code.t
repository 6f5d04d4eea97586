#!/bin/sh
# SPDX-License-Identifier: MIT
# The lines that the example names are those that abort, in a build with and without optimisation.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../../tests/harness/tap.sh"

here=$LG_ROOT/examples/find-the-code
needs binutils addr2line
check "the policy is right" "$LG_COMMAND" check-policy "$here/policy"

# line TEXT : its number in the source
line() {
    grep -n "$1" "$here/pool.c" | cut -d : -f 1
}
request=$(line '/\* the request \*/')
evicted=$(line '/\* evicted \*/')
failed=$(line '/\* failed \*/')
evicting=$(line '^    evict(')
failing=$(line '^    fail(')

cd "$tmp" || exit 1
for flags in -O0 -O2 "-O2 -fomit-frame-pointer -no-pie"; do
    rm -f aborts.json
    # shellcheck disable=SC2086 # a list of flags
    "${CC:-cc}" -g $flags -o pool "$here/pool.c" || exit 1
    "$LG_COMMAND" run -l ./aborts.json -p "$here/policy" ./pool >out 2>err
    is "$flags: the program is as it was" "$(tail -n 1 out)$(cat err)" "done"
    LINGERGUARD=$LG_COMMAND "$here/where.sh" aborts.json >where 2>&1
    is "$flags: the lines of both call sites, from the request to main" \
        "$(grep -o '^ *[a-z_]*  .*pool.c:[0-9]*' where | sed 's/^ *//; s|  .*/|  |')" \
        "close_connection  pool.c:$request
evict  pool.c:$evicted
main  pool.c:$evicting
close_connection  pool.c:$request
fail  pool.c:$failed
main  pool.c:$failing"
    is "$flags: one connection each" "$(grep -c '^1 connections' where)" 2
done

# The commands of the README as they stand there, from the top of a tree, up to what they print.
mkdir -p tree/build tree/examples
ln -s "$LG_COMMAND" tree/build/lingerguard
ln -s "$LG_LIB" tree/build/liblingerguard.so
ln -s "$here" tree/examples/find-the-code
sed -n '/^prints/q; s/^    //p' "$here/README.md" >readme
is "the README has three commands" "$(wc -l <readme)" 3
(cd tree && sh -e ../readme) >printed 2>&1
is "and they print what it says" "$(sed -n '/^1 conn/,$p' printed | sed -n '1,4s| */.*/pool.c:| pool.c:|; 1,4p')" \
    "$(sed -n '/^prints/,/^The first/s/^    //p' "$here/README.md" | sed -n '1,4s| */.*/pool.c:| pool.c:|; 1,4p')"

# With one frame, which is the default, both are one line: that is what callers is for.
rm -f aborts.json
"$LG_COMMAND" run -l ./aborts.json -r 'callers 1' -p "$here/policy" ./pool >out 2>err
LINGERGUARD=$LG_COMMAND "$here/where.sh" aborts.json >where 2>&1
is "callers 1: one site for both" "$(grep -c '^2 connections' where) $(grep -c pool.c where)" "1 1"
done_testing
