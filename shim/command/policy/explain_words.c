/* SPDX-License-Identifier: MIT */
#include "shim/command/policy/explain_words.h"
#include "policy/print.h"
#include "shim/command/common/command.h"
#include "shim/command/common/output.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* FILE:LINE; `rule` NULL is the end of every policy. */
void lg_explain_place(const struct lg_explanation *explanation, const struct lg_rule *rule, const struct lg_out *out)
{
    const struct lg_decision decision = {.rule = rule};

    lg_decision_source_print(explanation->policy, &decision, out->put, out->context);
}

bool lg_explain_is_open(const struct lg_explanation *explanation, const struct lg_rule *rule)
{
    return rule != explanation->decision.rule &&
           lg_rule_fit(explanation->policy, rule, lg_explain_facts_of(explanation)) == LG_FIT_OPEN;
}

static void put_record(const struct lg_explanation *explanation, const struct lg_out *out)
{
    const struct lg_decision *decision = &explanation->decision;

    if (decision->undecided && decision->quiet)
        lg_put_word(out, " Until it is decided no record is written.");
    else if (decision->undecided && explanation->settings->settings.log != LG_LOG_OFF)
        lg_put_word(out, " Until it is decided it is recorded as undecided.");
    else if (decision->quiet || decision->verdict.kind == LG_VERDICT_ALLOW)
        lg_put_word(out, " No record is written.");
    else if (explanation->settings->settings.log == LG_LOG_OFF)
        lg_put_word(out, " No record is written: the log is off.");
    else
        lg_put_word(out, " A record is written.");
}

void lg_explain_meaning(const struct lg_explanation *explanation, const struct lg_out *out)
{
    const struct lg_policy *policy = explanation->policy;
    enum lg_cause cause = lg_explain_facts_of(explanation)->cause;

    if (lg_policy_skips(policy, lg_explain_facts_of(explanation)->exe)) {
        lg_put_word(out, "The library does nothing in this program, which is skipped.");
        return;
    }
    if (!explanation->decision.undecided) {
        lg_decision_meaning(cause, &explanation->decision.verdict, out);
        put_record(explanation, out);
        return;
    }
    lg_put_word(out, cause == LG_CAUSE_LINGER_ZERO
                         ? "Decided when the connection ends; until then the request is disarmed, so that an end which "
                           "the library does not see is in order."
                         : "Decided by what is not given here.");
    put_record(explanation, out);
}

/* ":443" where the address is not known. */
void lg_explain_address(const struct lg_address *address, const struct lg_out *out)
{
    static const uint8_t none[16];

    if (address->family == 6 && address->port != 0 && memcmp(address->bytes, none, sizeof(none)) == 0) {
        lg_put_word(out, ":");
        lg_put_number(out, address->port);
    } else {
        lg_address_print(address, out->put, out->context);
    }
}

static void put_address_reason(const struct lg_address *address, const struct lg_out *out)
{
    lg_explain_address(address, out);
    if (address->family == 0)
        lg_put_word(out, "not known");
    else if (address->port == 0)
        lg_put_word(out, ", its port is not known");
}

void lg_explain_reason(const struct lg_explanation *explanation, const struct lg_rule *rule, const struct lg_out *out)
{
    const struct lg_facts *facts = lg_explain_facts_of(explanation);

    switch (lg_rule_mismatch(explanation->policy, rule, facts)) {
    case LG_MISMATCH_CAUSE:
        lg_put_word(out, "cause is ");
        lg_put_word(out, lg_cause_name(facts->cause));
        break;
    case LG_MISMATCH_EXE:
        lg_put_word(out, facts->exe.at ? "exe is " : "exe is not known");
        lg_put_text(out, facts->exe);
        break;
    case LG_MISMATCH_LOCAL:
        lg_put_word(out, "local is ");
        put_address_reason(&facts->local, out);
        break;
    case LG_MISMATCH_PEER:
        lg_put_word(out, "peer is ");
        put_address_reason(&facts->peer, out);
        break;
    case LG_MISMATCH_ROLE:
        lg_put_word(out, "role is ");
        lg_put_word(out, facts->role == LG_ROLE_UNKNOWN ? "not known" : lg_role_name(facts->role));
        break;
    case LG_MISMATCH_UNSENT:
        lg_put_word(out, "unsent is ");
        lg_put_word(out, facts->unsent == LG_UNSENT_UNKNOWN ? "not known" : lg_unsent_name(facts->unsent));
        break;
    case LG_MISMATCH_USER:
        lg_put_word(out, facts->user == LG_USER_UNKNOWN ? "user is not known" : "user is ");
        if (facts->user != LG_USER_UNKNOWN)
            lg_put_number(out, (uint32_t)facts->user);
        break;
    case LG_MISMATCH_CGROUP:
        lg_put_word(out, facts->cgroup.at ? "cgroup is " : "cgroup is not known");
        lg_put_text(out, facts->cgroup);
        break;
    case LG_MISMATCH_NONE:
    case LG_MISMATCH_COUNT:
        break;
    }
}

/* How many rules were asked: all, or those up to the one that decides. */
uint32_t lg_explain_asked(const struct lg_explanation *explanation)
{
    const struct lg_rule *rule = explanation->decision.rule;

    return rule ? (uint32_t)(rule - explanation->policy->rules) + 1 : explanation->policy->rule_count;
}

/* The settings as lines of a policy; the caller frees them. */
char *lg_explain_settings(const struct lg_policy *settings)
{
    char *lines = NULL;
    size_t length_bytes;
    FILE *file = open_memstream(&lines, &length_bytes);

    if (file)
        lg_policy_print(settings, lg_put_file, file);
    if (!file || fclose(file) != 0) {
        lg_say_error("%s", strerror(errno));
        exit(LG_EXIT_USAGE);
    }
    return lines;
}
