#!/bin/sh
# SPDX-License-Identifier: MIT
# The harnesses, each seen from outside: a harness that lets everything pass would pass its own test.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

# ---- The harness of the C tests ----

# specimen WORD [NAME=VALUE...]: runs one of them; sets output and status.
specimen() {
    word=$1
    shift
    output=$(env -u MUST_RUN "$@" "$LG_TESTS/unit/test_harness" --specimen "$word" 2>&1)
    status=$?
}

if [ -x "$LG_TESTS/unit/test_harness" ]; then
    specimen passes
    is "C: a test that passes, passes" "$status" 0
    like "C: and is said to be ok" "$output" "
ok 1 - passes"
    specimen fails
    is "C: a check that fails makes the program fail" "$status" 1
    for check in '2 + 2 is 4, not 5' '"a" is "a", not "b"' 'lacks "x"' 'contains "b": "abc"' 'contains "b": NULL'; do
        like "C: the failed check is shown: $check" "$output" "$check"
    done
    for word in crashes hangs leaves hard requires child; do
        specimen "$word"
        is "C: a test that $word fails the program" "$status" 1
        like "C: a test that $word is not ok" "$output" "
not ok 1"
    done
    specimen skips
    is "C: a skip does not fail" "$status" 0
    specimen skips MUST_RUN=moon
    is "C: a skip that MUST_RUN names does" "$status" 1
else
    skip built "make builds it" "the harness of the C tests"
fi

# ---- The harness of the shell tests, and the runner ----

# write NAME: a test file from stdin, with the harness sourced.
write() {
    {
        printf '#!/bin/sh\n'
        printf '. "%s/tests/harness/tap.sh"\n' "$LG_ROOT"
        cat
    } >"$tmp/$1"
    chmod +x "$tmp/$1"
}

# run FILE... [with MUST_RUN set by the caller]: sets output, last and status.
run() {
    output=$(cd "$tmp" && TEST_FILE_SECONDS=2 "$LG_ROOT/tests/run.sh" "$@" 2>&1)
    status=$?
    last=$(printf '%s\n' "$output" | tail -n 1)
}

unset MUST_RUN

write good.t <<'END'
ok one
is same a a
like part abc b
unlike absent abc x
check true true
echo "$tmp" >"$HARNESS_OUT/directory"
in_background sleeper sleep 1000
echo "$pid" >"$HARNESS_OUT/pid"
done_testing
END
HARNESS_OUT=$tmp
export HARNESS_OUT
run "$tmp/good.t"
is "good tests: last line" "$last" "5 passed, 0 failed, 0 skipped"
is "good tests: status" "$status" 0
check "the temporary directory is gone" test ! -e "$(cat "$tmp/directory")"
check "what ran in the background is gone" tap_is_gone "$(cat "$tmp/pid")"

write bad.t <<'END'
is same a b
like part abc x
unlike absent abc b
check false sh -c 'echo reason of false; exit 3'
ok fine
done_testing
END
run "$tmp/bad.t"
is "bad tests: last line" "$last" "1 passed, 4 failed, 0 skipped"
is "bad tests: status" "$status" 1
like "bad tests: what failed is named" "$output" "bad.t: 1 same"
like "bad tests: with its diagnostics" "$output" "# reason of false"

write skips.t <<'END'
ok one
skip moon "no rocket" "to the moon"
needs moon no-such-program
ok never
done_testing
END
run "$tmp/skips.t"
is "skips: last line" "$last" "1 passed, 0 failed, 2 skipped"
is "skips: status" "$status" 0
like "skips: listed by reason" "$output" "  moon: no rocket
      $tmp/skips.t: to the moon"
like "skips: the missing program is named, and its package" "$output" \
    "no-such-program is not installed: apt-get install no-such-program"
MUST_RUN="sun moon" run "$tmp/skips.t"
is "skips under MUST_RUN: last line" "$last" "1 passed, 2 failed, 0 skipped"
is "skips under MUST_RUN: status" "$status" 1
MUST_RUN=all run "$tmp/skips.t"
is "skips under MUST_RUN=all: last line" "$last" "1 passed, 2 failed, 0 skipped"

write early.t <<'END'
ok one
exit 0
END
run "$tmp/early.t"
is "a file without done_testing fails" "$last" "1 passed, 1 failed, 0 skipped"

printf '#!/bin/sh\necho 1..3; echo ok 1; echo ok 2\n' >"$tmp/plan.t"
printf '#!/bin/sh\necho 1..1; echo ok 1; exit 3\n' >"$tmp/exit.t"
printf '#!/bin/sh\necho 1..1; echo ok 1; kill -SEGV $$\n' >"$tmp/signal.t"
printf '#!/bin/sh\n' >"$tmp/silent.t"
printf '#!/bin/sh\necho 1..1; sleep 1000; echo ok 1\n' >"$tmp/hang.t"
chmod +x "$tmp"/*.t
for file in plan exit signal silent hang; do
    run "$tmp/$file.t"
    like "a broken file fails: $file" "$last" " 1 failed, 0 skipped"
    is "and so does the run: $file" "$status" 1
done
run "$tmp/good.t" "$tmp/plan.t"
is "good files do not hide a broken one" "$last" "7 passed, 1 failed, 0 skipped"
run
is "no file at all is a failure" "$status" 1

# What a test sees of the caller's environment.
write clean.t <<'END'
is "no preload" "${LD_PRELOAD-unset}" unset
is "no setting" "${LINGERGUARD_RULES-unset}" unset
done_testing
END
LINGERGUARD_RULES=leaked LD_PRELOAD='' run "$tmp/clean.t"
is "tests run in a clean environment" "$last" "2 passed, 0 failed, 0 skipped"

done_testing
