/* SPDX-License-Identifier: MIT */
/*
 * Who holds a socket, against what is true. The kernel is one of our own, which knows a socket's cookie by the number
 * of its descriptor: so there are numbers of every kind. `is_sole` may be wrong in one direction only: it may not know.
 * links: shim/holder/holder.c shim/holder/epolls.c shim/base/copied.c shim/base/proc_numbers.c shim/base/names.c
 * links: shim/base/gate.c shim/base/visible.c shim/base/sys.c
 */
#include "shim/holder/holder.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/socket/facts.h"
#include "tests/harness/tap.h"

#define PLACES    65536 /* of the table: numbers that differ by so many share a place */
#define LOW       100   /* the first number that tests use */
#define BEYOND    (1 << 20)
#define NONE      (-1)
#define MORE_THAN 12 /* descriptors of one socket, more than are looked at */

/* ---- The kernel ---- */

static uint64_t open_as[BEYOND + 1024]; /* the cookie of the socket under each number, 0: closed */
static uint64_t last_cookie;

uint64_t lg_facts_cookie(int fd)
{
    return fd >= 0 && (size_t)fd < TAP_COUNT(open_as) ? __atomic_load_n(&open_as[fd], __ATOMIC_SEQ_CST) : 0;
}

static void open_unseen(int fd, uint64_t cookie)
{
    __atomic_store_n(&open_as[fd], cookie, __ATOMIC_SEQ_CST);
}

static void close_unseen(int fd)
{
    open_unseen(fd, 0);
}

static void make_unseen(int fd)
{
    open_unseen(fd, __atomic_add_fetch(&last_cookie, 1, __ATOMIC_SEQ_CST));
}

/* ---- What a program does before our eyes ---- */

static void make(int fd)
{
    unsigned long epoch = lg_epoch_now();

    make_unseen(fd);
    lg_holder_accepted(NONE, fd, epoch);
}

static void duplicate(int from, int to)
{
    open_unseen(to, lg_facts_cookie(from));
    lg_holder_duplicated(from, to);
}

static void end(int fd)
{
    lg_holder_forget(fd);
    close_unseen(fd);
}

/* ---- By hand ---- */

static void test_alone(void)
{
    unsigned long before = lg_epoch_now();

    CHECK(!lg_holder_is_sole(LOW)); /* nothing is known */
    make(LOW);
    CHECK(lg_holder_is_sole(LOW));
    lg_holder_made(LOW + 1, lg_epoch_now());
    CHECK(lg_holder_is_sole(LOW));
    lg_epoch_advance();
    CHECK(!lg_holder_is_sole(LOW));
    end(LOW);
    make_unseen(LOW);
    lg_holder_accepted(NONE, LOW, before); /* a fork came between the accept and here */
    CHECK(!lg_holder_is_sole(LOW));
    end(LOW);
    CHECK(!lg_holder_is_sole(-1));
    lg_holder_forget(-1);
    lg_holder_made(-1, lg_epoch_now());
    lg_holder_made(BEYOND, lg_epoch_now());
    CHECK(!lg_holder_is_sole(BEYOND));
}

static void test_epoch_end(void)
{
    make(LOW);
    lg_epoch_end();
    CHECK(!lg_holder_is_sole(LOW));
    make(LOW + 1);
    CHECK(!lg_holder_is_sole(LOW + 1));
}

/* Servers fork for days: 2^24 forks were the end of all evidence once. */
static void test_many_forks(void)
{
    lg_epoch = 20u << 20;
    make(LOW);
    CHECK(lg_holder_is_sole(LOW));
    lg_epoch_advance();
    CHECK(!lg_holder_is_sole(LOW));
    if (sizeof lg_epoch > 4) {
        lg_epoch = (unsigned long)((1ull << 33) - 3);
        make(LOW + 1);
        CHECK(lg_holder_is_sole(LOW + 1));
        lg_epoch = (unsigned long)((1ull << 33) - 2); /* from here on nothing is evidence, and nothing wraps */
        make(LOW + 2);
        CHECK(!lg_holder_is_sole(LOW + 2));
        lg_epoch = (unsigned long)(1ull << 34);
        CHECK(!lg_holder_is_sole(LOW + 1));
        make(LOW + 3);
        CHECK(!lg_holder_is_sole(LOW + 3));
    }
}

/* What need not be asked of the socket, since nobody else can have changed it. */
static void test_marks(void)
{
    lg_holder_wants_cookies = true;
    make(LOW);
    CHECK(!lg_holder_has_mark(LOW) && !lg_holder_is_tcp(LOW));
    lg_holder_marked(LOW);
    CHECK(lg_holder_has_mark(LOW));
    lg_holder_unmarked(LOW);
    CHECK(!lg_holder_has_mark(LOW));
    lg_holder_marked(LOW);
    lg_epoch_advance(); /* another process has it too */
    CHECK(!lg_holder_has_mark(LOW));
    make(LOW);
    CHECK(!lg_holder_has_mark(LOW)); /* another socket */
    lg_holder_marked(LOW);
    duplicate(LOW, LOW + 1); /* the option may be set by the other number */
    CHECK(!lg_holder_has_mark(LOW) && !lg_holder_has_mark(LOW + 1));
    end(LOW + 1);
    CHECK(!lg_holder_has_mark(LOW));
    end(LOW);
    lg_holder_marked(LOW);
    CHECK(!lg_holder_has_mark(LOW) && !lg_holder_is_tcp(LOW));
    lg_holder_wants_cookies = false;
    make(LOW);
    lg_holder_marked(LOW);
    CHECK(!lg_holder_has_mark(LOW)); /* no cookie to compare */
    lg_holder_made_tcp(LOW, lg_epoch_now());
    lg_holder_accepted(LOW, LOW + 1, lg_epoch_now());
    CHECK(lg_holder_is_tcp(LOW) && lg_holder_is_tcp(LOW + 1));
    lg_holder_made(LOW + 1, lg_epoch_now());
    CHECK(!lg_holder_is_tcp(LOW + 1));
    lg_holder_forget_range(LOW, LOW + 1);
    close_unseen(LOW);
}

static void test_duplicates(void)
{
    for (int wanted = 0; wanted < 2; wanted++) {
        lg_holder_wants_cookies = wanted;
        make(LOW);
        duplicate(LOW, LOW + 1);
        duplicate(LOW + 1, LOW + 2); /* a duplicate of a duplicate */
        for (int i = 0; i < 3; i++)
            CHECK(!lg_holder_is_sole(LOW + i));
        end(LOW + 1);
        CHECK(!lg_holder_is_sole(LOW) && !lg_holder_is_sole(LOW + 2));
        end(LOW);
        CHECK(lg_holder_is_sole(LOW + 2));
        duplicate(LOW + 2, LOW);
        duplicate(LOW + 2, LOW); /* over a duplicate of itself */
        CHECK(!lg_holder_is_sole(LOW) && !lg_holder_is_sole(LOW + 2));
        duplicate(LOW, LOW);
        close_unseen(LOW);
        CHECK(lg_holder_is_sole(LOW + 2));
        end(LOW + 2);
        lg_holder_forget(LOW);
    }
}

/* What stands under the number now is not what was noted. */
static void test_replaced_unseen(void)
{
    lg_holder_wants_cookies = true;
    make(LOW);
    close_unseen(LOW);
    make_unseen(LOW);
    CHECK(!lg_holder_is_sole(LOW));
    end(LOW);
    make(LOW);
    make_unseen(LOW + 1);
    duplicate(LOW + 1, LOW); /* of nothing known, over what is known */
    CHECK(!lg_holder_is_sole(LOW));
    end(LOW);
    end(LOW + 1);
}

static void test_role(void)
{
    make(LOW);
    CHECK_INT(lg_holder_role(LOW), LG_ROLE_ACCEPTED);
    CHECK(!lg_holder_has_record(LOW));
    lg_holder_recorded(LOW);
    CHECK(lg_holder_has_record(LOW));
    duplicate(LOW, LOW + 1);
    CHECK_INT(lg_holder_role(LOW + 1), LG_ROLE_ACCEPTED);
    CHECK(lg_holder_has_record(LOW + 1));
    make_unseen(LOW + 2);
    lg_holder_accepted(LOW, LOW + 2, lg_epoch_now());
    CHECK(lg_holder_has_record(LOW + 2)); /* from its listener */
    lg_holder_made(LOW + 3, lg_epoch_now());
    CHECK_INT(lg_holder_role(LOW + 3), LG_ROLE_UNKNOWN);
    lg_holder_connected(LOW + 3);
    CHECK_INT(lg_holder_role(LOW + 3), LG_ROLE_CONNECTED);
    CHECK(!lg_holder_has_record(LOW + 3));
    lg_holder_forget_range(LOW + 1, LOW + 2);
    CHECK_INT(lg_holder_role(LOW), LG_ROLE_ACCEPTED);
    CHECK_INT(lg_holder_role(LOW + 1), LG_ROLE_UNKNOWN);
    CHECK_INT(lg_holder_role(LOW + 2), LG_ROLE_UNKNOWN);
    CHECK_INT(lg_holder_role(LOW + 3), LG_ROLE_CONNECTED);
    lg_holder_forget_range(0, ~0u);
    CHECK_INT(lg_holder_role(LOW), LG_ROLE_UNKNOWN);
    lg_holder_connected(LOW);
    CHECK_INT(lg_holder_role(LOW), LG_ROLE_UNKNOWN); /* nobody saw where it came from */
}

/* Two numbers of one place: the one that is noted last is known, the other is not taken for it. */
static void test_shared_place(void)
{
    make(LOW);
    make(LOW + PLACES);
    CHECK(!lg_holder_is_sole(LOW));
    CHECK(lg_holder_is_sole(LOW + PLACES));
    CHECK_INT(lg_holder_role(LOW), LG_ROLE_UNKNOWN);
    lg_holder_forget(LOW); /* not the other's */
    CHECK(lg_holder_is_sole(LOW + PLACES));
    end(LOW + PLACES);
    end(LOW);
}

static void test_duplicate_in_the_same_place(void)
{
    make(LOW);
    duplicate(LOW, LOW + PLACES);
    CHECK(!lg_holder_is_sole(LOW) && !lg_holder_is_sole(LOW + PLACES));
    end(LOW);
    end(LOW + PLACES);
    make(LOW + PLACES);
    duplicate(LOW + PLACES, LOW);
    CHECK(!lg_holder_is_sole(LOW) && !lg_holder_is_sole(LOW + PLACES));
}

static void test_duplicate_beyond(void)
{
    int beyond = BEYOND + 7;

    make(LOW);
    duplicate(LOW, LOW + 1);
    duplicate(LOW, beyond);
    end(LOW);
    CHECK(!lg_holder_is_sole(LOW + 1));
    end(beyond);
    end(LOW + 1);
}

/* So many duplicates that not all are looked at; one goes, and its number becomes that of a further one. */
static void test_many_duplicates(void)
{
    for (int gone = 0; gone < MORE_THAN; gone++) {
        make(LOW);
        for (int i = 1; i < MORE_THAN; i++)
            duplicate(LOW, LOW + i);
        end(LOW + gone);
        for (int from = 0; from < MORE_THAN; from++) {
            if (from == gone)
                continue;
            duplicate(LOW + from, LOW + gone);
            if (lg_holder_is_sole(LOW + gone))
                tap_fail(__FILE__, __LINE__, "of %d, number %d gone, duplicated from %d: alone", MORE_THAN, gone, from);
            end(LOW + gone);
        }
        for (int i = 0; i < MORE_THAN; i++)
            end(LOW + i);
    }
}

/* ---- Against a model ---- */

#define NUMBERS 24
#define ROUNDS  60000
#define HISTORY 24

static struct model {
    int number[NUMBERS];
    uint64_t cookie[NUMBERS]; /* of what is open under that number, 0: nothing */
    bool is_seen[NUMBERS];    /* no more than `is_ours` can be known, and all of that */
    uint64_t ours[ROUNDS];    /* cookies of sockets that were made before our eyes in this epoch */
    unsigned ours_count;
    char history[HISTORY][64];
    unsigned steps;
    unsigned said_alone;
} model;

static void note(const char *what, int a, int b)
{
    snprintf(model.history[model.steps++ % HISTORY], sizeof model.history[0], "%s %d %d", what, a, b);
}

static bool is_ours(uint64_t cookie)
{
    for (unsigned i = 0; i < model.ours_count; i++)
        if (model.ours[i] == cookie)
            return true;
    return false;
}

static int holders_of(uint64_t cookie)
{
    int count = 0;

    for (int i = 0; i < NUMBERS; i++)
        count += model.cookie[i] == cookie;
    return count;
}

static void compare(bool exactly)
{
    for (int i = 0; i < NUMBERS; i++) {
        bool alone = model.cookie[i] != 0 && is_ours(model.cookie[i]) && holders_of(model.cookie[i]) == 1;
        bool said = model.cookie[i] != 0 && lg_holder_is_sole(model.number[i]);

        model.said_alone += said;
        if (said == alone || (!said && !exactly))
            continue;
        tap_fail(__FILE__, __LINE__, "number %d is said to be %s", model.number[i], said ? "alone" : "not alone");
        for (unsigned k = model.steps > HISTORY ? model.steps - HISTORY : 0; k < model.steps; k++)
            tap_note("%s", model.history[k % HISTORY]);
        tap_end_failed();
    }
}

/* What the steps may be. */
enum { SEEN_ONLY, CLOSED_UNSEEN, SHARED_PLACES };

static void step(int kind)
{
    int a = rand() % NUMBERS, b = rand() % NUMBERS;
    int from = model.number[a], to = model.number[b];
    int what = rand() % 20;

    if (what < 5 && model.cookie[a] == 0) {
        note("make", from, 0);
        make(from);
        model.cookie[a] = lg_facts_cookie(from);
        model.ours[model.ours_count++] = model.cookie[a];
    } else if (what < 6 && model.cookie[a] == 0) {
        note("receive", from, 0);
        make_unseen(from);
        lg_holder_forget(from);
        model.cookie[a] = lg_facts_cookie(from);
    } else if (what < 13 && model.cookie[a] != 0 && a != b && (kind != SEEN_ONLY || holders_of(model.cookie[a]) < 8)) {
        note("dup", from, to);
        duplicate(from, to);
        model.cookie[b] = model.cookie[a];
    } else if (what < 18 && model.cookie[a] != 0) {
        note("close", from, 0);
        end(from);
        model.cookie[a] = 0;
    } else if (what < 19 && kind != SEEN_ONLY && model.cookie[a] != 0) {
        note("close unseen", from, 0);
        close_unseen(from);
        model.cookie[a] = 0;
    } else if (what == 19 && rand() % 50 == 0) {
        note("fork", 0, 0);
        lg_epoch_advance();
        model.ours_count = 0;
    }
}

static void against_model(int kind, bool cookies)
{
    srand(4711);
    lg_holder_wants_cookies = cookies;
    memset(&model, 0, sizeof model);
    for (int i = 0; i < NUMBERS; i++)
        model.number[i] = kind == SHARED_PLACES ? LOW + i % (NUMBERS / 3) + i / (NUMBERS / 3) * PLACES : LOW + i;
    for (int i = 0; i < ROUNDS; i++) {
        step(kind);
        compare(kind == SEEN_ONLY);
    }
    CHECK(model.said_alone > ROUNDS / 10); /* or nothing was shown */
}

static void test_model(void)
{
    against_model(SEEN_ONLY, true);
    for (int i = 0; i < NUMBERS; i++)
        end(model.number[i]);
    lg_epoch_advance();
    against_model(SEEN_ONLY, false);
}

static void test_model_unseen(void)
{
    against_model(CLOSED_UNSEEN, true);
}

static void test_model_places(void)
{
    against_model(SHARED_PLACES, true);
}

/* ---- Threads ---- */

#define THREADS 4
#define TURNS   20000

static pthread_barrier_t barrier;

/* Each has a socket of its own and duplicates it over numbers that lie between those of the others. */
static void *own_socket(void *number)
{
    int first = LOW + *(int *)number, second = first + THREADS, third = second + THREADS;

    pthread_barrier_wait(&barrier);
    for (int i = 0; i < TURNS; i++) {
        make(first);
        CHECK(lg_holder_is_sole(first));
        duplicate(first, second);
        duplicate(second, third);
        CHECK(!lg_holder_is_sole(first) && !lg_holder_is_sole(third));
        end(first);
        end(third);
        CHECK(lg_holder_is_sole(second));
        end(second);
    }
    return NULL;
}

static void in_threads(void *(*run)(void *), int count)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];

    REQUIRE(pthread_barrier_init(&barrier, NULL, (unsigned)count) == 0);
    for (int i = 0; i < count; i++) {
        numbers[i] = i;
        REQUIRE(pthread_create(&threads[i], NULL, run, &numbers[i]) == 0);
    }
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static void test_own_sockets(void)
{
    for (int wanted = 0; wanted < 2; wanted++) {
        lg_holder_wants_cookies = wanted;
        in_threads(own_socket, THREADS);
    }
}

/* One socket, and threads that open and close duplicates of it at the same time; one descriptor stays open. */
static void *churn(void *number)
{
    int own = LOW + 1 + *(int *)number;

    pthread_barrier_wait(&barrier);
    for (int i = 0; i < TURNS; i++) {
        duplicate(LOW, own);
        if (lg_holder_is_sole(LOW) || lg_holder_is_sole(own)) {
            tap_fail(__FILE__, __LINE__, "alone, with two descriptors open, in turn %d", i);
            return NULL;
        }
        end(own);
    }
    return NULL;
}

static void test_churn(void)
{
    make(LOW);
    in_threads(churn, THREADS);
}

static const struct tap_test tests[] = {
    {"made before our eyes, in this epoch: alone", test_alone, 0},
    {"nothing is alone once something unknown shares the table", test_epoch_end, 0},
    {"evidence after more forks than 24 bits count", test_many_forks, 0},
    {"a mark, and that it is of TCP, as long as nobody else can have changed it", test_marks, 0},
    {"duplicates, of duplicates, over each other, closed seen and unseen", test_duplicates, 0},
    {"another socket under the same number is not taken for the one that was noted", test_replaced_unseen, 0},
    {"role and record go with the socket, over dup and accept", test_role, 0},
    {"numbers that share a place of the table", test_shared_place, 0},
    {"a duplicate that shares its place", test_duplicate_in_the_same_place, 0},
    {"a duplicate beyond the numbers that are noted", test_duplicate_beyond, 0},
    {"more duplicates than are looked at", test_many_duplicates, 0},
    {"as the model has it, when all is seen", test_model, 60000},
    {"never alone where the model knows better: closes that are not seen", test_model_unseen, 60000},
    {"never alone where the model knows better: numbers that share a place", test_model_places, 60000},
    {"threads with sockets of their own", test_own_sockets, 60000},
    {"threads that duplicate one socket and close the duplicate", test_churn, 60000},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
