#!/bin/bash
# SPDX-License-Identifier: MIT
# The programs of this system that answer --version say the same, and end the same, with the library in
# /etc/ld.so.preload: as root and as nobody, with a policy and a log that are good, unreadable and broken.
#
# In a copy of this system that is thrown away, with processes and network of its own, since nobody knows what a program
# makes of --version. Every LG_EVERY-th program, 40 by default; 1 takes them all and ten minutes.
# shellcheck disable=SC2016 # the shell inside expands
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

if ! unshare --mount --pid --fork true 2>/dev/null || ! grep -qw overlay /proc/filesystems; then
    skip overlay "no namespaces or no overlay file system" "every program"
    done_testing
fi

cat >"$tmp/inside.sh" <<'END'
# ask PROGRAM... : as root and as nobody; a line for each: what it wrote and how it ended
ask() {
    for program in "$@"; do
        for user in 0 65534; do
            said=$(timeout -s KILL 5 setpriv --reuid=$user --regid=$user --clear-groups "$program" --version 2>&1 </dev/null | head -c 65536 | cksum
                echo "${PIPESTATUS[0]}")
            echo "$program $user" $said
        done
    done
}
every=$1
shopt -s nullglob
all=(/usr/bin/* /usr/sbin/*)
programs=()
for ((i = 0; i < ${#all[@]}; i += every)); do
    [ -f "${all[i]}" ] && [ -x "${all[i]}" ] && programs+=("${all[i]}")
done
rm -f /etc/ld.so.preload
ask "${programs[@]}" >/tmp/first
# What ends by itself, says something, and says it again.
mapfile -t programs < <(awk '$5 == 0 && $4 > 0 && !seen[$1]++ { print $1 }' /tmp/first)
ask "${programs[@]}" >/tmp/second
mapfile -t programs < <(comm -12 <(sort /tmp/first) <(sort /tmp/second) | awk '$5 == 0 { n[$1]++ } END { for (p in n) if (n[p] == 2) print p }' | sort)
echo "asked ${#programs[@]}"
ask "${programs[@]}" | sort >/tmp/bare
echo /etc/liblingerguard.so >/etc/ld.so.preload
for state in good unreadable broken; do
    rm -rf /etc/lingerguard /var/log/lingerguard.log
    mkdir /etc/lingerguard
    printf 'log file /var/log/lingerguard.log\ninspect every-close\norderly on linger-zero\norderly on unread\nobserve on backlog,disconnect\n' >/etc/lingerguard/policy
    case $state in
    unreadable) chmod 600 /etc/lingerguard/policy && mkdir /var/log/lingerguard.log ;;
    broken) echo rejct >>/etc/lingerguard/policy ;;
    esac
    ask "${programs[@]}" | sort >"/tmp/$state"
    # Some say one of a few things, or were late: once more, each way.
    comm -13 /tmp/bare "/tmp/$state" | while read -r program rest; do
        for try in 1 2 3 4 5 6; do
            mv /etc/ld.so.preload /etc/ld.so.preload.off
            ask "$program" >>/tmp/again
            mv /etc/ld.so.preload.off /etc/ld.so.preload
            ask "$program" | grep -vxFf /tmp/bare | grep -vxFf /tmp/again >/tmp/odd || break
            [ $try -lt 6 ] || sed "s/^/$state: /" /tmp/odd
        done </dev/null
    done
done
END
cat >"$tmp/outside.sh" <<'END'
set -eu
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
mount -t proc proc "$1/root/proc"
mount -t tmpfs tmpfs "$1/root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$1/root/dev"
mkdir -m 1777 "$1/root/dev/shm"
ln -s /proc/self/fd "$1/root/dev/fd"
for node in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "$1/root/dev/${node%:*}" c 1 "${node#*:}"
done
cp "$2" "$1/root/etc/liblingerguard.so"
cp "$3" "$1/root/inside.sh"
exec chroot "$1/root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/tmp bash /inside.sh "$4"
END
mkdir "$tmp/layers"
run_deadline 850 unshare --mount --pid --net --ipc --uts --fork --kill-child \
    sh "$tmp/outside.sh" "$tmp/layers" "$LG_LIB" "$tmp/inside.sh" "${LG_EVERY:-40}" >"$tmp/said" 2>"$tmp/err" ||
    not_ok "the programs are asked" "status $?: $(tail -5 "$tmp/err")"
note "$(head -n 1 "$tmp/said") programs"
check "there are programs that answer" test "$(sed -n 's/^asked //p' "$tmp/said")" -gt 5
is "none says anything else, or ends otherwise, because the library is there" "$(sed 1d "$tmp/said")" ""

done_testing
