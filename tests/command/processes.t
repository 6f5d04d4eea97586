#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard status --processes: the library that is in these processes shows what it is told to (lib_shown.c).
# shellcheck disable=SC2016,SC2317 # programs of perl and other shells; functions that are called through wait_until
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/command/answer.sh
. "$(dirname "$0")/answer.sh"
# shellcheck source=tests/command/processes.sh
. "$(dirname "$0")/processes.sh"

alone "$0"
cd "$tmp" || exit 1

# One of each
SHOWN_FLAGS=1 SHOWN_DIGEST=2bf34b8b shown plain sleep 600
plain=$pid
SHOWN_FLAGS=0x3d SHOWN_DIGEST=11aa22bb SHOWN_VERSION=9.8.7 shown flagged sleep 600
flagged=$pid
SHOWN_FLAGS=3 SHOWN_LOG=off shown off sleep 600
off=$pid
SHOWN_FLAGS=0 shown early sleep 600
early=$pid
in_background none sleep 600
none=$pid
lg_start_settled

look
answers "all that can be looked at exits 0" "$whole"
is "a process: what it is" "$(its $plain exe unit)" "$(readlink -f "$(command -v sleep)") ${unit:--}"
is "its library" "$(its $plain library version same_version deleted loaded denied)" \
    "$tmp/liblingerguard.so $version true false true false"
is "the policy that it shows" "$(its $plain policy flags)" "2bf34b8b []"
is "its log and no drainer" "$(its $plain log log_reachable log_problem drainer drainer_reachable drainer_problem)" "stderr true - - - -"
is "what its flags say" "$(its $flagged flags policy)" "[off-file unusable kept sandboxed] 11aa22bb"
is "another version is told" "$(its $flagged version same_version)" "9.8.7 false"
is "one that is off has no policy" "$(its $off flags policy log_reachable)" "[off] - -"
is "one whose constructor has not run" "$(its $early loaded policy log)" "false - -"
is "one without the library is not in the list" "$(its $none pid)" ""
is "this command is not in it either" "$(json 'scalar grep { $_->{exe} =~ m,/lingerguard\z, } @{$_->{processes}}')" 0
if [ "${LG_ISOLATED-}" ]; then
    is "the others are counted" "$(json 'scalar(@{$_->{processes}}), $_->{others} > 0 ? "some" : "none", $_->{denied}, $_->{unanswered}')" "4 some 0 0"
else
    skip pid "no namespace of processes" "the others are counted"
fi

# As it is installed: what is mapped is the file behind the link
mkdir installed
cp "$lib" "installed/liblingerguard.so.$version"
ln -s "liblingerguard.so.$version" installed/liblingerguard.so
preload=$tmp/installed/liblingerguard.so SHOWN_FLAGS=3 SHOWN_LOG='' SHOWN_DIGEST=4 shown installed sleep 600
lg_start_settled
look
is "an installed library, a file with its version behind a link" "$(its $pid library deleted)" \
    "$tmp/installed/liblingerguard.so.$version false"
is "without a log that it shows" "$(its $pid log log_reachable log_problem)" "- - -"
end_background $pid

# For people
table=$("$LG_COMMAND" status --processes 2>/dev/null)
like "the table has heads" "$table" "  PID PROGRAM "
is "a line of it" "$(echo "$table" | awk -v pid="$plain" '$1 == pid { print $2, $4, $5, $6, $7 }')" \
    "$(readlink -f "$(command -v sleep)") $version 2bf34b8b yes -"
like "what is not as it should be stands below" "$table" \
    "        off by /etc/lingerguard/off; the policy cannot be used; a newer policy cannot be used; sandboxed; other version"
like "one that has not started is told" "$table" "        not started"
like "policies are counted" "$table" "    1 under policy 2bf34b8b
    1 under policy 11aa22bb"
longest=$(echo "$table" | grep -v '^        ' | awk 'length > n { n = length } END { print n }')
check "the table has 80 columns at most" test "$longest" -le 80
wide=$(COLUMNS=60 "$LG_COMMAND" status --processes 2>/dev/null | grep -v '^        ' | grep -v '^[0-9]* process' | awk 'length > n { n = length } END { print n }')
check "or those of the terminal" test "$wide" -le 60

# Long and hostile names
long=$(printf 'd%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20)
mkdir -p "$long/$long/$long/$long"
cp "$(readlink -f "$(command -v sleep)")" "$long/$long/$long/$long/the-server"
odd=$(printf 'a\033[2J\302\233\342\200\256"\n\\b')
cp "$(readlink -f "$(command -v sleep)")" "$odd"
SHOWN_DIGEST=1 shown long "$long/$long/$long/$long/the-server" 600
long_pid=$pid
SHOWN_DIGEST=2 SHOWN_VERSION="1$(printf '\033[2J')" SHOWN_LOG="/x/$(printf '\033[2J\nx')" SHOWN_DRAINER="/$(printf '\302\233')" shown odd "./$odd" 600
odd_pid=$pid
lg_start_settled
look
is "a long path is whole in json" "$(its $long_pid exe)" "$tmp/$long/$long/$long/$long/the-server"
like "an odd one is too, as it is escaped" "$out" '"exe":"'"$tmp"'/a\u001b[2J\u009b\u202e\"\n\\b"'
is "odd texts of the library are no problem to json" "$(its $odd_pid version log_reachable)" "$(printf '1\033[2J') false"
table=$("$LG_COMMAND" status --processes 2>/dev/null)
like "a long path keeps its end" "$table" "ddd/the-server"
longest=$(echo "$table" | grep -v '^        ' | awk 'length > n { n = length } END { print n }')
check "the table has 80 columns at most" test "$longest" -le 80
is "nothing acts on a terminal" "$(printf %s "$table" | LC_ALL=C tr -d '\n\040-\176')" ""
end_background $long_pid
end_background $odd_pid

# Where the library is gone, or another one
mkdir gone
cp "$lib" gone/liblingerguard.so
preload=$tmp/gone/liblingerguard.so SHOWN_DIGEST=3 shown gone sleep 600
gone=$pid
lg_start_settled
rm gone/liblingerguard.so
look
is "a library that is deleted is told, and still seen" "$(its $gone deleted policy library)" "true 00000003 $tmp/gone/liblingerguard.so"
cp "$lib" gone/new
mv gone/new gone/liblingerguard.so
look
is "one that is replaced is too" "$(its $gone deleted policy)" "true 00000003"
like "and in the table" "$("$LG_COMMAND" status --processes 2>/dev/null)" "        library deleted"
end_background $gone
echo 'int nothing;' >old.c
mkdir old
check "a library that shows nothing is built" "${CC:-cc}" -shared -fPIC -o old/liblingerguard.so old.c
preload=$tmp/old/liblingerguard.so shown old sleep 600
old=$pid
lg_start_settled
look
is "one that shows nothing of itself is in the list" "$(its $old version policy loaded same_version)" "- - false false"
like "and is told" "$("$LG_COMMAND" status --processes 2>/dev/null)" "        other version, which does not show itself"
end_background $old
perl -e 'open F, "<:mmap", $ARGV[0]; read F, $_, 9; sleep 600' "$tmp/liblingerguard.so" &
mapper=$!
tap_pids="$tap_pids $mapper"
check "a file is mapped and not loaded" wait_until 20 grep -q "r--.*liblingerguard.so" /proc/$mapper/maps
look
is "it is no library" "$(its $mapper pid)" ""

# The log
errors() { # WORDS: of a process whose standard error is what the caller made it
    "$@" >/dev/null & # or who reads this function's output waits for it
    errors_pid=$!
    wait_until 20 lg_has_started $errors_pid
    look
    its $errors_pid log_reachable log_problem
    kill -KILL $errors_pid
}
preload=$tmp/liblingerguard.so
is "a closed standard error" "$(errors env LD_PRELOAD="$preload" sleep 600 2>&-)" "false the descriptor is closed"
is "one that is /dev/null" "$(errors env LD_PRELOAD="$preload" sleep 600 2>/dev/null)" "false it is /dev/null"
is "one that is a pipe" "$({ errors env LD_PRELOAD="$preload" sleep 600 2>&3 3>&-; } 3>"$tmp/pipe")" "true -"
: >rotated
(
    exec 2>>rotated
    rm rotated
    exec env LD_PRELOAD="$preload" sleep 600
) &
rotated=$!
tap_pids="$tap_pids $rotated"
lg_start_settled
look
is "one that is a deleted file" "$(its $rotated log_reachable log_problem)" "false the file is deleted"
while IFS='|' read -r name log wanted; do
    SHOWN_LOG=$log shown log sleep 600
    lg_start_settled
    look
    is "$name" "$(its $pid log_reachable log_problem)" "$wanted"
    end_background $pid
done <<EOF
a log that is there|$tmp/pipe|true -
one that can be made|$tmp/new.log|true -
one whose directory is not there|$tmp/nowhere/x.log|false No such file or directory
a directory|$tmp/gone|false it is no file
a device|/dev/tty|- it is a device
standard error by its name|/dev/stderr|true -
standard output by its name|/proc/self/fd/1|true -
what cannot be told|x/y.log|- its path is not known
EOF
check "nothing was made" test ! -e "$tmp/new.log"
mkfifo fifo.log
SHOWN_LOG=$tmp/fifo.log shown fifo sleep 600
fifo=$pid
lg_start_settled
answer run_deadline 60 "$LG_COMMAND" status --processes -f json
is "a FIFO is not waited for" "$(its $fifo log_reachable)" true

# The drainer
socket=$tmp/drainer.sock
in_background drainer "$LG_COMMAND" drainer -l "$tmp/drainer.log" -f json "$socket"
drainer=$pid
wait_until 20 test -S "$socket"
SHOWN_DRAINER=$socket shown drained sleep 600
drained=$pid
SHOWN_DRAINER=$tmp/pipe shown drained_file sleep 600
drained_file=$pid
lg_start_settled
listens() {
    look
    [ "$(its "$drained" drainer_reachable drainer_problem)" = "true -" ]
}
check "a drainer that listens is reached" wait_until 20 listens
look
is "what is no socket is not" "$(its $drained_file drainer drainer_reachable drainer_problem)" \
    "$tmp/pipe false Socket operation on non-socket"
kill -USR1 $drainer
check "it was not disturbed" wait_until 20 \
    grep -q '"counts":"drainer".*"links":0,.*"refused_senders":0,"refused_messages":0' "$tmp/drainer.log"
kill -KILL $drainer
gone_silent() {
    look
    [ "$(its "$drained" drainer_reachable drainer_problem)" = "false nobody listens" ]
}
check "one that has gone and left its socket is not" wait_until 20 gone_silent
rm "$socket"
look
is "nor one whose socket is gone" "$(its "$drained" drainer_reachable drainer_problem)" "false No such file or directory"
end_background $drained

# Odd processes
in_background leaderless env LD_PRELOAD="$preload" SHOWN_DIGEST=77 "$LG_TESTS/command/leaderless"
leaderless=$pid
wait_until 20 grep -q '^State:[[:space:]]*Z' /proc/$leaderless/status
look
is "one whose first thread has ended is seen by another" "$(its $leaderless policy)" 00000077
kill -KILL $leaderless
if command -v i686-linux-gnu-gcc >/dev/null && [ -e /lib/ld-linux.so.2 ]; then
    mkdir lib32
    i686-linux-gnu-gcc -shared -fPIC -I"$LG_ROOT" -DLG_VERSION='"3.2"' -o lib32/liblingerguard.so \
        "$LG_ROOT/tests/command/lib_shown.c"
    echo 'int pause(void); int main(void) { for (;;) pause(); }' >pause.c
    i686-linux-gnu-gcc -o pause32 pause.c
    # through the shell, so that no program of the other class complains of the library
    SHOWN_DIGEST=32 SHOWN_FLAGS=5 in_background narrow sh -c 'export LD_PRELOAD="$1"; exec ./pause32' sh \
        "$tmp/lib32/liblingerguard.so"
    narrow=$pid
    wait_until 20 lg_has_started $narrow
    look
    is "one of 32 bits" "$(its $narrow version policy flags)" "3.2 00000032 [off-file]"
    end_background $narrow
else
    skip i386 "no i686-linux-gnu-gcc, or no libc for it" "one of 32 bits"
fi
if [ "${LG_ISOLATED-}" ]; then
    # Another root: the log is looked for there
    mkdir inner
    SHOWN_DIGEST=99 SHOWN_LOG=$tmp/inner/logs/x.log in_background inner unshare -m sh -c '
        mount -t tmpfs none "$1/inner" && mkdir "$1/inner/real" && ln -s "$1/inner/real" "$1/inner/logs" &&
        exec env LD_PRELOAD="$2" sleep 600' sh "$tmp" "$preload"
    inner=$pid
    wait_until 20 lg_has_started $inner
    check "the log of another mount namespace is not in ours" test ! -e "$tmp/inner/logs"
    look
    is "and is reached by its process, through its own links" "$(its $inner log_reachable policy)" "true 00000099"
else
    skip pid "no namespaces" "the log of another mount namespace"
fi

# Rights
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$tmp"
    cp "$LG_COMMAND" "$tmp/lingerguard"
    chmod 755 "$tmp/lingerguard"
    nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
    : >root.log
    chmod 644 root.log
    # shellcheck disable=SC2086 # words
    SHOWN_DIGEST=5 SHOWN_LOG=$tmp/root.log in_background other $nobody env LD_PRELOAD="$preload" sleep 600
    other=$pid
    # opened as root, as the library does at its start
    # shellcheck disable=SC2086
    SHOWN_LOG=$tmp/root.log $nobody env LD_PRELOAD="$preload" sleep 600 9>>root.log &
    holder=$!
    tap_pids="$tap_pids $holder"
    : >foreign.log
    chown 65534 foreign.log
    SHOWN_LOG=$tmp/foreign.log shown foreign sleep 600
    foreign=$pid
    ln -s root.log linked.log
    SHOWN_LOG=$tmp/linked.log shown linked sleep 600
    linked=$pid
    lg_start_settled
    wait_until 20 lg_has_started $other
    wait_until 20 lg_has_started $holder
    look
    is "a user who may not write to the log" "$(its $other log_reachable log_problem)" "false its user may not write to it"
    is "but for one that holds it open" "$(its $holder log_reachable log_problem)" "true -"
    is "root does not write to another user's" "$(its $foreign log_reachable log_problem)" \
        "false root writes to no file of another user"
    is "nor through a link" "$(its $linked log_reachable log_problem)" "false it is a link, which root does not follow"
    # shellcheck disable=SC2086
    answer $nobody "$tmp/lingerguard" status --processes -f json
    answers "without rights it exits 1" 1
    like "and says so" "$err" "lingerguard: warning: no permission to read the memory map of "
    like "and what helps" "$err" "; run it as root"
    is "root's are not in the list" "$(its $plain pid)" ""
    check "they are counted" test "$(json '$_->{denied}')" -ge 4
    # where ptrace is restricted (yama), the map can be read and the memory not
    own=$(its $other policy denied)
    case $own in
    "00000005 false" | "- true") ok "one's own are seen as far as the system lets" ;;
    *) not_ok "one's own are seen as far as the system lets" "$own" ;;
    esac
else
    skip root "needs root and setpriv" "what other users see"
fi

# Processes that come and go
storm() {
    while :; do
        env LD_PRELOAD="$preload" true
    done
}
storm 2>/dev/null &
first=$!
storm 2>/dev/null &
second=$!
tap_pids="$tap_pids $first $second"
bad=
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    answer "$LG_COMMAND" status --processes -f json
    { [ "$status" = "$whole" ] && [ "$(its $plain policy)" = 2bf34b8b ]; } || bad="$bad $status $err"
done
is "a storm of processes changes nothing for the others" "$bad" ""
kill -KILL "$first" "$second"

# Words
for words in "--processes --root $tmp" "--processes --missing x" "-f json" "--processes x" "--processes -f html"; do
    # shellcheck disable=SC2086 # words
    answer "$LG_COMMAND" status $words
    answers "status $words exits 2" 2
done

done_testing
