/* SPDX-License-Identifier: MIT */
#include "shim/command/drainer/record.h"

#include "policy/print.h"
#include "policy/text.h"
#include "shim/command/drainer/message.h"

#define TEXT_BYTES_MAX 512 /* of one text, escaped; together they leave room for the rest of the line */

#define TEXT(field) lg_message_text(field, sizeof(field))

static const char *const outcomes[LG_DRAINED_COUNT] = {"drained", "deadline", "peer-reset", "orderly"};

static void key(struct lg_line *line, const char *name)
{
    lg_line_word(line, line->used_bytes > 1 ? ",\"" : "\"");
    lg_line_word(line, name);
    lg_line_word(line, "\":");
}

static void key_text(struct lg_line *line, const char *name, struct lg_text text)
{
    if (text.length_bytes == 0)
        return;
    key(line, name);
    lg_line_json_string(line, text, TEXT_BYTES_MAX);
}

static void key_word(struct lg_line *line, const char *name, const char *word)
{
    key_text(line, name, lg_text_of(word));
}

static void key_number(struct lg_line *line, const char *name, uint64_t number)
{
    key(line, name);
    lg_line_number(line, number > INT64_MAX ? INT64_MAX : (int64_t)number);
}

static void key_address(struct lg_line *line, const char *name, const struct lg_address *address)
{
    if (address->family == 0)
        return;
    key(line, name);
    lg_line_word(line, "\"");
    lg_address_print(address, lg_line_put, line);
    lg_line_word(line, "\"");
}

static void json_time(struct lg_line *line, const struct lg_drainer_stamp *stamp)
{
    lg_line_word(line, "{");
    key(line, "time");
    lg_line_word(line, "\"");
    lg_line_time(line, stamp->seconds, stamp->nanoseconds);
    lg_line_word(line, "\"");
}

static void put_hex8(struct lg_line *line, uint32_t number)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        lg_line_bytes(line, &"0123456789abcdef"[number >> shift & 15], 1);
}

static void json_sender(struct lg_line *line, const struct lg_entry *entry)
{
    const struct lg_hand_off *message = &entry->message;

    if (message->pid > 0)
        key_number(line, "pid", (uint64_t)message->pid);
    if (message->tid > 0)
        key_number(line, "tid", (uint64_t)message->tid);
    key_text(line, "exe", TEXT(message->exe));
    key_text(line, "call", TEXT(message->call));
    if (entry->cookie > 0)
        key_number(line, "socket", entry->cookie);
    key_text(line, "cause", TEXT(message->cause));
    key_word(line, "verdict", "drain");
    key_text(line, "rule", TEXT(message->rule));
    if (message->policy == 0)
        return;
    key(line, "policy");
    lg_line_word(line, "\"");
    put_hex8(line, message->policy);
    lg_line_word(line, "\"");
}

static void json_end(struct lg_line *line, const struct lg_drainer_stamp *stamp, const struct lg_entry *entry,
                     enum lg_drained end, int64_t unsent_bytes, uint64_t elapsed_ms)
{
    json_time(line, stamp);
    json_sender(line, entry);
    key_word(line, "outcome", outcomes[end]);
    key_address(line, "local", &entry->local);
    key_address(line, "peer", &entry->peer);
    key_number(line, "unsent_bytes", (uint64_t)unsent_bytes);
    key_number(line, "drained_bytes", entry->drained_bytes);
    key_number(line, "elapsed_ms", elapsed_ms);
    if (stamp->dropped > 0)
        key_number(line, "suppressed", stamp->dropped);
    lg_line_word(line, "}\n");
}

static struct lg_text basename_of(struct lg_text path)
{
    for (size_t i = path.length_bytes; i > 0; i--) {
        if (path.at[i - 1] == '/')
            return (struct lg_text){path.at + i, path.length_bytes - i};
    }
    return path;
}

static void text_head(struct lg_line *line, const struct lg_drainer_stamp *stamp, struct lg_text exe, int pid)
{
    lg_line_time(line, stamp->seconds, stamp->nanoseconds);
    lg_line_word(line, " lingerguard: ");
    lg_line_escaped(line, basename_of(exe), TEXT_BYTES_MAX);
    lg_line_word(line, "[");
    lg_line_number(line, pid);
    lg_line_word(line, "]: ");
}

static void text_number(struct lg_line *line, const char *before, uint64_t number, const char *behind)
{
    lg_line_word(line, before);
    lg_line_number(line, number > INT64_MAX ? INT64_MAX : (int64_t)number);
    lg_line_word(line, behind);
}

static void text_address(struct lg_line *line, const char *name, const struct lg_address *address)
{
    if (address->family == 0)
        return;
    lg_line_word(line, name);
    lg_address_print(address, lg_line_put, line);
}

static void text_dropped(struct lg_line *line, const struct lg_drainer_stamp *stamp)
{
    if (stamp->dropped > 0)
        text_number(line, "; ", stamp->dropped, " lines dropped before this one");
    lg_line_word(line, "\n");
}

static void text_end(struct lg_line *line, const struct lg_drainer_stamp *stamp, const struct lg_entry *entry,
                     enum lg_drained end, int64_t unsent_bytes, uint64_t elapsed_ms)
{
    static const char *const sentences[LG_DRAINED_COUNT] = {
        "handed over and drained until the peer's FIN",
        "handed over, the peer was not done at the deadline",
        "handed over, the peer reset the connection",
        "handed over and released in order before its time",
    };
    const struct lg_hand_off *message = &entry->message;

    text_head(line, stamp, TEXT(message->exe), message->pid);
    lg_line_escaped(line, TEXT(message->cause), TEXT_BYTES_MAX);
    lg_line_word(line, ": ");
    lg_line_word(line, sentences[end]);
    if (unsent_bytes > 0)
        text_number(line, ", ", (uint64_t)unsent_bytes, " bytes unsent");
    if (entry->drained_bytes > 0)
        text_number(line, ", ", entry->drained_bytes, " bytes discarded");
    text_number(line, ", after ", elapsed_ms, " ms");
    text_number(line, "; socket ", entry->cookie, "");
    text_address(line, ", local ", &entry->local);
    text_address(line, ", peer ", &entry->peer);
    lg_line_word(line, "; drain ");
    lg_duration_print(message->limit_ms, lg_line_put, line);
    lg_line_word(line, " by ");
    lg_line_escaped(line, TEXT(message->rule), TEXT_BYTES_MAX);
    text_dropped(line, stamp);
}

void lg_drainer_format(struct lg_line *line, enum lg_format format, const struct lg_drainer_stamp *stamp,
                       const struct lg_entry *entry, enum lg_drained end, int64_t unsent_bytes, uint64_t elapsed_ms)
{
    (format == LG_FORMAT_JSON ? json_end : text_end)(line, stamp, entry, end, unsent_bytes, elapsed_ms);
}

/* The counts under their names, which are the same in both formats. */
static void put_counts(struct lg_line *line, const struct lg_drainer_counts *counts, uint32_t open, unsigned links,
                       void (*put)(struct lg_line *, const char *, uint64_t))
{
    put(line, "open", open);
    put(line, "links", links);
    put(line, "most", counts->most);
    put(line, "handed", counts->handed);
    put(line, "drained", counts->ended[LG_DRAINED]);
    put(line, "deadline", counts->ended[LG_DRAINED_DEADLINE]);
    put(line, "peer_reset", counts->ended[LG_DRAINED_PEER_RESET]);
    put(line, "orderly", counts->ended[LG_DRAINED_ORDERLY]);
    put(line, "no_room", counts->no_room);
    put(line, "other_reader", counts->other_reader);
    put(line, "refused_senders", counts->refused_senders);
    put(line, "refused_messages", counts->refused_messages);
    put(line, "drained_bytes", counts->drained_bytes);
}

static void text_count(struct lg_line *line, const char *name, uint64_t number)
{
    lg_line_word(line, " ");
    lg_line_word(line, name);
    text_number(line, "=", number, "");
}

static void own_head(struct lg_line *line, enum lg_format format, const struct lg_drainer_stamp *stamp)
{
    struct lg_text exe = lg_text_of(stamp->exe);

    if (format == LG_FORMAT_TEXT) {
        text_head(line, stamp, exe, stamp->pid);
        return;
    }
    json_time(line, stamp);
    key_number(line, "pid", (uint64_t)stamp->pid);
    key_text(line, "exe", exe);
}

void lg_drainer_format_counts(struct lg_line *line, enum lg_format format, const struct lg_drainer_stamp *stamp,
                              const struct lg_drainer_counts *counts, uint32_t open, unsigned links)
{
    own_head(line, format, stamp);
    if (format == LG_FORMAT_TEXT) {
        lg_line_word(line, "drainer:");
        put_counts(line, counts, open, links, text_count);
        text_dropped(line, stamp);
        return;
    }
    key_word(line, "counts", "drainer");
    put_counts(line, counts, open, links, key_number);
    if (stamp->dropped > 0)
        key_number(line, "suppressed", stamp->dropped);
    lg_line_word(line, "}\n");
}

void lg_drainer_format_note(struct lg_line *line, enum lg_format format, const struct lg_drainer_stamp *stamp,
                            const char *note)
{
    own_head(line, format, stamp);
    if (format == LG_FORMAT_TEXT) {
        lg_line_word(line, note);
        text_dropped(line, stamp);
        return;
    }
    key_word(line, "error", note);
    lg_line_word(line, "}\n");
}
