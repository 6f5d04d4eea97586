/* SPDX-License-Identifier: MIT */
#include "shim/record/format.h"

#include <string.h>

#include "policy/print.h"

/* Together they leave room for everything else within LG_RECORD_BYTES_MAX. */
#define EXE_BYTES_MAX    512
#define RULE_BYTES_MAX   256
#define CALLER_BYTES_MAX 512 /* one frame before escaping; further ones as far as they fit */
#define TAIL_BYTES       256 /* kept free for what follows a long string, the line's end included */

static const char *call_name(enum lg_call call)
{
    static const char *const names[LG_CALL_COUNT] = {
        "setsockopt", "close",   "dup2",    "dup3",    "close_range", "closefrom",
        "fclose",     "freopen", "syscall", "connect", "shutdown",
    };

    return (unsigned)call < LG_CALL_COUNT ? names[call] : "?";
}

static const char *outcome_name(enum lg_outcome outcome)
{
    static const char *const names[LG_OUTCOME_COUNT] = {
        "aborted", "rejected", "disarmed", "orderly", "lingered", "drained", "deadline", "peer-reset", "allowed",
    };

    return (unsigned)outcome < LG_OUTCOME_COUNT ? names[outcome] : "?";
}

static struct lg_text basename_of(struct lg_text path)
{
    for (size_t i = path.length_bytes; i > 0; i--) {
        if (path.at[i - 1] == '/')
            return (struct lg_text){path.at + i, path.length_bytes - i};
    }
    return path;
}

/* `print` of policy/print.h into a text of its own, so that it can be escaped. */
static struct lg_text printed_rule(const struct lg_policy *policy, const struct lg_decision *decision, char *out,
                                   size_t size)
{
    struct lg_line line;

    lg_line_init(&line, out, size);
    lg_decision_source_print(policy, decision, lg_line_put, &line);
    return (struct lg_text){out, line.used_bytes};
}

/* Room for a string of at most `max_bytes` that leaves the tail of the line its place. */
static size_t string_room(const struct lg_line *line, size_t max_bytes)
{
    size_t room = line->size_bytes - line->used_bytes;

    room = room > TAIL_BYTES ? room - TAIL_BYTES : 0;
    return room < max_bytes ? room : max_bytes;
}

/* JSON */

static void key(struct lg_line *line, const char *name)
{
    lg_line_bytes(line, line->used_bytes > 1 ? ",\"" : "\"", line->used_bytes > 1 ? 2 : 1);
    lg_line_word(line, name);
    lg_line_bytes(line, "\":", 2);
}

static void key_word(struct lg_line *line, const char *name, const char *word)
{
    if (!word)
        return;
    key(line, name);
    lg_line_bytes(line, "\"", 1);
    lg_line_word(line, word);
    lg_line_bytes(line, "\"", 1);
}

static void key_number(struct lg_line *line, const char *name, int64_t number)
{
    key(line, name);
    lg_line_number(line, number);
}

static void key_text(struct lg_line *line, const char *name, struct lg_text text, size_t max_bytes)
{
    if (!text.at)
        return;
    key(line, name);
    lg_line_json_string(line, text, string_room(line, max_bytes));
}

static void key_address(struct lg_line *line, const char *name, const struct lg_address *address)
{
    if (address->family == 0)
        return;
    key(line, name);
    lg_line_bytes(line, "\"", 1);
    lg_address_print(address, lg_line_put, line);
    lg_line_bytes(line, "\"", 1);
}

static void json_caller(struct lg_line *line, struct lg_text exe, const struct lg_frames *frames)
{
    char name[CALLER_BYTES_MAX];
    bool list = frames->count > 1;
    unsigned written = 0;

    for (unsigned i = 0; i < frames->count; i++) {
        size_t length = lg_caller_name(frames->address[i], exe, name, sizeof name);

        if (length == 0)
            continue;
        if (line->size_bytes - line->used_bytes < length + TAIL_BYTES)
            break;
        if (written++ == 0) {
            key(line, "caller");
            lg_line_word(line, list ? "[" : "");
        } else {
            lg_line_bytes(line, ",", 1);
        }
        lg_line_json_string(line, (struct lg_text){name, length}, string_room(line, sizeof name));
    }
    if (written > 0 && list)
        lg_line_bytes(line, "]", 1);
}

static void json_stamp(struct lg_line *line, const struct lg_stamp *stamp)
{
    lg_line_bytes(line, "{", 1);
    key(line, "time");
    lg_line_bytes(line, "\"", 1);
    lg_line_time(line, stamp->seconds, stamp->nanoseconds);
    lg_line_bytes(line, "\"", 1);
    key_number(line, "pid", stamp->pid);
    key_number(line, "tid", stamp->tid);
    key_text(line, "exe", stamp->exe, EXE_BYTES_MAX);
}

static void json_socket(struct lg_line *line, const struct lg_socket *socket)
{
    key_word(line, "state", lg_tcp_state_name(socket->state));
    key_address(line, "local", &socket->local);
    key_address(line, "peer", &socket->peer);
    if (socket->unsent_bytes != LG_BYTES_UNKNOWN)
        key_number(line, "unsent_bytes", socket->unsent_bytes);
    if (socket->unread_bytes != LG_BYTES_UNKNOWN)
        key_number(line, "unread_bytes", socket->unread_bytes);
}

static void json_errno(struct lg_line *line, int number)
{
    const char *name = lg_errno_name(number);

    if (number == 0)
        return;
    if (name)
        key_word(line, "errno", name);
    else
        key_number(line, "errno", number);
}

static void json_record(struct lg_line *line, const struct lg_stamp *stamp, const struct lg_policy *policy,
                        const struct lg_record *record, const struct lg_frames *frames)
{
    char rule[RULE_BYTES_MAX];

    json_stamp(line, stamp);
    key_word(line, "call", call_name(record->call));
    key_number(line, "fd", record->socket->fd);
    if (record->socket->cookie != 0)
        key_number(line, "socket", (int64_t)record->socket->cookie);
    key_word(line, "cause", lg_cause_name(record->cause));
    key_word(line, "verdict", lg_verdict_name(record->decision.verdict.kind));
    key_text(line, "rule", printed_rule(policy, &record->decision, rule, sizeof rule), RULE_BYTES_MAX);
    key_word(line, "outcome", outcome_name(record->outcome));
    json_socket(line, record->socket);
    if (record->drained)
        key_number(line, "drained_bytes", (int64_t)record->drained_bytes);
    if (record->waited)
        key_number(line, "elapsed_ms", record->elapsed_ms);
    json_errno(line, record->error);
    if (stamp->suppressed > 0)
        key_number(line, "suppressed", (int64_t)stamp->suppressed);
    json_caller(line, stamp->exe, frames);
    lg_line_bytes(line, "}\n", 2);
}

/* Text */

static void text_stamp(struct lg_line *line, const struct lg_stamp *stamp)
{
    lg_line_time(line, stamp->seconds, stamp->nanoseconds);
    lg_line_word(line, " lingerguard: ");
    lg_line_escaped(line, basename_of(stamp->exe), 64);
    lg_line_word(line, "[");
    lg_line_number(line, stamp->pid);
    lg_line_word(line, "]: ");
}

static const char *told(enum lg_outcome outcome)
{
    static const char *const sentences[LG_OUTCOME_COUNT] = {
        [LG_OUTCOME_ABORTED] = "connection aborted (RST)",
        [LG_OUTCOME_REJECTED] = "abort refused, the call fails",
        [LG_OUTCOME_DISARMED] = "abort disarmed, the connection will be released in order",
        [LG_OUTCOME_ORDERLY] = "released in order (FIN) instead of aborted",
        [LG_OUTCOME_LINGERED] = "lingered until the peer had everything",
        [LG_OUTCOME_DRAINED] = "closed gracefully, drained until the peer's FIN",
        [LG_OUTCOME_DEADLINE] = "the peer was not done at the deadline",
        [LG_OUTCOME_PEER_RESET] = "the peer reset the connection during the drain",
        [LG_OUTCOME_ALLOWED] = "abort asked for and not hindered",
    };

    return (unsigned)outcome < LG_OUTCOME_COUNT ? sentences[outcome] : "?";
}

static void text_count(struct lg_line *line, int64_t bytes, const char *what)
{
    if (bytes <= 0)
        return;
    lg_line_word(line, ", ");
    lg_line_number(line, bytes);
    lg_line_word(line, what);
}

/* What became of the bytes, in the words of the outcome. */
static void text_bytes(struct lg_line *line, const struct lg_record *record)
{
    const struct lg_socket *socket = record->socket;
    bool lost = record->outcome == LG_OUTCOME_ABORTED;
    bool saved = record->outcome == LG_OUTCOME_ORDERLY || record->outcome == LG_OUTCOME_LINGERED ||
                 record->outcome == LG_OUTCOME_DRAINED;

    text_count(line, socket->unsent_bytes,
               lost    ? " unsent bytes lost"
               : saved ? " unsent bytes saved"
                       : " bytes unsent");
    text_count(line, socket->unread_bytes, " bytes unread");
    if (record->drained)
        text_count(line, (int64_t)record->drained_bytes, " bytes discarded");
    if (record->waited) {
        lg_line_word(line, ", after ");
        lg_line_number(line, record->elapsed_ms);
        lg_line_word(line, " ms");
    }
}

static void text_connection(struct lg_line *line, const struct lg_socket *socket)
{
    const char *state = lg_tcp_state_name(socket->state);

    lg_line_word(line, " of fd ");
    lg_line_number(line, socket->fd);
    if (socket->local.family != 0) {
        lg_line_word(line, ", local ");
        lg_address_print(&socket->local, lg_line_put, line);
    }
    if (socket->peer.family != 0) {
        lg_line_word(line, ", peer ");
        lg_address_print(&socket->peer, lg_line_put, line);
    }
    if (state) {
        lg_line_word(line, ", ");
        lg_line_word(line, state);
    }
}

static void text_caller(struct lg_line *line, struct lg_text exe, const struct lg_frames *frames)
{
    char name[CALLER_BYTES_MAX];
    const char *lead = "; called from ";

    for (unsigned i = 0; i < frames->count; i++) {
        size_t length = lg_caller_name(frames->address[i], exe, name, sizeof name);

        if (length == 0)
            continue;
        if (line->size_bytes - line->used_bytes < length + TAIL_BYTES)
            break;
        lg_line_word(line, lead);
        lg_line_escaped(line, (struct lg_text){name, length}, string_room(line, sizeof name));
        lead = " from ";
    }
}

static void text_record(struct lg_line *line, const struct lg_stamp *stamp, const struct lg_policy *policy,
                        const struct lg_record *record, const struct lg_frames *frames)
{
    char rule[RULE_BYTES_MAX];
    const char *error = lg_errno_name(record->error);

    text_stamp(line, stamp);
    lg_line_word(line, lg_cause_name(record->cause));
    lg_line_word(line, ": ");
    lg_line_word(line, told(record->outcome));
    if (error) {
        lg_line_word(line, " with ");
        lg_line_word(line, error);
    }
    text_bytes(line, record);
    lg_line_word(line, "; ");
    lg_line_word(line, call_name(record->call));
    text_connection(line, record->socket);
    lg_line_word(line, "; ");
    lg_verdict_print(&record->decision.verdict, lg_line_put, line);
    lg_line_word(line, " by ");
    lg_line_escaped(line, printed_rule(policy, &record->decision, rule, sizeof rule), string_room(line, sizeof rule));
    text_caller(line, stamp->exe, frames);
    if (stamp->suppressed > 0) {
        lg_line_word(line, "; ");
        lg_line_number(line, (int64_t)stamp->suppressed);
        lg_line_word(line, " records suppressed before this one");
    }
    lg_line_bytes(line, "\n", 1);
}

void lg_format_record(struct lg_line *line, enum lg_format format, const struct lg_stamp *stamp,
                      const struct lg_policy *policy, const struct lg_record *record, const struct lg_frames *frames)
{
    if (format == LG_FORMAT_JSON)
        json_record(line, stamp, policy, record, frames);
    else
        text_record(line, stamp, policy, record, frames);
}

void lg_format_problem(struct lg_line *line, enum lg_format format, const struct lg_stamp *stamp,
                       const struct lg_text *parts, unsigned count)
{
    char joined[2048];
    struct lg_line text;

    lg_line_init(&text, joined, sizeof joined);
    for (unsigned i = 0; i < count; i++)
        lg_line_bytes(&text, parts[i].at, parts[i].length_bytes);
    if (format == LG_FORMAT_JSON) {
        json_stamp(line, stamp);
        key_text(line, "error", (struct lg_text){joined, text.used_bytes}, LG_RECORD_BYTES_MAX);
        lg_line_bytes(line, "}\n", 2);
        return;
    }
    text_stamp(line, stamp);
    lg_line_escaped(line, (struct lg_text){joined, text.used_bytes}, string_room(line, LG_RECORD_BYTES_MAX));
    lg_line_bytes(line, "\n", 1);
}
