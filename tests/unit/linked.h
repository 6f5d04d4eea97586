/* SPDX-License-Identifier: MIT */
/* For a test that the library is linked into: a policy in force without the constructor. */
#ifndef LINKED_H
#define LINKED_H

#include <string.h>

#include "policy/parse.h"
#include "shim/call/next.h"
#include "shim/record/record.h"
#include "shim/record/sink.h"
#include "shim/release/in_force.h"
#include "tests/harness/tap.h"

static inline void no_error(void *context, const struct lg_policy_error *error)
{
    (void)context, (void)error;
    tap_fail(__FILE__, __LINE__, "the policy has an error");
}

static inline void put_in_force(const char *rules)
{
    static struct lg_policy policy;
    static struct lg_in_force in_force = {.policy = &policy};
    const struct lg_source source = {LG_SOURCE_RULES, {"rules", 5}};

    lg_next_resolve();
    lg_policy_init(&policy);
    lg_policy_parse(&policy, &source, (struct lg_text){rules, strlen(rules)}, no_error, NULL);
    in_force.needs = lg_policy_needs(&policy, &in_force.process);
    lg_record_start(&policy.settings, in_force.process.exe);
    lg_in_force_start(&in_force);
}

#endif
