/* SPDX-License-Identifier: MIT */
/*
 * A function is called on the stack that it is given, and its caller goes on as before.
 * links: shim/base/other_stack.c
 */
#include "shim/base/other_stack.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unwind.h>

#include "tests/harness/tap.h"

static char stack[65536] __attribute__((aligned(16)));

struct seen {
    uintptr_t local;
    char text[64];
    unsigned frames;
};

static _Unwind_Reason_Code count_frame(struct _Unwind_Context *context, void *count)
{
    (void)context;
    ++*(unsigned *)count;
    return _URC_NO_REASON;
}

__attribute__((noinline)) static void look(void *context)
{
    struct seen *seen = context;
    double number __attribute__((aligned(16))) = 1.5;

    seen->local = (uintptr_t)&number;
    snprintf(seen->text, sizeof seen->text, "%.2f %s", number, "on another stack");
    _Unwind_Backtrace(count_frame, &seen->frames);
}

static void test_call(void)
{
    for (long i = 0; i < 100; i++) {
        struct seen seen = {0};

        memset(stack, 0xa5, sizeof stack);
        lg_other_stack_call(stack + sizeof stack, look, &seen);
        CHECK(seen.local > (uintptr_t)stack && seen.local < (uintptr_t)(stack + sizeof stack));
        CHECK(seen.local % 16 == 0);
        CHECK_TEXT(seen.text, "1.50 on another stack");
        if (tap_failures() != 0)
            return;
    }
}

/* Through it, too, one finds out who called: the present frame is not the last one. */
static void test_unwound(void)
{
    struct seen here = {0}, there = {0};

    look(&here);
    lg_other_stack_call(stack + sizeof stack, look, &there);
    CHECK_INT(there.frames, here.frames + 1);
}

static const struct tap_test tests[] = {
    {"a function runs on the stack that it is given", test_call, 0},
    {"the way back is in the tables for unwinding", test_unwound, 0},
};

int main(int argc, char **argv)
{
    return tap_main(argc, argv, tests, TAP_COUNT(tests));
}
