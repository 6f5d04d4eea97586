/* SPDX-License-Identifier: MIT */
/*
 * What the tests of shared connections have in common: the conversation. The peer has sent the first
 * part of it, unread, when the first holder ends; the other holder then reads it and answers.
 */
#ifndef SHARING_H
#define SHARING_H

#include <fcntl.h>
#include <limits.h>
#include <signal.h>

#include "tests/wire/wire.h"

#define ASKED_BYTES    5000
#define ANSWERED_BYTES 200000
#define LISTENER       3

struct sharing {
    bool linger_zero;    /* the first holder asks for an abort; else it just closes with unread input */
    int go[2];           /* a pipe: the other holder waits for the first one's end */
    pid_t (*fork)(void); /* of the way */
};

struct way_to_share {
    const char *name;
    void (*share)(const struct sharing *sharing, int fd);
    pid_t (*fork)(void);
    bool accepts; /* the connection is accepted in `share`, not before */
    bool within;  /* all descriptors are this process's own, so that the last one is a sole holder */
};

struct program_words {
    char text[4][PATH_MAX];
    char *at[7];
};

static inline int accept_it(void)
{
    int fd = net_accept(LISTENER);

    CHECK(net_wait_unread(fd, ASKED_BYTES, 10000));
    return fd;
}

static inline void ask_for_abort(const struct sharing *sharing, int fd)
{
    if (sharing->linger_zero)
        CHECK_INT(subject_linger_zero(fd), 0);
}

static inline void go(const struct sharing *sharing)
{
    CHECK_INT(write(sharing->go[1], "\n", 1), 1);
}

static inline void wait_for_go(int fd)
{
    char byte;

    CHECK_INT(read(fd, &byte, 1), 1);
}

/* Reads the question, answers, and closes; says that all of it went well. */
static inline void talk(int fd)
{
    uint8_t asked[ASKED_BYTES], wanted[ASKED_BYTES];

    net_pattern(wanted, 0, sizeof wanted);
    CHECK_INT(recv(fd, asked, sizeof asked, MSG_WAITALL), ASKED_BYTES);
    CHECK(memcmp(asked, wanted, sizeof asked) == 0);
    CHECK_INT(recv(fd, asked, 1, MSG_DONTWAIT), -1); /* the stream is not at its end */
    CHECK_INT(errno, EAGAIN);
    CHECK(net_send_pattern(fd, 0, ANSWERED_BYTES));
    CHECK_INT(close(fd), 0);
    if (tap_failures() == 0)
        subject_say("talked=1");
}

static inline void __attribute__((noreturn)) other_holder(const struct sharing *sharing, int fd)
{
    wait_for_go(sharing->go[0]);
    talk(fd);
    _exit(tap_failures() == 0 ? 0 : 1);
}

/* fork without the handlers; a libc before 2.34 has no such thing. */
static inline pid_t fork_quietly(void)
{
    return _Fork != NULL ? _Fork() : fork();
}

/* ---- Other programs ---- */

static inline struct program_words *program_words(const struct sharing *sharing, int fd, const char *snippet)
{
    static struct program_words words;
    ssize_t length = readlink("/proc/self/exe", words.text[0], PATH_MAX - 1);

    REQUIRE(length > 0);
    words.text[0][length] = '\0';
    snprintf(words.text[1], PATH_MAX, "%s", snippet);
    snprintf(words.text[2], PATH_MAX, "%d", fd);
    snprintf(words.text[3], PATH_MAX, "%d", strcmp(snippet, "closer") == 0 ? sharing->linger_zero : sharing->go[0]);
    words.at[0] = words.text[0];
    words.at[1] = (char *)(uintptr_t) "--snippet";
    for (int i = 1; i < 4; i++)
        words.at[i + 1] = words.text[i];
    words.at[5] = NULL;
    return &words;
}

static inline const char *shell_words(const struct sharing *sharing, int fd, const char *end)
{
    static char text[4 * PATH_MAX + 128];
    struct program_words *words = program_words(sharing, fd, "talker");

    snprintf(text, sizeof text, "%s%s --snippet talker %d %d %s", end[0] == '\0' ? "exec " : "", words->text[0], fd,
             sharing->go[0], end);
    return text;
}

/* talker FD GO, closer FD LINGER_ZERO */
static inline void snippet_talker(int argc, char **argv)
{
    REQUIRE(argc == 2);
    wait_for_go(atoi(argv[1]));
    talk(atoi(argv[0]));
}

static inline void snippet_closer(int argc, char **argv)
{
    struct sharing sharing = {.linger_zero = argc == 2 && atoi(argv[1]) != 0};

    ask_for_abort(&sharing, atoi(argv[0]));
    CHECK_INT(close(atoi(argv[0])), 0);
}

/* ---- The scene ---- */

/* share WAY linger0|plain */
static inline void share(const struct way_to_share *ways, size_t count, int argc, char **argv)
{
    struct sharing sharing = {0};
    const struct way_to_share *way = NULL;
    long number;

    REQUIRE(argc == 2 && pipe2(sharing.go, O_CLOEXEC) == 0);
    number = atol(argv[0]);
    REQUIRE(number >= 0 && (size_t)number < count);
    way = &ways[number];
    sharing.linger_zero = strcmp(argv[1], "linger0") == 0;
    sharing.fork = way->fork;
    way->share(&sharing, way->accepts ? -1 : accept_it());
    subject_hear(); /* until the test is over */
}

/* The scene of way number `way`; the peer asks, reads the answer and closes. */
static inline struct scene_end play_sharing(size_t way, const char *ask, const char *rules)
{
    static const struct peer_step talks[] = {{.action = PEER_SEND, .bytes = ASKED_BYTES}, {.action = PEER_READ_ALL}};
    struct scene scene = {.family = AF_INET, .snippet = "share", .peer = talks, .peer_steps = 2, .rules = rules};
    char words[64];
    struct scene_run run;

    snprintf(words, sizeof words, "%zu %s", way, ask);
    scene.words = words;
    run = scene_start(&scene);
    if (rules != NULL)
        scene_wait(&run, "talked=1"); /* it says so when the peer has its FIN already */
    return scene_finish(&run);
}

/* `drains`: at the end one descriptor is left, and its close is a sole holder's. */
static inline void check_conversation(const struct scene_end *end, bool drains)
{
    CHECK(end->peer.eof && end->peer.intact);
    CHECK_INT((long long)end->peer.received_bytes, ANSWERED_BYTES);
    CHECK_INT(records_count(&end->records, "outcome=drained"), drains ? 1 : 0);
    check_orderly_wire(end);
}

#endif
