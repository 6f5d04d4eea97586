/* SPDX-License-Identifier: MIT */
/* prctl, and seccomp by number: the program closes a sandbox around itself, and around us. */
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>

#include "shim/base/gate.h"
#include "shim/call/calls.h"
#include "shim/call/export.h"
#include "shim/call/next.h"
#include "shim/record/record.h"
#include "shim/record/sink.h"

bool lg_prctl_sandboxes(long option)
{
    return option == PR_SET_SECCOMP;
}

bool lg_seccomp_sandboxes(long operation)
{
    return operation == SECCOMP_SET_MODE_STRICT || operation == SECCOMP_SET_MODE_FILTER;
}

/* While it still may be said, and only where somebody reads what this process has to say. */
static void say_last_word(void)
{
    static const char words[] = "a seccomp filter of the program's own: from here on nothing is recorded";
    const struct lg_text line = {words, sizeof words - 1};

    if (lg_sink_has_written())
        lg_record_problem(&line, 1);
}

bool lg_sandbox_begin(void)
{
    if (lg_gate_is_sandboxed())
        return false;
    say_last_word();
    lg_gate_sandbox(true);
    return true;
}

void lg_sandbox_end(bool first, long result)
{
    if (first && result < 0)
        lg_gate_sandbox(false);
}

static LG_SLOW_PATH int prctl_slowly(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    bool first = lg_sandbox_begin();
    int result = lg_next.prctl(option, a, b, c, d);

    lg_sandbox_end(first, result);
    return result;
}

/* Variadic in the headers; every caller passes it so, whatever the option takes. */
int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);

LG_EXPORT int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    if (__builtin_expect(lg_prctl_sandboxes(option), 0))
        return prctl_slowly(option, a, b, c, d);
    return lg_next.prctl(option, a, b, c, d);
}
