/* SPDX-License-Identifier: MIT */
/*
 * Suggestions that are for more than a word: a statement in the order of the language, and whether a suggestion
 * is one that can be read. Nobody is helped by a hint that is wrong in its turn.
 */
#include "policy/hint.h"
#include "policy/reader.h"
#include "policy/text.h"
#include "policy/words.h"

#define LINE_BYTES_MAX 768u /* of a line with a suggestion; for longer ones there is none */
#define WORDS_MAX      40u

/* Where an error would be one of the suggestion's own. */
struct trial {
    size_t first; /* columns, from 1 */
    size_t last;
    bool failed;
};

static void note(void *context, const struct lg_policy_error *error)
{
    struct trial *trial = context;

    trial->failed |= error->column + error->token.length_bytes >= trial->first && error->column <= trial->last;
}

/* The line with the suggestion in its place; its length, or 0 where it is too long. */
static size_t put_line(char *line, struct lg_text whole, struct lg_text replaced, struct lg_text suggestion)
{
    size_t before = (size_t)(replaced.at - whole.at), behind = whole.length_bytes - before - replaced.length_bytes;

    if (before + suggestion.length_bytes + behind > LINE_BYTES_MAX)
        return 0;
    memcpy(line, whole.at, before);
    memcpy(line + before, suggestion.at, suggestion.length_bytes);
    memcpy(line + before + suggestion.length_bytes, lg_text_end(replaced), behind);
    return before + suggestion.length_bytes + behind;
}

bool lg_suggestion_is_read(const struct lg_reader *reader, struct lg_text replaced, const char *suggestion)
{
    char line[LINE_BYTES_MAX], before[offsetof(struct lg_policy, sources)];
    size_t start = (size_t)(reader->statement - reader->line.at), at = (size_t)(replaced.at - reader->line.at);
    struct trial trial = {.first = at + 1, .last = at + strlen(suggestion)};
    struct lg_reader tried = *reader;

    tried.line = lg_text_make(line, put_line(line, reader->line, replaced, lg_text_of(suggestion)));
    if (tried.line.length_bytes == 0)
        return false;
    tried.at = tried.token_end = line + start;
    tried.in_statement = false;
    tried.is_trial = true;
    tried.rule_seen = reader->rule_seen_before;
    tried.set_here = reader->set_here_before;
    tried.report = note;
    tried.context = &trial;
    tried.errors = 0;
    memcpy(before, reader->policy, sizeof(before));
    if (lg_reader_next_statement(&tried))
        lg_statement_read(&tried);
    memcpy(reader->policy, before, sizeof(before));
    return !trial.failed;
}

/* The words of a statement, and to which part of a rule each belongs. */
enum part { PART_BEFORE = 0, PART_VERDICT, PART_ON, PART_MATCH, PART_QUIET, PART_COUNT };
struct words {
    struct lg_text at[WORDS_MAX];
    enum part part[WORDS_MAX];
    size_t count;
    bool has_verdict;
    bool is_lost; /* a word has no place */
};

/* Words that introduce a rule elsewhere. */
static bool is_filler(struct lg_text word)
{
    static const char fillers[] = "rule\0mode\0policy\0verdict\0action\0then\0do\0set\0-\0*\0->\0=>\0";

    for (const char *at = fillers; *at != '\0'; at += strlen(at) + 1)
        if (lg_text_is_word(word, at))
            return true;
    return lg_hint_word(LG_HINT_NOISE, word) != NULL;
}

static struct lg_text without_colon(struct lg_text word)
{
    if (word.length_bytes > 1 && word.at[word.length_bytes - 1] == ':')
        word.length_bytes--;
    return word;
}

static void add_word(struct words *words, struct lg_text word, enum part *part)
{
    struct lg_text plain = without_colon(word);

    if (lg_text_is_word(plain, "on"))
        *part = PART_ON;
    else if (lg_text_is_word(plain, "quiet"))
        *part = PART_QUIET;
    else if (lg_is_clause(plain))
        *part = PART_MATCH;
    else if (!words->has_verdict && lg_word_find(plain, lg_verdict_words, LG_VERDICT_COUNT) < LG_VERDICT_COUNT)
        *part = PART_VERDICT;
    else if ((*part == PART_BEFORE || *part == PART_QUIET) && is_filler(plain))
        return;
    words->has_verdict |= *part == PART_VERDICT;
    words->is_lost |= *part == PART_BEFORE || words->count == WORDS_MAX;
    if (words->count == WORDS_MAX)
        return;
    words->at[words->count] = plain;
    words->part[words->count++] = *part;
}

static struct words read_words(const struct lg_reader *reader, struct lg_text dropped)
{
    struct lg_reader ahead = *reader;
    struct words words = {.count = 0};
    enum part part = PART_BEFORE;
    struct lg_text word;

    ahead.at = ahead.token_end = reader->statement;
    while ((word = lg_reader_take(&ahead)).length_bytes > 0)
        if (word.at < dropped.at || word.at >= lg_text_end(dropped))
            add_word(&words, word, &part);
    return words;
}

static struct lg_hint in_order(const struct words *words)
{
    struct lg_hint hint = {.is_void = words->is_lost || !words->has_verdict};

    for (unsigned part = PART_VERDICT; part < PART_COUNT; part++)
        for (size_t i = 0; i < words->count; i++) {
            if (words->part[i] != part)
                continue;
            lg_hint_add_word(&hint, hint.length_bytes > 0 ? " " : "");
            lg_hint_add(&hint, words->at[i]);
        }
    return hint;
}

void lg_statement_error(struct lg_reader *reader, enum lg_problem problem, struct lg_text token, bool drop)
{
    struct words words = read_words(reader, drop ? token : lg_text_make(token.at, 0));
    struct lg_hint hint = in_order(&words);
    struct lg_reader ahead = *reader;

    ahead.at = ahead.token_end = reader->statement;
    lg_reader_error_in(reader, problem, token, lg_reader_peek_rest(&ahead), lg_hint_shown(&hint));
}
