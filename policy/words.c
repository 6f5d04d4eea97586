/* SPDX-License-Identifier: MIT */
#include "policy/words.h"

#include "policy/pieces.h"
#include "policy/text.h"

const char *const lg_verdict_words[LG_VERDICT_COUNT] = {
    [LG_VERDICT_ALLOW] = "allow",     [LG_VERDICT_OBSERVE] = "observe", [LG_VERDICT_REJECT] = "reject",
    [LG_VERDICT_ORDERLY] = "orderly", [LG_VERDICT_LINGER] = "linger",   [LG_VERDICT_DRAIN] = "drain",
};

const char *const lg_cause_words[LG_CAUSE_COUNT] = {
    [LG_CAUSE_LINGER_ZERO] = "linger-zero", [LG_CAUSE_UNREAD] = "unread",   [LG_CAUSE_LATE] = "late",
    [LG_CAUSE_DISCONNECT] = "disconnect",   [LG_CAUSE_BACKLOG] = "backlog",
};

const char *const lg_role_words[LG_ROLE_COUNT] = {
    [LG_ROLE_UNKNOWN] = "unknown",
    [LG_ROLE_ACCEPTED] = "accepted",
    [LG_ROLE_CONNECTED] = "connected",
};

const char *const lg_unsent_words[LG_UNSENT_COUNT] = {
    [LG_UNSENT_UNKNOWN] = "unknown",
    [LG_UNSENT_NONE] = "none",
    [LG_UNSENT_SOME] = "some",
};

const char *const lg_log_words[LG_LOG_COUNT] = {
    [LG_LOG_STDERR] = "stderr",
    [LG_LOG_OFF] = "off",
    [LG_LOG_SYSLOG] = "syslog",
    [LG_LOG_FILE] = "file",
};

const char *const lg_format_words[LG_FORMAT_COUNT] = {
    [LG_FORMAT_TEXT] = "text",
    [LG_FORMAT_JSON] = "json",
};

const char *const lg_inspect_words[LG_INSPECT_COUNT] = {
    [LG_INSPECT_FIRST_ABORT] = "first-abort",
    [LG_INSPECT_NEVER] = "never",
    [LG_INSPECT_EVERY_CLOSE] = "every-close",
};

const char *const lg_setting_words[LG_SETTING_COUNT] = {
    [LG_SETTING_LOG] = "log",         [LG_SETTING_FORMAT] = "format",   [LG_SETTING_LIMIT] = "limit",
    [LG_SETTING_INSPECT] = "inspect", [LG_SETTING_CALLERS] = "callers", [LG_SETTING_DRAINER] = "drainer",
    [LG_SETTING_TAG] = "tag",
};

const char *const lg_clause_words[LG_CLAUSE_COUNT] = {
    [LG_CLAUSE_ROLE] = "role",     [LG_CLAUSE_UNSENT] = "unsent", [LG_CLAUSE_USER] = "user",
    [LG_CLAUSE_LOCAL] = "local",   [LG_CLAUSE_PEER] = "peer",     [LG_CLAUSE_EXE] = "exe",
    [LG_CLAUSE_CGROUP] = "cgroup", [LG_CLAUSE_ON] = "on",         [LG_CLAUSE_QUIET] = "quiet",
};

#define LINGER_ZERO (1u << LG_CAUSE_LINGER_ZERO)
#define UNREAD      (1u << LG_CAUSE_UNREAD)
#define LATE        (1u << LG_CAUSE_LATE)
#define DISCONNECT  (1u << LG_CAUSE_DISCONNECT)
#define BACKLOG     (1u << LG_CAUSE_BACKLOG)

const uint8_t lg_verdict_causes[LG_VERDICT_COUNT] = {
    [LG_VERDICT_ALLOW] = LINGER_ZERO | UNREAD | LATE | DISCONNECT | BACKLOG,
    [LG_VERDICT_OBSERVE] = LINGER_ZERO | UNREAD | LATE | DISCONNECT | BACKLOG,
    /* A close cannot fail and leave the socket open, so only the calls before it can be rejected. */
    [LG_VERDICT_REJECT] = LINGER_ZERO | DISCONNECT,
    /* A late close sends its FIN already: what is missing is somebody who reads on. */
    [LG_VERDICT_ORDERLY] = LINGER_ZERO | UNREAD,
    /* SO_LINGER does not keep the kernel from resetting over unread input. */
    [LG_VERDICT_LINGER] = LINGER_ZERO,
    [LG_VERDICT_DRAIN] = LINGER_ZERO | UNREAD | LATE,
};

size_t lg_word_find(struct lg_text text, const char *const *words, size_t count)
{
    size_t i = 0;

    while (i < count && !lg_text_is_word(text, words[i]))
        i++;
    return i;
}

const char *lg_cause_name(enum lg_cause cause)
{
    return (unsigned)cause < LG_CAUSE_COUNT ? lg_cause_words[cause] : "?";
}

const char *lg_verdict_name(enum lg_verdict_kind kind)
{
    return (unsigned)kind < LG_VERDICT_COUNT ? lg_verdict_words[kind] : "?";
}

const char *lg_role_name(enum lg_role role)
{
    return (unsigned)role < LG_ROLE_COUNT ? lg_role_words[role] : "?";
}

const char *lg_unsent_name(enum lg_unsent unsent)
{
    return (unsigned)unsent < LG_UNSENT_COUNT ? lg_unsent_words[unsent] : "?";
}

bool lg_parse_cause(struct lg_text text, enum lg_cause *cause)
{
    size_t found = lg_word_find(text, lg_cause_words, LG_CAUSE_COUNT);

    if (found == LG_CAUSE_COUNT)
        return false;
    *cause = (enum lg_cause)found;
    return true;
}

bool lg_parse_role(struct lg_text text, enum lg_role *role)
{
    size_t found = lg_word_find(text, lg_role_words, LG_ROLE_COUNT);

    if (found == LG_ROLE_COUNT || found == LG_ROLE_UNKNOWN)
        return false;
    *role = (enum lg_role)found;
    return true;
}

bool lg_parse_unsent(struct lg_text text, enum lg_unsent *unsent)
{
    size_t found = lg_word_find(text, lg_unsent_words, LG_UNSENT_COUNT);

    if (found == LG_UNSENT_COUNT || found == LG_UNSENT_UNKNOWN)
        return false;
    *unsent = (enum lg_unsent)found;
    return true;
}

bool lg_parse_format(struct lg_text text, enum lg_format *format)
{
    size_t found = lg_word_find(text, lg_format_words, LG_FORMAT_COUNT);

    if (found == LG_FORMAT_COUNT)
        return false;
    *format = (enum lg_format)found;
    return true;
}
