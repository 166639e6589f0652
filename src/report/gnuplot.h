/* SPDX-License-Identifier: MIT */
/* Running gnuplot, and writing what it reads; private to this folder. */
#ifndef REPORT_GNUPLOT_H
#define REPORT_GNUPLOT_H

#include <stddef.h>
#include <stdio.h>

#include "base/problem.h"

/* Foreign text as a string of the script, in single quotes: in double ones gnuplot runs `commands`.
 */
void gnuplot_put_text(FILE *to, const char *text);

/* As a word of a table of data, in double quotes, which it then cannot hold itself. */
void gnuplot_put_name(FILE *to, const char *name);

/* A value of such a table; NaN: "-". */
void gnuplot_put_value(FILE *to, double value);

enum { GNUPLOT_COLOURS = 8 };

/* Line types 1 to GNUPLOT_COLOURS, each a colour of its own. */
void gnuplot_put_colours(FILE *to);

/* The terminal for a file for which chart_is_picture() holds; sizes in pixels. */
void gnuplot_put_terminal(FILE *to, const char *path, double width, double height);

/*
 * Runs a script and gives back what it draws to standard output; the caller
 * frees it, and a zero byte follows it.  0 or -errno with a sentence; -ENOENT:
 * not installed.
 */
int gnuplot_run(const char *script, size_t script_bytes, char **ret_picture, size_t *ret_bytes,
		struct problem *problem);

#endif
