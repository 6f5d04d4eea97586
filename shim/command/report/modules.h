/* SPDX-License-Identifier: MIT */
/*
 * Programs and libraries by what they are: containers and hosts have one build under several paths, and its call
 * sites are the same ones. A path is looked up only when another one has the same last part. Of fixed size.
 */
#ifndef LG_REPORT_MODULES_H
#define LG_REPORT_MODULES_H

#include "shim/command/common/build_id.h"

#include <limits.h>

#define LG_MODULES_MAX 1024u

struct lg_module {
    char *path;
    size_t path_bytes;
    uint32_t first;             /* the index of the first one that is the same build */
    bool is_read;               /* the build id was looked for */
    char hex[LG_BUILD_ID_ROOM]; /* or "" */
};

struct lg_modules {
    struct lg_module all[LG_MODULES_MAX];
    uint32_t count;
    uint32_t slots[2 * LG_MODULES_MAX]; /* an index plus one, by the hash of the path; 0: free */
};

void lg_modules_free(struct lg_modules *modules);

/*
 * The first path that was asked for with the build of `path`, which is less than PATH_MAX long; `path` itself where
 * nothing is known of it. It lives as long as the modules.
 */
struct lg_text lg_modules_same(struct lg_modules *modules, struct lg_text path);

#endif
