/* SPDX-License-Identifier: MIT */
/* What must hold, whatever the input: else the fuzzer has found something. */
#ifndef FUZZ_REQUIRE_H
#define FUZZ_REQUIRE_H

#include <stdio.h>
#include <stdlib.h>

static inline void require(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}
#define REQUIRE(condition) require((condition), #condition)

#endif
