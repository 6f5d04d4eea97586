#!/bin/sh
# SPDX-License-Identifier: MIT
# The completions offer exactly what --help shows: subcommands, options, words of an option.
# shellcheck disable=SC2016 # the inner shells expand
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/command/answer.sh
. "$(dirname "$0")/answer.sh"

completions=$LG_ROOT/shim/command/completion
mkdir "$tmp/place"
: >"$tmp/place/a file"
mkdir "$tmp/place/a dir" "$tmp/place/bin"
printf "#!/bin/sh\n" >"$tmp/place/bin/a-command"
chmod +x "$tmp/place/bin/a-command"
cd "$tmp/place" || exit 1

# bash_offers WORD...: what is offered for the last word, sorted, one a line
bash_offers() {
    bash -c '
        source "$0/lingerguard.bash"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
        _lingerguard
        ((${#COMPREPLY[@]} == 0)) || printf "%s\n" "${COMPREPLY[@]}"' "$completions" "$@" | LC_ALL=C sort
}

sorted() {
    printf '%s\n' "$@" | LC_ALL=C sort
}

if command -v bash >/dev/null; then
    # shellcheck disable=SC2046 # words
    is "bash: subcommands and options are those of --help" "$(bash_offers lingerguard '')" \
        "$(sorted help $(commands_in_help) $(options_in_help))"
    for command in $(commands_in_help); do
        is "bash: the options of $command are those of its --help" "$(bash_offers lingerguard "$command" -)" \
            "$(options_in_help "$command")"
    done
    is "bash: a subcommand is completed" "$(bash_offers lingerguard check-po)" check-policy
    is "bash: options go on behind the argument of one" "$(bash_offers lingerguard run -p x --st)" --strict
    is "bash: and behind one with =" "$(bash_offers lingerguard run --format = json --st)" --strict
    is "bash: options of the command of run are not ours" "$(bash_offers lingerguard run ls --st)" ""
    is "bash: the command of run is completed" "$(PATH=$tmp/place/bin:$PATH bash_offers lingerguard run --strict a-comm)" a-command
    is "bash: the command behind -- too" "$(PATH=$tmp/place/bin:$PATH bash_offers lingerguard run -r x -- a-comm)" a-command
    is "bash: its arguments are files" "$(bash_offers lingerguard run ls 'a f')" "a file"
    is "bash: a policy is a file" "$(bash_offers lingerguard run -p 'a ')" "$(sorted 'a dir' 'a file')"
    is "bash: a root is a directory" "$(bash_offers lingerguard enable --root 'a ')" "a dir"
    is "bash: the words of --log, and files" "$(bash_offers lingerguard run --log '')" \
        "$(sorted 'a dir' 'a file' bin off stderr syslog)"
    is "bash: the words of --format" "$(bash_offers lingerguard run --format '')" "$(sorted text json)"
    is "bash: the words behind --format=" "$(bash_offers lingerguard run --format =)" "$(sorted text json)"
    is "bash: a word behind --format=" "$(bash_offers lingerguard run --format = js)" json
    is "bash: the formats of report" "$(bash_offers lingerguard report -f '')" "$(sorted table json html prometheus)"
    is "bash: the keys of explain" "$(bash_offers lingerguard explain '')" "$(sorted cause= exe= local= peer= role= unsent= user= cgroup=)"
    is "bash: what is unsent" "$(bash_offers lingerguard explain unsent =)" "$(sorted none some)"
    is "bash: help is of a subcommand" "$(bash_offers lingerguard help check-po)" check-policy
    is "bash: the causes" "$(bash_offers lingerguard explain cause =)" "$(sorted linger-zero unread late disconnect backlog)"
    is "bash: a role" "$(bash_offers lingerguard explain role = acc)" accepted
else
    skip bash "bash is not installed" "the completion of bash"
fi

# The words that bash offers are those that the command takes.
for word in $(bash_offers lingerguard explain cause =); do
    answer "$LG_COMMAND" explain "cause=$word"
    answers "the cause $word is one" 0
done
for command in run explain check-program drainer; do
    for word in $(bash_offers lingerguard $command --format ''); do
        answer "$LG_COMMAND" $command --format "$word" --no-such-option
        unlike "the format $word of $command is one" "$err" "unknown value"
    done
done
answer "$LG_COMMAND" report --format nonsense
answers "report refuses a format that is none" 2
for word in $(bash_offers lingerguard report --format ''); do
    answer "$LG_COMMAND" report --format "$word" --no-such-option
    like "the format $word of report is one" "$err" "unknown option '--no-such-option'"
done

# With the functions of zsh's completion system replaced by ones that print what they were asked to offer.
zsh_offers() {
    zsh -f -c '
        _arguments() {
            if [[ $1 == -C ]]; then state=$wanted_state; shift; fi
            if [[ $1 == -S ]]; then shift; fi
            print -rl -- "$@"
        }
        _describe() {
            local item
            for item in "${(@P)@[-1]}"; do print -r -- "word ${item%%:*}"; done
        }
        wanted_state=$1
        words=("${@:2}")
        source "$0/_lingerguard"' "$completions" "$@" 2>&1
}

# "(-p --policy)-p+[policy]:..." is -p
zsh_options() {
    zsh_offers argument "$1" | sed -n 's/^\(([^)]*)\)\{0,1\}\**\(-[a-zA-Z-]*\).*/\2/p' | LC_ALL=C sort -u
}

if command -v zsh >/dev/null; then
    check "zsh: the completion is well-formed" zsh -n "$completions/_lingerguard"
    is "zsh: subcommands are those of --help" "$(zsh_offers command '' | sed -n 's/^word //p')" "$(commands_in_help)
help"
    is "zsh: the options of lingerguard are those of --help" "$(zsh_options '')" "$(options_in_help)"
    for command in $(commands_in_help); do
        # behind the options of lingerguard itself, of which -V is the only one of its own
        is "zsh: the options of $command are those of its --help" \
            "$(zsh_options "$command" | grep -vxe -V -e --version)" "$(options_in_help "$command")"
    done
    is "zsh: the formats of report" "$(zsh_offers argument report | sed -n 's/.*--format=.*:(\(.*\))/\1/p')" \
        "table json html prometheus"
    like "zsh: an option stands in the way of its other spelling" "$(zsh_offers argument run)" "(-p --policy)--policy="
    # In a shell of its own: what is typed, and what the tabulator makes of it.
    mkdir "$tmp/functions"
    cp "$completions/_lingerguard" "$tmp/functions/"
    cat >"$tmp/type.zsh" <<'EOF'
zmodload zsh/zpty
zpty shell "TERM=dumb zsh -f -i"
zpty -w shell "PS1=; fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; echo READ''Y"
zpty -r shell seen "*READY*"
zpty -w -n shell "$2"$'\t'
zpty -r shell seen "*$3*"
EOF
    while IFS=: read -r typed wanted; do
        check "zsh: \"$typed\" becomes \"$wanted\"" \
            run_deadline 30 env "PATH=$tmp/place/bin:$PATH" zsh -f "$tmp/type.zsh" "$tmp/functions" "$typed" "$wanted"
    done <<EOF
lingerguard check-po:check-policy
lingerguard run --st:run --strict
lingerguard run a-comm:run a-command
lingerguard run -p x -- a-comm:-- a-command
lingerguard check-program a-comm:check-program a-command
lingerguard report --format=prom:--format=prometheus
lingerguard explain cause=dis:cause=disconnect
lingerguard explain ro:role=
EOF
else
    skip zsh "zsh is not installed" "the completion of zsh"
fi

done_testing
