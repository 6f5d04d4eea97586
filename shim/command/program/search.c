/* SPDX-License-Identifier: MIT */
/* The search of glibc's loader and of musl's. */
#include "shim/command/program/search.h"
#include "shim/command/common/plain_file.h"
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ld.so.conf: how deep files include one another, and how many are read in all. */
#define CONF_DEPTH_MAX 8u
#define CONF_FILES_MAX 256u

bool lg_search_directory(const char *path, char *directory, size_t directory_bytes)
{
    const char *slash = strrchr(path, '/');
    int length = !slash ? 1 : slash == path ? 1 : (int)(slash - path);

    return snprintf(directory, directory_bytes, "%.*s", length, slash ? path : ".") < (int)directory_bytes;
}

/* One search: what is looked for, and for whom. */
struct search {
    const struct lg_search_loader *loader;
    const char *name;
    lg_search_take_fn *take;
    void *context;
    unsigned places;
    unsigned conf_files;
};

static bool offer(struct search *search, const char *directory, size_t length)
{
    char path[PATH_MAX];
    int needed;

    if (search->places >= LG_SEARCH_PLACES_MAX || length >= sizeof(path))
        return false;
    search->places++;
    /* an empty directory is the current one, for both loaders */
    needed = snprintf(path, sizeof(path), "%.*s%s%s", (int)length, directory, length ? "/" : "./", search->name);
    return needed > 0 && (size_t)needed < sizeof(path) && search->take(search->context, path);
}

/* $NAME or ${NAME} at `at`: its length, or 0. */
static size_t variable_length(const char *at, size_t left, const char *name)
{
    size_t length = strlen(name);

    if (left > length && strncmp(at + 1, name, length) == 0)
        return length + 1;
    if (left > length + 2 && at[1] == '{' && strncmp(at + 2, name, length) == 0 && at[length + 2] == '}')
        return length + 3;
    return 0;
}

/* Expands the variables of ld.so(8) in one directory of a list. False when it does not fit. */
static bool expand(const struct search *search, const char *origin, const char *from, size_t length, char *to,
                   size_t to_bytes)
{
    const struct {
        const char *name;
        const char *value;
    } variables[] = {{"ORIGIN", origin}, {"LIB", search->loader->lib}, {"PLATFORM", search->loader->platform}};
    size_t used = 0;

    for (size_t at = 0; at < length;) {
        const char *value = from + at;
        size_t value_bytes = 1, skip = 1;

        for (size_t i = 0; from[at] == '$' && i < sizeof(variables) / sizeof(variables[0]); i++) {
            size_t found = variable_length(from + at, length - at, variables[i].name);

            if (found == 0 || !variables[i].value)
                continue;
            value = variables[i].value;
            value_bytes = strlen(value);
            skip = found;
            break;
        }
        if (used + value_bytes >= to_bytes)
            return false;
        memcpy(to + used, value, value_bytes);
        used += value_bytes;
        at += skip;
    }
    to[used] = '\0';
    return true;
}

/* Each directory of a list such as DT_RUNPATH or LD_LIBRARY_PATH. */
static bool offer_list(struct search *search, const char *list, const char *separators, const char *origin)
{
    char directory[PATH_MAX];

    if (!list || list[0] == '\0')
        return false;
    for (const char *at = list; at - list < LG_SEARCH_LIST_BYTES_MAX; at++) {
        size_t length = strcspn(at, separators);

        if (expand(search, origin, at, length, directory, sizeof(directory)) &&
            offer(search, directory, strlen(directory)))
            return true;
        at += length;
        if (search->places >= LG_SEARCH_PLACES_MAX || *at == '\0')
            return false;
    }
    return false;
}

static bool offer_conf(struct search *search, const char *path, unsigned depth);

/* `include PATTERN...`, relative to the file's own directory. */
static bool include_conf(struct search *search, const char *patterns, const char *from, unsigned depth)
{
    char directory[PATH_MAX], pattern[PATH_MAX];
    bool taken = false;

    if (!lg_search_directory(from, directory, sizeof(directory)))
        return false;
    while (!taken && *(patterns += strspn(patterns, " \t\r\n")) != '\0') {
        int length = (int)strcspn(patterns, " \t\r\n");
        bool absolute = patterns[0] == '/';
        int needed = snprintf(pattern, sizeof(pattern), "%s%s%.*s", absolute ? "" : directory, absolute ? "" : "/",
                              length, patterns);
        glob_t found;

        patterns += length;
        if (needed <= 0 || (size_t)needed >= sizeof(pattern) || glob(pattern, 0, NULL, &found) != 0)
            continue;
        for (size_t i = 0; i < found.gl_pathc && !taken; i++)
            taken = offer_conf(search, found.gl_pathv[i], depth + 1);
        globfree(&found);
    }
    return taken;
}

static bool offer_conf_line(struct search *search, char *line, const char *path, unsigned depth)
{
    line[strcspn(line, "#\r\n")] = '\0';
    line += strspn(line, " \t");
    if (strncmp(line, "include", 7) == 0 && (line[7] == ' ' || line[7] == '\t'))
        return include_conf(search, line + 7, path, depth);
    if (strncmp(line, "hwcap", 5) == 0 && (line[5] == ' ' || line[5] == '\t'))
        return false;
    while (line[0] != '\0') {
        size_t length = strcspn(line, " \t:,");

        /* an old form gives a type behind the directory: /usr/lib=libc5 */
        if (line[0] == '/' && offer(search, line, strcspn(line, "= \t:,")))
            return true;
        line += length;
        line += strspn(line, " \t:,");
    }
    return false;
}

static bool offer_conf(struct search *search, const char *path, unsigned depth)
{
    char line[PATH_MAX];
    bool taken = false;
    FILE *file;

    if (depth > CONF_DEPTH_MAX || search->conf_files >= CONF_FILES_MAX)
        return false;
    search->conf_files++;
    file = lg_plain_file_open(path);
    if (!file)
        return false;
    while (!taken && search->places < LG_SEARCH_PLACES_MAX && fgets(line, sizeof(line), file))
        taken = offer_conf_line(search, line, path, depth);
    fclose(file);
    return taken;
}

static bool offer_each(struct search *search, const char *const *directories)
{
    for (; *directories; directories++) {
        if (offer(search, *directories, strlen(*directories)))
            return true;
    }
    return false;
}

/* Beside the loader itself, for a libc that is installed elsewhere and was built to look there. */
static bool offer_beside_loader(struct search *search)
{
    char real[PATH_MAX], directory[PATH_MAX];

    return search->loader->interpreter && realpath(search->loader->interpreter, real) &&
           lg_search_directory(real, directory, sizeof(directory)) && offer(search, directory, strlen(directory));
}

static bool search_glibc(struct search *search, const struct lg_search_object *object)
{
    static const char *const standard[] = {"/lib64", "/usr/lib64", "/lib", "/usr/lib", NULL};

    /* DT_RPATH counts only where there is no DT_RUNPATH; it is inherited, DT_RUNPATH is not */
    for (const struct lg_search_object *at = object; !object->runpath && at; at = at->parent) {
        if (!at->runpath && offer_list(search, at->rpath, ":", at->origin))
            return true;
    }
    return offer_list(search, search->loader->library_path, ":;", object->origin) ||
           offer_list(search, object->runpath, ":", object->origin) ||
           (!search->loader->default_off &&
            (offer_conf(search, "/etc/ld.so.conf", 0) || offer_each(search, standard) || offer_beside_loader(search)));
}

/* PREFIX/lib/ld-musl-ARCH.so.1 reads PREFIX/etc/ld-musl-ARCH.path: one list, at colons and line ends. */
static bool offer_musl_path(struct search *search, bool *there)
{
    const char *interpreter = search->loader->interpreter ? search->loader->interpreter : "";
    const char *base = strrchr(interpreter, '/');
    const char *lib = strstr(interpreter, "/lib/ld-musl-");
    char path[PATH_MAX], text[8192];
    size_t length;
    FILE *file;

    *there = false;
    if (!lib || !base || strcspn(base + 1, ".") > 64)
        return false;
    snprintf(path, sizeof(path), "%.*s/etc/%.*s.path", (int)(lib - interpreter), interpreter,
             (int)strcspn(base + 1, "."), base + 1);
    file = lg_plain_file_open(path);
    if (!file)
        return false;
    *there = true;
    length = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[length] = '\0';
    return offer_list(search, text, ":\n", "");
}

static bool search_musl(struct search *search, const struct lg_search_object *object)
{
    static const char *const standard[] = {"/lib", "/usr/local/lib", "/usr/lib", NULL};
    bool there;

    if (offer_list(search, search->loader->library_path, ":\n", object->origin))
        return true;
    for (const struct lg_search_object *at = object; at; at = at->parent) {
        if (offer_list(search, at->runpath ? at->runpath : at->rpath, ":\n", at->origin))
            return true;
    }
    return offer_musl_path(search, &there) || (!there && offer_each(search, standard));
}

bool lg_search_library(const struct lg_search_loader *loader, const struct lg_search_object *object, const char *name,
                       lg_search_take_fn *take, void *context)
{
    struct search search = {loader, name, take, context, 0, 0};
    char path[PATH_MAX];

    if (strchr(name, '/'))
        return expand(&search, object->origin, name, strlen(name), path, sizeof(path)) && take(context, path);
    return loader->libc == LG_LIBC_MUSL ? search_musl(&search, object) : search_glibc(&search, object);
}
