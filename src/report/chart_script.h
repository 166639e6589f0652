/* SPDX-License-Identifier: MIT */
/* The scripts of charts: standing bars for a file, lying ones for a terminal.  Private to them. */
#ifndef REPORT_CHART_SCRIPT_H
#define REPORT_CHART_SCRIPT_H

#include <stddef.h>
#include <stdio.h>

#include "report/axis.h"
#include "report/format.h"

/* All but what sets the output.  0 or -ENOMEM. */
int chart_put_picture(FILE *to, const struct grids *grids, const struct chart_options *options,
		      const struct axis *axis);
int chart_put_terminal(FILE *to, const struct grids *grids, const struct chart_options *options,
		       const struct axis *axis);

/* Two lines: what is shown, and under which conditions.  0 or -ENOMEM. */
int chart_put_title(FILE *to, const struct grid *grid, const struct chart_options *options,
		    const struct axis *axis);

/* Columns of the widest of some names. */
size_t chart_widest(const char *const *names, size_t count);

#endif
