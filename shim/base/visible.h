/* SPDX-License-Identifier: MIT */
/*
 * What the library shows of itself to who looks from outside: `strings` and check-program at its file, `lingerguard
 * status --processes` at the writable mapping of a process (/proc/PID/mem). Found by its magic, so the place is
 * nobody's concern; the command uses this header too.
 *
 * Written by the constructor and when another policy comes into force, a field at a time: who reads in between sees
 * old and new side by side, never anything else. Async-signal-safe, thread-safe, fork-safe.
 */
#ifndef LG_VISIBLE_H
#define LG_VISIBLE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"

/* The first bytes of the struct, its version behind: "liblingerguard 0.1.0". */
#define LG_VISIBLE_MAGIC "liblingerguard "

enum lg_visible_flag {
    LG_VISIBLE_LOADED = 1,     /* the constructor has run: without it this is the file's text alone */
    LG_VISIBLE_OFF = 2,        /* LINGERGUARD_OFF, or a policy that skips this program: nothing is interposed */
    LG_VISIBLE_OFF_FILE = 4,   /* /etc/lingerguard/off was there when this process last looked */
    LG_VISIBLE_UNUSABLE = 8,   /* the policy could not be used: linger-zero is observed */
    LG_VISIBLE_KEPT = 16,      /* a newer policy has an error or cannot be read: the old one is kept */
    LG_VISIBLE_SANDBOXED = 32, /* the program put a filter on its system calls: linger zero is disarmed, no more */
};

/* The same layout in processes of 32 and of 64 bits. */
struct lg_visible {
    char name[40];       /* LG_VISIBLE_MAGIC, the version, NUL */
    uint32_t size_bytes; /* of this struct; a newer one only grows */
    uint32_t flags;      /* enum lg_visible_flag */
    uint32_t digest;     /* of the policy in force, as the records say it */
    uint32_t reserved;
    char log[256];     /* as the policy says it: stderr, off, syslog, or a path (cut at the front), NUL */
    char drainer[112]; /* the path of the drainer's socket, or "" */
};

/* The one of this process. Never NULL. */
const struct lg_visible *lg_visible(void);

void lg_visible_flag(enum lg_visible_flag flag, bool is_on);

/* The policy in force: its digest, and its log and drainer as it says them; a path that is too long is cut at the
 * front. */
void lg_visible_policy(uint32_t digest, struct lg_text log, struct lg_text drainer);

#endif
