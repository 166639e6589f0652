/* SPDX-License-Identifier: MIT */
/*
 * What jansson lacks.  All results are new references; NULL: out of memory.
 *
 * JSON holds Unicode only.  A text that is not UTF-8 gets U+FFFD for each byte that is wrong; a
 * name also keeps its bytes, in hexadecimal, under its key with "_hex" behind it.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* The documents that other programs read have "schema" and "kind"; this is raised when a key of one
 * changes its meaning or goes. */
enum { JSON_SCHEMA = 1 };

/* NULL is null. */
json_t *json_of_text(const char *text);

/* NaN and infinity are null, which JSON does not have. */
json_t *json_of_number(double number);

/* Sets `key` to a file's name, and "KEY_hex" if that is not UTF-8.  0 or -ENOMEM. */
int json_set_name(json_t *object, const char *key, const char *name);

/* Prints it in one line, or indented, and a newline; NULL is taken for out of memory.  0, or
 * -ENOMEM and nothing is printed. */
int json_put_line(FILE *to, const json_t *json);
int json_put_indented(FILE *to, const json_t *json);

/* Writes it in one line by one call, so that at most the last line of a file is torn, and gives up
 * the reference.  0, -ENOMEM (also for NULL), or -errno of write(). */
int json_write_line(int fd, json_t *json);

#endif
