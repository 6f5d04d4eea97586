/* SPDX-License-Identifier: MIT */
/* The KEY=VALUE arguments of lingerguard explain. */
#include "policy/parse.h"
#include "policy/text.h"
#include "policy/words.h"
#include "shim/command/common/address.h"
#include "shim/command/common/command.h"
#include "shim/command/common/output.h"
#include "shim/command/policy/explain.h"
#include <stdlib.h>
#include <string.h>

enum key { KEY_CAUSE, KEY_EXE, KEY_LOCAL, KEY_PEER, KEY_ROLE, KEY_UNSENT, KEY_USER, KEY_CGROUP, KEY_COUNT };

static const char *const keys[KEY_COUNT] = {"cause", "exe", "local", "peer", "role", "unsent", "user", "cgroup"};

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

static int read_unsent(const char *value, struct lg_facts *facts)
{
    if (lg_parse_unsent(lg_text_of(value), &facts->unsent))
        return 0;
    return lg_word_error("explain", "unsent", value, lg_unsent_words + LG_UNSENT_NONE,
                         LG_UNSENT_COUNT - LG_UNSENT_NONE);
}

static int read_user(const char *value, struct lg_facts *facts)
{
    if (lg_parse_user(lg_text_of(value), &facts->user))
        return 0;
    return lg_usage_error("explain", "user: '%s' is not a number; id -u NAME prints that of a name", value);
}

static int read_cgroup(const char *value, struct lg_facts *facts)
{
    if (value[0] != '/')
        return lg_usage_error("explain", "cgroup: '%s' is not a path such as /system.slice/nginx.service", value);
    facts->cgroup = lg_text_of(value);
    return 0;
}

/* ":443" is an address that is not known with a port that is. */
static bool read_port(const char *value, struct lg_address *address)
{
    char *end;
    unsigned long port;

    if (value[0] != ':' || value[1] < '0' || value[1] > '9')
        return false;
    port = strtoul(value + 1, &end, 10);
    if (*end || port == 0 || port > 65535)
        return false;
    *address = (struct lg_address){.family = 6, .port = (uint16_t)port};
    return true;
}

static int read_address(const char *key, const char *value, struct lg_address *address)
{
    if (read_port(value, address) || lg_address_read(lg_text_of(value), address))
        return 0;
    return lg_usage_error(
        "explain", "%s: '%s' is not an address such as 10.0.0.5, 10.0.0.5:443, [2001:db8::1]:443, or :443", key, value);
}

static int read_exe(const char *value, struct lg_explain_facts *known)
{
    static struct lg_executable executable;

    if (!value[0])
        return lg_usage_error("explain", "exe: empty path");
    known->exe = value;
    if (lg_executable_find(&executable, value))
        known->executable = &executable;
    known->facts.exe = lg_text_of(known->executable ? executable.path : value);
    return 0;
}

static int read_value(enum key key, const char *value, struct lg_explain_facts *known)
{
    switch (key) {
    case KEY_CAUSE:
        return read_cause(value, &known->facts);
    case KEY_EXE:
        return read_exe(value, known);
    case KEY_LOCAL:
        return read_address("local", value, &known->facts.local);
    case KEY_PEER:
        return read_address("peer", value, &known->facts.peer);
    case KEY_ROLE:
        return read_role(value, &known->facts);
    case KEY_UNSENT:
        return read_unsent(value, &known->facts);
    case KEY_USER:
        return read_user(value, &known->facts);
    case KEY_CGROUP:
        return read_cgroup(value, &known->facts);
    case KEY_COUNT:
        break;
    }
    return LG_EXIT_USAGE;
}

/* `given` has a bit for each key that was there before. */
static int read_fact(const char *argument, unsigned *given, struct lg_explain_facts *known)
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
        return read_value((enum key)i, argument + key_bytes + 1, known);
    }
    near = lg_nearest_word(lg_text_make(argument, key_bytes), keys, KEY_COUNT);
    if (near)
        return lg_usage_error("explain", "unknown key '%.*s'; did you mean '%s'?", (int)key_bytes, argument, near);
    return lg_usage_error("explain",
                          "unknown key '%.*s'; the keys are cause, exe, local, peer, role, unsent, user and cgroup",
                          (int)key_bytes, argument);
}

void lg_explain_facts_init(struct lg_explain_facts *facts)
{
    *facts = (struct lg_explain_facts){.facts = {.cause = LG_CAUSE_LINGER_ZERO, .user = LG_USER_UNKNOWN}};
}

int lg_explain_facts_read(struct lg_explain_facts *facts, char **arguments, int count)
{
    unsigned given = 0;
    int status = 0;

    for (int i = 0; i < count && status == 0; i++)
        status = read_fact(arguments[i], &given, facts);
    return status;
}
