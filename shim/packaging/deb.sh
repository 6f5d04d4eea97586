#!/bin/sh
# SPDX-License-Identifier: MIT
# A Debian package from `make install`. Called by `make deb`.
#
#   CC=cc BUILD=DIR VERSION=N MAKE=make shim/packaging/deb.sh
#
# Leaves BUILD/lingerguard_VERSION_ARCHITECTURE.deb, the same bytes for the same sources and compiler.
set -eu
umask 022

cd "$(dirname "$0")/../.."
: "${CC:=cc}" "${MAKE:=make}" "${BUILD:?}" "${VERSION:?}"
packaging=shim/packaging
stage=$BUILD/deb/root

for tool in dpkg-deb dpkg-architecture dpkg-buildflags dpkg-parsechangelog; do
    command -v "$tool" >/dev/null && continue
    echo "make deb: $tool is not installed (package dpkg-dev)" >&2
    exit 1
done

said() {
    dpkg-parsechangelog -l "$packaging/changelog" -S "$1"
}
if [ "$(said Version)" != "$VERSION" ]; then
    echo "make deb: $packaging/changelog ends with $(said Version), the Makefile says $VERSION" >&2
    exit 1
fi
SOURCE_DATE_EPOCH=$(said Timestamp)
LC_ALL=C
export SOURCE_DATE_EPOCH LC_ALL

machine=$($CC -dumpmachine)
architecture=$(dpkg-architecture -t"$machine" -qDEB_HOST_ARCH 2>/dev/null)
multiarch=$(dpkg-architecture -t"$machine" -qDEB_HOST_MULTIARCH 2>/dev/null)
maintainer="${DEBFULLNAME:-The lingerguard authors} <${DEBEMAIL:-packages@lingerguard.invalid}>"
# Private: its name has no version, and nothing is to be linked with it.
libdir=usr/lib/$multiarch/lingerguard
doc=$stage/usr/share/doc/lingerguard
flags="$(dpkg-buildflags --get CFLAGS) $(dpkg-buildflags --get CPPFLAGS) -Wl,-z,relro -Wl,-z,now"

filled() {
    sed -e "s|@VERSION@|$VERSION|; s|@ARCHITECTURE@|$architecture|; s|@MAINTAINER@|$maintainer|" \
        -e "s|@LIBDIR@|$libdir|g; s|@KIBIBYTES@|${kibibytes:-}|" "$1"
}

# -9n: no name and no time, so that the bytes stay the same.
compressed() {
    gzip -9n -c "$1" >"$2"
}

rm -rf "$BUILD/deb/root"
"$MAKE" -s CC="$CC" BUILD="$BUILD/deb/build" PREFIX=/usr LIBDIR="/$libdir" DESTDIR="$stage" CFLAGS="$flags" install

strip="strip"
! command -v "$machine-strip" >/dev/null || strip=$machine-strip
"$strip" --strip-unneeded --remove-section=.comment "$stage/usr/bin/lingerguard" "$stage/$libdir/liblingerguard.so.$VERSION"
gzip -9n "$stage"/usr/share/man/man*/*
# Where zsh looks in Debian.
mkdir -p "$stage/usr/share/zsh/vendor-completions"
mv "$stage/usr/share/zsh/site-functions/_lingerguard" "$stage/usr/share/zsh/vendor-completions/"
rmdir "$stage/usr/share/zsh/site-functions"

mkdir -p "$doc/examples" "$stage/usr/share/lintian/overrides" "$stage/DEBIAN"
compressed "$packaging/changelog" "$doc/changelog.gz"
compressed README.md "$doc/README.md.gz"
filled "$packaging/README.Debian" >"$doc/README.Debian"
{
    cat "$packaging/copyright.head"
    sed -e '1,/^Permission/{/^Permission/!d}' -e 's/^$/./; s/^/ /' LICENSE
} >"$doc/copyright"
filled "$packaging/overrides" >"$stage/usr/share/lintian/overrides/lingerguard"
# Their tests need the sources.
cp -R examples/. "$doc/examples/"
find "$doc/examples" \( -name '*.t' -o -name '*.mk' -o -name '.*' ! -path "$doc/examples" \) -type f -exec rm {} +
# Paths of this system; those in an image are its own.
grep -rlE '/usr/local/(lib/liblingerguard.so|bin/lingerguard)' "$doc/examples" \
    --exclude-dir=container-runc --exclude-dir=docker --exclude-dir=kubernetes |
    xargs -r sed -i "s|/usr/local/lib/liblingerguard.so|/$libdir/liblingerguard.so|g; s|/usr/local/bin/lingerguard|/usr/bin/lingerguard|g"

kibibytes=$(du -k -s --apparent-size "$stage" | cut -f 1)
filled "$packaging/control" >"$stage/DEBIAN/control"
filled "$packaging/prerm" >"$stage/DEBIAN/prerm"
(cd "$stage" && find . -type f ! -path './DEBIAN/*' -printf '%P\n' | sort | xargs md5sum) >"$stage/DEBIAN/md5sums"
find "$stage" -type f -exec chmod 644 {} +
find "$stage" -type d -exec chmod 755 {} +
chmod 755 "$stage/DEBIAN/prerm" "$stage/usr/bin/lingerguard"
find "$doc/examples" -name '*.sh' -exec chmod 755 {} +

dpkg-deb --root-owner-group -Zxz --build "$stage" "$BUILD/lingerguard_${VERSION}_$architecture.deb" >/dev/null
