#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard drainer: its options, its socket, systemd; and run --drainer.
# shellcheck disable=SC2016,SC2317 # the inner shell expands; functions are called through others
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/command/answer.sh
. "$(dirname "$0")/answer.sh"

cd "$tmp" || exit 1
chmod 755 "$tmp"
# whoever is asked says whether anybody listens
cat >connects.py <<'PYTHON'
import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect(sys.argv[1])
PYTHON
listens() {
    python3 connects.py "$1" 2>/dev/null
}
needs python3 python3

# refuses NAME MESSAGE ARGUMENT...: exit 2 at once, with the message
refuses() {
    name=$1 message=$2
    shift 2
    answer run_deadline 10 "$LG_COMMAND" drainer "$@"
    answers "$name exits 2" 2
    like "$name says so" "$err" "$message"
}

# Options
refuses "no socket" "lingerguard: drainer: missing PATH, and systemd passed no socket"
refuses "two sockets" "one PATH at most, not 'b' too" a b
for max in 0 -1 1x '' 1000001; do
    refuses "--max '$max'" "max: '$max' is not a number from 1 to 1000000" --max "$max" socket
done
refuses "--max beyond the limit of descriptors" "too few for 999999 connections and 64 others" --max 999999 socket
for time in 0 5 2h 1.5s ''; do
    refuses "--max-time '$time'" "max-time: '$time' is not a duration" --max-time "$time" socket
done
for user in root -1 1x '' 4294967295 99999999999999999999; do
    refuses "--allow-user '$user'" "allow-user: '$user' is not a uid and not 'any'" --allow-user "$user" socket
done
refuses "--allow-user 65534" "allow-user: 65534 stands for every user that is not known here" --allow-user 65534 socket
refuses "a log without a slash" "log 'x' is not stderr, off or syslog; for a file, write './x'" -l x socket
refuses "a log that cannot be opened" "drainer: log './missing/log': No such file or directory" -l ./missing/log socket
refuses "an unknown format" "format: unknown value 'jsn'; did you mean 'json'?" -f jsn socket
check "nothing of this made a socket" test ! -e socket

# The socket
starts() {
    started=$1
    shift
    in_background "$started" "$LG_COMMAND" drainer "$@"
}
starts first socket
wait_until 10 listens socket
is "only its own user may connect" "$(stat -c '%a %F' socket)" "600 socket"
refuses "a socket in use" "'socket' is in use: a drainer listens there already" socket
check "and it stays" listens socket
kill -KILL "$pid"
wait "$pid" 2>/dev/null
check "a drainer that was killed leaves its socket" test -S socket
umask 077
starts second --allow-user 4711 socket
umask 022
check "a socket that nobody listens on is replaced" wait_until 10 listens socket
is "everybody may connect where somebody else may send" "$(stat -c %a socket)" 666
end_background "$pid"
is "SIGTERM ends it with 0" $? 0
check "and takes the socket away" test ! -e socket
echo precious >file
ln -s elsewhere dangling
starts third elsewhere
wait_until 10 listens elsewhere
ln -s elsewhere link
refuses "a file" "'file' is there already, and is no socket" file
is "a file is left as it is" "$(cat file)" precious
refuses "a symbolic link to a socket" "'link' is there already, and is no socket" link
end_background "$pid"
refuses "a dangling link" "'dangling' is there already, and is no socket" dangling
refuses "a directory that is not there" "'missing/socket': No such file or directory" missing/socket
refuses "an empty path" "'': No such file or directory" ''
long=$(printf '%0120d' 0)
refuses "a path that is too long" "is too long for the name of a socket, 107 bytes at most" "$long"
mkdir open
chmod 777 open
starts fourth open/socket
wait_until 10 listens open/socket
like "a directory for everybody is warned about" "$(cat fourth.err)" "everybody may write to the directory 'open', and so replace the socket"
mv open/socket open/moved
: >open/socket
end_background "$pid"
check "what took the place of the socket stays" test -f open/socket
# Who holds the directory's lock is about to make a socket: so it is waited for.
mkdir locked
in_background holder python3 -c '
import fcntl, os, signal, sys
d = os.open("locked", os.O_RDONLY); fcntl.flock(d, fcntl.LOCK_EX); print("held", flush=True); signal.pause()'
holder=$pid
wait_until 10 grep -q held holder.out
starts late locked/socket
late=$pid
sleep 0.4
check "one that starts waits for another that is about to" test ! -e locked/socket
end_background "$holder"
check "and then goes on" wait_until 10 listens locked/socket
end_background "$late"
# Eight at the same moment, where a dead socket is: one listens, where it is looked for.
python3 -c 'import socket; socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).bind("race")'
pids=
for i in 1 2 3 4 5 6 7 8; do
    starts "race$i" race
    pids="$pids $pid"
done
survivors() {
    count=0
    for one in $pids; do
        if ! tap_is_gone "$one"; then count=$((count + 1)); fi
    done
    test "$count" = 1
}
check "of eight that start at one moment one listens" wait_until 10 survivors
check "at the path" listens race
for one in $pids; do end_background "$one"; done
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && setpriv --reuid=4711 --clear-groups true; then
    cp "$LG_COMMAND" "$tmp/command" && chmod 755 "$tmp/command"
    mkdir -m 777 others
    python3 -c 'import socket; socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).bind("others/socket")'
    answer run_deadline 10 setpriv --reuid=4711 --clear-groups ./command drainer others/socket
    answers "the dead socket of another user is not taken over" 2
    like "and that is said" "$err" "'others/socket' is there already, and another user's"
    in_background unmapped setpriv --reuid=65534 --clear-groups ./command drainer others/other
    wait_until 10 test -S others/other
    like "user 65534 is told that it may not send itself" "$(cat unmapped.err)" "only root may send"
    end_background "$pid"
else
    skip root "needs root and setpriv" "the dead socket of another user is not taken over"
fi

# A signal of the first moment: SIGUSR1 would end what has not yet said otherwise.
cat >early.py <<'PYTHON'
import os, signal, socket, subprocess
for i in range(50):
    p = subprocess.Popen([os.environ["LG_COMMAND"], "drainer", "-l", "off", "early"])
    while not os.path.exists("early"):
        assert p.poll() is None
    p.send_signal(signal.SIGUSR1)
    p.terminate()
    assert p.wait(10) == 0, p.returncode
print("none ended by it")
PYTHON
is "counts may be asked for as soon as the socket is there" "$(run_deadline 120 python3 early.py)" "none ended by it"

# Logs
mkfifo pipe
starts fifo -l ./pipe -f json socket
wait_until 10 listens socket
kill -USR1 "$pid"
cat <pipe >received &
reader=$!
kill -USR1 "$pid"
check "a pipe without a reader is written to as soon as there is one" \
    wait_until 10 sh -c 'kill -USR1 "$1"; grep -q counts received' sh "$pid"
end_background "$pid"
wait "$reader"
starts rotated -l ./rotated.log socket
wait_until 10 listens socket
kill -USR1 "$pid"
wait_until 10 grep -q open= rotated.log
mv rotated.log rotated.log.1
check "a log that was rotated is opened anew" wait_until 10 sh -c 'kill -USR1 "$1"; sleep 0.2; grep -q open= rotated.log' sh "$pid"
end_background "$pid"
is "off: not a word" "$(cat rotated.err)" ""

# systemd
cat >notified.py <<'PYTHON'
import os, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("notify")
s.settimeout(10)
name = sys.argv[1]
p = subprocess.Popen([os.environ["LG_COMMAND"], "drainer", "socket"], env={**os.environ, "NOTIFY_SOCKET": name})
print(s.recv(100).decode(), os.path.exists("socket"))
p.terminate()
print(s.recv(100).decode(), p.wait())
PYTHON
is "it tells the service manager when it listens, and when it ends" "$(python3 notified.py "$tmp/notify")" "READY=1 True
STOPPING=1 0"
if command -v systemd-socket-activate >/dev/null; then
    in_background passed systemd-socket-activate --seqpacket -l "$tmp/passed" "$LG_COMMAND" drainer
    wait_until 10 listens passed
    check "a socket that systemd passes is served" wait_until 10 sh -c 'kill -USR1 "$1"; grep -q "drainer: open=" passed.err' sh "$pid"
    end_background "$pid"
    check "and stays when it ends" test -S passed
    in_background wrong systemd-socket-activate -l 127.0.0.1:0 "$LG_COMMAND" drainer
    end_background "$pid"
else
    skip systemd "systemd-socket-activate is not installed" "a socket that systemd passes is served"
fi
answer env LISTEN_PID=1 LISTEN_FDS=1 "$LG_COMMAND" drainer
like "a socket for another process is none" "$err" "missing PATH, and systemd passed no socket"
answer sh -c 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$LG_COMMAND" drainer 3</dev/null'
answers "what is no such socket is refused" 2
like "and named" "$err" "what was passed is not one listening unix socket (ListenSequentialPacket=)"

# run --drainer
answer "$LG_COMMAND" run --drainer sh -c 'python3 connects.py "$LINGERGUARD_DRAINER" && echo "$LINGERGUARD_DRAINER" && exit 37'
answers "the exit status is that of the command" 37
like "the command finds its drainer" "$out" "/lingerguard."
check "its socket and directory go with it" wait_until 10 test ! -e "${out%/*}"
answer "$LG_COMMAND" run --drainer -l "$tmp/own.log" -f json sh -c 'python3 connects.py "$LINGERGUARD_DRAINER"'
check "its log is that of -l, in the format of -f" wait_until 10 grep -q '"counts":"drainer"' own.log
is "it says nothing else" "$err" ""
is "the process stays the same" \
    "$(sh -c 'echo $$; exec "$LG_COMMAND" run --drainer -l off sh -c "echo \$\$"' | uniq | wc -l | tr -d ' ')" 1
is "a command that waits for all its children does not wait for it" \
    "$(run_deadline 20 "$LG_COMMAND" run --drainer -l off python3 -c '
import os
try:
    os.wait()
except ChildProcessError:
    print("none")')" none
is "it is no child of the command" "$("$LG_COMMAND" run --drainer -l off sh -c 'read -r children </proc/$$/task/$$/children; echo "$children"')" ""
descriptors='ls /proc/$$/fd'
is "no descriptor is left open" \
    "$(LINGERGUARD_OFF=1 "$LG_COMMAND" run --drainer -l off sh -c "$descriptors" 2>/dev/null)" "$(sh -c "$descriptors")"
"$LG_COMMAND" run --drainer -l off python3 -c '
import os, socket, struct
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(os.environ["LINGERGUARD_DRAINER"])
pid = struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
print(sorted(os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")), pid)' 3<file 7<file 9<file >held
unlike "it holds no file that the command was given" "$(cat held)" "$tmp/file"
like "and does hold others" "$(cat held)" eventpoll
is "it does not hold the output of the command" "$("$LG_COMMAND" run --drainer -l off sh -c 'python3 -c "
import os, socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(os.environ[\"LINGERGUARD_DRAINER\"])
if os.fork() == 0:
    os.close(0); os.close(1); os.close(2); os.setsid(); time.sleep(3); os._exit(0)
print(os.environ[\"LINGERGUARD_DRAINER\"])" | tee held')" "$(cat held)"
check "and lives on while a process below the command has a link" listens "$(cat held)"
check "until that has ended" wait_until 10 test ! -e "$(cat held)"
answer "$LG_COMMAND" run --drainer ./no-such-program
answers "a program that is not there exits 127" 127
mkdir runtime
answer env XDG_RUNTIME_DIR="$tmp/runtime" "$LG_COMMAND" run --drainer printenv LINGERGUARD_DRAINER
like "XDG_RUNTIME_DIR is where it is" "$out" "$tmp/runtime/lingerguard."
is "for nobody else" "$(env XDG_RUNTIME_DIR="$tmp/runtime" "$LG_COMMAND" run --drainer sh -c 'stat -c %a "${LINGERGUARD_DRAINER%/*}"')" 700
answer env XDG_RUNTIME_DIR="$tmp/missing" "$LG_COMMAND" run --drainer printenv LINGERGUARD_DRAINER
like "else it is in /tmp" "$out" "/tmp/lingerguard."
answer sh -c 'trap "" TERM INT CHLD; exec "$LG_COMMAND" run --drainer true'
answers "signals that are ignored do not matter" 0
answer env LINGERGUARD_FORMAT=jsn "$LG_COMMAND" run --drainer touch started
answers "a format that is none exits 125" 125
check "and starts nothing" test ! -e started
if unshare --pid --fork true 2>/dev/null; then
    answer unshare --pid --fork "$LG_COMMAND" run --drainer touch started
    answers "process 1 exits 2" 2
    like "process 1 is told why" "$err" "--drainer is not for process 1, whose end would end the drainer"
    check "and nothing is started" test ! -e started
else
    skip pidns "needs a process namespace" "process 1 exits 2"
fi
check "every drainer of run ends with its program" wait_until 10 sh -c 'test -z "$(ls -d runtime/* 2>/dev/null)"'
done_testing
