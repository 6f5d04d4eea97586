#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs each libFuzzer target on its corpus: tests/fuzz.sh DIR SECONDS NAME... Called by `make fuzz`.
# What is found stays in DIR/NAME.new/; a crash is left as DIR/crash-NAME-*.
set -eu

cd "$(dirname "$0")/.."
directory=$1
seconds=$2
shift 2
if [ $# -eq 0 ]; then
    echo "no fuzz target in tests/fuzz/" >&2
    exit 1
fi
failed=0
for name in "$@"; do
    mkdir -p "$directory/$name.new"
    set -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$directory/crash-$name-"
    [ ! -f "tests/fuzz/$name.dict" ] || set -- "$@" -dict="tests/fuzz/$name.dict"
    set -- "$@" "$directory/$name.new"
    [ ! -d "tests/fuzz/corpus/$name" ] || set -- "$@" "tests/fuzz/corpus/$name"
    echo "fuzz_$name: $seconds s"
    if "$directory/fuzz_$name" "$@" >"$directory/$name.log" 2>&1; then
        grep -E 'number_of_executed_units|average_exec_per_sec|new_units_added' "$directory/$name.log" || :
    else
        failed=1
        tail -n 40 "$directory/$name.log"
        echo "fuzz_$name: FAILED, see $directory/$name.log" >&2
    fi
done
exit "$failed"
