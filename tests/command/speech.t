#!/bin/sh
# SPDX-License-Identifier: MIT
# What holds for every subcommand: help, version, usage errors, and output that cannot be written.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/command/answer.sh
. "$(dirname "$0")/answer.sh"

for command in "" $(commands_in_help); do
    # shellcheck disable=SC2086 # no word where there is no command
    answer "$LG_COMMAND" $command --help
    answers "lingerguard $command --help exits 0" 0
    silent "lingerguard $command --help says nothing on stderr" stderr
    like "lingerguard $command --help shows the usage" "$out" "Usage: lingerguard ${command:-COMMAND}"
    # shellcheck disable=SC2086
    answer "$LG_COMMAND" $command -h
    answers "lingerguard $command -h exits 0" 0
    # shellcheck disable=SC2086
    answer sh -c '"$@" >/dev/full' sh "$LG_COMMAND" $command --help
    answers "lingerguard $command --help exits 2 on a full disk" 2
    like "lingerguard $command --help says that the disk is full" "$err" "lingerguard: standard output: No space left on device"
    # shellcheck disable=SC2086
    answer "$LG_COMMAND" $command --no-such-option
    answers "lingerguard $command with an unknown option exits 2" 2
    like "lingerguard $command names the unknown option" "$err" "unknown option '--no-such-option'"
    like "lingerguard $command says where help is" "$err" "Try 'lingerguard ${command:+$command }--help' for more information."
    silent "lingerguard $command writes no output with an unknown option" stdout
    longest=$("$LG_COMMAND" ${command:+"$command"} --help | awk 'length > n { n = length } END { print n }')
    check "lingerguard $command --help fits into 100 columns" test "$longest" -le 100
done
is "there are the subcommands of the manual" "$(commands_in_help | tr '\n' ' ')" \
    "run check-policy explain check-program report enable disable status off on drainer "

answer "$LG_COMMAND" --version
answers "--version exits 0" 0
# shellcheck disable=SC2016 # the inner shell expands
check "--version shows name and version" sh -c 'printf %s "$1" | grep -qE "^lingerguard [0-9]+\.[0-9]+\.[0-9]+$"' sh "$out"
answer "$LG_COMMAND" -V
answers "-V is --version" 0

for command in $(commands_in_help); do
    "$LG_COMMAND" "$command" --help >"$tmp/help"
    answer "$LG_COMMAND" help "$command"
    is "help $command is $command --help" "$out" "$(cat "$tmp/help")"
done
answer "$LG_COMMAND" help
is "help alone is --help" "$out" "$("$LG_COMMAND" --help)"
answer "$LG_COMMAND" help chek-policy
answers "help of what is no subcommand exits 2" 2
like "with a suggestion" "$err" "did you mean 'check-policy'?"
answer "$LG_COMMAND" help run report
answers "help of two exits 2" 2

answer "$LG_COMMAND"
answers "no subcommand exits 2" 2
like "no subcommand says so" "$err" "lingerguard: missing command"
answer "$LG_COMMAND" chek-policy
answers "an unknown subcommand exits 2" 2
like "an unknown subcommand gets the nearest one suggested" "$err" "lingerguard: unknown command 'chek-policy'; did you mean 'check-policy'?"
answer "$LG_COMMAND" frobnicate
answers "a subcommand like no other exits 2" 2
like "a subcommand like no other gets no suggestion" "$err" "unknown command 'frobnicate'
"

answer "$LG_COMMAND" run --polcy=x true
like "a misspelt option gets the nearest one suggested" "$err" "lingerguard: run: unknown option '--polcy'; did you mean '--policy'?"
answer "$LG_COMMAND" run -x true
like "an unknown short option is named" "$err" "unknown option '-x'"
answer "$LG_COMMAND" check-policy --rules=a -nxy
like "an unknown short option in the middle of a word is named" "$err" "unknown option '-x'"
answer "$LG_COMMAND" run --strict=yes true
answers "an argument for an option without one exits 2" 2
like "an argument for an option without one is named" "$err" "option '--strict' takes no argument"
for option in -p --policy; do
    answer "$LG_COMMAND" run $option
    answers "$option without its argument exits 2" 2
    like "$option without its argument says so" "$err" "option '$option' needs an argument"
done

answer sh -c '"$@" <&-' sh "$LG_COMMAND" check-policy -
answers "a closed standard input is no empty policy" 2
like "a closed standard input is named" "$err" "policy '-': Bad file descriptor"
answer sh -c '"$@" >&-' sh "$LG_COMMAND" explain
answers "a closed standard output exits 2" 2
like "a closed standard output is named" "$err" "standard output: Bad file descriptor"
# shellcheck disable=SC2016 # perl's variables
answer perl -e 'pipe R, W; close R; $SIG{PIPE} = "IGNORE"; open STDOUT, ">&", \*W; exec @ARGV' "$LG_COMMAND" explain
answers "a reader that is gone exits 2 where SIGPIPE is ignored" 2
like "a reader that is gone is named" "$err" "standard output: Broken pipe"
# shellcheck disable=SC2016
answer perl -e 'pipe R, W; close R; open STDOUT, ">&", \*W; exec @ARGV' "$LG_COMMAND" explain
answers "a reader that is gone ends the command by SIGPIPE otherwise" 141

answer "$LG_COMMAND" "$(printf 'a\033[2J\302\233\342\200\256\nz')"
like "an argument in a message moves no cursor" "$err" "unknown command 'a?[2J???z'"

done_testing
