/* SPDX-License-Identifier: MIT */
#include "shim/command/report/input.h"
#include "shim/command/common/output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES (4u * LG_REPORT_LINE_BYTES_MAX)

/* Lines of one input on their way to the aggregate. */
struct stream {
    const char *name;
    int fd;
    uint64_t line;    /* number of the line that comes next, from 1 */
    bool is_skipping; /* inside of a line that is too long */
    uint64_t text_lines;
    size_t used_bytes;
    char buffer[BUFFER_BYTES];
};

/* The reader that a compressed file needs, or NULL. */
static const char *reader_of(const struct stream *stream)
{
    static const struct {
        const char *magic;
        const char *reader;
    } kinds[] = {
        {"\x1f\x8b", "zcat"},
        {"\x28\xb5\x2f\xfd", "zstdcat"},
        {"\xfd"
         "7zXZ",
         "xzcat"},
        {"BZh", "bzcat"},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t length = strlen(kinds[i].magic);
        if (stream->used_bytes >= length && memcmp(stream->buffer, kinds[i].magic, length) == 0)
            return kinds[i].reader;
    }
    return NULL;
}

/* Returns the bytes added, 0 at the end, or a negative errno. */
static ssize_t fill(struct stream *stream)
{
    ssize_t got;

    do
        got = read(stream->fd, stream->buffer + stream->used_bytes, BUFFER_BYTES - stream->used_bytes);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    stream->used_bytes += (size_t)got;
    return got;
}

static void count_line(struct lg_report_inputs *inputs, struct lg_aggregate *aggregate, struct stream *stream,
                       struct lg_text line)
{
    enum lg_report_line kind = LG_REPORT_LINE_TOO_LONG;

    if (stream->is_skipping)
        lg_aggregate_skip(aggregate);
    else
        kind = lg_aggregate_line(aggregate, line);
    if (kind > LG_REPORT_LINE_BLANK && inputs->broken_name == NULL) {
        inputs->broken_name = stream->name;
        inputs->broken_line = stream->line;
        inputs->broken_kind = kind;
    }
    stream->text_lines += kind == LG_REPORT_LINE_TEXT;
    stream->is_skipping = false;
    stream->line++;
}

/* Counts what is complete and moves the rest to the front. */
static void count_lines(struct lg_report_inputs *inputs, struct lg_aggregate *aggregate, struct stream *stream)
{
    const char *at = stream->buffer;
    const char *end = stream->buffer + stream->used_bytes;
    const char *newline;

    while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        count_line(inputs, aggregate, stream, (struct lg_text){at, (size_t)(newline - at)});
        at = newline + 1;
    }
    stream->used_bytes = (size_t)(end - at);
    if (stream->used_bytes > LG_REPORT_LINE_BYTES_MAX) {
        stream->is_skipping = true;
        stream->used_bytes = 0;
    }
    memmove(stream->buffer, at, stream->used_bytes);
}

static int read_stream(struct lg_report_inputs *inputs, struct lg_aggregate *aggregate, struct stream *stream)
{
    const char *reader;
    ssize_t got;

    /* A pipe may give a byte at a time; the longest magic number has six. */
    do
        got = fill(stream);
    while (got > 0 && stream->used_bytes < 6);
    reader = reader_of(stream);
    if (reader != NULL) {
        bool is_stdin = stream->fd == STDIN_FILENO;
        lg_say_error("%s: compressed; try: %s%s%s | lingerguard report", stream->name, reader, is_stdin ? "" : " ",
                     is_stdin ? "" : stream->name);
        return -EINVAL;
    }
    while (got > 0) {
        count_lines(inputs, aggregate, stream);
        got = fill(stream);
    }
    count_lines(inputs, aggregate, stream);
    if (stream->used_bytes > 0 || stream->is_skipping)
        count_line(inputs, aggregate, stream, (struct lg_text){stream->buffer, stream->used_bytes});
    if (got < 0)
        lg_say_error("%s: %s", stream->name, strerror((int)-got));
    return (int)got;
}

static void hint_at_json(struct lg_report_inputs *inputs, const struct stream *stream)
{
    if (stream->text_lines == 0)
        return;
    inputs->text++;
    lg_say_error("%s: %llu line%s in format text, which a report cannot read; records are json with 'format json' in "
                 "the policy, LINGERGUARD_FORMAT=json or lingerguard run -f json",
                 stream->name, (unsigned long long)stream->text_lines, stream->text_lines == 1 ? " is" : "s are");
}

void lg_report_input_read(struct lg_report_inputs *inputs, struct lg_aggregate *aggregate, const char *name)
{
    static struct stream stream; /* large; one input is read at a time */
    bool is_stdin = strcmp(name, "-") == 0;

    stream.name = is_stdin ? "standard input" : name;
    stream.fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    stream.line = 1;
    stream.is_skipping = false;
    stream.text_lines = 0;
    stream.used_bytes = 0;
    if (stream.fd < 0) {
        lg_say_error("%s: %s", name, strerror(errno));
        inputs->unreadable++;
        return;
    }
    if (read_stream(inputs, aggregate, &stream) < 0)
        inputs->unreadable++;
    else
        inputs->read++;
    hint_at_json(inputs, &stream);
    if (!is_stdin)
        close(stream.fd);
}
