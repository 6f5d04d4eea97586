/* SPDX-License-Identifier: MIT */
/* What lingerguard explain found out, and the two ways to show it. */
#ifndef LG_COMMAND_EXPLAIN_H
#define LG_COMMAND_EXPLAIN_H

#include "policy/decide.h"
#include "policy/put.h"
#include "shim/command/common/executable.h"
#include <stdio.h>

/* What is known of the connection. */
struct lg_explain_facts {
    struct lg_facts facts;
    const char *exe;                        /* as it was given, or NULL */
    const struct lg_executable *executable; /* what runs for it; NULL where that is not here */
};

/* Everything is borrowed and lives as long as the command runs. */
struct lg_explanation {
    const struct lg_policy *policy;
    const char *rules_from; /* what gave the rules' text: "-r", "LINGERGUARD_RULES", or NULL */
    const char *file_from;  /* what named the file: "-p", "LINGERGUARD_POLICY", "default", or NULL */
    const char *file;
    const struct lg_explain_facts *known;
    struct lg_decision decision;      /* as of a request: facts that are not given may still become known */
    const struct lg_policy *settings; /* no rule, and only the settings that are not the default */
};

/*
 * Reads KEY=VALUE arguments; `facts` starts from what is not known. Returns 0, or an exit status after
 * the message.
 */
void lg_explain_facts_init(struct lg_explain_facts *facts);
int lg_explain_facts_read(struct lg_explain_facts *facts, char **arguments, int count);

void lg_explanation_show_text(const struct lg_explanation *explanation, FILE *file);

/* One object on one line. */
void lg_explanation_show_json(const struct lg_explanation *explanation, FILE *file);

/* "role connected": what must still turn out so for an open rule (LG_FIT_OPEN). */
void lg_rule_condition(const struct lg_policy *policy, const struct lg_rule *rule, const struct lg_facts *facts,
                       const struct lg_out *out);

/*
 * The first pattern of a rule's exe that fits a name by which the executable was found, and none of the rule
 * fits its path; {NULL, 0} where there is none.
 */
struct lg_text lg_rule_misses(const struct lg_policy *policy, const struct lg_rule *rule,
                              const struct lg_executable *executable);

/* What a decision does to a connection (the record apart), as a sentence or two without a line end. */
void lg_decision_meaning(enum lg_cause cause, const struct lg_verdict *verdict, const struct lg_out *out);

#endif
