#!/bin/sh
# SPDX-License-Identifier: MIT
# The demo says what happened, and its figures are those of a cure.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

demo=$LG_ROOT/examples/demo/demo.sh
programs=$LG_BUILD/examples/demo

run_demo() {
    output=$(LC_ALL=C run_deadline 60 "$demo" "$1" "$programs" 2>"$tmp/errors" </dev/null)
    status=$?
}

# The part of the output behind the line that starts with "  $1 the library".
part() {
    printf '%s\n' "$output" | sed -n "/^  $1 the library/,/^\$/p"
}

run_demo "$LG_LIB"
is "the demo ends well" "$status" 0
is "the demo says nothing on stderr" "$(cat "$tmp/errors")" ""
unlike "no colour without a terminal" "$output" "$(printf '\033')"

without=$(part without)
received=$(printf '%s\n' "$without" | sed -n 's/^ *\([0-9,]*\) of 4,194,304 bytes$/\1/p' | tr -d ,)
check "without the library a part arrives" test "${received:-4194304}" -lt 4194304
like "without the library the client sees a reset" "$without" "client saw   ECONNRESET"
like "without the library there is no TIME-WAIT" "$without" "TIME-WAIT    none"

with=$(part with)
like "with the library everything arrives" "$with" "4,194,304 of 4,194,304 bytes, identical to the file"
like "with the library the client sees the end of the file" "$with" "client saw   end of file"
like "with the library the server has its TIME-WAIT" "$with" "TIME-WAIT    1 at the server"
records=$(printf '%s\n' "$with" | sed '1,/^ *records/d; /^$/d')
check "with the library there are records" test -n "$records"
note "$records"

# A library that does nothing cures nothing, and the demo must say so.
run_demo "$LG_TESTS/wire/lib_marker.so"
is "a library that does nothing fails the demo" "$status" 1
like "and the demo says so" "$output" "did not cure it"

run_demo "$tmp/missing.so"
is "a missing library fails the demo" "$status" 1
like "and the demo says what to do" "$(cat "$tmp/errors")" "run make"

done_testing
