#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a command with an /etc of its own, a copy that is thrown away: to see what programs make of the
# library before every program of the system has it. As root:
#
#   rehearse.sh COMMAND [ARG...]
#   rehearse.sh sh -c 'lingerguard enable && curl -sS https://example.com >/dev/null && exec sh'
set -eu

[ $# -gt 0 ] || {
    sed -n '3,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
}
copy=$(mktemp -d "${TMPDIR:-/tmp}/lingerguard-etc.XXXXXX")
trap 'rmdir "$copy"' EXIT
# shellcheck disable=SC2016 # the shell inside expands
unshare --mount sh -euc '
    copy=$1
    shift
    before=$(stat -c %d /etc)
    mount -t tmpfs -o mode=755 tmpfs "$copy"
    cp -a /etc/. "$copy/"
    mount --bind "$copy" /etc
    # Or it would be the real one.
    test "$(stat -c %d /etc)" != "$before"
    exec "$@"' sh "$copy" "$@"
