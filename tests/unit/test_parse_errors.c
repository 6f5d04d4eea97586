/* SPDX-License-Identifier: MIT */
/*
 * Texts that are no policies: for each message that there is, the whole line that a user reads.
 */
#include "policy/pack.h"
#include "policy/parse.h"
#include "policy/problem.h"
#include "tests/harness/tap.h"
#include "tests/unit/policy_text.h"

static struct lg_policy policy;
static struct buffer out;
static const struct lg_source rules = {LG_SOURCE_RULES, {"rules", 5}};
static const struct lg_source file = {LG_SOURCE_FILE, {"/etc/p", 6}};

/* A literal with its length: some hold a NUL. */
#define TEXT(literal)                                                                                                  \
    {                                                                                                                  \
        literal, sizeof(literal) - 1                                                                                   \
    }

/* One row: one text and what is said about it. */
static const struct {
    struct lg_text text;
    const char *messages;
} refused[] = {
    {TEXT("allow \000x"), "rules:1:7: error: NUL byte in \"?x\"; expected text"},
    {TEXT("allow exe a\007b"),
     "rules:1:11: error: control character in \"a?b\"; expected text, with blanks or tabs between the words"},
    {TEXT("allow exe a\177b; observe"),
     "rules:1:11: error: control character in \"a?b\"; expected text, with blanks or tabs between the words"},
    {TEXT("allow\015; observe"),
     "rules:1:1: error: control character in \"allow?\"; expected text, with blanks or tabs between the words"},
    {TEXT("rejct"), "rules:1:1: error: unknown verdict or setting \"rejct\"; expected a verdict (allow, observe, "
                    "reject, orderly, linger or drain) or a setting (log, format, limit, inspect, callers, drainer or "
                    "tag) or skip; did you mean \"reject\"?"},
    {TEXT("Allow"), "rules:1:1: error: unknown verdict or setting \"Allow\"; expected a verdict (allow, observe, "
                    "reject, orderly, linger or drain) or a setting (log, format, limit, inspect, callers, drainer or "
                    "tag) or skip; did you mean \"allow\"?"},
    {TEXT("ALOW"), "rules:1:1: error: unknown verdict or setting \"ALOW\"; expected a verdict (allow, observe, reject, "
                   "orderly, linger or drain) or a setting (log, format, limit, inspect, callers, drainer or tag) or "
                   "skip; did you mean \"allow\"?"},
    {TEXT("on"), "rules:1:1: error: no verdict before \"on\"; expected VERDICT [ARG] [on CAUSE[,CAUSE]...] [MATCH]... "
                 "[quiet], such as orderly local :443"},
    {TEXT("exe foo allow"), "rules:1:1: error: no verdict before \"exe\"; expected VERDICT [ARG] [on CAUSE[,CAUSE]...] "
                            "[MATCH]... [quiet], such as orderly local :443; did you mean \"allow exe foo\"?"},
    {TEXT("linger-zero"), "rules:1:1: error: no verdict before \"linger-zero\"; expected VERDICT [ARG] [on "
                          "CAUSE[,CAUSE]...] [MATCH]... [quiet], such as orderly local :443"},
    {TEXT("regect EPRM exe */java lcal :x"),
     "rules:1:1: error: unknown verdict or setting \"regect\"; expected a verdict (allow, observe, reject, orderly, "
     "linger or drain) or a setting (log, format, limit, inspect, callers, drainer or tag) or skip; did you mean "
     "\"reject\"?\nrules:1:8: error: unknown errno or match \"EPRM\"; expected an errno name or number, on, exe, user, "
     "cgroup, local, peer, role, unsent, quiet or the end of the rule; did you mean \"EPERM\"?\nrules:1:24: error: "
     "unknown match \"lcal\"; expected exe, user, cgroup, local, peer, role, unsent, quiet or the end of the rule; did "
     "you mean \"local\"?\nrules:1:29: error: bad port in \":x\"; expected a number from 1 to 65535, or a range such "
     "as :8000-8999"},
    {TEXT("xyzzy"),
     "rules:1:1: error: unknown verdict or setting \"xyzzy\"; expected a verdict (allow, observe, reject, orderly, "
     "linger or drain) or a setting (log, format, limit, inspect, callers, drainer or tag) or skip"},
    {TEXT("lmit 5/s"), "rules:1:1: error: unknown verdict or setting \"lmit\"; expected a verdict (allow, observe, "
                       "reject, orderly, linger or drain) or a setting (log, format, limit, inspect, callers, drainer "
                       "or tag) or skip; did you mean \"limit\"?"},
    {TEXT("allow; lmit 5/s"),
     "rules:2:2: error: unknown verdict \"lmit\"; expected allow, observe, reject, orderly, linger or drain"},
    {TEXT("allow; rejct"), "rules:2:2: error: unknown verdict \"rejct\"; expected allow, observe, reject, orderly, "
                           "linger or drain; did you mean \"reject\"?"},
    {TEXT("allow reject"),
     "rules:1:7: error: second verdict \"reject\"; expected one rule on a line, or ; between two"},
    {TEXT("allow exe x observe"),
     "rules:1:13: error: second verdict \"observe\"; expected one rule on a line, or ; between two"},
    {TEXT("log off off"), "rules:1:9: error: unexpected \"off\"; expected the end of the line"},
    {TEXT("format json allow"), "rules:1:13: error: unexpected \"allow\"; expected the end of the line"},
    {TEXT("inspect never # fine; callers 1 x"), "rules:2:12: error: unexpected \"x\"; expected the end of the line"},
    {TEXT("allow 5s"), "rules:1:7: error: argument of a verdict that takes none: \"5s\"; expected on, exe, user, "
                       "cgroup, local, peer, role, unsent, quiet or the end of the rule"},
    {TEXT("observe within 5s"), "rules:1:9: error: argument of a verdict that takes none: \"within\"; expected on, "
                                "exe, user, cgroup, local, peer, role, unsent, quiet or the end of the rule"},
    {TEXT("allow EPERM"), "rules:1:7: error: argument of a verdict that takes none: \"EPERM\"; expected on, exe, user, "
                          "cgroup, local, peer, role, unsent, quiet or the end of the rule"},
    {TEXT("reject EPREM"),
     "rules:1:8: error: unknown errno or match \"EPREM\"; expected an errno name or number, on, exe, user, cgroup, "
     "local, peer, role, unsent, quiet or the end of the rule; did you mean \"EPERM\"?"},
    {TEXT("reject eperm"),
     "rules:1:8: error: unknown errno or match \"eperm\"; expected an errno name or number, on, exe, user, cgroup, "
     "local, peer, role, unsent, quiet or the end of the rule; did you mean \"EPERM\"?"},
    {TEXT("reject EPERMX1"),
     "rules:1:8: error: unknown errno or match \"EPERMX1\"; expected an errno name or number, on, exe, user, cgroup, "
     "local, peer, role, unsent, quiet or the end of the rule; did you mean \"EPERM\"?"},
    {TEXT("reject onn unread"),
     "rules:1:8: error: unknown errno or match \"onn\"; expected an errno name or number, on, exe, user, cgroup, "
     "local, peer, role, unsent, quiet or the end of the rule; did you mean \"on\"?"},
    {TEXT("reject 0"),
     "rules:1:8: error: bad errno number \"0\"; expected a number from 1 to 4095, or a name such as EPERM"},
    {TEXT("reject 4096"),
     "rules:1:8: error: bad errno number \"4096\"; expected a number from 1 to 4095, or a name such as EPERM"},
    {TEXT("reject 99999999999999999999"), "rules:1:8: error: bad errno number \"99999999999999999999\"; expected a "
                                          "number from 1 to 4095, or a name such as EPERM"},
    {TEXT("reject 007"),
     "rules:1:8: error: bad errno number \"007\"; expected a number from 1 to 4095, or a name such as EPERM"},
    {TEXT("reject EPERM EACCES"), "rules:1:14: error: unknown match \"EACCES\"; expected on, exe, user, cgroup, local, "
                                  "peer, role, unsent, quiet or the end of the rule"},
    {TEXT("orderly within"),
     "rules:1:15: error: missing duration; expected a number and a unit (ms, s, m or h), such as 250ms"},
    {TEXT("orderly within on unread"),
     "rules:1:15: error: missing duration; expected a number and a unit (ms, s, m or h), such as 250ms"},
    {TEXT("orderly within # 5s"),
     "rules:1:15: error: missing duration; expected a number and a unit (ms, s, m or h), such as 250ms"},
    {TEXT("orderly within 5"), "rules:1:16: error: duration without a unit: \"5\"; expected a number and a unit (ms, "
                               "s, m or h), such as 250ms; did you mean \"5s\"?"},
    {TEXT("orderly within 5x"),
     "rules:1:16: error: bad duration \"5x\"; expected a number and a unit (ms, s, m or h), such as 250ms"},
    {TEXT("orderly within s"),
     "rules:1:16: error: bad duration \"s\"; expected a number and a unit (ms, s, m or h), such as 250ms"},
    {TEXT("orderly within 1.5s"), "rules:1:16: error: bad duration \"1.5s\"; expected a number and a unit (ms, s, m or "
                                  "h), such as 250ms; did you mean \"1500ms\"?"},
    {TEXT("orderly within 05s"),
     "rules:1:16: error: bad duration \"05s\"; expected a number and a unit (ms, s, m or h), such as 250ms"},
    {TEXT("orderly within -5s"),
     "rules:1:16: error: bad duration \"-5s\"; expected a number and a unit (ms, s, m or h), such as 250ms"},
    {TEXT("orderly 5s"),
     "rules:1:9: error: missing within before \"5s\"; expected orderly within DURATION; did you mean \"within 5s\"?"},
    {TEXT("orderly witin 5s"), "rules:1:9: error: unknown match \"witin\"; expected on, exe, user, cgroup, local, "
                               "peer, role, unsent, quiet or the end of the rule; did you mean \"within\"?"},
    {TEXT("linger"), "rules:1:7: error: missing duration; expected a number and a unit (ms, s, m or h), such as 250ms"},
    {TEXT("linger quiet"),
     "rules:1:7: error: missing duration; expected a number and a unit (ms, s, m or h), such as 250ms"},
    {TEXT("linger 0s"), "rules:1:8: error: no duration: \"0s\"; expected 1ms to 1h; orderly closes without a wait, "
                        "allow as the program asked"},
    {TEXT("linger 61m"), "rules:1:8: error: duration out of range: \"61m\"; expected 1ms to 1h; did you mean \"1h\"?"},
    {TEXT("linger 99999999999999999999h"),
     "rules:1:8: error: duration out of range: \"99999999999999999999h\"; expected 1ms to 1h; did you mean \"1h\"?"},
    {TEXT("drain 3600001ms"),
     "rules:1:7: error: duration out of range: \"3600001ms\"; expected 1ms to 1h; did you mean \"1h\"?"},
    {TEXT("drain within 5s"), "rules:1:7: error: only orderly takes \"within\"; expected the duration directly after "
                              "linger or drain; did you mean \"drain 5s\"?"},
    {TEXT("drain x"),
     "rules:1:7: error: bad duration \"x\"; expected a number and a unit (ms, s, m or h), such as 250ms"},
    {TEXT("allow exe x on unread"), "rules:1:13: error: misplaced \"on\"; expected on CAUSE directly after the "
                                    "verdict, before the matches; did you mean \"allow on unread exe x\"?"},
    {TEXT("allow on unread on backlog"),
     "rules:1:17: error: second \"on\"; expected one list of causes, separated by commas"},
    {TEXT("allow on"), "rules:1:9: error: missing cause; expected linger-zero, unread, late, disconnect or backlog"},
    {TEXT("allow on exe x"),
     "rules:1:9: error: missing cause; expected linger-zero, unread, late, disconnect or backlog"},
    {TEXT("allow on unred"),
     "rules:1:10: error: unknown cause \"unred\"; expected a cause: linger-zero (a reset was asked for), unread (input "
     "was not read), late (the peer is not done), disconnect or backlog; did you mean \"unread\"?"},
    {TEXT("allow on UNREAD"),
     "rules:1:10: error: unknown cause \"UNREAD\"; expected a cause: linger-zero (a reset was asked for), unread "
     "(input was not read), late (the peer is not done), disconnect or backlog; did you mean \"unread\"?"},
    {TEXT("allow on unread,"), "rules:1:10: error: nothing beside a comma in \"unread,\"; expected words separated by "
                               "one comma, without blanks; did you mean \"unread\"?"},
    {TEXT("allow on ,unread"), "rules:1:10: error: nothing beside a comma in \",unread\"; expected words separated by "
                               "one comma, without blanks; did you mean \"unread\"?"},
    {TEXT("allow on unread,,backlog"),
     "rules:1:10: error: nothing beside a comma in \"unread,,backlog\"; expected words separated by one comma, without "
     "blanks; did you mean \"unread,backlog\"?"},
    {TEXT("allow on unread, backlog"), "rules:1:10: error: nothing beside a comma in \"unread,\"; expected words "
                                       "separated by one comma, without blanks; did you mean \"unread,backlog\"?"},
    {TEXT("allow on unread ,backlog"),
     "rules:1:17: error: blank instead of a comma before \",backlog\"; expected words separated by one comma, without "
     "blanks; did you mean \"unread,backlog\"?"},
    {TEXT("allow on unread backlog"), "rules:1:17: error: blank instead of a comma before \"backlog\"; expected words "
                                      "separated by one comma, without blanks; did you mean \"unread,backlog\"?"},
    {TEXT("allow on unread unread,backlog"), "rules:1:17: error: blank instead of a comma before \"unread,backlog\"; "
                                             "expected words separated by one comma, without blanks"},
    {TEXT("allow on unread,unread"),
     "rules:1:17: error: cause written twice: \"unread\"; expected each cause at most once"},
    {TEXT("reject on unread"), "rules:1:11: error: this verdict makes no sense on \"unread\"; expected allow, observe, "
                               "orderly or drain on unread"},
    {TEXT("linger 5s on unread"), "rules:1:14: error: this verdict makes no sense on \"unread\"; expected allow, "
                                  "observe, orderly or drain on unread"},
    {TEXT("orderly on disconnect"), "rules:1:12: error: this verdict makes no sense on \"disconnect\"; expected allow, "
                                    "observe or reject on disconnect"},
    {TEXT("linger 5s on linger-zero,disconnect"), "rules:1:26: error: this verdict makes no sense on \"disconnect\"; "
                                                  "expected allow, observe or reject on disconnect"},
    {TEXT("drain 5s on backlog"),
     "rules:1:13: error: this verdict makes no sense on \"backlog\"; expected allow or observe on backlog"},
    {TEXT("reject on backlog"),
     "rules:1:11: error: this verdict makes no sense on \"backlog\"; expected allow or observe on backlog"},
    {TEXT("orderly on unread,backlog,disconnect"),
     "rules:1:19: error: this verdict makes no sense on \"backlog\"; expected allow or observe on backlog\nrules:1:27: "
     "error: this verdict makes no sense on \"disconnect\"; expected allow, observe or reject on disconnect"},
    {TEXT("allow foo"),
     "rules:1:7: error: no word before the pattern \"foo\"; expected exe GLOB; did you mean \"exe foo\"?"},
    {TEXT("allow lcal :1"), "rules:1:7: error: unknown match \"lcal\"; expected on, exe, user, cgroup, local, peer, "
                            "role, unsent, quiet or the end of the rule; did you mean \"local\"?"},
    {TEXT("allow o unread"), "rules:1:7: error: unknown match \"o\"; expected on, exe, user, cgroup, local, peer, "
                             "role, unsent, quiet or the end of the rule; did you mean \"on\"?"},
    {TEXT("allow local :1 pear :2"), "rules:1:16: error: unknown match \"pear\"; expected exe, user, cgroup, local, "
                                     "peer, role, unsent, quiet or the end of the rule; did you mean \"peer\"?"},
    {TEXT("allow local :1 onn unread"), "rules:1:16: error: unknown match \"onn\"; expected exe, user, cgroup, local, "
                                        "peer, role, unsent, quiet or the end of the rule"},
    {TEXT("allow local :1 locl :2"), "rules:1:16: error: unknown match \"locl\"; expected exe, user, cgroup, local, "
                                     "peer, role, unsent, quiet or the end of the rule"},
    {TEXT("allow local :1 local :2"),
     "rules:1:16: error: match written twice: \"local\"; expected each match at most once; commas between its values"},
    {TEXT("allow role accepted role accepted"),
     "rules:1:21: error: match written twice: \"role\"; expected each match at most once; commas between its values"},
    {TEXT("allow exe"), "rules:1:10: error: missing pattern; expected exe GLOB, such as exe /usr/sbin/* or exe java"},
    {TEXT("allow cgroup"),
     "rules:1:13: error: missing pattern; expected cgroup GLOB, such as cgroup nginx.service or cgroup /user.slice/*"},
    {TEXT("allow unsent"), "rules:1:13: error: missing value of unsent; expected none or some"},
    {TEXT("allow unsent non"),
     "rules:1:14: error: unknown value of unsent \"non\"; expected none or some; did you mean \"none\"?"},
    {TEXT("allow user"),
     "rules:1:11: error: missing user; expected a user id from 0 to 4294967294, as id -u NAME prints it"},
    {TEXT("allow user 4294967295"),
     "rules:1:12: error: bad user \"4294967295\"; expected a user id from 0 to 4294967294, as id -u NAME prints it"},
    {TEXT("drain 1s on disconnect,late; reject on late; orderly on late"),
     "rules:1:13: error: this verdict makes no sense on \"disconnect\"; expected allow, observe or reject on "
     "disconnect\nrules:2:12: error: this verdict makes no sense on \"late\"; expected allow, observe or drain on "
     "late\nrules:3:13: error: this verdict makes no sense on \"late\"; expected allow, observe or drain on late"},
    {TEXT("drainer"), "rules:1:8: error: missing value of drainer; expected the path of its socket, or none"},
    {TEXT("drainer "
          "/a23456789/b23456789/c23456789/d23456789/e23456789/f23456789/g23456789/h23456789/i23456789/j23456789/"
          "k234567"),
     "rules:1:9: error: path of a socket too long: "
     "\"/a23456789/b23456789/c23456789/d23456789/e23456789/f23456789...\"; expected at most 107 bytes"},
    {TEXT("drainer x; drainer \"a b\"c"), "rules:2:10: error: text behind the second \" in \"\"a b\"c\"; expected a "
                                          "blank, a comma or the end of the line behind it"},
    {TEXT("log file /x,\"a b\""), "rules:1:10: error: text behind the second \" in \"/x,\"a b\"\"; expected a blank, a "
                                  "comma or the end of the line behind it"},
    {TEXT("allow exe \"a b"), "rules:1:11: error: \" without its end in \"\"a\"; expected another \" behind the word"},
    {TEXT("allow exe x,\"a;allow exe y;allow z"),
     "rules:1:13: error: \" without its end in \"\"a\"; expected another \" behind the word\nrules:3:7: error: no word "
     "before the pattern \"z\"; expected exe GLOB; did you mean \"exe z\"?"},
    {TEXT("allow exe /opt/\"a b\""), "rules:1:11: error: \" inside of \"/opt/\"a\"; expected quotes around the whole "
                                     "word; in a pattern ? stands for a quote"},
    {TEXT("allow exe \"\""),
     "rules:1:11: error: empty pattern \"\"\"\"; expected a pattern such as /usr/sbin/* or java"},
    {TEXT("allow exe a,,b"), "rules:1:11: error: nothing beside a comma in \"a,,b\"; expected words separated by one "
                             "comma, without blanks; did you mean \"a,b\"?"},
    {TEXT("allow exe a, b"), "rules:1:11: error: nothing beside a comma in \"a,\"; expected words separated by one "
                             "comma, without blanks; did you mean \"a,b\"?"},
    {TEXT("allow local :80 :443"), "rules:1:17: error: blank instead of a comma before \":443\"; expected words "
                                   "separated by one comma, without blanks; did you mean \":80,:443\"?"},
    {TEXT("allow peer 10.0.0.1 [::1]"), "rules:1:21: error: blank instead of a comma before \"[::1]\"; expected words "
                                        "separated by one comma, without blanks; did you mean \"10.0.0.1,[::1]\"?"},
    {TEXT("allow user 1 2"), "rules:1:14: error: blank instead of a comma before \"2\"; expected words separated by "
                             "one comma, without blanks; did you mean \"1,2\"?"},
    {TEXT("allow exe a ,b"), "rules:1:13: error: blank instead of a comma before \",b\"; expected words separated by "
                             "one comma, without blanks; did you mean \"a,b\"?"},
    {TEXT("allow local :80,x,:0"),
     "rules:1:17: error: host name \"x\"; expected an address, names are not resolved: 10.0.0.5, 10.0.0.0/8, "
     "[2001:db8::1], :443 or 10.0.0.5:8000-8999\nrules:1:19: error: bad port in \":0\"; expected a number from 1 to "
     "65535, or a range such as :8000-8999"},
    {TEXT("tag"), "rules:1:4: error: missing value of tag; expected a word of at most 64 bytes"},
    {TEXT("tag a2345678901234567890123456789012345678901234567890123456789012345"),
     "rules:1:5: error: tag too long: \"a23456789012345678901234567890123456789012345678901234567890...\"; expected a "
     "word of at most 64 bytes"},
    {TEXT("allow quiet exe"),
     "rules:1:7: error: misplaced \"quiet\"; expected quiet as the last word of the rule; did you mean \"allow exe "
     "quiet\"?\nrules:1:16: error: missing pattern; expected exe GLOB, such as exe /usr/sbin/* or exe java"},
    {TEXT("allow exe [a"),
     "rules:1:11: error: [ without its ] in \"[a\"; expected a set such as [a-z] or [!a-z], or \\[ for the character"},
    {TEXT("allow exe [a-"),
     "rules:1:11: error: [ without its ] in \"[a-\"; expected a set such as [a-z] or [!a-z], or \\[ for the character"},
    {TEXT("allow exe []"),
     "rules:1:11: error: [ without its ] in \"[]\"; expected a set such as [a-z] or [!a-z], or \\[ for the character"},
    {TEXT("allow exe [!]"),
     "rules:1:11: error: [ without its ] in \"[!]\"; expected a set such as [a-z] or [!a-z], or \\[ for the character"},
    {TEXT("allow exe [\\]"), "rules:1:11: error: [ without its ] in \"[\\]\"; expected a set such as [a-z] or [!a-z], "
                             "or \\[ for the character"},
    {TEXT("allow exe [z-a]"),
     "rules:1:11: error: range in descending order in \"[z-a]\"; expected a set such as [a-z]"},
    {TEXT("allow exe [^a]"),
     "rules:1:11: error: [^ in \"[^a]\"; expected [!a-z] for what is not in a set, or [\\^] for the character"},
    {TEXT("allow exe a\\"),
     "rules:1:11: error: nothing after the \\ in \"a\\\"; expected the character that is to be taken literally"},
    {TEXT("allow role"), "rules:1:11: error: missing role; expected accepted or connected"},
    {TEXT("allow role quiet"), "rules:1:11: error: missing role; expected accepted or connected"},
    {TEXT("allow role unknown"), "rules:1:12: error: unknown role \"unknown\"; expected accepted or connected"},
    {TEXT("allow role acepted"),
     "rules:1:12: error: unknown role \"acepted\"; expected accepted or connected; did you mean \"accepted\"?"},
    {TEXT("allow quiet exe x"), "rules:1:7: error: misplaced \"quiet\"; expected quiet as the last word of the rule; "
                                "did you mean \"allow exe x quiet\"?"},
    {TEXT("allow quiet on unread"), "rules:1:7: error: misplaced \"quiet\"; expected quiet as the last word of the "
                                    "rule; did you mean \"allow on unread quiet\"?"},
    {TEXT("allow quiet foo"), "rules:1:13: error: unexpected \"foo\"; expected the end of the rule after quiet"},
    {TEXT("allow quiet quiet"), "rules:1:13: error: unexpected \"quiet\"; expected the end of the rule after quiet"},
    {TEXT("allow quiet reject"), "rules:1:13: error: unexpected \"reject\"; expected the end of the rule after quiet"},
    {TEXT("allow local"),
     "rules:1:12: error: missing address; expected 10.0.0.5, 10.0.0.0/8, [2001:db8::1], :443 or 10.0.0.5:8000-8999"},
    {TEXT("allow local peer :1"),
     "rules:1:12: error: missing address; expected 10.0.0.5, 10.0.0.0/8, [2001:db8::1], :443 or 10.0.0.5:8000-8999"},
    {TEXT("allow local 10.0.0.5x:1"), "rules:1:13: error: host name \"10.0.0.5x:1\"; expected an address, names are "
                                      "not resolved: 10.0.0.5, 10.0.0.0/8, [2001:db8::1], :443 or 10.0.0.5:8000-8999"},
    {TEXT("allow local *:443"), "rules:1:13: error: bad address \"*:443\"; expected 10.0.0.5, 10.0.0.0/8, "
                                "[2001:db8::1], :443 or 10.0.0.5:8000-8999; did you mean \":443\"?"},
    {TEXT("allow local /8"),
     "rules:1:13: error: bad address \"/8\"; expected 10.0.0.5, 10.0.0.0/8, [2001:db8::1], :443 or 10.0.0.5:8000-8999"},
    {TEXT("allow local [::1]x"), "rules:1:13: error: bad address \"[::1]x\"; expected 10.0.0.5, 10.0.0.0/8, "
                                 "[2001:db8::1], :443 or 10.0.0.5:8000-8999"},
    {TEXT("allow local [::1]443"), "rules:1:13: error: bad address \"[::1]443\"; expected 10.0.0.5, 10.0.0.0/8, "
                                   "[2001:db8::1], :443 or 10.0.0.5:8000-8999"},
    {TEXT("allow local localhost"),
     "rules:1:13: error: host name \"localhost\"; expected an address, names are not resolved: 10.0.0.5, 10.0.0.0/8, "
     "[2001:db8::1], :443 or 10.0.0.5:8000-8999; did you mean \"127.0.0.1\"?"},
    {TEXT("allow local example.com:443"),
     "rules:1:13: error: host name \"example.com:443\"; expected an address, names are not resolved: 10.0.0.5, "
     "10.0.0.0/8, [2001:db8::1], :443 or 10.0.0.5:8000-8999"},
    {TEXT("allow local 10.0.0"),
     "rules:1:13: error: bad IPv4 address \"10.0.0\"; expected four numbers from 0 to 255, such as 10.0.0.5"},
    {TEXT("allow local 10.0.0.5.6"),
     "rules:1:13: error: bad IPv4 address \"10.0.0.5.6\"; expected four numbers from 0 to 255, such as 10.0.0.5"},
    {TEXT("allow local 256.0.0.1"),
     "rules:1:13: error: bad IPv4 address \"256.0.0.1\"; expected four numbers from 0 to 255, such as 10.0.0.5"},
    {TEXT("allow local 1..2.3"),
     "rules:1:13: error: bad IPv4 address \"1..2.3\"; expected four numbers from 0 to 255, such as 10.0.0.5"},
    {TEXT("allow local 010.0.0.1"),
     "rules:1:13: error: leading zero in \"010.0.0.1\"; expected decimal numbers, such as 10.0.0.5"},
    {TEXT("allow local 10.0.0.00"),
     "rules:1:13: error: leading zero in \"10.0.0.00\"; expected decimal numbers, such as 10.0.0.5"},
    {TEXT("allow local []"),
     "rules:1:13: error: bad IPv6 address \"[]\"; expected an address in brackets, such as [2001:db8::1]"},
    {TEXT("allow local [10.0.0.1]"), "rules:1:13: error: bad IPv6 address \"[10.0.0.1]\"; expected an address in "
                                     "brackets, such as [2001:db8::1]; did you mean \"10.0.0.1\"?"},
    {TEXT("allow local [:::1]"),
     "rules:1:13: error: bad IPv6 address \"[:::1]\"; expected an address in brackets, such as [2001:db8::1]"},
    {TEXT("allow local [1:2:3:4:5:6:7:8:9]"), "rules:1:13: error: bad IPv6 address \"[1:2:3:4:5:6:7:8:9]\"; expected "
                                              "an address in brackets, such as [2001:db8::1]"},
    {TEXT("allow local [1::2::3]"),
     "rules:1:13: error: bad IPv6 address \"[1::2::3]\"; expected an address in brackets, such as [2001:db8::1]"},
    {TEXT("allow local [1:2:3:4:5:6:7:8::]"), "rules:1:13: error: bad IPv6 address \"[1:2:3:4:5:6:7:8::]\"; expected "
                                              "an address in brackets, such as [2001:db8::1]"},
    {TEXT("allow local [12345::]"),
     "rules:1:13: error: bad IPv6 address \"[12345::]\"; expected an address in brackets, such as [2001:db8::1]"},
    {TEXT("allow local [1:]"),
     "rules:1:13: error: bad IPv6 address \"[1:]\"; expected an address in brackets, such as [2001:db8::1]"},
    {TEXT("allow local [:1]"),
     "rules:1:13: error: bad IPv6 address \"[:1]\"; expected an address in brackets, such as [2001:db8::1]"},
    {TEXT("allow local [::1.2.3]"),
     "rules:1:13: error: bad IPv6 address \"[::1.2.3]\"; expected an address in brackets, such as [2001:db8::1]"},
    {TEXT("allow local [::1.2.3.4:5]"),
     "rules:1:13: error: bad IPv6 address \"[::1.2.3.4:5]\"; expected an address in brackets, such as [2001:db8::1]"},
    {TEXT("allow local [1:2:3:4:5:6:7:1.2.3.4]"), "rules:1:13: error: bad IPv6 address \"[1:2:3:4:5:6:7:1.2.3.4]\"; "
                                                  "expected an address in brackets, such as [2001:db8::1]"},
    {TEXT("allow local ::1"), "rules:1:13: error: IPv6 address without brackets, write it in brackets: \"::1\"; "
                              "expected [2001:db8::1], [2001:db8::]/32 or [2001:db8::1]:443; did you mean \"[::1]\"?"},
    {TEXT("allow local 2001:db8::1"),
     "rules:1:13: error: IPv6 address without brackets, write it in brackets: \"2001:db8::1\"; expected [2001:db8::1], "
     "[2001:db8::]/32 or [2001:db8::1]:443; did you mean \"[2001:db8::1]\"?"},
    {TEXT("allow local fe80::1/64"),
     "rules:1:13: error: IPv6 address without brackets, write it in brackets: \"fe80::1/64\"; expected [2001:db8::1], "
     "[2001:db8::]/32 or [2001:db8::1]:443; did you mean \"[fe80::1]/64\"?"},
    {TEXT("allow local ::"), "rules:1:13: error: IPv6 address without brackets, write it in brackets: \"::\"; expected "
                             "[2001:db8::1], [2001:db8::]/32 or [2001:db8::1]:443; did you mean \"[::]\"?"},
    {TEXT("allow local [::1"),
     "rules:1:13: error: missing ] in \"[::1\"; expected [2001:db8::1], [2001:db8::]/32 or [2001:db8::1]:443"},
    {TEXT("allow local [::1/64"),
     "rules:1:13: error: missing ] in \"[::1/64\"; expected [2001:db8::1], [2001:db8::]/32 or [2001:db8::1]:443"},
    {TEXT("allow local [fe80::1%eth0]"), "rules:1:13: error: zone in \"[fe80::1%eth0]\"; expected an address without "
                                         "%, zones are not matched; did you mean \"[fe80::1]\"?"},
    {TEXT("allow local 10.0.0.0/33"),
     "rules:1:13: error: bad prefix in \"10.0.0.0/33\"; expected /0 to /32, before the port"},
    {TEXT("allow local 10.0.0.0/"),
     "rules:1:13: error: bad prefix in \"10.0.0.0/\"; expected /0 to /32, before the port"},
    {TEXT("allow local 10.0.0.0/255.0.0.0"), "rules:1:13: error: bad prefix in \"10.0.0.0/255.0.0.0\"; expected /0 to "
                                             "/32, before the port; did you mean \"10.0.0.0/8\"?"},
    {TEXT("allow local 10.0.0.0/08"),
     "rules:1:13: error: bad prefix in \"10.0.0.0/08\"; expected /0 to /32, before the port"},
    {TEXT("allow local [::]/129"),
     "rules:1:13: error: bad prefix in \"[::]/129\"; expected /0 to /128, before the port"},
    {TEXT("allow local [::]/x:1"),
     "rules:1:13: error: bad prefix in \"[::]/x:1\"; expected /0 to /128, before the port"},
    {TEXT("allow local :0"),
     "rules:1:13: error: bad port in \":0\"; expected a number from 1 to 65535, or a range such as :8000-8999"},
    {TEXT("allow local :"),
     "rules:1:13: error: bad port in \":\"; expected a number from 1 to 65535, or a range such as :8000-8999"},
    {TEXT("allow local :65536"),
     "rules:1:13: error: bad port in \":65536\"; expected a number from 1 to 65535, or a range such as :8000-8999"},
    {TEXT("allow local :80-"), "rules:1:13: error: bad port in \":80-\"; expected a number from 1 to 65535, or a range "
                               "such as :8000-8999; did you mean \":80-65535\"?"},
    {TEXT("allow local :-80"), "rules:1:13: error: bad port in \":-80\"; expected a number from 1 to 65535, or a range "
                               "such as :8000-8999; did you mean \":1-80\"?"},
    {TEXT("allow local :080"),
     "rules:1:13: error: bad port in \":080\"; expected a number from 1 to 65535, or a range such as :8000-8999"},
    {TEXT("allow local :http"), "rules:1:13: error: bad port in \":http\"; expected a number from 1 to 65535, or a "
                                "range such as :8000-8999; did you mean \":80\"?"},
    {TEXT("allow local 10.0.0.0:443/8"), "rules:1:13: error: bad port in \"10.0.0.0:443/8\"; expected a number from 1 "
                                         "to 65535, or a range such as :8000-8999; did you mean \"10.0.0.0/8:443\"?"},
    {TEXT("allow local :80-90-100"),
     "rules:1:13: error: bad port in \":80-90-100\"; expected a number from 1 to 65535, or a range such as :8000-8999"},
    {TEXT("allow local 10.0.0.1:2-1"),
     "rules:1:13: error: ports in descending order in \"10.0.0.1:2-1\"; expected the lower port first"},
    {TEXT("allow; log off"),
     "rules:2:2: error: setting after a rule: \"log\"; expected settings before the first rule"},
    {TEXT("allow; format xml"), "rules:2:2: error: setting after a rule: \"format\"; expected settings before the "
                                "first rule\nrules:2:9: error: unknown value of format \"xml\"; expected text or json"},
    {TEXT("log off; log off"), "rules:2:2: error: setting written twice: \"log\"; expected each setting at most once"},
    {TEXT("limit 5/s; format json; limit 6/s"),
     "rules:3:2: error: setting written twice: \"limit\"; expected each setting at most once"},
    {TEXT("log"), "rules:1:4: error: missing value of log; expected stderr, off, syslog or file PATH"},
    {TEXT("log fil /x"), "rules:1:9: error: missing file before the path \"/x\"; expected stderr, off, syslog or file "
                         "PATH; did you mean \"file /x\"?"},
    {TEXT("log /var/log/x"), "rules:1:5: error: missing file before the path \"/var/log/x\"; expected stderr, off, "
                             "syslog or file PATH; did you mean \"file /var/log/x\"?"},
    {TEXT("log Syslog"), "rules:1:5: error: unknown value of log \"Syslog\"; expected stderr, off, syslog or file "
                         "PATH; did you mean \"syslog\"?"},
    {TEXT("log file"), "rules:1:9: error: missing path; expected log file PATH"},
    {TEXT("log file # x"), "rules:1:9: error: missing path; expected log file PATH"},
    {TEXT("format"), "rules:1:7: error: missing value of format; expected text or json"},
    {TEXT("format jsn"),
     "rules:1:8: error: unknown value of format \"jsn\"; expected text or json; did you mean \"json\"?"},
    {TEXT("limit"), "rules:1:6: error: missing value of limit; expected a number of records per second, such as 100/s"},
    {TEXT("limit 5"), "rules:1:7: error: bad value of limit \"5\"; expected a number of records per second, such as "
                      "100/s; did you mean \"5/s\"?"},
    {TEXT("limit 5/m"), "rules:1:7: error: bad value of limit \"5/m\"; expected a number of records per second, such "
                        "as 100/s; did you mean \"1/s\"?"},
    {TEXT("limit x/s"),
     "rules:1:7: error: bad value of limit \"x/s\"; expected a number of records per second, such as 100/s"},
    {TEXT("limit 05/s"),
     "rules:1:7: error: bad value of limit \"05/s\"; expected a number of records per second, such as 100/s"},
    {TEXT("limit 0/s"), "rules:1:7: error: limit out of range: \"0/s\"; expected 1/s to 1000000/s"},
    {TEXT("limit 1000001/s"),
     "rules:1:7: error: limit out of range: \"1000001/s\"; expected 1/s to 1000000/s; did you mean \"1000000/s\"?"},
    {TEXT("inspect"), "rules:1:8: error: missing value of inspect; expected never, first-abort or every-close"},
    {TEXT("inspect always"), "rules:1:9: error: unknown value of inspect \"always\"; expected never, first-abort or "
                             "every-close; did you mean \"every-close\"?"},
    {TEXT("inspect evry-close"), "rules:1:9: error: unknown value of inspect \"evry-close\"; expected never, "
                                 "first-abort or every-close; did you mean \"every-close\"?"},
    {TEXT("callers"), "rules:1:8: error: missing value of callers; expected a number from 0 to 16"},
    {TEXT("callers 17"),
     "rules:1:9: error: bad value of callers \"17\"; expected a number from 0 to 16; did you mean \"16\"?"},
    {TEXT("callers x"), "rules:1:9: error: bad value of callers \"x\"; expected a number from 0 to 16"},
    {TEXT("callers 01"), "rules:1:9: error: bad value of callers \"01\"; expected a number from 0 to 16"},
    /* What operators write who know other languages. */
    {TEXT("deny exe java"), "rules:1:1: error: no verdict: \"deny\"; expected orderly, for a close without reset, or "
                            "reject, for a call that fails"},
    {TEXT("drop"), "rules:1:1: error: no verdict: \"drop\"; expected orderly, for a close without reset, or reject, "
                   "for a call that fails"},
    {TEXT("block on unread,disconnect"), "rules:1:1: error: no verdict: \"block\"; expected orderly, for a close "
                                         "without reset, or reject, for a call that fails"},
    {TEXT("forbid 5"), "rules:1:1: error: no verdict: \"forbid\"; expected orderly, for a close without reset, or "
                       "reject, for a call that fails\nrules:1:8: error: argument of a verdict that takes none: \"5\"; "
                       "expected on, exe, user, cgroup, local, peer, role, unsent, quiet or the end of the rule"},
    {TEXT("linger 5 s"), "rules:1:8: error: blank in the duration \"5 s\"; expected a number and a unit (ms, s, m or "
                         "h), such as 250ms; did you mean \"5s\"?"},
    {TEXT("orderly within 5 sec exe y"), "rules:1:16: error: blank in the duration \"5 sec\"; expected a number and a "
                                         "unit (ms, s, m or h), such as 250ms; did you mean \"5s\"?"},
    {TEXT("linger 5sec"), "rules:1:8: error: bad duration \"5sec\"; expected a number and a unit (ms, s, m or h), such "
                          "as 250ms; did you mean \"5s\"?"},
    {TEXT("drain 30000"), "rules:1:7: error: duration without a unit: \"30000\"; expected a number and a unit (ms, s, "
                          "m or h), such as 250ms; did you mean \"30000ms\"?"},
    {TEXT("linger 5S"), "rules:1:8: error: bad duration \"5S\"; expected a number and a unit (ms, s, m or h), such as "
                        "250ms; did you mean \"5s\"?"},
    {TEXT("linger 0"), "rules:1:8: error: no duration: \"0\"; expected 1ms to 1h; orderly closes without a wait, allow "
                       "as the program asked"},
    {TEXT("linger 0 s"), "rules:1:8: error: no duration: \"0 s\"; expected 1ms to 1h; orderly closes without a wait, "
                         "allow as the program asked"},
    {TEXT("linger 0.05s"), "rules:1:8: error: bad duration \"0.05s\"; expected a number and a unit (ms, s, m or h), "
                           "such as 250ms; did you mean \"50ms\"?"},
    {TEXT("linger 1.5m"),
     "rules:1:8: error: bad duration \"1.5m\"; expected a number and a unit (ms, s, m or h), such as 250ms"},
    {TEXT("drain idle 5s"),
     "rules:1:6: error: missing duration; expected a number and a unit (ms, s, m or h), such as 250ms"},
    {TEXT("drain 5s idle"),
     "rules:1:14: error: missing duration; expected a number and a unit (ms, s, m or h), such as 250ms"},
    {TEXT("drain 5s idle 10s"),
     "rules:1:15: error: idle time longer than the whole drain: \"10s\"; expected at most the duration before it"},
    {TEXT("drain 5s idle 5 s"), "rules:1:15: error: blank in the duration \"5 s\"; expected a number and a unit (ms, "
                                "s, m or h), such as 250ms; did you mean \"5s\"?"},
    {TEXT("drain 5s 1s"),
     "rules:1:10: error: misplaced \"1s\"; expected what belongs to the verdict directly after it"},
    {TEXT("drain 5s exe x idle 1s"),
     "rules:1:16: error: misplaced \"idle\"; expected what belongs to the verdict directly after it"},
    {TEXT("linger 5s idle 1s"), "rules:1:11: error: only drain takes \"idle\"; expected drain DURATION idle DURATION"},
    {TEXT("allow idle 1s"), "rules:1:7: error: argument of a verdict that takes none: \"idle\"; expected on, exe, "
                            "user, cgroup, local, peer, role, unsent, quiet or the end of the rule"},
    {TEXT("linger 5s within 3s exe y z"),
     "rules:1:11: error: only orderly takes \"within\"; expected the duration directly after linger or "
     "drain\nrules:1:27: error: blank instead of a comma before \"z\"; expected words separated by one comma, without "
     "blanks; did you mean \"y,z\"?"},
    {TEXT("orderly exe x within 5s"),
     "rules:1:15: error: misplaced \"within\"; expected what belongs to the verdict directly after it"},
    {TEXT("orderly in 5s"),
     "rules:1:9: error: missing within before \"in\"; expected orderly within DURATION; did you mean \"within\"?"},
    {TEXT("orderly for 5s on unred"),
     "rules:1:9: error: missing within before \"for\"; expected orderly within DURATION; did you mean "
     "\"within\"?\nrules:1:19: error: unknown cause \"unred\"; expected a cause: linger-zero (a reset was asked for), "
     "unread (input was not read), late (the peer is not done), disconnect or backlog; did you mean \"unread\"?"},
    {TEXT("reject -EPERM"),
     "rules:1:8: error: unknown errno or match \"-EPERM\"; expected an errno name or number, on, exe, user, cgroup, "
     "local, peer, role, unsent, quiet or the end of the rule; did you mean \"EPERM\"?"},
    {TEXT("reject port 80"), "rules:1:8: error: unknown match \"port\"; expected on, exe, user, cgroup, local, peer, "
                             "role, unsent, quiet or the end of the rule; did you mean \"local :80\"?"},
    {TEXT("reject unread"),
     "rules:1:8: error: missing on before \"unread\"; expected on CAUSE directly after the verdict"},
    {TEXT("reject and"), "rules:1:8: error: no word of the language: \"and\"; expected matches side by side, which "
                         "must all hold; did you mean \"reject\"?"},
    {TEXT("allow local localhost:80"),
     "rules:1:13: error: host name \"localhost:80\"; expected an address, names are not resolved: 10.0.0.5, "
     "10.0.0.0/8, [2001:db8::1], :443 or 10.0.0.5:8000-8999; did you mean \"127.0.0.1:80\"?"},
    {TEXT("allow local *:80"), "rules:1:13: error: bad address \"*:80\"; expected 10.0.0.5, 10.0.0.0/8, [2001:db8::1], "
                               ":443 or 10.0.0.5:8000-8999; did you mean \":80\"?"},
    {TEXT("allow local any"),
     "rules:1:13: error: no address: \"any\"; expected no such match, for a rule that is for every address"},
    {TEXT("allow peer *"),
     "rules:1:12: error: no address: \"*\"; expected no such match, for a rule that is for every address"},
    {TEXT("allow peer 0.0.0.0/0,all"),
     "rules:1:22: error: no address: \"all\"; expected no such match, for a rule that is for every address"},
    {TEXT("allow peer 10.0.0.1:80/24"), "rules:1:12: error: bad port in \"10.0.0.1:80/24\"; expected a number from 1 "
                                        "to 65535, or a range such as :8000-8999; did you mean \"10.0.0.1/24:80\"?"},
    {TEXT("allow peer 10.0.0.1-10.0.0.9"), "rules:1:12: error: bad IPv4 address \"10.0.0.1-10.0.0.9\"; expected four "
                                           "numbers from 0 to 255, such as 10.0.0.5"},
    {TEXT("allow peer 10.0.0.*"), "rules:1:12: error: bad IPv4 address \"10.0.0.*\"; expected four numbers from 0 to "
                                  "255, such as 10.0.0.5; did you mean \"10.0.0.0/24\"?"},
    {TEXT("allow peer 10.0.*.*:80"), "rules:1:12: error: bad IPv4 address \"10.0.*.*:80\"; expected four numbers from "
                                     "0 to 255, such as 10.0.0.5; did you mean \"10.0.0.0/16:80\"?"},
    {TEXT("allow peer 10/8"), "rules:1:12: error: bad IPv4 address \"10/8\"; expected four numbers from 0 to 255, such "
                              "as 10.0.0.5; did you mean \"10.0.0.0/8\"?"},
    {TEXT("allow peer 10.0.0/24:80"), "rules:1:12: error: bad IPv4 address \"10.0.0/24:80\"; expected four numbers "
                                      "from 0 to 255, such as 10.0.0.5; did you mean \"10.0.0.0/24:80\"?"},
    {TEXT("allow peer 10.0.0.0/255.255.0.255"),
     "rules:1:12: error: bad prefix in \"10.0.0.0/255.255.0.255\"; expected /0 to /32, before the port"},
    {TEXT("allow peer 10.0.0.0/255.255.255.255:80"),
     "rules:1:12: error: bad prefix in \"10.0.0.0/255.255.255.255:80\"; expected /0 to /32, before the port; did you "
     "mean \"10.0.0.0/32:80\"?"},
    {TEXT("allow peer [10.0.0.1]:80"), "rules:1:12: error: bad IPv6 address \"[10.0.0.1]:80\"; expected an address in "
                                       "brackets, such as [2001:db8::1]; did you mean \"10.0.0.1:80\"?"},
    {TEXT("allow peer [2001:db8::/32]"), "rules:1:12: error: bad IPv6 address \"[2001:db8::/32]\"; expected an address "
                                         "in brackets, such as [2001:db8::1]; did you mean \"[2001:db8::]/32\"?"},
    {TEXT("allow peer http://10.0.0.5:80/"),
     "rules:1:12: error: IPv6 address without brackets, write it in brackets: \"http://10.0.0.5:80/\"; expected "
     "[2001:db8::1], [2001:db8::]/32 or [2001:db8::1]:443; did you mean \"10.0.0.5:80\"?"},
    {TEXT("allow peer ::/0"), "rules:1:12: error: IPv6 address without brackets, write it in brackets: \"::/0\"; "
                              "expected [2001:db8::1], [2001:db8::]/32 or [2001:db8::1]:443; did you mean \"[::]/0\"?"},
    {TEXT("allow local 8080"),
     "rules:1:13: error: port without its colon: \"8080\"; expected :443 or :8000-8999; did you mean \":8080\"?"},
    {TEXT("allow local 80,443"), "rules:1:13: error: port without its colon: \"80\"; expected :443 or :8000-8999; did "
                                 "you mean \":80\"?\nrules:1:16: error: port without its colon: \"443\"; expected :443 "
                                 "or :8000-8999; did you mean \":443\"?"},
    {TEXT("allow local 8000-8999"), "rules:1:13: error: port without its colon: \"8000-8999\"; expected :443 or "
                                    ":8000-8999; did you mean \":8000-8999\"?"},
    {TEXT("allow local 8000..9000"), "rules:1:13: error: bad IPv4 address \"8000..9000\"; expected four numbers from 0 "
                                     "to 255, such as 10.0.0.5; did you mean \":8000-9000\"?"},
    {TEXT("allow local 80-x"), "rules:1:13: error: host name \"80-x\"; expected an address, names are not resolved: "
                               "10.0.0.5, 10.0.0.0/8, [2001:db8::1], :443 or 10.0.0.5:8000-8999"},
    {TEXT("allow local http"),
     "rules:1:13: error: host name \"http\"; expected an address, names are not resolved: 10.0.0.5, 10.0.0.0/8, "
     "[2001:db8::1], :443 or 10.0.0.5:8000-8999; did you mean \":80\"?"},
    {TEXT("allow local *:https"), "rules:1:13: error: bad address \"*:https\"; expected 10.0.0.5, 10.0.0.0/8, "
                                  "[2001:db8::1], :443 or 10.0.0.5:8000-8999; did you mean \":443\"?"},
    {TEXT("allow local eth0"), "rules:1:13: error: host name \"eth0\"; expected an address, names are not resolved: "
                               "10.0.0.5, 10.0.0.0/8, [2001:db8::1], :443 or 10.0.0.5:8000-8999"},
    {TEXT("allow exe=java"), "rules:1:7: error: no blank in \"exe=java\"; expected a blank between a word and its "
                             "value; did you mean \"exe java\"?"},
    {TEXT("allow local:80 exe:java"),
     "rules:1:7: error: no blank in \"local:80\"; expected a blank between a word and its value; did you mean \"local "
     ":80\"?\nrules:1:16: error: no blank in \"exe:java\"; expected a blank between a word and its value; did you mean "
     "\"exe java\"?"},
    {TEXT("allow local:10.0.0.1"), "rules:1:7: error: no blank in \"local:10.0.0.1\"; expected a blank between a word "
                                   "and its value; did you mean \"local 10.0.0.1\"?"},
    {TEXT("allow exe=\303\251"),
     "rules:1:7: error: no blank in \"exe=\303\251\"; expected a blank between a word and its value"},
    {TEXT("allow exe= java"),
     "rules:1:7: error: no blank in \"exe=\"; expected a blank between a word and its value; did you mean \"exe\"?"},
    {TEXT("log=stderr"), "rules:1:1: error: no blank in \"log=stderr\"; expected a blank between a word and its value; "
                         "did you mean \"log stderr\"?"},
    {TEXT("format:json"), "rules:1:1: error: no blank in \"format:json\"; expected a blank between a word and its "
                          "value; did you mean \"format json\"?"},
    {TEXT("allow:"), "rules:1:1: error: no blank in \"allow:\"; expected a blank between a word and its value; did you "
                     "mean \"allow\"?"},
    {TEXT("allow role client"),
     "rules:1:12: error: unknown role \"client\"; expected accepted or connected; did you mean \"connected\"?"},
    {TEXT("allow role INCOMING"),
     "rules:1:12: error: unknown role \"INCOMING\"; expected accepted or connected; did you mean \"accepted\"?"},
    {TEXT("allow role both"), "rules:1:12: error: unknown role \"both\"; expected accepted or connected"},
    {TEXT("allow on close"), "rules:1:10: error: no cause: \"close\"; expected a cause: linger-zero (a reset was asked "
                             "for), unread (input was not read), late (the peer is not done), disconnect or backlog; "
                             "did you mean \"linger-zero,unread,late,disconnect,backlog\"?"},
    {TEXT("allow on SO_LINGER"),
     "rules:1:10: error: unknown cause \"SO_LINGER\"; expected a cause: linger-zero (a reset was asked for), unread "
     "(input was not read), late (the peer is not done), disconnect or backlog; did you mean \"linger-zero\"?"},
    {TEXT("allow on all"), "rules:1:10: error: unknown cause \"all\"; expected a cause: linger-zero (a reset was asked "
                           "for), unread (input was not read), late (the peer is not done), disconnect or backlog; did "
                           "you mean \"linger-zero,unread,late,disconnect,backlog\"?"},
    {TEXT("orderly on any"),
     "rules:1:12: error: unknown cause \"any\"; expected a cause: linger-zero (a reset was asked for), unread (input "
     "was not read), late (the peer is not done), disconnect or backlog; did you mean \"linger-zero,unread\"?"},
    {TEXT("allow on listen"),
     "rules:1:10: error: unknown cause \"listen\"; expected a cause: linger-zero (a reset was asked for), unread "
     "(input was not read), late (the peer is not done), disconnect or backlog; did you mean \"backlog\"?"},
    {TEXT("allow all"), "rules:1:7: error: no match: \"all\"; expected nothing, a rule without a match is for every "
                        "connection; did you mean \"allow\"?"},
    {TEXT("allow exe x *"), "rules:1:13: error: no match: \"*\"; expected nothing, a rule without a match is for every "
                            "connection; did you mean \"allow exe x\"?"},
    {TEXT("allow unread"), "rules:1:7: error: missing on before \"unread\"; expected on CAUSE directly after the "
                           "verdict; did you mean \"on unread\"?"},
    {TEXT("allow unread,late exe x y"),
     "rules:1:7: error: missing on before \"unread,late\"; expected on CAUSE directly after the verdict; did you mean "
     "\"on unread,late\"?\nrules:1:25: error: blank instead of a comma before \"y\"; expected words separated by one "
     "comma, without blanks; did you mean \"x,y\"?"},
    {TEXT("allow exe x unread"),
     "rules:1:13: error: missing on before \"unread\"; expected on CAUSE directly after the verdict"},
    {TEXT("allow exe x and local :80x"),
     "rules:1:13: error: no word of the language: \"and\"; expected matches side by side, which must all "
     "hold\nrules:1:23: error: bad port in \":80x\"; expected a number from 1 to 65535, or a range such as :8000-8999"},
    {TEXT("allow exe x or exe y"),
     "rules:1:13: error: no word of the language: \"or\"; expected commas between values, or two rules"},
    {TEXT("allow not exe x"), "rules:1:7: error: no word of the language: \"not\"; expected a rule for the exception "
                              "before this one, such as allow exe NAME"},
    {TEXT("allow when exe x"), "rules:1:7: error: no word of the language: \"when\"; expected matches side by side, "
                               "which must all hold; did you mean \"allow exe x\"?"},
    {TEXT("exe java allow"),
     "rules:1:1: error: no verdict before \"exe\"; expected VERDICT [ARG] [on CAUSE[,CAUSE]...] [MATCH]... [quiet], "
     "such as orderly local :443; did you mean \"allow exe java\"?"},
    {TEXT("quiet allow exe x"),
     "rules:1:1: error: no verdict before \"quiet\"; expected VERDICT [ARG] [on CAUSE[,CAUSE]...] [MATCH]... [quiet], "
     "such as orderly local :443; did you mean \"allow exe x quiet\"?"},
    {TEXT("on unread allow"),
     "rules:1:1: error: no verdict before \"on\"; expected VERDICT [ARG] [on CAUSE[,CAUSE]...] [MATCH]... [quiet], "
     "such as orderly local :443; did you mean \"allow on unread\"?"},
    {TEXT("default allow"),
     "rules:1:1: error: no verdict before \"default\"; expected VERDICT [ARG] [on CAUSE[,CAUSE]...] [MATCH]... "
     "[quiet], such as orderly local :443; did you mean \"allow\"?"},
    {TEXT("else orderly"), "rules:1:1: error: no verdict before \"else\"; expected VERDICT [ARG] [on CAUSE[,CAUSE]...] "
                           "[MATCH]... [quiet], such as orderly local :443; did you mean \"orderly\"?"},
    {TEXT("if exe x then allow"), "rules:1:1: error: no verdict before \"if\"; expected VERDICT [ARG] [on "
                                  "CAUSE[,CAUSE]...] [MATCH]... [quiet], such as orderly local :443"},
    {TEXT("java allow"), "rules:1:1: error: no verdict before \"java\"; expected VERDICT [ARG] [on CAUSE[,CAUSE]...] "
                         "[MATCH]... [quiet], such as orderly local :443"},
    {TEXT(":80 drain 5s"), "rules:1:1: error: no verdict before \":80\"; expected VERDICT [ARG] [on CAUSE[,CAUSE]...] "
                           "[MATCH]... [quiet], such as orderly local :443"},
    {TEXT("ALLOW"), "rules:1:1: error: unknown verdict or setting \"ALLOW\"; expected a verdict (allow, observe, "
                    "reject, orderly, linger or drain) or a setting (log, format, limit, inspect, callers, drainer or "
                    "tag) or skip; did you mean \"allow\"?"},
    {TEXT("allow EXE x"), "rules:1:7: error: unknown match \"EXE\"; expected on, exe, user, cgroup, local, peer, role, "
                          "unsent, quiet or the end of the rule; did you mean \"exe\"?"},
    {TEXT("allow port 8080"), "rules:1:7: error: unknown match \"port\"; expected on, exe, user, cgroup, local, peer, "
                              "role, unsent, quiet or the end of the rule; did you mean \"local :8080\"?"},
    {TEXT("allow exe x port 80-90 quiet"),
     "rules:1:13: error: unknown match \"port\"; expected exe, user, cgroup, local, peer, role, unsent, quiet or the "
     "end of the rule; did you mean \"local :80-90\"?"},
    {TEXT("allow from 10.0.0.*"), "rules:1:7: error: no match: \"from\"; expected local ADDR for the program's own "
                                  "end, or peer ADDR for the other one; did you mean \"peer 10.0.0.0/24\"?"},
    {TEXT("allow from on"),
     "rules:1:7: error: no match: \"from\"; expected local ADDR for the program's own end, or peer ADDR for the other "
     "one; did you mean \"peer\"?\nrules:1:11: error: missing address; expected 10.0.0.5, 10.0.0.0/8, [2001:db8::1], "
     ":443 or 10.0.0.5:8000-8999\nrules:1:12: error: misplaced \"on\"; expected on CAUSE directly after the verdict, "
     "before the matches"},
    {TEXT("allow uid 33"), "rules:1:7: error: unknown match \"uid\"; expected on, exe, user, cgroup, local, peer, "
                           "role, unsent, quiet or the end of the rule; did you mean \"user 33\"?"},
    {TEXT("allow user root"), "rules:1:12: error: bad user \"root\"; expected a user id from 0 to 4294967294, as id -u "
                              "NAME prints it; did you mean \"0\"?"},
    {TEXT("allow user www-data"),
     "rules:1:12: error: bad user \"www-data\"; expected a user id from 0 to 4294967294, as id -u NAME prints it"},
    {TEXT("allow unit nginx.service"),
     "rules:1:7: error: unknown match \"unit\"; expected on, exe, user, cgroup, local, peer, role, unsent, quiet or "
     "the end of the rule; did you mean \"cgroup nginx.service\"?"},
    {TEXT("allow program java nolog"),
     "rules:1:7: error: unknown match \"program\"; expected on, exe, user, cgroup, local, peer, role, unsent, quiet or "
     "the end of the rule; did you mean \"exe java\"?\nrules:1:20: error: unknown match \"nolog\"; expected on, exe, "
     "user, cgroup, local, peer, role, unsent, quiet or the end of the rule; did you mean \"quiet\"?"},
    {TEXT("allow direction in"),
     "rules:1:7: error: unknown match \"direction\"; expected on, exe, user, cgroup, local, peer, role, unsent, quiet "
     "or the end of the rule; did you mean \"role accepted\"?"},
    {TEXT("allow cause unread"), "rules:1:7: error: unknown match \"cause\"; expected on, exe, user, cgroup, local, "
                                 "peer, role, unsent, quiet or the end of the rule; did you mean \"on\"?"},
    {TEXT("allow unsent 0"),
     "rules:1:14: error: unknown value of unsent \"0\"; expected none or some; did you mean \"none\"?"},
    {TEXT("allow unsent yes"),
     "rules:1:14: error: unknown value of unsent \"yes\"; expected none or some; did you mean \"some\"?"},
    {TEXT("allow unsent 5"), "rules:1:14: error: unknown value of unsent \"5\"; expected none or some"},
    {TEXT("allow :8080"), "rules:1:7: error: no word before the address \":8080\"; expected local ADDR or peer ADDR; "
                          "did you mean \"local :8080\"?"},
    {TEXT("allow 10.0.0.1"),
     "rules:1:7: error: no word before the address \"10.0.0.1\"; expected local ADDR or peer ADDR"},
    {TEXT("allow [::1]"), "rules:1:7: error: no word before the address \"[::1]\"; expected local ADDR or peer ADDR"},
    {TEXT("allow /usr/bin/x"), "rules:1:7: error: no word before the pattern \"/usr/bin/x\"; expected exe GLOB; did "
                               "you mean \"exe /usr/bin/x\"?"},
    {TEXT("allow */x local :0"),
     "rules:1:7: error: no word before the pattern \"*/x\"; expected exe GLOB; did you mean \"exe */x\"?\nrules:1:17: "
     "error: bad port in \":0\"; expected a number from 1 to 65535, or a range such as :8000-8999"},
    {TEXT("allow accepted"), "rules:1:7: error: no word before the role \"accepted\"; expected role accepted or role "
                             "connected; did you mean \"role accepted\"?"},
    {TEXT("allow exe x \\"), "rules:1:13: error: line that goes on: \"\\\"; expected the whole rule on one line"},
    {TEXT("allow log off"),
     "rules:1:7: error: setting in a rule: \"log\"; expected settings on lines of their own, before the first rule"},
    {TEXT("allow exe x tag y"),
     "rules:1:13: error: setting in a rule: \"tag\"; expected settings on lines of their own, before the first rule"},
    {TEXT("// comment"), "rules:1:1: error: no comment: \"//\"; expected # at the start of a comment"},
    {TEXT("allow -- comment"), "rules:1:7: error: no comment: \"--\"; expected # at the start of a comment"},
    {TEXT("/* allow */"), "rules:1:1: error: no comment: \"/*\"; expected # at the start of a comment"},
    {TEXT("allow exe “my app”"), "rules:1:11: error: typographic quote in \"“my\"; expected straight quotes, \""},
    {TEXT("allow exe my\302\240app"), "rules:1:11: error: no-break space in \"my app\"; expected a blank"},
    {TEXT("pass exe x"), "rules:1:1: error: unknown verdict or setting \"pass\"; expected a verdict (allow, observe, "
                         "reject, orderly, linger or drain) or a setting (log, format, limit, inspect, callers, "
                         "drainer or tag) or skip; did you mean \"allow\"?"},
    {TEXT("audit"), "rules:1:1: error: unknown verdict or setting \"audit\"; expected a verdict (allow, observe, "
                    "reject, orderly, linger or drain) or a setting (log, format, limit, inspect, callers, drainer or "
                    "tag) or skip; did you mean \"observe\"?"},
    {TEXT("frames 3"), "rules:1:1: error: unknown verdict or setting \"frames\"; expected a verdict (allow, observe, "
                       "reject, orderly, linger or drain) or a setting (log, format, limit, inspect, callers, drainer "
                       "or tag) or skip; did you mean \"callers\"?"},
    {TEXT("wait 5s"), "rules:1:1: error: unknown verdict or setting \"wait\"; expected a verdict (allow, observe, "
                      "reject, orderly, linger or drain) or a setting (log, format, limit, inspect, callers, drainer "
                      "or tag) or skip; did you mean \"linger\"?"},
    {TEXT("skip java"), "rules:1:6: error: missing exe behind skip \"java\"; expected skip exe GLOB, such as skip exe "
                        "/usr/bin/*; did you mean \"exe java\"?"},
    {TEXT("skip"), "rules:1:5: error: missing exe behind skip; expected skip exe GLOB, such as skip exe /usr/bin/*"},
    {TEXT("skip exe"), "rules:1:9: error: missing pattern; expected exe GLOB, such as exe /usr/sbin/* or exe java"},
    {TEXT("skip exe a,,b"), "rules:1:10: error: nothing beside a comma in \"a,,b\"; expected words separated by one "
                            "comma, without blanks; did you mean \"a,b\"?"},
    {TEXT("skip exe a b"), "rules:1:12: error: unexpected \"b\"; expected the end of the line"},
    {TEXT("skip exe [a"),
     "rules:1:10: error: [ without its ] in \"[a\"; expected a set such as [a-z] or [!a-z], or \\[ for the character"},
    {TEXT("log off; skip exe x"), "rules:2:2: error: misplaced \"skip\"; expected skip before the settings and rules"},
    {TEXT("allow; skip exe x"), "rules:2:2: error: misplaced \"skip\"; expected skip before the settings and rules"},
    {TEXT("skp exe x"), "rules:1:1: error: unknown verdict or setting \"skp\"; expected a verdict (allow, observe, "
                        "reject, orderly, linger or drain) or a setting (log, format, limit, inspect, callers, drainer "
                        "or tag) or skip; did you mean \"skip\"?"},
    {TEXT("log json"), "rules:1:5: error: unknown value of log \"json\"; expected stderr, off, syslog or file PATH; "
                       "did you mean \"format json\"?"},
    {TEXT("log stdout"), "rules:1:5: error: unknown value of log \"stdout\"; expected stderr, off, syslog or file "
                         "PATH; did you mean \"stderr\"?"},
    {TEXT("log None"), "rules:1:5: error: unknown value of log \"None\"; expected stderr, off, syslog or file PATH; "
                       "did you mean \"off\"?"},
    {TEXT("format xml"), "rules:1:8: error: unknown value of format \"xml\"; expected text or json"},
    {TEXT("format jsonl"),
     "rules:1:8: error: unknown value of format \"jsonl\"; expected text or json; did you mean \"json\"?"},
    {TEXT("limit 100"), "rules:1:7: error: bad value of limit \"100\"; expected a number of records per second, such "
                        "as 100/s; did you mean \"100/s\"?"},
    {TEXT("limit 100/sec"), "rules:1:7: error: bad value of limit \"100/sec\"; expected a number of records per "
                            "second, such as 100/s; did you mean \"100/s\"?"},
    {TEXT("limit 100 /s"), "rules:1:7: error: bad value of limit \"100 /s\"; expected a number of records per second, "
                           "such as 100/s; did you mean \"100/s\"?"},
    {TEXT("limit 100/m"), "rules:1:7: error: bad value of limit \"100/m\"; expected a number of records per second, "
                          "such as 100/s; did you mean \"2/s\"?"},
    {TEXT("limit unlimited"), "rules:1:7: error: bad value of limit \"unlimited\"; expected a number of records per "
                              "second, such as 100/s; did you mean \"1000000/s\"?"},
    {TEXT("inspect off"), "rules:1:9: error: unknown value of inspect \"off\"; expected never, first-abort or "
                          "every-close; did you mean \"never\"?"},
    {TEXT("allow exe a\342\200\213b"),
     "rules:1:11: error: invisible character in \"a?b\"; expected the word without it; did you mean \"ab\"?"},
    {TEXT("include /etc/x"), "rules:1:1: error: no \"include\"; expected the rules here, or in files "
                             "/etc/lingerguard/policy.d/NAME.policy, which are read too"},
    {TEXT("drain 5s;idle 1s"),
     "rules:2:1: error: no verdict before \"idle\"; expected it on the line of its verdict, without ; between"},
    {TEXT("drainer on"), "rules:1:9: error: no path: \"on\"; expected the path of its socket, or none; did you mean "
                         "\"/run/lingerguard/drainer.sock\"?"},
    {TEXT("callers all"),
     "rules:1:9: error: bad value of callers \"all\"; expected a number from 0 to 16; did you mean \"16\"?"},
};

static int reported[LG_PROBLEM_COUNT];

static void note_problem(const struct lg_policy_error *error)
{
    for (size_t i = 0; i < LG_PROBLEM_COUNT; i++)
        if (lg_problem_texts[i].problem == error->problem &&
            (error->expected == NULL ? lg_problem_texts[i].expected[0] == '\0'
                                     : lg_problem_texts[i].expected == error->expected))
            reported[i] = 1;
}

/* Everything that a caller of the parser may rely on. */
static void check_error(const struct lg_policy_error *error)
{
    const char *end = error->line_text.at + error->line_text.length_bytes;

    CHECK(error->line >= 1 && error->column >= 1);
    CHECK(error->token.at == error->line_text.at + error->column - 1);
    CHECK(error->token.at + error->token.length_bytes <= end);
    CHECK(error->problem != NULL && error->source != NULL);
}

static void print_error(void *context, const struct lg_policy_error *error)
{
    (void)context;
    note_problem(error);
    check_error(error);
    lg_policy_error_print(error, false, buffer_put, &out);
}

static unsigned parse(const struct lg_source *source, struct lg_text text)
{
    lg_policy_init(&policy);
    buffer_clear(&out);
    return lg_policy_parse(&policy, source, text, print_error, NULL);
}

static void test_messages(void)
{
    for (size_t i = 0; i < TAP_COUNT(refused); i++) {
        unsigned lines = 1;

        for (const char *at = refused[i].messages; *at != '\0'; at++)
            lines += *at == '\n';
        CHECK_INT(parse(&rules, refused[i].text), lines);
        REQUIRE(out.length_bytes > 0);
        out.at[out.length_bytes - 1] = '\0';
        CHECK_TEXT(out.at, refused[i].messages);
    }
}

static void test_too_many_rules(void)
{
    static char text[(LG_RULES_MAX + 3) * 6];

    for (unsigned i = 0; i < LG_RULES_MAX + 3; i++)
        memcpy(text + 6 * i, i < LG_RULES_MAX + 2 ? "allow\n" : "alow \n", 6);
    CHECK_INT(parse(&file, (struct lg_text){text, 6 * LG_RULES_MAX}), 0);
    CHECK_INT(parse(&file, (struct lg_text){text, 6 * LG_RULES_MAX + 6}), 1);
    /* Said once, and the errors behind it are found all the same. */
    CHECK_INT(parse(&file, (struct lg_text){text, sizeof(text)}), 2);
    CHECK_TEXT(out.at,
               "/etc/p:4097:1: error: too many rules; expected at most 4096 in all policy texts together\n"
               "/etc/p:4099:1: error: unknown verdict \"alow\"; expected allow, observe, reject, orderly, linger "
               "or drain; did you mean \"allow\"?\n");
    /* Both texts count. */
    REQUIRE(parse(&rules, text_of("allow")) == 0);
    CHECK_INT(lg_policy_parse(&policy, &file, (struct lg_text){text, 6 * LG_RULES_MAX}, print_error, NULL), 1);
    CHECK_CONTAINS(out.at, "/etc/p:4096:1: error: too many rules");
    CHECK(reported[LG_PROBLEM_RULE_COUNT]);
}

static void test_long_line(void)
{
    static char text[2 * LG_LINE_BYTES_MAX];

    memset(text, 'x', sizeof(text));
    memcpy(text, "\nallow exe ", 11);
    memcpy(text + 1 + LG_LINE_BYTES_MAX + 1, "\nalow", 5);
    CHECK_INT(parse(&file, (struct lg_text){text, 1 + LG_LINE_BYTES_MAX + 1 + 5}), 2);
    CHECK_CONTAINS(out.at, "/etc/p:2:4097: error: line too long; expected at most 4096 bytes\n");
    CHECK_CONTAINS(out.at, "/etc/p:3:1: error: unknown verdict or setting \"alow\"");
    CHECK(reported[LG_PROBLEM_LINE_LONG]);
    /* Of a text for the environment, a line is what stands between two semicolons. */
    text[1 + LG_LINE_BYTES_MAX / 2] = ';';
    CHECK_INT(parse(&rules, (struct lg_text){text, 1 + LG_LINE_BYTES_MAX + 1}), 1);
    CHECK_LACKS(out.at, "line too long");
}

static void test_long_text(void)
{
    static char text[LG_TEXT_BYTES_MAX + 1];

    memset(text, ' ', sizeof(text));
    CHECK_INT(parse(&file, (struct lg_text){text, sizeof(text)}), 1);
    CHECK_TEXT(out.at, "/etc/p:1:1: error: policy text too long; expected at most 1048576 bytes\n");
    CHECK(reported[LG_PROBLEM_TEXT_LONG]);
}

static void test_too_many_texts(void)
{
    lg_policy_init(&policy);
    for (unsigned i = 0; i < LG_SOURCES_MAX; i++)
        REQUIRE(lg_policy_parse(&policy, &file, text_of("allow"), print_error, NULL) == 0);
    buffer_clear(&out);
    CHECK_INT(lg_policy_parse(&policy, &file, text_of("\nallow"), print_error, NULL), 1);
    CHECK_TEXT(out.at, "/etc/p:1:1: error: too many policy texts; expected at most 66\n");
    CHECK_INT(policy.rule_count, LG_SOURCES_MAX);
    CHECK(reported[LG_PROBLEM_TEXT_COUNT]);
}

/* One match with as many values, in lines of `line_count` each. */
static unsigned parse_many(const char *match, const char *value, unsigned count)
{
    static char text[LG_TEXT_BYTES_MAX];
    size_t length = 0;

    for (unsigned i = 0; i < count; i++)
        length += (size_t)sprintf(text + length, "%s%s", i % 100 > 0 ? "," : match, value);
    return parse(&file, (struct lg_text){text, length});
}

static void test_full_pools(void)
{
    CHECK_INT(parse_many("\nallow local ", ":1", LG_ADDRESSES_MAX), 0);
    CHECK_INT(parse_many("\nallow peer ", ":1", LG_ADDRESSES_MAX + 2), 1);
    CHECK_TEXT(out.at, "/etc/p:165:264: error: too many addresses \":1\"; expected at most 16384 in all policy texts "
                       "together; did you mean \":1\"?\n");
    CHECK_INT(parse_many("\nallow exe ", "x", LG_GLOBS_MAX), 0);
    CHECK_INT(parse_many("\nallow cgroup ", "x", LG_GLOBS_MAX + 2), 1);
    CHECK_TEXT(out.at,
               "/etc/p:83:198: error: too many patterns \"x\"; expected at most 8192 in all policy texts together\n");
    CHECK_INT(parse_many("\nskip exe ", "x", LG_SKIPS_MAX), 0);
    CHECK_INT(parse_many("\nskip exe ", "x", LG_SKIPS_MAX + 2), 1);
    CHECK_TEXT(
        out.at,
        "/etc/p:4:122: error: too many patterns of skip \"x\"; expected at most 256 in all policy texts together\n");
    CHECK_INT(parse_many("\nallow user ", "0", LG_USERS_MAX), 0);
    CHECK_INT(parse_many("\nallow user ", "0", LG_USERS_MAX + 2), 1);
    CHECK_TEXT(out.at,
               "/etc/p:42:204: error: too many users \"0\"; expected at most 4096 in all policy texts together\n");
}

static void test_of_files(void)
{
    static const struct lg_source part = {LG_SOURCE_RULES_FILE, {"/etc/p.d/x", 10}};

    CHECK_INT(parse(&part, text_of("skip exe x\nlog off; allow\nlgo off")), 3);
    CHECK_TEXT(
        out.at,
        "/etc/p.d/x:1:1: error: no rule: \"skip\"; expected rules only; skip and settings stand in the main policy\n"
        "/etc/p.d/x:2:1: error: no rule: \"log\"; expected rules only; skip and settings stand in the main policy\n"
        "/etc/p.d/x:3:1: error: unknown verdict \"lgo\"; expected allow, observe, reject, orderly, linger or drain\n");
    CHECK_INT(parse(&part, text_of("allow; reject\ndrain 5s local :1\n")), 0);
    CHECK_INT(policy.rules[1].line, 1);
    CHECK_INT(policy.rules[2].line, 2);
    CHECK_INT(parse(&file, (struct lg_text){"\xff\xfe\x61\0\x0a\0\x62\0", 8}), 1);
    CHECK_TEXT(out.at, "/etc/p:1:1: error: text in UTF-16; expected UTF-8\n");
    CHECK_INT(parse(&file, (struct lg_text){"\xfe\xff\0\x61", 4}), 1);
    CHECK(reported[LG_PROBLEM_TEXT_UTF16]);
    CHECK_INT(parse(&file, text_of("log file x\ndrainer ./y")), 2);
    CHECK_TEXT(out.at, "/etc/p:1:10: error: relative path in a file: \"x\"; expected a path that starts with /\n"
                       "/etc/p:2:9: error: relative path in a file: \"./y\"; expected a path that starts with /\n");
    CHECK_INT(parse(&file, text_of("log file ~/x")), 1);
    CHECK_TEXT(out.at, "/etc/p:1:10: error: path that nobody expands: \"~/x\"; expected a path that starts with /, "
                       "without ~ and $\n");
}

static void test_every_message(void)
{
    test_full_pools();
    test_of_files();
    test_messages();
    test_too_many_rules();
    test_long_line();
    test_long_text();
    test_too_many_texts();
    for (size_t i = LG_PROBLEM_NONE + 1; i < LG_PROBLEM_COUNT; i++)
        if (!reported[i])
            tap_fail(__FILE__, __LINE__, "no text of this test is refused with: %s", lg_problem_texts[i].problem);
}

static void test_all_at_once(void)
{
    CHECK_INT(
        parse(&file, text_of("lgo off\nallow local x peer y; rject; linger\n\n\tdrain 1x on unred role z quiet q")), 9);
    CHECK_CONTAINS(out.at, "/etc/p:1:1: error: unknown verdict or setting \"lgo\"");
    CHECK_CONTAINS(out.at, "/etc/p:2:13: error: host name \"x\"");
    CHECK_CONTAINS(out.at, "/etc/p:2:20: error: host name \"y\"");
    CHECK_CONTAINS(out.at, "/etc/p:2:23: error: unknown verdict \"rject\"");
    CHECK_CONTAINS(out.at, "/etc/p:2:36: error: missing duration;");
    CHECK_CONTAINS(out.at, "/etc/p:4:8: error: bad duration \"1x\"");
    CHECK_CONTAINS(out.at, "/etc/p:4:14: error: unknown cause \"unred\"");
    CHECK_CONTAINS(out.at, "/etc/p:4:25: error: unknown role \"z\"");
    CHECK_CONTAINS(out.at, "/etc/p:4:33: error: unexpected \"q\"");
}

static void count_error(void *context, const struct lg_policy_error *error)
{
    (void)error;
    ++*(unsigned *)context;
}

static void test_thousand(void)
{
    static char text[5000];
    unsigned told = 0;

    memset(text, ';', sizeof(text));
    for (size_t i = 0; i < sizeof(text); i += 2)
        text[i] = 'x';
    lg_policy_init(&policy);
    CHECK_INT(lg_policy_parse(&policy, &rules, (struct lg_text){text, sizeof(text)}, count_error, &told), 2500);
    CHECK_INT(told, 1000);
    lg_policy_init(&policy);
    CHECK_INT(lg_policy_parse(&policy, &rules, (struct lg_text){text, sizeof(text)}, NULL, NULL), 2500);
}

/* A text with an error leaves nothing of itself behind. */
static void test_no_trace(void)
{
    struct lg_policy *before;

    REQUIRE(parse(&rules, text_of("skip exe a; limit 6/s; allow exe b local :1 user 0")) == 0);
    before = lg_policy_pack(&policy, malloc(lg_policy_packed_bytes(&policy)));
    CHECK_INT(lg_policy_parse(&policy, &file,
                              text_of("skip exe x\nlog off; callers 2\nallow exe x,y peer :1,:2 user 1\nallow local x"),
                              print_error, NULL),
              1);
    CHECK(policy_equal(before, &policy));
    CHECK_INT(policy.settings.set, LG_SET_LIMIT);
    CHECK_INT(policy.source_count, 1);
    CHECK_INT(policy.rule_count, 1);
    CHECK_INT(policy.glob_count, 1);
    CHECK_INT(policy.address_count, 1);
    CHECK_INT(policy.user_count, 1);
    CHECK_INT(policy.skip_count, 1);
    CHECK_INT(lg_policy_digest(&policy), lg_policy_digest(before));
    CHECK_INT(lg_policy_parse(&policy, &file, text_of("allow local :2"), print_error, NULL), 0);
    CHECK_INT(policy.addresses[policy.rules[1].local.first].port_min, 2);
    free(before);
}

/* Each text of the table, and each of its beginnings, against a page that faults. */
static void test_fences(void)
{
    struct fence fence = fence_make(4096);

    for (size_t i = 0; i < TAP_COUNT(refused); i++) {
        for (size_t length = 0; length <= refused[i].text.length_bytes; length++) {
            struct lg_text text = {refused[i].text.at, length};

            parse(&rules, fence_end(fence, text));
            parse(&file, fence_end(fence, text));
            parse(&rules, fence_start(fence, text));
        }
    }
}

static const struct tap_test tests[] = {
    {"each wrong text gives its messages, word for word", test_messages, 0},
    {"rule 4097 is refused, once, whichever text it is in", test_too_many_rules, 0},
    {"a line of 4097 bytes is refused, and the text behind it read", test_long_line, 0},
    {"a text of more than a megabyte is refused", test_long_text, 0},
    {"text 67 is refused", test_too_many_texts, 0},
    {"more addresses, patterns and users than there is room for are refused, once", test_full_pools, 0},
    {"what is wrong in a file alone", test_of_files, 0},
    {"every message that there is was seen", test_every_message, 0},
    {"all errors of a text are reported, in its order", test_all_at_once, 0},
    {"all errors are counted, and the first thousand reported", test_thousand, 0},
    {"a text with an error changes nothing", test_no_trace, 0},
    {"no byte outside of a wrong text is read", test_fences, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
