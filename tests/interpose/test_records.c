/* SPDX-License-Identifier: MIT */
/* What a record says, how often, and that it stays one valid line whatever the program is called. */
#include "tests/interpose/interpose.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/wait.h>

#define ALWAYS    "time pid tid exe call fd socket cause verdict? rule? policy outcome state local peer "
#define SOMETIMES "role? unsent_bytes? unread_bytes? drained_bytes? elapsed_ms? caller? errno? suppressed?"

/* ---- What it says ---- */

static void full_facts(int argc, char **argv)
{
    struct net_options small = {.send_bytes = 8192, .receive_bytes = 4096};
    struct net_pair pair = net_pair(AF_INET, &small);
    uint64_t queued = net_fill(pair.server, 0);

    (void)argc, (void)argv;
    net_send_pattern(pair.client, 0, 5);
    net_wait_unread(pair.server, 5, 5000);
    printf("pid=%d client=127.0.0.1:%d server=127.0.0.1:%d fd=%d unsent=%d unread=5\n", getpid(), pair.client_port,
           pair.server_port, pair.server, net_unsent_bytes(pair.server));
    CHECK(queued > 0);
    set_linger(pair.server, 1, 0);
    close(pair.server);
}

static bool is_time(const char *text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd.ddddddZ";

    for (size_t i = 0; i < sizeof form; i++) {
        if (form[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != form[i])
            return false;
    }
    return true;
}

static void check_fact(const char *line, const char *key, const char *printed, const char *name)
{
    const char *at = strstr(printed, name);
    char wanted[128];

    REQUIRE(at != NULL);
    snprintf(wanted, sizeof wanted, "%.*s", (int)strcspn(at + strlen(name), " \n"), at + strlen(name));
    if (record_get(line, key) == NULL || strcmp(record_get(line, key), wanted) != 0)
        tap_fail(__FILE__, __LINE__, "%s is not %s: %s", key, wanted, line);
}

static void test_facts(void)
{
    struct proc_result result = run_rules("full facts", "orderly");
    struct records records = records_parse(result.err, false);
    const char *request = records_find(&records, "call=setsockopt outcome=disarmed");
    const char *end = records_find(&records, "call=close outcome=orderly");

    check_ended(&result, "full facts");
    CHECK_INT((long long)records.count, 2);
    REQUIRE(request != NULL && end != NULL);
    for (size_t i = 0; i < records.count; i++) {
        const char *line = records.line[i];

        CHECK(record_has_keys(line, ALWAYS "role unsent_bytes unread_bytes drained_bytes? caller"));
        CHECK(is_time(record_get(line, "time")));
        check_fact(line, "pid", result.out, "pid=");
        check_fact(line, "tid", result.out, "pid=");
        check_fact(line, "fd", result.out, "fd=");
        check_fact(line, "local", result.out, "server=");
        check_fact(line, "peer", result.out, "client=");
        check_fact(line, "unsent_bytes", result.out, "unsent=");
        check_fact(line, "unread_bytes", result.out, "unread=");
        CHECK_TEXT(record_get(line, "cause"), "linger-zero");
        CHECK_TEXT(record_get(line, "state"), "ESTABLISHED");
        CHECK_TEXT(record_get(line, "rule"), "rules:1");
        CHECK_CONTAINS(record_get(line, "exe"), "/test_records");
        CHECK_CONTAINS(record_get(line, "caller"), "/test_records+0x");
    }
    CHECK_TEXT(record_get(request, "socket"), record_get(end, "socket"));
    CHECK(record_number(end, "socket") > 0);
    records_free(&records);
    proc_result_free(&result);
}

static void two_ends(int argc, char **argv)
{
    struct net_pair pair = net_pair(argc > 0 && argv[0][0] == '6' ? AF_INET6 : AF_INET, NULL);

    set_linger(pair.client, 1, 0);
    close(pair.client);
    close(pair.server);
}

static void test_ipv6(void)
{
    struct under under = {.rules = "orderly"};
    const char *const arguments[] = {"6", NULL};
    struct proc_result result = run_under("two ends", arguments, &under);

    check_ended(&result, "two ends");
    CHECK_CONTAINS(result.err, "\"local\":\"[::1]:");
    CHECK_CONTAINS(result.err, "\"peer\":\"[::1]:");
    proc_result_free(&result);
}

static void one_end(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    bool peer_closes = argc > 0 && strcmp(argv[0], "closes") == 0;

    if (peer_closes) {
        shutdown(pair.server, SHUT_WR);
        net_wait_state(pair.client, TCP_CLOSE_WAIT, 5000);
    }
    set_linger(pair.client, 1, 0);
    if (argc > 0 && strcmp(argv[0], "nonblocking") == 0)
        fcntl(pair.client, F_SETFL, O_NONBLOCK);
    close(pair.client);
}

struct expected {
    const char *rules, *argument, *request, *end;
    const char *keys; /* of the close record, beyond those of every record; a word with `!` must be absent */
};

static void test_outcomes(void)
{
    static const struct expected rows[] = {
        {"observe", "", "outcome=allowed verdict=observe", "outcome=aborted verdict=observe", "unsent_bytes"},
        {"reject", "", "outcome=rejected verdict=reject errno=EPERM", NULL, ""},
        {"reject 95", "", "outcome=rejected errno=EOPNOTSUPP", NULL, ""},
        {"orderly", "", "outcome=disarmed", "outcome=orderly verdict=orderly", ""},
        {"orderly within 2s", "", "outcome=disarmed", "outcome=orderly verdict=orderly", ""},
        {"linger 2s", "", "outcome=disarmed", "outcome=lingered verdict=linger", "elapsed_ms"},
        {"linger 2s", "nonblocking", "outcome=disarmed", "outcome=orderly verdict=linger", ""},
        {"drain 2s", "closes", "outcome=disarmed", "outcome=drained verdict=drain", "drained_bytes elapsed_ms"},
        {"drain 20ms", "", "outcome=disarmed", "outcome=deadline verdict=drain", "drained_bytes elapsed_ms"},
        {"drain 2s", "nonblocking", "outcome=disarmed", "outcome=muted verdict=drain", "drained_bytes elapsed_ms"},
    };

    for (size_t i = 0; i < TAP_COUNT(rows); i++) {
        struct under under = {.rules = rows[i].rules};
        const char *const arguments[] = {rows[i].argument, NULL};
        struct proc_result result = run_under("one end", arguments, &under);
        struct records records = records_parse(result.err, false);
        const char *end = rows[i].end != NULL ? records_find(&records, rows[i].end) : NULL;

        check_ended(&result, rows[i].rules);
        CHECK_INT((long long)records.count, rows[i].end == NULL ? 1 : 2);
        if (records_count(&records, rows[i].request) != 1 || (rows[i].end != NULL && end == NULL))
            tap_fail(__FILE__, __LINE__, "under '%s': %s", rows[i].rules, result.err);
        for (size_t j = 0; j < records.count; j++)
            CHECK(record_has_keys(records.line[j], ALWAYS SOMETIMES));
        for (const char *key = rows[i].keys; end != NULL && *key != '\0';) {
            char word[32];

            snprintf(word, sizeof word, "%.*s", (int)strcspn(key, " "), key);
            CHECK(record_get(end, word) != NULL);
            key += strlen(word) + (key[strlen(word)] == ' ');
        }
        if (end != NULL && strstr(rows[i].keys, "elapsed_ms") == NULL)
            CHECK(record_get(end, "elapsed_ms") == NULL);
        records_free(&records);
        proc_result_free(&result);
    }
}

static void test_quiet(void)
{
    static const char *const rules[] = {"orderly quiet", "reject quiet", "allow", "linger 1s quiet",
                                        "observe peer 127.0.0.0/8 quiet;orderly quiet"};

    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        struct proc_result result = run_rules("one end", rules[i]);

        check_ended(&result, rules[i]);
        CHECK_TEXT(result.err, "");
        proc_result_free(&result);
    }
}

static void plain_program(int argc, char **argv)
{
    struct net_pair pair = net_pair(AF_INET, NULL);
    FILE *file = fopen("/dev/null", "r");

    (void)argc, (void)argv;
    set_linger(pair.client, 1, 3);
    set_linger(pair.client, 0, 0);
    fclose(file);
    if (fork() == 0)
        execl("/proc/self/exe", "child", "-l", (char *)NULL); /* lists the tests */
    wait(NULL);
    close(pair.server);
    close(pair.client);
}

static void test_silent(void)
{
    static const char *const rules[] = {NULL, "orderly",
                                        "inspect every-close; observe on unread,backlog,disconnect,linger-zero"};

    for (size_t i = 0; i < TAP_COUNT(rules); i++) {
        struct proc_result result = run_rules("plain program", rules[i]);

        check_ended(&result, "a program that never aborts");
        CHECK_TEXT(result.err, "");
        proc_result_free(&result);
    }
}

/* The decision at the close has the last word, with facts that the request did not have. */
static void test_close_decides_again(void)
{
    struct proc_result result = run_rules("before connect", "observe peer 127.0.0.0/8; orderly");
    struct records records = records_parse(result.err, false);

    check_ended(&result, "before connect");
    CHECK_TEXT(result.out, "RST\n");
    CHECK_INT(records_count(&records, "call=setsockopt outcome=undecided"), 1);
    CHECK(record_get(records_find(&records, "call=setsockopt"), "rule") == NULL);
    CHECK_INT(records_count(&records, "call=close rule=rules:1 verdict=observe outcome=rearmed"), 1);
    CHECK(record_get(records_find(&records, "call=setsockopt"), "peer") == NULL);
    records_free(&records);
    proc_result_free(&result);
}

static void before_connect(int argc, char **argv)
{
    int listener = net_listen(AF_INET, NULL), fd = socket(AF_INET, SOCK_STREAM, 0), accepted;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    (void)argc, (void)argv;
    to.sin_port = htons(net_local_port(listener));
    set_linger(fd, 1, 0);
    REQUIRE(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    accepted = net_accept(listener);
    close(fd);
    printf("%s\n", end_of(accepted));
}

/* ---- Its form ---- */

static void expect_one_line_text(const char *text)
{
    size_t lines = 0;

    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        lines += *at == '\n';
        if (*at != '\n' && (*at < 0x20 || *at == 0x7f))
            tap_fail(__FILE__, __LINE__, "a control character %d in: %s", *at, text);
    }
    CHECK_INT((long long)lines, 2); /* setsockopt and close */
}

/* Runs a copy of this program under another path, in both formats. */
static void check_program_name(const char *directory, const char *name, const char *in_json)
{
    static const char *const words[] = {"./program", "--snippet", "two ends", NULL};
    char path[PATH_MAX + 8], here[PATH_MAX];
    const char *const json[] = {"LINGERGUARD_FORMAT=json", NULL};
    struct proc_options options = {.with_library = true, .directory = directory};
    const char *const arguments[] = {path, words[1], words[2], NULL};
    ssize_t length = readlink("/proc/self/exe", here, sizeof here - 1);
    struct proc_result result;
    struct records records;

    REQUIRE(length > 0);
    here[length] = '\0';
    snprintf(path, sizeof path, "./%s", name);
    {
        const char *const copy[] = {"cp", here, path, NULL};
        struct proc_options there = {.directory = directory};

        result = proc_run(copy, &there);
        check_ended(&result, "cp");
        proc_result_free(&result);
    }
    options.environment = json;
    result = proc_run(arguments, &options);
    check_ended(&result, "a program with a hostile name, json");
    records = records_parse(result.err, false);
    CHECK_INT((long long)records.count, 2);
    for (size_t i = 0; i < records.count; i++) {
        CHECK(record_has_keys(records.line[i], ALWAYS SOMETIMES));
        CHECK_CONTAINS(record_get(records.line[i], "exe"), in_json);
    }
    records_free(&records);
    proc_result_free(&result);
    options.environment = NULL;
    result = proc_run(arguments, &options);
    check_ended(&result, "a program with a hostile name, text");
    expect_one_line_text(result.err);
    proc_result_free(&result);
}

static void test_hostile_names(void)
{
    const char *directory = own_directory();

    check_program_name(directory, "quote\"and\\backslash", "quote\\\"and\\\\backslash");
    check_program_name(directory, "line\nend\rtab\tbell\a", "line\\nend\\rtab\\tbell\\u0007");
    check_program_name(directory, "caf\xc3\xa9", "caf\xc3\xa9");
    check_program_name(directory, "broken\xff\xc3(\xe2\x82 \xed\xa0\x80", "broken");
    check_program_name(directory, "\"},{\"fd\":1", "\\\"},{\\\"fd\\\":1");
    check_program_name(directory, "%s%n%d", "%s%n%d");
    remove_tree(directory);
}

/* Nearly PATH_MAX, of characters that grow when they are escaped. */
static void test_long_path(void)
{
    char part[201], path[PATH_MAX];
    const char *directory = own_directory();

    memset(part, '\n', sizeof part - 1);
    part[sizeof part - 1] = '\0';
    strcpy(path, directory);
    while (strlen(path) + sizeof part + 64 < sizeof path) {
        strcat(path, "/");
        strcat(path, part);
        REQUIRE(mkdir(path, 0700) == 0);
    }
    check_program_name(path, "program", "\\n\\n");
    remove_tree(directory);
}

/* ---- How many ---- */

static void many_aborts(int argc, char **argv)
{
    int count = argc > 0 ? atoi(argv[0]) : 1;
    long long end_ms = net_now_ms() + 1200;

    for (int i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        set_linger(fd, 1, 0);
        raw_close(fd);
    }
    /* Until another second has begun, whatever the clock says now. */
    while (net_now_ms() < end_ms) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        usleep(20000);
        set_linger(fd, 1, 0);
        raw_close(fd);
        count++;
    }
    printf("%d\n", count);
}

static void test_limit(void)
{
    struct under under = {.rules = "limit 7/s; orderly"};
    const char *const arguments[] = {"500", NULL};
    struct proc_result result = run_under("many aborts", arguments, &under);
    struct records records = records_parse(result.err, false);
    long long suppressed = 0, requests = atoll(result.out);

    check_ended(&result, "many aborts");
    for (size_t i = 0; i < records.count; i++) {
        long long here = record_number(records.line[i], "suppressed");

        suppressed += here > 0 ? here : 0;
        CHECK(here != 0); /* none is not a number to be told */
    }
    CHECK(records.count >= 8 && records.count <= 30); /* two to four seconds begin, and the end tells what is left */
    CHECK(suppressed >= 480);
    CHECK_INT(suppressed + records_count(&records, "call=setsockopt"), requests); /* the end tells what is left */
    records_free(&records);
    proc_result_free(&result);
}

static void test_default_limit(void)
{
    struct under under = {.rules = "orderly"};
    const char *const arguments[] = {"500", NULL};
    struct proc_result result = run_under("many aborts", arguments, &under);
    struct records records = records_parse(result.err, false);

    CHECK(records.count >= 101 && records.count <= 230);
    records_free(&records);
    proc_result_free(&result);
}

/* The parent has drops to tell of when it forks; both go on into another second, where one of them tells. */
static void fork_and_abort(int argc, char **argv)
{
    char none[] = "0";
    pid_t child;

    (void)argc, (void)argv;
    for (int i = 0; i < 30; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        set_linger(fd, 1, 0);
        raw_close(fd);
    }
    printf("30\n");
    fflush(stdout);
    child = fork();
    many_aborts(1, (char *[]){none});
    fflush(stdout);
    if (child == 0)
        _exit(0);
    REQUIRE(waitpid(child, NULL, 0) == child);
}

static void test_fork_does_not_count_twice(void)
{
    struct proc_result result = run_rules("fork and abort", "limit 1/s; orderly");
    struct records records = records_parse(result.err, false);
    long long suppressed = 0, requests = 0;

    check_ended(&result, "fork and abort");
    for (const char *at = result.out; *at != '\0'; at += strcspn(at, "\n") + 1)
        requests += atoll(at);
    for (size_t i = 0; i < records.count; i++) {
        if (record_number(records.line[i], "suppressed") > 0)
            suppressed += record_number(records.line[i], "suppressed");
    }
    CHECK(suppressed >= 29);
    /* The child ends by _exit, and tells nothing. */
    CHECK(suppressed + records_count(&records, "call=setsockopt") <= requests);
    records_free(&records);
    proc_result_free(&result);
}

static const struct proc_snippet snippets[] = {
    {"full facts", full_facts},         {"two ends", two_ends},           {"one end", one_end},
    {"before connect", before_connect}, {"plain program", plain_program}, {"many aborts", many_aborts},
    {"fork and abort", fork_and_abort},
};

static const struct tap_test tests[] = {
    {"a record has the facts of its connection, under the keys promised", test_facts, 0},
    {"IPv6 addresses are in brackets", test_ipv6, 0},
    {"each verdict has its outcome and its keys", test_outcomes, 60000},
    {"quiet and allow write nothing", test_quiet, 0},
    {"a program that never aborts, and its children, are silent", test_silent, 0},
    {"the close decides again, with the peer known", test_close_decides_again, 0},
    {"a program with a quote, a newline or invalid UTF-8 in its name", test_hostile_names, 60000},
    {"a program with a path of 4 KiB that has to be escaped", test_long_path, 0},
    {"limit: so many a second, and the rest is counted", test_limit, 0},
    {"without a setting the limit is 100", test_default_limit, 0},
    {"a forked child does not tell of its parent's drops again", test_fork_does_not_count_twice, 0},
};

int main(int argc, char **argv)
{
    proc_snippet_main(argc, argv, snippets, TAP_COUNT(snippets));
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
