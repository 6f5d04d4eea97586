/* SPDX-License-Identifier: MIT */
/*
 * Policy and facts to decision. Pure, total, async-signal-safe: same input, same output.
 */
#ifndef LG_DECIDE_H
#define LG_DECIDE_H

#include "policy/policy.h"

struct lg_decision {
    struct lg_verdict verdict;
    bool quiet;                 /* write no record */
    bool undecided;             /* of a request: an earlier rule may still decide */
    const struct lg_rule *rule; /* the rule that decided, or NULL for the end of every policy */
};

/*
 * The first rule that matches decides; without one, linger-zero is orderly within
 * LG_BUILTIN_WITHIN_MS and every other cause is allowed. A fact that is not known never matches.
 * IPv4-mapped IPv6 addresses (RFC 4291 section 2.5.5.2) match as IPv4.
 */
struct lg_decision lg_decide(const struct lg_policy *policy, const struct lg_facts *facts);

/*
 * The same when the connection does not end yet, and some of local, peer, role and unsent may become
 * known until it does; so may an address that is still 0.0.0.0 or [::], and a port that is 0.
 *
 * `undecided` says that a rule before the one that decides is open (LG_FIT_OPEN): what is done now
 * must be what can be taken back. `quiet` is then set when one of the rules that may still decide is
 * `quiet` or `allow`, the one that decides now and the end of every policy among them.
 */
struct lg_decision lg_decide_request(const struct lg_policy *policy, const struct lg_facts *facts);

/* What the end of every policy decides. */
struct lg_decision lg_decide_end(enum lg_cause cause);

/* Whether a rule is for these facts. */
enum lg_fit {
    LG_FIT_NO = 0,
    LG_FIT_OPEN, /* what stands against it is only that facts are not known which may become known */
    LG_FIT_YES
};

enum lg_fit lg_rule_fit(const struct lg_policy *policy, const struct lg_rule *rule, const struct lg_facts *facts);

/* Why a rule does not match: the first of these. */
enum lg_mismatch {
    LG_MISMATCH_NONE = 0, /* it matches */
    LG_MISMATCH_CAUSE,
    LG_MISMATCH_EXE,
    LG_MISMATCH_USER,
    LG_MISMATCH_CGROUP,
    LG_MISMATCH_LOCAL,
    LG_MISMATCH_PEER,
    LG_MISMATCH_ROLE,
    LG_MISMATCH_UNSENT,
    LG_MISMATCH_COUNT /* always last */
};

enum lg_mismatch lg_rule_mismatch(const struct lg_policy *policy, const struct lg_rule *rule,
                                  const struct lg_facts *facts);

/* Whether the library is to do nothing in this program (`skip exe GLOB`). Not known: false. */
bool lg_policy_skips(const struct lg_policy *policy, struct lg_text exe);

/* What a process is, as far as it stays so. */
struct lg_process_facts {
    struct lg_text exe;    /* {NULL, 0} when not known: no rule with exe is for it */
    struct lg_text cgroup; /* the same for rules with cgroup */
    int64_t user;          /* LG_USER_UNKNOWN where it may still change (root, CAP_SETUID): any rule with user may be */
};

/*
 * What a policy can ever ask for in a process, so that a process pays for nothing that its policy
 * does not use. Rules that cannot be for this process do not count, nor do those behind a rule that
 * takes every connection of a cause.
 */
struct lg_needs {
    uint8_t causes;     /* bit 1u << cause: some rule may give a verdict other than allow; the built-in
                           end of the policy counts for linger-zero */
    bool reject_linger; /* a setsockopt may be rejected */

    /* Facts that some rule asks for: one that is not set here need not be found out before lg_decide. */
    bool local;
    bool peer;
    bool role; /* must be followed from the accept or connect on */
    bool unsent;
    bool user; /* at each decision anew: it changes with seteuid(2) */

    /*
     * Some rule drains, or treats unread input (orderly or drain on unread): who holds a socket must
     * be followed from the accept or connect on. `linger` and `within` need a proof too before they
     * act, and act as plain orderly without one: on their own they are no reason to follow anything.
     */
    bool sole_holder;

    bool within; /* some verdict bounds an orphan: orderly within, linger, or the end of the policy */
    bool wait;   /* some verdict may wait in a close: linger or drain */
    bool drain;  /* some verdict drains: a socket may be muted */
    bool idle;   /* some drain has an idle time */
    bool hand;   /* some verdict drains, and there is a drainer */
};

struct lg_needs lg_policy_needs(const struct lg_policy *policy, const struct lg_process_facts *process);

/*
 * Takes the rules out of `policy` that cannot be for this process: what is decided stays the same, and a
 * policy that thousands of programs share costs each of them its own rules alone. Not for a policy
 * that is in use. The digest is still that of the texts.
 */
void lg_policy_keep_possible(struct lg_policy *policy, const struct lg_process_facts *process);

#endif
