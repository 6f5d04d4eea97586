/* SPDX-License-Identifier: MIT */
#include "shim/holder/holder.h"

#include "shim/base/gate.h"
#include "shim/base/large.h"
#include "shim/base/sys.h"
#include "shim/holder/epolls.h"
#include "shim/socket/facts.h"

bool lg_holder_wants_cookies;
static bool ended;

/*
 * A place for each number, shared by numbers that differ above the 16th bit; a lost entry means "not
 * known". Pages that no descriptor reaches are never touched.
 *
 * The word, from the low end: role (2 bits), the number above its 16th bit (4), the next duplicate's
 * number plus 1 (21), whether a request was recorded (1), whether it ever had a duplicate (1), whether it
 * is of TCP (1), whether it has our mark (1), epoch plus 1 (33). The word 0 is an empty place. The duplicates of a
 * socket form a ring, so that each of them leads to all others.
 */
#define PLACES       LG_HOLDER_PLACES
#define ROLE_MASK    ((uint64_t)3)
#define HIGH_SHIFT   2
#define HIGH_MASK    ((uint64_t)15 << HIGH_SHIFT)
#define NEXT_SHIFT   6
#define NEXT_MASK    ((((uint64_t)1 << 21) - 1) << NEXT_SHIFT)
#define RECORDED     ((uint64_t)1 << 27)
#define DUPLICATED   ((uint64_t)1 << 28)
#define IS_TCP       ((uint64_t)1 << 29)
#define MARKED       LG_HOLDER_MARKED
#define EPOCH_SHIFT  31
#define EPOCH_LAST   (((uint64_t)1 << 33) - 2) /* from here on there is no evidence any more */
#define NUMBER_LIMIT (1 << 20)                 /* the default of fs.nr_open: beyond it nothing is noted */
#define RING_MAX     8u                        /* a socket with more descriptors than that is not ours alone */

_Static_assert((NUMBER_LIMIT - 1) / PLACES <= HIGH_MASK >> HIGH_SHIFT,
               "every number is told from the others of its place");

uint64_t lg_holder_words[PLACES] LG_LARGE;
static unsigned highest;                  /* number that anything was noted for */
static uint64_t cookies[PLACES] LG_LARGE; /* 0: not asked for; valid with the word of the same place */

static uint64_t *word_at(int fd)
{
    return &lg_holder_words[(unsigned)fd % PLACES];
}

static bool can_note(int fd)
{
    return fd >= 0 && fd < NUMBER_LIMIT;
}

static uint64_t high_of(int fd)
{
    return (uint64_t)((unsigned)fd / PLACES) << HIGH_SHIFT;
}

/* Whether this word of its place was noted for `fd`, and not for another number or none. */
static bool is_of(uint64_t word, int fd)
{
    return word != 0 && (word & HIGH_MASK) == high_of(fd);
}

/* The word of `fd`, 0 when nothing is known. */
static uint64_t read_word(int fd)
{
    uint64_t word = can_note(fd) ? __atomic_load_n(word_at(fd), __ATOMIC_ACQUIRE) : 0;

    return is_of(word, fd) ? word : 0;
}

/* The next duplicate, -1 when there is none. */
static int next_of(uint64_t word)
{
    return (int)((word & NEXT_MASK) >> NEXT_SHIFT) - 1;
}

static uint64_t with_next(uint64_t word, int next)
{
    return (word & ~NEXT_MASK) | (uint64_t)(next + 1) << NEXT_SHIFT;
}

static bool replace(int fd, uint64_t *word, uint64_t by)
{
    return __atomic_compare_exchange_n(word_at(fd), word, by, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/*
 * A ring that does not lead to all duplicates any more must not prove anything ever again, even when the number that it
 * lacks becomes another duplicate. Its members cannot be found in bounded time, so all evidence ends with it.
 */
static void break_ring(void)
{
    lg_epoch_advance();
}

static void raise_highest(unsigned fd)
{
    unsigned seen = __atomic_load_n(&highest, __ATOMIC_RELAXED);

    while (fd > seen && !__atomic_compare_exchange_n(&highest, &seen, fd, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

/* Notes something for a number that can be noted. Another number of that place loses its own. */
static void store(int fd, uint64_t word)
{
    uint64_t lost = __atomic_exchange_n(word_at(fd), word, __ATOMIC_ACQ_REL);

    if (next_of(lost) >= 0 && !is_of(lost, fd))
        break_ring();
    raise_highest((unsigned)fd);
    lg_gate_evidence(fd);
}

static void set_cookie(int fd, uint64_t cookie)
{
    __atomic_store_n(&cookies[(unsigned)fd % PLACES], cookie, __ATOMIC_RELEASE);
}

static uint64_t cookie_of(int fd)
{
    return __atomic_load_n(&cookies[(unsigned)fd % PLACES], __ATOMIC_ACQUIRE);
}

void lg_epoch_end(void)
{
    __atomic_store_n(&ended, true, __ATOMIC_RELAXED);
}

static bool is_of_this_epoch(uint64_t word)
{
    return word >> EPOCH_SHIFT == (uint64_t)lg_epoch_now() + 1 && !__atomic_load_n(&ended, __ATOMIC_RELAXED);
}

void lg_epoch_split(void)
{
    lg_epoch_advance();
    if (!lg_sys_is_single_threaded())
        lg_epoch_end();
}

static void make(int fd, uint64_t epoch, uint64_t with)
{
    if (!can_note(fd) || epoch >= EPOCH_LAST)
        return;
    if (!lg_holder_has_nothing(fd))
        lg_holder_forget(fd); /* it was closed unseen */
    set_cookie(fd, 0);
    store(fd, (epoch + 1) << EPOCH_SHIFT | high_of(fd) | with);
}

/* For what was noted of `fd` already. */
static void note_cookie(int fd)
{
    if (__atomic_load_n(&lg_holder_wants_cookies, __ATOMIC_RELAXED) && read_word(fd) != 0 && cookie_of(fd) == 0)
        set_cookie(fd, lg_facts_cookie(fd));
}

void lg_holder_made(int fd, unsigned long epoch)
{
    make(fd, epoch, LG_ROLE_UNKNOWN);
}

void lg_holder_made_tcp(int fd, unsigned long epoch)
{
    make(fd, epoch, LG_ROLE_UNKNOWN | IS_TCP);
}

void lg_holder_made_epoll(int fd)
{
    if (can_note(fd))
        raise_highest((unsigned)fd);
    lg_epolls_made(fd);
}

void lg_holder_accepted(int listener, int fd, unsigned long epoch)
{
    make(fd, epoch, LG_ROLE_ACCEPTED | (read_word(listener) & (IS_TCP | RECORDED)));
    note_cookie(fd);
}

void lg_holder_connected(int fd)
{
    uint64_t word = read_word(fd);

    if (word == 0)
        return;
    replace(fd, &word, (word & ~ROLE_MASK) | LG_ROLE_CONNECTED);
    note_cookie(fd);
}

/* Takes `fd` out of the ring of its socket, for which `word` was noted. */
static void leave_ring(int fd, uint64_t word)
{
    int next = next_of(word);
    int before = next;

    if (next < 0)
        return;
    for (unsigned steps = 0; before >= 0 && steps < RING_MAX; steps++) {
        uint64_t at = read_word(before);

        if (next_of(at) == fd && replace(before, &at, with_next(at, next == before ? -1 : next)))
            return;
        before = next_of(at);
    }
    break_ring(); /* too many, or another of them was closed or duplicated at the same time */
}

static __attribute__((noinline)) bool forget(int fd)
{
    uint64_t word = read_word(fd);

    if (lg_epolls_are_any())
        lg_epolls_forget(fd);
    while (is_of(word, fd)) {
        if (!replace(fd, &word, 0))
            continue;
        leave_ring(fd, word);
        return true;
    }
    return false;
}

/* Mostly there is one descriptor of a socket, and nothing else that has to do with it. */
bool lg_holder_forget(int fd)
{
    uint64_t word = lg_holder_word(fd);

    if ((unsigned)fd >= PLACES || word & (HIGH_MASK | NEXT_MASK) || lg_epolls_are_any())
        return forget(fd);
    return word != 0 && (replace(fd, &word, 0) || forget(fd));
}

void lg_holder_forget_range(unsigned first, unsigned last)
{
    unsigned end = __atomic_load_n(&highest, __ATOMIC_RELAXED);

    for (unsigned fd = first; fd <= last && fd <= end; fd++)
        lg_holder_forget((int)fd);
}

void lg_holder_duplicate(int from, int to)
{
    uint64_t word;

    if (from == to)
        return;
    lg_holder_forget(to);
    lg_epolls_shared(from);
    word = read_word(from);
    if (word == 0)
        return;
    if (!can_note(to) || word_at(to) == word_at(from)) { /* that one cannot be followed */
        break_ring();
        return;
    }
    set_cookie(to, cookie_of(from));
    do {
        uint64_t fresh = with_next(word, next_of(word) < 0 ? from : next_of(word)) | DUPLICATED;

        store(to, (fresh & ~HIGH_MASK) | high_of(to));
        if (replace(from, &word, with_next(word, to) | DUPLICATED))
            return;
    } while (is_of(word, from));
    break_ring(); /* `from` was closed meanwhile, and others of the ring do not know of `to` */
}

static void set_bit(int fd, uint64_t bit)
{
    uint64_t word = read_word(fd);

    while (is_of(word, fd) && !(word & bit) && !replace(fd, &word, word | bit))
        ;
}

void lg_holder_recorded(int fd)
{
    set_bit(fd, RECORDED);
}

void lg_holder_marked(int fd)
{
    set_bit(fd, MARKED);
}

void lg_holder_unmark(int fd)
{
    uint64_t word = read_word(fd);

    while (is_of(word, fd) && word & MARKED && !replace(fd, &word, word & ~MARKED))
        ;
}

bool lg_holder_has_mark(int fd)
{
    uint64_t word = read_word(fd);

    return word & MARKED && !(word & DUPLICATED) && is_of_this_epoch(word) && cookie_of(fd) != 0;
}

bool lg_holder_is_tcp(int fd)
{
    return read_word(fd) & IS_TCP;
}

bool lg_holder_was_duplicated(int fd)
{
    return read_word(fd) & DUPLICATED;
}

uint64_t lg_holder_cookie(int fd)
{
    return read_word(fd) != 0 ? cookie_of(fd) : 0;
}

bool lg_holder_has_record(int fd)
{
    return read_word(fd) & RECORDED;
}

enum lg_role lg_holder_role(int fd)
{
    return (enum lg_role)(read_word(fd) & ROLE_MASK);
}

/* True when no descriptor of the ring still stands for the socket: one may have been closed unseen. */
static bool has_no_duplicate(int fd, uint64_t word, uint64_t cookie)
{
    unsigned steps = 0;

    for (int other = next_of(word); other != fd; other = next_of(read_word(other))) {
        if (other < 0 || steps++ == RING_MAX || lg_facts_cookie(other) == cookie)
            return false;
    }
    return true;
}

static bool is_noted_socket(int fd, uint64_t *cookie)
{
    uint64_t noted = cookie_of(fd);

    *cookie = lg_facts_cookie(fd);
    return *cookie != 0 && (noted == 0 || *cookie == noted);
}

bool lg_holder_is_sole(int fd)
{
    uint64_t word = read_word(fd);
    bool is_alone = next_of(word) < 0;
    uint64_t cookie;

    if (word == 0 || !is_of_this_epoch(word))
        return false;
    return is_noted_socket(fd, &cookie) && (is_alone || has_no_duplicate(fd, word, cookie));
}

/* Each ring has one. */
static bool is_lowest_of_ring(int fd, uint64_t word)
{
    unsigned steps = 0;

    for (int other = next_of(word); other >= 0 && other != fd && steps < RING_MAX; steps++) {
        if (other < fd)
            return false;
        other = next_of(read_word(other));
    }
    return true;
}

int lg_holder_next(int after)
{
    unsigned end = __atomic_load_n(&highest, __ATOMIC_RELAXED);
    uint64_t cookie;

    for (unsigned fd = (unsigned)(after + 1); fd <= end; fd++) {
        uint64_t word = read_word((int)fd);

        if (word != 0 && is_of_this_epoch(word) && is_lowest_of_ring((int)fd, word) &&
            is_noted_socket((int)fd, &cookie))
            return (int)fd;
    }
    return -1;
}
