/* SPDX-License-Identifier: MIT */
/* The parts of the page; private to this folder. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include <jansson.h>
#include <stdio.h>

struct cell;
struct grid;
struct grids;
struct record;
struct report_options;

/* Foreign text, safe between tags and inside of double quotes. */
void html_put_text(FILE *to, const char *text);

/*
 * What the script draws (doc/report.md): the report's document, and what the page shows beyond
 * it.  A new reference; NULL: out of memory.
 */
json_t *html_data(const struct grids *grids, const struct report_options *options);

/* What is there without the script: the tables, and the pictures in words.  0 or -ENOMEM. */
int html_put_plain(FILE *to, const struct grids *grids, const struct report_options *options);

/* The first ok run that knows where its file is; NULL: none. */
const struct record *html_layout_of(const struct cell *cell);

/* Where that file is, in words: the text alternative of its picture. */
void html_put_layout(FILE *to, const struct record *record);

#endif
