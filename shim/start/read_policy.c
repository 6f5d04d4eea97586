/* SPDX-License-Identifier: MIT */
#include "shim/start/read_policy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/parse.h"
#include "policy/print.h"
#include "policy/text.h"
#include "shim/base/names.h"
#include "shim/start/note.h"
#include "shim/start/trusted.h"

/*
 * Instead of a policy that cannot be used: less intervention than any policy may have asked for. What
 * becomes of its log is not known either; nobody has asked for records on every program's standard error.
 */
#define FALLBACK        "observe on linger-zero"
#define FALLBACK_SILENT "log syslog; " FALLBACK

#define NAMES_MAX     4096u /* that are looked at in policy.d: bounded work */
#define PREFIX_LENGTH (sizeof LG_POLICY_D)

static void note_error(void *context, const struct lg_policy_error *error)
{
    struct lg_reading *reading = context;

    if (reading->line.used_bytes == 0)
        lg_policy_error_print(error, false, lg_line_put, &reading->line);
}

static void start_line(struct lg_reading *reading)
{
    memset(reading->first, 0, sizeof reading->first);
    lg_line_init(&reading->line, reading->first, sizeof reading->first - 1);
}

/* Without its line end, terminated. */
static void end_line(struct lg_reading *reading)
{
    struct lg_line *line = &reading->line;

    if (line->used_bytes > 0 && line->at[line->used_bytes - 1] == '\n')
        line->used_bytes--;
    line->at[line->used_bytes] = '\0';
}

static const char *file_problem(int error)
{
    const char *name = lg_errno_name(error);

    if (error == EFBIG)
        return "the policy is longer than 1 MiB";
    if (error == EINVAL)
        return "not a regular file";
    if (error == EPERM)
        return "not root's alone: for a process with more rights than its user's root must own the file and its "
               "directories, and nobody else may write to them";
    return name ? name : "error";
}

/* An error of the file itself takes the place of an error in its text. */
static void note_file_error(struct lg_reading *reading, const char *name, int error)
{
    if (reading->line.used_bytes > 0)
        return;
    lg_line_word(&reading->line, name);
    lg_line_word(&reading->line, ": ");
    lg_line_word(&reading->line, file_problem(error));
}

/* What fstat says of the size may be 0 for a file that is made as it is read. */
static bool is_whole(const struct lg_file_id *id, size_t length)
{
    return length > 0 && (int64_t)length == id->size_bytes;
}

/*
 * Reads a whole file and closes it; `fd` may be an error of its opening. Returns its length, or a
 * negative errno: -EFBIG when it is too long for a policy.
 */
static long read_file(int fd, struct lg_file_id *id, char *text, size_t size)
{
    size_t length = 0;
    long got = 1;

    if (fd < 0)
        return fd;
    if (lg_sys_fstat(fd, id) == 0 && !S_ISREG(id->mode))
        got = S_ISDIR(id->mode) ? -EISDIR : -EINVAL;
    while (got > 0 && length < size && !is_whole(id, length)) {
        got = lg_sys_read(fd, text + length, size - length);
        if (got > 0)
            length += (size_t)got;
        else if (got == -EINTR)
            got = 1;
    }
    lg_sys_close(fd);
    if (got < 0)
        return got;
    return length == size ? -EFBIG : (long)length;
}

static unsigned parse(struct lg_reading *reading, enum lg_source_kind kind, const char *name, struct lg_text text)
{
    const struct lg_source source = {kind, lg_text_of(name)};

    return lg_policy_parse(&reading->policy, &source, text, note_error, reading);
}

/* A FIFO must not hold the program up. */
static int open_main(const struct lg_sources *sources)
{
    if (!sources->path)
        return -ENAMETOOLONG;
    return sources->secure ? lg_trusted_open(sources->path, O_RDONLY)
                           : lg_sys_open(sources->path, O_RDONLY | O_NONBLOCK, 0);
}

static void read_main(struct lg_reading *reading, const struct lg_sources *sources)
{
    int fd = open_main(sources);
    long length;

    if (fd == -ENOENT && sources->path_is_system)
        return;
    length = read_file(fd, &reading->main_id, reading->main_text, sizeof reading->main_text);
    if (length >= 0) {
        reading->errors +=
            parse(reading, LG_SOURCE_FILE, sources->name, lg_text_make(reading->main_text, (size_t)length));
        return;
    }
    reading->errors++;
    note_file_error(reading, sources->name, (int)-length);
}

/* ---- policy.d ---- */

static int compare(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

/* Puts the path in `place` where it belongs; beyond the greatest number the last of them is left out. */
static void sort_in(struct lg_reading *reading, uint8_t place)
{
    unsigned at = reading->part_count;

    for (; at > 0 && compare(reading->parts[place], reading->parts[reading->part_order[at - 1]]) < 0; at--)
        reading->part_order[at] = reading->part_order[at - 1];
    reading->part_order[at] = place;
    if (reading->part_count < LG_POLICY_D_MAX)
        reading->part_count++;
}

static bool add_part(void *context, const char *name)
{
    struct lg_reading *reading = context;
    bool is_full = reading->part_count == LG_POLICY_D_MAX;
    uint8_t place = is_full ? reading->part_order[LG_POLICY_D_MAX] : (uint8_t)reading->part_count;

    if (reading->names_seen++ == NAMES_MAX)
        return false;
    if (!lg_policy_d_has(name) || strlen(name) >= LG_NAME_BYTES)
        return true;
    reading->skipped_part |= is_full;
    memcpy(reading->parts[place], LG_POLICY_D "/", PREFIX_LENGTH);
    memcpy(reading->parts[place] + PREFIX_LENGTH, name, strlen(name) + 1);
    sort_in(reading, place);
    return true;
}

static void leave_out(struct lg_reading *reading, const char *path)
{
    end_line(reading);
    reading->skipped_part = true;
    lg_note("left out: ", reading->first[0] ? reading->first : path, NULL,
            "; lingerguard check-policy shows every error with its line");
}

static void read_part(struct lg_reading *reading, int directory, const char *path, bool secure)
{
    char *text = reading->parts_text + reading->parts_bytes;
    struct lg_file_id id = {0};
    const char *name = path + PREFIX_LENGTH;
    int fd = secure
                 ? lg_trusted_open_in(directory, name)
                 : (int)lg_syscall4(SYS_openat, directory, (long)name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0);
    long length = read_file(fd, &id, text, sizeof reading->parts_text - reading->parts_bytes);

    start_line(reading);
    if (length < 0)
        note_file_error(reading, path, (int)-length);
    else if (parse(reading, LG_SOURCE_RULES_FILE, path, lg_text_make(text, (size_t)length)) == 0)
        reading->parts_bytes += (size_t)length;
    if (reading->line.used_bytes > 0)
        leave_out(reading, path);
}

static void read_parts(struct lg_reading *reading, bool secure)
{
    int fd = secure ? lg_trusted_open(LG_POLICY_D, O_RDONLY | O_DIRECTORY)
                    : lg_sys_open(LG_POLICY_D, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);

    if (fd == -ENOENT || (fd < 0 && !lg_sys_is_there(LG_POLICY_D)))
        return;
    if (fd < 0) {
        note_file_error(reading, LG_POLICY_D, -fd);
        leave_out(reading, "");
        return;
    }
    lg_sys_fstat(fd, &reading->directory_id);
    reading->part_order[LG_POLICY_D_MAX] = LG_POLICY_D_MAX;
    if (lg_names(fd, add_part, reading) == 1 || reading->skipped_part) {
        reading->skipped_part = true;
        lg_note("there is more in policy.d than 64 files, and the last ones are left out", NULL, NULL, NULL);
    }
    for (unsigned i = 0; i < reading->part_count; i++)
        read_part(reading, fd, reading->parts[reading->part_order[i]], secure);
    lg_sys_close(fd);
}

/* ---- */

bool lg_policy_read(struct lg_reading *reading, const struct lg_sources *sources)
{
    lg_policy_init(&reading->policy);
    start_line(reading);
    if (sources->rules.at)
        reading->errors += parse(reading, LG_SOURCE_RULES, "rules", sources->rules);
    if (reading->errors == 0 && sources->name) {
        read_parts(reading, sources->secure);
        start_line(reading);
    }
    if (sources->name)
        read_main(reading, sources);
    end_line(reading);
    return reading->errors == 0;
}

static void note_policy_errors(const struct lg_reading *reading)
{
    char more[64];
    struct lg_line count;

    lg_line_init(&count, more, sizeof more - 1);
    if (reading->errors > 1) {
        lg_line_word(&count, " (and ");
        lg_line_number(&count, (int64_t)reading->errors - 1);
        lg_line_word(&count, " more)");
    }
    more[count.used_bytes] = '\0';
    lg_note("the policy cannot be used, so linger-zero is observed and the rest allowed: ", reading->first, more,
            "; lingerguard check-policy shows every error with its line");
}

/* It is tried again when its file changes. */
void lg_policy_fall_back(struct lg_reading *reading, const struct lg_sources *sources)
{
    note_policy_errors(reading);
    if (sources->path && reading->main_id.inode == 0)
        lg_sys_stat(sources->path, &reading->main_id);
    lg_policy_init(&reading->policy);
    parse(reading, LG_SOURCE_FILE, "fallback", lg_text_of(sources->preloaded ? FALLBACK : FALLBACK_SILENT));
}
