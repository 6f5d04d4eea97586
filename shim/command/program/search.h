/* SPDX-License-Identifier: MIT */
/*
 * Where the dynamic loader finds a needed library, without running anything. Allocates nothing that the caller has to
 * free; single-threaded.
 *
 * Sources: ld.so(8) and ld.so.conf's format in ldconfig(8) for glibc; ldso/dynlink.c's
 * documented order for musl. The cache of ldconfig is not read: the directories it was made from
 * are. Directories for special processors (glibc-hwcaps) are not looked at; they hold variants of
 * libraries that are in the plain ones too.
 */
#ifndef LG_SEARCH_H
#define LG_SEARCH_H

#include "shim/command/common/executable.h"
#include <stdbool.h>
#include <stddef.h>

enum lg_libc { LG_LIBC_UNKNOWN = 0, LG_LIBC_GLIBC, LG_LIBC_MUSL };

/* One object on the way from the library that needs another to the program. */
struct lg_search_object {
    const char *rpath; /* or NULL */
    const char *runpath;
    const char *origin;                    /* directory that $ORIGIN stands for */
    const struct lg_search_object *parent; /* who needed it, NULL for the program */
};

struct lg_search_loader {
    enum lg_libc libc;
    const char *interpreter;  /* path of the loader */
    const char *library_path; /* LD_LIBRARY_PATH, or NULL where the loader ignores it */
    const char *lib;          /* what $LIB stands for: "lib/x86_64-linux-gnu" */
    const char *platform;     /* what $PLATFORM stands for: "x86_64" */
    bool default_off;         /* no default directories */
};

/*
 * Offers each place where the loader would look for `name`, in its order, to `take` until that
 * returns true. Returns whether it did. At most LG_SEARCH_PLACES_MAX places are offered.
 */
#define LG_SEARCH_PLACES_MAX     2048u
#define LG_SEARCH_LIST_BYTES_MAX 65536u /* of one list of directories; no more of it is looked at */
typedef bool lg_search_take_fn(void *context, const char *path);
bool lg_search_library(const struct lg_search_loader *loader, const struct lg_search_object *object, const char *name,
                       lg_search_take_fn *take, void *context);

/* The directory part of `path` into `directory`: "." without a slash. False when it does not fit. */
bool lg_search_directory(const char *path, char *directory, size_t directory_bytes);

#endif
