/* SPDX-License-Identifier: MIT */
/* #! lines, as the kernel and env(1) read them. */
#include "shim/command/common/script.h"
#include <string.h>

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static void copy(char *to, const char *from, size_t length)
{
    memcpy(to, from, length);
    to[length] = '\0';
}

bool lg_script_parse(struct lg_script *script, const char *bytes, size_t length_bytes)
{
    size_t line, at = 2, end;

    script->interpreter[0] = script->argument[0] = '\0';
    if (length_bytes > LG_SCRIPT_LINE_BYTES)
        length_bytes = LG_SCRIPT_LINE_BYTES;
    if (length_bytes < 2 || bytes[0] != '#' || bytes[1] != '!')
        return false;
    for (line = 2; line < length_bytes && bytes[line] != '\n' && bytes[line] != '\0'; line++)
        ;
    while (line > 2 && is_blank(bytes[line - 1]))
        line--;
    while (at < line && is_blank(bytes[at]))
        at++;
    for (end = at; end < line && !is_blank(bytes[end]); end++)
        ;
    /* cut off within the path: nobody knows what would run */
    if (end == at || end == LG_SCRIPT_LINE_BYTES)
        return false;
    copy(script->interpreter, bytes + at, end - at);
    while (end < line && is_blank(bytes[end]))
        end++;
    copy(script->argument, bytes + end, line - end);
    return true;
}

/* The next word of `at` into `word`; where it ends, or NULL when there is none. */
static const char *next_word(const char *at, char word[LG_SCRIPT_LINE_BYTES])
{
    size_t length;

    at += strspn(at, " \t");
    length = strcspn(at, " \t");
    if (length == 0 || length >= LG_SCRIPT_LINE_BYTES)
        return NULL;
    copy(word, at, length);
    return at + length;
}

/* An option of env that takes its value from the next word. */
static bool takes_value(const char *option)
{
    return strcmp(option, "-u") == 0 || strcmp(option, "--unset") == 0 || strcmp(option, "-C") == 0 ||
           strcmp(option, "--chdir") == 0;
}

static bool unsets_preload(const char *option, const char *value)
{
    if (strcmp(option, "-u") == 0 || strcmp(option, "--unset") == 0)
        return strcmp(value, "LD_PRELOAD") == 0;
    return false;
}

static bool is_dropping(const char *word)
{
    static const char *const words[] = {"-", "-i", "--ignore-environment", "-uLD_PRELOAD", "--unset=LD_PRELOAD"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i]) == 0)
            return true;
    }
    return strncmp(word, "LD_PRELOAD=", 11) == 0;
}

/* Behind -S: options, settings, then the program. Quotes and escapes of -S are not taken apart. */
static void read_split(struct lg_script_env *env, const char *at)
{
    char word[LG_SCRIPT_LINE_BYTES], value[LG_SCRIPT_LINE_BYTES];

    while ((at = next_word(at, word)) != NULL) {
        if (is_dropping(word)) {
            env->drops_preload = true;
        } else if (takes_value(word)) {
            at = next_word(at, value);
            if (!at)
                return;
            env->drops_preload = env->drops_preload || unsets_preload(word, value);
        } else if (word[0] != '-' && !strchr(word, '=')) {
            copy(env->program, word, strlen(word));
            return;
        }
    }
}

void lg_script_env(struct lg_script_env *env, const char *argument)
{
    static const char long_split[] = "--split-string";

    env->program[0] = '\0';
    env->drops_preload = false;
    if (strncmp(argument, "-S", 2) == 0)
        read_split(env, argument + 2);
    else if (strncmp(argument, "-vS", 3) == 0 || strncmp(argument, "-iS", 3) == 0) {
        env->drops_preload = argument[1] == 'i';
        read_split(env, argument + 3);
    } else if (strncmp(argument, long_split, sizeof(long_split) - 1) == 0)
        read_split(env, argument + sizeof(long_split) - 1 + (argument[sizeof(long_split) - 1] == '='));
    else if (argument[0] != '-' && !strchr(argument, '=') && strlen(argument) < sizeof(env->program))
        copy(env->program, argument, strlen(argument)); /* one word for env, blanks included */
}
