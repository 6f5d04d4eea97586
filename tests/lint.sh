#!/bin/bash
# SPDX-License-Identifier: MIT
# What can be said about the sources without running them. Called by `make lint`; every check runs,
# the status says whether all held. A tool that is missing is a failure: it would have been a check.
# shellcheck disable=SC2317 # the checks are called through check()
set -u

cd "$(dirname "$0")/.." || exit 1
make=${MAKE:-make}
build=${BUILD:-build}
failed=0

check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        printf '  %-28s ok\n' "$name"
    else
        printf '  %-28s FAILED\n%s\n' "$name" "$output"
        failed=1
    fi
}

# check, unless TOOL is missing: needs TOOL NAME COMMAND...
needs() {
    local tool=$1
    shift
    if command -v "$tool" >/dev/null; then
        check "$@"
    else
        printf '  %-28s FAILED\n%s is not installed\n' "$1" "$tool"
        failed=1
    fi
}

# Tracked and new files that git does not ignore; in an unpacked archive, all but the build.
files() {
    if [ -e .git ] && command -v git >/dev/null; then
        git -c safe.directory="$PWD" ls-files --cached --others --exclude-standard -- "$@"
    else
        local pattern
        for pattern in "$@"; do
            find . -path "./$build" -prune -o -name "${pattern##*/}" -type f -print | sed 's,^\./,,'
        done
    fi | while IFS= read -r file; do [ ! -f "$file" ] || printf '%s\n' "$file"; done
}

scripts() {
    files '*' | while IFS= read -r file; do
        case $file in
        *.sh | *.t) printf '%s\n' "$file" ;;
        *.bash | *.c | *.h | *.mk | *.[0-9]) ;;
        *) head -c 64 "$file" | head -n 1 | tr -d '\0' | grep -Eq '^#!.*[/ ](ba|da)?sh( |$)' && printf '%s\n' "$file" ;;
        esac
    done
}

# Prints what it finds; holds when that is nothing.
finds_nothing() {
    local found
    found=$("$@")
    printf '%s' "$found"
    [ -z "$found" ]
}

# No file of shim/ or tests/, no input and output, no allocation, no errno (its numbers have names
# there, which is all).
policy_is_pure() {
    local impure='["<](\.\./)*((shim|tests)/|(stdio|stdlib|locale|unistd|fcntl|signal|time|pthread|dlfcn|sys/[a-z]*)\.h)'
    finds_nothing grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]*$impure" policy/*.[ch] &&
        finds_nothing grep -nwE 'errno|malloc|calloc|realloc|free|printf' <(sed 's,"[^"]*",,g; s,/\*.*\*/,,; s,^ \*.*,,; /#include/d' policy/*.c)
}

files_without_spdx() {
    files '*.c' '*.h' '*.sh' '*.t' '*.mk' '*.pm' | while IFS= read -r file; do
        head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || printf '%s\n' "$file"
    done
}

mapfile -t c_files < <(files '*.c' '*.h')
mapfile -t script_files < <(scripts)
mapfile -t manuals < <(files '*.1' '*.5' '*.7' '*.8')

for compiler in gcc clang; do
    needs "$compiler" "$compiler, no warning" "$make" -s -j2 WERROR=1 CC="$compiler" BUILD="$build/lint-$compiler" all tests
done
needs clang-format "clang-format" clang-format --dry-run -Werror "${c_files[@]}"
needs shellcheck "shellcheck (${#script_files[@]} scripts)" shellcheck -x -P SCRIPTDIR -P . "${script_files[@]}"
if [ ${#manuals[@]} -gt 0 ]; then
    needs mandoc "mandoc (${#manuals[@]} pages)" mandoc -T lint -W warning "${manuals[@]}"
fi
check "policy/ is pure" policy_is_pure
check "SPDX lines" finds_nothing files_without_spdx
exit "$failed"
