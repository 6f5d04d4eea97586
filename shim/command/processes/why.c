/* SPDX-License-Identifier: MIT */
#include "shim/command/processes/why.h"
#include "policy/text.h"
#include "shim/command/common/preload_text.h"
#include "shim/command/processes/lines.h"
#include "shim/command/processes/process.h"
#include "shim/command/program/elf_file.h"
#include "shim/command/program/program.h"
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES_MAX    (64u << 20) /* of an executable: headers, and where Go says that it was here */
#define ENVIRON_BYTES_MAX (1u << 20)
#define PRELOAD_BYTES_MAX (64u << 10) /* of /etc/ld.so.preload */
#define CLOCK_SLACK_S     1.0         /* between the clock of the files and that of the ticks */

static const struct {
    const char *word;
    const char *text;
} words[LG_WHY_COUNT] = {
    {"unknown", "not known"},
    {"static", "statically linked"},
    {"go", "Go, statically linked"},
    {"machine", "of another class or machine"},
    {"secure", "setuid or the like: LD_PRELOAD is ignored"},
    {"musl", "musl does not read /etc/ld.so.preload"},
    {"not-visible", "the library is not in its root"},
    {"root", "not enabled in its own root"},
    {"started-before", "started before it was enabled"},
    {"environment", "no LD_PRELOAD in its environment"},
};

const char *lg_why_word(enum lg_why why)
{
    return words[why].word;
}

const char *lg_why_text(enum lg_why why)
{
    return words[why].text;
}

/* Of the executable. */
struct program {
    bool known;
    bool dynamic;
    bool go;
    enum lg_libc libc;
    struct lg_program_kind kind;
};

/* The link of /proc leads to the file itself, whatever root it is in, and a program is a regular file. */
static void read_program(int process, struct program *program)
{
    uint64_t budget_bytes = READ_BYTES_MAX;
    struct lg_elf_file file = {openat(process, "exe", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), &budget_bytes};
    struct lg_elf *elf = calloc(1, sizeof(*elf));
    struct stat status;
    const char *why;

    *program = (struct program){.known = false};
    if (elf && file.fd >= 0 && fstat(file.fd, &status) == 0) {
        program->known = lg_elf_file_open(elf, &file, (uint64_t)status.st_size, &why) == LG_ELF_OK;
        if (program->known) {
            lg_kind_fill(&program->kind, elf);
            program->dynamic = elf->interpreter != NULL;
            program->libc = program->dynamic ? lg_program_libc(elf) : LG_LIBC_UNKNOWN;
            program->go = !program->dynamic && lg_elf_is_go(elf);
        }
        lg_elf_close(elf);
    }
    free(elf);
    if (file.fd >= 0)
        close(file.fd);
}

static bool is_secure(int process, const struct program *program)
{
    char bytes[4096];
    ssize_t length = lg_process_read(process, "auxv", bytes, sizeof(bytes));
    uint64_t secure = 0;

    return length > 0 &&
           lg_auxv_value((struct lg_text){bytes, (size_t)length}, program->kind.bits, AT_SECURE, &secure) &&
           secure != 0;
}

/* Our library in a list of the loader, and whether that file is there in the process's root. */
struct listed {
    bool is;
    bool there;
};

static struct listed find_in_list(int process, struct lg_text list)
{
    struct listed listed = {false, false};
    struct lg_text name;
    size_t at = 0;
    char path[PATH_MAX];

    while (!listed.there && lg_preload_text_next(list, &at, &name)) {
        int fd;

        if (!lg_preload_is_ours(name))
            continue;
        listed.is = true;
        snprintf(path, sizeof(path), "%.*s", (int)name.length_bytes, name.at);
        /* a name alone, and $LIB, are for the loader to look up */
        fd = path[0] == '/' && !strchr(path, '$') ? lg_process_find(process, path, true) : -1;
        listed.there = fd >= 0 || path[0] != '/' || strchr(path, '$');
        if (fd >= 0)
            close(fd);
    }
    return listed;
}

static struct listed find_in_environment(int process)
{
    char *text = malloc(ENVIRON_BYTES_MAX);
    ssize_t length = text ? lg_process_read(process, "environ", text, ENVIRON_BYTES_MAX) : -1;
    struct lg_text all = {text, length > 0 ? (size_t)length : 0};
    struct listed listed = find_in_list(process, lg_environ_value(all, "LD_PRELOAD"));

    free(text);
    return listed;
}

/* In *changed_s the time of the last change of the file. */
static struct listed find_enabled(int process, double *changed_s)
{
    struct listed listed = {false, false};
    struct stat status;
    char *text = malloc(PRELOAD_BYTES_MAX);
    ssize_t length = text ? lg_process_read_file(process, LG_PRELOAD_FILE, text, PRELOAD_BYTES_MAX, &status) : -1;

    if (length > 0) {
        listed = find_in_list(process, (struct lg_text){text, (size_t)length});
        *changed_s = (double)status.st_ctim.tv_sec + (double)status.st_ctim.tv_nsec / 1e9;
    }
    free(text);
    return listed;
}

static bool started_before(int process, const struct lg_why_facts *facts, double moment_s)
{
    char text[1024];
    ssize_t length = lg_process_read(process, "stat", text, sizeof(text));
    uint64_t ticks;

    return length > 0 && lg_stat_start((struct lg_text){text, (size_t)length}, &ticks) &&
           facts->boot_s + (double)ticks / facts->tick_per_s < moment_s + CLOCK_SLACK_S;
}

/* Of a program that the loader could give the library. */
static enum lg_why why_not_loaded(int process, const struct program *program, const struct lg_why_facts *facts)
{
    double changed_s = 0;
    struct listed enabled = find_enabled(process, &changed_s), asked;

    if (enabled.is && program->libc != LG_LIBC_MUSL) {
        if (!enabled.there)
            return LG_WHY_NOT_VISIBLE;
        return started_before(process, facts, changed_s) ? LG_WHY_STARTED_BEFORE : LG_WHY_UNKNOWN;
    }
    if (is_secure(process, program))
        return LG_WHY_SECURE;
    asked = find_in_environment(process);
    if (asked.is)
        return asked.there ? LG_WHY_UNKNOWN : LG_WHY_NOT_VISIBLE;
    if (enabled.is)
        return LG_WHY_MUSL;
    return facts->enabled ? LG_WHY_ROOT : LG_WHY_ENVIRONMENT;
}

enum lg_why lg_why(int process, const struct lg_why_facts *facts)
{
    struct program program;

    read_program(process, &program);
    if (!program.known)
        return LG_WHY_UNKNOWN;
    if (program.go)
        return LG_WHY_GO;
    if (!program.dynamic)
        return LG_WHY_STATIC;
    if (!lg_kind_is_same(&program.kind, &facts->library))
        return LG_WHY_MACHINE;
    return why_not_loaded(process, &program, facts);
}

static double seconds_of(clockid_t clock)
{
    struct timespec now = {0, 0};

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void lg_why_facts_read(struct lg_why_facts *facts)
{
    int process = lg_process_open(getpid());
    double changed_s;

    *facts = (struct lg_why_facts){.tick_per_s = (double)sysconf(_SC_CLK_TCK)};
    facts->boot_s = seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME);
    lg_kind_of_library(&facts->library, NULL);
    if (process >= 0) {
        facts->enabled = find_enabled(process, &changed_s).is;
        close(process);
    }
}
