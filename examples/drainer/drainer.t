#!/bin/sh
# SPDX-License-Identifier: MIT
# The units, the compose file and the manifest are right, and what they start works together: a server
# that systemd's drainer closes for, within the sandbox of the unit as far as it can be had here.
# shellcheck disable=SC2016 # Perl expressions of others
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../../tests/harness/tap.sh"

here=$LG_ROOT/examples/drainer
check "the policy is right" "$LG_COMMAND" check-policy "$here/policy"
like "clients of the service are drained" \
    "$("$LG_COMMAND" explain -p "$here/policy" cause=late local=10.1.0.7:8080)" "Verdict: drain 30s"

# systemd
if command -v systemd-analyze >/dev/null; then
    mkdir "$tmp/units"
    sed "s|/usr/local/bin/lingerguard|$LG_COMMAND|" "$here/lingerguard-drainer.service" >"$tmp/units/lingerguard-drainer.service"
    cp "$here/lingerguard-drainer.socket" "$tmp/units/"
    verify() {
        SYSTEMD_UNIT_PATH=$tmp/units: run_deadline 60 systemd-analyze verify --man=no "$tmp/units/lingerguard-drainer.socket" \
            "$tmp/units/lingerguard-drainer.service" 2>&1
    }
    is "systemd-analyze verify: nothing to say" "$(verify)" ""
    if systemd-analyze security --help | grep -q offline; then
        check "systemd-analyze security: safe" systemd-analyze security --offline=yes --threshold=15 \
            "$tmp/units/lingerguard-drainer.service"
    else
        skip systemd "systemd-analyze knows no --offline" "systemd-analyze security: safe"
    fi
    sed -i 's/^PrivateNetwork=/PrivteNetwork=/' "$tmp/units/lingerguard-drainer.service"
    like "and it does read the unit" "$(verify)" "'PrivteNetwork'"
else
    skip systemd "systemd-analyze is not installed" "systemd-analyze verify: nothing to say"
fi
is "the unit has the descriptors that it needs" \
    "$(awk -F= '/^LimitNOFILE/ { print $2 }' "$here/lingerguard-drainer.service")" \
    "$(($(sed -n 's/.*--max \([0-9]*\).*/\1/p' "$here/lingerguard-drainer.service") + 64))"
is "the socket is the one of the policy" "$(sed -n 's/^ListenSequentialPacket=//p' "$here/lingerguard-drainer.socket")" \
    "$(sed -n 's/^drainer //p' "$here/policy")"
is "its user is that of the service" "$(sed -n 's/^SocketUser=//p' "$here/lingerguard-drainer.socket")" \
    "$(sed -n 's/^User=//p' "$here/lingerguard-drainer.service")"

# A server and its drainer, as systemd would start it.
"${CC:-cc}" -o "$tmp/server" "$LG_ROOT/examples/demo/legacy-server.c" || exit 1
"${CC:-cc}" -o "$tmp/client" "$LG_ROOT/examples/demo/slow-client.c" || exit 1
head -c 4194304 /dev/urandom >"$tmp/file"
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)->sockport')
sed "s|/run/lingerguard/drainer.sock|$tmp/drainer.sock|; s|:8080|:$port|" "$here/policy" >"$tmp/policy"
start=$(sed -n 's/^ExecStart=//p' "$here/lingerguard-drainer.service" | sed "s|/usr/local/bin/lingerguard|$LG_COMMAND|")
traced= # -D: the drainer keeps the process that the socket is passed to
if command -v strace >/dev/null && strace -o "$tmp/trace" true 2>/dev/null; then traced="strace -D -f -q -o $tmp/calls"; fi
if command -v systemd-socket-activate >/dev/null; then
    # shellcheck disable=SC2086 # lists of words
    in_background drainer systemd-socket-activate --seqpacket -l "$tmp/drainer.sock" $traced $start
else
    # shellcheck disable=SC2086
    in_background drainer $traced $start "$tmp/drainer.sock"
fi
drainer=$pid
wait_until 20 test -S "$tmp/drainer.sock"
in_background server env LD_PRELOAD="$LG_LIB" LINGERGUARD_POLICY="$tmp/policy" "$tmp/server" "$tmp/file" "$port"
server=$pid
wait_until 20 grep -q http "$tmp/server.out"
is "the client gets everything" "$(run_deadline 60 "$tmp/client" "$port" "$tmp/copy")" \
    "received=4194304 expected=4194304 end=EOF"
wait_until 20 grep -q '"outcome":"drained"' "$tmp/drainer.err"
# outcomes FILE: of the closes in it, with their sockets
outcomes() {
    perl -MJSON::PP -ne '/^\{/ or next; my $r = decode_json($_);
        print "$r->{socket} $r->{outcome}\n" if ($r->{call} // "") eq "close"' "$1"
}
is "the server hands it over, the drainer drains it, and the socket joins the two" \
    "$(outcomes "$tmp/server.err" | sed 's/handed/drained/')" "$(outcomes "$tmp/drainer.err")"
like "handed over" "$(outcomes "$tmp/server.err")" " handed"
end_background "$server"
kill -USR1 "$drainer"
end_background "$drainer"

# The calls of the drainer are those of the unit's filter.
if [ -n "$traced" ] && command -v systemd-analyze >/dev/null; then
    wait_until 20 grep -q "^$drainer  *+++ exited" "$tmp/calls"
    # members SET: of a set and of those in it
    members() {
        systemd-analyze syscall-filter "$1" | sed -n 's/^ *\(@\{0,1\}[a-z][a-z0-9_-]*\)$/\1/p' | grep -vxF -e "$1" |
            while read -r member; do case $member in @*) members "$member" ;; *) echo "$member" ;; esac; done
    }
    members @system-service | sort -u >"$tmp/allowed"
    sed -n 's/^[0-9]* *\([a-z][a-z0-9_]*\)(.*/\1/p' "$tmp/calls" | sort -u >"$tmp/made"
    check "the trace has what a drainer does" grep -qx recvmsg "$tmp/made"
    is "each of its system calls is in @system-service" "$(comm -23 "$tmp/made" "$tmp/allowed" | tr '\n' ' ')" ""
else
    skip strace "needs strace and systemd-analyze" "each of its system calls is in @system-service"
fi

# Containers
if perl -MYAML::XS -e 1 2>/dev/null; then
    is "compose.yaml: both build, share the volume of the socket, and the drainer has no network" "$(cd "$here" && perl -MYAML::XS -e '
        my $compose = YAML::XS::LoadFile("compose.yaml");
        my %service = map { my $s = $compose->{services}{$_}; $_ => {%{$s->{"<<"} || {}}, %$s} } keys %{$compose->{services}};
        open my $file, "<", "Dockerfile"; my %stage = map { /^FROM .* AS (.*)/ ? ($1 => 1) : () } <$file>;
        for (sort keys %service) {
            my $s = $service{$_};
            print "$_: no stage\n" unless $stage{$s->{build}{target}};
            print "$_: no Dockerfile\n" unless -f "$s->{build}{context}/$s->{build}{dockerfile}";
            print "$_: @{$s->{volumes}} ", $s->{network_mode} || "its own network", "\n";
            print "no such volume\n" unless exists $compose->{volumes}{(split /:/, $s->{volumes}[0])[0]};
        }')" "drainer: drainer:/run/lingerguard none
legacy: drainer:/run/lingerguard its own network"
    manifest() {
        perl -MYAML::XS -e 'my ($map, $deployment) = YAML::XS::LoadFile(shift);
            my $pod = $deployment->{spec}{template}{spec};
            my ($main, %init) = ($pod->{containers}[0], map { $_->{name} => $_ } @{$pod->{initContainers}});
            my %volume = map { $_->{name} => $_ } @{$pod->{volumes}};
            my $mounts = sub { map { $_->{mountPath} => $_->{name} } @{shift->{volumeMounts}} };
            print join " ", do { '"$1"' }' "$here/deployment.yaml"
    }
    is "the drainer is a native sidecar, before the server" "$(manifest '$init{drainer}{restartPolicy}')" Always
    is "every mount has its volume" "$(manifest 'grep !$volume{$_->{name}}, map @{$_->{volumeMounts}}, $main, values %init')" ""
    is "server and drainer share the directory of the socket" \
        "$(manifest 'my (%a, %b); %a = $mounts->($main); %b = $mounts->($init{drainer}); $a{"/run/lingerguard"} eq $b{"/run/lingerguard"} ? "yes" : "no"')" yes
    is "the drainer's command and its probe name the socket of the policy" \
        "$(manifest '$init{drainer}{command}[-1], $init{drainer}{startupProbe}{exec}{command}[-1]')" \
        "$(manifest 'my ($path) = $map->{data}{policy} =~ /^drainer (.*)/m; ($path, $path)')"
    is "they run as one user, not 65534" "$(manifest '$pod->{securityContext}{runAsUser}')" 10001
    manifest '$map->{data}{policy}' >"$tmp/pod.policy"
    check "its policy is right" "$LG_COMMAND" check-policy "$tmp/pod.policy"
    # shellcheck disable=SC2046 # a list of words
    in_background sidecar $(manifest '@{$init{drainer}{command}}' | sed "s|/usr/local/bin/lingerguard|$LG_COMMAND|; s|/run/lingerguard|$tmp|")
    check "the command of the sidecar makes what its probe waits for" wait_until 20 test -S "$tmp/drainer.sock"
    end_background "$pid"
else
    skip yaml "YAML::XS of Perl is not installed (libyaml-libyaml-perl)" "compose.yaml and deployment.yaml"
fi
done_testing
