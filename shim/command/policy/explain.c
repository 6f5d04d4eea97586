/* SPDX-License-Identifier: MIT */
/* lingerguard explain: which rule decides about a connection, and why the ones before it did not. */
#include "shim/command/policy/explain.h"
#include "policy/parse.h"
#include "policy/text.h"
#include "policy/words.h"
#include "shim/command/common/command.h"
#include "shim/command/common/environment.h"
#include "shim/command/common/output.h"
#include "shim/command/common/policy_source.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "Usage: lingerguard explain [-p FILE] [-r RULES] [-f FORMAT] [KEY=VALUE]...\n"
    "Shows which rule decides about a connection, and why the rules before it do not match.\n\n"
    "  -p, --policy FILE    ask this policy\n"
    "  -r, --rules RULES    ask this text first, as LINGERGUARD_RULES has it\n"
    "  -f, --format FORMAT  of the output: text or json\n"
    "  -h, --help           show this text\n\n"
    "Keys, each at most once. What is not given is not known: local, peer, role and unsent may\n"
    "still become so until the close, the others match nothing:\n"
    "  cause=CAUSE          linger-zero (the default), unread, late, disconnect or backlog\n"
    "  exe=PROGRAM          its path, or its name in PATH; links and scripts are followed\n"
    "  local=ADDRESS        10.0.0.5, 10.0.0.5:443, [2001:db8::1]:443, or :443\n"
    "  peer=ADDRESS\n"
    "  role=ROLE            accepted or connected\n"
    "  unsent=WHAT          none or some: is output not yet acknowledged\n"
    "  user=UID             effective, a number\n"
    "  cgroup=PATH          as /proc/self/cgroup has it\n\n"
    "With neither -p nor -r it asks the policy that the library would use: LINGERGUARD_RULES and\n"
    "LINGERGUARD_POLICY, else " LG_POLICY_PATH ", else the built-in one; before the\n"
    "file or that the rules of " LG_POLICY_D "/*.policy.\n"
    "Exit status: 0, or 2 when an argument or the policy has an error.\n";

static const struct option longs[] = {
    {"policy", required_argument, NULL, 'p'},
    {"rules", required_argument, NULL, 'r'},
    {"format", required_argument, NULL, 'f'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool is_set(const char *value)
{
    return value && value[0];
}

/* Where the library would look, when nothing was given. */
static const char *look_up(struct lg_explanation *explanation)
{
    const char *rules = getenv("LINGERGUARD_RULES"), *path = getenv("LINGERGUARD_POLICY");

    if (is_set(rules))
        explanation->rules_from = "LINGERGUARD_RULES";
    else
        rules = NULL;
    if (is_set(path)) {
        explanation->file = path;
        explanation->file_from = "LINGERGUARD_POLICY";
    } else if (!rules && access(LG_POLICY_PATH, F_OK) == 0) {
        explanation->file = LG_POLICY_PATH;
        explanation->file_from = "default";
    }
    return rules;
}

/* These variables win over the policy. */
static void apply_environment(struct lg_settings *settings)
{
    const char *log = getenv("LINGERGUARD_LOG"), *format = getenv("LINGERGUARD_FORMAT");
    const char *drainer = getenv("LINGERGUARD_DRAINER");

    if (is_set(drainer)) {
        settings->drainer = lg_text_of(drainer);
        settings->set |= LG_SET_DRAINER;
    }
    if (is_set(log)) {
        if (lg_parse_log(lg_text_of(log), settings))
            settings->set |= LG_SET_LOG;
        else
            lg_say_warning("LINGERGUARD_LOG=%s is neither stderr, off, syslog nor a path with a '/'", log);
    }
    if (is_set(format)) {
        if (lg_parse_format(lg_text_of(format), &settings->format))
            settings->set |= LG_SET_FORMAT;
        else
            lg_say_warning("LINGERGUARD_FORMAT=%s is neither text nor json", format);
    }
}

/* Leaves only what differs from the default. */
static void strip_defaults(struct lg_settings *settings)
{
    static struct lg_policy defaults;

    lg_policy_init(&defaults);
    if (settings->log == defaults.settings.log)
        settings->set &= (uint8_t)~LG_SET_LOG;
    if (settings->format == defaults.settings.format)
        settings->set &= (uint8_t)~LG_SET_FORMAT;
    if (settings->limit_per_s == defaults.settings.limit_per_s)
        settings->set &= (uint8_t)~LG_SET_LIMIT;
    if (settings->inspect == defaults.settings.inspect)
        settings->set &= (uint8_t)~LG_SET_INSPECT;
    if (settings->callers == defaults.settings.callers)
        settings->set &= (uint8_t)~LG_SET_CALLERS;
}

static int explain(struct lg_explanation *explanation, const char *rules, bool json)
{
    static struct lg_policy policy, settings;
    bool given = rules || explanation->file, has_main;

    if (!given)
        rules = look_up(explanation);
    has_main = !given && (explanation->file || !rules); /* the built-in one, too, comes behind the rules of policy.d */
    if ((!given && explanation->file && !lg_policy_path_is_lasting(explanation->file)) ||
        !(has_main ? lg_policy_load_with_parts : lg_policy_load)(&policy, rules, explanation->file)) {
        if (!given)
            lg_say_error("with it the library would only observe, or under LINGERGUARD_STRICT=1 end the program");
        return LG_EXIT_USAGE;
    }
    lg_policy_init(&settings);
    settings.settings = policy.settings;
    apply_environment(&settings.settings);
    strip_defaults(&settings.settings);
    explanation->policy = &policy;
    explanation->settings = &settings;
    explanation->decision = lg_decide_request(&policy, &explanation->known->facts);
    if (json)
        lg_explanation_show_json(explanation, stdout);
    else
        lg_explanation_show_text(explanation, stdout);
    return LG_EXIT_OK;
}

int lg_cmd_explain(int argc, char **argv)
{
    struct lg_explanation explanation = {0};
    struct lg_explain_facts known;
    const char *rules = NULL;
    int option, status, format = 0;

    lg_explain_facts_init(&known);
    explanation.known = &known;
    while ((option = getopt_long(argc, argv, ":p:r:f:h", longs, NULL)) != -1) {
        switch (option) {
        case 'p':
            explanation.file = optarg;
            explanation.file_from = "-p";
            break;
        case 'r':
            rules = optarg;
            explanation.rules_from = "-r";
            break;
        case 'f':
            format = lg_option_word("explain", "format", optarg, lg_format_words, LG_FORMAT_COUNT);
            if (format < 0)
                return LG_EXIT_USAGE;
            break;
        case 'h':
            fputs(help, stdout);
            return LG_EXIT_OK;
        default:
            return lg_option_error("explain", option, argv, longs);
        }
    }
    status = lg_explain_facts_read(&known, argv + optind, argc - optind);
    if (status)
        return status;
    lg_environment_warn();
    return explain(&explanation, rules, format == LG_FORMAT_JSON);
}
