/* SPDX-License-Identifier: MIT */
/*
 * What the wire tests share: every verdict, on a blocking descriptor and on one with O_NONBLOCK, and
 * next to them the bare kernel, so that no test passes because nothing happened.
 */
#ifndef WIRE_TESTS_H
#define WIRE_TESTS_H

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness/scene.h"
#include "tests/harness/tap.h"

enum kind { BARE, ALLOW, OBSERVE, ORDERLY, WITHIN, LINGER, DRAIN };

/* One way to run a scene. */
struct way {
    enum kind kind;
    bool nonblocking;
    const char *rules; /* NULL: without the library */
};

#define BOTH_MODES(kind, rules)                                                                                        \
    {kind, false, rules},                                                                                              \
    {                                                                                                                  \
        kind, true, rules                                                                                              \
    }

static const struct way every_way[] = {
    BOTH_MODES(BARE, NULL),
    BOTH_MODES(ALLOW, "allow"),
    BOTH_MODES(OBSERVE, "observe"),
    BOTH_MODES(ORDERLY, "orderly"),
    BOTH_MODES(WITHIN, "orderly within 3s"),
    BOTH_MODES(LINGER, "linger 5s"),
    BOTH_MODES(DRAIN, "drain 5s"),
};

static inline bool aborts(const struct way *way)
{
    return way->kind == BARE || way->kind == ALLOW || way->kind == OBSERVE;
}

static inline bool drains(const struct way *way)
{
    return way->kind == DRAIN && !way->nonblocking;
}

/* The outcome of a close that went well, as its record tells it; NULL: no record. */
static inline const char *outcome_of(const struct way *way)
{
    static const char *const blocking[] = {NULL, NULL, "aborted", "orderly", "orderly", "lingered", "drained"};
    static const char *const nonblocking[] = {NULL, NULL, "aborted", "orderly", "orderly", "orderly", "muted"};

    return (way->nonblocking ? nonblocking : blocking)[way->kind];
}

/* The outcome in the only record of a close. */
static inline void check_outcome(const struct scene_end *end, const char *outcome)
{
    char wanted[64];

    if (outcome == NULL) {
        CHECK_INT(records_count(&end->records, "call=close"), 0);
        return;
    }
    snprintf(wanted, sizeof wanted, "call=close outcome=%s", outcome);
    if (records_count(&end->records, "call=close") != 1 || records_count(&end->records, wanted) != 1)
        tap_fail(__FILE__, __LINE__, "not one record of a close, '%s', but:\n%s", wanted, end->program.err);
}

/* As outcome_of; a peer whose FIN is quicker than the discard of a close that does not wait has been drained. */
static inline void check_way(const struct scene_end *end, const struct way *way)
{
    bool quick = way->kind == DRAIN && records_count(&end->records, "call=close outcome=drained") == 1;

    check_outcome(end, quick ? "drained" : outcome_of(way));
}

static inline void check_orderly_wire(const struct scene_end *end)
{
    CHECK(end->ours.fin > 0);
    CHECK_INT(end->ours.rst, 0);
    CHECK_INT(end->aborts_on_data, 0);
    CHECK_INT(end->aborts_on_close, 0);
}

/* Delivers the failures of one way with its name. */
static inline void note_way(const struct way *way, int failures_before)
{
    if (tap_failures() != failures_before)
        tap_note("... that was: %s, %s", way->rules != NULL ? way->rules : "without the library",
                 way->nonblocking ? "O_NONBLOCK" : "blocking");
}

/* The words with `accept`, `nonblock` where it is to be, and then these. */
static inline const char *words_of(const struct way *way, const char *words)
{
    static char text[512];

    snprintf(text, sizeof text, "accept %s %s", way->nonblocking ? "nonblock" : "", words);
    return text;
}

#define IPV4_AND_IPV6(test)                                                                                            \
    static void test##_v4(void)                                                                                        \
    {                                                                                                                  \
        test(AF_INET);                                                                                                 \
    }                                                                                                                  \
    static void test##_v6(void)                                                                                        \
    {                                                                                                                  \
        test(AF_INET6);                                                                                                \
    }                                                                                                                  \
    static void test##_v4(void);                                                                                       \
    static void test##_v6(void)

/* Defines test_v4 and test_v6, which call test_one for every way. */
#define IN_EVERY_WAY(test)                                                                                             \
    static void test(int family)                                                                                       \
    {                                                                                                                  \
        for (size_t i = 0; i < TAP_COUNT(every_way); i++) {                                                            \
            int before = tap_failures();                                                                               \
                                                                                                                       \
            test##_one(family, &every_way[i]);                                                                         \
            note_way(&every_way[i], before);                                                                           \
        }                                                                                                              \
    }                                                                                                                  \
    IPV4_AND_IPV6(test)

#endif
