# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # tmp is that of tap.sh
# Commands in the root of another Debian. Source it behind tests/harness/tap.sh; where no root can be entered, the file
# ends with a skip.
#
#   root SUITE                      sets $root; false, with a skip, where there is none
#   inside SCRIPT [ARGUMENT...]     in $root, with $tmp at /mnt, for a minute; nothing of it stays but what is in /mnt
#   inside_for SECONDS SCRIPT [ARGUMENT...]

if ! unshare --mount true 2>/dev/null; then
    skip mountns "a mount namespace needs root" "other Debians"
    done_testing
fi

# It is made where it is missing only if it must run: that takes a minute and Debian's packages.
root() {
    if [ -x "${LG_ROOTS:-/var/tmp/lingerguard-roots}/$1/usr/bin/prove" ] || tap_must_run roots; then
        root=$("$LG_ROOT/tests/harness/root.sh" "$1" 2>"$tmp/root.err") && return
    else
        echo "no root of $1 yet, tests/harness/root.sh $1 makes it" >"$tmp/root.err"
    fi
    skip roots "$(cat "$tmp/root.err")" "$1"
    return 1
}

inside() {
    inside_for 60 "$@"
}

inside_for() {
    inside_seconds=$1 script=$2
    shift 2
    # shellcheck disable=SC2016 # the shell inside expands
    run_deadline "$inside_seconds" unshare --mount sh -c '
        root=$1 tmp=$2
        mount --bind "$root" "$root" && mount -o remount,bind,ro "$root" && mount -t tmpfs tmpfs "$root/tmp" &&
        mount --bind "$tmp" "$root/mnt" && mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" || exit 1
        script=$3; shift 3
        exec chroot "$root" /usr/bin/env -i PATH=/usr/bin:/bin LC_ALL=C sh -c "$script" sh "$@"' \
        sh "$root" "$tmp" "$script" "$@" 2>&1
}
