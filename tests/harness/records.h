/* SPDX-License-Identifier: MIT */
/*
 * The records that a program left, read strictly: a line that is not one JSON object (RFC 8259, valid
 * UTF-8, no key twice), or is longer than PIPE_BUF, fails the test.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include <stdbool.h>
#include <stddef.h>

#define RECORDS_MAX 512

/* Owns its lines: records_free. */
struct records {
    size_t count;
    char *line[RECORDS_MAX]; /* without the line end */
};

/* Lines that do not begin with `{` are passed over when `others_allowed`: a program's own words. */
struct records records_parse(const char *text, bool others_allowed);
void records_free(struct records *records);

/* The file's content, terminated; the caller frees it. An absent file is empty. */
char *records_file(const char *path);

/* True when the text is one JSON object and nothing else. */
bool record_is_valid(const char *line);

/*
 * The value of a key of the object itself, a string without its quotes and with its escapes as they
 * are; NULL when the key is absent. Valid until the eighth next call.
 */
const char *record_get(const char *line, const char *key);

/* The number, or -1 when the key is absent. */
long long record_number(const char *line, const char *key);

/* True when every key of the object is one of these words, and each of them that has no `?` behind it is there. */
bool record_has_keys(const char *line, const char *keys);

/* How many records have all these values: "call=close outcome=orderly". */
int records_count(const struct records *records, const char *wanted);

/* The first of them, or NULL. */
const char *records_find(const struct records *records, const char *wanted);

#endif
