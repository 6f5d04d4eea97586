# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# For a TAP test in shell. Source it first:
#
#   #!/bin/sh
#   # shellcheck source=tests/harness/tap.sh
#   . "$(dirname "$0")/../harness/tap.sh"
#
#   ok NAME                     a test that held
#   not_ok NAME [DIAGNOSTIC]    one that did not
#   is NAME GOT WANTED          ok when both texts are the same
#   like NAME TEXT PART         ok when TEXT contains PART
#   unlike NAME TEXT PART       ok when it does not
#   check NAME COMMAND...       ok when the command succeeds; its output is shown otherwise
#   skip GROUP REASON [NAME]    one test that cannot run here; a failure where MUST_RUN names GROUP
#   needs GROUP PROGRAM...      skips the rest of the file unless all of them are installed
#   note TEXT                   a diagnostic
#   run_deadline SECONDS COMMAND...
#                               runs it in the foreground, killed at the deadline (status 124)
#   wait_until SECONDS COMMAND...
#                               asks again until it succeeds; status 1 at the deadline
#   in_background NAME COMMAND...
#                               starts it, output in $tmp/NAME.out and $tmp/NAME.err, its pid in $pid;
#                               what still runs at the end of the file is killed
#   end_background PID          ends and reaps one of them; returns its status
#   done_testing                last; without it the file counts as broken
#
# Variables: tmp (a directory, removed at the end), LG_ROOT, LG_BUILD, LG_TESTS, LG_LIB, LG_COMMAND.
set -u

LG_ROOT=${LG_ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}
LG_BUILD=${LG_BUILD:-$LG_ROOT/build}
LG_TESTS=${LG_TESTS:-$LG_BUILD/tests}
LG_LIB=${LG_LIB:-$LG_BUILD/liblingerguard.so}
LG_COMMAND=${LG_COMMAND:-$LG_BUILD/lingerguard}
export LG_ROOT LG_BUILD LG_TESTS LG_LIB LG_COMMAND
unset LD_PRELOAD
for tap_variable in $(env | sed -n 's/^\(LINGERGUARD_[A-Za-z0-9_]*\)=.*/\1/p'); do
    unset "$tap_variable"
done

tap_count=0
tap_failed=0
tap_done=0
tap_pids=
pid=
tmp=$(mktemp -d "${TMPDIR:-/tmp}/lingerguard-test.XXXXXX") || exit 1

tap_cleanup() {
    tap_status=$?
    trap - EXIT
    for tap_pid in $tap_pids; do
        kill -KILL "$tap_pid" 2>/dev/null
        wait "$tap_pid" 2>/dev/null
    done
    rm -rf "$tmp"
    if [ "$tap_done" -eq 0 ]; then
        echo "# the test file ended before done_testing"
        exit $((tap_status == 0 ? 1 : tap_status))
    fi
    exit $((tap_failed > 0))
}
trap tap_cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

note() {
    printf '%s\n' "$*" | sed 's/^/# /'
}

ok() {
    tap_count=$((tap_count + 1))
    printf 'ok %d - %s\n' "$tap_count" "$1"
}

not_ok() {
    tap_count=$((tap_count + 1))
    tap_failed=$((tap_failed + 1))
    printf 'not ok %d - %s\n' "$tap_count" "$1"
    [ $# -lt 2 ] || note "$2"
    return 0
}

is() {
    if [ "$2" = "$3" ]; then
        ok "$1"
    else
        not_ok "$1" "got:    $2
wanted: $3"
    fi
}

like() {
    case $2 in
    *"$3"*) ok "$1" ;;
    *) not_ok "$1" "lacks:  $3
text:   $2" ;;
    esac
}

unlike() {
    case $2 in
    *"$3"*) not_ok "$1" "contains: $3
text:     $2" ;;
    *) ok "$1" ;;
    esac
}

check() {
    tap_name=$1
    shift
    if tap_output=$("$@" 2>&1); then
        ok "$tap_name"
    else
        not_ok "$tap_name" "status $?: $*
$tap_output"
    fi
}

tap_must_run() {
    case " $(printf '%s' "${MUST_RUN:-}" | tr ',' ' ') " in
    *" $1 "* | *" all "*) return 0 ;;
    *) return 1 ;;
    esac
}

skip() {
    if tap_must_run "$1"; then
        not_ok "${3:-$1}" "would skip, but MUST_RUN asks for $1: $2"
    else
        tap_count=$((tap_count + 1))
        printf 'ok %d - %s # SKIP %s: %s\n' "$tap_count" "${3:-$1}" "$1" "$2"
    fi
}

needs() {
    tap_group=$1
    shift
    for tap_program in "$@"; do
        command -v "$tap_program" >/dev/null && continue
        skip "$tap_group" "$tap_program is not installed"
        done_testing
    done
}

run_deadline() {
    tap_seconds=$1
    shift
    timeout -k 2 "$tap_seconds" "$@"
}

# A shell cannot sleep for less than a second in POSIX; every sleep of the systems we run on can.
wait_until() {
    tap_end=$(($(date +%s) + $1))
    shift
    while ! "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$tap_end" ] || return 1
        sleep 0.05
    done
}

in_background() {
    tap_name=$1
    shift
    "$@" >"$tmp/$tap_name.out" 2>"$tmp/$tap_name.err" </dev/null &
    pid=$!
    tap_pids="$tap_pids $pid"
}

end_background() {
    kill "$1" 2>/dev/null
    wait_until "${2:-10}" tap_is_gone "$1" || kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}

# A zombie still answers kill -0.
tap_is_gone() {
    ! kill -0 "$1" 2>/dev/null || grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

done_testing() {
    tap_done=1
    printf '1..%d\n' "$tap_count"
    exit
}
