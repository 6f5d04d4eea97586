/* SPDX-License-Identifier: MIT */
/* lingerguard check-policy: every error of a policy, or its canonical form. */
#include "policy/print.h"
#include "shim/command/common/command.h"
#include "shim/command/common/others.h"
#include "shim/command/common/output.h"
#include "shim/command/common/policy_source.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: lingerguard check-policy [-n] [-r RULES]... [FILE...]\n"
    "Finds every error in the policies given, each of them alone; FILE may be - for standard input.\n\n"
    "  -n, --normalize      print the policies in canonical form\n"
    "  -r, --rules RULES    check this text, as LINGERGUARD_RULES has it\n"
    "  -h, --help           show this text\n\n"
    "Exit status: 0 when all can be used, 2 when one has an error or cannot be read.\n";

static const struct option longs[] = {
    {"normalize", no_argument, NULL, 'n'},
    {"rules", required_argument, NULL, 'r'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct check {
    bool normalize;
    bool several; /* say in the canonical form which policy is which */
    bool failed;
};

/* Which every program of the system reads. */
static bool is_the_systems(const struct lg_policy_text *text)
{
    size_t length = strlen(LG_POLICY_DEFAULT_PATH);

    return text->source.name.length_bytes == length &&
           memcmp(text->source.name.at, LG_POLICY_DEFAULT_PATH, length) == 0;
}

static void check_text(struct check *check, const struct lg_policy_text *text)
{
    static struct lg_policy policy;
    int name_bytes = (int)text->source.name.length_bytes;
    const char *name = text->source.name.at;

    lg_policy_init(&policy);
    if (lg_policy_text_parse(&policy, text) > 0) {
        check->failed = true;
    } else if (check->normalize) {
        if (check->several)
            lg_say("# %.*s", name_bytes, name);
        lg_policy_print(&policy, lg_put_file, stdout);
    } else {
        lg_say("%.*s: ok, %u rule%s", name_bytes, name, policy.rule_count, policy.rule_count == 1 ? "" : "s");
        if (is_the_systems(text))
            lg_others_warn(name, &policy);
    }
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

int lg_cmd_check_policy(int argc, char **argv)
{
    struct check check = {0};
    const char **rules = calloc((size_t)argc, sizeof(*rules));
    int option, rules_count = 0;

    if (!rules) {
        lg_say_error("%s", strerror(ENOMEM));
        return LG_EXIT_USAGE;
    }
    while ((option = getopt_long(argc, argv, ":nr:h", longs, NULL)) != -1) {
        switch (option) {
        case 'n':
            check.normalize = true;
            break;
        case 'r':
            rules[rules_count++] = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            free(rules);
            return LG_EXIT_OK;
        default:
            free(rules);
            return lg_option_error("check-policy", option, argv, longs);
        }
    }
    if (rules_count == 0 && optind >= argc) {
        free(rules);
        return lg_usage_error("check-policy", "missing FILE");
    }
    check.several = rules_count + argc - optind > 1;
    for (int i = 0; i < rules_count; i++)
        check_rules(&check, rules[i]);
    for (int i = optind; i < argc; i++)
        check_file(&check, argv[i]);
    free(rules);
    return check.failed ? LG_EXIT_USAGE : LG_EXIT_OK;
}
