#!/bin/sh
# SPDX-License-Identifier: MIT
# An OCI bundle with one program and nothing else, made of files of this system.
#
#   bundle.sh DIRECTORY PROGRAM FILE LIBRARY env|preload|without
#
# PROGRAM becomes /server, with the libraries that it needs; FILE becomes /file, its argument.
#   env      the library and the policy are mounted read-only, LD_PRELOAD names the library
#   preload  the library is copied into the image and listed in its /etc/ld.so.preload
#   without  no library
set -eu

[ $# -eq 5 ] || {
    sed -n 's/^# \{0,1\}//; 3,10p' "$0" >&2
    exit 2
}
here=$(cd "$(dirname "$0")" && pwd)
bundle=$1 program=$2 file=$3 library=$4 how=$5
root=$bundle/rootfs

umask 022
mkdir -p "$root/proc" "$root/dev" "$root/etc/lingerguard" "$root/usr/lib"
cp "$program" "$root/server"
cp "$file" "$root/file"
chmod 755 "$root/server"
chmod 644 "$root/file"

# The loader of musl is its libc too; glibc's says itself what the program needs.
loader=$(readelf -l "$program" | sed -n 's/.*program interpreter: \(.*\)]/\1/p')
case $loader in
*ld-musl*) echo "$loader" ;;
*) ldd "$program" | grep -o '/[^ ]*' ;;
esac | while read -r needed; do
    mkdir -p "$root${needed%/*}"
    cp -L "$needed" "$root$needed"
done

cp "$here/config.json" "$bundle/config.json"
cp "$here/policy" "$bundle/policy"
: >"$root/etc/lingerguard/policy" # what it is mounted on
case $how in
env)
    cp "$library" "$bundle/liblingerguard.so"
    : >"$root/usr/lib/liblingerguard.so"
    ;;
preload)
    sed -i -e '/LD_PRELOAD=/d' -e '/"source": "liblingerguard.so"/d' "$bundle/config.json"
    cp "$library" "$root/usr/lib/liblingerguard.so"
    # or: lingerguard enable --root "$root" --library /usr/lib/liblingerguard.so
    echo /usr/lib/liblingerguard.so >"$root/etc/ld.so.preload"
    ;;
without)
    sed -i -e '/LD_PRELOAD=/d' -e '/"source": "liblingerguard.so"/d' "$bundle/config.json"
    ;;
esac
