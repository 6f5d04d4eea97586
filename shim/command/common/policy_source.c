/* SPDX-License-Identifier: MIT */
#include "shim/command/common/policy_source.h"
#include "policy/parse.h"
#include "policy/print.h"
#include "policy/text.h"
#include "shim/command/common/output.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The parser reports this many errors of a text at most. */
#define ERRORS_SHOWN_MAX 1000u

/* One byte more than is allowed, so that a text that is too large shows. */
static int read_all(int fd, struct lg_policy_text *text)
{
    size_t room_bytes = LG_TEXT_BYTES_MAX + 1, length_bytes = 0;
    char *bytes = malloc(room_bytes);
    ssize_t got_bytes = 1;
    int error = 0;

    if (!bytes)
        return ENOMEM;
    while (got_bytes > 0 && length_bytes < room_bytes) {
        got_bytes = read(fd, bytes + length_bytes, room_bytes - length_bytes);
        if (got_bytes < 0 && errno == EINTR)
            got_bytes = 1;
        else if (got_bytes < 0)
            error = errno;
        else
            length_bytes += (size_t)got_bytes;
    }
    if (!error && length_bytes > LG_TEXT_BYTES_MAX)
        error = EFBIG;
    if (error) {
        free(bytes);
        return error;
    }
    text->owned = bytes;
    text->text = (struct lg_text){bytes, length_bytes};
    return 0;
}

/* What stands in a policy.d, here or below the root of an image. */
static bool is_part(const char *path)
{
    static const char directory[] = "/policy.d";
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0, wanted = sizeof(directory) - 1;

    if (!slash || length + 1 < wanted)
        return false;
    return (length >= wanted && memcmp(slash - wanted, directory, wanted) == 0) ||
           (length + 1 == wanted && memcmp(path, directory + 1, length) == 0);
}

int lg_policy_text_read(struct lg_policy_text *text, const char *path)
{
    int fd, error;

    *text =
        (struct lg_policy_text){.source = {is_part(path) ? LG_SOURCE_RULES_FILE : LG_SOURCE_FILE, lg_text_of(path)}};
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return errno;
    error = read_all(fd, text);
    close(fd);
    return error;
}

int lg_policy_text_read_stdin(struct lg_policy_text *text)
{
    *text = (struct lg_policy_text){.source = {LG_SOURCE_FILE, lg_text_of("stdin")}};
    return read_all(STDIN_FILENO, text);
}

bool lg_policy_path_is_lasting(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
        return true;
    lg_say_error("policy '%s': not a regular file, and every process that starts reads it; use a file, or rules", path);
    return false;
}

void lg_policy_text_rules(struct lg_policy_text *text, const char *rules)
{
    *text = (struct lg_policy_text){.source = {LG_SOURCE_RULES, lg_text_of("rules")}, .text = lg_text_of(rules)};
}

void lg_policy_text_free(struct lg_policy_text *text)
{
    free(text->owned);
    text->owned = NULL;
}

void lg_policy_text_unreadable(const char *path, int error)
{
    if (error == EFBIG)
        lg_say_error("policy '%s': larger than %u bytes", path, LG_TEXT_BYTES_MAX);
    else
        lg_say_error("policy '%s': %s", path, strerror(error));
}

static void show_error(void *context, const struct lg_policy_error *error)
{
    lg_policy_error_print(error, true, lg_put_file, context);
}

unsigned lg_policy_text_parse(struct lg_policy *policy, const struct lg_policy_text *text)
{
    unsigned errors;

    fflush(stdout);
    errors = lg_policy_parse(policy, &text->source, text->text, show_error, stderr);
    if (errors > 0) {
        lg_put_safe(stderr, text->source.name, LG_SAFE_MARK);
        fprintf(stderr, ": %u error%s", errors, errors == 1 ? "" : "s");
        if (errors > ERRORS_SHOWN_MAX)
            fprintf(stderr, ", the first %u are shown", ERRORS_SHOWN_MAX);
        fputc('\n', stderr);
    }
    return errors;
}

static int is_part_name(const struct dirent *entry)
{
    return lg_policy_d_has(entry->d_name);
}

/* As the C locale has it: alphasort would ask the locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int lg_policy_parts_list(struct lg_policy_parts *parts)
{
    struct dirent **names;
    int count;

    *parts = (struct lg_policy_parts){.count = 0};
    count = scandir(LG_POLICY_D, &names, is_part_name, compare_names);
    if (count < 0)
        return errno == ENOENT ? 0 : errno;
    for (int i = 0; i < count; i++) {
        char *path = NULL;

        if (parts->count == LG_POLICY_D_MAX)
            parts->left_out++;
        else if (asprintf(&path, LG_POLICY_D "/%s", names[i]->d_name) >= 0)
            parts->paths[parts->count++] = path;
        free(names[i]);
    }
    free(names);
    return 0;
}

void lg_policy_parts_free(struct lg_policy_parts *parts)
{
    while (parts->count > 0)
        free(parts->paths[--parts->count]);
}

void lg_policy_parts_warn(const struct lg_policy_parts *parts, int error)
{
    if (error)
        lg_say_warning(LG_POLICY_D ": %s; the library leaves it out", strerror(error));
    if (parts->left_out > 0)
        lg_say_warning(LG_POLICY_D ": more than %u files; the library leaves out the last %u", LG_POLICY_D_MAX,
                       parts->left_out);
}

/* What has an error is left out, and all of it. */
static void load_part(struct lg_policy *policy, const char *path, struct lg_policy_text *text)
{
    int error = lg_policy_text_read(text, path);

    if (error)
        lg_policy_text_unreadable(path, error);
    if (error || lg_policy_text_parse(policy, text) > 0)
        lg_say_warning("%s is left out, as the library does", path);
}

static void load_parts(struct lg_policy *policy)
{
    /* static: the policy points into them for as long as the command runs */
    static struct lg_policy_parts parts;
    static struct lg_policy_text texts[LG_POLICY_D_MAX];
    int error = lg_policy_parts_list(&parts);

    lg_policy_parts_warn(&parts, error);
    for (unsigned i = 0; i < parts.count; i++)
        load_part(policy, parts.paths[i], &texts[i]);
}

static bool load(struct lg_policy *policy, const char *rules, const char *path, bool with_parts)
{
    /* static: the policy points into them for as long as the command runs */
    static struct lg_policy_text rules_text, file_text;
    bool usable = true;

    lg_policy_init(policy);
    if (rules) {
        lg_policy_text_rules(&rules_text, rules);
        usable = lg_policy_text_parse(policy, &rules_text) == 0;
    }
    if (with_parts)
        load_parts(policy);
    if (path) {
        int error = lg_policy_text_read(&file_text, path);

        if (error)
            lg_policy_text_unreadable(path, error);
        if (error || lg_policy_text_parse(policy, &file_text) > 0)
            usable = false;
    }
    return usable;
}

bool lg_policy_load(struct lg_policy *policy, const char *rules, const char *path)
{
    return load(policy, rules, path, false);
}

bool lg_policy_load_with_parts(struct lg_policy *policy, const char *rules, const char *path)
{
    return load(policy, rules, path, true);
}
