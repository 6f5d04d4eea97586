/* SPDX-License-Identifier: MIT */
/*
 * Gives each file of a fuzz target's corpus to that target, as TAP. The corpus is
 * tests/fuzz/corpus/NAME below LG_ROOT (or the working directory), NAME taken from the program's
 * own name, replay_NAME; or the files and directories given as arguments.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_S 20u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count, failures;

static uint8_t *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "re");
    uint8_t *data = NULL;
    size_t room = 0, got;

    *size = 0;
    if (file == NULL)
        return NULL;
    do {
        if (*size == room) {
            room = room == 0 ? 65536 : room * 2;
            data = realloc(data, room);
            if (data == NULL)
                abort();
        }
        got = fread(data + *size, 1, room - *size, file);
        *size += got;
    } while (got > 0);
    fclose(file);
    /* Of the exact size, so that a read behind the end is seen. */
    return realloc(data, *size > 0 ? *size : 1);
}

static void replay(const char *path)
{
    size_t size;
    uint8_t *data = read_whole(path, &size);
    int status = 0;
    pid_t child;

    count++;
    if (data == NULL) {
        failures++;
        printf("not ok %d - %s\n# %s\n", count, path, strerror(errno));
        return;
    }
    fflush(stdout);
    child = fork();
    if (child == 0) {
        /* TAP is ours alone; what the target says goes to the diagnostics. */
        dup2(STDERR_FILENO, STDOUT_FILENO);
        alarm(DEADLINE_S);
        LLVMFuzzerTestOneInput(data, size);
        free(data);
        exit(0);
    }
    free(data);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        failures++;
        printf("not ok %d - %s\n# wait status 0x%x\n", count, path, (unsigned)status);
        return;
    }
    printf("ok %d - %s\n", count, path);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay_all(const char *path)
{
    struct dirent **entries;
    int entry_count = scandir(path, &entries, is_visible, alphasort);
    char *file;

    if (entry_count < 0) {
        replay(path);
        return;
    }
    for (int i = 0; i < entry_count; i++) {
        if (asprintf(&file, "%s/%s", path, entries[i]->d_name) < 0)
            abort();
        replay_all(file);
        free(file);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    const char *root = getenv("LG_ROOT");
    const char *name = strrchr(argv[0], '/');
    char path[4096];

    name = name == NULL ? argv[0] : name + 1;
    if (argc > 1) {
        for (int i = 1; i < argc; i++)
            replay_all(argv[i]);
    } else {
        snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s", root == NULL ? "." : root,
                 strncmp(name, "replay_", 7) == 0 ? name + 7 : name);
        replay_all(path);
    }
    if (count == 0) {
        count = failures = 1;
        printf("not ok 1 - there is a corpus\n");
    }
    printf("1..%d\n", count);
    return failures == 0 ? 0 : 1;
}
