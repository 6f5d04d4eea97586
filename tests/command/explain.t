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

answer "$LG_COMMAND" explain -p policy local=127.0.0.1:443 role=accepted
answers "a decision exits 0" 0
is "every rule is shown with the fact that it failed on" "$out" \
    "Policy: policy (-p); 6 rules
Facts:  cause linger-zero, local 127.0.0.1:443, role accepted

policy:3: allow exe /usr/sbin/haproxy role connected    no: exe is not known
policy:4: drain 2s local :8080                          no: local is 127.0.0.1:443
policy:5: observe on unread,backlog                     no: cause is linger-zero
policy:6: reject EACCES on disconnect peer 10.0.0.0/8   no: cause is linger-zero
policy:7: orderly within 30s peer 10.0.0.0/8 quiet      no: peer is not known
policy:8: linger 250ms role accepted                    yes

Verdict: linger 250ms (policy:8)
The close waits, at most 250ms rounded up to a second, until the peer has acknowledged everything; on an O_NONBLOCK descriptor it acts as orderly within 250ms. No record is written: the log is off.

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
decides "the peer" "orderly within 30s quiet (policy:7)" -p policy peer=10.9.8.7:55555
decides "a peer without a port" "orderly within 30s quiet (policy:7)" -p policy peer=10.9.8.7
decides "an IPv4-mapped peer" "orderly within 30s quiet (policy:7)" -p policy 'peer=[::ffff:10.9.8.7]:1'
decides "an IPv6 address without brackets" "orderly within 30s quiet (policy:7)" -p policy peer=::ffff:10.9.8.7
decides "no rule" "orderly within 1m (default)" -p policy
decides "no rule for a disconnect" "allow (default)" -p policy cause=disconnect
decides "a text before a file" "observe (rules:2)" -p policy -r 'allow role accepted; observe' role=connected
decides "a second path part does not match a bare glob" "orderly within 1m (default)" -r 'allow exe nginx' exe=/nginx/sbin
decides "the last path part does" "allow (rules:1)" -r 'allow exe nginx' exe=/usr/sbin/nginx
answer "$LG_COMMAND" explain -r 'drain 2s local 10.0.0.5:80' local=10.0.0.5
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
means "drain 5s" linger-zero "reads and discards until the peer's FIN, at most 5s in all"
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
like "what the library would do is said" "$err" "lingerguard: the library would put the built-in policy in force"
answer env LINGERGUARD_LOG=/var/log/x LINGERGUARD_FORMAT=text "$LG_COMMAND" explain -p policy
like "LINGERGUARD_LOG wins over the policy" "$out" "log file /var/log/x"
unlike "LINGERGUARD_FORMAT wins over the policy" "$out" "format"

mkfifo fifo
answer run_deadline 10 env LINGERGUARD_POLICY=fifo "$LG_COMMAND" explain
answers "a pipe, which the library refuses, exits 2 at once" 2
like "a pipe is said to be none" "$err" "lingerguard: policy 'fifo': not a regular file"

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
bad "a key like no other" "unknown key 'colour'; the keys are cause, exe, local, peer and role" colour=red
bad "a word without =" "'local' is not KEY=VALUE" local
bad "a key given twice" "'role' is given twice" role=accepted role=accepted
bad "an unknown cause" "cause: unknown value 'unred'; did you mean 'unread'?" cause=unred
bad "an unknown role" "role: unknown value 'listener'; expected accepted or connected" role=listener
bad "an address that is none" "local: 'localhost:80' is not an address such as" local=localhost:80
bad "a range" "peer: '10.0.0.0/8' is not an address" peer=10.0.0.0/8
bad "an empty address" "peer: '' is not an address" peer=
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
