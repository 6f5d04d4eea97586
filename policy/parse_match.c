/* SPDX-License-Identifier: MIT */
/*
 * Causes and matches: a word and its value, or values with commas between them.
 */
#include "policy/address.h"
#include "policy/glob.h"
#include "policy/hint.h"
#include "policy/number.h"
#include "policy/pieces.h"
#include "policy/reader.h"
#include "policy/text.h"
#include "policy/words.h"

/* All causes that the verdict can be written for, as a list. */
static struct lg_hint hint_all_causes(enum lg_verdict_kind kind)
{
    struct lg_hint hint = {.length_bytes = 0};

    for (size_t cause = 0; cause < LG_CAUSE_COUNT; cause++) {
        if (!(lg_verdict_causes[kind] & 1u << cause))
            continue;
        lg_hint_add_word(&hint, hint.length_bytes > 0 ? "," : "");
        lg_hint_add_word(&hint, lg_cause_words[cause]);
    }
    return hint;
}

static void report_cause(struct lg_reader *reader, enum lg_verdict_kind kind, struct lg_text word)
{
    const char *meant = lg_hint_or_nearest(LG_HINT_CAUSE, word, lg_cause_words, LG_CAUSE_COUNT);
    const char *joins = lg_hint_word(LG_HINT_NOISE, word);
    struct lg_hint hint = hint_all_causes(kind);

    if (joins != NULL && joins[1] == 'l') /* all */
        meant = lg_hint_shown(&hint);
    lg_reader_error(reader, LG_PROBLEM_CAUSE, word, meant);
}

static void add_cause(struct lg_reader *reader, struct lg_rule *rule, struct lg_text word)
{
    size_t cause = lg_word_find(word, lg_cause_words, LG_CAUSE_COUNT);

    if (cause == LG_CAUSE_COUNT) {
        report_cause(reader, rule->verdict.kind, word);
        return;
    }
    if (rule->causes & 1u << cause)
        lg_reader_error(reader, LG_PROBLEM_CAUSE_TWICE, word, NULL);
    else if (!(lg_verdict_causes[rule->verdict.kind] & 1u << cause))
        lg_reader_error(reader, (enum lg_problem)(LG_PROBLEM_SENSELESS_UNREAD + cause - LG_CAUSE_UNREAD), word, NULL);
    rule->causes |= (uint8_t)(1u << cause);
}

/* `a, b` is the one that is common enough for a suggestion. */
static void report_gap(struct lg_reader *reader, struct lg_text list)
{
    struct lg_text next = lg_reader_peek(reader);
    struct lg_hint hint = {.is_void = next.length_bytes == 0};

    lg_hint_add(&hint, list);
    lg_hint_add(&hint, next);
    for (size_t i = 0; i < hint.length_bytes; i++)
        hint.is_void |= hint.at[i] == ',' && (i == 0 || i + 1 == hint.length_bytes || hint.at[i - 1] == ',');
    lg_reader_error(reader, LG_PROBLEM_LIST_GAP, list, lg_hint_shown(&hint));
}

/* Whether each comma of a list stands between two elements; reports one that does not. */
bool lg_list_is_whole(struct lg_reader *reader, struct lg_text list)
{
    struct lg_text rest = list;
    bool is_whole = list.at[list.length_bytes - 1] != ',';

    while (is_whole && rest.length_bytes > 0)
        is_whole = lg_element_take(&rest).length_bytes > 0;
    if (!is_whole)
        report_gap(reader, list);
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

bool lg_causes_read(struct lg_reader *reader, struct lg_rule *rule)
{
    struct lg_text list = lg_reader_peek(reader);

    if (list.length_bytes == 0 || lg_is_clause(list)) {
        lg_reader_error(reader, LG_PROBLEM_CAUSE_MISSING, lg_text_make(reader->token_end, 0), NULL);
        return true;
    }
    lg_reader_take(reader);
    if (!lg_list_is_whole(reader, list))
        return false;
    while (list.length_bytes > 0)
        add_cause(reader, rule, lg_element_take(&list));
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

static struct lg_hint hint_value(enum lg_clause clause, struct lg_text value)
{
    struct lg_hint hint = {.length_bytes = 0};
    const char *meant = NULL;

    if (clause == LG_CLAUSE_LOCAL || clause == LG_CLAUSE_PEER)
        return lg_hint_address(value);
    if (clause == LG_CLAUSE_ROLE)
        meant =
            lg_hint_or_nearest(LG_HINT_ROLE, value, lg_role_words + LG_ROLE_ACCEPTED, LG_ROLE_COUNT - LG_ROLE_ACCEPTED);
    if (clause == LG_CLAUSE_UNSENT)
        meant = lg_hint_or_nearest(LG_HINT_UNSENT, value, lg_unsent_words + LG_UNSENT_NONE,
                                   LG_UNSENT_COUNT - LG_UNSENT_NONE);
    if (clause == LG_CLAUSE_USER)
        meant = lg_hint_word(LG_HINT_USER, value);
    lg_hint_add_word(&hint, meant != NULL ? meant : "");
    return hint;
}

/* One value of a match; what is wrong with it is reported. */
static void read_value(struct lg_reader *reader, struct lg_rule *rule, enum lg_clause clause, struct lg_text value)
{
    enum lg_problem problem = matches[clause].read(reader->policy, rule, lg_unquoted(value));
    struct lg_hint hint;

    if (problem == LG_PROBLEM_NONE)
        return;
    if ((clause == LG_CLAUSE_LOCAL || clause == LG_CLAUSE_PEER) && lg_hint_word(LG_HINT_NOISE, value) != NULL)
        problem = LG_PROBLEM_ADDRESS_ALL;
    hint = hint_value(clause, value);
    lg_reader_error(reader, problem, value, lg_hint_shown(&hint));
}

bool lg_match_read(struct lg_reader *reader, struct lg_rule *rule, enum lg_clause clause, struct lg_text word)
{
    struct lg_text list = lg_reader_peek(reader);
    bool takes_glob = clause == LG_CLAUSE_EXE || clause == LG_CLAUSE_CGROUP; /* any word may be a file name */

    if (rule->matches & 1u << clause)
        lg_reader_error(reader, LG_PROBLEM_MATCH_TWICE, word, NULL);
    rule->matches |= (uint8_t)(1u << clause);
    if (list.length_bytes == 0 || (!takes_glob && lg_is_clause(list))) {
        lg_reader_error(reader, matches[clause].missing, lg_text_make(reader->token_end, 0), NULL);
        return true;
    }
    lg_reader_take(reader);
    if (!matches[clause].is_list) {
        read_value(reader, rule, clause, list);
        return true;
    }
    if (!lg_list_is_whole(reader, list))
        return false;
    while (list.length_bytes > 0)
        read_value(reader, rule, clause, lg_element_take(&list));
    return list_has_ended(reader, clause);
}
