#!/bin/sh
# SPDX-License-Identifier: MIT
# The library in programs that were built with sanitizers, and the library itself built in other ways.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

source=$LG_ROOT/tests/interpose/host.c
here='abort EOF, plain EOF'
unset MAKEFLAGS MAKELEVEL

# run_host PROGRAM PRELOAD RULES: its output, and then whatever a sanitizer or the library said.
run_host() {
    LD_PRELOAD=$2 LINGERGUARD_RULES=$3 LINGERGUARD_LOG=$tmp/log run_deadline 120 "$1" >"$tmp/out" 2>"$tmp/err"
    echo "status $?: $(cat "$tmp/out")$(head -c 2000 "$tmp/err")"
}

# Each policy takes another way through the library.
each_policy() { # NAME PROGRAM PRELOAD
    is "$1: orderly" "$(run_host "$2" "$3" 'orderly')" "status 0: $here"
    is "$1: every close, with a drain" \
        "$(run_host "$2" "$3" 'inspect every-close; callers 4; drain 50ms on linger-zero,unread')" "status 0: $here"
    is "$1: observe" "$(run_host "$2" "$3" 'observe on linger-zero,unread,backlog')" \
        'status 0: abort RST, plain EOF'
}

# build_library NAME VARIABLE=VALUE...
build_library() {
    name=$1
    shift
    make -s -C "$LG_ROOT" BUILD="$tmp/$name" "$@" lib >"$tmp/make.out" 2>&1 && return
    note "$(tail -5 "$tmp/make.out")"
    return 1
}

# host COMPILER NAME OPTION...: builds it, and runs it without the library.
host() {
    compiler=$1 program=$tmp/$2
    shift 2
    command -v "$compiler" >/dev/null || return 1
    "$compiler" -std=gnu11 -D_GNU_SOURCE -g -O1 -pthread "$@" -o "$program" "$source" 2>"$tmp/cc.err" || return 1
    [ "$(run_host "$program" '' '')" = 'status 0: abort RST, plain EOF' ]
}

each_build() { # NAME VARIABLE=VALUE...
    name=$1
    shift
    if build_library "$name" "$@"; then
        ok "builds with $*"
        each_policy "$name" "$tmp/plain" "$tmp/$name/liblingerguard.so"
    else
        not_ok "builds with $*"
    fi
}

host "${CC:-cc}" plain || not_ok 'the host runs without the library'
each_policy 'plain' "$tmp/plain" "$LG_LIB"
each_build lto CFLAGS='-O2 -g -flto'
each_build unoptimized CFLAGS='-O0 -g'
each_build smallest CFLAGS='-Os'
each_build fastest CFLAGS='-O3 -march=native'

sanitized() { # NAME COMPILER SANITIZER RUNTIME
    if ! host "$2" "$1" "-fsanitize=$3" -fno-omit-frame-pointer; then
        skip "$1" "no $3 sanitizer that runs here: $(head -c 200 "$tmp/cc.err")$(head -c 200 "$tmp/err")" "$1"
        return
    fi
    runtime=$4
    if [ -n "$runtime" ]; then
        runtime=$("$2" -print-file-name="$runtime"):
    fi
    each_policy "$1" "$tmp/$1" "$runtime$LG_LIB"
}

ASAN_OPTIONS=detect_leaks=1
TSAN_OPTIONS=halt_on_error=1
UBSAN_OPTIONS=halt_on_error=1
export ASAN_OPTIONS TSAN_OPTIONS UBSAN_OPTIONS
sanitized gcc-asan gcc address libasan.so
sanitized gcc-ubsan gcc undefined ''
sanitized gcc-tsan gcc thread libtsan.so
sanitized clang-asan clang address ''
sanitized clang-tsan clang thread ''

done_testing
