#!/bin/sh
# SPDX-License-Identifier: MIT
# `skip exe GLOB`: in such a program the library does nothing, and in others it works.
# shellcheck disable=SC2016 # programs of awk
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

abort=$LG_TESTS/abi/abort_once
printf 'skip exe */abort_once,other\norderly\n' >"$tmp/skips"
printf 'skip exe other\norderly\n' >"$tmp/skips-others"
under() {
    LINGERGUARD_POLICY=$1 LD_PRELOAD=$LG_LIB run_deadline 20 "$abort" 2>"$tmp/records"
}
is "skipped: as without the library" "$(under "$tmp/skips") $(cat "$tmp/records")" "RST "
is "another program: in order" "$(under "$tmp/skips-others") $(grep -c linger-zero "$tmp/records")" "EOF 2"

if ! command -v strace >/dev/null || ! strace -o /dev/null true 2>/dev/null; then
    skip strace "strace is not installed, or may not trace here" "no system call more"
    done_testing
fi
# calls OPTION...: those of the program, without what loads it
calls() {
    run_deadline 20 strace -o "$tmp/trace" "$@" "$abort" >"$tmp/out" 2>&1
    awk '/^socket\(AF_INET/ { program = 1 } program { sub(/\(.*/, ""); print }' "$tmp/trace"
}
is "skipped: no system call more" "$(calls -E LINGERGUARD_POLICY="$tmp/skips" -E LD_PRELOAD="$LG_LIB")" "$(calls)"
check "another program: there are more" test "$(calls -E LINGERGUARD_POLICY="$tmp/skips-others" -E LD_PRELOAD="$LG_LIB" | wc -l)" \
    -gt "$(calls | wc -l)"

done_testing
