/* SPDX-License-Identifier: MIT */
/* A chart of the page on its way there; private to html_chart*.c. */
#ifndef REPORT_HTML_CHART_H
#define REPORT_HTML_CHART_H

#include <stddef.h>
#include <stdio.h>

#include "report/axis.h"
#include "stats/cell.h"

/* Letters of a name at most; the rest in pixels. */
enum { HTML_CHART_NAME_LETTERS = 24 };
enum { HTML_CHART_WIDTH = 420, HTML_CHART_TOP = 4, HTML_CHART_BOTTOM = 26 };

struct chart {
	const char *title, *joined_title; /* the second for bars without parts, if another */
	const char *measure;
	const struct measure *parts;
	size_t part_count; /* 0: bars have no parts */
};

/* A chart of one grid. */
struct drawing {
	const struct chart *chart;
	const struct measure *measure;
	const struct grid *grid;
	struct axis axis;
	size_t conditions; /* bars a method */
	double step, gap;  /* from bar to bar, and between methods, in rows */
	double rows;
	int height, left_pixels;
};

size_t html_chart_methods(const struct drawing *drawing);
const char *html_chart_method(const struct drawing *drawing, size_t method);

/* Of a file system's name and its bars together. */
double html_chart_rows(const struct drawing *drawing);

/* Bars of one colour each: of the parts, of the conditions, or of all. */
size_t html_chart_series(const struct drawing *drawing);

/* Its number in the style sheet. */
unsigned html_chart_colour(const struct drawing *drawing, size_t series);

/* What gnuplot draws it by.  0 or -ENOMEM. */
int html_chart_put_script(FILE *to, const struct drawing *drawing);

#endif
