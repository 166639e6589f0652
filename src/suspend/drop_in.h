/* SPDX-License-Identifier: MIT */
/* The drop-in that makes systemd suspend through suspend-freeze. */
#ifndef SUSPEND_DROP_IN_H
#define SUSPEND_DROP_IN_H

#include "base/problem.h"

/* What install would write: where, and the text.  The caller frees both. */
struct drop_in {
	char *directory, *path, *text;
};

/*
 * For the machine below `root` ("" for this one); `program` is the path of suspend-freeze there. 0;
 * -ENOENT with a sentence: no systemd-sleep.
 */
int drop_in_make(const char *root, const char *program, struct drop_in *ret,
		 struct problem *problem);

/* 0; 1: it was there already; -EEXIST with a sentence: somebody else's file; -errno. */
int drop_in_install(const struct drop_in *drop_in, struct problem *problem);

/* 0; 1: there was none; -EEXIST with a sentence: somebody else's file; -errno. */
int drop_in_uninstall(const struct drop_in *drop_in, struct problem *problem);

void drop_in_clear(struct drop_in *drop_in);

#endif
