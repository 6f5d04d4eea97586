/* SPDX-License-Identifier: MIT */
/*
 * What the tests and fuzzers of policy/ share: text in memory whose next byte faults, printing into
 * a buffer, and equality of policies.
 */
#ifndef TEST_POLICY_TEXT_H
#define TEST_POLICY_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy/print.h"

/* Printed text, NUL-terminated as long as it fits. */
struct buffer {
    size_t length_bytes;
    char at[4u << 20];
};

static inline void buffer_put(void *context, const char *at, size_t length_bytes)
{
    struct buffer *buffer = context;

    if (length_bytes >= sizeof(buffer->at) - buffer->length_bytes) {
        fprintf(stderr, "buffer of a test is too small\n");
        abort();
    }
    memcpy(buffer->at + buffer->length_bytes, at, length_bytes);
    buffer->length_bytes += length_bytes;
    buffer->at[buffer->length_bytes] = '\0';
}

static inline void buffer_clear(struct buffer *buffer)
{
    buffer->length_bytes = 0;
    buffer->at[0] = '\0';
}

static inline struct lg_text text_of(const char *text)
{
    return (struct lg_text){text, strlen(text)};
}

/*
 * Room for a text that ends where the mapping ends, or starts where it starts, between pages that
 * fault: one byte too far to either side is a crash and not luck.
 */
struct fence {
    char *start; /* of the room, at a page's start */
    size_t size_bytes;
};

static inline struct fence fence_make(size_t room_bytes)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    size_t size_bytes = (room_bytes + page_bytes - 1) / page_bytes * page_bytes;
    char *map = mmap(NULL, size_bytes + 2 * page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED || mprotect(map + page_bytes, size_bytes, PROT_READ | PROT_WRITE) != 0) {
        perror("mmap");
        abort();
    }
    return (struct fence){map + page_bytes, size_bytes};
}

static inline struct lg_text fence_end(struct fence fence, struct lg_text text)
{
    char *at = fence.start + fence.size_bytes - text.length_bytes;

    if (text.length_bytes > 0)
        memcpy(at, text.at, text.length_bytes);
    return (struct lg_text){at, text.length_bytes};
}

static inline struct lg_text fence_start(struct fence fence, struct lg_text text)
{
    if (text.length_bytes > 0)
        memcpy(fence.start, text.at, text.length_bytes);
    return (struct lg_text){fence.start, text.length_bytes};
}

static inline int text_equal(struct lg_text a, struct lg_text b)
{
    return a.length_bytes == b.length_bytes && (a.length_bytes == 0 || memcmp(a.at, b.at, a.length_bytes) == 0);
}

static inline int address_match_equal(const struct lg_address_match *a, const struct lg_address_match *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0 &&
           a->prefix_bits == b->prefix_bits && a->has_port == b->has_port && a->port_min == b->port_min &&
           a->port_max == b->port_max;
}

static inline int addresses_equal(const struct lg_policy *a, struct lg_list of_a, const struct lg_policy *b,
                                  struct lg_list of_b)
{
    for (unsigned i = 0; of_a.count == of_b.count && i < of_a.count; i++)
        if (!address_match_equal(&a->addresses[of_a.first + i], &b->addresses[of_b.first + i]))
            return 0;
    return of_a.count == of_b.count;
}

static inline int globs_equal(const struct lg_policy *a, struct lg_list of_a, const struct lg_policy *b,
                              struct lg_list of_b)
{
    for (unsigned i = 0; of_a.count == of_b.count && i < of_a.count; i++)
        if (!text_equal(a->globs[of_a.first + i], b->globs[of_b.first + i]))
            return 0;
    return of_a.count == of_b.count;
}

static inline int users_equal(const struct lg_policy *a, struct lg_list of_a, const struct lg_policy *b,
                              struct lg_list of_b)
{
    return of_a.count == of_b.count &&
           memcmp(a->users + of_a.first, b->users + of_b.first, of_a.count * sizeof(*a->users)) == 0;
}

static inline int lists_equal(const struct lg_policy *a, const struct lg_rule *of_a, const struct lg_policy *b,
                              const struct lg_rule *of_b)
{
    return addresses_equal(a, of_a->local, b, of_b->local) && addresses_equal(a, of_a->peer, b, of_b->peer) &&
           globs_equal(a, of_a->exe, b, of_b->exe) && globs_equal(a, of_a->cgroup, b, of_b->cgroup) &&
           users_equal(a, of_a->user, b, of_b->user);
}

/* Lines and sources apart, as print.h promises. */
static inline int rule_equal(const struct lg_rule *a, const struct lg_rule *b)
{
    return a->verdict.kind == b->verdict.kind && a->verdict.reject_errno == b->verdict.reject_errno &&
           a->verdict.duration_ms == b->verdict.duration_ms && a->verdict.idle_ms == b->verdict.idle_ms &&
           a->causes == b->causes && a->matches == b->matches && a->quiet == b->quiet && a->role == b->role &&
           a->unsent == b->unsent;
}

static inline int settings_equal(const struct lg_settings *a, const struct lg_settings *b)
{
    return a->set == b->set && a->log == b->log && text_equal(a->log_path, b->log_path) && a->format == b->format &&
           a->limit_per_s == b->limit_per_s && a->inspect == b->inspect && a->callers == b->callers &&
           text_equal(a->drainer, b->drainer) && text_equal(a->tag, b->tag);
}

static inline int policy_equal(const struct lg_policy *a, const struct lg_policy *b)
{
    if (a->rule_count != b->rule_count || a->skip_count != b->skip_count || !settings_equal(&a->settings, &b->settings))
        return 0;
    for (uint32_t i = 0; i < a->skip_count; i++)
        if (!text_equal(a->skips[i], b->skips[i]))
            return 0;
    for (uint32_t i = 0; i < a->rule_count; i++)
        if (!rule_equal(&a->rules[i], &b->rules[i]) || !lists_equal(a, &a->rules[i], b, &b->rules[i]))
            return 0;
    return 1;
}

#endif
