#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard enable, disable, status: /etc/ld.so.preload below a scratch root.
# shellcheck disable=SC2016 # the inner shell expands
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/command/answer.sh
. "$(dirname "$0")/answer.sh"

root=$tmp/root
file=$root/etc/ld.so.preload
library=$(cat "$LG_BUILD/command/libdir")/liblingerguard.so
other=/opt/lingerguard/liblingerguard.so
umask 022
mkdir -p "$root/etc" "$root$(dirname "$library")" "$root$(dirname "$other")"
cp "$LG_LIB" "$root$library"
cp "$LG_LIB" "$root$other"

text() {
    cat "$file"
    echo .
}

# edit NAME TEXT WANTED COMMAND...: what becomes of a file, byte for byte
edit() {
    name=$1 wanted=$3
    # shellcheck disable=SC2059 # texts with their line ends
    printf "$2" >"$file"
    shift 3
    answer "$LG_COMMAND" "$@" --root "$root"
    answers "$name: exits 0" 0
    # shellcheck disable=SC2059
    is "$name" "$(text)" "$(printf "$wanted"; echo .)"
}

# Nothing there
answer "$LG_COMMAND" status --root "$root"
answers "status without a file exits 1" 1
is "status without a file says so" "$out" "$file: not enabled"
answer "$LG_COMMAND" disable --root "$root"
answers "disable without a file exits 0" 0
check "disable without a file makes none" test ! -e "$file"

# On and off
answer "$LG_COMMAND" enable --root "$root"
answers "enable exits 0" 0
is "enable says what it did" "$out" "$file: $library is enabled"
is "enable writes the installed library" "$(text)" "$library
."
is "a new file is readable for all" "$(stat -c %a "$file")" 644
answer "$LG_COMMAND" status --root "$root"
answers "status exits 0" 0
is "status says so" "$out" "$file: $library is enabled"
inode=$(stat -c %i "$file")
answer "$LG_COMMAND" enable --root "$root/"
answers "enable twice exits 0" 0
is "enable twice says so" "$out" "$file: $library is enabled already"
is "enable twice leaves the file alone" "$(stat -c %i "$file")" "$inode"
answer "$LG_COMMAND" enable --library "$other" --root "$root"
is "enable with another library replaces it" "$(text)" "$other
."
like "enable with another library says so" "$out" "in place of what was listed"
answer "$LG_COMMAND" disable --root "$root"
answers "disable exits 0" 0
check "disable removes a file that is empty then" test ! -e "$file"
is "nothing else is left in etc" "$(ls -A "$root/etc")" ""

# Entries of others
lib=$library
edit "ours comes before other entries" '/a.so\n/b.so\n' "$lib\n/a.so\n/b.so\n" enable
edit "comments in front stay in front" '# a\n\n# b\n/a.so\n' "# a\n\n# b\n$lib\n/a.so\n" enable
edit "a file of comments keeps them" '# a\n' "# a\n$lib\n" enable
edit "a last line without an end gets one" '# a' "# a\n$lib\n" enable
edit "separators stay as they are" '/a.so:/b.so \t/c.so # d\n' "$lib\n/a.so:/b.so \t/c.so # d\n" enable
edit "ours in a comment is no entry" "# $lib\n" "# $lib\n$lib\n" enable
edit "duplicates become one" "/a.so $lib\n$lib:$other\n" "$lib\n/a.so\n" enable
edit "ours alone stays where it is" "/a.so\n$lib\n" "/a.so\n$lib\n" enable
edit "a name that only ends like ours is another's" '/x/notliblingerguard.so\n' "$lib\n/x/notliblingerguard.so\n" enable
edit "disable takes the line" "# a\n$lib\n/a.so\n" '# a\n/a.so\n' disable
edit "disable takes it from the start of a line" "$lib:/a.so\n" '/a.so\n' disable
edit "disable takes it from the end of a line" "/a.so:$lib\n" '/a.so\n' disable
edit "disable takes it from the middle of a line" "/a.so $lib /b.so\n" '/a.so /b.so\n' disable
edit "disable keeps a comment behind it" "$lib # why\n" '# why\n' disable
edit "disable takes all copies" "$lib $other\n/a.so $lib $lib\n\t$lib\n" '/a.so\n' disable
edit "disable takes a last line without an end" "/a.so\n$lib" '/a.so\n' disable
edit "disable leaves what is not ours" "# $lib\n\n /a.so\n" "# $lib\n\n /a.so\n" disable
edit "disable keeps a file with a comment" "$lib\n# a\n" '# a\n' disable
printf '%s\n\n \n' "$lib" >"$file"
answer "$LG_COMMAND" disable --root "$root"
check "disable removes a file of blanks" test ! -e "$file"
printf '%s\n%s\n' "$lib" "$lib" >"$file"
answer "$LG_COMMAND" status --root "$root"
answers "status with duplicates exits 0" 0
like "status warns of duplicates" "$err" "lingerguard: warning: $file lists the library 2 times"

# Mode and owner
echo /a.so >"$file"
chmod 640 "$file"
[ "$(id -u)" != 0 ] || chown 12:34 "$file"
owner=$(stat -c %u:%g "$file")
answer "$LG_COMMAND" enable --root "$root"
is "enable keeps mode and owner" "$(stat -c %a:%u:%g "$file")" "640:$owner"
rm -f "$file"

# refuses NAME MESSAGE ARGUMENT...: exit 2, and the file as it was
refuses() {
    name=$1 message=$2
    shift 2
    echo /a.so >"$file"
    answer "$LG_COMMAND" enable --root "$root" "$@"
    answers "$name exits 2" 2
    like "$name says so" "$err" "$message"
    is "$name changes nothing" "$(text)" "/a.so
."
}
mkdir "$root/broken" "$root/open" "$root/odd dir" "$root/odd#dir"
echo text >"$root/broken/liblingerguard.so"
cp "$LG_LIB" "$root/open/liblingerguard.so"
chmod 777 "$root/open"
cp "$LG_LIB" "$root/odd dir/liblingerguard.so"
cp "$LG_LIB" "$root/odd#dir/liblingerguard.so"
cp "$LG_LIB" "$root/other.so"
refuses "a library that is not there" "No such file or directory" --library /missing/liblingerguard.so
refuses "what is no library" "is not a shared library" --library /broken/liblingerguard.so
echo /a.so >"$file"
answer sh -c '"$LG_COMMAND" enable --root "$1" --library /broken/liblingerguard.so >&- 2>&-' sh "$root"
answers "what is no library exits 2 without descriptors 1 and 2" 2
is "and is not put in" "$(cat "$file")" /a.so
refuses "a library in a directory that others may write" "$root/open is writable by others" --library /open/liblingerguard.so
chmod 755 "$root/open"
chmod 666 "$root/open/liblingerguard.so"
refuses "a library that others may write" "$root/open/liblingerguard.so is writable by others" --library /open/liblingerguard.so
if [ "$(id -u)" = 0 ]; then
    chmod 644 "$root/open/liblingerguard.so"
    chown 65534 "$root/open/liblingerguard.so"
    refuses "a library of another user" "$root/open/liblingerguard.so belongs to user 65534" --library /open/liblingerguard.so
else
    skip root "needs root" "a library of another user"
fi
refuses "a relative path" "is not an absolute path" --library usr/liblingerguard.so
refuses "a path with a blank" "has white space or a colon in its path" --library "/odd dir/liblingerguard.so"
refuses "a path with a #" "has a '#' in its path" --library "/odd#dir/liblingerguard.so"
refuses "another name" "is not called liblingerguard.so" --library /other.so
ln -s "$LG_LIB" "$root/other.link"
mkdir "$root/link"
ln -s "$LG_LIB" "$root/link/liblingerguard.so"
refuses "a link that leads out of the root" "/link/liblingerguard.so leads out of $root" --library /link/liblingerguard.so
mkdir "$root/etc/lingerguard"
echo 'alow' >"$root/etc/lingerguard/policy"
refuses "a policy with errors" "$root/etc/lingerguard/policy:1:1: error: "
echo 'allow' >"$root/etc/lingerguard/policy"
answer "$LG_COMMAND" enable --root "$root"
answers "a good policy is no obstacle" 0
rm -r "$root/etc/lingerguard"
mkdir -p "$root/etc/lingerguard"
mkfifo "$root/etc/lingerguard/policy"
refuses "a policy that is a FIFO" "not a regular file"
rm "$root/etc/lingerguard/policy"
echo allow >"$root/etc/lingerguard/policy"
chmod 666 "$root/etc/lingerguard/policy"
refuses "a policy that others may write" "$root/etc/lingerguard/policy is writable by others"
rm "$root/etc/lingerguard/policy"
echo allow >"$tmp/policy"
ln -s "$tmp/policy" "$root/etc/lingerguard/policy"
refuses "a policy that leads out of the root" "/etc/lingerguard/policy leads out of $root"
rm -r "$root/etc/lingerguard"
cat >"$tmp/bad.c" <<'END'
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
__attribute__((constructor)) static void act(void) { MODE; }
END
mkdir "$tmp/dies" "$tmp/speaks" "$root/acts"
acts() { # DIRECTORY STATEMENT : a library that does this when it is loaded
    check "a library is built" "${CC:-cc}" -shared -fPIC -DMODE="$2" -o "$1/liblingerguard.so" "$tmp/bad.c"
}
acts "$tmp/dies" 'abort()'
acts "$tmp/speaks" '_exit(write(2, "not today\n", 10) != 10)'
acts "$root/acts" "open(\"$tmp/acted\", O_CREAT, 0600)"

# One that asks for a libc, with no libc that it brings, and one that a shell alone does not bear.
acts_alone() { # DIRECTORY TEXT OPTION... : a library of this text
    dir=$1
    printf '%s\n' "$2" >"$tmp/alone.c"
    shift 2
    mkdir "$dir"
    check "a library is built" "$@" -shared -fPIC -nostdlib -o "$dir/liblingerguard.so" "$tmp/alone.c"
}
acts_alone "$tmp/needs" 'int getppid(void); int (*needed)(void) = getppid;' "${CC:-cc}"
acts_alone "$tmp/shells" 'extern char *program_invocation_short_name __attribute__((weak)); void _exit(int) __attribute__((weak));
    __attribute__((constructor)) static void act(void) {
        if (&program_invocation_short_name && program_invocation_short_name[0] == 115) _exit(3); }' "${CC:-cc}"
if [ -e /lib32/libc.so.6 ] && command -v i686-linux-gnu-gcc >/dev/null; then
    acts_alone "$tmp/narrow" 'int narrow;' i686-linux-gnu-gcc
else
    skip i386 "no 32-bit libc (libc6-i386) or no i686-linux-gnu-gcc" "an entry for both classes"
fi

# $LIB below a root: each file that it stands for is looked at.
mkdir -p "$root/opt/both/lib/x86_64-linux-gnu" "$root/opt/both/lib32"
answer "$LG_COMMAND" enable --root "$root" --library '/opt/both/$LIB/liblingerguard.so'
answers "an entry with \$LIB and no file exits 2" 2
like "an entry with \$LIB and no file says so" "$err" "no such file in any directory that \$LIB stands for"
cp "$LG_LIB" "$root/opt/both/lib/x86_64-linux-gnu/"
cp "$LG_LIB" "$root/opt/both/lib32/"
answer "$LG_COMMAND" enable --root "$root" --library '/opt/both/$LIB/liblingerguard.so'
answers "an entry with \$LIB exits 0" 0
is "and is written as it is" "$(head -n 1 "$file")" '/opt/both/$LIB/liblingerguard.so'
answer "$LG_COMMAND" disable --root "$root"
chmod 666 "$root/opt/both/lib32/liblingerguard.so"
answer "$LG_COMMAND" enable --root "$root" --library '/opt/both/$LIB/liblingerguard.so'
answers "one file of an entry with \$LIB that others may write exits 2" 2
like "and is named" "$err" "/opt/both/lib32/liblingerguard.so is writable by others"

# Nothing of another system's root is executed, and no link is followed out of it.
answer "$LG_COMMAND" enable --root "$root" --library /acts/liblingerguard.so
answers "a library below a root is put in as it is" 0
answer "$LG_COMMAND" status --root "$root"
answers "and told of" 0
check "nothing of it was executed" test ! -e "$tmp/acted"
rm "$file"
mkdir "$tmp/escape" "$tmp/outside"
echo /a.so >"$tmp/outside/ld.so.preload"
ln -s "$tmp/outside" "$tmp/escape/etc"
cp -R "$root/opt" "$tmp/escape/opt"
for command in disable status "enable --library $other"; do
    # shellcheck disable=SC2086 # the words of a command
    answer "$LG_COMMAND" $command --root "$tmp/escape"
    answers "${command%% *} below an etc that leads out exits 2" 2
    like "${command%% *} below an etc that leads out says so" "$err" "/etc leads out of $tmp/escape"
done
is "nothing was done there" "$(ls -A "$tmp/outside"; cat "$tmp/outside/ld.so.preload")" "ld.so.preload
/a.so"

# The file itself
echo "$library" >"$file"
rm "$root$library"
answer "$LG_COMMAND" status --root "$root"
answers "status exits 2 when the library is gone" 2
like "status says that it does not load" "$err" "$library is listed but does not load: "
answer "$LG_COMMAND" disable --root "$root"
answers "disable works when the library is gone" 0
cp "$LG_LIB" "$root$library"
echo /a.so >"$root/etc/target"
ln -s target "$file"
for command in enable disable status; do
    answer "$LG_COMMAND" $command --root "$root"
    answers "$command refuses a symbolic link" 2
    like "$command names a symbolic link" "$err" "$file: is a symbolic link"
done
is "what it points to is left alone" "$(cat "$root/etc/target")" /a.so
rm "$file" "$root/etc/target"
mkdir "$file"
answer "$LG_COMMAND" enable --root "$root"
answers "a directory in its place exits 2" 2
like "a directory in its place is named" "$err" "$file: is not a regular file"
rmdir "$file"
answer "$LG_COMMAND" enable --library "$library" --root "$tmp/missing"
answers "a root that is not there exits 2" 2
answer "$LG_COMMAND" status --root "$tmp/missing"
answers "status of a root that is not there exits 2" 2
like "a root that is not there is named" "$err" "lingerguard: $tmp/missing/etc: No such file or directory"

# Many at once: one whole file, and nothing left beside it
echo /a.so >"$file"
for _ in 1 2 3 4 5 6 7 8; do
    "$LG_COMMAND" enable --root "$root" >/dev/null &
done
wait
is "eight at once leave one entry" "$(text)" "$library
/a.so
."
is "and no temporary file" "$(ls -A "$root/etc")" ld.so.preload

# Words
for argument in --library=/x extra; do
    answer "$LG_COMMAND" disable "$argument"
    answers "disable $argument exits 2" 2
done
answer "$LG_COMMAND" status --root ''
answers "an empty root exits 2" 2
mkdir -p "$root/lib"
: >"$root/lib/ld-musl-x86_64.so.1"
answer "$LG_COMMAND" enable --root "$root"
answers "a system with musl exits 0" 0
like "a system with musl is warned about" "$err" "lingerguard: warning: programs linked with musl ($root/lib/ld-musl-x86_64.so.1 is here) ignore /etc/ld.so.preload"
rm "$root/lib/ld-musl-x86_64.so.1"
answer "$LG_COMMAND" enable --root "$root"
silent "one without is not" stderr

# By the dynamic linker itself
if command -v unshare >/dev/null && unshare -m true 2>/dev/null; then
    mkdir "$tmp/etc"
    answer unshare -m sh -c '
        set -eu
        before=$(stat -c %d /etc)
        mount -t tmpfs none "$1"
        cp -a /etc/. "$1/"
        mount --bind "$1" /etc
        test "$(stat -c %d /etc)" != "$before" # or this would be the real one
        rm -rf /etc/lingerguard
        cp "$LG_LIB" /etc/liblingerguard.so
        "$LG_COMMAND" enable --library /etc/liblingerguard.so >/dev/null 2>&1
        grep -q liblingerguard.so /proc/self/maps
        "$LG_COMMAND" disable >/dev/null
        ! grep liblingerguard.so /proc/self/maps' sh "$tmp/etc"
    answers "the dynamic linker loads it into every program, until it is disabled" 0

    # The system's own library is tried, with the policy and the log, as root and as nobody.
    cat >"$tmp/tried.sh" <<'END'
set -u
mount -t tmpfs none "$1"
cp -a /etc/. "$1/"
mount --bind "$1" /etc
rm -rf /etc/lingerguard /etc/ld.so.preload
mkdir /etc/lingerguard /etc/dies /etc/speaks /etc/needs /etc/shelly
cp "$LG_LIB" /etc/liblingerguard.so
cp "$2/dies/liblingerguard.so" /etc/dies/
cp "$2/speaks/liblingerguard.so" /etc/speaks/
cp "$2/needs/liblingerguard.so" /etc/needs/
cp "$2/shells/liblingerguard.so" /etc/shelly/
try() { # NAME [LIBRARY]
    said=$("$LG_COMMAND" enable --library "${2:-/etc/liblingerguard.so}" 2>&1 >/dev/null)
    echo "$1: $? $([ ! -e /etc/ld.so.preload ] || echo on) $(echo "$said" | grep -v "linked with musl" | grep -v "$quiet")"
    rm -f /etc/ld.so.preload
}
check() { # NAME
    said=$("$LG_COMMAND" check-policy /etc/lingerguard/policy 2>&1 >/dev/null)
    echo "$1: $? $said"
}
quiet='of another class'
try dies /etc/dies/liblingerguard.so
try speaks /etc/speaks/liblingerguard.so
try needs /etc/needs/liblingerguard.so
try shells /etc/shelly/liblingerguard.so
try plain
if [ -e "$2/narrow" ]; then
    quiet=nothing
    mkdir -p /etc/both/lib/x86_64-linux-gnu /etc/both/lib32
    cp "$LG_LIB" /etc/both/lib/x86_64-linux-gnu/
    try one-class
    cp "$2/narrow/liblingerguard.so" /etc/both/lib32/
    try both-classes '/etc/both/$LIB/liblingerguard.so'
    quiet='of another class'
fi
echo 'log file /etc/lingerguard/records.log' >/etc/lingerguard/policy
try root-log
check check-log
echo 'log file /etc/nowhere/records.log' >/etc/lingerguard/policy
try no-log
echo 'log off' >/etc/lingerguard/policy
try off
check check-off
chmod 600 /etc/lingerguard/policy
try unreadable
check check-unreadable
echo /etc/liblingerguard.so >/etc/ld.so.preload
said=$("$LG_COMMAND" status 2>&1)
: >/etc/ld.so.preload
echo "status: "$said
END
    run_deadline 60 unshare -m sh "$tmp/tried.sh" "$tmp/etc" "$tmp" >"$tmp/tried" 2>&1
    tried() {
        sed -n "s/^$1: //p" "$tmp/tried"
    }
    like "a library that kills programs is refused" "$(tried dies)" \
        "2  lingerguard: library '/etc/dies/liblingerguard.so' cannot be used: a program that it is loaded into dies of signal 6"
    like "a library that complains is refused" "$(tried speaks)" "cannot be used: not today"
    like "one that a program without a libc does not bear is refused" "$(tried needs)" \
        "2  lingerguard: library '/etc/needs/liblingerguard.so' cannot be used: a program without a libc (no_libc): "
    is "one that a shell does not bear is refused" "$(tried shells)" \
        "2  lingerguard: library '/etc/shelly/liblingerguard.so' cannot be used: a shell (/bin/sh): it exits 3"
    if [ -e "$tmp/narrow" ]; then
        like "a library of one class is told where there are programs of another" "$(tried one-class)" \
            "0 on lingerguard: warning: /lib32/libc.so.6 is of another class than the library"
        is "an entry with \$LIB serves both" "$(tried both-classes)" "0 on "
    fi
    is "a good one is tried and enabled, with no word" "$(tried plain)" "0 on "
    is "a log that other users cannot write is told" "$(tried root-log)" \
        "0 on lingerguard: warning: programs of other users: cannot write records to /etc/lingerguard/records.log: EACCES"
    is "by check-policy too" "$(tried check-log)" \
        "0 lingerguard: warning: programs of other users cannot write /etc/lingerguard/records.log: their records are dropped"
    is "a log that cannot be written at all is refused" "$(tried no-log)" \
        "2  lingerguard: cannot write records to /etc/nowhere/records.log: ENOENT"
    is "without a log there is nothing to tell" "$(tried off), $(tried check-off)" "0 on , 0 "
    like "a policy that other users cannot read is told" "$(tried unreadable)" \
        "0 on lingerguard: warning: programs of other users: the policy cannot be used, so linger-zero is observed and the rest allowed: /etc/lingerguard/policy: EACCES"
    is "by check-policy too" "$(tried check-unreadable)" \
        "0 lingerguard: warning: programs of other users cannot read /etc/lingerguard/policy: nothing is done for them but to observe linger-zero"
    like "and by status" "$(tried status)" "warning: programs of other users: the policy cannot be used"
else
    skip mount "no mount namespace" "the dynamic linker loads it into every program"
fi

done_testing
