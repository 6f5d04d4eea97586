#!/bin/sh
# SPDX-License-Identifier: MIT
# A tarball for machines of one kind: everything that `make install` puts, below one directory. Called by `make dist`.
#
#   CC=cc BUILD=DIR VERSION=N MAKE=make shim/packaging/dist.sh
#
# Leaves BUILD/lingerguard-VERSION-MACHINE.tar.gz, the same bytes for the same sources and compiler, wherever they are.
set -eu
umask 022

cd "$(dirname "$0")/../.."
: "${CC:=cc}" "${MAKE:=make}" "${BUILD:?}" "${VERSION:?}"
LC_ALL=C
export LC_ALL
# The date of the last entry of the changelog; whoever releases may give another.
: "${SOURCE_DATE_EPOCH:=$(date -u -d "$(sed -n '/^ -- .*>  /{s///p;q;}' shim/packaging/changelog)" +%s)}"

machine=$($CC -dumpmachine)
name=lingerguard-$VERSION-$machine
stage=$BUILD/dist/$name

# Where the sources are, and where they are built, is not in what is built.
rm -rf "$BUILD/dist"
"$MAKE" -s CC="$CC" BUILD="$BUILD/dist/build" PREFIX= LIBDIR=/lib BINDIR=/bin MANDIR=/share/man DATADIR=/share DESTDIR="$stage" \
    CFLAGS="-O2 -g0 -ffile-prefix-map=$BUILD/dist/build=build -ffile-prefix-map=$PWD=." install
strip="strip"
! command -v "$machine-strip" >/dev/null || strip=$machine-strip
"$strip" --strip-unneeded --remove-section=.comment "$stage/bin/lingerguard" "$stage/lib/liblingerguard.so.$VERSION"
cp LICENSE README.md "$stage/"
(cd "$stage" && find . -type f -printf '%P\n' | sort | xargs sha256sum) >"$BUILD/dist/SHA256SUMS"
mv "$BUILD/dist/SHA256SUMS" "$stage/"

tar -C "$BUILD/dist" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --format=ustar \
    --mode=go+rX,go-w -cf - "$name" | gzip -9n >"$BUILD/$name.tar.gz.new"
mv "$BUILD/$name.tar.gz.new" "$BUILD/$name.tar.gz"
rm -rf "$BUILD/dist"
