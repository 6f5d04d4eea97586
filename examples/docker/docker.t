#!/bin/sh
# SPDX-License-Identifier: MIT
# The images of this example without an engine: their steps are done here, in directories that hold
# only what the Dockerfile copies, and the result is run with the environment that it sets.
# shellcheck disable=SC2016,SC2086,SC2317 # Perl expressions; a list of words; called through check
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../../tests/harness/tap.sh"

here=$LG_ROOT/examples/docker
unset MAKEFLAGS MFLAGS MAKELEVEL BUILD TESTS

check "the policy is right" "$LG_COMMAND" check-policy "$here/policy"

# stage NAME : the instructions of that stage
stage() {
    awk -v name="$1" '$1 == "FROM" { on = $4 == name } on && !/^#/' "$here/Dockerfile"
}
stages=$(sed -n 's/^FROM .* AS //p' "$here/Dockerfile")

# Every file that is copied is there, and every stage that it comes from stands before.
missing=$(awk '$1 == "FROM" { known[$4] = 1 }
    $1 == "COPY" && $2 !~ /^--/ { print $2 }
    $1 == "COPY" && sub(/^--from=/, "", $2) && !known[$2] { print "stage:" $2 }' "$here/Dockerfile" |
    while read -r source; do [ -e "$LG_ROOT/$source" ] || echo "$source"; done)
is "everything that is copied is there" "$missing" ""

# build NAME [COMPILER]: copies and runs as the stage says, below $tmp/NAME; without the package manager
build() {
    directory=$tmp/$1
    compiler=${2:-${CC:-cc}}
    mkdir "$directory"
    stage "$1" | while read -r word source target; do
        case $word in
        COPY) cp -R "$LG_ROOT/$source" "$directory/$target" ;;
        RUN)
            case $source in
            make) (cd "$directory" && make -s "$target") || exit 1 ;;
            gcc) (cd "$directory" && eval "$compiler $target") || exit 1 ;;
            esac
            ;;
        esac
    done
}
check "the library is built of what is copied" build library
check "it is where the images take it from" test -f "$tmp/library/build/liblingerguard.so"

# served IMAGE PROGRAM: the server of the image with its ENV, and one client; what the client saw
served() {
    variables=$(stage "$1" | sed -n 's/^ENV //p' | sed "s|/usr/local/lib|$tmp/library/build|")
    # shellcheck disable=SC2086 # a list of variables
    in_background "$1" env $variables LINGERGUARD_POLICY="$here/policy" "$2" "$tmp/file"
    wait_until 20 grep -q http "$tmp/$1.out"
    run_deadline 60 "$tmp/client" "$(sed 's/.*:\([0-9]*\).*/\1/' "$tmp/$1.out")" "$tmp/copy" >"$tmp/seen"
    end_background "$pid"
}
head -c 4194304 /dev/urandom >"$tmp/file"
"${CC:-cc}" -o "$tmp/client" "$LG_ROOT/examples/demo/slow-client.c" || exit 1
for libc in glibc musl; do
    if [ $libc = glibc ]; then
        check "the server for glibc is built" build server-glibc
    elif command -v musl-gcc >/dev/null; then
        check "the server for musl is built" build server-musl musl-gcc
    else
        skip musl "musl-gcc is not installed" "the image for musl"
        continue
    fi
    served $libc "$tmp/server-$libc/legacy-server"
    is "the environment of the $libc image cures it" "$(cat "$tmp/seen")" "received=4194304 expected=4194304 end=EOF"
    is "with records in json" "$(perl -MJSON::PP -ne 'my $r = decode_json($_); print "$r->{outcome} " if $r->{call} eq "close"' \
        "$tmp/$libc.err")" "orderly "
done

if perl -MYAML::XS -e 1 2>/dev/null; then
    is "compose.yaml: contexts, targets and mounts are there" "$(cd "$here" && perl -MYAML::XS -MCwd=abs_path -e '
        my ($compose, %stages) = (YAML::XS::LoadFile("compose.yaml"), map { $_ => 1 } @ARGV);
        my ($builds, $clients) = (0, 0);
        for my $name (sort keys %{$compose->{services}}) {
            my $service = $compose->{services}{$name};
            $service = {%{$service->{"<<"} || {}}, %$service}; # a merge key
            if (my $build = $service->{build}) {
                $builds++;
                print "$name: no target $build->{target}\n" unless $stages{$build->{target}};
                print "$name: no Dockerfile\n" unless -f "$build->{context}/$build->{dockerfile}";
            }
            for (@{$service->{volumes} || []}) { /^([^:]*):/; print "$name: no $1\n" unless -f $1 }
            if (($service->{network_mode} || "") =~ /^service:(.*)/) {
                $clients++;
                print "$name: no service $1\n" unless $compose->{services}{$1}{build};
            }
            print "$name: nothing to run\n" unless $service->{build} || $service->{image};
        }
        print "$builds servers, $clients clients";' $stages)" "3 servers, 3 clients"
else
    skip yaml "YAML::XS of Perl is not installed (libyaml-libyaml-perl)" "compose.yaml"
fi
done_testing
