#!/bin/bash
# SPDX-License-Identifier: MIT
# Who asked: the frames that are found are those that addr2line names, however the program was
# built, whatever it was called through, and wherever its file is.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

needs caller gcc addr2line objcopy perl
cd "$LG_ROOT" || exit 1

sources="$(echo shim/caller/*.c) shim/base/safe_read.c shim/base/sys.c"
common="-std=gnu11 -D_GNU_SOURCE -I. -g -pthread"
libraries="-Wl,--as-needed -ldl -lrt" # of dlopen and timer_create before glibc 2.34

# build OUTPUT COMPILER FLAG...: the program with the library's sources in it.
build() {
    local output=$1
    shift
    # shellcheck disable=SC2086
    "$@" $common -o "$output" tests/unit/callers.c $sources $libraries
}

# functions PROGRAM ADDR2LINE FILE: the names of the frames in FILE that lie in PROGRAM, on one line;
# a run of the same one once, and without the page by which i386 calls the kernel. "?" is an address without a name.
functions() {
    local program=$1 addr2line=$2 module
    grep -E '^[0-9]+ ' "$3" | while read -r _ module; do
        case $module in
        "$program"+0x*) "$addr2line" -fe "$program" "${module##*+}" | head -n 1 ;;
        -) echo '?' ;;
        *) basename "${module%+0x*}" | sed "s,[-.0-9]*so.*,," ;;
        esac
    done | grep -v "^linux-gate$" | uniq | tr '\n' ' ' | sed 's/ $//'
}

# first_line PROGRAM ADDR2LINE FILE: FUNCTION:LINE of the first frame.
first_line() {
    local module
    module=$(sed -n 's/^0 //p' "$3")
    "$2" -fe "$1" "${module##*+}" | tr '\n' ' ' | sed -E 's,^([^ ]*) .*/callers\.c:([0-9]+).*$,\1:\2,'
}

# case_of TITLE PROGRAM ADDR2LINE RUNNER CASE FUNCTIONS: `FUNCTIONS` is what the frames must begin with.
case_of() {
    local title=$1 program=$2 addr2line=$3 runner=$4 name=$5 wanted=$6 expected
    # shellcheck disable=SC2086
    if ! run_deadline 60 $runner "$program" $name >"$tmp/frames" 2>"$tmp/error"; then
        not_ok "$title: $name" "$(cat "$tmp/frames" "$tmp/error")"
        return
    fi
    case "$(functions "$program" "$addr2line" "$tmp/frames") " in
    "$wanted "*) ok "$title: $name" ;;
    *) not_ok "$title: $name" "got $(functions "$program" "$addr2line" "$tmp/frames"), wanted $wanted: $(cat "$tmp/frames")" ;;
    esac
    expected=$(sed -n 's/^expected //p' "$tmp/frames")
    [ -z "$expected" ] ||
        is "$title: $name, the line" "$(first_line "$program" "$addr2line" "$tmp/frames")" "$expected"
    unlike "$title: $name, as backtrace(3)" "$(cat "$tmp/frames")" differs
}

# cases TITLE PROGRAM ADDR2LINE RUNNER: what every machine must do.
cases() {
    case_of "$@" chain "inner middle outer run main"
    case_of "$@" one "inner"
    case_of "$@" recursion "recursive"
    case_of "$@" qsort "by_qsort libc run main"
    case_of "$@" smashed "smash"
}

with_signals() {
    case_of "$@" signal "in_handler libc on_handler run main"
    case_of "$@" altstack "in_handler libc on_handler run main"
}

with_threads() {
    case_of "$@" thread "inner middle outer in_thread libc"
    case_of "$@" smashed-thread "smash"
}

variant() {
    local title=$1 program=$tmp/$2
    shift 2
    if ! build "$program" "$@" 2>"$tmp/error"; then
        not_ok "$title builds" "$(cat "$tmp/error")"
        return
    fi
    cases "$title" "$program" addr2line ""
    with_signals "$title" "$program" addr2line ""
    with_threads "$title" "$program" addr2line ""
}

if [ "$(uname -m)" = x86_64 ] && nm -D "$(gcc -print-file-name=libc.so.6)" >/dev/null 2>&1 &&
    [ -n "$(ldd --version 2>/dev/null | head -n 1)" ] &&
    printf '%s\n' "2.35" "$(ldd --version | sed -n '1s/.* //p')" | sort -V -C; then
    # -fno-optimize-sibling-calls and no inlining of `run`: the names are those of the source.
    plain="-fno-optimize-sibling-calls -fno-inline -fno-ipa-icf"
    # shellcheck disable=SC2086
    {
        variant "frame pointers" frame_pointers gcc -O2 $plain -fno-omit-frame-pointer
        variant "no frame pointers" no_frame_pointers gcc -O2 $plain -fomit-frame-pointer
        variant "not optimised" not_optimised gcc -O0
        variant "not position independent" no_pie gcc -O2 $plain -no-pie -fno-pie
        variant "static tables, old hash" old gcc -O2 $plain -Wl,--hash-style=sysv -Wl,-z,noseparate-code
        variant "parts apart" apart gcc -O2 $plain -no-pie -fno-pie -Wl,-z,max-page-size=0x200000
        variant "parts apart, position independent" apart_pie gcc -O2 $plain -Wl,-z,max-page-size=0x200000
        command -v clang >/dev/null && variant "clang" clang clang -O2 -fno-inline -fno-optimize-sibling-calls
    }
    frames=$tmp/no_frame_pointers

    # libc is a part of the program here, so its functions are among those that are named.
    # shellcheck disable=SC2086
    if build "$tmp/static_pie" gcc -O2 $plain -static-pie 2>"$tmp/error"; then
        case_of "static-pie" "$tmp/static_pie" addr2line "" chain "inner middle outer run main"
        case_of "static-pie" "$tmp/static_pie" addr2line "" one "inner"
        case_of "static-pie" "$tmp/static_pie" addr2line "" smashed "smash"
    else
        not_ok "static-pie builds" "$(cat "$tmp/error")"
    fi

    "$frames" new-code >"$tmp/frames"
    is "code of no module has no name, and ends the walk" "$(grep -c '^0 -$' "$tmp/frames") $(grep -c '^[1-9]' "$tmp/frames")" "1 0"

    module=$LG_TESTS/unit/lib_calls_back.so
    "$frames" module "$module" >"$tmp/frames"
    is "a module that was opened: its own functions" "$(functions "$module" addr2line "$tmp/frames" | cut -d ' ' -f 1-2)" \
        "calls_it calls_back"
    like "a module that was opened: and the caller behind" "$(functions "$frames" addr2line "$tmp/frames")" " from_module run main"

    check "signals during dlopen and dlclose" run_deadline 120 "$frames" during-dlopen "$module"

    # The same module with headers and tables that are cut or lie: fewer frames, and nothing worse.
    intact=$tmp/intact.so
    gcc -O2 -fPIC -shared -Wl,--hash-style=gnu -o "$intact" tests/unit/lib_calls_back.c
    function=$(nm "$intact" | sed -n 's/ T calls_back$//p')
    section() { readelf -SW "$intact" | awk -v name="$1" '{ sub(/^ *\[ *[0-9]+\] /, "") } $1 == name { print "0x" $4 }'; }
    hdr=$(section .eh_frame_hdr)
    segment=$((0x40 + 56 * $(readelf -lW "$intact" | awk '/Type .*Offset/ { n = 0; next } /GNU_EH_FRAME/ { print n; exit } { n++ }')))

    # damaged TITLE FRAMES HOW [OFFSET BYTES]: at OFFSET the file holds BYTES, in hex, instead.
    damaged() {
        cp "$intact" "$tmp/damaged.so"
        [ $# -lt 5 ] || perl -e 'open my $f, "+<", $ARGV[0]; seek $f, $ARGV[1], 0; print $f pack "H*", $ARGV[2]' \
            "$tmp/damaged.so" "$(($4))" "$5"
        run_deadline 60 "$frames" damaged "$tmp/damaged.so" "$function" "$3" >"$tmp/frames" 2>&1
        is "a module with $1: status, frames and the first of them" \
            "$? $(grep -c '^[0-9]' "$tmp/frames") $(sed -n 's/^0 //p' "$tmp/frames" | cut -d + -f 1)" "0 $2 $tmp/damaged.so"
    }
    all=$("$frames" damaged "$intact" "$function" "" | grep -c '^[0-9]')
    damaged "nothing wrong" "$all" ""
    damaged "ELF headers overwritten" 1 headers
    damaged "a file cut behind the code" 1 tables
    damaged "a hash table of empty buckets" "$all" "" "$(($(section .gnu.hash) + 24))" 00000000
    damaged "a hash table that lets every name pass, and none be found" "$all" "" "$(($(section .gnu.hash) + 16))" \
        ffffffffffffffff00000000
    damaged "another version of .eh_frame_hdr" 1 "" "$hdr" 02
    damaged "another encoding of .eh_frame_hdr" 1 "" "$((hdr + 3))" 3c
    damaged "a table larger than the module" 1 "" "$((hdr + 8))" ffffffff
    damaged "an empty table" 1 "" "$((hdr + 8))" 00000000
    damaged "a table of other functions" 1 "" "$((hdr + 12))" "$(printf 'ffffff7f%.0s' {1..8})"
    damaged "a table that points elsewhere" 1 "" "$((hdr + 12))" "$(printf '000000800000ff7f%.0s' {1..4})"
    damaged "FDEs that have no end" 1 "" "$(section .eh_frame)" "$(printf 'ffffff%.0s' {1..30})"
    damaged "PT_GNU_EH_FRAME at the end of the module" 1 "" "$((segment + 16))" ff4f000000000000
    damaged "PT_GNU_EH_FRAME outside of the module" 1 "" "$((segment + 16))" 0000002000000000
    damaged "PT_GNU_EH_FRAME at address -1" 1 "" "$((segment + 16))" ffffffffffffffff

    # Started by way of the loader, /proc/self/exe is the loader.
    loader=$(readelf -lW "$frames" | sed -n 's/.*program interpreter: \(.*\)]/\1/p')
    "$loader" "$frames" chain >"$tmp/frames"
    is "started by way of the loader" "$(functions "$frames" addr2line "$tmp/frames" | cut -d ' ' -f 1-3)" "inner middle outer"
else
    skip caller "this is not x86-64 with glibc 2.35 or later" "the frames of a native program"
fi

# Without _dl_find_object: one frame, found in /proc/self/maps.
by_maps() {
    local title=$1 program=$2
    shift 2
    mkdir -p "$tmp/objects"
    # shellcheck disable=SC2086
    if ! gcc $common -O2 "$@" -c -o "$tmp/objects/module.o" shim/caller/module.c ||
        ! objcopy --redefine-sym _dl_find_object=no_such_function "$tmp/objects/module.o" ||
        ! gcc $common -O2 -fno-inline "$@" -o "$program" tests/unit/callers.c "$tmp/objects/module.o" \
            ${sources/shim\/caller\/module.c/} $libraries; then
        not_ok "$title builds"
        return
    fi
    one_by_maps "$title" "$program"
}

# one_by_maps TITLE PROGRAM [PATH]: PATH, where the program is; addr2line looks into PROGRAM.
one_by_maps() {
    local title=$1 program=$2 path=${3:-$2} found
    "$path" chain >"$tmp/frames" 2>"$tmp/error" || note "$(cat "$tmp/error")"
    is "$title: one frame" "$(grep -cE '^[1-9][0-9]* ' "$tmp/frames")" 0
    # The path may hold newlines: all of the output between the number and the last +0x.
    found=$(perl -0777 -ne 'print $1 if /^0 (.*)\+0x[0-9a-f]+$/ms' "$tmp/frames")
    is "$title: the path" "$found" "$path"
    found=$(perl -0777 -ne 'print $1 if /^0 .*\+(0x[0-9a-f]+)$/ms' "$tmp/frames")
    is "$title: the line" "$(addr2line -fe "$program" "${found:-0}" | tr '\n' ' ' | sed -E 's,^([^ ]*) .*:([0-9]+).*$,\1:\2,')" \
        "$(sed -n 's/^expected //p' "$tmp/frames")"
}

by_maps "maps" "$tmp/maps_pie"
by_maps "maps, not position independent" "$tmp/maps_no_pie" -no-pie -fno-pie
for name in 'with space' $'new\nline' 'ends in (deleted)' 'x (deleted)' 'back\slash' 'short\01'; do
    cp "$tmp/maps_pie" "$tmp/$name"
    one_by_maps "maps, file named $(printf %q "$name")" "$tmp/maps_pie" "$tmp/$name"
done
cp "$tmp/maps_pie" "$tmp/gone"
"$tmp/gone" deleted >"$tmp/frames"
like "maps, a file that has gone" "$(sed -n 's/^0 //p' "$tmp/frames")" "$tmp/gone+0x"
"$tmp/maps_pie" new-code >"$tmp/frames"
is "maps, code of no module" "$(grep '^[0-9]' "$tmp/frames")" "0 -"
"$tmp/maps_pie" module "$LG_TESTS/unit/lib_calls_back.so" >"$tmp/frames"
is "maps, a module that was opened" \
    "$(functions "$(readlink -f "$LG_TESTS/unit/lib_calls_back.so")" addr2line "$tmp/frames")" "calls_it"

# Code mapped from a file by the program itself: its headers give the bias, if they are sound.
intact=$tmp/mapped.so
gcc -O2 -fPIC -shared -Wl,-z,separate-code -o "$intact" tests/unit/lib_calls_back.c
function=$(nm "$intact" | sed -n 's/ T calls_back$//p')

# mapped TITLE PATTERN [OFFSET BYTES]
mapped() {
    cp "$intact" "$tmp/cut.so"
    [ $# -lt 4 ] || perl -e 'open my $f, "+<", $ARGV[0]; seek $f, $ARGV[1], 0; print $f pack "H*", $ARGV[2]' \
        "$tmp/cut.so" "$(($3))" "$4"
    run_deadline 60 "$tmp/maps_pie" mapped "$tmp/cut.so" "$function" >"$tmp/frames" 2>&1
    like "maps, a file with $1" "$? $(cat "$tmp/frames")" "$2"
}
mapped "nothing wrong" "0 0 $tmp/cut.so+0x1"
mapped "no ELF header" "0 0 -" 0 00000000
mapped "program headers far away" "0 0 -" 0x20 c0ffffffffffffff
mapped "program headers cut" "0 0 -" 0x20 f00f000000000000
mapped "program headers of another size" "0 0 -" 0x36 0100
mapped "more program headers than any" "0 0 -" 0x38 ffff
mapped "no program headers" "0 0 -" 0x38 0000

# A process that may not look at itself: no caller, and not a word.
"$tmp/maps_pie" no-descriptors >"$tmp/frames" 2>"$tmp/error"
is "maps that cannot be opened: no caller and no error" "$? $(grep '^[0-9]' "$tmp/frames")$(cat "$tmp/error")" "0 0 -"
chmod 755 "$tmp"
"$tmp/maps_pie" nobody >"$tmp/frames" 2>"$tmp/error"
is "maps, not dumpable and another user: no error" "$? $(grep -c '^0 ' "$tmp/frames")$(cat "$tmp/error")" "0 1"

# musl has no _dl_find_object of its own accord.
if command -v musl-gcc >/dev/null; then
    multiarch=$(gcc -print-multiarch)
    if build "$tmp/musl" musl-gcc -O2 -fno-inline -idirafter /usr/include -idirafter "/usr/include/$multiarch" \
        2>"$tmp/error"; then
        one_by_maps "musl" "$tmp/musl"
        check "musl: smashed" run_deadline 60 "$tmp/musl" smashed
        check "musl: a smashed stack of a thread" run_deadline 60 "$tmp/musl" smashed-thread
    else
        not_ok "musl builds" "$(cat "$tmp/error")"
    fi
else
    skip caller "musl-gcc is not installed" "musl"
fi

# In the library: the setsockopt and the close of one socket, each with who asked.
records() {
    LD_PRELOAD=$LG_LIB LINGERGUARD_LOG=$tmp/records LINGERGUARD_RULES="format json; callers $1; observe" \
        "$tmp/no_frame_pointers" socket >"$tmp/frames" 2>"$tmp/error"
}

# caller_of CALL: the module and offset of each frame, as a list of frames that `functions` reads.
caller_of() {
    sed -n "s/.*\"call\":\"$1\".*\"caller\"://p" "$tmp/records" | sed "s/\"[,}][^\"]*\"[a-z_]*\":.*/\"/" |
        grep -o "\"/[^\"]*" | cut -c 2- | cat -n | sed "s/^ *//; s/\t/ /"
}

if [ -x "$tmp/no_frame_pointers" ]; then
    for count in 1 4; do
        rm -f "$tmp/records"
        records $count
        caller_of setsockopt >"$tmp/list"
        is "a record with callers $count: as many" "$(grep -c . "$tmp/list")" "$count"
        is "a record with callers $count: who armed it" "$(functions "$tmp/no_frame_pointers" addr2line "$tmp/list")" \
            "$([ $count = 1 ] && echo arm || echo arm arm_deeper with_socket run)"
        caller_of close >"$tmp/list"
        is "a record with callers $count: who closed it" \
            "$(functions "$tmp/no_frame_pointers" addr2line "$tmp/list" | cut -d " " -f 1)" with_socket
    done
    rm -f "$tmp/records"
    records 0
    unlike "callers 0: no caller" "$(cat "$tmp/records")" "\"caller\""
    like "callers 0: the records are there" "$(cat "$tmp/records")" "\"call\":\"close\""
else
    skip caller "no native frames here" "records"
fi

# Other machines, as far as they run here.
cross() {
    local title=$1 triplet=$2 runner=$3
    shift 3
    if ! command -v "$triplet-gcc" >/dev/null || ! command -v "${runner%% *}" >/dev/null; then
        skip caller "$triplet-gcc and ${runner%% *} are not both here" "$title"
        return 1
    fi
    if ! build "$tmp/$triplet" "$triplet-gcc" -O2 -fno-optimize-sibling-calls -fno-inline -fno-ipa-icf "$@" 2>"$tmp/error"; then
        not_ok "$title builds" "$(cat "$tmp/error")"
        return 1
    fi
    cases "$title" "$tmp/$triplet" "$triplet-addr2line" "$runner"
}

arm=aarch64-linux-gnu
run_arm="qemu-aarch64 -L /usr/$arm"
for flags in "-fomit-frame-pointer" "-fno-omit-frame-pointer" "-mbranch-protection=standard"; do
    if cross "aarch64 $flags" $arm "$run_arm" "$flags"; then
        with_signals "aarch64 $flags" "$tmp/$arm" $arm-addr2line "$run_arm"
        with_threads "aarch64 $flags" "$tmp/$arm" $arm-addr2line "$run_arm"
    fi
done

z=s390x-linux-gnu
run_z="qemu-s390x -L /usr/$z"
for flags in "-fomit-frame-pointer" "-mbackchain"; do
    # A signal handler is the last frame there.
    cross "s390x $flags" $z "$run_z" "$flags" && with_threads "s390x $flags" "$tmp/$z" $z-addr2line "$run_z"
done

# A 64-bit kernel runs these itself; qemu-i386 hangs in threads.
x86=i686-linux-gnu
run_x86="/usr/$x86/lib/ld-linux.so.2 --library-path /usr/$x86/lib"
if $run_x86 --version >/dev/null 2>&1; then
    for flags in "-fomit-frame-pointer" "-fno-omit-frame-pointer -no-pie -fno-pie"; do
        # shellcheck disable=SC2086
        if cross "i386 $flags" $x86 "$run_x86" $flags; then
            with_signals "i386 $flags" "$tmp/$x86" $x86-addr2line "$run_x86"
            with_threads "i386 $flags" "$tmp/$x86" $x86-addr2line "$run_x86"
        fi
    done
else
    skip caller "no i386 program runs here" "i386"
fi

done_testing
