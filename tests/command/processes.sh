# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154,SC2034 # tmp, out and pid are those of tap.sh and answer.sh
# For the tests of `status --processes` and `--missing`; source tap.sh and answer.sh first.
#
#   alone FILE            starts FILE again with no other processes around, where the system lets; sets $whole, the exit
#                         status of a look at all processes: 0, or 1 where some processes of others cannot be looked at
#   shown NAME COMMAND... starts it with lib_shown.so as $preload, as in_background does
#   lg_has_started PID    whether it has come to its program, with the library loaded
#   lg_start_settled      waits for that of all that were started
#   look                  status --processes -f json, its answer in $out
#   its PID KEY...        values of a process in $out, "-" for null; nothing where it is not there
#   json EXPRESSION       a perl expression about the whole of it, as $_

version=$("$LG_COMMAND" --version | sed 's/.* //')
lib=$LG_TESTS/command/lib_shown.so
cp "$lib" "$tmp/liblingerguard.so"
preload=$tmp/liblingerguard.so
# of these processes: that of the test, which they inherit
unit=

alone() {
    if [ -z "${LG_ISOLATED-}" ] && [ "$(id -u)" = 0 ] && unshare -mpf --mount-proc true 2>/dev/null; then
        tap_done=1
        rm -rf "$tmp"
        LG_ISOLATED=1 exec unshare -mpf --kill-child --mount-proc sh "$1"
    fi
    "$LG_COMMAND" status --processes >/dev/null 2>&1
    whole=$?
}

shown() {
    shown_name=$1
    shift
    in_background "$shown_name" env LD_PRELOAD="$preload" "$@"
}

# The last of it that is mapped is the library; ours is there when the constructors are about to run, so wait on.
lg_has_started() {
    grep -q liblingerguard.so "/proc/$1/maps" 2>/dev/null && grep -q ' S ' "/proc/$1/stat" 2>/dev/null
}

lg_start_settled() {
    for settled in $tap_pids; do
        if tr '\0' '\n' 2>/dev/null <"/proc/$settled/environ" | grep -q '^LD_PRELOAD=.*liblingerguard.so'; then
            wait_until 20 lg_has_started "$settled"
        fi
    done
}

look() {
    answer "$LG_COMMAND" status --processes -f json
}

json() {
    printf '%s' "$out" | perl -MJSON::PP -e 'local $/; $_ = JSON::PP->new->utf8->decode(<STDIN>);
        binmode STDOUT, ":utf8"; print join(" ", '"$1"')'
}

its() {
    printf '%s' "$out" | perl -MJSON::PP -e 'local $/; my $all = JSON::PP->new->utf8->decode(<STDIN>); my $pid = shift;
        binmode STDOUT, ":utf8";
        for my $one (grep { $_->{pid} == $pid } @{$all->{processes} || $all->{missing}}) {
            print join " ", map { my $value = $one->{$_};
                !defined $value ? "-" : JSON::PP::is_bool($value) ? ($value ? "true" : "false")
                : ref $value ? "[@$value]" : $value } @ARGV }' "$@"
}
