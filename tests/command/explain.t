#!/bin/sh
# SPDX-License-Identifier: MIT
# lingerguard explain: which rule decides, why the ones before it do not, and what the library would use.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/command/answer.sh
. "$(dirname "$0")/answer.sh"

cd "$tmp" || exit 1
cat >policy <<'EOF'
log off
format json; limit 100/s
allow exe /usr/sbin/haproxy role connected
drain 2s local :8080
observe on unread,backlog
reject EACCES on disconnect peer 10.0.0.0/8
orderly within 30s peer 10.0.0.0/8 quiet
linger 250ms role accepted
EOF

answer "$LG_COMMAND" explain -p policy local=127.0.0.1:443 peer=192.0.2.7:1025 role=accepted
answers "a decision exits 0" 0
is "every rule is shown with the fact that it failed on" "$out" \
    "Policy: policy (-p); 6 rules
Facts:  cause linger-zero, local 127.0.0.1:443, peer 192.0.2.7:1025, role accepted

policy:3: allow exe /usr/sbin/haproxy role connected    no: exe is not known
policy:4: drain 2s local :8080                          no: local is 127.0.0.1:443
policy:5: observe on unread,backlog                     no: cause is linger-zero
policy:6: reject EACCES on disconnect peer 10.0.0.0/8   no: cause is linger-zero
policy:7: orderly within 30s peer 10.0.0.0/8 quiet      no: peer is 192.0.2.7:1025
policy:8: linger 250ms role accepted                    yes

Verdict: linger 250ms (policy:8)
The close waits, at most 250ms rounded up to a second, until the peer has acknowledged everything. On an O_NONBLOCK descriptor, where this process may not be the sole holder of the socket, or when it has waited for a tenth of its time, it acts as orderly within 250ms. No record is written: the log is off.

Settings that are not the default:
log off
format json"
silent "a decision says nothing on stderr" stderr

# decides NAME WANTED ARGUMENT...: the line of the verdict
decides() {
    name=$1 wanted=$2
    shift 2
    answer "$LG_COMMAND" explain "$@"
    is "$name" "$(sed -n 's/^Verdict: //p' answer.out)" "$wanted"
}
decides "the executable and the role" "allow (policy:3)" -p policy exe=/usr/sbin/haproxy role=connected
decides "the local port" "drain 2s (policy:4)" -p policy local=192.0.2.1:8080
unlike "rules behind the deciding one are not shown" "$out" policy:5
decides "the cause" "observe (policy:5)" -p policy cause=unread
decides "the peer" "orderly within 30s quiet (policy:7)" -p policy local=:443 peer=10.9.8.7:55555
decides "a peer without a port" "orderly within 30s quiet (policy:7)" -p policy local=:443 peer=10.9.8.7
decides "an IPv4-mapped peer" "orderly within 30s quiet (policy:7)" -p policy local=:443 'peer=[::ffff:10.9.8.7]:1'
decides "an IPv6 address without brackets" "orderly within 30s quiet (policy:7)" -p policy local=:443 peer=::ffff:10.9.8.7
decides "no rule" "orderly within 1m (default)" -p policy local=:443 peer=192.0.2.7 role=connected
decides "no rule for a disconnect" "allow (default)" -p policy cause=disconnect peer=192.0.2.7
decides "a text before a file" "observe (rules:2)" -p policy -r 'allow role accepted; observe' role=connected
decides "a second path part does not match a bare glob" "orderly within 1m (default)" -r 'allow exe nginx' exe=/nginx/sbin
decides "the last path part does" "allow (rules:1)" -r 'allow exe nginx' exe=/usr/sbin/nginx
answer "$LG_COMMAND" explain -r 'drain 2s local 10.0.0.5:80' local=10.0.0.5
like "an address without a port leaves it open" "$out" "if local 10.0.0.5:80"
answer "$LG_COMMAND" explain -r 'drain 2s local 10.0.0.6:80' local=10.0.0.5
like "an address without a port says so" "$out" "no: local is 10.0.0.5, its port is not known"
answer "$LG_COMMAND" explain -r 'allow exe a; allow peer 10.0.0.1; allow role connected' exe=/bin/b peer=10.0.0.2 role=accepted
like "a wrong executable is shown" "$out" "no: exe is /bin/b"
like "a wrong peer is shown" "$out" "no: peer is 10.0.0.2"
like "a wrong role is shown" "$out" "no: role is accepted"
unlike "defaults are no settings worth showing" "$out" Settings

# means VERDICT CAUSE PART: what a verdict is said to mean
means() {
    answer "$LG_COMMAND" explain -r "$1 on $2" "cause=$2"
    like "$1 on $2 is explained" "$out" "$3"
}
means allow linger-zero "the peer gets a RST and what is not yet sent is lost. No record is written."
means observe linger-zero "the peer gets a RST and what is not yet sent is lost. A record is written."
means "reject EACCES" linger-zero "The setsockopt() that asks for it fails with EACCES"
means "reject 4000" linger-zero "fails with errno 4000"
means orderly linger-zero "The close returns at once, and the kernel delivers the queued data and then a FIN. A record"
means "orderly within 5s" linger-zero "no progress for 5s"
means "linger 5s" linger-zero "The close waits, at most 5s"
means "drain 5s" linger-zero "what the peer still sends is discarded until its FIN, for at most 5s."
means "drain 5s idle 1s" linger-zero "for at most 5s, or 1s without a byte."
means observe unread "the kernel answers the unread input with a RST"
means orderly unread "The unread input is discarded"
means observe disconnect "The connect() disconnects"
means reject disconnect "The connect() fails with EPERM and nothing changes on the socket. A record"
means observe backlog "each connection that was not accepted is reset"

# Where the policy comes from
if [ -e /etc/lingerguard/policy ]; then
    skip etc "/etc/lingerguard/policy is there" "without anything the built-in policy decides"
else
    answer "$LG_COMMAND" explain
    like "without anything the built-in policy decides" "$out" "Policy: the built-in one; 0 rules"
fi

# With an /etc of our own: files of policy.d, in the order of the C locale, and one that cannot be used
mkdir -p "$tmp/etc/policy.d"
echo 'allow local :1111' >"$tmp/etc/policy.d/20-b.policy"
echo 'observe local :1111' >"$tmp/etc/policy.d/B.policy"
echo 'allow local :2222' >"$tmp/etc/policy.d/a.policy"
echo 'format json' >"$tmp/etc/policy.d/bad.policy"
echo 'reject' >"$tmp/etc/policy.d/not-one.txt"
echo 'reject' >"$tmp/etc/policy.d/.hidden.policy"
# shellcheck disable=SC2016 # the inner shell expands
own_etc='mount -t tmpfs lg "$0/up" && mkdir "$0/up/upper" "$0/up/work" &&
    mount -t overlay -o lowerdir=/etc,upperdir="$0/up/upper",workdir="$0/up/work" lg /etc &&
    mkdir -p /etc/lingerguard && mount -t tmpfs -o mode=755 lg /etc/lingerguard &&
    cp -r "$0/etc/policy.d" /etc/lingerguard/ && exec "$@"'
mkdir "$tmp/up"
if ! unshare -m sh -c "$own_etc" "$tmp" true 2>/dev/null; then
    skip netns "namespaces cannot be made here (root can)" "files of policy.d"
else
    in_etc() {
        answer unshare -m sh -c "$own_etc" "$tmp" "$@"
    }
    d=/etc/lingerguard/policy.d
    in_etc "$LG_COMMAND" explain local=1.2.3.4:2222
    answers "with files of policy.d" 0
    like "they come in the order of the C locale, before the built-in policy" "$out" \
        "Policy: $d/20-b.policy, then $d/B.policy, then $d/a.policy, then the built-in one; 3 rules"
    like "one of them decides" "$out" "Verdict: allow ($d/a.policy:1)"
    like "what is wrong with another one is shown" "$err" "$d/bad.policy:1:1: error: no rule: \"format\""
    like "and that it is left out" "$err" "$d/bad.policy is left out, as the library does"
    in_etc env LINGERGUARD_POLICY="$tmp/policy" "$LG_COMMAND" explain local=1.2.3.4:2222
    like "they come before a file that is named" "$out" "$d/a.policy, then $tmp/policy (LINGERGUARD_POLICY); 9 rules"
    in_etc env LINGERGUARD_RULES=allow LINGERGUARD_POLICY="$tmp/policy" "$LG_COMMAND" explain local=1.2.3.4:2222
    like "and behind rules" "$out" "Policy: rules (LINGERGUARD_RULES), then $d/20-b.policy"
    in_etc env LINGERGUARD_RULES=orderly "$LG_COMMAND" explain local=1.2.3.4:2222
    like "rules alone have none before them" "$out" "Policy: rules (LINGERGUARD_RULES); 1 rule"
    in_etc "$LG_COMMAND" explain -p "$tmp/policy" local=1.2.3.4:2222
    like "nor has a file that is asked for" "$out" "Policy: $tmp/policy (-p); 6 rules"
    in_etc "$LG_COMMAND" check-policy
    answers "check-policy finds the error" 2
    is "check-policy checks each" "$(printf '%s\n' "$out" | sed 's/,.*//')" "$d/20-b.policy: ok
$d/B.policy: ok
$d/a.policy: ok"
    like "check-policy shows what is wrong" "$err" "$d/bad.policy:1:1: error: no rule: \"format\""
fi
answer "$LG_COMMAND" check-policy "$tmp/etc/policy.d/bad.policy"
like "a file of any policy.d has rules alone" "$err" "no rule: \"format\""
answer env LINGERGUARD_POLICY="$tmp/policy" "$LG_COMMAND" explain local=1.2.3.4:8080
like "LINGERGUARD_POLICY is used and named" "$out" "Policy: $tmp/policy (LINGERGUARD_POLICY); 6 rules"
like "its place is the path" "$out" "$tmp/policy:4: drain 2s local :8080"
answer env LINGERGUARD_RULES=observe LINGERGUARD_POLICY="$tmp/policy" "$LG_COMMAND" explain
like "LINGERGUARD_RULES comes first" "$out" "Policy: rules (LINGERGUARD_RULES), then $tmp/policy (LINGERGUARD_POLICY); 7 rules"
like "and decides" "$out" "Verdict: observe (rules:1)"
answer env LINGERGUARD_RULES=observe "$LG_COMMAND" explain -p policy
unlike "-p asks nothing else" "$out" LINGERGUARD_RULES
answer env LINGERGUARD_RULES=alow "$LG_COMMAND" explain
answers "a variable with an error exits 2" 2
like "its error is shown" "$err" "rules:1:1: error: "
like "what the library would do is said" "$err" "lingerguard: with it the library would only observe"
answer env LINGERGUARD_LOG=/var/log/x LINGERGUARD_FORMAT=text "$LG_COMMAND" explain -p policy
like "LINGERGUARD_LOG wins over the policy" "$out" "log file /var/log/x"
unlike "LINGERGUARD_FORMAT wins over the policy" "$out" "format"

mkfifo fifo
answer run_deadline 10 env LINGERGUARD_POLICY=fifo "$LG_COMMAND" explain
answers "a pipe, which the library refuses, exits 2 at once" 2
like "a pipe is said to be none" "$err" "lingerguard: policy 'fifo': not a regular file"

# Facts that are not given may still decide.
decides "an open rule before the one that decides" "if role connected: allow (rules:1); else drain 2s (rules:2)" \
    -r 'allow role connected; drain 2s local :8080' local=:8080
like "what holds until then" "$out" "until then the request is disarmed"
like "a rule that may write no record makes the request silent" "$out" "Until it is decided no record is written."
decides "several, and the end of the policy" \
    "if role connected unsent none: observe (rules:1); if peer 10.0.0.0/8: linger 5s quiet (rules:2); else orderly within 1m (default)" \
    -r 'observe role connected unsent none; linger 5s peer 10.0.0.0/8 quiet'
decides "only what is missing is asked for" "if unsent none: observe (rules:1); else orderly within 1m (default)" \
    -r 'observe role connected unsent none' role=connected
like "and it is recorded" "$out" "Until it is decided it is recorded as undecided."
decides "all that is asked for is given" "observe (rules:1)" -r 'observe role connected unsent none' role=connected unsent=none
decides "a port alone" "drain 2s (rules:1)" -r 'drain 2s local :8000-8999; observe' local=:8080
like "is shown as such" "$out" "Facts:  cause linger-zero, local :8080"
decides "a user" "observe (rules:2)" -r 'allow user 5; observe user 0' user=0
like "another user is shown" "$out" "no: user is 0"
decides "a cgroup" "observe (rules:2)" -r 'allow cgroup */a.service; observe cgroup */b.service' cgroup=/system.slice/b.service
like "another cgroup is shown" "$out" "no: cgroup is /system.slice/b.service"
decides "a program that is skipped" "orderly within 1m (default)" -r 'skip exe nothing-like-it' exe=/x/nothing-like-it
like "and what that means" "$out" "The library does nothing in this program"

# What runs is not what was typed.
mkdir bin
cp /bin/true bin/real-1.2
ln -s real-1.2 bin/linked
printf '#!%s/bin/linked\n' "$tmp" >bin/script
printf '#!/usr/bin/env linked\n' >bin/by-env
chmod +x bin/script bin/by-env
for name in linked "$tmp/bin/linked" ./bin/script script by-env; do
    answer env PATH="$tmp/bin:$PATH" "$LG_COMMAND" explain -r 'observe exe real-1.2; orderly' "exe=$name"
    like "exe=$name is followed" "$out" "Rules match: exe $(realpath bin/real-1.2)"
    like "exe=$name: and decides" "$out" "Verdict: observe (rules:1)"
done
answer env PATH="$tmp/bin:$PATH" "$LG_COMMAND" explain -r 'allow exe linked; orderly; allow exe script; allow exe other' exe=script
like "a pattern for a link is told" "$out" "rules:1: exe linked does not match: it is a name that leads there, not the path"
like "also of a rule behind the one that decides, for a script" "$out" "rules:3: exe script does not match"
unlike "a pattern for something else is not" "$out" "rules:4: exe"
answer "$LG_COMMAND" explain exe=/no/such/program
like "what is not here is taken as it is" "$out" "Rules match: exe /no/such/program (not a program here: taken as it is)"

# The environment
answer env LINGERGUARD_OFF=1 LINGERGUARD_POLCY=x "$LG_COMMAND" explain -p policy
answers "a library that is off is no error" 0
like "it is told" "$err" "lingerguard: warning: LINGERGUARD_OFF=1 is set: the library does nothing"
like "a misspelt variable is told" "$err" "LINGERGUARD_POLCY is no variable of the library; did you mean LINGERGUARD_POLICY?"
answer env LINGERGUARD_STRICT=yes LINGERGUARD_DRAINER=/run/d LINGERGUARD_OFF=0 "$LG_COMMAND" explain -p policy
is "a switch that is neither 1 nor 0 is told, and nothing else" "$err" \
    "lingerguard: warning: LINGERGUARD_STRICT=yes is neither 1 nor 0, and is ignored"
like "LINGERGUARD_DRAINER is a setting" "$out" "drainer /run/d"

# Errors
bad() {
    name=$1 message=$2
    shift 2
    answer "$LG_COMMAND" explain "$@"
    answers "$name exits 2" 2
    like "$name says so" "$err" "$message"
    silent "$name writes no output" stdout
}
bad "an unknown key" "lingerguard: explain: unknown key 'pere'; did you mean 'peer'?" pere=1
bad "a key like no other" "unknown key 'colour'; the keys are cause, exe, local, peer, role, unsent, user and cgroup" colour=red
bad "a word without =" "'local' is not KEY=VALUE" local
bad "a key given twice" "'role' is given twice" role=accepted role=accepted
bad "an unknown cause" "cause: unknown value 'unred'; did you mean 'unread'?" cause=unred
bad "an unknown role" "role: unknown value 'listener'; expected accepted or connected" role=listener
bad "an address that is none" "local: 'localhost:80' is not an address such as" local=localhost:80
bad "a range" "peer: '10.0.0.0/8' is not an address" peer=10.0.0.0/8
bad "an empty address" "peer: '' is not an address" peer=
bad "a port that is none" "local: ':70000' is not an address such as" local=:70000
bad "a name of a user" "user: 'root' is not a number; id -u NAME prints that of a name" user=root
bad "an unknown unsent" "unsent: unknown value 'all'; expected none or some" unsent=all
bad "a cgroup that is no path" "cgroup: 'nginx.service' is not a path" cgroup=nginx.service
bad "an empty executable" "exe: empty path" exe=
bad "an unknown format" "format: unknown value 'yaml'; expected text or json" -f yaml
bad "a policy with errors" "rules:1:1: error: " -r alow
bad "a policy that is not there" "lingerguard: policy 'missing': No such file or directory" -p missing

# json
if command -v jq >/dev/null; then
    awkward=$(printf '/x/"\\\t\n\001\377\303\251')
    answer "$LG_COMMAND" explain -f json -p policy "exe=$awkward" local=127.0.0.1:443 peer=10.0.0.1
    answers "json exits 0" 0
    is "json is one line" "$(wc -l <answer.out | tr -d ' ')" 1
    is "json holds the facts, whatever bytes a path has" \
        "$(jq -c .facts answer.out | perl -pe 's/\\u007f/DEL/')" \
        "$(printf '{"cause":"linger-zero","exe":"/x/\\"\\\\\\t\\n\\u0001\357\277\275\303\251","local":"127.0.0.1:443","peer":"10.0.0.1"}')"
    is "json holds the rules" "$(jq -r '.rules[0] | .rule, .text, .matches, .reason' answer.out | head -n 3)" \
        "policy:3
allow exe /usr/sbin/haproxy role connected
false"
    is "json holds the reason" "$(jq -r '.rules[1].reason' answer.out)" "local is 127.0.0.1:443"
    is "json holds the decision" "$(jq -r '.rules[-1].matches, .rule, .verdict, .quiet' answer.out | tr '\n' ' ')" \
        "true policy:7 orderly within 30s true "
    is "json holds the settings" "$(jq -c .settings answer.out)" '["log off","format json"]'
    is "json says what is open" "$("$LG_COMMAND" explain -f json -r 'allow role connected' | jq -c '.undecided, .rules[0].if')" \
        'true
"role connected"'
    is "json has each fact" "$("$LG_COMMAND" explain -f json unsent=some user=7 cgroup=/a local=:80 | jq -c .facts)" \
        '{"cause":"linger-zero","local":":80","unsent":"some","user":7,"cgroup":"/a"}'
    is "json says which pattern misses" "$(PATH=$tmp/bin:$PATH "$LG_COMMAND" explain -f json -r 'allow exe linked' exe=linked |
        jq -r '.rules[0].misses')" linked
    is "json names the policy" "$(jq -r .policy_file answer.out)" policy
    answer "$LG_COMMAND" explain -f json
    is "json has no rule where none decides" "$(jq -c '[.rule, .rules]' answer.out)" '["default",[]]'
else
    skip jq "jq is not installed" "json is well-formed"
fi

# U+009B starts an escape sequence as ESC [ does, U+202E turns the rest of the line around.
answer "$LG_COMMAND" explain -r "allow exe $(printf '/a\302\233b')" "exe=$(printf '/c\342\200\256\033d')"
like "what a program is called stays text" "$out" 'exe /c\u{202e}\x1bd'
like "and what a rule asks for" "$out" 'allow exe /a\u{9b}b'
unlike "nothing else of it is there" "$out" "$(printf '\302\233')"

done_testing
