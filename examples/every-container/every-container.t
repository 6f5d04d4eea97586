#!/bin/sh
# SPDX-License-Identifier: MIT
# Every container of a node: the runtime wrapper with a runc of paper and with the real one, and podman's own way.
# shellcheck disable=SC2016,SC2317 # Perl and jq expressions; called through others
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../../tests/harness/tap.sh"

here=$LG_ROOT/examples/every-container
check "the policy is right" "$LG_COMMAND" check-policy "$here/policy"
needs runc jq

# The node's directory, which every container sees, and the wrapper that looks for it there.
# Made by the commands of the README.
mkdir "$tmp/bin" "$tmp/state"
chmod 755 "$tmp"
node=$tmp/root/usr/lib/lingerguard
wrapper=$tmp/root/usr/local/sbin/lingerguard-runc
sed -n 's/^    //p' "$here/README.md" | sed "s| /usr/| $tmp/root/usr/|; s|build/lingerguard |$LG_COMMAND |; s|build/liblingerguard.so|$LG_LIB|" >"$tmp/readme"
check "the commands of the README" sh -ec "cd '$LG_ROOT'; . '$tmp/readme'"
is "they are four" "$(wc -l <"$tmp/readme")" 4
sed -i "s|^library=/usr/lib/lingerguard |library=$node |" "$wrapper"

# A runc that says what it was called with.
printf '#!/bin/sh\nprintf "%%s\\n" "$@"\n' >"$tmp/bin/runc"
chmod 755 "$tmp/bin/runc"
mkdir -p "$tmp/bundle/rootfs"
original='{"process":{"args":["/server"],"env":["PATH=/bin","A=b c"]},"root":{"path":"rootfs"},"mounts":[]}'
# called ARG... : the wrapper in the bundle, with a configuration as it was; $env is what it has then
called() {
    printf '%s\n' "${config-$original}" >"$tmp/bundle/config.json"
    rm -rf "$tmp/bundle/rootfs/.lingerguard" "$tmp/log"
    chmod 640 "$tmp/bundle/config.json"
    (cd "${from:-$tmp/bundle}" && PATH=$tmp/bin:$PATH "$wrapper" "$@") >"$tmp/args" 2>"$tmp/err"
    env=$(jq -r '.process.env[]?' "$tmp/bundle/config.json" 2>/dev/null | tr '\n' ';')
}
covered='PATH=/bin;A=b c;LD_PRELOAD=/.lingerguard/liblingerguard.so;LINGERGUARD_POLICY=/.lingerguard/policy;'
called create --pid-file p id
is "create: the library is in its environment" "$env" "$covered"
is "and its directory is mounted, read-only" "$(jq -c '.mounts[]' "$tmp/bundle/config.json")" \
    '{"destination":"/.lingerguard","type":"bind","source":"'"$node"'","options":["bind","ro","nosuid","nodev"]}'
is "nothing else is another" "$(jq -c 'del(.mounts) | del(.process.env)' "$tmp/bundle/config.json")" \
    "$(echo "$original" | jq -c 'del(.mounts) | del(.process.env)')"
is "runc is called as it was" "$(tr '\n' ' ' <"$tmp/args")" "create --pid-file p id "
is "the file is as readable as it was" "$(stat -c %a "$tmp/bundle/config.json")" 640
is "and nothing is said" "$(cat "$tmp/err")" ""
is "nothing else is left" "$(cd "$tmp/bundle" && echo *)" "config.json rootfs"
again=$(jq -c . "$tmp/bundle/config.json")
config=$again called create id
is "twice is once" "$(jq -c . "$tmp/bundle/config.json")" "$again"

# How the engines call: options of runc before the verb, the bundle behind it.
while IFS='|' read -r expected from arguments; do
    from=${from:+$tmp/$from}
    # shellcheck disable=SC2046,SC2086 # a list of words
    called $(echo "$arguments" | sed "s|@|$tmp/bundle|; s|LOG|$tmp/log|")
    [ "$expected" = untouched ] || expected=$covered
    is "$arguments" "$env" "$(echo "$expected" | sed 's/^untouched$/PATH=\/bin;A=b c;/')"
done <<'END'
covered||--root /run/runc --log LOG --log-format json --systemd-cgroup create --bundle @ --pid-file p id
covered|state|create --bundle @ id
covered|state|create --bundle=@ id
covered|state|create -b @ id
covered|state|run -b=@ -d id
covered|state|--log=LOG --debug run --bundle @ id
covered||run create
untouched||start id
untouched||exec --process create id
untouched||--root create state id
untouched||--log run --log-format json kill id
untouched||delete --force run
untouched||--version
untouched||features
untouched|state|create --bundle @/none id
END
config='{"process":{"env":["LD_PRELOAD=/lib/own.so:/lib/other.so"]},"root":{"path":"rootfs"}}' called create id
is "the image's own LD_PRELOAD comes behind ours" "$env" \
    "LD_PRELOAD=/.lingerguard/liblingerguard.so:/lib/own.so:/lib/other.so;LINGERGUARD_POLICY=/.lingerguard/policy;"
config='{"process":{"env":["LD_PRELOAD=","LINGERGUARD_POLICY=/etc/own"]},"root":{"path":"rootfs"}}' called create id
is "its own policy stays" "$env" "LINGERGUARD_POLICY=/etc/own;LD_PRELOAD=/.lingerguard/liblingerguard.so;"
config='{"process":{"args":["a"]},"root":{"path":"rootfs"}}' called create id
is "a container without an environment" "$env" "LD_PRELOAD=/.lingerguard/liblingerguard.so;LINGERGUARD_POLICY=/.lingerguard/policy;"

# Whatever is wrong, the container starts as it was, and the log of the runtime says so.
unharmed() {
    is "$1: runc is called" "$(tail -n 1 "$tmp/args")" id
    is "$1: the container is as it was" "$(cat "$tmp/bundle/config.json")" "${config-$original}"
    is "$1: the log says so" "$(jq -r '.level + ": " + .msg' "$tmp/log")" "warning: lingerguard: not in the container of $tmp/bundle"
    is "$1: nothing is left" "$(cd "$tmp/bundle" && echo *)" "config.json rootfs"
}
config='{"process":{' called --log "$tmp/log" create --bundle "$tmp/bundle" id
config='{"process":{' unharmed "a configuration that is no json"
mv "$node/liblingerguard.so" "$node/away"
called --log "$tmp/log" create --bundle "$tmp/bundle" id
unharmed "no library"
mv "$node/away" "$node/liblingerguard.so"
mv "$node/policy" "$node/away"
called --log "$tmp/log" create --bundle "$tmp/bundle" id
unharmed "no policy"
mv "$node/away" "$node/policy"
printf '#!/bin/sh\nexit 5\n' >"$tmp/bin/jq"
chmod 755 "$tmp/bin/jq"
called --log "$tmp/log" create --bundle "$tmp/bundle" id
unharmed "a jq that fails"
rm "$tmp/bin/jq"
config='{"process":{"env":["A=b"]},"root":{"path":"none"}}'
called --log "$tmp/log" create --bundle "$tmp/bundle" id
unharmed "a root in which nothing can be made"
unset config

# What names the wrapper.
is "the engines' files name it" "$(cat "$here"/daemon.json "$here"/*.toml "$here"/crio.conf | grep -c '"/usr/local/sbin/lingerguard-runc"')" 3
check "daemon.json is json" jq -e '.runtimes[."default-runtime"].path' "$here/daemon.json"
is "containerd's default is what it defines" "$(sed -n 's/.*default_runtime_name = "\(.*\)"/\1/p' "$here/containerd.toml")" \
    "$(sed -n 's/.*\.runtimes\.\([a-z]*\)\]/\1/p' "$here/containerd.toml")"
is "CRI-O's too" "$(sed -n 's/.*default_runtime = "\(.*\)"/\1/p' "$here/crio.conf")" \
    "$(sed -n 's/.*\.runtimes\.\([a-z]*\)\]/\1/p' "$here/crio.conf")"

# Real containers.
needs runc runc nsenter readelf ldd
if [ "$(id -u)" -ne 0 ]; then
    skip runc "runc needs root here"
    done_testing
fi
"${CC:-cc}" -o "$tmp/server" "$LG_ROOT/examples/demo/legacy-server.c" || exit 1
"${CC:-cc}" -o "$tmp/client" "$LG_ROOT/examples/demo/slow-client.c" || exit 1
"${CC:-cc}" -static -o "$tmp/static" "$LG_ROOT/examples/demo/legacy-server.c" || exit 1
echo 'int own; __attribute__((constructor)) static void start(void) { own = 1; }' >"$tmp/own.c"
"${CC:-cc}" -shared -fPIC -o "$tmp/own.so" "$tmp/own.c" || exit 1
head -c 4194304 /dev/urandom >"$tmp/file"

# image NAME : a bundle as an engine makes it, with nothing of ours in it, and an LD_PRELOAD of its own
image() {
    "$LG_ROOT/examples/container-runc/bundle.sh" "$tmp/$1" "$2" "$tmp/file" "$LG_LIB" without || exit 1
    cp "$tmp/own.so" "$tmp/$1/rootfs/usr/lib/own.so"
    jq '.process.env += ["LD_PRELOAD=/usr/lib/own.so"] | .mounts |= map(select(.destination != "/etc/lingerguard/policy"))' \
        "$tmp/$1/config.json" >"$tmp/edited" && mv "$tmp/edited" "$tmp/$1/config.json"
    rm -r "$tmp/$1/rootfs/etc/lingerguard"
}
# looked_at NAME PID: what a client of the server saw is $result, and what is mapped $mapped
looked_at() {
    port=$(sed 's/.*:\([0-9]*\).*/\1/' "$tmp/$1.out")
    mapped=$(grep -o '/[^ ]*\(own\|liblingerguard\).so' "/proc/$2/maps" | sort -u | tr '\n' ' ')
    about=$(awk '$5 == "/" || $5 == "/.lingerguard" { split($6, o, ","); print $5, o[1] }' "/proc/$2/mountinfo" | sort | tr '\n' ' ')
    result=$(run_deadline 60 nsenter "--net=/proc/$2/ns/net" "$tmp/client" "$port" "$tmp/copy")
}
# contained NAME PROGRAM RUNTIME
contained() {
    image "$1" "$2"
    result='' mapped='' about=''
    in_background "$1" "$3" --root "$tmp/state" run --bundle "$tmp/$1" --pid-file "$tmp/$1/pid" "lingerguard-$$-$1"
    if wait_until 30 grep -q http "$tmp/$1.out" && wait_until 30 test -s "$tmp/$1/pid"; then
        server=$(cat "$tmp/$1/pid")
        tap_pids="$tap_pids $server"
        looked_at "$1" "$server"
        kill -KILL "$server"
        wait_until 20 tap_is_gone "$pid"
        runc --root "$tmp/state" delete -f "lingerguard-$$-$1" 2>/dev/null
    else
        note "$(cat "$tmp/$1.err")"
    fi
}
ends() {
    perl -MJSON::PP -ne 'next unless /^\{/; my $r = decode_json($_); print "$r->{cause} $r->{outcome} $r->{rule} $r->{exe}\n" if $r->{call} eq "close"' "$1"
}
rule=$(grep -n '^orderly' "$here/policy" | cut -d : -f 1)
contained bare "$tmp/server" runc
like "runc alone: the client is cut off" "$result" end=ECONNRESET
contained wrapped "$tmp/server" "$wrapper"
is "the wrapper: the client gets everything" "$result" "received=4194304 expected=4194304 end=EOF"
is "both libraries are mapped" "$mapped" "/.lingerguard/liblingerguard.so /usr/lib/own.so "
is "the root is read-only, and what the node brings too" "$about" "/ ro /.lingerguard ro "
is "the node's policy decides, and the record is in the container's log" "$(ends "$tmp/wrapped.err")" \
    "linger-zero orderly /.lingerguard/policy:$rule /server"
contained alone "$tmp/static" "$wrapper"
like "a static program is not covered" "$result" end=ECONNRESET
is "and starts as ever" "$(cat "$tmp/alone.err")" ""
is "no container is left" "$(runc --root "$tmp/state" list -q)" ""

# podman
needs podman podman
mkdir "$tmp/pod"
sed "s|/usr/lib/lingerguard:|$node:|" "$here/containers.conf" >"$tmp/containers.conf"
# Not more than this machine may have.
printf 'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n' \
    >>"$tmp/containers.conf"
pod() {
    CONTAINERS_CONF=$tmp/containers.conf run_deadline 60 podman --root "$tmp/pod/root" --runroot "$tmp/pod/run" --storage-driver vfs "$@"
}
# podded NAME OPTION... : a container in the background, as contained
podded() {
    name=$1
    shift
    result='' mapped='' about=''
    in_background "$name" pod run --rm --network none --name "lingerguard-$$-$name" "$@" --rootfs "$tmp/podman/rootfs" /server /file
    wait_until 30 grep -q http "$tmp/$name.out" || note "$(cat "$tmp/$name.err")"
    server=$(pod inspect -f '{{.State.Pid}}' "lingerguard-$$-$name")
    looked_at "$name" "$server"
}
unpodded() {
    pod kill "lingerguard-$$-$name" >/dev/null 2>&1
    wait_until 30 tap_is_gone "$pid"
}
image podman "$tmp/server"
podded podman
is "podman: the client gets everything" "$result" "received=4194304 expected=4194304 end=EOF"
is "podman: the directory is mounted read-only" "${about#/ * }" "/.lingerguard ro "
is "podman: the node's policy decides" "$(ends "$tmp/podman.err")" "linger-zero orderly /.lingerguard/policy:$rule /server"
in_background executed pod exec "lingerguard-$$-podman" /server /file
wait_until 30 grep -q http "$tmp/executed.out"
looked_at executed "$server"
is "podman exec: covered too" "$result" "received=4194304 expected=4194304 end=EOF"
unpodded
podded own -e LD_PRELOAD=/usr/lib/own.so
is "podman: an LD_PRELOAD of the container's own takes ours away" "$mapped" "/usr/lib/own.so "
unpodded
done_testing
