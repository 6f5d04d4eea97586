/* SPDX-License-Identifier: MIT */
#include "shim/command/processes/lines.h"
#include "policy/text.h"

bool lg_line_next(struct lg_text *rest, struct lg_text *line)
{
    if (rest->length_bytes == 0)
        return false;
    *line = lg_text_make(rest->at, lg_text_find(*rest, '\n'));
    *rest = lg_text_skip(*rest, line->length_bytes + (line->length_bytes < rest->length_bytes));
    return true;
}

/* The next word of *rest between blanks; empty at the end. */
static struct lg_text take_word(struct lg_text *rest)
{
    struct lg_text word;

    while (rest->length_bytes > 0 && (rest->at[0] == ' ' || rest->at[0] == '\t'))
        *rest = lg_text_skip(*rest, 1);
    word = *rest;
    word.length_bytes = 0;
    while (word.length_bytes < rest->length_bytes && rest->at[word.length_bytes] != ' ' &&
           rest->at[word.length_bytes] != '\t')
        word.length_bytes++;
    *rest = lg_text_skip(*rest, word.length_bytes);
    return word;
}

static int digit_of(char byte)
{
    if (lg_byte_is_digit(byte))
        return byte - '0';
    byte = lg_byte_to_lower(byte);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : 16;
}

/* The whole of `word` as a number of this base; false where it is none, or too long. */
static bool read_number(struct lg_text word, unsigned base, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < word.length_bytes; i++) {
        unsigned digit = (unsigned)digit_of(word.at[i]);

        if (digit >= base || *number > (UINT64_MAX - digit) / base)
            return false;
        *number = *number * base + digit;
    }
    return word.length_bytes > 0;
}

static bool ends_in(struct lg_text text, const char *end)
{
    size_t length = strlen(end);

    return text.length_bytes >= length && memcmp(lg_text_end(text) - length, end, length) == 0;
}

struct lg_text lg_path_without_deleted(struct lg_text path, bool *deleted)
{
    static const char mark[] = " (deleted)";

    *deleted = ends_in(path, mark);
    if (*deleted)
        path.length_bytes -= sizeof(mark) - 1;
    return path;
}

/* START-END PERMISSIONS OFFSET DEVICE INODE [PATH], which may have blanks in it */
bool lg_mapping_parse(struct lg_text line, struct lg_mapping *mapping)
{
    struct lg_text range = take_word(&line), permissions = take_word(&line);
    size_t dash = lg_text_find(range, '-');

    if (dash == range.length_bytes || permissions.length_bytes != 4 ||
        !read_number(lg_text_make(range.at, dash), 16, &mapping->start) ||
        !read_number(lg_text_skip(range, dash + 1), 16, &mapping->end) || mapping->end < mapping->start)
        return false;
    mapping->readable = permissions.at[0] == 'r';
    mapping->writable = permissions.at[1] == 'w';
    mapping->executable = permissions.at[2] == 'x';
    for (unsigned i = 0; i < 3; i++) {
        if (take_word(&line).length_bytes == 0)
            return false;
    }
    while (line.length_bytes > 0 && line.at[0] == ' ')
        line = lg_text_skip(line, 1);
    mapping->path = lg_path_without_deleted(line, &mapping->deleted);
    return true;
}

static bool is_container_id(struct lg_text part)
{
    for (size_t i = 0; i < part.length_bytes; i++) {
        if (digit_of(part.at[i]) == 16)
            return false;
    }
    return part.length_bytes >= 12;
}

static bool is_unit(struct lg_text part)
{
    return ends_in(part, ".service") || ends_in(part, ".scope") || ends_in(part, ".socket") ||
           ends_in(part, ".mount") || ends_in(part, ".swap") || is_container_id(part);
}

static struct lg_text last_unit(struct lg_text path)
{
    struct lg_text found = {NULL, 0};

    while (path.length_bytes > 0) {
        struct lg_text part = {path.at, lg_text_find(path, '/')};

        if (is_unit(part))
            found = part;
        path = lg_text_skip(path, part.length_bytes + (part.length_bytes < path.length_bytes));
    }
    return found;
}

/* ID:CONTROLLERS:PATH; the unified one is 0 and has no controllers */
struct lg_text lg_cgroup_unit(struct lg_text text)
{
    struct lg_text line, unit = {NULL, 0};

    while (lg_line_next(&text, &line)) {
        size_t first = lg_text_find(line, ':');
        struct lg_text rest = lg_text_skip(line, first + (first < line.length_bytes));
        size_t second = lg_text_find(rest, ':');
        struct lg_text controllers = {rest.at, second}, found;
        bool unified = controllers.length_bytes == 0 && first == 1 && line.at[0] == '0';

        if (second == rest.length_bytes || (!unified && !lg_text_is_word(controllers, "name=systemd")))
            continue;
        found = last_unit(lg_text_skip(rest, second + 1));
        if (found.at && (unified || !unit.at))
            unit = found;
    }
    return unit;
}

struct lg_text lg_environ_value(struct lg_text text, const char *name)
{
    size_t length = strlen(name);

    while (text.length_bytes > 0) {
        struct lg_text entry = {text.at, lg_text_find(text, '\0')};

        if (entry.length_bytes > length && memcmp(entry.at, name, length) == 0 && entry.at[length] == '=')
            return lg_text_skip(entry, length + 1);
        text = lg_text_skip(text, entry.length_bytes + (entry.length_bytes < text.length_bytes));
    }
    return (struct lg_text){NULL, 0};
}

/* PID (NAME) STATE ...: the name may hold anything, so the last parenthesis ends it; then the 20th word */
bool lg_stat_start(struct lg_text text, uint64_t *ticks)
{
    size_t end = text.length_bytes;
    struct lg_text rest, word = {NULL, 0};

    while (end > 0 && text.at[end - 1] != ')')
        end--;
    rest = lg_text_skip(text, end);
    for (unsigned i = 0; i < 20; i++)
        word = take_word(&rest);
    return end > 0 && read_number(word, 10, ticks);
}

unsigned lg_status_numbers(struct lg_text text, const char *name, uint32_t *numbers, unsigned room)
{
    size_t length = strlen(name);
    struct lg_text line;
    unsigned count = 0;
    uint64_t number;

    while (lg_line_next(&text, &line)) {
        if (line.length_bytes < length || memcmp(line.at, name, length) != 0)
            continue;
        line = lg_text_skip(line, length);
        while (count < room && read_number(take_word(&line), 10, &number))
            numbers[count++] = (uint32_t)number;
        break;
    }
    return count;
}

bool lg_auxv_value(struct lg_text bytes, unsigned bits, uint64_t type, uint64_t *value)
{
    size_t size = bits / 8;

    for (; bytes.length_bytes >= 2 * size; bytes = lg_text_skip(bytes, 2 * size)) {
        uint64_t pair[2] = {0, 0};
        uint32_t narrow[2];

        if (bits == 64) {
            memcpy(pair, bytes.at, sizeof(pair));
        } else {
            memcpy(narrow, bytes.at, sizeof(narrow));
            pair[0] = narrow[0];
            pair[1] = narrow[1];
        }
        if (pair[0] != type)
            continue;
        *value = pair[1];
        return true;
    }
    return false;
}
