/* SPDX-License-Identifier: MIT */
/*
 * Additions to jansson.  All results are new references; NULL: out of memory.
 *
 * JSON contains Unicode only.  Invalid bytes of a text become U+FFFD.  For a name, the key with
 * the suffix "_hex" also contains the bytes, in hexadecimal.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Documents for other programs have "schema" and "kind".  This number is raised when a key changes
 * its meaning or is removed.
 */
enum { JSON_SCHEMA = 1 };

/* NULL is null. */
json_t *json_of_text(const char *text);

/* NaN and infinity are null, which JSON does not have. */
json_t *json_of_number(double number);

/* Sets `key` to a file's name, and "KEY_hex" if it is not UTF-8.  0 or -ENOMEM. */
int json_set_name(json_t *object, const char *key, const char *name);

/*
 * Prints it in one line, or indented, and a newline.  0, or -ENOMEM with nothing printed; NULL
 * counts as out of memory.
 */
int json_put_line(FILE *to, const json_t *json);
int json_put_indented(FILE *to, const json_t *json);

/*
 * Writes it in one line by a single write(), so that at most the last line of a file can be
 * incomplete.  Drops the reference.  0, -ENOMEM (also for NULL), or the -errno of write().
 */
int json_write_line(int fd, json_t *json);

/* Reads one line.  0 with a new reference in *ret, -EPIPE (the end) or -EPROTO. */
int json_read_line(FILE *from, json_t **ret);

#endif
