/* SPDX-License-Identifier: MIT */
#include "policy/parse.h"

#include "policy/hint.h"
#include "policy/reader.h"
#include "policy/text.h"
#include "policy/words.h"

#define HASH_START 0x811c9dc5u
#define HASH_PRIME 0x01000193u

void lg_policy_init(struct lg_policy *policy)
{
    struct lg_policy_room *room = &policy->room;

    /* Not the room: a megabyte of memory that most processes never touch. */
    memset(policy, 0, offsetof(struct lg_policy, room));
    policy->sources = room->sources;
    policy->texts = room->texts;
    policy->rules = room->rules;
    policy->sieves = room->sieves;
    policy->addresses = room->addresses;
    policy->globs = room->globs;
    policy->skips = room->skips;
    policy->users = room->users;
    policy->settings.limit_per_s = LG_LIMIT_DEFAULT;
    policy->settings.callers = LG_CALLERS_DEFAULT;
    policy->hash = HASH_START;
}

/* FNV-1a, and a byte that no text has behind each text: two texts are not one that is as long. */
static uint32_t hash_text(uint32_t hash, struct lg_text text)
{
    for (size_t i = 0; i < text.length_bytes; i++)
        hash = (hash ^ (unsigned char)text.at[i]) * HASH_PRIME;
    return hash * HASH_PRIME;
}

/* FNV leaves the high bits of short texts alike: the end of MurmurHash3 spreads them. */
uint32_t lg_policy_digest(const struct lg_policy *policy)
{
    uint32_t hash = policy->hash;

    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}

static enum lg_verdict_kind find_verdict(struct lg_text token)
{
    return (enum lg_verdict_kind)lg_word_find(token, lg_verdict_words, LG_VERDICT_COUNT);
}

/* Whether the word stands in another part of a rule: an operator wrote the parts in another order. */
static bool is_later_word(struct lg_text token)
{
    return lg_is_clause(token) || lg_clause_is_meant(token);
}

/* The verdict of a statement that does not start with one, LG_VERDICT_COUNT for none. */
static enum lg_verdict_kind later_verdict(const struct lg_reader *reader)
{
    struct lg_reader ahead = *reader;
    enum lg_verdict_kind kind = LG_VERDICT_COUNT;
    struct lg_text token;

    while (kind == LG_VERDICT_COUNT && (token = lg_reader_take(&ahead)).length_bytes > 0)
        kind = find_verdict(token);
    return kind;
}

static void report_no_verdict(struct lg_reader *reader, struct lg_text token)
{
    lg_statement_error(reader, LG_PROBLEM_VERDICT_MISSING, token, false);
}

/* Returns the verdict that was probably meant: what follows is then read as if, for its own errors. */
static enum lg_verdict_kind report_misspelt(struct lg_reader *reader, struct lg_text token)
{
    const char *words[LG_VERDICT_COUNT + LG_SETTING_COUNT + 1];
    size_t count = LG_VERDICT_COUNT;
    const char *meant;

    memcpy(words, lg_verdict_words, sizeof(lg_verdict_words));
    if (!reader->rule_seen) {
        memcpy(words + count, lg_setting_words, sizeof(lg_setting_words));
        count += LG_SETTING_COUNT;
        words[count++] = "skip";
    }
    meant = lg_hint_or_nearest(LG_HINT_STATEMENT, token, words, count);
    if (meant == NULL && later_verdict(reader) < LG_VERDICT_COUNT) {
        report_no_verdict(reader, token);
        return LG_VERDICT_COUNT;
    }
    if (meant != NULL && meant[0] == '-') {
        lg_reader_error(reader, LG_PROBLEM_VERDICT_DENY, token, NULL);
        return LG_VERDICT_ALLOW;
    }
    if (meant != NULL && meant[0] == '@') {
        lg_reader_error(reader, LG_PROBLEM_INCLUDE, token, NULL);
        return LG_VERDICT_COUNT;
    }
    lg_reader_error(reader, reader->rule_seen ? LG_PROBLEM_VERDICT : LG_PROBLEM_STATEMENT, token, meant);
    return meant == NULL ? LG_VERDICT_COUNT : find_verdict(lg_text_make(meant, strlen(meant)));
}

static enum lg_verdict_kind report_unknown(struct lg_reader *reader, struct lg_text token)
{
    size_t equals = lg_equals_find(token, lg_setting_words, LG_SETTING_COUNT);

    if (equals == 0)
        equals = lg_equals_find(token, lg_verdict_words, LG_VERDICT_COUNT);
    if (lg_is_foreign_comment(token)) {
        lg_reader_error(reader, LG_PROBLEM_COMMENT, token, NULL);
        return LG_VERDICT_COUNT;
    }
    if (equals > 0) {
        lg_equals_report(reader, token, equals);
        return LG_VERDICT_COUNT;
    }
    if (lg_text_is_word(token, "idle") || lg_text_is_word(token, "within")) {
        lg_reader_error(reader, LG_PROBLEM_ARGUMENT_ALONE, token, NULL);
        return LG_VERDICT_COUNT;
    }
    if (lg_hint_word(LG_HINT_STATEMENT, token) != NULL || !is_later_word(token))
        return report_misspelt(reader, token);
    report_no_verdict(reader, token);
    return LG_VERDICT_COUNT;
}

void lg_statement_read(struct lg_reader *reader)
{
    struct lg_text token = lg_reader_peek(reader);
    enum lg_verdict_kind kind = find_verdict(token);

    if (lg_text_is_word(token, "skip")) {
        lg_skip_read(reader);
        return;
    }
    if (lg_word_find(token, lg_setting_words, LG_SETTING_COUNT) < LG_SETTING_COUNT) {
        lg_setting_read(reader);
        return;
    }
    if (kind == LG_VERDICT_COUNT)
        kind = report_unknown(reader, token);
    if (kind != LG_VERDICT_COUNT)
        lg_rule_read(reader, kind);
}

/* The first line, as far as it can be shown; errors about the whole text stand at its start. */
static void start_line(struct lg_reader *reader)
{
    struct lg_text line = reader->rest;

    if (line.length_bytes > LG_LINE_BYTES_MAX)
        line.length_bytes = LG_LINE_BYTES_MAX;
    line.length_bytes = line.length_bytes == 0 ? 0 : lg_text_find(line, '\n');
    reader->line = line;
    reader->line_number = 1;
}

static bool take_source(struct lg_reader *reader)
{
    struct lg_policy *policy = reader->policy;

    if (policy->source_count < LG_SOURCES_MAX && reader->rest.length_bytes <= LG_TEXT_BYTES_MAX) {
        reader->source_index = (uint8_t)policy->source_count;
        policy->sources[policy->source_count] = *reader->source;
        policy->texts[policy->source_count++] = reader->rest;
        policy->hash = hash_text(policy->hash, reader->rest);
        return true;
    }
    start_line(reader);
    lg_reader_error(reader, policy->source_count < LG_SOURCES_MAX ? LG_PROBLEM_TEXT_LONG : LG_PROBLEM_TEXT_COUNT,
                    lg_text_make(reader->line.at, 0), NULL);
    return false;
}

static void read_text(struct lg_reader *reader)
{
    if (reader->rest.length_bytes >= 2 &&
        (memcmp(reader->rest.at, "\xff\xfe", 2) == 0 || memcmp(reader->rest.at, "\xfe\xff", 2) == 0)) {
        start_line(reader);
        lg_reader_error(reader, LG_PROBLEM_TEXT_UTF16, lg_text_make(reader->line.at, 0), NULL);
        return;
    }
    lg_reader_skip_mark(reader);
    while (lg_reader_next_line(reader))
        while (lg_reader_next_statement(reader))
            lg_statement_read(reader);
}

unsigned lg_policy_parse(struct lg_policy *policy, const struct lg_source *source, struct lg_text text,
                         lg_report_fn *report, void *context)
{
    struct lg_reader reader = {
        .policy = policy,
        .source = source,
        .report = report,
        .context = context,
        .rest = text,
        .set_before = policy->settings.set,
        .rule_seen = source->kind == LG_SOURCE_RULES_FILE,
    };
    char before[offsetof(struct lg_policy, sources)]; /* settings, and how many there are of all else */

    memcpy(before, policy, sizeof(before));
    if (take_source(&reader))
        read_text(&reader);
    if (reader.errors > 0)
        memcpy(policy, before, sizeof(before));
    return reader.errors;
}
