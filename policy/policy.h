/* SPDX-License-Identifier: MIT */
/*
 * The model of a close policy: what can be known about a connection (facts), what an operator wrote
 * (rules and settings), and what is to be done (verdict).
 *
 * policy/ is pure: no input or output, no allocation, no global state, no errno, no locale. Nothing
 * here knows a descriptor or a system call. Every function of it is async-signal-safe, thread-safe
 * and fork-safe, and total: it returns for every input.
 *
 * The language and the built-in policy are described in lingerguard.policy(5).
 */
#ifndef LG_POLICY_H
#define LG_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Limits. Beyond each of them the parser reports an error; nothing is ever cut off silently. */
#define LG_RULES_MAX       4096u      /* rules of one policy, all its sources together */
#define LG_LINE_BYTES_MAX  4096u      /* bytes of one line, its end not counted */
#define LG_TEXT_BYTES_MAX  (1u << 20) /* bytes of one policy text */
#define LG_DURATION_MS_MAX 3600000u   /* one hour */
#define LG_ERRNO_MAX       4095       /* MAX_ERRNO of the kernel, include/linux/err.h */
#define LG_LIMIT_MAX       1000000u   /* records per second */
#define LG_LIMIT_DEFAULT   100u
#define LG_CALLERS_MAX     16u /* frames of a record's caller */
#define LG_CALLERS_DEFAULT 1u

/* Why a connection would end in RST. */
enum lg_cause {
    LG_CAUSE_LINGER_ZERO = 0, /* SO_LINGER {on, 0}, or TCP_LINGER2 below zero */
    LG_CAUSE_UNREAD,          /* close with input not read; RFC 2525 section 2.17 */
    LG_CAUSE_DISCONNECT,      /* connect(AF_UNSPEC) on a connected socket */
    LG_CAUSE_BACKLOG,         /* close of a listening socket with connections not accepted */
    LG_CAUSE_COUNT            /* number of causes, always last */
};

/* What the policy makes of a cause. */
enum lg_verdict_kind {
    LG_VERDICT_ALLOW = 0,
    LG_VERDICT_OBSERVE,
    LG_VERDICT_REJECT,
    LG_VERDICT_ORDERLY,
    LG_VERDICT_LINGER,
    LG_VERDICT_DRAIN,
    LG_VERDICT_COUNT /* number of verdicts, always last */
};

/* A verdict with its argument. */
struct lg_verdict {
    enum lg_verdict_kind kind;
    int reject_errno;     /* for reject: 1 to LG_ERRNO_MAX */
    uint32_t duration_ms; /* D of linger and drain; of orderly `within D`, 0 without one */
};

/* How this process got a socket. */
enum lg_role {
    LG_ROLE_UNKNOWN = 0,
    LG_ROLE_ACCEPTED,
    LG_ROLE_CONNECTED,
    LG_ROLE_COUNT /* number of roles, always last */
};

/* A piece of somebody else's text: not terminated, not owned. {NULL, 0} is "none". */
struct lg_text {
    const char *at;
    size_t length_bytes;
};

/* An address with its port. family 0 means that it is not known. */
struct lg_address {
    uint8_t family;    /* 0, 4 or 6 */
    uint8_t bytes[16]; /* network order; IPv4 in the first four */
    uint16_t port;     /* host order */
};

/* What is known of the connection that is about to end. What is not known never matches. */
struct lg_facts {
    enum lg_cause cause;
    struct lg_text exe; /* path of the executable, {NULL, 0} when not known */
    struct lg_address local;
    struct lg_address peer;
    enum lg_role role;
};

/* ADDR of the language: an address with a prefix, a range of ports, or both. */
struct lg_address_match {
    uint8_t family;    /* 0: any address */
    uint8_t bytes[16]; /* bits behind the prefix are zero */
    uint8_t prefix_bits;
    bool has_port;
    uint16_t port_min; /* host order, inclusive, 1 to 65535 */
    uint16_t port_max;
};

/* Which matches a rule has. */
#define LG_MATCH_EXE   1u
#define LG_MATCH_LOCAL 2u
#define LG_MATCH_PEER  4u
#define LG_MATCH_ROLE  8u

/* One rule. */
struct lg_rule {
    struct lg_verdict verdict;
    uint8_t causes;  /* bit 1u << enum lg_cause for each cause that it is for; never 0 */
    uint8_t matches; /* LG_MATCH_* */
    bool quiet;      /* write no record */
    uint8_t source;  /* index into lg_policy.sources */
    uint32_t line;   /* in that source, from 1 */
    enum lg_role role;
    struct lg_text exe; /* the GLOB; points into the parsed text */
    struct lg_address_match local;
    struct lg_address_match peer;
};

enum lg_log { LG_LOG_STDERR = 0, LG_LOG_OFF, LG_LOG_SYSLOG, LG_LOG_FILE, LG_LOG_COUNT };
enum lg_format { LG_FORMAT_TEXT = 0, LG_FORMAT_JSON, LG_FORMAT_COUNT };
enum lg_inspect { LG_INSPECT_FIRST_ABORT = 0, LG_INSPECT_NEVER, LG_INSPECT_EVERY_CLOSE, LG_INSPECT_COUNT };

/* Which settings were written down; the others hold their defaults. */
#define LG_SET_LOG     1u
#define LG_SET_FORMAT  2u
#define LG_SET_LIMIT   4u
#define LG_SET_INSPECT 8u
#define LG_SET_CALLERS 16u

struct lg_settings {
    uint8_t set; /* LG_SET_* */
    enum lg_log log;
    struct lg_text log_path; /* for LG_LOG_FILE; points into the parsed text */
    enum lg_format format;
    uint32_t limit_per_s; /* records per second and process */
    enum lg_inspect inspect;
    uint32_t callers; /* frames of the caller in a record, 0 to LG_CALLERS_MAX */
};

/* Where a policy text comes from. */
enum lg_source_kind {
    LG_SOURCE_FILE = 0, /* `;` separates statements, lines are those of the file */
    LG_SOURCE_RULES     /* a one-line text (LINGERGUARD_RULES): each `;` ends a line and is counted as one */
};

struct lg_source {
    enum lg_source_kind kind;
    struct lg_text name; /* as printed before the line number: the path, or "rules" */
};

#define LG_SOURCES_MAX 2u /* LINGERGUARD_RULES and a file */

/*
 * A policy. Filled by lg_policy_init and lg_policy_parse, constant afterwards. Large (about half a
 * megabyte), so it belongs into static or mapped memory and not onto a stack; only the rules that
 * are there are ever touched. It owns nothing: texts and names must outlive it.
 */
struct lg_policy {
    struct lg_settings settings;
    uint32_t source_count;
    uint32_t rule_count;
    struct lg_source sources[LG_SOURCES_MAX];
    struct lg_rule rules[LG_RULES_MAX];
};

/* Makes `policy` the built-in one: no rule, every setting at its default. */
void lg_policy_init(struct lg_policy *policy);

/* The words of the language, NUL-terminated and static; "?" for a value outside the enum. */
const char *lg_cause_name(enum lg_cause cause);
const char *lg_verdict_name(enum lg_verdict_kind kind);
const char *lg_role_name(enum lg_role role); /* LG_ROLE_UNKNOWN: "unknown" */

/* The name of an errno value of this architecture ("EPERM"), or NULL for a number without one. */
const char *lg_errno_name(int number);

#endif
