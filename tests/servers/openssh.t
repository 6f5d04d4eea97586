#!/bin/sh
# SPDX-License-Identifier: MIT
# sshd: privilege-separated, re-executed, and a caller of closefrom. Commands and files are as they
# were, over ssh and sftp. Whom it refuses at MaxStartups learns why.
# shellcheck source=tests/servers/answers.sh
. "$(dirname "$0")/answers.sh"
needs servers /usr/sbin/sshd ssh sftp ssh-keygen

mkdir -p /run/sshd
make_file "$tmp/large" 8192
large=$(checksum <"$tmp/large")
ssh-keygen -q -t ed25519 -N '' -f "$tmp/host_key"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/key"
cp "$tmp/key.pub" "$tmp/authorized"
cat >"$tmp/sshd.conf" <<END
Port 2222
ListenAddress $host
HostKey $tmp/host_key
AuthorizedKeysFile $tmp/authorized
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
Subsystem sftp $(find /usr/lib/openssh /usr/libexec -name sftp-server 2>/dev/null | head -n 1)
END
options="-i $tmp/key -o UserKnownHostsFile=$tmp/known -o StrictHostKeyChecking=no -o LogLevel=ERROR -o BatchMode=yes"

# shellcheck disable=SC2086 # words
on_ssh() {
    on_client ssh $options -p 2222 "root@$host" "$@"
}

# shellcheck disable=SC2086
fetch() {
    rm -f "$tmp/got"
    echo "get $tmp/large $tmp/got" | on_client sftp -q $options -P 2222 "root@$host" >/dev/null
    checksum <"$tmp/got"
}

for mode in bare orderly drain; do
    start "$mode" /usr/sbin/sshd -D -e -f "$tmp/sshd.conf"
    wait_listens 2222
    reset_mark
    is "$mode: a command's output and status come back" "$(on_ssh 'echo said; exit 7'; echo $?)" 'said
7'
    is "$mode: a file comes by sftp" "$(fetch)" "$large"
    is "$mode: a file goes through a command and back" "$(on_ssh cat <"$tmp/large" | checksum)" "$large"
    for number in 1 2 3 4; do
        on_ssh "echo $number" >"$tmp/said$number" &
        logins="${logins-} $!"
    done
    for login in $logins; do
        wait "$login"
    done
    logins=
    is "$mode: four at a time are served" "$(cat "$tmp"/said* | tr -d '\n')" 1234
    # A client that closes before it has read the server's last words is answered with rst: as without the library.
    [ "$mode" = bare ] || is_records "$mode: nothing is recorded" 0 count 'outcome=aborted|peer-reset'
    check "$mode: sshd is there" kill -0 "$server"
    unlike "$mode: no child of it died" "$(cat "$tmp/server.err")" signal
    note "$mode: $(resets) rst, $(records count pid=ABOVE:0) records"
    stop
done

# Not as another user: it is root that refuses.
echo MaxStartups 1 >>"$tmp/sshd.conf"
printf 'Exceeded MaxStartups\r\n' >"$tmp/wanted"
for who in bare root; do
    start_as "$who" root /usr/sbin/sshd -D -e -f "$tmp/sshd.conf"
    wait_listens 2222
    rm -f "$tmp/held"
    client 2222 answered "tell=$tmp/held" read >/dev/null &
    wait_until 20 test -e "$tmp/held"
    answers "$who" drained 2222 'SSH-2.0-client\r\n'
    stop
done
done_testing
