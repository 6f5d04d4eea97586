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
#define LG_SOURCES_MAX       66u        /* texts of one policy: LINGERGUARD_RULES, 64 of policy.d, the main file */
#define LG_RULES_MAX         4096u      /* rules of one policy, all its sources together, as the next four */
#define LG_ADDRESSES_MAX     16384u     /* what stands behind local and peer */
#define LG_GLOBS_MAX         8192u      /* what stands behind exe and cgroup */
#define LG_USERS_MAX         4096u      /* what stands behind user */
#define LG_SKIPS_MAX         256u       /* what stands behind skip exe */
#define LG_LINE_BYTES_MAX    4096u      /* bytes of one line, its end not counted */
#define LG_TEXT_BYTES_MAX    (1u << 20) /* bytes of one policy text */
#define LG_DURATION_MS_MAX   3600000u   /* one hour */
#define LG_ERRNO_MAX         4095       /* MAX_ERRNO of the kernel, include/linux/err.h */
#define LG_USER_MAX          4294967294 /* 2^32 - 1 is no user, chown(2) */
#define LG_LIMIT_MAX         1000000u   /* records per second */
#define LG_LIMIT_DEFAULT     100u
#define LG_CALLERS_MAX       16u /* frames of a record's caller */
#define LG_CALLERS_DEFAULT   1u
#define LG_TAG_BYTES_MAX     64u
#define LG_DRAINER_BYTES_MAX 107u /* of a path: sun_path of unix(7) without its NUL */

/* The end of every policy for linger-zero: orderly within this. */
#define LG_BUILTIN_WITHIN_MS 60000u

/* Why a connection would end in RST. */
enum lg_cause {
    LG_CAUSE_LINGER_ZERO = 0, /* SO_LINGER {on, 0}, or TCP_LINGER2 below zero */
    LG_CAUSE_UNREAD,          /* close with input not read; RFC 2525 section 2.17 */
    LG_CAUSE_LATE,            /* close of a connection whose peer is probably not done; RFC 9112 section 9.6 */
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
    uint32_t idle_ms;     /* I of drain: at most duration_ms; 0 without one */
};

/* How this process got a socket. */
enum lg_role {
    LG_ROLE_UNKNOWN = 0,
    LG_ROLE_ACCEPTED,
    LG_ROLE_CONNECTED,
    LG_ROLE_COUNT /* number of roles, always last */
};

/* Whether something that the program wrote is not sent and acknowledged. */
enum lg_unsent {
    LG_UNSENT_UNKNOWN = 0,
    LG_UNSENT_NONE,
    LG_UNSENT_SOME,
    LG_UNSENT_COUNT /* number of these, always last */
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

#define LG_USER_UNKNOWN (-1)

/*
 * What is known of the connection that is about to end, and of the process. What is not known never
 * matches. Of a request (lg_decide_request), local, peer, role and unsent may become known later.
 */
struct lg_facts {
    enum lg_cause cause;
    struct lg_text exe;    /* path of the executable, {NULL, 0} when not known */
    struct lg_text cgroup; /* path in the unified hierarchy, {NULL, 0} when not known */
    int64_t user;          /* effective user id; LG_USER_UNKNOWN, and not 0, when not known */
    struct lg_address local;
    struct lg_address peer;
    enum lg_role role;
    enum lg_unsent unsent;
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

/* Which matches a rule has, in the order in which they are asked: what costs least comes first. */
#define LG_MATCH_ROLE   1u
#define LG_MATCH_UNSENT 2u
#define LG_MATCH_USER   4u
#define LG_MATCH_LOCAL  8u
#define LG_MATCH_PEER   16u
#define LG_MATCH_EXE    32u
#define LG_MATCH_CGROUP 64u

/* Some elements of one of the pools in struct lg_policy, one behind the other. */
struct lg_list {
    uint16_t first;
    uint16_t count;
};

/* One rule. A list holds when one of its elements does. */
struct lg_rule {
    struct lg_verdict verdict;
    uint8_t causes;       /* bit 1u << enum lg_cause for each cause that it is for; never 0 */
    uint8_t matches;      /* LG_MATCH_* */
    bool quiet;           /* write no record */
    uint8_t source;       /* index into lg_policy.sources */
    uint32_t line;        /* in that source, from 1 */
    uint16_t column;      /* of the verdict in that line: bytes, from 1 */
    struct lg_list local; /* of lg_policy.addresses */
    struct lg_list peer;
    struct lg_list exe; /* of lg_policy.globs */
    struct lg_list cgroup;
    struct lg_list user; /* of lg_policy.users */
    enum lg_role role;
    enum lg_unsent unsent;
};

/* The bits of a rule that are looked at first: policy/sieve.h. */
#define LG_SIEVE_WORDS 3u
struct lg_sieve {
    uint64_t mask[LG_SIEVE_WORDS];
    uint64_t value[LG_SIEVE_WORDS];
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
#define LG_SET_DRAINER 32u
#define LG_SET_TAG     64u

struct lg_settings {
    uint8_t set; /* LG_SET_* */
    enum lg_log log;
    struct lg_text log_path; /* for LG_LOG_FILE; points into the parsed text */
    enum lg_format format;
    uint32_t limit_per_s; /* records per second and process */
    enum lg_inspect inspect;
    uint32_t callers;       /* frames of the caller in a record, 0 to LG_CALLERS_MAX */
    struct lg_text drainer; /* socket of the drainer, at most LG_DRAINER_BYTES_MAX; {NULL, 0} without one */
    struct lg_text tag;     /* in every record, at most LG_TAG_BYTES_MAX; {NULL, 0} without one */
};

/* Where a policy text comes from. */
enum lg_source_kind {
    LG_SOURCE_FILE = 0,   /* `;` separates statements, lines are those of the file, paths are absolute */
    LG_SOURCE_RULES,      /* a one-line text (LINGERGUARD_RULES): each `;` ends a line and is counted as one */
    LG_SOURCE_RULES_FILE, /* as LG_SOURCE_FILE, and a setting or skip in it is an error (policy.d) */
    LG_SOURCE_COUNT       /* number of kinds, always last */
};

struct lg_source {
    enum lg_source_kind kind;
    struct lg_text name; /* as printed before the line number: the path, or "rules" */
};

/* Where a policy is parsed into: large (about a megabyte), and only what is there is ever touched. */
struct lg_policy_room {
    struct lg_rule rules[LG_RULES_MAX]; /* side by side with what stands before the room */
    struct lg_source sources[LG_SOURCES_MAX];
    struct lg_text texts[LG_SOURCES_MAX];
    struct lg_sieve sieves[LG_RULES_MAX];
    struct lg_address_match addresses[LG_ADDRESSES_MAX];
    struct lg_text globs[LG_GLOBS_MAX];
    struct lg_text skips[LG_SKIPS_MAX];
    uint32_t users[LG_USERS_MAX];
};

/*
 * A policy. Filled by lg_policy_init and lg_policy_parse, constant afterwards. It belongs into static or
 * mapped memory and not onto a stack. It owns nothing: texts and names must outlive it. It is not to be
 * copied by assignment, since it points into itself: policy/pack.h makes a copy, which has no room.
 */
struct lg_policy {
    struct lg_settings settings; /* from here to `hash` is what a text with errors must not change */
    uint32_t source_count;
    uint32_t rule_count;
    uint32_t address_count;
    uint32_t glob_count;
    uint32_t user_count;
    uint32_t skip_count;
    uint32_t hash; /* of the texts, not yet mixed: lg_policy_digest */
    struct lg_source *sources;
    struct lg_text *texts; /* of these sources */
    struct lg_rule *rules;
    struct lg_sieve *sieves; /* of these rules */
    struct lg_address_match *addresses;
    struct lg_text *globs; /* each points into the parsed text, as the next */
    struct lg_text *skips;
    uint32_t *users;
    struct lg_policy_room room;
};

/* Makes `policy` the built-in one: no rule, every setting at its default. */
void lg_policy_init(struct lg_policy *policy);

/*
 * 32 bits that tell one policy from another: of the bytes of the texts that were parsed, in their
 * order; the same on every machine. The built-in policy has one too.
 */
uint32_t lg_policy_digest(const struct lg_policy *policy);

/* The words of the language, NUL-terminated and static; "?" for a value outside the enum. */
const char *lg_cause_name(enum lg_cause cause);
const char *lg_verdict_name(enum lg_verdict_kind kind);
const char *lg_role_name(enum lg_role role);       /* LG_ROLE_UNKNOWN: "unknown" */
const char *lg_unsent_name(enum lg_unsent unsent); /* LG_UNSENT_UNKNOWN: "unknown" */

/* The name of an errno value of this architecture ("EPERM"), or NULL for a number without one. */
const char *lg_errno_name(int number);

#endif
