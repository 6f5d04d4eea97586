/* SPDX-License-Identifier: MIT */
/* From the sources of the settings to a policy. */
#ifndef LG_READ_POLICY_H
#define LG_READ_POLICY_H

#include "policy/policy.h"
#include "shim/base/line.h"
#include "shim/base/sys.h"
#include "shim/start/sources.h"

#define LG_NAME_BYTES    256u
#define LG_PART_BYTES    (sizeof LG_POLICY_D + LG_NAME_BYTES)
#define LG_READING_FIRST 1024u

/*
 * A policy that is being read, and all that it points into. Three megabytes: static or mapped, all zero.
 * What is not touched costs nothing, and what most touch stands side by side.
 */
struct lg_reading {
    struct lg_file_id main_id;      /* as it was read; all zero: not there */
    struct lg_file_id directory_id; /* of policy.d */

    unsigned errors;     /* of the main policy and of LINGERGUARD_RULES */
    bool skipped_part;   /* a file of policy.d is left out, which has been noted */
    struct lg_line line; /* over `first`: the first error of the text at hand */
    char first[LG_READING_FIRST];
    char main_text[LG_TEXT_BYTES_MAX + 1];

    unsigned names_seen;
    unsigned part_count;
    uint8_t part_order[LG_POLICY_D_MAX + 1];
    char parts[LG_POLICY_D_MAX + 1][LG_PART_BYTES]; /* paths; the last one is room for another */
    size_t parts_bytes;                             /* of parts_text */
    char parts_text[LG_TEXT_BYTES_MAX + 1];         /* all of policy.d, one behind the other */

    struct lg_policy policy __attribute__((aligned(4096)));
};

/*
 * Reads it. False where the main policy or LINGERGUARD_RULES cannot be used: then `first` says why, on a line that
 * is terminated, and the policy is not one to put in force. A file of policy.d that cannot be used is left out
 * and noted. Async-signal-safe; takes about 5 KiB of stack.
 */
bool lg_policy_read(struct lg_reading *reading, const struct lg_sources *sources);

/* Notes why it cannot be used, and makes it one that does less than was asked for. */
void lg_policy_fall_back(struct lg_reading *reading, const struct lg_sources *sources);

#endif
