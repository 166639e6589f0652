/* SPDX-License-Identifier: MIT */
/* The figures of April 2009, as results like any other. */
#ifndef REPORT_HISTORIC_H
#define REPORT_HISTORIC_H

#include "results/resultfile.h"

/* Adds a record for each of them, labelled as its run was.  0, -EINVAL or -ENOMEM. */
int historic_read(struct results *results);

#endif
