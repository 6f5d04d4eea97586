#!/bin/sh
# SPDX-License-Identifier: MIT
# vsftpd: its sandbox kills a session for one system call too many, and its standard error may be
# the client's socket. Downloads are whole (without the sandbox, which does not let them through on
# this libc: it kills on newfstatat), and sandboxed sessions live: the library adds no system call to
# a close that was never armed.
# shellcheck disable=SC2317 # functions are called through wait_until and check
# shellcheck source=tests/servers/server.sh
. "$(dirname "$0")/server.sh"
needs servers vsftpd

mkdir -p "$tmp/ftp" /run/vsftpd/empty
chmod 755 "$tmp/ftp"
make_file "$tmp/ftp/large" 8192
large=$(checksum <"$tmp/ftp/large")
cat >"$tmp/vsftpd.conf" <<END
listen=YES
listen_address=$host
listen_port=2121
background=NO
anonymous_enable=YES
anon_root=$tmp/ftp
no_anon_password=YES
local_enable=NO
secure_chroot_dir=/run/vsftpd/empty
pasv_enable=YES
pasv_min_port=30000
pasv_max_port=30999
xferlog_enable=NO
END

start_vsftpd() {
    start "$@" vsftpd "$tmp/vsftpd.conf"
    wait_listens 2121
}

# What arrived of twelve files, four at a time: how many checksums, and which.
downloads() {
    for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
        on_client curl -s --max-time 30 -o "$tmp/got$number" "ftp://$host:2121/large" &
        downloads_pids="${downloads_pids-} $!"
        [ $((number % 4)) -ne 0 ] || wait_all
    done
    for number in 1 2 3 4 5 6 7 8 9 10 11 12; do
        checksum <"$tmp/got$number"
    done | sort | uniq -c | tr -s ' '
    rm -f "$tmp"/got*
}

wait_all() {
    for download in $downloads_pids; do
        wait "$download"
    done
    downloads_pids=
}

# A session that opens and closes descriptors in the sandbox: what the server said, in numbers.
session() {
    peer -o "$tmp/said" -s 'USER anonymous\r\nPASS x\r\nPWD\r\nPASV\r\nPASV\r\nCWD /\r\nEPSV\r\nTYPE I\r\nNOOP\r\nQUIT\r\n' 2121 |
        cut -d ' ' -f 1,2
    cut -c 1-3 "$tmp/said" | tr '\n' ' '
}
whole_session='eof 1
220 230 230 257 227 227 250 229 200 200 221 '

for sandbox in NO YES; do
    echo "seccomp_sandbox=$sandbox" >>"$tmp/vsftpd.conf"
    for mode in bare orderly drain never; do
        case $mode in
        never) start_vsftpd -r 'inspect never; drain 2s on linger-zero,unread' ;;
        *) start_vsftpd "$mode" ;;
        esac
        if [ "$sandbox" = NO ]; then
            is "$mode: twelve downloads are whole" "$(downloads)" " 12 $large"
            like "$mode: a listing has the file" "$(on_client curl -s "ftp://$host:2121/")" large
        fi
        # The filter is its own, so the library steps back, whatever the policy would ask the kernel.
        is "$mode: sandbox $sandbox: a session goes to its end" "$(session)" "$whole_session"
        [ "$mode" = bare ] || is_records "$mode: sandbox $sandbox: nothing is recorded" 0 count pid=ABOVE:0
        check "$mode: sandbox $sandbox: vsftpd is there" kill -0 "$server"
        stop
    done
done
done_testing
