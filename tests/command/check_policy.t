#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard check-policy: all errors, the canonical form, and its exit status.
# shellcheck disable=SC2016 # the inner shell expands
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/command/answer.sh
. "$(dirname "$0")/answer.sh"

cd "$tmp" || exit 1
cat >good <<'EOF'
# where records go
format   json ; limit 100/s

allow exe /usr/sbin/haproxy   role connected
reject  on linger-zero,disconnect  peer 10.0.0.0/8
drain 2000ms local :8080-8080   # the same port twice
orderly within 60s quiet
EOF
printf 'alow\n\ndrain 2s\nlinger\n' >bad
echo allow >one

answer "$LG_COMMAND" check-policy good
answers "a good policy exits 0" 0
like "a good policy is reported with its rules" "$out" "good: ok, 4 rules; policy "
silent "a good policy says nothing on stderr" stderr
echo "format json; observe" >observing
answer "$LG_COMMAND" check-policy observing
"$LG_COMMAND" run -p observing -l "$tmp/log" perl -e '
    use Socket; socket my $listener, PF_INET, SOCK_STREAM, 0 or die; listen $listener, 1;
    socket my $client, PF_INET, SOCK_STREAM, 0; connect $client, getsockname $listener or die;
    setsockopt $client, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0); close $client'
is "the digest is that of the records" "$(sed -n 's/.*"policy":"\([^"]*\)".*/\1/p' log | sort -u)" "${out##* }"
answer "$LG_COMMAND" check-policy one
like "one rule is not rules" "$out" "one: ok, 1 rule; policy "
answer "$LG_COMMAND" check-policy /dev/null
like "an empty policy is good" "$out" "/dev/null: ok, 0 rules; policy "

answer "$LG_COMMAND" check-policy bad
answers "a policy with errors exits 2" 2
silent "a policy with errors writes no output" stdout
is "all errors are shown, with place, line, mark and suggestion, and counted" \
    "$(printf '%s\n' "$err" | sed 's/error: .*\(; did you mean\)/error: ...\1/; s/error: missing.*/error: missing.../')" \
    'bad:1:1: error: ...; did you mean "allow"?
    alow
    ^~~~
bad:4:7: error: missing...
    linger
          ^
bad: 2 errors'
answer "$LG_COMMAND" check-policy -n bad
answers "a policy with errors has no canonical form" 2
silent "nothing of it is printed" stdout

answer "$LG_COMMAND" check-policy -n good
answers "-n exits 0" 0
is "-n prints the canonical form" "$out" "format json
limit 100/s
allow exe /usr/sbin/haproxy role connected
reject EPERM on linger-zero,disconnect peer 10.0.0.0/8
drain 2s local :8080
orderly within 1m quiet"
printf '%s\n' "$out" >canonical
answer "$LG_COMMAND" check-policy --normalize canonical
is "the canonical form of the canonical form is the same" "$out" "$(cat canonical)"
answer "$LG_COMMAND" check-policy -n good one
printf '%s\n' "$out" >both
is "of several policies each is named in a comment" "$(grep '^#' both)" "# good
# one"
answer sh -c 'cat "$1" | "$LG_COMMAND" check-policy -n -' sh good
is "- is standard input" "$out" "$(cat canonical)"
answer sh -c 'echo alow | "$LG_COMMAND" check-policy -'
like "errors of standard input name it" "$err" "stdin:1:1: error: "

answer "$LG_COMMAND" check-policy -r 'observe role connected; drain 2s local :80'
answers "-r checks a text" 0
like "a text is reported with its rules" "$out" "rules: ok, 2 rules; policy "
answer "$LG_COMMAND" check-policy -r 'observe; dran 2s' --rules 'alow'
answers "a text with errors exits 2" 2
like "each ; of a text counts as a line" "$err" "rules:2:2: error: "
like "a second text is checked too" "$err" "rules:1:1: error: "

answer "$LG_COMMAND" check-policy bad missing good
answers "one bad policy of several exits 2" 2
like "a bad one does not hide the others" "$out" "good: ok, 4 rules"
like "a missing one is named" "$err" "lingerguard: policy 'missing': No such file or directory"
answer "$LG_COMMAND" check-policy .
answers "a directory exits 2" 2
like "a directory is named" "$err" "lingerguard: policy '.': Is a directory"
if [ -e /etc/lingerguard/policy ]; then
    skip etc "/etc/lingerguard/policy is there" "no policy at all"
else
    answer "$LG_COMMAND" check-policy
    answers "no policy exits 2" 2
    like "no policy says so" "$err" "lingerguard: check-policy: missing FILE; there is no /etc/lingerguard/policy"
fi
answer env LINGERGUARD_POLICY="$tmp/good" LINGERGUARD_RULES=allow "$LG_COMMAND" check-policy
answers "without a file it checks what the library would use" 0
is "the rules and the file" "$(printf '%s\n' "$out" | sed 's/;.*//')" "rules: ok, 1 rule
$tmp/good: ok, 4 rules"
answer env LINGERGUARD_POLICY="$tmp/bad" "$LG_COMMAND" check-policy
answers "an error in it exits 2" 2
answer env LINGERGUARD_POLICY="$tmp/bad" "$LG_COMMAND" check-policy good
answers "with a file it asks nothing else" 0

# Warnings
answer "$LG_COMMAND" check-policy -r 'orderly; allow role connected'
answers "a warning is no error" 0
like "a rule that never decides is shown, with its place" "$err" "rules:2:2: warning: rule that never decides"
like "and counted" "$out" "rules: ok, 2 rules, 1 warning; policy "
answer "$LG_COMMAND" check-policy -s -r 'orderly; allow role connected'
answers "with --strict it exits 1" 1
answer "$LG_COMMAND" check-policy --strict good
answers "nothing to warn of exits 0" 0
answer "$LG_COMMAND" check-policy -n -r 'orderly; allow role connected'
is "the canonical form is printed all the same" "$out" "orderly
allow role connected"
mkdir bin
cp /bin/true bin/real-1.2
ln -s real-1.2 bin/linked
answer env PATH="$tmp/bin:$PATH" "$LG_COMMAND" check-policy -r 'allow exe real-1.2; allow exe linked'
is "a pattern that what runs does not have is told" "$err" \
    "rules:2: warning: exe linked does not match what runs for it here; write exe $(realpath bin/real-1.2)"
answer "$LG_COMMAND" check-policy good -n
is "options may follow the files" "$out" "$(cat canonical)"
mkdir dashed
cp one dashed/-n
answer sh -c 'cd dashed && "$LG_COMMAND" check-policy -- -n'
like "a file behind -- is no option" "$out" "-n: ok, 1 rule;"

# Limits
perl -e 'print "alow\n" x 1500' >many
answer "$LG_COMMAND" check-policy many
answers "1500 errors exit 2" 2
is "the first 1000 of them are shown" "$(grep -c '^many:[0-9]*:1: error: ' answer.err)" 1000
like "all of them are counted" "$err" "many: 1500 errors, the first 1000 are shown"
perl -e 'print "#" x 1023, "\n" for 1 .. 1024' >large
answer "$LG_COMMAND" check-policy large
answers "a policy of 1 MiB is good" 0
echo >>large
answer "$LG_COMMAND" check-policy large
answers "a policy of one byte more exits 2" 2
like "a policy of one byte more is said to be too large" "$err" "lingerguard: policy 'large': larger than 1048576 bytes"
printf 'allow\0' >zero
answer "$LG_COMMAND" check-policy zero
answers "a NUL byte is an error" 2
perl -e 'print "allow\n" x 4097' >rules
answer "$LG_COMMAND" check-policy rules
answers "4097 rules exit 2" 2
done_testing
