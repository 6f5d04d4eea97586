/* SPDX-License-Identifier: MIT */
/* The library in the memory of a process, and what it shows of itself there (shim/base/visible.h). */
#ifndef LG_COMMAND_MAPPED_H
#define LG_COMMAND_MAPPED_H

#include "policy/policy.h"
#include "shim/base/visible.h"
#include <limits.h>

/* What came of looking at a process. */
enum lg_look {
    LG_LOOK_GONE = 0, /* it has ended, or has no memory: a zombie, a thread of the kernel */
    LG_LOOK_DENIED,
    LG_LOOK_DONE,
};

struct lg_mapped {
    bool present;
    bool deleted; /* its file's name is gone, or another file has it */
    bool denied;  /* the map may be read and the memory not */
    bool shown;   /* `visible` was found, as an untrusted text: its strings are terminated and no more is known */
    char path[PATH_MAX]; /* of the file, as the process's map has it */
    struct lg_visible visible;
};

/* Looks for the library in a process; `mapped` is zeroed. */
enum lg_look lg_mapped_look(int process, struct lg_mapped *mapped);

/* The same of one whose first thread may have ended: *process becomes the directory of another one then. */
enum lg_look lg_mapped_look_any(int *process, struct lg_mapped *mapped);

/*
 * Finds the struct in bytes of memory, the one whose constructor has run before one that is the file's text alone.
 * Pure.
 */
bool lg_visible_find(struct lg_text bytes, struct lg_visible *visible);

/* Its version, "0.1.0"; into it. */
const char *lg_visible_version(const struct lg_visible *visible);

#endif
