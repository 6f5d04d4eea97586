#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs test files through prove, in a clean environment, and ends with the line
# `N passed, N failed, N skipped`. Called by `make test`, which says where the build is.
#
#   BUILD=DIR TESTS=DIR tests/run.sh FILE...
#
# JOBS: test files at the same time, default 2. TEST_FILE_SECONDS: deadline of one file, default 900.
# TEST_AGAIN=N: up to N files that failed run once more, alone. LG_RUNNER: an emulator to run the files with. VERBOSE=1: every test's line.
set -eu

cd "$(dirname "$0")/.."
: "${BUILD:=$PWD/build}" "${TESTS:=$BUILD/tests}"

# Some tests run as another user. Where nobody else can reach the tree (below root's home, say), it is shown a second
# time at a place where everybody can, in a mount namespace of this run; where that cannot be, those tests fail.
reachable() {
    setpriv --reuid=65534 --regid=65534 --clear-groups test -r "$1/Makefile" 2>/dev/null
}

# show_tree TREE PLACE BUILD TESTS FILE...: runs this script in PLACE.
show_tree() {
    tree=$1 place=$2
    mount --bind "$tree" "$place" && reachable "$place" || return 99
    BUILD=$place${3#"$tree"} TESTS=$place${4#"$tree"}
    export BUILD TESTS
    shift 4
    echo "nobody else can reach $tree: its tests run in $place"
    "$place/tests/run.sh" "$@"
}

if [ "${1:-}" = --show-tree ]; then
    shift
    show_tree "$@"
    exit
fi
if [ "$(id -u)" = 0 ] && ! reachable "$PWD" && [ "${BUILD#"$PWD"/}" != "$BUILD" ]; then
    place=$(mktemp -d /var/tmp/lingerguard-tree.XXXXXX)
    chmod 755 "$place"
    status=0
    unshare -m "$PWD/tests/run.sh" --show-tree "$PWD" "$place" "$BUILD" "$TESTS" "$@" || status=$?
    rmdir "$place"
    [ "$status" -eq 99 ] || exit "$status"
fi

unset LD_PRELOAD NO_COLOR
for variable in $(env | sed -n 's/^\(LINGERGUARD_[A-Za-z0-9_]*\)=.*/\1/p'); do
    unset "$variable"
done
# The C locale, so that messages of other programs are the ones that the tests know.
LC_ALL=C
PERL5LIB=$PWD/tests/harness
LG_ROOT=$PWD
LG_BUILD=$BUILD
LG_TESTS=$TESTS
LG_LIB=$BUILD/liblingerguard.so
LG_COMMAND=$BUILD/lingerguard
export LC_ALL PERL5LIB LG_ROOT LG_BUILD LG_TESTS LG_LIB LG_COMMAND
unset BUILD TESTS # a make that a test starts has its own

if [ $# -eq 0 ]; then
    echo "no test file has a path with this word" >&2
    echo "0 passed, 0 failed, 0 skipped"
    exit 1
fi
if ! command -v prove >/dev/null; then
    echo "prove is missing: it comes with perl" >&2
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
exec prove --timer -j "${JOBS:-2}" ${VERBOSE:+-v} --harness LingerguardHarness \
    --exec "timeout -k 10 ${TEST_FILE_SECONDS:-900} ${LG_RUNNER:-}" "$@"
