# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154,SC2034 # tmp is that of tap.sh; a test reads what is set here
# For the tests of the command; source tests/harness/tap.sh first.
#
#   answer COMMAND...           runs it; its status, output and messages in $status, $out and $err
#   answers NAME STATUS         ok when $status is STATUS; shows the rest otherwise
#   silent NAME STDERR|STDOUT   ok when nothing was written there
#   options_in_help [COMMAND]   the options that --help shows, sorted, one a line
#   commands_in_help            the subcommands that --help shows, in their order

status=
out=
err=

answer() {
    status=0
    "$@" >"$tmp/answer.out" 2>"$tmp/answer.err" || status=$?
    out=$(cat "$tmp/answer.out")
    err=$(cat "$tmp/answer.err")
}

answers() {
    if [ "$status" = "$2" ]; then
        ok "$1"
    else
        not_ok "$1" "status $status, wanted $2
stdout: $out
stderr: $err"
    fi
}

silent() {
    case $2 in
    stdout) is "$1" "$out" "" ;;
    *) is "$1" "$err" "" ;;
    esac
}

options_in_help() {
    "$LG_COMMAND" "$@" --help | sed -n 's/^  *\(-.*\)/\1/p' | sed 's/  .*//' | tr -s ', ' '\n' | grep '^-' | LC_ALL=C sort
}

commands_in_help() {
    "$LG_COMMAND" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}
