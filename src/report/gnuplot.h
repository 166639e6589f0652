/* SPDX-License-Identifier: MIT */
/* Running gnuplot, and writing what it reads; private to this folder. */
#ifndef REPORT_GNUPLOT_H
#define REPORT_GNUPLOT_H

#include <stddef.h>
#include <stdio.h>

#include "problem.h"

/* Foreign text as a string of the script, in single quotes: in double ones gnuplot runs `commands`.
 */
void gnuplot_put_text(FILE *to, const char *text);

/* As a word of a table of data, in double quotes, which it then cannot hold itself. */
void gnuplot_put_name(FILE *to, const char *name);

/* A value of such a table; NaN: "-". */
void gnuplot_put_value(FILE *to, double value);

/*
 * Runs the script that is the whole of script_fd, from its position on, and
 * gives back what it draws to standard output; the caller frees it, and a zero
 * byte follows it.  0 or -errno with a sentence; -ENOENT: not installed.
 */
int gnuplot_run(int script_fd, char **ret_picture, size_t *ret_bytes, struct problem *problem);

#endif
