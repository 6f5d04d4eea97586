/* SPDX-License-Identifier: MIT */
/* fclose and freopen: libc closes the descriptor inside, where close is not seen. What is buffered goes first. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "shim/base/gate.h"
#include "shim/call/export.h"
#include "shim/call/next.h"
#include "shim/release/closing.h"

/*
 * Writes out what is buffered while the connection is still open. Returns 0 or the errno: libc has given
 * the data up by then, and its own fclose would report success.
 */
static int flush_socket(FILE *stream, int fd)
{
    int before = errno;
    int error = 0;

    if (lg_closing_looks_at(fd) && lg_next.fflush && lg_next.fflush(stream) != 0)
        error = errno;
    errno = before;
    return error;
}

/* Decides for the descriptor of a stream; returns as flush_socket. */
static int begin(struct lg_closing *closing, FILE *stream, enum lg_call call, uintptr_t caller)
{
    int before = errno;
    int fd = lg_next.fileno ? lg_next.fileno(stream) : -1;
    int error = 0;

    errno = before;
    if (fd >= 0)
        error = flush_socket(stream, fd);
    lg_closing_begin(closing, call, fd, caller);
    return error;
}

static LG_SLOW_PATH int fclose_slowly(FILE *stream, uintptr_t caller)
{
    struct lg_closing closing;
    int error = begin(&closing, stream, LG_CALL_FCLOSE, caller);
    int result = lg_next.fclose(stream);

    lg_closing_finish(&closing);
    if (error == 0 || result != 0)
        return result;
    errno = error;
    return EOF;
}

LG_EXPORT int fclose(FILE *stream)
{
    lg_next_need(fclose);
    if (lg_gate_can_skip_all())
        return lg_next.fclose(stream);
    return fclose_slowly(stream, LG_CALLER());
}

typedef FILE *reopen_fn(const char *, const char *, FILE *);

static FILE *freopen_slowly(reopen_fn *next, const char *path, const char *mode, FILE *stream, uintptr_t caller)
{
    struct lg_closing closing;
    FILE *result;

    if (!path || lg_gate_can_skip_all()) /* without a path the descriptor stays */
        return next(path, mode, stream);
    begin(&closing, stream, LG_CALL_FREOPEN, caller);
    result = next(path, mode, stream);
    lg_closing_finish(&closing);
    return result;
}

LG_EXPORT FILE *freopen(const char *path, const char *mode, FILE *stream)
{
    lg_next_need(freopen);
    return freopen_slowly(lg_next.freopen, path, mode, stream, LG_CALLER());
}

LG_EXPORT FILE *freopen64(const char *path, const char *mode, FILE *stream)
{
    lg_next_need(freopen);
    /* musl 1.2.4 and later have one name for both. */
    return freopen_slowly(lg_next.freopen64 ? lg_next.freopen64 : lg_next.freopen, path, mode, stream, LG_CALLER());
}
