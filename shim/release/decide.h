/* SPDX-License-Identifier: MIT */
/*
 * From a socket to the policy's facts to a decision: asks the kernel only for what some rule of this
 * process's policy can ask for. Async-signal-safe, thread-safe, fork-safe; errno untouched.
 */
#ifndef LG_JUDGE_H
#define LG_JUDGE_H

#include "policy/decide.h"
#include "shim/socket/facts.h"

struct lg_decision lg_judge(enum lg_cause cause, struct lg_socket *socket);

#endif
