/* SPDX-License-Identifier: MIT */
/*
 * Call sites that armed a listening socket: what it accepts inherits the option, and nobody asks
 * again. Of fixed size; a place that has no room is not known.
 */
#ifndef LG_REPORT_ARMED_H
#define LG_REPORT_ARMED_H

#include "shim/command/report/record.h"

#define LG_ARMED_PLACES 4096u

struct lg_armed {
    struct {
        uint64_t place; /* 0: free */
        uint32_t site;  /* LG_GROUP_NONE where several call sites armed it */
    } places[LG_ARMED_PLACES];
};

/* A program and a local port; port 0 for a socket that had none yet when it was armed. Never 0. */
uint64_t lg_armed_place(const struct lg_report_record *record, unsigned port);

void lg_armed_add(struct lg_armed *armed, uint64_t place, uint32_t site);

/* LG_GROUP_NONE when it is not known, or not one. */
uint32_t lg_armed_find(const struct lg_armed *armed, uint64_t place);

#endif
