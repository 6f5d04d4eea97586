/* SPDX-License-Identifier: MIT */
/* lingerguard check-policy: every error of a policy and what is hardly meant, or its canonical form. */
#include "policy/parse.h"
#include "policy/print.h"
#include "policy/text.h"
#include "shim/command/common/command.h"
#include "shim/command/common/others.h"
#include "shim/command/common/output.h"
#include "shim/command/common/policy_source.h"
#include "shim/command/policy/explain.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "Usage: lingerguard check-policy [-ns] [-r RULES]... [FILE...]\n"
    "Finds every error in the policies given, each of them alone, and warns of what is hardly meant.\n"
    "FILE may be - for standard input. With neither FILE nor RULES it checks what the library would\n"
    "use: LINGERGUARD_RULES and LINGERGUARD_POLICY, else " LG_POLICY_PATH ", and the rules\n"
    "of " LG_POLICY_D "/*.policy before a file. Of a FILE in a policy.d these are rules too.\n\n"
    "  -n, --normalize      print the policies in canonical form\n"
    "  -r, --rules RULES    check this text, as LINGERGUARD_RULES has it\n"
    "  -s, --strict         a warning counts too: exit status 1\n"
    "  -h, --help           show this text\n\n"
    "Exit status: 0 when all can be used, 1 with --strict and a warning, 2 when one has an error or\n"
    "cannot be read.\n";

static const struct option longs[] = {
    {"normalize", no_argument, NULL, 'n'},
    {"rules", required_argument, NULL, 'r'},
    {"strict", no_argument, NULL, 's'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct check {
    bool normalize;
    bool strict;
    bool several; /* say in the canonical form which policy is which */
    bool failed;
    bool warned;
};

/* Which every program of the system reads. */
static bool is_the_systems(const struct lg_policy_text *text)
{
    size_t length = strlen(LG_POLICY_PATH);

    return text->source.name.length_bytes == length && memcmp(text->source.name.at, LG_POLICY_PATH, length) == 0;
}

static void show_warning(void *context, const struct lg_policy_error *warning)
{
    lg_policy_error_print(warning, true, lg_put_file, context);
}

/* A name that is a link or a script here: what runs is another program, and the rule is not for it. */
static unsigned warn_of_names(const struct lg_policy *policy)
{
    static struct lg_executable executable;
    unsigned warnings = 0;

    for (uint32_t i = 0; i < policy->rule_count; i++) {
        const struct lg_rule *rule = &policy->rules[i];

        for (unsigned j = 0; j < rule->exe.count; j++) {
            struct lg_text glob = policy->globs[rule->exe.first + j];
            char name[PATH_MAX];
            struct lg_text missed;

            if (glob.length_bytes >= sizeof(name))
                continue;
            memcpy(name, glob.at, glob.length_bytes);
            name[glob.length_bytes] = '\0';
            if (!lg_executable_find(&executable, name))
                continue;
            missed = lg_rule_misses(policy, rule, &executable);
            if (missed.at != glob.at)
                continue;
            lg_put_safe(stderr, policy->sources[rule->source].name, LG_SAFE_MARK);
            fprintf(stderr, ":%u: warning: exe ", rule->line);
            lg_put_safe(stderr, glob, LG_SAFE_MARK);
            fputs(" does not match what runs for it here; write exe ", stderr);
            lg_put_safe(stderr, lg_text_of(executable.path), LG_SAFE_MARK);
            fputc('\n', stderr);
            warnings++;
        }
    }
    return warnings;
}

static void say_ok(const struct lg_policy *policy, const struct lg_policy_text *text, unsigned warnings)
{
    char counted[48] = "";

    if (warnings > 0)
        snprintf(counted, sizeof(counted), ", %u warning%s", warnings, warnings == 1 ? "" : "s");
    lg_say("%.*s: ok, %u rule%s%s; policy %08x", (int)text->source.name.length_bytes, text->source.name.at,
           policy->rule_count, policy->rule_count == 1 ? "" : "s", counted, lg_policy_digest(policy));
}

static void check_text(struct check *check, const struct lg_policy_text *text)
{
    static struct lg_policy policy;
    unsigned warnings;

    lg_policy_init(&policy);
    if (lg_policy_text_parse(&policy, text) > 0) {
        check->failed = true;
        return;
    }
    fflush(stdout);
    warnings = lg_policy_warn(&policy, show_warning, stderr) + warn_of_names(&policy);
    check->warned |= warnings > 0;
    if (!check->normalize) {
        say_ok(&policy, text, warnings);
        if (is_the_systems(text))
            lg_others_warn(LG_POLICY_PATH, &policy);
        return;
    }
    if (check->several)
        lg_say("# %.*s", (int)text->source.name.length_bytes, text->source.name.at);
    lg_policy_print(&policy, lg_put_file, stdout);
}

static void check_rules(struct check *check, const char *rules)
{
    struct lg_policy_text text;

    lg_policy_text_rules(&text, rules);
    check_text(check, &text);
}

static void check_file(struct check *check, const char *path)
{
    struct lg_policy_text text;
    int error = strcmp(path, "-") == 0 ? lg_policy_text_read_stdin(&text) : lg_policy_text_read(&text, path);

    if (error) {
        lg_policy_text_unreadable(path, error);
        check->failed = true;
        return;
    }
    check_text(check, &text);
    lg_policy_text_free(&text);
}

static bool is_set(const char *value)
{
    return value && value[0];
}

/* What the library would use in this environment: policy.d stands before a main policy, also before the built-in one.
 */
static int check_own(struct check *check)
{
    const char *rules = getenv("LINGERGUARD_RULES"), *path = getenv("LINGERGUARD_POLICY");
    struct lg_policy_parts parts = {.count = 0};
    bool has_main = is_set(path) || !is_set(rules);
    int error = has_main ? lg_policy_parts_list(&parts) : 0;

    if (has_main && !is_set(path) && access(LG_POLICY_PATH, F_OK) == 0)
        path = LG_POLICY_PATH;
    if (!is_set(path) && !is_set(rules) && parts.count == 0)
        return lg_usage_error("check-policy", "missing FILE; there is no " LG_POLICY_PATH
                                              ", so the library would use the built-in policy");
    check->several = is_set(rules) + parts.count + is_set(path) > 1;
    lg_policy_parts_warn(&parts, error);
    if (is_set(rules))
        check_rules(check, rules);
    for (unsigned i = 0; i < parts.count; i++)
        check_file(check, parts.paths[i]);
    if (is_set(path) && !lg_policy_path_is_lasting(path))
        check->failed = true;
    else if (is_set(path))
        check_file(check, path);
    lg_policy_parts_free(&parts);
    return 0;
}

/* Returns 0, or an exit status after the message; -1 after the help. */
static int read_options(struct check *check, const char **rules, int *rules_count, int argc, char **argv)
{
    int option;

    while ((option = getopt_long(argc, argv, ":nr:sh", longs, NULL)) != -1) {
        switch (option) {
        case 'n':
            check->normalize = true;
            break;
        case 'r':
            rules[(*rules_count)++] = optarg;
            break;
        case 's':
            check->strict = true;
            break;
        case 'h':
            fputs(help, stdout);
            return -1;
        default:
            return lg_option_error("check-policy", option, argv, longs);
        }
    }
    return 0;
}

static int check_all(struct check *check, const char **rules, int rules_count, int argc, char **argv)
{
    int status = 0;

    check->several = rules_count + argc - optind > 1;
    if (rules_count == 0 && optind >= argc)
        status = check_own(check);
    for (int i = 0; i < rules_count; i++)
        check_rules(check, rules[i]);
    for (int i = optind; i < argc; i++)
        check_file(check, argv[i]);
    if (status != 0 || check->failed)
        return LG_EXIT_USAGE;
    return check->strict && check->warned ? LG_EXIT_NO : LG_EXIT_OK;
}

int lg_cmd_check_policy(int argc, char **argv)
{
    struct check check = {0};
    const char **rules = calloc((size_t)argc, sizeof(*rules));
    int status, rules_count = 0;

    if (!rules) {
        lg_say_error("%s", strerror(ENOMEM));
        return LG_EXIT_USAGE;
    }
    status = read_options(&check, rules, &rules_count, argc, argv);
    if (status == 0)
        status = check_all(&check, rules, rules_count, argc, argv);
    free(rules);
    return status < 0 ? LG_EXIT_OK : status;
}
