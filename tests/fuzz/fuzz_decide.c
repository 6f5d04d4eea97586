/* SPDX-License-Identifier: MIT */
/*
 * The first line of the input is a connection, the rest a policy:
 *
 *     CAUSE EXE LOCAL PEER ROLE UNSENT USER CGROUP       `-` for what is not known, `m` before an IPv4
 *                                                        address that is to be shown IPv4-mapped
 *
 * Decisions are held against a second matcher that is written to be plainly right: one bit, one
 * byte, one table cell at a time.
 */
#include <stdint.h>

#include "policy/parse.h"
#include "tests/fuzz/require.h"
#include "tests/unit/policy_text.h"

#define TEXT_BYTES_MAX 256u /* of a glob and a path: the table below is a product of both */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lg_policy policy;

/* One element of a glob: a star, or the bytes that it accepts. */
struct element {
    bool is_star;
    bool accepts[256];
};

static struct element elements[TEXT_BYTES_MAX];

static size_t escaped(struct lg_text glob, size_t i)
{
    return glob.at[i] == '\\' ? i + 1 : i;
}

/* The set whose first member stands at glob[i], of a glob that the parser has accepted. */
static size_t read_set(struct lg_text glob, size_t i, struct element *element)
{
    bool is_negated = glob.at[i] == '!';
    bool is_first = true;

    if (is_negated)
        i++;
    for (; is_first || glob.at[i] != ']'; is_first = false) {
        size_t low = escaped(glob, i), high = low;

        i = low + 1;
        if (glob.at[i] == '-' && glob.at[i + 1] != ']') {
            high = escaped(glob, i + 1);
            i = high + 1;
        }
        for (unsigned byte = (unsigned char)glob.at[low]; byte <= (unsigned char)glob.at[high]; byte++)
            element->accepts[byte] = true;
    }
    for (unsigned byte = 0; is_negated && byte < 256; byte++)
        element->accepts[byte] = !element->accepts[byte];
    return i + 1;
}

static size_t read_elements(struct lg_text glob)
{
    size_t count = 0;

    for (size_t i = 0; i < glob.length_bytes; count++) {
        struct element *element = &elements[count];
        char byte = glob.at[i++];

        memset(element, 0, sizeof(*element));
        element->is_star = byte == '*';
        if (byte == '?')
            memset(element->accepts, 1, sizeof(element->accepts));
        else if (byte == '[')
            i = read_set(glob, i, element);
        else if (byte == '\\')
            element->accepts[(unsigned char)glob.at[i++]] = true;
        else
            element->accepts[(unsigned char)byte] = true;
    }
    return count;
}

static bool naive_glob(struct lg_text glob, struct lg_text path)
{
    static bool fits[TEXT_BYTES_MAX + 1][TEXT_BYTES_MAX + 1]; /* [i][j]: elements from i on fit the path from j on */
    size_t count = read_elements(glob);

    if (memchr(glob.at, '/', glob.length_bytes) == NULL) {
        for (size_t i = path.length_bytes; i > 0; i--) {
            if (path.at[i - 1] == '/') {
                path = (struct lg_text){path.at + i, path.length_bytes - i};
                break;
            }
        }
    }
    for (size_t i = count + 1; i-- > 0;) {
        for (size_t j = path.length_bytes + 1; j-- > 0;) {
            bool more = j < path.length_bytes;

            if (i == count)
                fits[i][j] = !more;
            else if (elements[i].is_star)
                fits[i][j] = fits[i + 1][j] || (more && fits[i][j + 1]);
            else
                fits[i][j] = more && elements[i].accepts[(unsigned char)path.at[j]] && fits[i + 1][j + 1];
        }
    }
    return fits[0][0];
}

static bool bit_at(const uint8_t *bytes, unsigned i)
{
    return bytes[i / 8] >> (7 - i % 8) & 1;
}

static bool naive_address(const struct lg_address_match *match, const struct lg_address *address)
{
    const uint8_t *bytes = address->bytes;
    unsigned family = address->family;

    if (family == 6) {
        bool is_mapped = bytes[10] == 0xff && bytes[11] == 0xff;

        for (unsigned i = 0; i < 10; i++)
            is_mapped = is_mapped && bytes[i] == 0;
        if (is_mapped) {
            family = 4;
            bytes += 12;
        }
    }
    if (family == 0 || (match->family != 0 && match->family != family))
        return false;
    for (unsigned i = 0; match->family != 0 && i < match->prefix_bits; i++)
        if (bit_at(bytes, i) != bit_at(match->bytes, i))
            return false;
    return !match->has_port || (match->port_min <= address->port && address->port <= match->port_max);
}

static bool naive_addresses(struct lg_list list, const struct lg_address *address)
{
    bool matches = false;

    for (unsigned i = 0; i < list.count; i++)
        matches = naive_address(&policy.addresses[list.first + i], address) || matches;
    return matches;
}

static bool naive_globs(struct lg_list list, struct lg_text path)
{
    bool matches = false;

    for (unsigned i = 0; i < list.count; i++)
        matches = (path.at != NULL && naive_glob(policy.globs[list.first + i], path)) || matches;
    return matches;
}

static bool naive_users(struct lg_list list, int64_t user)
{
    bool matches = false;

    for (unsigned i = 0; i < list.count; i++)
        matches = policy.users[list.first + i] == user || matches;
    return matches;
}

static bool naive_rule(const struct lg_rule *rule, const struct lg_facts *facts)
{
    bool matches = rule->causes >> facts->cause & 1;

    if (rule->matches & LG_MATCH_EXE)
        matches = matches && naive_globs(rule->exe, facts->exe);
    if (rule->matches & LG_MATCH_LOCAL)
        matches = matches && naive_addresses(rule->local, &facts->local);
    if (rule->matches & LG_MATCH_PEER)
        matches = matches && naive_addresses(rule->peer, &facts->peer);
    if (rule->matches & LG_MATCH_ROLE)
        matches = matches && facts->role != LG_ROLE_UNKNOWN && facts->role == rule->role;
    if (rule->matches & LG_MATCH_UNSENT)
        matches = matches && facts->unsent != LG_UNSENT_UNKNOWN && facts->unsent == rule->unsent;
    if (rule->matches & LG_MATCH_CGROUP)
        matches = matches && naive_globs(rule->cgroup, facts->cgroup);
    if (rule->matches & LG_MATCH_USER)
        matches = matches && naive_users(rule->user, facts->user);
    return matches;
}

/* What was decided must be among what the policy was said to need. */
static void check_needs(const struct lg_facts *facts, const struct lg_decision *decision, int64_t user)
{
    struct lg_process_facts process = {.exe = facts->exe, .cgroup = facts->cgroup, .user = user};
    struct lg_needs needs = lg_policy_needs(&policy, &process);
    enum lg_verdict_kind kind = decision->verdict.kind;
    bool is_linger = kind == LG_VERDICT_LINGER, is_drain = kind == LG_VERDICT_DRAIN;

    REQUIRE(kind == LG_VERDICT_ALLOW || (needs.causes >> facts->cause & 1));
    REQUIRE(kind != LG_VERDICT_REJECT || facts->cause != LG_CAUSE_LINGER_ZERO || needs.reject_linger);
    REQUIRE(!is_drain || (needs.sole_holder && needs.drain));
    REQUIRE(!(is_drain || is_linger) || needs.wait);
    REQUIRE(!is_drain || needs.hand == (policy.settings.drainer.at != NULL));
    REQUIRE(decision->verdict.idle_ms == 0 || needs.idle);
    REQUIRE(!is_linger || needs.within);
    REQUIRE(kind != LG_VERDICT_ORDERLY || decision->verdict.duration_ms == 0 || needs.within);
    REQUIRE(kind != LG_VERDICT_ORDERLY || facts->cause != LG_CAUSE_UNREAD || needs.sole_holder);
    if (decision->rule == NULL)
        return;
    REQUIRE(!(decision->rule->matches & LG_MATCH_LOCAL) || needs.local);
    REQUIRE(!(decision->rule->matches & LG_MATCH_PEER) || needs.peer);
    REQUIRE(!(decision->rule->matches & LG_MATCH_ROLE) || needs.role);
    REQUIRE(!(decision->rule->matches & LG_MATCH_UNSENT) || needs.unsent);
    REQUIRE(!(decision->rule->matches & LG_MATCH_USER) || needs.user);
}

static bool is_any(const struct lg_address *address)
{
    struct lg_address_match any = {.family = 4, .prefix_bits = 32};

    if (naive_address(&any, address))
        return true;
    any = (struct lg_address_match){.family = 6, .prefix_bits = 128};
    return naive_address(&any, address);
}

static bool is_ipv4(const struct lg_address *address)
{
    return naive_address(&(struct lg_address_match){.family = 4}, address);
}

/* What a fact that is not known yet may become: that of a rule with one value a match. */
static void become(struct lg_facts *facts, const struct lg_rule *rule)
{
    struct lg_address *both[] = {&facts->local, &facts->peer};
    struct lg_list lists[] = {rule->local, rule->peer};

    if (facts->role == LG_ROLE_UNKNOWN)
        facts->role = rule->role;
    if (facts->unsent == LG_UNSENT_UNKNOWN)
        facts->unsent = rule->unsent;
    for (unsigned i = 0; i < 2; i++) {
        const struct lg_address_match *match = &policy.addresses[lists[i].first];

        if (lists[i].count == 0)
            continue;
        if (both[i]->family == 0 || (match->family == 6 && is_any(both[i]) && !is_ipv4(both[i])) ||
            (match->family == 4 && is_any(both[i]))) {
            both[i]->family = match->family != 0 ? match->family : 4;
            memcpy(both[i]->bytes, match->bytes, sizeof(both[i]->bytes));
        }
        if (both[i]->port == 0)
            both[i]->port = match->has_port ? match->port_min : 1;
    }
}

/* A rule is open exactly when some choice of what is not known makes it match, and it does not match now. */
static bool may_match(const struct lg_rule *rule, const struct lg_facts *facts)
{
    for (unsigned choice = 0; choice < (unsigned)(rule->local.count + 1) * (rule->peer.count + 1u); choice++) {
        struct lg_facts later = *facts;
        struct lg_rule with_one = *rule;

        if (rule->local.count > 0)
            with_one.local = (struct lg_list){(uint16_t)(rule->local.first + choice % rule->local.count), 1};
        if (rule->peer.count > 0)
            with_one.peer = (struct lg_list){
                (uint16_t)(rule->peer.first + choice / (rule->local.count + 1u) % rule->peer.count), 1};
        become(&later, &with_one);
        if (naive_rule(rule, &later))
            return true;
    }
    return false;
}

static void check_request(const struct lg_facts *facts)
{
    struct lg_decision decision = lg_decide_request(&policy, facts);
    bool undecided = false, quiet = false;
    const struct lg_rule *rule = NULL;

    for (uint32_t i = 0; i < policy.rule_count && rule == NULL; i++) {
        const struct lg_rule *asked = &policy.rules[i];
        enum lg_fit fit = lg_rule_fit(&policy, asked, facts);

        if (fit == LG_FIT_YES)
            rule = asked;
        if (fit == LG_FIT_YES)
            REQUIRE(naive_rule(asked, facts));
        REQUIRE((fit == LG_FIT_NO) == !may_match(asked, facts));
        undecided |= fit == LG_FIT_OPEN;
        quiet |= fit == LG_FIT_OPEN && (asked->quiet || asked->verdict.kind == LG_VERDICT_ALLOW);
    }
    REQUIRE(decision.rule == rule && decision.undecided == undecided);
    if (!undecided)
        REQUIRE(decision.quiet == (rule != NULL && rule->quiet));
    else
        REQUIRE(decision.quiet ==
                (quiet || (rule != NULL && rule->quiet) || decision.verdict.kind == LG_VERDICT_ALLOW));
}

/* A rule that is said never to decide must not be the one that has. */
static void check_not_warned(void *context, const struct lg_policy_error *warning)
{
    const struct lg_rule *rule = context;

    REQUIRE(strncmp(warning->problem, "rule that never decides", 23) != 0 || rule == NULL ||
            rule->line != warning->line || rule->column != warning->column);
}

static void check_decision(const struct lg_facts *facts)
{
    struct lg_decision decision = lg_decide(&policy, facts);
    const struct lg_rule *rule = NULL;

    for (uint32_t i = 0; i < policy.rule_count; i++) {
        bool matches = naive_rule(&policy.rules[i], facts);

        REQUIRE(matches == (lg_rule_mismatch(&policy, &policy.rules[i], facts) == LG_MISMATCH_NONE));
        if (matches && rule == NULL)
            rule = &policy.rules[i];
    }
    REQUIRE(decision.rule == rule);
    if (rule != NULL)
        REQUIRE(memcmp(&decision.verdict, &rule->verdict, sizeof(rule->verdict)) == 0 && decision.quiet == rule->quiet);
    else if (facts->cause == LG_CAUSE_LINGER_ZERO)
        REQUIRE(decision.verdict.kind == LG_VERDICT_ORDERLY && decision.verdict.duration_ms == 60000);
    else
        REQUIRE(decision.verdict.kind == LG_VERDICT_ALLOW);
    lg_policy_warn(&policy, check_not_warned, (void *)(uintptr_t)rule);
    check_needs(facts, &decision, facts->user);
    check_needs(facts, &decision, LG_USER_UNKNOWN);
}

static struct lg_text take_word(struct lg_text *line)
{
    size_t end = 0, skip;

    while (end < line->length_bytes && line->at[end] != ' ')
        end++;
    skip = end < line->length_bytes ? end + 1 : end;
    *line = (struct lg_text){line->at + skip, line->length_bytes - skip};
    return (struct lg_text){line->at - skip, end};
}

static void read_address(struct lg_text word, struct lg_address *address)
{
    bool is_mapped = word.length_bytes > 0 && word.at[0] == 'm';
    uint8_t ipv4[4];

    if (!lg_parse_address((struct lg_text){word.at + is_mapped, word.length_bytes - is_mapped}, address))
        memset(address, 0, sizeof(*address));
    if (!is_mapped || address->family != 4)
        return;
    memcpy(ipv4, address->bytes, sizeof(ipv4));
    memset(address->bytes, 0, sizeof(address->bytes));
    memset(address->bytes + 10, 0xff, 2);
    memcpy(address->bytes + 12, ipv4, sizeof(ipv4));
    address->family = 6;
}

static void read_facts(struct lg_text line, struct lg_facts *facts)
{
    memset(facts, 0, sizeof(*facts));
    if (!lg_parse_cause(take_word(&line), &facts->cause))
        facts->cause = LG_CAUSE_LINGER_ZERO;
    facts->exe = take_word(&line);
    if (text_equal(facts->exe, text_of("-")))
        facts->exe = (struct lg_text){NULL, 0};
    read_address(take_word(&line), &facts->local);
    read_address(take_word(&line), &facts->peer);
    if (!lg_parse_role(take_word(&line), &facts->role))
        facts->role = LG_ROLE_UNKNOWN;
    if (!lg_parse_unsent(take_word(&line), &facts->unsent))
        facts->unsent = LG_UNSENT_UNKNOWN;
    if (!lg_parse_user(take_word(&line), &facts->user))
        facts->user = LG_USER_UNKNOWN;
    facts->cgroup = take_word(&line);
    if (facts->cgroup.length_bytes == 0 || text_equal(facts->cgroup, text_of("-")))
        facts->cgroup = (struct lg_text){NULL, 0};
}

static bool has_long_glob(void)
{
    for (uint32_t i = 0; i < policy.glob_count; i++)
        if (policy.globs[i].length_bytes > TEXT_BYTES_MAX)
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lg_source source = {LG_SOURCE_FILE, {"text", 4}};
    struct lg_text text = {(const char *)data, size}, line = text;
    struct lg_facts facts;
    size_t end = 0;

    while (end < size && text.at[end] != '\n')
        end++;
    line.length_bytes = end;
    lg_policy_init(&policy);
    if (end == size || lg_policy_parse(&policy, &source, (struct lg_text){text.at + end, size - end}, NULL, NULL) > 0)
        return 0;
    read_facts(line, &facts);
    if (facts.exe.length_bytes > TEXT_BYTES_MAX || facts.cgroup.length_bytes > TEXT_BYTES_MAX || has_long_glob())
        return 0;
    check_decision(&facts);
    check_request(&facts);
    return 0;
}
