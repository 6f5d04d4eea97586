#!/bin/sh
# SPDX-License-Identifier: MIT
# What a kernel lacks is missing in the library too, and nothing else is: the system calls since 3.10 answer ENOSYS and
# SO_COOKIE answers ENOPROTOOPT, by a filter from outside.
# shellcheck disable=SC2016 # programs of awk
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

old=$LG_TESTS/interpose/old_kernel
if ! "$old" true 2>"$tmp/err"; then
    skip seccomp "$(cat "$tmp/err")" "an old kernel"
    done_testing
fi

# under RULES PROGRAM: what it says, with its records in $tmp/records
under() {
    LINGERGUARD_FORMAT=json LINGERGUARD_RULES=$1 LD_PRELOAD=$LG_LIB run_deadline 60 "$old" "$2" 2>"$tmp/records"
}
abort=$LG_TESTS/abi/abort_once
is "an abort without the library" "$("$old" "$abort")" RST
for rules in '' 'orderly within 5s' 'linger 5s' 'drain 5s on linger-zero,unread,late' 'drain 1s idle 100ms on linger-zero'; do
    is "'$rules': in order" "$(under "$rules" "$abort")" EOF
    is "'$rules': both records" "$(grep -c 'linger-zero' "$tmp/records")" 2
    unlike "'$rules': no cookie" "$(cat "$tmp/records")" '"socket"'
    # Nobody is proven to hold the socket alone: it is disarmed, and nothing more.
    is "'$rules': left to the kernel" "$(grep -o '"outcome":"[a-z-]*"' "$tmp/records" | tr '\n' ' ')" \
        '"outcome":"disarmed" "outcome":"orderly" '
    LINGERGUARD_FORMAT=json LINGERGUARD_RULES=$rules LD_PRELOAD=$LG_LIB run_deadline 60 "$abort" >/dev/null 2>"$tmp/new"
    like "'$rules': there is a cookie on this kernel" "$(cat "$tmp/new")" '"socket"'
done
is "observe: as the program asked" "$(under observe "$abort")" RST
is "reject: refused" "$(under 'reject EPERM' "$abort"; grep -c '"rejected"' "$tmp/records")" "setsockopt: Operation not permitted
1"
is "the calls that only libc has" "$(under '' "$LG_TESTS/abi/no_system_call" | tr '\n' ' ')" \
    'popen freopen 1 fclose 0 system 5 posix_spawn 7 vfork 6 '
is "closefrom and close_range answer as without the library" \
    "$(under '' "$LG_TESTS/interpose/old_ranges")" "$("$old" "$LG_TESTS/interpose/old_ranges")"
is "a log by the name of a device, without openat2" "$(LINGERGUARD_LOG=/dev/stderr under '' "$abort"; grep -c linger-zero "$tmp/records")" "EOF
2"
is "lingerguard run" "$("$old" "$LG_COMMAND" run -l off "$abort" 2>&1)" EOF

done_testing
