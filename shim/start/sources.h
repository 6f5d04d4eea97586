/* SPDX-License-Identifier: MIT */
/*
 * Where settings come from (liblingerguard(7)), kept for the life of the process: a policy is read again when
 * its files change, and the program may have overwritten its environment by then, or changed its directory.
 */
#ifndef LG_SOURCES_H
#define LG_SOURCES_H

#include "policy/policy.h"
#include "shim/base/paths.h"
#include "shim/start/environment.h"

struct lg_sources {
    const char *name;    /* the main policy, as it is named in records; NULL: there is none, only `rules` */
    const char *path;    /* the same, absolute; NULL: it is too long */
    bool path_is_system; /* /etc/lingerguard/policy: it need not be there */
    bool secure;         /* AT_SECURE: only what is root's alone */
    bool preloaded;      /* struct lg_environment, as the next */
    bool strict;
    struct lg_text rules; /* {NULL, 0}: none */

    /* What the environment says over what the policy says: those that LG_SET_* names in `set`. */
    struct lg_settings over;
    bool has_bad; /* a variable that cannot be used, which has been noted */
};

/* For the constructor. Notes what is wrong. */
const struct lg_sources *lg_sources_keep(const struct lg_environment *environment, bool secure);

/* For the constructor, once the policy is read: relative paths of `rules` are those of the load. */
void lg_sources_settle(struct lg_settings *settings);

/* What the environment says over what the policy says. */
void lg_sources_override(const struct lg_sources *sources, struct lg_settings *settings);

/* "1" is yes; anything else is not. */
bool lg_sources_is_yes(const char *value);

#endif
