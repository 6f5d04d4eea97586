/* SPDX-License-Identifier: MIT */
/* The trace, line by line. */
#include "policy/text.h"
#include "shim/command/common/output.h"
#include "shim/command/report/resets/resets.h"

#include <errno.h>
#include <string.h>

/* One line without its end; what is longer than the room is read and cut. False at the end of the file. */
static bool read_line(FILE *file, char *room, size_t size, size_t *length)
{
    int c = getc_unlocked(file);

    *length = 0;
    if (c == EOF)
        return false;
    for (; c != EOF && c != '\n'; c = getc_unlocked(file)) {
        if (*length < size)
            room[(*length)++] = (char)c;
    }
    return true;
}

static bool read_lines(struct lg_resets *resets, FILE *file)
{
    char room[LG_TRACE_LINE_BYTES_MAX + 1];
    uint64_t number = 0;
    size_t length;

    while (read_line(file, room, sizeof(room), &length)) {
        if (!lg_resets_line(resets, lg_text_make(room, length), ++number)) {
            lg_say_error("report: out of memory");
            return false;
        }
    }
    if (ferror(file))
        lg_say_error("%s: %s", resets->name, strerror(errno));
    return !ferror(file);
}

bool lg_resets_read(struct lg_resets *resets)
{
    bool is_stdin = strcmp(resets->name, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(resets->name, "re");
    bool is_read;

    if (file == NULL) {
        lg_say_error("%s: %s", resets->name, strerror(errno));
        return false;
    }
    is_read = read_lines(resets, file);
    if (!is_stdin)
        fclose(file);
    if (is_read && resets->broken != 0)
        lg_say_error("%s:%llu: not a line of a trace: %s", resets->name, (unsigned long long)resets->broken_line,
                     resets->broken_why);
    return is_read;
}
