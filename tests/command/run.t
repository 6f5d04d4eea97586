#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard run: what COMMAND gets, and everything that keeps it from being started.
# shellcheck disable=SC2016 # the inner shell expands
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/command/answer.sh
. "$(dirname "$0")/answer.sh"

cd "$tmp" || exit 1
echo 'drain 2s local :8080' >good
printf 'alow\ndrain 2s\nlinger\n' >bad
mkdir directory

# The program and its arguments
answer "$LG_COMMAND" run printf '<%s>' 'a b' '' '*' -p --strict -- '$HOME'
is "arguments arrive as they are, options among them" "$out" '<a b><><*><-p><--strict><--><$HOME>'
answer "$LG_COMMAND" run -- printf '<%s>' --help
is "what follows -- is the command" "$out" '<--help>'
answer "$LG_COMMAND" run --strict -f json -- sh -c 'exit 37'
answers "the exit status is that of the command" 37
answer "$LG_COMMAND" run sh -c 'kill -TERM $$'
answers "a signal that ends the command is seen" 143
is "the process stays the same" \
    "$(sh -c 'echo $$; exec "$LG_COMMAND" run -p good sh -c "echo \$\$"' | uniq | wc -l | tr -d ' ')" 1
answer sh -c 'echo text | "$LG_COMMAND" run cat'
is "standard input is that of the command" "$out" text
printf '#!/bin/sh\necho "script $1"\n' >script
chmod +x script
answer "$LG_COMMAND" run ./script argument
is "a script runs" "$out" "script argument"
printf 'echo "plain $1"\n' >plain
chmod +x plain
answer "$LG_COMMAND" run ./plain argument
is "a script without an interpreter runs in the shell, as with env" "$out" "plain argument"

# Descriptors
descriptors='ls /proc/$$/fd'
# without the library, which holds its log
is "no descriptor is left open" \
    "$(LINGERGUARD_OFF=1 "$LG_COMMAND" run -p good -l ./log sh -c "$descriptors" 2>/dev/null)" "$(sh -c "$descriptors")"
answer sh -c '"$LG_COMMAND" run sh -c "test ! -e /proc/\$\$/fd/1" >&-'
answers "a closed standard output stays closed" 0
answer sh -c '"$LG_COMMAND" run -p good sh -c "test ! -e /proc/\$\$/fd/0" <&-'
answers "a closed standard input stays closed" 0

# The environment
answer "$LG_COMMAND" run env
unlike "no variable is set that was not asked for" "$out" LINGERGUARD_
answer env LINGERGUARD_RULES=allow LINGERGUARD_FORMAT=text "$LG_COMMAND" run -f json env
like "what no option sets is kept" "$out" LINGERGUARD_RULES=allow
like "an option wins over the environment" "$out" LINGERGUARD_FORMAT=json
answer "$LG_COMMAND" run -p good -r 'allow; observe' -l ./log -f json --strict env
like "-p sets LINGERGUARD_POLICY, absolute" "$out" "LINGERGUARD_POLICY=$tmp/good"
like "-r sets LINGERGUARD_RULES" "$out" "LINGERGUARD_RULES=allow; observe"
like "-l sets LINGERGUARD_LOG, absolute" "$out" "LINGERGUARD_LOG=$tmp/./log"
like "-f sets LINGERGUARD_FORMAT" "$out" LINGERGUARD_FORMAT=json
like "--strict sets LINGERGUARD_STRICT" "$out" LINGERGUARD_STRICT=1
answer "$LG_COMMAND" run --policy=good --rules=observe --log=off --format=text env
like "--policy is -p" "$out" "LINGERGUARD_POLICY=$tmp/good"
like "--rules is -r" "$out" LINGERGUARD_RULES=observe
like "--log is -l" "$out" LINGERGUARD_LOG=off
like "--format is -f" "$out" LINGERGUARD_FORMAT=text
for log in stderr off syslog /dev/null; do
    answer "$LG_COMMAND" run -l "$log" env
    like "-l $log is taken as it is" "$out" "LINGERGUARD_LOG=$log"
done

# What does not run
answer "$LG_COMMAND" run ./no-such-program
answers "a program that is not there exits 127" 127
is "a program that is not there is named" "$err" "lingerguard: './no-such-program': No such file or directory"
# a directory of PATH that may not be searched would make it 126, with env too
answer env PATH=/usr/bin:/bin "$LG_COMMAND" run no-such-program-in-path
answers "a program that is not in PATH exits 127" 127
answer "$LG_COMMAND" run ./good
answers "a file that is not executable exits 126" 126
is "a file that is not executable is named" "$err" "lingerguard: './good': Permission denied"
answer "$LG_COMMAND" run ./directory
answers "a directory exits 126" 126
for program in ./no-such-program ./good ./directory no-such-program-in-path; do
    env "$program" 2>/dev/null
    wanted=$?
    answer "$LG_COMMAND" run "$program"
    answers "$program exits as with env" "$wanted"
done
answer "$LG_COMMAND" run
answers "no command exits 2" 2
like "no command says so" "$err" "lingerguard: run: missing COMMAND"
answer "$LG_COMMAND" run -p good --
answers "nothing behind -- exits 2" 2

# starts_nothing NAME MESSAGE OPTION...: exit 2 with the message, and the command is not run.
starts_nothing() {
    name=$1 message=$2
    shift 2
    answer "$LG_COMMAND" run "$@" touch started
    answers "$name exits 2" 2
    like "$name says so" "$err" "$message"
    silent "$name writes no output" stdout
    if [ -e started ]; then
        not_ok "$name starts nothing"
        rm -f started
    else
        ok "$name starts nothing"
    fi
}
starts_nothing "a policy with errors" "bad:1:1: error: " -p bad
like "the last error is shown too" "$err" "bad:3:7: error: "
like "the line of the error is shown" "$err" "    alow
    ^~~~"
like "the nearest keyword is suggested" "$err" 'did you mean "allow"?'
like "the errors are counted" "$err" "bad: 2 errors"
starts_nothing "a text with errors" "rules:2:2: error: " -r 'allow; dran 2s'
starts_nothing "errors in both" "rules:1:1: error: " -r 'alow' -p bad
like "the errors of the file are shown behind those of the text" "$err" "bad:1:1: error: "
starts_nothing "a policy that is not there" "lingerguard: policy 'missing': No such file or directory" -p missing
starts_nothing "a policy that is a directory" "lingerguard: policy 'directory': Is a directory" -p directory
starts_nothing "an empty policy path" "lingerguard: policy '': No such file or directory" -p ''
mkfifo fifo
starts_nothing "a policy that is a pipe" "lingerguard: policy 'fifo': not a regular file" -p fifo
starts_nothing "a policy that is a device" "lingerguard: policy '/dev/null': not a regular file" -p /dev/null
{
    echo observe
    dd if=/dev/zero bs=1024 count=1024 2>/dev/null | tr '\0' '#'
} >large
starts_nothing "a policy that is too large" "lingerguard: policy 'large': larger than 1048576 bytes" -p large
starts_nothing "an unknown format" "lingerguard: run: format: unknown value 'jsn'; did you mean 'json'?" -f jsn
starts_nothing "a format like no other" "unknown value 'xml'; expected text or json" -f xml
starts_nothing "a log without a slash" "log 'aborts.log' is not stderr, off or syslog; for a file, write './aborts.log'" -l aborts.log
starts_nothing "a misspelt log" "did you mean 'syslog'?" -l sylog
starts_nothing "a log in a directory that is not there" "lingerguard: log './missing/log': No such file or directory" -l ./missing/log
starts_nothing "a log that is a directory" "lingerguard: log './directory': Is a directory" -l ./directory
starts_nothing "an unknown option" "unknown option '--stict'; did you mean '--strict'?" --stict

# Where the permission check would not bite
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    chmod 755 "$tmp"
    chmod 600 good
    answer setpriv --reuid=65534 --clear-groups "$LG_COMMAND" run -p good true
    if [ "$status" = 2 ]; then
        like "a policy that may not be read says so" "$err" "lingerguard: policy 'good': Permission denied"
    else
        skip setpriv "the command is not reachable for another user: $err" "a policy that may not be read says so"
    fi
    chmod 644 good
else
    skip setpriv "needs root and setpriv" "a policy that may not be read says so"
fi

# Warnings
answer env LINGERGUARD_OFF=1 "$LG_COMMAND" run true
answers "a library that is switched off runs the command" 0
like "a library that is switched off is warned about" "$err" "lingerguard: warning: LINGERGUARD_OFF=1 is set"
answer env LINGERGUARD_OFF=1 "$LG_COMMAND" run -l ./untouched true
check "a log that is not there yet is left to the library" test ! -e untouched
answer "$LG_COMMAND" run true
silent "an ordinary program gets no warning" stderr
echo 'int main(void) { return 7; }' >static.c
if "${CC:-cc}" -static -o static static.c 2>cc.err; then
    answer "$LG_COMMAND" run ./static
    answers "a static program runs all the same" 7
    like "a static program is warned about" "$err" "lingerguard: warning: "
    like "the warning names it" "$err" "./static"
    is "the warning is one line" "$(wc -l <answer.err | tr -d ' ')" 1
else
    skip static "no static libc: $(head -n 1 cc.err)" "a static program is warned about"
fi

done_testing
