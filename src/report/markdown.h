/* SPDX-License-Identifier: MIT */
/* Pieces of markdown; private to this directory. */
#ifndef REPORT_MARKDOWN_H
#define REPORT_MARKDOWN_H

#include <stdio.h>

struct text_table;

/* Prints foreign text on one line, in which no letter means anything to markdown. */
void markdown_put(FILE *to, const char *text);

/* Prints a table, whose first row is the heading. */
void markdown_put_table(FILE *to, const struct text_table *table);

#endif
