/* SPDX-License-Identifier: MIT */
#include "policy/pieces.h"
#include "policy/text.h"

#define WORD_BYTES_MAX 24u /* no word of the language is longer */
#define DISTANCE_MAX   2u
#define SHORT_BYTES    3u /* words so short differ from each other by two letters anyway */

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
    return lg_byte_to_lower(a) == lg_byte_to_lower(b);
}

/*
 * Damerau's distance in its restricted form: insertions, deletions, replacements and swaps of two
 * neighbours, no piece touched twice. Both texts are at most WORD_BYTES_MAX long.
 */
static unsigned distance(struct lg_text a, struct lg_text b)
{
    unsigned rows[3][WORD_BYTES_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];

    for (size_t j = 0; j <= b.length_bytes; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a.length_bytes; i++) {
        unsigned *oldest = before;

        before = above;
        above = row;
        row = oldest;
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.length_bytes; j++) {
            bool same = same_letter(a.at[i - 1], b.at[j - 1]);

            row[j] = smaller(smaller(row[j - 1], above[j]) + 1, above[j - 1] + (same ? 0 : 1));
            if (i > 1 && j > 1 && same_letter(a.at[i - 1], b.at[j - 2]) && same_letter(a.at[i - 2], b.at[j - 1]))
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
    }
    return row[b.length_bytes];
}

const char *lg_nearest_word(struct lg_text text, const char *const *words, size_t count)
{
    const char *nearest = NULL;
    unsigned least = DISTANCE_MAX + 1;

    if (text.length_bytes == 0 || text.length_bytes > WORD_BYTES_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        struct lg_text word = lg_text_make(words[i], strlen(words[i]));
        bool is_short = text.length_bytes <= SHORT_BYTES || word.length_bytes <= SHORT_BYTES;
        unsigned found;

        if (word.length_bytes > WORD_BYTES_MAX || word.length_bytes > text.length_bytes + DISTANCE_MAX ||
            text.length_bytes > word.length_bytes + DISTANCE_MAX)
            continue;
        found = distance(text, word);
        if (found < least && (found <= 1 || !is_short)) {
            least = found;
            nearest = words[i];
        }
    }
    return nearest;
}
