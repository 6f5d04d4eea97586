/* SPDX-License-Identifier: MIT */
/* lingerguard explain: which rule decides about a connection, and why the ones before it did not. */
#include "shim/command/policy/explain.h"
#include "policy/parse.h"
#include "policy/text.h"
#include "policy/words.h"
#include "shim/command/common/address.h"
#include "shim/command/common/command.h"
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
    "Keys, each at most once; what is not given is not known and matches nothing:\n"
    "  cause=CAUSE          linger-zero (the default), unread, late, disconnect or backlog\n"
    "  exe=PATH             path of the executable\n"
    "  local=ADDRESS        10.0.0.5, 10.0.0.5:443 or [2001:db8::1]:443\n"
    "  peer=ADDRESS\n"
    "  role=ROLE            accepted or connected\n\n"
    "With neither -p nor -r it asks the policy that the library would use: LINGERGUARD_RULES and\n"
    "LINGERGUARD_POLICY, else " LG_POLICY_DEFAULT_PATH ", else the built-in one.\n"
    "Exit status: 0, or 2 when an argument or the policy has an error.\n";

static const struct option longs[] = {
    {"policy", required_argument, NULL, 'p'},
    {"rules", required_argument, NULL, 'r'},
    {"format", required_argument, NULL, 'f'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

enum key { KEY_CAUSE, KEY_EXE, KEY_LOCAL, KEY_PEER, KEY_ROLE, KEY_COUNT };

static const char *const keys[KEY_COUNT] = {"cause", "exe", "local", "peer", "role"};

static bool is_set(const char *value)
{
    return value && value[0];
}

static int read_cause(const char *value, struct lg_facts *facts)
{
    if (lg_parse_cause(lg_text_of(value), &facts->cause))
        return 0;
    return lg_word_error("explain", "cause", value, lg_cause_words, LG_CAUSE_COUNT);
}

static int read_role(const char *value, struct lg_facts *facts)
{
    if (lg_parse_role(lg_text_of(value), &facts->role))
        return 0;
    return lg_word_error("explain", "role", value, lg_role_words + LG_ROLE_ACCEPTED, LG_ROLE_COUNT - LG_ROLE_ACCEPTED);
}

static int read_address(const char *key, const char *value, struct lg_address *address)
{
    if (lg_address_read(lg_text_of(value), address))
        return 0;
    return lg_usage_error("explain", "%s: '%s' is not an address such as 10.0.0.5, 10.0.0.5:443 or [2001:db8::1]:443",
                          key, value);
}

static int read_value(enum key key, const char *value, struct lg_facts *facts)
{
    switch (key) {
    case KEY_CAUSE:
        return read_cause(value, facts);
    case KEY_EXE:
        if (!value[0])
            return lg_usage_error("explain", "exe: empty path");
        facts->exe = lg_text_of(value);
        return 0;
    case KEY_LOCAL:
        return read_address("local", value, &facts->local);
    case KEY_PEER:
        return read_address("peer", value, &facts->peer);
    case KEY_ROLE:
        return read_role(value, facts);
    case KEY_COUNT:
        break;
    }
    return LG_EXIT_USAGE;
}

/* "KEY=VALUE"; `given` has a bit for each key that was there before. */
static int read_fact(const char *argument, unsigned *given, struct lg_facts *facts)
{
    size_t key_bytes = strcspn(argument, "=");
    const char *near;

    if (argument[key_bytes] == 0)
        return lg_usage_error("explain", "'%s' is not KEY=VALUE", argument);
    for (int i = 0; i < KEY_COUNT; i++) {
        if (strlen(keys[i]) != key_bytes || strncmp(keys[i], argument, key_bytes) != 0)
            continue;
        if (*given & 1u << i)
            return lg_usage_error("explain", "'%s' is given twice", keys[i]);
        *given |= 1u << i;
        return read_value((enum key)i, argument + key_bytes + 1, facts);
    }
    near = lg_nearest_word(lg_text_make(argument, key_bytes), keys, KEY_COUNT);
    if (near)
        return lg_usage_error("explain", "unknown key '%.*s'; did you mean '%s'?", (int)key_bytes, argument, near);
    return lg_usage_error("explain", "unknown key '%.*s'; the keys are cause, exe, local, peer and role",
                          (int)key_bytes, argument);
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
    } else if (!rules && access(LG_POLICY_DEFAULT_PATH, F_OK) == 0) {
        explanation->file = LG_POLICY_DEFAULT_PATH;
        explanation->file_from = "default";
    }
    return rules;
}

/* LINGERGUARD_LOG and LINGERGUARD_FORMAT win over the policy. */
static void apply_environment(struct lg_settings *settings)
{
    const char *log = getenv("LINGERGUARD_LOG"), *format = getenv("LINGERGUARD_FORMAT");

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

static int explain(struct lg_explanation *explanation, const char *rules, const struct lg_facts *facts, bool json)
{
    static struct lg_policy policy, settings;
    bool given = rules || explanation->file;

    if (!given)
        rules = look_up(explanation);
    if ((!given && explanation->file && !lg_policy_path_is_lasting(explanation->file)) ||
        !lg_policy_load(&policy, rules, explanation->file)) {
        if (!given)
            lg_say_error("the library would put the built-in policy in force, or under LINGERGUARD_STRICT=1 end the "
                         "program");
        return LG_EXIT_USAGE;
    }
    lg_policy_init(&settings);
    settings.settings = policy.settings;
    apply_environment(&settings.settings);
    strip_defaults(&settings.settings);
    explanation->policy = &policy;
    explanation->settings = &settings;
    explanation->facts = facts;
    explanation->decision = lg_decide(&policy, facts);
    if (json)
        lg_explanation_show_json(explanation, stdout);
    else
        lg_explanation_show_text(explanation, stdout);
    return LG_EXIT_OK;
}

int lg_cmd_explain(int argc, char **argv)
{
    struct lg_explanation explanation = {0};
    struct lg_facts facts = {.cause = LG_CAUSE_LINGER_ZERO, .user = LG_USER_UNKNOWN};
    const char *rules = NULL;
    unsigned given = 0;
    int option, status = 0, format = 0;

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
    for (int i = optind; i < argc && status == 0; i++)
        status = read_fact(argv[i], &given, &facts);
    return status ? status : explain(&explanation, rules, &facts, format == LG_FORMAT_JSON);
}
