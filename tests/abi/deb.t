#!/bin/sh
# SPDX-License-Identifier: MIT
# make deb: what is in the package, and its life from installation to purge. It is installed into this
# very system seen through an overlay, so that dpkg, its dependencies and its scripts are the real
# ones and what it leaves behind is what lies in the upper layer.
# shellcheck disable=SC2016 # the shell inside expands
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

needs deb dpkg dpkg-deb
unset MAKEFLAGS MFLAGS MAKELEVEL

# As from an unpacked archive: nothing but what the package is made of.
mkdir "$tmp/source"
for part in Makefile README.md LICENSE policy shim examples; do
    cp -R "$LG_ROOT/$part" "$tmp/source/"
done
# shellcheck disable=SC2317 # called through check
make_deb() {
    run_deadline 800 make -s -C "$tmp/source" deb BUILD="$tmp/build"
}
check "make deb" make_deb
set -- "$tmp"/build/lingerguard_*.deb
package=$1
is "it leaves one package" "$#" 1
[ -e "$package" ] || done_testing

field() {
    dpkg-deb --field "$package" "$1"
}
multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
library=/usr/lib/$multiarch/lingerguard/liblingerguard.so
is "its version is that of the Makefile" "$(field Version)" "$(sed -n "s/^VERSION := //p" "$tmp/source/Makefile")"
is "its architecture is this one" "$(field Architecture)" "$(dpkg --print-architecture)"
is "it depends on no libc: the command is static, the library takes the one that is there" "$(field Depends)" ""

sum=$(sha256sum "$package")
check "make deb again" make_deb
is "packing again gives the same bytes" "$(sha256sum "$package")" "$sum"

if command -v lintian >/dev/null; then
    lintian_says=$(run_deadline 120 lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$package" 2>&1)
    is "lintian has nothing to say" "$? $lintian_says" "0 "
else
    skip lintian "lintian is not installed" "lintian has nothing to say"
fi

mkdir "$tmp/files"
dpkg-deb -x "$package" "$tmp/files"
dpkg-deb -e "$package" "$tmp/control"
in_package() {
    check "in it: $1" test -s "$tmp/files$1"
}
for page in "$LG_ROOT"/policy/*.5 "$LG_ROOT"/shim/*.7 "$LG_ROOT"/shim/command/*.1; do
    in_package "/usr/share/man/man${page##*.}/${page##*/}.gz"
done
in_package /usr/share/bash-completion/completions/lingerguard
in_package /usr/share/zsh/vendor-completions/_lingerguard
in_package "$library"
is "the library is a link to the file with its version" "$(readlink "$tmp/files$library")" "liblingerguard.so.$(field Version)"
in_package /usr/share/doc/lingerguard/copyright
is "no configuration: a policy is the operator's" "$(find "$tmp/control" "$tmp/files/etc" -type f -printf "%f\n" 2>/dev/null | sort | tr "\n" " ")" \
    "control md5sums prerm "
is "the sums are those of all the files" "$(cd "$tmp/files" && md5sum --quiet -c "$tmp/control/md5sums" 2>&1; find . -type f | wc -l)" \
    "$(wc -l <"$tmp/control/md5sums")"
is "an example names no path that the package has not" \
    "$(grep -rhoE '/usr(/local)?/(bin/lingerguard|[a-z/]*lib[a-z0-9_/-]*/liblingerguard\.so)' "$tmp/files/usr/share/doc" \
        --exclude-dir=container-runc --exclude-dir=docker --exclude-dir=kubernetes --exclude-dir=every-container | sort -u |
        while read -r path; do [ -e "$tmp/files$path" ] || echo "$path"; done)" ""

# The whole life, in a copy of this system that is thrown away.
if ! unshare --mount true 2>/dev/null || ! grep -qw overlay /proc/filesystems; then
    skip overlay "no mount namespace or no overlay file system" "installing and removing"
    done_testing
fi
"${CC:-cc}" -o "$tmp/abort_once" "$LG_ROOT/tests/abi/abort_once.c" || exit 1
cat >"$tmp/life.sh" <<'END'
set -eu
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
mount --bind /dev "$1/root/dev"
mount -t proc proc "$1/root/proc"
mkdir "$1/root/lg"
mount --bind "$2" "$1/root/lg"
rm -f "$1/root/etc/ld.so.preload" "$1/root/var/lib/man-db/auto-update" # no index of all manuals each time
library=$3 base=$1 root=$1/root
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"; }
# What was changed in the overlay; dpkg, man-db and ldconfig keep books of their own.
left() { (cd "$base/upper" && find . ! -type d ! -path './var/*' ! -path './etc/ld.so.cache' ! -path './lg*' -printf '%P\n') | sort; }
say() { printf '%s=%s\n' "$1" "$(printf %s "$2" | tr '\n' ' ')"; }

inside dpkg -i /lg/lingerguard.deb >"$1/log" 2>&1 || { cat "$1/log" >&2; exit 1; }
say status "$(inside dpkg-query -W -f '${db:Status-Abbrev}' lingerguard)"
say verify "$(inside dpkg --verify lingerguard)"
say bare "$(inside /lg/abort_once)"
say run "$(inside lingerguard run -l off /lg/abort_once 2>&1)"
say loaded "$(inside lingerguard run -l off cat /proc/self/maps | grep -o '/usr/lib.*liblingerguard.so' | sort -u)"
say unit "$(inside env LD_PRELOAD="$library" LINGERGUARD_LOG=off /lg/abort_once 2>&1)"
say idle "$(inside lingerguard status || true)"
inside lingerguard enable >/dev/null
say entry "$(cat "$root/etc/ld.so.preload")"
say every "$(inside /lg/abort_once 2>/dev/null)"
# An upgrade leaves the entry, and the library is never missing.
inside dpkg -i /lg/lingerguard.deb >>"$1/log" 2>&1
say upgraded "$(cat "$root/etc/ld.so.preload")"
printf '/usr/lib/other.so\n' >>"$root/etc/ld.so.preload"
inside dpkg -r lingerguard >>"$1/log" 2>"$1/complaints"
say alien "$(cat "$root/etc/ld.so.preload")"
rm "$root/etc/ld.so.preload"
say complaints "$(grep -c liblingerguard "$1/complaints" || true)"
say left "$(left)"

# Removed while it is enabled, with an operator's policy; then purged.
inside dpkg -i /lg/lingerguard.deb >>"$1/log" 2>&1
mkdir -p "$root/etc/lingerguard"
echo 'orderly' >"$root/etc/lingerguard/policy"
inside lingerguard enable >/dev/null
inside dpkg -P lingerguard >>"$1/log" 2>&1
say purged "$(left)"
say known "$(inside dpkg-query -W lingerguard 2>&1)"
END
mkdir "$tmp/layers" "$tmp/shared"
cp "$package" "$tmp/shared/lingerguard.deb"
cp "$tmp/abort_once" "$tmp/shared/"
run_deadline 240 unshare --mount sh "$tmp/life.sh" "$tmp/layers" "$tmp/shared" "$library" >"$tmp/life" 2>"$tmp/life.err" ||
    not_ok "the life of the package" "status $?: $(cat "$tmp/life.err")"
# life WORD : what the script said of it
life() {
    sed -n "s/^$1=//p" "$tmp/life"
}
is "dpkg installs it" "$(life status)" "ii "
is "dpkg finds every file as it was packed" "$(life verify)" ""
is "a program that aborts" "$(life bare)" RST
is "lingerguard run: in order" "$(life run)" EOF
is "the installed library was loaded" "$(life loaded)" "$library"
is "with LD_PRELOAD alone: in order" "$(life unit)" EOF
is "installing enables nothing" "$(life idle)" "/etc/ld.so.preload: not enabled"
is "lingerguard enable lists the installed library" "$(life entry)" "$library"
is "every program: in order" "$(life every)" EOF
is "an upgrade leaves it enabled" "$(life upgraded)" "$library"
is "removal takes the entry out and leaves others" "$(life alien)" "/usr/lib/other.so"
is "no program complained that the library is gone" "$(life complaints)" 0
is "removal leaves no file" "$(life left)" ""
is "the policy of the operator stays, and nothing else" "$(life purged)" "etc/lingerguard/policy"
like "dpkg does not know it any more" "$(life known)" "no packages found"
done_testing
