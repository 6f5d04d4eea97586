/* SPDX-License-Identifier: MIT */
/*
 * Records as lines: what is known is in them and nothing else, and whatever the strings and numbers, each is one valid
 * line within the length that is promised.
 *
 * links: library
 */
#include "shim/record/format.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/records.h"
#include "tests/unit/linked.h"

#define ROUNDS 20000

static struct lg_policy policy;
static struct lg_rule *rule;
static char source_name[5000];
static char buffer[LG_RECORD_BYTES_MAX + 1];

static struct lg_text text_of(const char *words)
{
    return (struct lg_text){words, strlen(words)};
}

static struct lg_stamp plain_stamp(void)
{
    return (struct lg_stamp){.seconds = 1, .nanoseconds = 2000, .pid = 3, .tid = 4, .exe = text_of("/bin/prog")};
}

static struct lg_event plain_event(void)
{
    return (struct lg_event){.call = LG_CALL_CLOSE,
                             .cause = LG_CAUSE_LINGER_ZERO,
                             .policy = &policy,
                             .decision = {.verdict = {.kind = LG_VERDICT_ORDERLY}},
                             .outcome = LG_OUTCOME_ORDERLY,
                             .socket = {.fd = 7}};
}

/* The line without its end, which it must have once. */
static const char *written(enum lg_format format, const struct lg_stamp *stamp, const struct lg_event *event,
                           const struct lg_frames *frames)
{
    struct lg_line line;

    lg_line_init(&line, buffer, LG_RECORD_BYTES_MAX);
    lg_format_event(&line, format, stamp, event, frames);
    buffer[line.used_bytes] = '\0';
    if (line.full || line.used_bytes == 0 || strchr(buffer, '\n') != buffer + line.used_bytes - 1)
        tap_fail(__FILE__, __LINE__, "not one whole line: %s", buffer);
    buffer[line.used_bytes > 0 ? line.used_bytes - 1 : 0] = '\0';
    return buffer;
}

static const char *json(const struct lg_stamp *stamp, const struct lg_event *event)
{
    static const struct lg_frames none;
    const char *line = written(LG_FORMAT_JSON, stamp, event, &none);

    CHECK(record_is_valid(line));
    return line;
}

static void test_least(void)
{
    struct lg_stamp stamp = plain_stamp();
    struct lg_event event = plain_event();

    CHECK(record_has_keys(json(&stamp, &event), "time pid tid exe call fd cause verdict rule policy outcome"));
    CHECK_TEXT(record_get(buffer, "time"), "1970-01-01T00:00:01.000002Z");
    CHECK_TEXT(record_get(buffer, "rule"), "default");
    CHECK_INT(record_number(buffer, "fd"), 7);
    event.outcome = LG_OUTCOME_UNDECIDED; /* has neither */
    CHECK(record_has_keys(json(&stamp, &event), "time pid tid exe call fd cause policy outcome"));
}

static void test_most(void)
{
    struct lg_stamp stamp = plain_stamp();
    struct lg_event event = plain_event();

    stamp.tag = text_of("pod-1");
    stamp.suppressed = 9;
    event.role = LG_ROLE_ACCEPTED;
    event.error = EPERM;
    event.waited = event.drained = true;
    event.elapsed_ms = 4294967295u;
    event.drained_bytes = 1ull << 40;
    event.socket.known = ~0u;
    event.socket.state = LG_TCP_CLOSE_WAIT;
    event.socket.cookie = 77;
    event.socket.unsent_bytes = 0;
    event.socket.unread_bytes = 3;
    event.socket.local = (struct lg_address){.family = 4, .port = 80, .bytes = {10, 0, 0, 1}};
    event.socket.peer = (struct lg_address){.family = 6, .port = 65535, .bytes = {[15] = 1}};
    CHECK(record_has_keys(json(&stamp, &event),
                          "time pid tid exe tag call fd socket role cause verdict rule policy outcome state local peer "
                          "unsent_bytes unread_bytes drained_bytes elapsed_ms errno suppressed"));
    CHECK_TEXT(record_get(buffer, "local"), "10.0.0.1:80");
    CHECK_TEXT(record_get(buffer, "peer"), "[::1]:65535");
    CHECK_TEXT(record_get(buffer, "state"), "CLOSE-WAIT");
    CHECK_TEXT(record_get(buffer, "errno"), "EPERM");
    CHECK_INT(record_number(buffer, "unsent_bytes"), 0);
    CHECK_INT(record_number(buffer, "elapsed_ms"), 4294967295ll);
    event.error = 4000; /* without a name */
    CHECK_INT(record_number(json(&stamp, &event), "errno"), 4000);
}

/* Somebody else's words cannot become keys, lines or control characters. */
static void test_hostile(void)
{
    struct lg_stamp stamp = plain_stamp();
    struct lg_event event = plain_event();
    static const struct lg_frames none;

    stamp.exe = text_of("/x\",\"fd\":1,\"y\":\"\n{\"\x1b[31m\x7f\xc2\x9b\xe2\x80\xae\xff");
    CHECK_INT(record_number(json(&stamp, &event), "fd"), 7);
    CHECK_LACKS(buffer, "\x1b");
    CHECK_LACKS(buffer, "\x7f");
    CHECK_LACKS(buffer, "\xc2\x9b");
    CHECK_LACKS(buffer, "\xe2\x80\xae");
    written(LG_FORMAT_TEXT, &stamp, &event, &none);
    CHECK_LACKS(buffer, "\x1b");
    CHECK_LACKS(buffer, "\xc2\x9b");
    CHECK_LACKS(buffer, "\xe2\x80\xae");
}

static struct lg_text random_text(char *at, size_t size)
{
    size_t length = (size_t)rand() % size;

    for (size_t i = 0; i < length; i++)
        at[i] = (char)(rand() % 4 == 0 ? rand() : rand() % 2 ? '"' : "a\\/\x01\xc3\xa4\xf0\x9f"[rand() % 8]);
    return (struct lg_text){at, length};
}

static void random_event(struct lg_event *event)
{
    struct lg_socket *socket = &event->socket;

    *event = plain_event();
    event->call = (enum lg_call)(rand() % LG_CALL_COUNT);
    event->cause = (enum lg_cause)(rand() % LG_CAUSE_COUNT);
    event->outcome = (enum lg_outcome)(rand() % LG_OUTCOME_COUNT);
    event->role = (enum lg_role)(rand() % 3);
    event->decision.verdict.duration_ms = (uint32_t)rand();
    event->decision.rule = rand() % 2 ? rule : NULL;
    event->error = rand() % 2 ? rand() % 200 : 0;
    event->waited = rand() % 2;
    event->drained = rand() % 2;
    event->drained_bytes = (uint64_t)rand() << 33;
    socket->fd = rand();
    socket->known = (unsigned)rand();
    socket->state = (enum lg_tcp_state)(rand() % LG_TCP_STATE_COUNT);
    socket->cookie = (uint64_t)rand() << 31;
    socket->unsent_bytes = socket->unread_bytes = rand();
    for (size_t i = 0; i < sizeof socket->peer.bytes; i++)
        socket->peer.bytes[i] = socket->local.bytes[i] = (uint8_t)rand();
    socket->local.family = socket->peer.family = (uint8_t)(rand() % 3 == 0 ? 0 : rand() % 2 ? 4 : 6);
    socket->local.port = socket->peer.port = (uint16_t)rand();
}

/* Strings longer than the whole line, of what has to be escaped, and every combination of what is known. */
static void test_any(void)
{
    static char exe[5000], tag[200];
    struct lg_frames frames = {0};

    srand(4711);
    for (unsigned i = 0; i < LG_CALLERS_MAX; i++)
        frames.address[i] = (uintptr_t)test_any + i;
    for (int i = 0; i < ROUNDS && tap_failures() == 0; i++) {
        struct lg_stamp stamp = plain_stamp();
        struct lg_event event;

        random_event(&event);
        stamp.exe = random_text(exe, rand() % 2 ? sizeof exe : 20);
        stamp.tag = rand() % 2 ? random_text(tag, sizeof tag) : (struct lg_text){NULL, 0};
        stamp.suppressed = (uint64_t)rand() << 32;
        policy.sources[0].name = random_text(source_name, rand() % 2 ? sizeof source_name : 20);
        rule->line = (uint32_t)rand();
        frames.count = (unsigned)rand() % (LG_CALLERS_MAX + 1);
        written(LG_FORMAT_TEXT, &stamp, &event, &frames);
        if (!record_is_valid(written(LG_FORMAT_JSON, &stamp, &event, &frames)))
            tap_fail(__FILE__, __LINE__, "round %d: %s", i, buffer);
    }
}

/* A line for each length of buffer that a caller might have: never behind its end. */
static void test_room(void)
{
    static const struct lg_frames none;
    struct lg_stamp stamp = plain_stamp();
    struct lg_event event = plain_event();

    for (size_t size = 0; size < 600; size++) {
        struct lg_line line;

        memset(buffer, '#', sizeof buffer);
        lg_line_init(&line, buffer, size);
        lg_format_event(&line, size % 2 ? LG_FORMAT_JSON : LG_FORMAT_TEXT, &stamp, &event, &none);
        CHECK(line.used_bytes <= size && buffer[size] == '#');
    }
}

static void test_problem(void)
{
    static char much[5000];
    struct lg_stamp stamp = plain_stamp();
    struct lg_text parts[3] = {text_of("cannot open \""), random_text(much, sizeof much), text_of("\n")};

    for (int format = 0; format < 2; format++) {
        struct lg_line line;

        lg_line_init(&line, buffer, LG_RECORD_BYTES_MAX);
        lg_format_problem(&line, format ? LG_FORMAT_JSON : LG_FORMAT_TEXT, &stamp, parts, 3);
        REQUIRE(!line.full && line.used_bytes > 0 && buffer[line.used_bytes - 1] == '\n');
        buffer[line.used_bytes - 1] = '\0';
        CHECK(strchr(buffer, '\n') == NULL);
        if (format)
            CHECK(record_is_valid(buffer) && record_has_keys(buffer, "time pid tid exe error"));
        else
            CHECK_CONTAINS(buffer, "prog[3]");
    }
}

static const struct tap_test tests[] = {
    {"what is not known is left out", test_least, 0},
    {"what is known is told", test_most, 0},
    {"hostile words stay words", test_hostile, 0},
    {"any strings and numbers make one valid line", test_any, 60000},
    {"never behind the end of the buffer", test_room, 0},
    {"a problem is one line too", test_problem, 0},
};

int main(int argc, char **argv)
{
    static const struct lg_source source = {LG_SOURCE_FILE, {"policy", 6}};

    lg_policy_init(&policy);
    lg_policy_parse(&policy, &source, text_of("orderly\n"), no_error, NULL);
    rule = &policy.rules[0];
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
