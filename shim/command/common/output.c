/* SPDX-License-Identifier: MIT */
#include "shim/command/common/output.h"
#include "policy/parse.h"
#include "policy/text.h"
#include "shim/command/common/command.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80u /* columns */

__attribute__((format(printf, 3, 0))) static void say(FILE *file, const char *kind, const char *format,
                                                      va_list arguments)
{
    char *message = NULL;
    struct lg_text rest;

    if (vasprintf(&message, format, arguments) < 0)
        message = NULL;
    fflush(stdout);
    fputs(kind, file);
    for (rest = lg_text_of(message ? message : format); rest.length_bytes > 0;) {
        bool is_tab = rest.at[0] == '\t';
        struct lg_text safe = lg_safe_take(&rest, LG_SAFE_MARK, NULL);

        fwrite(is_tab ? "\t" : safe.at, 1, safe.length_bytes, file);
    }
    fputc('\n', file);
    free(message);
}

void lg_say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(stdout, "", format, arguments);
    va_end(arguments);
}

void lg_say_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(stderr, "lingerguard: ", format, arguments);
    va_end(arguments);
}

void lg_say_warning(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say(stderr, "lingerguard: warning: ", format, arguments);
    va_end(arguments);
}

static void say_where_help_is(const char *command)
{
    fprintf(stderr, "Try 'lingerguard %s%s--help' for more information.\n", command ? command : "", command ? " " : "");
}

int lg_usage_error(const char *command, const char *format, ...)
{
    char kind[64];
    va_list arguments;

    snprintf(kind, sizeof(kind), "lingerguard: %s%s", command ? command : "", command ? ": " : "");
    va_start(arguments, format);
    say(stderr, kind, format, arguments);
    va_end(arguments);
    say_where_help_is(command);
    return LG_EXIT_USAGE;
}

const char *lg_word_near(const char *text, const char *const *words, size_t count)
{
    return lg_nearest_word(lg_text_of(text), words, count);
}

/* "--polcy" or "--polcy=x": the nearest long option, from a table that ends in a null name. */
static int unknown_long_option(const char *command, const char *given, const struct option *longs)
{
    const char *words[32];
    size_t count = 0;
    struct lg_text name = {given + 2, strcspn(given + 2, "=")};
    const char *near;

    for (; longs[count].name && count < sizeof(words) / sizeof(words[0]); count++)
        words[count] = longs[count].name;
    near = lg_nearest_word(name, words, count);
    if (near)
        return lg_usage_error(command, "unknown option '--%.*s'; did you mean '--%s'?", (int)name.length_bytes, name.at,
                              near);
    return lg_usage_error(command, "unknown option '--%.*s'", (int)name.length_bytes, name.at);
}

/* "--strict=x". getopt_long leaves the option's value in optopt then, and 0 for an unknown name. */
static bool is_argument_unwanted(const char *given, const struct option *longs)
{
    size_t name_bytes = strcspn(given + 2, "=");

    for (; longs->name; longs++) {
        if (given[2 + name_bytes] && longs->has_arg == no_argument && longs->val == optopt &&
            strncmp(longs->name, given + 2, name_bytes) == 0)
            return true;
    }
    return false;
}

int lg_option_error(const char *command, int result, char **argv, const struct option *longs)
{
    const char *given = argv[optind - 1];
    bool is_long = strncmp(given, "--", 2) == 0;

    if (result == ':' && is_long)
        return lg_usage_error(command, "option '%s' needs an argument", given);
    if (result == ':')
        return lg_usage_error(command, "option '-%c' needs an argument", optopt);
    if (is_long && is_argument_unwanted(given, longs))
        return lg_usage_error(command, "option '%.*s' takes no argument", (int)strcspn(given, "="), given);
    if (optopt == 0)
        return unknown_long_option(command, given, longs);
    return lg_usage_error(command, "unknown option '-%c'", optopt);
}

int lg_word_error(const char *command, const char *what, const char *value, const char *const *words, size_t count)
{
    const char *near = lg_word_near(value, words, count);
    char list[256] = "";
    size_t length_bytes = 0;

    if (near)
        return lg_usage_error(command, "%s: unknown value '%s'; did you mean '%s'?", what, value, near);
    for (size_t i = 0; i < count && length_bytes < sizeof(list); i++)
        length_bytes += (size_t)snprintf(list + length_bytes, sizeof(list) - length_bytes, "%s%s",
                                         i == 0           ? ""
                                         : i + 1 == count ? " or "
                                                          : ", ",
                                         words[i]);
    return lg_usage_error(command, "%s: unknown value '%s'; expected %s", what, value, list);
}

int lg_option_word(const char *command, const char *option, const char *value, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(value, words[i]) == 0)
            return (int)i;
    }
    lg_word_error(command, option, value, words, count);
    return -1;
}

void lg_put_file(void *file, const char *at, size_t length_bytes)
{
    fwrite(at, 1, length_bytes, file);
}

void lg_put_safe(FILE *file, struct lg_text text, enum lg_safe_form form)
{
    char room[LG_SAFE_BYTES_MAX];

    while (text.length_bytes > 0) {
        struct lg_text safe = lg_safe_take(&text, form, room);

        fwrite(safe.at, 1, safe.length_bytes, file);
    }
}

void lg_json_text(FILE *file, struct lg_text text)
{
    fputc('"', file);
    lg_put_safe(file, text, LG_SAFE_JSON);
    fputc('"', file);
}

void lg_json_string(FILE *file, const char *string)
{
    lg_json_text(file, lg_text_of(string));
}

unsigned lg_terminal_width(unsigned least, unsigned most)
{
    const char *columns = getenv("COLUMNS");
    unsigned long width = columns ? strtoul(columns, NULL, 10) : 0;
    struct winsize size;

    if (width == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        width = size.ws_col;
    if (width == 0)
        width = WIDTH_DEFAULT;
    return width < least ? least : width > most ? most : (unsigned)width;
}

int lg_output_finish(int status)
{
    /* errno of an earlier failed write is gone; a flush that fails has a fresh one */
    bool failed_before = ferror(stdout) != 0;

    errno = 0;
    if (fflush(stdout) == 0 && !failed_before)
        return status;
    if (errno)
        lg_say_error("standard output: %s", strerror(errno));
    else
        lg_say_error("standard output: write error");
    return LG_EXIT_USAGE;
}
