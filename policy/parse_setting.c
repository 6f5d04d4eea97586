/* SPDX-License-Identifier: MIT */
#include "policy/glob.h"
#include "policy/hint.h"
#include "policy/number.h"
#include "policy/pieces.h"
#include "policy/reader.h"
#include "policy/text.h"
#include "policy/words.h"

/* A value that must be one of `words`; count when it is not, which has been reported. */
static size_t read_word(struct lg_reader *reader, enum lg_hint_place place, const char *const *words, size_t count,
                        enum lg_problem unknown, enum lg_problem missing)
{
    struct lg_text token = lg_reader_take(reader);
    size_t found = lg_word_find(token, words, count);

    if (token.length_bytes == 0)
        lg_reader_error(reader, missing, token, NULL);
    else if (found == count)
        lg_reader_error(reader, unknown, token, lg_hint_or_nearest(place, token, words, count));
    return found;
}

/* More words than one, which quotes would make one. */
static bool report_blanks(struct lg_reader *reader, struct lg_text token)
{
    struct lg_text behind = lg_reader_peek_rest(reader), whole = lg_text_span(token, behind);
    struct lg_hint hint = {.length_bytes = 0};

    lg_hint_add_word(&hint, "\"");
    lg_hint_add(&hint, whole);
    lg_hint_add_word(&hint, "\"");
    lg_reader_error_in(reader, LG_PROBLEM_TRAILING, behind, whole, lg_hint_shown(&hint));
    return false;
}

/* A word that may be quoted. */
static bool read_text(struct lg_reader *reader, struct lg_text *text, enum lg_problem missing)
{
    struct lg_text token = lg_reader_take(reader);
    enum lg_problem problem = LG_PROBLEM_NONE;

    *text = lg_unquoted(token);
    if (text->length_bytes == 0)
        problem = missing;
    else if (lg_text_find(*text, '"') < text->length_bytes)
        problem = LG_PROBLEM_QUOTE_AFTER;
    if (problem != LG_PROBLEM_NONE)
        lg_reader_error(reader, problem, token, NULL);
    else if (lg_reader_peek(reader).length_bytes > 0)
        return report_blanks(reader, token);
    return problem == LG_PROBLEM_NONE;
}

/* A path: in a file an absolute one, since nobody knows in which directory a program starts. */
static bool read_path(struct lg_reader *reader, struct lg_text *path, enum lg_problem missing)
{
    struct lg_text token = lg_reader_peek(reader);

    if (!read_text(reader, path, missing))
        return false;
    if (path->at[0] == '/' || reader->source->kind == LG_SOURCE_RULES)
        return true;
    lg_reader_error(reader, path->at[0] == '~' || path->at[0] == '$' ? LG_PROBLEM_PATH_SHELL : LG_PROBLEM_PATH_RELATIVE,
                    token, NULL);
    return false;
}

bool lg_parse_log(struct lg_text text, struct lg_settings *settings)
{
    size_t log = lg_word_find(text, lg_log_words, LG_LOG_COUNT);
    bool is_path = lg_text_find(text, '/') < text.length_bytes;

    if (!is_path && (log == LG_LOG_COUNT || log == LG_LOG_FILE))
        return false;
    settings->log = is_path ? LG_LOG_FILE : (enum lg_log)log;
    settings->log_path = is_path ? text : lg_text_make(NULL, 0);
    return true;
}

/* /var/log/x, file=/var/log/x, to /var/log/x, x.log */
static void report_path(struct lg_reader *reader, struct lg_text first, struct lg_text token)
{
    struct lg_text path = token;
    struct lg_hint hint = {.length_bytes = 0};
    size_t equals = lg_text_find(token, '=');

    if (equals < token.length_bytes)
        path = lg_text_skip(token, equals + 1);
    lg_hint_add_word(&hint, "file ");
    lg_hint_add(&hint, path);
    lg_reader_error_in(reader, LG_PROBLEM_LOG_PATH, token, lg_text_span(first, token), lg_hint_shown(&hint));
}

/* `log json`: the whole statement is another one. */
static void report_log(struct lg_reader *reader, struct lg_text token)
{
    const char *meant = lg_hint_or_nearest(LG_HINT_LOG, token, lg_log_words, LG_LOG_COUNT);
    bool is_statement = meant != NULL && lg_starts_with(meant, "format ");
    struct lg_text word = lg_text_make(reader->statement, 3);

    lg_reader_error_in(reader, LG_PROBLEM_LOG, token, is_statement ? lg_text_span(word, token) : token, meant);
}

static bool has_byte(struct lg_text text, char byte)
{
    return lg_text_find(text, byte) < text.length_bytes;
}

static bool read_log(struct lg_reader *reader, struct lg_settings *settings)
{
    struct lg_text token = lg_reader_take(reader), next = lg_reader_peek(reader);
    size_t log = lg_word_find(token, lg_log_words, LG_LOG_COUNT);

    if (log < LG_LOG_COUNT) {
        settings->log = (enum lg_log)log;
        return log != LG_LOG_FILE || read_path(reader, &settings->log_path, LG_PROBLEM_LOG_PATH_MISSING);
    }
    if (token.length_bytes == 0)
        lg_reader_error(reader, LG_PROBLEM_LOG_MISSING, token, NULL);
    else if (has_byte(token, '/') || has_byte(token, '.'))
        report_path(reader, token, token);
    else if (has_byte(next, '/'))
        report_path(reader, token, lg_reader_take(reader));
    else
        report_log(reader, token);
    return false;
}

static bool read_format(struct lg_reader *reader, struct lg_settings *settings)
{
    size_t format = read_word(reader, LG_HINT_FORMAT, lg_format_words, LG_FORMAT_COUNT, LG_PROBLEM_FORMAT,
                              LG_PROBLEM_FORMAT_MISSING);

    settings->format = (enum lg_format)format;
    return format < LG_FORMAT_COUNT;
}

/* Records per second that a number in each unit of time comes to, rounded up; 0 for no such unit. */
static uint64_t per_second(uint64_t number, struct lg_text unit)
{
    const char *meant = unit.length_bytes == 0 ? "s" : lg_hint_word(LG_HINT_UNIT, unit);
    unsigned seconds;

    if (meant == NULL || (meant[0] == 'm' && meant[1] == 's'))
        return 0;
    seconds = meant[0] == 's' ? 1 : meant[0] == 'm' ? 60 : 3600;
    return (number + seconds - 1) / seconds;
}

/* 100, 100/sec, 100 per second, 60/min, 1k/s, unlimited */
static void report_limit(struct lg_reader *reader, enum lg_problem problem, struct lg_text token)
{
    size_t digits = lg_digits_count(token);
    const char *meant = lg_hint_word(LG_HINT_LIMIT, token);
    struct lg_text unit = lg_text_skip(token, digits), word;
    struct lg_hint hint = {.length_bytes = 0};
    uint32_t number = 0;
    uint64_t rate;

    lg_number_parse(lg_text_make(token.at, digits), &number);
    if (unit.length_bytes > 0 && (unit.at[0] == 'k' || unit.at[0] == 'K')) {
        number = number > LG_LIMIT_MAX / 1000 ? LG_LIMIT_MAX : number * 1000;
        unit = lg_text_skip(unit, 1);
    }
    if (unit.length_bytes > 0 && unit.at[0] == '/')
        unit = lg_text_skip(unit, 1);
    while (problem == LG_PROBLEM_LIMIT && (word = lg_reader_take(reader)).length_bytes > 0) {
        token = lg_text_span(token, word);
        unit = word.length_bytes > 1 && word.at[0] == '/' ? lg_text_skip(word, 1) : word;
    }
    rate = per_second(number, unit);
    if (problem == LG_PROBLEM_LIMIT_RANGE)
        rate = number > LG_LIMIT_MAX ? LG_LIMIT_MAX : 0;
    lg_hint_add_number(&hint, (uint32_t)(rate > LG_LIMIT_MAX ? LG_LIMIT_MAX : rate));
    lg_hint_add_word(&hint, "/s");
    hint.is_void |= rate == 0 || digits == 0;
    lg_reader_error(reader, problem, token, meant != NULL ? meant : lg_hint_shown(&hint));
}

static bool read_limit(struct lg_reader *reader, struct lg_settings *settings)
{
    struct lg_text token = lg_reader_take(reader);
    size_t digits = lg_digits_count(token);
    uint32_t number = 0;
    enum lg_problem problem = LG_PROBLEM_NONE;

    if (token.length_bytes == 0)
        problem = LG_PROBLEM_LIMIT_MISSING;
    else if (!lg_number_parse(lg_text_make(token.at, digits), &number) ||
             !lg_text_is_word(lg_text_skip(token, digits), "/s"))
        problem = LG_PROBLEM_LIMIT;
    else if (number < 1 || number > LG_LIMIT_MAX)
        problem = LG_PROBLEM_LIMIT_RANGE;
    if (problem != LG_PROBLEM_NONE)
        report_limit(reader, problem, token);
    settings->limit_per_s = number;
    return problem == LG_PROBLEM_NONE;
}

static bool read_inspect(struct lg_reader *reader, struct lg_settings *settings)
{
    size_t inspect = read_word(reader, LG_HINT_INSPECT, lg_inspect_words, LG_INSPECT_COUNT, LG_PROBLEM_INSPECT,
                               LG_PROBLEM_INSPECT_MISSING);

    settings->inspect = (enum lg_inspect)inspect;
    return inspect < LG_INSPECT_COUNT;
}

static bool read_callers(struct lg_reader *reader, struct lg_settings *settings)
{
    struct lg_text token = lg_reader_take(reader);
    bool is_missing = token.length_bytes == 0, is_many;

    if (!is_missing && lg_number_parse(token, &settings->callers) && settings->callers <= LG_CALLERS_MAX)
        return true;
    is_many = settings->callers > LG_CALLERS_MAX && lg_digits_count(token) == token.length_bytes;
    lg_reader_error(reader, is_missing ? LG_PROBLEM_CALLERS_MISSING : LG_PROBLEM_CALLERS, token,
                    is_many ? "16" : lg_hint_word(LG_HINT_CALLERS, token));
    return false;
}

/* A path, or none. */
static bool read_drainer(struct lg_reader *reader, struct lg_settings *settings)
{
    struct lg_text token = lg_reader_peek(reader);

    if (lg_text_is_word(lg_unquoted(token), "none")) {
        settings->drainer = lg_text_make(NULL, 0);
        lg_reader_take(reader);
        return true;
    }
    if (lg_hint_word(LG_HINT_DRAINER, token) != NULL) {
        lg_reader_error(reader, LG_PROBLEM_DRAINER_SWITCH, token, lg_hint_word(LG_HINT_DRAINER, token));
        return false;
    }
    if (!read_path(reader, &settings->drainer, LG_PROBLEM_DRAINER_MISSING))
        return false;
    if (settings->drainer.length_bytes <= LG_DRAINER_BYTES_MAX)
        return true;
    lg_reader_error(reader, LG_PROBLEM_DRAINER_LONG, token, NULL);
    return false;
}

static bool read_tag(struct lg_reader *reader, struct lg_settings *settings)
{
    struct lg_text token = lg_reader_peek(reader);

    if (!read_text(reader, &settings->tag, LG_PROBLEM_TAG_MISSING))
        return false;
    if (settings->tag.length_bytes <= LG_TAG_BYTES_MAX)
        return true;
    lg_reader_error(reader, LG_PROBLEM_TAG_LONG, token, NULL);
    return false;
}

/* LG_SET_* of each setting, and how its value is read into `settings`. */
static const struct {
    uint8_t bit;
    bool (*read)(struct lg_reader *reader, struct lg_settings *settings);
} kinds[LG_SETTING_COUNT] = {
    [LG_SETTING_LOG] = {LG_SET_LOG, read_log},
    [LG_SETTING_FORMAT] = {LG_SET_FORMAT, read_format},
    [LG_SETTING_LIMIT] = {LG_SET_LIMIT, read_limit},
    [LG_SETTING_INSPECT] = {LG_SET_INSPECT, read_inspect},
    [LG_SETTING_CALLERS] = {LG_SET_CALLERS, read_callers},
    [LG_SETTING_DRAINER] = {LG_SET_DRAINER, read_drainer},
    [LG_SETTING_TAG] = {LG_SET_TAG, read_tag},
};

static void read_end(struct lg_reader *reader)
{
    struct lg_text token = lg_reader_peek(reader);

    if (token.length_bytes > 0)
        lg_reader_error(reader, LG_PROBLEM_TRAILING, token, NULL);
}

void lg_setting_read(struct lg_reader *reader)
{
    struct lg_text token = lg_reader_take(reader);
    size_t setting = lg_word_find(token, lg_setting_words, LG_SETTING_COUNT);
    struct lg_settings read = reader->policy->settings;
    uint8_t bit = kinds[setting].bit;
    unsigned errors = reader->errors;

    if (reader->source->kind == LG_SOURCE_RULES_FILE)
        lg_reader_error(reader, LG_PROBLEM_RULES_ONLY, token, NULL);
    else if (reader->rule_seen)
        lg_reader_error(reader, LG_PROBLEM_SETTING_LATE, token, NULL);
    else if (reader->set_here & bit)
        lg_reader_error(reader, LG_PROBLEM_SETTING_TWICE, token, NULL);
    reader->set_here |= bit;
    if (!kinds[setting].read(reader, &read))
        return;
    read_end(reader);
    if (reader->errors > errors || (reader->set_before & bit) != 0)
        return;
    reader->policy->settings = read;
    reader->policy->settings.set |= bit;
}

static void add_skip(struct lg_reader *reader, struct lg_text element)
{
    struct lg_policy *policy = reader->policy;
    struct lg_text glob = lg_unquoted(element);
    enum lg_problem problem = glob.length_bytes == 0 ? LG_PROBLEM_GLOB_EMPTY : lg_glob_check(glob);

    if (problem == LG_PROBLEM_NONE && policy->skip_count == LG_SKIPS_MAX)
        problem = LG_PROBLEM_SKIP_COUNT;
    if (problem != LG_PROBLEM_NONE)
        lg_reader_error(reader, problem, element, NULL);
    else
        policy->skips[policy->skip_count++] = glob;
}

static void report_skip(struct lg_reader *reader)
{
    struct lg_text token = lg_reader_peek(reader);
    struct lg_hint hint = {.is_void = token.length_bytes == 0};

    lg_hint_add_word(&hint, "exe ");
    lg_hint_add(&hint, token);
    lg_reader_error(reader, LG_PROBLEM_SKIP_EXE, token, lg_hint_shown(&hint));
}

void lg_skip_read(struct lg_reader *reader)
{
    struct lg_text word = lg_reader_take(reader), list;

    if (reader->source->kind == LG_SOURCE_RULES_FILE)
        lg_reader_error(reader, LG_PROBLEM_RULES_ONLY, word, NULL);
    else if (reader->rule_seen || reader->set_here != 0)
        lg_reader_error(reader, LG_PROBLEM_SKIP_LATE, word, NULL);
    if (!lg_text_is_word(lg_reader_peek(reader), "exe")) {
        report_skip(reader);
        return;
    }
    lg_reader_take(reader);
    list = lg_reader_take(reader);
    if (list.length_bytes == 0) {
        lg_reader_error(reader, LG_PROBLEM_GLOB_MISSING, list, NULL);
        return;
    }
    if (!lg_list_is_whole(reader, list))
        return;
    while (list.length_bytes > 0)
        add_skip(reader, lg_element_take(&list));
    read_end(reader);
}
