#!/bin/sh
# SPDX-License-Identifier: MIT
# README.md is true: every command in it is run, what a console block prints is what it prints, every file and heading
# that it points at is there.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

readme=$LG_ROOT/README.md

# blocks LANGUAGE: the fenced blocks of that language, each with its number before every line.
blocks() {
    awk -v want="$1" '
        /^```/ { inside = !inside; if (inside) { language = substr($0, 4); number++ } ; next }
        inside && language == want { print number ":" $0 }' "$readme"
}

# ---- The commands ----

# As in the tree, with what the README calls ./server, ./file, my.policy and web.policy; /var/log and /etc are its own.
mkdir "$tmp/tree" "$tmp/log" "$tmp/etc"
cd "$tmp/tree" || exit 1
for name in "$LG_ROOT"/*; do
    [ "${name##*/}" = build ] || ln -s "$name" .
done
ln -s "$LG_BUILD" build
cp "$LG_TESTS/abi/abort_once" server
blocks conf | sed 's/^[0-9]*://' >web.policy
check "the policy of the README is one" "$LG_COMMAND" check-policy web.policy
sed 's/local :8080-8090/port 8080/' web.policy >my.policy

# run_line COMMAND: once, here, under a deadline, in a file system whose /etc/lingerguard and /var/log are thrown away
run_line() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    run_deadline 60 unshare -mpf --mount-proc sh -c '
        mount --bind "$2/log" /var/log && mkdir -p /etc/lingerguard && mount --bind "$2/etc" /etc/lingerguard &&
            PATH=$PWD/build:$PATH && eval "$1"' sh "$1" "$tmp" </dev/null >"$tmp/out" 2>&1
}

# What a command says when it has done its work: check-policy of a policy with a mistake.
status_of() {
    case $1 in
    *"check-policy my.policy"*) echo 2 ;;
    *) echo 0 ;;
    esac
}

commands=$(blocks sh | sed 's/^[0-9]*://; s/ \{2,\}#.*//; /^$/d')
printf '%s\n' "$commands" >"$tmp/commands"
is "there are commands" "$(($(wc -l <"$tmp/commands") > 15))" 1
targets=" $(make -C "$LG_ROOT" -npq BUILD="$LG_BUILD" 2>/dev/null | sed -n 's/^\([a-z]*\):.*/\1/p' | tr '\n' ' ') "
if unshare -m true 2>/dev/null; then
    while IFS= read -r command <&3; do
        case $command in
        make* | "sudo make"*)
            # The suite itself runs, installs and packages; here the target must be there.
            like "there is: $command" "$targets" " ${command##*make } "
            ;;
        *)
            run_line "${command#sudo }"
            status=$?
            is "runs: $command" "$status: $([ "$status" -eq "$(status_of "$command")" ] || cat "$tmp/out")" \
                "$(status_of "$command"): "
            ;;
        esac
    done 3<"$tmp/commands"
else
    skip mountns "a mount namespace needs root" "the commands"
fi

# ---- What they print ----

# The first shows a server that races with its client: `make demo` is its test.
for block in $(blocks console | sed 's/:.*//' | sort -un | sed 1d); do
    blocks console | sed -n "s/^$block://p" >"$tmp/printed"
    sed -n 's/^\$ //p' "$tmp/printed" >"$tmp/typed"
    while IFS= read -r command; do
        printf '$ %s\n' "$command"
        PATH=$PWD/build:$PATH COLUMNS=100 LC_ALL=C.UTF-8 sh -c "$command" 2>&1 </dev/null
    done <"$tmp/typed" >"$tmp/out"
    is "printed as in the README: $(head -n 1 "$tmp/typed")" "$(cat "$tmp/out")" "$(cat "$tmp/printed")"
done

# ---- What it points at ----

missing=$(grep -o '](\([^)#]*\))' "$readme" | sed 's/^](//; s/)$//' | grep -v '^https*:' | sort -u |
    while IFS= read -r file; do [ -e "$LG_ROOT/$file" ] || echo "$file"; done)
is "every file that it links to is there" "$missing" ""

anchors=$(sed -n 's/^## //p' "$readme" | tr 'A-Z ' 'a-z-' | tr -d '",.?:`')
missing=$(grep -o '](#[^)]*)' "$readme" | sed 's/^](#//; s/)$//' |
    while IFS= read -r anchor; do printf '%s\n' "$anchors" | grep -qx -e "$anchor" || echo "$anchor"; done)
is "every heading that it links to is there" "$missing" ""
is "the contents name every heading" "$(grep -o '](#[^)]*)' "$readme" | sed 's/^](#//; s/)$//' | sort -u)" \
    "$(printf '%s\n' "$anchors" | sort)"
is "no line but of tables and of output is over 120 columns" \
    "$(awk '/^```/ { inside = !inside } !inside && !/^\|/ && length > 120' "$readme")" ""

done_testing
