#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard off and on below roots of this test, and what status says.
# shellcheck disable=SC2016 # the inner shell expands
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/command/answer.sh
. "$(dirname "$0")/answer.sh"

root=$tmp/root
off=$root/etc/lingerguard/off
umask 077
mkdir -p "$root/etc"
chmod 755 "$tmp" "$root" "$root/etc"

answer "$LG_COMMAND" on --root "$root"
answers "on without a file exits 0" 0
is "on without a file says so" "$out" "$off: not off"
check "on makes nothing" test ! -e "$root/etc/lingerguard"
answer "$LG_COMMAND" off --root "$root/"
answers "off exits 0" 0
is "off says what it did" "$out" "$off: off; 'lingerguard on' takes it back"
is "every user may see it" "$(stat -c %a "$root/etc/lingerguard") $(stat -c %a "$off")" "755 644"
check "it tells when and who" grep -qE "^20[0-9-]{8}T[0-9:]{8}Z by user $(id -u)(, login user [0-9]+)?\$" "$off"
words=$(cat "$off")
answer "$LG_COMMAND" status --root "$root"
answers "status exits as without it" 1
is "status tells of it" "$out" "$root/etc/ld.so.preload: not enabled
$off: off ($words); 'lingerguard on' takes it back"
inode=$(stat -c %i "$off")
answer "$LG_COMMAND" off --root "$root"
answers "off twice exits 0" 0
is "off twice says who was first" "$out" "$off: off already ($words)"
is "and leaves the file" "$(stat -c %i "$off")" "$inode"
answer "$LG_COMMAND" on --root "$root"
answers "on exits 0" 0
is "on says what it took back" "$out" "$off: on again ($words)"
is "nothing is left" "$(ls -A "$root/etc/lingerguard")" ""
answer "$LG_COMMAND" status --root "$root"
is "status says no more of it" "$out" "$root/etc/ld.so.preload: not enabled"

# Many at once: one of them writes it
for _ in 1 2 3 4 5 6 7 8; do
    "$LG_COMMAND" off --root "$root" &
done >"$tmp/many"
wait
is "of eight at once one writes it" "$(grep -c "off; " "$tmp/many") $(grep -c already "$tmp/many")" "1 7"
"$LG_COMMAND" on --root "$root" >/dev/null

# What others may have put there
printf 'touch /tmp/x\033[2J\nmore\n' >"$off"
answer "$LG_COMMAND" status --root "$root"
like "words of others move no cursor, and are one line" "$out" "off (touch /tmp/x?[2J); "
: >"$off"
answer "$LG_COMMAND" off --root "$root"
is "an empty file is off too" "$out" "$off: off already"
rm "$off"
mkfifo "$off"
for command in off status; do
    answer run_deadline 20 "$LG_COMMAND" $command --root "$root"
    like "$command does not wait for a FIFO" "$out" "$off: off"
done
answer "$LG_COMMAND" on --root "$root"
answers "on removes a FIFO" 0
echo mine >"$tmp/target"
ln -s "$tmp/target" "$off"
answer "$LG_COMMAND" off --root "$root"
answers "off through a symbolic link exits 2" 2
like "it is named" "$err" "lingerguard: $off: is a symbolic link"
answer "$LG_COMMAND" on --root "$root"
answers "on removes a symbolic link" 0
is "what it leads to is as it was" "$(cat "$tmp/target")" mine
mkdir "$off"
answer "$LG_COMMAND" off --root "$root"
is "a directory is off" "$out" "$off: off already"
answer "$LG_COMMAND" on --root "$root"
answers "on does not remove a directory" 2
like "and says why" "$err" "lingerguard: $off: Is a directory"
rmdir "$off"
chmod 777 "$root/etc/lingerguard"
for command in off on; do
    answer "$LG_COMMAND" $command --root "$root"
    answers "$command in a directory of others exits 2" 2
    like "$command names it" "$err" "$root/etc/lingerguard is writable by others"
done
is "nothing was made there" "$(ls -A "$root/etc/lingerguard")" ""
rmdir "$root/etc/lingerguard"
mkdir "$tmp/outside"
ln -s "$tmp/outside" "$root/etc/lingerguard"
for command in off on status; do
    answer "$LG_COMMAND" $command --root "$root"
    answers "$command below a directory that leads out exits 2" 2
    like "$command says so" "$err" "/etc/lingerguard leads out of $root"
done
is "nothing was made outside" "$(ls -A "$tmp/outside")" ""
rm "$root/etc/lingerguard"
ln -s "$tmp/nowhere" "$root/etc/lingerguard"
answer "$LG_COMMAND" off --root "$root"
answers "a directory that is a dangling link exits 2" 2
check "nothing was made where it leads to" test ! -e "$tmp/nowhere"
rm "$root/etc/lingerguard"
mkdir "$tmp/empty"
answer "$LG_COMMAND" off --root "$tmp/empty"
answers "a root without etc exits 2" 2
like "it is named" "$err" "lingerguard: $tmp/empty/etc: No such file or directory"

for argument in --root= --library=/x extra; do
    answer "$LG_COMMAND" off "$argument"
    answers "off $argument exits 2" 2
done

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    cp "$LG_COMMAND" "$tmp/lingerguard"
    chmod 755 "$tmp/lingerguard"
    answer setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/lingerguard" off --root "$root"
    answers "off of another user exits 2" 2
    is "off of another user is refused by the system" "$err" "lingerguard: $off: Permission denied"
    "$LG_COMMAND" off --root "$root" >/dev/null
    answer setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/lingerguard" on --root "$root"
    is "on of another user too" "$err" "lingerguard: $off: Permission denied"
    is "and is not done" "$(ls "$root/etc/lingerguard")" off
    answer setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/lingerguard" status --root "$root"
    like "status of another user tells of it" "$out" "$off: off ("
    "$LG_COMMAND" on --root "$root" >/dev/null
    chmod 700 "$root/etc/lingerguard"
    answer "$LG_COMMAND" off --root "$root"
    answers "off where others may not look exits 0" 0
    like "and warns" "$err" "warning: programs of other users do not see it: they may not look into $root/etc/lingerguard"
else
    skip root "needs root and setpriv" "off of another user"
fi

# At night, with a disk that is full
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    answer unshare -m sh -c '
        set -e
        mount -t tmpfs -o size=64k none "$1"
        mkdir -p "$1/etc/lingerguard"
        chmod 755 "$1" "$1/etc" "$1/etc/lingerguard"
        dd if=/dev/zero of="$1/fill" bs=1k 2>/dev/null || :
        "$LG_COMMAND" off --root "$1"
        ls "$1/etc/lingerguard"' sh "$tmp/empty"
    answers "a full disk keeps nobody from off" 0
    like "what could not be written is told" "$err" "warning: $tmp/empty/etc/lingerguard/off is there, but not who wrote it"
    like "it is off" "$out" "/off: off; 'lingerguard on' takes it back
off"
else
    skip mount "no mount namespace" "a full disk keeps nobody from off"
fi

done_testing
