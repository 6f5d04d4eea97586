/* SPDX-License-Identifier: MIT */
/* What of a file makes the loader distrust its environment (AT_SECURE): set-ID bits and capabilities. */
#ifndef LG_PRIVILEGES_H
#define LG_PRIVILEGES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

struct lg_privileges {
    char setuid_owner[64]; /* name or number; empty without the bit */
    char setgid_group[64];
    bool has_capabilities;
    uint64_t capabilities; /* permitted, bit by number */
    bool nosuid;           /* these have no effect where the file is mounted */
};

/* Reads those of an open file; `privileges` is zeroed. What cannot be read is as if it were not there. */
void lg_privileges_read(struct lg_privileges *privileges, int fd, const struct stat *status);

/* Whether there are any, with or without an effect. */
bool lg_privileges_any(const struct lg_privileges *privileges);

/* "cap_net_raw", or the number of one that is not known here. */
void lg_capability_put(FILE *file, unsigned number);

#endif
