/* SPDX-License-Identifier: MIT */
#include "policy/glob.h"

#include "policy/text.h"

/*
 * One element of a set: a byte or a range, `\` before either end taking it literally. Returns the
 * index behind it, or `end` of the glob when it is cut off there.
 */
static size_t read_member(struct lg_text glob, size_t i, unsigned char *low, unsigned char *high)
{
    size_t end = glob.length_bytes;

    if (glob.at[i] == '\\' && ++i == end)
        return end;
    *low = *high = (unsigned char)glob.at[i++];
    if (i + 1 >= end || glob.at[i] != '-' || glob.at[i + 1] == ']')
        return i;
    i++;
    if (glob.at[i] == '\\' && ++i == end)
        return end;
    *high = (unsigned char)glob.at[i++];
    return i;
}

struct set {
    size_t next; /* index behind the `]`, or 0 when there is none */
    bool holds;  /* the byte that was asked for */
    bool in_order;
};

/* Reads the set whose `[` stands at glob[i]. As in glob(7), a `]` in front is a member. */
static struct set read_set(struct lg_text glob, size_t i, unsigned char byte)
{
    struct set set = {.in_order = true};
    bool is_negated = i + 1 < glob.length_bytes && glob.at[i + 1] == '!';
    size_t start = i + 1 + is_negated;

    for (i = start; i < glob.length_bytes;) {
        unsigned char low = 0, high = 0;

        if (glob.at[i] == ']' && i > start) {
            set.next = i + 1;
            set.holds ^= is_negated;
            return set;
        }
        i = read_member(glob, i, &low, &high);
        set.in_order &= low <= high;
        set.holds |= low <= byte && byte <= high;
    }
    return set;
}

enum lg_problem lg_glob_check(struct lg_text glob)
{
    for (size_t i = 0; i < glob.length_bytes; i++) {
        struct set set;

        if (glob.at[i] == '\\') {
            if (++i == glob.length_bytes)
                return LG_PROBLEM_GLOB_BACKSLASH;
            continue;
        }
        if (glob.at[i] != '[')
            continue;
        set = read_set(glob, i, 0);
        if (set.next == 0)
            return LG_PROBLEM_GLOB_SET;
        if (!set.in_order)
            return LG_PROBLEM_GLOB_RANGE;
        /* Other matchers read [^a] as [!a]; nothing is guessed. */
        if (glob.at[i + 1] == '^')
            return LG_PROBLEM_GLOB_CARET;
        i = set.next - 1;
    }
    return LG_PROBLEM_NONE;
}

/* Holds `byte` against the element at glob[*i], which is no star, and steps behind it on success. */
static bool match_byte(struct lg_text glob, size_t *i, char byte)
{
    struct set set;

    switch (glob.at[*i]) {
    case '?':
        ++*i;
        return true;
    case '[':
        set = read_set(glob, *i, (unsigned char)byte);
        if (set.holds)
            *i = set.next;
        return set.holds;
    case '\\':
        if (glob.at[*i + 1] != byte)
            return false;
        *i += 2;
        return true;
    default:
        if (glob.at[*i] != byte)
            return false;
        ++*i;
        return true;
    }
}

/* Only the last star ever has to take more: what the ones before it took is the shortest that fits. */
static bool match(struct lg_text glob, struct lg_text text)
{
    size_t i = 0, star = SIZE_MAX, star_took = 0;

    for (size_t j = 0; j < text.length_bytes;) {
        if (i < glob.length_bytes && glob.at[i] == '*') {
            star = ++i;
            star_took = j;
        } else if (i < glob.length_bytes && match_byte(glob, &i, text.at[j])) {
            j++;
        } else if (star != SIZE_MAX) {
            i = star;
            j = ++star_took;
        } else {
            return false;
        }
    }
    while (i < glob.length_bytes && glob.at[i] == '*')
        i++;
    return i == glob.length_bytes;
}

bool lg_glob_fits(struct lg_text glob, struct lg_text path)
{
    bool is_path = lg_text_find(glob, '/') < glob.length_bytes;

    return match(glob, is_path ? path : lg_text_last_part(path));
}

bool lg_glob_match(struct lg_text glob, struct lg_text path)
{
    return glob.length_bytes > 0 && lg_glob_check(glob) == LG_PROBLEM_NONE && lg_glob_fits(glob, path);
}
