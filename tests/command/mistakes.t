#!/bin/sh
# SPDX-License-Identifier: MIT
# What operators write who have not read the manual: check-policy says what to write instead.
# shellcheck source=tests/harness/tap.sh
. "$(dirname "$0")/../harness/tap.sh"
# shellcheck source=tests/command/answer.sh
. "$(dirname "$0")/answer.sh"

cd "$tmp" || exit 1

# What was written | what was meant, which is right | what says so
while IFS='|' read -r wrong right says; do
    printf '%s\n' "$wrong" >wrong
    printf '%s\n' "$right" >right
    answer "$LG_COMMAND" check-policy -s wrong
    isnt=$status
    like "$wrong" "$err" "$says"
    check "$wrong: is noticed" test "$isnt" -ne 0
    answer "$LG_COMMAND" check-policy right
    answers "$wrong: $right" 0
done <<'EOF_TABLE'
deny local :80|reject local :80|or reject, for a call that fails
Allow role connected|allow role connected|did you mean "allow"?
default orderly|orderly|did you mean "orderly"?
observe all|observe|expected nothing, a rule without a match is for every connection
if role connected allow|allow role connected|did you mean "allow role connected"?
orderly 30s|orderly within 30s|did you mean "within 30s"?
orderly timeout 30s|orderly within 30s|expected orderly within DURATION
linger within 5s local :80|linger 5s local :80|expected the duration directly after linger or drain
drain local :8080|drain 2s local :8080|missing duration; expected a number and a unit
drain 30 local :8080|drain 30s local :8080|did you mean "30s"?
drain 2 s local :8080|drain 2s local :8080|did you mean "2s"?
drain 2sec local :8080|drain 2s local :8080|did you mean "2s"?
drain 2h local :8080|drain 1h local :8080|expected 1ms to 1h
drain 10m idle 20m local :80|drain 10m idle 1m local :80|expected at most the duration before it
drain 5s on backlog|observe on backlog|expected allow or observe on backlog
drain 5s on unread late local :80|drain 5s on unread,late local :80|expected words separated by one comma
drain 5s exe nginx on unread|drain 5s on unread exe nginx|expected on CAUSE directly after the verdict
allow port 8080|allow local :8080|did you mean "local :8080"?
allow local *:8080|allow local :8080|did you mean ":8080"?
orderly local 0.0.0.0:8080|orderly local :8080|expected a port alone, such as :80, for any address
allow local 127.0.0.1:http|allow local 127.0.0.1:80|did you mean ":80"?
allow local :80 :443|allow local :80,:443|blank instead of a comma
allow local :80 or local :443|allow local :80,:443|expected commas between values, or two rules
allow 10.0.0.0/8|allow peer 10.0.0.0/8|expected local ADDR or peer ADDR
allow peer localhost|allow peer 127.0.0.1|did you mean "127.0.0.1"?
allow peer 192.168.1.*|allow peer 192.168.1.0/24|did you mean "192.168.1.0/24"?
allow peer 192.168.1.0/255.255.255.0|allow peer 192.168.1.0/24|did you mean "192.168.1.0/24"?
allow role client|allow role connected|did you mean "connected"?
allow role server|allow role accepted|did you mean "accepted"?
allow program nginx|allow exe nginx|did you mean "exe nginx"?
allow exe=nginx|allow exe nginx|did you mean "exe nginx"?
allow exe /usr/sbin/nginx, /usr/sbin/haproxy|allow exe /usr/sbin/nginx,/usr/sbin/haproxy|did you mean "/usr/sbin/nginx,/usr/sbin/haproxy"?
allow exe ~/bin/server|allow exe */bin/server|nobody expands ~ and $ in
allow not exe nginx|observe exe nginx; allow|a rule for the exception before this one
allow exe "nginx|allow exe "nginx"|expected another " behind the word
allow user www-data|allow user 33|as id -u NAME prints it
allow user root|allow user 0|did you mean "0"?
allow unsent 0|allow unsent none|did you mean "none"?
log /var/log/x.log|log file /var/log/x.log|did you mean "file /var/log/x.log"?
log file x.log|log file /var/log/x.log|expected a path that starts with /
format JSON|format json|did you mean "json"?
limit 100|limit 100/s|did you mean "100/s"?
callers all|callers 16|did you mean "16"?
inspect always|inspect every-close|did you mean "every-close"?
orderly; allow exe haproxy|allow exe haproxy; orderly|rule that never decides
drain 5s|drain 5s local :8080|expected a match, such as local :8080
drain 5s local :514|orderly local :514|one-way protocol that is drained
allow local :80-:90|allow local :80-90|did you mean ":80-90"?
limit 100/min|limit 2/s|did you mean "2/s"?
limit 100 per second|limit 100/s|did you mean "100/s"?
quiet observe local :80|observe local :80 quiet|did you mean "observe local :80 quiet"?
observe quiet on unread|observe on unread quiet|did you mean "observe on unread quiet"?
on unread drain 5s local :80|drain 5s on unread local :80|did you mean "drain 5s on unread local :80"?
*: orderly|orderly|did you mean "orderly"?
default: drain 5s local :80|drain 5s local :80|did you mean "drain 5s local :80"?
reject on close|reject on linger-zero,disconnect|did you mean "linger-zero,disconnect"?
rst on|reject|or reject, for a call that fails
drain 5s on timeout local :80|drain 5s on linger-zero,unread,late local :80|late (the peer is not done)
allow dst 10.0.0.1|allow local 10.0.0.1|local ADDR for the program's own end, or peer ADDR for the other one
allow src 10.0.0.1|allow peer 10.0.0.1|did you mean "peer 10.0.0.1"?
allow remote 10.0.0.1|allow peer 10.0.0.1|did you mean "peer 10.0.0.1"?
allow client 10.0.0.0/8|allow peer 10.0.0.0/8|did you mean "peer 10.0.0.0/8"?
include /etc/lingerguard/extra|allow exe haproxy|files /etc/lingerguard/policy.d/NAME.policy
drainer on|drainer /run/lingerguard/drainer.sock|did you mean "/run/lingerguard/drainer.sock"?
drainer off|drainer none|did you mean "none"?
tag pod 7|tag "pod 7"|did you mean ""pod 7""?
tag $HOSTNAME|tag web-1|nobody expands
orderly local :80 # web; allow exe haproxy|orderly local :80; allow exe haproxy|a comment goes to the end of the line
log file ~/x.log|log file /root/x.log|without ~ and $
log to /var/log/x.log|log file /var/log/x.log|did you mean "file /var/log/x.log"?
log json|format json|did you mean "format json"?
drain 5s;idle 2s|drain 5s idle 2s local :80|expected it on the line of its verdict, without ; between
allow exe nginx haproxy|allow exe nginx,haproxy|did you mean "nginx,haproxy"?
allow nginx|allow exe nginx|did you mean "exe nginx"?
allow exe 'nginx'|allow exe "nginx"|' is a part of the pattern
allow exe !nginx|allow exe haproxy|a rule for the exception before this one
allow --exe nginx|allow exe nginx|did you mean "exe"?
allow unsent = 0|allow unsent none|did you mean "none"?
allow unsent > 0|allow unsent some|did you mean "some"?
reject with EPERM|reject EPERM|did you mean "reject EPERM"?
allow peer not 10.0.0.1|observe peer 10.0.0.1; allow|a rule for the exception before this one
allow peer 10.0.0.0-10.0.0.255|allow peer 10.0.0.0/24|did you mean "10.0.0.0/24"?
allow local >1024|allow local :1025-65535|did you mean ":1025-65535"?
allow local :80/tcp|allow local :80|did you mean ":80"?
allow local 10.0.0.5 :80|allow local 10.0.0.5:80|did you mean "10.0.0.5:80"?
allow tcp|allow|a rule without a match is for every connection
port 80|orderly local :80|such as orderly local :443
allow local :80–90|allow local :80-90|did you mean ":80-90"?
allow exe “nginx”|allow exe "nginx"|expected straight quotes
EOF_TABLE
done_testing
