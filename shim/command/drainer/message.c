/* SPDX-License-Identifier: MIT */
#include "shim/command/drainer/message.h"

#include "policy/text.h"

const char *lg_message_read(const void *data, size_t length_bytes, struct lg_hand_off *message)
{
    if (length_bytes < LG_HAND_OFF_SIZE_MIN)
        return "it is too short";
    memset(message, 0, sizeof(*message));
    memcpy(message, data, length_bytes < sizeof(*message) ? length_bytes : sizeof(*message));
    if (message->magic != LG_HAND_OFF_MAGIC)
        return "it is no message of this kind";
    if (message->version != LG_HAND_OFF_VERSION)
        return "its version is not known here";
    if (message->size_bytes != length_bytes)
        return "its size is not what it says";
    if (message->limit_ms < 1)
        message->limit_ms = 1;
    if (message->limit_ms > LG_DURATION_MS_MAX)
        message->limit_ms = LG_DURATION_MS_MAX;
    if (message->idle_ms > message->limit_ms)
        message->idle_ms = message->limit_ms;
    return NULL;
}

struct lg_text lg_message_text(const char *field, size_t field_bytes)
{
    size_t length_bytes = strnlen(field, field_bytes);

    return lg_text_make(length_bytes > 0 ? field : NULL, length_bytes);
}
