#!/bin/sh
# SPDX-License-Identifier: MIT
# The tree in roots of the oldest and the newest Debian: their own compiler builds it without a warning, the commands of
# the README work as printed, and the tests that need no other program pass or say why they cannot.
# shellcheck disable=SC2016 # the shell inside expands
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/abi/inside.sh
. "$(dirname "$0")/inside.sh"

# run NAME SECONDS COMMAND : in the root, in the tree; its output in $tmp/out
run() {
    if inside_for "$2" "cd /mnt/tree && $3" >"$tmp/out"; then
        ok "$suite: $1"
    else
        not_ok "$suite: $1" "$(grep -vE '^  (CC|LD) ' "$tmp/out" | tail -n 60)"
    fi
}

chmod 755 "$tmp" # or the tests copy the tree to where other users can read it
for suite in bullseye sid; do
    root "$suite" || continue
    rm -rf "$tmp/tree"
    mkdir "$tmp/tree"
    for part in Makefile README.md LICENSE .ci policy shim examples tests; do
        cp -R "$LG_ROOT/$part" "$tmp/tree/"
    done
    run "$(inside 'gcc --version | head -n 1') builds it without a warning" 400 'make -j2 WERROR=1'
    run "make demo" 60 'make demo'
    # The whole of `make test` takes too long to be run here once more.
    run "make test" 400 'make -j2 test WERROR=1 T="/unit/test_ interpose/test_calls interpose/test_descriptor abi/symbols"'
    like "$suite: tests were run" "$(tail -n 3 "$tmp/out")" " passed, 0 failed, "
    [ "$suite" != sid ] || like "$suite: a new libc has all that they need" "$(tail -n 3 "$tmp/out")" " 0 skipped"
    note "$suite: $(tail -n 1 "$tmp/out")"
done

done_testing
