/* SPDX-License-Identifier: MIT */
/* A module that calls what it is given. */
void calls_back(void (*call)(void));

static volatile int after;

__attribute__((noinline)) static void calls_it(void (*call)(void))
{
    call();
    after++;
}

void calls_back(void (*call)(void))
{
    calls_it(call);
    after++;
}
