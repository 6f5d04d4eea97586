/* SPDX-License-Identifier: MIT */
/*
 * The processes that run, as `status` shows them. They belong to anybody and may be hostile: what is read of them is
 * bounded, nothing of them is opened that could act or wait, and whoever does not answer in time is left out
 * (ask.h). Single-threaded.
 */
#ifndef LG_COMMAND_PROCESSES_H
#define LG_COMMAND_PROCESSES_H

#include "policy/policy.h"

/* Shows the processes that have the library, and returns the exit status. */
int lg_processes_show(bool json);

/* Shows those that have not and whose executable `glob` matches, and why; returns the exit status. */
int lg_processes_missing(struct lg_text glob, bool json);

#endif
