/* SPDX-License-Identifier: MIT */
/* Why a process that runs has not the library. */
#ifndef LG_COMMAND_WHY_H
#define LG_COMMAND_WHY_H

#include "policy/policy.h"
#include "shim/command/program/kind.h"

enum lg_why {
    LG_WHY_UNKNOWN = 0,
    LG_WHY_STATIC,
    LG_WHY_GO,          /* and static */
    LG_WHY_MACHINE,     /* another class or machine than the library's */
    LG_WHY_SECURE,      /* AT_SECURE: LD_PRELOAD does not count */
    LG_WHY_MUSL,        /* it is enabled in a file that musl does not read */
    LG_WHY_NOT_VISIBLE, /* what is to be loaded is not there in its root */
    LG_WHY_ROOT,        /* it is enabled in our root, and the process has another one */
    LG_WHY_STARTED_BEFORE,
    LG_WHY_ENVIRONMENT, /* nothing asks for it: no LD_PRELOAD, and not enabled */
    LG_WHY_COUNT        /* always last */
};

/* What holds for all processes. */
struct lg_why_facts {
    struct lg_program_kind library;
    bool enabled;      /* in our own /etc/ld.so.preload */
    double boot_s;     /* when the system started, of the clock of the files */
    double tick_per_s; /* of the times in /proc/PID/stat */
};

void lg_why_facts_read(struct lg_why_facts *facts);

/* `process` is a directory of /proc. */
enum lg_why lg_why(int process, const struct lg_why_facts *facts);

/* "started-before", and for people "started before it was enabled". Static. */
const char *lg_why_word(enum lg_why why);
const char *lg_why_text(enum lg_why why);

#endif
