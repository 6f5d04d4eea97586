#!/bin/sh
# SPDX-License-Identifier: MIT
# The library in every program, by /etc/ld.so.preload: on, off, and back from one that no program survives.
# All of it in a mount namespace with an /etc of its own.
# shellcheck disable=SC2016 # the shell inside expands
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../../tests/harness/tap.sh"

here=$LG_ROOT/examples/ld-so-preload
check "the policy is right" "$LG_COMMAND" check-policy "$here/policy"
like "a service of it is made orderly" \
    "$("$LG_COMMAND" explain -p "$here/policy" exe=/srv/legacy local=10.0.0.1:8080 role=accepted)" "Verdict: orderly within 30s"
like "an administrator's connection is left alone" \
    "$("$LG_COMMAND" explain -p "$here/policy" exe=/usr/sbin/sshd local=10.0.0.1:8080 role=accepted)" "Verdict: allow"

needs mount unshare
if ! unshare --mount true 2>/dev/null; then
    skip mount "a mount namespace cannot be made here (root can)"
    done_testing
fi

"${CC:-cc}" -o "$tmp/abort_once" "$LG_ROOT/tests/abi/abort_once.c" || exit 1
cat >"$tmp/deadly.c" <<'END'
#include <unistd.h>
__attribute__((constructor)) static void die(void)
{
    _exit(99);
}
END
mkdir "$tmp/deadly"
"${CC:-cc}" -shared -fPIC -o "$tmp/deadly/liblingerguard.so" "$tmp/deadly.c" || exit 1

# Below /etc, where only root may write: enable refuses a library that others could replace.
cat >"$tmp/life.sh" <<'END'
set -u
command=$1 library=$2 tmp=$3 policy=$4
rm -rf /etc/ld.so.preload /etc/lingerguard /etc/liblingerguard.so
cp "$library" /etc/liblingerguard.so
say() { printf '%s=%s\n' "$1" "$2"; }
say before "$("$tmp/abort_once" 2>/dev/null)"
got=$("$command" status 2>&1)
say status "$got; $?"
"$command" enable --library /etc/liblingerguard.so >/dev/null 2>&1
say enabled "$?"
say entry "$(cat /etc/ld.so.preload)"
say cured "$("$tmp/abort_once" 2>/dev/null)"
say cleaned "$(env -i "$tmp/abort_once" 2>/dev/null)"
say off "$(LINGERGUARD_OFF=1 "$tmp/abort_once" 2>&1)"
mkdir /etc/lingerguard
sed "s|/var/log/lingerguard.json|$tmp/log|" "$policy" >/etc/lingerguard/policy
say observed "$("$tmp/abort_once" 2>&1)"
say shell "$(sh -c 'echo works' 2>&1)"
# Another user, with the log as a program of root makes it.
cp "$tmp/abort_once" /etc/abort_once
sed 's|/var/log/lingerguard.json|/etc/lingerguard.json|' "$policy" >/etc/lingerguard/policy
/etc/abort_once >/dev/null 2>&1
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@" 2>&1; }
say unheard "$(nobody /etc/abort_once); $(grep -c '"call"' /etc/lingerguard.json)"
rm -r /etc/lingerguard
"$command" disable >/dev/null 2>&1
say disabled "$?"
say after "$("$tmp/abort_once" 2>&1)"
say left "$(ls /etc/ld.so.preload 2>&1 | grep -c '^/etc')"

# The library is gone, the entry is not: programs complain and run.
echo /etc/gone/liblingerguard.so >/etc/ld.so.preload
say gone "$(true 2>&1 && sh -c 'echo runs' 2>/dev/null)"
"$command" disable >/dev/null 2>&1
say repaired "$(sh -c 'echo runs' 2>&1)"

# A library with which nothing starts, put there by hand, since enable refuses it.
cp "$tmp/deadly/liblingerguard.so" /etc/liblingerguard.so
"$command" enable --library /etc/liblingerguard.so >/dev/null 2>&1
say refused "$?"
echo /etc/liblingerguard.so >/etc/ld.so.preload
/bin/true
say dead "$?"
: >/etc/ld.so.preload # this shell's own, no program is started for it
/bin/true
say alive "$?"
END
system=$(cat /etc/ld.so.preload 2>&1)
TMPDIR=$tmp run_deadline 120 "$here/rehearse.sh" sh "$tmp/life.sh" "$LG_COMMAND" "$LG_LIB" "$tmp" "$here/policy" >"$tmp/life" 2>"$tmp/life.err" ||
    note "status $?: $(cat "$tmp/life.err")"
life() {
    sed -n "s/^$1=//p" "$tmp/life"
}
is "a program that aborts" "$(life before)" RST
is "status: not enabled" "$(life status)" "/etc/ld.so.preload: not enabled; 1"
is "enable" "$(life enabled) $(life entry)" "0 /etc/liblingerguard.so"
is "it is cured without a variable" "$(life cured)" EOF
is "and with a cleaned environment" "$(life cleaned)" EOF
is "LINGERGUARD_OFF=1 exempts one program" "$(life off)" RST
is "the policy of the example observes other ports" "$(life observed)" RST
is "and keeps quiet on standard error" "$(life shell)" works
is "another user who cannot write the log is told nothing" "$(life unheard)" "RST; 2"
like "its log has the records" "$(cat "$tmp/log")" '"outcome":"aborted"'
is "disable" "$(life disabled) $(life after) $(life left)" "0 RST 0"
is "with a library that is gone, programs run" "$(life gone)" runs
is "disable repairs that" "$(life repaired)" runs
is "enable refuses a library with which nothing starts" "$(life refused)" 2
is "with it, nothing does" "$(life dead)" 99
is "a shell that is open brings the system back" "$(life alive)" 0

# From outside, as from a rescue system.
mkdir -p "$tmp/mnt/etc"
printf '/etc/liblingerguard.so\n/usr/lib/other.so\n' >"$tmp/mnt/etc/ld.so.preload"
check "disable --root, from a rescue system" "$LG_COMMAND" disable --root "$tmp/mnt"
is "leaves other entries" "$(cat "$tmp/mnt/etc/ld.so.preload")" /usr/lib/other.so
is "nothing was done to this system" "$(cat /etc/ld.so.preload 2>&1)" "$system"
is "rehearse.sh leaves nothing" "$(find "$tmp" -maxdepth 1 -name "lingerguard-etc.*")" ""
done_testing
