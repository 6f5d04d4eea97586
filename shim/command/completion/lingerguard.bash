# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of lingerguard(1) for bash. Needs nothing but bash; of the bash-completion package it uses
# _command_offset, where that is there, to complete the command behind `lingerguard run`.

# Words for COMPREPLY, one a line, so that a file name with blanks stays one.
_lingerguard_reply() {
    mapfile -t COMPREPLY < <("$@")
}

_lingerguard_words() {
    _lingerguard_reply compgen -W "$1" -- "$cur"
}

_lingerguard_files() {
    compopt -o filenames 2>/dev/null
    _lingerguard_reply compgen -f -- "$cur"
}

# The command behind `run` and its options; the first word of it is at $1.
_lingerguard_command() {
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        compopt -o filenames 2>/dev/null
        _lingerguard_reply compgen -c -- "$cur"
    else
        _lingerguard_files
    fi
}

# Where the command of `run` starts, 0 while the options go on.
_lingerguard_command_start() {
    local i
    for ((i = 2; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --)
            echo $((i + 1))
            return
            ;;
        -p | -r | -l | -f | --policy | --rules | --log | --format)
            ((i++))
            if [[ ${COMP_WORDS[i]-} == = ]]; then ((i++)); fi
            ;;
        -*) ;;
        *)
            echo "$i"
            return
            ;;
        esac
    done
    if ((i == COMP_CWORD)) && [[ $cur != -* ]]; then echo "$i"; else echo 0; fi
}

_lingerguard_log() {
    _lingerguard_files
    if [[ $cur != */* ]]; then
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "stderr off syslog" -- "$cur")
    fi
}

_lingerguard_run() {
    local start
    start=$(_lingerguard_command_start)
    if ((start > 0)); then
        _lingerguard_command "$start"
        return
    fi
    case $prev in
    -p | --policy) _lingerguard_files ;;
    -r | --rules) ;;
    -l | --log) _lingerguard_log ;;
    -f | --format) _lingerguard_words "text json" ;;
    *) _lingerguard_words "-p --policy -r --rules -l --log -f --format --drainer --strict -h --help" ;;
    esac
}

_lingerguard_check_policy() {
    case $prev in
    -r | --rules) ;;
    *)
        case $cur in
        -*) _lingerguard_words "-n --normalize -r --rules -s --strict -h --help" ;;
        *) _lingerguard_files ;;
        esac
        ;;
    esac
}

_lingerguard_explain() {
    case $prev in
    -p | --policy | exe) _lingerguard_files ;;
    -r | --rules | local | peer | user | cgroup) ;;
    -f | --format) _lingerguard_words "text json" ;;
    cause) _lingerguard_words "linger-zero unread late disconnect backlog" ;;
    role) _lingerguard_words "accepted connected" ;;
    unsent) _lingerguard_words "none some" ;;
    *)
        case $cur in
        -*) _lingerguard_words "-p --policy -r --rules -f --format -h --help" ;;
        *)
            compopt -o nospace 2>/dev/null
            _lingerguard_words "cause= exe= local= peer= role= unsent= user= cgroup="
            ;;
        esac
        ;;
    esac
}

_lingerguard_check_program() {
    case $prev in
    -f | --format) _lingerguard_words "text json" ;;
    *)
        case $cur in
        -*) _lingerguard_words "-f --format -v --verbose -h --help" ;;
        */*) _lingerguard_files ;;
        *)
            compopt -o filenames 2>/dev/null
            _lingerguard_reply compgen -c -f -- "$cur"
            ;;
        esac
        ;;
    esac
}

_lingerguard_report() {
    case $prev in
    -f | --format) _lingerguard_words "table json html prometheus" ;;
    -n | --rows) ;;
    -o | --output | -p | --policy | --resets) _lingerguard_files ;;
    *)
        case $cur in
        -*) _lingerguard_words "-f --format -n --rows -o --output -p --policy --resets -h --help" ;;
        *) _lingerguard_files ;;
        esac
        ;;
    esac
}

# enable, disable, status, off and on; $1: their options.
_lingerguard_preload() {
    case $prev in
    --library) _lingerguard_files ;;
    -f | --format) _lingerguard_words "table json" ;;
    --missing) ;;
    --root)
        compopt -o filenames 2>/dev/null
        _lingerguard_reply compgen -d -- "$cur"
        ;;
    *) _lingerguard_words "$1" ;;
    esac
}

_lingerguard_drainer() {
    case $prev in
    --max | --max-time) ;;
    --allow-user) _lingerguard_words "any" ;;
    -l | --log) _lingerguard_log ;;
    -f | --format) _lingerguard_words "text json" ;;
    *)
        case $cur in
        -*) _lingerguard_words "--max --max-time --allow-user -l --log -f --format -h --help" ;;
        *) _lingerguard_files ;;
        esac
        ;;
    esac
}

_lingerguard() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local commands="run check-policy explain check-program report enable disable status off on drainer"

    # bash splits at '=': `--format=js` and `cause=un` are three words
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]] && ((COMP_CWORD > 1)); then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _lingerguard_words "$commands help -h --help -V --version"
        return
    fi
    case ${COMP_WORDS[1]} in
    run) _lingerguard_run ;;
    check-policy) _lingerguard_check_policy ;;
    explain) _lingerguard_explain ;;
    check-program) _lingerguard_check_program ;;
    report) _lingerguard_report ;;
    enable) _lingerguard_preload "--library --root -h --help" ;;
    disable | off | on) _lingerguard_preload "--root -h --help" ;;
    status) _lingerguard_preload "--root --processes --missing -f --format -h --help" ;;
    drainer) _lingerguard_drainer ;;
    help) if ((COMP_CWORD == 2)); then _lingerguard_words "$commands"; fi ;;
    esac
}

complete -F _lingerguard lingerguard
