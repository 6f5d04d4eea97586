/* SPDX-License-Identifier: MIT */
/*
 * The message to the drainer: what is taken and what is not, whatever its bytes are.
 * links: shim/command/drainer/message.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/command/drainer/message.h"
#include "tests/harness/tap.h"

static struct lg_hand_off valid(void)
{
    return (struct lg_hand_off){.magic = LG_HAND_OFF_MAGIC,
                                .version = LG_HAND_OFF_VERSION,
                                .size_bytes = sizeof(struct lg_hand_off),
                                .limit_ms = 5000,
                                .idle_ms = 1000};
}

/* As it is received: the bytes, and no more than these. */
static const char *read_bytes(const void *bytes, size_t count, struct lg_hand_off *message)
{
    void *copy = malloc(count > 0 ? count : 1);
    const char *problem;

    REQUIRE(copy != NULL);
    memcpy(copy, bytes, count);
    problem = lg_message_read(copy, count, message);
    free(copy);
    return problem;
}

static void test_taken(void)
{
    struct lg_hand_off sent = valid(), message;

    CHECK(read_bytes(&sent, sizeof sent, &message) == NULL);
    CHECK_INT(memcmp(&sent, &message, sizeof sent), 0);
}

static void test_refused(void)
{
    struct lg_hand_off sent = valid(), message;

    for (size_t bytes = 0; bytes < sizeof sent; bytes++)
        CHECK_TEXT(read_bytes(&sent, bytes, &message), "it is too short");
    sent.magic = __builtin_bswap32(LG_HAND_OFF_MAGIC);
    CHECK_TEXT(read_bytes(&sent, sizeof sent, &message), "it is no message of this kind");
    sent = valid();
    sent.version = LG_HAND_OFF_VERSION + 1;
    CHECK_TEXT(read_bytes(&sent, sizeof sent, &message), "its version is not known here");
    sent = valid();
    sent.size_bytes--;
    CHECK_TEXT(read_bytes(&sent, sizeof sent, &message), "its size is not what it says");
}

/* A newer library's: what is known here is read, the rest is not looked at. */
static void test_longer(void)
{
    struct {
        struct lg_hand_off known;
        char more[9];
    } sent = {valid(), "whatever"};
    struct lg_hand_off message;

    sent.known.size_bytes = sizeof(struct lg_hand_off) + 9;
    CHECK(read_bytes(&sent, sizeof(struct lg_hand_off) + 9, &message) == NULL);
    CHECK_INT(message.limit_ms, 5000);
    CHECK_TEXT(read_bytes(&sent, sizeof(struct lg_hand_off), &message), "its size is not what it says");
}

static void test_times(void)
{
    static const struct {
        uint32_t limit_ms, idle_ms, want_limit_ms, want_idle_ms;
    } rows[] = {
        {0, 0, 1, 0},
        {1, 0, 1, 0},
        {3600000, 1, 3600000, 1},
        {3600001, 0, 3600000, 0},
        {UINT32_MAX, UINT32_MAX, 3600000, 3600000},
        {100, 200, 100, 100},
    };

    for (size_t i = 0; i < TAP_COUNT(rows); i++) {
        struct lg_hand_off sent = valid(), message;

        sent.limit_ms = rows[i].limit_ms;
        sent.idle_ms = rows[i].idle_ms;
        CHECK(read_bytes(&sent, sizeof sent, &message) == NULL);
        CHECK_INT(message.limit_ms, rows[i].want_limit_ms);
        CHECK_INT(message.idle_ms, rows[i].want_idle_ms);
    }
}

/* Any bytes at all: what is taken has its times within their limits, and texts that end. */
static void test_any_bytes(void)
{
    unsigned char bytes[300];
    struct lg_hand_off head, message;
    unsigned taken = 0;

    srand(1);
    for (int i = 0; i < 20000; i++) {
        size_t count = sizeof head + (size_t)rand() % 3;

        for (size_t j = 0; j < sizeof bytes; j++)
            bytes[j] = (unsigned char)rand();
        head = valid();
        head.size_bytes = (uint16_t)(rand() % 8 ? count : (size_t)rand());
        memcpy(bytes, &head, rand() % 8 ? 8 : 4);
        if (read_bytes(bytes, count, &message) != NULL)
            continue;
        taken++;
        CHECK(message.limit_ms >= 1 && message.limit_ms <= LG_DURATION_MS_MAX && message.idle_ms <= message.limit_ms);
        CHECK(lg_message_text(message.exe, sizeof message.exe).length_bytes <= sizeof message.exe);
    }
    CHECK(taken > 10000);
}

static void test_texts(void)
{
    static const struct {
        const char *text, *field;
    } rows[] = {
        {"", ""},
        {"close", "close"},
        {"setsockopt", "setsockopt"},
        {"exactly-12-b", "exactly-12-b"},
        {"/path/that/is/too/long", ".../too/long"},
    };
    char field[12], wanted[13];

    for (size_t i = 0; i < TAP_COUNT(rows); i++) {
        struct lg_text text;

        memset(field, 'x', sizeof field);
        lg_hand_off_text(field, sizeof field, rows[i].text, strlen(rows[i].text));
        text = lg_message_text(field, sizeof field);
        snprintf(wanted, sizeof wanted, "%.*s", (int)text.length_bytes, text.at ? text.at : "");
        CHECK_TEXT(wanted, rows[i].field);
    }
}

static const struct tap_test tests[] = {
    {"a message is taken as it was sent", test_taken, 0},
    {"what is none is refused, with the reason", test_refused, 0},
    {"a longer one is read as far as it is known", test_longer, 0},
    {"times are brought within their limits", test_times, 0},
    {"any bytes at all", test_any_bytes, 0},
    {"texts: cut in front, and ended by their field", test_texts, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
