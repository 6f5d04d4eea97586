#!/bin/sh
# SPDX-License-Identifier: MIT
# The decision page and the READMEs of examples/: every folder is on it, says what it covers, and names what there is.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

cd "$LG_ROOT/examples" || exit 1
folders=$(for folder in */; do echo "${folder%/}"; done)
is "every folder is on the decision page, and nothing else" \
    "$(sed -n 's/^| .*| \[\([a-z-]*\)\](\1\/) |.*/\1/p' README.md | sort)" "$folders"
for want in "only a look" "one service" "one host" "every container of a node"; do
    like "it has an answer for: $want" "$(cat README.md)" "| **$want**"
done
for folder in $folders; do
    like "$folder says what it covers" "$(cat "$folder/README.md")" "**Covers** "
    like "$folder says what it does not cover" "$(tr '\n' ' ' <"$folder/README.md")" "**Does not cover** "
    like "$folder says what was tried" "$(cat "$folder/README.md")" "$([ "$folder" = demo ] && echo "# A legacy server" || echo "## What was tried")"
    check "$folder has a test" sh -c "ls '$folder'/*.t || [ $folder = demo ]"
    # Links to files and folders of the tree.
    is "$folder links to what is there" "$(grep -o '](\([^)#:]*\))' "$folder/README.md" | sed 's/](\(.*\))/\1/' |
        while read -r link; do [ -e "$folder/$link" ] || echo "$link"; done)" ""
    # Every file is named, but for the test and what a build leaves out.
    is "$folder names its files" "$(cd "$folder" && for file in *; do
        case $file in README.md | *.t | *.mk | *.dockerignore) continue ;; esac
        grep -qF -e "$file" -e "${file#lingerguard-metrics}" README.md || echo "$file"
    done)" ""
done

# Commands of ours in the blocks: the subcommand is there, and so is every long option.
sed -n 's/^    //p' ./*/README.md | grep -o '\(^\|[ /|]\)lingerguard [a-z].*' | sed 's/^.*lingerguard //; s/ | .*//; s/ -- .*//; s/  #.*//; s/ && .*//' |
    grep -v '^examples/' | sort -u >"$tmp/commands"
check "there are some" test "$(wc -l <"$tmp/commands")" -gt 8
while read -r command rest; do
    check "there is: lingerguard $command" "$LG_COMMAND" "$command" --help
    "$LG_COMMAND" "$command" --help >"$tmp/help" 2>&1
    is "its options: $rest" "$(echo " $rest" | grep -o ' -[-a-z]*' | while read -r option; do
        grep -qe "$option\b" "$tmp/help" || echo "$option"
    done)" ""
done <"$tmp/commands"
done_testing
