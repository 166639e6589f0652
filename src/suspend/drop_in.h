/* SPDX-License-Identifier: MIT */
/* The drop-in that makes systemd suspend through suspend-freeze. */
#ifndef SUSPEND_DROP_IN_H
#define SUSPEND_DROP_IN_H

#include "base/problem.h"

/* What `install` writes: the file's directory, its path and its text. */
struct drop_in {
	char *directory, *path, *text;
};

/*
 * For the system below `root` ("" for this one).  `program` is the path of suspend-freeze there.
 * The caller clears *ret. 0; -ENOENT with *problem set: systemd-sleep does not exist.
 */
int drop_in_make(const char *root, const char *program, struct drop_in *ret,
		 struct problem *problem);

/*
 * 0; 1: it was already installed; -EEXIST with *problem set: the file belongs to another program;
 * or -errno.
 */
int drop_in_install(const struct drop_in *drop_in, struct problem *problem);

/*
 * 0; 1: it was not installed; -EEXIST with *problem set: the file belongs to another program; or
 * -errno.
 */
int drop_in_uninstall(const struct drop_in *drop_in, struct problem *problem);

void drop_in_clear(struct drop_in *drop_in);

#endif
