/* SPDX-License-Identifier: MIT */
#include "shim/command/common/environment.h"
#include "policy/parse.h"
#include "policy/text.h"
#include "shim/command/common/output.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "LINGERGUARD_"

static const char *const names[] = {
    PREFIX "POLICY", PREFIX "RULES", PREFIX "LOG", PREFIX "FORMAT", PREFIX "DRAINER", PREFIX "STRICT", PREFIX "OFF",
};
#define NAMES (sizeof(names) / sizeof(names[0]))

static void warn_unknown(const char *variable)
{
    size_t length = strcspn(variable, "=");
    const char *near;

    for (size_t i = 0; i < NAMES; i++) {
        if (strlen(names[i]) == length && strncmp(variable, names[i], length) == 0)
            return;
    }
    near = lg_nearest_word(lg_text_make(variable, length), names, NAMES);
    lg_say_warning("%.*s is no variable of the library%s%s%s", (int)length, variable, near ? "; did you mean " : "",
                   near ? near : "", near ? "?" : "");
}

/* A switch is 1 or 0; anything else is ignored. */
static bool is_on(const char *name)
{
    const char *value = getenv(name);

    if (!value || !value[0] || strcmp(value, "0") == 0)
        return false;
    if (strcmp(value, "1") == 0)
        return true;
    lg_say_warning("%s=%s is neither 1 nor 0, and is ignored", name, value);
    return false;
}

void lg_environment_warn(void)
{
    for (char **variable = environ; *variable; variable++) {
        if (strncmp(*variable, PREFIX, sizeof(PREFIX) - 1) == 0)
            warn_unknown(*variable);
    }
    is_on(PREFIX "STRICT");
    if (is_on(PREFIX "OFF"))
        lg_say_warning(PREFIX "OFF=1 is set: the library does nothing, whatever the policy says");
}
