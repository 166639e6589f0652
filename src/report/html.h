/* SPDX-License-Identifier: MIT */
/* The parts of the page; private to this folder. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include <stdio.h>

#include "report/report.h"

/* Foreign text, safe between tags and inside of double quotes. */
void html_put_text(FILE *to, const char *text);

/* A figure with its unit, which a line does not break apart. */
void html_put_figure(FILE *to, const char *figure);

/* Numbers of colours in the style sheet, from 1, that tell bars apart. */
enum { HTML_COLOURS = 8 };

/* What put_sizes() and put_conditions() print, made safe.  0 or -ENOMEM. */
int html_put_escaped(FILE *to, void (*put)(FILE *to, const struct grid *grid),
		     const struct grid *grid);

/* What falsified the runs; `whose` may be "". */
void html_put_warnings(FILE *to, const struct grid *grid, const char *whose);

/*
 * All of them print one part of the page for a grid, number `number` on it, and
 * return 0 or -ENOMEM.
 */
int html_put_summary(FILE *to, const struct grid *grid);
int html_put_charts(FILE *to, const struct grids *grids, size_t number, int parts_alone);
int html_put_layouts(FILE *to, const struct grid *grid);
int html_put_table(FILE *to, const struct grid *grid, size_t number,
		   const struct report_options *options);

/* With the figures of 2009 beside its own, if they are wanted. */
int html_put_beside(FILE *to, const struct grid *grid, const struct report_options *options);

/* The best method of each file system, under each of several conditions. */
void html_put_best_of_each(FILE *to, const struct grid *joined);

/* Grid number `number` of those that grids_join() made, if it is of several conditions. */
int html_put_comparison(FILE *to, const struct grids *joined, size_t number,
			const struct report_options *options);

/* The stages until the file is on the disk, each as a measure: time, then title. */
extern const struct measure html_stages[];
extern const size_t html_stage_count;

/* ---- html_svg.c ---- */

/* Colours that mean a property of the style sheet: this, and the property's number in blue. */
#define SVG_COLOUR "#0a0b"

/*
 * Puts what gnuplot drew into a page: only shapes and text, without ids and
 * tooltips, and with colours that follow the page's.
 */
void svg_put_inline(FILE *to, const char *svg, int width, int height, const char *label);

#endif
