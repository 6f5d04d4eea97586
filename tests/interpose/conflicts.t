#!/bin/sh
# SPDX-License-Identifier: MIT
# What broke in other preload libraries, and what nothing may break: a program starts, runs and speaks as without it.
# "row N" is that report in the list that these tests were made from.
# shellcheck disable=SC2016 # the shell inside expands
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

conflict=$LG_TESTS/interpose/conflict
abort_once=$LG_TESTS/abi/abort_once
chmod 755 "$tmp"
# In a place that every user can reach.
cp "$LG_LIB" "$tmp/lib.so"
lib=$tmp/lib.so

# under_preload LIBRARIES COMMAND... : as the shell says it, with /etc/ld.so.preload in a namespace of its own
under_preload() {
    printf '%s\n' "$1" >"$tmp/ld.so.preload"
    shift
    run_deadline 60 unshare --mount sh -c 'mount -t tmpfs tmpfs /mnt && cp -a /etc /mnt/ && cp "$1/ld.so.preload" /mnt/etc/ &&
        mount --bind /mnt/etc /etc && shift && exec "$@"' sh "$tmp" "$@" 2>&1
}
can_preload=$(under_preload '' echo yes)

# everywhere NAME WANTED COMMAND... : the whole output, by each way in which a library gets into a program
everywhere() {
    name=$1 wanted=$2
    shift 2
    is "$name: bare" "$(run_deadline 60 "$@" 2>&1)" "$wanted"
    is "$name: LD_PRELOAD" "$(LD_PRELOAD=$lib run_deadline 60 "$@" 2>&1)" "$wanted"
    is "$name: LD_PRELOAD and LD_BIND_NOW=1" "$(LD_BIND_NOW=1 LD_PRELOAD=$lib run_deadline 60 "$@" 2>&1)" "$wanted"
    if [ "$can_preload" = yes ]; then
        is "$name: /etc/ld.so.preload" "$(under_preload "$lib" "$@")" "$wanted"
    else
        skip mountns "a mount namespace needs root" "$name: /etc/ld.so.preload"
    fi
}

# ---- No libc to stand in front of ----

case $(uname -m) in
x86_64)
    cat >"$tmp/no_libc.c" <<'END'
static long sys(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}
int close(int);
int fcntl(int, int, ...);
int posix_spawn(int *, const char *, void *, void *, void *, void *);
int unshare(int);
#pragma weak close
#pragma weak fcntl
#pragma weak posix_spawn
#pragma weak unshare
void start(void);
void start(void)
{
    /* With the library there is a close, and nothing else. */
    if (close && (close(-1) != -1 || close(0) != 0 || fcntl(0, 1) != -1 || posix_spawn(0, "", 0, 0, 0, 0) != 38 || unshare(0) != -1))
        sys(231, 1, 0, 0);
    sys(1, 1, (long)"no libc ran\n", 12);
    sys(231, 0, 0, 0);
}
__asm__(".globl _start\n_start: andq $-16, %rsp\ncall start\n");
END
    "${CC:-cc}" -O1 -nostdlib -fno-stack-protector -fPIE -pie -Wl,--dynamic-list-data -Wl,-z,dynamic-undefined-weak -o "$tmp/no_libc" "$tmp/no_libc.c" ||
        not_ok "a program without a libc is built"
    everywhere "row 1: a program without a libc" "no libc ran" "$tmp/no_libc"
    ;;
*) skip machine "the program is x86-64 code" "row 1: a program without a libc" ;;
esac

if command -v go >/dev/null; then
    printf 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("go ran") }\n' >"$tmp/hello.go"
    CGO_ENABLED=0 GOFLAGS=-mod=mod GOCACHE=$tmp/go GOPATH=$tmp/gopath HOME=$tmp run_deadline 240 go build -buildmode=pie -o "$tmp/hello" "$tmp/hello.go" ||
        not_ok "a Go program is built"
    everywhere "row 1: Go, position-independent and without cgo" "go ran" "$tmp/hello"
else
    skip golang "go is not installed" "row 1: Go"
fi

libc=$(ldd /bin/true | awk '/libc\.so/ { print $3 }')
everywhere "row 2: libc.so.6 as a program" "$("$libc")" "$libc"
everywhere "the loader as a program" "$("$(readelf -lW /bin/true | sed -n 's/.*interpreter: \(.*\)]/\1/p')" --version)" \
    "$(readelf -lW /bin/true | sed -n 's/.*interpreter: \(.*\)]/\1/p')" --version

# ---- What a program has of its own ----

"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -no-pie -fno-pie -o "$tmp/fixed" "$LG_ROOT/tests/interpose/conflict.c" || not_ok "a program that is not position-independent is built"
is "row 4: environ is a copy in the executable: variables are seen" \
    "$(LINGERGUARD_RULES=allow LD_PRELOAD=$lib run_deadline 20 "$tmp/fixed" environ 2>&1)" "1 RST"
is "row 4: and without them there is the built-in policy" \
    "$(LINGERGUARD_LOG=off LD_PRELOAD=$lib run_deadline 20 "$tmp/fixed" environ 2>&1)" "1 EOF"

if [ "$(id -u)" = 0 ]; then
    is "row 6: another user and not dumpable: no word but the two records" \
        "$(LD_PRELOAD=$lib run_deadline 20 setpriv --reuid=65534 --regid=65534 --clear-groups "$conflict" not-dumpable 2>"$tmp/err"; grep -c linger-zero "$tmp/err"; wc -l <"$tmp/err")" \
        "EOF
2
2"
else
    skip root "needs another user" "row 6"
fi
is "row 25: libc's own close, found by dlopen: the setsockopt has disarmed it" \
    "$(LINGERGUARD_LOG=off LD_PRELOAD=$lib run_deadline 20 "$conflict" around 2>&1)" "EOF"

# ---- The file of the library ----

cp "$lib" "$tmp/cut.so"
LD_PRELOAD=$tmp/cut.so run_deadline 20 "$conflict" truncated "$tmp/cut.so" >"$tmp/out" 2>&1
is "row 14: the file loses its content while it is mapped: the program dies at once" "$?" 135
cp "$lib" "$tmp/replaced.so"
in_background many env LD_PRELOAD="$tmp/replaced.so" LINGERGUARD_LOG=off "$conflict" many 3000
replacing=0
while kill -0 "$pid" 2>/dev/null && [ $replacing -lt 300 ]; do
    cp "$lib" "$tmp/new.so" && mv "$tmp/new.so" "$tmp/replaced.so"
    replacing=$((replacing + 1))
done
wait_until 60 tap_is_gone "$pid"
is "row 15: the file is replaced by a rename while it is in use" "$(cat "$tmp/many.out" "$tmp/many.err")" EOF

if [ "$can_preload" = yes ]; then
    LINGERGUARD_FORMAT=json under_preload "$lib" env LD_PRELOAD="$lib" "$abort_once" >"$tmp/out"
    is "row 13: named by LD_PRELOAD and /etc/ld.so.preload: once" "$(sed '/^{/!q' "$tmp/out" | grep -c '"cause"')" 2
    is "row 13: and by two variables of the environment, the last of which counts" \
        "$(run_deadline 20 env LD_PRELOAD= LD_PRELOAD="$lib" "$abort_once" 2>/dev/null)" EOF
    # The loader takes $LIB for the folder of each kind of program.
    if command -v i686-linux-gnu-gcc >/dev/null && [ -e /lib/ld-linux.so.2 ] &&
        make -s -C "$LG_ROOT" lib CC=i686-linux-gnu-gcc BUILD="$tmp/i386" CFLAGS=-O1 >"$tmp/i386.log" 2>&1; then
        i686-linux-gnu-gcc -o "$tmp/abort32" "$LG_ROOT/tests/abi/abort_once.c"
        folder() { # PROGRAM : what $LIB is to it
            LD_DEBUG=libs LD_LIBRARY_PATH="$tmp/folder/\$LIB" "$1" 2>&1 |
                sed -n "s,.*search path=.*$tmp/folder/\([^:[:space:]]*\)[[:space:]].*(LD_LIBRARY_PATH).*,\1,p" | head -n 1
        }
        wide=$(folder "$abort_once") narrow=$(folder "$tmp/abort32")
        mkdir -p "$tmp/folder/$wide" "$tmp/folder/$narrow"
        cp "$lib" "$tmp/folder/$wide/lg.so"
        cp "$tmp/i386/liblingerguard.so" "$tmp/folder/$narrow/lg.so"
        is "row 8: \$LIB in the entry ($wide, $narrow): both kinds of program, and no word" \
            "$(under_preload "$tmp/folder/\$LIB/lg.so" env LINGERGUARD_LOG=off sh -c '"$1"; "$2"; true' sh "$abort_once" "$tmp/abort32" | tr '\n' ' ')" "EOF EOF "
    else
        skip i386 "no compiler or libc for i386" "row 8: \$LIB"
    fi
else
    skip mountns "a mount namespace needs root" "rows 8 and 13"
fi

# ---- Other libraries ----

cat >"$tmp/unchained.c" <<'END'
#include <sys/syscall.h>
#include <unistd.h>
int close(int fd)
{
    return (int)syscall(SYS_close, fd);
}
END
"${CC:-cc}" -shared -fPIC -o "$tmp/unchained.so" "$tmp/unchained.c"
for order in "$tmp/unchained.so:$lib" "$lib:$tmp/unchained.so"; do
    is "row 26: with a library that defines close and does not go on to ours (${order##*/})" \
        "$(LINGERGUARD_LOG=off LD_PRELOAD=$order run_deadline 20 "$conflict" many 50 2>&1)" EOF
done
is "row 24: a storm of forks" "$(LINGERGUARD_LOG=off LD_PRELOAD=$lib run_deadline 60 "$conflict" fork-storm 2>&1)" "0 failed"
jemalloc=$(ls /usr/lib/*/libjemalloc.so.2 2>/dev/null)
if [ -n "$jemalloc" ]; then
    for order in "$jemalloc:$lib" "$lib:$jemalloc"; do
        is "row 24: with jemalloc (${order##*/} last)" \
            "$(LINGERGUARD_LOG=off LD_PRELOAD=$order run_deadline 60 "$conflict" fork-storm 2>&1)" "0 failed"
    done
else
    skip jemalloc "libjemalloc2 is not installed" "row 24: with jemalloc"
fi

# same NAME COMMAND... : with the library the same output and the same end
same() {
    name=$1
    shift
    bare=$(run_deadline 60 "$@" 2>&1; echo "status $?")
    with=$(LD_PRELOAD=$lib run_deadline 60 "$@" 2>&1; echo "status $?")
    is "$name" "$with" "$bare"
}
if command -v file >/dev/null; then
    same "row 19: file, in its sandbox" file "$lib" /bin/sh /etc/passwd
    same "row 19: file -z, in its sandbox" file -z "$lib"
else
    skip file "file is not installed" "row 19: file"
fi
if command -v man >/dev/null; then
    same "row 19: man, in its sandbox" man -P cat -l "$LG_ROOT/shim/liblingerguard.7"
else
    skip man "man is not installed" "row 19: man"
fi

done_testing
