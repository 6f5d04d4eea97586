/* SPDX-License-Identifier: MIT */
#include "shim/command/report/record.h"
#include "policy/parse.h"
#include "policy/text.h"
#include "shim/command/common/address.h"
#include "shim/command/common/json.h"

#include <string.h>

const char *lg_report_line_name(enum lg_report_line line)
{
    static const char *const names[LG_REPORT_LINE_COUNT] = {
        [LG_REPORT_LINE_RECORD] = "record",          [LG_REPORT_LINE_PROBLEM] = "problem",
        [LG_REPORT_LINE_COUNTS] = "counts",          [LG_REPORT_LINE_BLANK] = "blank",
        [LG_REPORT_LINE_NOT_JSON] = "not JSON",      [LG_REPORT_LINE_TEXT] = "in format text",
        [LG_REPORT_LINE_NOT_RECORD] = "no record",   [LG_REPORT_LINE_BAD_VALUE] = "bad value",
        [LG_REPORT_LINE_TOO_LONG] = "line too long",
    };
    return names[line];
}

/* `digits` decimal digits at *at, moved on behind them. */
static bool take_number(const char **at, const char *end, unsigned digits, int *number)
{
    *number = 0;
    if (end - *at < (ptrdiff_t)digits)
        return false;
    for (; digits > 0; digits--, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *number = *number * 10 + (**at - '0');
    }
    return true;
}

static bool take_char(const char **at, const char *end, char wanted)
{
    if (*at == end || **at != wanted)
        return false;
    (*at)++;
    return true;
}

/* The fraction of a second in microseconds; further digits are cut off. */
static bool take_fraction(const char **at, const char *end, int64_t *micros)
{
    int64_t weight = 100000;
    const char *start;

    *micros = 0;
    if (!take_char(at, end, '.'))
        return true;
    for (start = *at; *at < end && **at >= '0' && **at <= '9'; (*at)++, weight /= 10)
        *micros += weight * (**at - '0');
    return *at > start && *at - start <= 9;
}

/* Days from 1970-01-01 in the Gregorian calendar, counted from a year that starts in March. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && is_leap ? 29 : days[month - 1];
}

bool lg_time_read(struct lg_text text, int64_t *time_us)
{
    const char *at = text.at;
    const char *end = text.at + text.length_bytes;
    int year, month, day, hour, minute, second;
    int64_t micros;

    if (!take_number(&at, end, 4, &year) || !take_char(&at, end, '-') || !take_number(&at, end, 2, &month) ||
        !take_char(&at, end, '-') || !take_number(&at, end, 2, &day) || !take_char(&at, end, 'T') ||
        !take_number(&at, end, 2, &hour) || !take_char(&at, end, ':') || !take_number(&at, end, 2, &minute) ||
        !take_char(&at, end, ':') || !take_number(&at, end, 2, &second) || !take_fraction(&at, end, &micros) ||
        !take_char(&at, end, 'Z') || at != end)
        return false;
    /* 60 is a leap second, RFC 3339 section 5.7 */
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 ||
        minute > 59 || second > 60)
        return false;
    *time_us = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * INT64_C(60000000) + second * INT64_C(1000000) +
               micros;
    return true;
}

/* The keys, what they must be, and where they go. */
enum key_type {
    KEY_TEXT,
    KEY_ROLE,
    KEY_COUNT,
    KEY_SIGNED,
    KEY_FD,
    KEY_TIME,
    KEY_ADDRESS,
    KEY_CALLER,
    KEY_SOCKET,
    KEY_SUPPRESSED,
    KEY_UNSENT,
    KEY_ERRNO
};

static const struct key {
    const char *name;
    enum key_type type;
    size_t offset;
} keys[] = {
    {"time", KEY_TIME, offsetof(struct lg_report_record, time_us)},
    {"pid", KEY_SIGNED, 0},
    {"tid", KEY_SIGNED, 0},
    {"exe", KEY_TEXT, offsetof(struct lg_report_record, exe)},
    {"call", KEY_TEXT, offsetof(struct lg_report_record, call)},
    {"fd", KEY_FD, 0},
    {"socket", KEY_SOCKET, offsetof(struct lg_report_record, socket)},
    {"role", KEY_ROLE, offsetof(struct lg_report_record, role)},
    {"cause", KEY_TEXT, offsetof(struct lg_report_record, cause)},
    {"verdict", KEY_TEXT, offsetof(struct lg_report_record, verdict)},
    {"rule", KEY_TEXT, offsetof(struct lg_report_record, rule)},
    {"policy", KEY_TEXT, offsetof(struct lg_report_record, policy)},
    {"tag", KEY_TEXT, offsetof(struct lg_report_record, tag)},
    {"outcome", KEY_TEXT, offsetof(struct lg_report_record, outcome_text)},
    {"state", KEY_TEXT, offsetof(struct lg_report_record, state)},
    {"local", KEY_ADDRESS, offsetof(struct lg_report_record, local)},
    {"peer", KEY_ADDRESS, offsetof(struct lg_report_record, peer)},
    {"unsent_bytes", KEY_UNSENT, offsetof(struct lg_report_record, unsent_bytes)},
    {"unread_bytes", KEY_COUNT, offsetof(struct lg_report_record, unread_bytes)},
    {"drained_bytes", KEY_COUNT, offsetof(struct lg_report_record, drained_bytes)},
    {"elapsed_ms", KEY_COUNT, offsetof(struct lg_report_record, elapsed_ms)},
    {"caller", KEY_CALLER, 0},
    {"errno", KEY_ERRNO, 0},
    {"suppressed", KEY_SUPPRESSED, offsetof(struct lg_report_record, suppressed)},
    {"error", KEY_TEXT, offsetof(struct lg_report_record, error)},
    {"counts", KEY_TEXT, offsetof(struct lg_report_record, counts)},
};

#define KEY_TOTAL (sizeof(keys) / sizeof(keys[0]))
_Static_assert(KEY_TOTAL <= 32, "one bit each in struct reading");

struct reading {
    struct lg_report_record *record;
    uint32_t seen;
};

static bool set_text(const struct lg_json_value *value, struct lg_text *text)
{
    if (value->kind != LG_JSON_STRING || memchr(value->text.at, '\0', value->text.length_bytes) != NULL)
        return false;
    *text = value->text;
    return true;
}

/* One call site, or an array of them, the innermost first. */
static bool set_callers(const struct lg_json_value *value, struct lg_json_reader *reader,
                        struct lg_report_record *record)
{
    struct lg_text rest = value->text;
    struct lg_json_value element;

    if (value->kind == LG_JSON_STRING) {
        record->caller_count = 1;
        return set_text(value, &record->callers[0]);
    }
    if (value->kind != LG_JSON_ARRAY)
        return false;
    while (lg_json_array_next(reader, &rest, &element)) {
        if (record->caller_count == LG_CALLERS_MAX || !set_text(&element, &record->callers[record->caller_count]))
            return false;
        record->caller_count++;
    }
    return true;
}

static bool set_key(const struct key *key, const struct lg_json_value *value, struct lg_json_reader *reader,
                    struct lg_report_record *record)
{
    char *field = (char *)record + key->offset;
    struct lg_text text;
    int64_t number;

    switch (key->type) {
    case KEY_TEXT:
        return set_text(value, (struct lg_text *)field);
    case KEY_ROLE: /* one that this version does not know is not known */
        if (!set_text(value, &text))
            return false;
        lg_parse_role(text, (enum lg_role *)field);
        return true;
    case KEY_COUNT:
        return lg_json_unsigned(value, (uint64_t *)field);
    case KEY_SOCKET:
        record->has_socket = lg_json_unsigned(value, &record->socket);
        return record->has_socket;
    case KEY_UNSENT:
        record->has_unsent = lg_json_unsigned(value, &record->unsent_bytes);
        return record->has_unsent;
    case KEY_SUPPRESSED:
        record->has_suppressed = lg_json_unsigned(value, &record->suppressed);
        return record->has_suppressed;
    case KEY_SIGNED:
        return lg_json_signed(value, &number);
    case KEY_FD:
        record->has_fd = lg_json_signed(value, &number);
        return record->has_fd;
    case KEY_TIME:
        return set_text(value, &text) && lg_time_read(text, (int64_t *)field);
    case KEY_ADDRESS:
        return set_text(value, &text) && lg_address_read(text, (struct lg_address *)field);
    case KEY_CALLER:
        return set_callers(value, reader, record);
    case KEY_ERRNO: /* a name, or the number of one without */
        return value->kind == LG_JSON_STRING || lg_json_signed(value, &number);
    }
    return false;
}

static bool read_member(void *context, struct lg_text name, const struct lg_json_value *value,
                        struct lg_json_reader *reader)
{
    struct reading *reading = context;

    for (size_t i = 0; i < KEY_TOTAL; i++) {
        if (name.at[0] != keys[i].name[0] || !lg_text_is_word(name, keys[i].name))
            continue;
        if (reading->seen & 1u << i)
            return false;
        reading->seen |= 1u << i;
        return set_key(&keys[i], value, reader, reading->record);
    }
    return true;
}

static enum lg_outcome outcome_of(struct lg_text text)
{
    unsigned outcome = 0;

    while (outcome < LG_OUTCOME_COUNT && !lg_text_is_word(text, lg_outcome_name((enum lg_outcome)outcome)))
        outcome++;
    return (enum lg_outcome)outcome;
}

static bool is_blank(struct lg_text line)
{
    for (size_t i = 0; i < line.length_bytes; i++) {
        if (line.at[i] != ' ' && line.at[i] != '\t' && line.at[i] != '\r')
            return false;
    }
    return true;
}

/* "TIME lingerguard: PROGRAM[PID]: ...", perhaps behind what a journal puts before it. */
static bool is_text_record(struct lg_text line)
{
    static const char mark[] = "Z lingerguard: ";

    return memmem(line.at, line.length_bytes, mark, sizeof(mark) - 1) != NULL;
}

static enum lg_report_line kind_without_cause(const struct lg_report_record *record)
{
    if (record->error.length_bytes != 0)
        return LG_REPORT_LINE_PROBLEM;
    if (lg_text_is_word(record->counts, "drainer"))
        return LG_REPORT_LINE_COUNTS;
    return record->has_suppressed && record->outcome_text.length_bytes == 0 ? LG_REPORT_LINE_COUNTS
                                                                            : LG_REPORT_LINE_NOT_RECORD;
}

enum lg_report_line lg_report_record_read(struct lg_text line, char *scratch, struct lg_report_record *record)
{
    struct reading reading = {record, 0};
    enum lg_json_result result;
    const char *space;

    memset(record, 0, sizeof(*record));
    record->time_us = LG_TIME_UNKNOWN;
    if (is_blank(line))
        return LG_REPORT_LINE_BLANK;
    if (line.length_bytes > LG_REPORT_LINE_BYTES_MAX)
        return LG_REPORT_LINE_TOO_LONG;
    result = lg_json_read_object(line, scratch, read_member, &reading);
    if (result == LG_JSON_BROKEN)
        return is_text_record(line) ? LG_REPORT_LINE_TEXT : LG_REPORT_LINE_NOT_JSON;
    if (result == LG_JSON_REFUSED)
        return LG_REPORT_LINE_BAD_VALUE;
    if (record->cause.length_bytes == 0)
        return kind_without_cause(record);
    if (record->outcome_text.length_bytes == 0)
        return LG_REPORT_LINE_NOT_RECORD;
    record->outcome = outcome_of(record->outcome_text);
    space = record->verdict.length_bytes == 0 ? NULL : memchr(record->verdict.at, ' ', record->verdict.length_bytes);
    if (space != NULL)
        record->verdict.length_bytes = (size_t)(space - record->verdict.at);
    return LG_REPORT_LINE_RECORD;
}
