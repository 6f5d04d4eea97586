/* SPDX-License-Identifier: MIT */
/*
 * Decisions. Most of them are rows of decide.table; here is what reads it, and what a row cannot say.
 */
#include "policy/decide.h"
#include "tests/harness/tap.h"
#include "tests/unit/policy_text.h"

static struct lg_policy policy;
static struct buffer out;
static const struct lg_source rules = {LG_SOURCE_RULES, {"rules", 5}};

static unsigned parse(const char *text)
{
    lg_policy_init(&policy);
    return lg_policy_parse(&policy, &rules, text_of(text), NULL, NULL);
}

static void make_mapped(struct lg_address *address)
{
    REQUIRE(address->family == 4);
    memmove(address->bytes + 12, address->bytes, 4);
    memset(address->bytes, 0, 10);
    memset(address->bytes + 10, 0xff, 2);
    address->family = 6;
}

/* KEY=VALUE of a row. */
static void read_fact(struct lg_facts *facts, const char *key, struct lg_text value)
{
    bool is_local = strncmp(key, "local", 5) == 0;
    struct lg_address *address = is_local ? &facts->local : &facts->peer;

    if (strcmp(key, "cause") == 0) {
        REQUIRE(lg_parse_cause(value, &facts->cause));
    } else if (strcmp(key, "exe") == 0) {
        facts->exe = value;
    } else if (strcmp(key, "role") == 0) {
        REQUIRE(lg_parse_role(value, &facts->role));
    } else {
        REQUIRE(is_local || strncmp(key, "peer", 4) == 0);
        REQUIRE(lg_parse_address(value, address));
        if (key[strlen(key) - 1] == '6')
            make_mapped(address);
    }
}

static struct lg_facts read_facts(char *text)
{
    struct lg_facts facts = {.cause = LG_CAUSE_COUNT};

    for (char *save, *word = strtok_r(text, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        char *equals = strchr(word, '=');

        REQUIRE(equals != NULL);
        *equals = '\0';
        read_fact(&facts, word, text_of(equals + 1));
    }
    REQUIRE(facts.cause != LG_CAUSE_COUNT);
    return facts;
}

/* The column's text without the blanks around it. */
static char *trim(char *text)
{
    size_t length;

    text += strspn(text, " ");
    length = strlen(text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\n'))
        text[--length] = '\0';
    return text;
}

static const char *shown(const struct lg_decision *decision)
{
    buffer_clear(&out);
    lg_verdict_print(&decision->verdict, buffer_put, &out);
    if (decision->quiet)
        buffer_put(&out, " quiet", 6);
    return out.at;
}

static void check_decoy(const struct lg_facts *facts, const struct lg_decision *decision, const char *where)
{
    uint32_t end = decision->rule != NULL ? (uint32_t)(decision->rule - policy.rules) : policy.rule_count;

    for (uint32_t i = 0; i < end; i++)
        if (lg_rule_mismatch(&policy, &policy.rules[i], facts) != LG_MISMATCH_NONE &&
            policy.rules[i].verdict.kind != decision->verdict.kind)
            return;
    tap_fail(__FILE__, __LINE__, "%s: the policy has no decoy", where);
}

static void check_row(char *row, unsigned line)
{
    char *columns[4], *save, where[40], rule[20];
    struct lg_decision decision;
    struct lg_facts facts;

    for (int i = 0; i < 4; i++) {
        columns[i] = strtok_r(i == 0 ? row : NULL, "|", &save);
        REQUIRE(columns[i] != NULL);
        columns[i] = trim(columns[i]);
    }
    snprintf(where, sizeof(where), "decide.table:%u", line);
    if (parse(columns[0]) != 0) {
        tap_fail(__FILE__, __LINE__, "%s: the policy has errors", where);
        return;
    }
    facts = read_facts(columns[1]);
    decision = lg_decide(&policy, &facts);
    snprintf(rule, sizeof(rule), "%u", decision.rule != NULL ? decision.rule->line : 0);
    tap_check_text(__FILE__, __LINE__, where, shown(&decision), columns[2]);
    tap_check_text(__FILE__, __LINE__, where, decision.rule != NULL ? rule : "default", columns[3]);
    check_decoy(&facts, &decision, where);
}

static void test_table(void)
{
    const char *root = getenv("LG_ROOT");
    char path[4096], line[1024];
    unsigned rows = 0;
    FILE *table;

    snprintf(path, sizeof(path), "%s/tests/unit/decide.table", root != NULL ? root : ".");
    table = fopen(path, "re");
    REQUIRE(table != NULL);
    for (unsigned number = 1; fgets(line, sizeof(line), table) != NULL; number++) {
        if (line[0] == '#' || line[0] == '\n')
            continue;
        check_row(line, number);
        rows++;
    }
    fclose(table);
    CHECK(rows > 50);
}

static void test_mismatch(void)
{
    struct lg_facts facts = {.cause = LG_CAUSE_LINGER_ZERO, .exe = {"/x", 2}, .role = LG_ROLE_ACCEPTED};

    REQUIRE(lg_parse_address(text_of("1.1.1.1:1"), &facts.local));
    REQUIRE(lg_parse_address(text_of("2.2.2.2:2"), &facts.peer));
    REQUIRE(parse("allow on unread exe y local :9 peer :9 role connected; allow exe y local :9 peer :9 role connected;"
                  "allow exe x local :9 peer :9 role connected; allow exe x local :1 peer :9 role connected;"
                  "allow exe x local :1 peer :2 role connected; allow exe x local :1 peer :2 role accepted") == 0);
    CHECK_INT(lg_rule_mismatch(&policy, &policy.rules[0], &facts), LG_MISMATCH_CAUSE);
    CHECK_INT(lg_rule_mismatch(&policy, &policy.rules[1], &facts), LG_MISMATCH_EXE);
    CHECK_INT(lg_rule_mismatch(&policy, &policy.rules[2], &facts), LG_MISMATCH_LOCAL);
    CHECK_INT(lg_rule_mismatch(&policy, &policy.rules[3], &facts), LG_MISMATCH_PEER);
    CHECK_INT(lg_rule_mismatch(&policy, &policy.rules[4], &facts), LG_MISMATCH_ROLE);
    CHECK_INT(lg_rule_mismatch(&policy, &policy.rules[5], &facts), LG_MISMATCH_NONE);
    facts.cause = LG_CAUSE_COUNT;
    CHECK_INT(lg_rule_mismatch(&policy, &policy.rules[5], &facts), LG_MISMATCH_CAUSE);
    CHECK_INT(lg_decide(&policy, &facts).verdict.kind, LG_VERDICT_ALLOW);
}

/* An executable whose path is known to be empty is not one that is unknown. */
static void test_unknown_exe(void)
{
    struct lg_facts facts = {.cause = LG_CAUSE_LINGER_ZERO, .exe = {NULL, 0}};

    REQUIRE(parse("reject exe *") == 0);
    CHECK_INT(lg_decide(&policy, &facts).verdict.kind, LG_VERDICT_ORDERLY);
    facts.exe = (struct lg_text){"", 0};
    CHECK_INT(lg_decide(&policy, &facts).verdict.kind, LG_VERDICT_REJECT);
}

/* Facts and rules as nobody should fill them in, but somebody may. */
static void test_half_known(void)
{
    struct lg_facts facts = {.cause = LG_CAUSE_LINGER_ZERO, .local = {.family = 0, .port = 443}};

    REQUIRE(parse("reject local :1-65535; drain 1s role accepted") == 0);
    CHECK_INT(lg_decide(&policy, &facts).verdict.kind, LG_VERDICT_ORDERLY);
    policy.rules[1].role = LG_ROLE_UNKNOWN;
    CHECK_INT(lg_decide(&policy, &facts).verdict.kind, LG_VERDICT_ORDERLY);
}

#define LINGER_ZERO (1u << LG_CAUSE_LINGER_ZERO)
#define UNREAD      (1u << LG_CAUSE_UNREAD)
#define DISCONNECT  (1u << LG_CAUSE_DISCONNECT)
#define BACKLOG     (1u << LG_CAUSE_BACKLOG)

static const struct {
    const char *policy;
    const char *exe; /* NULL: not known */
    unsigned causes;
    bool reject_linger, sole_holder;
    const char *asked; /* of local, peer and role */
} needs[] = {
    {"", "/x", LINGER_ZERO, false, false, ""},
    {"allow", "/x", 0, false, false, ""},
    {"allow; reject; drain 1s on unread", "/x", UNREAD, false, true, ""},
    {"allow local :1", "/x", LINGER_ZERO, false, false, "local"},
    {"allow role accepted", "/x", LINGER_ZERO, false, false, "role"},
    {"allow on unread role accepted", "/x", LINGER_ZERO, false, false, "role"},
    {"allow; observe role accepted", "/x", 0, false, false, ""},
    {"allow; observe local :1 peer :1", "/x", 0, false, false, ""},
    {"observe local :1 peer :1 exe y", "/x", LINGER_ZERO, false, false, ""},
    {"observe local :1 peer :1 role accepted", "/x", LINGER_ZERO, false, false, "local peer role"},
    {"observe", "/x", LINGER_ZERO, false, false, ""},
    {"reject", "/x", LINGER_ZERO, true, false, ""},
    {"reject local :1; allow", "/x", LINGER_ZERO, true, false, "local"},
    {"allow; reject on disconnect", "/x", DISCONNECT, false, false, ""},
    {"allow; reject on linger-zero,disconnect", "/x", DISCONNECT, false, false, ""},
    {"drain 1s", "/x", LINGER_ZERO, false, true, ""},
    {"linger 1s", "/x", LINGER_ZERO, false, false, ""},
    {"orderly", "/x", LINGER_ZERO, false, false, ""},
    {"allow; orderly on unread", "/x", UNREAD, false, true, ""},
    {"allow; drain 1s on linger-zero,unread", "/x", UNREAD, false, true, ""},
    {"allow on linger-zero,unread; drain 1s on linger-zero,unread", "/x", 0, false, false, ""},
    {"allow; observe on unread,disconnect,backlog", "/x", UNREAD | DISCONNECT | BACKLOG, false, false, ""},
    {"allow exe x; reject", "/bin/x", 0, false, false, ""},
    {"allow exe x; reject", "/bin/y", LINGER_ZERO, true, false, ""},
    {"allow exe x; reject", NULL, LINGER_ZERO, true, false, ""},
    {"reject exe y; allow", "/bin/x", 0, false, false, ""},
    {"reject exe *; allow", NULL, 0, false, false, ""},
    {"drain 1s exe y role connected; observe on unread exe x", "/x", LINGER_ZERO | UNREAD, false, false, ""},
    {"allow exe x quiet; drain 1s on unread exe x peer :1", "/x", UNREAD, false, true, "peer"},
};

static void test_needs(void)
{
    for (size_t i = 0; i < TAP_COUNT(needs); i++) {
        struct lg_text exe = needs[i].exe != NULL ? text_of(needs[i].exe) : (struct lg_text){NULL, 0};
        struct lg_needs found;
        int before = tap_failures();

        REQUIRE(parse(needs[i].policy) == 0);
        found = lg_policy_needs(&policy, &(struct lg_process_facts){.exe = exe, .user = LG_USER_UNKNOWN});
        CHECK_INT(found.causes, needs[i].causes);
        CHECK_INT(found.reject_linger, needs[i].reject_linger);
        CHECK_INT(found.local, strstr(needs[i].asked, "local") != NULL);
        CHECK_INT(found.peer, strstr(needs[i].asked, "peer") != NULL);
        CHECK_INT(found.role, strstr(needs[i].asked, "role") != NULL);
        CHECK_INT(found.sole_holder, needs[i].sole_holder);
        if (tap_failures() > before)
            tap_note("of the policy: %s", needs[i].policy);
    }
}

static const struct tap_test tests[] = {
    {"each row of decide.table is decided as it says", test_table, 0},
    {"a rule that does not match says which match fails first", test_mismatch, 0},
    {"an unknown executable matches no pattern, not even *", test_unknown_exe, 0},
    {"a port without an address is not known, and unknown is no role", test_half_known, 0},
    {"a process needs what the rules that it can reach ask for", test_needs, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
