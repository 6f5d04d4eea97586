#!/bin/bash
# SPDX-License-Identifier: MIT
# Each system call that the library makes while it is loaded fails, in several ways: the program starts all the same. Each that
# `enable` makes fails, or is the last one: a system is left that starts programs, with a list that is the old or the new one.
# shellcheck disable=SC2016 # the shell inside expands
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

# records STRACE-OPTION... : how many a program that aborts writes on a pipe
records() {
    run_deadline 20 strace -o "$tmp/trace" "$@" -E LD_PRELOAD="$LG_LIB" "$abort_once" 2>&1 >/dev/null | grep -c 'lingerguard: '
}
written=$(records)
check "a program that aborts writes records" test "$written" -gt 0
is "without statx, as before Linux 4.11, too" "$(records -e inject=statx:error=ENOSYS)" "$written"
is "without RWF_NOSIGNAL, as before 6.18" "$(records -e inject=pwritev2:error=EOPNOTSUPP:when=1)" "$written"
is "and without RWF_NOWAIT for a pipe" "$(records -e inject=pwritev2:error=EOPNOTSUPP)" "$written"

if ! unshare --mount true 2>/dev/null || [ "$(id -u)" != 0 ]; then
    skip mountns "a mount namespace needs root" "a fault in enable"
    done_testing
fi
cat >"$tmp/enable.sh" <<'END'
set -u
mount -t tmpfs -o mode=755 tmpfs /mnt && cp -a /etc/. /mnt/ && mount --bind /mnt /etc || exit 1
mkdir -p /etc/lg && cp "$1" /etc/lg/liblingerguard.so && rm -f /etc/ld.so.preload
printf 'log off\norderly\n' >/etc/lg/policy && mkdir -p /etc/lingerguard && cp /etc/lg/policy /etc/lingerguard/policy
enable() { strace -o "$tmp/enable.trace" "$@" "$LG_COMMAND" enable --library /etc/lg/liblingerguard.so >/dev/null 2>&1; }
enable || echo "without a fault: $?"
calls=$(awk '{ name = $1; sub(/\(.*/, "", name); count[name]++ }
    name == "execve" || name == "exit_group" || name !~ /^[a-z]/ { next }
    /lg\/liblingerguard\.so/ { ours = 1 }
    ours { print name, count[name] }' "$tmp/enable.trace")
echo "calls $(echo "$calls" | wc -l)"
while read -r name number; do
    for fault in error=EIO signal=KILL; do
        # Before it there is another entry, of a library that is there.
        echo /etc/lg/other.so >/etc/ld.so.preload.old && cp /etc/lg/liblingerguard.so /etc/lg/other.so
        rm -f /etc/ld.so.preload && cp /etc/ld.so.preload.old /etc/ld.so.preload
        LINGERGUARD_OFF=1 enable -e inject="$name:$fault:when=$number"
        list=$(tr '\n' ' ' </etc/ld.so.preload)
        case $list in
        "/etc/lg/other.so " | "/etc/lg/liblingerguard.so /etc/lg/other.so ") ;;
        *) echo "bad $name $number $fault: list '$list'" ;;
        esac
        said=$(/bin/true 2>&1) || echo "bad $name $number $fault: true ends with $?"
        [ -z "$said" ] || echo "bad $name $number $fault: $said"
        rm -f /etc/ld.so.preload /etc/.ld.so.preload.*
    done
done <<CALLS
$calls
CALLS
END
export tmp
run_deadline 300 unshare --mount sh "$tmp/enable.sh" "$LG_LIB" >"$tmp/enable.out" 2>&1 || note "$(tail -3 "$tmp/enable.out")"
note "enable makes $(sed -n 's/^calls //p' "$tmp/enable.out") system calls"
check "enable was seen" test "$(sed -n 's/^calls //p' "$tmp/enable.out")" -gt 40
is "a fault in any of them, or its end: programs start, and the list is whole" "$(grep -v '^calls ' "$tmp/enable.out")" ""

done_testing
