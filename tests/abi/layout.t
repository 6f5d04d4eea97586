#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016 # programs of awk and perl
# Data flows one way: which folder includes which, how much a folder and a file hold, and no cycle.
. "$(dirname "$0")/../harness/tap.sh"

cd "$LG_ROOT" || exit 1

# FILE INCLUDED for each include of ours, both from the top of the tree.
find policy shim -name '*.[ch]' | LC_ALL=C sort |
    xargs awk '/^[[:space:]]*#[[:space:]]*include[[:space:]]*"/ { split($0, part, "\""); print FILENAME, part[2] }' >"$tmp/includes"

# The folders of the library, and what each may include beside itself and policy/.
allowed='call: release holder record base
release: record holder socket base
holder: socket base
record: caller socket base
caller: base
socket: base
base:
start: call release holder record caller socket base'

# Prints each include that its folder's row does not allow.
wrong_includes() {
    awk -v allowed="$allowed" '
        BEGIN { count = split(allowed, rows, "\n")
            for (i = 1; i <= count; i++) { split(rows[i], row, ": *"); may[row[1]] = " " row[1] " " row[2] " " } }
        { split($1, from, "/"); split($2, to, "/") }
        from[1] == "policy" && to[1] != "policy" { print; next }
        from[1] == "policy" || to[1] == "policy" || from[2] == "command" { next }
        index(may[from[2]], " " to[2] " ") == 0 { print }' "$tmp/includes"
}
is "a folder of the library includes what stands to its right" "$(wrong_includes)" ""
is "base/ knows only the types of the policy, and how its text is made safe" \
    "$(grep '^shim/base/' "$tmp/includes" | grep 'policy/' | grep -v ' policy/\(policy\|safe_text\|text\)\.h$')" ""

# A folder of the command includes policy/, itself and common/; only main.c and run.c put them together. processes/ also
# takes program/: why a process is without the library is what check-program knows of its file.
# common/ reads no folder but policy/. What the command takes of base/ or record/ says so at its head.
command_includes() {
    awk '{ split($1, from, "/"); split($2, to, "/") }
        $1 !~ /^shim\/command\// || to[1] == "policy" { next }
        to[2] != "command" { print; next }
        $1 ~ /^shim\/command\/(main|run)\.c$/ { next }
        from[3] == "processes" && to[3] == "program" { next }
        to[3] != from[3] && to[3] != "common" && to[3] !~ /\./ { print }' "$tmp/includes" |
        while read -r file included; do
            case $included in
            interposed.inc) continue ;; # made from the export list
            shim/base/*.h | shim/record/*.h) ! head -n 12 "$included" | grep -q 'command uses' || continue ;;
            esac
            echo "$file $included"
        done
}
is "a folder of the command includes policy/, itself and common/" "$(command_includes)" ""
is "there is no file between the folders but main.c and run.c" "$(ls shim/command/*.[ch])" "shim/command/main.c
shim/command/run.c"
is "shim/ holds folders" "$(ls shim/*.[ch] 2>/dev/null)" ""
is "no folder holds more than 16 modules" \
    "$(find shim -name '*.c' | sed 's,/[^/]*$,,' | sort | uniq -c | awk '$1 > 16')" ""
is "no source is longer than 400 lines" \
    "$(find policy shim -name '*.[ch]' -exec wc -l {} + | awk '$1 > 400 && $2 != "total" { print $2 }')" ""

# A module is a header and the source beside it. Prints those that include one another, a cycle a line.
cycles() {
    perl -ane 's/\.[ch]$// for @F; $to{$F[0]}{$F[1]} = 1 if $F[0] ne $F[1];
        END {
            sub reach { my ($at, $seen) = @_; for (keys %{$to{$at}}) { reach($_, $seen) unless $seen->{$_}++ } $seen }
            %reached = map { $_ => reach($_, {}) } sort keys %to;
            for my $module (sort keys %to) {
                my @cycle = grep { $reached{$module}{$_} && $reached{$_} && $reached{$_}{$module} } sort keys %to;
                print "@cycle\n" if @cycle && $cycle[0] eq $module;
            }
        }' "$tmp/includes"
}
is "no modules include one another" "$(cycles)" ""
done_testing
