/* SPDX-License-Identifier: MIT */
#include "shim/command/report/resets/trace.h"
#include "policy/text.h"
#include "shim/command/common/address.h"
#include "shim/command/report/record.h"

#include <string.h>

bool lg_trace_is_blank(struct lg_text line)
{
    size_t at = 0;

    while (at < line.length_bytes && (line.at[at] == ' ' || line.at[at] == '\t' || line.at[at] == '\r'))
        at++;
    return at == line.length_bytes || line.at[at] == '#';
}

static bool read_number(struct lg_text text, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.length_bytes; i++) {
        unsigned digit = (unsigned)(text.at[i] - '0');

        if (digit > 9 || *number > (UINT64_MAX - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    return text.length_bytes > 0;
}

static bool read_answer(struct lg_text text, enum lg_answer *answer)
{
    *answer = lg_text_is_word(text, "1") ? LG_ANSWER_YES : LG_ANSWER_NO;
    return *answer == LG_ANSWER_YES || lg_text_is_word(text, "0");
}

static bool read_linger(struct lg_text text, enum lg_answer *zero)
{
    size_t comma = lg_text_find(text, ',');
    enum lg_answer on;
    uint64_t seconds;

    if (comma == text.length_bytes || !read_answer(lg_text_make(text.at, comma), &on) ||
        !read_number(lg_text_skip(text, comma + 1), &seconds))
        return false;
    *zero = on == LG_ANSWER_YES && seconds == 0 ? LG_ANSWER_YES : LG_ANSWER_NO;
    return true;
}

/* Of what the kernel and bpftrace print: names are words. */
static bool read_word(struct lg_text text, struct lg_text *word)
{
    *word = text;
    return text.length_bytes > 0;
}

static bool read_from(struct lg_text text, bool *is_packet)
{
    *is_packet = lg_text_is_word(text, "packet");
    return *is_packet || lg_text_is_word(text, "call");
}

enum key {
    KEY_FROM = 0,
    KEY_SOCKET,
    KEY_STATE,
    KEY_REASON,
    KEY_LOCAL,
    KEY_PEER,
    KEY_LINGER,
    KEY_ACCEPTED,
    KEY_SYN,
    KEY_PID,
    KEY_LIBRARY,
    KEY_COMM,
    KEY_COUNT /* always last: one that is not known */
};

/* What is said of a value that the key cannot have. */
static const struct {
    const char *name;
    const char *wrong;
} keys[KEY_COUNT] = {
    [KEY_FROM] = {"from", "from is call or packet"},
    [KEY_SOCKET] = {"socket", "socket is a number"},
    [KEY_STATE] = {"state", "state is a word"},
    [KEY_REASON] = {"reason", "reason is a word"},
    [KEY_LOCAL] = {"local", "local is ADDRESS:PORT"},
    [KEY_PEER] = {"peer", "peer is ADDRESS:PORT"},
    [KEY_LINGER] = {"linger", "linger is 0 or 1, a comma, and ticks"},
    [KEY_ACCEPTED] = {"accepted", "accepted is 0 or 1"},
    [KEY_SYN] = {"syn", "syn is 0 or 1"},
    [KEY_PID] = {"pid", "pid is a number"},
    [KEY_LIBRARY] = {"library", "library is 0 or 1"},
    [KEY_COMM] = {"comm", "comm is a name"},
};

static bool set_key(enum key key, struct lg_text value, struct lg_reset *reset)
{
    uint64_t pid;

    switch (key) {
    case KEY_FROM:
        return read_from(value, &reset->is_packet);
    case KEY_SOCKET:
        reset->has_socket = read_number(value, &reset->socket);
        return reset->has_socket;
    case KEY_STATE:
        return read_word(value, &reset->state);
    case KEY_REASON:
        return read_word(value, &reset->reason);
    case KEY_LOCAL:
        return lg_address_read(value, &reset->local);
    case KEY_PEER:
        return lg_address_read(value, &reset->peer);
    case KEY_LINGER:
        return read_linger(value, &reset->linger_zero);
    case KEY_ACCEPTED:
        return read_answer(value, &reset->accepted);
    case KEY_SYN:
        return read_answer(value, &reset->syn);
    case KEY_PID:
        return read_number(value, &pid);
    case KEY_LIBRARY:
        return read_answer(value, &reset->library);
    case KEY_COMM:
        reset->program = value;
        return true;
    case KEY_COUNT:
        break;
    }
    return true;
}

static enum key key_of(struct lg_text name)
{
    unsigned key = 0;

    while (key < KEY_COUNT && !lg_text_is_word(name, keys[key].name))
        key++;
    return (enum key)key;
}

/* The next KEY=VALUE, taken from the line; false where there is none. */
static bool take_pair(struct lg_text *line, enum key *key, struct lg_text *value)
{
    size_t equals = lg_text_find(*line, '=');
    size_t end = lg_text_find(*line, ' ');

    if (equals >= end)
        return false;
    *key = key_of(lg_text_make(line->at, equals));
    /* A name may hold blanks, and comes last for that reason. */
    if (*key == KEY_COMM)
        end = line->length_bytes;
    *value = lg_text_make(line->at + equals + 1, end - equals - 1);
    *line = lg_text_skip(*line, end < line->length_bytes ? end + 1 : end);
    return true;
}

const char *lg_trace_read(struct lg_text line, struct lg_reset *reset)
{
    size_t time_bytes = lg_text_find(line, ' ');
    unsigned seen = 0;
    enum key key;
    struct lg_text value;

    memset(reset, 0, sizeof(*reset));
    if (lg_text_find(line, '\0') != line.length_bytes)
        return "there is a NUL in it";
    if (!lg_time_read(lg_text_make(line.at, time_bytes), &reset->time_us))
        return "it starts with no time like 2026-11-23T18:59:01.123456Z";
    line = lg_text_skip(line, time_bytes < line.length_bytes ? time_bytes + 1 : time_bytes);
    while (line.length_bytes > 0) {
        if (!take_pair(&line, &key, &value))
            return "a word of it is not KEY=VALUE";
        if (key != KEY_COUNT && seen & 1u << key)
            return "a key is there twice";
        seen |= 1u << key;
        if (!set_key(key, value, reset))
            return keys[key].wrong;
    }
    return seen & 1u << KEY_FROM ? NULL : "from is missing";
}
