/* SPDX-License-Identifier: MIT */
/* What lingerguard explain found out, and the two ways to show it. */
#ifndef LG_COMMAND_EXPLAIN_H
#define LG_COMMAND_EXPLAIN_H

#include "policy/decide.h"
#include "policy/put.h"
#include <stdio.h>

/* Everything is borrowed and lives as long as the command runs. */
struct lg_explanation {
    const struct lg_policy *policy;
    const char *rules_from; /* what gave the rules' text: "-r", "LINGERGUARD_RULES", or NULL */
    const char *file_from;  /* what named the file: "-p", "LINGERGUARD_POLICY", "default", or NULL */
    const char *file;
    const struct lg_facts *facts;
    struct lg_decision decision;
    const struct lg_policy *settings; /* no rule, and only the settings that are not the default */
};

void lg_explanation_show_text(const struct lg_explanation *explanation, FILE *file);

/* One object on one line. */
void lg_explanation_show_json(const struct lg_explanation *explanation, FILE *file);

/* What a decision does to a connection (the record apart), as a sentence or two without a line end. */
void lg_decision_meaning(const struct lg_facts *facts, const struct lg_decision *decision, const struct lg_out *out);

#endif
