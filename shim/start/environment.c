/* SPDX-License-Identifier: MIT */
#include "shim/start/environment.h"

#include <stddef.h>
#include <string.h>

#include "policy/parse.h"
#include "policy/text.h"

#define PREFIX "LINGERGUARD_"

static const char *const names[] = {
    PREFIX "POLICY", PREFIX "RULES", PREFIX "LOG", PREFIX "FORMAT", PREFIX "STRICT", PREFIX "OFF", PREFIX "DRAINER",
};
#define NAMES (sizeof names / sizeof names[0])

static const char **place_of(struct lg_environment *settings, size_t index)
{
    const char **const places[NAMES] = {
        &settings->policy, &settings->rules, &settings->log,     &settings->format,
        &settings->strict, &settings->off,   &settings->drainer,
    };

    return places[index];
}

/* The value of NAME in "NAME=VALUE"; NULL when it is another variable. */
static const char *value_of(const char *variable, const char *name)
{
    while (*name != '\0' && *variable == *name) {
        variable++;
        name++;
    }
    return *name == '\0' && *variable == '=' ? variable + 1 : NULL;
}

static void note_unknown(struct lg_environment *settings, const char *variable)
{
    size_t length = 0;

    while (variable[length] && variable[length] != '=')
        length++;
    settings->unknown = variable;
    settings->unknown_suggestion = lg_nearest_word((struct lg_text){variable, length}, names, NAMES);
}

static void read_variable(struct lg_environment *settings, const char *variable)
{
    for (size_t i = 0; i < NAMES; i++) {
        const char *value = value_of(variable, names[i]);

        if (value) {
            *place_of(settings, i) = *value ? value : NULL;
            return;
        }
    }
    if (!settings->unknown)
        note_unknown(settings, variable);
}

/* Names in LD_PRELOAD are separated by blanks or colons (ld.so(8)). */
static bool names_us(const char *preload)
{
    const char *name = preload;

    for (; *preload; preload++) {
        if (*preload == ' ' || *preload == ':' || *preload == '/')
            name = preload + 1;
        else if (preload == name && lg_starts_with(name, "liblingerguard"))
            return true;
    }
    return false;
}

void lg_environment_read(struct lg_environment *settings, char *const *environment, bool secure)
{
    memset(settings, 0, sizeof *settings);
    for (; environment && *environment; environment++) {
        const char *journal, *preload;

        if (**environment != 'J' && **environment != 'L') /* most of them */
            continue;
        journal = value_of(*environment, "JOURNAL_STREAM");
        preload = value_of(*environment, "LD_PRELOAD");
        if (journal)
            settings->journal_stream = journal;
        else if (preload)
            settings->preloaded = !secure && names_us(preload);
        else if (!secure && lg_starts_with(*environment, PREFIX))
            read_variable(settings, *environment);
    }
}
