/* SPDX-License-Identifier: MIT */
#include "policy/problem.h"

#include "policy/policy.h"

/* The limits as they stand in the texts below. */
_Static_assert(LG_TEXT_BYTES_MAX == 1048576 && LG_LINE_BYTES_MAX == 4096 && LG_RULES_MAX == 4096, "see below");
_Static_assert(LG_SOURCES_MAX == 66 && LG_DURATION_MS_MAX == 3600000 && LG_ERRNO_MAX == 4095, "see below");
_Static_assert(LG_LIMIT_MAX == 1000000 && LG_CALLERS_MAX == 16 && LG_TAG_BYTES_MAX == 64 && LG_DRAINER_BYTES_MAX == 107,
               "see below");
_Static_assert(LG_ADDRESSES_MAX == 16384 && LG_GLOBS_MAX == 8192 && LG_USERS_MAX == 4096 && LG_SKIPS_MAX == 256,
               "see below");
_Static_assert(LG_USER_MAX == 4294967294, "see below");

#define VERDICTS "allow, observe, reject, orderly, linger or drain"
#define SETTINGS "log, format, limit, inspect, callers, drainer or tag"
#define CAUSES   "linger-zero, unread, late, disconnect or backlog"
#define CAUSES_MEANT                                                                                                   \
    "a cause: linger-zero (a reset was asked for), unread (input was not read), late (the peer is "                    \
    "not done), disconnect or backlog"
#define MATCHES  "exe, user, cgroup, local, peer, role, unsent, quiet or the end of the rule"
#define DURATION "a number and a unit (ms, s, m or h), such as 250ms"
#define ADDRESS  "10.0.0.5, 10.0.0.0/8, [2001:db8::1], :443 or 10.0.0.5:8000-8999"
#define LOG      "stderr, off, syslog or file PATH"
#define LIMIT    "a number of records per second, such as 100/s"
#define INSPECT  "never, first-abort or every-close"
#define TAG      "a word of at most 64 bytes"
#define CALLERS  "a number from 0 to 16"

const struct lg_problem_text lg_problem_texts[LG_PROBLEM_COUNT] = {
    [LG_PROBLEM_NONE] = {"no problem", ""},

    [LG_PROBLEM_TEXT_LONG] = {"policy text too long", "at most 1048576 bytes"},
    [LG_PROBLEM_TEXT_COUNT] = {"too many policy texts", "at most 66"},
    [LG_PROBLEM_TEXT_UTF16] = {"text in UTF-16", "UTF-8"},
    [LG_PROBLEM_LINE_LONG] = {"line too long", "at most 4096 bytes"},
    [LG_PROBLEM_RULE_COUNT] = {"too many rules", "at most 4096 in all policy texts together"},
    [LG_PROBLEM_ADDRESS_COUNT] = {"too many addresses", "at most 16384 in all policy texts together"},
    [LG_PROBLEM_GLOB_COUNT] = {"too many patterns", "at most 8192 in all policy texts together"},
    [LG_PROBLEM_USER_COUNT] = {"too many users", "at most 4096 in all policy texts together"},
    [LG_PROBLEM_SKIP_COUNT] = {"too many patterns of skip", "at most 256 in all policy texts together"},
    [LG_PROBLEM_NUL] = {"NUL byte in", "text"},
    [LG_PROBLEM_CONTROL] = {"control character in", "text, with blanks or tabs between the words"},

    [LG_PROBLEM_QUOTE_OPEN] = {"\" without its end in", "another \" behind the word"},
    [LG_PROBLEM_QUOTE_INSIDE] = {"\" inside of", "quotes around the whole word; in a pattern ? stands for a quote"},
    [LG_PROBLEM_QUOTE_AFTER] = {"text behind the second \" in", "a blank, a comma or the end of the line behind it"},
    [LG_PROBLEM_QUOTE_CURLY] = {"typographic quote in", "straight quotes, \""},
    [LG_PROBLEM_NO_BREAK] = {"no-break space in", "a blank"},
    [LG_PROBLEM_INVISIBLE] = {"invisible character in", "the word without it"},
    [LG_PROBLEM_STATEMENT] = {"unknown verdict or setting",
                              "a verdict (" VERDICTS ") or a setting (" SETTINGS ") or skip"},
    [LG_PROBLEM_VERDICT] = {"unknown verdict", VERDICTS},
    [LG_PROBLEM_VERDICT_MISSING] =
        {"no verdict before", "VERDICT [ARG] [on CAUSE[,CAUSE]...] [MATCH]... [quiet], such as orderly local :443"},
    [LG_PROBLEM_VERDICT_SECOND] = {"second verdict", "one rule on a line, or ; between two"},
    [LG_PROBLEM_VERDICT_DENY] = {"no verdict:", "orderly, for a close without reset, or reject, for a call that fails"},
    [LG_PROBLEM_INCLUDE] = {"no",
                            "the rules here, or in files /etc/lingerguard/policy.d/NAME.policy, which are read too"},
    [LG_PROBLEM_SETTING_INSIDE] = {"setting in a rule:", "settings on lines of their own, before the first rule"},
    [LG_PROBLEM_EQUALS] = {"no blank in", "a blank between a word and its value"},
    [LG_PROBLEM_COMMENT] = {"no comment:", "# at the start of a comment"},
    [LG_PROBLEM_CONTINUATION] = {"line that goes on:", "the whole rule on one line"},
    [LG_PROBLEM_TRAILING] = {"unexpected", "the end of the line"},

    [LG_PROBLEM_ARGUMENT] = {"argument of a verdict that takes none:", "on, " MATCHES},
    [LG_PROBLEM_ERRNO] = {"unknown errno or match", "an errno name or number, on, " MATCHES},
    [LG_PROBLEM_ERRNO_NUMBER] = {"bad errno number", "a number from 1 to 4095, or a name such as EPERM"},
    [LG_PROBLEM_DURATION] = {"bad duration", DURATION},
    [LG_PROBLEM_DURATION_MISSING] = {"missing duration", DURATION},
    [LG_PROBLEM_DURATION_NO_UNIT] = {"duration without a unit:", DURATION},
    [LG_PROBLEM_DURATION_RANGE] = {"duration out of range:", "1ms to 1h"},
    [LG_PROBLEM_DURATION_BLANK] = {"blank in the duration", DURATION},
    [LG_PROBLEM_DURATION_ZERO] = {"no duration:",
                                  "1ms to 1h; orderly closes without a wait, allow as the program asked"},
    [LG_PROBLEM_ARGUMENT_LATE] = {"misplaced", "what belongs to the verdict directly after it"},
    [LG_PROBLEM_ARGUMENT_ALONE] = {"no verdict before", "it on the line of its verdict, without ; between"},
    [LG_PROBLEM_WITHIN_MISSING] = {"missing within before", "orderly within DURATION"},
    [LG_PROBLEM_WITHIN_ELSEWHERE] = {"only orderly takes", "the duration directly after linger or drain"},

    [LG_PROBLEM_IDLE_ELSEWHERE] = {"only drain takes", "drain DURATION idle DURATION"},
    [LG_PROBLEM_IDLE_LONG] = {"idle time longer than the whole drain:", "at most the duration before it"},
    [LG_PROBLEM_ON_LATE] = {"misplaced", "on CAUSE directly after the verdict, before the matches"},
    [LG_PROBLEM_ON_SECOND] = {"second", "one list of causes, separated by commas"},
    [LG_PROBLEM_ON_MISSING] = {"missing on before", "on CAUSE directly after the verdict"},
    [LG_PROBLEM_CAUSE] = {"unknown cause", CAUSES_MEANT},
    [LG_PROBLEM_CAUSE_EVENT] = {"no cause:", CAUSES_MEANT},
    [LG_PROBLEM_CAUSE_MISSING] = {"missing cause", CAUSES},
    [LG_PROBLEM_CAUSE_TWICE] = {"cause written twice:", "each cause at most once"},
    [LG_PROBLEM_SENSELESS_UNREAD] = {"this verdict makes no sense on", "allow, observe, orderly or drain on unread"},
    [LG_PROBLEM_SENSELESS_LATE] = {"this verdict makes no sense on", "allow, observe or drain on late"},
    [LG_PROBLEM_SENSELESS_DISCONNECT] = {"this verdict makes no sense on", "allow, observe or reject on disconnect"},
    [LG_PROBLEM_SENSELESS_BACKLOG] = {"this verdict makes no sense on", "allow or observe on backlog"},

    [LG_PROBLEM_CLAUSE] = {"unknown match", "on, " MATCHES},
    [LG_PROBLEM_MATCH] = {"unknown match", MATCHES},
    [LG_PROBLEM_MATCH_END] = {"no match:", "local ADDR for the program's own end, or peer ADDR for the other one"},
    [LG_PROBLEM_MATCH_TWICE] = {"match written twice:", "each match at most once; commas between its values"},
    [LG_PROBLEM_AND] = {"no word of the language:", "matches side by side, which must all hold"},
    [LG_PROBLEM_OR] = {"no word of the language:", "commas between values, or two rules"},
    [LG_PROBLEM_NOT] = {"no word of the language:", "a rule for the exception before this one, such as allow exe NAME"},
    [LG_PROBLEM_ALL] = {"no match:", "nothing, a rule without a match is for every connection"},
    [LG_PROBLEM_EXE_BARE] = {"no word before the pattern", "exe GLOB"},
    [LG_PROBLEM_ROLE_BARE] = {"no word before the role", "role accepted or role connected"},
    [LG_PROBLEM_ADDRESS_BARE] = {"no word before the address", "local ADDR or peer ADDR"},
    [LG_PROBLEM_LIST_GAP] = {"nothing beside a comma in", "words separated by one comma, without blanks"},
    [LG_PROBLEM_LIST_BLANK] = {"blank instead of a comma before", "words separated by one comma, without blanks"},
    [LG_PROBLEM_GLOB_MISSING] = {"missing pattern", "exe GLOB, such as exe /usr/sbin/* or exe java"},
    [LG_PROBLEM_GLOB_SET] = {"[ without its ] in", "a set such as [a-z] or [!a-z], or \\[ for the character"},
    [LG_PROBLEM_GLOB_RANGE] = {"range in descending order in", "a set such as [a-z]"},
    [LG_PROBLEM_GLOB_CARET] = {"[^ in", "[!a-z] for what is not in a set, or [\\^] for the character"},
    [LG_PROBLEM_GLOB_BACKSLASH] = {"nothing after the \\ in", "the character that is to be taken literally"},
    [LG_PROBLEM_GLOB_EMPTY] = {"empty pattern", "a pattern such as /usr/sbin/* or java"},
    [LG_PROBLEM_ROLE] = {"unknown role", "accepted or connected"},
    [LG_PROBLEM_ROLE_MISSING] = {"missing role", "accepted or connected"},
    [LG_PROBLEM_UNSENT] = {"unknown value of unsent", "none or some"},
    [LG_PROBLEM_UNSENT_MISSING] = {"missing value of unsent", "none or some"},
    [LG_PROBLEM_USER] = {"bad user", "a user id from 0 to 4294967294, as id -u NAME prints it"},
    [LG_PROBLEM_USER_MISSING] = {"missing user", "a user id from 0 to 4294967294, as id -u NAME prints it"},
    [LG_PROBLEM_CGROUP_MISSING] = {"missing pattern",
                                   "cgroup GLOB, such as cgroup nginx.service or cgroup /user.slice/*"},
    [LG_PROBLEM_QUIET_EARLY] = {"misplaced", "quiet as the last word of the rule"},
    [LG_PROBLEM_QUIET_AFTER] = {"unexpected", "the end of the rule after quiet"},

    [LG_PROBLEM_ADDRESS] = {"bad address", ADDRESS},
    [LG_PROBLEM_ADDRESS_MISSING] = {"missing address", ADDRESS},
    [LG_PROBLEM_ADDRESS_ALL] = {"no address:", "no such match, for a rule that is for every address"},
    [LG_PROBLEM_ADDRESS_COLON] = {"port without its colon:", ":443 or :8000-8999"},
    [LG_PROBLEM_ADDRESS_NAME] = {"host name", "an address, names are not resolved: " ADDRESS},
    [LG_PROBLEM_ADDRESS_IPV4] = {"bad IPv4 address", "four numbers from 0 to 255, such as 10.0.0.5"},
    [LG_PROBLEM_ADDRESS_ZERO] = {"leading zero in", "decimal numbers, such as 10.0.0.5"},
    [LG_PROBLEM_ADDRESS_IPV6] = {"bad IPv6 address", "an address in brackets, such as [2001:db8::1]"},
    [LG_PROBLEM_ADDRESS_BARE_IPV6] = {"IPv6 address without brackets, write it in brackets:",
                                      "[2001:db8::1], [2001:db8::]/32 or [2001:db8::1]:443"},
    [LG_PROBLEM_ADDRESS_BRACKET] = {"missing ] in", "[2001:db8::1], [2001:db8::]/32 or [2001:db8::1]:443"},
    [LG_PROBLEM_ADDRESS_ZONE] = {"zone in", "an address without %, zones are not matched"},
    [LG_PROBLEM_ADDRESS_PREFIX4] = {"bad prefix in", "/0 to /32, before the port"},
    [LG_PROBLEM_ADDRESS_PREFIX6] = {"bad prefix in", "/0 to /128, before the port"},
    [LG_PROBLEM_PORT] = {"bad port in", "a number from 1 to 65535, or a range such as :8000-8999"},
    [LG_PROBLEM_PORT_ORDER] = {"ports in descending order in", "the lower port first"},

    [LG_PROBLEM_RULES_ONLY] = {"no rule:", "rules only; skip and settings stand in the main policy"},
    [LG_PROBLEM_SKIP_LATE] = {"misplaced", "skip before the settings and rules"},
    [LG_PROBLEM_SKIP_EXE] = {"missing exe behind skip", "skip exe GLOB, such as skip exe /usr/bin/*"},
    [LG_PROBLEM_SETTING_LATE] = {"setting after a rule:", "settings before the first rule"},
    [LG_PROBLEM_SETTING_TWICE] = {"setting written twice:", "each setting at most once"},
    [LG_PROBLEM_LOG] = {"unknown value of log", LOG},
    [LG_PROBLEM_LOG_MISSING] = {"missing value of log", LOG},
    [LG_PROBLEM_LOG_PATH] = {"missing file before the path", LOG},
    [LG_PROBLEM_LOG_PATH_MISSING] = {"missing path", "log file PATH"},
    [LG_PROBLEM_FORMAT] = {"unknown value of format", "text or json"},
    [LG_PROBLEM_FORMAT_MISSING] = {"missing value of format", "text or json"},
    [LG_PROBLEM_LIMIT] = {"bad value of limit", LIMIT},
    [LG_PROBLEM_LIMIT_MISSING] = {"missing value of limit", LIMIT},
    [LG_PROBLEM_LIMIT_RANGE] = {"limit out of range:", "1/s to 1000000/s"},
    [LG_PROBLEM_INSPECT] = {"unknown value of inspect", INSPECT},
    [LG_PROBLEM_INSPECT_MISSING] = {"missing value of inspect", INSPECT},
    [LG_PROBLEM_CALLERS] = {"bad value of callers", CALLERS},
    [LG_PROBLEM_CALLERS_MISSING] = {"missing value of callers", CALLERS},
    [LG_PROBLEM_PATH_RELATIVE] = {"relative path in a file:", "a path that starts with /"},
    [LG_PROBLEM_PATH_SHELL] = {"path that nobody expands:", "a path that starts with /, without ~ and $"},
    [LG_PROBLEM_DRAINER_SWITCH] = {"no path:", "the path of its socket, or none"},
    [LG_PROBLEM_DRAINER_MISSING] = {"missing value of drainer", "the path of its socket, or none"},
    [LG_PROBLEM_DRAINER_LONG] = {"path of a socket too long:", "at most 107 bytes"},
    [LG_PROBLEM_TAG_MISSING] = {"missing value of tag", TAG},
    [LG_PROBLEM_TAG_LONG] = {"tag too long:", TAG},
};
