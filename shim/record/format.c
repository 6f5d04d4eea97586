/* SPDX-License-Identifier: MIT */
#include "shim/record/format.h"

#include <string.h>

#include "policy/print.h"

/* Together they leave room for everything else within LG_RECORD_BYTES_MAX. */
#define EXE_BYTES_MAX    512
#define TAG_BYTES_MAX    (6 * LG_TAG_BYTES_MAX + 2) /* escaped */
#define RULE_BYTES_MAX   256
#define CALLER_BYTES_MAX 512 /* one frame before escaping; further ones as far as they fit */
#define TAIL_BYTES       256 /* kept free for what follows a long string, the line's end included */

static struct lg_text basename_of(struct lg_text path)
{
    for (size_t i = path.length_bytes; i > 0; i--) {
        if (path.at[i - 1] == '/')
            return (struct lg_text){path.at + i, path.length_bytes - i};
    }
    return path;
}

/* `print` of policy/print.h into a text of its own, so that it can be escaped. */
static struct lg_text printed_rule(const struct lg_event *event, char *out, size_t size)
{
    struct lg_line line;

    lg_line_init(&line, out, size);
    lg_decision_source_print(event->policy, &event->decision, lg_line_put, &line);
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
    key_text(line, "tag", stamp->tag, TAG_BYTES_MAX);
    key_text(line, "exe", stamp->exe, EXE_BYTES_MAX);
}

static void key_count(struct lg_line *line, const char *name, const struct lg_socket *socket, enum lg_fact fact,
                      int64_t count)
{
    if (lg_facts_knows(socket, fact))
        key_number(line, name, count);
}

static void json_socket(struct lg_line *line, const struct lg_socket *socket)
{
    key_word(line, "state", lg_facts_knows(socket, LG_FACT_STATE) ? lg_tcp_state_name(socket->state) : NULL);
    key_address(line, "local", &socket->local);
    key_address(line, "peer", &socket->peer);
    key_count(line, "unsent_bytes", socket, LG_FACT_UNSENT, socket->unsent_bytes);
    key_count(line, "unread_bytes", socket, LG_FACT_UNREAD, socket->unread_bytes);
}

static void json_errno(struct lg_line *line, int number)
{
    const char *name = number != 0 ? lg_errno_name(number) : NULL;

    if (number == 0)
        return;
    if (name)
        key_word(line, "errno", name);
    else
        key_number(line, "errno", number);
}

static void json_decision(struct lg_line *line, const struct lg_event *event)
{
    char rule[RULE_BYTES_MAX];

    if (event->outcome == LG_OUTCOME_UNDECIDED)
        return;
    key_word(line, "verdict", lg_verdict_name(event->decision.verdict.kind));
    key_text(line, "rule", printed_rule(event, rule, sizeof rule), RULE_BYTES_MAX);
}

/* Which policy that was, since FILE:LINE means something else after an edit. */
static void json_policy(struct lg_line *line, const struct lg_policy *policy)
{
    key(line, "policy");
    lg_line_bytes(line, "\"", 1);
    lg_line_hex(line, lg_policy_digest(policy), 8);
    lg_line_bytes(line, "\"", 1);
}

static void json_event(struct lg_line *line, const struct lg_stamp *stamp, const struct lg_event *event,
                       const struct lg_frames *frames)
{
    json_stamp(line, stamp);
    key_word(line, "call", lg_call_name(event->call));
    key_number(line, "fd", event->socket.fd);
    key_count(line, "socket", &event->socket, LG_FACT_COOKIE, (int64_t)event->socket.cookie);
    key_word(line, "role", event->role == LG_ROLE_UNKNOWN ? NULL : lg_role_name(event->role));
    key_word(line, "cause", lg_cause_name(event->cause));
    json_decision(line, event);
    json_policy(line, event->policy);
    key_word(line, "outcome", lg_outcome_name(event->outcome));
    json_socket(line, &event->socket);
    if (event->drained)
        key_number(line, "drained_bytes", (int64_t)event->drained_bytes);
    if (event->waited)
        key_number(line, "elapsed_ms", event->elapsed_ms);
    json_errno(line, event->error);
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
    lg_line_word(line, "]");
    if (stamp->tag.at) {
        lg_line_word(line, " ");
        lg_line_escaped(line, stamp->tag, TAG_BYTES_MAX);
    }
    lg_line_word(line, ": ");
}

static const char *sentence_of(enum lg_outcome outcome)
{
    static const char *const sentences[LG_OUTCOME_COUNT] = {
        [LG_OUTCOME_ABORTED] = "connection aborted (RST)",
        [LG_OUTCOME_REJECTED] = "abort refused, the call fails",
        [LG_OUTCOME_DISARMED] = "abort disarmed, the connection will be released in order",
        [LG_OUTCOME_ORDERLY] = "released in order (FIN)",
        [LG_OUTCOME_LINGERED] = "lingered until the peer had everything",
        [LG_OUTCOME_DRAINED] = "closed gracefully, drained until the peer's FIN",
        [LG_OUTCOME_DEADLINE] = "the peer was not done at the deadline",
        [LG_OUTCOME_PEER_RESET] = "the peer reset the connection during the drain",
        [LG_OUTCOME_UNDECIDED] = "abort disarmed until the close, where it will be decided",
        [LG_OUTCOME_ALLOWED] = "abort asked for and not hindered",
        [LG_OUTCOME_MUTED] = "closed gracefully, what the peer still sends is dropped",
        [LG_OUTCOME_HANDED] = "handed to the drainer",
        [LG_OUTCOME_REARMED] = "connection aborted (RST), as was asked for and disarmed before",
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

/* What became of the bytes that were not acknowledged, in the words of the outcome. */
static const char *fate_of_unsent(enum lg_outcome outcome)
{
    switch (outcome) {
    case LG_OUTCOME_ABORTED:
    case LG_OUTCOME_REARMED:
        return " unsent bytes lost";
    case LG_OUTCOME_LINGERED:
    case LG_OUTCOME_DRAINED:
        return " unsent bytes saved";
    case LG_OUTCOME_ORDERLY:
    case LG_OUTCOME_MUTED:
    case LG_OUTCOME_HANDED:
        return " unsent bytes released";
    case LG_OUTCOME_REJECTED:
    case LG_OUTCOME_DISARMED:
    case LG_OUTCOME_UNDECIDED:
    case LG_OUTCOME_ALLOWED:
    case LG_OUTCOME_DEADLINE:
    case LG_OUTCOME_PEER_RESET:
    case LG_OUTCOME_COUNT:
        break;
    }
    return " bytes unsent";
}

static void text_bytes(struct lg_line *line, const struct lg_event *event)
{
    const struct lg_socket *socket = &event->socket;

    text_count(line, lg_facts_knows(socket, LG_FACT_UNSENT) ? socket->unsent_bytes : 0, fate_of_unsent(event->outcome));
    text_count(line, lg_facts_knows(socket, LG_FACT_UNREAD) ? socket->unread_bytes : 0, " bytes unread");
    if (event->drained)
        text_count(line, (int64_t)event->drained_bytes, " bytes discarded");
    if (event->waited) {
        lg_line_word(line, ", after ");
        lg_line_number(line, event->elapsed_ms);
        lg_line_word(line, " ms");
    }
}

static void text_connection(struct lg_line *line, const struct lg_socket *socket)
{
    const char *state = lg_facts_knows(socket, LG_FACT_STATE) ? lg_tcp_state_name(socket->state) : NULL;

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

static void text_decision(struct lg_line *line, const struct lg_event *event)
{
    char rule[RULE_BYTES_MAX];

    if (event->outcome == LG_OUTCOME_UNDECIDED)
        return;
    lg_line_word(line, "; ");
    lg_verdict_print(&event->decision.verdict, lg_line_put, line);
    lg_line_word(line, " by ");
    lg_line_escaped(line, printed_rule(event, rule, sizeof rule), string_room(line, sizeof rule));
}

static void text_event(struct lg_line *line, const struct lg_stamp *stamp, const struct lg_event *event,
                       const struct lg_frames *frames)
{
    const char *error = event->error != 0 ? lg_errno_name(event->error) : NULL;

    text_stamp(line, stamp);
    lg_line_word(line, lg_cause_name(event->cause));
    lg_line_word(line, ": ");
    lg_line_word(line, sentence_of(event->outcome));
    if (error) {
        lg_line_word(line, " with ");
        lg_line_word(line, error);
    }
    text_bytes(line, event);
    lg_line_word(line, "; ");
    lg_line_word(line, lg_call_name(event->call));
    text_connection(line, &event->socket);
    text_decision(line, event);
    text_caller(line, stamp->exe, frames);
    if (stamp->suppressed > 0) {
        lg_line_word(line, "; ");
        lg_line_number(line, (int64_t)stamp->suppressed);
        lg_line_word(line, " records suppressed before this one");
    }
    lg_line_bytes(line, "\n", 1);
}

void lg_format_event(struct lg_line *line, enum lg_format format, const struct lg_stamp *stamp,
                     const struct lg_event *event, const struct lg_frames *frames)
{
    if (format == LG_FORMAT_JSON)
        json_event(line, stamp, event, frames);
    else
        text_event(line, stamp, event, frames);
}

void lg_format_dropped(struct lg_line *line, enum lg_format format, const struct lg_stamp *stamp)
{
    if (format == LG_FORMAT_JSON) {
        json_stamp(line, stamp);
        key_number(line, "suppressed", (int64_t)stamp->suppressed);
        lg_line_bytes(line, "}\n", 2);
        return;
    }
    text_stamp(line, stamp);
    lg_line_number(line, (int64_t)stamp->suppressed);
    lg_line_word(line, " records suppressed\n");
}

void lg_format_problem(struct lg_line *line, enum lg_format format, const struct lg_stamp *stamp,
                       const struct lg_text *parts, unsigned count)
{
    char joined[1024]; /* not more: the stack may be a signal's */
    struct lg_line text = {joined, sizeof joined, 0, false};

    for (unsigned i = 0; i < count; i++)
        lg_line_bytes(&text, parts[i].at, parts[i].length_bytes);
    const struct lg_text whole = count == 1 ? parts[0] : (struct lg_text){joined, text.used_bytes};
    if (format == LG_FORMAT_JSON) {
        json_stamp(line, stamp);
        key_text(line, "error", whole, LG_RECORD_BYTES_MAX);
        lg_line_bytes(line, "}\n", 2);
        return;
    }
    text_stamp(line, stamp);
    lg_line_escaped(line, whole, string_room(line, LG_RECORD_BYTES_MAX));
    lg_line_bytes(line, "\n", 1);
}
