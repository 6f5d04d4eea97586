/* SPDX-License-Identifier: MIT */
/*
 * One connection that ends: a program under test that accepts it, a peer outside of any preload, and
 * everything that can be seen of the end. Each run has a network namespace of its own.
 *
 * The program does what its words say, one after the other, on the connection:
 *
 *     accept        takes it from the listener, its descriptor 3
 *     nonblock      O_NONBLOCK           fill        sends the pattern until the kernel takes no more
 *     linger0       SO_LINGER {1, 0}     send:N      sends N bytes of the pattern
 *     shutwr        half-closes          unread:N    waits until N bytes are there, unread
 *     close         closes               read:N      reads N bytes
 *     locked        lets nobody attach a filter, so that the library cannot mute it
 *     state:N       waits for the state  say:WORD    prints it       hear  waits until it is told to go on
 *
 * A program whose test has other words passes them to the function of subject_words.
 */
#ifndef SCENE_H
#define SCENE_H

#include <stdbool.h>

#include "tests/harness/net.h"
#include "tests/harness/proc.h"
#include "tests/harness/records.h"
#include "tests/harness/relay.h"
#include "tests/harness/wire.h"

#define SCENE_RESET_MS 8000u /* deadline for what has to happen soon */

struct scene {
    int family;
    bool over_relay;                   /* the peer is in the relay's far namespace; else loopback */
    struct net_options program_socket; /* of the listener, inherited by the connection */
    struct net_options peer_socket;
    const char *snippet;          /* what runs; NULL: "subject", which follows `words` */
    const char *words;            /* its arguments, with blanks between them */
    const struct peer_step *peer; /* NULL: the test itself is the peer, and connects to run.port */
    size_t peer_steps;
    const char *rules; /* NULL: without the library */
};

struct scene_run {
    struct scene scene;
    struct relay relay;
    struct wire *wire;
    struct proc program;
    struct peer peer;
    uint16_t port; /* the program's */
    long long aborts_on_data, aborts_on_close;
};

/* What was seen of a run. Owns its texts: scene_free. */
struct scene_end {
    struct peer_report peer;
    struct wire_seen ours, theirs; /* what the program's end sent, and the peer's */
    struct proc_result program;
    struct records records;
    /* By how much TcpExtTCPAbortOnData and TcpExtTCPAbortOnClose moved in the program's namespace. */
    long long aborts_on_data, aborts_on_close;
};

struct scene_run scene_start(const struct scene *scene);

/* Waits until the program has said the word; the test fails when it does not. */
void scene_wait(const struct scene_run *run, const char *word);

/* Tells it to go on from a `hear`. */
void scene_go(const struct scene_run *run);

/* Waits for the peer's end (one that ends in PEER_HOLD is killed), then for the program's, and collects. */
struct scene_end scene_finish(struct scene_run *run);

/* scene_start and scene_finish. */
struct scene_end scene_play(const struct scene *scene);

void scene_free(struct scene_end *end);

/* The number behind NAME= in what the program said; -1 without it. */
long long scene_number(const struct scene_end *end, const char *name);

/* ---- In the program ---- */

/* A word with its number (0 without one), on the descriptor. Returns false when it does not know the word. */
typedef bool subject_word_fn(const char *word, long number, int *fd);

/* Follows the words; `more` is asked first and may be NULL. */
void subject_follow(int argc, char **argv, subject_word_fn *more);

/* As a snippet: {"subject", subject_run}. */
void subject_run(int argc, char **argv);

void subject_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void subject_hear(void);
int subject_linger_zero(int fd);

#endif
