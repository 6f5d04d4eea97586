/* SPDX-License-Identifier: MIT */
#include "policy/hint.h"

#include "policy/number.h"
#include "policy/pieces.h"
#include "policy/text.h"

/* Pairs of what is written and what is meant; an empty text ends them. No pointers: they would be relocated. */
static const char statements[] =
    "deny\0-\0forbid\0-\0refuse\0-\0disallow\0-\0drop\0-\0block\0-\0prevent\0-\0stop\0-\0kill\0-\0"
    "fin\0orderly\0close\0orderly\0clean\0orderly\0release\0orderly\0disarm\0orderly\0"
    "accept\0allow\0permit\0allow\0pass\0allow\0ignore\0allow\0exempt\0allow\0except\0allow\0"
    "rst\0-\0reset\0-\0abort\0-\0"
    "error\0reject\0return\0reject\0fail\0reject\0errno\0reject\0"
    "include\0@\0import\0@\0@include\0@\0!include\0@\0.include\0@\0source\0@\0includedir\0@\0#include\0@\0"
    "watch\0observe\0monitor\0observe\0audit\0observe\0warn\0observe\0report\0observe\0"
    "record\0observe\0count\0observe\0trace\0observe\0detect\0observe\0dry-run\0observe\0"
    "wait\0linger\0so_linger\0linger\0flush\0linger\0"
    "graceful\0drain\0gracefully\0drain\0discard\0drain\0lingering_close\0drain\0"
    "logging\0log\0logfile\0log\0output\0log\0rate\0limit\0ratelimit\0limit\0rate-limit\0limit\0"
    "frames\0callers\0backtrace\0callers\0stack\0callers\0caller\0callers\0"
    "label\0tag\0exclude\0skip\0";
static const char clauses[] =
    "dst\0local\0dport\0local\0daddr\0local\0dest\0local\0destination\0local\0server\0local\0to\0local\0"
    "sport\0peer\0saddr\0peer\0client\0peer\0host\0peer\0rport\0peer\0"
    "port\0local\0ports\0local\0lport\0local\0listen\0local\0bind\0local\0addr\0local\0address\0local\0ip\0local\0laddr"
    "\0local\0"
    "remote\0peer\0from\0peer\0src\0peer\0source\0peer\0raddr\0peer\0peers\0peer\0foreign\0peer\0"
    "program\0exe\0prog\0exe\0process\0exe\0binary\0exe\0bin\0exe\0comm\0exe\0command\0exe\0cmd\0exe\0path\0exe\0"
    "executable\0exe\0app\0exe\0application\0exe\0file\0exe\0daemon\0exe\0"
    "uid\0user\0euid\0user\0owner\0user\0runas\0user\0users\0user\0"
    "unit\0cgroup\0service\0cgroup\0slice\0cgroup\0systemd\0cgroup\0container\0cgroup\0pod\0cgroup\0"
    "group\0-\0gid\0-\0pid\0-\0interface\0-\0iface\0-\0dev\0-\0namespace\0-\0netns\0-\0"
    "side\0role\0direction\0role\0"
    "silent\0quiet\0silently\0quiet\0nolog\0quiet\0no-log\0quiet\0norecord\0quiet\0unlogged\0quiet\0"
    "cause\0on\0causes\0on\0event\0on\0unacked\0unsent\0pending\0unsent\0";
static const char causes[] = "linger\0linger-zero\0so_linger\0linger-zero\0linger0\0linger-zero\0linger-0\0linger-"
                             "zero\0linger_zero\0linger-zero\0"
                             "lingerzero\0linger-zero\0abort\0linger-zero\0rst\0linger-zero\0reset\0linger-zero\0"
                             "setsockopt\0linger-zero\0zero\0linger-zero\0"
                             "close\0*\0exit\0*\0end\0*\0fin\0*\0shutdown\0*\0timeout\0*\0"
                             "read\0unread\0input\0unread\0unread-data\0unread\0data\0unread\0"
                             "lingering\0late\0late-data\0late\0upload\0late\0"
                             "connect\0disconnect\0unconnect\0disconnect\0reconnect\0disconnect\0"
                             "listen\0backlog\0accept\0backlog\0queue\0backlog\0listener\0backlog\0";
static const char roles[] = "server\0accepted\0accept\0accepted\0incoming\0accepted\0inbound\0accepted\0in\0accepted\0"
                            "listen\0accepted\0listener\0accepted\0passive\0accepted\0ingress\0accepted\0"
                            "client\0connected\0connect\0connected\0outgoing\0connected\0outbound\0connected\0"
                            "out\0connected\0active\0connected\0egress\0connected\0";
static const char unsents[] = "0\0none\0no\0none\0false\0none\0empty\0none\0nothing\0none\0zero\0none\0"
                              "yes\0some\0true\0some\0any\0some\0>0\0some\0data\0some\0";
static const char users[] = "root\0"
                            "0\0nobody\0"
                            "65534\0";
static const char units[] = "ms\0ms\0msec\0ms\0msecs\0ms\0millis\0ms\0millisecond\0ms\0milliseconds\0ms\0"
                            "s\0s\0sec\0s\0secs\0s\0second\0s\0seconds\0s\0"
                            "m\0m\0min\0m\0mins\0m\0minute\0m\0minutes\0m\0h\0h\0hr\0h\0hour\0h\0hours\0h\0";
static const char withins[] = "in\0within\0for\0within\0after\0within\0timeout\0within\0max\0within\0until\0within\0"
                              "wait\0within\0bound\0within\0";
static const char ports[] = "http\0:80\0https\0:443\0ssh\0:22\0smtp\0:25\0imap\0:143\0imaps\0:993\0mysql\0:3306\0"
                            "postgres\0:5432\0redis\0:6379\0amqp\0:5672\0";
static const char logs[] =
    "json\0format json\0text\0format "
    "text\0stdout\0stderr\0console\0stderr\0journal\0syslog\0journald\0syslog\0no\0off\0none\0off\0"
    "disabled\0off\0null\0off\0false\0off\0never\0off\0quiet\0off\0yes\0stderr\0on\0stderr\0";
static const char formats[] = "plain\0text\0txt\0text\0logfmt\0text\0human\0text\0jsonl\0json\0ndjson\0json\0";
static const char limits[] = "unlimited\0"
                             "1000000/s\0none\0"
                             "1000000/s\0no-limit\0"
                             "1000000/s\0off\0"
                             "1000000/s\0no\0"
                             "1000000/s\0";
static const char inspects[] =
    "always\0every-close\0true\0every-close\0false\0never\0all\0every-close\0every\0every-close\0yes\0every-close\0"
    "on\0every-close\0off\0never\0no\0never\0none\0never\0first\0first-abort\0"
    "auto\0first-abort\0default\0first-abort\0";
static const char callers[] = "all\0"
                              "16\0max\0"
                              "16\0none\0"
                              "0\0off\0"
                              "0\0no\0"
                              "0\0";
static const char drainers[] = "on\0/run/lingerguard/drainer.sock\0yes\0/run/lingerguard/drainer.sock\0"
                               "true\0/run/lingerguard/drainer.sock\0auto\0/run/lingerguard/drainer.sock\0"
                               "1\0/run/lingerguard/drainer.sock\0default\0/run/lingerguard/drainer.sock\0"
                               "enabled\0/run/lingerguard/drainer.sock\0off\0none\0no\0none\0false\0none\0"
                               "0\0none\0disabled\0none\0";
static const char noise[] =
    "and\0and\0&&\0and\0&\0and\0with\0and\0if\0and\0when\0and\0where\0and\0for\0and\0also\0and\0"
    "or\0or\0||\0or\0|\0or\0not\0not\0!\0not\0except\0not\0unless\0not\0but\0not\0"
    "all\0all\0any\0all\0*\0all\0everything\0all\0always\0all\0default\0all\0else\0all\0"
    "otherwise\0all\0everyone\0all\0tcp\0all\0";

static const char *pairs_of(enum lg_hint_place place)
{
    switch (place) {
    case LG_HINT_STATEMENT:
        return statements;
    case LG_HINT_CLAUSE:
        return clauses;
    case LG_HINT_CAUSE:
        return causes;
    case LG_HINT_ROLE:
        return roles;
    case LG_HINT_UNSENT:
        return unsents;
    case LG_HINT_USER:
        return users;
    case LG_HINT_UNIT:
        return units;
    case LG_HINT_WITHIN:
        return withins;
    case LG_HINT_PORT:
        return ports;
    case LG_HINT_LOG:
        return logs;
    case LG_HINT_FORMAT:
        return formats;
    case LG_HINT_LIMIT:
        return limits;
    case LG_HINT_INSPECT:
        return inspects;
    case LG_HINT_CALLERS:
        return callers;
    case LG_HINT_DRAINER:
        return drainers;
    case LG_HINT_NOISE:
        return noise;
    }
    return "";
}

static bool is_word_of_any_case(struct lg_text token, const char *word)
{
    if (token.length_bytes != strlen(word))
        return false;
    for (size_t i = 0; i < token.length_bytes; i++)
        if (lg_byte_to_lower(token.at[i]) != word[i])
            return false;
    return true;
}

const char *lg_hint_word(enum lg_hint_place place, struct lg_text token)
{
    const char *at = pairs_of(place);

    while (at[0] != '\0') {
        const char *meant = at + strlen(at) + 1;

        if (is_word_of_any_case(token, at))
            return meant;
        at = meant + strlen(meant) + 1;
    }
    return NULL;
}

const char *lg_hint_or_nearest(enum lg_hint_place place, struct lg_text token, const char *const *words, size_t count)
{
    const char *meant = lg_hint_word(place, token);

    return meant != NULL ? meant : lg_nearest_word(token, words, count);
}

void lg_hint_add(struct lg_hint *hint, struct lg_text piece)
{
    for (size_t i = 0; i < piece.length_bytes; i++) {
        bool is_printable = piece.at[i] >= ' ' && piece.at[i] <= '~';

        if (!is_printable || hint->length_bytes == LG_HINT_BYTES_MAX) {
            hint->is_void = true;
            return;
        }
        hint->at[hint->length_bytes++] = piece.at[i];
    }
    hint->at[hint->length_bytes] = '\0';
}

void lg_hint_add_word(struct lg_hint *hint, const char *word)
{
    lg_hint_add(hint, lg_text_make(word, strlen(word)));
}

void lg_hint_add_number(struct lg_hint *hint, uint32_t number)
{
    char digits[10];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    lg_hint_add(hint, lg_text_make(digits + at, sizeof(digits) - at));
}

struct lg_text lg_hint_text(const struct lg_hint *hint)
{
    return lg_text_make(hint->at, hint->is_void ? 0 : hint->length_bytes);
}

const char *lg_hint_shown(const struct lg_hint *hint)
{
    return hint->is_void || hint->length_bytes == 0 ? NULL : hint->at;
}

/* Seconds with a fraction as milliseconds: three digits behind the point, and no zeros in front. */
static void add_milliseconds(struct lg_hint *hint, struct lg_text whole, struct lg_text fraction)
{
    if (!lg_text_is_word(whole, "0"))
        lg_hint_add(hint, whole);
    for (size_t i = 0; i < 3; i++) {
        char digit = i < fraction.length_bytes ? fraction.at[i] : '0';

        if (digit != '0' || hint->length_bytes > 0)
            lg_hint_add(hint, lg_text_make(&digit, 1));
    }
    lg_hint_add_word(hint, "ms");
}

struct lg_hint lg_hint_duration(struct lg_text number, struct lg_text unit)
{
    struct lg_hint hint = {.length_bytes = 0};
    const char *meant = unit.length_bytes == 0 ? "s" : lg_hint_word(LG_HINT_UNIT, unit);
    size_t point = lg_text_find(number, '.');
    uint32_t duration_ms;

    if (meant == NULL)
        return hint;
    if (point == number.length_bytes) {
        bool is_many = unit.length_bytes == 0 && number.length_bytes > 4; /* 30000 seconds would be too many */

        lg_hint_add(&hint, number);
        lg_hint_add_word(&hint, is_many ? "ms" : meant);
    } else if (meant[0] == 's') {
        add_milliseconds(&hint, lg_text_make(number.at, point), lg_text_skip(number, point + 1));
    }
    hint.is_void |= lg_duration_parse(lg_hint_text(&hint), &duration_ms) != LG_PROBLEM_NONE;
    return hint;
}
