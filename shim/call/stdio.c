/* SPDX-License-Identifier: MIT */
/* fclose and freopen: libc closes the descriptor inside, where close is not seen. What is buffered goes first. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "shim/release/closing.h"
#include "shim/socket/facts.h"
#include "shim/release/guard.h"
#include "shim/call/next.h"

/* Decides for the descriptor of a stream. Returns the errno of a flush that failed: libc has given the data up by then,
 * and would not tell of it again. */
static int begin(struct lg_ending *ending, FILE *stream, enum lg_call call, uintptr_t caller)
{
    int before = errno;
    struct linger linger;
    int error = 0;
    int fd;

    ending->recorded = false;
    fd = lg_next.fileno ? lg_next.fileno(stream) : -1;
    if (fd >= 0 && lg_facts_linger(fd, &linger) == 0) {
        if (lg_next.fflush && lg_next.fflush(stream) != 0)
            error = errno;
        lg_ending_begin(ending, call, fd, caller);
    }
    errno = before;
    return error;
}

static LG_SLOW_PATH int fclose_seen(FILE *stream, uintptr_t caller)
{
    struct lg_ending ending;
    int error = begin(&ending, stream, LG_CALL_FCLOSE, caller);
    int result = lg_next.fclose(stream);

    lg_ending_finish(&ending);
    if (error == 0 || result != 0)
        return result;
    errno = error;
    return EOF;
}

LG_EXPORT int fclose(FILE *stream)
{
    lg_next_need(fclose);
    if (!lg_guard_inspects())
        return lg_next.fclose(stream);
    return fclose_seen(stream, LG_CALLER());
}

typedef FILE *reopen_fn(const char *, const char *, FILE *);

static FILE *freopen_seen(reopen_fn *next, const char *path, const char *mode, FILE *stream, uintptr_t caller)
{
    struct lg_ending ending = {.recorded = false};
    FILE *result;

    if (path && lg_guard_inspects()) /* without a path the descriptor stays */
        begin(&ending, stream, LG_CALL_FREOPEN, caller);
    result = next(path, mode, stream);
    lg_ending_finish(&ending);
    return result;
}

LG_EXPORT FILE *freopen(const char *path, const char *mode, FILE *stream)
{
    lg_next_need(freopen);
    return freopen_seen(lg_next.freopen, path, mode, stream, LG_CALLER());
}

LG_EXPORT FILE *freopen64(const char *path, const char *mode, FILE *stream)
{
    lg_next_need(freopen);
    /* musl 1.2.4 and later have one name for both. */
    return freopen_seen(lg_next.freopen64 ? lg_next.freopen64 : lg_next.freopen, path, mode, stream, LG_CALLER());
}
