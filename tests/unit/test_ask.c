/* SPDX-License-Identifier: MIT */
/*
 * Questions to processes that may never answer.
 *
 * links: shim/command/processes/ask.c shim/command/common/output.c
 */
#include "shim/command/processes/ask.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/tap.h"

#define QUESTIONS 1000u
#define BIG_BYTES 70000u /* more than a pipe holds */

struct answer {
    size_t index;
    pid_t pid;
    int counted; /* questions that this child had before */
    char rest[BIG_BYTES];
};

struct questions {
    size_t silent; /* the one that never comes back */
    size_t dies;
    int counted;
    size_t answered;
    size_t unanswered;
    size_t last_unanswered;
    pid_t pid;
    unsigned children;
    size_t stop_at;
};

static void ask(void *context, size_t index, void *answer)
{
    struct questions *questions = context;
    struct answer *mine = answer;

    while (index == questions->silent)
        pause();
    if (index == questions->dies)
        abort();
    mine->index = index;
    mine->pid = getpid();
    mine->counted = questions->counted++;
    CHECK_INT(mine->rest[BIG_BYTES - 1], 0); /* zeroed each time */
    memset(mine->rest, 'x', sizeof mine->rest);
}

static bool take(void *context, size_t index, const void *answer)
{
    struct questions *questions = context;
    const struct answer *its = answer;

    CHECK_INT((long long)(questions->answered + questions->unanswered), (long long)index);
    if (!its) {
        questions->unanswered++;
        questions->last_unanswered = index;
        return true;
    }
    CHECK_INT((long long)its->index, (long long)index);
    CHECK_INT(its->rest[BIG_BYTES - 1], 'x');
    questions->children += its->pid != questions->pid;
    questions->pid = its->pid;
    questions->answered++;
    return index != questions->stop_at;
}

static struct questions fresh(void)
{
    return (struct questions){.silent = QUESTIONS, .dies = QUESTIONS, .stop_at = QUESTIONS};
}

static void test_all(void)
{
    struct questions questions = fresh();

    CHECK(lg_ask_each(QUESTIONS, sizeof(struct answer), ask, take, &questions));
    CHECK_INT((long long)questions.answered, QUESTIONS);
    CHECK_INT(questions.children, 1);
    CHECK(questions.pid != getpid());
    CHECK_INT(questions.counted, 0);
}

static void test_silent(void)
{
    struct questions questions = fresh();

    questions.silent = 7;
    CHECK(lg_ask_each(QUESTIONS, sizeof(struct answer), ask, take, &questions));
    CHECK_INT((long long)questions.answered, QUESTIONS - 1);
    CHECK_INT((long long)questions.unanswered, 1);
    CHECK_INT((long long)questions.last_unanswered, 7);
    CHECK_INT(questions.children, 2);
}

static void test_dies(void)
{
    struct questions questions = fresh();

    questions.dies = 0;
    CHECK(lg_ask_each(3, sizeof(struct answer), ask, take, &questions));
    CHECK_INT((long long)questions.answered, 2);
    CHECK_INT((long long)questions.last_unanswered, 0);
}

static void test_stop(void)
{
    struct questions questions = fresh();

    questions.stop_at = 2;
    CHECK(!lg_ask_each(QUESTIONS, sizeof(struct answer), ask, take, &questions));
    CHECK_INT((long long)questions.answered, 3);
}

static void test_none(void)
{
    struct questions questions = fresh();

    CHECK(lg_ask_each(0, sizeof(struct answer), ask, take, &questions));
    CHECK_INT((long long)questions.answered, 0);
}

static const struct tap_test tests[] = {
    {"every question is asked, in one child and in order", test_all, 60000},
    {"one that is never answered is left out, and the rest asked", test_silent, 120000},
    {"and one whose child dies", test_dies, 60000},
    {"who takes the answers can end it", test_stop, 60000},
    {"there may be none", test_none, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
