/* SPDX-License-Identifier: MIT */
/*
 * lingerguard.policy(5) against the parser: its examples parse, and it leaves no word out.
 */
#include "policy/parse.h"
#include "policy/words.h"
#include "tests/harness/tap.h"
#include "tests/unit/policy_text.h"

static struct lg_policy policy;
static struct buffer manual, text, out;

static void read_manual(void)
{
    const char *root = getenv("LG_ROOT");
    char path[4096], piece[4096];
    size_t got;
    FILE *file;

    snprintf(path, sizeof(path), "%s/policy/lingerguard.policy.5", root != NULL ? root : ".");
    file = fopen(path, "re");
    REQUIRE(file != NULL);
    buffer_clear(&manual);
    while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
        buffer_put(&manual, piece, got);
    fclose(file);
}

static void print_error(void *context, const struct lg_policy_error *error)
{
    (void)context;
    lg_policy_error_print(error, false, buffer_put, &out);
}

static unsigned parse(const char *name)
{
    struct lg_source source = {LG_SOURCE_FILE, text_of(name)};

    lg_policy_init(&policy);
    buffer_clear(&out);
    return lg_policy_parse(&policy, &source, (struct lg_text){text.at, text.length_bytes}, print_error, NULL);
}

static const char *section(const char *heading)
{
    char line[100];
    const char *found;

    snprintf(line, sizeof(line), "\n.Sh %s\n", heading);
    found = strstr(manual.at, line);
    REQUIRE(found != NULL);
    return found + strlen(line);
}

/* Puts the next literal display of a section into `text`; returns what is behind it, or NULL. */
static const char *take_display(const char *at)
{
    const char *start = strstr(at, "\n.Bd -literal"), *next = strstr(at, "\n.Sh "), *end;

    if (start == NULL || (next != NULL && next < start))
        return NULL;
    start = strchr(start + 1, '\n') + 1;
    end = strstr(start, "\n.Ed");
    REQUIRE(end != NULL);
    buffer_clear(&text);
    buffer_put(&text, start, (size_t)(end - start) + 1);
    return end;
}

static void check_example(void)
{
    CHECK_INT(parse("lingerguard.policy.5"), 0);
    CHECK_TEXT(out.at, "");
    CHECK(policy.rule_count > 0);
}

static void test_examples(void)
{
    unsigned count = 0;

    read_manual();
    REQUIRE(take_display(section("DESCRIPTION")) != NULL);
    check_example();
    for (const char *at = section("EXAMPLES"); (at = take_display(at)) != NULL; count++)
        check_example();
    CHECK(count >= 9);
}

static void test_addresses(void)
{
    unsigned count = 0;

    read_manual();
    for (const char *at = section("MATCHES"); (at = strstr(at, "\n.It Li ")) != NULL; count++) {
        at += strlen("\n.It Li ");
        buffer_clear(&text);
        buffer_put(&text, "allow local ", 12);
        buffer_put(&text, at, strcspn(at, " "));
        check_example();
    }
    CHECK(count >= 9);
}

static void test_message(void)
{
    static const char *const newline = " \\e\n";
    char *at;

    read_manual();
    REQUIRE(take_display(section("ERRORS IN A POLICY")) != NULL);
    at = strstr(text.at, newline);
    REQUIRE(at != NULL);
    memmove(at + 1, at + strlen(newline), strlen(at + strlen(newline)) + 1);
    buffer_clear(&manual);
    buffer_put(&manual, text.at, strlen(text.at));
    buffer_clear(&text);
    buffer_put(&text, "#\n#\nallow role acepted", 22);
    CHECK_INT(parse("/etc/lingerguard/policy"), 1);
    CHECK_TEXT(manual.at, out.at);
}

static int is_boundary(char byte)
{
    return byte != '-' && !(byte >= 'a' && byte <= 'z');
}

static void check_words(const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *at = manual.at;
        size_t length = strlen(words[i]);

        while ((at = strstr(at, words[i])) != NULL && !(is_boundary(at[-1]) && is_boundary(at[length])))
            at++;
        if (at == NULL)
            tap_fail(__FILE__, __LINE__, "the manual has no word %s", words[i]);
    }
}

static void test_words(void)
{
    static const char *const numbers[] = {
        "4096 rules",   "4096 bytes",   "1048576 bytes", "66 texts",  "16384 addresses", "8192 patterns", "4096 users",
        "256 patterns", "1 to 1000000", "0 to 16",       "1 to 4095", "64 bytes",        "107 bytes",     "within 60s"};
    static const char *const others[] = {"within", "idle", "skip", "undecided"};

    read_manual();
    check_words(lg_verdict_words, LG_VERDICT_COUNT);
    check_words(lg_cause_words, LG_CAUSE_COUNT);
    check_words(lg_role_words + LG_ROLE_ACCEPTED, LG_ROLE_COUNT - LG_ROLE_ACCEPTED);
    check_words(lg_log_words, LG_LOG_COUNT);
    check_words(lg_format_words, LG_FORMAT_COUNT);
    check_words(lg_inspect_words, LG_INSPECT_COUNT);
    check_words(lg_setting_words, LG_SETTING_COUNT);
    check_words(lg_clause_words, LG_CLAUSE_COUNT);
    check_words(lg_unsent_words + LG_UNSENT_NONE, LG_UNSENT_COUNT - LG_UNSENT_NONE);
    check_words(others, TAP_COUNT(others));
    for (size_t i = 0; i < TAP_COUNT(numbers); i++)
        CHECK_CONTAINS(manual.at, numbers[i]);
}

/* The table of causes and verdicts, as the parser has it. */
static void test_causes(void)
{
    read_manual();
    for (size_t cause = 0; cause < LG_CAUSE_COUNT; cause++) {
        buffer_clear(&text);
        buffer_put(&text, "\n.It Cm ", 8);
        buffer_put(&text, lg_cause_words[cause], strlen(lg_cause_words[cause]));
        buffer_put(&text, " Ta", 3);
        for (size_t kind = 0; kind < LG_VERDICT_COUNT; kind++) {
            if (!(lg_verdict_causes[kind] & 1u << cause))
                continue;
            buffer_put(&text, kind > 0 ? ", " : " ", kind > 0 ? 2 : 1);
            buffer_put(&text, lg_verdict_words[kind], strlen(lg_verdict_words[kind]));
        }
        buffer_put(&text, "\n", 1);
        CHECK_CONTAINS(manual.at, text.at);
    }
}

static const struct tap_test tests[] = {
    {"each example of the manual is a policy", test_examples, 0},
    {"each form of an address in the manual is one", test_addresses, 0},
    {"the message in the manual is what is printed", test_message, 0},
    {"each word and limit of the language is in the manual", test_words, 0},
    {"the manual's table of causes and verdicts is the parser's", test_causes, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
