/* SPDX-License-Identifier: MIT */
#include "policy/address.h"
#include "policy/glob.h"
#include "policy/number.h"
#include "policy/reader.h"
#include "policy/text.h"
#include "policy/words.h"

#define DEFAULT_CAUSES (1u << LG_CAUSE_LINGER_ZERO)

/* A rule while it is read. */
struct draft {
    struct lg_rule rule;
    bool has_causes; /* `on` was written */
};

static bool is_clause(struct lg_text token)
{
    return lg_word_find(token, lg_clause_words, LG_CLAUSE_COUNT) < LG_CLAUSE_COUNT;
}

/* D; what is wrong with it is reported, and the rule read on behind it. */
static void read_duration(struct lg_reader *reader, uint32_t *duration_ms)
{
    struct lg_text token = lg_reader_peek(reader);
    enum lg_problem problem;

    if (token.length_bytes == 0 || is_clause(token)) {
        lg_reader_error(reader, LG_PROBLEM_DURATION_MISSING, lg_text_make(reader->token_end, 0), NULL);
        return;
    }
    lg_reader_take(reader);
    problem = lg_duration_parse(token, duration_ms);
    if (problem != LG_PROBLEM_NONE)
        lg_reader_error(reader, problem, token, NULL);
}

/* Reports it, and returns the errno that was probably meant, 0 for none: the rest of the rule is read as if. */
static int report_errno(struct lg_reader *reader, struct lg_text token)
{
    const char *nearest;
    const char *words[LG_ERRNO_NAMES_MAX + LG_CLAUSE_COUNT];
    size_t count = LG_CLAUSE_COUNT;

    memcpy(words, lg_clause_words, sizeof(lg_clause_words));
    for (size_t i = 0; lg_errno_word(i) != NULL; i++)
        words[count++] = lg_errno_word(i);
    nearest = lg_nearest_word(token, words, count);
    lg_reader_error(reader, LG_PROBLEM_ERRNO, token, nearest);
    return nearest == NULL ? 0 : lg_errno_find(lg_text_make(nearest, strlen(nearest)));
}

/* The ERRNO of reject; false when the token is neither one nor the start of the next clause. */
static bool read_errno(struct lg_reader *reader, int *number)
{
    struct lg_text token = lg_reader_peek(reader);
    uint32_t value;

    *number = lg_errno_find(lg_text_make("EPERM", 5));
    if (token.length_bytes == 0 || is_clause(token))
        return true;
    lg_reader_take(reader);
    if (lg_byte_is_digit(token.at[0])) {
        if (!lg_number_parse(token, &value) || value < 1 || value > LG_ERRNO_MAX)
            lg_reader_error(reader, LG_PROBLEM_ERRNO_NUMBER, token, NULL);
        else
            *number = (int)value;
        return true;
    }
    *number = lg_errno_find(token);
    if (*number == 0)
        *number = report_errno(reader, token);
    return *number != 0;
}

static bool read_no_argument(struct lg_reader *reader)
{
    struct lg_text token = lg_reader_peek(reader);
    bool is_argument = token.length_bytes > 0 &&
                       (lg_byte_is_digit(token.at[0]) || lg_text_is_word(token, "within") || lg_errno_find(token) != 0);

    if (is_argument)
        lg_reader_error(reader, LG_PROBLEM_ARGUMENT, token, NULL);
    return !is_argument;
}

static void read_within(struct lg_reader *reader, uint32_t *duration_ms)
{
    struct lg_text token = lg_reader_peek(reader);

    if (lg_text_is_word(token, "within")) {
        lg_reader_take(reader);
        read_duration(reader, duration_ms);
    } else if (token.length_bytes > 0 && lg_byte_is_digit(token.at[0])) {
        lg_reader_take(reader);
        lg_reader_error(reader, LG_PROBLEM_WITHIN_MISSING, token, NULL);
    }
}

/* Returns false when the rest of the rule cannot be made sense of. */
static bool read_argument(struct lg_reader *reader, struct lg_verdict *verdict)
{
    switch (verdict->kind) {
    case LG_VERDICT_REJECT:
        return read_errno(reader, &verdict->reject_errno);
    case LG_VERDICT_ORDERLY:
        read_within(reader, &verdict->duration_ms);
        return true;
    case LG_VERDICT_LINGER:
    case LG_VERDICT_DRAIN:
        if (lg_text_is_word(lg_reader_peek(reader), "within"))
            lg_reader_error(reader, LG_PROBLEM_WITHIN_ELSEWHERE, lg_reader_take(reader), NULL);
        read_duration(reader, &verdict->duration_ms);
        return true;
    case LG_VERDICT_ALLOW:
    case LG_VERDICT_OBSERVE:
    case LG_VERDICT_COUNT:
        break;
    }
    return read_no_argument(reader);
}

static void add_cause(struct lg_reader *reader, struct draft *draft, struct lg_text word)
{
    size_t cause = lg_word_find(word, lg_cause_words, LG_CAUSE_COUNT);

    if (cause == LG_CAUSE_COUNT) {
        lg_reader_error(reader, LG_PROBLEM_CAUSE, word, lg_nearest_word(word, lg_cause_words, LG_CAUSE_COUNT));
        return;
    }
    if (draft->rule.causes & 1u << cause)
        lg_reader_error(reader, LG_PROBLEM_CAUSE_TWICE, word, NULL);
    else if (!(lg_verdict_causes[draft->rule.verdict.kind] & 1u << cause))
        lg_reader_error(reader, (enum lg_problem)(LG_PROBLEM_SENSELESS_UNREAD + cause - LG_CAUSE_UNREAD), word, NULL);
    draft->rule.causes |= (uint8_t)(1u << cause);
}

/* Whether each comma of a list stands between two elements; reports one that does not. */
static bool list_is_whole(struct lg_reader *reader, struct lg_text list)
{
    struct lg_text rest = list;
    bool is_whole = list.at[list.length_bytes - 1] != ',';

    while (is_whole && rest.length_bytes > 0)
        is_whole = lg_element_take(&rest).length_bytes > 0;
    if (!is_whole)
        lg_reader_error(reader, LG_PROBLEM_LIST_GAP, list, NULL);
    return is_whole;
}

/* Whether the rule may be read on behind a list: not where the list seems to go on behind a blank. */
static bool list_has_ended(struct lg_reader *reader, enum lg_clause clause)
{
    struct lg_text token = lg_reader_peek(reader), rest = token, word;
    bool goes_on;

    if (token.length_bytes == 0)
        return true;
    word = lg_element_take(&rest);
    if (clause == LG_CLAUSE_ON)
        goes_on = lg_word_find(word, lg_cause_words, LG_CAUSE_COUNT) < LG_CAUSE_COUNT;
    else if (clause == LG_CLAUSE_LOCAL || clause == LG_CLAUSE_PEER)
        goes_on = lg_byte_is_digit(token.at[0]) || token.at[0] == ':' || token.at[0] == '[';
    else
        goes_on = clause == LG_CLAUSE_USER && lg_byte_is_digit(token.at[0]);
    if (!goes_on && token.at[0] != ',')
        return true;
    lg_reader_error(reader, LG_PROBLEM_LIST_BLANK, token, NULL);
    return false;
}

/* CAUSE[,CAUSE]... behind `on`; false when the rest of the rule cannot be made sense of. */
static bool read_causes(struct lg_reader *reader, struct draft *draft)
{
    struct lg_text list = lg_reader_peek(reader);

    draft->has_causes = true;
    if (list.length_bytes == 0 || is_clause(list)) {
        lg_reader_error(reader, LG_PROBLEM_CAUSE_MISSING, lg_text_make(reader->token_end, 0), NULL);
        return true;
    }
    lg_reader_take(reader);
    if (!list_is_whole(reader, list))
        return false;
    while (list.length_bytes > 0)
        add_cause(reader, draft, lg_element_take(&list));
    return list_has_ended(reader, LG_CLAUSE_ON);
}

static void extend(struct lg_list *list, uint32_t *count)
{
    if (list->count++ == 0)
        list->first = (uint16_t)*count;
    ++*count;
}

static enum lg_problem add_glob(struct lg_policy *policy, struct lg_list *list, struct lg_text glob)
{
    enum lg_problem problem = lg_glob_check(glob);

    if (glob.length_bytes == 0)
        return LG_PROBLEM_GLOB_EMPTY;
    if (problem != LG_PROBLEM_NONE)
        return problem;
    if (policy->glob_count == LG_GLOBS_MAX)
        return LG_PROBLEM_GLOB_COUNT;
    policy->globs[policy->glob_count] = glob;
    extend(list, &policy->glob_count);
    return LG_PROBLEM_NONE;
}

static enum lg_problem add_address(struct lg_policy *policy, struct lg_list *list, struct lg_text text)
{
    struct lg_address_match match;
    enum lg_problem problem = lg_address_match_parse(text, &match);

    if (problem != LG_PROBLEM_NONE)
        return problem;
    if (policy->address_count == LG_ADDRESSES_MAX)
        return LG_PROBLEM_ADDRESS_COUNT;
    policy->addresses[policy->address_count] = match;
    extend(list, &policy->address_count);
    return LG_PROBLEM_NONE;
}

static enum lg_problem add_exe(struct lg_policy *policy, struct lg_rule *rule, struct lg_text text)
{
    return add_glob(policy, &rule->exe, text);
}

static enum lg_problem add_cgroup(struct lg_policy *policy, struct lg_rule *rule, struct lg_text text)
{
    return add_glob(policy, &rule->cgroup, text);
}

static enum lg_problem add_local(struct lg_policy *policy, struct lg_rule *rule, struct lg_text text)
{
    return add_address(policy, &rule->local, text);
}

static enum lg_problem add_peer(struct lg_policy *policy, struct lg_rule *rule, struct lg_text text)
{
    return add_address(policy, &rule->peer, text);
}

static enum lg_problem add_user(struct lg_policy *policy, struct lg_rule *rule, struct lg_text text)
{
    int64_t user;

    if (!lg_parse_user(text, &user))
        return LG_PROBLEM_USER;
    if (policy->user_count == LG_USERS_MAX)
        return LG_PROBLEM_USER_COUNT;
    policy->users[policy->user_count] = (uint32_t)user;
    extend(&rule->user, &policy->user_count);
    return LG_PROBLEM_NONE;
}

static enum lg_problem set_role(struct lg_policy *policy, struct lg_rule *rule, struct lg_text text)
{
    (void)policy;
    return lg_parse_role(text, &rule->role) ? LG_PROBLEM_NONE : LG_PROBLEM_ROLE;
}

static enum lg_problem set_unsent(struct lg_policy *policy, struct lg_rule *rule, struct lg_text text)
{
    (void)policy;
    return lg_parse_unsent(text, &rule->unsent) ? LG_PROBLEM_NONE : LG_PROBLEM_UNSENT;
}

static const struct {
    enum lg_problem missing;
    bool is_list;
    enum lg_problem (*read)(struct lg_policy *policy, struct lg_rule *rule, struct lg_text text);
} matches[] = {
    [LG_CLAUSE_ROLE] = {LG_PROBLEM_ROLE_MISSING, false, set_role},
    [LG_CLAUSE_UNSENT] = {LG_PROBLEM_UNSENT_MISSING, false, set_unsent},
    [LG_CLAUSE_USER] = {LG_PROBLEM_USER_MISSING, true, add_user},
    [LG_CLAUSE_LOCAL] = {LG_PROBLEM_ADDRESS_MISSING, true, add_local},
    [LG_CLAUSE_PEER] = {LG_PROBLEM_ADDRESS_MISSING, true, add_peer},
    [LG_CLAUSE_EXE] = {LG_PROBLEM_GLOB_MISSING, true, add_exe},
    [LG_CLAUSE_CGROUP] = {LG_PROBLEM_CGROUP_MISSING, true, add_cgroup},
};

_Static_assert(LG_MATCH_ROLE == 1u << LG_CLAUSE_ROLE && LG_MATCH_UNSENT == 1u << LG_CLAUSE_UNSENT &&
                   LG_MATCH_USER == 1u << LG_CLAUSE_USER && LG_MATCH_LOCAL == 1u << LG_CLAUSE_LOCAL &&
                   LG_MATCH_PEER == 1u << LG_CLAUSE_PEER && LG_MATCH_EXE == 1u << LG_CLAUSE_EXE &&
                   LG_MATCH_CGROUP == 1u << LG_CLAUSE_CGROUP,
               "the bit of a match is 1u << its clause");

/* One value of a match; what is wrong with it is reported. */
static void read_value(struct lg_reader *reader, struct lg_rule *rule, enum lg_clause clause, struct lg_text value)
{
    enum lg_problem problem = matches[clause].read(reader->policy, rule, lg_unquoted(value));
    const char *nearest = NULL;

    if (problem == LG_PROBLEM_ROLE)
        nearest = lg_nearest_word(value, lg_role_words + LG_ROLE_ACCEPTED, LG_ROLE_COUNT - LG_ROLE_ACCEPTED);
    if (problem == LG_PROBLEM_UNSENT)
        nearest = lg_nearest_word(value, lg_unsent_words + LG_UNSENT_NONE, LG_UNSENT_COUNT - LG_UNSENT_NONE);
    if (problem != LG_PROBLEM_NONE)
        lg_reader_error(reader, problem, value, nearest);
}

/* A match and its value or values; false when the rest of the rule cannot be made sense of. */
static bool read_match(struct lg_reader *reader, struct lg_rule *rule, enum lg_clause clause, struct lg_text word)
{
    struct lg_text list = lg_reader_peek(reader);
    bool takes_glob = clause == LG_CLAUSE_EXE || clause == LG_CLAUSE_CGROUP; /* any word may be a file name */

    if (rule->matches & 1u << clause)
        lg_reader_error(reader, LG_PROBLEM_MATCH_TWICE, word, NULL);
    rule->matches |= (uint8_t)(1u << clause);
    if (list.length_bytes == 0 || (!takes_glob && is_clause(list))) {
        lg_reader_error(reader, matches[clause].missing, lg_text_make(reader->token_end, 0), NULL);
        return true;
    }
    lg_reader_take(reader);
    if (!matches[clause].is_list) {
        read_value(reader, rule, clause, list);
        return true;
    }
    if (!list_is_whole(reader, list))
        return false;
    while (list.length_bytes > 0)
        read_value(reader, rule, clause, lg_element_take(&list));
    return list_has_ended(reader, clause);
}

/* Returns whether what follows `quiet` may be read on. */
static bool read_quiet(struct lg_reader *reader, struct lg_rule *rule, struct lg_text word)
{
    struct lg_text next = lg_reader_peek(reader);

    rule->quiet = true;
    if (next.length_bytes == 0)
        return true;
    if (is_clause(next) && !lg_text_is_word(next, "quiet")) {
        lg_reader_error(reader, LG_PROBLEM_QUIET_EARLY, word, NULL);
        return true;
    }
    lg_reader_error(reader, LG_PROBLEM_QUIET_AFTER, next, NULL);
    return false;
}

/* Reports it, and returns the clause that was probably meant: the rest of the rule is read as if. */
static enum lg_clause report_clause(struct lg_reader *reader, const struct draft *draft, struct lg_text token)
{
    const char *nearest;
    const char *words[LG_CLAUSE_COUNT + 1];
    size_t count = 0;
    bool is_first = !draft->has_causes && draft->rule.matches == 0;

    if (lg_word_find(token, lg_verdict_words, LG_VERDICT_COUNT) < LG_VERDICT_COUNT) {
        lg_reader_error(reader, LG_PROBLEM_VERDICT_SECOND, token, NULL);
        return LG_CLAUSE_COUNT;
    }
    for (size_t clause = 0; clause < LG_CLAUSE_COUNT; clause++)
        if (clause == LG_CLAUSE_ON ? is_first : !(draft->rule.matches & 1u << clause))
            words[count++] = lg_clause_words[clause];
    if (is_first && draft->rule.verdict.kind == LG_VERDICT_ORDERLY && draft->rule.verdict.duration_ms == 0)
        words[count++] = "within";
    nearest = lg_nearest_word(token, words, count);
    lg_reader_error(reader, is_first ? LG_PROBLEM_CLAUSE : LG_PROBLEM_MATCH, token, nearest);
    if (nearest == NULL)
        return LG_CLAUSE_COUNT;
    return (enum lg_clause)lg_word_find(lg_text_make(nearest, strlen(nearest)), lg_clause_words, LG_CLAUSE_COUNT);
}

/* Everything behind the verdict and its argument. */
static void read_clauses(struct lg_reader *reader, struct draft *draft)
{
    bool is_readable = true;

    while (is_readable && lg_reader_peek(reader).length_bytes > 0) {
        bool is_first = !draft->has_causes && draft->rule.matches == 0;
        struct lg_text word = lg_reader_take(reader);
        enum lg_clause clause = (enum lg_clause)lg_word_find(word, lg_clause_words, LG_CLAUSE_COUNT);

        if (clause == LG_CLAUSE_COUNT)
            clause = report_clause(reader, draft, word);
        if (clause == LG_CLAUSE_COUNT)
            return;
        if (clause == LG_CLAUSE_QUIET) {
            is_readable = read_quiet(reader, &draft->rule, word);
        } else if (clause == LG_CLAUSE_ON) {
            if (!is_first)
                lg_reader_error(reader, draft->has_causes ? LG_PROBLEM_ON_SECOND : LG_PROBLEM_ON_LATE, word, NULL);
            is_readable = is_first ? read_causes(reader, draft) : lg_reader_take(reader).length_bytes > 0;
        } else {
            is_readable = read_match(reader, &draft->rule, clause, word);
        }
    }
}

static void append_rule(struct lg_reader *reader, const struct lg_rule *rule, struct lg_text word)
{
    struct lg_policy *policy = reader->policy;

    if (policy->rule_count < LG_RULES_MAX) {
        policy->rules[policy->rule_count++] = *rule;
        return;
    }
    lg_reader_error(reader, LG_PROBLEM_RULE_COUNT, lg_text_make(word.at, 0), NULL);
}

void lg_rule_read(struct lg_reader *reader, enum lg_verdict_kind kind)
{
    struct lg_text word = lg_reader_take(reader);
    struct draft draft = {.rule = {.source = reader->source_index, .line = reader->line_number}};
    unsigned errors = reader->errors;

    reader->rule_seen = true;
    draft.rule.column = (uint16_t)(word.at - reader->line.at + 1);
    draft.rule.verdict.kind = kind;
    if (read_argument(reader, &draft.rule.verdict))
        read_clauses(reader, &draft);
    if (draft.rule.causes == 0)
        draft.rule.causes = DEFAULT_CAUSES;
    if (reader->errors == errors)
        append_rule(reader, &draft.rule, word);
}
