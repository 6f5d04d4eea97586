/* SPDX-License-Identifier: MIT */
#include "policy/address.h"
#include "policy/glob.h"
#include "policy/hint.h"
#include "policy/parse.h"
#include "policy/reader.h"
#include "policy/text.h"
#include "policy/words.h"

#define BACKLOG (1u << LG_CAUSE_BACKLOG)

/* Where the warnings are, and where they stand in the texts. */
struct warner {
    const struct lg_policy *policy;
    struct lg_reader reader; /* of the source of the last warning */
    unsigned source;         /* its index; beyond all before the first */
    lg_report_fn *report;
    void *context;
    unsigned warnings;
};

/* Warnings come in the order of the rules, so that each text is walked through once. */
static void go_to_line(struct warner *warner, const struct lg_rule *rule)
{
    struct lg_reader *reader = &warner->reader;

    if (warner->source != rule->source) {
        warner->source = rule->source;
        *reader = (struct lg_reader){.source = &warner->policy->sources[rule->source],
                                     .rest = warner->policy->texts[rule->source]};
        lg_reader_skip_mark(reader);
    }
    while (reader->line_number < rule->line && lg_reader_next_line(reader))
        continue;
    reader->at = reader->line.at + rule->column - 1;
    while (lg_reader_take(reader).length_bytes > 0)
        continue;
}

static void warn(struct warner *warner, const struct lg_rule *rule, const char *problem, const char *expected)
{
    struct lg_policy_error warning = {.problem = problem, .expected = expected, .is_warning = true};

    go_to_line(warner, rule);
    warning.source = warner->reader.source;
    warning.line = rule->line;
    warning.column = rule->column;
    warning.line_text = warner->reader.line;
    warning.token.at = warning.line_text.at + rule->column - 1;
    warning.token.length_bytes = (size_t)(warner->reader.token_end - warning.token.at);
    warner->warnings++;
    if (warner->report != NULL)
        warner->report(warner->context, &warning);
}

static bool address_covers(const struct lg_address_match *wide, const struct lg_address_match *narrow)
{
    if (wide->family != 0 && (wide->family != narrow->family || wide->prefix_bits > narrow->prefix_bits ||
                              !lg_prefix_equal(wide->bytes, narrow->bytes, wide->prefix_bits)))
        return false;
    return !wide->has_port ||
           (narrow->has_port && wide->port_min <= narrow->port_min && narrow->port_max <= wide->port_max);
}

static bool is_literal(struct lg_text glob)
{
    for (size_t i = 0; i < glob.length_bytes; i++)
        if (glob.at[i] == '*' || glob.at[i] == '?' || glob.at[i] == '[' || glob.at[i] == '\\')
            return false;
    return true;
}

static bool is_path(struct lg_text glob)
{
    return lg_text_find(glob, '/') < glob.length_bytes;
}

/* Exact for what is plain: the same pattern, `*`, and a name that a pattern is for. */
static bool glob_covers(struct lg_text wide, struct lg_text narrow)
{
    if (lg_text_is_word(wide, "*"))
        return true;
    if (wide.length_bytes == narrow.length_bytes && memcmp(wide.at, narrow.at, wide.length_bytes) == 0)
        return true;
    return is_literal(narrow) && (is_path(narrow) || !is_path(wide)) && lg_glob_fits(wide, narrow);
}

/* Whether the i-th value of the one list takes all that the j-th of the other does. */
typedef bool covers_fn(const struct lg_policy *policy, unsigned wide, unsigned narrow);

static bool addresses_cover(const struct lg_policy *policy, unsigned wide, unsigned narrow)
{
    return address_covers(&policy->addresses[wide], &policy->addresses[narrow]);
}

static bool globs_cover(const struct lg_policy *policy, unsigned wide, unsigned narrow)
{
    return glob_covers(policy->globs[wide], policy->globs[narrow]);
}

static bool users_cover(const struct lg_policy *policy, unsigned wide, unsigned narrow)
{
    return policy->users[wide] == policy->users[narrow];
}

static bool list_covers(const struct lg_policy *policy, struct lg_list wide, struct lg_list narrow, covers_fn *covers)
{
    for (unsigned j = 0; j < narrow.count; j++) {
        unsigned i = 0;

        while (i < wide.count && !covers(policy, wide.first + i, narrow.first + j))
            i++;
        if (i == wide.count)
            return false;
    }
    return true;
}

/* Whether each connection that `narrow` matches is one that `wide` matches; causes apart. */
static bool rule_covers(const struct lg_policy *policy, const struct lg_rule *wide, const struct lg_rule *narrow)
{
    unsigned matches = wide->matches;

    if (matches & ~(unsigned)narrow->matches)
        return false;
    if ((matches & LG_MATCH_ROLE) && wide->role != narrow->role)
        return false;
    if ((matches & LG_MATCH_UNSENT) && wide->unsent != narrow->unsent)
        return false;
    return (!(matches & LG_MATCH_LOCAL) || list_covers(policy, wide->local, narrow->local, addresses_cover)) &&
           (!(matches & LG_MATCH_PEER) || list_covers(policy, wide->peer, narrow->peer, addresses_cover)) &&
           (!(matches & LG_MATCH_USER) || list_covers(policy, wide->user, narrow->user, users_cover)) &&
           (!(matches & LG_MATCH_EXE) || list_covers(policy, wide->exe, narrow->exe, globs_cover)) &&
           (!(matches & LG_MATCH_CGROUP) || list_covers(policy, wide->cgroup, narrow->cgroup, globs_cover));
}

/* The rule before `rule` that, with others, leaves nothing of it; NULL when it may decide. */
static const struct lg_rule *find_cover(const struct lg_policy *policy, const struct lg_rule *rule)
{
    unsigned open = rule->causes;

    for (const struct lg_rule *before = policy->rules; before < rule; before++) {
        if ((before->causes & open) && rule_covers(policy, before, rule))
            open &= ~(unsigned)before->causes;
        if (open == 0)
            return before;
    }
    return NULL;
}

static void warn_never(struct warner *warner, const struct lg_rule *rule, const struct lg_rule *before)
{
    struct lg_hint problem = {.length_bytes = 0};

    lg_hint_add_word(&problem, "rule that never decides, since ");
    if (before->source == rule->source) {
        lg_hint_add_word(&problem, "line ");
        lg_hint_add_number(&problem, before->line);
    } else {
        lg_hint_add_word(&problem, "a text before this one");
    }
    lg_hint_add_word(&problem, " has taken all it is for:");
    warn(warner, rule, lg_hint_shown(&problem), "what is narrow before what is wide");
}

static bool is_one_way_port(const struct lg_address_match *match)
{
    unsigned port = match->port_min;

    return match->has_port && match->port_max == port && (port == 514 || port == 601 || port == 1514 || port == 6514);
}

/* An address that is written out and zero: no end of a connection has it. */
static bool is_no_address(const struct lg_address_match *match)
{
    unsigned bits = match->family == 4 ? 32 : 128;

    return match->family != 0 && match->prefix_bits == bits &&
           lg_prefix_equal(match->bytes, (const uint8_t[16]){0}, bits);
}

static bool any_address(const struct lg_policy *policy, struct lg_list list,
                        bool (*holds)(const struct lg_address_match *match))
{
    for (unsigned i = 0; i < list.count; i++)
        if (holds(&policy->addresses[list.first + i]))
            return true;
    return false;
}

/* A pattern with a slash that no path fits, since each path starts with one. */
static bool any_relative(const struct lg_policy *policy, struct lg_list list)
{
    for (unsigned i = 0; i < list.count; i++) {
        struct lg_text glob = policy->globs[list.first + i];
        char first = glob.at[0];

        if (is_path(glob) && first != '/' && first != '*' && first != '?' && first != '[' && first != '\\')
            return true;
    }
    return false;
}

static bool any_glob(const struct lg_policy *policy, struct lg_list list, bool (*is_so)(struct lg_text glob))
{
    for (unsigned i = 0; i < list.count; i++)
        if (is_so(policy->globs[list.first + i]))
            return true;
    return false;
}

/* Of a shell, or of a language with negations; here each is a character of the name. */
static bool is_expanded(struct lg_text glob)
{
    return glob.at[0] == '$' || (glob.at[0] == '~' && is_path(glob));
}

static bool is_quoted(struct lg_text glob)
{
    return glob.length_bytes > 1 && glob.at[0] == '\'' && lg_text_end(glob)[-1] == '\'';
}

static bool is_negated(struct lg_text glob)
{
    return glob.at[0] == '!' && glob.length_bytes > 1;
}

static void check_globs(struct warner *warner, const struct lg_rule *rule, struct lg_list list)
{
    const struct lg_policy *policy = warner->policy;

    if (any_glob(policy, list, is_expanded))
        warn(warner, rule, "nobody expands ~ and $ in", "/PATH, or */PATH for every directory");
    else if (any_relative(policy, list))
        warn(warner, rule, "pattern that no path fits in", "/PATH, */PATH, or a name without /");
    if (any_glob(policy, list, is_quoted))
        warn(warner, rule, "' is a part of the pattern in", "\" for quotes");
    if (any_glob(policy, list, is_negated))
        warn(warner, rule, "! is a part of the pattern in", "a rule for the exception before this one");
}

static void check_matches(struct warner *warner, const struct lg_rule *rule)
{
    const struct lg_policy *policy = warner->policy;

    check_globs(warner, rule, rule->exe);
    check_globs(warner, rule, rule->cgroup);
    if (any_address(policy, rule->peer, is_no_address) ||
        (!(rule->causes & BACKLOG) && any_address(policy, rule->local, is_no_address)))
        warn(warner, rule, "address that no connection has in", "a port alone, such as :80, for any address");
    if (rule->causes == BACKLOG && (rule->matches & (LG_MATCH_PEER | LG_MATCH_ROLE | LG_MATCH_UNSENT)))
        warn(warner, rule,
             "listening sockets have no peer, role and unsent data:", "exe, user, cgroup and local alone on backlog");
}

static void check_verdict(struct warner *warner, const struct lg_rule *rule)
{
    const struct lg_verdict *verdict = &rule->verdict;
    bool drains = verdict->kind == LG_VERDICT_DRAIN;

    if ((drains || verdict->kind == LG_VERDICT_LINGER) && rule->matches == 0)
        warn(warner, rule, "wait for every connection:",
             "a match, such as local :8080; a blocking server accepts nobody while it waits in a close, which it may "
             "for a tenth of its time");
    if (drains && any_address(warner->policy, rule->local, is_one_way_port))
        warn(warner, rule, "one-way protocol that is drained:",
             "another verdict for syslog; its sender takes for delivered what is discarded");
    if (verdict->kind == LG_VERDICT_ORDERLY && verdict->duration_ms > 0 && (rule->matches & LG_MATCH_UNSENT) &&
        rule->unsent == LG_UNSENT_NONE)
        warn(warner, rule, "within has no effect where nothing is unsent:", "orderly");
}

static void warn_text(struct warner *warner, const struct lg_reader *reader, struct lg_text token, const char *problem,
                      const char *expected)
{
    struct lg_policy_error warning = {
        .source = reader->source,
        .line = reader->line_number,
        .column = (uint32_t)(token.at - reader->line.at) + 1,
        .line_text = reader->line,
        .token = token,
        .problem = problem,
        .expected = expected,
        .is_warning = true,
    };

    warner->warnings++;
    if (warner->report != NULL)
        warner->report(warner->context, &warning);
}

/* Whether a rule starts here: a verdict, and behind it what may follow one. */
static bool is_rule(const struct lg_reader *reader)
{
    struct lg_reader ahead = *reader;
    struct lg_text verdict = lg_reader_take(&ahead), next = lg_reader_peek(&ahead);

    return lg_word_find(verdict, lg_verdict_words, LG_VERDICT_COUNT) < LG_VERDICT_COUNT &&
           (next.length_bytes == 0 || lg_is_clause(next) || lg_byte_is_digit(next.at[0]) ||
            lg_text_is_word(next, "within"));
}

/* A comment goes to the end of the line, and takes the rule behind its `;` along: the reader stands at its #. */
static void check_comment(struct warner *warner, const struct lg_reader *reader)
{
    struct lg_text comment = lg_text_make(reader->at, (size_t)(lg_text_end(reader->line) - reader->at));
    size_t end = lg_text_find(comment, ';');
    struct lg_reader behind = *reader;

    if (comment.length_bytes == 0 || end == comment.length_bytes)
        return;
    behind.at = behind.token_end = comment.at + end + 1;
    if (is_rule(&behind))
        warn_text(warner, reader, lg_reader_peek_rest(&behind),
                  "rule in a comment:", "it on a line of its own, a comment goes to the end of the line");
}

static void check_tag(struct warner *warner, struct lg_reader *reader)
{
    struct lg_text word = lg_reader_take(reader), value = lg_unquoted(lg_reader_peek(reader));

    if (lg_text_is_word(word, "tag") && (value.at[0] == '$' || value.at[0] == '%'))
        warn_text(warner, reader, value, "nobody expands", "the word itself");
}

/* What stands between the rules of a text, which has been parsed. */
static void check_text(struct warner *warner, unsigned source)
{
    struct lg_reader reader = {.source = &warner->policy->sources[source], .rest = warner->policy->texts[source]};

    lg_reader_skip_mark(&reader);
    while (lg_reader_next_line(&reader)) {
        bool has_any = false;

        while (lg_reader_next_statement(&reader)) {
            has_any = true;
            check_tag(warner, &reader);
        }
        if (has_any && reader.source->kind != LG_SOURCE_RULES)
            check_comment(warner, &reader);
    }
}

unsigned lg_policy_warn(const struct lg_policy *policy, lg_report_fn *report, void *context)
{
    struct warner warner = {.policy = policy, .source = LG_SOURCES_MAX, .report = report, .context = context};

    for (uint32_t i = 0; i < policy->rule_count; i++) {
        const struct lg_rule *rule = &policy->rules[i], *before = find_cover(policy, rule);

        if (before != NULL) {
            warn_never(&warner, rule, before);
            continue;
        }
        check_matches(&warner, rule);
        check_verdict(&warner, rule);
    }
    for (unsigned source = 0; source < policy->source_count; source++)
        check_text(&warner, source);
    return warner.warnings;
}
