#!/bin/bash
# SPDX-License-Identifier: MIT
# Each system call that the library makes while it is loaded fails, in several ways: the program starts all the same.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

needs strace strace
if ! strace -o /dev/null true 2>/dev/null; then
    skip strace "strace may not trace here" "faults"
    done_testing
fi
printf 'log file %s/log\norderly\n' "$tmp" >"$tmp/policy"
abort_once=$LG_TESTS/abi/abort_once

# traced STRACE-OPTION... : a program that aborts, with the library, a policy of a file and a log of one
traced() {
    run_deadline 20 strace -o "$tmp/trace" "$@" -E LD_PRELOAD="$LG_LIB" -E LINGERGUARD_POLICY="$tmp/policy" "$abort_once" 2>"$tmp/err"
}

# The calls of the constructor: from its first on to the first of the program. "NAME N" is the Nth of this name in the process.
is "without a fault" "$(traced)" EOF
calls=$(awk '{ name = $1; sub(/\(.*/, "", name); count[name]++ }
    /readlinkat\(AT_FDCWD, "\/proc\/self\/exe"/ { ours = 1 }
    /^socket\(AF_INET/ { exit }
    ours { print name, count[name] }' "$tmp/trace")
check "the constructor was seen" test "$(echo "$calls" | wc -l)" -gt 10
note "$(echo "$calls" | wc -l) system calls"
bad=
while read -r name number; do
    for error in EPERM ENOSYS EMFILE EINTR EIO; do
        said=$(traced -e inject="$name:error=$error:when=$number")
        # Without its policy the library only watches; without its log it works.
        case $said in
        EOF | RST) ;;
        *) bad="$bad$name $number $error: $said $(cat "$tmp/err")
" ;;
        esac
    done
done <<END
$calls
END
is "a fault in any of them: the program starts, and does what it does" "$bad" ""

done_testing
