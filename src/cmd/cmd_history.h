/* SPDX-License-Identifier: MIT */
/* What the verbs below `history` share. */
#ifndef CMD_CMD_HISTORY_H
#define CMD_CMD_HISTORY_H

#include "results/history.h"

/* The store that is named, or the default one.  0 or -errno with a sentence. */
int cmd_history_open(const char *store, enum history_mode mode, struct history **ret,
		     struct problem *problem);

/* Each returns the exit status; argv[0] is "alloc-perf history ACTION". */
extern const struct command cmd_history_trend;

#endif
