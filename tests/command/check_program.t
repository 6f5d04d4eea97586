#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2086 # Perl expressions and $ORIGIN stay as they are; lists of words are split
# check-program: what the library would see of programs that are built here, and of files that are no programs.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"

cc=${CC:-cc}
cd "$tmp" || exit 1
unset LD_LIBRARY_PATH

# Runs check-program under a deadline: $status, $out (with standard error behind it).
ask() {
    out=$(run_deadline 20 "$LG_COMMAND" check-program "$@" 2>&1)
    status=$?
}

# sees NAME STATUS TEXT PROGRAM...: the status, and TEXT in what it says.
sees() {
    sees_name=$1
    sees_status=$2
    sees_text=$3
    shift 3
    ask "$@"
    is "$sees_name: status" "$status" "$sees_status"
    like "$sees_name" "$out" "$sees_text"
}

# json EXPRESSION PROGRAM: a Perl expression over the object $_ of a program.
json() {
    json_expression=$1
    shift
    run_deadline 20 "$LG_COMMAND" check-program -f json "$@" 2>&1 |
        perl -MJSON::PP -ne '$_ = decode_json($_); $text = join " ", do { '"$json_expression"' }; print "$text\n"'
}

cat >net.c <<'EOF'
#include <sys/socket.h>
#include <unistd.h>
int main(void)
{
    setsockopt(77, 0, 0, 0, 0);
    return close(77) && 0;
}
EOF
echo 'int main(void) { return 0; }' >quiet.c

# --- programs of every kind

"$cc" -o dynamic net.c
sees "a dynamic program" 0 "dynamic: sees all: dynamic, glibc, " ./dynamic
like "its own imports" "$out" "imports close setsockopt"
is "a dynamic program: notes" "$(json '"@{$_->{notes}}"' ./dynamic)" ""
"$cc" -no-pie -o nopie net.c
sees "a program that is not position independent" 0 "sees all: dynamic" ./nopie
"$cc" -Wl,--hash-style=sysv -o sysv net.c
sees "a program with the old hash table only" 0 "imports close setsockopt" ./sysv
"$cc" -rdynamic -o exporting net.c
sees "a program that exports its symbols" 0 "imports close setsockopt" ./exporting
strip -o stripped dynamic
sees "a stripped program" 0 "imports close setsockopt" ./stripped
"$cc" -o quiet quiet.c
sees "a program without any of the calls" 0 "imports none of the interposed calls" ./quiet

# What no linker is needed for any more: section headers.
without_sections() {
    perl -e 'open my $f, "+<:raw", $ARGV[0] or die; read $f, my $h, 64; substr($h, 40, 8) = "\0" x 8;
             substr($h, 58, 6) = "\0" x 6; seek $f, 0, 0; print $f $h' "$1"
}
case $(json '"$_->{kind}{bits}$_->{kind}{byte_order}"' ./dynamic) in
64little)
    cp stripped bare && without_sections bare
    sees "a program without section headers" 0 "imports close setsockopt" ./bare
    ;;
*) skip elf64 "section headers are cut off 64-bit files only" "a program without section headers" ;;
esac

if "$cc" -static -no-pie -o static net.c 2>/dev/null; then
    sees "a static program" 3 "static: sees nothing: statically linked" ./static
    is "a static program: reasons" "$(json '"@{$_->{reasons}}"' ./static)" "static"
    is "a static program: linking" "$(json '$_->{linking}' ./static)" "static"
else
    skip static "no static libc" "a static program"
fi
if "$cc" -static-pie -o static-pie net.c 2>/dev/null; then
    sees "a static-pie program" 3 "sees nothing: statically linked (static-pie)" ./static-pie
    is "a static-pie program: linking" "$(json '$_->{linking}' ./static-pie)" "static-pie"
else
    skip static "no static-pie libc" "a static-pie program"
fi
if command -v musl-gcc >/dev/null; then
    musl-gcc -o musl net.c
    sees "a musl program" 0 "sees all: dynamic, musl, " ./musl
    like "a musl program's imports" "$out" "imports close setsockopt"
    is "a musl program: no library is missing" "$(json '"@{$_->{notes}}"' ./musl)" ""
    # Its loader's list of directories, beside the loader, is a FIFO: nothing is opened that waits.
    mkdir -p prefix/lib prefix/etc
    ln -s /lib/ld-musl-x86_64.so.1 prefix/lib/
    mkfifo prefix/etc/ld-musl-x86_64.path
    echo 'int dep;' | musl-gcc -shared -xc -o prefix/libdep.so -
    musl-gcc -Wl,--dynamic-linker="$tmp/prefix/lib/ld-musl-x86_64.so.1" -Wl,--no-as-needed -o musl-fifo net.c -Lprefix -ldep
    run_deadline 10 "$LG_COMMAND" check-program ./musl-fifo >/dev/null 2>&1
    check "a FIFO as musl's path file does not hold it up" test $? -ne 124
    musl-gcc -static -o musl-static net.c
    sees "a static musl program" 3 "statically linked" ./musl-static
else
    skip musl "musl-gcc is not installed" "a musl program"
fi
native=$(json '$_->{kind}{machine}' ./dynamic)
for cross in i686:i386:32 aarch64:aarch64:64; do
    prefix=${cross%%:*} rest=${cross#*:}
    if [ "${rest%:*}" = "$native" ]; then
        continue
    elif command -v "$prefix-linux-gnu-gcc" >/dev/null; then
        "$prefix-linux-gnu-gcc" -o "$prefix" net.c
        sees "a program for $prefix" 3 "sees nothing: ${rest#*:}-bit ${rest%:*}, the library is " "./$prefix"
        is "a program for $prefix: its imports are known all the same" "$(json '"@{$_->{imports}}"' "./$prefix")" \
            "close setsockopt"
    else
        skip cross "$prefix-linux-gnu-gcc is not installed" "a program for $prefix"
    fi
done
"$cc" -shared -fPIC -Wl,-soname,libnet.so -o libnet.so net.c
sees "a shared library" 2 "it is a shared library, not a program" ./libnet.so
"$cc" -c -o object.o net.c && chmod +x object.o
sees "an object file" 2 "it is an object file, not a program" ./object.o

# --- what makes the loader distrust its environment

owner=$(id -un)
cp dynamic setuid && chmod 4755 setuid
cp dynamic setgid && chmod 2755 setgid
cp dynamic lockbit && chmod 2745 lockbit
if [ -u setuid ] && ! findmnt -no OPTIONS -T "$tmp" 2>/dev/null | grep -qw nosuid; then
    sees "a setuid program" 3 \
        "sees nothing: setuid $owner: the loader ignores LD_PRELOAD (an entry in /etc/ld.so.preload works)" ./setuid
    is "a setuid program: json" "$(json '"$_->{setuid} @{$_->{reasons}}"' ./setuid)" "$owner setuid"
    sees "a setgid program" 3 "sees nothing: setgid $(id -gn): the loader ignores LD_PRELOAD" ./setgid
    sees "a setgid bit without the group's x is none" 0 "sees all" ./lockbit
    cp dynamic caps
    if PATH=$PATH:/usr/sbin:/sbin setcap cap_net_bind_service,cap_checkpoint_restore+ep caps 2>/dev/null; then
        sees "a program with file capabilities" 3 \
            "sees nothing: file capabilities (cap_net_bind_service cap_checkpoint_restore): the loader ignores" ./caps
        PATH=$PATH:/usr/sbin:/sbin setcap cap_net_raw+i caps
        sees "inheritable capabilities alone change nothing" 0 "sees all" ./caps
    else
        skip setcap "file capabilities cannot be set here" "a program with file capabilities"
    fi
    # In a mount namespace of its own, /etc has an ld.so.preload with the library.
    if [ -r "$LG_LIB" ] && unshare -m true 2>/dev/null && cp -a /etc etc 2>/dev/null; then
        echo "$LG_LIB" >etc/ld.so.preload
        out=$(unshare -m sh -c 'mount --bind etc /etc && exec "$@"' sh "$LG_COMMAND" check-program ./setuid 2>&1)
        is "a setuid program with /etc/ld.so.preload: status" "$?" 0
        like "a setuid program with /etc/ld.so.preload" "$out" "/etc/ld.so.preload has the library"
        echo "# $LG_LIB" >etc/ld.so.preload
        out=$(unshare -m sh -c 'mount --bind etc /etc && exec "$@"' sh "$LG_COMMAND" check-program ./setuid 2>&1)
        is "an entry that is commented out is none: status" "$?" 3
        like "an entry that is commented out is none" "$out" "sees nothing: setuid"
    else
        skip namespace "no mount namespace" "a setuid program with /etc/ld.so.preload"
    fi
else
    skip setuid "the set-user-ID bit has no effect in $tmp" "a setuid program"
fi

# --- Go

go_program() { # NAME SECTION FLAGS ALIGN SKIP: build information at SKIP bytes behind ALIGN
    cat >"$1.c" <<EOF
__asm__(".section $2, \"$3\"\n.balign $4\n.skip $5\n"
        ".byte 0xff\n.ascii \" Go buildinf:\"\n.byte 8, 2\n.skip 16\n.byte 8\n.ascii \"go1.19.8\"\n.previous\n");
int main(void) { return 0; }
EOF
    "$cc" -o "$1" "$1.c"
}
go_program go .go.buildinfo aw 16 16
sees "Go build information in its section" 3 \
    "sees nothing: built with Go: Go makes its own system calls" ./go
is "Go: json" "$(json '"$_->{go} @{$_->{reasons}}"' ./go)" "1 go"
go_program gohidden .data aw 16 48
sees "Go build information in a writable segment" 3 "built with Go: " ./gohidden
go_program gotext .rodata a 16 16
sees "the same bytes in constants are no build information" 0 "sees all" ./gotext
go_program gooff .data aw 16 8
sees "nor at another alignment" 0 "sees all" ./gooff
cat >gonote.c <<'EOF'
__asm__(".section .note.go.buildid, \"a\", %note\n.balign 4\n.long 4, 4, 4\n.ascii \"Go\\0\\0\"\n.ascii \"abcd\"\n"
        ".previous\n");
int main(void) { return 0; }
EOF
"$cc" -Wl,--build-id=none -o gonote gonote.c
sees "Go's note" 3 "sees nothing: built with Go: Go makes" ./gonote
if command -v go >/dev/null; then
    printf 'package main\n\nfunc main() {}\n' >real.go
    HOME=$tmp GOCACHE=$tmp/gocache GO111MODULE=off go build -o realgo real.go
    sees "a program of this machine's Go" 3 "built with Go: " ./realgo
    chmod -R u+w "$tmp/gocache"
else
    skip go "go is not installed" "a program of this machine's Go"
fi

# --- no libc
echo 'void _start(void) { for (;;) ; }' >bare.c
"$cc" -nostdlib -fno-stack-protector -fPIE -pie -o bare bare.c
sees "a dynamic program without a libc" 3 "sees nothing: no libc is loaded, without which the library does nothing" ./bare
libc=$(ldd /bin/true | awk '/libc\.so/ { print $3 }')
sees "libc itself as a program" 3 "sees nothing: no libc is loaded" "$libc"

# --- io_uring, syscall, own definitions

echo 'int io_uring_queue_init(void) { return 0; }' >uring.c
"$cc" -shared -fPIC -Wl,-soname,liburing.so.2 -o liburing.so.2 uring.c
echo 'int io_uring_queue_init(void); int main(void) { return io_uring_queue_init(); }' >useuring.c
origin='-Wl,-rpath,$ORIGIN'
"$cc" -o useuring useuring.c ./liburing.so.2 "$origin"
sees "a program that uses io_uring" 1 "sees part: uses io_uring: closes made through it are not seen; dynamic" ./useuring
echo 'int io_uring_queue_init(void); int wrap(void) { return io_uring_queue_init(); }' >wrapuring.c
"$cc" -shared -fPIC -Wl,-soname,libwrap.so -o libwrap.so wrapuring.c ./liburing.so.2 "$origin"
echo 'int wrap(void); int main(void) { return wrap(); }' >usewrap.c
"$cc" -o usewrap usewrap.c ./libwrap.so "$origin"
sees "a library that uses io_uring" 1 "sees part: uses io_uring (libwrap.so" ./usewrap
echo 'int __sys_io_uring_setup(void) { return 0; } int main(void) { return __sys_io_uring_setup(); }' >ownuring.c
"$cc" -o ownuring ownuring.c
sees "io_uring linked in statically" 1 "sees part: uses io_uring" ./ownuring
echo 'int not_io_uring_setup(void) { return 0; } int main(void) { return not_io_uring_setup(); }' >likeuring.c
"$cc" -o likeuring likeuring.c
sees "a name that only ends like io_uring's" 0 "sees all" ./likeuring
echo 'long syscall(long, ...); int main(void) { return (int)syscall(39) & 0; }' >raw.c
"$cc" -o raw raw.c
sees "a program that calls syscall()" 0 "note: it can make system calls through syscall()" ./raw
echo 'int close(int fd) { return fd; } int main(void) { return close(0); }' >owner.c
"$cc" -rdynamic -o owner owner.c
sees "a program that exports close itself" 1 "sees part: defines close itself" ./owner
echo 'int close(int fd) { return fd; } int main(void) { return 0; }' >unused.c
"$cc" -rdynamic -Wl,--hash-style=sysv -o owner-sysv unused.c
sees "the same with the old hash table only" 1 "sees part: defines close itself" ./owner-sysv

echo 'int closefrom(int fd) { return fd; } int main(void) { return closefrom(0); }' >ownfrom.c
"$cc" -rdynamic -o ownfrom ownfrom.c
sees "its own closefrom" 0 "note: it has its own closefrom: seen are the calls that these make in turn" ./ownfrom

# --- needed libraries

mkdir lib lib/deep
echo 'int setsockopt(); int bar(void) { return setsockopt(0, 0, 0, 0, 0); }' >bar.c
echo 'int bar(void); int close(int); int foo(void) { return bar() + close(77); }' >foo.c
echo 'int foo(void); int main(void) { return foo() & 0; }' >usefoo.c
"$cc" -w -shared -fPIC -Wl,-soname,libbar.so.2 -o lib/deep/libbar.so.2 bar.c
"$cc" -w -shared -fPIC -Wl,-soname,libfoo.so.1 -o lib/libfoo.so.1 foo.c lib/deep/libbar.so.2 \
    -Wl,--enable-new-dtags,-rpath,'${ORIGIN}/deep'
"$cc" -o usefoo usefoo.c lib/libfoo.so.1 -Wl,--enable-new-dtags,-rpath,'$ORIGIN/lib' -Wl,-rpath-link,lib/deep
sees "a library found beside the program" 0 "libfoo.so.1 imports close" -v ./usefoo
like "and one beside that library" "$out" "libbar.so.2 imports setsockopt"
like "a program that imports none itself" "$out" "sees all: dynamic, glibc, $native; libfoo"
is "where they were found" "$(json 'join " ", map { $_->{path} } grep { $_->{name} =~ /foo|bar/ } @{$_->{libraries}}' ./usefoo)" \
    "$tmp/lib/libfoo.so.1 $tmp/lib/deep/libbar.so.2"
ln -s "$tmp/usefoo" lib/elsewhere
sees "without -v libraries are counted" 0 "glibc, $native; 2 libraries import some" ./usefoo
sees "a link is not what rules match" 0 "rules match: exe $(realpath usefoo)" lib/elsewhere
is "nor in json" "$(json '$_->{exe}' lib/elsewhere)" "$(realpath usefoo)"
sees "through a symbolic link \$ORIGIN is where the program is" 0 "libfoo.so.1 imports close" -v lib/elsewhere
# DT_RUNPATH of a program is not for its libraries' libraries; DT_RPATH is.
"$cc" -w -shared -fPIC -Wl,-soname,libfoo.so.1 -o lib/deep/libfoo.so.1 foo.c lib/deep/libbar.so.2
for tags in enable disable; do
        "$cc" -o "tags-$tags" usefoo.c lib/deep/libfoo.so.1 "-Wl,--$tags-new-dtags,-rpath,\$ORIGIN/lib/deep" \
        -Wl,-rpath-link,lib/deep
done
sees "DT_RUNPATH is not inherited" 0 "note: not found, so not examined: libbar.so.2" ./tags-enable
sees "DT_RPATH is inherited" 0 "libbar.so.2 imports setsockopt" -v ./tags-disable
mkdir lib/other
"$cc" -w -shared -fPIC -Wl,-soname,libfoo.so.1 -o lib/other/libfoo.so.1 foo.c lib/deep/libbar.so.2 \
    -Wl,--enable-new-dtags,-rpath,/nosuch
"$cc" -o tags-both usefoo.c lib/other/libfoo.so.1 -Wl,-rpath-link,lib/deep \
    '-Wl,--disable-new-dtags,-rpath,$ORIGIN/lib/other:$ORIGIN/lib/deep'
sees "DT_RPATH of a program is not for a library with a DT_RUNPATH" 0 "not examined: libbar.so.2" ./tags-both
LD_LIBRARY_PATH=/nosuch:$tmp/lib/deep
export LD_LIBRARY_PATH
sees "LD_LIBRARY_PATH" 0 "libbar.so.2 imports setsockopt" -v ./tags-enable
if [ "$native" != aarch64 ] && command -v aarch64-linux-gnu-gcc >/dev/null; then
    mkdir foreign
    aarch64-linux-gnu-gcc -w -shared -fPIC -Wl,-soname,libbar.so.2 -o foreign/libbar.so.2 bar.c
    LD_LIBRARY_PATH=$tmp/foreign:$LD_LIBRARY_PATH
    is "a library for another machine is passed over" \
        "$(json 'map { $_->{path} } grep { $_->{name} =~ /bar/ } @{$_->{libraries}}' ./tags-enable)" \
        "$tmp/lib/deep/libbar.so.2"
else
    skip cross "aarch64-linux-gnu-gcc is not installed" "a library for another machine is passed over"
fi
unset LD_LIBRARY_PATH
printf 'garbage' >lib/deep/libbar.so.2
sees "a library that is no library" 0 "not found, so not examined: libbar.so.2" ./tags-disable

# The loader itself, asked for programs that this machine trusts anyway, finds the same files.
for program in /bin/sh /usr/bin/perl /usr/sbin/nginx /usr/bin/curl /usr/bin/python3 "$(command -v node)"; do
    if [ -x "$program" ] && command -v ldd >/dev/null; then
        wanted=$(ldd "$program" | awk '$2 == "=>" && $1 !~ /^ld-/ { print $1, $3 }' | sort)
        got=$(json 'join "\n", map { "$_->{name} $_->{path}" } grep { $_->{name} !~ /^ld-/ } @{$_->{libraries}}' \
            "$program" | sort)
        is "the libraries of $program are those of the loader" "$got" "$wanted"
    fi
done

# --- both classes, both byte orders, every kind of symbol table: the small files of the fuzz target

for file in "$LG_ROOT"/tests/fuzz/corpus/elf/dynamic-*; do
    cp "$file" small && chmod +x small
    is "the imports of ${file##*/}" "$(json '@{$_->{imports}}' ./small)" "close setsockopt"
    case $file in
    *-be-*) wanted=big ;;
    *) wanted=little ;;
    esac
    like "the byte order of ${file##*/}" "$(json '"$_->{kind}{byte_order}-$_->{kind}{bits}"' ./small)-" "$wanted-$(
        expr "$file" : '.*/dynamic-\([0-9]*\)'
    )-"
done
for file in "$LG_ROOT"/tests/fuzz/corpus/elf/go-*; do
    cp "$file" small && chmod +x small
    is "the mark of Go in ${file##*/}" "$(json '$_->{go}' ./small)" 1
done

# --- the list of calls

symbols=$(perl -0ne 's,/\*.*?\*/,,gs; s,#[^\n]*,,g; /global:(.*?)local:/s and print join " ", sort $1 =~ /\w+/g' \
    "$LG_ROOT/shim/call/exports.map")
{
    for symbol in $symbols; do
        printf 'extern char %s[];\n' "$symbol"
    done
    printf 'const char *volatile all[] = {'
    printf '%s, ' $symbols
    printf '0};\nint main(void) { return 0; }\n'
} >all.c
"$cc" -w -fno-builtin -fPIE -Wl,--unresolved-symbols=ignore-all -o all all.c
like "the export list has calls" " $symbols " " setsockopt "
is "every exported call is known, and no other" "$(json 'join " ", sort @{$_->{imports}}' ./all)" \
    "$(printf '%s\n' $symbols | LC_ALL=C sort | tr '\n' ' ' | sed 's/ $//')"

# --- scripts

interpreter=$tmp/dynamic
script() { # NAME FIRST-LINE
    printf '%s\nexit 0\n' "$2" >"$1"
    chmod +x "$1"
}
script plain "#!$interpreter -x"
sees "a script" 0 "plain: sees all: a script, run by $interpreter; dynamic" ./plain
mkdir bin
cp dynamic bin/lg-interpreter
PATH=$tmp/bin:$PATH
script byenv "#!/usr/bin/env lg-interpreter"
sees "a script by env" 0 "run by /usr/bin/env -> $tmp/bin/lg-interpreter; dynamic" ./byenv
is "a script by env: json" "$(json '"@{$_->{chain}}"' ./byenv)" "./byenv /usr/bin/env $tmp/bin/lg-interpreter"
script splitenv "#!/usr/bin/env -S A=1 lg-interpreter -x"
sees "a script by env -S" 0 "run by /usr/bin/env -> $tmp/bin/lg-interpreter" ./splitenv
script cleanenv "#!/usr/bin/env -S -i lg-interpreter"
sees "a script whose env drops LD_PRELOAD" 3 "env drop LD_PRELOAD" ./cleanenv
script wordsenv "#!/usr/bin/env lg-interpreter -x"
sees "two words without -S" 2 "env: lg-interpreter -x: not found in PATH (more than one word needs env -S)" ./wordsenv
script noenv "#!/usr/bin/env no-such-lg-program"
sees "an interpreter that env will not find" 2 "env: no-such-lg-program: not found in PATH" ./noenv
script nointerpreter "#!/nosuch/interpreter"
sees "an interpreter that is not there" 2 "/nosuch/interpreter: No such file or directory" ./nointerpreter
script empty '#!  '
sees "a first line without an interpreter" 2 "does not name an interpreter" ./empty
script long "#!/$(printf '%0300d' 0)"
sees "a first line that is too long" 2 "does not name an interpreter" ./long
[ -f static ] && {
    script tostatic "#!$tmp/static"
    sees "a script with a static interpreter" 3 "run by $tmp/static; statically linked" ./tostatic
}
if command -v node >/dev/null; then
    script bynode "#!/usr/bin/env node"
    sees "a script for node" 0 "-> $(command -v node); dynamic" ./bynode
else
    skip node "node is not installed" "a script for node"
fi
# Scripts that run scripts: as many as this kernel follows.
previous=$tmp/quiet
agree=yes
for depth in 1 2 3 4 5 6 7 8; do
    script "depth$depth" "#!$previous"
    previous=$tmp/depth$depth
    perl -e 'exec { $ARGV[0] } $ARGV[0]; exit 1' "./depth$depth" 2>/dev/null && wanted=0 || wanted=2
    ask "./depth$depth"
    [ "$status" = "$wanted" ] || agree="at depth $depth the kernel says $wanted, check-program $status"
done
is "scripts are followed as deep as the kernel follows them" "$agree" yes
script loop1 "#!$tmp/loop2"
script loop2 "#!$tmp/loop1"
sees "a loop of scripts" 2 "scripts run one another" ./loop1

# --- PATH

sees "a program of PATH" 0 "lg-interpreter: sees all" lg-interpreter
mkdir first first/lg-interpreter
out=$(PATH=$tmp/first::$PATH run_deadline 20 "$LG_COMMAND" check-program -f json lg-interpreter | grep -o '"path":"[^"]*"' | head -n 1)
is "a directory of that name in PATH is passed over" "$out" "\"path\":\"$tmp/bin/lg-interpreter\""
out=$(cd bin && PATH=/nosuch: "$LG_COMMAND" check-program lg-interpreter 2>&1)
like "an empty element of PATH is the current directory" "$out" "lg-interpreter: sees all"
sees "a name that PATH does not have" 2 "no-such-lg-program: not found in PATH" no-such-lg-program
sees "an empty name" 2 "not found in PATH" ""

# --- what is no program

sees "a file that is not there" 2 "./nosuch: No such file or directory" ./nosuch
sees "a directory" 2 "./lib: it is a directory" ./lib
mkfifo fifo && chmod +x fifo
sees "a FIFO does not block" 2 "it is a FIFO" ./fifo
perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "socket", Listen => 1) or die'
sees "a socket" 2 "it is a socket" ./socket
sees "a device" 2 "it is a device" /dev/null
: >nothing && chmod +x nothing
sees "an empty file" 2 "it is empty" ./nothing
echo 'just text' >text && chmod +x text
sees "a text file" 2 "neither an ELF program nor a script" ./text
cp dynamic notx && chmod 644 notx
sees "a program that is not executable" 2 "it is not executable" ./notx
ln -s ring ring
sees "a symbolic link to itself" 2 "ring: " ./ring
if [ "$(id -u)" -eq 0 ] && chmod 711 "$tmp" && cp dynamic noread && chmod 711 noread &&
    perl -e '$( = $) = 65534; $< = $> = 65534; exec @ARGV' "$LG_COMMAND" --version >/dev/null 2>&1; then
    out=$(perl -e '$( = $) = 65534; $< = $> = 65534; exec @ARGV' "$LG_COMMAND" check-program ./noread 2>&1)
    is "a program that may not be read: status" "$?" 2
    like "a program that may not be read" "$out" "it may not be read"
else
    skip root "needs root to become somebody else" "a program that may not be read"
fi

# Cut off anywhere, it is an error and never a crash.
wrong=
for bytes in 1 3 4 5 15 16 17 51 52 63 64 65 100 119 120 176 500 800 1000 2000 4000 8000; do
    head -c "$bytes" dynamic >part && chmod +x part
    ask ./part
    [ "$status" -eq 2 ] || wrong="$wrong $bytes:$status"
done
is "a program that is cut off" "$wrong" ""
head -c 1000 dynamic >part
sees "a program that is cut off says so" 2 "cut off: " ./part
# Every single byte of the headers and the dynamic section turned over: any answer, no crash, no hang.
wrong=$(perl -e 'my ($command) = @ARGV; local $/; open my $f, "<:raw", "stripped" or die; my $good = <$f>;
    for (my $i = 4; $i < 1000; $i += 7) {
        my $bad = $good; substr($bad, $i, 1) = chr(ord(substr $bad, $i, 1) ^ 0xff);
        open my $o, ">:raw", "flipped" or die; print $o $bad; close $o; chmod 0755, "flipped";
        system("timeout 20 $command check-program ./flipped >/dev/null 2>&1");
        my $status = $? & 127 ? "signal" : $? >> 8;
        print "$i:$status " unless $status =~ /^[0-3]$/; }' "$LG_COMMAND")
is "a program with a wrong byte" "$wrong" ""
# A file as large as its headers claim, all holes: 4 million symbols, 512 libraries that are the file itself.
cat >huge.pl <<'EOF'
my $names = join "", map { "\0" . "./" x ($_ + 1) . "huge" } 0 .. 511;
my ($at, @dynamic) = (1, [5, 0x10000000], [10, 64 << 20], [6, 0x20000000], [4, 0x40000000]);
while ($names =~ /\0([^\0]+)/g) { push @dynamic, [1, $at]; $at += 1 + length $1 }
my $dynamic = join "", map { pack "Q<Q<", @$_ } @dynamic, [29, $at], [0, 0];
sub segment { pack "VVQ<Q<Q<Q<Q<Q<", $_[0], $_[1], $_[2], $_[2], $_[2], $_[3], $_[3], 4096 }
open my $file, "+<:raw", "huge" or die;
read $file, my $header, 64; # class, byte order and machine of this machine
my $path = $ARGV[0];
seek $file, 0, 0;
print $file substr($header, 0, 24), pack("Q<Q<Q<", 64, 64, 0x70000000), pack("Vv6", 0, 64, 56, 3, 64, 50000, 0);
print $file segment(3, 4, 512, 1 + length $path), segment(1, 6, 0, 8 << 30), segment(2, 6, 4096, length $dynamic);
for ([512, "$path\0"], [4096, $dynamic], [0x10000000, $names . "\0" . ":zzzzzzzz" x 100000], [0x40000000, pack "VV", 1, 4 << 20]) {
    seek $file, $_->[0], 0;
    print $file $_->[1];
}
truncate $file, 8 << 30;
EOF
case $(json '"$_->{kind}{bits}$_->{kind}{byte_order}"' ./dynamic) in
64little)
    cp dynamic huge
    if perl huge.pl "$(json '$_->{interpreter}' ./dynamic)" 2>/dev/null; then
        sees "a hostile file is examined in bounded time" 0 "its libraries are too many or too large" ./huge
    else
        skip sparse "no file of 8 GiB with holes can be made here" "a hostile file is examined in bounded time"
    fi
    rm -f huge
    ;;
*) skip elf64 "it is made as a 64-bit file only" "a hostile file is examined in bounded time" ;;
esac
# Names with control characters do not reach the terminal.
perl -e 'local $/; open my $f, "<:raw", "usefoo" or die; $_ = <$f>; s{libfoo\.so\.1}{lib\e[2J\n\xffab}; print' >evil
chmod +x evil
ask ./evil
like "a library's name with control characters is shown without them" "$out" "examined: lib?[2J?"
unlike "a library's name with control characters" "$out" "$(printf '\033')"
is "a library's name that is not UTF-8 still gives one line of json" "$(json '$_->{sees}' ./evil)" all

# --- the command line

sees "no program" 2 "missing PROGRAM"
sees "an unknown format" 2 "did you mean 'json'" -f jsn ./dynamic
sees "an unknown option" 2 "--fromat" --fromat ./dynamic
sees "help" 0 "Usage: lingerguard check-program" --help
ask ./dynamic ./nosuch ./useuring
is "an error among several programs wins" "$status" 2
[ -f static ] && {
    ask ./nosuch ./static
    is "an error is worse than nothing" "$status" 2
}
ask ./dynamic ./useuring
is "part is worse than all" "$status" 1
if [ -f static ]; then
    ask ./useuring ./static ./dynamic
    is "nothing is worse than part" "$status" 3
    is "several programs, one line each" "$(printf '%s\n' "$out" | grep -c ': sees ')" 3
fi
is "several programs as json, errors in their place" "$(json '$_->{sees} // $_->{error}' ./dynamic ./nosuch ./useuring | tr '\n' ' ')" \
    "all No such file or directory part "

# --- the library's version, which is read from its file

if [ -r "$LG_LIB" ]; then
    version=$("$LG_COMMAND" --version | sed 's/.* //')
    is "strings shows the version of the library" "$(strings "$LG_LIB" | grep -c "^liblingerguard $version\$")" 1
    ask ./dynamic
    like "the library and its version" "$out" "/liblingerguard.so, version $version"
    unlike "a library of the command's own version" "$out" "warning"
    is "its version as json" "$(json '$_->{library_version}' ./dynamic)" "$version"
    mkdir other
    cp "$LG_COMMAND" other/
    perl -pe 's/liblingerguard \Q'"$version"'\E\0/liblingerguard 9.8.7\0/' "$LG_LIB" >other/liblingerguard.so
    out=$(other/lingerguard check-program ./dynamic 2>&1)
    like "a library of another version" "$out" "liblingerguard.so is of version 9.8.7, and this command of $version"
    like "a library of another version is shown" "$out" "liblingerguard.so, version 9.8.7"
    perl -pe 's/liblingerguard \Q'"$version"'\E\0/liblingerguard (what)\0/' "$LG_LIB" >other/liblingerguard.so
    out=$(other/lingerguard check-program ./dynamic 2>&1)
    like "a library without a version" "$out" "liblingerguard.so does not say its version"
    unlike "a library without a version is not shown with one" "$out" "library: "
else
    skip library "liblingerguard.so is not built" "the library's version"
fi

# --- the warning of run

if [ -r "$LG_LIB" ]; then
    if [ -f static ]; then
        out=$("$LG_COMMAND" run -l off ./static 2>&1)
        is "run of a static program warns once" "$out" \
            "lingerguard: warning: ./static: the library sees nothing: statically linked"
    fi
    out=$("$LG_COMMAND" run -l off ./dynamic 2>&1)
    is "run of a program that it sees says nothing" "$out" ""
else
    skip library "liblingerguard.so is not built" "the warning of run"
fi

done_testing
