/* SPDX-License-Identifier: MIT */
/* A process whose first thread has ended before the others: in /proc it looks like a zombie. */
#include <pthread.h>
#include <unistd.h>

static void *stay(void *nothing)
{
    for (;;)
        pause();
    return nothing;
}

int main(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, stay, NULL) != 0)
        return 1;
    pthread_exit(NULL);
}
