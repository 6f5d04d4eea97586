/* SPDX-License-Identifier: MIT */
#include "shim/command/common/library.h"
#include "shim/command/common/output.h"
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIBRARY_BYTES_MAX (64 << 20) /* ours has a fraction of a megabyte */
#define MAGIC_BYTES       (sizeof(LG_VISIBLE_MAGIC) - 1)

/* Debian's names of architectures; elsewhere ../lib and LG_LIBDIR serve. */
#if defined(__x86_64__) && !defined(__ILP32__)
#define MULTIARCH "x86_64-linux-gnu"
#elif defined(__i386__)
#define MULTIARCH "i386-linux-gnu"
#elif defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#elif defined(__s390x__)
#define MULTIARCH "s390x-linux-gnu"
#endif

/* The directory of the running command; false when it cannot be told. */
static bool command_directory(char *directory)
{
    ssize_t length = readlink("/proc/self/exe", directory, PATH_MAX - 1);
    char *slash;

    if (length > 0) {
        directory[length] = 0;
    } else {
        /* no /proc: what the kernel was asked to run */
        const char *started = (const char *)getauxval(AT_EXECFN);

        if (!started || !realpath(started, directory))
            return false;
    }
    slash = strrchr(directory, '/');
    if (!slash)
        return false;
    *slash = 0;
    return true;
}

/* The directory above, or false for the root. */
static bool strip_last(char *path)
{
    char *slash = strrchr(path, '/');

    if (!slash || slash[1] == 0)
        return false;
    *slash = 0;
    return true;
}

static size_t list_places(char *places[], size_t room, bool installed)
{
    char directory[PATH_MAX];
    size_t count = 0;

    if (command_directory(directory)) {
        if (!installed && asprintf(&places[count], "%s/" LG_LIBRARY_NAME, directory) >= 0)
            count++;
        if (strip_last(directory)) {
            if (asprintf(&places[count], "%s/lib/" LG_LIBRARY_NAME, directory) >= 0)
                count++;
#ifdef MULTIARCH
            if (asprintf(&places[count], "%s/lib/" MULTIARCH "/" LG_LIBRARY_NAME, directory) >= 0)
                count++;
#endif
        }
    }
    if (count < room && (places[count] = strdup(LG_LIBDIR "/" LG_LIBRARY_NAME)) != NULL)
        count++;
    return count;
}

char *lg_library_find(bool installed)
{
    char *places[4] = {NULL};
    size_t count = list_places(places, sizeof(places) / sizeof(places[0]), installed);
    char *found = NULL;

    for (size_t i = 0; i < count && !found; i++) {
        if (access(places[i], R_OK) == 0)
            found = strdup(places[i]);
    }
    if (!found) {
        lg_say_error(LG_LIBRARY_NAME " not found; looked at:");
        for (size_t i = 0; i < count; i++)
            fprintf(stderr, "  %s\n", places[i]);
    }
    for (size_t i = 0; i < count; i++)
        free(places[i]);
    return found;
}

/* Letters, digits and what else stands in a version, up to its NUL. */
static bool is_version(const char *text, size_t bytes)
{
    size_t length = strnlen(text, bytes);

    return length > 0 && length < bytes && text[0] >= '0' && text[0] <= '9' &&
           strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+-_~") == length;
}

/* The magic stands in the library's data, and may stand elsewhere in it without a version behind. */
static bool find_version(const char *bytes, size_t count, char version[LG_LIBRARY_VERSION_ROOM])
{
    const char *at = bytes, *end = bytes + count;

    while ((at = memmem(at, (size_t)(end - at), LG_VISIBLE_MAGIC, MAGIC_BYTES)) != NULL) {
        at += MAGIC_BYTES;
        if ((size_t)(end - at) < LG_LIBRARY_VERSION_ROOM)
            return false;
        if (!is_version(at, LG_LIBRARY_VERSION_ROOM))
            continue;
        strcpy(version, at);
        return true;
    }
    return false;
}

bool lg_library_version(const char *path, char version[LG_LIBRARY_VERSION_ROOM])
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status;
    bool found = false;

    if (fd < 0)
        return false;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
        status.st_size <= LIBRARY_BYTES_MAX) {
        size_t count = (size_t)status.st_size;
        char *bytes = malloc(count);

        found = bytes && pread(fd, bytes, count, 0) == (ssize_t)count && find_version(bytes, count, version);
        free(bytes);
    }
    close(fd);
    return found;
}
