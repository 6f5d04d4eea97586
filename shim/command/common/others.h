/* SPDX-License-Identifier: MIT */
/* What programs of other users can do with the policy of the system and its log. */
#ifndef LG_COMMAND_OTHERS_H
#define LG_COMMAND_OTHERS_H

#include "policy/policy.h"

/*
 * Warns where nobody, standing for every user but root, cannot read the file `path` or write the log
 * that `policy` names. Nothing is made or changed. Says nothing where this user is not root and cannot try.
 */
void lg_others_warn(const char *path, const struct lg_policy *policy);

#endif
