#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard(1) names what --help shows, and nothing else.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/command/answer.sh
. "$(dirname "$0")/answer.sh"

page=$LG_ROOT/shim/command/lingerguard.1

# The lines of a section or subsection.
section() {
    awk -v wanted="$1" '/^\.S[hs] / { inside = ($0 == wanted); next } inside' "$page"
}

# The options of `.It Fl p , Fl \-policy Ar FILE` lines, or of `.Op Fl p Ar FILE`.
options_in() {
    sed -n "s/^\\.$1 //p" | tr ' ' '\n' | awk 'previous == "Fl" { print "-" $0 } { previous = $0 }' |
        sed 's/^-\\-/--/' | LC_ALL=C sort -u
}

# The value names of options: "-p FILE"
arguments_in_help() {
    "$LG_COMMAND" "$1" --help | sed -n 's/^  *\(-.*\)/\1/p' | sed 's/  .*//' | awk 'NF > 1 && $NF !~ /^-/ { print $(NF - 1), $NF }' |
        LC_ALL=C sort
}

arguments_in_manual() {
    section ".Ss $1" | sed -n 's/^\.It .*Fl \([^ ]*\) Ar \(.*\)/-\1 \2/p' | sed 's/^-\\-/--/' | LC_ALL=C sort
}

synopsis() {
    section ".Sh SYNOPSIS" | awk -v wanted=".Cm $1" '/^\.Nm/ { inside = 0 } $0 == wanted { inside = 1 } inside'
}

for command in $(commands_in_help); do
    wanted=$(options_in_help "$command" | grep -vxe -h -e --help)
    is "the options of $command are those of its --help" "$(section ".Ss $command" | options_in It)" "$wanted"
    is "the arguments of its options are too" "$(arguments_in_manual "$command")" "$(arguments_in_help "$command")"
    # one spelling of each: the short one where there is one
    is "the synopsis of $command has each option once" "$(synopsis "$command" | options_in Op | grep -vx -e --)" \
        "$("$LG_COMMAND" "$command" --help | sed -n 's/^  *\(-[^ ,]*\).*/\1/p' | grep -vx -e -h | LC_ALL=C sort)"
    like "the exit status of $command is told" "$(section ".Sh EXIT STATUS")" "$command"
done
is "the options of lingerguard itself are those of --help" "$(section ".Sh DESCRIPTION" | options_in It)" "$(options_in_help)"
is "every subcommand has a section, in the order of --help" "$(sed -n 's/^\.Ss //p' "$page")" "$(commands_in_help)"

for name in $(commands_in_help | while read -r command; do "$LG_COMMAND" "$command" --help; done |
    grep -oE 'LINGERGUARD_[A-Z]+' | sort -u) LINGERGUARD_OFF LD_PRELOAD PATH; do
    like "ENVIRONMENT has $name" "$(section ".Sh ENVIRONMENT")" ".It Ev $name"
done
for key in cause exe local peer role unsent user cgroup; do
    like "explain has the key $key" "$(section ".Ss explain")" ".It Cm $key Ns = Ns"
done
for name in NAME SYNOPSIS DESCRIPTION ENVIRONMENT FILES "EXIT STATUS" EXAMPLES "SEE ALSO"; do
    check "there is a section $name" grep -qx "\.Sh $name" "$page"
done

# The example of explain is what explain prints, as far as the page does not wrap it.
answer "$LG_COMMAND" explain -r 'allow role connected; drain 2s local :8080' local=10.0.0.5:8080 role=accepted
printf '%s\n' "$out" | head -n 7 | while IFS= read -r line; do
    grep -qxF "$line" "$page" || [ -z "$line" ] || printf '%s\n' "$line"
done >"$tmp/missing"
is "the example of explain is what it prints" "$(cat "$tmp/missing")" ""
answers "and exits 0" 0

if command -v mandoc >/dev/null; then
    check "mandoc finds nothing wrong" mandoc -T lint -W warning "$page"
else
    skip mandoc "mandoc is not installed" "mandoc finds nothing wrong"
fi

done_testing
