/* SPDX-License-Identifier: MIT */
/*
 * Where things are on a machine: one name for the library, which opens them, and the command, which says what is so.
 * Pure; the command uses this header too.
 */
#ifndef LG_PATHS_H
#define LG_PATHS_H

#include <stdbool.h>
#include <string.h>

#define LG_ETC         "/etc/lingerguard"
#define LG_OFF_NAME    "off"
#define LG_OFF_PATH    LG_ETC "/" LG_OFF_NAME
#define LG_POLICY_PATH LG_ETC "/policy"
#define LG_POLICY_D    LG_ETC "/policy.d"
#define LG_SYSLOG_PATH "/dev/log"

#define LG_POLICY_D_MAX 64u /* files of policy.d */

/* Whether a file of policy.d counts: NAME.policy, and nothing that is hidden. */
static inline bool lg_policy_d_has(const char *name)
{
    static const char ending[] = ".policy";
    size_t length = strlen(name);

    return name[0] != '.' && length >= sizeof(ending) &&
           memcmp(name + length + 1 - sizeof(ending), ending, sizeof(ending)) == 0;
}

#endif
