/* SPDX-License-Identifier: MIT */
/* What both forms of an explanation say in the same words. What is put may hold names of other people. */
#ifndef LG_COMMAND_EXPLAIN_WORDS_H
#define LG_COMMAND_EXPLAIN_WORDS_H

#include "shim/command/policy/explain.h"

static inline const struct lg_facts *lg_explain_facts_of(const struct lg_explanation *explanation)
{
    return &explanation->known->facts;
}

/* FILE:LINE; `rule` NULL is the end of every policy. */
void lg_explain_place(const struct lg_explanation *explanation, const struct lg_rule *rule, const struct lg_out *out);

/* Whether a rule may still decide, since facts are not given. */
bool lg_explain_is_open(const struct lg_explanation *explanation, const struct lg_rule *rule);

/* How many rules were asked: all, or those up to the one that decides. */
uint32_t lg_explain_asked(const struct lg_explanation *explanation);

/* ":443" where the address is not known. */
void lg_explain_address(const struct lg_address *address, const struct lg_out *out);

/* Why a rule does not match. */
void lg_explain_reason(const struct lg_explanation *explanation, const struct lg_rule *rule, const struct lg_out *out);

/* What the decision means, the record included. */
void lg_explain_meaning(const struct lg_explanation *explanation, const struct lg_out *out);

/* The settings as lines of a policy; the caller frees them. */
char *lg_explain_settings(const struct lg_policy *settings);

#endif
