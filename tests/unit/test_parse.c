/* SPDX-License-Identifier: MIT */
/*
 * Texts that are policies: what each gives, field by field or in canonical form, and that every word
 * of the language is understood. Texts that are none: test_parse_errors.c.
 */
#include <errno.h>

#include "policy/parse.h"
#include "policy/words.h"
#include "tests/harness/tap.h"
#include "tests/unit/policy_text.h"

static struct lg_policy policy, again;
static struct buffer out;
static const struct lg_source rules = {LG_SOURCE_RULES, {"rules", 5}};
static const struct lg_source file = {LG_SOURCE_FILE, {"/etc/p", 6}};

static void show_error(void *context, const struct lg_policy_error *error)
{
    (void)context;
    buffer_clear(&out);
    lg_policy_error_print(error, true, buffer_put, &out);
    tap_note("%s", out.at);
}

static unsigned parse(const struct lg_source *source, const char *text)
{
    lg_policy_init(&policy);
    return lg_policy_parse(&policy, source, text_of(text), show_error, NULL);
}

static const char *canonical(const struct lg_policy *printed)
{
    buffer_clear(&out);
    lg_policy_print(printed, buffer_put, &out);
    return out.at;
}

/* Texts and their canonical form; `;` stands for a line end in both. */
static const struct {
    const char *text;
    const char *canonical;
} accepted[] = {
    {"", ""},
    {"allow", "allow"},
    {"observe", "observe"},
    {"reject", "reject EPERM"},
    {"reject 1", "reject EPERM"},
    {"reject 4095", "reject 4095"},
    {"reject ECONNABORTED", "reject ECONNABORTED"},
    {"reject EWOULDBLOCK", "reject EAGAIN"},
    {"reject 524", "reject 524"}, /* ENOTSUPP of the kernel, which <errno.h> does not name */
    {"orderly", "orderly"},
    {"orderly within 1ms", "orderly within 1ms"},
    {"orderly within 1h", "orderly within 60m"},
    {"linger 250ms", "linger 250ms"},
    {"linger 1000ms", "linger 1s"},
    {"linger 90s", "linger 90s"},
    {"linger 120s", "linger 2m"},
    {"drain 3600000ms", "drain 60m"},
    {"allow on linger-zero", "allow"},
    {"allow on backlog,disconnect,unread,linger-zero", "allow on linger-zero,unread,disconnect,backlog"},
    {"observe on unread,backlog", "observe on unread,backlog"},
    {"reject on disconnect", "reject EPERM on disconnect"},
    {"reject EACCES on linger-zero,disconnect", "reject EACCES on linger-zero,disconnect"},
    {"orderly within 5s on unread", "orderly within 5s on unread"},
    {"drain 2s on unread,linger-zero", "drain 2s on linger-zero,unread"},
    {"drain 2s on late", "drain 2s on late"},
    {"drain 30s idle 5s", "drain 30s idle 5s"},
    {"drain 5s idle 5s on unread,late local :1", "drain 5s idle 5s on unread,late local :1"},
    {"drain 1h idle 1ms quiet", "drain 60m idle 1ms quiet"},
    {"skip exe java", "skip exe java"},
    {"skip exe /usr/bin/*,\"a b\";skip exe y;log off;allow",
     "skip exe /usr/bin/*;skip exe \"a b\";skip exe y;log off;allow"},
    {"allow user 0", "allow user 0"},
    {"allow user 4294967294", "allow user 4294967294"},
    {"allow cgroup */nginx.service", "allow cgroup */nginx.service"},
    {"allow cgroup on", "allow cgroup on"},
    {"allow unsent none", "allow unsent none"},
    {"allow unsent some cgroup y user 33 exe x", "allow exe x user 33 cgroup y unsent some"},
    {"drainer none", "drainer none"},
    {"drainer /run/lingerguard/drainer", "drainer /run/lingerguard/drainer"},
    {"tag web-1", "tag web-1"},
    {"allow exe /usr/sbin/haproxy", "allow exe /usr/sbin/haproxy"},
    {"allow exe */java", "allow exe */java"},
    {"allow exe on", "allow exe on"}, /* any word may be a file name */
    {"allow exe a[a-z]?\\[[!]x][]-]", "allow exe a[a-z]?\\[[!]x][]-]"},
    {"allow exe \\#x", "allow exe \\#x"},
    {"allow exe x#y", "allow exe x#y"},
    {"allow exe \xc3\xa9\xff", "allow exe \xc3\xa9\xff"},
    {"allow role accepted", "allow role accepted"},
    {"allow role connected", "allow role connected"},
    {"allow quiet", "allow quiet"},
    {"allow role accepted peer :1 local :2 exe x quiet", "allow exe x local :2 peer :1 role accepted quiet"},
    {"allow local 127.0.0.1", "allow local 127.0.0.1"},
    {"allow local 10.1.2.3/8", "allow local 10.0.0.0/8"},
    {"allow local 10.1.2.3/32", "allow local 10.1.2.3"},
    {"allow local 1.2.3.4/0", "allow local 0.0.0.0/0"},
    {"allow local 10.0.0.5:443", "allow local 10.0.0.5:443"},
    {"allow local 10.0.0.0/8:443", "allow local 10.0.0.0/8:443"},
    {"allow local 10.0.0.5:8000-8999", "allow local 10.0.0.5:8000-8999"},
    {"allow local :443", "allow local :443"},
    {"allow local :8000-8999", "allow local :8000-8999"},
    {"allow local :443-443", "allow local :443"},
    {"allow local :1-65535", "allow local :1-65535"},
    {"allow peer [2001:db8::]/32", "allow peer [2001:db8::]/32"},
    {"allow peer [2001:db8:ffff::1]/33", "allow peer [2001:db8:8000::]/33"},
    {"allow peer [2001:db8::1]:443", "allow peer [2001:db8::1]:443"},
    {"allow peer [2001:DB8::1]/128:1-2", "allow peer [2001:db8::1]:1-2"},
    {"allow peer [::]/0:443", "allow peer [::]/0:443"},
    {"allow peer [::]", "allow peer [::]"},
    {"allow peer [::1]", "allow peer [::1]"},
    {"allow peer [1::]", "allow peer [1::]"},
    {"allow peer [1:2:3:4:5:6:7:8]", "allow peer [1:2:3:4:5:6:7:8]"},
    {"allow peer [::2:3:4:5:6:7:8]", "allow peer [0:2:3:4:5:6:7:8]"},
    {"allow peer [1:2:3:4:5:6:7::]", "allow peer [1:2:3:4:5:6:7:0]"},
    {"allow peer [0001:0:0:2:0:0:0:3]", "allow peer [1:0:0:2::3]"},
    {"allow peer [1:2:3:4:5:6:1.2.3.4]", "allow peer [1:2:3:4:5:6:102:304]"},
    {"allow peer [64:ff9b::192.0.2.33]", "allow peer [64:ff9b::c000:221]"},
    {"allow peer [::ffff:10.0.0.5]", "allow peer 10.0.0.5"},
    {"allow peer [::ffff:a00:5]:443", "allow peer 10.0.0.5:443"},
    {"allow peer [::ffff:10.9.9.9]/104", "allow peer 10.0.0.0/8"},
    {"allow peer [::ffff:0:0]/96", "allow peer 0.0.0.0/0"},
    {"allow peer [::ffff:10.0.0.5]/95", "allow peer [::fffe:0:0]/95"},
    {"allow peer [::10.0.0.5]", "allow peer [::a00:5]"},
    {"log stderr", "log stderr"},
    {"log off", "log off"},
    {"log syslog", "log syslog"},
    {"allow local :443,:8443,10.0.0.0/8:1-2,[::1]", "allow local :443,:8443,10.0.0.0/8:1-2,[::1]"},
    {"allow peer 10.0.0.1,:1", "allow peer 10.0.0.1,:1"},
    {"allow exe java,*/node", "allow exe java,*/node"},
    {"allow user 0,33,1000", "allow user 0,33,1000"},
    {"allow cgroup a.service,/b.slice/*", "allow cgroup a.service,/b.slice/*"},
    {"allow exe \"/opt/my app/*\"", "allow exe \"/opt/my app/*\""},
    {"allow exe \"a,b\",\"c\",d,\"#\" quiet", "allow exe \"a,b\",c,d,\"#\" quiet"},
    {"allow exe \"a#b\" local :1 # \"", "allow exe a#b local :1"},
    {"log file \"/a b\"", "log file \"/a b\""},
    {"log file /a,b", "log file \"/a,b\""},
    {"drainer \"none\"", "drainer none"},
    {"drainer \"/a b\"", "drainer \"/a b\""},
    {"tag \"web 1\"", "tag \"web 1\""},
    {"log file /var/log/a#b", "log file /var/log/a#b"},
    {"format text", "format text"},
    {"format json", "format json"},
    {"limit 1/s", "limit 1/s"},
    {"limit 1000000/s", "limit 1000000/s"},
    {"inspect never", "inspect never"},
    {"inspect first-abort", "inspect first-abort"},
    {"inspect every-close", "inspect every-close"},
    {"callers 0", "callers 0"},
    {"callers 16", "callers 16"},
    {"callers 2;inspect never;limit 5/s;format json;log off;allow;reject quiet",
     "log off;format json;limit 5/s;inspect never;callers 2;allow;reject EPERM quiet"},
};

/* `want`, with a line end for each `;` and behind the last line. */
static const char *as_lines(const char *want)
{
    static char lines[1024];
    size_t length = strlen(want);

    for (size_t i = 0; i < length; i++)
        lines[i] = want[i] == ';' ? '\n' : want[i];
    strcpy(lines + length, length > 0 ? "\n" : "");
    return lines;
}

static void test_accepted(void)
{
    for (size_t i = 0; i < TAP_COUNT(accepted); i++) {
        CHECK_INT(parse(&rules, accepted[i].text), 0);
        CHECK_TEXT(canonical(&policy), as_lines(accepted[i].canonical));
        CHECK_INT(parse(&file, accepted[i].text), 0);
        CHECK_TEXT(canonical(&policy), as_lines(accepted[i].canonical));
    }
}

static void test_round_trip(void)
{
    for (size_t i = 0; i < TAP_COUNT(accepted); i++) {
        static char printed[4096];

        REQUIRE(parse(&rules, accepted[i].text) == 0);
        strcpy(printed, canonical(&policy));
        lg_policy_init(&again);
        CHECK_INT(lg_policy_parse(&again, &file, text_of(printed), show_error, NULL), 0);
        CHECK(policy_equal(&policy, &again));
    }
}

static int has_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        if ((at == text || strchr(" ,;", at[-1])) && strchr(" ,;", at[length]))
            return 1;
    return 0;
}

static void check_words(const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int found = 0;

        for (size_t row = 0; row < TAP_COUNT(accepted); row++)
            found |= has_word(accepted[row].text, words[i]);
        if (!found)
            tap_fail(__FILE__, __LINE__, "no text of this test has the word %s", words[i]);
    }
}

static void test_every_word(void)
{
    static const char *const others[] = {"within", "idle", "skip"};

    check_words(lg_verdict_words, LG_VERDICT_COUNT);
    check_words(lg_cause_words, LG_CAUSE_COUNT);
    check_words(lg_role_words + LG_ROLE_ACCEPTED, LG_ROLE_COUNT - LG_ROLE_ACCEPTED);
    check_words(lg_log_words, LG_LOG_COUNT);
    check_words(lg_format_words, LG_FORMAT_COUNT);
    check_words(lg_inspect_words, LG_INSPECT_COUNT);
    check_words(lg_setting_words, LG_SETTING_COUNT);
    check_words(lg_clause_words, LG_CLAUSE_COUNT);
    check_words(others, TAP_COUNT(others));
}

static void test_fields(void)
{
    const struct lg_rule *rule;

    REQUIRE(parse(&rules, ";;reject ENOBUFS on linger-zero,disconnect exe */x local 10.1.2.3/8 "
                          "peer [2001:db8::1]:1-2 role connected quiet") == 0);
    CHECK_INT(policy.rule_count, 1);
    rule = &policy.rules[0];
    CHECK_INT(rule->verdict.kind, LG_VERDICT_REJECT);
    CHECK_INT(rule->verdict.reject_errno, ENOBUFS);
    CHECK_INT(rule->verdict.duration_ms, 0);
    CHECK_INT(rule->causes, 1u << LG_CAUSE_LINGER_ZERO | 1u << LG_CAUSE_DISCONNECT);
    CHECK_INT(rule->matches, LG_MATCH_EXE | LG_MATCH_LOCAL | LG_MATCH_PEER | LG_MATCH_ROLE);
    CHECK(rule->quiet);
    CHECK_INT(rule->line, 3);
    CHECK_INT(rule->source, 0);
    CHECK_INT(rule->role, LG_ROLE_CONNECTED);
    CHECK(text_equal(policy.globs[rule->exe.first], text_of("*/x")));
    CHECK(address_match_equal(&policy.addresses[rule->local.first],
                              &(struct lg_address_match){.family = 4, .bytes = {10}, .prefix_bits = 8}));
    CHECK(address_match_equal(&policy.addresses[rule->peer.first],
                              &(struct lg_address_match){.family = 6,
                                                         .bytes = {0x20, 1, 0xd, 0xb8, [15] = 1},
                                                         .prefix_bits = 128,
                                                         .has_port = true,
                                                         .port_min = 1,
                                                         .port_max = 2}));
    REQUIRE(parse(&rules, "orderly; drain 1500ms; orderly within 2m") == 0);
    CHECK_INT(policy.rules[0].verdict.duration_ms, 0);
    CHECK_INT(policy.rules[0].causes, 1u << LG_CAUSE_LINGER_ZERO);
    CHECK_INT(policy.rules[0].matches, 0);
    CHECK(!policy.rules[0].quiet);
    CHECK_INT(policy.rules[1].verdict.duration_ms, 1500);
    CHECK_INT(policy.rules[2].verdict.duration_ms, 120000);
}

static void test_defaults(void)
{
    memset(&policy, 0xff, sizeof(policy));
    lg_policy_init(&policy);
    CHECK_INT(policy.rule_count, 0);
    CHECK_INT(policy.source_count, 0);
    CHECK_INT(policy.settings.set, 0);
    CHECK_INT(policy.settings.log, LG_LOG_STDERR);
    CHECK_INT(policy.settings.format, LG_FORMAT_TEXT);
    CHECK_INT(policy.settings.limit_per_s, 100);
    CHECK_INT(policy.settings.inspect, LG_INSPECT_FIRST_ABORT);
    CHECK_INT(policy.settings.callers, 1);
}

static void test_lines_of_a_file(void)
{
    REQUIRE(parse(&file, "\xef\xbb\xbf# allow ; reject\r\n\r\n\tallow\t;  observe ;;# x ; reject\n"
                         "reject # x\r\n\n orderly\r") == 0);
    CHECK_TEXT(canonical(&policy), "allow\nobserve\nreject EPERM\norderly\n");
    CHECK_INT(policy.rules[0].line, 3);
    CHECK_INT(policy.rules[1].line, 3);
    CHECK_INT(policy.rules[2].line, 4);
    CHECK_INT(policy.rules[3].line, 6);
}

static void test_lines_of_rules(void)
{
    REQUIRE(parse(&rules, "\xef\xbb\xbf# no ; allow # x y; ;#;observe\r\n reject;;\n;orderly\r") == 0);
    CHECK_TEXT(canonical(&policy), "allow\nobserve\nreject EPERM\norderly\n");
    CHECK_INT(policy.rules[0].line, 2);
    CHECK_INT(policy.rules[1].line, 5);
    CHECK_INT(policy.rules[2].line, 6);
    CHECK_INT(policy.rules[3].line, 10);
}

/* Of both kinds of text, a `;` in quotes ends nothing, and a quote in a comment starts nothing. */
static void test_quotes(void)
{
    CHECK_INT(parse(&rules, "allow exe \"a;b\",\"c # d\" # it's \";observe"), 0);
    CHECK_INT(policy.rule_count, 2);
    CHECK_INT(policy.rules[1].line, 2);
    CHECK(text_equal(policy.globs[0], text_of("a;b")));
    CHECK_INT(parse(&rules, "allow # \"no; observe # no\""), 0);
    CHECK_INT(policy.rule_count, 2);
    CHECK(text_equal(policy.globs[1], text_of("c # d")));
    CHECK_INT(parse(&file, "allow exe \"a;b\",\"c # d\" # it's \"; \n observe exe \"\\e\"; allow"), 0);
    CHECK_INT(policy.rule_count, 3);
    CHECK(text_equal(policy.globs[0], text_of("a;b")));
    CHECK(text_equal(policy.globs[2], text_of("\\e")));
}

static uint32_t digest(const struct lg_source *source, const char *text)
{
    REQUIRE(parse(source, text) == 0);
    return lg_policy_digest(&policy);
}

/* What is written here is what a big-endian machine must find too. */
static void test_digest(void)
{
    CHECK_INT(digest(&rules, "allow"), digest(&file, "allow"));
    CHECK(digest(&rules, "allow") != digest(&rules, "allow "));
    CHECK(digest(&rules, "allow exe a") != digest(&rules, "allow exe b"));
    lg_policy_init(&policy);
    buffer_clear(&out);
    lg_digest_print(lg_policy_digest(&policy), buffer_put, &out);
    CHECK_TEXT(out.at, "ab3e7c0b");
    buffer_clear(&out);
    lg_digest_print(digest(&file, "orderly within 30s\n"), buffer_put, &out);
    CHECK_TEXT(out.at, "654e4290");
    REQUIRE(parse(&rules, "allow;") == 0);
    REQUIRE(lg_policy_parse(&policy, &file, text_of("observe"), NULL, NULL) == 0);
    CHECK(lg_policy_digest(&policy) != digest(&rules, "allow;observe"));
}

/* A path in a file must not depend on where a program starts. */
static void test_relative_paths(void)
{
    CHECK_INT(parse(&rules, "log file x; drainer y"), 0);
    CHECK_TEXT(canonical(&policy), "log file x\ndrainer y\n");
    lg_policy_init(&policy);
    CHECK_INT(lg_policy_parse(&policy, &file, text_of("log file x\ndrainer y\n"), NULL, NULL), 2);
}

static void test_two_texts(void)
{
    struct lg_decision decision = {.rule = NULL};

    REQUIRE(parse(&rules, "limit 5/s; log off; allow; observe") == 0);
    CHECK_INT(lg_policy_parse(&policy, &file, text_of("format json\nlimit 6/s\nlog file /x\nreject"), show_error, NULL),
              0);
    CHECK_TEXT(canonical(&policy), "log off\nformat json\nlimit 5/s\nallow\nobserve\nreject EPERM\n");
    CHECK_INT((int)policy.settings.log_path.length_bytes, 0);
    CHECK_INT(policy.source_count, 2);
    CHECK_INT(policy.rules[1].source, 0);
    CHECK_INT(policy.rules[2].source, 1);
    decision.rule = &policy.rules[2];
    buffer_clear(&out);
    lg_decision_source_print(&policy, &decision, buffer_put, &out);
    CHECK_TEXT(out.at, "/etc/p:4");
}

/* Whatever follows a text in memory, or stands before it, is not looked at. */
static void test_fences(void)
{
    struct fence fence = fence_make(8192);

    for (size_t i = 0; i < TAP_COUNT(accepted); i++) {
        for (size_t length = 0; length <= strlen(accepted[i].text); length++) {
            struct lg_text text = {accepted[i].text, length};

            for (int kind = 0; kind < 2; kind++) {
                lg_policy_init(&policy);
                lg_policy_parse(&policy, kind ? &rules : &file, fence_end(fence, text), NULL, NULL);
                canonical(&policy);
                lg_policy_init(&policy);
                lg_policy_parse(&policy, kind ? &rules : &file, fence_start(fence, text), NULL, NULL);
            }
        }
    }
    lg_policy_init(&policy);
    CHECK_INT(lg_policy_parse(&policy, &rules, (struct lg_text){NULL, 0}, NULL, NULL), 0);
}

static void test_most_rules(void)
{
    static char text[LG_RULES_MAX * 100];
    size_t length = 0;

    for (unsigned i = 0; i < LG_RULES_MAX; i++)
        length += (size_t)sprintf(text + length, "reject %u exe /bin/%u local 10.0.0.0/8:80 peer [2001:db8::]/32\n",
                                  i % LG_ERRNO_MAX + 1, i);
    CHECK_INT(parse(&file, text), 0);
    CHECK_INT(policy.rule_count, LG_RULES_MAX);
    CHECK(text_equal(policy.globs[policy.rules[LG_RULES_MAX - 1].exe.first], text_of("/bin/4095")));
    CHECK_INT(policy.rules[LG_RULES_MAX - 1].line, LG_RULES_MAX);
}

static void test_longest_line(void)
{
    static char text[LG_LINE_BYTES_MAX + 16] = "allow exe ";

    memset(text + 10, 'x', LG_LINE_BYTES_MAX - 10);
    strcpy(text + LG_LINE_BYTES_MAX, "\r\nallow");
    CHECK_INT(parse(&file, text), 0);
    CHECK_INT(policy.rule_count, 2);
    CHECK_INT((int)policy.globs[policy.rules[0].exe.first].length_bytes, (int)(LG_LINE_BYTES_MAX - 10));
}

static void test_longest_text(void)
{
    static char text[LG_TEXT_BYTES_MAX];

    memset(text, '\n', sizeof(text));
    memcpy(text + sizeof(text) - 5, "allow", 5);
    lg_policy_init(&policy);
    CHECK_INT(lg_policy_parse(&policy, &file, (struct lg_text){text, sizeof(text)}, show_error, NULL), 0);
    CHECK_INT(policy.rule_count, 1);
    CHECK_INT(policy.rules[0].line, LG_TEXT_BYTES_MAX - 4);
}

static const struct tap_test tests[] = {
    {"each form of the language gives its rule or setting", test_accepted, 0},
    {"what is printed parses to the same policy", test_round_trip, 0},
    {"every word of the language is in a text of this test", test_every_word, 0},
    {"a rule holds what was written, and nothing else", test_fields, 0},
    {"a policy without text is the built-in one", test_defaults, 0},
    {"a file: lines are its own, ; separates, # runs to the line's end", test_lines_of_a_file, 0},
    {"rules: each ; ends a line and a comment", test_lines_of_rules, 0},
    {"quotes take what separates words along", test_quotes, 0},
    {"the digest is that of the texts", test_digest, 0},
    {"a relative path is for the environment's text alone", test_relative_paths, 0},
    {"two texts: settings of the first win, rules are appended", test_two_texts, 0},
    {"no byte outside of the text is read, whatever its end", test_fences, 0},
    {"4096 rules are accepted", test_most_rules, 0},
    {"a line of 4096 bytes is accepted, its end not counted", test_longest_line, 0},
    {"a text of a megabyte is accepted", test_longest_text, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
