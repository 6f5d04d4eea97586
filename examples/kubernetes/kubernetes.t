#!/bin/sh
# SPDX-License-Identifier: MIT
# The manifests without a cluster: names agree, the policy is right, and a process set up as the pod
# would set it up is cured and writes what the parser of fluent-bit expects.
# shellcheck disable=SC2016 # Perl expressions
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../../tests/harness/tap.sh"

here=$LG_ROOT/examples/kubernetes
if ! perl -MYAML::XS -e 1 2>/dev/null; then
    skip yaml "YAML::XS of Perl is not installed (libyaml-libyaml-perl)"
    done_testing
fi

# manifest EXPRESSION : a Perl expression over $map, $deployment, $pod, $init and $main
manifest() {
    perl -MYAML::XS -e 'my ($map, $deployment) = YAML::XS::LoadFile(shift);
        my $pod = $deployment->{spec}{template}{spec};
        my ($init, $main) = ($pod->{initContainers}[0], $pod->{containers}[0]);
        my %env = map { $_->{name} => $_->{value} } @{$main->{env}};
        my %mounted = map { $_->{mountPath} => $_->{name} } @{$main->{volumeMounts}};
        my %volume = map { $_->{name} => $_ } @{$pod->{volumes}};
        print join " ", do { '"$1"' }' "$here/deployment.yaml"
}
is "two objects" "$(manifest '$map->{kind}, $deployment->{kind}')" "ConfigMap Deployment"
is "the selector finds the pods" "$(manifest '$deployment->{spec}{selector}{matchLabels}{app}')" \
    "$(manifest '$deployment->{spec}{template}{metadata}{labels}{app}')"
is "every mount has its volume" \
    "$(manifest 'grep !$volume{$_->{name}}, map @{$_->{volumeMounts}}, $init, $main')" ""
is "the policy is mounted where the library looks" \
    "$(manifest '$volume{$mounted{"/etc/lingerguard"}}{configMap}{name}')" "$(manifest '$map->{metadata}{name}')"
is "what is preloaded is what the init container copies" "$(manifest '$env{LD_PRELOAD}')" "$(manifest '$init->{command}[2]')"
is "into a volume that both have" "$(manifest '$init->{volumeMounts}[0]{name}')" "$(manifest '$mounted{"/lingerguard"}')"
is "what the init container copies is in its image" \
    "$(sed -n 's/^COPY build\/liblingerguard.so //p' "$here/Dockerfile")" "$(manifest '$init->{command}[1]')"
is "the grace period is longer than any close may take" \
    "$(manifest 'my ($longest) = sort { $b <=> $a } $map->{data}{policy} =~ /(\d+)s\b/g;
        $pod->{terminationGracePeriodSeconds} > $longest ? "longer" : "shorter"')" longer

# The other Deployment is the same but for where the library comes from.
is "image-volume.yaml: no init container, the image as a volume, and nothing else" "$(cd "$here" && perl -MYAML::XS -MJSON::PP -e '
    my ($map, $init) = YAML::XS::LoadFile("deployment.yaml");
    my ($image) = YAML::XS::LoadFile("image-volume.yaml");
    my ($a, $b) = map $_->{spec}{template}{spec}, $init, $image;
    my $copier = delete $a->{initContainers};
    my ($old, $new) = map { my ($v) = grep $_->{name} eq "lingerguard", @{$_->{volumes}}; $v } $a, $b;
    print "$new->{image}{reference}\n" if $new->{image}{reference} ne $copier->[0]{image};
    delete $old->{emptyDir}; delete $new->{image};
    my $json = JSON::PP->new->canonical;
    print $json->encode($init) eq $json->encode($image) ? "same" : "other"')" same
is "what it preloads is in the image" "$(manifest '$env{LD_PRELOAD} =~ m,^/lingerguard(/.*), ? $1 : "none"')" \
    "$(sed -n 's/^COPY build\/liblingerguard.so //p' "$here/Dockerfile")"

# What an API server would say.
objects() {
    perl -MYAML::XS -MJSON::PP -e '$YAML::XS::Boolean = "JSON::PP"; print encode_json([map YAML::XS::LoadFile($_), @ARGV])' "$@"
}
if command -v node >/dev/null && node -e 'require.resolve("kubernetes-models")' 2>/dev/null; then
    objects "$here/deployment.yaml" "$here/image-volume.yaml" "$LG_ROOT/examples/drainer/deployment.yaml" >"$tmp/objects"
    check "the schemas have nothing against all five objects" node "$here/validate.js" "$tmp/objects"
    is "they are five" "$(grep -o '"apiVersion"' "$tmp/objects" | wc -l)" 5
    # wrong NAME SED WANTED
    wrong() {
        sed "$2" "$tmp/objects" >"$tmp/changed"
        like "and they do look: $1" "$(node "$here/validate.js" "$tmp/changed")" "$3"
    }
    wrong "a field with a typing error" 's/"mountPath"/"mountPth"/' 'volumeMounts[0].mountPth: no such field'
    wrong "a field that is missing" 's/"mountPath"/"mountPth"/' "must have required property mountPath"
    wrong "a value of another type" 's/"replicas":2/"replicas":"two"/' 'spec/replicas must be integer'
    wrong "a word that is none" 's/IfNotPresent/IfMissing/' 'pullPolicy must be equal to one of the allowed values'
else
    skip npm "node, or the npm package kubernetes-models in NODE_PATH, is not installed" "the schemas"
fi

# An image volume that the runtime mounts noexec, as the first of them did.
if [ "$(id -u)" -eq 0 ] && unshare --mount true 2>/dev/null; then
    mkdir "$tmp/image"
    cp "$LG_LIB" "$tmp/image/liblingerguard.so"
    unshare --mount sh -ec "mount --bind '$tmp/image' '$tmp/image'; mount -o remount,bind,noexec '$tmp/image'
        LD_PRELOAD=$tmp/image/liblingerguard.so env true" >"$tmp/noexec" 2>&1
    like "noexec: the loader says so, and the program runs" "$? $(cat "$tmp/noexec")" "0 ERROR: ld.so: object '$tmp/image/liblingerguard.so' from LD_PRELOAD cannot be preloaded (failed to map segment from shared object): ignored."
else
    skip root "a mount namespace cannot be made here (root can)" "noexec"
fi

manifest '$map->{data}{policy}' >"$tmp/policy"
check "the policy is right" "$LG_COMMAND" check-policy "$tmp/policy"
like "clients of the service are drained" \
    "$("$LG_COMMAND" explain -p "$tmp/policy" local=10.1.0.7:8080 role=accepted)" "Verdict: drain 5s"

# The pod, as far as a process is one.
mkdir "$tmp/lingerguard"
copy=$(manifest '@{$init->{command}}' | sed "s| /liblingerguard.so| $LG_LIB|; s| /lingerguard/| $tmp/lingerguard/|")
check "the init container's command: $(manifest '@{$init->{command}}')" sh -c "$copy"
"${CC:-cc}" -o "$tmp/server" "$LG_ROOT/examples/demo/legacy-server.c" || exit 1
"${CC:-cc}" -o "$tmp/client" "$LG_ROOT/examples/demo/slow-client.c" || exit 1
head -c 4194304 /dev/urandom >"$tmp/file"
manifest 'map "$_=$env{$_}", sort keys %env' | sed "s|=/lingerguard/|=$tmp/lingerguard/|" >"$tmp/env"
# shellcheck disable=SC2046 # a list of variables
in_background server env $(cat "$tmp/env") LINGERGUARD_POLICY="$tmp/policy" "$tmp/server" "$tmp/file"
wait_until 20 grep -q http "$tmp/server.out"
port=$(sed 's/.*:\([0-9]*\).*/\1/' "$tmp/server.out")
is "the client gets everything" "$(run_deadline 60 "$tmp/client" "$port" "$tmp/copy")" \
    "received=4194304 expected=4194304 end=EOF"
end_background "$pid"

# field SECTION KEY FILE : of fluent-bit's classic format
field() {
    awk -v section="[$1]" -v key="$2" '/^\[/ { on = $1 == section } on && $1 == key { print $2 }' "$here/$3"
}
is "fluent-bit: the filter names the parser" "$(field FILTER Parser fluent-bit.conf)" "$(field PARSER Name parsers.conf)"
is "fluent-bit: the parsers are the file beside it" "$(field SERVICE Parsers_File fluent-bit.conf)" parsers.conf
is "fluent-bit: it reads json" "$(field PARSER Format parsers.conf)" json
time_key=$(field PARSER Time_Key parsers.conf)
time_form=$(field PARSER Time_Format parsers.conf)
is "fluent-bit: every record is json with a time of that form" \
    "$(perl -MJSON::PP -MTime::Piece -ne 'BEGIN { our ($key, $form) = splice @ARGV, 0, 2; $form =~ s/%L/000000/ }
        my $time = decode_json($_)->{$key};
        $time =~ s/\.\d{6}Z$/.000000Z/ && eval { Time::Piece->strptime($time, $form) } && $good++;
        END { print $good == $. && $good > 0 ? "good" : "$good of $." }' "$time_key" "$time_form" "$tmp/server.err")" good
done_testing
