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
    struct lg_text next = lg_reader_peek(reader), replaced = word;
    bool is_event = meant != NULL && meant[0] == '*';

    if (is_event || (joins != NULL && joins[1] == 'l')) /* all */
        meant = lg_hint_shown(&hint);
    if (lg_text_is_word(word, "linger") && (lg_text_is_word(next, "zero") || lg_text_is_word(next, "0")))
        replaced = lg_text_span(word, lg_reader_take(reader));
    lg_reader_error_in(reader, is_event ? LG_PROBLEM_CAUSE_EVENT : LG_PROBLEM_CAUSE, replaced, replaced, meant);
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

/* `a, b`, where the list goes on behind a blank, and commas at the end or side by side. */
static void report_gap(struct lg_reader *reader, struct lg_text list)
{
    struct lg_text next = lg_reader_peek(reader), rest = list;
    struct lg_hint hint = {.length_bytes = 0};
    bool goes_on = list.at[list.length_bytes - 1] == ',' && next.length_bytes > 0 && !lg_is_clause(next);

    while (rest.length_bytes > 0) {
        struct lg_text element = lg_element_take(&rest);

        lg_hint_add_word(&hint, element.length_bytes > 0 && hint.length_bytes > 0 ? "," : "");
        lg_hint_add(&hint, element);
    }
    if (goes_on) {
        lg_hint_add_word(&hint, ",");
        lg_hint_add(&hint, next);
    }
    lg_reader_error_in(reader, LG_PROBLEM_LIST_GAP, list, goes_on ? lg_text_span(list, next) : list,
                       lg_hint_shown(&hint));
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

/* Whether a word behind a list of patterns is one more of them, and nothing that was meant otherwise. */
static bool is_pattern(struct lg_text token)
{
    return !lg_is_clause(token) && !lg_text_is_word(token, "within") && !lg_text_is_word(token, "idle") &&
           !lg_clause_is_meant(token) && token.at[0] != '\\' &&
           lg_nearest_word(token, lg_clause_words, LG_CLAUSE_COUNT) == NULL &&
           lg_word_find(token, lg_setting_words, LG_SETTING_COUNT) == LG_SETTING_COUNT &&
           (lg_byte_is_letter(token.at[0]) || token.at[0] == '"' || token.at[0] == '*');
}

/* `10.0.0.5 :80` is one ADDR. */
static void report_blank(struct lg_reader *reader, struct lg_text list, struct lg_text token)
{
    struct lg_text rest = list, last = list;
    struct lg_hint hint = {.length_bytes = 0};

    while (rest.length_bytes > 0)
        last = lg_element_take(&rest);
    lg_hint_add(&hint, list);
    if (token.at[0] != ',' && (token.at[0] != ':' || lg_text_find(last, ':') < last.length_bytes))
        lg_hint_add_word(&hint, ",");
    lg_hint_add(&hint, token);
    lg_reader_error_in(reader, LG_PROBLEM_LIST_BLANK, token, lg_text_span(list, token), lg_hint_shown(&hint));
}

/* Whether the rule may be read on behind a list: not where the list seems to go on behind a blank. */
static bool list_has_ended(struct lg_reader *reader, enum lg_clause clause, struct lg_text list)
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
    else if (clause == LG_CLAUSE_USER)
        goes_on = lg_byte_is_digit(token.at[0]);
    else
        goes_on = is_pattern(token);
    if (!goes_on && token.at[0] != ',')
        return true;
    report_blank(reader, list, token);
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
    for (struct lg_text rest = list; rest.length_bytes > 0;)
        add_cause(reader, rule, lg_element_take(&rest));
    return list_has_ended(reader, LG_CLAUSE_ON, list);
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
    if (clause == LG_CLAUSE_LOCAL || clause == LG_CLAUSE_PEER) {
        const char *joins = lg_hint_word(LG_HINT_NOISE, value);

        if (value.at[0] == '!' || (joins != NULL && joins[0] == 'n'))
            problem = LG_PROBLEM_NOT;
        else if (joins != NULL || lg_text_is_word(value, ":*"))
            problem = LG_PROBLEM_ADDRESS_ALL;
    }
    hint = hint_value(clause, value);
    lg_reader_error(reader, problem, value, lg_hint_shown(&hint));
}

/* unsent = none, exe: nginx, user == 0 */
static bool is_operator(struct lg_text token)
{
    return lg_text_is_word(token, "=") || lg_text_is_word(token, "==") || lg_text_is_word(token, ":") ||
           lg_text_is_word(token, ">") || lg_text_is_word(token, "is") || lg_text_is_word(token, ":=");
}

/* The value is suggested along. */
static void report_operator(struct lg_reader *reader, enum lg_clause clause, struct lg_text token)
{
    struct lg_text value = lg_reader_take(reader);
    struct lg_hint hint = hint_value(clause, value);
    bool is_more = token.at[0] == '>';

    if (lg_hint_shown(&hint) == NULL || is_more) {
        hint = (struct lg_hint){.length_bytes = 0};
        lg_hint_add(&hint, is_more ? lg_text_of("some") : value);
    }
    lg_reader_error_in(reader, LG_PROBLEM_EQUALS, token, lg_text_span(token, value), lg_hint_shown(&hint));
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
    if (is_operator(list) && lg_reader_peek(reader).length_bytes > 0) {
        report_operator(reader, clause, list);
        return true;
    }
    if (!matches[clause].is_list) {
        read_value(reader, rule, clause, list);
        return true;
    }
    if (!lg_list_is_whole(reader, list))
        return false;
    for (struct lg_text rest = list; rest.length_bytes > 0;)
        read_value(reader, rule, clause, lg_element_take(&rest));
    return list_has_ended(reader, clause, list);
}
