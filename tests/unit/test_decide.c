/* SPDX-License-Identifier: MIT */
/*
 * Decisions. Most of them are rows of decide.table; here is what reads it, and what a row cannot say.
 */
#include "policy/decide.h"
#include "policy/pack.h"
#include "policy/parse.h"
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
    } else if (strcmp(key, "cgroup") == 0) {
        facts->cgroup = value;
    } else if (strcmp(key, "user") == 0) {
        REQUIRE(lg_parse_user(value, &facts->user));
    } else if (strcmp(key, "unsent") == 0) {
        REQUIRE(lg_parse_unsent(value, &facts->unsent));
    } else if (strcmp(key, "role") == 0) {
        REQUIRE(lg_parse_role(value, &facts->role));
    } else {
        REQUIRE(is_local || strncmp(key, "peer", 4) == 0);
        REQUIRE(lg_parse_address(value, address));
        if (key[strlen(key) - 1] == '6')
            make_mapped(address);
    }
}

static struct lg_facts read_facts(char *text, bool *is_request)
{
    struct lg_facts facts = {.cause = LG_CAUSE_COUNT, .user = LG_USER_UNKNOWN};

    *is_request = false;
    for (char *save, *word = strtok_r(text, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        char *equals = strchr(word, '=');

        if (strcmp(word, "request") == 0) {
            *is_request = true;
            continue;
        }
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
    if (decision->undecided)
        buffer_put(&out, " undecided", 10);
    return out.at;
}

static void check_decoy(const struct lg_facts *facts, const struct lg_decision *decision, const char *where)
{
    uint32_t end = decision->rule != NULL ? (uint32_t)(decision->rule - policy.rules) : policy.rule_count;

    for (uint32_t i = 0; i < end; i++)
        if (lg_rule_mismatch(&policy, &policy.rules[i], facts) != LG_MISMATCH_NONE &&
            (policy.rules[i].verdict.kind != decision->verdict.kind || policy.rules[i].quiet != decision->quiet))
            return;
    tap_fail(__FILE__, __LINE__, "%s: the policy has no decoy", where);
}

/* What a process keeps of a policy whose texts are gone decides the same. */
static void check_packed(const struct lg_facts *facts, bool is_request, const char *verdict, const char *rule,
                         const char *where)
{
    struct lg_process_facts process = {.exe = facts->exe, .cgroup = facts->cgroup, .user = facts->user};
    struct lg_policy *packed;
    struct lg_decision decision;
    char line[20];

    lg_policy_keep_possible(&policy, &process);
    packed = lg_policy_pack(&policy, malloc(lg_policy_packed_bytes(&policy)));
    memset(&policy, 0xa5, sizeof(policy));
    decision = is_request ? lg_decide_request(packed, facts) : lg_decide(packed, facts);
    snprintf(line, sizeof(line), "%u", decision.rule != NULL ? decision.rule->line : 0);
    tap_check_text(__FILE__, __LINE__, where, shown(&decision), verdict);
    tap_check_text(__FILE__, __LINE__, where, decision.rule != NULL ? line : "default", rule);
    free(packed);
}

static void check_row(char *row, unsigned line)
{
    char *columns[4], *save, where[40], rule[20];
    struct lg_decision decision;
    struct lg_facts facts;
    bool is_request;

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
    facts = read_facts(columns[1], &is_request);
    decision = is_request ? lg_decide_request(&policy, &facts) : lg_decide(&policy, &facts);
    snprintf(rule, sizeof(rule), "%u", decision.rule != NULL ? decision.rule->line : 0);
    tap_check_text(__FILE__, __LINE__, where, shown(&decision), columns[2]);
    tap_check_text(__FILE__, __LINE__, where, decision.rule != NULL ? rule : "default", columns[3]);
    check_decoy(&facts, &decision, where);
    check_packed(&facts, is_request, columns[2], columns[3], where);
}

/* All of it, in memory that ends where it ends, without what it was made from. */
static void test_pack(void)
{
    char text[] =
        "skip exe s; log file /l; tag t; drainer /d; reject exe x,z cgroup c local :1,:2 user 3; allow peer :4";
    struct lg_policy *packed;
    struct fence fence;
    size_t bytes;
    uint32_t digest;

    REQUIRE(parse(text) == 0);
    digest = lg_policy_digest(&policy);
    bytes = lg_policy_packed_bytes(&policy);
    fence = fence_make(bytes);
    packed = lg_policy_pack(&policy, fence.start + fence.size_bytes - (bytes + 15) / 16 * 16);
    memset(text, 'x', sizeof(text) - 1);
    memset(&policy, 0xa5, sizeof(policy));
    buffer_clear(&out);
    lg_policy_print(packed, buffer_put, &out);
    CHECK_TEXT(out.at, "skip exe s\nlog file /l\ndrainer /d\ntag t\n"
                       "reject EPERM exe x,z user 3 cgroup c local :1,:2\nallow peer :4\n");
    CHECK_INT(lg_policy_digest(packed), digest);
    CHECK(packed->sources[0].name.length_bytes == 5 && memcmp(packed->sources[0].name.at, "rules", 5) == 0);
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
#define LATE        (1u << LG_CAUSE_LATE)
#define DISCONNECT  (1u << LG_CAUSE_DISCONNECT)
#define BACKLOG     (1u << LG_CAUSE_BACKLOG)

/* What the rules that a process can reach ask for; `asked` names the members of struct lg_needs that are set. */
static const struct {
    const char *policy;
    const char *exe; /* NULL: not known */
    unsigned causes;
    const char *asked;
} needs[] = {
    {"", "/x", LINGER_ZERO, "within"},
    {"allow", "/x", 0, ""},
    {"allow; reject; drain 1s on unread", "/x", UNREAD, "sole_holder wait drain"},
    {"allow local :1", "/x", LINGER_ZERO, "local within"},
    {"allow role accepted", "/x", LINGER_ZERO, "role within"},
    {"allow on unread role accepted", "/x", LINGER_ZERO, "role within"},
    {"allow; observe role accepted", "/x", 0, ""},
    {"allow; observe local :1 peer :1 unsent none", "/x", 0, ""},
    {"observe local :1 peer :1 exe y", "/x", LINGER_ZERO, "within"},
    {"observe local :1 peer :1 role accepted", "/x", LINGER_ZERO, "local peer role within"},
    {"allow unsent none; observe", "/x", LINGER_ZERO, "unsent"},
    {"observe", "/x", LINGER_ZERO, ""},
    {"reject", "/x", LINGER_ZERO, "reject_linger"},
    {"reject local :1; allow", "/x", LINGER_ZERO, "reject_linger local"},
    {"allow; reject on disconnect", "/x", DISCONNECT, ""},
    {"allow; reject on linger-zero,disconnect", "/x", DISCONNECT, ""},
    {"drain 1s", "/x", LINGER_ZERO, "sole_holder wait drain"},
    {"drain 5s idle 1s", "/x", LINGER_ZERO, "sole_holder wait drain idle"},
    {"allow; drain 1s on late", "/x", LATE, "sole_holder wait drain"},
    {"allow; observe on late", "/x", LATE, ""},
    {"drainer /run/d; drain 1s", "/x", LINGER_ZERO, "sole_holder wait drain hand"},
    {"drainer /run/d; orderly", "/x", LINGER_ZERO, ""},
    {"drainer /run/d; allow; drain 1s", "/x", 0, ""},
    {"drainer none; drain 1s", "/x", LINGER_ZERO, "sole_holder wait drain"},
    {"linger 1s", "/x", LINGER_ZERO, "within wait"},
    {"orderly", "/x", LINGER_ZERO, ""},
    {"orderly within 5s", "/x", LINGER_ZERO, "within"},
    {"allow; orderly on unread", "/x", UNREAD, "sole_holder"},
    {"allow; drain 1s on linger-zero,unread", "/x", UNREAD, "sole_holder wait drain"},
    {"allow on linger-zero,unread; drain 1s on linger-zero,unread", "/x", 0, ""},
    {"allow; observe on unread,disconnect,backlog", "/x", UNREAD | DISCONNECT | BACKLOG, ""},
    {"allow exe x; reject", "/bin/x", 0, ""},
    {"allow exe y,x; reject", "/bin/x", 0, ""},
    {"allow exe x; reject", "/bin/y", LINGER_ZERO, "reject_linger"},
    {"allow exe x; reject", NULL, LINGER_ZERO, "reject_linger"},
    {"reject exe y; allow", "/bin/x", 0, ""},
    {"reject exe *; allow", NULL, 0, ""},
    {"drain 1s exe y role connected; observe on unread exe x; observe", "/x", LINGER_ZERO | UNREAD, ""},
    {"allow exe x quiet; drain 1s on unread exe x peer :1", "/x", UNREAD, "sole_holder peer wait drain"},
    /* User 33, in the group /a/b.service, of which the second may change neither and the first does not here. */
    {"allow user 33; reject", "/x", 0, "user"},
    {"reject user 34; allow", "/x", 0, ""},
    {"reject user 34,33 local :1; allow", "/x", LINGER_ZERO, "reject_linger local user"},
    {"allow cgroup b.service; reject", "/x", 0, ""},
    {"reject cgroup /b.service; allow", "/x", 0, ""},
};

static void check_asked(const char *asked, const char *word, bool is_set)
{
    const char *found = strstr(asked, word);

    if (is_set != (found != NULL))
        tap_fail(__FILE__, __LINE__, "%s is %d", word, is_set);
}

static void check_needs(const struct lg_needs *found, const char *asked)
{
    check_asked(asked, "reject_linger", found->reject_linger);
    check_asked(asked, "local", found->local);
    check_asked(asked, "peer", found->peer);
    check_asked(asked, "role", found->role);
    check_asked(asked, "unsent", found->unsent);
    check_asked(asked, "user", found->user);
    check_asked(asked, "sole_holder", found->sole_holder);
    check_asked(asked, "within", found->within);
    check_asked(asked, "wait", found->wait);
    check_asked(asked, "drain", found->drain);
    check_asked(asked, "idle", found->idle);
    check_asked(asked, "hand", found->hand);
}

static void test_needs(void)
{
    for (size_t i = 0; i < TAP_COUNT(needs); i++) {
        struct lg_process_facts process = {.cgroup = text_of("/a/b.service"), .user = 33};
        struct lg_needs found;
        int before = tap_failures();

        if (needs[i].exe != NULL)
            process.exe = text_of(needs[i].exe);
        REQUIRE(parse(needs[i].policy) == 0);
        found = lg_policy_needs(&policy, &process);
        CHECK_INT(found.causes, needs[i].causes);
        check_needs(&found, needs[i].asked);
        if (tap_failures() > before)
            tap_note("of the policy: %s", needs[i].policy);
    }
}

/* Where the user may change, each rule with one may be for the process, and none takes everything. */
static void test_needs_of_any_user(void)
{
    struct lg_process_facts process = {.user = LG_USER_UNKNOWN};
    struct lg_needs found;

    REQUIRE(parse("allow user 0; reject user 33; observe on unread cgroup *; allow; drain 1s") == 0);
    found = lg_policy_needs(&policy, &process);
    CHECK_INT(found.causes, LINGER_ZERO);
    check_needs(&found, "reject_linger user");
}

static void test_keep_possible(void)
{
    struct lg_process_facts process = {.exe = text_of("/bin/x"), .cgroup = text_of("/a"), .user = LG_USER_UNKNOWN};
    struct lg_facts facts = {.cause = LG_CAUSE_LINGER_ZERO, .user = 5, .exe = process.exe};
    uint32_t digest;

    REQUIRE(parse("allow exe y local :3; reject exe x,z local :1,:2; observe user 3; allow cgroup b; drain 1s exe *y; "
                  "linger 1s") == 0);
    digest = lg_policy_digest(&policy);
    lg_policy_keep_possible(&policy, &process);
    buffer_clear(&out);
    lg_policy_print(&policy, buffer_put, &out);
    CHECK_TEXT(out.at, "reject EPERM exe x,z local :1,:2\nobserve user 3\nlinger 1s\n");
    CHECK_INT(policy.rules[0].line, 2);
    CHECK_INT(lg_decide(&policy, &facts).verdict.kind, LG_VERDICT_LINGER);
    REQUIRE(lg_parse_address(text_of("10.0.0.1:2"), &facts.local));
    CHECK_INT(lg_decide(&policy, &facts).verdict.kind, LG_VERDICT_REJECT);
    CHECK_INT(lg_policy_digest(&policy), digest);
    process.user = 4;
    lg_policy_keep_possible(&policy, &process);
    CHECK_INT(policy.rule_count, 2);
}

/* `count` rules of a form, with their number for each @. */
static const char *many_rules(const char *form, unsigned count)
{
    static char text[256 * 100];
    size_t length = 0;

    for (unsigned number = 1; number <= count; number++) {
        for (const char *at = form; *at != '\0'; at++)
            length += (size_t)(*at == '@' ? sprintf(text + length, "%u", number) : sprintf(text + length, "%c", *at));
        text[length++] = ';';
    }
    text[length] = '\0';
    return text;
}

/* Facts that the rule's first value is for. */
static struct lg_facts facts_of(const struct lg_rule *rule)
{
    struct lg_list list = rule->local.count > 0 ? rule->local : rule->peer;
    const struct lg_address_match *match = &policy.addresses[list.first];
    struct lg_facts facts = {.cause = LG_CAUSE_LINGER_ZERO, .user = LG_USER_UNKNOWN, .role = LG_ROLE_ACCEPTED};

    facts.local.family = match->family != 0 ? match->family : 6;
    facts.local.port = match->has_port ? match->port_min : 443;
    memcpy(facts.local.bytes, match->bytes, sizeof(facts.local.bytes));
    facts.peer = facts.local;
    return facts;
}

/* For each way to ask for addresses and the rest: many rules that are not for a connection, and one that is. */
static void test_many_rules(void)
{
    static const char *const forms[] = {"allow local :@",
                                        "allow local 10.@.0.0/16",
                                        "allow peer [2001:db8:@::]/48",
                                        "allow peer 10.0.0.1:@",
                                        "allow peer [::1]:@,[2001:db8::@]",
                                        "allow local 10.0.@.0/24,10.1.0.0/16:5-6",
                                        "allow role accepted local :@",
                                        "allow peer [::@]"};

    for (size_t i = 0; i < TAP_COUNT(forms); i++) {
        REQUIRE(parse(many_rules(forms[i], 250)) == 0);
        for (unsigned rule = 0; rule < policy.rule_count; rule++) {
            struct lg_facts facts = facts_of(&policy.rules[rule]);

            CHECK(lg_decide(&policy, &facts).rule == &policy.rules[rule]);
            CHECK(lg_decide_request(&policy, &facts).rule == &policy.rules[rule]);
        }
    }
}

static void test_skips(void)
{
    REQUIRE(parse("") == 0);
    CHECK(!lg_policy_skips(&policy, text_of("/x")));
    REQUIRE(parse("skip exe java,/usr/*; skip exe z; reject") == 0);
    CHECK(lg_policy_skips(&policy, text_of("/opt/java")));
    CHECK(lg_policy_skips(&policy, text_of("/usr/bin/x")));
    CHECK(lg_policy_skips(&policy, text_of("/z")));
    CHECK(!lg_policy_skips(&policy, text_of("/opt/x")));
    CHECK(!lg_policy_skips(&policy, (struct lg_text){NULL, 0}));
    REQUIRE(parse("skip exe *") == 0);
    CHECK(!lg_policy_skips(&policy, (struct lg_text){NULL, 0}));
}

static void test_fit(void)
{
    struct lg_facts facts = {.cause = LG_CAUSE_LINGER_ZERO, .user = LG_USER_UNKNOWN};

    REQUIRE(parse("allow; allow role accepted; allow role accepted exe x; allow on late role accepted") == 0);
    CHECK_INT(lg_rule_fit(&policy, &policy.rules[0], &facts), LG_FIT_YES);
    CHECK_INT(lg_rule_fit(&policy, &policy.rules[1], &facts), LG_FIT_OPEN);
    CHECK_INT(lg_rule_fit(&policy, &policy.rules[2], &facts), LG_FIT_NO);
    CHECK_INT(lg_rule_fit(&policy, &policy.rules[3], &facts), LG_FIT_NO);
}

static const struct tap_test tests[] = {
    {"each row of decide.table is decided as it says", test_table, 0},
    {"a rule that does not match says which match fails first", test_mismatch, 0},
    {"an unknown executable matches no pattern, not even *", test_unknown_exe, 0},
    {"a port without an address is not known, and unknown is no role", test_half_known, 0},
    {"a process needs what the rules that it can reach ask for", test_needs, 0},
    {"a process that may change its user needs what any user needs", test_needs_of_any_user, 0},
    {"rules that cannot be for a process are taken out", test_keep_possible, 0},
    {"a packed policy points nowhere but into itself", test_pack, 0},
    {"of many rules the one that matches decides", test_many_rules, 0},
    {"a program that a policy skips", test_skips, 0},
    {"a rule fits, may fit yet, or does not", test_fit, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
